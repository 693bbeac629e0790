"""Making the lock file: one process for all, from the home's for a new workspace, and without network with one error."""
import fcntl
import hashlib
import json
import subprocess

import pytest

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
    said = got.err.splitlines()
    assert said[0] == (f"note: '{lock}' begins with what '{offline.home}/swage.lock' pins; "
                       "to ask the distribution for everything anew: swage lock --update")
    assert said[-1].startswith("note: no more than that is pinned now: suite '")
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
    assert got.err.endswith("note: nothing that the catalog needs can be had from the distribution\nhint: check the host's package sources with: apt-get update\n")
    assert lock.read_text() == before


def test_a_root_that_is_named_must_be_one(swage):
    assert swage("lock", "--root", "biuld").fails(2).err == "error: 'biuld' is not a root\nhint: did you mean 'build'?\n"


class Archive:
    """Suites that the host's apt has, and a catalog that asks for them."""
    def __init__(self, swage):
        self.swage, self.root, self.catalog = swage, swage.cwd / "archive", swage.cwd / "catalog"
        codename = next(line.split("=")[1].strip('"\n') for line in open("/etc/os-release") if line.startswith("VERSION_CODENAME="))
        (swage.cwd / "sources.list").write_text(f"deb [trusted=yes] file://{self.root} {codename} main\n")
        (swage.cwd / "apt.conf").write_text(f'Dir::Etc::sourcelist "{swage.cwd}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n')
        swage.env["APT_CONFIG"] = str(swage.cwd / "apt.conf")
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

    def publish(self, suite, packages, date="Sat, 31 Jan 2026 00:00:00 UTC"):
        index = "".join(f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@x>\nDescription: x\n"
                        f"Filename: pool/{name}_{version}_amd64.deb\nSize: 7\nSHA256: {hashlib.sha256(f'{name} {version}'.encode()).hexdigest()}\n\n"
                        for name, version in packages.items())
        (self.root / "pool").mkdir(parents=True, exist_ok=True)
        for name, version in packages.items():   # the lock asks whether they are there
            (self.root / f"pool/{name}_{version}_amd64.deb").write_text("package")
        place = self.root / "dists" / suite
        (place / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
        (place / "main/binary-amd64/Packages").write_text(index)
        (place / "Release").write_text(f"Origin: Test\nLabel: Made up\nSuite: {suite}\nCodename: {suite}\nDate: {date}\nArchitectures: amd64\nComponents: main\nSHA256:\n"
                                       f" {hashlib.sha256(index.encode()).hexdigest()} {len(index)} main/binary-amd64/Packages\n")

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
        "error: nothing can be pinned without a network\nhint: run it without --offline\n")
