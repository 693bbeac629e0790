"""What --config, --fragment and their like take and refuse, before anything is built."""
import bz2
import gzip
import lzma
import shutil
import subprocess

import pytest

CELL = ["linux@6.1", "--for", "arm64"]
LINES = "# Linux/arm64 6.1.0 Kernel Configuration\nCONFIG_A=y\n# CONFIG_B is not set\n"


def kernel(planner, *words):
    """The kernel's derivation as planned."""
    rows = planner("plan", *CELL, *words, "--json").ok().json()["derivations"]
    return next(row["drv"] for row in rows if row["name"].startswith("linux-6.1.") and "source" not in row["name"])


def test_compressed_configurations_are_read(planner):
    """As /proc/config.gz is one."""
    (planner.cwd / "plain").write_text(LINES)
    packed = {"config.gz": gzip.compress(LINES.encode()), "config.xz": lzma.compress(LINES.encode()), "config.bz2": bz2.compress(LINES.encode())}
    if shutil.which("zstd"):
        packed["config.zst"] = subprocess.run(["zstd", "-c"], input=LINES.encode(), capture_output=True, check=True).stdout
    want = kernel(planner, "--config", "plain")
    for name, content in packed.items():
        (planner.cwd / name).write_bytes(content)
        assert kernel(planner, "--config", name) == want, name
        assert kernel(planner, "--fragment", name) == kernel(planner, "--fragment", "plain"), name


def test_a_compressed_configuration_is_checked_like_any_other(planner):
    (planner.cwd / "cut.gz").write_bytes(gzip.compress(LINES.encode() * 100)[:-20])
    assert planner("plan", *CELL, "--config", "cut.gz").fails(1).err.startswith("error: 'cut.gz' is truncated or damaged\n")
    (planner.cwd / "bomb.gz").write_bytes(gzip.compress(bytes(40_000_000)))
    assert planner("plan", *CELL, "--config", "bomb.gz").fails(2).err == "error: 'bomb.gz' is larger than 16.0 MB when it is decompressed\n"
    for option in ["--config", "--patch"]:
        assert planner("plan", *CELL, option, "/dev/zero").fails(2).err == "error: '/dev/zero' is a device, not a file\n"
    (planner.cwd / "image").write_bytes(b"\x7fELF\0\0")
    assert planner("plan", *CELL, "--config", "image").fails(2).err == "error: 'image' is not a kernel configuration: it is no text\n"


def test_what_a_file_says_is_shown_escaped_and_not_without_end(planner):
    (planner.cwd / "my.config").write_bytes(b"\x1b[31mred\n" + b"x" * 5000 + b"\n" + b"bad\n" * 50)
    err = planner("plan", *CELL, "--config", "my.config").fails(2).err
    assert err.startswith("error: '\\x1b[31mred' is not a line of a kernel configuration\n  --> my.config:1:1\n")
    assert "\x1b" not in err and "x" * 100 + "...'" in err and "x" * 101 not in err
    assert err.count("error:") == 20 and err.endswith("note: and 32 more\n")


@pytest.mark.parametrize("word", ["allnoconfig", "allmodconfig", "tinyconfig", "kvm_guest.config", "defconfig,kvm_guest.config", "tiny,hardening.config",
                                  "defconfig,a.config,b.config", "xenconfig"])
def test_makes_of_the_tree_are_configurations(planner, word):
    assert kernel(planner, "--config", word) != kernel(planner, "--config", "defconfig")


@pytest.mark.parametrize("word, what", [
    ("menuconfig", "'menuconfig' makes no configuration by itself"),
    ("olddefconfig", "'olddefconfig' makes no configuration by itself"),
    ("randconfig", "'randconfig' makes no configuration by itself"),
    ("defconfig,allnoconfig", "'allnoconfig' begins a configuration, and 'defconfig' has begun one"),
    ("defconfig,", "'defconfig,' is not a kernel configuration"),
    ("../x/y.config", "'../x/y.config' is not a kernel configuration"),
    ("$(reboot)config", "'$(reboot)config' is not a kernel configuration"),
    ("a b.config", "'a b.config' is not a kernel configuration"),
])
def test_other_words_are_refused(planner, word, what):
    assert planner("plan", *CELL, "--config", word).fails(2).err.startswith(f"error: {what}\n")


def test_fragments_are_applied_in_their_order(planner):
    (planner.cwd / "one").write_text("CONFIG_A=y\n")
    (planner.cwd / "two").write_text("CONFIG_A=m\n")
    one_two = kernel(planner, "--fragment", "one", "--fragment", "two")
    assert len({one_two, kernel(planner, "--fragment", "two", "--fragment", "one"), kernel(planner, "--fragment", "one")}) == 3


def test_an_option_that_is_given_twice_says_so(planner):
    got = planner("plan", *CELL, "--config", "tiny", "--config", "defconfig").fails(2)
    assert got.err == "error: '--config' is given twice\nhint: see: swage plan --help\n"
    assert planner("plan", *CELL, "--config").fails(2).err.startswith("error: '--config' wants a value\n")
    assert planner("build", "zlib", "-o", "a", "-o", "b").fails(2).err.startswith("error: '--out-link' is given twice\n")


