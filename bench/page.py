#!/usr/bin/env python3
"""The page of a run: bench/performance.md with the machine and the results of a log.
usage: bench/page.py LOG PAGE       run by bench/run.sh"""
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def commit() -> str:
    """Of the checkout; `-dirty` where it differs from that."""
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"], cwd=HERE, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() or "unknown"


def machine() -> str:
    models = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    kilobytes = int(re.search(r"^MemTotal: *(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.M)[1])
    return f"{len(os.sched_getaffinity(0))} cores, {kilobytes / 1024 ** 2:.1f} GB of memory, {models[0] if models else platform.machine()}"


def table(log: str) -> str:
    rows = [line.split(" | ") for line in re.findall(r"^result: (.*)$", log, re.M)]
    for what, why in (line.split(" | ", 1) for line in re.findall(r"^skipped: (.*)$", log, re.M)):
        rows.append([what, "not measured", "-", why])
    return "\n".join(["| what | measured | promised | |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def page(log: str) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    told = f"| date | commit | machine |\n|---|---|---|\n| {now:%Y-%m-%d} | {commit()} | {machine()} |"
    return (HERE / "performance.md").read_text().replace("@machine@", told).replace("@table@", table(log))


if __name__ == "__main__":
    log, out = sys.argv[1:]
    text = page(pathlib.Path(log).read_text(errors="replace"))
    if not re.search(r"^\| .* \| (ok|missed) \|$", text, re.M):
        sys.exit(f"{out} is not written: {log} has no result")
    pathlib.Path(out).write_text(text)
