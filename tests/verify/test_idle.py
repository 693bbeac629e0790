"""Verifying in idle hours, on made-up kernels: the order, the priority, what an end at any moment leaves, and room on the disk. Nothing waits
for others here (`--spare 0`) but where that is tried; the machine of the tests may be busy."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from cells import KERNEL, LINUX

TARGET = f"linux@{KERNEL}"


@pytest.fixture
def idle(cells):
    """`swage verify --idle` of the made-up kernel; words after the platforms are options."""
    def run(platforms, *args):
        return cells.verify("--idle", *args, *([] if "--spare" in args else ["--spare", "0"]),
                            *([] if "--keep-free" in args else ["--keep-free", "0"]), platforms=platforms)
    run.cells = cells
    return run


def start(cells, platforms, *args):
    return cells.swage.start("verify", TARGET, "--for", platforms, "--evidence", cells.records, "--idle", "--spare", "0", "--keep-free", "0", *args,
                             "--layer", cells.layer, "--lock", cells.lock, "--home", cells.home)


def own_pid(cells, process):
    """Of swage itself, which runuser has started where the tests are root's."""
    if not cells.swage.prefix:
        return process.pid
    deadline = time.monotonic() + 20
    while not (found := subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(found[0])


def wait_for(what, process, seconds=180):
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def nothing_runs_on(cells):
    """Whatever a test that failed had begun."""
    yield
    lock = cells.home / "nix/var/swage/idle.lock"
    words = lock.read_text().split() if lock.exists() else []
    if words and pathlib.Path(f"/proc/{words[0]}/cmdline").exists() and str(cells.home) in pathlib.Path(f"/proc/{words[0]}/cmdline").read_text():
        os.kill(int(words[0]), signal.SIGKILL)


def take_turns(cells, *platforms):
    """Has the cells verified in this order: by how long their kernels took before."""
    file = cells.home / "nix/var/swage/durations"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{100 * (turn + 1)} linux-{KERNEL}-{platform}\n" for turn, platform in enumerate(platforms)))
    if os.geteuid() == 0:
        for path in [cells.home, *cells.home.rglob("*")]:
            shutil.chown(path, "swage-test")


def is_at(cells, what):
    """Whether what is built has said so, for kernels by script()."""
    return list((cells.home / "nix/var/swage/builds").glob(f"*/build/at-{what}"))


def events(outcome, kind):
    lines = [json.loads(line) for line in outcome.err.splitlines() if line.startswith('{"event"')]
    return [line for line in lines if line["event"] == kind]


def script(cells, text):
    (cells.layer / "scripts/fake-linux.sh").write_text('set -e\necho > at-$platform\n' + text)


def test_one_cell_is_done_before_the_next_begins(idle):
    got = idle("arm64,mipsel,x86_64", "--json").ok()
    steps, ends = events(got, "step"), events(got, "step-end")
    assert [(step["number"], step["of"]) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert sorted(step["name"] for step in steps) == [f"{TARGET} for {platform}" for platform in ("arm64", "mipsel", "x86_64")]
    assert [end["name"] for end in ends] == [step["name"] for step in steps] and {end["end"] for end in ends} == {"booted"}
    assert all(set(step) == {"event", "number", "of", "name", "seconds", "left"} for step in steps)
    kinds = [json.loads(line) for line in got.err.splitlines() if line.startswith('{"event"')]
    order = [event["name"].split("-")[-1] for event in kinds if event["event"] == "start" and event["name"].startswith(("linux-", "boot-"))]
    assert order == [platform for step in steps for platform in [step["name"].split()[-1]] * 2], "kernel and boot of one, then those of the next"
    told = got.json()["idle"]
    assert told["counts"] == {"booted": 3, "built": 0, "failed": 0, "skipped": 0, "impossible": 0, "not tried": 0, "left": 0}
    assert set(told) == {"counts", "seconds", "cpuSeconds", "pausedSeconds", "bytesFreed"}
    assert told["cpuSeconds"] > 0 and told["pausedSeconds"] == 0 and told["bytesFreed"] == 0
    assert idle.cells.verify("--json").ok().json()["idle"] is None


def test_what_it_starts_has_the_lowest_priority(idle):
    script(idle.cells, "$busybox cat /proc/self/stat\n$busybox ionice -p $$\n" + LINUX)
    idle("arm64").ok()
    drv = next(row["drv"] for row in idle.cells("plan", TARGET, "--for", "arm64", "--config", "tiny", "--json").ok().json()["derivations"]
               if row["name"] == f"linux-{KERNEL}-arm64")
    stat, io = idle.cells("log", drv).ok().out.splitlines()[:2]
    fields = stat[stat.rindex(")") + 2:].split()
    assert (fields[19 - 3], fields[41 - 3]) == ("19", str(os.SCHED_IDLE)) and io.startswith("idle")


@pytest.mark.parametrize("command", [["build", "--no-link"], ["boot"]])
def test_build_and_boot_can_have_it_too(cells, command):
    script(cells, "$busybox cat /proc/self/stat\n" + LINUX)
    got = cells(*command, TARGET, "--for", "arm64", "--config", "tiny", "--idle", "--print-build-logs").ok()
    stat = re.search(r"^linux-\S+> (\d+ \(busybox\) .*)$", got.err, re.M)[1]
    fields = stat[stat.rindex(")") + 2:].split()
    assert (fields[19 - 3], fields[41 - 3]) == ("19", str(os.SCHED_IDLE))


def test_what_is_left_is_for_another_run(idle):
    done = []
    for left in (2, 1, 0):
        got = idle("arm64,mipsel,x86_64", "--limit", "1").ok()
        done += re.findall(rf"^booted      {TARGET} for (\S+)", got.out, re.M)
        counts = "".join(f", {n} {what}" for n, what in ((left, "left"), (2 - left, "skipped")) if n)
        assert f"3 cells: 1 booted{counts}; records in '{idle.cells.records}'\n" in got.out
        assert re.search(r"\n[\d.]+ s, [\d.]+ s of the processors, 0\.0 s paused\n\Z", got.out)
    assert sorted(done) == ["arm64", "mipsel", "x86_64"], "each once"
    assert idle("arm64,mipsel,x86_64", "--limit", "1").ok().out.count("skipped ") == 3
    assert len(list((idle.cells.records / "locks").iterdir())) == 1, "one lock file serves all of them"
    left = idle("arm64,mipsel,armhf,x86_64,riscv64", "--limit", "1", "--json").ok().json()
    assert [cell["reason"] for cell in left["cells"] if cell["state"] == "left"] == ["--limit 1 is reached"]


def test_it_ends_after_the_cell_in_which_its_time_is_over(idle):
    script(idle.cells, "$busybox sleep 2\n" + LINUX)
    got = idle("arm64,mipsel", "--for-time", "2s", "--json").ok().json()
    assert sorted(cell["state"] for cell in got["cells"]) == ["booted", "left"]
    assert {cell["reason"] for cell in got["cells"] if cell["state"] == "left"} == {"--for-time 2.0 s is over"}


def test_a_failure_is_tried_again_only_when_asked_for_or_when_it_would_be_another_build(idle):
    idle.cells.write(broken="mipsel")
    first = idle("arm64,mipsel").fails(1)
    assert "\nfailed      " in "\n" + first.out and "1 more not started" in first.err
    again = idle("arm64,mipsel").ok()
    assert re.search(rf"^skipped     {TARGET} for mipsel \S* +\S+ +failed on \d{{4}}-\d\d-\d\d$", again.out, re.M), again.out
    assert "building" not in again.err
    retried = idle("arm64,mipsel", "--retry").fails(1)
    assert "building linux-6.99.1-mipsel" in retried.err and "building linux-6.99.1-arm64" not in retried.err
    idle.cells.write(comment="another recipe")
    changed = idle("arm64,mipsel,x86_64", "--json").ok()
    assert [step["name"].split()[-1] for step in events(changed, "step")][0] == "x86_64", "what has no record comes first"
    assert {cell["state"] for cell in changed.json()["cells"]} == {"booted"}


def test_verified_ones_can_be_left_out_whatever_their_recipe(idle):
    idle("arm64").ok()
    idle.cells.write(comment="another recipe")
    assert idle("arm64", "--skip-verified").ok().out.startswith("skipped ")
    assert idle("arm64").ok().out.startswith("booted ")


def test_a_kill_loses_at_most_the_cell_it_was_at(idle):
    """And the next run goes on with it, from what had been built."""
    cells = idle.cells
    take_turns(cells, "arm64", "mipsel")
    script(cells, "[ $platform != mipsel ] || $busybox sleep 1000\n" + LINUX)
    process = start(cells, "arm64,mipsel")
    wait_for(lambda: list(cells.records.glob("arm64/*.toml")) and is_at(cells, "mipsel"), process)
    os.kill(own_pid(cells, process), signal.SIGKILL)
    process.communicate()
    record = next(cells.records.glob("arm64/*.toml")).read_text()
    assert not (cells.records / "mipsel").exists()
    killed = is_at(cells, "mipsel")
    assert killed, "its directory is there"
    again = start(cells, "arm64,mipsel", "--json")
    wait_for(lambda: set(is_at(cells, "mipsel")) - set(killed), again)
    os.kill(own_pid(cells, again), signal.SIGINT)
    out, err = again.communicate(timeout=180)
    assert again.returncode == 130 and {cell["arch"]: cell["state"] for cell in json.loads(out)["cells"]} == {"arm64": "skipped", "mipsel": "not tried"}
    begun = [event["name"] for event in map(json.loads, err.splitlines()) if event.get("event") == "start" and event["kind"] == "build"]
    assert begun == [f"linux-{KERNEL}-mipsel"], "neither what is on record nor the toolchain that is there"
    assert next(cells.records.glob("arm64/*.toml")).read_text() == record
    assert not list((cells.home / "nix/var/swage/builds").glob("*")), "what the killed one left is gone"
    assert not cells("store", "verify", "--json").ok().json()["damaged"]


def test_an_interrupt_tells_what_was_done(idle):
    cells = idle.cells
    take_turns(cells, "arm64", "mipsel")
    script(cells, "[ $platform != mipsel ] || $busybox sleep 1000\n" + LINUX)
    process = start(cells, "arm64,mipsel", "--json")
    wait_for(lambda: is_at(cells, "mipsel"), process)
    os.kill(own_pid(cells, process), signal.SIGINT)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 130
    cell = {cell["arch"]: cell for cell in json.loads(out)["cells"]}
    assert cell["arm64"]["state"] == "booted" and (cell["mipsel"]["state"], cell["mipsel"]["reason"]) == ("not tried", "interrupted")
    assert json.loads(out)["idle"]["counts"]["booted"] == 1
    assert json.loads(err.splitlines()[-1])["error"]["what"] == "interrupted"


def test_one_home_has_one_idle_run(idle):
    cells = idle.cells
    script(cells, "$busybox sleep 1000\n" + LINUX)
    first = start(cells, "arm64")
    wait_for(lambda: is_at(cells, "arm64"), first)
    second = idle("mipsel").fails(4)
    pid = own_pid(cells, first)
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", second.err) == (
        f"error: '{cells.home}' has an idle run already\n"
        f"note: it is process {pid}, since TIME UTC, and is at {TARGET} for arm64\n"
        "hint: let it go on; or verify something beside it, without --idle\n")
    assert second.out.splitlines()[0].startswith(f"not tried   {TARGET} for mipsel")
    os.kill(pid, signal.SIGKILL)
    first.communicate()
    script(cells, LINUX)
    assert idle("mipsel").ok(), "the lock ends with its process"


def test_it_waits_while_others_have_the_processors(idle):
    """So many processors no machine has: others never leave them."""
    got = idle("arm64", "--spare", "100000000", "--for-time", "3", "--json").ok()
    paused = events(got, "pause")
    assert [pause["scarce"] for pause in paused] == ["processors"]
    assert re.fullmatch(r"others leave \d+\.\d\d of \d+ processors?, and builds begin at 1000000\.00", paused[0]["why"])
    told = got.json()
    assert [cell["state"] for cell in told["cells"]] == ["left"] and told["idle"]["pausedSeconds"] > 1
    assert not events(got, "start"), "nothing was begun"
    assert re.search(r"^paused: others leave .*\n", idle("arm64", "--spare", "100000000", "--for-time", "3").ok().err, re.M)


def test_a_boot_that_others_starved_is_no_evidence(idle, monkeypatch):
    """On one processor, which another program takes once it boots: who knows what the boot would have done with it."""
    cells, processor = idle.cells, str(min(os.sched_getaffinity(0)))
    (cells.layer / "scripts/fake-boot.sh").write_text(
        "echo > at-boot; $busybox sleep 9; echo 'boot: the userland did not speak within 9 s' >&2; exit 1\n")
    monkeypatch.setattr(cells.swage, "prefix", [*cells.swage.prefix, "taskset", "-c", processor])
    process = start(cells, "arm64")
    wait_for(lambda: is_at(cells, "boot"), process)
    subprocess.run(["timeout", "8", "taskset", "-c", processor, "sh", "-c", "while :; do :; done"])
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    why = re.search(r"^note: this is no record: (others had the processors, it got \d+ % of one, and its time is limited)$", err, re.M)[1]
    assert re.search(rf"^not tried   {TARGET} for arm64  \S+  {why}$", out, re.M), out
    assert "1 cell: 1 not tried\n" in out and not (cells.records / "arm64").exists()


def test_room_is_made_of_what_is_done_with(idle):
    """A linked result stays, with what it was made with; then the run ends, because there is never so much room."""
    cells = idle.cells
    idle("arm64,x86_64").ok()
    cells("build", TARGET, "--for", "x86_64", "--config", "tiny", "-o", "linked").ok()

    def made():
        return {path.name.split("-", 1)[1] for path in (cells.home / "nix/store").iterdir() if "-" in path.name and path.is_dir()}

    kernels = {f"linux-{KERNEL}-{platform}" for platform in ("arm64", "x86_64")}
    assert kernels <= made()
    got = idle("arm64,mipsel,x86_64", "--keep-free", "999999G").fails(4)
    assert re.sub(r"[\d.]+ GB free|\d+\.\d TB free", "SPACE free", got.err.split("freed ")[1]) == re.sub(r"^freed ", "", (
        "freed 49.2 kB of what cells that are done with were made of (4 paths)\n"
        f"error: '{cells.home}' is on a disk with SPACE free, and 1000.0 TB are to be kept\n"
        "note: nothing is left that only cells with a record need\n"
        "hint: free space with: swage store gc; or keep less free: swage verify --idle --keep-free BYTES\n"))
    assert made() & kernels == {f"linux-{KERNEL}-x86_64"}
    assert "toolchain-debian-bookworm-gcc-12-x86_64" in made() and "toolchain-debian-bookworm-gcc-12-arm64" not in made()
    assert (cells.swage.cwd / "linked").resolve().exists()
    (cells.swage.cwd / "linked").unlink()
    assert "building linux" in idle("arm64,mipsel,x86_64").ok().err and not cells("store", "verify", "--json").ok().json()["damaged"]


def test_a_source_that_cannot_be_had_does_not_end_the_others(idle):
    (idle.cells.layer / "linux.tar").unlink()
    got = idle("arm64,mipsel,x86_64,riscv64").fails(4)
    assert got.out.count("not tried ") == 4 and got.err.count("error: 'linux.tar' cannot be downloaded\n") == 1


@pytest.mark.parametrize("words,says", [
    (["--limit", "3"], "'--limit' says nothing without '--idle'"),
    (["--retry"], "'--retry' says nothing without '--idle'"),
    (["--for-time", "1h"], "'--for-time' says nothing without '--idle'"),
    (["--keep-free", "1G"], "'--keep-free' says nothing without '--idle'"),
    (["--spare", "10"], "'--spare' says nothing without '--idle'"),
    (["--idle", "--replay"], "'--replay' and '--idle' cannot be given together"),
    (["--idle", "--for-time", "soon"], "'--for-time' has a value of the wrong kind: 'soon' is not a number that can be meant"),
    (["--idle", "--for-time", "1y"], "'--for-time' has a value of the wrong kind: '1y' is not a time: write 90, 90s, 90m, 8h or 2d"),
])
def test_options_that_say_nothing(cells, words, says):
    assert cells.verify(*words).fails(2).err == f"error: {says}\nhint: see: swage verify --help\n"


@pytest.mark.parametrize("words", [["--limit", "3"], ["--retry"], ["--for-time", "1h"], ["--keep-free", "1G"], ["--spare", "10"]])
def test_packages_are_verified_all_at_once(cells, words):
    assert cells("verify", "zlib", "--idle", *words).fails(2).err == (
        f"error: '{words[0]}' says nothing of packages, which are verified all at once\n"
        "hint: at the lowest priority with: swage verify --packages --idle\n")
