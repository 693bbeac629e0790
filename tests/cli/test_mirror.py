"""Files from outside when those who had them have them no more: mirrors, the distribution's archive of old packages, and no network at all.
What is fetched is made up, and nothing is built of it."""
import json
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import Served, wait_until  # noqa: E402
from made_up_sources import SEEN, TARBALL, World, path_of, sha256  # noqa: E402


@pytest.fixture
def world(planner):
    return World(planner)


def push(world, *args, **kwargs):
    return world("mirror", "push", "mirror", *args, **kwargs)


def test_a_target_is_fetched_from_a_mirror_when_nobody_else_has_it(world):
    got = push(world, "blob").ok()
    assert got.out == f"{world.cwd}/mirror: 0 files were there, 0 came from the store, 2 were fetched ({(len(TARBALL) + len(world.package)) / 1000:.1f} kB new)\n"
    assert (world.cwd / "mirror" / path_of(TARBALL)).read_bytes() == TARBALL
    index = [json.loads(line) for line in (world.cwd / "mirror/files.jsonl").read_text().splitlines()]
    assert index[0] == {"swage-mirror": 1}
    assert {row["name"]: (row["sha256"], row["for"]) for row in index[1:]} == {
        "blob-1.tar": (sha256(TARBALL), ["blob for x86_64"]), "shell_1_all.deb": (sha256(world.package), ["blob for x86_64"])}
    world.gone()
    failed = world.fetch().fails(4)
    assert "cannot be downloaded\n" in failed.err
    world.fetch("--mirror", "mirror").ok()
    assert world.is_fetched()
    assert push(world, "blob").ok().out.startswith(f"{world.cwd}/mirror: 2 files were there, 0 came from the store, 0 were fetched (0 B new)\n")
    # From what was fetched another mirror can be made; the package of a program that was taken out of it is no more there.
    got = world("mirror", "push", "second", "blob").fails(1)
    assert got.out.startswith("shell_1_all.deb: 'shell_1_all.deb' cannot be downloaded; needed by blob for x86_64\n  file://")
    assert got.out.endswith("/second: 0 files were there, 1 came from the store, 0 were fetched (19.0 kB new), 1 are missing\n")
    world("mirror", "push", "second", "blob", "--mirror", "mirror").ok()
    assert world("mirror", "check", "second").ok().out.startswith("ok: 2 files, ")


def test_each_setting_of_mirrors_has_its_three_places(world):
    push(world, "blob").ok()
    world.gone()
    missing = {"SWAGE_MIRRORS": str(world.cwd / "none")}
    world.fetch(home="a").fails(4)
    world.fetch("--mirror", f"none,{world.cwd}/mirror", home="b").ok()
    world.fetch("--mirror", "none", "--mirror", "mirror", home="c", env=missing).ok()
    world.fetch(home="d", env={"SWAGE_MIRRORS": f"none {world.cwd}/mirror"}).ok()
    (world.cwd / "swage.toml").write_text('mirrors = ["none", "mirror"]\n')
    (world.cwd / "below").mkdir()
    world.swage.cwd = world.cwd / "below"
    world.fetch(home="e").ok()
    world.fetch(home="f", env=missing).fails(4)
    assert all(world.is_fetched(home) for home in "bcde") and not world.is_fetched("a")


def test_what_is_set_wrong_is_said_where(world):
    place = "is no place of a mirror\nhint: a directory (./mirror or file:///srv/mirror) or a web server (https://mirror.example.org)\n"
    assert world.fetch("--mirror", "s3://b").fails(2).err.endswith(f"error: 's3://b' {place}")
    assert world.fetch(env={"SWAGE_MIRRORS": "s3://b"}).fails(2).err.endswith(f"error: 's3://b' {place}".replace("\nhint", "\nnote: in SWAGE_MIRRORS\nhint"))
    assert "secret" not in world.fetch("--mirror", "https://me:secret@host").fails(2).err
    (world.cwd / "swage.toml").write_text('mirrors = ["mirror", "ftp://x"]\n')
    assert world.fetch().fails(2).err.endswith(
        f"error: 'ftp://x' is no place of a mirror\n  --> {world.cwd}/swage.toml:1:22\n   1 | mirrors = [\"mirror\", \"ftp://x\"]\n"
        "     |                      ^^^^^^^^^\nhint: a directory (./mirror or file:///srv/mirror) or a web server (https://mirror.example.org)\n")
    (world.cwd / "swage.toml").unlink()
    assert world("list", "platforms", "--offline").fails(2).err == (
        "error: '--offline' says nothing for 'swage list'\nhint: it is for: build, boot, module, verify, frontier, run, shell, plan, fetch, image, builder, mirror\n")
    assert world("mirror", "push", "mirror").fails(2).err == (
        "error: nothing is chosen that the mirror should have\nhint: name targets, --evidence, or --locks FILE\n")
    assert world("mirror", "push", "https://example.org/x", "blob").fails(2).err == (
        "error: 'https://example.org/x' is no directory: files cannot be put there\nhint: fill the directory that the server gives out\n")
    assert world("mirror", "push", "mirror", "blobb").fails(2).err.startswith("error: ")


