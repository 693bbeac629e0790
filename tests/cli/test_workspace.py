"""swage.toml: layers, a default platform, and sets of packages that differ from the usual one."""
import pytest

PACKAGE = """[package]
name = "{name}"
version = "1"
[source]
urls = ["https://example.org/{name}.tar.gz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
[build]
system = "autotools"
"""


@pytest.fixture
def workspace(planner):
    """A layer with three packages: over -> middle -> under, and what swage.toml says."""
    for name, rest in [("under", ""), ("middle", '[deps]\nhost = ["under"]\n'),
                       ("over", '[deps]\nhost = ["middle"]\n[features]\ncolour = true\n[[variant]]\nwhen.features = ["!colour"]\nbuild.configure = ["--plain"]\n')]:
        recipe = planner.cwd / "layer/packages" / name / "recipe.toml"
        recipe.parent.mkdir(parents=True)
        recipe.write_text(PACKAGE.format(name=name) + rest)

    def write(text):
        (planner.cwd / "swage.toml").write_text('layers = ["layer"]\n' + text)
        (planner.cwd / "swage.lock").write_text((planner.home / "swage.lock").read_text())
        return planner
    return write


def names(swage, *args):
    return {d["name"]: d["drv"] for d in swage("plan", *args, "--json").ok().json()["derivations"]}


def test_layers_and_the_default_platform_are_its(workspace):
    swage = workspace('for = ["armel", "mips"]\n')
    assert {"over-1-armel", "over-1-mips"} <= set(names(swage, "over"))
    assert "over-1-riscv64" in names(swage, "over", "--for", "riscv64") and "over-1-armel" not in names(swage, "over", "--for", "riscv64")
    below = swage.cwd / "a/b"
    below.mkdir(parents=True)
    assert set(names(swage, "over")) == {d["name"] for d in swage("--json", "plan", "over", env={"PWD": str(below)}).ok().json()["derivations"]}


def test_another_compiler_rebuilds_what_is_meant_and_what_depends_on_it(workspace):
    swage = workspace("""for = ["arm64"]
[instance.older]
override.gcc = "11"
[instance.older-middle]
override.gcc = "11"
only = ["middle"]
""")
    usual = names(swage, "over")
    assert "cc-debian-trixie-gcc-14-arm64" in usual

    def changed(instance):
        other = names(swage, f"over@{instance}")
        return {name for name, drv in other.items() if usual.get(name) != drv}
    compiler = {f"{part}-debian-bookworm-gcc-11-arm64" for part in ("toolchain", "cc", "libc")}
    assert changed("older") == compiler | {"under-1-arm64", "middle-1-arm64", "over-1-arm64"}
    assert changed("older-middle") == compiler | {"middle-1-arm64", "over-1-arm64"}


def test_another_c_library_is_another_platform(workspace):
    swage = workspace('for = ["arm64"]\n[instance.small]\noverride = { libc = "musl", static = true, cflags = ["-Os"] }\n')
    assert "over-1-arm64-musl" in names(swage, "over@small")


def test_an_emulated_build_has_the_compiler_of_its_root(workspace):
    swage = workspace("")
    for how in ("--emulate", "--accelerate"):
        plan = names(swage, "over", "--for", "arm64", how)
        assert "cc-debian-bookworm-gcc-12-arm64" in plan and "root-packages-arm64" in plan and "over-1-arm64" in plan
    assert swage("plan", "over", "--emulate").fails(2).err == (
        "error: '--emulate' says nothing of 'x86_64', which is the platform that builds\nhint: name another one with: --for PLATFORM\n")
    both = names(swage, "over", "--emulate", "--for", "x86_64,arm64")
    assert names(swage, "over").items() <= both.items(), "nothing of the build platform itself is emulated"


def test_features_are_switched_by_instances_and_by_options(workspace):
    swage = workspace('for = ["arm64"]\n[instance.plain]\nfeatures.over = ["-colour"]\n')
    usual, plain = names(swage, "over"), names(swage, "over@plain")
    assert {name for name, drv in plain.items() if usual[name] != drv} == {"over-1-arm64"}
    assert names(swage, "over", "--without", "colour") == plain == names(swage, "over", "--without", "over:colour")
    assert names(swage, "over@plain", "--with", "colour") == usual


