"""Ways out of a build, tried by a program in a real one: as its first process, and as root with all capabilities in a user namespace of
its own, which is what `enter` makes of every build. Run by an ordinary user and by root."""
import base64
import errno
import pathlib
import subprocess
import time

import pytest

from swage_cli import write_recipe

# A program without a C library, for a build without a root: `name error number` for each attempt, 0 when it went through.
PROBE = r"""
static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
static void text(const char *s) { long n = 0; while (s[n]) n++; call(1, 1, (long)s, n, 0, 0); }
static void say(const char *name, long result) {
  char digits[] = " 000\n";
  long error = result < 0 ? -result : 0;
  for (int at = 3; at > 0; at--, error /= 10) digits[at] = '0' + error % 10;
  text(name); text(digits);
}
void _start(void) {
  say("keyctl-search", call(250, 10, -3, (long)"user", (long)"swage-secret", 0));
  say("keyctl-new-session", call(250, 1, 0, 0, 0, 0));
  say("add_key", call(248, (long)"user", (long)"swage-planted", (long)"x", 1, -3));
  say("request_key", call(249, (long)"user", (long)"swage-secret", 0, 0, 0));
  int families[] = {40, 38, 17, 31, 29, 15, 30, 44};   /* vsock alg packet bluetooth can key tipc xdp */
  for (int i = 0; i < 8; i++) say("socket", call(41, families[i], 1 + (families[i] == 38) * 4, 0, 0, 0));
  say("netlink-netfilter", call(41, 16, 3, 12, 0, 0));
  for (int i = 1; i < 3; i++) say("socket-allowed", call(41, i, 1, 0, 0, 0));
  say("userfaultfd", call(323, 1, 0, 0, 0, 0));
  char params[256] = {0};
  say("io_uring", call(425, 1, (long)params, 0, 0, 0));
  say("bpf", call(321, 0, 0, 0, 0, 0));
  say("perf_event_open", call(298, 0, 0, 0, 0, 0));
  say("kernel-log", call(103, 10, 0, 0, 0, 0));
  long setting = call(257, -100, (long)"/proc/sys/kernel/core_pattern", 1, 0, 0);
  say("setting", setting == -13 || setting == -30 ? -1 : setting);   /* not permitted, or read-only */
  say("device-mode", call(90, (long)"/dev/null", 0666, 0, 0, 0));
  say("input-mode", call(91, 0, 0666, 0, 0, 0));
  say("device-allowed", call(1, 0, (long)"x", 1, 0, 0));
  long mode = call(90, (long)"/proc/consoles", 0444, 0, 0, 0);
  say("proc-mode", mode == -30 ? -1 : mode);   /* not the owner, or read-only */
  const char *private[] = {"/proc/kpageflags", "/proc/slabinfo", "/proc/vmallocinfo", "/proc/kcore"};
  for (int i = 0; i < 4; i++) {
    long got = call(0, call(257, -100, (long)private[i], 0, 0, 0), (long)params, 8, 0, 0);
    say("proc-private", got <= 0 ? -1 : got);   /* not opened, or empty */
  }
  say("untie", call(157, 1, 0, 0, 0, 0));
  say("open_by_handle_at", call(304, -100, (long)params, 0, 0, 0));
  say("new-net", call(272, 0x50000000, 0, 0, 0, 0));
  unsigned long clone_args[11] = {0x50000000, 0, 0, 0, 17};
  long child = call(435, (long)clone_args, 88, 0, 0, 0);
  if (child == 0) call(231, 0, 0, 0, 0, 0);
  say("new-net-by-clone3", child);
  clone_args[0] = 0;
  child = call(435, (long)clone_args, 88, 0, 0, 0);
  if (child == 0) call(231, 0, 0, 0, 0, 0);
  say("clone3-allowed", child);
  call(231, 0, 0, 0, 0, 0);
}
"""
ATTEMPTS = [("keyctl-search", "ENOSYS"), ("keyctl-new-session", "ENOSYS"), ("add_key", "ENOSYS"), ("request_key", "ENOSYS"),
            *[("socket", "EAFNOSUPPORT")] * 8, ("netlink-netfilter", "EPROTONOSUPPORT"), *[("socket-allowed", None)] * 2,
            ("userfaultfd", "ENOSYS"), ("io_uring", "ENOSYS"), ("bpf", "ENOSYS"), ("perf_event_open", "ENOSYS"), ("kernel-log", "ENOSYS"),
            ("setting", "EPERM"), ("device-mode", "EROFS"), ("input-mode", "EROFS"), ("device-allowed", None), ("proc-mode", "EPERM"),
            *[("proc-private", "EPERM")] * 4, ("untie", "EPERM"),
            ("open_by_handle_at", "ENOSYS"), ("new-net", "EPERM"), ("new-net-by-clone3", "ENOSPC"), ("clone3-allowed", None)]

