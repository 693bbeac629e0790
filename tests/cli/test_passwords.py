"""Passwords of caches, mirrors and buckets reach the server that they are for, and nothing else: no output, no log, no file of the home."""
import base64
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served  # noqa: E402
from s3_server import KEY, S3Server  # noqa: E402

SECRET = "hunter2-is-no-secret"
FORMS = [SECRET, base64.b64encode(f"me:{SECRET}".encode()).decode(), SECRET.replace("-", "%2D")]


@pytest.fixture
def world(planner):
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    planner.cache = MadeUpCache(planner.cwd / "cache")
    planner.cache.add(planner.out, {"bin": {"busybox": "x" * 1000}})
    return planner


def keeps_it(world, *words, code=None, **kwargs):
    """In text and in JSON."""
    for more in ([], ["--json"]):
        got = world(*words, *more, **kwargs)
        assert code is None or got.code == code, got
        assert not any(form in got.out + got.err for form in FORMS), (words, got)
    for directory, _, names in os.walk(world.home):
        for name in names:
            file = pathlib.Path(directory) / name
            content = os.readlink(file).encode() if file.is_symlink() else file.read_bytes() if file.is_file() else b""
            assert not any(form.encode() in content for form in FORMS), file
    return got


def test_in_an_address_it_is_refused(world):
    """Before anybody is asked."""
    place = f"http://me:{SECRET}@127.0.0.1:1"
    refused = """error: 'http://127.0.0.1:1' has a user or a password in it
note: it would be read by everybody who reads the recipe, a log or a record
hint: give it to ~/.netrc: machine HOST login USER password PASSWORD
"""
    assert world("cache", "info", place).fails(2).err == refused
    assert world("mirror", "check", place, "busybox").fails(2).err == refused
    for words in (["build", "busybox", "--no-link", "--substituters", place], ["build", "busybox", "--no-link", "--push-to", place],
                  ["cache", "push", "busybox", "--to", place], ["why-build", "busybox", "--cache", place], ["fetch", "busybox", "--mirror", place],
                  ["build", "busybox", "--no-link", "--substituters", f"s3://me:{SECRET}@bucket"]):
        keeps_it(world, *words, code=2)


@pytest.mark.parametrize("fault", [None, 401, 404, 500, "cut", "flip"])
def test_of_netrc(world, fault):
    env = {"HOME": str(world.cwd)}
    (world.cwd / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    with Served(world.cache.directory, lambda path: fault if ".nar" in path else None) as server:
        options = ["--substituters", server.url, "--no-require-sigs", "--substituter-timeout", "2"]
        keeps_it(world, "plan", "busybox", *options, env=env)
        if fault is None:
            keeps_it(world, "build", "busybox", "--no-link", *options, env=env, code=0)
        keeps_it(world, "cache", "check", server.url, "busybox", env=env)
        keeps_it(world, "why-build", "busybox", "--cache", server.url, env=env)
        assert server.asked, "it was tried"


def test_of_a_mirror(world):
    (world.cwd / "mirror").mkdir()
    (world.cwd / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    with Served(world.cwd / "mirror", lambda path: 403) as server:
        keeps_it(world, "mirror", "check", server.url, "busybox", env={"HOME": str(world.cwd)})
        assert server.asked


def test_of_a_bucket(world):
    env = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_SESSION_TOKEN": SECRET + "-token"}
    with S3Server() as server:   # which knows another secret
        keeps_it(world, "cache", "check", server.url, env=env, code=4)
        keeps_it(world, "plan", "busybox", "--substituters", server.url, "--no-require-sigs", env=env)
        assert server.asked
