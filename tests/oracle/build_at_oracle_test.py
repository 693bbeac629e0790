"""`swage build --store`: builds at real Nix daemons, seen from the command line. `make check` has the host's own Nix, `make check-nix`
(SWAGE_NIX_CLIENTS=all) four generations of it."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS)]
from conftest import planner, swage  # noqa: E402, F401
from made_up_cache import wait_until  # noqa: E402
from made_up_sources import path_of  # noqa: E402
from nix_daemon import SUITES, NixDaemon, sleepers  # noqa: E402
from swage_cli import write_recipe  # noqa: E402

ALL = os.environ.get("SWAGE_NIX_CLIENTS") == "all"
DEB = "pool/main/b/busybox/busybox-static_1_amd64.deb"


@pytest.fixture(params=list(SUITES) if ALL else [None], ids=lambda version: version or "host")
def daemon(request, tmp_path):
    daemon = NixDaemon(tmp_path / "daemon", request.param, "cores = 0\n")
    daemon.version = daemon("nix-store", "--version").stdout.split()[-1]
    with daemon:
        yield daemon


class World:
    """Packages whose builder is the host's busybox, out of a package on a mirror of the test's."""

    def __init__(self, swage, place):
        self.swage, self.layer = swage, None
        (place / "deb/bin").mkdir(parents=True)
        (place / "deb/DEBIAN").mkdir()
        shutil.copy(shutil.which("busybox"), place / "deb/bin/busybox")
        (place / "deb/DEBIAN/control").write_text("Package: busybox-static\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n")
        file = place / "busybox.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", place / "deb", file], check=True, capture_output=True)
        (place / "tree/bin").mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), place / "tree/bin/busybox")
        nar = subprocess.run(["nix-hash", "--type", "sha256", place / "tree"], check=True, capture_output=True, text=True).stdout.strip()
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        lock = json.loads((swage.home / "swage.lock").read_text())
        lock["files"][sha256] = {"name": "busybox-static", "version": "1", "path": DEB, "size": file.stat().st_size}
        lock["seeds"] = {"busybox": {"sha256": sha256, "member": "./bin/busybox", "nar_sha256": nar}}
        (swage.home / "swage.lock").write_text(json.dumps(lock))
        self.mirror = place / "mirror"
        mirrored = self.mirror / path_of(file.read_bytes())
        mirrored.parent.mkdir(parents=True)
        file.rename(mirrored)

    def recipe(self, name, script, env=""):
        self.layer = write_recipe(self.swage.cwd, name, f'[package]\nname = "{name}"\n[build]\nscript = "{name}.sh"\n[env]\nname = "{name}"\n'
                                  f'preferLocalBuild = "1"\n{env}')   # without a look for other machines, which an unpacked Nix cannot take
        (self.layer / "scripts").mkdir(exist_ok=True)
        (self.layer / "scripts" / f"{name}.sh").write_text(script)

    def args(self, *words):
        return ["--layer", self.layer, *words, "--no-link", "--mirror", self.mirror, "--offline"]

    def build(self, daemon, *words, **kwargs):
        return self.swage(*self.args("build", *words, "--store", daemon.uri), **kwargs)


@pytest.fixture
def world(planner, tmp_path):   # noqa: F811
    return World(planner, tmp_path / "world")


LOW = "echo it is low; $busybox mkdir $out; echo low > $out/text\n"
HIGH = "echo line one; $busybox cat $low/text; echo $low > $out\n"


def two(world):
    world.recipe("low", LOW)
    world.recipe("high", HIGH, 'low = "{dep.low}"\n[deps]\nbuild = ["low"]\n')


def test_a_target_is_built_there_and_comes_back(daemon, world):
    two(world)
    got = world.build(daemon, "high", "--json").ok().json()
    out = got["results"][0]["outputs"]["out"]
    low = pathlib.Path(out["realPath"]).read_text().strip()
    assert {pathlib.Path(one["drv"]).name[33:] for one in got["built"]} == {"low.drv", "high.drv"}
    assert daemon("nix-store", "--check-validity", out["path"], low).returncode == 0
    assert world.swage("store", "verify").ok().out.startswith("ok: ")
    assert world.swage("--layer", world.layer, "log", "high").ok().out == "line one\nlow\n"
    assert world.swage("--layer", world.layer, "log", "low").ok().out == "it is low\n"
    again = world.build(daemon, "high", "--json").ok()
    assert again.json()["built"] == []
    # Another home has it from there, and uploads nothing.
    (world.swage.home.parent / "other").mkdir()
    shutil.copy(world.swage.home / "swage.lock", world.swage.home.parent / "other")
    other = world.build(daemon, "high", env={"SWAGE_HOME": str(world.swage.home.parent / "other")}).ok()
    assert "uploading" not in other.err and "building" not in other.err and f"copied from {daemon.uri} in " in other.err


def test_it_is_what_is_built_here(daemon, world):
    two(world)
    there = world.build(daemon, "high", "--json").ok().json()["results"][0]["outputs"]["out"]["path"]
    hashes = [row["narHash"] for row in world.swage("store", "path-info", "-r", there, "--json").ok().json()["paths"]]
    (world.swage.home.parent / "other").mkdir()
    shutil.copy(world.swage.home / "swage.lock", world.swage.home.parent / "other")
    env = {"SWAGE_HOME": str(world.swage.home.parent / "other")}
    world.swage(*world.args("build", "high"), env=env).ok()
    assert [row["narHash"] for row in world.swage("store", "path-info", "-r", there, "--json", env=env).ok().json()["paths"]] == hashes


def test_progress_and_log_lines_are_shown_here(daemon, world):
    two(world)
    got = world.build(daemon, "high", "-L").ok()
    lines = [line.split(" in ")[0] for line in got.err.splitlines()]
    for line in [f"uploading to {daemon.uri}", f"uploaded to {daemon.uri}", "building low", "low> it is low", "built low", "building high",
                 "high> line one", "built high", f"copying from {daemon.uri}", f"copied from {daemon.uri}"]:
        assert lines.count(line) == 1, got.err


@pytest.mark.parametrize("which", ["low", "high"])
def test_a_failed_build_says_why(daemon, world, which):
    """What was asked for itself, and what it needs: daemons tell of them in different ways."""
    two(world)
    world.recipe(which, "echo it goes wrong; exit 3\n", "" if which == "low" else 'low = "{dep.low}"\n[deps]\nbuild = ["low"]\n')
    got = world.build(daemon, "high").fails(1)
    drv = next(path for path in (world.swage.home / "nix/store").iterdir() if path.name.endswith(f"-{which}.drv"))
    assert got.err.endswith(f"error: '{which}' did not build at '{daemon.uri}': builder failed with exit code 3\nnote: last line of its log:\n"
                            f"  it goes wrong\nhint: swage log /nix/store/{drv.name}\n"), got.err
    assert f"failed building {which} after " in got.err and f"built {which} in" not in got.err
    assert world.swage("--layer", world.layer, "log", which).ok().out == "it goes wrong\n"
    result = world.build(daemon, "high", "--json").fails(1).json()["results"][0]
    assert (result["state"], result["because"]) == (("failed", None) if which == "high" else ("not built", "low"))


def test_what_is_not_built_for_a_failure_is_had_with_keep_going(daemon, world):
    two(world)
    world.recipe("bad", "exit 1\n")
    results = world.build(daemon, "bad", "high", "-k", "--json").fails(1).json()["results"]
    assert [one["state"] for one in results] == ["failed", "built"]


@pytest.mark.parametrize("how", ["interrupt", "daemon dies"])
def test_nothing_goes_on_when_the_line_is_cut(daemon, world, how):
    seconds = random.randint(10_000, 10_000_000)   # of this test alone
    world.recipe("slow", f"$busybox sleep {seconds}\n")
    process = world.swage.start(*world.args("build", "slow", "--store", daemon.uri))
    try:
        wait_until(lambda: sleepers(seconds) or process.poll() is not None, 60)
        if how == "interrupt":
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 130 and err.endswith("error: interrupted\n"), err
        else:
            for worker in subprocess.run(["pgrep", "-P", str(daemon.process.pid)], capture_output=True, text=True).stdout.split():
                os.kill(int(worker), signal.SIGKILL)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 4 and err.endswith(
                f"error: '{daemon.uri}' closed the connection\nhint: what is built there stays: run the same again\n"), err
    finally:
        process.kill()
        process.wait()
    if how == "interrupt":
        wait_until(lambda: not sleepers(seconds), 60)
    else:
        for place in sleepers(seconds):   # a worker that is killed ends nothing itself
            os.kill(int(place.name), signal.SIGKILL)
    assert world.swage("store", "verify").ok().out.startswith("ok: ")
    assert not any(path.name.endswith("-slow") for path in (world.swage.home / "nix/store").iterdir())


def test_what_is_no_place_to_build_at(world):
    world.recipe("low", LOW)
    build = ["--layer", world.layer, "build", "low"]
    assert world.swage(*build, "--store", "unix:///nobody/here").fails(4).err == (
        "error: cannot connect to the Nix daemon at '/nobody/here': No such file or directory\nhint: see whether it runs: systemctl status nix-daemon\n")
    assert world.swage(*build, "--store", "https://far.example").fails(2).err.startswith("error: 'https://far.example' ")
    got = world.swage(*build, "--store", "daemon", "--max-memory", "1G").fails(2)
    assert got.err == "error: '--max-memory' says nothing of what a Nix daemon builds\nhint: such limits are that machine's: leave it out, or --store\n"
    got = world.swage(*build, "--store", "ssh-ng://far.example", "--offline").fails(4)
    assert got.err == "error: 'ssh-ng://far.example' cannot be reached without a network\nhint: run it without --offline\n"
    assert world.swage(*build, "--store", "daemon", "--check").fails(2).err == (
        "error: '--store' and '--check' cannot be given together\nhint: see: swage build --help\n")
    assert world.swage(*build, "--store", "daemon", "--dry-run").fails(2).err == (
        "error: '--store' and '--dry-run' cannot be given together\nhint: see: swage build --help\n")


def check(world, daemon, *args, **kwargs):
    return world.swage("builder", "check", daemon.uri, *args, "--mirror", world.mirror, "--offline", **kwargs)


def test_a_machine_is_checked(daemon, world):
    got = check(world, daemon, "--json").ok().json()
    assert (got["uri"], got["ok"], got["nixVersion"]) == (daemon.uri, True, None if daemon.version == "2.3.7" else daemon.version)
    checks = {one["name"]: one for one in got["checks"]}
    assert {"nix", "trust", "build", "sandbox", "network", "namespaces", "kvm", "emulation", "disk", "machine"} == set(checks) - {"features"}
    assert all(checks[name]["state"] == "ok" for name in ("nix", "trust", "build", "sandbox", "network", "namespaces", "machine"))
    assert all((one["hint"] is None) == (one["state"] == "ok") for one in checks.values())
    if daemon.version in ("2.3.7", "2.8.0"):   # a later one that is unpacked has no program that says so
        assert got["system"] == "x86_64-linux" and "benchmark" in got["features"]
    lines = check(world, daemon).ok().out.splitlines()
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == [one["name"] for one in got["checks"]]


def test_a_machine_of_another_kind_is_told_so(world, tmp_path):
    with NixDaemon(tmp_path / "other", settings="system = aarch64-linux\n") as other:
        got = check(world, other).fails(4)
        assert "it builds for aarch64-linux, and swage's derivations are for x86_64-linux\n" in got.out
        assert "hint: in its nix.conf, if it can run such programs: extra-platforms = x86_64-linux\n" in got.out


def test_what_cannot_be_checked(swage):   # noqa: F811
    assert swage("builder", "check", "unix:///nobody/here").fails(4).err == (
        "error: cannot connect to the Nix daemon at '/nobody/here': No such file or directory\nhint: see whether it runs: systemctl status nix-daemon\n")
    assert swage("builder", "check", "daemn").fails(2).err.startswith("error: 'daemn' ")
    assert swage("builder", "check", "ssh-ng://far.example", "--offline").fails(4).err == (
        "error: 'ssh-ng://far.example' cannot be reached without a network\nhint: run it without --offline\n")
