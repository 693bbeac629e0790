"""Making the lock file: one process for all, from the home's for a new workspace, and without network with one error."""
import fcntl
import json
import shutil
import subprocess

import pytest

from made_up_archive import MadeUpArchive
from swage_cli import made_up_lock


@pytest.fixture
def offline(swage):
    """swage without network."""
    swage.prefix = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*swage.prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces here")
    return swage


def test_the_second_process_waits_and_takes_what_the_first_has_made(swage):
    swage.home.mkdir()
    lock = swage.home / "swage.lock"
    text = made_up_lock(swage)
    with open(swage.home / "swage.lock.pinning", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = swage.start("resolve", "linux@6.1", "--for", "arm64")
        assert second.stderr.readline() == f"note: waiting for another swage, which pins in '{lock}'\n"
        lock.write_text(text)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out, err) == (0, "linux@6.1.176 for arm64: debian-bookworm-gcc-12-arm64\n", "")
    assert lock.read_text() == text and not (swage.home / "swage.lock.pinning").exists()


def test_a_new_workspace_begins_with_what_the_home_pins(offline):
    offline.home.mkdir()
    (offline.home / "swage.lock").write_text(made_up_lock(offline))
    (offline.cwd / "swage.toml").write_text("")
    lock = offline.cwd / "swage.lock"
    got = offline("resolve", "linux@6.1", "--for", "arm64").ok()
    assert got.out == "linux@6.1.176 for arm64: debian-bookworm-gcc-12-arm64\n"
    assert got.err == (f"note: '{lock}' begins with what '{offline.home}/swage.lock' pins; "
                       "to ask the distribution for it anew: swage lock --update\n")
    assert json.loads(lock.read_text())["files"] == json.loads((offline.home / "swage.lock").read_text())["files"]
    assert offline("resolve", "linux@6.1", "--for", "arm64").ok().err == ""


def test_without_network_there_is_one_error_and_the_lock_stays(offline):
    offline.home.mkdir()
    lock = offline.home / "swage.lock"
    lock.write_text(made_up_lock(offline))
    before = lock.read_text()
    got = offline("lock", "--update").fails(4)
    assert "left out of the lock" not in got.err and got.err.count("error: ") == 1
    assert got.err.splitlines()[-3:-1][0].startswith("error: suite '")
    assert got.err.endswith("note: nothing that is to be pinned can be had from the distribution\nhint: check the host's package sources with: apt-get update\n")
    assert lock.read_text() == before


def test_a_root_that_is_named_must_be_one(swage):
    assert swage("lock", "--root", "biuld").fails(2).err == "error: 'biuld' is not a root\nhint: did you mean 'build'?\n"


class Archive(MadeUpArchive):
    """Suites that the host's apt has, and a catalog that asks for them."""
    def __init__(self, swage):
        super().__init__(swage)
        self.catalog = swage.cwd / "catalog"
        files = {
            "platforms.toml": '[[platform]]\nname = "arm64"\ntriple = "aarch64-linux-gnu"\nendian = "little"\nbits = 64\nkernel_arch = "arm64"\n'
                              'elf_machine = 183\nelf_class = 64\n',
            "roots.toml": '[[archive]]\nname = "made-up"\nreleases = ["Test/Made up"]\nold = []\n' + "".join(
                f'[[root]]\nname = "{name}"\nsuite = "{suite}"\npackages = {json.dumps(packages)}\n'
                for name, suite, packages in [("one", "new", ["alpha", "beta"]), ("two", "new", ["beta"]), ("three", "old", ["gamma"])]),
            "kernels/releases.toml": "",
            "toolchains/debian.toml": '[provider]\nrank = 1\nsuites = ["new", "old"]\nsource = "https://example.org/"\n'}
        for name, text in files.items():
            (self.catalog / name).parent.mkdir(parents=True, exist_ok=True)
            (self.catalog / name).write_text(text)

    def lock(self, *args):
        return self.swage("lock", "--catalog", self.catalog, *args)


@pytest.fixture
def archive(swage):
    made = Archive(swage)
    made.publish("new", {"alpha": "1.0-1", "beta": "1.0-1"})
    made.publish("old", {"gamma": "1.0-1"})
    assert made.lock().ok().out == f"{swage.home}/swage.lock: 3 packages in 3 sets\n"
    made.publish("new", {"alpha": "1.0-1", "beta": "2.0-1"}, "Sun, 01 Feb 2026 00:00:00 UTC")
    made.publish("old", {"gamma": "1.1-1"}, "Sun, 01 Feb 2026 00:00:00 UTC")
    return made


