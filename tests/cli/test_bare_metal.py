"""Platforms without an operating system: what is for them."""
from swage_cli import write_recipe

RECIPE = """[package]
name = "{name}"
version = "1"
{bare}
[source]
urls = ["https://example.org/tool.tar.gz"]
sha256 = "{sha256}"
[build]
system = "autotools"
"""


def test_a_recipe_that_needs_an_operating_system_is_not_for_bare_metal(planner, tmp_path):
    layer = write_recipe(tmp_path, "tool", RECIPE.format(name="tool", bare="", sha256="0" * 64))
    planner("--layer", layer, "plan", "tool", "--for", "arm64").ok()
    failed = planner("--layer", layer, "plan", "tool", "--for", "arm-embedded").fails(3).err.splitlines()
    assert failed[0] == "error: 'tool' is not for 'arm-embedded'"
    assert "note: it needs an operating system, and arm-none-eabi is bare metal" in failed
    assert failed[-1].startswith("hint: for bare metal there are ") and "zlib" in failed[-1]
    assert failed[-1].endswith("; a recipe says so by `bare_metal = true`")


def test_neither_are_programs_that_are_built_by_scripts_of_their_own(planner):
    assert planner("plan", "busybox-boot", "--for", "avr").fails(3).err.splitlines()[0] == "error: 'busybox-boot' is not for 'avr'"


def test_one_that_says_so_is(planner, tmp_path):
    layer = write_recipe(tmp_path, "tool", RECIPE.format(name="tool", bare="bare_metal = true", sha256="0" * 64))
    for platform in ("arm-embedded", "avr", "arm64"):
        planned = planner("--layer", layer, "plan", "tool", "--for", platform, "--json").ok().json()
        assert f"tool-1-{platform}" in {d["name"] for d in planned["derivations"]}


def test_toolchains_are_listed_with_their_c_library(planner):
    listed = {p["name"]: p for p in planner("list", "platforms", "--json").ok().json()["platforms"]}
    assert listed["arm-embedded"]["toolchain"] == "debian-trixie-gcc-14-arm-embedded"
    assert listed["riscv64-embedded"]["libc"] == "picolibc" and listed["riscv64-embedded"]["toolchain"] == "debian-trixie-gcc-14-riscv64-embedded"
