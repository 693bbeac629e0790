"""The recipes that docs/recipes.md teaches with are recipes."""
import pathlib
import re

DOC = (pathlib.Path(__file__).resolve().parents[2] / "docs/recipes.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", DOC, re.S)


def check(swage, tmp_path, text):
    recipe = tmp_path / "layer/packages/less/recipe.toml"
    recipe.parent.mkdir(parents=True)
    (recipe.parent / "fix.patch").write_text("")
    recipe.write_text(text)
    return swage("--layer", tmp_path / "layer", "check")


def test_the_whole_recipe_is_one(swage, tmp_path):
    check(swage, tmp_path, BLOCKS[0]).ok()


def test_so_is_it_with_all_that_may_be_added(swage, tmp_path):
    head, build, phase, variant, features, member = BLOCKS
    assert "[build]\nsystem = \"autotools\"\n" in head
    check(swage, tmp_path, head.replace("[build]\nsystem = \"autotools\"\n", build) + phase + variant + features + member).ok()


def test_and_not_without_its_package_table(swage, tmp_path):
    failed = check(swage, tmp_path, BLOCKS[1])
    assert "'package' is missing in a recipe" in failed.fails(2).err
