"""What the catalog declares of build roots and quirks is what builds find: real roots, and a made-up kernel tree."""
import pathlib
import tomllib

import pytest

CATALOG = pathlib.Path(__file__).resolve().parents[2] / "catalog"
ROOTS = {row["name"]: row for row in tomllib.loads((CATALOG / "roots.toml").read_text())["root"] if row.get("kind") == "build"}

RECIPE = """[package]
name = "{name}"
[build]
script = "{script}"
root = "{root}"
[env]
tools = "{tools}"
script_check_root = "{{script.check-root.sh}}"
"""

SCRIPT = """. $script_check_root
mkdir $out
"""


def layer_of(tmp_path, packages):
    layer = tmp_path / "layer"
    (layer / "scripts").mkdir(parents=True)
    (layer / "scripts/tools-of-root.sh").write_text(SCRIPT)
    for name, (root, tools) in packages.items():
        (layer / "packages" / name).mkdir(parents=True)
        text = "\\n".join(f"{tool} {version}" for tool, version in tools.items())
        (layer / "packages" / name / "recipe.toml").write_text(
            RECIPE.format(name=name, script="tools-of-root.sh", root=root, tools=text))
    for path in [tmp_path, *tmp_path.parents][:3]:   # the ordinary user reads it
        path.chmod(0o755)
    return layer


@pytest.mark.parametrize("root", ROOTS)
def test_the_tools_of_a_root_are_what_it_declares(rootless, tmp_path, root):
    layer = layer_of(tmp_path, {"declared": (root, ROOTS[root]["tools"])})
    rootless("--layer", layer, "build", "declared", "--no-link", "-L").ok()
    log = rootless("--layer", layer, "log", "declared").ok().out
    found = dict(line.split()[1:] for line in log.splitlines() if line.startswith("tool: "))
    assert found.keys() == ROOTS[root]["tools"].keys()
    for tool, version in ROOTS[root]["tools"].items():
        assert (found[tool] + ".").startswith(version + "."), tool


def test_a_root_with_another_tool_builds_nothing(rootless, tmp_path):
    layer = layer_of(tmp_path, {"undeclared": ("build", {"make": "3.81"})})
    failed = rootless("--layer", layer, "build", "undeclared", "--no-link").fails(1)
    assert "root: make is '4.3', the catalog declares '3.81'" in failed.err


# A tree that says what it was made with instead of being a kernel.
MAKEFILE = """VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 999
.PHONY: tinyconfig olddefconfig vmlinux Image
tinyconfig:
\tprintf 'CONFIG_FIRST=y\\nCONFIG_SECOND=y\\n' > $(O)/.config
olddefconfig:
\t@true
vmlinux Image:
\t@echo "HOSTCC=$(HOSTCC) CC=$(CC) LD=$(LD) KCFLAGS=$(KCFLAGS) KAFLAGS=$(KAFLAGS) EXTRA=$(EXTRA)"
\t@cat hello new
\tmkdir -p $(O)/arch/arm64/boot
\ttouch $(O)/vmlinux $(O)/System.map $(O)/arch/arm64/boot/Image
"""

QUIRKS = """[[constraint]]
id = "needs-help"
when = { kernel = "=6.1.999" }
require = { gcc = "<1" }
effect = "builds-not"
reason = "a made-up tree"
source = "this test"
""", """[[quirk]]
id = "helps"
when = { kernel = "=6.1.999" }
lifts = ["needs-help"]
make_args = ["EXTRA=word"]
config = ["CONFIG_FIRST=n", "CONFIG_SECOND=n"]
cflags = ["-DONE", "-DTWO"]
aflags = ["-DASM"]
cc_flags = ["-std=gnu11"]
ld_flags = ["--no-warn-rwx-segments"]
host_cflags = ["-fcommon", "-w"]
patches = ["hello.patch", "there.patch"]
edits = [
  { file = "he*", sed = "s/patched/edited/" },
  { file = "new", copy_of = "hello" },
  { file = "Makefile", copy_of = "hello" },
]
reason = "the tree wants it"
source = "this test"
confidence = "observed"
""", """--- a/hello
+++ b/hello
@@ -1,2 +1,2 @@
-hello plain
+hello patched
 there
""", """--- a/hello
+++ b/hello
@@ -1,2 +1,2 @@
 hello patched
-here
+there
"""


