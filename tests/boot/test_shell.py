"""swage shell: what a plain `make` needs in a kernel tree, the tree itself, and the platform's tools alone everywhere else. The toolchains are
made up; the roots are real."""
import hashlib
import io
import os
import shutil
import tarfile

import pytest

KERNEL = "6.99.1"
TREE = {
    # A kernel's Makefile assigns these itself.
    "Makefile": """\
VERSION = 6
PATCHLEVEL = 99
SUBLEVEL = 1
EXTRAVERSION =
HOSTCC = cc
CC = $(CROSS_COMPILE)cc
all:
\t@echo "$(ARCH)|$(CC)|$(HOSTCC)|$(KCFLAGS)|$(LLVM)"
""",
    "scripts/run.sh": "#!/bin/sh\necho ran\n",
}
QUIRK = """\
[[quirk]]
id = "made-up"
when = { kernel = "=%s" }
host_cflags = ["-fcommon", "-w"]
cc_flags = ["-std=gnu89"]
cflags = ["-Wno-error"]
reason = "r"
source = "s"
confidence = "observed"
"""
# A toolchain with a C compiler and little else, which say what they were called with.
TOOLCHAIN = """\
$busybox mkdir -p $out/bin
for name in ${prefix}gcc ${prefix}ld ${prefix}ar ${prefix}strip clang ld.lld llvm-ar; do
  printf '#!/bin/sh\\necho "$(basename $0) $*"\\n' > $out/bin/$name
  $busybox chmod +x $out/bin/$name
done
echo "--sysroot=$out" > $out/userland-flags
"""
RECIPE = '[package]\nname = "{0}"\nbare_metal = true\n[build]\nscript = "made-up-toolchain.sh"\n[env]\nname = "toolchain-{{toolchain.group}}"\nprefix = "{{toolchain.prefix}}"\n'
TOOLS = ["CC", "CXX", "CPP", "LD", "AS", "AR", "NM", "RANLIB", "STRIP", "OBJCOPY", "OBJDUMP", "READELF", "SIZE", "PKG_CONFIG"]


class Shells:
    def __init__(self, rootless):
        self.swage, self.directory = rootless, rootless.cwd / "shells"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.layer, self.tree = self.directory / "layer", self.directory / "own"
        for name, text in TREE.items():
            self.write(self.tree / name, text)
        for name in ["toolchain-debian", "toolchain-debian-embedded", "toolchain-llvm"]:
            self.write(self.layer / "packages" / name / "recipe.toml", RECIPE.format(name))
        self.write(self.layer / "scripts/made-up-toolchain.sh", TOOLCHAIN)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, text in TREE.items():
                entry = tarfile.TarInfo(f"linux-{KERNEL}/{name}")
                entry.size, entry.mode = len(text), 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(entry, io.BytesIO(text.encode()))
        (self.directory / "linux.tar").write_bytes(archive.getvalue())
        self.write(self.layer / "kernels/releases.toml", f'[[kernel]]\nversion = "{KERNEL}"\nreleased = "2023-06-25"\n'
                   f'urls = ["file://{self.directory}/linux.tar"]\nsha256 = "{hashlib.sha256(archive.getvalue()).hexdigest()}"\nsource = "made up"\n')
        self.own()

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def own(self):
        if os.geteuid() == 0:
            for path in [self.directory, *self.directory.rglob("*")]:
                shutil.chown(path, "swage-test")

    def __call__(self, *args, **kwargs):
        self.swage.cwd, before = self.directory, self.swage.cwd
        try:
            return self.swage("--layer", self.layer, "shell", *args, **kwargs)
        finally:
            self.swage.cwd = before

    def make(self, *args):
        return self(f"linux@{KERNEL}", "--for", "arm64", "--src", self.tree, *args, "-c", "make -s").ok().out.strip().split("|")


@pytest.fixture
def shells(rootless):
    return Shells(rootless)


def test_a_kernels_makefile_has_what_it_needs(shells):
    assert shells.make() == ["arm64", "aarch64-linux-gnu-cc", "cc", "", ""]
    assert shells.make("--llvm") == ["arm64", "aarch64-linux-gnu-cc", "gcc", "", "1"]
    shells.write(shells.layer / "kernels" / "quirks.toml", QUIRK % KERNEL)
    shells.own()
    assert shells.make() == ["arm64", "aarch64-linux-gnu-gcc -std=gnu89", "gcc -fcommon -w", "-Wno-error", ""]


def test_a_kernels_shell_gives_its_tree(shells):
    """A copy that is the user's, beside which nothing is written over."""
    shell = [f"linux@{KERNEL}", "--for", "arm64", "-c"]
    given = shells.directory / f"linux-{KERNEL}"
    first = shells(*shell, "pwd; make -s; sh scripts/run.sh; ./scripts/run.sh; echo mine >> Makefile").ok()
    assert first.out.splitlines() == [str(given), "arm64|aarch64-linux-gnu-cc|cc||", "ran", "ran"]
    assert first.err.splitlines()[-1] == f"note: copying linux {KERNEL} to '{given}'"
    again = shells(*shell, "pwd; tail -n 1 Makefile").ok()
    assert again.out.splitlines() == [str(given), "mine"] and "copying" not in again.err
    # In the tree itself there is no other one.
    outer, shells.directory = shells.directory, given
    assert shells(*shell, "pwd; ls -d linux-*; true").ok().out.splitlines() == [str(given)]
    shells.directory = outer
    assert shells(*shell, "pwd", "--dir", "elsewhere/tree").ok().out.splitlines() == [str(outer / "elsewhere/tree")]
    (outer / "other").mkdir()
    assert shells(*shell, "true", "--dir", "other").fails(2).err.splitlines()[-2:] == [
        f"error: 'other' is there, and is not a tree of linux {KERNEL}", "hint: name another place with: --dir DIR"]
    assert sorted(path.name for path in outer.iterdir()) == ["elsewhere", "layer", "linux-6.99.1", "linux.tar", "other", "own"], "and nothing half-made"


