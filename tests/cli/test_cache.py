"""swage cache as a person meets it: exact words of what is wrong. That Nix reads the same caches: tests/oracle."""
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served  # noqa: E402

KEY = "cache.example.org-1"


def test_a_key_is_made_once_and_for_its_owner(swage):
    public = swage("cache", "keygen", KEY).ok().out
    secret = swage.cwd / f"{KEY}.secret"
    assert public.startswith(f"{KEY}:") and oct(secret.stat().st_mode & 0o777) == "0o600"
    assert swage("cache", "public-key", secret).ok().out == public
    before = secret.read_text()
    assert swage("cache", "keygen", KEY).fails(2).err == f"error: '{KEY}.secret' exists\nhint: another name for the file: --out FILE\n"
    assert secret.read_text() == before
    made = swage("cache", "keygen", "x-1", "--out", "there", "--json").ok().json()
    assert made["file"] == "there" and swage("cache", "public-key", "there", "--json").ok().json() == {"publicKey": made["publicKey"]}


def test_names_and_keys_that_are_none(swage):
    assert swage("cache", "keygen", "my key").fails(2).err == (
        "error: 'my key' is no name of a key\n"
        "hint: letters, digits, '.', '-' and '_', by custom the host and a number: cache.example.org-1\n")
    (swage.cwd / "bad").write_text("x-1:c2VjcmV0\n")
    got = swage("cache", "public-key", "bad").fails(2)
    assert got.err == ("error: this is no secret key\nnote: in 'bad'\n"
                       "hint: NAME:BASE64 of 64 bytes, as 'swage cache keygen' writes it\n")
    assert swage("cache", "check", ".", "--public-key", "x").fails(2).err == (
        "error: 'x' is no public key\nhint: NAME:BASE64 of 32 bytes, as 'swage cache keygen' prints it\n")


def test_what_is_no_cache(swage):
    (swage.cwd / "dir").mkdir()
    where = swage.cwd / "dir"
    assert swage("cache", "info", "./dir").fails(2).err == (
        f"error: '{where}' is no binary cache\nnote: it has no 'nix-cache-info'\n"
        "hint: the first push makes it one: swage cache push PATH --to ./dir\n")
    assert swage("cache", "check", "./dir").fails(1).out == "nix-cache-info: it is not there\ndamaged: 0 paths, 0 B of NARs read\n"
    assert swage("cache", "info", "gopher://x").fails(2).err == (
        "error: 'gopher://x' is no place of a cache\nhint: a directory (./cache or file:///srv/cache) or a web server (https://cache.example.org)\n")
    assert swage("cache", "info", "./none").fails(4).err == f"error: cannot open '{swage.cwd}/none': No such file or directory\n"
    (where / "nix-cache-info").write_text("StoreDir: /gnu/store\n")
    assert swage("cache", "info", "./dir").fails(1).err == "error: 'nix-cache-info' says 'StoreDir: /gnu/store'\n"


def test_a_push_of_what_is_not_there_makes_no_cache(swage):
    path = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-x"
    assert swage("cache", "push", path, "--to", "./cache").fails(2).err.startswith(f"error: '{path}' is not valid in this store\n")
    assert not os.path.exists(swage.cwd / "cache")


def test_problems_are_listed_for_programs_too(swage):
    cache = swage.cwd / "cache"
    (cache / "nar").mkdir(parents=True)
    (cache / "nix-cache-info").write_text("StoreDir: /nix/store\n")
    (cache / "nar/left.nar.zst").write_text("x")
    (cache / "00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo").write_text("StorePath: /nix/store/../x\nURL: x\nNarHash: x\nNarSize: 1\n")
    got = swage("cache", "check", cache, "--json").fails(1)
    assert json.loads(got.out) == {
        "paths": 0, "bytes": 0, "unused": ["nar/left.nar.zst"],
        "problems": [{"name": "00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo",
                      "what": "'00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo' says 'StorePath: /nix/store/../x'"}]}
    got = swage("cache", "check", cache).fails(1)
    assert got.out.endswith("damaged: 0 paths, 0 B of NARs read\n")
    assert "1 NAR files belong to no path" in got.err


def test_a_web_server_tells_of_itself_and_cannot_be_listed(swage):
    cache = MadeUpCache(swage.cwd / "cache")
    with Served(cache.directory) as server:
        assert swage("cache", "info", server.url).ok().out == f"{server.url}\n  store     /nix/store\n  priority  50\n"
        assert swage("cache", "check", server.url).fails(2).err == (
            f"error: '{server.url}' cannot be listed: it is a web server\nhint: the directory that it serves\n")
        assert swage("cache", "info", f"{server.url}/below").fails(2).err.startswith(f"error: '{server.url}/below' is no binary cache\n")
    assert swage("cache", "info", server.url).fails(4).err == "error: cannot connect: Connection refused\n"
    assert "secret" not in swage("cache", "info", "https://me:secret@host").fails(2).err