def seen_of(swage):
    return {file["name"]: file["seen"] for file in json.loads((swage.home / "swage.lock").read_text())["files"].values()}


def test_an_update_says_what_moved(archive):
    swage = archive.swage
    assert archive.lock().ok().out == f"{swage.home}/swage.lock: 3 packages in 3 sets, 0 added, 0 removed\n"
    assert archive.lock("--update").ok().out == (
        f"new: beta 1.0-1 -> 2.0-1\nold: gamma 1.0-1 -> 1.1-1\n{swage.home}/swage.lock: 3 packages in 3 sets, 2 added, 2 removed\n")
    assert seen_of(swage) == {"alpha": "2026-01-31 made-up", "beta": "2026-02-01 made-up", "gamma": "2026-02-01 made-up"}
    assert archive.lock("--update").ok().out == f"{swage.home}/swage.lock: 3 packages in 3 sets, 0 added, 0 removed\n"


def test_an_update_of_some_moves_no_others(archive):
    swage = archive.swage
    assert archive.lock("--update", "gamma").ok().out.splitlines()[:-1] == ["old: gamma 1.0-1 -> 1.1-1"]
    assert archive.lock("--update", "two", "--json").ok().json() == {
        "path": f"{swage.home}/swage.lock", "files": 4, "sets": 3, "added": 1, "removed": 0,
        "moved": [{"suite": "new", "name": "beta", "from": "1.0-1", "to": "2.0-1"}]}
    assert archive.lock("--update", "root:one").ok().out.splitlines()[:-1] == ["new: beta 1.0-1 -> 2.0-1"]
    assert archive.lock("--update", "bet").fails(2).err == (
        "error: the lock file pins nothing that is called 'bet'\nhint: did you mean 'beta'?\n")
    assert archive.lock("beta").fails(2).err.startswith("error: 'NAME' ")
    (swage.home / "swage.lock").unlink()
    assert archive.lock("--update", "beta").fails(4).err == (
        f"error: '{swage.home}/swage.lock' is not there: nothing is pinned that could move\nhint: pin it with: swage lock\n")


def test_offline_nothing_is_pinned(swage):
    assert swage("plan", "root@build", "--offline").fails(4).err == (
        "error: the lock file does not pin 'root:build', 'seed:busybox', and without a network nothing can be pinned\n"
        "hint: run it without --offline, or before that: swage lock\n")
    assert not (swage.home / "swage.lock").exists()


def test_without_its_suites_a_lock_says_so_once_for_each(archive):
    swage = archive.swage
    before = (swage.home / "swage.lock").read_text()
    for suite in ["new", "old"]:
        shutil.rmtree(archive.root / "dists" / suite)
    unread = "suite '{0}' cannot be read: Failed to fetch dists/{0}/main/binary-amd64/Packages File not found - dists/{0}/main/binary-amd64/Packages (2: No such file or directory)"
    got = archive.lock("--update").fails(4)
    assert "".join(line for line in got.err.splitlines(True) if not line.startswith(("lock", "failed lock"))) == (
        f"note: pinning distribution packages in '{swage.home}/swage.lock'\n"
        f"note: {unread.format('old')}\nerror: {unread.format('new')}\n"
        "note: nothing that is to be pinned can be had from the distribution\nhint: check the host's package sources with: apt-get update\n")
    assert (swage.home / "swage.lock").read_text() == before


def test_an_update_of_what_was_missing_asks_again(archive):
    lock = json.loads((archive.swage.home / "swage.lock").read_text())
    del lock["sets"]["root:three"]
    lock["missing"]["root:three"] = "it was not there"
    (archive.swage.home / "swage.lock").write_text(json.dumps(lock))
    assert archive.lock("--update", "three").ok().out.endswith("packages in 3 sets, 1 added, 1 removed\n")
    assert json.loads((archive.swage.home / "swage.lock").read_text())["missing"] == {}


