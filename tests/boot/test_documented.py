"""The commands of the documentation, as they are written, on a machine that has git and make only. Those that take minutes are planned
here (tests/cli/test_documented.py), and run by `make check-documented`, which sets SWAGE_DOCUMENTED=all."""
import os
import shutil

import pytest

import documented
from bare_machine import BareMachine

COMMANDS = [one for one in documented.shown() if one.line.startswith("swage ")]
ALL = os.environ.get("SWAGE_DOCUMENTED") == "all"


@pytest.fixture(scope="module")
def machine(rootless):
    directory = rootless.cwd / "bare"
    shutil.rmtree(directory, ignore_errors=True)
    machine = BareMachine(rootless, directory)
    documented.write_files(machine.work, machine.home)
    if rootless.prefix:
        for path in [directory, *directory.rglob("*")]:
            shutil.chown(path, "swage-test")
    return machine


def test_the_machine_is_bare(machine):
    found = machine("for name in git make swage gcc ld flex bison bc python3 qemu-system-aarch64 busybox pkg-config; do command -v $name; done; ls ~")
    assert found.stdout.split() == ["/usr/bin/git", "/usr/bin/make", "/usr/bin/swage", "linux"], found.stderr


@pytest.mark.parametrize("one", COMMANDS, ids=[one.name for one in COMMANDS])
def test_it_does_what_it_says(machine, one):
    if reason := one.reason(documented.EXCEPTIONS):
        pytest.skip(f"never: {reason}")
    if (reason := one.reason(documented.LONG)) and not ALL:
        pytest.skip(f"planned only: {reason}")
    line = one.line if "`" not in one.line else one.line.strip("`")
    for word, meant in documented.PLACEHOLDERS.items():
        line = line.replace(f" {word}", f" {meant}")
    got = machine(line, cwd=machine.work / documented.place_of(one), timeout=6 * 3600)
    assert got.returncode == 0, f"{line}\n{got.stdout}\n{got.stderr}"


# What a kernel's build asks of the build machine: README's `make tinyconfig Image` in seconds.
TREE = {
    "Makefile": """\
VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 99
EXTRAVERSION =
all: host target.o
host: host.c scan.l rules.y
\tflex -o scan.c scan.l
\tbison -o rules.c rules.y
\tcc host.c -o host
\techo 6 '*' 7 | bc
target.o: host.c
\t$(CROSS_COMPILE)gcc -c $< -o $@
""",
    "host.c": "int main(void) { return 0; }\n",
    "scan.l": "%%\n",
    "rules.y": "%%\nall: ;\n%%\n",
}


def test_a_kernels_shell_has_its_tree_and_its_roots_tools(machine):
    """Of a tree of the user's own; LONG has the one of a kernel that swage brings."""
    tree = machine.work / "linux-own"
    tree.mkdir()
    for name, text in TREE.items():
        (tree / name).write_text(text)
    if machine.swage.prefix:
        for path in [tree, *tree.iterdir()]:
            shutil.chown(path, "swage-test")
    got = machine("swage shell linux@6.1 --for arm64 --src linux-own -c 'make && pwd && od -An -j18 -N2 -tu2 target.o'")
    assert got.returncode == 0, got.stdout + got.stderr
    lines = got.stdout.splitlines()
    assert "42" in lines and lines[-2] == str(tree) and lines[-1].strip() == "183"
