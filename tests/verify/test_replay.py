"""Repeating what was recorded: from the record's own lock file, bit for bit."""
import re

from cells import KERNEL

TARGET = f"linux@{KERNEL}"


def replay(cells, *args, **kwargs):
    return cells.verify("--replay", *args, **kwargs)


def record_of(cells, platform="arm64"):
    return next((cells.records / platform).glob("*.toml"))


def test_what_is_in_the_store_is_built_once_more_and_compared(cells):
    cells.verify().ok()
    got = replay(cells).ok()
    text = record_of(cells).read_text()
    kernel, boot = (re.search(f'{name}_nar = "(.*)"', text)[1] for name in ["kernel", "boot"])
    toolchain = re.search('toolchain = "(.*)"', text)[1]
    date = re.search('when = "(.*)"', text)[1]
    assert got.out == (f"{TARGET} for arm64: recorded on {date} with {toolchain}\n  equal      kernel  {kernel}\n  equal      boot    {boot}\n")
    for name in [f"linux-{KERNEL}-arm64", f"boot-linux-{KERNEL}-arm64"]:
        assert f"checking {name}\n" in got.err


def test_another_store_and_no_lock_file_give_the_same(cells):
    cells.verify().ok()
    got = cells.swage("verify", TARGET, "--for", "arm64", "--evidence", cells.records, "--layer", cells.layer, "--replay", "--json",
                      "--home", cells.directory / "other", "--lock", cells.directory / "none.lock").ok()
    rows = got.json()["replays"]
    assert [item["equal"] for item in rows[0]["items"]] == [True, True]
    assert all(list(item) == ["item", "equal", "recorded", "now", "problem", "recipeChanged", "recordedDrv", "drv"] for item in rows[0]["items"])
    assert rows[0]["record"] == str(record_of(cells))
    assert not (cells.directory / "none.lock").exists()


def test_a_changed_recipe_is_said_and_its_result_compared(cells):
    cells.verify().ok()
    cells.write(comment="a comment that changes the derivation and not the kernel")
    got = replay(cells).ok()
    assert got.out.count("  equal ") == 2 and got.out.count("recipe changed since: recorded /nix/store/") == 2
    (cells.layer / "scripts" / "fake-linux.sh").write_text('$busybox mkdir -p $out; echo "$platform else" > $out/kernel\n')
    changed = replay(cells).fails(1)
    assert "  different  kernel  recorded " in changed.out and "  equal      boot " in changed.out


def test_a_record_that_is_not_true_is_found(cells):
    cells.verify().ok()
    record = record_of(cells)
    record.write_text(re.sub('kernel_nar = ".*"', f'kernel_nar = "{"0" * 64}"', record.read_text()))
    got = replay(cells).fails(1)
    assert f"  different  kernel  recorded {'0' * 64}\n                     now      " in got.out
    assert "recipe changed" not in got.out


def test_a_build_that_differs_each_time_is_found(cells):
    (cells.layer / "scripts" / "fake-linux.sh").write_text(
        '$busybox mkdir -p $out; echo "$platform" > $out/kernel; $busybox cat /proc/sys/kernel/random/uuid > $out/uuid\n')
    cells.verify().ok()
    got = replay(cells).fails(1)
    assert f"'linux-{KERNEL}-arm64' is not reproducible: its output 'out' differs between two builds\n" in got.out


def test_a_build_that_fails_now_gives_nothing(cells):
    cells.verify().ok()
    cells.write(broken="arm64")
    got = replay(cells).fails(1)
    assert "\n                     now      nothing\n" in got.out
    assert f"'linux-{KERNEL}-arm64' did not build: builder ended with status 2\n" in got.out


def test_the_newest_record_is_taken_unless_a_toolchain_is_named(cells):
    cells.verify().ok()
    first = record_of(cells)
    chosen = re.search('toolchain = "(.*)"', first.read_text())[1]
    other = next(row["id"] for row in cells("list", "toolchains", "--json").ok().json()["toolchains"]
                 if row["platform"] == "arm64" and row["compiler"] == "gcc" and row["id"] != chosen)
    cells.verify("--toolchain", other).ok()
    first.write_text(re.sub('when = ".*"', 'when = "2001-01-01"', first.read_text()))
    assert f"with {other}\n" in replay(cells).ok().out
    assert f"recorded on 2001-01-01 with {chosen}\n" in replay(cells, "--toolchain", chosen).ok().out


def test_without_a_record_there_is_nothing_to_repeat(cells):
    assert replay(cells).fails(2).err == (
        f"error: '{TARGET}' has no record that could be repeated for these platforms\nhint: make one with: swage verify\n")
    cells.write(broken="arm64")
    cells.verify().fails(1)
    assert replay(cells).fails(2)
    assert cells("verify", "--replay").fails(2).err == "error: '--replay' wants TARGET\nhint: see what is recorded with: swage matrix\n"
    assert cells("verify", TARGET, "--replay", "--skip-verified").code == 2


def test_a_kernel_alone_is_recorded_and_repeated_with_its_quirks(cells):
    """Where no userland would run, the kernel is worth a record: with the quirks that its toolchain needs, too."""
    row = '[[constraint]]\nid = "%s"\nwhen = { kernel = "=' + KERNEL + '" }\nrequire = { %s }\neffect = "builds-not"\nreason = "r"\nsource = "s"\n'
    (cells.layer / "kernels" / "constraints.toml").write_text(row % ("no-userland", 'glibc = ">=99"') + row % ("helped", 'binutils = ">=99"'))
    (cells.layer / "kernels" / "quirks.toml").write_text(
        '[[quirk]]\nid = "help"\nwhen = { kernel = "=' + KERNEL + '" }\nlifts = ["helped"]\ncflags = ["-w"]\nreason = "r"\nsource = "s"\nconfidence = "observed"\n')
    got = cells.verify("--toolchain", "debian-bookworm-gcc-12-arm64").ok()
    assert got.out.startswith("built ")
    text = record_of(cells).read_text()
    assert 'state = "built"' in text and "boot_drv" not in text and "banner" not in text and re.search('kernel_nar = "[0-9a-f]{64}"', text)
    again = replay(cells).ok()
    assert again.out.count("  equal ") == 1 and "recipe changed" not in again.out
