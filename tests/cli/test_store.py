"""Looking at the store and keeping it in order. What is in it comes from a cache that is made up."""
import hashlib
import json
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, base32  # noqa: E402

DEP = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-dep-2.0-arm64"
DEP_SIZE, OUT_SIZE = 200_112, 200_448


@pytest.fixture
def filled(planner):
    """Two paths that no link keeps, of which one refers to the other, and each has the same file."""
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    cache = MadeUpCache(planner.cwd / "cache")
    cache.add(planner.out, {"bin": {"busybox": "x" * 200_000}}, [DEP])
    cache.add(DEP, "x" * 200_000)
    planner("build", "busybox", "--no-link", "--no-require-sigs", "--substituters", f"file://{cache.directory}").ok()
    return planner


def test_sizes_by_package(filled):
    assert filled("store", "du", "--by-package").ok().out == """  200.4 kB       1  busybox
  200.1 kB       1  dep
  400.6 kB  in 2 paths
"""
    assert filled("store", "du", "--by-package", "--json").ok().json() == {
        "packages": [{"package": "busybox", "narSize": OUT_SIZE, "paths": 1}, {"package": "dep", "narSize": DEP_SIZE, "paths": 1}],
        "total": OUT_SIZE + DEP_SIZE}


def test_what_is_kept_and_why(filled):
    assert filled("store", "roots").ok().err == "no link and no process keeps anything\n"
    assert filled("store", "why-kept", DEP).ok().out == f"{DEP}\n  nothing keeps it: `swage store gc` would delete it\n"
    assert filled("store", "gc", "--dry-run", "--json").ok().json() == {
        "deleted": [filled.out, DEP], "bytesFreed": OUT_SIZE + DEP_SIZE, "kept": [], "left": {"paths": 0, "bytes": 0}, "stuck": []}
    some = filled("store", "gc", "--dry-run", "--max-freed", "1").ok()
    assert some.out == f"{filled.out}\nwould delete 1 path, 200.4 kB\n"
    assert some.err == "left: 1 path, 200.1 kB, since --max-freed was reached\n"
    new = filled("store", "gc", "--keep-newer", "1h").ok()
    assert new.out == "deleted 0 paths, 0 B\n"
    assert new.err == "kept: 2 paths, 400.6 kB, since it is new (--keep-newer)\n"
    link = filled.home / "nix/var/nix/gcroots/mine"
    link.symlink_to(filled.out)
    assert filled("store", "roots").ok().out == f"  400.6 kB  {link} -> {filled.out}\n"
    assert filled("store", "roots", "--json").ok().json()["roots"] == [
        {"link": str(link), "paths": [filled.out], "closurePaths": 2, "closureSize": OUT_SIZE + DEP_SIZE}]
    assert filled("store", "why-kept", DEP).ok().out == f"{DEP}\n  '{filled.out}' refers to it\n  it is a root: {link}\n"
    assert filled("store", "why-kept", DEP, "--json").ok().json()["paths"] == [
        {"path": DEP, "kept": True, "because": [f"'{filled.out}' refers to it", f"it is a root: {link}"]}]
    kept = filled("store", "gc").ok().err
    assert kept == "kept: 2 paths, 400.6 kB, by links to results and profiles (which: swage store roots)\n"


