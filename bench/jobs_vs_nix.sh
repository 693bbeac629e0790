#!/bin/sh
# The cost of a trivial sandboxed build, swage against nix-store --realise, on the same derivations in the same run.
# usage: bench/jobs_vs_nix.sh [BUILD_DIR] [COUNT] [JOBS]     (build/bench 200 2; 10 with BENCH_QUICK=1)
# Nix builds sandboxed in a chroot store only as root; as another user only swage is measured.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
build=${1:-build/bench}
count=${2:-$([ -n "$quick" ] && echo 10 || echo 200)}
jobs=${3:-2}
work=$(mktemp -d "${TMPDIR:-/tmp}/jobs.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

"$build/bench_jobs" "$work" "$count" "$jobs" >"$work/swage"
cat "$work/swage"
if ! command -v nix-store >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "skipped: trivial sandboxed builds, nix / swage | Nix builds in a sandbox of its own only as root"
  exit 0
fi

# The same .drv files and the same builder, in a store of Nix's own.
peer=$work/peer
nix() {
  nix-store --store "$peer" --option build-users-group '' --option sandbox true --option substitute false "$@"
}
sources=$(grep -rhao '/nix/store/[a-z0-9]*-busybox' "$work/home/nix/store" --include='*-job-0.drv' | sort -u)
# shellcheck disable=SC2046,SC2086 # one word a path
nix-store --store "$work/home" --option build-users-group '' --export $sources $(cat "$work/drvs") | nix --import >/dev/null

start=$(date +%s%N)
# shellcheck disable=SC2046
nix --realise --max-jobs "$jobs" $(cat "$work/drvs") >/dev/null 2>"$work/nix.log" || { tail -n 5 "$work/nix.log"; exit 1; }
middle=$(date +%s%N)
# shellcheck disable=SC2046
nix --realise --max-jobs "$jobs" $(cat "$work/drvs") >/dev/null 2>&1
end=$(date +%s%N)
ours=$(sed -n 's/.*: \([0-9.]*\) s, .*/\1/p' "$work/swage")
awk -v quick="$quick" -v ours="$ours" -v cold=$((middle - start)) -v warm=$((end - middle)) -v n="$count" -v j="$jobs" 'BEGIN {
  printf "nix:   %d builds, %d at once: %.3f s, %.2f ms a build; again, all valid: %.1f ms\n", n, j, cold / 1e9, cold / 1e6 / n, warm / 1e6
  printf "result: %d trivial sandboxed builds, nix / swage | %.2f x | - | %s\n", n, cold / 1e9 / ours, quick ? "quick" : "-" }'