def test_a_tree_of_ones_own_stays_where_it_is(shells):
    """Also when it has been built in, which a copy in the store may not be."""
    (shells.tree / ".config").write_text("CONFIG_X=y\n")
    shells.own()
    got = shells("linux", "--for", "arm64", "--src", "own", "-c", "pwd; make -s").ok()
    assert got.out.splitlines() == [str(shells.tree), "arm64|aarch64-linux-gnu-cc|cc||"] and "copying" not in got.err
    assert shells("linux@6.1", "--for", "arm64", "--src", "own", "-c", "true").fails(2).err == f"error: '{shells.tree}' is linux {KERNEL}, not 6.1\n"
    (shells.directory / "fix.patch").write_text("")
    assert shells("linux", "--for", "arm64", "--src", "own", "--patch", "fix.patch", "-c", "true").fails(2).err == (
        "error: '--patch' would change 'own', which is yours\nhint: apply it with: patch -d own -p1\n")
    assert shells("linux", "--for", "arm64", "--src", "own", "--dir", "x", "-c", "true").fails(2).err == (
        "error: '--dir' says where a tree is put, and 'own' stays where it is\n")


@pytest.mark.parametrize("target, platform, prefix", [(f"linux@{KERNEL}", "arm64", "aarch64-linux-gnu-"), ("toolchain", "arm64", "aarch64-linux-gnu-"),
                                                      ("toolchain", "avr", "avr-")])
def test_no_tool_is_the_build_machines(shells, target, platform, prefix):
    """All that build systems ask for by its usual name has the platform's prefix, and what the toolchain lacks is an error that says so."""
    shell = [target, "--for", platform]
    values = shells(*shell, "-c", "; ".join(f'echo "{name}=${name}"' for name in TOOLS)).ok().out.splitlines()
    assert len(values) == len(TOOLS)
    assert [value for value in values if not value.split("=")[1].startswith(prefix)] == []
    for tool in ["CXX", "AS", "NM", "RANLIB", "OBJCOPY", "OBJDUMP", "READELF", "SIZE"]:
        got = shells(*shell, "-c", f"${tool} --version").fails(127)
        name = got.err.splitlines()[-1].split()[-1]
        assert got.err.splitlines()[-1].startswith("swage: the toolchain ") and name.startswith(prefix), got.err
    assert shells(*shell, "-c", "$AR t x").ok().out.endswith("-ar t x\n")


def test_the_build_machines_headers_and_files_are_out_of_sight(shells):
    found = {"CPATH": "/usr/include", "LIBRARY_PATH": "/usr/lib", "PKG_CONFIG_PATH": "/usr/lib/pkgconfig", "C_INCLUDE_PATH": "/usr/include",
             "PKG_CONFIG_SYSROOT_DIR": "/"}
    got = shells("toolchain", "--for", "arm64", "-c", " ; ".join(f"echo ${{{name}-unset}}" for name in found) + "; ls $PKG_CONFIG_LIBDIR | wc -l", env=found).ok()
    assert got.out.splitlines() == ["unset"] * len(found) + ["0"]


def test_programs_are_compiled_as_the_platform_needs_it_and_kernels_as_their_makefiles_say(shells):
    program = shells("toolchain", "--for", "arm64", "-c", "$CC x.c").ok().out
    assert program.startswith("aarch64-linux-gnu-gcc --sysroot=/nix/store/") and program.endswith(" x.c\n")
    assert shells(f"linux@{KERNEL}", "--for", "arm64", "--src", "own", "-c", "$CC x.c").ok().out == "aarch64-linux-gnu-gcc x.c\n"


def test_cmake_and_meson_are_told_of_the_platform(shells):
    for target, system in [("toolchain", "Linux"), (f"linux@{KERNEL}", "Linux")]:
        got = shells(target, "--for", "arm64", "-c", "cat $CMAKE_TOOLCHAIN_FILE; echo ---; cat $MESON_CROSS_FILE").ok().out
        cmake, meson = got.split("---\n")
        said = dict(line[4:-1].split(" ", 1) for line in cmake.splitlines())
        assert said["CMAKE_SYSTEM_NAME"] == system and said["CMAKE_SYSTEM_PROCESSOR"] == "aarch64"
        programs = [value.split()[0] for name, value in said.items() if name in ("CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_AR", "CMAKE_RANLIB", "CMAKE_LINKER",
                                                                                 "CMAKE_READELF", "PKG_CONFIG_EXECUTABLE")]
        assert len(programs) == 7 and all("/bin/aarch64-linux-gnu-" in path and path.startswith("/nix/store/") for path in programs), programs
        assert said["CMAKE_FIND_ROOT_PATH"].startswith("/nix/store/") and said["CMAKE_FIND_ROOT_PATH_MODE_LIBRARY"] == "ONLY"
        assert "cpu_family = 'aarch64'\n" in meson and "system = 'linux'\n" in meson
        assert meson.count("'/nix/store/") == 9
    bare = shells("toolchain", "--for", "avr", "-c", "cat $CMAKE_TOOLCHAIN_FILE $MESON_CROSS_FILE").ok().out
    assert "set(CMAKE_SYSTEM_NAME Generic)\n" in bare and "system = 'none'\n" in bare and "CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY" in bare
