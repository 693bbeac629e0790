"""swage shell sets what a plain `make` in a kernel tree needs, the cell's quirks too."""
import pytest

from cells import KERNEL

# A kernel's Makefile assigns these itself.
MAKEFILE = """\
HOSTCC = cc
CC = $(CROSS_COMPILE)cc
all:
\t@echo "$(ARCH)|$(CC)|$(HOSTCC)|$(KCFLAGS)|$(LLVM)"
"""
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


@pytest.fixture
def make(cells):
    (cells.directory / "Makefile").write_text(MAKEFILE)

    def run(*args):
        got = cells("shell", f"linux@{KERNEL}", "--for", "arm64", *args, "-c", f"make -s -C {cells.directory}").ok()
        return got.out.strip().split("|")

    return run


def test_gcc(make):
    assert make() == ["arm64", "aarch64-linux-gnu-cc", "cc", "", ""]


def test_clang(cells, make):
    recipe = cells.layer / "packages" / "toolchain-llvm"
    recipe.mkdir()
    (recipe / "recipe.toml").write_text('[package]\nname = "toolchain-llvm"\n[build]\nscript = "fake-toolchain.sh"\n'
                                        '[env]\nname = "toolchain-{toolchain.group}"\n')
    assert make("--llvm") == ["arm64", "aarch64-linux-gnu-cc", "gcc", "", "1"]


def test_quirks(cells, make):
    (cells.layer / "kernels" / "quirks.toml").write_text(QUIRK % KERNEL)
    assert make() == ["arm64", "aarch64-linux-gnu-gcc -std=gnu89", "gcc -fcommon -w", "-Wno-error", ""]
