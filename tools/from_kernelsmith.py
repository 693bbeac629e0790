#!/usr/bin/env python3
"""Writes docs/from-kernelsmith.md: the cells that kernelsmith publishes, and what is on record of each here. What has no record is said in the
resolver's words, so nobody types a reason.

    tools/from_kernelsmith.py [PROGRAM]
"""
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "from-kernelsmith.md"
# Its README.md, "boots 40 cells across four eras", and boot.nix. What is not among the 40 is said there, too.
KERNELS = ["2.6.31", "3.18.140", "5.10.229", "6.6"]
PLATFORMS = ["x86_64", "armel", "armhf", "arm64", "mips", "mipsel", "mips64", "mips64el", "powerpc", "powerpc64", "powerpc64le"]
NOT_THERE = {("2.6.31", "arm64"): "no such port yet", ("2.6.31", "powerpc64le"): "no such port yet",
             ("2.6.31", "powerpc64"): "built, does not boot", ("3.18.140", "powerpc64le"): "does not build"}

HEAD = """# From kernelsmith

[kernelsmith](https://github.com/rehosting/kernelsmith) publishes {cells} cells that boot, with full configurations of boards, up to the panic that there is no root
file system: four kernels on eleven architectures. Here a cell has booted when its userland spoke ([verify.md](verify.md)), with the small configuration
unless another is named. Of a series the release on record that is nearest counts. {booted} of the {cells} have booted here.

Written by `tools/from_kernelsmith.py`; a test compares it with the records. "no record" is not "does not work": the toolchain is what
`swage resolve` would take, and nobody has tried.

| kernel | platform | there | here |
|---|---|---|---|
"""


def series_of(version: str) -> list[str]:
    parts = version.split(".")
    return parts[:3] if parts[0] == "2" else parts[:2]


def number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version.split("-")[0])]


def records_of(evidence: pathlib.Path, kernel: str, platform: str) -> list[tuple[str, dict]]:
    """That booted, the best first: the same release, then the nearest of its series, of a release before a tree, the latest."""
    found = []
    for file in sorted((evidence / platform).glob(f"linux-{'.'.join(series_of(kernel))}*.toml")):
        table = tomllib.loads(file.read_text())
        row = table["evidence"]
        overruled = row.get("forced") or row.get("root_named") or row.get("recipe") or "objects" in table or "vendor" in table.get("tree", {})
        if series_of(row["kernel"]) != series_of(kernel) or row["state"] != "booted" or overruled:
            continue
        far = [abs(a - b) for a, b in zip(number(row["kernel"]) + [0, 0], number(kernel) + [0, 0])]
        found.append(((far, row["config"] != "tiny", "tree" in table, [-int(n) for n in row["when"].split("-")], row["toolchain"]), file, row))
    return [(file.relative_to(evidence.parent.parent).as_posix(), row) for _, file, row in sorted(found, key=lambda one: one[0])]


def without_record(resolve, kernel: str, platform: str) -> str:
    said = resolve(f"linux@{kernel}", "--for", platform)
    one = said["resolutions"][0]
    if one["toolchain"]:
        return f"no record: {one['toolchain']['id']} fits"
    tables = [ROOT / "catalog/kernels/constraints.toml", *(ROOT / "catalog/kernels/constraints").glob("*.toml")]
    reasons = {row["id"]: row["reason"] for table in tables for row in tomllib.loads(table.read_text())["constraint"]}
    blocking = sorted({rule for rejection in one["rejected"] for rule in rejection["rules"]})
    if not blocking:
        return "impossible: no toolchain for this platform"
    return f"impossible: {reasons[blocking[0]].replace('|', '/')} ({', '.join(f'`{rule}`' for rule in blocking)})"


def page(resolve, evidence: pathlib.Path = ROOT / "catalog" / "evidence") -> str:
    """`resolve` answers as `swage resolve --json` with these words."""
    rows, cells, booted = [], 0, 0
    for kernel in KERNELS:
        for platform in PLATFORMS:
            there = NOT_THERE.get((kernel, platform), "boots")
            cells += there == "boots"
            records = records_of(evidence, kernel, platform)
            if records:
                place, row = records[0]
                booted += there == "boots"
                configuration = "" if row["config"] == "tiny" else f", {row['config']}"
                here = f"[{row['kernel']} booted]({'../' + place}) by {row['toolchain']} on {row['when']}{configuration}"
            else:
                here = without_record(resolve, kernel, platform)
            rows.append(f"| {kernel} | {platform} | {there} | {here} |\n")
    return HEAD.format(cells=cells, booted=booted) + "".join(rows)


def main() -> None:
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "swage"

    def resolve(*words):
        done = subprocess.run([program, "resolve", *words, "--json", "--catalog", ROOT / "catalog"], capture_output=True, text=True)
        if done.returncode not in (0, 3):
            sys.exit(done.stderr)
        return json.loads(done.stdout)
    PAGE.write_text(page(resolve))


if __name__ == "__main__":
    main()