@pytest.fixture
def distribution(swage):
    """All that the shipped catalog wants of packages, in a version that it declares."""
    made = MadeUpArchive(swage)
    suites = {}
    for row in swage("list", "roots", "--json").ok().json()["roots"]:
        suites.setdefault(row["suite"], {}).update(dict.fromkeys(row["packages"], "1.0-1"))
    for row in swage("list", "toolchains", "--json").ok().json()["toolchains"]:
        if row["packages"]:
            versions = dict(zip(row["packages"], [row["version"], row["binutils"]]))
            suites.setdefault(row["suite"], {}).update({name: f"{versions.get(name) or '1.0'}-1" for name in row["packages"] + row["cxx"]})
    suites["bookworm"]["busybox-static"] = "1.35.0-4"
    made.suites = suites
    publish(made, "Sat, 31 Jan 2026 00:00:00 UTC")
    return made


def publish(distribution, date):
    for suite, packages in distribution.suites.items():
        distribution.publish(suite, packages, date, {"busybox-static": "bin/busybox"})


def pinned(swage):
    return json.loads((swage.home / "swage.lock").read_text())


def test_a_lock_grows_with_what_is_needed(distribution):
    swage = distribution.swage
    lock = swage.home / "swage.lock"
    first = swage("plan", "toolchain", "--for", "avr").ok()
    before = pinned(swage)
    toolchains = [key for key in before["sets"] if key.startswith("toolchain")]
    assert len(toolchains) == 1 and toolchains[0].endswith("-avr") and len(before["sets"]) < 5
    assert list(before["seeds"]) == ["busybox"] and before["sources"] == {} and before["missing"] == {}
    assert first.err.splitlines()[0] == f"note: pinning distribution packages in '{lock}'"
    added = ", ".join(f"'{key}'" for key in sorted([*before["sets"], "seed:busybox"]))
    assert first.err.splitlines()[-2] == f"note: '{lock}' pins {len(before['files'])} packages more, for {added}"
    assert "note: " not in swage("plan", "toolchain", "--for", "avr").ok().err
    assert swage("plan", "toolchain", "--for", "avr", "--offline").ok().out == first.out

    # On another day, another command: what is pinned stays, of the day that it says.
    for packages in distribution.suites.values():
        packages.update({name: version + "+deb1" for name, version in packages.items() if name not in ["busybox-static"]})
    publish(distribution, "Sun, 01 Feb 2026 00:00:00 UTC")
    second = swage("plan", "toolchain", "--for", "mipsel", "--json").ok()
    assert second.json()
    grown = pinned(swage)
    assert set(before["sets"]) < set(grown["sets"]) and len(grown["sets"]) < 8
    assert all(grown[part][key] == value for part in ["files", "sets", "seeds"] for key, value in before[part].items())
    assert {file["seen"].split()[0] for file in grown["files"].values()} == {"2026-01-31", "2026-02-01"}
    assert swage("plan", "toolchain", "--for", "avr").ok().out == first.out

    # All of it, later: nothing that is pinned moves.
    whole = swage("lock", "--json").ok().json()
    assert (whole["moved"], whole["removed"]) == ([], 0) and whole["sets"] > 400
    everything = pinned(swage)
    assert all(everything[part][key] == value for part in ["files", "sets", "seeds"] for key, value in grown[part].items())


def test_an_update_moves_what_is_pinned_and_pins_nothing_else(distribution):
    swage = distribution.swage
    swage("plan", "toolchain", "--for", "avr").ok()
    before = pinned(swage)
    distribution.suites["bookworm"]["make"] = distribution.suites["trixie"]["make"] = "1.1-1"
    publish(distribution, "Sun, 01 Feb 2026 00:00:00 UTC")
    moved = swage("lock", "--update", "--json").ok().json()["moved"]
    assert {row["name"] for row in moved} <= {"make"}
    assert set(pinned(swage)["sets"]) == set(before["sets"])


def test_what_two_processes_pin_at_once_is_all_there(distribution):
    swage = distribution.swage
    runs = [swage.start("plan", "toolchain", "--for", platform) for platform in ["mips", "mipsel", "riscv64"]]
    for run in runs:
        out, err = run.communicate(timeout=600)
        assert run.returncode == 0, err
    for platform in ["mips", "mipsel", "riscv64"]:
        assert "note: " not in swage("plan", "toolchain", "--for", platform, "--offline").ok().err


def test_offline_what_is_not_pinned_is_named(distribution):
    swage = distribution.swage
    swage("plan", "toolchain", "--for", "mips").ok()
    got = swage("plan", "toolchain", "--for", "mipsel", "--offline").fails(4)
    assert got.err.startswith("error: the lock file does not pin 'toolchain:") and got.err.endswith(
        "-mipsel', and without a network nothing can be pinned\nhint: run it without --offline, or before that: swage lock\n")
