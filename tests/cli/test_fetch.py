"""swage fetch: what builds need from outside, and that it is all that they need. What is fetched is made up."""
import pathlib
import re
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served, wait_until  # noqa: E402
from made_up_sources import TARBALL, World, sha256  # noqa: E402

RATE = r"\d+(?:\.\d)? [kMG]?B in \d+\.\d s, \d+(?:\.\d)? [kMG]?B/s"


@pytest.fixture
def world(planner):
    return World(planner)


def test_what_is_fetched_is_all_that_a_build_needs(world):
    both = len(TARBALL) + len(world.package)
    dry = world("fetch", "blob", "--dry-run").ok()
    assert dry.out.splitlines()[0] == f"would fetch 2 files ({both / 1000:.1f} kB)"
    assert sorted(dry.out.splitlines()[1:]) == ["  blob-1.tar (19.0 kB)", f"  shell_1_all.deb ({len(world.package)} B)"]
    assert not world.is_fetched()
    got = world("fetch", "blob").ok()
    assert re.fullmatch(rf"fetched 2 files: {both / 1000:.1f} kB in \d+\.\d s, \d+(\.\d)? [kMG]?B/s\n", got.out), got.out
    assert "fetched blob-1.tar in " in got.err and "building" not in got.err
    assert world.is_fetched()
    world.gone()
    assert world("fetch", "blob", "--offline").ok().out == "nothing is to be fetched: all is there\n"
    assert world("fetch", "blob", "--dry-run").ok().out == "would fetch 0 files (0 B)\n"
    # The build begins, and fails for what it does: its shell is a text.
    built = world("build", "blob", "--no-link", "--offline").fails(1)
    assert "missing" not in built.err and "building blob" in built.err, built.err


def test_programs_read_how_much_it_was(world):
    both = len(TARBALL) + len(world.package)
    dry = world("fetch", "blob", "--dry-run", "--json").ok().json()
    assert {file["name"]: file["size"] for file in dry["files"]} == {"blob-1.tar": len(TARBALL), "shell_1_all.deb": len(world.package)}
    assert (dry["bytes"], dry["unknownSizes"], dry["substitute"], dry["caches"]) == (both, 0, [], [])
    got = world("fetch", "blob", "--json").ok().json()
    assert got["files"] == dry["files"] and (got["fetched"], got["substituted"], got["bytes"]) == (2, 0, both)
    assert isinstance(got["seconds"], float) and got["caches"] == []
    again = world("fetch", "blob", "--json").ok().json()
    assert (again["files"], again["fetched"], again["bytes"], again["seconds"]) == ([], 0, 0, 0)


def test_it_is_taken_from_mirrors_and_caches(world):
    world("mirror", "push", "mirror", "blob").ok()
    world.gone()
    world("fetch", "blob", home="none").fails(4)
    assert world("fetch", "blob", "--mirror", "mirror", "--offline").ok().out.startswith("fetched 2 files: ")
    assert world.is_fetched()
    # A cache that has the target itself: its sources are not needed.
    plan = world("plan", "blob", "--json").ok().json()["derivations"]
    out = next(row["outputs"]["out"] for row in plan if row["name"].startswith("blob"))
    MadeUpCache(world.cwd / "cache").add(out, {"bin": {"blob": "made elsewhere"}})
    caches = ["--substituters", world.cwd / "cache", "--no-require-sigs"]
    dry = world("fetch", "blob", "--dry-run", *caches, home="other").ok().out
    assert dry.splitlines()[0] == "would fetch 0 files (0 B)" and f"  {out}\n" in dry
    got = world("fetch", "blob", *caches, home="other").ok()
    assert re.fullmatch(rf"fetched 0 files and 1 path of caches: {RATE}\n", got.out), got.out
    world("build", "blob", "--no-link", "--offline", home="other").ok()


def test_what_one_source_lacks_does_not_keep_the_others_with_k(world):
    (world.upstream / "blob-1.tar").unlink()
    got = world("fetch", "blob", "-k").fails(4)
    assert "'blob-1.tar' cannot be downloaded" in got.err and "fetched shell_1_all.deb in " in got.err
    assert world("fetch", "blob", "--dry-run").ok().out == "would fetch 1 file (19.0 kB)\n  blob-1.tar (19.0 kB)\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_fetch_that_ends_early_leaves_nothing_half_and_the_next_goes_on(world, how):
    with Served(world.upstream, lambda path: "hang") as upstream:
        world.write(upstream=upstream.url)
        running = world.swage.start("fetch", "blob", "--layer", world.layer, "--lock", world.lock)

        def parts():
            return list(world.swage.home.rglob(f"{sha256(TARBALL)}.part"))
        wait_until(lambda: parts() and parts()[0].stat().st_size > 0)
        running.send_signal(how)
        out, _ = running.communicate(timeout=60)
        assert running.returncode == (130 if how == signal.SIGINT else -how) and "fetched" not in out
    assert not list((world.swage.home / "nix/store").glob("*-blob-1.tar")) and parts()
    if how == signal.SIGINT:
        assert not world.is_fetched()   # and the store is whole
    with Served(world.upstream) as upstream:
        world.write(upstream=upstream.url)
        world("fetch", "blob").ok()
        assert [path for path in upstream.asked if "blob" in path] == ["/blob-1.tar"]
    assert world.is_fetched() and not parts()


def test_what_a_build_downloads_is_told_at_its_end(world):
    err = world("build", "blob", "--no-link").fails(1).err
    assert re.search(rf"^downloaded {RATE}$", err, re.M), err
    assert "downloaded" not in world("build", "blob", "--no-link").fails(1).err   # all is there


def test_without_a_network_what_is_missing_is_listed(world):
    with Served(world.upstream) as upstream:
        world.write(upstream=upstream.url)
        assert world("fetch", "blob", "--offline").fails(4).err == (
            "error: a file is missing, and --offline asks no network for it\nnote: blob-1.tar (19.0 kB)\n"
            "hint: run it without --offline, or name a directory that has them with: --mirror DIR\n")
        assert upstream.asked == [] and not world.is_fetched()
