#!/usr/bin/env bash
# Installs by name what the fault tests need beyond `npm ci` and Go: two proxies, a library that lies about the time,
# systemd's tools, and a box as a container is one.
# It changes nothing that is there already, so it may run again. For Debian, as root or with sudo.
set -euo pipefail

PACKAGES=(haproxy nginx-light faketime util-linux bubblewrap strace systemd prometheus)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${PACKAGES[@]}"; do
  if ! installed "$package"; then missing+=("$package"); fi
done
if [ ${#missing[@]} = 0 ]; then exit; fi
if ! command -v apt-get >/dev/null; then
  echo "install.sh knows Debian's packages alone: install by hand what these are here: ${missing[*]}" >&2
  exit 1
fi
as_root apt-get update -qq
# Installed, and not started: the tests start their own.
as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
  -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
