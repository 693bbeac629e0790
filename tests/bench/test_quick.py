"""Every benchmark still works: the quick mode, with small inputs, of which no figure is judged."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from swage_cli import PROGRAM, ROOT

sys.path.insert(0, str(ROOT / "bench"))
import page  # noqa: E402

BUILD = PROGRAM.parent
# What must be measured: beginnings of results. Nix builds in a sandbox of its own only as root.
RESULTS = ["one cell", "all cells", "plan of 1000 derivations, time", "plan of 1000 derivations, memory", "NAR hash: nix hash path / swage",
           "NAR hash: swage / openssl sha256", "swage plan linux@6.1 --for ", "no-op swage build", "planning ", "the same, peak memory", "list of ", "build of ",
           "push of 143 MB: ", "a path of 143 MB, loopback: ", "a closure of 300 paths, 50 ms: ", "asking for "]
AS_ROOT = ["nix-build / swage build, no-op", "10 trivial sandboxed builds, nix / swage"]


def lines(kind: str, text: str) -> list[list[str]]:
    return [line.split(" | ") for line in re.findall(rf"^{kind}: (.*)$", text, re.M)]


def test_all_of_them_work(tmp_path):
    """In homes of their own, without network; those of a kernel and an emulated package come below."""
    log = BUILD / "bench.log"
    done = subprocess.run([ROOT / "bench/run.sh", "--quick", BUILD], env={**os.environ, "BENCH_KERNEL": "no", "SWAGE_HOME": str(tmp_path / "none"),
                          "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout + log.read_text()
    results = lines("result", log.read_text())
    for wanted in RESULTS + (AS_ROOT if os.geteuid() == 0 else []):
        assert [row for row in results if row[0].startswith(wanted)], f"{wanted}\n{log.read_text()}"
    assert {row[3] for row in results} == {"quick"} and {len(row) for row in results} == {4}
    assert [row[0] for row in lines("skipped", log.read_text())] == ([] if os.geteuid() == 0 else [
        "nix-build / swage build, no-op", "trivial sandboxed builds, nix / swage"])
    assert not (tmp_path / "none").exists(), "the quick mode left the home alone"
    assert not [path for path in tmp_path.iterdir()], "nothing is left of the benchmarks"


@pytest.mark.parametrize("script, words", [("kernel_vs_make.sh", ["arm64", "6.1"]), ("emulation.sh", ["bison", "arm64"])])
def test_those_that_need_a_store_work(rootless, script, words):
    """In the home of tests/boot, which they build nothing big in; from a copy that its user can read."""
    copy = rootless.cwd / "bench-copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "bench", copy / "bench")
    os.chmod(copy, 0o755)
    installed = rootless.program.parents[1] / "share/swage/catalog"
    env = {**rootless.env, "BENCH_QUICK": "1", "SWAGE_CATALOG": str(installed if installed.is_dir() else ROOT / "catalog")}
    done = subprocess.run([*rootless.prefix, "sh", copy / "bench" / script, *words, rootless.program.parent], env=env, cwd=rootless.cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    if skipped := lines("skipped", done.stdout):
        pytest.skip(f"{skipped[0][1]}: tests/boot does")
    [result] = lines("result", done.stdout)
    assert result[3] == "quick"


def test_a_benchmark_without_a_result_fails(tmp_path):
    """An empty build directory: no program is there."""
    done = subprocess.run([ROOT / "bench/run.sh", "--quick", tmp_path], env={**os.environ, "BENCH_KERNEL": "no"}, capture_output=True, text=True)
    assert done.returncode == 1 and f"failed: {tmp_path}/plan_scale: no result" in done.stderr
    done = subprocess.run([ROOT / "bench/run.sh", "--write", tmp_path / "page.md", tmp_path], env={**os.environ, "BENCH_KERNEL": "no"},
                          capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith(f"{tmp_path}/page.md is as it was: a benchmark failed\n")
    assert not (tmp_path / "page.md").exists()


def test_quick_figures_are_not_published(tmp_path):
    done = subprocess.run([ROOT / "bench/run.sh", "--quick", "--write", tmp_path / "page.md", BUILD], capture_output=True, text=True)
    assert done.returncode == 2 and not (tmp_path / "page.md").exists()


def test_the_page_has_the_table_and_the_machine():
    log = "== a\nresult: a / b | 1.01 x | at most 1.03 x | ok\nnoise\nresult: c | 2.00 s | at most 1 s | missed\nskipped: d | no store\n"
    text = page.page(log)
    assert "| a / b | 1.01 x | at most 1.03 x | ok |\n| c | 2.00 s | at most 1 s | missed |\n| d | not measured | - | no store |\n" in text
    assert re.search(r"^\| \d{4}-\d\d-\d\d \| ([0-9a-f]{12}(-dirty)?|unknown) \| \d+ cores, [0-9.]+ GB of memory, .+ \|$", text, re.M), text
    assert "@" not in re.sub(r"linux@|root@", "", text)


def test_every_benchmark_is_run_and_explained():
    """A new one belongs in the table, its quick mode in this test and a line about it on the page."""
    run, text = (ROOT / "bench/run.sh").read_text(), (ROOT / "bench/performance.md").read_text()
    helpers = {"run.sh", "common.sh", "jobs.cpp"}
    for path in sorted(pathlib.Path(ROOT / "bench").iterdir()):
        if path.suffix in (".sh", ".cpp") and path.name not in helpers:
            assert (path.stem if path.suffix == ".cpp" else path.name) in run, path.name
            assert path.name in text or path.stem.endswith("_bench"), path.name