def test_layers_have_instances_too(workspace):
    """The nearest one counts: that of --layer, of swage.toml, of the layers that this names."""
    swage = workspace('for = ["arm64"]\n')
    (swage.cwd / "layer/instances.toml").write_text('[instance.older]\noverride.gcc = "11"\n')
    above = swage.cwd / "above"
    above.mkdir()
    (above / "instances.toml").write_text('[instance.older]\nfeatures.over = ["-colour"]\n')
    usual, older = names(swage, "over"), names(swage, "over@older")
    assert "toolchain-debian-bookworm-gcc-11-arm64" in older and set(older) - set(usual)
    plain = names(swage, "over", "--without", "colour")
    assert plain != usual and names(swage, "--layer", "above", "over@older") == plain
    workspace('for = ["arm64"]\n[instance.older]\nfeatures.over = ["-colour"]\n')
    assert names(swage, "over@older") == plain


def test_a_layers_instances_are_checked(workspace):
    swage = workspace("")
    (swage.cwd / "layer/instances.toml").write_text('[instance.older]\noverride.gc = "11"\n')
    said = "error: 'gc' is not a key of override\n  --> {}:2:10\n"
    assert swage("check", "layer").fails(2).err.startswith(said.format("layer/instances.toml"))
    swage("resolve", "linux@6.1", "--for", "arm64").ok()   # which has nothing to do with them
    assert swage("plan", "over").fails(2).err.startswith(said.format(swage.cwd / "layer/instances.toml"))


@pytest.mark.parametrize("text, args, error", [
    ('fro = ["armel"]\n', ["over"], "error: 'fro' is not a key of swage.toml\n  --> {toml}:2:1\n"),
    ('[instance.x]\noverride = { gcc = "11", clang = "19" }\n', ["over@x"], "error: only one of 'gcc', 'clang' and 'toolchain' can be chosen\n  --> {toml}:3:"),
    ('[instance.older]\noverride.gcc = "11"\n', ["over@oder"], "error: 'oder' is not an instance\nnote: known: older\nhint: did you mean 'older'?\n"),
    ("", ["over@older"], "error: 'older' is not an instance\nnote: there is none: a layer's instances.toml, or a swage.toml in this directory or above it, may have [instance.NAME]\n"),
    ('[instance.x]\nfeatures.over = ["color"]\n', ["over@x"], "error: 'over' has no feature 'color'\n  --> {toml}:2:11\n"),
    ('[instance.x]\nonly = ["ovr"]\n', ["over@x"], "error: 'ovr' is not a package\n  --> {toml}:2:11\n"),
    ('[instance.x]\noverride.libc = "uclibc"\n', ["over@x", "--for", "s390x"], "error: no platform is like 's390x' with the C library 'uclibc'\n"),
    ('[instance.x]\noverride.gcc = "11"\n', ["over@x", "--toolchain", "debian-bookworm-gcc-12-x86_64"],
     "error: '--toolchain' and 'over@x' contradict each other: the instance has a compiler of its own\n"),
    ('[instance.x]\noverride.gcc = "11"\nonly = ["under"]\n', ["over@x", "--for", "arm64", "--accelerate"],
     "error: '--accelerate' and 'over@x' contradict each other: the instance has a compiler of its own\n"),
    ("", ["over", "--with", "under:colour"], "error: 'under' has no feature 'colour'\nnote: it has none\n"),
    ('[instance.x]\noverride.gcc = "47"\n', ["over@x"], "error: 'x86_64' has no gcc 47\nhint: it has clang "),
])
def test_mistakes(workspace, text, args, error):
    swage = workspace(text)
    said = swage("plan", *args)
    assert said.code in (2, 3)
    assert said.err.startswith(error.replace("{toml}", str(swage.cwd / "swage.toml"))), said.err


