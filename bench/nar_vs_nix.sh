#!/bin/sh
# NAR hashing against the real Nix and against the bare hash, in one run: a tree of 800 files, 143 MB, as a relocated cross
# toolchain has. Prints one line per contender (best of five) and the two ratios that are promised:
# at least as fast as `nix hash path`, at least 80 % of `openssl speed sha256`.
# usage: bench/nar_vs_nix.sh [BUILD_DIR]     (build/bench; with BENCH_QUICK=1 a hundredth of the files, once)
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
build=${1:-build/bench}
files=800 rounds=5 least=0.2 openssl_seconds=2
if [ -n "$quick" ]; then files=8 rounds=1 least=0.001 openssl_seconds=1; fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM

python3 - "$dir/tree" $files <<'PY'
import os, random, sys
random.seed(1)
for i in range(int(sys.argv[2])):
    directory = f"{sys.argv[1]}/{i // 40}"
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/{i}", "wb") as f:
        f.write(random.randbytes(178_750))
PY

SWAGE_BENCH_TREE=$dir/tree "$build/nar_bench" --benchmark_filter='^hash/large:1/' --benchmark_repetitions=$rounds \
  --benchmark_min_time=$least --benchmark_format=json >"$dir/swage.json" 2>/dev/null
openssl speed -mr -seconds $openssl_seconds -bytes 16384 sha256 2>/dev/null >"$dir/openssl"

python3 - "$dir" $rounds <<'PY'
import json, subprocess, sys, time

from results import result

d, rounds = sys.argv[1], int(sys.argv[2])


def seconds_of_nix():
    start = time.perf_counter()
    subprocess.run(["nix", "--extra-experimental-features", "nix-command", "hash", "path", f"{d}/tree"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


runs = [b for b in json.load(open(f"{d}/swage.json"))["benchmarks"] if b["run_type"] == "iteration"]
best = min(runs, key=lambda b: b["real_time"])
swage, rate = best["real_time"] / 1000, best["bytes_per_second"] / 1e6
nix = min(seconds_of_nix() for _ in range(rounds))
plain = float([l for l in open(f"{d}/openssl") if l.startswith("+F")][0].split(":")[-1]) / 1e6
size = rate * swage
print(f"swage      {swage * 1000:7.1f} ms  {rate:7.0f} MB/s")
print(f"nix        {nix * 1000:7.1f} ms  {size / nix:7.0f} MB/s   (with the start of the program)")
print(f"openssl                {plain:7.0f} MB/s")
kept = [result(what, f"{ratio:.2f} x", f"at least {least:.2f} x", ratio >= least) for what, ratio, least in (
    ("NAR hash: nix hash path / swage, time", nix / swage, 1), ("NAR hash: swage / openssl sha256, rate", rate / plain, 0.8))]
sys.exit(not all(kept))
PY