def test_two_trees_are_compared(swage, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib/same").write_text("same")
    assert swage("store", "diff", tmp_path / "a", tmp_path / "b").ok().err == "they are the same\n"
    (tmp_path / "a/lib/text").write_text("built in /build/1\n")
    (tmp_path / "b/lib/text").write_text("built in /build/23\n")
    (tmp_path / "a/one\x1b[2J").write_text("")
    os.symlink("lib", tmp_path / "a/link")
    os.symlink("lib/same", tmp_path / "b/link")
    assert swage("store", "diff", tmp_path / "a", tmp_path / "b").fails(1).out == r"""lib/text: 3 bytes differ, the first at 16; it has 18 bytes, and 19
  first   31 0a                                            |1.|
  second  32 33 0a                                         |23.|
link: a link to 'lib', and a link to 'lib/same'
one\u001b[2J: only the first has it: a file of 0 bytes
"""
    told = swage("store", "diff", tmp_path / "a", tmp_path / "b", "--json").fails(1).json()["differences"]
    assert told[0] == {"path": "lib/text", "differentBytes": 3, "at": 16,
                       "first": {"kind": "file", "size": 18, "executable": False, "bytes": "31 0a"},
                       "second": {"kind": "file", "size": 19, "executable": False, "bytes": "32 33 0a"}}
    assert told[1]["second"] == {"kind": "link", "target": "lib/same"} and told[2]["second"] is None
    assert swage("store", "diff", tmp_path / "none", tmp_path / "b").fails(2).err == f"error: '{tmp_path}/none' does not exist\n"


def fixed_path(name, sha256):
    """Of a file that is downloaded."""
    inner = hashlib.sha256(f"fixed:out:sha256:{sha256}:".encode()).hexdigest()
    digest = hashlib.sha256(f"output:out:sha256:{inner}:/nix/store:{name}".encode()).digest()
    short = bytearray(20)
    for i, byte in enumerate(digest):
        short[i % 20] ^= byte
    return f"/nix/store/{base32(bytes(short))}-{name}"


def test_what_the_lock_file_of_a_workspace_pins_is_kept(planner):
    out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
               if row["name"].startswith("busybox-1"))
    lock = json.loads((planner.home / "swage.lock").read_text())
    sha256 = lock["sources"]["bookworm/busybox"]
    pinned = fixed_path(os.path.basename(lock["files"][sha256]["path"]), sha256)
    cache = MadeUpCache(planner.cwd / "cache")
    cache.add(out, "x" * 1000, [pinned, DEP])
    cache.add(pinned, "y" * 1000)
    cache.add(DEP, "z" * 1000)

    def build():
        planner("build", "busybox", "--no-link", "--no-require-sigs", "--substituters", f"file://{cache.directory}").ok()
    build()
    assert planner("store", "gc").ok().out.startswith("deleted 3 paths, "), "the lock file of the home is no workspace's"
    (planner.cwd / "swage.toml").write_text("")
    (planner.cwd / "swage.lock").write_text(json.dumps(lock))
    build()
    swage_elsewhere = {"SWAGE_WORKSPACE": str(planner.cwd / "none")}
    (planner.cwd / "none").mkdir()
    (planner.cwd / "none/swage.toml").write_text("")
    got = planner("store", "gc", env=swage_elsewhere).ok()
    assert got.out.startswith("deleted 2 paths, ")
    assert got.err == "kept: 1 path, 1.1 kB, since lock files of workspaces pin it; --no-build-inputs deletes that too\n"
    assert planner("store", "why-kept", pinned).ok().out == f"{pinned}\n  the lock file of a workspace pins it\n"
    (planner.cwd / "swage.lock").write_text("{")
    damaged = planner("store", "gc", "--dry-run", env=swage_elsewhere).ok()
    assert damaged.err.startswith(f"warning: what '{planner.cwd}/swage.lock' pins is not kept: ")
    (planner.cwd / "swage.lock").unlink()
    assert planner("store", "gc", env=swage_elsewhere).ok().out.startswith("deleted 1 path, ")
    assert os.listdir(planner.home / "nix/var/swage/workspaces") == []


def test_files_are_shared(filled):
    assert filled("store", "optimise", "--dry-run").ok().out.startswith("would share 1 of 2 files, ")
    told = filled("store", "optimise", "--json").ok().json()
    assert (told["files"], told["filesHashed"], told["filesLinked"]) == (2, 2, 1) and told["bytesFreed"] >= 200_000
    assert (filled.home / DEP[1:]).samefile(filled.home / filled.out[1:] / "bin/busybox")
    assert filled("store", "optimise").ok().out == "now shares 0 of 2 files, 0 B\n"
    filled("store", "verify").ok()


def damage(home, path):
    """A bit of the file, as a disk would."""
    file = home / path[1:]
    file.chmod(0o644)
    with file.open("r+b") as data:
        data.seek(100_000)
        data.write(b"!")
    file.chmod(0o444)
    os.utime(file, (1, 1))