def test_an_instance_is_the_usual_set(workspace):
    """As a global overlay: of every package where a target names no other, in every command."""
    tables = '[instance.older]\noverride.gcc = "11"\n[instance.plain]\nfeatures.over = ["-colour"]\n'
    swage = workspace('for = ["arm64"]\n' + tables)
    usual, older, plain = names(swage, "over"), names(swage, "over@older"), names(swage, "over@plain")
    assert usual != older != plain != usual
    assert names(swage, "--instance", "older", "over") == older and names(swage, "over", "--instance", "none") == usual
    swage = workspace('for = ["arm64"]\ninstance = "older"\n' + tables)
    assert names(swage, "over") == older and names(swage, "over@older") == older
    assert names(swage, "over@plain") == plain and names(swage, "--instance", "plain", "over") == plain, "what is named wins"
    assert names(swage, "--instance", "none", "over") == usual == names(swage, "over@none")
    assert names(swage, "over", "--without", "colour") == names(workspace('for = ["arm64"]\n' + tables), "over@older", "--without", "colour")
    swage = workspace('for = ["arm64"]\ninstance = "older"\n' + tables)
    compiler = swage("resolve", "over", "--json").ok().json()["resolutions"][0]
    assert compiler["toolchain"]["version"].startswith("11.")
    assert "gcc-11" in swage("plan", "toolchain").ok().out and "gcc-14" in swage("plan", "toolchain", "--instance", "none").ok().out
    assert names(swage, "linux@6.1") == names(workspace('for = ["arm64"]\n'), "linux@6.1"), "a kernel has the compiler that fits it"


def test_a_usual_set_may_be_of_a_layer(workspace):
    swage = workspace('for = ["arm64"]\ninstance = "older"\n')
    (swage.cwd / "layer/instances.toml").write_text('[instance.older]\noverride.gcc = "11"\n')
    assert "cc-debian-bookworm-gcc-11-arm64" in names(swage, "over")


@pytest.mark.parametrize("text, args, error", [
    ('instance = "oder"\n[instance.older]\noverride.gcc = "11"\n', [],
     'error: \'oder\' is not an instance\n  --> {toml}:2:12\n   2 | instance = "oder"\n     |            ^^^^^^\nnote: known: older\nhint: did you mean \'older\'?\n'),
    ('[instance.older]\noverride.gcc = "11"\n', ["--instance", "oder"], "error: 'oder' is not an instance\nnote: known: older\nhint: did you mean 'older'?\n"),
    ('instance = "older"\n[instance.older]\noverride.gcc = "11"\n', ["--accelerate", "--for", "arm64"],
     "error: '--accelerate' and 'over@older' contradict each other: the instance has a compiler of its own\nhint: leave out the option, or the instance: --instance none\n"),
    ('instance = "older"\n[instance.older]\noverride.libc = "mussl"\n', [],
     'error: \'mussl\' is not a C library of c_libraries.toml\n  --> {toml}:4:17\n   4 | override.libc = "mussl"\n     |                 ^^^^^^^\nhint: did you mean \'musl\'?\n'),
])
def test_mistakes_in_the_usual_set(workspace, text, args, error):
    swage = workspace(text)
    said = swage("plan", "over", *args).fails(2)
    assert said.err == error.replace("{toml}", str(swage.cwd / "swage.toml"))


@pytest.mark.parametrize("text, error", [
    ("instance = 3\n", "error: 'instance' is an integer, not a string\n  --> {toml}:2:12\n"),
    ('instance = ["older"]\n', "error: 'instance' is an array, not a string\n  --> {toml}:2:12\n"),
    ('instance = ""\n', "error: 'instance' is empty\n  --> {toml}:2:12\n   2 | instance = \"\"\n     |            ^^\nhint: to have none: instance = \"none\"\n"),
    ('instance = "older"\ninstance = "older"\n', "error: 'instance' is defined twice\n  --> {toml}:3:1\n"),
    ('"instance" = "oder"\n', "error: 'oder' is not an instance\n  --> {toml}:2:14\n"),
    ('instance = """\noder"""\n', "error: 'oder' is not an instance\n  --> {toml}:2:12\n"),
    ('for = ["arm64", """\ninstance = "oder"\n[x\n"""]\n', "error: 'instance = \"oder\"\n  [x\n  ' is not a platform\n"),
    ('for = [\n["arm64"],\n]\ninstance = "oder"\n', "error: 'for[0]' is an array, not a string\n"),
])
def test_the_usual_set_is_named_by_a_string(workspace, text, error):
    swage = workspace(text + '[instance.older]\noverride.gcc = "11"\n')
    said = swage("plan", "over").fails(2)
    assert said.err.startswith(error.replace("{toml}", str(swage.cwd / "swage.toml"))), said.err


