"""Four generations of Nix, each in its own libraries: all take from a cache that swage filled, over HTTP and with signatures, and swage
takes from what each of them made. `make check` has the host's own Nix, `make check-nix` (SWAGE_NIX_CLIENTS=all) all four."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from extracted import command, extracted  # noqa: E402
from made_up_cache import MadeUpCache, Served  # noqa: E402
from s3_server import KEY, SECRET, S3Server  # noqa: E402

SUITES = {"2.3.7": "bullseye", "2.8.0": "bookworm", "2.26.3": "trixie", "2.34.8": "forky"}
ALL = os.environ.get("SWAGE_NIX_CLIENTS") == "all"


class Client:
    def __init__(self, suite, tmp):
        self.root, self.tmp = extracted(suite, "nix-bin") if suite else None, tmp
        (tmp / "nix.conf").write_text("build-users-group =\nexperimental-features = nix-command\nsandbox = false\nrequire-sigs = true\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(tmp), "NIX_CONF_DIR": str(tmp)}

    def __call__(self, program, *args, code=0):
        argv = command(self.root, program, "usr/lib/nix") if self.root else [program]
        done = subprocess.run([*argv, *map(str, args)], env=self.env, cwd=self.tmp, capture_output=True, text=True, timeout=300)
        assert code is None or done.returncode == code, done
        return done

    def take(self, out, url, key, to, code=0):
        return self("nix-store", "--store", self.tmp / to, "--realise", out, "--option", "substituters", url, "--option", "trusted-public-keys", key,
                    "--option", "narinfo-cache-negative-ttl", "0", code=code)


@pytest.fixture(params=list(SUITES) if ALL else ["the host's"])
def client(request, tmp_path):
    (tmp_path / "client").mkdir()
    client = Client(SUITES.get(request.param), tmp_path / "client")
    client.version = client("nix", "--version").stdout.split()[-1]
    assert not ALL or client.version == request.param
    client.form = "xz" if client.version.startswith("2.3.") else "zstd"   # which it does not know
    return client


@pytest.fixture
def world(planner):
    """A target that a cache has, with two paths that it refers to, in a store of swage's, and keys."""
    planner.out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
                       if row["name"].startswith("busybox-1"))
    made = MadeUpCache(planner.cwd / "made")
    low, high = (f"/nix/store/{char * 32}-dep" for char in "01")
    made.add(low, "needed\n" * 1000)
    made.add(high, {"lib": {"one": "1", "two": "2" * 70_000}}, [low, high])
    made.add(planner.out, {"bin": {"busybox": "program\n" * 10_000}}, [low, high])
    planner("build", "busybox", "--no-link", "--substituters", made.directory, "--no-require-sigs").ok()
    planner.key = planner("cache", "keygen", "test-1", "-o", "secret").ok().out.strip()
    planner.other = planner("cache", "keygen", "test-1", "-o", "other").ok().out.strip()
    return planner


def has_no_path(store):
    return not store.exists() or [name for name in os.listdir(store / "nix/store") if name not in (".links",) and not name.endswith(".lock")] == []


def test_it_takes_what_swage_pushed_and_swage_what_it_makes(world, client):
    cache, theirs = world.cwd / "cache", world.cwd / "theirs"
    world("cache", "push", "busybox", "--to", cache, "--key", "secret", "--compression", client.form).ok()
    with Served(cache) as server:
        client.take(world.out, server.url, world.key, "there")
    client("nix-store", "--store", client.tmp / "there", "--verify", "--check-contents")
    assert (client.tmp / "there" / world.out[1:] / "bin/busybox").read_text() == "program\n" * 10_000
    client("nix", "copy", "--from", client.tmp / "there", "--to", f"file://{theirs}?compression=xz&secret-key={world.cwd}/other", world.out)
    assert world("cache", "check", theirs, "--public-key", world.other).ok().out.startswith("ok: 3 paths, ")
    with Served(theirs) as server:
        new = ["build", "busybox", "--home", world.cwd / "new", "--lock", world.home / "swage.lock", "--json", "--substituters", server.url]
        # The signature that swage made went with the path.
        assert len(world(*new, "--dry-run", "--trusted-public-keys", world.key).ok().json()["substitute"]) == 3
        assert world(*new, "--dry-run", "--trusted-public-keys", f"x-1:{world.key.split(':')[1]}").ok().json()["substitute"] == []
        assert world(*new, "--no-link", "--trusted-public-keys", world.other).ok().json()["caches"][0]["paths"] == 3
    assert world("--home", world.cwd / "new", "store", "verify").ok().out.startswith("ok: 3 paths checked, ")


@pytest.mark.parametrize("how", ["of another key", "missing", "of another path"])
def test_it_refuses_what_is_not_signed_by_a_trusted_key(world, client, how):
    cache = world.cwd / "cache"
    world("cache", "push", "busybox", "--to", cache, "--compression", client.form, *(["--key", "secret"] if how != "missing" else [])).ok()
    if how == "of another path":
        infos = sorted(cache.glob("*.narinfo"))
        texts = [info.read_text() for info in infos]
        signatures = [next(line for line in text.splitlines() if line.startswith("Sig: ")) for text in texts]
        for i, info in enumerate(infos):
            info.write_text(texts[i].replace(signatures[i], signatures[(i + 1) % len(infos)]))
    with Served(cache) as server:
        key = world.other if how == "of another key" else world.key
        assert client.take(world.out, server.url, key, "there", code=None).returncode != 0
        assert has_no_path(client.tmp / "there")
        new = ["build", "busybox", "--home", world.cwd / "new", "--lock", world.home / "swage.lock", "--json", "--dry-run"]
        said = world(*new, "--substituters", server.url, "--trusted-public-keys", key).ok().json()
        assert said["substitute"] == [] and said["caches"][0]["untrusted"] == 1


def test_both_use_one_bucket(world, client):
    """Against a server that checks each signature. The distribution's Nix does buckets from 2.33 on, and signs nothing, for want of AWS's library."""
    if tuple(int(part) for part in client.version.split(".")[:2]) < (2, 33):
        pytest.skip(f"the distribution's Nix {client.version} has no S3")
    world.env.update({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})
    with S3Server(public=True) as server, S3Server("theirs", public=True) as theirs:
        world("cache", "push", "busybox", "--to", server.url, "--key", "secret").ok()
        client.take(world.out, server.url, world.key, "there")
        client("nix", "copy", "--from", client.tmp / "there", "--to", f"{theirs.url}&compression=zstd&secret-key={world.cwd}/other", world.out)
        assert world("cache", "check", theirs.url, "--public-key", world.other).ok().out.startswith("ok: 3 paths, ")
        got = world("build", "busybox", "--home", world.cwd / "new", "--lock", world.home / "swage.lock", "--json", "--no-link",
                    "--substituters", theirs.url, "--trusted-public-keys", world.other)
        assert got.ok().json()["caches"][0]["paths"] == 3
