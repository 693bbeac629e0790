"""The lines that bench/run.sh makes its table of: what a benchmark has measured, or why it has not."""
import os
import subprocess
import sys
import time

QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")


def result(what: str, measured: str, promised: str, kept: bool) -> bool:
    """Whether the promise is kept; in the quick mode nothing is judged."""
    print(f"result: {what} | {measured} | {promised} | {'quick' if QUICK else 'ok' if kept else 'missed'}", flush=True)
    return kept or QUICK


def skipped(what: str, why: str) -> None:
    print(f"skipped: {what} | {why}", flush=True)


def best(*args: str) -> tuple[float, float]:
    """(wall seconds, peak MB) of the fastest of $RUNS runs of $SWAGE with these arguments."""
    found = []
    for _ in range(int(os.environ["RUNS"])):
        start = time.perf_counter()
        child = subprocess.Popen([os.environ["SWAGE"], "--quiet", *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        found.append((time.perf_counter() - start, usage.ru_maxrss / 1024))
        if status:
            sys.exit(f"failed: {' '.join(args[:3])} ...\n{errors}")
    return min(found)
