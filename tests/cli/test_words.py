"""Words that mean something else than they say: what was meant is the hint."""
import pytest


@pytest.mark.parametrize("word, meant", [
    ("6.1", "linux@6.1"), ("linux-6.1", "linux@6.1"), ("LINUX@6.1", "linux@6.1"), ("linux:6.1", "linux@6.1"), ("linux=6.1", "linux@6.1"),
    ("Linux_6.1.50", "linux@6.1.50"), ("Zlib", "zlib"), ("toolchain-12", "toolchain@12")])
def test_another_spelling_of_a_target(planner, word, meant):
    for command in [["plan", word], ["module", ".", "--kernel", word]]:
        assert planner(*command).fails(2).err == f"error: '{word.split('@')[0]}' is not a target\nhint: did you mean '{meant}'?\n"


def test_several_targets_are_several_words(planner):
    assert planner("plan", "linux@6.1,5.10").fails(2).err == (
        "error: 'linux@6.1,5.10' is not a target\nhint: give each target by itself: linux@6.1 linux@5.10\n")
    assert planner("plan", "zlib,less").fails(2).err == "error: 'zlib,less' is not a target\nhint: give each target by itself: zlib less\n"


def test_several_platforms_have_commas(planner):
    assert planner("plan", "zlib", "--for", "arm64", "armel").fails(2).err == (
        "error: 'armel' is not a target\nhint: several platforms have commas between them: --for arm64,armel\n")
    assert planner("plan", "zlib", "armel").fails(2).err == "error: 'armel' is not a target\nhint: it is a platform: TARGET --for armel\n"


@pytest.mark.parametrize("word, platforms", [("arm", {"armel", "armhf", "armv6l"}), ("x86", {"x86_64", "i686"}), ("arm32", {"armel", "armhf", "armv6l"}), ("rpi", {"arm64", "armhf", "armv6l"})])
def test_a_word_for_several_platforms(planner, word, platforms):
    first, hint = planner("plan", "zlib", "--for", word).fails(2).err.splitlines()
    assert first == f"error: '{word}' is not a platform" and hint.startswith("hint: several are called so: ")
    named = set(hint.removeprefix("hint: several are called so: ").split(", "))
    assert platforms <= named and not any("embedded" in name for name in named)


def test_a_compiler_is_not_a_toolchain_but_part_of_some(planner):
    assert planner("plan", "zlib", "--for", "arm64", "--toolchain", "gcc-13").fails(2).err == (
        "error: 'gcc-13' is not a toolchain\nhint: for arm64 there are: debian-trixie-gcc-13-arm64, debian-sid-gcc-13-arm64\n")
    assert planner("plan", "zlib", "--for", "arm64", "--toolchain", "nonesuch-at-all").fails(2).err == (
        "error: 'nonesuch-at-all' is not a toolchain\nhint: see those for arm64 with: swage list toolchains --for arm64\n")


def test_a_module_is_for_a_kernel(planner):
    (planner.cwd / "Kbuild").write_text("obj-m := x.o\n")
    assert planner("module", ".", "--kernel", "zlib").fails(2).err == (
        "error: 'zlib' is a package: '--kernel' is for the one that the modules are for\nhint: write it as: --kernel linux@6.1\n")


def test_a_word_of_a_few(planner):
    assert planner("plan", "zlib", "--graph", "svg").fails(2).err == (
        "error: '--graph' is 'svg', which is none of: dot, mermaid, json\nhint: see: swage plan --help\n")


def test_sizes_are_written_alike(swage):
    assert swage("store", "gc", "--max-freed", "1K").ok().out == "deleted 0 paths, 0 B\n"
    assert swage("store", "gc", "--max-freed", "2G", "--dry-run").ok()


def test_a_feature_of_what_is_not_needed(planner):
    """It would change nothing."""
    for option in ("--with", "--without"):
        assert planner("plan", "zlib", option, "ffmpeg:rpi").fails(2).err == (
            f"error: '{option} ffmpeg:rpi' changes nothing of 'zlib': 'ffmpeg' is no dependency that features are chosen for\n"
            f"hint: to build it with that: swage build ffmpeg {option} rpi\n")
    assert planner("plan", "zlib", "--with", "zlib:x").fails(2).err == "error: 'zlib' has no feature 'x'\nnote: it has none\n"


