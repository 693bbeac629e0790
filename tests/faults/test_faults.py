"""What goes wrong from outside: kills, races, full and read-only disks, missing namespaces, bad downloads. After each, the store
is clean and the next run succeeds."""
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import time

ROUNDS = int(os.environ.get("SWAGE_FAULT_ROUNDS", "25"))
CACHE_ROUNDS = int(os.environ.get("SWAGE_FAULT_ROUNDS", "50"))   # of taking from caches, and of filling them
SEED = int(os.environ.get("SWAGE_FAULT_SEED", "20"))
NIX = "build-users-group =\nsubstitute = false\n"


def nix_verify(swage):
    done = subprocess.run([*swage.prefix, "env", f"NIX_CONFIG={NIX}", "nix-store", "--store", str(swage.home), "--verify", "--check-contents"],
                          capture_output=True, text=True, cwd=swage.cwd, env=swage.env)
    assert done.returncode == 0, done.stderr


def stop_all(swage, process):
    """kill -9 of swage itself; with runuser in front, of its child."""
    if swage.prefix:
        subprocess.run(["pkill", "-9", "-P", str(process.pid)])
    process.kill()
    process.communicate()


def test_kill_at_random_moments(faulty):
    """Download, unpack, build and registration are all inside the first two seconds of these targets."""
    random.seed(SEED)
    faulty.forget("fault-after", "fault-many")
    start = time.monotonic()
    faulty("build", "fault-after", "--no-link").ok()
    span = (time.monotonic() - start) * 1.1
    killed = 0
    for round_number in range(ROUNDS):
        faulty.forget("fault-after", "fault-many", *(["root@fault"] if round_number % 5 == 0 else []))
        process = faulty.start("build", "fault-after", "--no-link")
        time.sleep(random.uniform(0, span))
        killed += process.poll() is None
        stop_all(faulty.swage, process)
        checked = faulty("store", "verify", "--json", *(["--no-contents"] if round_number % 10 else [])).ok().json()
        assert not checked["damaged"], checked["problems"]
        if round_number % 10 == 9:
            nix_verify(faulty.swage)
    assert killed >= ROUNDS / 2, "the rounds came too late to kill anything"
    faulty("build", "fault-after", "--no-link").ok()
    assert faulty("store", "verify").ok().out.startswith("ok: ")
    nix_verify(faulty.swage)


def test_eight_at_once_build_each_derivation_once(faulty):
    faulty.forget("fault-after", "fault-many", "root@fault")
    processes = [faulty.start("build", "fault-after", "--no-link", "--json") for _ in range(8)]
    built = []
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        for line in err.splitlines():
            event = json.loads(line)
            if event.get("event") == "start" and event.get("kind") == "build":
                built.append(event["name"])
    assert sorted(built) == ["fault-after", "fault-many", "root-fault"]


