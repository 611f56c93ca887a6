#!/usr/bin/env bash
# Installs by name what the callers in this folder need and a machine with Go, Java, Python, gcc and Node.js lacks. It
# changes nothing that is there already, so it may run again. For Debian, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/../.."

GRPCURL=v1.9.4
GHZ=v0.120.0
NODE_LINES=(22 24 26)
PACKAGES=(
  protobuf-compiler protobuf-compiler-grpc # protoc, and its plugins for C++ and PHP
  libgrpc++-dev libprotobuf-dev
  openssl zsh                            # for the pages and completions that are tried
  php-cli php-dev php-google-protobuf    # php-dev builds the gRPC extension, which Debian does not package
)
# Programs that may be there by other means than a package, and the package that has them.
PROGRAMS=(cmake:cmake make:make pkg-config:pkgconf mvn:maven)
# Beside the packages of npm, where nothing is committed. harness.ts reads it.
interop=$PWD/node_modules/.cache/agora-tokend-interop

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
  local missing=() package program
  for package in "${PACKAGES[@]}"; do
    if ! installed "$package"; then missing+=("$package"); fi
  done
  for program in "${PROGRAMS[@]}"; do
    if ! command -v "${program%:*}" >/dev/null; then missing+=("${program#*:}"); fi
  done
  # Debian's Python has no venv of its own.
  if ! python3 -c 'import ensurepip' 2>/dev/null; then missing+=(python3-venv); fi
  if [ ${#missing[@]} = 0 ]; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "install.sh knows Debian's packages alone: install by hand what these are here: ${missing[*]}" >&2
    exit 1
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
}

# go install, unless this very version is there.
install_go_program() {
  local module=$1 path=$2 version=$3 bin=$HOME/go/bin
  if go version -m "$bin/${path##*/}" 2>/dev/null | grep -q "$module[[:space:]]$version"; then return; fi
  GOBIN=$bin go install "$path@$version"
}

# The newest version of a line of Node.js, unless one of that line is there. In the packages of npm are the binaries
# that Node.js publishes.
install_node_line() {
  local line=$1 folder=$interop/node-lines/$1 architecture
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) architecture=x64 ;;
    Linux-aarch64) architecture=arm64 ;;
    *) return ;;
  esac
  if "$folder/bin/node" --version 2>/dev/null | grep -q "^v$line\."; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder"
    npm pack --silent "node-linux-$architecture@$line" >/dev/null
    tar -xzf node-linux-*.tgz --strip-components=1 package/bin/node
    rm node-linux-*.tgz
  )
}

# PHP's gRPC extension and library, from the source package of the libgrpc that is installed: the two fit together.
build_php_extension() {
  local version sources
  version=$(dpkg-query -W -f '${source:Version}' libgrpc-dev)
  if [ "$(cat "$interop/php/version" 2>/dev/null)" = "$version" ]; then return; fi
  rm -rf "$interop/php"
  mkdir -p "$interop"/php/apt/{lists/partial,sources}
  # Debian's own list, for sources instead of binaries, and used by this command alone.
  for sources in /etc/apt/sources.list /etc/apt/sources.list.d/{debian,ubuntu}.sources; do
    if [ -e "$sources" ]; then
      sed -e 's/^Types:.*/Types: deb-src/' -e 's/^deb /deb-src /' "$sources" >"$interop/php/apt/sources/${sources##*/}"
    fi
  done
  mv "$interop"/php/apt/sources/sources.list "$interop"/php/apt/sources/debian.list 2>/dev/null || true
  (
    cd "$interop/php"
    local apt=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/apt/sources"
      -o "Dir::State::lists=$PWD/apt/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
      -o "APT::Sandbox::User=$(id -un)")
    apt-get "${apt[@]}" update
    apt-get "${apt[@]}" source --download-only "grpc=$version"
    tar -xzf grpc_*.orig.tar.gz --strip-components=1 --wildcards --no-wildcards-match-slash \
      '*/src/php/ext' '*/src/php/lib' '*/etc/roots.pem'
    rm -rf apt grpc_*
    cd src/php/ext/grpc
    phpize >/dev/null
    ./configure --quiet --enable-grpc=/usr
    make --silent >/dev/null
  )
  printf 'extension=%s\ninclude_path=.:%s:/usr/share/php\n' \
    "$interop/php/src/php/ext/grpc/modules/grpc.so" "$interop/php/src/php/lib" >"$interop/php/grpc.ini"
  printf %s "$version" >"$interop/php/version"
}

install_packages
install_go_program github.com/fullstorydev/grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl "$GRPCURL"
install_go_program github.com/bojand/ghz github.com/bojand/ghz/cmd/ghz "$GHZ"
build_php_extension
for line in "${NODE_LINES[@]}"; do install_node_line "$line"; done
