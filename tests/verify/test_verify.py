"""Verifying cells of a made-up world: what is recorded, what is printed, and what a kill leaves."""
import hashlib
import json
import signal
import subprocess
import time
import tomllib

from cells import KERNEL


def read(path):
    return tomllib.loads(path.read_text())["evidence"]


def test_a_booted_cell_is_recorded(cells):
    got = cells.verify().ok()
    lines = got.out.splitlines()
    assert lines[0].startswith(f"booted      linux@{KERNEL} for arm64  debian-")
    assert lines[1] == f"1 cell: 1 booted; records in '{cells.records}'"
    cell = cells.verify("--json").ok().json()["cells"][0]
    record = read(cells.record("arm64", cell["toolchain"].removesuffix("-arm64")))
    assert record["state"] == "booted"
    assert record["kernel"] == KERNEL and record["platform"] == "arm64" and record["config"] == "tiny"
    assert record["banner"] == f"Linux version {KERNEL} (made up)"
    assert record["userland"] == f"swage-boot-ok: Linux (none) {KERNEL} arm64"
    assert record["machine"] == "qemu-system-aarch64 -M virt -cpu cortex-a53 -m 256M"
    assert record["boot_seconds"] == 0 and record["build_seconds"] == 0 and record["cores"] >= 1
    assert record["boot_drv"] == cell["drv"]
    out = cells("plan", f"linux@{KERNEL}", "--for", "arm64", "--json").ok().json()["derivations"][-1]["outputs"]["out"]
    archive = subprocess.run(cells.swage.argv("store", "dump", out, "--home", cells.home), capture_output=True, check=True, cwd=cells.swage.cwd)
    assert record["boot_nar"] == hashlib.sha256(archive.stdout).hexdigest()
    log = cells.records / "arm64" / f"linux-{KERNEL}-{cell['toolchain']}.log"
    assert log.read_text() == record["banner"] + "\n" + record["userland"] + "\n"
    lock = json.loads((cells.records / "locks" / record["lock"]).read_text())
    assert list(lock["seeds"]) == ["busybox"] and not lock["sets"] and not lock["sources"], "the lock is reduced to what was used"


def test_what_another_recipe_makes_of_a_kernel_is_recorded_as_its_own(cells):
    def write_of(name, rest=""):
        (cells.layer / "packages" / f"{name}-rt").mkdir(exist_ok=True)
        text = (cells.layer / "packages" / name / "recipe.toml").read_text().replace("linux", "linux-rt").replace("fake-linux-rt", "fake-linux")
        (cells.layer / "packages" / f"{name}-rt/recipe.toml").write_text(text.replace('name = "boot"', 'name = "boot-rt"') + rest)
    asks = '[target]\nasks = ["kernel", "machine", "toolchain"]\nfor = "kernel"\nbooted_by = "{}"\n'
    target = f"linux-rt@{KERNEL}"
    write_of("linux", asks.format("boot"))
    assert "  'boot' does not boot what 'linux-rt' makes\n" in cells.verify(target=target).out, "it boots the kernel itself"
    write_of("linux", asks.format("boot-rt"))
    write_of("boot")
    cells.verify(target=target).ok()
    record = next((cells.records / "arm64").glob("*.toml"))
    assert record.name.startswith(f"linux-rt-{KERNEL}-") and read(record)["recipe"] == "linux-rt"
    assert cells.verify("--skip-verified", "--json").ok().json()["cells"][0]["state"] == "booted", "the kernel itself was not verified"
    own = next((cells.records / "arm64").glob(f"linux-{KERNEL}-*.toml"))
    assert "recipe" not in read(own)
    again = cells.verify("--skip-verified", "--json", target=target).ok().json()["cells"][0]
    assert (again["recipe"], again["state"], again["record"]) == ("linux-rt", "skipped", str(record))
    replayed = cells.verify("--replay", target=target).ok()
    assert replayed.out.startswith(f"{target} for arm64: recorded on ") and replayed.out.count("  equal ") == 2


def test_json_has_every_key_always(cells):
    cells.write(broken="mipsel")
    got = cells.verify("--json", platforms="arm64,mipsel,arc").fails(1)
    rows = got.json()["cells"]
    assert got.json()["evidence"] == str(cells.records)
    keys = ["kernel", "arch", "toolchain", "compiler", "state", "when", "drv", "reason", "constraints", "signature", "next", "buildSeconds",
            "bootSeconds", "record", "recipe", "tree", "config", "objects"]
    assert all(list(row) == keys for row in rows)
    assert [(row["arch"], row["state"]) for row in rows] == [("arm64", "booted"), ("mipsel", "failed"), ("arc", "impossible")]
    assert rows[2]["toolchain"] is None and rows[2]["reason"] == "no boot machine for this kernel"