def test_what_is_resolved_is_what_is_planned(workspace):
    """Also where the instance is of some packages alone."""
    swage = workspace('for = ["arm64"]\n[instance.gcc13]\noverride.gcc = "13"\nonly = ["middle"]\n')
    def resolved(target):
        return swage("resolve", target, "--json").ok().json()["resolutions"][0]["toolchain"]["id"]
    for target, toolchain in [("middle@gcc13", "debian-trixie-gcc-13-arm64"), ("over@gcc13", "debian-trixie-gcc-14-arm64"), ("middle", "debian-trixie-gcc-14-arm64")]:
        assert resolved(target) == toolchain, target
    assert "cc-debian-trixie-gcc-13-arm64" in names(swage, "middle@gcc13")
    why = [line.strip() for line in swage("resolve", "middle@gcc13", "--explain").ok().out.splitlines() if line.startswith("  because ")]
    assert why == ["because suite trixie of debian comes before sid"]


@pytest.mark.parametrize("text, error", [
    ('for = ["arm64", "arm46"]\n', "error: 'arm46' is not a platform\n  --> {toml}:2:17\n   2 | for = [\"arm64\", \"arm46\"]\n     |                 ^^^^^^^\nhint: did you mean 'arm64'?\n"),
    ('for = ["a1"]\n[instance.x]\nonly = ["nothing-such"]\n',
     "error: 'a1' is not a platform\n  --> {toml}:2:8\n   2 | for = [\"a1\"]\n     |        ^^^^\nhint: see them all with: swage list platforms\n"
     "error: 'nothing-such' is not a package\n  --> {toml}:3:11\n   3 | [instance.x]\n     |           ^\n"),
    ('instance = "x"\n', "error: 'x' is not an instance\n  --> {toml}:2:12\n"),
    ("[instance.x]\noverride.gc = 1\n", "error: 'gc' is not a key of override\n  --> {toml}:3:10\n"),
])
def test_check_of_a_workspace_reads_what_it_says(workspace, text, error):
    swage = workspace(text)
    assert swage("check").fails(2).err.startswith(error.replace("{toml}", str(swage.cwd / "swage.toml")))


def test_check_of_a_workspace_reads_its_layers(workspace):
    swage = workspace('for = ["arm64"]\n')
    assert swage("check").ok().out.startswith("ok: ")
    recipe = swage.cwd / "layer/packages/under/recipe.toml"
    recipe.write_text(recipe.read_text().replace("system = ", "sytem = "))
    assert f"--> {recipe}:8:1\n" in swage("check").fails(2).err
    (swage.cwd / "swage.toml").write_text('layers = ["layr"]\n')
    assert swage("check").fails(2).err == (
        f"error: '{swage.cwd}/layr' does not exist\n  --> {swage.cwd}/swage.toml:1:11\n   1 | layers = [\"layr\"]\n     |           ^^^^^^\n")
    assert swage("--workspace", "none", "check").ok().out.startswith("ok: ")


@pytest.mark.parametrize("command", [["plan", "over"], ["resolve", "over"], ["build", "over", "--dry-run"], ["shell", "over"]])
def test_a_platform_of_a_workspace_that_is_none_has_its_place(workspace, command):
    swage = workspace('for = ["arm46"]\n')
    assert swage(*command).fails(2).err.startswith(f"error: 'arm46' is not a platform\n  --> {swage.cwd}/swage.toml:2:8\n")
