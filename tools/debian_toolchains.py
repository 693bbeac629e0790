#!/usr/bin/env python3
"""Writes the [[toolchain]] rows of catalog/toolchains/debian.toml from the package indexes of Debian's suites.

    tools/debian_toolchains.py catalog/toolchains/debian.toml bullseye=PACKAGES bookworm=PACKAGES ...

The indexes are what apt keeps of a suite's main component for amd64. The head of the file with its [[target]] rows is written
by hand and kept; all after the marker line is replaced. A suite that moves (sid) needs this again when a version changed.
"""
import collections
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


class Row:
    """What the rows of one group have in common: all of it but the platforms."""

    def __init__(self, suite, index, target, major):
        gnu, pkg = target["gnu"], target.get("pkg", target["gnu"])
        self.flags = "{flags}" if "flags" in target else ""
        self.libc = self.libc_version = ""
        libc = target.get("libc_dev", "")
        # A package name that a template cannot say: the native compiler's, bare-metal ones and the one with another spelling.
        plain = pkg == gnu and not target.get("bare")
        if target.get("native"):
            gcc, binutils = f"gcc-{major}", "binutils"
        elif target.get("bare"):
            gcc, binutils = f"gcc-{pkg}", f"binutils-{pkg}"
        else:
            gcc, binutils = f"gcc-{major}-{pkg}", f"binutils-{pkg}"
        self.found = gcc in index and binutils in index and re.match(rf"{major}\.", index.get(gcc, "")) is not None
        if not self.found:
            return
        self.version, self.binutils = upstream(index[gcc]), upstream(index[binutils])
        self.packages = [f"gcc-{major}-{{gnu}}", "binutils-{gnu}"] if plain and not target.get("native") else [gcc, binutils]
        if libc in index and not self.flags:
            self.libc, self.libc_version = "glibc", upstream(index[libc])
            self.packages.append("{libc_dev}" if plain and not target.get("native") else libc)
        self.suite, self.major = suite, major

    def key(self):
        return (self.version, self.binutils, self.libc_version, self.flags, tuple(self.packages))

    def text(self, platforms):
        names = ", ".join(f'"{name}"' for name in platforms)
        lines = ["[[toolchain]]", f'id = "debian-{self.suite}-gcc-{self.major}-{{platform}}"', f"platforms = [{names}]",
                 f'version = "{self.version}"', f'binutils = "{self.binutils}"']
        if self.libc:
            lines += [f'libc = "{self.libc}"', f'libc_version = "{self.libc_version}"']
        lines += [f'released = "{RELEASED[self.version]}"', 'prefix = "{gnu}-"', 'dumpmachine = "{gnu}"']
        if self.flags:
            lines.append(f'flags = "{self.flags}"')
        if not self.libc:
            lines.append('userland = "init"')
        packages = ", ".join(f'"{name}"' for name in self.packages)
        if self.suite == "sid":
            lines.append("rank = 15")  # it moves: what stands still comes first
        lines += [f'suite = "{self.suite}"', f"packages = [{packages}]",
                  f'source = "https://gcc.gnu.org/releases.html; https://packages.debian.org/{self.suite}/gcc-{self.major}"']
        return "\n".join(lines) + "\n"


def rows_of(suite, index, targets):
    for major in range(FIRST_GCC, LAST_GCC + 1):
        groups = collections.OrderedDict()
        for target in targets:
            row = Row(suite, index, target, major)
            if row.found:
                groups.setdefault(row.key(), (row, []))[1].append(target["platform"])
        for row, platforms in groups.values():
            yield row.text(platforms)


def main():
    table = pathlib.Path(sys.argv[1])
    head = table.read_text().split(MARKER)[0]
    targets = tomllib.loads(head)["target"]
    out = [head.rstrip("\n") + "\n\n" + MARKER]
    for argument in sys.argv[2:]:
        suite, path = argument.split("=", 1)
        out += rows_of(suite, read_index(path), targets)
    table.write_text("\n".join(out))


main()