def test_what_is_damaged_is_taken_from_a_cache_and_what_refers_to_it_stays(filled):
    damage(filled.home, DEP)
    found = filled("store", "verify").fails(1).out
    assert f"modified: {DEP} (specified sha256:" in found and found.endswith("damaged: 2 paths checked, 400.6 kB\n")
    caches = {"SWAGE_SUBSTITUTERS": f"file://{filled.cwd}/cache", "SWAGE_REQUIRE_SIGS": "0"}
    mended = filled("store", "verify", "--repair", env=caches).ok()
    assert mended.out == found + f"repaired: {DEP} (taken from a cache)\n"
    assert filled("store", "verify").ok().out == "ok: 2 paths checked, 400.6 kB\n"
    assert filled("store", "verify", "--repair", "--json", env=caches).ok().json() == {
        "checked": 2, "bytes": OUT_SIZE + DEP_SIZE, "damaged": False, "problems": [], "stuck": [], "repaired": [], "forgotten": []}


def test_what_nobody_has_is_forgotten_with_what_refers_to_it(filled):
    damage(filled.home, DEP)
    mended = filled("store", "verify", "--repair", "--json").ok().json()
    assert (mended["damaged"], mended["repaired"], mended["forgotten"]) == (True, [], sorted([DEP, filled.out]))
    assert filled("store", "verify").ok().out == "ok: 0 paths checked, 0 B\n"


def test_what_a_cache_has_by_now_is_not_taken_for_what_was_there(filled):
    """Built again elsewhere, it may be another: what refers to it was made with the first."""
    cache = MadeUpCache(filled.cwd / "other")
    cache.add(DEP, "y" * 200_000)
    damage(filled.home, DEP)
    caches = {"SWAGE_SUBSTITUTERS": f"file://{cache.directory}", "SWAGE_REQUIRE_SIGS": "0"}
    mended = filled("store", "verify", "--repair", env=caches).ok()
    assert f"note: '{DEP}' is not repaired: what was made anew is something else\n" in mended.err
    assert mended.out.endswith(f"forgotten: {DEP}\nforgotten: {filled.out}\n" if DEP < filled.out else f"forgotten: {filled.out}\nforgotten: {DEP}\n")


def test_damage_of_a_shared_file_is_not_shared_on(filled):
    filled("store", "optimise").ok()
    damage(filled.home, DEP)
    caches = {"SWAGE_SUBSTITUTERS": f"file://{filled.cwd}/cache", "SWAGE_REQUIRE_SIGS": "0"}
    assert len(filled("store", "verify", "--repair", "--json", env=caches).ok().json()["repaired"]) == 2
    assert os.listdir(filled.home / "nix/store/.links") == []
    filled("store", "optimise").ok()
    filled("store", "verify").ok()


def test_a_lost_database_is_made_anew_of_what_is_on_disk(filled):
    database = filled.home / "nix/var/nix/db/db.sqlite"
    database.write_bytes(b"x" * 8192)
    got = filled("store", "du").fails(1)
    assert got.err == (f"error: database '{database}' cannot be used: file is not a database\nnote: while opening the store '{filled.home}'\n"
                       f"hint: make a new one of what the store has: swage store rebuild-database --home {filled.home}\n")
    made = filled("store", "rebuild-database").ok()
    assert made.out == "registered 2 paths, left out 0\n" and made.err.startswith(f"the old database is in '{database.parent}/damaged-")
    assert filled("store", "verify").ok().out == "ok: 2 paths checked, 400.6 kB\n"
    assert [row["path"] for row in filled("store", "path-info", filled.out, "--recursive", "--json").ok().json()["paths"]] == sorted([DEP, filled.out])
    # What is changed meanwhile is not taken for what it was.
    damage(filled.home, DEP)
    database.unlink()
    again = filled("store", "rebuild-database", "--json").ok().json()
    assert again == {"registered": 0, "selfVerified": 0, "leftOut": sorted([DEP, filled.out]), "aside": again["aside"]}
