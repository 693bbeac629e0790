#!/bin/sh
# What hermetic building costs: the kernel derivation, rebuilt by swage in its sandbox, against plain make of the same tree with
# the same .config and the same compiler. In turns, A B A B; prints the seconds of every turn, the best of each and the ratio
# (promised: at most 1.03). Source, toolchain and root are unpacked before the clock starts.
#
# What plain means. The host's own tools are other versions than the root's, so make must see the root's: the derivation's own
# builder enters the same root, in a user namespace (only because mounting needs one), and calls make as the recipe does, both
# as they stand in the store: neither environment nor flags are repeated here. Nothing else of the sandbox is there: the host's
# processes, network and IPC are visible, no seccomp, no jobserver, no log, and its -j is the number of cores. Its build
# directory is on the file system that swage builds on, under the same path inside.
#   swage's side is the whole job: the sandbox, making the .config, the kernel, copying and hashing the outputs, and the
# comparison with the kernel in the store, as the `finish` event says. make's side starts from the finished .config.
# That both made the same kernel is checked: the boot images must be equal byte by byte for the promise to be kept.
# usage: bench/kernel_vs_make.sh [PLATFORM] [KERNEL] [BUILD_DIR]      (arm64 6.1 build/bench)
#   ROUNDS (2), CONFIG (tiny) and SWAGE_HOME from the environment. With MAKE_TARGET (e.g. tinyconfig) only plain make runs, for
#   that target. So it does with BENCH_QUICK=1, for tinyconfig, and only where the store has the kernel already.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
platform=${1:-arm64}
kernel=${2:-6.1}
build=${3:-build/bench}
export SWAGE="$build/swage" ROUNDS="${ROUNDS:-2}" MAKE_TARGET="${MAKE_TARGET-${quick:+tinyconfig}}"
export SWAGE_HOME="${SWAGE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/swage}"
exec python3 - "linux@$kernel" "$platform" "${CONFIG:-tiny}" <<'PY'
import ast, filecmp, json, os, pathlib, shlex, shutil, signal, subprocess, sys, tempfile, time

from results import QUICK, result, skipped

target, platform, config = sys.argv[1:]
swage, home, rounds, only = os.environ["SWAGE"], os.environ["SWAGE_HOME"], int(os.environ["ROUNDS"]), os.environ["MAKE_TARGET"]
build = [swage, "--json", "build", target, "--for", platform, "--config", config, "--no-link"]

# Runs as mapped root in namespaces of its own: the file system that a builder expects (docs/builder.md), and the builder in it.
ENTER = r"""
set -eu
mount -t tmpfs -o mode=0755 plain "$new"
for pair in "$store:nix/store" "$scratch:build" /proc:proc /dev:dev; do
  mkdir -p "$new/${pair#*:}"
  mount --rbind "${pair%%:*}" "$new/${pair#*:}"
done
mkdir -p -m 1777 "$new/tmp"
mkdir "$new/host"
cd "$new"
pivot_root . host
exec "$busybox" sh -euc "$busybox umount -l /host; cd /build; exec $busybox env -i $command"
"""


def real(path):
    return home + path


def built_kernel():
    """(the derivation, real path of its output), after making sure that everything is in the store."""
    done = subprocess.run(build, stdout=subprocess.PIPE, check=True)
    [found] = json.loads(done.stdout)["results"]
    _, _, _, _, builder, args, env = ast.literal_eval(pathlib.Path(real(found["drv"])).read_text().removeprefix("Derive"))
    return {"builder": builder, "args": args, "env": dict(env)}, found["outputs"]["out"]["realPath"]


def missing():
    """Why the quick mode, which builds no kernel, has nothing to work on; "" when it has."""
    if not os.path.exists(f"{home}/swage.lock"):
        return f"{home} has no lock file"
    plan = json.loads(subprocess.run([*build[:-1], "--dry-run"], stdout=subprocess.PIPE, check=True).stdout)
    return f"{home} has not built {target} for {platform}" if plan["build"] or plan["fetch"] else ""


