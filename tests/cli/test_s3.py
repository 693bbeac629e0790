"""Caches in buckets, against a server that checks what signs each request."""
import datetime
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache  # noqa: E402
from s3_server import KEY, SECRET, S3Server  # noqa: E402

DEP = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-dep"
ENV = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_PROFILE": "", "AWS_REGION": "",
       "AWS_SESSION_TOKEN": ""}
FORBIDDEN = "hint: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile of ~/.aws/credentials, of one who may\n"


@pytest.fixture
def world(planner):
    """A target in the store, that refers to one path."""
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    made = MadeUpCache(planner.cwd / "made")
    made.add(DEP, "needed at run time")
    made.add(planner.out, {"bin": {"busybox": "program\n" * 50_000}}, [DEP])
    planner("build", "busybox", "--no-link", "--substituters", made.directory, "--no-require-sigs").ok()
    planner.key = planner("cache", "keygen", "test-1", "-o", "secret").ok().out.strip()
    planner.env.update(ENV)
    planner.push = ["cache", "push", "busybox", "--key", "secret", "--to"]
    return planner


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_bucket_is_filled_checked_and_taken_from(world, page):
    with S3Server(page=page) as server:
        assert world(*world.push, server.url).ok().out.startswith("pushed 2 paths to 's3://bucket': ")
        assert world(*world.push, server.url).ok().out.endswith("; it had 2 already\n")
        assert sorted(name.split("/")[0] for name in server.objects if not name.startswith("derivations/")) == sorted(
            ["nix-cache-info", "store-paths", "nar", "nar", f"{DEP[11:43]}.narinfo", f"{world.out[11:43]}.narinfo"])
        assert world("cache", "info", server.url).ok().out == "s3://bucket\n  store     /nix/store\n  priority  50\n"
        assert world("cache", "check", server.url, "--public-key", world.key).ok().out.startswith("ok: 2 paths, ")
        server.objects["nar/left.nar"] = b"x"
        server.objects["../x"] = b"x"
        assert world("cache", "check", server.url, "--public-key", world.key, "--json").ok().json()["unused"] == ["nar/left.nar"]
        got = world("build", "busybox", "--no-link", "--home", world.cwd / "new", "--lock", world.home / "swage.lock", "--substituters", server.url,
                    "--trusted-public-keys", world.key).ok()
        assert "cache s3://bucket: 2 paths, " in got.err
        asked = len(server.asked)
        world("plan", "busybox", "--home", world.cwd / "offline", "--lock", world.home / "swage.lock", "--substituters", server.url,
              "--trusted-public-keys", world.key, "--offline").ok()
        assert len(server.asked) == asked   # a bucket is no directory
        world("cache", "pin", server.url, "mine", world.out).ok()
        assert world("cache", "info", server.url, "--json").ok().json()["pins"] == {"mine": [world.out]}
        world("cache", "unpin", server.url, "mine").ok()
        assert "pins/mine" not in server.objects


def test_who_may_not(world):
    with S3Server() as server:
        for env in [{"AWS_SECRET_ACCESS_KEY": "another-secret"}, {"AWS_ACCESS_KEY_ID": ""}, {"AWS_ACCESS_KEY_ID": "another"}]:
            got = world(*world.push, server.url, env=env).fails(4)
            assert got.err.endswith(f"error: 's3://bucket' cannot be written: HTTP status 403\n{FORBIDDEN}"), got.err
            assert "secret" not in got.err.lower().replace("aws_secret_access_key", "")
            assert world("cache", "check", server.url, env=env).fails(4).err == (
                f"error: 's3://bucket' cannot be listed: HTTP status 403\n{FORBIDDEN}")
        assert server.objects == {}


def test_who_one_is_is_found_where_other_programs_find_it(world):
    (world.cwd / "credentials").write_text(
        f"# of two\n[default]\naws_access_key_id = other\naws_secret_access_key = other\n\n[ci]\naws_access_key_id={KEY}\n  aws_secret_access_key = {SECRET}\n")
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": str(world.cwd / "credentials")}
    with S3Server() as server:
        world(*world.push, server.url, env=none).fails(4)
        world(*world.push, server.url, env={**none, "AWS_PROFILE": "ci"}).ok()
        world(*world.push, f"{server.url}&profile=ci", env={**none, "AWS_PROFILE": "default"}).ok()   # the nearer word wins
        assert world(*world.push, f"{server.url}&profile=cy", env=none).fails(2).err == (
            f"error: '{world.cwd}/credentials' has no profile 'cy'\n")
    with S3Server(token="t/1+2=") as server:
        world(*world.push, server.url).fails(4)
        world(*world.push, server.url, env={"AWS_SESSION_TOKEN": "t/1+2="}).ok()
        world("cache", "check", server.url, "--public-key", world.key, env={"AWS_SESSION_TOKEN": "t/1+2="}).ok()