# Gives swage a session keyring with a secret in it.
WITH_SECRET = """
import ctypes, os, sys
call = ctypes.CDLL(None, use_errno=True).syscall
assert call(250, 1, None) > 0
assert call(248, b"user", b"swage-secret", b"hunter2", 7, -3) > 0
assert call(250, 10, -3, b"user", b"swage-secret", 0) > 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(params=["rootless", "root"])
def someone(request):
    return request.getfixturevalue(request.param)


def recipe(directory, name, script):
    layer = write_recipe(directory, name, f'[package]\nname = "{name}"\n[build]\nscript = "{name}.sh"\n[env]\nname = "{name}"\n')
    (layer / "scripts").mkdir(exist_ok=True)
    (layer / "scripts" / f"{name}.sh").write_text(f"{script}# {directory}\n")   # new each time, also in a home that is kept
    return layer


def test_a_build_finds_no_way_out(someone, tmp_path):
    (tmp_path / "probe.c").write_text(PROBE)
    subprocess.run(["gcc", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Os", "-s", "probe.c", "-o", "probe"], cwd=tmp_path, check=True)
    program = base64.encodebytes((tmp_path / "probe").read_bytes()).decode()
    layer = recipe(tmp_path, "probe", f"$busybox base64 -d > probe <<'END'\n{program}END\n$busybox chmod +x probe\n"
                   "echo first; ./probe; echo nested; $busybox unshare --user --map-root-user --mount ./probe; echo done > $out\n")
    argv = someone.argv("--layer", layer, "build", "probe", "--no-link")
    at = len(someone.prefix)
    done = subprocess.run([*argv[:at], "/usr/bin/python3", "-c", WITH_SECRET, *argv[at:]], cwd=someone.cwd, env=someone.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = [f"{name} {getattr(errno, error) if error else 0:03}" for name, error in ATTEMPTS]
    assert someone("--layer", layer, "log", "probe").ok().out.splitlines() == ["first", *expected, "nested", *expected]


def test_builds_do_not_see_each_others_tokens(someone, tmp_path):
    """Each writes what the other must not read, into every end of the jobserver that it has: its own pipe may be full, and block."""
    for name, mark in (("one", "1"), ("other", "2")):
        layer = recipe(tmp_path, name, f"echo {mark * 40} >&51; (echo {mark * 40} > /proc/self/fd/50) & i=0\n"
                       "while [ $i -lt 8 ]; do $busybox timeout 1 $busybox dd bs=1 count=4 <&50 2>/dev/null; $busybox sleep 0.1; i=$((i + 1)); done\n"
                       "echo; echo done > $out\n")
    someone("--layer", layer, "build", "one", "other", "--no-link", "-j", 2, "--cores", 2).ok()
    assert "2" not in someone("--layer", layer, "log", "one").ok().out
    assert "1" not in someone("--layer", layer, "log", "other").ok().out


GREEDY = {
    "bomb": ("bomb() { bomb | bomb & }; bomb 2>/dev/null; $busybox sleep 100\n",
             "it had more than 300 processes at once", "let it have more with: --max-processes NUMBER (0: any number)"),
    "hungry": ("x=$($busybox head -c 90000000 /dev/zero | $busybox tr '\\0' x); $busybox sleep 100; : $x\n",
               "it needed more than 80.0 MB of memory", "let it have more with: --max-memory BYTES (0: all there is)"),
    "chatty": ("$busybox yes\n", "it printed more than 2.0 MB", "let it print more with: --max-log-size BYTES (0: any number)"),
}


def test_greedy_builds_end_and_no_others(someone, tmp_path):
    for name, (script, _, _) in GREEDY.items():
        layer = recipe(tmp_path, name, script)
    recipe(tmp_path, "modest", f"$busybox sleep 2; echo {tmp_path} > $out\n")   # new each time
    limits = ["--max-processes", 300, "--max-memory", "80M", "--max-log-size", 2_000_000]
    done = someone("--layer", layer, "build", *GREEDY, "modest", "--no-link", "-k", "-j", 4, *limits, timeout=60).fails(1)
    for name, (_, why, hint) in GREEDY.items():
        assert f"error: '{name}' did not build: {why}\n" in done.err and f"hint: {hint}\n" in done.err
    assert "building modest\n" in done.err
    assert "building" not in someone("--layer", layer, "build", "modest", "--no-link").ok().err, "it was built beside them"


def test_the_log_of_a_running_build(someone, tmp_path):
    layer = recipe(tmp_path, "running", f"echo {tmp_path}; $busybox sleep 100\n")
    build = someone.start("--layer", layer, "build", "running", "--no-link")
    try:
        log = ""
        for _ in range(100):
            time.sleep(0.1)
            log = someone("--layer", layer, "log", "running").out
            if log:
                break
        assert log == f"{tmp_path}\n" and build.poll() is None
    finally:
        build.terminate()
        build.communicate()


def test_outputs_that_are_linked_elsewhere(someone, tmp_path):
    """Wherever swage runs, also several builds of one file each at once, and whatever their modes."""
    names = ["linked-one", "linked-two", "linked-unreadable"]
    for name in names:
        mode = "200" if name == "linked-unreadable" else "644"
        layer = recipe(tmp_path, name, f"echo {name} > $out; $busybox ln $out /nix/store/elsewhere; $busybox chmod {mode} $out\n")
    for place in ("/", "/dev/shm"):
        argv = someone.argv("--layer", layer, "build", *names, "--print-out-paths", "--no-link", "-j", 3)
        done = subprocess.run(argv, cwd=place, env=someone.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert [open(line).read() for line in done.stdout.splitlines()] == [f"{name}\n" for name in names]
        someone("store", "delete", *done.stdout.split()).ok()
    assert not [path for place in ("/", "/dev/shm") for path in pathlib.Path(place).glob(".detach*")]
