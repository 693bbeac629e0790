#!/bin/sh
# The program as a whole, as a person waits for it, in one run with the real Nix: what
#   swage plan linux@6.1                 takes, for all platforms that the lock file pins what they need of, and
#   swage build TARGET                   of a built target, against nix-build of a built graph of the same size.
# The peer's graph has as many derivations and as many sources as TARGET's closure. Its sources are texts in the expression, the
# cheapest kind that Nix has; its builds only make a file; both are built before the clock starts. The two are timed in turns.
# Promised: the plan in at most 100 ms, the no-op in at most 30 ms and not slower than nix-build (best of RUNS each).
# usage: bench/cli_vs_nix.sh [BUILD_DIR]
#   RUNS (20), TARGET (root@tools; options may follow) and SWAGE_HOME from the environment; without a lock file there, one is made
#   in a temporary home (which needs the network). With BENCH_QUICK=1 one run of a made-up package in a made-up home. Nix builds in a chroot store only as root: another user measures swage only.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh
build=${1:-build/bench}
export RUNS="${RUNS:-$([ -n "$quick" ] && echo 1 || echo 20)}" TARGET="${TARGET:-root@tools}"
export SWAGE="$build/swage"
work=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

find_home "$work"
# shellcheck disable=SC2086 # a target and its options
"$SWAGE" --quiet build $TARGET --no-link

PEER=
if command -v nix-build >/dev/null && [ "$(id -u)" = 0 ]; then PEER=$work/peer; fi
export PEER
python3 - "$work" <<'PY'
import ast, json, os, statistics, subprocess, sys, time

from results import result, skipped

work, runs, peer = sys.argv[1], int(os.environ["RUNS"]), os.environ["PEER"]
swage, target, home = (os.environ[name] for name in ("SWAGE", "TARGET", "SWAGE_HOME"))
noop = [swage, "--quiet", "build", *target.split(), "--no-link"]


def read_drv(path):
    """(input derivations, input sources): the ATerm of a .drv is a Python literal after its first word."""
    with open(home + path) as file:
        fields = ast.literal_eval(file.read().removeprefix("Derive"))
    return [drv for drv, _ in fields[1]], fields[2]


def planned_platforms():
    """Those that a plan for all leaves in: what the lock file lacks is asked for over the network, which is not what is measured."""
    done = subprocess.run([swage, "--quiet", "--json", "plan", "linux@6.1", "--for", "all"], check=True, capture_output=True)
    names = (one["name"] for one in json.loads(done.stdout)["derivations"])
    return [name.rsplit("-", 1)[1] for name in names if name.startswith("boot-linux-")]


def closure_size():
    built = json.loads(subprocess.run([swage, "--json", *noop[2:]], check=True, capture_output=True).stdout)
    todo, derivations, sources = [result["drv"] for result in built["results"]], set(), set()
    while todo:
        drv = todo.pop()
        if drv not in derivations:
            derivations.add(drv)
            inputs, texts = read_drv(drv)
            todo += inputs
            sources.update(texts)
    return len(derivations), len(sources)


def write_peer(derivations, sources):
    """Every derivation needs the one before, and its share of the sources."""
    share = -(-sources // derivations)
    with open(f"{work}/peer.nix", "w") as file:
        file.write("let\n")
        for i in range(sources):
            file.write(f'  s{i} = builtins.toFile "source-{i}" "source {i}\\n";\n')
        for i in range(derivations):
            texts = " ".join(f"s{k}" for k in range(i * share, min((i + 1) * share, sources)))
            before = f"d{i - 1}" if i else '""'
            file.write(f'  d{i} = derivation {{ name = "peer-{i}"; system = builtins.currentSystem; builder = "/bin/sh";\n'
                       f'    args = [ "-c" "echo > $out" ]; sources = [ {texts} ]; before = {before}; }};\n')
        file.write(f"in d{derivations - 1}\n")
    command = ["nix-build", f"{work}/peer.nix", "--no-out-link", "--store", peer]
    for name, value in {"build-users-group": "", "sandbox": "true", "sandbox-paths": "/bin/sh=/bin/busybox", "substitute": "false"}.items():
        command += ["--option", name, value]
    subprocess.run(command, check=True, capture_output=True)
    found = subprocess.run(["nix-store", "--store", peer, "--query", "--requisites", subprocess.run(
        ["nix-instantiate", f"{work}/peer.nix", "--store", peer], check=True, capture_output=True, text=True).stdout.split()[-1]],
        check=True, capture_output=True, text=True).stdout.split()
    made = sum(path.endswith(".drv") for path in found)
    assert (made, len(found) - made) == (derivations, sources), (made, len(found) - made, derivations, sources)
    return command


class Contender:
    def __init__(self, name, command):
        self.name, self.command, self.times, self.peak = name, command, [], 0

    def run(self, count_it=True):
        start = time.perf_counter()
        process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        stderr = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - start
        if process.returncode:
            sys.exit(f"{' '.join(self.command)}: {stderr.decode()}")
        if count_it:
            self.times.append(1000 * took)
        self.peak = max(self.peak, usage.ru_maxrss)

    def report(self):
        print(f"{self.name:56} {min(self.times):8.1f} ms {statistics.median(self.times):8.1f} ms {self.peak / 1024:8.1f} MB")
        return min(self.times)


def race(contenders):
    for contender in contenders:
        contender.run(count_it=False)
    for _ in range(runs):
        for contender in contenders:
            contender.run()
    return [contender.report() for contender in contenders]


# A child of Python starts with Python's own peak: no less than that can be seen.
print(f"{'of ' + str(runs) + ' runs':56} {'best':>11} {'median':>11} {'peak memory':>11}")
kept = []
platforms = planned_platforms()
everywhere = f"swage plan linux@6.1 --for {len(platforms)} platforms"
[plan] = race([Contender(everywhere, [swage, "--quiet", "plan", "linux@6.1", "--for", ",".join(platforms)])])
derivations, sources = closure_size()
racers = [Contender(f"swage build {target}, built", noop)]
if peer:
    racers.append(Contender("nix-build of a graph of that size, built", write_peer(derivations, sources)))
times = race(racers)
print(f"(closure of {target}: {derivations} derivations, {sources} sources)")
kept.append(result(everywhere, f"{plan:.2f} ms", "at most 100 ms", plan <= 100))
kept.append(result(f"no-op swage build {target.split()[0]}", f"{times[0]:.2f} ms", "at most 30 ms", times[0] <= 30))
if peer:
    kept.append(result("nix-build / swage build, no-op", f"{times[1] / times[0]:.2f} x", "at least 1.00 x", times[1] >= times[0]))
else:
    skipped("nix-build / swage build, no-op", "Nix builds in a sandbox of its own only as root")
sys.exit(not all(kept))
PY
