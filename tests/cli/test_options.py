"""Every option of every command has an effect on what it is given for, or is refused: nothing is silently ignored."""
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

TARGETS = {"kernel": "linux@6.1", "kernel's tree": "linux-source@6.1", "package": "busybox", "toolchain": "toolchain", "root": "root@build"}
# With a value that is not the default.
OPTIONS = {
    "--for": ["arm64"], "--toolchain": ["debian-bookworm-gcc-11-x86_64"], "--llvm": [], "--with": ["flag"], "--without": ["flag"], "--static": [],
    "--target": ["arm64"], "--emulate": [], "--accelerate": [], "--config": ["defconfig"], "--enable": ["KPROBES"], "--disable": ["KPROBES"],
    "--set": ["NR_CPUS=3"], "--fragment": ["fragment"], "--strict-config": [], "--patch": ["x.patch"], "--src": ["tree"]}
NOTHING = re.compile(r"^error: '(--[a-z-]+)' says nothing of '(\S+)', which is an? ([^\n]+)\nnote: it is for [^\n]+\nhint: see: swage (\w+) --help\n$")
# Options that say how, where and how much, not what: they hold for whatever is made.
HOW = {"--help", "--json", "--quiet", "--print-build-logs", "--catalog", "--layer", "--home", "--lock", "--jobs", "--cores", "--keep-going",
       "--keep-failed", "--timeout", "--max-silent-time", "--out-link", "--no-link", "--print-out-paths", "--dry-run", "--check", "--explain",
       "--graph", "--instantiate", "--program", "--command", "--kernel", "--boot", "--evidence", "--packages", "--skip-verified", "--replay",
       "--instance", "--max-log-size", "--max-processes", "--max-memory", "--make", "--uses", "--vendor", "--param", "--dir",
       "--substituters", "--no-substituters", "--trusted-public-keys", "--no-require-sigs", "--substituter-timeout", "--push-to", "--store", "--builders", "--key", "--upstream", "--mirror", "--offline",
       "--min-free", "--max-free", "--idle", "--retry", "--limit", "--for-time", "--keep-free", "--spare", "--objects", "--seed"}
COMMANDS = ["build", "boot", "run", "plan", "fetch", "resolve", "shell", "module", "log", "verify"]


def of_help(swage, command):
    return set(re.findall(r"(?:^|[ ,])(--[a-z][a-z-]+)", swage(command, "--help").ok().out, re.M))


