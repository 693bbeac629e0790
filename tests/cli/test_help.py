"""Help, and the manual pages, which say the same."""
import gzip
import re
import subprocess

import pytest

import documented
from swage_cli import PROGRAM


def commands():
    got = subprocess.run([PROGRAM, "complete-words", ""], capture_output=True, text=True, check=True).stdout
    return [line.split("\t")[0] for line in got.splitlines()]


@pytest.mark.parametrize("words", [[], *[[name] for name in commands()], ["store", "gc"], ["store", "why-depends"]], ids=" ".join)
def test_help_is_the_option(swage, words):
    assert swage("help", *words).ok().out == swage(*words, "--help").ok().out
    assert not swage.home.exists()


def test_help_on_what_is_not_there(swage):
    wanted = "error: 'biuld' is not a command of 'swage'\nhint: did you mean 'build'?\n"
    assert swage("help", "biuld").fails(2).err == wanted
    assert swage("biuld", "--help").fails(2).err == wanted
    assert swage("hlep").fails(2).err == "error: 'hlep' is not a command of 'swage'\nhint: did you mean 'help'?\n"
    assert swage("help", "store", "verfy").fails(2).err == "error: 'verfy' is not a command of 'swage store'\nhint: did you mean 'verify'?\n"


def test_what_is_not_for_people_is_in_no_list(swage):
    help_text = swage("--help").ok().out
    assert "\n  man " not in help_text and "complete-words" not in help_text
    assert swage("mna").fails(2).err == "error: 'mna' is not a command of 'swage'\nhint: see: swage --help\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    place = tmp_path_factory.mktemp("man")
    subprocess.run([PROGRAM, "man", place], check=True)
    return place


NAMES = ["swage", *(f"swage-{name}" for name in commands())]


def test_a_page_for_each_command(pages):
    assert sorted(path.stem for path in pages.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_manual_page(pages, name):
    """Neither groff nor mandoc has anything to say of it; there is no date, because a page is as old as its program."""
    page = pages / f"{name}.1"
    got = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page], capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "PATH": "/usr/bin:/bin"})
    assert (got.returncode, got.stderr) == (0, "") and name.upper() + "(1)" in got.stdout
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True).stdout
    assert [line for line in lint.splitlines() if "missing date" not in line] == []


def text_of(page):
    return re.sub(r"\\f[BIR]", "", page.read_text()).replace("\\-", "-").replace("\\(aq", "'").replace("\\&", "").replace("\\(ti", "~")


@pytest.mark.parametrize("name", commands())
def test_it_has_every_option_of_help(pages, swage, name):
    text = text_of(pages / f"swage-{name}.1")
    for line in swage(name, "--help").ok().out.splitlines():
        if line.startswith("  -"):
            for option in line.split()[0].split("{")[0].split(","):
                assert re.search(rf"^(.*, )?{re.escape(option)}\b", text, re.M), option
    assert "{false}" not in text and "REQUIRED" not in text


def test_the_first_page_names_all_others(pages, swage):
    text = text_of(pages / "swage.1")
    assert all(f"swage-{name}(1)" in text for name in commands())
    assert all(f"\n{code}\n" in text for code in ["0", "1", "2", "3", "4", "130", "141"])
    assert all(variable in text for variable in ["SWAGE_HOME", "SWAGE_CATALOG", "SWAGE_WORKSPACE", "SWAGE_FOREIGN_HOME"])


def test_examples_are_those_of_the_documentation(pages):
    """Which are run: tests/boot/test_documented.py."""
    lines = {re.sub(r" +#.*", "", one.line).replace("~", "~") for one in documented.shown()}
    examples = re.findall(r"^\.TP\n(swage [^\n]*)", text_of(pages / "swage.1").split(".SH EXAMPLES")[1], re.M)
    assert len(examples) > 10 and [example for example in examples if example not in lines] == []


def test_an_installation(tmp_path):
    """Where it is put, DESTDIR included, and that it works from there."""
    subprocess.run(["cmake", "--install", PROGRAM.parent, "--prefix", "/opt/swage"], check=True, capture_output=True, env={"DESTDIR": str(tmp_path), "PATH": "/usr/bin:/bin"})
    prefix = tmp_path / "opt/swage"
    for path in ["bin/swage", "share/swage/catalog/platforms.toml", "share/bash-completion/completions/swage", "share/zsh/site-functions/_swage",
                 "share/fish/vendor_completions.d/swage.fish", "share/man/man1/swage.1.gz", "share/man/man1/swage-store.1.gz", "share/doc/swage/README.md",
                 "share/doc/swage/docs/install.md"]:
        assert (prefix / path).is_file(), path
    assert b".TH SWAGE\\-STORE 1" in gzip.decompress((prefix / "share/man/man1/swage-store.1.gz").read_bytes())
    moved = prefix.rename(tmp_path / "moved")
    got = subprocess.run([moved / "bin/swage", "list", "kernels"], capture_output=True, text=True, cwd="/", env={"HOME": str(tmp_path)})
    assert got.returncode == 0 and got.stdout.startswith("VERSION"), got.stderr
