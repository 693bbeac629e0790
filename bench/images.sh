#!/bin/sh
# Images, as a person waits for them: the names of all of them, and planning every one whose parts can be had, in one run. Prints the best of RUNS.
# Promised: the names in at most 100 ms and 100 MB, the plans in at most 2 s and 200 MB.
# usage: bench/images.sh [BUILD_DIR]     (build/bench)
#   RUNS (5) and SWAGE_HOME from the environment; without a lock file there, one is made in a temporary home (which needs the network).
#   With BENCH_QUICK=1 one run, in a made-up home.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
export SWAGE="${1:-build/bench}/swage" RUNS="${RUNS:-$([ -n "$quick" ] && echo 1 || echo 5)}"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_home "$work"
python3 - <<'PY'
import json, os, subprocess, sys

from results import best, result

images = json.loads(subprocess.run([os.environ["SWAGE"], "--json", "list", "images"], stdout=subprocess.PIPE, check=True).stdout)["images"]
wall, peak = best("list", "images")
kept = [result(f"list of {len(images)} images", f"{wall * 1000:.0f} ms", "at most 100 ms", wall <= 0.1),
        result("the same, peak memory", f"{peak:.0f} MB", "at most 100 MB", peak <= 100)]
made = [f"image/{row['name']}" for row in images if not row["planned"]]
wall, peak = best("plan", *made)
kept += [result(f"planning {len(made)} images", f"{wall:.2f} s", "at most 2 s", wall <= 2),
         result("the same, peak memory", f"{peak:.0f} MB", "at most 200 MB", peak <= 200)]
sys.exit(not all(kept))
PY
