"""swage frontier for real, over kernels and compilers that are made up: what is built, what is recorded, and what is said of it."""
import json
import os
import shutil
import tomllib

import pytest

from cells import BOOT, KERNEL
from made_up_versions import VERSIONS, compiler, constraint, write_versions

SEARCH = ["frontier", f"linux@{KERNEL}", "--for", "arm64", "--provider", "made-up"]
LABEL = f"linux {KERNEL} for arm64"
# A kernel of 6.99 refuses gcc 7.
ERROR = "kernel/made.c:7:1: error: 'made' undeclared"


@pytest.fixture
def world(cells):
    """Writes a world in which the kernel does not build with some compilers, or does not boot: version -> the lines that are said."""
    def write(builds=None, boots=None, constraints="", more="", toolchain="$busybox mkdir -p $out\n"):
        write_versions(cells.layer, constraints, more=more)
        (cells.layer / "scripts/made-up-versions.sh").write_text(toolchain)

        def cases(what):
            return "".join(f"  {compiler(version)}) echo \"{lines}\"; exit 2 ;;\n" for version, lines in (what or {}).items())
        (cells.layer / "scripts/fake-linux.sh").write_text(
            f'set -e\ncase $toolchain in\n{cases(builds)}esac\n$busybox mkdir -p $out\necho "$platform $toolchain" > $out/kernel\n')
        boot = BOOT.replace("read platform config < $kernel/kernel\n", f"read platform toolchain < $kernel/kernel\ncase $toolchain in\n{cases(boots)}esac\n")
        assert boot != BOOT
        (cells.layer / "scripts/fake-boot.sh").write_text("set -e\n" + boot)
        if os.geteuid() == 0:
            for path in [cells.layer, *cells.layer.rglob("*")]:
                shutil.chown(path, "swage-test")
        return lambda *args, evidence=cells.records: cells(*args, "--evidence", evidence)
    return write


def broken(first, lines=ERROR):
    return {version: lines for version in VERSIONS if int(version.split(".")[0]) >= first}


def records(cells):
    return {path.stem.removeprefix(f"linux-{KERNEL}-made-gcc-"): tomllib.loads(path.read_text())["evidence"]
            for path in cells.records.glob("arm64/*.toml")}


def without_times(out):
    """Lines of tries end in how long they took."""
    return [line.split("  kernel ")[0].rstrip() for line in out.splitlines()]


def test_the_first_that_does_not_build_is_found_and_a_row_is_proposed(cells, world):
    swage = world(builds=broken(10))
    got = swage(*SEARCH).ok()
    kept = records(cells)
    assert {name: row["state"] for name, row in kept.items()} == {
        "8.1.0-arm64": "booted", "9.1.0-arm64": "booted", "10.1.0-arm64": "failed", "12.1.0-arm64": "failed"}
    failed = kept["10.1.0-arm64"]
    assert failed["failed_drv"] == failed["kernel_drv"] and "forced" not in failed
    lines = without_times(got.out)
    assert lines[-13:] == [
        f"gcc 9.1.0 boots, gcc 10.1.0 does not build: {ERROR}", f"records in '{cells.records}'", "",
        f"# Proposed by swage frontier on {failed['when']}: gcc 9.1.0 boots, 10.1.0 does not build; nothing between them was tried.",
        "# `when` is what was seen: widen it to what else is known to be concerned.", "[[constraint]]",
        f'id = "gcc-10.1.0-linux-{KERNEL}-arm64"', f'when = {{ kernel = "={KERNEL}", arch = ["arm64"] }}', 'require = { gcc = "<10.1.0" }',
        'effect = "builds-not"', f'reason = "{ERROR}"',
        f'source = "evidence/arm64/linux-{KERNEL}-{compiler("9.1.0")}.toml; evidence/arm64/linux-{KERNEL}-{compiler("10.1.0")}.toml"',
        'confidence = "bisected"']
    assert f"{LABEL}, gcc from 8.1.0 to 12.1.0: 5 versions, at most 4 builds\ntrying gcc 12.1.0 ({compiler('12.1.0')}): at most 4 more\n" in got.err
    again = swage(*SEARCH, "--json").ok()
    assert "building" not in again.err, "what is on record is not made again"
    said = again.json()
    assert [(one["version"], one["works"], one["known"]) for one in said["tries"]] == [
        ("9.1.0", True, True), ("12.1.0", False, True), ("10.1.0", False, True)], "and begins at what has booted"
    assert said["works"]["version"] == "9.1.0" and said["fails"]["version"] == "10.1.0" and said["fails"]["reason"] == ERROR
    assert said["monotone"] is True and said["odd"] == [] and said["error"] is None and said["differ"] is None
    assert said["row"]["id"] == f"gcc-10.1.0-linux-{KERNEL}-arm64" and tomllib.loads(said["row"]["text"])["constraint"][0]["confidence"] == "bisected"


