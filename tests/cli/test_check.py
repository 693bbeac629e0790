"""swage check: what no build could plan is said at once, and with it every command's reading of the same files."""
import pytest

RECIPE = """[package]
name = "a"
version = "1"
{package}
[build]
script = "a.sh"
{rest}
"""


@pytest.fixture
def check(swage, tmp_path):
    """Checks a layer with a recipe `a`, and others by name; the error without its place."""
    def run(package="", rest="", **others):
        for name, text in {"a": RECIPE.format(package=package, rest=rest), **others}.items():
            recipe = tmp_path / "layer/packages" / name / "recipe.toml"
            recipe.parent.mkdir(parents=True, exist_ok=True)
            recipe.write_text(text.replace('version = "1"\nversion', "version"))
        (tmp_path / "layer/scripts").mkdir(exist_ok=True)
        (tmp_path / "layer/scripts/a.sh").write_text("")
        return swage("check", tmp_path / "layer")
    return run


FITS = "letters, digits and + - . _ ? ="


@pytest.mark.parametrize("package, rest, says", [
    ("", '[env]\nname = "../../../x"', f"'../../../x' is not a name for what 'a' makes: {FITS}"),
    ("", '[env]\nname = "a b"', f"'a b' is not a name for what 'a' makes: {FITS}"),
    ("", '[env]\nname = ""', f"'' is not a name for what 'a' makes: {FITS}"),
    ("", '[env]\nname = "{platform.name}/x"', f"'{{platform.name}}/x' is not a name for what 'a' makes: {FITS}"),
    ("", '[[variant]]\nwhen.libc = ["musl"]\nenv.name = "a b"', f"'a b' is not a name for what 'a' makes: {FITS}"),
    ("", '[env]\nout = "x"', "'out' is set by the planner, and [env] of 'a' sets it too"),
    ("", '[env]\nbuilder = "x"', "'builder' is set by the planner, and [env] of 'a' sets it too"),
    ("", '[env]\nbusybox = "x"', "'busybox' is set by the planner, and [env] of 'a' sets it too"),
    ("", '[env]\n"a b" = "x"', "'a b' is not the name of a variable: letters, digits and _, and no digit first"),
    ("", '[env]\n"a\\u0000b" = "x"', "'a\\u0000b' is not the name of a variable: letters, digits and _, and no digit first"),
    ("", '[env]\nx = "a\\u0000b"', "'x' has characters that do not show: a\\u0000b"),
    ("", '[env]\nx = "{dep.nope}"', "'nope' is not a dependency of 'a'"),
    ("", '[deps]\nhost = ["zlib"]\nbuild = ["zlib"]\n[env]\nx = "{dep.zlib}"', "'zlib' is a dependency of 'a' in several roles, and '{dep.zlib}' does not say which"),
    ("", '[deps]\nhost = ["zlib"]\n[env]\nx = "{dep.build.zlib}"', "'zlib' is not a dependency of 'a' in role 'build'"),
    ("", '[env]\nx = "{plattform.name}"', "'{plattform.name}' in 'a' is not a variable"),
    ("", '[deps]\nhost = ["a"]', "'a' depends on itself: a -> a"),
    ('version = "../../x"', "", f"'../../x' is not a version of 'a': {FITS}"),
    ("", '[[member]]\nname = "a/b"', f"'a/b' is not a name for a member of 'a': {FITS}"),
])
def test_what_no_build_can_plan(check, tmp_path, package, rest, says):
    failed = check(package, rest).fails(2).err
    assert failed.startswith(f"error: {says}\n"), failed
    assert f"  --> {tmp_path}/layer/packages/a/recipe.toml:" in failed and failed.count("error:") == 1


def other(name, deps):
    return f'[package]\nname = "{name}"\n[build]\nscript = "a.sh"\n{deps}\n'


def test_circles_through_others(check):
    failed = check("", '[deps]\nhost = ["b"]', b=other("b", '[deps]\nbuild = ["c", "zlib"]'), c=other("c", '[deps]\npropagated-host = ["b"]')).fails(2).err
    assert failed.startswith("error: 'b' depends on itself: b -> c -> b\n") and failed.count("error:") == 1


def test_what_is_no_circle(check):
    """A tool that is cross-compiled may need itself, as built for the build machine; and a dependency may bring others."""
    ok = check("", '[deps]\nhost = ["b"]\n[env]\nname = "a-{platform.name}"\nx = "{dep.c} {dep.host.c} ${other.x} {dep.b:out}"\n[[variant]]\nwhen.host = ["foreign"]\ndeps.build = ["a"]',
               b=other("b", '[deps]\npropagated-host = ["c"]'), c=other("c", ""))
    assert ok.ok().out.startswith("ok: ")


@pytest.mark.parametrize("place", ["/", "/proc", None])
def test_a_layer_without_tables_and_recipes_is_none(swage, tmp_path, place):
    place = place or tmp_path
    for command in (["--layer", place, "check"], ["check", place], ["--layer", place, "list", "packages"]):
        assert swage(*command).fails(2).err == f"error: '{place}' is not a layer: it has neither tables nor recipes\n"


@pytest.mark.parametrize("text, says", [
    ('layers = [""]', "'' is not the directory of a layer"),
    ('layers = ["a\\u0000"]', "'layers[0]' has characters that do not show: a\\u0000"),
    ("for = []", "'for' names no platform"),
    ('[instance."../x"]\noverride.gcc = "13"', "'../x' is not a name for an instance: letters, digits and + - . _, the first a letter or digit"),
    ('[instance."a\\nb"]\noverride.gcc = "13"', "'a\n  b' is not a name for an instance: letters, digits and + - . _, the first a letter or digit"),
    ('[instance.""]', "'' is not a name for an instance: letters, digits and + - . _, the first a letter or digit"),
])
def test_what_a_workspace_cannot_say(swage, text, says):
    (swage.cwd / "swage.toml").write_text(text + "\n")
    failed = swage("list", "packages").fails(2).err
    assert failed.startswith(f"error: {says}\n  --> {swage.cwd}/swage.toml:1:"), failed
