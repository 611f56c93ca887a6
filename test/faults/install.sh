#!/usr/bin/env bash
# What the fault tests need beyond `npm ci`: nothing yet.
set -euo pipefail
