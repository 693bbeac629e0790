"""swage frontier without builds: what it would try, and what it refuses; and what records of such tries say, and do not say, elsewhere."""
import json
import tomllib

import pytest

from made_up_versions import compiler, constraint, write_versions
from records import write_record
from swage_cli import catalog_without_evidence

TARGET = ["linux@6.1", "--for", "arm64"]
NEW = constraint("made-up-new", 'gcc = "<10"')
OLD = constraint("made-up-old", 'gcc = ">=8.1.0"')


@pytest.fixture
def made_up(planner, tmp_path):
    """swage with the made-up compilers, no records, and these constraints."""
    catalog = catalog_without_evidence(tmp_path)

    def run(*args, constraints=NEW, more="", only=True):
        layer = write_versions(tmp_path / "layer", constraints, more=more)
        provider = ["--provider", "made-up"] if only and args[0] == "frontier" else []
        return planner(*args, *provider, "--catalog", catalog, "--layer", layer)
    return run


def test_what_would_be_tried(made_up):
    got = made_up("frontier", *TARGET, "--dry-run", constraints=NEW + OLD).ok()
    assert got.out == """linux 6.1.176 for arm64, gcc from 8.1.0 to 12.1.0: 5 versions, at most 4 builds
  gcc 8.1.0   made-gcc-8.1.0-arm64
  gcc 9.1.0   made-gcc-9.1.0-arm64
  gcc 10.1.0  made-gcc-10.1.0-arm64  forbidden by made-up-new
  gcc 11.1.0  made-gcc-11.1.0-arm64  forbidden by made-up-new
  gcc 12.1.0  made-gcc-12.1.0-arm64  forbidden by made-up-new
order: 9.1.0, then 10.1.0, if these end as expected; else by halves
"""
    assert got.err == ""
    older = made_up("frontier", *TARGET, "--dry-run", "--older", constraints=NEW + OLD).ok()
    assert older.out == """linux 6.1.176 for arm64, gcc from 9.1.0 to 7.1.0: 3 versions, at most 3 builds
  gcc 9.1.0  made-gcc-9.1.0-arm64
  gcc 8.1.0  made-gcc-8.1.0-arm64
  gcc 7.1.0  made-gcc-7.1.0-arm64  forbidden by made-up-old
order: 8.1.0, then 7.1.0, if these end as expected; else by halves
"""
    unknown = made_up("frontier", *TARGET, "--dry-run", constraints="").ok()
    assert unknown.out.splitlines()[0] == "linux 6.1.176 for arm64, gcc from 7.1.0 to 12.1.0: 6 versions, at most 5 builds"
    assert unknown.out.splitlines()[-1] == "order: 12.1.0; where one fails, by halves between it and what works"


def test_what_builds_nothing_takes_no_options_for_builds(made_up, tmp_path):
    for option in (["--write", str(tmp_path / "rows.toml")], ["--jobs", "2"], ["--cores", "1"], ["--keep-going"], ["--keep-failed"], ["--timeout", "9"],
                   ["--max-silent-time", "9"], ["--max-log-size", "9M"], ["--max-processes", "9"], ["--max-memory", "9G"]):
        assert made_up("frontier", *TARGET, "--dry-run", *option).fails(2).err == (
            f"error: '{option[0]}' says nothing of '--dry-run', which builds nothing\nhint: leave out one of them\n")
    assert not (tmp_path / "rows.toml").exists()


def test_json_has_every_key(made_up):
    got = made_up("frontier", *TARGET, "--dry-run", "--json").ok().json()
    assert list(got) == ["kernel", "arch", "tool", "constraint", "candidates", "leftOut", "order", "mostBuilds"]
    assert (got["kernel"], got["arch"], got["tool"], got["constraint"]) == ("6.1.176", "arm64", "gcc", None)
    assert got["order"] == ["9.1.0", "10.1.0"] and got["mostBuilds"] == 4
    assert got["candidates"][3] == {"version": "10.1.0", "toolchain": compiler("10.1.0"), "root": "build", "prebuilt": True,
                                    "forbidden": ["made-up-new"]}


