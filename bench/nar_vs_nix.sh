#!/bin/sh
# NAR hashing against the real Nix and against the bare hash, in one run: a tree of 800 files, 143 MB, as a relocated cross
# toolchain has. Prints one line per contender (best of five) and the two ratios that are promised:
# at least as fast as `nix hash path`, at least 80 % of `openssl speed sha256`.
# usage: bench/nar_vs_nix.sh BUILD_DIR
set -eu
build=${1:?usage: nar_vs_nix.sh BUILD_DIR}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM

python3 - "$dir/tree" <<'PY'
import os, random, sys
random.seed(1)
for i in range(800):
    directory = f"{sys.argv[1]}/{i // 40}"
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/{i}", "wb") as f:
        f.write(random.randbytes(178_750))
PY

SWAGE_BENCH_TREE=$dir/tree "$build/nar_bench" --benchmark_filter='^hash/large:1/' --benchmark_repetitions=5 \
  --benchmark_min_time=0.2 --benchmark_format=json >"$dir/swage.json" 2>/dev/null
openssl speed -mr -seconds 2 -bytes 16384 sha256 2>/dev/null >"$dir/openssl"

python3 - "$dir" <<'PY'
import json, subprocess, sys, time
d = sys.argv[1]


def seconds_of_nix():
    start = time.perf_counter()
    subprocess.run(["nix", "--extra-experimental-features", "nix-command", "hash", "path", f"{d}/tree"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


runs = [b for b in json.load(open(f"{d}/swage.json"))["benchmarks"] if b["run_type"] == "iteration"]
best = min(runs, key=lambda b: b["real_time"])
swage, rate = best["real_time"] / 1000, best["bytes_per_second"] / 1e6
nix = min(seconds_of_nix() for _ in range(5))
plain = float([l for l in open(f"{d}/openssl") if l.startswith("+F")][0].split(":")[-1]) / 1e6
size = rate * swage
print(f"swage      {swage * 1000:7.1f} ms  {rate:7.0f} MB/s")
print(f"nix        {nix * 1000:7.1f} ms  {size / nix:7.0f} MB/s   (with the start of the program)")
print(f"openssl                {plain:7.0f} MB/s")
for what, ratio, least in ("NAR hash: nix hash path / swage, time", nix / swage, 1), ("NAR hash: swage / openssl sha256, rate", rate / plain, 0.8):
    print(f"result: {what} | {ratio:.2f} x | at least {least:.2f} x | {'ok' if ratio >= least else 'missed'}")
sys.exit(nix < swage or rate < 0.8 * plain)
PY