def test_an_old_package_is_had_from_the_archive_of_its_day(world):
    """The mirrors of the host lose it first."""
    shutil.rmtree(world.pool / "pool")
    for day in SEEN:
        (world.old / "debian" / day / "pool/main/s").mkdir(parents=True)
    (world.old / "debian" / SEEN[0] / "pool/main/s/shell_1_all.deb").write_bytes(world.package)
    with Served(world.old) as server:
        world.write(old=[server.url])
        world.fetch().ok()
        assert server.asked == [f"/debian/{SEEN[0]}/pool/main/s/shell_1_all.deb"]
    assert world.is_fetched()


def test_a_lock_file_without_days_tries_its_own_in_every_archive(world):
    lock = json.loads(world.lock.read_text())
    lock["version"], lock["created"] = 1, "2026-01-31"
    for file in lock["files"].values():
        file.pop("seen", None)
    world.lock.write_text(json.dumps(lock))
    shutil.rmtree(world.pool / "pool")
    place = world.old / "debian-security" / SEEN[1] / "pool/main/s"
    place.mkdir(parents=True)
    (place / "shell_1_all.deb").write_bytes(world.package)
    with Served(world.old) as server:
        world.write(old=[server.url])
        world.fetch().ok()
        assert server.asked == [f"/{archive}/{SEEN[1]}/pool/main/s/shell_1_all.deb" for archive in ("debian", "debian-security")]
    assert world.is_fetched()


def test_what_no_source_has_says_who_was_asked_and_what_they_answered(world):
    dead = "http://127.0.0.1:9"
    wrong = {path_of(world.package): b"x" * len(world.package), "/pool/main/s/shell_1_all.deb": 404}
    with Served(world.cwd, lambda path: wrong.get(path.lstrip("/"), wrong.get(path, 404))) as server:
        world.host(server.url)
        world.write(old=[f"{server.url}/old"])
        (world.cwd / path_of(world.package)).parent.mkdir(parents=True)
        (world.cwd / path_of(world.package)).write_text("")
        got = world.fetch("--mirror", f"{dead},{server.url},none").fails(1)
    assert got.err.endswith(
        "error: 'shell_1_all.deb' is not the file that is pinned\n"
        f"note: expected sha256 {sha256(world.package)}\nnote: received sha256 {sha256(b'x' * len(world.package))}\n"
        f"note: {dead}/{path_of(world.package)}: left out: cannot connect: Connection refused\n"   # it was asked for the other file
        f"note: {server.url}/{path_of(world.package)}: other content\n"
        f"note: file://{world.cwd}/none/{path_of(world.package)}: no such file\n"
        f"note: {server.url}/pool/main/s/shell_1_all.deb: HTTP status 404\n"
        f"note: {server.url}/old/debian/{SEEN[0]}/pool/main/s/shell_1_all.deb: HTTP status 404\n"
        "hint: if the distribution replaced the file, pin it anew with: swage lock --update\n"), got.err
    assert not world.is_fetched()


LIES = {"flipped": ("flip", "other content"), "half": ("half", "it has 9500 bytes, and 19000 are pinned"),
        "empty": (b"", "it has 0 bytes, and 19000 are pinned"), "another": (b"<html>" * 9999, "it is longer than the 19000 bytes that are pinned")}


@pytest.mark.parametrize("lie", LIES)
def test_a_mirror_that_lies_is_named_and_passed_over(world, lie):
    fault, said = LIES[lie]
    push(world, "blob").ok()
    with Served(world.cwd / "mirror", lambda path: fault) as server:
        got = world.fetch("--mirror", server.url).ok()
    assert world.is_fetched()
    assert f"note: {server.url}/{path_of(TARBALL)}: {said}; another source had the right file\n" in got.err, got.err


def test_a_dead_mirror_is_asked_once(world):
    with Served(world.cwd, lambda path: "hang") as server:
        server.server.server_close()   # what was listening is refused from now on
        got = world.fetch("--mirror", server.url).ok()
    assert world.is_fetched() and server.asked == [] and "error" not in got.err