def test_both_sides_of_a_constraint(made_up):
    sides = made_up("frontier", "--constraint", "made-up-new", "--for", "arm64", "--dry-run").ok()
    assert sides.out == """linux 6.12.107 for arm64, gcc from 9.1.0 to 10.1.0: 2 versions, at most 2 builds
  gcc 9.1.0   made-gcc-9.1.0-arm64
  gcc 10.1.0  made-gcc-10.1.0-arm64  forbidden by made-up-new
order: 9.1.0, then 10.1.0, if these end as expected; else by halves
"""
    one_arch = constraint("made-up-new", 'gcc = "<10"', 'kernel = "=6", arch = ["arm64"]')
    assert made_up("frontier", "--constraint", "made-up-new", "--dry-run", constraints=one_arch).ok().out == sides.out
    old = made_up("frontier", *TARGET, "--constraint", "made-up-old", "--dry-run", constraints=OLD).ok().out.splitlines()
    assert old[1:3] == ["  gcc 8.1.0  made-gcc-8.1.0-arm64", "  gcc 7.1.0  made-gcc-7.1.0-arm64  forbidden by made-up-old"]


def test_what_another_constraint_forbids_is_left_out_unless_it_is_ignored(made_up):
    other = NEW + constraint("made-up-bin", 'binutils = "<2"', 'kernel = "=6", gcc = ">=9"')
    got = made_up("frontier", *TARGET, "--dry-run", "--explain", constraints=other).ok().out
    assert "gcc from 7.1.0 to 8.1.0: 2 versions" in got
    assert f"left out (4):\n  {compiler('10.1.0')}: binutils 2.40 is not <2 (made-up-bin)\n" in got
    got = made_up("frontier", *TARGET, "--dry-run", "--ignore", "made-up-bin", constraints=other).ok().out
    assert f"  gcc 10.1.0  {compiler('10.1.0')}  forbidden by made-up-bin, made-up-new\n" in got
    refused = made_up("frontier", *TARGET, "--constraint", "made-up-new", "--dry-run", constraints=other).fails(3).err
    assert refused == f"""error: 'made-up-new' forbids nothing that the catalog can make for linux 6.1.176 for arm64
note: {compiler('10.1.0')} binutils 2.40 is not <2 (made-up-bin)
note: {compiler('11.1.0')} binutils 2.40 is not <2 (made-up-bin)
note: {compiler('12.1.0')} binutils 2.40 is not <2 (made-up-bin)
note: {compiler('9.1.0')} binutils 2.40 is not <2 (made-up-bin)
hint: what another constraint forbids is tried with --ignore ID
"""


def test_what_a_c_library_asks_of_its_compiler_is_no_frontier(made_up):
    got = made_up("frontier", *TARGET, "--dry-run", constraints=constraint("made-up-libc", 'gcc = ">=9"', 'glibc = ">=2"')).ok()
    assert "gcc from 9.1.0 to 12.1.0: 4 versions" in got.out


def test_a_version_that_is_not_exact_is_none(made_up):
    more = ('[[toolchain]]\nid = "made-gcc-x-{platform}"\nplatforms = ["arm64"]\nversion = "13"\nunknown = ["binutils"]\nreleased = "2023-01-01"\n'
            'prefix = "p-"\ndumpmachine = "p"\nsource = "s"\n')
    got = made_up("frontier", *TARGET, "--dry-run", "--explain", "--ignore", "min-binutils-2.23", "--ignore", "min-binutils-2.23-arm64", more=more).ok()
    assert "  made-gcc-x-arm64: says no more of its gcc than 13\n" in got.out


def test_the_tools_of_a_root_are_those_of_all_roots(made_up):
    got = made_up("frontier", *TARGET, "--tool", "make", "--dry-run", only=False).ok()
    assert got.out.splitlines()[1:] == ["  make 4.3    build", "  make 4.4.1  build-trixie",
                                        "order: 4.3, then 4.4.1; where one fails, by halves between it and what works"]


