#!/usr/bin/env bash
# What the interop tests need beyond `npm ci`: grpcurl, by Go's own client.
set -euo pipefail
command -v grpcurl >/dev/null || GOBIN="$HOME/go/bin" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
