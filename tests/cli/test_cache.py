"""swage cache as a person meets it: exact words of what is wrong. That Nix reads the same caches: tests/oracle."""
import fcntl
import hashlib
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served, base32  # noqa: E402

KEY = "cache.example.org-1"
DEP = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-dep"


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
        "error: 'gopher://x' is no place of a cache\nhint: a directory (./cache or file:///srv/cache), a web server (https://cache.example.org), a bucket (s3://BUCKET?endpoint=HOST)\n")
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
        "scope": "all", "paths": 0, "bytes": 0, "upstream": 0, "unlisted": 0, "unused": ["nar/left.nar.zst"],
        "problems": [{"name": "00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo",
                      "what": "'00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo' says 'StorePath: /nix/store/../x'"}]}
    got = swage("cache", "check", cache).fails(1)
    assert got.out.endswith("damaged: 0 paths, 0 B of NARs read\n")
    assert "1 NAR files belong to no path" in got.err


def made_up(directory, *names):
    """A cache in which each refers to the one before it."""
    cache, paths = MadeUpCache(directory), []
    for name in names:
        paths.append(f"/nix/store/{base32(hashlib.sha256(name.encode()).digest())[:32]}-{name}")
        cache.add(paths[-1], {"file": name}, paths[-2:-1])
    (directory / "store-paths").write_text("".join(f"{path.removeprefix('/nix/store/')}\n" for path in sorted(paths)))
    return cache, paths


def test_a_web_server_tells_of_itself(swage):
    cache = MadeUpCache(swage.cwd / "cache")
    with Served(cache.directory) as server:
        assert swage("cache", "info", server.url).ok().out == f"{server.url}\n  store     /nix/store\n  priority  50\n"
        assert swage("cache", "check", server.url).fails(2).err == (
            f"error: '{server.url}' cannot be listed, and has no 'store-paths'\n"
            "hint: name the paths or targets to be checked; a push writes that file\n")
        assert swage("cache", "gc", server.url, "--keep", "x").fails(2).err == (
            f"error: '{server.url}' cannot be written: it is a web server\nhint: the directory that it serves\n")
        assert swage("cache", "info", f"{server.url}/below").fails(2).err.startswith(f"error: '{server.url}/below' is no binary cache\n")
    assert swage("cache", "info", server.url).fails(4).err == "error: cannot connect: Connection refused\n"
    assert "secret" not in swage("cache", "info", "https://me:secret@host").fails(2).err


def test_a_web_server_is_checked_by_its_index_or_by_paths(swage):
    """The paths are not signed, which each check says; what else is wrong is told besides."""
    cache, paths = made_up(swage.cwd / "cache", "one", "two", "three")
    faults = {}
    with Served(cache.directory, faults.get) as server:
        def wrong(*words, code=1):
            got = swage("cache", "check", server.url, *words).fails(code)
            return [line for line in got.out.splitlines()[:-1] if not line.endswith(": it has no signature")], got

        told, got = wrong()
        assert told == [] and got.out.endswith("\ndamaged: 3 paths, 864 B of NARs read\n")
        assert got.err.splitlines()[-1] == "looked at: what 'store-paths' names; what others than swage have put there is not in it"
        told, got = wrong(paths[1], "--no-contents")
        assert told == [] and got.out.endswith("\ndamaged: 2 paths, 0 B of NARs read\n")
        assert got.err.splitlines()[-1] == "looked at: the given paths and all that they refer to; not at the content of NARs"
        infos = [f"{path[11:43]}.narinfo" for path in paths]
        faults[f"/{infos[0]}"] = 404
        assert wrong()[0] == sorted([f"{infos[0]}: 'store-paths' names it, and it is not there",
                                     f"{infos[1]}: its reference '{paths[0]}' is not in the cache"])
        faults.clear()
        nar = next(line for line in (cache.directory / infos[2]).read_text().splitlines() if line.startswith("URL: "))[5:]
        for fault, said in [(b"x" * 288, "archive does not start with nix-archive-1"), (404, f"'{nar}' is not there")]:
            faults[f"/{nar}"] = fault
            assert wrong()[0] == [f"{infos[2]}: {said}"]
        assert wrong("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-x")[0] == ["00bgd045z0d4icpbc2yyz4gx48ak44la.narinfo: it is not there"]
        faults[f"/{nar}"] = 500
        assert wrong(code=4)[1].err.endswith("\nerror: HTTP status 500\n")


def test_what_is_not_there_costs_no_connection(swage):
    cache = MadeUpCache(swage.cwd / "cache")
    paths = [f"/nix/store/{number:032d}-x" for number in range(400)]
    with Served(cache.directory) as server:
        got = swage("cache", "check", server.url, *paths).fails(1)
        assert got.out.count(".narinfo: it is not there\n") == 400 and len(server.asked) == 401
        assert len(server.connections) <= 70


