#!/bin/sh
# Keeping a store of 20,000 paths in order, in one run with the real Nix on copies of the same store: verifying all contents, and a collection
# that takes one half of it. The paths are files of 8 kB, of which every second one is kept by a root; each refers to one before it. Every
# contender begins with a copy of its own, in turns, whose files the page cache holds; the best of RUNS (3) counts.
# Promised: both at least 3 x faster than Nix 2.34.8, and 2 x than the host's.
# usage: bench/store_care.sh [BUILD_DIR]     (build/bench)
#   Nix is the host's, and 2.34.8 unpacked from the distribution's next suite (by mmdebstrap).
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
build=${1:-build/bench}
export RUNS="${RUNS:-$([ -n "$quick" ] && echo 1 || echo 3)}" SWAGE="$build/swage" SWAGE_PROGRAM="$build/swage"
work=$(mktemp -d "${TMPDIR:-/tmp}/store-care.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
PYTHONPATH="$PYTHONPATH:$PWD/tests/support" python3 - "$work" <<'PY'
import hashlib, os, pathlib, random, shutil, subprocess, sys, time

from extracted import command, extracted
from made_up_cache import base32
from results import QUICK, result, skipped

work, runs = pathlib.Path(sys.argv[1]), int(os.environ["RUNS"])
count, size = (40, 500) if QUICK else (20_000, 8_000)
swage = [os.path.abspath(os.environ["SWAGE"]), "--quiet"]
(work / "nix.conf").write_text("build-users-group =\nsandbox = false\nkeep-outputs = true\n")
env = {**os.environ, "NIX_CONF_DIR": str(work)}
nixes = {"nix": ["nix-store"]}
if not QUICK:
    try:
        nixes["nix 2.34.8"] = [*command(extracted("forky", "nix-bin"), "nix", "usr/lib/nix")]
    except AssertionError as error:
        skipped("keeping a store in order, against Nix 2.34.8", str(error).splitlines()[-1])


def text_path(name, content, references):
    """As the manual of Nix says it: a text's path is the hash of its hash and of what it refers to."""
    inner = hashlib.sha256(content.encode()).hexdigest()
    digest = hashlib.sha256(":".join(["text", *sorted(references), "sha256", inner, "/nix/store", name]).encode()).digest()
    short = bytearray(20)
    for i, byte in enumerate(digest):
        short[i % 20] ^= byte
    return f"/nix/store/{base32(bytes(short))}-{name}"


def make(home):
    random.seed(1)
    store = home / "nix/store"
    store.mkdir(parents=True)
    paths = []
    for number in range(count):
        before = [paths[number - 2]] if number >= 2 else []
        content = f"{before}\n" + random.randbytes(size // 2).hex()
        path = text_path(f"text-{number}", content, before)
        file = home / path[1:]
        file.write_text(content)
        file.chmod(0o444)
        os.utime(file, (1, 1))
        paths.append(path)
    subprocess.run([*swage, "--home", home, "store", "rebuild-database"], check=True, stdout=subprocess.DEVNULL)
    (home / "nix/var/nix/gcroots").mkdir(parents=True, exist_ok=True)
    (home / "nix/var/nix/gcroots/kept").symlink_to(paths[-1])


def timed(argv):
    start = time.perf_counter()
    done = subprocess.run(list(map(str, argv)), env=env, capture_output=True, text=True)
    took = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return took


def nix_argv(name, home, verify):
    if name == "nix":
        return [*nixes[name], "--store", home, *(["--verify", "--check-contents"] if verify else ["--gc"])]
    return [*nixes[name], "--extra-experimental-features", "nix-command", "store", *(["verify", "--all", "--no-trust"] if verify else ["gc"]), "--store", home]


make(work / "store")
took = {}
for number in range(runs):
    for name in ["swage", *nixes]:
        home = work / f"copy-{number}-{name.replace(' ', '-')}"
        subprocess.run(["cp", "-a", work / "store", home], check=True)
        for what in ("verify", "gc"):
            argv = [*swage, "--home", home, "store", what] if name == "swage" else nix_argv(name, home, what == "verify")
            took.setdefault((what, name), []).append(timed(argv))
        left = sum(1 for one in os.scandir(home / "nix/store") if not one.name.startswith("."))
        if left != count // 2:
            sys.exit(f"{name} has left {left} of {count} paths")
        shutil.rmtree(home)
for what, said in (("verify", "verifying"), ("gc", "collecting half of")):
    mine = min(took[what, "swage"])
    for name in nixes:
        other = min(took[what, name])
        least = 3 if name != "nix" else 2
        result(f"{said} {count} paths, against {name}", f"{mine:.2f} s and {other:.2f} s: {other / mine:.1f} x", f"at least {least} x", other / mine >= least)
PY
