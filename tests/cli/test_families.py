"""Several packages from one recipe: versions, boards."""
import pytest

from swage_cli import write_recipe

FAMILY = """[package]
name = "tool"
{default}
[source]
urls = ["https://example.org/tool.tar.gz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
[build]
system = "autotools"
configure = ["--for-all"]
[features]
colour = false
[[variant]]
when.features = ["colour"]
build.configure = ["--colour"]
[test]
run = ["true"]
[[member]]
name = "2.1"
version = "2.1.5"
[[member]]
name = "1.9"
version = "1.9.2"
build.configure = ["--old"]
test.run = ["false"]
[[member]]
name = "board"
version = "2.1.5"
arch = ["armel"]
"""


@pytest.fixture
def family(planner, tmp_path):
    def run(*args, default='default = "2.1"', text=FAMILY):
        layer = write_recipe(tmp_path, "tool", text.format(default=default))
        return planner("--layer", layer, *args)
    return run


def drvs(outcome):
    return {d["name"]: d["drv"] for d in outcome.ok().json()["derivations"]}


def test_the_name_alone_is_the_default(family):
    newest = drvs(family("plan", "tool", "--for", "arm64", "--json"))
    assert newest == drvs(family("plan", "tool@2.1", "--for", "arm64", "--json")) and "tool-2.1.5-arm64" in newest
    assert "tool-1.9.2-arm64" in drvs(family("plan", "tool@1.9", "--for", "arm64", "--json"))


def test_features_are_of_the_family(family):
    plain, coloured = (drvs(family("plan", "tool@1.9", "--for", "arm64", *more, "--json"))["tool-1.9.2-arm64"] for more in ([], ["--with", "colour"]))
    assert plain != coloured


def test_a_member_that_is_no_version_is_in_the_name(family):
    assert "tool-board-2.1.5-armel" in drvs(family("plan", "tool@board", "--for", "armel", "--json"))


def test_a_member_is_a_dependency(planner, tmp_path):
    layer = write_recipe(tmp_path, "tool", FAMILY.format(default=""))
    write_recipe(tmp_path, "over", FAMILY.split("[features]")[0].format(default='version = "1"').replace('"tool"', '"over"') + '[deps]\nhost = ["tool@1.9"]\n')
    names = {d["name"] for d in planner("--layer", layer, "plan", "over", "--for", "arm64", "--json").ok().json()["derivations"]}
    assert "tool-1.9.2-arm64" in names


def test_every_member_is_listed(family):
    listed = [p["name"] for p in family("list", "packages", "--json").ok().json()["packages"]]
    assert [name for name in listed if name.split("@")[0] == "tool"] == ["tool@2.1", "tool@1.9", "tool@board"]


def test_mistakes(family):
    assert family("plan", "tool", "--for", "arm64", default="").fails(2).err == (
        "error: 'tool' is several packages, and 'tool' does not say which\n"
        "note: there are: tool@2.1, tool@1.9, tool@board\n")
    assert family("plan", "tool@1.8", "--for", "arm64", default="").fails(2).err.splitlines()[-1] == "hint: did you mean 'tool@1.9'?"
    assert family("plan", "tool@1.8", "--for", "arm64").fails(2).err == (
        "error: 'tool' has no version '1.8'\nnote: there are: tool@2.1, tool@1.9, tool@board\n"
        "hint: see which packages and versions there are with: swage list packages\n")
    wrong = family("plan", "tool@board", "--for", "arm64").fails(3).err.splitlines()
    assert wrong[0] == "error: 'tool@board' is not for 'arm64'" and "note: it is for armel" in wrong
    assert "'3' is not a member of 'tool', and is its 'default'" in family("check", default='default = "3"').fails(2).err
    twice = FAMILY.replace('name = "1.9"', 'name = "2.1"')
    assert "'2.1' is defined twice in [[member]]" in family("check", text=twice).fails(2).err