def test_what_is_collected_and_why_the_rest_is_kept(swage):
    cache, paths = made_up(swage.cwd / "cache", "one", "two", "three")
    (cache.directory / "nar/left.nar").write_text("x" * 100)
    assert swage("cache", "gc", "./cache").fails(2).err == (
        f"error: '{cache.directory}' has no pins, and nothing else is to be kept\nnote: all of it would be deleted\n"
        "hint: swage cache pin ./cache NAME PATH, --keep or --keep-newer\n")
    assert swage("cache", "gc", "./cache", "--keep", "t*e").ok().out == (
        "kept 3 paths, 864 B: --keep 't*e'\ndeleted 0 paths and 1 NARs that belonged to none, 100 B\n")
    swage("cache", "pin", "./cache", "release", paths[0]).ok()
    got = swage("cache", "gc", "./cache", "--dry-run").ok().out
    assert got == (f"     288 B  {paths[2]}\n     288 B  {paths[1]}\nkept 1 paths, 288 B: pin 'release'\nwould delete 2 paths, 576 B\n")
    assert swage("cache", "gc", "./cache", "--keep-newer", "1h", "--json").ok().json() == {
        "deleted": [], "unused": [], "derivations": [], "bytesFreed": 0,
        "kept": [{"because": "pin 'release'", "fileBytes": 288, "paths": [paths[0]]},
                 {"because": "newer", "fileBytes": 576, "paths": sorted(paths[1:])}]}
    assert swage("cache", "gc", "./cache", "--keep", "two").ok().out == (
        "kept 1 paths, 288 B: pin 'release'\nkept 1 paths, 288 B: --keep two\ndeleted 1 paths, 288 B\n")
    assert swage("cache", "info", "./cache", "--json").ok().json()["pins"] == {"release": [paths[0]]}
    assert swage("cache", "info", "./cache").ok().out.endswith(f"  pin       release\n            {paths[0]}\n")
    assert swage("cache", "check", "./cache", "--json").fails(1).json()["paths"] == 2
    swage("cache", "unpin", "./cache", "release").ok()
    assert swage("cache", "unpin", "./cache", "release").fails(2).err == f"error: 'release' is no pin of '{cache.directory}'\n"
    assert sorted(os.listdir(cache.directory / "nar")) == sorted(
        line[9:] for path in paths[:2] for line in (cache.directory / f"{path[11:43]}.narinfo").read_text().splitlines() if line.startswith("URL: nar/"))


def test_what_is_to_be_kept_must_be_known(planner):
    cache, paths = made_up(planner.cwd / "cache", "one", "two")
    note = "note: what is to be kept is not known, so nothing was deleted\n"
    for word, said in [("none*", "'none*'"), (DEP, f"'{DEP}'"), ("busybox", "'busybox for x86_64'")]:
        assert planner("cache", "gc", "./cache", "--keep", word).fails(2).err == f"error: {said} is not in '{cache.directory}'\n{note}"
    assert planner("cache", "gc", "./cache", "--keep", "buzybox").fails(2).err.startswith("error: 'buzybox' is not a target\n")
    (cache.directory / "pins").mkdir()
    (cache.directory / "pins/x").write_text("what\n")
    assert planner("cache", "gc", "./cache", "--keep", "one").fails(1).err == "error: 'pins/x' names 'what'\n"
    assert planner("cache", "gc", "./cahce", "--keep", "one").fails(4).err.startswith(f"error: cannot open '{planner.cwd}/cahce'")
    assert planner("cache", "pin", "./cache", "a/b", paths[0]).fails(2).err.startswith("error: 'a/b' is no name of a pin\n")
    assert planner("cache", "pin", "./cache", "a", DEP).fails(2).err == f"error: '{DEP}' is not in '{cache.directory}'\n"
    assert len(list(cache.directory.glob("*.narinfo"))) == 2


def test_targets_are_kept_and_pushed_by_name(planner):
    out = next(row["outputs"]["out"] for row in planner("plan", "busybox", "--json").ok().json()["derivations"]
               if row["name"].startswith("busybox-1"))
    assert planner("cache", "push", "busybox", "--static", "--to", "./mine").fails(2).err == (
        "error: busybox for x86_64 is not built\nhint: swage build busybox --for x86_64 --static\n")
    assert planner("cache", "push", out, "--static", "--to", "./mine").fails(2).err.startswith("error: '--static' says nothing of store paths\n")
    assert not (planner.cwd / "mine").exists()
    cache = MadeUpCache(planner.cwd / "cache")
    cache.add(DEP, "needed at run time")
    cache.add(out, {"bin": {"busybox": "x" * 1000}}, [DEP])
    planner("build", "busybox", "--no-link", "--substituters", "./cache", "--no-require-sigs").ok()
    assert planner("cache", "push", "busybox", "--to", "./mine").ok().out.startswith(f"pushed 2 paths to '{planner.cwd}/mine': ")
    assert planner("cache", "push", "busybox", "--to", "./mine", "--upstream", "./cache").ok().out.endswith(
        "it had 2 already, and upstreams have 0\n")
    assert planner("cache", "push", "busybox", "--to", "./other", "--upstream", "./cache", "--json").ok().json()["upstream"] == 2
    assert planner("cache", "push", "busybox", "--to", "./third", "--upstream", "http://127.0.0.1:1").ok().err.count(
        "warning: 'http://127.0.0.1:1' is taken to have nothing: cannot connect: Connection refused\n") == 1
    assert planner("cache", "check", "./mine", "busybox", "--json").fails(1).json()["scope"] == "paths"
    assert planner("cache", "gc", "./mine", "--keep", "busybox").ok().out.startswith("kept 2 paths, ")


def test_a_push_and_a_collection_wait_for_each_other(planner):
    cache, paths = made_up(planner.cwd / "cache", "one", "two")
    (cache.directory / ".swage-push").mkdir()
    with open(cache.directory / ".swage-push/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        process = planner.start("cache", "gc", "./cache", "--keep", "one")
        assert process.stderr.readline() == f"waiting for those who write to '{cache.directory}'\n"
        assert len(list(cache.directory.glob("*.narinfo"))) == 2
        stopped = planner.start("cache", "gc", "./cache", "--keep", "one")
        assert stopped.stderr.readline().startswith("waiting for ")
        stopped.send_signal(signal.SIGINT)
        assert stopped.communicate(timeout=20)[1] == "error: interrupted\n" and stopped.returncode == 130
    out, err = process.communicate(timeout=20)
    assert out.endswith("deleted 1 paths, 288 B\n"), err
