"""Records of what was built: what stands in them is looked at when they are read, and their place before anything is built for them."""
import re
import subprocess

import pytest

from records import write_record
from swage_cli import ROOT, catalog_without_evidence, write_recipe

RECIPE = """[package]
name = "odd"
version = "1"
[source]
urls = ["http://127.0.0.1:1/odd-1.tar.gz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
[build]
system = "make"
"""


@pytest.mark.parametrize("key, value, says", [
    ("lock", "/etc/passwd", "'/etc/passwd' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock"),
    ("lock", "", "'' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock"),
    ("lock", "../2026-01-01-00000000.lock", "'../2026-01-01-00000000.lock' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock"),
    ("kernel_drv", "linux", "'linux' is not a derivation: it is not /nix/store/HASH-NAME.drv"),
    ("boot_drv", f"/nix/store/{'0' * 32}-boot", f"'/nix/store/{'0' * 32}-boot' is not a derivation: it is not /nix/store/HASH-NAME.drv"),
    ("root", "../x", "'../x' is not the name of a root")])
def test_what_a_record_names_is_what_it_must_be(planner, tmp_path, key, value, says):
    write_record(tmp_path / "e", **{key: value})
    assert planner("matrix", "--evidence", tmp_path / "e").fails(2).err.startswith(f"error: {says}\n  --> {tmp_path}/e/arm64/")


@pytest.mark.parametrize("lock", ["{", "{}", '{"version": 9}'])
def test_the_lock_of_a_record_is_not_the_users(planner, tmp_path, lock):
    record = write_record(tmp_path / "e")
    (tmp_path / "e/locks").mkdir()
    (tmp_path / "e/locks/2026-01-01-00000000.lock").write_text(lock)
    failed = planner("--catalog", catalog_without_evidence(tmp_path), "verify", "--replay", "linux@6.1", "--for", "arm64", "--evidence", tmp_path / "e").fails(2).err
    assert "2026-01-01-00000000.lock" in failed and "swage lock" not in failed and record.exists()
    assert failed.endswith("hint: it is a record's, not yours: what it was made with is in no other file; record anew with: swage verify\n")


def test_the_place_of_records_is_tried_before_anything_is_built(planner, tmp_path):
    layer = write_recipe(tmp_path, "odd", RECIPE)

    def verify(what, place, code):
        got = planner("--layer", layer, "verify", what, "--for", "arm64", "--evidence", place).fails(code)
        assert got.out == "" and "building" not in got.err and "fetching" not in got.err
        return got.err

    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("none")
    for name in ("file", "dangling"):
        assert verify("odd", tmp_path / name, 2) == f"error: '{tmp_path}/{name}' is not a directory for records\n"
        assert verify("linux@6.1", tmp_path / name, 2) == f"error: '{tmp_path}/{name}' is not a directory for records\n"
    assert verify("odd", tmp_path / "file/e", 2) == f"error: '{tmp_path}/file' is not a directory for records\n"
    damaged = tmp_path / "damaged/packages/arm64.toml"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("hello")
    assert f"--> {damaged}:" in verify("odd", tmp_path / "damaged", 2)


@pytest.mark.parametrize("what, name", [("odd", "packages"), ("odd", "locks"), ("linux@6.1", "arm64"), ("linux@6.1", "locks")])
def test_no_record_is_written_through_a_link_out_of_its_place(planner, tmp_path, what, name):
    layer = write_recipe(tmp_path, "odd", RECIPE)
    place, outside = tmp_path / "e", tmp_path / "outside"
    place.mkdir()
    outside.mkdir()
    (place / name).symlink_to(outside)
    failed = planner("--layer", layer, "verify", what, "--for", "arm64", "--evidence", place).fails(2)
    assert failed.out == "" and failed.err.startswith(f"error: '{name}' leads out of '{place}'\n")
    assert not list(outside.iterdir())


def test_what_was_not_recorded_is_not_said_to_be(planner, tmp_path):
    got = planner("--layer", write_recipe(tmp_path, "odd", RECIPE), "verify", "odd", "--for", "arm64", "--evidence", tmp_path / "e").fails(4)
    assert got.out.splitlines()[-1] == "1 package: 1 not tried"


