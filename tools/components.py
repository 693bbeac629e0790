#!/usr/bin/env python3
"""Writes catalog/components.toml: the sources that toolchains are made from, with their hashes.

    tools/components.py catalog/components.toml DEBIAN.tsv HASHES.tsv...

HASHES.tsv have the columns package, file, sha256 and where the hash is from, as lists of Buildroot, crosstool-NG and others were
read; the first that has a file is named as its source, and two that disagree are an error. DEBIAN.tsv has package, debian_version,
orig_file, sha256, matches_upstream of the source packages of Debian's suites.
"""
import csv
import pathlib
import re
import sys

GNU = "https://ftp.gnu.org/gnu"
URLS = {
    "binutils": GNU + "/binutils/{file}",
    "gcc": GNU + "/gcc/gcc-{version}/{file}",
    "glibc": GNU + "/glibc/{file}",
    "gmp": GNU + "/gmp/{file}",
    "isl": "https://libisl.sourceforge.io/{file}",
    "linux-headers": "https://cdn.kernel.org/pub/linux/kernel/{directory}/{file}",
    "mpc": GNU + "/mpc/{file}",
    "mpfr": GNU + "/mpfr/{file}",
    "musl": "https://musl.libc.org/releases/{file}",
    "uclibc-ng": "https://downloads.uclibc-ng.org/releases/{version}/{file}",
}
NAMES = {"linux": "linux-headers", "uClibc": "uclibc-ng", "uClibc-ng": "uclibc-ng"}   # what files are called, where it differs
FIRST = {"gcc": (3, 4)}
ENDINGS = ["xz", "bz2", "gz"]   # best first

# gcc.gnu.org/releases.html
RELEASED = {
    "3.4.6": "2006-03-06", "4.0.4": "2007-01-31", "4.1.2": "2007-02-13", "4.2.4": "2008-05-19", "4.3.6": "2011-06-27",
    "4.4.7": "2012-03-13", "4.5.4": "2012-07-02", "4.6.4": "2013-04-12", "4.7.4": "2014-06-12", "4.8.5": "2015-06-23",
    "4.9.4": "2016-08-03", "5.5.0": "2017-10-10", "6.5.0": "2018-10-26", "7.5.0": "2019-11-14", "8.5.0": "2021-05-14",
    "9.5.0": "2022-05-27", "10.5.0": "2023-07-07", "11.5.0": "2024-07-19", "12.5.0": "2025-07-11", "13.3.0": "2024-05-21",
    "6.4.0": "2017-07-04", "7.3.0": "2018-01-25", "8.4.0": "2020-03-04", "9.3.0": "2020-03-12", "10.3.0": "2021-04-08",
    "11.3.0": "2022-04-21", "12.2.0": "2022-08-19", "12.3.0": "2023-05-08", "12.4.0": "2024-06-20", "14.2.0": "2024-08-01",
    "14.3.0": "2025-05-23", "15.1.0": "2025-04-25", "15.2.0": "2025-08-08", "13.5.0": "2026-09-11", "14.4.0": "2026-06-26",
    "15.3.0": "2026-06-12", "16.1.0": "2026-04-30", "16.2.0": "2026-08-07",
}

# The suite that has a source package in this version, and the component that it is.
SUITES = {
    "bullseye": {"binutils": "2.35.2", "gcc-9": "9.3.0", "gcc-10": "10.2.1", "glibc": "2.31", "gmp": "6.2.1+dfsg", "isl": "0.23", "mpclib3": "1.2.0",
                 "mpfr4": "4.1.0", "musl": "1.2.2", "uclibc": "1.0.35"},
    "bookworm": {"binutils": "2.40", "gcc-11": "11.3.0", "gcc-12": "12.2.0", "glibc": "2.36", "gmp": "6.2.1+dfsg1", "isl": "0.25",
                 "mpclib3": "1.3.1", "mpfr4": "4.2.0", "musl": "1.2.3"},
    "trixie": {"binutils": "2.44", "gcc-13": "13.3.0", "gcc-14": "14.2.0", "glibc": "2.41", "gmp": "6.3.0+dfsg", "isl": "0.27",
               "mpfr4": "4.2.2", "musl": "1.2.5"},
    "sid": {"gcc-15": "15.3.0", "gcc-16": "16.2.0", "glibc": "2.43", "isl": "0.28", "musl": "1.2.6", "uclibc": "1.0.54"},
}


def component_of(package):
    name = re.sub(r"-\d+$", "", package)
    return {"mpclib3": "mpc", "mpfr4": "mpfr", "uclibc": "uclibc-ng"}.get(name, name)


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def parse(file):
    """gcc-4.9.4.tar.bz2 -> gcc, 4.9.4, bz2. An `a` after the version is a second edition of it."""
    found = re.fullmatch(r"([A-Za-z-]+)-(\d+(?:\.\d+)*)a?\.tar\.(\w+)", file)
    if not found or found[3] not in ENDINGS:
        return None
    name = NAMES.get(found[1], found[1])
    if name not in URLS or numbers(found[2]) < FIRST.get(name, (0,)):
        return None
    return name, found[2], found[3]


