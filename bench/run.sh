#!/bin/sh
# All benchmarks, one after another, then a table of their `result:` lines: what | measured | promised | ok or missed. What they
# print besides goes to BUILD_DIR/bench.log. Ends with status 1 when a promise was missed or a benchmark failed.
# usage: bench/run.sh [BUILD_DIR]     (build/bench)
#   BENCH_KERNEL=no leaves out the builds of a kernel and of an emulated package, which take minutes each.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/bench}
log=$build/bench.log
: >"$log"
status=0

run() { # run COMMAND...: a benchmark that ends without a result has failed; a missed promise is in its result
  echo "running $*" >&2
  echo "== $*" >>"$log"
  if ! "$@" >"$log.part" 2>&1; then
    status=1
    grep -q '^result: ' "$log.part" || { echo "failed: $* (see $log)" >&2; tail -n 5 "$log.part" >&2; }
  fi
  cat "$log.part" >>"$log"
  rm "$log.part"
}

run "$build/catalog_bench" --benchmark_min_time=0.2
run "$build/catalog_scale"
run "$build/plan_scale"
run bench/nar_vs_nix.sh "$build"
run bench/cli_vs_nix.sh "$build"
run bench/jobs_vs_nix.sh "$build"
run bench/packages.sh "" "$build"
if [ "${BENCH_KERNEL-}" != no ]; then
  run bench/kernel_vs_make.sh arm64 6.1 "$build"
  run bench/emulation.sh bison arm64 "$build"
fi

sed -n 's/^result: //p' "$log" | awk -F' *[|] *' '{ printf "%-62s %10s  %-17s %s\n", $1, $2, $3, $4 }'
exit $status
