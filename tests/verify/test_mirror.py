"""Repeating records in a network of nothing: all that comes from outside is in a mirror."""
import json
import shutil
import subprocess

import pytest
from cells import KERNEL
from swage_cli import catalog_without_evidence

TARGET = f"linux@{KERNEL}"


@pytest.fixture
def alone(cells):
    """Runs swage where not even the loopback interface is up, with a home of its own, and the sources of the layer gone."""
    before = cells.swage.prefix
    alone = [*before, "unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces here")

    def run(*args):
        hidden = cells.layer / "linux.tar.hidden"
        (cells.layer / "linux.tar").rename(hidden)
        cells.swage.prefix = alone
        try:
            return cells.swage(*args, "--layer", cells.layer, "--lock", cells.directory / "none.lock", "--home", cells.directory / "alone")
        finally:
            cells.swage.prefix = before
            hidden.rename(cells.layer / "linux.tar")
    return run


def test_a_record_is_repeated_from_a_mirror_alone(cells, alone):
    cells.verify().ok()
    mirror = cells.directory / "mirror"
    shutil.copytree(cells.records, cells.layer / "evidence")
    catalog = catalog_without_evidence(cells.directory)   # whose records take gigabytes
    pushed = cells("mirror", "push", mirror, "--evidence", "--catalog", catalog, "--json").ok().json()
    index = [json.loads(line) for line in (mirror / "files.jsonl").read_text().splitlines()][1:]
    needed = {row["name"] for row in index if f"{TARGET} for arm64" in row["for"]}
    assert "linux.tar" in needed and any(name.startswith("busybox-static") for name in needed), pushed
    shutil.rmtree(cells.layer / "evidence")

    replay = ["verify", TARGET, "--for", "arm64", "--evidence", cells.records, "--replay"]
    failed = alone(*replay, "--offline").fails(4)
    assert "2 files are missing, and --offline asks no network for them\n" in failed.err and "note: linux.tar\n" in failed.err
    got = alone(*replay, "--mirror", mirror).ok()
    assert got.out.count("  equal ") == 2 and "  different " not in got.out
    assert cells("mirror", "check", mirror).ok().out.startswith("ok: ")