def test_interrupt_leaves_nothing_half_made(faulty):
    faulty.forget("fault-after", "fault-many")
    process = faulty.start("build", "fault-after", "--no-link")
    time.sleep(0.4)
    target = process.pid
    if faulty.swage.prefix:
        target = int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()[0])
    os.kill(target, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    if process.returncode != 0:      # it may have been done already
        assert process.returncode == 130
        assert err.splitlines()[-1] == "error: interrupted"
    assert not faulty("store", "verify", "--json").ok().json()["damaged"]
    faulty("build", "fault-after", "--no-link").ok()


def test_an_interrupt_says_what_had_failed_before(faulty):
    """And what became of each, as at the end of any other run with failures."""
    faulty.forget("fault-slow")
    process = faulty.start("build", "fault-fails", "fault-slow", "-k", "--no-link")
    seen = ""
    while "failed building fault-fails" not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    target = process.pid
    if faulty.swage.prefix:
        target = int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()[0])
    os.kill(target, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    told = err[err.index("fault-fails for x86_64: "):].splitlines()
    assert told[:4] == ["fault-fails for x86_64: failed", "fault-slow for x86_64: cancelled", "error: interrupted",
                        "error: 'fault-fails' did not build: builder ended with status 3"]


def test_failed_build_shows_its_last_words(faulty):
    got = faulty("build", "fault-fails", "--no-link").fails(1)
    drv = next(d for d in faulty("plan", "fault-fails", "--json").ok().json()["derivations"] if d["name"] == "fault-fails")["drv"]
    assert got.err[got.err.index("error: "):] == (
        "error: 'fault-fails' did not build: builder ended with status 3\n"
        "note: last 2 lines of its log:\n"
        "  first line\n  last words\n"
        f"hint: swage log {drv}\n")
    assert faulty("log", drv).ok().out == "first line\nlast words\n"


def test_keep_going_builds_the_rest(faulty):
    faulty.forget("fault-after", "fault-many")
    faulty("build", "fault-fails", "fault-after", "-k", "--no-link").fails(1)
    assert faulty("store", "path-info", faulty.out("fault-after")).code == 0


def in_namespace(swage, script, *args):
    """A shell in a user and mount namespace of its own, as namespace root."""
    return subprocess.run([*swage.prefix, "unshare", "-Urm", "sh", "-c", script, "sh", *args], capture_output=True, text=True,
                          cwd=swage.cwd, env=swage.env)


def test_full_disk(faulty, rootless):
    home = rootless.cwd / "full-home"
    script = 'mkdir -p "$1"; mount -t tmpfs -o size=12m none "$1"; shift; "$@"; code=$?; ls "$SWAGE_HOME/nix/store" | grep -c fault; exit $code'
    done = in_namespace(rootless, script, str(home), str(rootless.program), "build", "root@fault", "--no-link", "--home", str(home),
                        *faulty.options)
    assert done.returncode == 4, done.stderr
    assert "No space left on device" in done.stderr
    assert "hint: free space with: swage store gc\n" in done.stderr


def test_read_only_store(faulty, rootless):
    faulty("build", "root@fault", "--no-link").ok()
    faulty.forget("fault-after", "fault-many")
    script = 'mount --bind "$SWAGE_HOME" "$SWAGE_HOME"; mount -o remount,bind,ro "$SWAGE_HOME"; "$@"'
    done = in_namespace(rootless, script, str(rootless.program), "build", "fault-many", "--no-link", *faulty.options)
    assert done.returncode == 4, done.stderr
    assert done.stderr == f"error: store '{rootless.home}' is read-only\n"
    done = in_namespace(rootless, script, str(rootless.program), "build", "root@fault", "--no-link", "--print-out-paths", *faulty.options)
    assert done.returncode == 0, done.stderr


def test_no_user_namespaces(faulty, rootless):
    faulty.forget("fault-after", "fault-many")
    done = in_namespace(rootless, 'echo 0 > /proc/sys/user/max_user_namespaces; "$@"', str(rootless.program), "build", "fault-many",
                        "--no-link", *faulty.options)
    assert done.returncode == 4, done.stderr
    assert "error: 'user namespaces' are refused by this system, and " in done.stderr
    assert done.stderr.endswith("hint: allow them with: sudo sysctl -w user.max_user_namespaces=65536\n")


def recipe_with_source(layer: pathlib.Path, name: str, url: str, sha256: str):
    (layer / "packages" / name).mkdir(parents=True, exist_ok=True)
    (layer / "packages" / name / "recipe.toml").write_text(
        f'[package]\nname = "{name}"\n[source]\nurls = ["{url}"]\nsha256 = "{sha256}"\n'
        f'[build]\nscript = "fault-many.sh"\nroot = "fault"\n[env]\nname = "{name}"\nsrc = "{{source}}"\n')


def test_hash_that_does_not_match(faulty, rootless):
    file = rootless.cwd / "source.tar"
    file.write_text("not what was pinned")
    os.chmod(file, 0o644)
    recipe_with_source(pathlib.Path(faulty.options[1]), "fault-hash", f"file://{file}", "ab" * 32)
    got = faulty("build", "fault-hash", "--no-link").fails(1)
    assert "ab" * 32 in got.err
    assert hashlib.sha256(b"not what was pinned").hexdigest() in got.err


def test_unreachable_source(faulty):
    recipe_with_source(pathlib.Path(faulty.options[1]), "fault-url", "http://127.0.0.1:9/source.tar", "cd" * 32)
    got = faulty("build", "fault-url", "--no-link").fails(4)
    assert "error: 'source.tar' cannot be downloaded\n" in got.err
    assert "http://127.0.0.1:9/source.tar: " in got.err
