"""Binary caches against the real Nix: each reads what the other wrote, and refuses what the other has not signed."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache  # noqa: E402

SWAGE = os.environ["SWAGE_PROGRAM"]
FORMS = ["zstd", "xz", "gzip", "bzip2", "none"]


class World:
    """A store with a tree, a text that names another, and a path that only a signature vouches for."""
    def __init__(self, tmp):
        self.tmp, self.home, self.cache = tmp, tmp / "home", tmp / "cache"
        (tmp / "nix.conf").write_text("build-users-group =\nsubstitute = false\nexperimental-features = nix-command\nsandbox = false\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(tmp), "NIX_CONF_DIR": str(tmp)}
        self.swage("store", "du")
        (tmp / "tree/sub").mkdir(parents=True)
        (tmp / "tree/sub/file").write_text("hello\n" * 10_000)
        (tmp / "tree/run").write_text("#!/bin/sh\n")
        (tmp / "tree/run").chmod(0o755)
        (tmp / "tree/link").symlink_to("sub/file")
        (tmp / "env.nix").write_text(
            'derivation { name = "env"; system = "builtin"; builder = "builtin:buildenv"; manifest = builtins.toFile "m" "m";\n'
            '  derivations = [ "true" "5" "1" (builtins.path { path = ./tree; name = "tree"; }) ]; }\n')
        self.built = self.nix("nix-build", "--store", self.home, "--no-out-link", tmp / "env.nix").stdout.strip()
        self.text = self.nix("nix-instantiate", "--store", self.home, "--eval", "--read-write-mode", "--json", "-E",
                             'builtins.toFile "b" "see ${builtins.toFile "a" "text"}"').stdout.strip().strip('"')
        self.key = self.swage("cache", "keygen", "test-1", "-o", tmp / "secret").stdout.strip()
        self.other = self.swage("cache", "keygen", "test-1", "-o", tmp / "other").stdout.strip()

    def run(self, *args, code=0):
        done = subprocess.run([str(a) for a in args], env=self.env, cwd=self.tmp, capture_output=True, text=True)
        assert code is None or done.returncode == code, done
        return done

    def nix(self, *args, code=0):
        return self.run(*args, code=code)

    def swage(self, *args, code=0):
        return self.run(SWAGE, "-q", "--home", self.home, *args, code=code)

    def pull(self, *paths, to="there", key=None, code=0, cache=None):
        return self.nix("nix", "copy", "--from", f"file://{cache or self.cache}", "--to", self.tmp / to, *paths,
                        "--option", "trusted-public-keys", key or self.key, code=code)


@pytest.fixture
def world(tmp_path):
    (tmp_path / "world").mkdir()
    return World(tmp_path / "world")


@pytest.mark.parametrize("form", FORMS)
def test_nix_takes_what_swage_pushed(world, form):
    said = world.swage("cache", "push", world.built, world.text, "--to", world.cache, "--key", "secret", "--compression", form).stdout
    assert re.fullmatch(r"pushed 5 paths to '.*/cache': [\d.]+ k?B, compressed from [\d.]+ kB; it had 0 already\n", said), said
    world.pull(world.built, world.text)
    world.nix("nix", "store", "verify", "--store", world.tmp / "there", "--all", "--option", "trusted-public-keys", world.key)
    assert (world.tmp / "there" / world.built[1:] / "sub/file").resolve().name == "file"
    assert world.swage("cache", "check", world.cache, "--public-key", world.key).stdout.startswith("ok: 5 paths, ")


def test_nix_refuses_what_another_key_signed(world):
    world.swage("cache", "push", world.built, "--to", world.cache, "--key", "other")
    assert "signature" in world.pull(world.built, code=1).stderr
    wrong = world.swage("cache", "check", world.cache, "--public-key", world.key, code=1).stdout.splitlines()   # texts and trees need none
    assert [line.split(": ")[1:] for line in wrong[:-1]] == [["no signature of a given key holds"]]
    world.swage("cache", "push", world.built, "--to", world.cache, "--key", "secret", "--again")
    world.pull(world.built)


@pytest.mark.parametrize("form", ["zstd", "xz", "gzip", "bzip2", "none"])
def test_swage_checks_what_nix_pushed(world, form):
    world.nix("nix", "copy", "--from", world.home, "--to", f"file://{world.cache}?compression={form}&secret-key={world.tmp}/secret",
              world.built, world.text)
    assert world.swage("cache", "check", world.cache, "--public-key", world.key).stdout.startswith("ok: 5 paths, ")
    wrong = world.swage("cache", "check", world.cache, "--public-key", world.other, code=1).stdout.splitlines()
    assert [line.split(": ")[1:] for line in wrong[:-1]] == [["no signature of a given key holds"]]


def test_a_push_adds_to_what_nix_pushed(world):
    world.nix("nix", "copy", "--from", world.home, "--to", f"file://{world.cache}?secret-key={world.tmp}/secret", world.text)
    assert "pushed 3 paths" in world.swage("cache", "push", world.built, world.text, "--to", world.cache, "--key", "secret").stdout
    world.pull(world.built, world.text)


@pytest.fixture
def taken(world, planner):
    """The path of a target in the store that Nix copies from, and swage with an empty home that takes it from Nix's cache."""
    target = ["build", "busybox", "--lock", planner.home / "swage.lock"]
    out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
               if row["name"].startswith("busybox-1"))
    made = MadeUpCache(world.tmp / "made")
    made.add(out, {"bin": {"busybox": "program\n" * 10_000}}, [world.built, out])
    planner(*target, "--no-link", "--home", world.home, "--substituters", made.directory, "--no-require-sigs").ok()

    def copy(options=""):
        world.nix("nix", "copy", "--no-check-sigs", "--from", world.home, "--to", f"file://{world.cache}?{options}", out)

    def take(*options):
        return planner(*target, *([] if "--dry-run" in options else ["--no-link"]), "--json", "--substituters", f"file://{world.cache}", *options)
    world.out, world.copy, world.take, world.new = out, copy, take, planner.home
    return world


