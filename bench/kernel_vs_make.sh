#!/bin/sh
# What hermetic building costs: the kernel derivation, rebuilt by swage in its sandbox, against plain make of the same tree with
# the same .config and the same compiler. In turns, A B A B; prints the seconds of every turn, the best of each and the ratio
# (promised: at most 1.05). Source, toolchain and root are unpacked before the clock starts.
#
# What plain means. The host's own tools are other versions than the root's, so make must see the root's: it runs in a file
# system made of the same root, with `unshare -Urm` (a user namespace only because mounting needs one) and chroot. Nothing
# else of the sandbox is there: the host's processes, network and IPC are visible, no seccomp, no jobserver, no log, and its
# -j is the number of cores. Its build directory is on the file system that swage builds on, under the same path inside.
#   swage's side is the whole job: the sandbox, making the .config, the kernel, copying and hashing the outputs, and the
# comparison with the kernel in the store, as the `finish` event says. make's side starts from the finished .config.
# That both made the same kernel is checked: the boot images must be equal byte by byte for the promise to be kept.
# usage: bench/kernel_vs_make.sh [PLATFORM] [KERNEL] [BUILD_DIR]      (arm64 6.1 build/bench)
#   ROUNDS (2), CONFIG (tiny) and SWAGE_HOME from the environment. With MAKE_TARGET (e.g. tinyconfig) only plain make runs, for
#   that target: a quick check of this script.
set -eu
cd "$(dirname "$0")/.."
platform=${1:-arm64}
kernel=${2:-6.1}
build=${3:-build/bench}
export SWAGE="$build/swage" SWAGE_CATALOG="${SWAGE_CATALOG:-$PWD/catalog}" ROUNDS="${ROUNDS:-2}" MAKE_TARGET="${MAKE_TARGET-}"
export SWAGE_HOME="${SWAGE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/swage}"
exec python3 - "linux@$kernel" "$platform" "${CONFIG:-tiny}" <<'PY'
import ast, filecmp, json, os, pathlib, shutil, signal, subprocess, sys, tempfile, time

target, platform, config = sys.argv[1:]
swage, home, rounds, only = os.environ["SWAGE"], os.environ["SWAGE_HOME"], int(os.environ["ROUNDS"]), os.environ["MAKE_TARGET"]
build = [swage, "--json", "build", target, "--for", platform, "--config", config, "--no-link"]

# Runs as mapped root in namespaces of its own: a file system of the root's directories, the store, /proc, /dev and /build.
ENTER = r"""
set -eu
mount -t tmpfs -o mode=0755 plain "$new"
for entry in "$root"/*; do
  name=${entry##*/}
  case $name in nix | build | proc | dev | tmp | run) continue ;; esac
  if [ -L "$entry" ]; then cp -P "$entry" "$new/$name"
  elif [ -d "$entry" ]; then mkdir "$new/$name"; mount --rbind "$entry" "$new/$name"
  fi
done
for pair in "$store:nix/store" "$scratch:build" /proc:proc /dev:dev; do
  mkdir -p "$new/${pair#*:}"
  mount --rbind "${pair%%:*}" "$new/${pair#*:}"
done
mkdir -p -m 1777 "$new/tmp"
mount --bind "$new$src" "$new/build/source"
exec env -i PATH="$path" HOME=/build LC_ALL=C TZ=UTC0 SHELL=/bin/sh SOURCE_DATE_EPOCH=315532800 KBUILD_BUILD_TIMESTAMP="$timestamp" \
  KBUILD_BUILD_USER=swage KBUILD_BUILD_HOST=swage KBUILD_BUILD_VERSION=1 KCONFIG_NOTIMESTAMP=1 "$(command -v chroot)" "$new" /bin/sh -euc "$script"
"""


def real(path):
    return home + path


def built_kernel():
    """(environment of the derivation, real path of its output), after making sure that everything is in the store."""
    done = subprocess.run(build, stdout=subprocess.PIPE, check=True)
    [result] = json.loads(done.stdout)["results"]
    text = pathlib.Path(real(result["drv"])).read_text()
    return dict(ast.literal_eval(text.removeprefix("Derive"))[6]), result["outputs"]["out"]["realPath"]


def hermetic(name):
    """Seconds of one rebuild of the kernel derivation, from the events."""
    done = subprocess.run([*build, "--check"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode:
        sys.exit("\n".join(line for line in done.stderr.splitlines() if not line.startswith("{")))
    ids = {e["id"] for e in events if e.get("event") == "start" and e["name"] == name}
    [seconds] = [e["seconds"] for e in events if e.get("event") == "finish" and e["id"] in ids]
    return seconds


def make_script(env):
    make = f"make -C /build/source O=/build/build ARCH={env['arch']} CROSS_COMPILE={env['cross']} {env['make_args']} -j$(nproc)"
    if only:
        return f"{make} {only}"
    script = f"{make} vmlinux {env['image_target']}"
    if env["dtb"]:
        dtb = env["dtb"].rsplit("/")[-1]
        script += f"\n{make} {dtb} || {make} dtbs"
    elif env["config"] != "tiny":
        script += f"\nif [ -d source/arch/{env['arch']}/boot/dts ]; then {make} dtbs; fi"
    return script


def plain(env, out):
    """(seconds of one plain make, whether it made the boot image of the store); its directories are gone afterwards."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="kernel-vs-make.", dir=home))
    try:
        for name in ("build/source", "build/build", "root"):
            (scratch / name).mkdir(parents=True)
        shutil.copy(f"{out}/config", scratch / "build/build/.config")
        (scratch / "build/build/.config").chmod(0o644)
        path = ":".join([f"{dep}/bin" for dep in reversed(env["deps_build"].split())] + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        variables = {"new": f"{scratch}/root", "root": real(env["root"]), "store": real("/nix/store"), "scratch": f"{scratch}/build",
                     "src": env["src"], "path": path, "timestamp": env["timestamp"], "script": "cd /build\n" + make_script(env)}
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
env, out = built_kernel()
if only:
    print(f"plain make {only}: {plain(env, out)[0]:.1f} s")
    sys.exit(0)
times, same = {"swage": [], "make": []}, True
for number in range(1, rounds + 1):
    times["swage"].append(hermetic(env["name"]))
    took, equal = plain(env, out)
    times["make"].append(took)
    same = same and equal
    print(f"{env['name']}, turn {number}: swage {times['swage'][-1]:.1f} s, plain make {times['make'][-1]:.1f} s", flush=True)
ratio = min(times["swage"]) / min(times["make"])
print(f"best: swage {min(times['swage']):.1f} s, plain make {min(times['make']):.1f} s, {'the same' if same else 'ANOTHER'} boot image")
kept = same and ratio <= 1.05
print(f"result: hermetic build of {env['name']} / plain make | {ratio:.3f} x | at most 1.05 x | {'ok' if kept else 'missed'}")
sys.exit(not kept)
PY