def read_hashes(paths):
    """file -> sha256, where from"""
    known = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            rows = csv.reader(lines, delimiter="\t")
            header = next(rows)
            for package, file, sha256, origin in rows:
                if not parse(file) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
                    continue
                if file in known and known[file][0] != sha256:
                    sys.exit(f"{file}: {path} disagrees with {known[file][1]}")
                about = {"first_seen_commit": "Buildroot, commit ", "ctng_commit": "crosstool-NG, commit "}.get(header[3], "")
                known.setdefault(file, (sha256, about + origin))
    return known


def series(version):
    parts = numbers(version)
    return parts[:3] if parts[0] == 2 else parts[:2]


def url_of(name, version, file):
    parts = numbers(version)
    directory = f"v{parts[0]}.x"
    if parts[:2] == (2, 6):
        directory = f"v2.6/longterm/v2.6.{parts[2]}" if parts[2:3] in [(27,), (32,)] and len(parts) > 3 else "v2.6"
    return URLS[name].format(file=file, version=version, directory=directory)


# What a gcc of today needs to be told to compile the host programs of an old one. Tried with 12.2 as the host's for gcc 4.6.4, 4.9.3,
# 5.4.0, 6.2.0 and 7.5.0 and for binutils 2.24; taken to hold for what is between and before.
OLD_C = "gcc -std=gnu89 -fgnu89-inline -fcommon"
HOST_COMPILERS = [  # gcc below this, C, C++
    ((4, 8), OLD_C, ""),   # written in C
    ((7,), OLD_C, "g++ -std=gnu++98 -fpermissive"),
    ((8,), OLD_C, "g++ -std=gnu++14"),
]


def host_compilers(name, version):
    if name == "gcc":
        for below, c, cxx in HOST_COMPILERS:
            if numbers(version) < below:
                return [("host_cc", c)] + ([("host_cxx", cxx)] if cxx else [])
    if name == "binutils" and numbers(version) < (2, 28):
        return [("host_cc", OLD_C)]
    return []


def main(output, debian, *hashes):
    best = {}   # (name, version) -> file
    known = read_hashes(hashes)
    for file in known:
        name, version, ending = parse(file)
        old = best.get((name, version))
        if not old or ENDINGS.index(ending) < ENDINGS.index(parse(old)[2]):
            best[(name, version)] = file
    # Of a kernel series the newest one has the headers that all before it have.
    newest = {}
    for name, version in best:
        if name == "linux-headers":
            newest[series(version)] = max(newest.get(series(version), version), version, key=numbers)
    best = {key: file for key, file in best.items() if key[0] != "linux-headers" or newest[series(key[1])] == key[1]}

    origs = {}
    with open(debian, encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            upstream = re.match(r"(?:\d+:)?(.*?)(?:-[^-]*)?$", row["debian_version"])[1]
            origs[(row["package"], upstream)] = row
    rows = []
    extra = {}   # file -> where Debian has the same bytes
    for suite, packages in SUITES.items():
        for package, upstream in packages.items():
            orig = origs.get((package, upstream))
            if not orig:
                sys.exit(f"{package} {upstream} of {suite} is not in {debian}")
            where = f'debian = {{ suite = "{suite}", package = "{package}" }}'
            same = next((file for file, (sha256, _) in known.items() if sha256 == orig["sha256"]), None)
            name, version = component_of(package), re.match(r"[\d.]+", upstream)[0]
            if same and best.get((name, version)) == same:
                extra.setdefault(same, where)
            elif orig["matches_upstream"]:
                rows.append((name, version, orig["matches_upstream"], orig["sha256"], url_of(name, version, orig["matches_upstream"]), where,
                             f"Debian, {orig['orig_file']}: the same bytes as upstream's"))
                best.pop((name, version), None)
            else:
                rows.append((name, version, orig["orig_file"], orig["sha256"], "", where, "Debian, in an archive of its own"))
    for (name, version), file in best.items():
        sha256, origin = known[file]
        rows.append((name, version, file, sha256, url_of(name, version, file), extra.get(file, ""), origin))
    rows.sort(key=lambda row: (row[0], numbers(row[1]), row[2]))
    text = "# Sources that toolchains are made from. Written by tools/components.py.\n"
    for name, version, file, sha256, url, where, origin in rows:
        row = f"{name}-{version}"
        if not url:
            row += "-" + re.search(r"suite = .(\w+)", where)[1]
        text += f'\n[[component]]\nid = "{row}"\nname = "{name}"\nversion = "{version}"\n'
        if name == "gcc" and version in RELEASED:
            text += f'released = "{RELEASED[version]}"\n'
        text += f'sha256 = "{sha256}"\n'
        if url:
            text += f'urls = ["{url}"]\n'
        if where:
            text += where + "\n"
        for key, compiler in host_compilers(name, version):
            text += f'{key} = "{compiler}"\n'
        text += f'source = "{origin}"\n'
    pathlib.Path(output).write_text(text, encoding="utf-8")
    print(f"{len(rows)} components")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