def test_quirks_reach_the_tree_and_the_build(rootless, tmp_path):
    layer = tmp_path / "layer"
    tree = tmp_path / "tree"
    (layer / "kernels/patches").mkdir(parents=True)
    (tree / "scripts/kconfig").mkdir(parents=True)
    (tree / "kernel/configs").mkdir(parents=True)
    constraints, quirks, hello, there = QUIRKS
    (layer / "kernels/constraints.toml").write_text(constraints)
    (layer / "kernels/quirks.toml").write_text(quirks)
    (layer / "kernels/patches/hello.patch").write_text(hello)
    (layer / "kernels/patches/there.patch").write_text(there)
    (tree / "Makefile").write_text(MAKEFILE)
    (tree / "scripts/kconfig/Makefile").write_text("olddefconfig:\n")
    (tree / "kernel/configs/tiny.config").write_text("")
    (tree / "hello").write_text("hello plain\nthere\n")
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(0o755)
    common = ["--layer", layer]
    what = ["linux", "--src", tree, "--for", "arm64", "--config", "tiny"]
    resolved = rootless(*common, "resolve", *what[:-2], "--json").ok().json()["resolutions"][0]
    assert [(q["id"], q["lifts"]) for q in resolved["quirks"]] == [("helps", ["needs-help"])]
    out = rootless(*common, "build", *what, "--enable", "SECOND", "--no-link", "--print-out-paths").ok().out.strip()
    rows = rootless(*common, "plan", *what, "--enable", "SECOND", "--json").ok().json()["derivations"]
    drvs = {row["name"]: row["drv"] for row in rows}
    log = rootless(*common, "log", drvs["linux-6.1.999-arm64"]).ok().out.splitlines()
    assert "quirk helps: the tree wants it" in log
    assert ("HOSTCC=gcc -fcommon -w CC=aarch64-linux-gnu-gcc -std=gnu11 LD=aarch64-linux-gnu-ld --no-warn-rwx-segments "
            "KCFLAGS=-DONE -DTWO KAFLAGS=-DASM EXTRA=word") in log
    assert log.count("hello edited") == 4   # hello and its copy, for vmlinux and for Image
    unpacked = rootless(*common, "log", drvs["linux-6.1.999-source"]).ok().out.splitlines()
    for line in ["patch: hello.patch", "patch: there.patch: the tree has it", "edit: hello: s/patched/edited/",
                 "edit: new: a copy of hello", "edit: Makefile: already there"]:
        assert line in unpacked
    config = (pathlib.Path(out) / "config").read_text().splitlines()
    assert "# CONFIG_FIRST is not set" in config and "CONFIG_SECOND=y" in config   # the user has the last word
    assert (tree / "hello").read_text() == "hello plain\nthere\n"


def test_a_configuration_that_the_tree_does_not_have_is_missed_at_once(rootless):
    """With those that are near, before anything is compiled."""
    tree = rootless.cwd / "few-configurations"
    (tree / "arch/arm64/configs").mkdir(parents=True, exist_ok=True)
    for name in ["defconfig", "virt_defconfig", "bcm2711_defconfig", "sparrow_defconfig"]:
        (tree / "arch/arm64/configs" / name).write_text("")
    (tree / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 99\nEXTRAVERSION =\n"
                                   "%config:\n\t@echo \"*** Can't find default configuration \\\"$@\\\"!\" >&2; exit 1\n")
    said = rootless("build", "linux", "--src", tree, "--for", "arm64", "--config", "bcm2712_defconfig", "--no-link").fails(1).err.splitlines()
    error, = [line for line in said if line.startswith("  error: ")]
    assert not any("can't find default" in line.lower() for line in said), "the tree's make was not even asked"
    assert error.startswith("  error: 'bcm2712_defconfig' is not a configuration that this tree can make; near it: bcm2711_defconfig ")
    assert len(error.split("near it: ")[1].split()) == 5
    assert said[-1] == "hint: give one that it has, or a file, with --config"
    assert "note: this is known: the kernel's tree has no such configuration" in said
    said = rootless("build", "linux", "--src", tree, "--for", "arm64", "--config", "allonconfig", "--no-link").fails(1).err
    assert "near it: allmodconfig allnoconfig " in said and "Can't find default" in said, "of others its make has the word"
