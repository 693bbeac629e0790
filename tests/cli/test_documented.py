"""Every command that the documentation shows is one that swage knows, with these options, and can be planned. tests/boot/test_documented.py
runs them."""
import json

import pytest

import documented
from swage_cli import ROOT, Swage, made_up_lock, pin_sources

COMMANDS = documented.shown()


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    """As in conftest.py, once for all: what is planned leaves nothing."""
    place = tmp_path_factory.mktemp("documented")
    documented.write_files(place / "files", place / "user")
    swage = Swage(place / "home", place, env={"HOME": str(place / "user")})
    swage.home.mkdir()
    lock = json.loads(made_up_lock(swage))
    pin_sources(lock, [*(ROOT / "catalog/packages").glob("*/recipe.toml"), *(place / "files").rglob("recipe.toml")])
    for directory in [swage.home, *[path.parent for path in (place / "files").rglob("swage.toml")]]:
        (directory / "swage.lock").write_text(json.dumps(lock))
    return swage


def test_they_are_found():
    names = [one.name for one in COMMANDS]
    assert any(name.startswith("README.md:") and name.endswith("swage boot linux@6.1 --for arm64,armhf,mipsel,riscv64,x86_64") for name in names)
    assert any("swage list roots --origins" in name for name in names), "also in the text, with its placeholders filled in"
    assert {one.page for one in COMMANDS} >= {"README.md", "HACKING.md", "docs/recipes.md", "docs/platforms.md", "docs/verify.md"}


def test_no_reason_is_left_of_a_command_that_is_gone():
    for table in [documented.EXCEPTIONS, documented.LONG]:
        assert [start for start in table if not any(one.reason({start: "x"}) for one in COMMANDS)] == []


@pytest.mark.parametrize("one", COMMANDS, ids=[one.name for one in COMMANDS])
def test_it_is_understood(planner, one):
    words = one.words
    if words[0] == "make":
        targets = [line.split(":")[0].split() for line in (ROOT / "Makefile").read_text().splitlines() if line[:1].isalpha() and ":" in line]
        assert set(words[1:]) <= {name for line in targets for name in line}
        return
    if words[0] != "swage" or "..." in words:
        pytest.skip(one.reason(documented.EXCEPTIONS))
    reason = one.reason(documented.EXCEPTIONS)
    if reason and not any(word in words for word in ("build", "list")):
        command = words[1:3] if words[1] in ("new", "store", "cache", "mirror", "builder") else words[1:2]
        usage = planner(*command, "--help").ok().out + planner("--help").ok().out
        assert all(word in usage for word in words if word.startswith("--"))
        return
    planner.cwd = planner.home.parent / "files" / documented.place_of(one)
    words = [word.replace("~", planner.env["HOME"], 1) if word.startswith("~/") else word for word in documented.planned(words)]
    planner(*words[1:]).ok()
