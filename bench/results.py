"""The lines that bench/run.sh makes its table of: what a benchmark has measured, or why it has not."""
import os

QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")


def result(what: str, measured: str, promised: str, kept: bool) -> bool:
    """Whether the promise is kept; in the quick mode nothing is judged."""
    print(f"result: {what} | {measured} | {promised} | {'quick' if QUICK else 'ok' if kept else 'missed'}", flush=True)
    return kept or QUICK


def skipped(what: str, why: str) -> None:
    print(f"skipped: {what} | {why}", flush=True)