def test_lock_files_of_one_day_are_joined(swage, tmp_path):
    """Those that came together by a merge; `swage verify` itself adds to one."""
    place = tmp_path / "e"
    (place / "locks").mkdir(parents=True)

    def lock(name, day, **sources):
        rows = ",\n".join(f'    "{suite}/linux": "{sha256 * 64}"' for suite, sha256 in sorted(sources.items()))
        files = ",\n".join(f'    "{sha256 * 64}": {{"name": "linux", "version": "1", "path": "pool/{sha256}.tar.xz", "size": 1}}' for sha256 in sorted(sources.values()))
        (place / "locks" / name).write_text(f'{{\n  "version": 1,\n  "created": "{day}",\n  "files": {{\n{files}\n  }},\n  "sets": {{}},\n'
                                            f'  "sources": {{\n{rows}\n  }},\n  "seeds": {{}},\n  "missing": {{}}\n}}\n')

    lock("2026-01-01-00000000.lock", "2026-01-01", bookworm="a")
    lock("2026-01-01-00000001.lock", "2026-01-01", bookworm="a", trixie="b")
    lock("2026-01-01-00000002.lock", "2026-01-01", sid="c", bullseye="d")
    lock("2026-01-01-00000003.lock", "2026-01-01", bookworm="e")
    lock("2026-01-02-00000004.lock", "2026-01-02", bookworm="a")
    records = [write_record(place, kernel=f"6.1.{number}", lock=f"2026-01-0{1 + number // 4}-0000000{number}.lock") for number in range(5)]
    joined = subprocess.run([ROOT / "tools/join_locks.py", place], capture_output=True, text=True, check=True)
    assert joined.stdout == "5 lock files are 3 now\n"
    names = [re.search('lock = "(.*)"', record.read_text())[1] for record in records]
    assert names == ["2026-01-01-00000001.lock"] * 3 + ["2026-01-01-00000003.lock", "2026-01-02-00000004.lock"]
    assert sorted(path.name for path in (place / "locks").iterdir()) == sorted(set(names))
    assert '"sid/linux": "' in (place / "locks" / names[0]).read_text()
    before = {path: path.read_text() for path in place.rglob("*") if path.is_file()}
    subprocess.run([ROOT / "tools/join_locks.py", place], capture_output=True, check=True)
    assert {path: path.read_text() for path in place.rglob("*") if path.is_file()} == before
    assert swage("matrix", "--catalog", catalog_without_evidence(tmp_path), "--evidence", place).ok()


def test_joined_lock_files_say_where_files_were_seen_if_one_does(tmp_path):
    """A file that was seen again is the same file."""
    (tmp_path / "locks").mkdir()
    line = '    "%s": {"name": "x", "version": "1", "path": "pool/x_1.deb", "size": 1%s}'
    text = '{\n  "version": %d,\n  "created": "2026-01-01",\n  "files": {\n%s\n  },\n  "sets": {},\n  "sources": {},\n  "seeds": {},\n  "missing": {}\n}\n'
    first, second = "a" * 64, "b" * 64
    seen, later = ', "seen": "2026-01-01 debian"', ', "seen": "2026-01-02"'
    (tmp_path / "locks/1.lock").write_text(text % (1, ",\n".join([line % (first, ""), line % (second, "")])))
    (tmp_path / "locks/2.lock").write_text(text % (2, line % (first, seen)))
    (tmp_path / "locks/3.lock").write_text(text % (2, line % (first, later)))
    joined = subprocess.run([ROOT / "tools/join_locks.py", tmp_path], capture_output=True, text=True, check=True)
    assert joined.stdout == "3 lock files are 1 now\n"
    assert (tmp_path / "locks/1.lock").read_text() == text % (2, ",\n".join([line % (first, seen), line % (second, "")]))


def test_a_record_of_tomorrow_is_none(planner, tmp_path):
    catalog = catalog_without_evidence(tmp_path)
    record = write_record(catalog / "evidence", when="3000-01-01")
    got = planner("check", catalog).fails(2).err
    assert f"error: it was recorded on 3000-01-01, which is yet to come\n  --> {record}:" in got
    assert "hint: that day is wrong, or this machine's clock is\n" in got
