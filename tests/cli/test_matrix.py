"""What is known of each cell, asked from the command line."""
import pathlib
import re

from records import write_record
from swage_cli import catalog_without_evidence


def test_without_records_and_without_a_lock_file_nothing_is_made(swage, tmp_path):
    catalog = catalog_without_evidence(tmp_path)
    got = swage("matrix", "--catalog", catalog).ok()
    assert got.out.splitlines()[0].split()[0] == "2.6.32"
    assert swage("matrix", "--releases", "--catalog", catalog).ok().out.split()[0] == "2.6.32.71"
    assert " resolved" in got.out.splitlines()[-1] and " booted" not in got.out.splitlines()[-1]
    assert got.err == "" and not (swage.home / "swage.lock").exists()


def test_it_fits_the_terminal(planner):
    for width in [60, 100]:
        lines = planner("matrix", env={"COLUMNS": str(width)}).ok().out.splitlines()
        assert max(len(line) for line in lines if "not tried yet" not in line and "cells:" not in line) <= width


def test_colour_is_only_for_terminals(planner):
    assert "\033[" not in planner("matrix").ok().out
    assert "\033[33m.\033[0m" in planner("matrix", env={"NO_COLOR": "", "CLICOLOR_FORCE": "1"}).ok().out


def test_json_tells_of_every_compiler(planner, tmp_path):
    write_record(tmp_path / "e", kernel="6.1.176")
    catalog = catalog_without_evidence(tmp_path)
    cells = planner("matrix", "--catalog", catalog, "--evidence", tmp_path / "e", "--for", "arm64", "--json").ok().json()["cells"]
    of_cell = [c for c in cells if c["kernel"] == "6.1.176"]
    assert [(c["compiler"], c["state"], c["when"]) for c in of_cell] == [("gcc", "booted", "2026-01-31"), ("clang", "resolved", None)]
    assert {c["arch"] for c in cells} == {"arm64"}
    assert of_cell[0]["record"] == str(tmp_path / "e" / "arm64" / "linux-6.1.176-debian-bookworm-gcc-12-arm64.toml")


def test_the_users_own_records_count(planner, tmp_path):
    write_record(planner.home / "evidence", kernel="6.1.176")
    assert " 1 booted" in planner("matrix", "--catalog", catalog_without_evidence(tmp_path), "--for", "arm64").ok().out


def test_what_is_new_since_a_day(planner, tmp_path):
    write_record(tmp_path / "e", kernel="6.1.176")
    catalog = catalog_without_evidence(tmp_path)
    new = lambda *args: planner("matrix", "--catalog", catalog, "--evidence", tmp_path / "e", *args)  # noqa: E731
    assert new("--since", "2026-01-31").ok().out == ("2026-01-31  linux@6.1.176 for arm64: booted by debian-bookworm-gcc-12-arm64\n"
                                                     "\n1 record since 2026-01-31: 1 booted\n")
    assert new("--since", "2026-02-01").ok().out == "nothing was recorded since 2026-02-01\n"
    assert [c["series"] for c in new("--since", "2026-01-31", "--json").ok().json()["cells"]] == ["6.1"]
    assert new("--since", "yesterday").fails(2).err == "error: 'yesterday' is no date\nhint: written YYYY-MM-DD: swage matrix --since 2026-11-01\n"
    assert new("--since", "2026-01-31", "--releases").fails(2).err.startswith("error: '--releases' and '--since' cannot be given together\n")
    assert "'--releases' says nothing of '--json', whose cells are of releases" in new("--json", "--releases").fails(2).err


def test_a_broken_record_is_shown_in_its_place(planner, tmp_path):
    record = write_record(tmp_path / "e", state="boted")
    got = planner("matrix", "--evidence", tmp_path / "e").fails(2)
    line = record.read_text().splitlines().index('state = "boted"') + 1
    assert got.err == (f"error: 'boted' is not a known value of 'state'\n  --> {record}:{line}:9\n  {line} | state = \"boted\"\n"
                       "     |         ^^^^^^^\nhint: did you mean 'booted'?\n")


def test_a_page_is_written_whole(planner, tmp_path):
    assert planner("matrix", "--html", tmp_path / "m.html").ok().out == ""
    text = (tmp_path / "m.html").read_text()
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n") and "@DATA@" not in text
    assert planner("matrix", "--html", tmp_path / "none" / "m.html").code == 4
    (tmp_path / "link.html").symlink_to("m.html")
    (tmp_path / "m.html").write_text("old")
    planner("matrix", "--html", tmp_path / "link.html").ok()
    assert (tmp_path / "link.html").is_symlink() and (tmp_path / "m.html").read_text() == text
    assert planner("matrix", "--html", "-").ok().out == text


def test_the_table_of_packages_is_that_of_the_records(swage):
    table = (pathlib.Path(__file__).resolve().parents[2] / "docs/packages.md").read_text()
    assert swage("matrix", "--packages", "--markdown").ok().out == table


def test_packages_without_records(swage, tmp_path):
    got = swage("matrix", "--packages", "--catalog", catalog_without_evidence(tmp_path)).ok()
    assert got.out == "no package has a record: make some with `swage verify PACKAGE --for PLATFORM`\n"
    assert swage("matrix", "--markdown").code == 2


def test_images_and_what_is_recorded_of_them(swage, tmp_path):
    catalog = catalog_without_evidence(tmp_path)
    (catalog / "evidence/images").mkdir(parents=True)
    (catalog / "evidence/images/arm64.toml").write_text(f"""[[image]]
name = "virt-arm64-minimal"
toolchain = "debian-trixie-gcc-14-arm64"
state = "booted"
when = "2026-01-31"
drv = "/nix/store/{'0' * 32}-image.drv"
nar = "{'a' * 64}"
boot = "/nix/store/{'0' * 32}-boot.drv"
lock = "2026-01-31-01234567.lock"
""")
    lines = swage("matrix", "--images", "--for", "arm64", "--catalog", catalog).ok().out.splitlines()
    assert [line.split() for line in lines if re.search("/virt-arm64(-ro)?-minimal ", line)] == [
        ["booted", "image/virt-arm64-minimal", "arm64", "2026-01-31"], ["no", "record", "image/virt-arm64-ro-minimal", "arm64"]]
    assert ": 1 booted, " in lines[-1] and lines[-1].endswith(" more are only planned")
    images = swage("matrix", "--images", "--json", "--catalog", catalog).ok().json()["images"]
    states = {image["image"]: image["state"] for image in images}
    assert states["virt-arm64-minimal"] == "booted" and states["malta-minimal"] is None
    swage("matrix", "--html", tmp_path / "m.html", "--catalog", catalog).ok()
    assert '"image":"virt-arm64-minimal"' in (tmp_path / "m.html").read_text().replace('": "', '":"')
    assert swage("matrix", "--images", "--packages").code == 2
