"""Wrong usage and wrong input: exact text, exit code 2, nothing written."""
import json
import os
import re
import subprocess

from swage_cli import write_recipe


def test_unknown_command_is_suggested(swage):
    got = swage("biuld", "linux").fails(2)
    assert got.err == "error: 'biuld' is not a command of 'swage'\nhint: did you mean 'build'?\n"
    assert got.out == ""


def test_unknown_store_command_is_suggested(swage):
    assert swage("store", "verfy").fails(2).err == (
        "error: 'verfy' is not a command of 'swage store'\nhint: did you mean 'verify'?\n")


def test_unknown_option_is_suggested(swage):
    assert swage("build", "linux", "--enabel", "X").fails(2).err == (
        "error: '--enabel' is not an option of 'swage build'\nhint: did you mean '--enable'?\n")


def test_option_without_value(swage):
    assert swage("build", "linux", "--for").fails(2).err == (
        "error: '--for' wants a value\nhint: see: swage build --help\n")


def test_no_command(swage):
    assert swage().fails(2).err == "error: 'swage' wants a command\nhint: see: swage --help\n"


def test_missing_target(swage):
    assert swage("boot").fails(2).err == "error: 'swage boot' wants TARGET\nhint: see: swage boot --help\n"


def test_unknown_target_is_suggested(swage):
    assert swage("build", "linx").fails(2).err == "error: 'linx' is not a target\nhint: did you mean 'linux'?\n"


def test_unknown_target_without_a_near_one(swage):
    assert swage("build", "emacs").fails(2).err == (
        "error: 'emacs' is not a target\nhint: see what there is with: swage list packages\n")


def test_target_with_empty_version(swage):
    assert swage("build", "linux@").fails(2).err == (
        "error: 'linux@' is not a target\nhint: write it as NAME or NAME@VERSION\n")


def test_unknown_platform_is_suggested(planner):
    got = planner("plan", "linux@6.1", "--for", "amr64").fails(2)
    assert got.err == "error: 'amr64' is not a platform\nhint: did you mean 'arm64' or 'amd64'?\n"


def test_malformed_version(planner):
    assert planner("plan", "linux@6..1").fails(2).err.startswith("error: '6..1' is not a version")


def test_unknown_configuration(planner):
    assert planner("build", "linux@6.1", "--config", "tiyn", "--dry-run").fails(2).err == (
        "error: 'tiyn' is not a kernel configuration\nnote: give tiny, defconfig, another make of the tree (allnoconfig, NAME_defconfig, NAME.config) or a file\n"
        "hint: did you mean 'tiny'?\n")


def test_malformed_configuration_file_shows_every_line(planner):
    (planner.cwd / "my.config").write_text("CONFIG_A=y\nCONFIG_B\n# CONFIG_C is not set\nFOO BAR\n")
    assert planner("build", "linux@6.1", "--config", "my.config", "--dry-run").fails(2).err == (
        "error: 'CONFIG_B' is not a line of a kernel configuration\n"
        "  --> my.config:2:1\n   2 | CONFIG_B\n     | ^^^^^^^^\n"
        "error: 'FOO BAR' is not a line of a kernel configuration\n"
        "  --> my.config:4:1\n   4 | FOO BAR\n     | ^^^^^^^\n")


def test_set_without_value(planner):
    assert planner("build", "linux@6.1", "--set", "NR_CPUS", "--dry-run").fails(2).err == (
        "error: 'NR_CPUS' does not set a value\nhint: write it as: --set NR_CPUS=VALUE\n")


def test_enable_of_a_non_symbol(planner):
    assert planner("build", "linux@6.1", "--enable", "a-b", "--dry-run").fails(2).err == (
        "error: 'a-b' is not a configuration symbol\n")


def test_unknown_list(swage):
    got = swage("list", "kernel").fails(2)
    assert got.err.startswith("error: 'kernel' cannot be listed\n") and "did you mean 'kernels'?" in got.err


def test_help_and_version_are_results(swage):
    assert swage("--version").ok().out == "swage 0.1.0\n"
    for command in ["build", "boot", "verify", "matrix", "shell", "resolve", "plan", "list", "check", "lock", "log", "store"]:
        assert command in swage("--help").ok().out
        assert swage(command, "--help").ok().out


def test_source_tree_without_makefile(planner):
    (planner.cwd / "tree").mkdir()
    got = planner("build", "linux", "--src", "tree").fails(2)
    assert got.err == "error: 'tree' is not a kernel tree: it has no Makefile\n"


