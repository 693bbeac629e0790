#!/bin/sh
# All benchmarks, one after another, then a table of their `result:` lines: what | measured | promised | ok or missed. What they
# print besides goes to BUILD_DIR/bench.log. Ends with status 1 when a promise was missed or a benchmark failed.
# usage: bench/run.sh [--quick] [--write PAGE] [BUILD_DIR]     (build/bench)
#   --quick       whether every benchmark still works, in less than a minute on any machine: small inputs, one round, nothing judged
#   --write PAGE  the table with date, commit and machine, as bench/page.py writes it; not when a benchmark failed
#   BENCH_KERNEL=no leaves out the builds of a kernel and of an emulated package, which take minutes each.
set -eu
cd "$(dirname "$0")/.."
quick='' page=''
while :; do
  case ${1-} in
    --quick) quick=1; shift ;;
    --write) page=${2:?--write needs the name of a page}; shift 2 ;;
    -*) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
    *) break ;;
  esac
done
if [ -n "$quick" ] && [ -n "$page" ]; then
  echo "the quick mode measures nothing that could be written to $page" >&2
  exit 2
fi
export BENCH_QUICK="$quick"
build=${1:-build/bench}
log=$build/bench.log
: >"$log"
status=0
failed=
least=0.2 # seconds that Google Benchmark gives each of its measurements
[ -z "$quick" ] || least=0.001

run() { # run COMMAND...: a benchmark that ends without a result has failed; a missed promise is in its result
  echo "running $*" >&2
  echo "== $*" >>"$log"
  "$@" >"$log.part" 2>&1 || status=1
  grep -Eq '^(result|skipped): |^BM_|^[a-z_]+/[^ ]* +[0-9.]+ [mun]?s ' "$log.part" || {
    status=1
    failed=1
    echo "failed: $*: no result (see $log)" >&2
    tail -n 5 "$log.part" >&2
  }
  cat "$log.part" >>"$log"
  rm "$log.part"
}

run "$build/catalog_bench" --benchmark_min_time=$least
run "$build/nar_bench" --benchmark_min_time=$least
run "$build/catalog_scale"
run "$build/plan_scale"
run bench/nar_vs_nix.sh "$build"
run bench/cli_vs_nix.sh "$build"
run bench/jobs_vs_nix.sh "$build"
run bench/packages.sh "" "$build"
run bench/images.sh "$build"
run bench/caches.sh "$build"
run bench/store_care.sh "$build"
if [ "${BENCH_KERNEL-}" != no ]; then
  run bench/kernel_vs_make.sh arm64 6.1 "$build"
  run bench/emulation.sh bison arm64 "$build"
fi

sed -n 's/^result: //p' "$log" | awk -F' *[|] *' '{ printf "%-62s %10s  %-17s %s\n", $1, $2, $3, $4 }'
sed -n 's/^skipped: \(.*\) | /not measured: \1: /p' "$log"
if [ -n "$page" ]; then
  if [ -n "$failed" ]; then echo "$page is as it was: a benchmark failed" >&2
  else python3 bench/page.py "$log" "$page"; fi
fi
exit $status