def test_files_that_are_not_there(swage):
    assert swage("store", "du", "./nothing").fails(2).err == "error: './nothing' does not exist\n"
    assert swage("log", "./nothing").fails(2).err == "error: './nothing' does not exist\n"
    (swage.cwd / "link").symlink_to("elsewhere")
    assert swage("store", "du", "link").fails(2).err == "error: 'link' is not a store path\n"
    assert swage("log", "link").fails(2).err == "error: 'link' is not a store path, nor a link to one\n"
    assert swage("check", "/etc/passwd").fails(2).err == (
        "error: '/etc/passwd' is not a directory\nhint: name a catalog, or a layer over it: a directory shaped like the catalog\n")
    assert swage("check", "nowhere").fails(2).err.startswith("error: 'nowhere' does not exist\n")
    assert swage("matrix", "--html", "/nowhere/x.html").fails(4).err == "error: cannot write '/nowhere/x.html': No such file or directory\n"


def test_help_has_options_and_texts_apart(swage):
    assert "no-build-inputs{" not in swage("store", "gc", "--help").ok().out
    said = swage("matrix", "--help").ok().out
    assert "Excludes" not in said and "Needs" not in said
    assert "  --packages                  of packages instead of kernels (not with --html, --images, --releases, --since)\n" in said
    assert "  --markdown                  as a table for docs/packages.md (only with --packages)\n" in said
    assert "--for PLATFORMS ..." not in said and "--for PLATFORMS  " in said


def test_a_version_of_a_package_is_the_package(planner):
    usual = planner("plan", "busybox").ok().out
    for version in ("1.35.0", "1.35", "1"):
        assert planner("plan", f"busybox@{version}").ok().out == usual
    for version in ("1.3", "1.35.0.1", "2"):
        assert planner("plan", f"busybox@{version}").fails(2).err.startswith(
            f"error: 'busybox' has no version '{version}'\nnote: it is 1.35.0, which the lock pins")


def test_a_kernel_that_the_catalog_does_not_have_is_resolved_and_not_built(planner):
    got = planner("resolve", "linux@6.1.50", "--for", "arm64,armel").ok()
    assert got.err == "note: 'linux@6.1.50' is not in the catalog: it can be resolved, not built; nearest: linux@6.1.8 and linux@6.1.176\n"
    assert planner("resolve", "linux@6.1.50", "--for", "arm64", "--json").ok().json()["resolutions"][0]["nearestKernels"] == ["linux@6.1.8", "linux@6.1.176"]
    assert planner("resolve", "linux@6.1", "--for", "arm64", "--json").ok().json()["resolutions"][0]["nearestKernels"] is None
    assert "nearest: linux@" in planner("resolve", "linux@9.9", "--for", "arm64").ok().err
    assert planner("plan", "linux@6.1.50", "--for", "arm64").fails(2).err == (
        "error: 'linux@6.1.50' is not in the catalog\nnote: nearest: linux@6.1.8 and linux@6.1.176; all that there are: swage list kernels\n"
        "hint: build any tree with: swage build linux --src DIR\n")


def test_features_are_listed(planner):
    lines = planner("list", "packages").ok().out.splitlines()
    assert "FEATURES" in lines[0]
    row, = [line for line in lines if line.startswith("ffmpeg@5.1 ")]
    assert row[lines[0].index("FEATURES"):].startswith("-rpi ")


def test_what_one_of_all_platforms_lacks_is_left_out(planner):
    missing = "note: busybox for armeb is left out: 'userland' for armeb: no toolchain satisfies every constraint\n"
    assert missing in planner("plan", "busybox", "--for", "all").ok().err
    built = planner("build", "busybox", "--for", "all", "--dry-run").ok()
    assert missing in built.err and "would build " in built.out
    for command in (["plan", "busybox"], ["build", "busybox", "--dry-run"]):
        assert planner(*command, "--for", "arm64,armeb").fails(3).err.startswith("error: 'userland' for armeb: "), "what was named is missed"
    assert "note: linux@5.10.223 for loongarch64 is left out: " in planner("plan", "linux@5.10", "--for", "all").ok().err
    one = planner("plan", "less", "--for", "all").fails(4).err   # the made-up lock has no ncurses: no fault of a platform
    assert one.count("error: ") == 1 and "left out: 'ncurses'" not in one