def test_what_is_built_from_source_is_said_and_can_be_left_out(made_up):
    assert "  from source, forbidden by " in made_up("frontier", *TARGET, "--provider", "source", "--dry-run", only=False).ok().out
    failed = made_up("frontier", *TARGET, "--provider", "source", "--prebuilt", "--dry-run", only=False).fails(3).err
    assert failed == "error: 'gcc' has no frontier for linux 6.1.176 for arm64: the catalog has no version of it there\n"


@pytest.mark.parametrize("words, code, says", [
    ([], 2, "error: 'frontier' wants TARGET, or --constraint ID\nhint: swage frontier linux@6.1 --for arm64\n"),
    (["--constraint", "made-up-mew"], 2, "error: 'made-up-mew' is not a constraint\nhint: did you mean 'made-up-new'?\n"),
    (["linux@6.1", "--ignore", "nothing-like-it"], 2, "error: 'nothing-like-it' is not a constraint\nhint: see: swage list constraints\n"),
    (["--constraint", "arch-arm64-3.7"], 2,
     "error: 'arch-arm64-3.7' is about kernels, not about a tool: no two versions of one are its sides\n"),
    (["--constraint", "made-up-new", "--tool", "clang"], 2, "error: 'made-up-new' is about gcc, not about clang\n"),
    (["--constraint", "made-up-new", "--older"], 2,
     "error: '--older' says nothing of '--constraint': that has its own two sides\nhint: see: swage frontier --help\n"),
    (["linux@5.10", "--for", "arm64", "--constraint", "made-up-new"], 3,
     "error: 'made-up-new' does not concern 'linux@5.10' there\nnote: it is about linux =6 for all\n"),
    (["linux@6.1", "--for", "arm64,mipsel"], 2, "error: '--for' names 2 platforms: a frontier is searched on one\n"),
    (["busybox", "--for", "arm64"], 2, "error: 'busybox' has no frontier: that is searched for kernels\n"),
    (["linux@6.1", "--for", "arc"], 3, "error: 'arc' has no boot machine for linux 6.1.176\n"),
    (["linux@6.1", "--tool", "make", "--provider", "debian"], 2, "error: '--provider' says nothing of make, which is a build root's\n"),
    (["linux@6.1", "--tool", "make", "--prebuilt"], 2, "error: '--prebuilt' says nothing of make, which is a build root's\n"),
    (["linux@6.1", "--tool", "gdc"], 2,
     "error: 'gdc' is not a tool\nnote: there are: gcc, clang, binutils, make, perl, bash, host-gcc, python, bc, flex, "
     "bison, openssl, pahole, rustc\nhint: did you mean 'gcc'?\n"),
    (["linux@6.1", "--for", "arm64", "--tool", "rustc"], 3,
     "error: 'rustc' has no frontier for linux 6.1.176 for arm64: the catalog has no version of it there\n"
     "note: build does not say its version of rustc\nnote: build-bullseye does not say its version of rustc\n"
     "note: build-trixie does not say its version of rustc\n"),
    (["linux@6.1", "--for", "arm64", "--provider", "debain"], 2, "error: 'debain' provides no toolchain\nnote: there are: bootlin, debian, "
     "debian-embedded, kernel-org, llvm, made-up, source\nhint: did you mean 'debian'?\n"),
    (["linux@6.1", "--config", "./x"], 2, "error: './x' is not a kernel configuration\n"
     "note: give tiny, defconfig, another make of the tree (allnoconfig, NAME_defconfig, NAME.config) or a file\n"),
])
def test_what_cannot_be_searched(made_up, words, code, says):
    got = made_up("frontier", *words, "--dry-run", only=False).fails(code)
    assert got.err == says and got.out == ""


def side(version, **values):
    return {"toolchain": compiler(version), "provider": "made-up", "compiler_version": version, **values}