def test_a_row_that_is_accepted_is_seen_on_both_sides(cells, world):
    swage = world(builds=broken(10))
    table = cells.layer / "kernels/constraints.toml"
    place = cells.layer / "evidence"   # where it is read again, by whatever command
    got = swage(*SEARCH, "--write", table, evidence=place).ok()
    name = f"gcc-10.1.0-linux-{KERNEL}-arm64"
    assert got.out.splitlines()[-1] == f"'{name}' is in '{table}'" and "[[constraint]]" not in got.out

    def sides():
        rows = cells("list", "constraints", "--json").ok().json()["constraints"]
        return next(row["verified"] for row in rows if row["id"] == name)
    assert sides()["sides"] == "both" and sides()["fails"]["record"].endswith(f"linux-{KERNEL}-{compiler('10.1.0')}.toml")
    said = swage("frontier", "--constraint", name, "--provider", "made-up", evidence=place).ok()
    assert f"gcc 9.1.0 boots, gcc 10.1.0 does not build: {ERROR}\n'{name}' says so: both sides are on record\n" in said.out
    assert (place / f"arm64/linux-{KERNEL}-{compiler('10.1.0')}-forced-{name}.toml").exists()
    assert sides()["sides"] == "both" and cells("check").ok().err == ""
    assert swage(*SEARCH, "--write", table, evidence=place).ok().out.splitlines()[2:] == said.out.splitlines()[2:], "there is nothing more to propose"


def test_a_bound_that_is_known_takes_two_builds(cells, world):
    swage = world(builds=broken(10), constraints=constraint("made-up-new", 'gcc = "<10"'))
    got = swage(*SEARCH).ok()
    assert without_times(got.out) == [
        f"  boots           gcc 9.1.0   {compiler('9.1.0')}", f"  does not build  gcc 10.1.0  {compiler('10.1.0')}",
        f"gcc 9.1.0 boots, gcc 10.1.0 does not build: {ERROR}", "'made-up-new' says so: both sides are on record", f"records in '{cells.records}'"]
    kept = records(cells)
    assert set(kept) == {"9.1.0-arm64", "10.1.0-arm64-forced-made-up-new"}
    assert kept["10.1.0-arm64-forced-made-up-new"]["forced"] == ["made-up-new"]
    verify = cells.verify("--toolchain", compiler("10.1.0"), "--json").fails(3).json()["cells"][0]
    assert verify["state"] == "impossible" and verify["constraints"] == ["made-up-new"], "what was forced makes nothing possible"


def test_what_a_constraint_forbids_and_boots_contradicts_it(cells, world):
    swage = world(builds=broken(12), constraints=constraint("made-up-new", 'gcc = "<10"'))
    one = swage("frontier", "--constraint", "made-up-new", "--for", "arm64", "--provider", "made-up").fails(1)
    assert without_times(one.out)[2:] == ["every version that was tried works, gcc 10.1.0 too",
                                          "'made-up-new' is not true there: it says builds-not of what works", f"records in '{cells.records}'"]
    assert one.err.count("building linux-") == 2
    all_of_it = swage(*SEARCH, "--json").ok().json()
    assert all_of_it["contradicted"] == ["made-up-new"] and all_of_it["confirmed"] == [] and all_of_it["row"]["id"].startswith("gcc-12.1.0-")
    assert [one["version"] for one in all_of_it["tries"]] == ["9.1.0", "10.1.0", "12.1.0", "11.1.0"]


def test_a_constraint_that_allows_what_fails(cells, world):
    swage = world(builds=broken(9), constraints=constraint("made-up-new", 'gcc = "<10"'))
    got = swage("frontier", "--constraint", "made-up-new", "--for", "arm64", "--provider", "made-up").fails(1)
    assert without_times(got.out)[2:] == [f"no version that was tried works; gcc 9.1.0 does not build: {ERROR}",
                                          "'made-up-new' allows what does not work", f"records in '{cells.records}'"]


def test_a_boot_that_fails_is_a_side_too(cells, world):
    swage = world(boots=broken(11, "Kernel panic"), constraints=constraint("made-up-new", 'gcc = "<11"', effect="boots-not"))
    got = swage(*SEARCH).ok()
    assert "gcc 10.1.0 boots, gcc 11.1.0 does not boot: Kernel panic\n'made-up-new' says so: both sides are on record\n" in got.out
    failed = records(cells)["11.1.0-arm64-forced-made-up-new"]
    assert failed["failed_drv"] == failed["boot_drv"] and len(failed["kernel_nar"]) == 64
    wrong = world(boots=broken(11, "Kernel panic"), constraints=constraint("made-up-new", 'gcc = "<11"'))
    assert "both sides are on record, but it says builds-not\n" in wrong(*SEARCH).ok().out


def test_of_several_constraints_the_log_tells_which(cells, world):
    both = constraint("made-up-a", 'gcc = "<10"') + constraint("made-up-b", 'gcc = "<10"') + constraint("made-up-c", 'gcc = "<10"', effect="misbehaves")
    got = world(builds=broken(10), constraints=both)(*SEARCH).ok()
    assert "one of made-up-a, made-up-b says so: the log does not tell which\n" in got.out and "[[constraint]]" not in got.out
    shutil.rmtree(cells.records)
    swage = world(builds=broken(10, "it is the made-up error"), constraints=both)
    (cells.layer / "kernels/signatures.toml").write_text(
        '[[signature]]\nid = "made-up"\npattern = "the made-up error"\nconstraint = "made-up-b"\ntext = "what happened"\n')
    assert "gcc 9.1.0 boots, gcc 10.1.0 does not build: what happened\n'made-up-b' says so: both sides are on record\n" in swage(*SEARCH).ok().out


