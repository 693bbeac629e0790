#!/bin/sh
# What it costs to build a package as another platform: the same package cross-compiled, built under emulation with the cross
# toolchain's compiler (--accelerate), and by the platform's own programs alone (--emulate). All with the compiler version of the emulated
# root; what the package needs is built before it and not counted. Promised: accelerated in at most twice the time of cross.
# usage: bench/emulation.sh [PACKAGE] [PLATFORM] [BUILD_DIR]     (bison arm64 build/bench)
#   ROUNDS (1) and SWAGE_HOME from the environment.
set -eu
cd "$(dirname "$0")/.."
package=${1:-bison}
platform=${2:-arm64}
export SWAGE="${3:-build/bench}/swage" SWAGE_CATALOG="${SWAGE_CATALOG:-$PWD/catalog}" ROUNDS="${ROUNDS:-1}"
exec python3 - "$package" "$platform" <<'PY'
import json, os, subprocess, sys

package, platform = sys.argv[1:]
swage, rounds = os.environ["SWAGE"], int(os.environ["ROUNDS"])


def ask(*args):
    done = subprocess.run([swage, "--quiet", "--json", *args], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def measure(*options):
    """(wall, processor) seconds of building it, which is the last of its own graph: when the store had it already, of building it again."""
    def build(*more):
        done = ask("build", package, "--for", platform, "--no-link", *options, *more)
        return [(one["seconds"], one["cpuSeconds"]) for one in done["built"] if one["drv"] == done["results"][0]["drv"]]
    [took] = build() or build("--check")
    return took


plan = ask("plan", package, "--for", platform, "--accelerate")
toolchain = next(d["name"].removeprefix("toolchain-") for d in plan["derivations"]
                 if d["name"].startswith("toolchain-") and d["name"].endswith("-" + platform))
ways = {"cross": ["--toolchain", toolchain], "accelerated": ["--accelerate"], "emulated": ["--emulate"]}
best = {}
for number in range(1, rounds + 1):
    for way, options in ways.items():
        took, processor = measure(*options)
        best[way] = min(took, best.get(way, took))
        print(f"{package} for {platform}, turn {number}: {way} {took:.1f} s ({processor:.1f} s of processor)", flush=True)
ratio = best["accelerated"] / best["cross"]
print("best: " + ", ".join(f"{way} {took:.1f} s ({took / best['cross']:.2f} x)" for way, took in best.items()))
print(f"result: accelerated build of {package} for {platform} / cross | {ratio:.2f} x | at most 2 x | {'ok' if ratio <= 2 else 'missed'}")
sys.exit(ratio > 2)
PY
