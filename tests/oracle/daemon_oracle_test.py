"""swage as a client of real Nix daemons: closures go there, builds run there, results come back, over a socket and over ssh.
`make check` has the host's own Nix, `make check-nix` (SWAGE_NIX_CLIENTS=all) four generations of it."""
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from nix_daemon import SUITES, NixDaemon, sleepers  # noqa: E402

ALL = os.environ.get("SWAGE_NIX_CLIENTS") == "all"
DRIVER = os.environ.get("SWAGE_DAEMON_DRIVER", str(pathlib.Path(__file__).resolve().parents[2] / "build/daemon_oracle_driver"))
PROTOCOLS = {"2.3.7": "1.21", "2.8.0": "1.34", "2.26.3": "1.38", "2.34.8": "1.38"}


def driver(*args, code=0, env=None):
    done = subprocess.run([DRIVER, *map(str, args)], capture_output=True, text=True, timeout=300, env={**os.environ, **(env or {})})
    assert done.returncode == code, done
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(params=list(SUITES) if ALL else [None], ids=lambda version: version or "host")
def daemon(request, tmp_path):
    daemon = NixDaemon(tmp_path / "daemon", request.param)
    daemon.version = daemon("nix-store", "--version").stdout.split()[-1]
    with daemon:
        yield daemon


