#!/bin/sh
# What it costs to build a package as another platform: the same package cross-compiled, built under emulation with the cross
# toolchain's compiler (--accelerate), and by the platform's own programs alone (--emulate). All with the compiler version of the emulated
# root; what the package needs is built before it and not counted. Promised: accelerated in at most twice the time of cross.
# usage: bench/emulation.sh [PACKAGE] [PLATFORM] [BUILD_DIR]     (bison arm64 build/bench)
#   ROUNDS (1) and SWAGE_HOME from the environment. With BENCH_QUICK=1 of a made-up package that is one object file, and only where the
#   store has what it needs.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
package=${1:-bison}
platform=${2:-arm64}
export SWAGE="${3:-build/bench}/swage" SWAGE_HOME="${SWAGE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/swage}" ROUNDS="${ROUNDS:-1}"
exec python3 - "$package" "$platform" <<'PY'
import json, os, pathlib, subprocess, sys, tempfile

from results import QUICK, result, skipped

package, platform = sys.argv[1:]
swage, home, rounds = os.environ["SWAGE"], os.environ["SWAGE_HOME"], int(os.environ["ROUNDS"])
layer = []

# Its source is only there because a package has one: the same as that of zlib, which the lock file has.
RECIPE = """[package]
name = "quick"
version = "1"
[source]
debian = { suite = "trixie", package = "zlib" }
[build]
system = "make"
[phase]
build = "echo 'int main(void) { return 0; }' > program.c; $CC program.c -o program"
install = "mkdir -p $out/bin; cp program $out/bin/"
"""


def ask(*args):
    done = subprocess.run([swage, "--quiet", "--json", *layer, *args], stdout=subprocess.PIPE, text=True)
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


def missing(ways):
    """Why the quick mode, which builds the package alone, has nothing to work on; "" when it has."""
    for options in ways.values():
        plan = ask("build", package, "--for", platform, "--dry-run", *options)
        if len(plan["build"]) > 1 or plan["fetch"]:
            return f"{home} has not built what packages need for {platform} with {' '.join(options)}"
    return ""


def skip(why):
    skipped(what, why)
    sys.exit(0)


if QUICK:
    package = "quick"
what = f"accelerated build of {package} for {platform} / cross"
if QUICK:
    if not os.path.exists(f"{home}/swage.lock"):
        skip(f"{home} has no lock file")
    place = tempfile.TemporaryDirectory(prefix="emulation.")
    recipe = pathlib.Path(place.name) / "packages/quick/recipe.toml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text(RECIPE)
    layer = ["--layer", place.name]
plan = ask("plan", package, "--for", platform, "--accelerate")
toolchain = next(d["name"].removeprefix("toolchain-") for d in plan["derivations"]
                 if d["name"].startswith("toolchain-") and d["name"].endswith("-" + platform))
ways = {"cross": ["--toolchain", toolchain], "accelerated": ["--accelerate"], "emulated": ["--emulate"]}
if QUICK and (why := missing(ways)):
    skip(why)
best = {}


def take_turn(number, way):
    took, processor = measure(*ways[way])
    best[way] = min(took, best.get(way, took))
    print(f"{package} for {platform}, turn {number}: {way} {took:.1f} s ({processor:.1f} s of processor)", flush=True)


for number in range(1, rounds + 1):
    take_turn(number, "cross")
    take_turn(number, "accelerated")
ratio = best["accelerated"] / best["cross"]
kept = result(what, f"{ratio:.2f} x", "at most 2 x", ratio <= 2)
take_turn(1, "emulated")   # which is promised nothing, and takes the longest
print("best: " + ", ".join(f"{way} {took:.1f} s ({took / best['cross']:.2f} x)" for way, took in best.items()))
sys.exit(not kept)
PY