def hermetic(name):
    """Seconds of one rebuild of the kernel derivation, from the events."""
    done = subprocess.run([*build, "--check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode:
        sys.exit(done.stdout + "\n".join(line for line in done.stderr.splitlines() if not line.startswith("{")))
    ids = {e["id"] for e in events if e.get("event") == "start" and e["name"] == name}
    [seconds] = [e["seconds"] for e in events if e.get("event") == "finish" and e["id"] in ids]
    return seconds


def make_script(env):
    """As the recipe's script does it: in its directories, by the functions and flags of what it sources."""
    script = "mkdir -p source\n$busybox mount --bind $src source\n. $script_kbuild\nplain() { kbuild -C /build/source O=/build/build $jobs \"$@\"; }\n"
    if only:
        return f"{script}plain {only}\n"
    script += "plain vmlinux $image_target\n"
    if env["dtb"]:
        return script + "plain ${dtb##*/} || plain dtbs\n"
    if env["config"] != "tiny":
        script += "if [ -d source/arch/$arch/boot/dts ]; then plain dtbs; fi\n"
    return script


def plain(drv, out):
    """(seconds of one plain make, whether it made the boot image of the store); its directories are gone afterwards."""
    env = drv["env"]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="kernel-vs-make.", dir=home))
    try:
        for name in ("build/build", "new"):
            (scratch / name).mkdir(parents=True)
        shutil.copy(f"{out}/config", scratch / "build/build/.config")
        (scratch / "build/build/.config").chmod(0o644)
        (scratch / "build/plain.sh").write_text(make_script(env))
        # The recipe's script, which the builder is given last, is the only thing that differs.
        words = [f"{name}={value}" for name, value in {**env, "NIX_BUILD_CORES": str(os.cpu_count())}.items()]
        words += [drv["builder"], *drv["args"][:-1], "/build/plain.sh"]
        variables = {"new": f"{scratch}/new", "store": real("/nix/store"), "scratch": f"{scratch}/build", "busybox": env["busybox"],
                     "command": shlex.join(words)}
        start = time.perf_counter()
        with open(scratch / "log", "wb") as log:
            done = subprocess.run(["unshare", "-Urm", "sh", "-c", ENTER], env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT)
        took = time.perf_counter() - start
        if done.returncode:
            sys.exit("plain make failed:\n" + "\n".join((scratch / "log").read_text(errors="replace").splitlines()[-20:]))
        return took, only or filecmp.cmp(f"{scratch}/build/build/{env['image']}", f"{out}/kernel", shallow=False)
    finally:
        shutil.rmtree(scratch)


signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))   # so that plain() cleans up
what = f"hermetic build of {target} for {platform} / plain make"
why = missing() if QUICK else ""
if why:
    skipped(what, why)
    sys.exit(0)
drv, out = built_kernel()
name = drv["env"]["name"]
if QUICK and not os.path.exists(real(drv["env"]["src"])):   # which --check, left out here, would make again
    skipped(what, f"{home} has no longer the source of {name}")
    sys.exit(0)
if only:
    took, _ = plain(drv, out)
    print(f"plain make {only} for {name}: {took:.1f} s")
    if QUICK:
        result(what, f"{took:.1f} s", "at most 1.03 x", True)
    sys.exit(0)
times, same = {"swage": [], "make": []}, True
for number in range(1, rounds + 1):
    times["swage"].append(hermetic(name))
    took, equal = plain(drv, out)
    times["make"].append(took)
    same = same and equal
    print(f"{name}, turn {number}: swage {times['swage'][-1]:.1f} s, plain make {times['make'][-1]:.1f} s", flush=True)
ratio = min(times["swage"]) / min(times["make"])
print(f"best: swage {min(times['swage']):.1f} s, plain make {min(times['make']):.1f} s, {'the same' if same else 'ANOTHER'} boot image")
sys.exit(not result(what, f"{ratio:.3f} x", "at most 1.03 x", same and ratio <= 1.03))
PY
