import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cells import KERNEL, write_cells  # noqa: E402
from swage_cli import ROOT  # noqa: E402


class Cells:
    """swage as an ordinary user over a layer of made-up kernels, with an empty place for records and a store of its own."""

    def __init__(self, swage, directory, lock):
        self.swage, self.directory = swage, directory
        self.home, self.layer, self.records = directory / "home", directory / "layer", directory / "records"
        self.layer.mkdir()
        self.lock = lock
        self.write()

    def write(self, **kwargs):
        write_cells(self.layer, **kwargs)

    def __call__(self, *args, **kwargs):
        return self.swage(*args, "--layer", self.layer, "--lock", self.lock, "--home", self.home, **kwargs)

    def verify(self, *args, platforms="arm64", target=f"linux@{KERNEL}"):
        return self("verify", target, "--for", platforms, "--evidence", self.records, *args)

    def record(self, platform, toolchain="debian-bookworm-gcc-12"):
        return self.records / platform / f"linux-{KERNEL}-{toolchain}-{platform}.toml"


@pytest.fixture(scope="session")
def real_lock(rootless):
    """Made once from the distribution: the shell that runs every build is really downloaded."""
    lock = rootless.cwd / "verify.lock"
    rootless("lock", "--update", "--lock", lock).ok()
    return lock


@pytest.fixture
def cells(rootless, real_lock):
    directory = rootless.cwd / "cells"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    made = Cells(rootless, directory, real_lock)
    if os.geteuid() == 0:
        for path in [directory, *directory.rglob("*")]:
            shutil.chown(path, "swage-test")
    return made
