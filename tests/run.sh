#!/bin/sh
# All tests. First the fuzz corpora under address and undefined-behaviour sanitizers, then everything else: the fast tests in
# parallel, then those that build, boot and kill, one after another. ctest prints the closing lines.
set -eu
cd "$(dirname "$0")/.."
quietly() { "$@" > build/asan.log 2>&1 || { cat build/asan.log; exit 1; }; }
quietly cmake --preset asan -DSWAGE_TESTS=OFF
quietly cmake --build --preset asan --target fuzzers
ctest --test-dir build/asan --output-on-failure --no-tests=error -j 2
exec ctest --test-dir build --output-on-failure --no-tests=error -j 2 "$@"
