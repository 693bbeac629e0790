"""Caches that lie, break off and stall while swage takes paths from them, and kill -9 in the middle of it. After each round the store is
clean, and what was not taken from one cache is taken from the next."""
import os
import pathlib
import random
import subprocess
import threading
import time

import pytest

from made_up_cache import MadeUpCache, Served
from test_faults import CACHE_ROUNDS, NIX, SEED

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"
WRONG = [404, 500, 429, "flip", "half", "cut", b"", b"<html>it works</html>"]   # "slow" and "hang" cost seconds: tests/cli


@pytest.fixture
def world(planner):
    """A closure of forty paths, each of which refers to some before it, in two caches."""
    random.seed(SEED)
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    planner.first, planner.second = MadeUpCache(planner.cwd / "first", 10), MadeUpCache(planner.cwd / "second")
    paths = []
    for number in range(39):
        path = f"/nix/store/{''.join(random.choices(ALPHABET, k=32))}-part-{number}"
        paths.append((path, {f"f{i}": random.randbytes(random.randrange(20_000)).hex() for i in range(5)},
                      random.sample([one[0] for one in paths], min(len(paths), 3))))
    paths.append((planner.out, {"bin": {"busybox": "x"}}, [path[0] for path in paths]))
    for cache in (planner.first, planner.second):
        for path in paths:
            cache.add(*path)
    planner.files = ["/nix-cache-info", *(f"/{path.relative_to(planner.first.directory)}" for path in planner.first.directory.rglob("*.na*"))]
    return planner


def check(world, with_nix):
    checked = world("store", "verify", "--json").ok().json()
    assert not checked["damaged"], checked["problems"]
    if with_nix:
        subprocess.run(["nix-store", "--store", str(world.home), "--verify", "--check-contents"], check=True, capture_output=True,
                       env={**world.env, "NIX_CONFIG": NIX})


def test_caches_that_are_wrong_in_every_way_and_kills(world):
    faults = {}
    with Served(world.first.directory, lambda path: faults.get(path)) as server:
        killed = 0
        for number in range(CACHE_ROUNDS):
            faults.clear()
            faults.update({path: random.choice(WRONG) for path in random.sample(world.files, random.choice([0, 1, 3, 20]))})
            said = f"seed {SEED}, round {number}: {faults}"
            options = ["build", "busybox", "--no-link", "--no-require-sigs", "--substituters", f"{server.url},{world.second.directory}"]
            process = world.start(*options)
            try:
                _, err = process.communicate(timeout=random.uniform(0.02, 0.6) if number % 2 else 120)
                assert process.returncode == 0, f"{said}\n{err}"
            except subprocess.TimeoutExpired:
                killed += 1
                process.kill()
                process.communicate()
            check(world, number % 10 == 9)
            faults.clear()
            world(*options).ok()
            assert (world.home / world.out[1:] / "bin/busybox").exists(), said
            check(world, False)
            assert world("store", "gc").ok().out.startswith("deleted 40 paths"), said
            staging = world.home / "nix/var/swage/staging"
            assert not staging.exists() or os.listdir(staging) == [], said
    assert killed >= CACHE_ROUNDS / 10, "the rounds were over too soon to be killed"


def test_collections_beside_eight_that_take_paths_and_share_files(world):
    """What a link keeps is whole at any moment, whatever goes around it; kill -9 of collectors and of who shares files is no matter."""
    random.seed(SEED)
    caches = ["--no-require-sigs", "--substituters", f"file://{world.first.directory}"]
    ends = time.monotonic() + max(4, CACHE_ROUNDS / 10)
    wrong, rounds, killed = [], [], []

    def take(number):
        link = world.cwd / f"result-{number}"
        while time.monotonic() < ends and not wrong:
            got = world("build", "busybox", "-o", link, *caches)
            if got.code != 0:
                wrong.append(f"build: {got}")
                break
            told = world("store", "path-info", link, "--recursive", "--json")
            if told.code != 0:
                wrong.append(f"a linked path is gone: {told}")
                break
            closure = told.json()["paths"]
            gone = [row["path"] for row in closure if not pathlib.Path(row["realPath"]).exists()]
            if len(closure) != 40 or gone:
                wrong.append(f"{len(closure)} paths, of which are gone: {gone}")
            link.unlink()
            rounds.append(number)

    def disturb(*words):
        while time.monotonic() < ends and not wrong:
            process = world.start("store", *words)
            try:
                out, err = process.communicate(timeout=random.choice([0.01, 0.05, 60]))
                if process.returncode != 0:
                    wrong.append(f"{words}: {process.returncode} {out} {err}")
            except subprocess.TimeoutExpired:
                killed.append(words)
                process.kill()
                process.communicate()

    jobs = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    jobs += [threading.Thread(target=disturb, args=words) for words in (["gc"], ["gc", "--max-freed", "200K"], ["optimise"])]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert not wrong, wrong[0]
    assert len(rounds) >= 8 and killed
    check(world, True)
    world("store", "gc").ok()
    check(world, True)
