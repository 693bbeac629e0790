#!/bin/sh
# Pushing a path of 143 MB in 800 files into a cache that is a directory, and taking paths from one on a web server (nginx; in the quick mode,
# without network, Python's), in one run with the real Nix: that path, and a closure of 300 paths, each on the loopback interface and with 50 ms
# of delay (bench/slow_link.py); and asking for 5,000 paths that the cache does not have. Each contender begins with a new store or cache, in
# turns; the best of RUNS (5) counts. The page cache holds the files. Nix checks no signatures, swage none either; `cp -a` copies the same tree.
# Promised: a push at least 2 x faster than `nix copy --to` with zstd, and 30 x than with its default, xz, which is timed once; a pull in at most
# half the time of `nix copy --from`, and on the loopback interface at most 1.3 x `cp -a`; 5,000 look-ups in one second.
# usage: bench/caches.sh [BUILD_DIR]     (build/bench)
#   Clients are the host's nix, and 2.34.8 unpacked from the distribution's next suite, as nginx is from the host's (both by mmdebstrap).
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
build=${1:-build/bench}
export RUNS="${RUNS:-$([ -n "$quick" ] && echo 1 || echo 5)}" SWAGE="$build/swage" SWAGE_PROGRAM="$build/swage"
work=$(mktemp -d "${TMPDIR:-/tmp}/caches.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
TARGET=$(bench/quick_home.py "$SWAGE" "$work/home")
export TARGET
PYTHONPATH="$PYTHONPATH:$PWD/tests/support" python3 - "$work" <<'PY'
import contextlib, json, os, pathlib, random, shutil, socket, subprocess, sys, time

from extracted import command, extracted
from made_up_cache import MadeUpCache, Served
from results import QUICK, result, skipped

work, runs, target = pathlib.Path(sys.argv[1]), int(os.environ["RUNS"]), os.environ["TARGET"].split()
swage = [os.path.abspath(os.environ["SWAGE"]), "--quiet"]
files, file_bytes, paths, path_bytes, missing = (8, 1000, 6, 1000, 50) if QUICK else (800, 178_750, 300, 100_000, 5000)
random.seed(1)
(work / "nix.conf").write_text("build-users-group =\nexperimental-features = nix-command\nsandbox = false\n")
base_env = {**os.environ, "NIX_CONF_DIR": str(work)}
numbers = iter(range(10**9))
programs = {}
if not QUICK:
    try:
        programs = {"nginx": command(extracted("bookworm", "nginx-light"), "nginx"), "nix": command(extracted("forky", "nix-bin"), "nix", "usr/lib/nix")}
    except AssertionError as error:
        skipped("taking paths from a cache", f"nginx and Nix cannot be unpacked: {str(error).splitlines()[-1]}")
        sys.exit(0)


def run(argv, env=base_env, code=0):
    done = subprocess.run(list(map(str, argv)), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if code is not None and done.returncode != code:
        sys.exit(f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def fresh_home():
    home = work / f"home-{next(numbers)}"
    home.mkdir()
    shutil.copy(work / "home/swage.lock", home)
    return home


def build(home, url):
    run([*swage, "--home", home, "build", *target, "--no-link", "--substituters", url, "--no-require-sigs"])


planned = json.loads(run([*swage, "--home", work / "home", "--json", "plan", *target]))["derivations"]
out = next(row["outputs"]["out"] for row in planned if row["name"] == "quick" or row["name"].startswith("quick-1"))


def make_cache(name, closure):
    """Made up, taken into a store, and pushed from there as swage compresses."""
    made = MadeUpCache(work / f"made-{name}")
    for path, tree, references in closure:
        made.add(path, tree, references)
    home = fresh_home()
    build(home, f"file://{made.directory}")
    run([*swage, "--home", home, "cache", "push", out, "--to", work / name])
    shutil.rmtree(made.directory)
    return home


def text(size):
    return random.randbytes(size // 2).hex()


large = {f"d{i}": {f"f{k}": text(file_bytes) for k in range(40)} for i in range(max(1, files // 40))}
others = [(f"/nix/store/{number:032d}-part", {f"f{k}": text(path_bytes // 4) for k in range(4)}, []) for number in range(paths - 1)]
homes = {"large": make_cache("large", [(out, large, [])]),
         "closure": make_cache("closure", [*others, (out, {"f": "x"}, [path for path, _, _ in others])])}


@contextlib.contextmanager
def nginx(directory):
    port = 20000 + os.getpid() % 20000
    conf = work / "nginx.conf"
    places = "".join(f"{what}_temp_path {work}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(f"daemon off; pid {work}/nginx.pid; error_log {work}/nginx.log; worker_processes 1; user root;\n"
                    f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; sendfile on; keepalive_requests 1000000; {places}\n"
                    f"server {{ listen 127.0.0.1:{port}; root {directory}; }} }}\n")
    argv = [*programs["nginx"], "-c", conf, "-e", work / "nginx.log"]
    server = subprocess.Popen(list(map(str, argv)))
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def served(directory):
    """Its URLs, by what is between."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(Served(directory)).server.server_port if QUICK else stack.enter_context(nginx(directory))
        link = stack.enter_context(subprocess.Popen([sys.executable, "bench/slow_link.py", "50", str(port)], stdout=subprocess.PIPE, text=True))
        stack.callback(link.terminate)
        yield {"loopback": f"http://127.0.0.1:{port}", "50 ms": f"http://127.0.0.1:{int(link.stdout.readline())}"}


def removed(path):
    subprocess.run(["chmod", "-R", "u+w", path])
    shutil.rmtree(path)


def time_swage(url):
    home = fresh_home()
    start = time.perf_counter()
    build(home, url)
    took = time.perf_counter() - start
    removed(home)
    return took


def time_nix(nix, url):
    place = work / f"nix-{next(numbers)}"
    (place / "user").mkdir(parents=True)     # look-ups are remembered there
    start = time.perf_counter()
    run([*nix, "copy", "--from", url, "--to", place / "store", "--no-check-sigs", out], env={**base_env, "HOME": str(place / "user")})
    took = time.perf_counter() - start
    removed(place)
    return took


def time_copy(name):
    place = work / f"copy-{next(numbers)}"
    start = time.perf_counter()
    run(["cp", "-a", homes[name] / "nix/store", place])
    took = time.perf_counter() - start
    removed(place)
    return took


clients = {"nix " + run(["nix", "--version"]).split()[-1]: ["nix"]} if shutil.which("nix") else {}
if "nix" in programs:
    clients["nix " + run([*programs["nix"], "--version"]).split()[-1]] = programs["nix"]
kept = []


def time_push(argv):
    place = work / f"to-{next(numbers)}"
    start = time.perf_counter()
    run([str(word).replace("TO", str(place)) for word in argv])
    took = time.perf_counter() - start
    removed(place)
    return took


pushes = {"swage": [*swage, "--home", homes["large"], "cache", "push", out, "--to", "TO"]}
for client, nix in clients.items():
    for how in ["compression=zstd"] if QUICK else ["compression=zstd", "compression=xz"]:
        pushes[f"{client} {how}"] = [*nix, "copy", "--from", homes["large"], "--to", f"file://TO?{how}", "--no-check-sigs", out]
times = {racer: [] for racer in pushes}
for turn in range(runs):
    for racer, argv in pushes.items():
        if turn == 0 or not racer.endswith("xz"):
            times[racer].append(time_push(argv))
best = {racer: min(all_times) for racer, all_times in times.items()}
for racer, took in best.items():
    print(f"push of 143 MB: {racer:12} {took * 1000:8.1f} ms")
    if racer != "swage":
        ratio, promised = took / best["swage"], 30 if racer.endswith("xz") else 2
        kept.append(result(f"push of 143 MB: {racer} / swage", f"{ratio:.2f} x", f"at least {promised:.2f} x", ratio >= promised))
for name, what in [("large", "a path of 143 MB"), ("closure", "a closure of 300 paths")]:
    with served(work / name) as urls:
        for where, url in urls.items():
            racers = {"swage": lambda: time_swage(url), **{client: (lambda nix=nix: time_nix(nix, url)) for client, nix in clients.items()}}
            if where == "loopback":
                racers["cp -a"] = lambda: time_copy(name)
            times = {racer: [] for racer in racers}
            for _ in range(runs):
                for racer, race in racers.items():
                    times[racer].append(race())
            best = {racer: min(all_times) for racer, all_times in times.items()}
            for racer, took in best.items():
                print(f"{what}, {where}: {racer:12} {took * 1000:8.1f} ms")
            for client in clients:
                ratio = best[client] / best["swage"]
                kept.append(result(f"{what}, {where}: {client} / swage", f"{ratio:.2f} x", "at least 2.00 x", ratio >= 2))
            if where == "loopback":
                ratio = best["swage"] / best["cp -a"]
                kept.append(result(f"{what}, {where}: swage / cp -a", f"{ratio:.2f} x", "at most 1.30 x", ratio <= 1.3))
            if name == "closure":
                asked = [f"/nix/store/{number:032d}-no-such-path" for number in range(10**6, 10**6 + missing)]
                took = 10**9
                for _ in range(runs):
                    start = time.perf_counter()
                    run([*swage, "--home", homes[name], "cache", "check", url, *asked], code=1)
                    took = min(took, time.perf_counter() - start)
                promised = "at most 1.00 s" if where == "loopback" else "-"
                kept.append(result(f"asking for {missing} paths that are not there, {where}", f"{took:.2f} s", promised, where != "loopback" or took <= 1))
if not clients:
    skipped("nix copy --from / swage", "there is no nix")
sys.exit(not all(kept))
PY
