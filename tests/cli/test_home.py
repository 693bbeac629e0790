"""Where swage is started from and on what: closed streams, odd umasks, few descriptors, homes of every kind and in every state."""
import os
import stat
import subprocess

import pytest

from swage_cli import PROGRAM


def in_shell(swage, script, *args, timeout=60):
    """`script` with swage's command line as its arguments."""
    done = subprocess.run(["sh", "-c", script, "sh", *swage.argv(*args)], cwd=swage.cwd, env=swage.env, capture_output=True, text=True,
                          timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def database(swage):
    return swage.home / "nix/var/nix/db/db.sqlite"


def test_closed_streams(swage):
    swage("store", "gc").ok()
    assert in_shell(swage, '"$@" <&-', "store", "gc")[0] == 0
    code, _, err = in_shell(swage, '"$@" >&-', "store", "gc")
    assert (code, err) == (4, "error: cannot write the result: Bad file descriptor\n")
    assert in_shell(swage, '"$@" 2>&-', "store", "gc")[:2] == (0, "deleted 0 paths, 0 B\n")
    assert in_shell(swage, '"$@" 2>&-', "biuld")[0] == 2
    assert in_shell(swage, '"$@" <&- >&- 2>&-', "store", "gc")[0] == 4
    code, _, err = in_shell(swage, '"$@" <&-', "store", "restore", str(swage.cwd / "x"))
    assert (code, err) == (4, "error: cannot read 'standard input': Bad file descriptor\n")
    with open(database(swage), "rb") as file:
        assert file.read(15) == b"SQLite format 3"
    assert swage("store", "verify").ok().out == "ok: 0 paths checked, 0 B\n"


def test_any_umask(swage):
    for umask, mode in (("000", 0o755), ("077", 0o700), ("777", 0o700)):
        home = swage.cwd / umask
        code, out, err = in_shell(swage, f'umask {umask}; "$@"', "store", "gc", "--home", str(home))
        assert (code, err) == (0, ""), umask
        for place in ("", "nix/store", "nix/var/nix/db", "nix/var/nix/gcroots/auto"):
            assert stat.S_IMODE(os.stat(home / place).st_mode) == mode, (umask, place)


def test_few_descriptors(swage):
    swage("store", "gc").ok()
    assert in_shell(swage, 'ulimit -n 64; "$@"', "store", "verify")[0] == 0
    code, _, err = in_shell(swage, 'ulimit -n 5; "$@"', "store", "gc")
    assert code == 4
    assert err.splitlines()[-1] == "hint: allow more open files, and try again: ulimit -n 1024"


def test_the_hint_for_a_damaged_database_helps(swage):
    """A home with every character that a shell knows something about."""
    swage.home = swage.cwd / "it's a $HOME, with: \"all\"; of * them"
    swage.env["SWAGE_HOME"] = str(swage.home)
    swage("store", "gc").ok()
    database(swage).write_bytes(b"x" * 8192)
    got = swage("store", "gc").fails(1)
    hint = got.err[got.err.index("hint: "):]
    command = hint[hint.index("swage store"):].replace("swage", '"$0"', 1)
    assert subprocess.run(["sh", "-c", command, str(PROGRAM)]).returncode == 0
    assert swage("store", "gc").ok().out == "deleted 0 paths, 0 B\n"
    assert swage("store", "verify").ok().out.startswith("ok: ")
    assert len(list((swage.home / "nix/var/nix/db").glob("damaged-*/db.sqlite"))) == 1


def test_links_to_a_home(swage):
    (swage.cwd / "real").mkdir()
    (swage.cwd / "link").symlink_to("real")
    (swage.cwd / "dangling").symlink_to("new")
    for home in ("link", "link/below", "./link/../relative"):
        swage("store", "gc", "--home", home).ok()
    got = swage("store", "gc", "--home", "dangling").fails(4)
    assert got.err.startswith(f"error: '{swage.cwd / 'dangling'}' is a link to 'new', which does not exist\n")
    (swage.cwd / "file").write_text("")
    got = swage("store", "gc", "--home", "file").fails(4)
    assert got.err.startswith(f"error: '{swage.cwd / 'file'}' is not a directory\n")


@pytest.mark.parametrize("command", [
    ["new", "recipe", "x", "--url", "y"], ["build", "linux@6.1"], ["build", "linux@6.1", "-o", "res"], ["plan", "linux@6.1", "--src", "foo"], ["--home", "rel", "store", "verify"],
    ["--workspace", ".", "plan", "linux@6.1"], ["verify", "linux@6.1", "--evidence", "e"], ["module", ".", "--kernel", "linux@6.1"], ["shell", "linux@6.1", "--dir", "x"]])
def test_a_working_directory_that_is_gone(planner, tmp_path, command):
    """Somebody removed it; what is named relative to it is nowhere."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
    done = subprocess.run(["sh", "-c", script, "sh", gone, *planner.argv(*command)], env=planner.env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1] == "error: the current directory is gone", done.stderr


def test_what_names_no_relative_path_needs_no_working_directory(planner, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    for command in (["plan", "linux@6.1"], ["--workspace", "none", "check"], ["verify", "--help"]):
        gone.mkdir(exist_ok=True)
        script = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
        done = subprocess.run(["sh", "-c", script, "sh", gone, *planner.argv(*command)], env=planner.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
