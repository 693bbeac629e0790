#!/usr/bin/env python3
"""Writes the [[toolchain]] rows of catalog/toolchains/debian/PLATFORM.toml from the package indexes of Debian's suites.

    tools/debian_toolchains.py catalog/toolchains/debian bullseye=PACKAGES bookworm=PACKAGES ...

The indexes are what apt keeps of a suite's main component for amd64. The head of each file with its [keys] is written by hand
and kept; all after the marker line is replaced. A suite that moves (sid) needs this again when a version changed.
"""
import pathlib
import re
import sys
import tomllib

MARKER = "# --- Below: written by tools/debian_toolchains.py from the package indexes of the suites.\n"

# Release dates: gcc.gnu.org/releases.html, and the "released" lines of gcc's own ChangeLog files. 10.2.1 is a snapshot on the way
# to 10.3; what it is nearest to is 10.2.
RELEASED = {
    "9.3.0": "2020-03-12", "10.2.1": "2020-07-23", "11.3.0": "2022-04-21", "11.5.0": "2024-07-19", "12.2.0": "2022-08-19",
    "12.4.0": "2024-06-20", "12.5.0": "2025-07-11", "13.3.0": "2024-05-21", "13.5.0": "2026-09-11", "14.2.0": "2024-08-01",
    "14.4.0": "2026-06-26", "15.2.0": "2025-08-08", "15.3.0": "2026-06-12", "16.1.0": "2026-04-30", "16.2.0": "2026-08-07",
}
FIRST_GCC, LAST_GCC = 9, 16


def read_index(path):
    """Package name -> version, the newest of several."""
    versions = {}

    def order(version):
        return [int(number) for number in re.findall(r"\d+", version)]

    for stanza in pathlib.Path(path).read_text(encoding="utf-8").split("\n\n"):
        name = re.match(r"Package: (\S+)", stanza)
        version = re.search(r"^Version: (\S+)", stanza, re.M)
        if name and version:
            versions[name[1]] = max(version[1], versions.get(name[1], "0"), key=order)
    return versions


def upstream(version):
    """2.44-3cross1 -> 2.44. The date of a binutils snapshot (2.47.50.20261021) says nothing more and changes every fortnight."""
    numbers = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)[1]
    return re.sub(r"\.20\d{6}$", "", numbers)


def row(suite, index, keys, major):
    """The text of one compiler's row; None: the suite has no such compiler."""
    gnu, pkg = keys["gnu"], keys.get("pkg", keys["gnu"])
    if keys.get("native"):
        gcc, binutils = f"gcc-{major}", "binutils"
    elif keys.get("bare"):
        gcc, binutils = f"gcc-{pkg}", f"binutils-{pkg}"
    else:
        gcc, binutils = f"gcc-{major}-{pkg}", f"binutils-{pkg}"
    if gcc not in index or binutils not in index or not re.match(rf"{major}\.", index[gcc]):
        return None
    version, packages = upstream(index[gcc]), [gcc, binutils]
    lines = ["[[toolchain]]", f'id = "debian-{suite}-gcc-{major}-{{platform}}"', f'version = "{version}"', f'binutils = "{upstream(index[binutils])}"']
    libc = keys.get("libc_dev", "")
    userland = libc in index and "flags" not in keys
    if userland:
        packages.append(libc)
        lines += ['libc = "glibc"', f'libc_version = "{upstream(index[libc])}"']
    lines += [f'released = "{RELEASED[version]}"', 'prefix = "{gnu}-"', 'dumpmachine = "{gnu}"']
    if "flags" in keys:
        lines.append('flags = "{flags}"')
    if not userland:
        lines.append('userland = "init"')
    if suite == "sid":
        lines.append("rank = 15")  # it moves: what stands still comes first
    names = ", ".join(f'"{name.replace(gnu, "{gnu}")}"' for name in packages)
    lines += [f'suite = "{suite}"', f"packages = [{names}]", f'source = "{{facts}}/{suite}/gcc-{major}"']
    cxx = gcc.replace("gcc-", "g++-", 1)
    if userland and cxx in index:
        name = cxx.replace(gnu, "{gnu}")
        lines.append(f'cxx = ["{name}"]')
    return "\n".join(lines) + "\n"


def main():
    indexes = [(suite, read_index(path)) for suite, path in (argument.split("=", 1) for argument in sys.argv[2:])]
    for table in sorted(pathlib.Path(sys.argv[1]).glob("*.toml")):
        head, mark, _ = table.read_text().partition(MARKER)
        if not mark:
            continue  # provider.toml
        keys = tomllib.loads(head)["keys"]
        rows = (row(suite, index, keys, major) for suite, index in indexes for major in range(FIRST_GCC, LAST_GCC + 1))
        table.write_text("\n".join([head + MARKER, *filter(None, rows)]))


main()