class Local:
    """A store of ours with derivations to build: `words` of a script that busybox runs."""

    def __init__(self, place):
        self.home, self.place = place / "home", place
        (place / "nix.conf").write_text("build-users-group =\nsubstitute = false\nexperimental-features = nix-command\nsandbox = true\nsandbox-paths =\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(place), "NIX_CONF_DIR": str(place)}
        (place / "bb/bin").mkdir(parents=True)   # it takes its part from the name that it is called by
        shutil.copy(shutil.which("busybox"), place / "bb/bin/busybox")
        self.busybox = self.nix("nix-store", "--add", place / "bb").strip()

    def nix(self, program, *args):
        done = subprocess.run([program, "--store", self.home, *map(str, args)], env=self.env, cwd=self.place, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done
        return done.stdout

    def instantiate(self, expression):
        file = self.place / "default.nix"
        busybox = f'"${{builtins.storePath "{self.busybox}"}}/bin/busybox"'
        # Built there, without a look for other machines, which an unpacked Nix cannot take.
        file.write_text(f'let sh = name: more: script: derivation ({{ inherit name; system = "x86_64-linux"; preferLocalBuild = true; builder = {busybox};'
                        f' args = [ "sh" "-c" script ]; b = {busybox}; }} // more); in\n{expression}\n')
        return self.nix("nix-instantiate", file).strip()

    def output(self, drv):
        return self.nix("nix-store", "-q", "--outputs", drv).split()


@pytest.fixture
def local(tmp_path):
    (tmp_path / "local").mkdir()
    return Local(tmp_path / "local")


TWO = """let
  low = sh "low" { } "echo it is made; echo needed > $out";
in sh "high" { outputs = [ "out" "doc" ]; inherit low; } "echo line one; $b mkdir $out; echo $low > $out/refers; echo doc > $doc"
"""


def test_it_is_known_by_what_it_says(daemon):
    said = driver(daemon.uri, "info").split()
    assert said[1] == PROTOCOLS[daemon.version]
    assert said[3] == ("?" if daemon.version == "2.3.7" else daemon.version)
    assert said[5] == ("yes" if daemon.version not in ("2.3.7", "2.8.0") else "?")


def test_a_closure_goes_there_is_built_and_comes_back(daemon, local):
    drv = local.instantiate(TWO)
    closure = local.nix("nix-store", "-qR", drv).split()
    assert driver(daemon.uri, "upload", local.home, drv).startswith(f"present 0 uploaded {len(closure)} bytes ")
    assert driver(daemon.uri, "upload", local.home, drv).startswith(f"present {len(closure)} uploaded 0 ")
    daemon("nix-store", "--verify", "--check-contents")
    assert driver(daemon.uri, "missing", drv) == "build 2 substitute 0 unknown 0\n"
    said = driver(daemon.uri, "build", drv).splitlines()
    assert [line for line in said if line.startswith(("build:", "log:"))] == [
        "build: low", "log: it is made", "build: high", "log: line one"]
    assert said.count("finished: 1") >= 2 and said[-1].endswith(" was built ")
    outputs = local.output(drv)
    assert driver(daemon.uri, "fetch", local.home, *outputs).startswith("fetched 3 ")   # with what they refer to
    assert driver(daemon.uri, "fetch", local.home, *outputs) == "fetched 0 bytes 0\n"
    local.nix("nix-store", "--verify", "--check-contents")
    out = next(path for path in outputs if path.endswith("-high"))
    low = (local.home / out[1:] / "refers").read_text().strip()
    assert (local.home / low[1:]).read_text() == "needed\n"
    # The same as what the local Nix knows of such a path.
    assert set(local.nix("nix-store", "-q", "--references", out).split()) == {low}


def test_a_failed_build_says_why_and_leaves_the_connection(daemon, local):
    drv = local.instantiate('sh "bad" { } "echo it goes wrong; exit 3"')
    driver(daemon.uri, "upload", local.home, drv)
    if daemon.version == "2.3.7":
        error = driver(daemon.uri, "build", drv, code=1)
        assert error == f"error: '{daemon.uri}' could not build\nnote: the daemon says: build of '{drv}' failed\n"
    else:
        said = driver(daemon.uri, "build", drv)
        assert "log: it goes wrong" in said and " failed " in said and "exit code 3" in said


def test_settings_are_those_of_the_connection(daemon, local):
    drv = local.instantiate('sh "slow" { } "$b sleep 1000; true"')
    driver(daemon.uri, "upload", local.home, drv)
    if daemon.version == "2.3.7":
        assert f"build of '{drv}' failed" in driver(daemon.uri, "--timeout", 2, "build", drv, code=1)
    else:
        assert f"{drv}!* timed out " in driver(daemon.uri, "--timeout", 2, "build", drv)


@pytest.mark.parametrize("newest", [21, 23, 31, 33])
def test_older_protocols_do_the_same(daemon, local, newest):
    """What was spoken by releases between the four."""
    if daemon.version == "2.3.7" and newest > 21:
        pytest.skip("it speaks no newer one")
    drv = local.instantiate(TWO)
    driver(daemon.uri, "--newest", newest, "upload", local.home, drv)
    assert driver(daemon.uri, "--newest", newest, "build", drv).splitlines()[-1].endswith(" was built ")
    assert driver(daemon.uri, "--newest", newest, "fetch", local.home, *local.output(drv)).startswith("fetched 3 ")


def test_many_files_and_large_ones_go_through(daemon, local):
    tree = local.place / "tree"
    tree.mkdir()
    for i in range(300):
        (tree / f"file{i}").write_bytes(bytes([i % 256]) * i)
    (tree / "large").write_bytes(os.urandom(1_000_000) * 20)
    (tree / "empty").mkdir()
    os.symlink("large", tree / "link")
    path = local.nix("nix-store", "--add", tree).strip()
    driver(daemon.uri, "upload", local.home, path)
    daemon("nix-store", "--verify", "--check-contents")
    other = local.place / "other"
    driver(daemon.uri, "fetch", other, path)
    assert subprocess.run(["diff", "-r", "--no-dereference", local.home / path[1:], other / path[1:]]).returncode == 0


def test_what_is_damaged_here_is_refused_there(daemon, local):
    path = pathlib.Path(local.nix("nix-store", "--add", shutil.which("busybox")).strip())
    real = local.home / str(path)[1:]
    real.chmod(0o755)
    bytes_of = bytearray(real.read_bytes())
    bytes_of[5000] ^= 1
    real.write_bytes(bytes_of)
    error = driver(daemon.uri, "upload", local.home, path, code=1)
    assert f"'{daemon.uri}' does not take what it lacks" in error and "hash mismatch" in error
    assert daemon("nix-store", "--check-validity", path, code=None).returncode != 0


def test_ctrl_c_ends_the_build_there(daemon, local):
    seconds = random.randint(10_000, 10_000_000)   # of this test alone
    drv = local.instantiate(f'sh "slow" {{ }} "$b sleep {seconds}; true"')
    driver(daemon.uri, "upload", local.home, drv)
    client = subprocess.Popen([DRIVER, daemon.uri, "build", drv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        while not sleepers(seconds):
            assert client.poll() is None, client.stderr.read()
            time.sleep(0.02)
        client.send_signal(signal.SIGINT)
        assert client.wait(timeout=20) == 1 and client.stderr.read() == "error: interrupted\n"
    finally:
        client.kill()
        client.wait()
    deadline = time.monotonic() + 60
    while sleepers(seconds):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def ssh(daemon, tmp_path):
    """A stand-in for ssh that runs the command on this machine as ssh's server would: by a shell, in a bare environment."""
    there, programs = tmp_path / "there", tmp_path / "programs"
    there.mkdir()
    programs.mkdir()
    (there / "nix-daemon").write_text(f"#!/bin/sh\nexec env {' '.join(f'{k}={v}' for k, v in daemon.env.items())} "
                                      f"{shlex.join(daemon.argv('nix-daemon', '--stdio'))}\n")
    (programs / "ssh").write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\n"
                                  f"echo 'a banner' >&2\nPATH={there}:/usr/bin:/bin exec /bin/sh -c \"$*\"\n")
    for program in (there / "nix-daemon", programs / "ssh"):
        program.chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}", "asked": tmp_path / "asked"}


def test_over_ssh(daemon, local, ssh):
    env = {"PATH": ssh["PATH"], "NIX_SSHOPTS": ""}
    drv = local.instantiate(TWO)
    driver("ssh-ng://me@far.example:2222", "upload", local.home, drv, env=env)
    assert driver("ssh-ng://me@far.example", "build", drv, env=env).splitlines()[-1].endswith(" was built ")
    assert driver("ssh-ng://far.example", "fetch", local.home, *local.output(drv), env=env).startswith("fetched 3 ")
    assert ssh["asked"].read_text().splitlines() == [
        "-x -T -a -p 2222 -- me@far.example nix-daemon --stdio", "-x -T -a -- me@far.example nix-daemon --stdio",
        "-x -T -a -- far.example nix-daemon --stdio"]
    error = driver("ssh-ng://far.example?remote-program=/no/such", "info", env=env, code=1)
    assert re.fullmatch(r"error: 'ssh-ng://far.example\?remote-program=/no/such' closed the connection\nnote: ssh said: a banner\n"
                        r"note: ssh said: .*/no/such: not found\nnote: while connecting to .*\n", error), error


def test_paths_without_signatures_need_trust(tmp_path, local):
    version = None
    with NixDaemon(tmp_path / "strict", version, "trusted-users =\nallowed-users = *\n") as daemon:
        drv = local.instantiate(TWO)
        driver(daemon.uri, "upload", local.home, drv)   # content-addressed, all of it
        local.nix("nix-store", "--realise", drv)
        error = driver(daemon.uri, "upload", local.home, *local.output(drv), code=1)
        assert error.startswith(f"error: '{daemon.uri}' does not take what it lacks\nnote: the daemon says: ")
        assert error.endswith("hint: sign with a key that the daemon trusts, or let it trust this user (trusted-users in its nix.conf)\n")
