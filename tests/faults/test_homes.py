"""What would block a home for good: trees of any depth, endless files, full disks, and what root has left."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from test_faults import in_namespace


def limited(swage, *args, timeout=120):
    """With the descriptors of `ulimit -n 64`."""
    return subprocess.run([*swage.prefix, "sh", "-c", 'ulimit -n 64; exec "$@"', "sh", str(swage.program), *map(str, args)], cwd=swage.cwd,
                          env=swage.env, capture_output=True, text=True, timeout=timeout)


def test_a_build_5100_directories_deep_is_one_like_any_other(faulty, rootless):
    """In its output and beside it; then the next build, verify, copy and removal, all with 64 descriptors."""
    faulty("build", "root@fault", "--no-link").ok()   # eight downloads at once need more
    for target in ("fault-deep", "fault-many"):
        faulty.forget(target)
        done = limited(rootless, "build", target, "--no-link", *faulty.options)
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr
    out = faulty.out("fault-deep")
    for command in (["verify"], ["gc", "--dry-run"], ["delete", out]):
        done = limited(rootless, "store", *command)
        assert done.returncode == 0, done.stderr
    assert not (rootless.home / out.lstrip("/")).exists()
    assert os.listdir(rootless.home / "nix/var/swage/builds") == []


def test_an_endless_output_ends_with_the_time_limit_and_with_an_interrupt(faulty):
    faulty("build", "root@fault", "--no-link").ok()
    got = faulty("build", "fault-sparse", "--no-link", "--timeout", "3", timeout=60).fails(1)
    assert "error: 'fault-sparse' did not build: it ran for more than 3 s\nnote: its builder ended after 0." in got.err
    process = faulty.start("build", "fault-sparse", "--no-link")
    time.sleep(2)
    target = process.pid
    if faulty.swage.prefix:
        target = int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()[0])
    os.kill(target, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert os.listdir(faulty.swage.home / "nix/var/swage/builds") == []


def test_gc_with_no_byte_left(faulty, rootless):
    """The hint of a full disk names what helps on a full disk."""
    home = rootless.cwd / "no-byte-home"
    script = """mkdir -p "$1"; mount -t tmpfs -o size=40m none "$1" || exit 77; export SWAGE_HOME="$1"; shift
        "$1" store gc || exit 1
        mkdir "$SWAGE_HOME/nix/store/litter"; echo x > "$SWAGE_HOME/nix/store/litter/f"
        cat /dev/zero > "$SWAGE_HOME/ballast" 2>/dev/null
        df --output=avail "$SWAGE_HOME" | tail -1
        "$1" store gc && ls "$SWAGE_HOME/nix/store" && "$1" store verify"""
    done = in_namespace(rootless, script, str(home), str(rootless.program))
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0].strip() for line in done.stdout.split("\n")] == ["deleted 0 paths", "0", "deleted 0 paths", "ok: 0 paths checked", ""]


def test_what_root_left_is_named_and_in_nobodys_way(faulty, rootless):
    if os.geteuid() != 0:
        pytest.skip("only root can leave what a user cannot remove")
    faulty("build", "fault-many", "--no-link").ok()
    stuck = rootless.home / "nix/var/swage/builds/of-root.abc123"
    litter = rootless.home / "nix/store/litter-of-root"
    try:
        for place in (stuck / "build", litter / "inner"):
            place.mkdir(parents=True)
        faulty.forget("fault-many")
        got = faulty("build", "fault-many", "--no-link").ok()
        assert got.err.count("warning: ") == 1
        assert f"warning: an earlier build has left something behind: cannot remove '{stuck}/build': Permission denied\n" in got.err
        got = faulty("store", "verify", "--repair").ok()
        assert f"warning: cannot move '{litter}' to " in got.err
        assert f"hint: what another user has made is given to you by: sudo chown -R {litter.parent.stat().st_uid} {rootless.home}\n" in got.err
    finally:
        shutil.rmtree(stuck, ignore_errors=True)
        shutil.rmtree(litter, ignore_errors=True)
    assert faulty("store", "verify").ok().out.startswith("ok: ")


def test_root_is_not_let_into_a_users_home(faulty, rootless):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    done = subprocess.run([str(rootless.program), "store", "gc"], env=rootless.env, cwd=rootless.cwd, capture_output=True, text=True)
    assert done.returncode == 4
    assert done.stderr.startswith(f"error: '{rootless.home}' belongs to user 'swage-test', not to 'root'\n")