@pytest.mark.parametrize("form", FORMS)
def test_swage_takes_what_nix_pushed(taken, form):
    taken.copy(f"compression={form}&secret-key={taken.tmp}/secret")
    assert taken.take("--trusted-public-keys", taken.key).ok().json()["caches"][0]["paths"] == 4   # with its tree, and a text
    taken.nix("nix-store", "--store", taken.new, "--verify", "--check-contents")
    theirs = [taken.nix("nix", "path-info", "-r", "--json", "--store", home, taken.out).stdout for home in (taken.home, taken.new)]
    facts = [{path["path"]: (path["narHash"], path["narSize"], path["references"]) for path in json.loads(text)} for text in theirs]
    assert facts[0] == facts[1]
    taken.nix("nix", "store", "verify", "--store", taken.new, taken.out, "--option", "trusted-public-keys", taken.key)


def test_swage_refuses_what_nix_did_not_sign_by_a_trusted_key(taken):
    taken.copy(f"secret-key={taken.tmp}/other")
    for keys in (["--trusted-public-keys", taken.key], []):
        said = taken.take(*keys, "--dry-run").ok().json()
        assert said["substitute"] == [] and said["caches"][0]["untrusted"] == 1
    assert taken.out[11:] not in os.listdir(taken.new / "nix/store")
    # A signature of another path is none.
    names = [taken.cache / f"{path[11:43]}.narinfo" for path in (taken.out, taken.built)]
    texts = [name.read_text() for name in names]
    signatures = [next(line for line in text.splitlines() if line.startswith("Sig: ")) for text in texts]
    names[0].write_text(texts[0].replace(signatures[0], signatures[1]))
    assert taken.take("--trusted-public-keys", taken.other, "--dry-run").ok().json()["substitute"] == []
    names[0].write_text(texts[0])
    assert taken.take("--trusted-public-keys", taken.other).ok().json()["caches"][0]["paths"] == 4
