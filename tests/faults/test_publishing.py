"""kill -9 of pushes and of collections of one cache, alone and at the same time, and disks that fill up. After each round all that the
cache says to have is there, whole and signed."""
import os
import random
import signal
import subprocess
import time

import pytest

from made_up_cache import MadeUpCache, Served, wait_until
from swage_cli import ROOT
from test_faults import CACHE_ROUNDS, SEED, in_namespace
from test_substitution import ALPHABET


@pytest.fixture
def world(planner):
    """A store with thirty paths, each of which refers to some before it, and a key."""
    random.seed(SEED)
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    made, planner.paths = MadeUpCache(planner.cwd / "made"), []
    for number in range(29):
        path = f"/nix/store/{''.join(random.choices(ALPHABET, k=32))}-part-{number}"
        made.add(path, {"f": random.randbytes(random.randrange(100_000)).hex()}, random.sample(planner.paths, min(len(planner.paths), 3)))
        planner.paths.append(path)
    made.add(planner.out, {"bin": {"busybox": "x"}}, planner.paths)
    planner.paths.append(planner.out)
    planner("build", "busybox", "--no-link", "--substituters", made.directory, "--no-require-sigs").ok()
    planner.public = planner("cache", "keygen", "test-1", "-o", "secret").ok().out.strip()
    planner("cache", "push", planner.paths[0], "--to", "./cache", "--key", "secret").ok()
    planner("cache", "pin", "./cache", "first", planner.paths[0]).ok()
    return planner


def check(world, said, *options):
    got = world("cache", "check", "./cache", "--public-key", world.public, "--json", *options)
    assert got.code == 0, f"{said}\n{got.out}\n{got.err}"
    return got.json()


def test_kills_of_pushes_and_collections(world):
    killed = 0
    for number in range(CACHE_ROUNDS):
        pushed = random.sample(world.paths, 3)
        commands = random.choice([["push"], ["gc"], ["push", "gc"], ["push", "push", "gc"]])
        said = f"seed {SEED}, round {number}: {commands}"
        words = {"push": ["cache", "push", *pushed, "--to", "./cache", "--key", "secret", "--compression", random.choice(["zstd", "none"])],
                 "gc": ["cache", "gc", "./cache", "--keep", random.choice(["part-0", world.paths[0]])]}
        if number % 5 == 0:
            world("cache", "push", world.out, "--to", "./cache", "--key", "secret").ok()
        processes = [world.start(*words[command]) for command in commands]
        time.sleep(random.uniform(0, 0.25))
        for process in processes:
            doomed = random.random() < 0.8
            killed += doomed and process.poll() is None
            if doomed:
                process.kill()
            _, err = process.communicate(timeout=60)
            assert doomed or process.returncode == 0, f"{said}\n{err}"
        check(world, said)
        if number % 10 == 9:   # what was not killed leaves nothing behind
            world("cache", "gc", "./cache", "--keep", world.paths[0]).ok()
            assert check(world, said)["unused"] == [], said
            assert sorted(os.listdir(world.cwd / "cache/.swage-push")) == ["index.lock", "lock"], said
    assert killed >= CACHE_ROUNDS / 10, "the rounds were over too soon to be killed"
    world("cache", "push", world.out, "--to", "./cache", "--key", "secret").ok()
    assert check(world, "at the end")["paths"] == 30
    with Served(world.cwd / "cache") as server:
        got = world("cache", "check", server.url, "--public-key", world.public, "--json").ok().json()
    assert (got["scope"], got["paths"]) == ("index", 30)


def test_a_cache_on_a_full_disk(world):
    """Nothing half-written is named, and when there is room the next push goes on."""
    script = """mkdir -p "$1"; mount -t tmpfs -o size=1m none "$1" || exit 77; cd "$1"; shift
        "$@" push "$OUT" --to ./cache --key "$SECRET" --compression none; echo "push: $?"
        "$@" check ./cache --public-key "$PUBLIC" >/dev/null; echo "check: $?"
        mount -o remount,size=100m . || exit 77
        "$@" push "$OUT" --to ./cache --key "$SECRET" --compression none >/dev/null; echo "push: $?"
        "$@" check ./cache --public-key "$PUBLIC"; echo "check: $?\""""
    world.env.update(OUT=world.out, SECRET=str(world.cwd / "secret"), PUBLIC=world.public)
    done = in_namespace(world, script, str(world.cwd / "small"), str(world.program), "--home", str(world.home), "cache")
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stderr
    told = done.stdout.splitlines()
    assert told[:3] == ["push: 4", "check: 0", "push: 0"] and told[3].startswith("ok: 30 paths, ") and told[4] == "check: 0", done


def test_what_is_built_is_pushed_while_the_rest_is_built(swage):
    """And it stays there, whole, when that is stopped."""
    subprocess.run([ROOT / "bench/quick_home.py", swage.program, swage.home], check=True, capture_output=True,
                   env={**os.environ, "SWAGE_CATALOG": str(ROOT / "catalog")})
    layer = swage.home / "layer"
    (layer / "packages/slow").mkdir()
    (layer / "packages/slow/recipe.toml").write_text('[package]\nname = "slow"\nversion = "1"\n[build]\nscript = "slow.sh"\n')
    (layer / "scripts/slow.sh").write_text("sleep 100; echo slow > $out\n")
    process = swage.start("build", "quick", "slow", "--layer", layer, "--no-link", "--push-to", "./cache")
    wait_until(lambda: list((swage.cwd / "cache").glob("*.narinfo")))
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    checked = swage("cache", "check", "./cache", "--json").fails(1).json()
    assert (checked["paths"], [one["what"] for one in checked["problems"]], checked["unlisted"]) == (1, ["it has no signature"], 0)
