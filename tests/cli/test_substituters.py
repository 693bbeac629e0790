"""What others have made, taken from caches: every way to say which, and every way in which a cache can be wrong. The targets could not
be built here: their lock file is made up."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served, wait_until  # noqa: E402

OPTIONS = ["--no-require-sigs"]
DEP = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-dep"
TREE = {"bin": {"busybox": "x" * 200_000}}


@pytest.fixture
def world(planner):
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    planner.cache = MadeUpCache(planner.cwd / "cache")
    planner.nar = planner.cache.add(planner.out, TREE, [DEP])
    planner.cache.add(DEP, "needed at run time")
    return planner


def in_store(world):
    store = world.home / "nix/store"
    return sorted(name for name in os.listdir(store) if name != ".links") if store.exists() else []


def clean(world):
    checked = world("store", "verify", "--json").ok().json()
    assert not checked["damaged"] and checked["problems"] == []
    assert [name for kind in ("staging", "builds") for name in
            (os.listdir(world.home / "nix/var/swage" / kind) if (world.home / "nix/var/swage" / kind).exists() else [])] == []


def is_taken(world, got):
    assert got.ok().out == f"{world.home}{world.out}\n"
    assert in_store(world) == sorted(path.removeprefix("/nix/store/") for path in (world.out, DEP))
    assert (world.home / world.out[1:] / "bin/busybox").stat().st_mode & 0o777 == 0o444
    clean(world)


def options_for(fault):
    """Impatient where the cache is slow, so that the machine need not be fast elsewhere."""
    return OPTIONS + (["--substituter-timeout", "1"] if fault in ("slow", "hang") else [])


def build(world, *options, **kwargs):
    return world("build", "busybox", "--no-link", "--print-out-paths", *options, **kwargs)


def test_a_target_is_taken_without_what_it_would_be_built_of(world):
    got = build(world, "--substituters", f"file://{world.cache.directory}", "--no-require-sigs")
    is_taken(world, got)
    assert "substituting dep\n" in got.err and "substituted dep in " in got.err
    assert got.err.endswith(f"cache {world.cache.directory}: 2 paths, 200.6 kB\n"), got.err
    assert build(world).ok().err == ""   # it is there


def test_each_setting_has_its_three_places(world):
    cache = str(world.cache.directory)
    missing = {"SWAGE_SUBSTITUTERS": str(world.cwd / "none")}
    unsigned = {"SWAGE_REQUIRE_SIGS": "0"}
    plan = ["plan", "busybox", "--json"]

    def taken(*options, env=None):
        return len(world(*plan, *options, env=env).ok().json()["substitute"])
    assert taken() == 0
    assert taken("--substituters", cache, env=unsigned) == 2
    assert taken("--no-require-sigs", env={"SWAGE_SUBSTITUTERS": cache}) == 2
    assert taken("--substituters", cache, "--no-require-sigs", env=missing) == 2
    assert taken("--no-substituters", env={"SWAGE_SUBSTITUTERS": cache, **unsigned}) == 0
    (world.cwd / "swage.toml").write_text('substituters = ["./cache"]\nrequire-sigs = false\n')
    lock = {"--lock": world.home / "swage.lock"}
    plan += [str(word) for pair in lock.items() for word in pair]
    assert taken() == 0
    assert world("cache", "trust").ok().out == "trusted: caches of this workspace, whatever they have signed\n"
    assert taken() == 2
    assert taken(env=missing) == 0
    assert taken(env={"SWAGE_SUBSTITUTERS": ""}) == 0
    assert taken(env={"SWAGE_REQUIRE_SIGS": "1"}) == 0


def test_a_swage_toml_is_believed_once_the_user_says_so(world):
    """It comes with what is checked out: whoever wrote it would fill the store that other work is built with."""
    plan = ["plan", "busybox", "--lock", world.home / "swage.lock"]
    key = world("cache", "keygen", "mine-1", "--out", "secret").ok().out.strip()
    file = world.cwd / "swage.toml"
    file.write_text(f'substituters = ["./cache"]\ntrusted-public-keys = ["{key}"]\n')
    asked = "note: swage.toml trusts the key 'mine-1', and you did not say that you do\nhint: if you do: swage cache trust\n"
    assert asked in world(*plan).ok().err
    assert world("cache", "trust").ok().out == f"trusted: the key '{key}'\n"
    assert (world.home / "trusted-caches").read_text() == f"key {key}\n"
    assert asked not in world(*plan).ok().err
    file.write_text('substituters = ["./cache"]\nrequire-sigs = false\n')
    assert "note: swage.toml wants no signatures, and you did not say that you trust its caches so far\n" in world(*plan).ok().err
    assert world("cache", "trust", "--json").ok().json() == {"keys": [], "unsigned": True}
    assert "wants no signatures" not in world(*plan).ok().err
    # Of this workspace alone.
    (world.cwd / "other").mkdir()
    (world.cwd / "other/swage.toml").write_text('substituters = ["../cache"]\nrequire-sigs = false\n')
    assert "wants no signatures" in world(*plan, "--workspace", "other").ok().err
    file.write_text('substituters = ["./cache"]\n')
    assert world("cache", "trust").fails(2).err.startswith(f"error: '{file}' names no key that could be trusted\n")
    (world.home / "trusted-caches").write_text("everybody\n")
    file.write_text('substituters = ["./cache"]\nrequire-sigs = false\n')
    assert world(*plan).fails(1).err.startswith(f"error: '{world.home}/trusted-caches' is damaged: 'everybody' is no line of it\n")


def test_what_is_set_wrong_is_said_where(world):
    cache = str(world.cache.directory)
    plan = ["plan", "busybox", "--lock", world.home / "swage.lock"]
    place = ("is no place of a cache\nhint: a directory (./cache or file:///srv/cache), a web server (https://cache.example.org), a bucket "
             "(s3://BUCKET?endpoint=HOST)\n")
    assert world(*plan, "--substituters", "gopher://b").fails(2).err == f"error: 'gopher://b' {place}"
    assert world(*plan, env={"SWAGE_SUBSTITUTERS": "gopher://b"}).fails(2).err == (
        f"error: 'gopher://b' {place}".replace("\nhint", "\nnote: in SWAGE_SUBSTITUTERS\nhint"))
    assert "secret" not in world(*plan, "--substituters", "https://me:secret@host").fails(2).err
    assert world(*plan, "--substituters", cache, "--trusted-public-keys", "x").fails(2).err == (
        "error: 'x' is no public key\nhint: NAME:BASE64 of 32 bytes, as 'swage cache keygen' prints it\n")
    assert world(*plan, "--substituters", cache, env={"SWAGE_REQUIRE_SIGS": "no"}).fails(2).err == (
        "error: 'no' is neither 1 nor 0: SWAGE_REQUIRE_SIGS\n")
    assert world(*plan, "--substituters", cache, env={"SWAGE_SUBSTITUTER_TIMEOUT": "soon"}).fails(2).err == (
        "error: 'soon' is no number of seconds: SWAGE_SUBSTITUTER_TIMEOUT\n")
    (world.cwd / "swage.toml").write_text('substituters = ["./cache"]\ntrusted-public-keys = ["x"]\n')
    assert world(*plan).fails(2).err == (
        f"error: 'x' is no public key\n  --> {world.cwd}/swage.toml:2:24\n   2 | trusted-public-keys = [\"x\"]\n     |                        ^^^\n"
        "hint: NAME:BASE64 of 32 bytes, as 'swage cache keygen' prints it\n")
    assert world("list", "platforms", "--substituters", cache).fails(2).err == (
        "error: '--substituters' says nothing for 'swage list'\nhint: it is for: build, boot, module, run, shell, plan, fetch, image\n")


def test_what_nobody_trusted_signed_is_not_taken(world):
    got = world("build", "busybox", "--dry-run", "--substituters", world.cache.directory)
    assert "would take 0 paths (0 B, 0 B unpacked) from caches\n" in got.ok().out
    assert got.err == f"cache {world.cache.directory}: 1 path not taken, which no trusted key has signed\n"


def test_plans_say_what_would_be_taken(world):
    options = ["--substituters", world.cache.directory, "--no-require-sigs"]
    assert world("build", "busybox", "--dry-run", *options).ok().out == (
        "would build 0 derivations and fetch 0 files (0 B)\n"
        f"would take 2 paths (200.6 kB, 200.6 kB unpacked) from caches\n  {DEP}\n  {world.out}\n")
    said = world("build", "busybox", "--dry-run", "--json", *options).ok().json()
    assert (said["build"], said["fetch"], [one["path"] for one in said["substitute"]]) == ([], [], [DEP, world.out])
    assert said["substitute"][1]["download"] == world.nar.stat().st_size
    assert said["caches"] == [{"cache": str(world.cache.directory), "paths": 0, "bytes": 0, "untrusted": 0, "failed": 0,
                               "failure": None, "leftOut": None}]
    got = world("plan", "busybox", *options).ok()
    states = [line.split()[0] for line in got.out.splitlines()]
    assert states.count("cached") == 1 and set(states) == {"cached", "unneeded"}
    assert "from caches: 2 paths (200.6 kB, 200.6 kB unpacked)\n" in got.err
    assert in_store(world) == []


FAULTS = {
    "flip": "holds another path than its narinfo says", "half": "ends early", "cut": "ends after ", 404: "is not there",
    b"": "", b"<html>it works</html>": "", "slow": "left out: less than 1000 bytes a second for 1 s",
    "hang": "left out: less than 1000 bytes a second for 1 s", 500: "left out: HTTP status 500", 401: "left out: HTTP status 401",
    429: "left out: it wants fewer requests (HTTP status 429 or 503)"}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_wrong_archive_is_had_from_the_next_cache(world, fault):
    second = MadeUpCache(world.cwd / "second")
    second.add(world.out, TREE, [DEP])
    with Served(world.cache.directory, lambda path: fault if path == f"/nar/{world.nar.name}" else None) as server:
        got = build(world, "--substituters", f"{server.url},{second.directory}", *options_for(fault))
    is_taken(world, got)
    lines = got.err.splitlines()[-2:]
    assert lines[0].startswith(f"cache {server.url}: 1 path, ") and FAULTS[fault] in lines[0], got.err
    assert lines[1].startswith(f"cache {second.directory}: 1 path, ")


@pytest.mark.parametrize("fault", ["slow", "hang", 500, 429, 404, b"<html>"], ids=str)
def test_a_cache_that_answers_nothing_costs_one_time_out(world, fault):
    with Served(world.cache.directory, lambda path: fault) as server:
        got = build(world, "--substituters", f"{server.url},{world.cache.directory}", *options_for(fault))
    is_taken(world, got)
    assert f"cache {server.url}: left out: " in got.err
    assert len(server.asked) <= 2


def test_dead_caches_are_asked_once_and_named(world):
    urls = ["http://127.0.0.1:9", "http://no-such-host.invalid", str(world.cwd / "none"), str(world.cache.directory)]
    got = build(world, "--substituters", ",".join(urls), "--json", *OPTIONS).ok()
    caches = {one["cache"]: one for one in got.json()["caches"]}
    assert caches[urls[0]]["leftOut"] == "cannot connect: Connection refused"
    assert caches[urls[1]]["leftOut"] is not None and "No such file" in caches[urls[2]]["leftOut"]
    assert caches[urls[3]]["paths"] == 2
    clean(world)


def test_a_reference_that_no_cache_has_makes_its_user_none(world):
    (world.cache.directory / f"{DEP[11:43]}.narinfo").unlink()
    got = world("build", "busybox", "--dry-run", "--substituters", world.cache.directory, "--no-require-sigs").ok()
    assert "would take 0 paths" in got.out and "would build 0 " not in got.out


def test_answers_are_remembered_for_a_while(world):
    with Served(world.cache.directory) as server:
        for _ in range(2):
            world("plan", "busybox", "--substituters", server.url, "--no-require-sigs").ok()
        assert len(server.asked) == len(set(server.asked)) and f"/{world.out[11:43]}.narinfo" in server.asked
        (world.home / "cache/substituters.sqlite").write_bytes(b"x" * 5000)
        is_taken(world, build(world, "--substituters", server.url, *OPTIONS))


def test_an_answer_that_is_out_of_date_is_asked_for_anew(world):
    with Served(world.cache.directory) as server:
        options = ["--substituters", server.url, *OPTIONS]
        world("plan", "busybox", *options).ok()
        world.nar.unlink()
        world.cache.add(world.out, {"bin": {"busybox": "y" * 200_000}}, [DEP])
        is_taken(world, build(world, *options))


def test_a_stall_on_a_connection_that_was_used_before_is_called_one(world):
    others = [f"/nix/store/{number:032d}-other" for number in range(20)]   # more than are downloaded at once
    for other in others:
        world.cache.add(other, other)
    world.nar = world.cache.add(world.out, TREE, others)
    with Served(world.cache.directory, lambda path: "hang" if path == f"/nar/{world.nar.name}" else None) as server:
        got = build(world, "--substituters", f"{server.url},{world.cache.directory}", *options_for("hang")).ok()
    assert f"cache {server.url}: 20 paths, " in got.err and "left out: less than 1000 bytes a second for 1 s\n" in got.err, got.err


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_one_that_is_stopped_leaves_nothing(world, how):
    with Served(world.cache.directory, lambda path: "hang" if path == f"/nar/{world.nar.name}" else None) as server:
        process = world.start("build", "busybox", "--no-link", "--substituters", server.url, "--no-require-sigs", "--substituter-timeout", "60")
        wait_until(lambda: f"/nar/{world.nar.name}" in server.asked)
        process.send_signal(how)
        _, err = process.communicate(timeout=20)
    assert process.returncode == (-9 if how == signal.SIGKILL else 130), err
    assert world.out.removeprefix("/nix/store/") not in in_store(world)
    assert not world("store", "verify", "--json").ok().json()["damaged"]
    got = build(world, "--substituters", world.cache.directory, *OPTIONS)
    assert got.ok().out == f"{world.home}{world.out}\n"
    world("store", "gc", "--dry-run").ok()
    assert not world("store", "verify", "--json").ok().json()["damaged"]


def test_what_was_made_is_pushed_on(world):
    """To a directory that others then take it from, with a signature that they trust."""
    key = world("cache", "keygen", "test-1", "-o", "secret").ok().out.strip()
    options = ["--substituters", world.cache.directory, "--no-require-sigs", "--push-to", "./mine", "--key", "secret"]
    assert world("build", "busybox", "--no-link", "--push-to", "gopher://x").fails(2).err.startswith("error: 'gopher://x' is no place of a cache\n")
    assert in_store(world) == []   # nothing was begun
    assert world("build", "busybox", "--no-link", *options, "--json").ok().json()["pushed"]["pushed"] == 2
    assert build(world, *options).ok().err.endswith(f"pushed 0 paths to '{world.cwd}/mine': 0 B; it had 2 already\n")
    assert world("cache", "check", "./mine", "--public-key", key).ok().out.startswith("ok: 2 paths, ")
    said = world("build", "busybox", "--dry-run", "--home", world.cwd / "new", "--lock", world.home / "swage.lock", "--json",
                 "--substituters", "./mine", "--trusted-public-keys", key).ok().json()
    assert len(said["substitute"]) == 2
    got = world("build", "busybox", "--no-link", "--push-to", "./more", "--upstream", "./mine", "--json").ok().json()["pushed"]
    assert got == {"pushed": 0, "present": 0, "upstream": 2, "derivations": 0, "fileBytes": 0, "error": None}
    assert world("build", "busybox", "--key", "secret").fails(2).err.startswith("error: '--key' says nothing without '--push-to'\n")


def test_a_cache_that_cannot_be_filled_fails_no_build(world):
    (world.cwd / "mine").mkdir()
    (world.cwd / "mine/nix-cache-info").write_text("StoreDir: /gnu/store\n")
    options = ["--substituters", world.cache.directory, "--no-require-sigs", "--push-to", "./mine"]
    got = world("build", "busybox", *options, "--json").fails(1)
    said = got.json()
    assert said["results"][0]["state"] == "built" and os.readlink(world.cwd / "result").endswith(world.out)
    assert said["pushed"]["pushed"] is None and said["pushed"]["error"]["what"] == "'nix-cache-info' says 'StoreDir: /gnu/store'"
    got = world("build", "busybox", *options).fails(1)
    assert got.err.endswith(f"error: 'nix-cache-info' says 'StoreDir: /gnu/store'\nnote: while pushing to '{world.cwd}/mine'\n")