def test_check_lists_what_is_missing_and_who_needs_it(world):
    push(world, "blob").ok()
    mirror = world.cwd / "mirror"
    size = len(TARBALL) + len(world.package)
    assert world("mirror", "check", "mirror", "--json").ok().json() == {"mirror": "mirror", "files": 2, "bytes": size, "problems": []}
    assert world("mirror", "check", "mirror", "blob").ok().out.startswith("ok: 2 files, ")
    (mirror / path_of(world.package)).unlink()
    (mirror / path_of(TARBALL)).write_bytes(TARBALL[:-1] + b"!")
    got = world("mirror", "check", mirror, "blob").fails(1)
    lines = got.out.splitlines()
    assert sorted(lines[:2]) == [f"blob-1.tar: has other content, of sha256 {sha256(TARBALL[:-1] + b'!')}; needed by blob for x86_64",
                                 "shell_1_all.deb: is not there; needed by blob for x86_64"]
    assert lines[2:] == ["incomplete: 2 of 2 files"]
    with Served(mirror) as server:
        got = world("mirror", "check", server.url, "--deep").fails(1)
    assert sorted(got.out.splitlines()) == ["blob-1.tar: cannot be had: other content; needed by blob for x86_64", "incomplete: 2 of 2 files",
                                            "shell_1_all.deb: cannot be had: HTTP status 404; needed by blob for x86_64"]
    problems = world("mirror", "check", mirror, "--locks", world.lock, "--json").fails(1).json()["problems"]
    assert all(list(row) == ["sha256", "name", "what", "notes", "neededBy"] for row in problems)
    assert {row["what"] for row in problems} == {"is not there"} and all(row["neededBy"] == [str(world.lock)] for row in problems)
    assert world("mirror", "check", world.cwd / "none").fails(4).err == (
        f"error: cannot open '{world.cwd}/none/files.jsonl': No such file or directory\nhint: fill it with: swage mirror push, or say what it should have\n")


def test_offline_lists_all_that_is_missing(world):
    with Served(world.upstream) as upstream, Served(world.pool) as pool:
        world.host(pool.url)
        world.write(upstream=upstream.url)
        build = ["build", "blob", "--no-link", "--offline"]
        assert world(*build).fails(4).err == (
            "error: 2 files are missing, and --offline asks no network for them\n"
            f"note: blob-1.tar (19.0 kB)\nnote: shell_1_all.deb ({len(world.package)} B)\n"
            "hint: run it without --offline, or name a directory that has them with: --mirror DIR\n")
        push(world, "blob").ok()
        (world.cwd / "mirror" / path_of(TARBALL)).unlink()
        assert world(*build, "--mirror", "mirror").fails(4).err == (
            "error: a file is missing, and --offline asks no network for it\nnote: blob-1.tar (19.0 kB)\n"
            "hint: run it without --offline, or name a directory that has them with: --mirror DIR\n")
        asked = len(upstream.asked) + len(pool.asked)
        world.fetch("--offline", "--mirror", "mirror").fails(4)
        push(world, "blob").ok()
        world.fetch("--offline", "--mirror", "mirror").ok()
        assert len(upstream.asked) + len(pool.asked) == asked + 1   # of the second push
    assert world.is_fetched()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_push_that_ends_early_leaves_no_half_file_and_the_next_goes_on(world, how):
    with Served(world.upstream, lambda path: "hang") as upstream:
        world.write(upstream=upstream.url)
        running = world.swage.start("mirror", "push", "mirror", "blob", "--layer", world.layer, "--lock", world.lock)
        part = world.cwd / "mirror/.incoming" / f"{sha256(TARBALL)}.part"
        wait_until(lambda: part.exists() and part.stat().st_size > 0)
        running.send_signal(how)
        running.communicate(timeout=60)
        assert running.returncode == (130 if how == signal.SIGINT else -how)
    files = [path for path in (world.cwd / "mirror/sha256").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in files] in ([], [world.package])
    if how == signal.SIGINT and files:
        assert world("mirror", "check", "mirror").ok().out.startswith("ok: 1 files, ")
    with Served(world.upstream) as upstream:
        world.write(upstream=upstream.url)
        push(world, "blob").ok()
    assert world("mirror", "check", "mirror", "blob").ok().out.startswith("ok: 2 files, ")
    assert list((world.cwd / "mirror/.incoming").iterdir()) == []


def test_a_full_disk_is_said(world):
    (world.cwd / "small").mkdir()
    script = 'mount -t tmpfs -o size=12k none small || exit 77; "$@"; code=$?; find small/sha256 -type f | wc -l; exit $code'
    world.swage.prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    got = world("mirror", "push", "small", "blob")
    if got.code == 77:
        pytest.skip("no namespaces here")
    assert got.fails(4).err.splitlines()[-2:][0].startswith("error: cannot write '") and "No space left on device" in got.err, got.err
    assert int(got.out) <= 1


def test_every_record_can_be_planned_for_a_mirror(planner):
    """From their own lock files: nothing is asked for, and nothing is pinned."""
    planner.prefix = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*planner.prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces here")
    before = (planner.home / "swage.lock").read_text()
    got = planner("mirror", "check", planner.cwd, "--evidence", "--json").fails(1)
    assert got.json()["files"] == len(got.json()["problems"]) > 1000
    users = {user for problem in got.json()["problems"] for user in problem["neededBy"]}
    for kind in ("linux@", "image/", "zlib for ", "2026-11-"):
        assert any(user.startswith(kind) for user in users), kind
    assert "of this record only" not in got.err and (planner.home / "swage.lock").read_text() == before
