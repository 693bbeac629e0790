"""Out-of-tree modules for real: built against a kernel, loaded in a boot of it."""
import subprocess

import pytest

HELLO = """\
#include <linux/init.h>
#include <linux/module.h>
static int __init hello_init(void) { pr_info("hello from a module\\n"); return %s; }
static void __exit hello_exit(void) {}
module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
"""


@pytest.fixture
def module(rootless, tmp_path):
    """A directory with one module, whose init function returns what it is asked to."""

    def make(source):
        (tmp_path / "hello.c").write_text(source)
        (tmp_path / "Kbuild").write_text("obj-m := hello.o\n")
        for path in [tmp_path, *tmp_path.parents][:3]:
            path.chmod(0o755)
        return tmp_path

    return make


def test_a_module_is_built_and_loaded(rootless, module):
    directory = module(HELLO % "0")
    cell = ["--kernel", "linux@6.1", "--for", "arm64"]
    built = rootless("module", directory, *cell, "--json").ok().json()["modules"][0]
    strings = subprocess.run(["strings", f"{built['path']}/hello.ko"], capture_output=True, text=True, check=True).stdout
    assert f"vermagic={built['kernel']} " in strings
    got = rootless("module", directory, *cell, "--boot").ok()
    assert got.out.startswith(f"loaded in a boot of linux {built['kernel']} for arm64\n  swage-boot-ok: Linux (none) {built['kernel']} ")
    boot = rootless("module", directory, *cell, "--boot", "--json").ok().json()["modules"][0]
    assert "hello from a module" in open(f"{boot['path']}/log").read()


def test_a_module_that_the_kernel_does_not_take_is_an_error(rootless, module):
    got = rootless("module", module(HELLO % "-19"), "--kernel", "linux@6.1", "--for", "arm64", "--boot").fails(1)
    assert "error: 'boot-modules-linux-" in got.err and "No such device" in got.err


def test_a_module_that_does_not_build_shows_why(rootless, module):
    got = rootless("module", module(HELLO % "nothing"), "--kernel", "linux@6.1", "--for", "arm64").fails(1)
    assert "error: 'modules-linux-" in got.err and "hello.c:3:" in got.err and "nothing" in got.err


def test_a_kernel_has_what_its_configuration_wants_of_host_tools(rootless, module):
    """Signatures (openssl), type information (pahole), a compressed image (zstd): the kernel refuses a module without a signature."""
    symbols = ["MODULE_SIG", "MODULE_SIG_ALL", "MODULE_SIG_FORCE", "MODULE_SIG_SHA256", "DEBUG_KERNEL", "DEBUG_INFO_DWARF4", "BPF_SYSCALL",
               "DEBUG_INFO_BTF", "KERNEL_ZSTD"]
    cell = ["--kernel", "linux@6.1", "--for", "x86_64", "--strict-config", *(word for symbol in symbols for word in ("--enable", symbol))]
    directory = module(HELLO % "0")
    built = rootless("module", directory, *cell, "--json").ok().json()["modules"][0]
    assert open(f"{built['path']}/hello.ko", "rb").read().endswith(b"~Module signature appended~\n")
    boot = rootless("module", directory, *cell, "--boot", "--json").ok().json()["modules"][0]
    assert "hello from a module" in open(f"{boot['path']}/log").read()
