"""The last stage of a toolchain that is built from source, over a made-up compiler: it comes with its libraries and works in every root
that the resolver may pair it with. The roots are the real ones, so that a library of one is not what another has."""
import pathlib

import pytest

from made_up_compiler import CHECKED, GCC, LD

CATALOG = pathlib.Path(__file__).resolve().parents[2] / "catalog"
ID = "source-made-up"
MACHINE = "aarch64-linux"
# It calls a program that wants libraries which are named after their version, and the C library of the root that it was made in.
COMPILER = GCC.format(machine=MACHINE).replace('aarch64-linux-nm"', 'aarch64-linux-nm" --version > /dev/null')

ROW = f"""[[toolchain]]
id = "{ID}"
platforms = ["arm64"]
version = "13.3.0"
binutils = "2.41"
released = "2024-05-21"
prefix = "aarch64-linux-"
dumpmachine = "{MACHINE}"
components = []
source = "made up"
"""
STAGE = """[package]
name = "source-gcc-kernel"
bare_metal = true
[build]
script = "made-up-gcc.sh"
root = "bootstrap"
[env]
name = "made-up-gcc"
"""


@pytest.fixture
def build(rootless, tmp_path):
    """Builds the toolchain whose compiler is this script; `root` is another one for the last stage."""
    for path in [tmp_path, *tmp_path.parents][:3]:   # the ordinary user reads it
        path.chmod(path.stat().st_mode | 0o755)   # /tmp may be among them

    def run(compiler=COMPILER, root=None):
        layer = tmp_path / "layer"
        files = {"toolchains/source.toml": ROW, "packages/source-gcc-kernel/recipe.toml": STAGE,
                 "scripts/made-up-gcc.sh": f"mkdir -p $out/bin\ncp /usr/bin/nm $out/bin/aarch64-linux-nm\ncd $out/bin\n"
                                           f"cat > aarch64-linux-gcc <<'END'\n{compiler}END\ncat > aarch64-linux-ld <<'END'\n{LD}END\nchmod +x *\n"}
        if root:
            recipe = (CATALOG / "packages/toolchain-source/recipe.toml").read_text()
            files["packages/toolchain-source/recipe.toml"] = recipe.replace('root = "bootstrap"', f'root = "{root}"')
        for name, text in files.items():
            (layer / name).parent.mkdir(parents=True, exist_ok=True)
            (layer / name).write_text(text)
        return rootless("--layer", layer, "build", f"toolchain@{ID}", "--for", "arm64", "--no-link", "--print-out-paths")
    return run


def test_it_works_in_every_root_that_kernels_are_built_in(build):
    out = pathlib.Path(build().ok().out.strip())
    lines = (out / "toolchain").read_text().splitlines()
    assert lines[:-3] == [f"dumpmachine {MACHINE}", *CHECKED]
    assert sorted(lines[-3:]) == ["root build", "root build-bullseye", "root build-trixie"]   # in the order of their store paths
    libraries = {path.name.split(".so")[0] for path in (out / "usr/lib/x86_64-linux-gnu").iterdir()}
    assert {"libc", "libz"} < libraries and any(name.startswith("libbfd") for name in libraries)


def test_what_one_root_alone_has_makes_no_toolchain(build):
    failed = build(COMPILER.replace("#!/bin/sh\n", "#!/bin/sh\npatchelf --version > /dev/null || exit 9\n")).fails(1)
    for root in ["build", "build-bullseye", "build-trixie"]:
        assert f"self-check: it does not run in root '{root}'\n" in failed.err


@pytest.mark.parametrize("program, complaint", [
    ("/usr/bin/nm", "self-check: the loader of '/usr/bin/nm' is /lib64/ld-linux-x86-64.so.2, which other roots may not have"),
    ("as", "self-check: the compiler takes 'as' from PATH")])
def test_a_part_that_is_not_its_own_makes_no_toolchain(build, program, complaint):
    answer = f"case $1 in -print-prog-name=as) echo {program}; exit ;; esac\n"
    assert f"  {complaint}\n" in build(COMPILER.replace("#!/bin/sh\n", f"#!/bin/sh\n{answer}")).fails(1).err


def test_a_tool_that_is_missing_is_no_empty_answer(build):
    assert "'patchelf' is not in the root of this build" in build(root="build").fails(1).err