@pytest.fixture
def world(planner):
    """With what the options name: a kernel's tree, a patch, a fragment, and a package that has a feature."""
    (planner.cwd / "tree").mkdir()
    (planner.cwd / "tree/Makefile").write_text("VERSION = 6\nPATCHLEVEL = 6\nSUBLEVEL = 3\nEXTRAVERSION =\n")
    (planner.cwd / "Kbuild").write_text("obj-m := x.o\n")
    (planner.cwd / "fragment").write_text("CONFIG_KPROBES=y\n")
    (planner.cwd / "x.patch").write_text("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    return planner


def test_the_table_knows_every_option(swage):
    for command in COMMANDS:
        assert of_help(swage, command) <= set(OPTIONS) | HOW, command


def test_an_option_has_an_effect_on_a_target_or_is_refused(world):
    """The pairs that are refused are those of the table; of all others the plan is another one, or says why there is none."""
    def planned(target, *option):
        version = [] if option[:1] != ("--src",) else [target.split("@")[0]]
        return world("plan", *(version or [target]), *option)

    refused = {
        "kernel": {"--with", "--without", "--static", "--target", "--emulate", "--accelerate"},
        "kernel's tree": set(OPTIONS) - {"--src", "--patch"},
        "package": {"--config", "--enable", "--disable", "--set", "--fragment", "--strict-config", "--patch", "--src"},
        "toolchain": set(OPTIONS) - {"--for", "--toolchain", "--llvm", "--emulate", "--accelerate"},
        "root": set(OPTIONS)}
    with ThreadPoolExecutor(4) as pool:
        usual = dict(zip(TARGETS, pool.map(lambda target: planned(target).ok().out, TARGETS.values())))
        pairs = [(kind, option) for kind in TARGETS for option in OPTIONS]
        outcomes = pool.map(lambda pair: planned(TARGETS[pair[0]], pair[1], *OPTIONS[pair[1]]), pairs)
    for (kind, option), got in zip(pairs, outcomes):
        said = NOTHING.match(got.err)
        if option in refused[kind]:
            assert got.code == 2 and said, f"{option} for a {kind}: {got}"
            assert said.groups() == (option, TARGETS[kind].split("@")[0] if option == "--src" else TARGETS[kind], kind, "plan")
        elif option in ("--emulate", "--accelerate"):
            assert got.fails(2).err.startswith(f"error: '{option}' says nothing of 'x86_64', which is the platform that builds\n")
            assert planned(TARGETS[kind], option, "--for", "arm64").out != planned(TARGETS[kind], "--for", "arm64").ok().out
        elif got.code == 0:
            assert got.out != usual[kind], f"{option} changes nothing of a {kind}"
        else:   # what the option says does not go with this target: not ignored either
            assert any(word in got.err for word in [option, *OPTIONS[option], *(["clang"] if option == "--llvm" else [])]), f"{option} for a {kind}: {got.err}"


def test_commands_do_not_have_what_would_change_nothing_of_them(world):
    configuration = {"--config", "--enable", "--disable", "--set", "--fragment", "--strict-config"}
    package = {"--with", "--without", "--static", "--target"}
    for command, idle in {"resolve": configuration | package | {"--patch"}, "shell": configuration | package}.items():
        assert not of_help(world, command) & idle
        for option in idle:
            assert world(command, "linux@6.1", option, *OPTIONS[option]).fails(2).err.startswith(f"error: '{option}' is not an option of 'swage {command}'\n")
    for option in set(OPTIONS) & of_help(world, "resolve"):
        target = "busybox" if option in ("--emulate", "--accelerate") else "linux" if option == "--src" else "linux@6.1"
        platform = ["--for", "arm64"] if option in ("--emulate", "--accelerate") else []
        before, after = world("resolve", target, *platform, "--json"), world("resolve", target, *platform, option, *OPTIONS[option], "--json")
        assert before.out != after.out, option


def test_the_given_cases(world):
    assert world("build", "nano", "--src", "DIR").fails(2).err == (
        "error: '--src' says nothing of 'nano', which is a package\nnote: it is for kernels, their trees, images\nhint: see: swage build --help\n")
    assert world("build", "nano", "--patch", "x.patch").fails(2).err.startswith("error: '--patch' says nothing of 'nano', which is a package\n")
    assert world("build", "nano", "--enable", "X").fails(2).err.startswith("error: '--enable' says nothing of 'nano', which is a package\n")
    assert world("run", "linux@6.1").fails(2).err == (
        "error: 'linux@6.1' is a kernel, which has no programs to run\nhint: boot it with: swage boot linux@6.1\n")


def test_a_set_of_packages_is_for_packages(world):
    assert world("plan", "linux@6.1", "--instance", "none").fails(2).err == (
        "error: '--instance' says nothing of 'linux@6.1', which is a kernel\nnote: it is for packages that name none\nhint: see: swage plan --help\n")
    world("plan", "busybox", "--instance", "none").ok()


def test_an_option_for_one_of_several_targets_is_for_that_one(world):
    world("build", "linux@6.1", "busybox", "--config", "tiny", "--static", "--dry-run").ok()
    assert "'--llvm' says nothing of 'root@build', which is a root" in world("build", "root@build", "linux-source@6.1", "--llvm").fails(2).err


@pytest.mark.parametrize("command", ["run", "boot", "module", "verify", "log"])
def test_each_command_refuses_what_is_not_for_its_target(world, command):
    args = {"run": ["busybox", "--config", "tiny"], "boot": ["linux@6.1", "--static"], "module": [".", "--kernel", "linux@6.1", "--static"],
            "verify": ["busybox", "--strict-config"], "log": ["busybox", "--set", "A=1"]}[command]
    assert NOTHING.match(world(command, *args).fails(2).err).group(4) == command


def test_what_is_not_of_the_commands_kind_is_refused_at_once(swage):
    """Without a lock file, so that nothing can be planned."""
    assert swage("boot", "bison").fails(2).err == "error: 'bison' does not boot: its recipe names none that boots it (booted_by)\n"
    assert swage("run", "root@build").fails(2).err == "error: 'root@build' is a root, which has no programs to run\nhint: see: swage run --help\n"
    assert swage("run", "linux-source").fails(2).err.startswith("error: 'linux-source' is a kernel's tree, which has no programs to run\n")


def test_a_log_of_a_store_path_is_of_that_alone(swage):
    path = "/nix/store/00000000000000000000000000000000-x.drv"
    assert swage("log", path, "--for", "arm64").fails(2).err == (
        f"error: '--for' says nothing of '{path}', which is a store path\nnote: it is for kernels, packages, toolchains, images\nhint: see: swage log --help\n")


def test_a_toolchain_is_named_once(planner):
    assert planner("plan", "toolchain@gcc-12", "--toolchain", "debian-bookworm-gcc-11-x86_64").fails(2).err == (
        "error: '--toolchain' and 'toolchain@gcc-12' contradict each other: the target names its toolchain\nhint: leave out one of them\n")


def test_a_record_is_repeated_as_it_is(planner):
    assert planner("verify", "busybox", "--replay", "--static").fails(2).err == (
        "error: '--static' says nothing of a record of a package, which is repeated as it is\nhint: see: swage verify --help\n")
    assert "'--emulate' says nothing of a record of a kernel" in planner("verify", "linux@6.1", "--replay", "--emulate").fails(2).err


def test_options_that_need_another(swage):
    assert swage("store", "du", "-r").fails(2).err == "error: '--recursive' says nothing without 'PATH'\nhint: see: swage store du --help\n"
    assert swage("matrix", "--markdown").fails(2).err == "error: '--markdown' says nothing without '--packages'\nhint: see: swage matrix --help\n"


@pytest.mark.parametrize("command", [["matrix", "--packages", "--markdown"], ["plan", "linux@6.1", "--graph=dot"]])
def test_two_ways_of_printing_are_one_too_many(planner, command):
    option = command[-1].split("=")[0]
    assert json.loads(planner(*command, "--json").fails(2).err)["error"]["what"] == f"'--json' and '{option}' cannot be given together"


@pytest.mark.parametrize("pair", [("--out-link=x", "--no-link"), ("--out-link=x", "--dry-run"), ("--no-link", "--dry-run"),
                                  ("--print-out-paths", "--dry-run")])
def test_options_of_which_one_would_undo_the_other(swage, pair):
    names = [name.split("=")[0] for name in pair]
    assert swage("build", "bison", *pair).fails(2).err == (
        f"error: '{names[0]}' and '{names[1]}' cannot be given together\nhint: see: swage build --help\n")
