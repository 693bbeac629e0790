"""docs/from-kernelsmith.md says what the records say."""
import os
import sys

from swage_cli import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import from_kernelsmith  # noqa: E402


def test_the_page_is_what_the_records_say(planner):
    def resolve(*words):
        got = planner("resolve", *words, "--json")
        assert got.code in (0, 3), got.err
        return got.json()
    want = from_kernelsmith.page(resolve)
    if os.environ.get("SWAGE_ACCEPT"):
        from_kernelsmith.PAGE.write_text(want)
    assert from_kernelsmith.PAGE.read_text() == want, "run tools/from_kernelsmith.py, or with SWAGE_ACCEPT=1, and review the difference"
    rows = [line.split(" | ") for line in want.splitlines() if line.startswith("| ") and not line.startswith("| kernel")]
    assert len(rows) == 44 and sum(row[2] == "boots" for row in rows) == 40
    assert all(row[3].startswith(("[", "no record: ", "impossible: ")) for row in rows)


def test_a_record_counts_by_how_near_its_release_is(tmp_path):
    place = tmp_path / "catalog/evidence/arm64"
    place.mkdir(parents=True)

    def record(kernel, more="", **keys):
        row = {"kernel": kernel, "state": "booted", "toolchain": "t", "config": "tiny", "when": "2026-01-01", **keys}
        text = "[evidence]\n" + "".join(f'{key} = "{value}"\n' for key, value in row.items()) + more
        (place / f"linux-{kernel}-{len(list(place.iterdir()))}.toml").write_text(text)

    def best():
        return [row["kernel"] for _, row in from_kernelsmith.records_of(tmp_path / "catalog/evidence", "5.10.229", "arm64")]
    record("5.10.229", state="failed")
    record("5.1.1")
    record("5.10.228", "forced = [\"x\"]\n")
    record("5.10.229", "[objects]\ncount = 3\n")
    record("5.10.227", "[tree]\nvendor = \"acme\"\n")
    assert best() == []
    record("5.10.262")
    record("5.10.223")
    assert best() == ["5.10.223", "5.10.262"]