def test_a_failed_build_is_recorded_with_the_end_of_its_log(cells):
    cells.write(broken="mipsel")
    got = cells.verify(platforms="mipsel,arm64").fails(1)
    record = next((cells.records / "mipsel").glob("*.toml"))
    row = read(record)
    assert row["state"] == "failed"
    assert row["reason"] == f"'linux-{KERNEL}-mipsel' did not build: builder ended with status 2"
    assert "kernel_nar" not in row and "userland" not in row and "build_seconds" not in row
    assert record.with_suffix(".log").read_text() == (
        f"making linux {KERNEL} for mipsel with {row['toolchain']}\npowerpc.S:1: Error: unrecognized opcode: stbcix\n")
    assert f"error: {row['reason']}\n" in got.err
    assert got.out.splitlines()[0].endswith(row["reason"])
    assert "2 cells: 1 booted, 1 failed" in got.out


def test_a_failure_that_is_known_is_named_with_what_to_try_next(cells):
    cells.write(broken="mipsel")
    ranking = cells("resolve", f"linux@{KERNEL}", "--for", "mipsel", "--json").ok().json()["resolutions"][0]
    got = cells.verify("--json", platforms="mipsel").fails(1)
    cell = got.json()["cells"][0]
    row = read(next((cells.records / "mipsel").glob("*.toml")))
    assert row["signature"] == cell["signature"] == "powerpc-stbcix"
    assert row["toolchain"] == ranking["toolchain"]["id"]
    assert row["next"] == cell["next"] and row["next"] not in [row["toolchain"], *[r["toolchain"] for r in ranking["rejected"]]]
    notes = ["this is known: the assembler is not told of the processor that has this instruction (constraint 'binutils-2.38-powerpc-stbcix')",
             f"the next best toolchain: --toolchain {row['next']}"]
    assert set(notes) <= set(json.loads(got.err.splitlines()[-1])["error"]["notes"])
    assert "".join(f"note: {note}\n" for note in notes) in cells("build", f"linux@{KERNEL}", "--for", "mipsel", "--config", "tiny").fails(1).err
    last = cells.verify("--toolchain", row["next"], platforms="mipsel").fails(1)
    assert "--toolchain" not in last.err, "who asks for one toolchain is not told of others"


def test_a_boot_that_fails_keeps_the_kernel(cells):
    cells.write(silent="arm64")
    cells.verify().fails(1)
    row = read(next((cells.records / "arm64").glob("*.toml")))
    assert row["state"] == "failed" and row["reason"] == f"'boot-linux-{KERNEL}-arm64' did not build: builder ended with status 1"
    assert len(row["kernel_nar"]) == 64 and row["build_seconds"] == 0


def test_impossible_alone_is_exit_code_3(cells):
    got = cells.verify(platforms="arc").fails(3)
    assert got.out.startswith(f"impossible  linux@{KERNEL} for arc")
    assert cells.verify(platforms="arc,arm64").ok()


def test_impossible_names_the_constraint(cells):
    (cells.layer / "kernels" / "constraints.toml").write_text(
        '[[constraint]]\nid = "made-up"\nwhen = { kernel = "=6.99.1" }\nrequire = { binutils = ">=99" }\neffect = "builds-not"\nreason = "r"\nsource = "s"\n')
    got = cells.verify("--json").fails(3)
    cell = got.json()["cells"][0]
    assert cell["state"] == "impossible" and "made-up" in cell["constraints"] and "is not >=99" in cell["reason"]


def test_skip_verified_leaves_out_what_booted_and_tries_what_failed(cells):
    cells.write(broken="mipsel")
    cells.verify(platforms="arm64,mipsel").fails(1)
    cells.write(comment="another recipe")
    got = cells.verify("--skip-verified", platforms="arm64,mipsel").ok()
    skipped, booted = got.out.splitlines()[:2]
    assert skipped.startswith("skipped ") and skipped.endswith(", its recipe has changed since")
    assert booted.startswith("booted ")
    assert "building linux-6.99.1-arm64" not in got.err


