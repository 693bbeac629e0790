#!/bin/sh
# The whole package set, as a person waits for it: planning all recipes for every platform that has a toolchain for programs, and a build of
# everything that the store has of one platform, which makes nothing. Prints the best of RUNS; the plan also scaled to 50 platforms.
# Promised: 50 platforms in at most one second and 200 MB; the build that does nothing in at most 50 ms.
# usage: bench/packages.sh [PLATFORM] [BUILD_DIR]     (the platform of which most is in the store, build/bench)
#   RUNS (5) and SWAGE_HOME from the environment; without a lock file there, one is made in a temporary home (which needs the network).
set -eu
cd "$(dirname "$0")/.."
platform=${1-}
export SWAGE="${2:-build/bench}/swage" SWAGE_CATALOG="${SWAGE_CATALOG:-$PWD/catalog}" RUNS="${RUNS:-5}"
export SWAGE_HOME="${SWAGE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/swage}"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
if [ ! -e "$SWAGE_HOME/swage.lock" ]; then
  SWAGE_HOME=$work/home
  "$SWAGE" lock
fi
python3 - "$platform" <<'PY'
import json, os, pathlib, subprocess, sys, time, tomllib

swage, catalog, runs = os.environ["SWAGE"], pathlib.Path(os.environ["SWAGE_CATALOG"]), int(os.environ["RUNS"])


def ask(*args):
    return json.loads(subprocess.run([swage, "--json", *args], stdout=subprocess.PIPE, check=True).stdout)


def best(*args):
    """(wall seconds, peak MB) of the fastest of the runs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen([swage, "--quiet", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        found.append((time.perf_counter() - start, usage.ru_maxrss / 1024))
        if status:
            sys.exit(f"failed: {' '.join(args[:3])} ...")
    return min(found)


def for_every_platform(recipe):
    return "system" in recipe.get("build", {}) and "arch" not in recipe["package"] and "member" not in recipe


recipes = [tomllib.loads(file.read_text()) for file in sorted(catalog.glob("packages/*/recipe.toml"))]
packages = [recipe["package"]["name"] for recipe in recipes if for_every_platform(recipe)]
# On bare metal few packages are for the platform.
platforms = [p["name"] for p in ask("list", "platforms")["platforms"] if not p["toolchain"].startswith("none") and "-linux" in p["triple"]]
wall, peak = best("plan", *packages, "--for", ",".join(platforms))
scaled = wall * 50 / len(platforms)
print(f"{len(packages)} packages for {len(platforms)} platforms: planned in {wall:.2f} s, peak {peak:.0f} MB")
kept = scaled <= 1 and peak * 50 / len(platforms) <= 200
print(f"result: planning {len(packages)} packages for 50 platforms (scaled) | {scaled:.2f} s | at most 1 s | {'ok' if kept else 'missed'}")

# What the store has whole of each platform, by the plan of each package for itself.
def built(platform):
    return [p for p in packages if all(d["state"] == "built" for d in ask("plan", p, "--for", platform)["derivations"])]


wanted = [sys.argv[1]] if sys.argv[1] else [p for p in platforms if all(d["state"] == "built" for d in ask("plan", "zlib", "--for", p)["derivations"])]
present = max(((built(p), p) for p in wanted), key=lambda one: len(one[0]), default=([], ""))
if not present[0]:
    print("the store has no packages, so the build that makes nothing is not measured")
    sys.exit(not kept)
wall, _ = best("build", *present[0], "--for", present[1], "--no-link")
print(f"result: build of {len(present[0])} built packages for {present[1]} | {wall * 1000:.0f} ms | at most 50 ms | {'ok' if wall <= 0.05 else 'missed'}")
sys.exit(not kept or wall > 0.05)
PY