def test_source_tree_with_a_garbled_version(planner):
    (planner.cwd / "tree").mkdir()
    (planner.cwd / "tree" / "Makefile").write_text("VERSION = six\nPATCHLEVEL = 1\n")
    got = planner("build", "linux", "--src", "tree").fails(2)
    assert got.err == f"error: '{planner.cwd}/tree/Makefile' does not declare a kernel version\n"


def test_source_tree_of_another_version(planner):
    (planner.cwd / "tree").mkdir()
    (planner.cwd / "tree" / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 6\nSUBLEVEL = 3\nEXTRAVERSION =\n")
    assert planner("build", "linux@6.1", "--src", "tree").fails(2).err == "error: 'tree' is linux 6.6.3, not 6.1\n"


def test_a_path_that_is_not_in_the_store(swage):
    got = swage("store", "path-info", "/nix/store/00000000000000000000000000000000-x").fails(2)
    assert got.err == "error: '/nix/store/00000000000000000000000000000000-x' is not valid in this store\n"
    assert swage("store", "path-info", "nonsense").fails(2).err == "error: 'nonsense' is not a store path\n"


def test_a_component_of_a_layer_may_be_a_tree(planner, tmp_path):
    (tmp_path / "layer").mkdir()
    rows = tmp_path / "layer" / "components.toml"
    rows.write_text('[[component]]\nid = "gcc-9.3.0-bullseye"\noverride = true\ntree = "gcc"\n')
    args = ["--layer", tmp_path / "layer", "toolchain@source-gcc-9-armel", "--for", "armel", "--json"]
    got = planner("plan", *args).fails(2)
    assert json.loads(got.err)["error"]["what"] == f"'{tmp_path}/layer/gcc' is no directory, archive or git URL"
    tree = tmp_path / "layer" / "gcc"
    tree.mkdir()

    def planned():
        drvs = planner("plan", *args).ok().json()["derivations"]
        return next(d["outputs"]["out"] for d in drvs if d["name"] == "gcc-9.3.0-arm-linux-gnueabi")

    empty = planned()
    (tree / "configure").write_text("# mine\n")
    assert planned() != empty, "the content of the tree is part of what is built"


def test_platforms_say_what_builds_for_them_or_why_nothing_does(planner):
    got = {p["name"]: (p["toolchain"], p["whyNoToolchain"]) for p in planner("list", "platforms", "--json").ok().json()["platforms"]}
    assert got["arm64"][0].startswith("debian-") and got["arm64-musl"] == ("source-gcc-12-arm64-musl", None)
    assert got["msp430"] == (None, "no provider has one")
    assert got["armeb"][1].startswith("debian-") and got["armeb"][1].endswith("has no C library: for kernels only")
    assert "none: no provider has one" in planner("list", "platforms").ok().out


def test_a_reader_that_leaves_ends_it_quietly(planner):
    for args in [["list", "toolchains"], ["list", "toolchains", "--json"], ["--help"]]:
        reading, writing = os.pipe()
        os.close(reading)  # before the program starts: what fits the pipe would be written before a later close
        run = subprocess.run(planner.argv(*args), env=planner.env, cwd=planner.cwd, stdout=writing, stderr=subprocess.PIPE, text=True)
        os.close(writing)
        assert (run.returncode, run.stderr) == (141, ""), args


def test_results_that_cannot_be_written_are_an_error(planner):
    for args in [["list", "kernels"], ["list", "toolchains"], ["resolve", "linux@6.1", "--json"], ["--version"], ["build", "--help"]]:
        with open("/dev/full", "w") as full:
            run = subprocess.run(planner.argv(*args), env=planner.env, cwd=planner.cwd, stdout=full, stderr=subprocess.PIPE, text=True)
        said = json.loads(run.stderr)["error"]["what"] if "--json" in args else run.stderr.removeprefix("error: ").rstrip("\n")
        assert (run.returncode, said) == (4, "cannot write the result: No space left on device"), args


def test_what_stands_after_a_packages_at_is_meant_as_a_version(planner):
    hint = "hint: see which packages and versions there are with: swage list packages\n"
    assert planner("plan", "busybox@2.0").fails(2).err == (
        "error: 'busybox' has no version '2.0'\nnote: it is 1.35.0, which the lock pins: the archive that bookworm has of it\n" + hint)
    assert planner("build", "cc@12", "--dry-run").fails(2).err == "error: 'cc' has no version '12'\n" + hint


def test_so_it_is_of_a_dependency(planner, tmp_path):
    layer = write_recipe(tmp_path, "tool", '[package]\nname = "tool"\nversion = "1"\n[source]\nurls = ["https://example.org/t.tar.gz"]\n'
                         f'sha256 = "{"0" * 64}"\n[build]\nsystem = "make"\n[deps]\nhost = ["zlib@1.2.11"]\n')
    said = planner("--layer", layer, "plan", "tool", "--for", "arm64").fails(2).err.splitlines()
    assert said[0] == "error: '1.2.11' is not an instance"
    assert "note: a package is of one version unless its recipe has [[member]]s: swage list packages" in said


def test_a_platform_without_a_toolchain_is_told_of_its_likes_not_of_all(planner):
    for args in [["resolve", "linux@6.1", "--for", "vc4"], ["plan", "zlib", "--for", "vc4"]]:
        said = planner(*args).fails(3).err.splitlines()
        assert said[0] == "error: 'vc4' has no toolchain"
        assert re.fullmatch(r"hint: \d+ platforms have one, [\w-]+, [\w-]+, [\w-]+ and [\w-]+ among them: swage list platforms", said[-1]), said


def test_a_distributions_source_is_upstreams_archive_and_says_so(planner):
    lock = json.loads((planner.home / "swage.lock").read_text())
    sha256 = lock["sources"]["bookworm/busybox"]
    lock["files"][sha256]["version"] = "1:1.35.0-4+deb12u3"   # as locks had it
    (planner.home / "swage.lock").write_text(json.dumps(lock))
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in planner("list", "packages").ok().out.splitlines() if line.strip()}
    assert rows["busybox"].startswith("1.35.0 upstream's archive in bookworm, without its patches ")
    assert not any("deb12" in row for row in rows.values())


