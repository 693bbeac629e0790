"""Out-of-tree modules for real: built against a kernel, loaded in a boot of it."""
import pathlib
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
# One module that others use, with a module of the kernel's own.
LIB = """\
#include <linux/crc7.h>
#include "answer.h"
#include "hello.h"
int lib_answer(void) { return crc7_be(0, "a", 0) + ANSWER; }
EXPORT_SYMBOL_GPL(lib_answer);
"""
# Two that depend on each other against the order of their names, as published ones are written.
FIRST = """\
#include <linux/init.h>
#include <linux/module.h>
int second_answer(void);
static int count;
static char *name = "nobody";
module_param(count, int, 0);
module_param(name, charp, 0);
static int __init answer_init(void) { pr_info("the answer is %d, %d times, %s\\n", second_answer(), count, name); return 0; }
static void __exit answer_exit(void) {}
module_init(answer_init);
module_exit(answer_exit);
MODULE_LICENSE("GPL");
"""
SECOND = """\
#include <linux/module.h>
int lib_answer(void);
int second_answer(void) { return lib_answer(); }
EXPORT_SYMBOL_GPL(second_answer);
MODULE_LICENSE("GPL");
"""
# NONESUCH is in no tree: that is told and fails nothing.
CELL = ["--kernel", "linux@6.1", "--for", "arm64", "--set", "CRC7=m", "--enable", "NONESUCH"]


@pytest.fixture
def module(rootless, tmp_path):
    """A directory with modules: one, whose init function returns what it is asked to, or these files."""

    def make(source, **files):
        directory = tmp_path / f"modules{len(list(tmp_path.iterdir()))}"
        for name, text in {"hello.c": source, "Kbuild": "obj-m := hello.o\n", **files}.items():
            if text:
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                (directory / name).write_text(text)
        for path in [directory, *directory.parents][:4]:
            path.chmod(0o755)
        return directory

    return make


def test_modules_are_built_and_loaded_in_the_order_of_their_dependencies(rootless, module):
    head = HELLO.replace("%s", "0")
    lib = module(None, **{"lib.c": LIB, "hello.h": head, "include/answer.h": "#define ANSWER 42\n", "Kbuild": None,
                          "Makefile": "obj-m := lib.o\nccflags-y := -I$(PWD)/include\n"})
    link = rootless.cwd / "lib-modules"
    built = rootless("module", lib, *CELL, "-o", link, "--json").ok()
    path = built.json()["modules"][0]["path"]
    strings = subprocess.run(["strings", f"{path}/lib.ko"], capture_output=True, text=True, check=True).stdout
    kernel = built.json()["modules"][0]["kernel"]
    assert f"vermagic={kernel} " in strings and "depends=crc7" in strings

    both = module(None, **{"a-first.c": FIRST, "b_second.c": SECOND, "Kbuild": "obj-$(CONFIG_FIRST) += a-first.o b_second.o\n"})
    boot = ["module", both, *CELL, "--make", "CONFIG_FIRST=m", "--uses", link, "--param", "a-first.count=3", "--param", "a_first.name=two words", "--boot"]
    got = rootless(*boot).ok()
    assert got.out.startswith(f"loaded in a boot of linux {kernel} for arm64\n  swage-boot-ok: Linux (none) {kernel} ")
    said = got.out.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in said if "taint" not in line] == ["crc7", "lib", "b_second", "a-first"]
    assert said[0] == "  crc7: loaded, without a word" and "hello from a module" in next(line for line in said if "lib: " in line and "taint" not in line)
    assert said[-1].endswith("the answer is 42, 3 times, two words")
    assert f"linux@{kernel} for arm64: 1 line of the configuration did not take effect\n  option: CONFIG_NONESUCH=y did not take effect: no such symbol\n" in got.err
    loaded = rootless(*boot, "--json").ok().json()["modules"][0]["loaded"]
    assert [one["module"] for one in loaded] == ["crc7", "lib", "b_second", "a-first"] and loaded[0]["log"] == []

    unbound = rootless(*boot, "--param", "count=3").fails(1)
    assert "  error: 'count=3' does not say of which module it is a parameter: write MODULE.count=3\n" in unbound.err
    alone = rootless("module", both, *CELL, "--make", "CONFIG_FIRST=m").fails(1)
    assert '"lib_answer"' in alone.err and "undefined" in alone.err


def test_a_module_that_the_kernel_does_not_take_is_an_error(rootless, module):
    got = rootless("module", module(HELLO % "-19"), *CELL, "--boot").fails(1)
    assert "error: 'boot-modules-linux-" in got.err and "  error: the kernel did not take the module 'hello': No such device\n" in got.err


def test_a_module_that_does_not_build_shows_why(rootless, module):
    got = rootless("module", module(HELLO % "nothing"), *CELL).fails(1)
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
    assert (rootless.cwd / "result").resolve() == pathlib.Path(boot["path"]).resolve()   # a link, so that gc keeps it
    assert [one["module"] for one in boot["loaded"]] == ["hello"] and "hello from a module" in boot["loaded"][0]["log"][-1]