def test_the_tools_of_a_root_are_tried_in_roots_that_are_named(cells, world):
    swage = world(constraints=constraint("made-up-make", 'make = "<4.4"'))
    got = swage("frontier", f"linux@{KERNEL}", "--for", "arm64", "--tool", "make").ok()
    assert "'made-up-make' is not true there: it says builds-not of what works\n" in got.out
    kept = {path.stem.partition("-arm64")[2]: tomllib.loads(path.read_text())["evidence"] for path in cells.records.glob("arm64/*.toml")}
    assert {name: (row["root"], row.get("forced")) for name, row in kept.items()} == {
        "-in-build": ("build", None), "-forced-made-up-make-in-build-trixie": ("build-trixie", ["made-up-make"])}
    assert all(row["root_named"] for row in kept.values())


def test_one_that_fails_between_two_that_work_is_told(cells, world):
    odd = {"9.1.0": ERROR, "12.1.0": ERROR}
    swage = world(builds=odd, constraints=constraint("made-up-new", 'gcc = "<10"'))
    got = swage(*SEARCH).ok()
    assert "gcc 8.1.0 boots, gcc 9.1.0 does not build: " in got.out
    assert ("gcc 10.1.0 works although gcc 9.1.0 before it does not: not all versions were tried, so there may be more such\n") in got.out
    assert 'require = { gcc = "<9.1.0|>=10.1.0" }\n' in got.out
    said = swage(*SEARCH, "--json").ok().json()
    assert said["monotone"] is False and said["odd"] == ["10.1.0"]


def test_all_work_and_none_does(cells, world):
    assert "every version that was tried works, gcc 12.1.0 too\n" in world()(*SEARCH).ok().out
    shutil.rmtree(cells.records)
    none = world(builds=broken(1))(*SEARCH, "--json").ok().json()
    assert none["works"] is None and none["fails"]["version"] == "8.1.0" and none["row"] is None


def test_towards_older_versions(cells, world):
    old = {"7.1.0": ERROR, "8.1.0": ERROR, "9.1.0": ERROR}
    got = world(builds=old)(*SEARCH, "--older").ok()
    assert f"gcc 10.1.0 boots, gcc 9.1.0 does not build: {ERROR}\n" in got.out and 'require = { gcc = ">9.1.0" }\n' in got.out


@pytest.mark.parametrize("lines, code, says", [
    ("multiple definition of 'yylloc'", 1, "this is known: dtc defines yylloc twice, which a host gcc from 10 on no longer merges (constraint 'host-gcc-10-no-common')"),
    ("chown: changing ownership of 'x': Invalid argument", 1, "this is known: everything in a build belongs to one user, so files cannot be "
     "given to another"),
    ("sh: cannot create x: No space left on device", 4, f"'linux-{KERNEL}-arm64' did not build: the disk is full"),
])
def test_what_fails_for_another_reason_ends_the_search_and_is_no_side(cells, world, lines, code, says):
    swage = world(builds={"9.1.0": lines, "12.1.0": ERROR}, constraints=constraint("made-up-new", 'gcc = "<12"'))
    assert "gcc 11.1.0 boots, gcc 12.1.0 does not build: " in swage(*SEARCH).ok().out, "it is not among what is tried"
    shutil.rmtree(cells.records)
    swage = world(builds={"11.1.0": lines}, constraints=constraint("made-up-new", 'gcc = "<12"'))
    failed = swage(*SEARCH, "--json").fails(code)
    said = failed.json()
    assert said["tries"] == [] and said["works"] is None and said["fails"] is None and said["row"] is None
    assert said["error"]["what"].startswith(f"gcc 11.1.0 ({compiler('11.1.0')}) for {LABEL} says nothing of gcc: {says}")
    assert said["error"]["notes"], "with what the build said"
    assert said["error"]["what"] == json.loads(failed.err.splitlines()[-1])["error"]["what"]


def test_a_toolchain_that_cannot_be_made_is_no_side(cells, world):
    swage = world(toolchain="echo broken; exit 1\n")
    got = swage(*SEARCH).fails(1)
    assert got.out == ""
    assert (f"error: gcc 12.1.0 ({compiler('12.1.0')}) for {LABEL} says nothing of gcc: 'toolchain-{compiler('12.1.0')}.drv' failed, "
            "which is neither the kernel nor its boot\n") in got.err


def test_a_source_that_cannot_be_had_is_no_side(cells, world):
    swage = world()
    releases = cells.layer / "kernels/releases.toml"
    releases.write_text(releases.read_text().replace("linux.tar", "lost.tar"))
    got = swage(*SEARCH).fails(4)
    assert got.out == "" and f"error: gcc 12.1.0 ({compiler('12.1.0')}) for {LABEL} says nothing of gcc: " in got.err
    assert not records(cells)