def test_a_number_below_zero_is_not_the_largest_one(swage):
    """It wrapped: `store gc --max-freed -1` deleted everything."""
    assert swage("store", "gc", "--max-freed", "-1").fails(2).err == (
        "error: '--max-freed' has a value of the wrong kind: '-1' is not a number that can be meant\nhint: see: swage store gc --help\n")
    for option in ["--max-log-size", "--max-memory", "--max-processes", "--timeout", "--max-silent-time", "--jobs", "--cores"]:
        for value in ["-1", "-5K", "+x"]:
            assert f"'{option}' has a value of the wrong kind: '{value}' is not" in swage("build", "nano", option, value).fails(2).err, (option, value)


def test_an_empty_value_is_not_the_same_as_none(planner):
    """A script's variable that is not set must not plan something else."""
    for option in ["--src", "--config", "--toolchain", "--fragment", "--patch", "--for", "--set"]:
        assert planner("plan", "linux@6.1", option, "").fails(2).err == f"error: '{option}' is empty\nhint: see: swage plan --help\n", option
    for option in ["--workspace", "--instance", "--lock", "--home", "--layer", "--catalog"]:
        assert f"'{option}' is empty" in planner(option, "", "list", "kernels").fails(2).err, option


def test_an_option_before_its_command(swage):
    assert swage("--toolchain", "x", "resolve", "linux@6.1").fails(2).err == (
        "error: '--toolchain' stands before 'resolve', whose option it is\nhint: write it behind: swage resolve --toolchain ...\n")


def test_the_version(swage):
    text = swage("--version").ok().out
    assert text == f"swage {swage('--json', '--version').ok().json()['version']}\n" == f"swage {swage('--version', '--json').ok().json()['version']}\n"


def test_a_set_of_packages_is_for_commands_that_have_packages(swage):
    for command in (["list", "platforms"], ["check"], ["lock"], ["boot", "linux@6.1"], ["verify"], ["store", "du"], ["log", "x"], ["matrix"]):
        said = swage(*command, "--instance", "x").fails(2).err
        assert said == f"error: '--instance' says nothing for 'swage {command[0]}'\nhint: it is for: build, run, shell, resolve, plan, fetch, why-build, cache, mirror\n"


def test_records_go_into_a_directory(planner):
    assert planner("verify", "linux@6.1", "--for", "arm64", "--evidence", "/dev/zero").fails(2).err == "error: '/dev/zero' is not a directory for records\n"
