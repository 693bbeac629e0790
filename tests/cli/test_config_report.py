"""What a kernel's build says of the configuration that it was asked for: the report's script on a tree of a few Kconfig files."""
import json
import shutil
import subprocess

import pytest
from swage_cli import ROOT

TREE = {
    "Kconfig": 'mainmenu "Linux"\nsource "arch/$(SRCARCH)/Kconfig"\nsource "drivers/Kconfig"\n',
    "arch/arm64/Kconfig": """\
config ARM64
	def_bool y
	select HAVE_THING if EXTRA

config CC_VERSION_TEXT
	string
	default "$(CC_VERSION_TEXT)"

config HAVE_THING
	bool

config MODULES
	bool "loadable modules"
	help
	  config HELP is no symbol, and
	    neither is
	  select NOTHING

config EXPERT
	bool "for experts"

config EXTRA
	bool "extra" if EXPERT
	default y

config PLUGIN
	bool "plugins" if "$(ARCH)" = "arm64"
	depends on $(success,test -e plugin)

choice
	prompt "how much"
config LITTLE
	bool "little"
config MUCH
	bool "much"
endchoice
""",
    "drivers/Kconfig": """\
menu "Drivers"
	depends on HAS_IOMEM
config BUS
	tristate "a bus" if \\
		EXPERT

config CARD
	tristate "a card"   # with a comment
	depends on BUS || (PLUGIN && !MUCH)

config NAME
	string "name"

config PORT
	hex "port"
endmenu
config NEW_NAME
	bool "new"
if MODULES
config LOADED
	tristate "loaded"
	---help---
	  Words.
endif
config FAST
	tristate "fast"
config SLOW
	tristate "slow"
	depends on FAST
config DEEP
	bool "deep"
	depends on LOADED
""",
}
GOT = ['ARM64=y', "FAST=m", 'CC_VERSION_TEXT="gcc 12"', "EXPERT=y", "EXTRA=y", "HAVE_THING=y", "LITTLE=y", "PORT=0x3F8", "SURPRISE=y"]
AWKS = [awk for awk in (["gawk"], ["mawk"], ["busybox", "awk"], ["awk"]) if shutil.which(awk[0])]


