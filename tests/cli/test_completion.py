"""Completion in the shells themselves: the installed scripts are loaded as each shell loads them, and keys are typed."""
import json
import os
import subprocess
import time

import pytest

import documented
from shells import TAB, Typing
from swage_cli import PROGRAM, write_recipe


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    subprocess.run(["cmake", "--install", str(PROGRAM.parent), "--prefix", str(prefix)], check=True, capture_output=True)
    return prefix


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("typing")
    (directory / "hello-module").mkdir()
    (directory / "some.config").write_text("")
    (directory / "swage.toml").write_text('[instance.gcc13]\noverride.gcc = "13"\n')
    return directory


@pytest.fixture(scope="module")
def env(installed, place):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SWAGE_")}
    return {**kept, "PATH": f"{installed}/bin:{os.environ['PATH']}", "SWAGE_HOME": str(place / "home"), "LC_ALL": "C.UTF-8"}


def words(program, *line):
    got = subprocess.run([program, "complete-words", *line], capture_output=True, text=True, check=True)
    assert got.stderr == ""
    return [one.split("\t")[0] for one in got.stdout.splitlines()]


def shown_in(help_text, section):
    lines = help_text.splitlines()
    start = lines.index(section) + 1
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return [line.split()[0] for line in lines[start:end]]


# What is typed before the tab, and what the line is after it. In every shell.
TYPED = {
    "swage bo": "swage boot ",
    "swage store why-d": "swage store why-depends ",
    "swage boot --strict": "swage boot --strict-config ",
    "swage boot li": "swage boot linux",
    "swage boot linux@6.6.": "swage boot linux@6.6.152 ",
    "swage boot linux@6.6.152 --for arm6": "swage boot linux@6.6.152 --for arm64",
    "swage boot linux@6.6.152 --for arm64,ni": "swage boot linux@6.6.152 --for arm64,nios2 ",
    "swage boot linux@6.6.152 --for=ni": "swage boot linux@6.6.152 --for=nios2 ",
    "swage build bis": "swage build bison ",
    "swage build bison@gcc": "swage build bison@gcc13 ",
    "swage build u-boot@mal": "swage build u-boot@malta ",
    "swage build --instance gc": "swage build --instance gcc13 ",
    "swage build bison --for arm64 --toolchain debian-bookworm-gcc-1": "swage build bison --for arm64 --toolchain debian-bookworm-gcc-1",
    "swage build image/rpi3-mi": "swage build image/rpi3-minimal ",
    "swage build root@build-bu": "swage build root@build-bullseye ",
    "swage build --config some": "swage build --config some.config ",
    "swage module hello": "swage module hello-module/",
    "swage list plat": "swage list platforms ",
    "swage help sto": "swage help store ",
    "swage completion fi": "swage completion fish ",
    "swage plan linux@6.1 --graph=me": "swage plan linux@6.1 --graph=mermaid ",
}


def check_typed(typing, typed, wanted):
    assert typing(typed + TAB).rstrip() == wanted.rstrip()


@pytest.fixture(scope="module")
def bash(installed, place, env):
    typing = Typing(["bash", "--norc", "--noprofile", "-i"],
                    ["bind 'set bell-style none'", "show() { printf '%s\\n' \"$READLINE_LINE\" > \"$SEEN\"; }", "bind -x '\"\\C-x\": show'",
                     ". /usr/share/bash-completion/bash_completion", f"XDG_DATA_DIRS={installed}/share"], place, env)
    yield typing
    typing.close()


@pytest.mark.parametrize("typed", TYPED)
def test_bash(bash, typed):
    """Loaded by bash-completion when the first word of swage is completed."""
    check_typed(bash, typed, TYPED[typed])


def test_bash_without_bash_completion(place, env):
    """From the script alone; nothing after `@`, which begins a word for readline, is said twice."""
    typing = Typing(["bash", "--norc", "--noprofile", "-i"],
                    ["bind 'set bell-style none'", "show() { printf '%s\\n' \"$READLINE_LINE\" > \"$SEEN\"; }", "bind -x '\"\\C-x\": show'",
                     "eval \"$(swage completion bash)\""], place, env)
    try:
        for typed in ["swage boot linux@6.6.", "swage build u-boot@mal", "swage boot linux@6.6.152 --for=ni", "swage boot linux@6.6.152 --for arm64,ni"]:
            check_typed(typing, typed, TYPED[typed])
        assert typing("swage boot linux" + TAB) == "swage boot linux"
        assert typing(f"{PROGRAM} boot --strict" + TAB).rstrip() == f"{PROGRAM} boot --strict-config", "the program that is typed is the one that is asked"
    finally:
        typing.close()


@pytest.fixture(scope="module")
def zsh(installed, place, env):
    typing = Typing(["zsh", "-f", "-i"],
                    ["unsetopt beep", "setopt interactive_comments", f"fpath=({installed}/share/zsh/site-functions $fpath)",
                     "autoload -U compinit && compinit -u -D", "show() { print -r -- \"$BUFFER\" > $SEEN }", "zle -N show", "bindkey '^X' show"], place, env)
    yield typing
    typing.close()


@pytest.mark.parametrize("typed", TYPED)
def test_zsh(zsh, typed):
    """Found in fpath by the first line of the script."""
    check_typed(zsh, typed, TYPED[typed])


def test_zsh_as_docs_install_says(place, env):
    typing = Typing(["zsh", "-f", "-i"],
                    ["unsetopt beep", "autoload -U compinit && compinit -u -D", "source <(swage completion zsh)",
                     "show() { print -r -- \"$BUFFER\" > $SEEN }", "zle -N show", "bindkey '^X' show"], place, env)
    try:
        for typed in ["swage bo", "swage boot linux@6.6.", "swage build --config some"]:
            check_typed(typing, typed, TYPED[typed])
    finally:
        typing.close()


