"""What a target asks of a request is said by its recipe: a layer adds a new kind of target with tables alone."""
import pytest

from records import write_record
from swage_cli import catalog_without_evidence

DTBS = """[package]
name = "dtbs"
summary = "the device trees of a kernel"

[target]
asks = {asks}
for = "kernel"
tree = "linux-source"
{more}
[build]
script = "dtbs.sh"
root = "{{kernel.root}}"

[deps]
build = ["toolchain"]
host = ["linux-source"]

[env]
name = "dtbs-{{kernel.version}}-{{platform.name}}"
src = "{{dep.linux-source}}"
arch = "{{platform.kernel_arch}}"
config = "{{kernel.config}}"
image_target = "{{machine.image_target}}"
"""


@pytest.fixture
def layer(planner):
    def write(asks='["kernel", "machine", "toolchain"]', more=""):
        place = planner.cwd / "layer"
        (place / "scripts").mkdir(parents=True, exist_ok=True)
        (place / "scripts/dtbs.sh").write_text("true\n")
        (place / "packages/dtbs").mkdir(parents=True, exist_ok=True)
        (place / "packages/dtbs/recipe.toml").write_text(DTBS.format(asks=asks, more=more))
        return place
    return write


def derivations(planner, *args):
    return {one["name"]: one for one in planner("plan", *args, "--json").ok().json()["derivations"]}


def test_a_layer_adds_a_kind_of_target(planner, layer):
    place = layer()
    planner("check", place).ok()
    planned = derivations(planner, "--layer", place, "dtbs@6.1", "--for", "arm64,mipsel", "--config", "defconfig", "--enable", "OF")
    made = [name for name in planned if name.startswith("dtbs-6.1.")]
    assert sorted(name.rsplit("-", 1)[1] for name in made) == ["arm64", "mipsel"]
    assert any(name.startswith("linux-6.1.") and name.endswith("-source") for name in planned)
    # It is chosen a toolchain by its kernel, as kernels are.
    chosen = [planner("--layer", place, "resolve", f"{name}@5.4", "--for", "arm64", "--json").ok().json()["resolutions"][0]["toolchain"]["id"] for name in ("dtbs", "linux")]
    assert chosen[0] == chosen[1]


def test_options_and_commands_follow_what_it_asks(planner, layer):
    place = layer()
    assert planner("--layer", place, "plan", "dtbs@6.1", "--static").fails(2).err.startswith("error: '--static' says nothing of 'dtbs@6.1', which is a kernel\n")
    assert planner("--layer", place, "boot", "dtbs@6.1").fails(2).err == "error: 'dtbs@6.1' does not boot: its recipe names none that boots it (booted_by)\n"
    layer(more='booted_by = "boot"')
    assert any(name.startswith("boot-") for name in derivations(planner, "--layer", place, "dtbs@6.1", "--for", "arm64"))   # as of linux
    assert planner("--layer", place, "boot", "dtbs@99", "--for", "arm64").fails(2).err.startswith("error: 'linux@99' is not in the catalog")


def test_records_of_kernels_are_of_the_recipe_that_made_them(planner, layer, tmp_path):
    """What is made of a kernel otherwise does not pass for it; what has no records of its own goes by the kernel's."""
    place, records, catalog = layer(more='booted_by = "boot"'), planner.home / "evidence", catalog_without_evidence(tmp_path)

    def swage(*words):
        return planner("--layer", place, "--catalog", catalog, *words, "--for", "arm64")

    def toolchain(target):
        return swage("resolve", target, "--json").ok().json()["resolutions"][0]["toolchain"]["id"]
    write_record(records, toolchain="debian-bookworm-gcc-12-arm64")
    assert toolchain("linux@6.1") == toolchain("dtbs@6.1") == "debian-bookworm-gcc-12-arm64"
    assert swage("verify", "dtbs@6.1", "--replay").fails(2).err.startswith("error: 'dtbs@6.1' has no record that could be repeated for these platforms\n")
    write_record(records, toolchain="debian-bullseye-gcc-10-arm64", recipe="dtbs")
    assert toolchain("linux@6.1") == "debian-bookworm-gcc-12-arm64" and toolchain("dtbs@6.1") == "debian-bullseye-gcc-10-arm64"
    booted = {(c["recipe"], c["toolchain"]) for c in swage("matrix", "--json").ok().json()["cells"] if c["state"] == "booted"}
    assert booted == {("linux", "debian-bookworm-gcc-12-arm64"), ("dtbs", "debian-bullseye-gcc-10-arm64")}
    layer()
    assert swage("verify", "dtbs@6.1").fails(2).err == "error: 'dtbs@6.1' does not boot: its recipe names none that boots it (booted_by)\n"


def test_versions_are_completed_by_what_it_asks(planner, layer):
    words = planner("complete-words", "--layer", layer(), "plan", "dtbs@6.1").ok().out
    assert "dtbs@6.1" in words


def test_a_recipe_of_the_same_name_asks_the_same(planner, layer):
    place = layer()
    (place / "packages/linux").mkdir()
    (place / "packages/linux/recipe.toml").write_text('[package]\nname = "linux"\n[build]\nscript = "dtbs.sh"\n[env]\nname = "mine-{kernel.version}-{platform.name}"\n')
    assert any(name.startswith("mine-6.1.") for name in derivations(planner, "--layer", place, "linux@6.1", "--for", "arm64"))


@pytest.mark.parametrize("asks, more, said", [
    ('["kernle"]', "", "error: 'kernle' is not a known value of 'asks'\n"),
    ('["machine", "toolchain"]', "", "error: 'asks' has a machine without a kernel: which machine it is depends on that\n"),
    ('["kernel"]', 'booted_by = "bot"', "error: 'bot' is not a package\n"),
    ('["kernel"]', 'boots = "boot"', "error: 'boots' is not a key of [target]\n"),
])
def test_mistakes(planner, layer, asks, more, said):
    assert planner("check", layer(asks, more)).fails(2).err.startswith(said)