@pytest.fixture
def report(tmp_path):
    for name, text in TREE.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)

    def run(asked, got=GOT, known=""):
        """`asked`: lines "SOURCE: X=VALUE". Returns the lines said, those that count, and the JSON."""
        (tmp_path / "config").write_text("# comment\n" + "".join(f"CONFIG_{line}\n" for line in got))
        (tmp_path / "asked").write_text("".join("{}\tCONFIG_{}\n".format(*line.split(": ", 1)) for line in asked))
        (tmp_path / "symbols").write_text(known)
        said = set()
        for awk in AWKS:
            (tmp_path / "counted").write_text("")
            words = ["tree=tree", "srcarch=arm64", "arch=arm64", "symbols=symbols", "json=json", "counted=counted"]
            done = subprocess.run([*awk, *(word for v in words for word in ("-v", v)), "-f", ROOT / "catalog/scripts/kernel/kconfig-report.awk", "config", "asked"],
                                  cwd=tmp_path, capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
            assert done.stderr == ""
            said.add((done.stdout, (tmp_path / "counted").read_text(), (tmp_path / "json").read_text()))
        assert len(said) == 1, "every awk says the same"
        out, counted, text = said.pop()
        return out.splitlines(), counted.splitlines(), json.loads(text)

    return run


def reason(report, line):
    """Of one line that an option asks for."""
    (said, *_), _, _ = report([f"option: {line}"])
    return said.removeprefix(f"option: CONFIG_{line} did not take effect: ")


@pytest.mark.parametrize("line, why", [
    ("NONESUCH=y", "no such symbol"),
    ("HELP=y", "no such symbol"),
    ("CARD=m", "it is not set: dependency missing: HAS_IOMEM (no such symbol)"),
    ("LOADED=m", "it is not set: dependency missing: MODULES"),
    ("SLOW=y", "it is not set: dependency missing: FAST (which is m)"),
    ("DEEP=y", "it is not set: dependency missing: LOADED (which wants MODULES)"),
    ("PLUGIN=y", "it is not set: dependency missing: $(success,test -e plugin)"),
    ("EXTRA=m", "it is y: it is a bool, which has no m"),
    ("HAVE_THING=n", "it is y: selected by ARM64"),
    ("ARM64=n", "it is y: it has no prompt: the kernel or the compiler answers it"),
    ("MUCH=y", "it is not set: its choice has LITTLE"),
    ('CC_VERSION_TEXT="clang"', 'it is "gcc 12": it has no prompt: the kernel or the compiler answers it'),
])
def test_each_reason_is_told_apart(report, line, why):
    assert reason(report, line) == why


def test_a_dependency_of_a_dependency_is_named(report):
    (said,), _, _ = report(["option: CARD=y"], ["HAS_IOMEM=y", "EXPERT=y", "MUCH=y"])
    assert said == "option: CONFIG_CARD=y did not take effect: it is not set: dependency missing: BUS || (PLUGIN && !MUCH)"
    (said,), _, _ = report(["option: BUS=y"], ["HAS_IOMEM=y"])
    assert said == "option: CONFIG_BUS=y did not take effect: it is not set: dependency missing: EXPERT"


def test_only_the_last_line_for_a_symbol_is_looked_at(report):
    """As `--config FILE --enable EXPERT --strict-config`: the file's own line for it is no line without effect."""
    said, counted, found = report(["file: EXPERT=n", "option: EXPERT=y"], ["EXPERT=y"])
    assert said == ["file: CONFIG_EXPERT=n is overridden by option: CONFIG_EXPERT=y"]
    assert counted == [] and found == {"lines": [], "new": []}


def test_what_is_not_set_is_asked_once_and_met_by_absence(report):
    said, counted, found = report(["file: LOADED=n", "file: EXPERT=n", "file: PORT=3f8", 'file: NAME=""'], ["EXPERT=y", "PORT=0x3F8"])
    assert said == ["file: CONFIG_EXPERT=n did not take effect: it is y: Kconfig has not taken it"]
    assert counted == said and [line["symbol"] for line in found["lines"]] == ["EXPERT"]


def test_what_nobody_can_set_counts_only_when_it_was_asked_for_by_name(report):
    compiler = 'CC_VERSION_TEXT="clang 19"'
    for source, counts in [("file", False), ("fragment", False), ("kvm_guest.config", False), ("option", True)]:
        said, counted, found = report([f"{source}: {compiler}"])
        assert said[0].endswith("it has no prompt: the kernel or the compiler answers it")
        assert bool(counted) == counts == found["lines"][0]["counted"]


def test_symbols_of_other_architectures_in_a_fragment_of_the_tree_do_not_count(report):
    said, counted, _ = report(["kvm_guest.config: S390_GUEST=y", "kvm_guest.config: DEEP=y"])
    assert len(said) == 2 and counted == [said[1]]


def test_lines_of_the_catalog_do_not_count(report):
    said, counted, _ = report(["machine.config: NONESUCH=y", "quirk: NONESUCH2=y"])
    assert len(said) == 2 and counted == []


def test_a_renamed_symbol_says_its_new_name_where_the_tree_has_it(report):
    known = "renamed OLD_NAME NEW_NAME\nrenamed OTHER ABSENT\nrenamed BUS NEW_NAME\npath NAME\n"
    said, _, found = report(["file: OLD_NAME=y", "file: OTHER=y", "file: BUS=y"], known=known)
    assert said[:3] == ["file: CONFIG_OLD_NAME=y did not take effect: no such symbol: renamed to NEW_NAME",
                        "file: CONFIG_OTHER=y did not take effect: no such symbol",
                        "file: CONFIG_BUS=y did not take effect: it is not set: dependency missing: HAS_IOMEM (no such symbol)"]
    assert found["lines"][0] == {"source": "file", "symbol": "OLD_NAME", "asked": "y", "value": None, "kind": "renamed",
                                 "reason": "no such symbol: renamed to NEW_NAME", "counted": True}


def test_symbols_that_a_whole_file_does_not_know_are_listed(report):
    said, _, found = report(["file: EXPERT=y", "option: EXTRA=y"])
    assert said == [f"CONFIG_{line} is new" for line in GOT if line not in ("EXPERT=y", "EXTRA=y")]
    assert found["new"] == [line.removesuffix(" is new") for line in said]
    said, _, found = report(["fragment: EXPERT=y"])
    assert said == [] and found["new"] == []


def test_values_are_quoted_as_they_are(report):
    _, _, found = report([r'option: NAME="a \"b\" \\ = c"'], [])
    assert found["lines"][0]["asked"] == r'"a \"b\" \\ = c"'


def test_a_tree_from_before_there_was_a_file_above_all(report, tmp_path):
    (tmp_path / "tree/Kconfig").unlink()
    assert reason(report, "MUCH=y") == "it is not set: its choice has LITTLE"
    assert reason(report, "CARD=m") == "no such symbol"