def test_what_is_in_the_store_is_recorded_without_times(cells):
    cells.verify().ok()
    record = next((cells.records / "arm64").glob("*.toml"))
    first = record.read_text()
    cells.verify().ok()
    assert record.read_text() == first, "a record that says the same, and the times too, stays"
    record.unlink()
    got = cells.verify().ok()
    assert "building" not in got.err
    row = read(record)
    assert row["state"] == "booted" and "boot_seconds" not in row and "build_seconds" not in row and "cores" not in row
    assert row["when"] == tomllib.loads(first)["evidence"]["when"]


def test_a_kernel_that_is_booted_anew_keeps_the_time_it_took(cells):
    cells.verify().ok()
    record = cells.record("arm64")
    record.write_text(record.read_text().replace("build_seconds = 0", "build_seconds = 77"))
    cells.write(boot_comment="another boot test")
    got = cells.verify().ok()
    assert "building linux-6.99.1-arm64" not in got.err and "building boot-linux-6.99.1-arm64" in got.err
    row = read(record)
    assert row["build_seconds"] == 77 and row["cores"] and "boot_seconds" in row
    cells.write(comment="another kernel")
    cells.verify().ok()
    assert read(record)["build_seconds"] == 0


def test_one_lock_file_serves_later_runs(cells):
    cells.verify(platforms="arm64").ok()
    cells.verify(platforms="mipsel,x86_64").ok()
    assert len(list((cells.records / "locks").iterdir())) == 1


def test_a_lock_file_grows_by_what_later_runs_need(cells):
    cells.verify(platforms="arm64").ok()
    (lock,) = (cells.records / "locks").iterdir()
    first = json.loads(lock.read_text())
    (cells.layer / "scripts/fake-linux.sh").write_text("set -e\n# $made_of\n$busybox mkdir -p $out; echo \"$platform tiny\" > $out/kernel\n")
    recipe = cells.layer / "packages/linux/recipe.toml"
    recipe.write_text(recipe.read_text() + 'made_of = "{roots.archives}"\n')
    cells.verify(platforms="mipsel").ok()
    assert list((cells.records / "locks").iterdir()) == [lock]
    grown = json.loads(lock.read_text())
    assert "root:archives" in grown["sets"] and "root:archives" not in first["sets"]
    assert first["files"].items() < grown["files"].items() and first["seeds"] == grown["seeds"]
    assert cells.verify("--replay", platforms="arm64,mipsel").ok().out.count("  equal ") == 4


def test_records_go_to_the_data_directory_when_the_catalog_is_not_ours(cells):
    got = cells("verify", f"linux@{KERNEL}", "--for", "arm64").ok()
    place = cells.home / "evidence"
    assert got.out.endswith(f"records in '{place}'\n")
    assert len(list((place / "arm64").glob("*.toml"))) == 1
    assert cells("verify", f"linux@{KERNEL}", "--for", "arm64", "--skip-verified").ok().out.startswith("skipped ")


def test_a_source_that_cannot_be_had_is_no_evidence(cells):
    (cells.layer / "linux.tar").unlink()
    got = cells.verify()
    got.fails(4)
    assert got.out.startswith("not tried ")
    assert not (cells.records / "arm64").exists()


def test_what_only_this_machine_has_is_refused(cells):
    assert cells.verify("--enable", "FOO").fails(2).err == (
        "error: '--enable' cannot be verified: a record names a configuration whole\nhint: put all of it into one file: --config FILE\n")
    assert cells.verify(target="busybox-boot").fails(2).err == (
        "error: 'busybox-boot' cannot be verified: it is neither a kernel nor a package that a build system builds\n")


def test_a_kill_loses_no_finished_cell(cells):
    """arm64 is done at once, mipsel takes for ever."""
    (cells.layer / "scripts" / "fake-linux.sh").write_text(
        'set -e\n[ $platform != mipsel ] || $busybox sleep 1000\n$busybox mkdir -p $out; echo "$platform" > $out/kernel\n')
    process = cells.swage.start("verify", f"linux@{KERNEL}", "--for", "arm64,mipsel", "--evidence", cells.records, "--layer", cells.layer,
                                "--lock", cells.lock, "--home", cells.home)
    deadline = time.monotonic() + 60
    while not list(cells.records.glob("arm64/*.toml")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    if cells.swage.prefix:
        subprocess.run(["pkill", "-9", "-P", str(process.pid)])
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert read(next(cells.records.glob("arm64/*.toml")))["state"] == "booted"
    assert not (cells.records / "mipsel").exists()
    assert not list(cells.records.rglob("*.tmp*"))
