import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from swage_cli import Swage, made_up_lock  # noqa: E402


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
