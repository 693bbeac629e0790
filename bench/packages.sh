#!/bin/sh
# The whole package set, as a person waits for it: planning all recipes for every platform that has a toolchain for programs, and a build of
# everything that the store has of one platform, which makes nothing. Prints the best of RUNS; the plan also scaled to 50 platforms.
# Promised: 50 platforms in at most one second and 200 MB; the build that does nothing in at most 50 ms.
# usage: bench/packages.sh [PLATFORM] [BUILD_DIR]     (the platform of which most is in the store, build/bench)
#   RUNS (5) and SWAGE_HOME from the environment; without a lock file there, one is made in a temporary home (which needs the network).
#   With BENCH_QUICK=1 one run, and the build is that of a made-up package in a made-up home.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
platform=${1-}
export SWAGE="${2:-build/bench}/swage" RUNS="${RUNS:-$([ -n "$quick" ] && echo 1 || echo 5)}"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_home "$work"
python3 - "$platform" <<'PY'
import json, os, pathlib, subprocess, sys, tomllib

from results import QUICK, best, result, skipped

swage, catalog = os.environ["SWAGE"], pathlib.Path(os.environ["SWAGE_CATALOG"])


def ask(*args):
    return json.loads(subprocess.run([swage, "--json", *args], stdout=subprocess.PIPE, check=True).stdout)


def for_every_platform(recipe):
    return "system" in recipe.get("build", {}) and "arch" not in recipe["package"] and "member" not in recipe


recipes = [tomllib.loads(file.read_text()) for file in sorted(catalog.glob("packages/*/recipe.toml"))]
packages = [recipe["package"]["name"] for recipe in recipes if for_every_platform(recipe)]
# On bare metal few packages are for the platform.
platforms = [p["name"] for p in ask("list", "platforms")["platforms"] if p["toolchain"] and "-linux" in p["triple"]]
wall, peak = best("plan", *packages, "--for", ",".join(platforms))
scaled = wall * 50 / len(platforms)
print(f"{len(packages)} packages for {len(platforms)} platforms: planned in {wall:.2f} s, peak {peak:.0f} MB")
memory = peak * 50 / len(platforms)
kept = [result(f"planning {len(packages)} packages for 50 platforms (scaled)", f"{scaled:.2f} s", "at most 1 s", scaled <= 1),
        result("the same, peak memory", f"{memory:.0f} MB", "at most 200 MB", memory <= 200)]


# What the store has whole of each platform, by the plan of each package for itself.
def built(platform):
    return [p for p in packages if all(d["state"] == "built" for d in ask("plan", p, "--for", platform)["derivations"])]


if QUICK:
    target = os.environ["TARGET"].split()
    what = f"build of {target[0]}, built"
    subprocess.run([swage, "--quiet", "build", *target, "--no-link"], check=True)
else:
    wanted = [sys.argv[1]] if sys.argv[1] else [p for p in platforms if all(d["state"] == "built" for d in ask("plan", "zlib", "--for", p)["derivations"])]
    present, platform = max(((built(p), p) for p in wanted), key=lambda one: len(one[0]), default=([], ""))
    if not present:
        skipped("build of built packages", "the store has no packages")
        sys.exit(not all(kept))
    target = [*present, "--for", platform]
    what = f"build of {len(present)} built packages for {platform}"
wall, _ = best("build", *target, "--no-link")
kept.append(result(what, f"{wall * 1000:.0f} ms", "at most 50 ms", wall <= 0.05))
sys.exit(not all(kept))
PY
