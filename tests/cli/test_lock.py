"""Making the lock file: one process for all, from the home's for a new workspace, and without network with one error."""
import fcntl
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