def test_fish_as_docs_install_says(place, env):
    got = subprocess.run(["fish", "--no-config", "-c", "swage completion fish | source; complete -C 'swage store why-d'"], cwd=place,
                         env={**env, "HOME": str(place)}, capture_output=True, text=True, check=True)
    assert got.stdout.split("\t")[0] == "why-depends" and got.stderr == ""


@pytest.mark.parametrize("typed", TYPED)
def test_fish(installed, place, env, typed):
    """fish tells what it would offer: the words of which the shared beginning is what the others' line becomes."""
    script = installed / "share/fish/vendor_completions.d/swage.fish"
    got = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"], cwd=place,
                         env={**env, "HOME": str(place)}, capture_output=True, text=True, check=True)
    assert got.stderr == ""
    offered = [line.split("\t")[0] for line in got.stdout.splitlines()]
    whole = TYPED[typed].rstrip().split(" ")[-1]
    beginning = os.path.commonprefix(offered)
    assert offered and (beginning == whole or whole.endswith("=" + beginning) or beginning.rstrip("/") == whole.rstrip("/")), offered


def test_descriptions_are_those_of_help(swage):
    got = swage("complete-words", "bo").ok()
    assert got.out == "boot\tbuild a kernel and boot it in QEMU\n" and got.err == ""


def test_all_commands_and_no_other(swage):
    assert words(swage.program, "") == sorted(shown_in(swage("--help").ok().out, "Subcommands:"))
    assert words(swage.program, "store", "") == sorted(shown_in(swage("store", "--help").ok().out, "Subcommands:"))


@pytest.mark.parametrize("command", ["build", "boot", "shell", "store gc", "matrix", "lock", "doctor"])
def test_all_options_and_no_other(swage, command):
    """Those of the command, and those of every command."""
    def of_help(*of):
        lines = [line for line in swage(*of, "--help").ok().out.splitlines() if line.startswith("  -")]
        return {name for line in lines for name in line.split()[0].split("{")[0].split(",") if name.startswith("--")}
    offered = words(swage.program, *command.split(), "--")
    assert set(offered) == of_help(*command.split()) | of_help() - {"--version"}


def test_an_option_that_may_be_given_once_is_not_offered_again(swage):
    assert "--llvm" not in words(swage.program, "build", "--llvm", "--")
    assert "--for" in words(swage.program, "build", "--for", "arm64", "--")


def test_platforms_are_those_of_the_catalog_each_once(swage):
    names = [row["name"] for row in swage("list", "platforms", "--json").ok().json()["platforms"]]
    assert words(swage.program, "build", "--for", "") == sorted([*names, "all"])
    after = words(swage.program, "build", "--for", "arm64,mips,arm6")
    assert after and all(word.startswith("arm64,mips,arm64") for word in after) and "arm64,mips,arm64" not in after


def test_toolchains_are_those_of_the_platforms_that_are_named(swage):
    ids = [row["id"] for row in swage("list", "toolchains", "--for", "arm64", "--json").ok().json()["toolchains"]]
    assert words(swage.program, "build", "--for", "arm64", "--toolchain", "") == sorted(ids)
    assert "toolchain@gcc-12" in words(swage.program, "build", "toolchain@gcc-1")


def test_packages_are_those_of_the_catalog(swage):
    names = [row["name"] for row in swage("list", "packages", "--json").ok().json()["packages"]]
    assert set(names) - {"root"} <= set(words(swage.program, "build", "")), "`root` wants a name after it"


def test_of_layers_and_catalogs_that_are_named_before(swage, tmp_path):
    recipe, = [text for text in documented.blocks("docs/recipes.md") if text.startswith("[package]")]
    layer = write_recipe(tmp_path, "unheard-of", recipe.replace('"less"', '"unheard-of"'))
    assert words(swage.program, "build", "unh") == []
    assert words(swage.program, "--layer", layer, "build", "unh") == ["unheard-of"]


def test_nothing_is_said_or_made_whatever_is_wrong(swage, tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "platforms.toml").write_text("[[[")
    for line in [[], ["--no-such", ""], ["nonsense", ""], ["--catalog", str(bad), "build", ""], ["--catalog", "/nowhere", "build", "--for", ""],
                 ["--workspace", "/nowhere", "build", ""], ["build", "--for", "nowhere", "--toolchain", ""], ["build", "\x1b[2J@"], ["help", "nothing", ""]]:
        got = swage("complete-words", *line)
        assert (got.code, got.err) == (0, ""), line
    assert swage("complete-words", "--catalog", bad, "build", "").out == ""
    assert not swage.home.exists(), "no lock, no store, no cache"


def test_it_takes_no_time_that_who_types_would_see(swage):
    def best(*line):
        times = []
        for _ in range(5):
            begun = time.monotonic()
            words(swage.program, *line)
            times.append(time.monotonic() - begun)
        return min(times)
    assert best("build", "--for", "") < 0.25
    assert best("build", "") < 0.25


def test_it_can_be_read_in_part(swage):
    got = subprocess.run(["sh", "-c", f"{swage.program} complete-words build '' | head -1"], capture_output=True, text=True)
    assert got.stderr == "" and got.stdout


def test_another_shell(swage):
    got = swage("completion", "fissh").fails(2)
    assert got.err == "error: 'fissh' is not a shell that swage has completions for\nnote: known: bash, zsh, fish\nhint: did you mean 'fish'?\n"
    assert json.loads(swage("completion", "tcsh", "--json").fails(2).err)["error"]["what"].startswith("'tcsh' is not a shell")