@pytest.fixture
def recorded(made_up, tmp_path):
    """Records of what booted, and of what was forced."""
    place = tmp_path / "catalog/evidence"

    def write(state, forced='["made-up-new"]'):
        write_record(place, **side("9.1.0"))
        record = write_record(place, **side("10.1.0", state=state))
        text = record.read_text() + f"forced = {forced}\n"
        if state == "failed":
            text = text.replace(f'kernel_nar = "{"a" * 64}"\n', "") + 'reason = "it burnt"\nfailed_drv = "/nix/store/' + "0" * 32 + '-linux.drv"\n'
        (place / "locks").mkdir(exist_ok=True)
        (place / "locks/2026-01-01-00000000.lock").write_text("{}")
        named = record.with_name(record.stem + "-forced-made-up-new.toml")
        named.write_text(text)
        record.with_suffix(".log").rename(named.with_suffix(".log"))
        record.unlink()
        return named
    return write


def verified(made_up):
    rows = made_up("list", "constraints", "--json").ok().json()["constraints"]
    return next(row["verified"] for row in rows if row["id"] == "made-up-new")


def test_a_constraint_has_the_sides_that_are_on_record(made_up, recorded):
    nothing = {"sides": "none", "tool": "gcc", "works": None, "fails": None, "against": []}
    assert verified(made_up) == nothing
    record = recorded("failed")
    got = verified(made_up)
    assert got["sides"] == "both" and got["tool"] == "gcc" and got["against"] == []
    assert got["works"]["version"] == "9.1.0" and got["works"]["state"] == "booted"
    assert got["fails"] == {"version": "10.1.0", "kernel": "6.1.176", "arch": "arm64", "toolchain": compiler("10.1.0"), "config": "tiny",
                            "state": "failed", "when": "2026-01-31", "record": str(record)}
    (line,) = [line for line in made_up("list", "constraints").ok().out.splitlines() if line.startswith("made-up-new ")]
    assert "  both sides (gcc 9.1.0 | 10.1.0, linux 6.1.176 for arm64)  " in line


def test_what_was_forced_and_boots_is_told_by_check(made_up, recorded):
    record = recorded("booted")
    got = verified(made_up)
    assert got["sides"] == "works" and [one["record"] for one in got["against"]] == [str(record)]
    said = f"'made-up-new' says that gcc 10.1.0 does not build linux 6.1.176 for arm64, and it did on 2026-01-31: '{record}'"
    assert made_up("check").ok().err == f"note: {said}\n"
    assert made_up("check", "--json").ok().json()["contradictions"] == [said]


def test_what_was_forced_is_taken_for_possible_by_nobody(made_up, recorded):
    recorded("booted")
    every = constraint("made-up-new", 'gcc = "<10"') + constraint("made-up-all", 'gcc = "<1|>=10"')
    chosen = made_up("resolve", *TARGET, "--json", constraints=every).fails(3).json()["resolutions"][0]
    assert chosen["toolchain"] is None
    cells = made_up("matrix", "--for", "arm64", "--json", constraints=NEW).ok().json()["cells"]
    (booted,) = [cell for cell in cells if cell["state"] == "booted"]
    assert booted["toolchain"] == compiler("9.1.0"), "the matrix has what is possible"
    first = made_up("resolve", *TARGET, "--json").ok().json()["resolutions"][0]["toolchain"]["id"]
    assert first == compiler("9.1.0"), "which has booted it, and no constraint forbids"
    replay = made_up("verify", "--replay", *TARGET, "--toolchain", compiler("11.1.0")).fails(2)
    assert "has no record that could be repeated" in replay.err


def test_a_record_that_was_forced_is_read_whole(made_up, recorded):
    record = recorded("failed", forced='["other"]')
    assert f"error: '{record}' is not the record that its name says: that is 'linux-6.1.176-{compiler('10.1.0')}-forced-other.toml'\n" in (
        made_up("list", "constraints").fails(2).err)
    assert tomllib.loads(record.read_text())["evidence"]["forced"] == ["other"]
    record.write_text(record.read_text().replace('forced = ["other"]', "forced = 1"))
    assert "error: 'forced' is an integer, not an array\n" in made_up("list", "constraints").fails(2).err
    assert json.loads(made_up("list", "constraints", "--json").fails(2).err.splitlines()[-1])["error"]["code"]