def test_a_bucket_that_has_a_bad_day(world):
    """What may pass is tried again; what stays is said, and what was pushed is whole."""
    failures = {}

    def fault(method, path):
        if failures.get(method, 0) > 0:
            failures[method] -= 1
            return 503

    with S3Server(fault=fault) as server:
        failures["PUT"] = 2
        world(*world.push, server.url).ok()
        server.objects.pop(f"{world.out[11:43]}.narinfo")
        server.objects.pop("store-paths")
        failures["PUT"] = 1000
        assert "cannot be written: HTTP status 503\n" in world(*world.push, server.url).fails(4).err
        failures.clear()
        assert world("cache", "check", server.url, "--public-key", world.key, "--json").ok().json()["paths"] == 1
        assert world(*world.push, server.url).ok().out.startswith("pushed 1 paths")


def old(server, *names):
    for name in names:
        server.modified[name] = datetime.datetime(2026, 1, 1)


def test_a_bucket_is_collected(world):
    with S3Server() as server:
        world(*world.push, server.url).ok()
        old(server, *server.objects)
        server.objects["nar/left.nar"] = b"x"
        before = dict(server.objects)
        keep = ["cache", "gc", server.url, "--keep", DEP]
        assert world("cache", "gc", server.url).fails(2).err.startswith("error: 's3://bucket' has no pins, and nothing else is to be kept\n")
        dry = world(*keep, "--dry-run", "--json").ok().json()
        assert [row["path"] for row in dry["deleted"]] == [world.out] and dry["unused"] == ["nar/left.nar"]
        assert server.objects == before
        world("cache", "pin", server.url, "mine", world.out).ok()
        assert world(*keep, "--dry-run", "--json").ok().json()["deleted"] == []
        world("cache", "unpin", server.url, "mine").ok()
        server.asked.clear()
        assert world(*keep, "--json").ok().json() == dry
        narinfo = f"{world.out[11:43]}.narinfo"
        changes = [(method, path.removeprefix("/bucket/")) for method, path in server.asked if method != "GET" and "/locks/" not in path]
        assert changes[:2] == [("PUT", "store-paths"), ("DELETE", narinfo)]   # what promises goes before what it promises
        assert {path.split("/")[0] for _, path in changes[2:]} <= {"nar", "derivations", f"{world.out[11:43]}.ls"}
        assert sorted(server.objects) == sorted(name for name in before if name in ("nix-cache-info", "store-paths", f"{DEP[11:43]}.narinfo")
                                                or (name.startswith("nar/") and name not in [path for _, path in changes]))
        assert world("cache", "check", server.url, "--public-key", world.key, "--json").ok().json()["paths"] == 1
        # What is pushed again is new again.
        world(*world.push, server.url).ok()
        old(server, *server.objects)
        world(*world.push, server.url).ok()
        assert world("cache", "gc", server.url, "--keep-newer", "1h", "--json").ok().json()["deleted"] == []


def test_pushes_and_collections_of_a_bucket_wait_for_each_other(world):
    with S3Server() as server:
        world(*world.push, server.url).ok()
        for args, mark, said in [(["cache", "gc", server.url, "--keep", DEP], "locks/add-1", "waiting for those who write to 's3://bucket'"),
                                 (world.push + [server.url], "locks/remove-1", "waiting for a collection of 's3://bucket'")]:
            server.objects[mark] = b""
            running = world.start(*args)
            assert said in running.stderr.readline()
            assert running.poll() is None
            server.objects.pop(mark)
            running.communicate(timeout=60)
            assert running.returncode == 0 and not any(name.startswith("locks/") for name in server.objects)
            server.objects[mark] = b""
            old(server, mark)   # a dead one's
            world(*args).ok()
            server.objects.pop(mark, None)


def test_what_is_no_bucket(world):
    for url, said in [("s3://", "'s3://' is no place of a cache\nhint: s3://BUCKET?endpoint=HOST&region=REGION\n"),
                      ("s3://Bucket", "'s3://Bucket' is no place of a cache\nhint: s3://BUCKET?endpoint=HOST&region=REGION\n"),
                      ("s3://bucket?endpoint=h/../x", "'s3://bucket' is no place of a cache\nhint: s3://BUCKET?endpoint=HOST&region=REGION\n"),
                      ("s3://bucket?compression=xz",
                       "'compression' of 's3://bucket' says nothing to swage\nhint: endpoint=HOST, region=REGION, scheme=http, profile=NAME\n")]:
        assert world("cache", "info", url).fails(2).err == f"error: {said}"
