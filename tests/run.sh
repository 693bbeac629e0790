#!/bin/sh
# All tests: the fast ones in parallel, then those that build, boot and kill, one after another. ctest prints the closing lines.
set -eu
cd "$(dirname "$0")/.."
exec ctest --test-dir build --output-on-failure --no-tests=error "$@"
