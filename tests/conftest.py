"""Who runs swage in the tests, and in which home.

`swage` and `planner` have an empty home each. Real builds and boots (`rootless`, `root`) share one home per user, so that a
toolchain is built once for all of them; it is kept between runs, where CI finds it empty."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from swage_cli import PROGRAM, Swage, made_up_lock  # noqa: E402

HOMES = pathlib.Path(os.environ.get("SWAGE_TEST_HOMES", PROGRAM.parent / "test-homes"))
USER = "swage-test"


def run(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout


def as_user() -> list[str]:
    """How to become an ordinary user: not at all when this is one already."""
    if os.geteuid() != 0:
        return []
    if subprocess.run(["id", USER], capture_output=True).returncode != 0:
        run("useradd", "--create-home", "--shell", "/bin/sh", USER)
    return ["runuser", "-u", USER, "--"]


@pytest.fixture
def swage(tmp_path):
    """swage with an empty home and no lock file."""
    work = tmp_path / "work"
    work.mkdir()
    return Swage(tmp_path / "home", work)


@pytest.fixture
def planner(swage):
    """swage with a made-up lock file: it can resolve and plan without network."""
    swage.home.mkdir()
    (swage.home / "swage.lock").write_text(made_up_lock(swage))
    return swage


def completed(swage: Swage) -> Swage:
    """A home that is kept may have a lock file from before the catalog came to need more."""
    if (swage.home / "swage.lock").exists():
        swage("lock").ok()
    return swage


@pytest.fixture(scope="session")
def rootless(tmp_path_factory):
    """swage as an ordinary user, from a copy that this user can read, wherever the checkout is."""
    prefix = as_user()
    base = pathlib.Path("/tmp/swage-test") if prefix else HOMES / "user"
    base.mkdir(parents=True, exist_ok=True)
    if prefix:
        program = base / "program"
        shutil.rmtree(program, ignore_errors=True)
        run("cmake", "--install", str(PROGRAM.parent), "--prefix", str(program))
        (base / "home").mkdir(exist_ok=True)
        (base / "work").mkdir(exist_ok=True)
        run("chown", USER, str(base), str(base / "home"), str(base / "work"))
        swage = Swage(base / "home", base / "work", env={"HOME": str(base)}, prefix=prefix)
        swage.program = program / "bin" / "swage"
        return completed(swage)
    (base / "work").mkdir(exist_ok=True)
    return completed(Swage(base / "home", base / "work"))


@pytest.fixture(scope="session")
def root():
    """swage as root, with a home of its own."""
    if os.geteuid() != 0:
        pytest.skip("not root: the ordinary user's tests cover this machine")
    (HOMES / "root-work").mkdir(parents=True, exist_ok=True)
    return completed(Swage(HOMES / "root", HOMES / "root-work"))