HINT = "hint: put it into a tree that --src names and give its path there, or leave it out: --set {}='\"\"'\n"


@pytest.mark.parametrize("symbol, value, why", [
    ("INITRAMFS_SOURCE", "/home/u/rootfs", "builds see no files but those of the kernel's tree"),
    ("INITRAMFS_SOURCE", "usr/list ~/root", "builds see no files but those of the kernel's tree"),
    ("SYSTEM_TRUSTED_KEYS", "/etc/keys.pem", "builds see no files but those of the kernel's tree"),
    ("MODULE_SIG_KEY", "pkcs11:object=key", "builds reach no key store"),
    ("MODULE_SIG_KEY", "here.pem", "builds see no files but those of the kernel's tree, and this is one of the working directory"),
])
def test_a_symbol_that_names_files_outside_the_tree_is_refused(planner, symbol, value, why):
    (planner.cwd / "here.pem").write_text("")
    file = value.split()[-1]
    got = planner("plan", *CELL, "--set", f'{symbol}="{value}"').fails(2)
    assert got.err == f"error: 'CONFIG_{symbol}' names '{file}': {why}\n" + HINT.format(symbol)
    (planner.cwd / "my.config").write_text(f'CONFIG_{symbol}="{value}"\n')
    assert planner("plan", *CELL, "--config", "my.config").fails(2).err == got.err
    kernel(planner, "--config", "my.config", "--set", f'{symbol}=""')


def test_the_directory_of_firmware_matters_where_there_is_firmware(planner):
    """Every configuration of a distribution has the directory; few name files in it."""
    (planner.cwd / "my.config").write_text('CONFIG_EXTRA_FIRMWARE=""\nCONFIG_EXTRA_FIRMWARE_DIR="/lib/firmware"\nCONFIG_MODULE_SIG_KEY="certs/signing_key.pem"\n')
    kernel(planner, "--config", "my.config")
    got = planner("plan", *CELL, "--config", "my.config", "--set", 'EXTRA_FIRMWARE="a.bin b/c.bin"').fails(2)
    assert got.err.startswith("error: 'CONFIG_EXTRA_FIRMWARE' names '/lib/firmware/a.bin': builds see no files") and "b/c.bin" in got.err


def test_what_the_tree_of_the_user_has_may_be_named(planner):
    tree = planner.cwd / "tree"
    (tree / "keys").mkdir(parents=True)
    (tree / "keys/mine.pem").write_text("")
    (tree / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 5\n")
    cell = ["linux", "--src", tree, "--for", "arm64"]
    planner("plan", *cell, "--set", 'SYSTEM_TRUSTED_KEYS="keys/mine.pem"').ok()
    got = planner("plan", *cell, "--set", 'SYSTEM_TRUSTED_KEYS="keys/other.pem"').fails(2)
    assert got.err.endswith("error: 'CONFIG_SYSTEM_TRUSTED_KEYS' names 'keys/other.pem': the kernel's tree does not have it\n" + HINT.format("SYSTEM_TRUSTED_KEYS"))


MODULE = ["--kernel", *CELL]


@pytest.mark.parametrize("words, what", [
    (["--param", "x"], "'x' is not a module parameter"),
    (["--param", "a.b.c=1"], "'a.b.c=1' is not a module parameter"),
    (["--param", 'a="b"'], "'\"b\"' is no value that the kernel would read as it is"),
    (["--make", "CONFIG_X"], "'CONFIG_X' is not a variable of make"),
    (["--make", "A-B=m"], "'A-B=m' is not a variable of make"),
    (["--make", "SHELL=/x"], "'SHELL' is said by the kernel that the modules are for"),
    (["--make", "KERNELRELEASE=6.1"], "'KERNELRELEASE' is said by the kernel that the modules are for"),
    (["--make", "ARCH=arm"], "'ARCH' is said by the kernel that the modules are for"),
    (["--make", "KBUILD_EXTRA_SYMBOLS=/x"], "'KBUILD_EXTRA_SYMBOLS' is made from what '--uses' names"),
    (["--uses", "nothing"], "'nothing' is not a store path"),
])
def test_options_of_modules_are_checked(planner, words, what):
    (planner.cwd / "mod").mkdir()
    (planner.cwd / "mod/Kbuild").write_text("obj-m := a.o\n")
    assert planner("module", "mod", *MODULE, "--boot", *words).fails(2).err.startswith(f"error: {what}\n")


def test_parameters_are_for_a_boot(planner):
    (planner.cwd / "mod").mkdir()
    (planner.cwd / "mod/Kbuild").write_text("obj-m := a.o\n")
    assert planner("module", "mod", *MODULE, "--param", "a=1").fails(2).err == (
        "error: '--param' says nothing without '--boot': nothing is loaded\nhint: add: --boot\n")
