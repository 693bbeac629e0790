#!/usr/bin/env python3
"""Writes catalog/toolchains/bootlin/ from what is known of Bootlin's toolchains.

    tools/bootlin_toolchains.py catalog/toolchains/bootlin TOOLCHAINS.tsv COMPONENTS.tsv

TOOLCHAINS.tsv has a line per archive, as Buildroot's history names them: release, arch, libc, variant, gcc_major_at_least,
linux_headers_at_least, ext, sha256, buildroot_commit. COMPONENTS.tsv says what the Buildroot release that an archive was made with
takes by default: release, gcc_stable, binutils_stable, musl, glibc, uclibc_ng and more.

provider.toml is written by hand and kept; all other files of the directory are replaced.
"""
import collections
import csv
import pathlib
import re
import sys

# Where it differs from one platform per architecture: `cpu` is the first part of the triple, `kernels` that the archive's C library is
# for a better processor or another ABI than the platform, so that it serves kernels only; then `flags` give the platform's code.
Target = collections.namedtuple("Target", "platform cpu eabi flags kernels rank", defaults=["", "", False, 40])
TARGETS = {
    "aarch64": Target("arm64", "aarch64"),
    "aarch64be": Target("arm64be", "aarch64_be"),
    "arcle-hs38": Target("arc", "arc"),
    "armebv7-eabihf": Target("armeb", "armeb", "eabihf", kernels=True),
    "armv5-eabi": Target("armel", "arm", "eabi"),
    "armv6-eabihf": Target("armhf", "arm", "eabihf", rank=50),
    "armv7-eabihf": Target("armhf", "arm", "eabihf"),
    "m68k-68xxx": Target("m68k", "m68k"),
    "microblazebe": Target("microblaze", "microblaze"),
    "microblazeel": Target("microblazeel", "microblazeel"),
    "mips32": Target("mips", "mips"),
    "mips32el": Target("mipsel", "mipsel"),
    "mips32r5el": Target("mipsel", "mipsel", flags="-march=mips32r2", kernels=True, rank=50),
    "mips32r6el": Target("mips32r6el", "mipsel"),
    "mips64-n32": Target("mips64", "mips64", flags="-mabi=64", kernels=True),
    "mips64el-n32": Target("mips64el", "mips64el", flags="-mabi=64", kernels=True),
    "mips64r6el-n32": Target("mips64r6el", "mips64el", flags="-mabi=64", kernels=True),
    "nios2": Target("nios2", "nios2"),
    "openrisc": Target("or1k", "or1k"),
    "powerpc-440fp": Target("powerpc", "powerpc", kernels=True, rank=50),
    "powerpc-e300c3": Target("powerpc", "powerpc"),
    "powerpc-e500mc": Target("powerpc", "powerpc", kernels=True, rank=50),
    "powerpc64-e5500": Target("powerpc64", "powerpc64", kernels=True, rank=50),
    "powerpc64-e6500": Target("powerpc64", "powerpc64", kernels=True, rank=50),
    "powerpc64-power8": Target("powerpc64", "powerpc64"),
    "powerpc64le-power8": Target("powerpc64le", "powerpc64le"),
    "riscv32-ilp32d": Target("riscv32", "riscv32"),
    "riscv64": Target("riscv64", "riscv64"),
    "riscv64-lp64d": Target("riscv64", "riscv64"),
    "s390x-z13": Target("s390x", "s390x"),
    "sh-sh4": Target("sh4", "sh4"),
    "sh-sh4aeb": Target("sh4eb", "sh4aeb", flags="-m4", kernels=True),
    "sparc64": Target("sparc64", "sparc64"),
    "sparcv8": Target("sparc", "sparc"),
    "x86-64": Target("x86_64", "x86_64"),
    "x86-64-core-i7": Target("x86_64", "x86_64", flags="-march=x86-64", kernels=True, rank=50),
    "x86-64-v2": Target("x86_64", "x86_64", flags="-march=x86-64", kernels=True, rank=50),
    "x86-64-v3": Target("x86_64", "x86_64", flags="-march=x86-64", kernels=True, rank=50),
    "x86-64-v4": Target("x86_64", "x86_64", flags="-march=x86-64", kernels=True, rank=50),
    "x86-core2": Target("i686", "i686", flags="-march=i686", kernels=True, rank=50),
    "x86-i686": Target("i686", "i686"),
    "xtensa-lx60": Target("xtensa", "xtensa"),
}
# For no platform of the catalog: processors without an MMU, and the ARC of before ARCv2.
LEFT_OUT = {"armv7m", "m68k-coldfire", "arcle-750d"}

# Of exactly this release; of N.1.0 where only N is known. gcc.gnu.org/releases.html.
RELEASED = {
    "8.4.0": "2020-03-04", "9.3.0": "2020-03-12", "10.3.0": "2021-04-08", "11.3.0": "2022-04-21", "12.3.0": "2023-05-08",
    "13.3.0": "2024-05-21", "14.3.0": "2025-05-23", "8": "2018-05-02", "9": "2019-05-03", "10": "2020-05-07", "11": "2021-04-27",
    "12": "2022-05-06", "13": "2023-04-26", "14": "2024-05-07", "15": "2025-04-25",
}
PROVIDER_RANK = 40
LIBC_RANK = {"glibc": 0, "musl": 1, "uclibc": 2}
LIBC_COLUMN = {"glibc": "glibc", "musl": "musl", "uclibc": "uclibc_ng"}
# Buildroot builds these from a vendor's fork of its own versions.
FORKED = {"arcle-hs38"}


def read_table(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def components_of(release, table):
    """2021.11-4 -> the line of 2021.11-1..5: what Buildroot's stable updates change is checked when a toolchain is made."""
    base = release.split("-")[0]
    return next((row for row in table if row["release"].split("-")[0] == base), None)


def target_of(row):
    target = TARGETS[row["arch"]]
    if row["arch"].startswith("powerpc64-") and row["libc"] == "musl":   # musl knows only ELFv2
        target = target._replace(platform="powerpc64-elfv2")
    return target


def tuple_of(target, libc):
    if libc == "glibc":
        abi = "gnu" + target.eabi
    elif libc == "musl":
        abi = "musl" + target.eabi
    else:
        abi = "uclibc" + ("gnu" + target.eabi if target.eabi else "")
    return f"{target.cpu}-buildroot-linux-{abi}"


def toolchain(row, parts):
    """The lines of one row."""
    target = target_of(row)
    arch, libc, release, major = row["arch"], row["libc"], row["release"], row["gcc_major_at_least"]
    stable = row["variant"] == "stable"
    known = stable and arch not in FORKED and parts["gcc_stable"].split(".")[0] == major
    version = parts["gcc_stable"] if known else major
    lines = [f'id = "bootlin-{release}-{arch}-{libc}-{"stable" if stable else "bleeding"}"', f'version = "{version}"']
    lines.append(f'binutils = "{parts["binutils_stable"]}"' if known else 'unknown = ["binutils"]')
    if not target.kernels:
        lines += [f'libc = "{libc}"', f'libc_version = "{parts[LIBC_COLUMN[libc]]}"', f'headers = "{row["linux_headers_at_least"]}"']
    lines += [f'released = "{RELEASED[version]}"', f'prefix = "{target.cpu}-linux-"', f'dumpmachine = "{tuple_of(target, libc)}"']
    if target.flags:
        lines.append(f'flags = "{target.flags}"')
    if target.kernels:
        lines.append('userland = "init"')
    rank = target.rank + LIBC_RANK[libc]
    if rank != PROVIDER_RANK:
        lines.append(f"rank = {rank}")
    file = f"{arch}--{libc}--{row['variant']}-{release}.tar.{row['ext']}"
    lines += [f'urls = ["{{site}}/{arch}/tarballs/{file}"]', f'sha256 = "{row["sha256"]}"', f'source = "{{facts}} {row["buildroot_commit"]}"']
    return "[[toolchain]]\n" + "\n".join(lines) + "\n"


def main(directory, toolchains, components):
    directory = pathlib.Path(directory)
    table = read_table(components)
    files = collections.defaultdict(list)
    left_out = collections.Counter()
    for row in read_table(toolchains):
        if row["arch"] in LEFT_OUT:
            left_out[row["arch"]] += 1
            continue
        parts = components_of(row["release"], table)
        if not parts or not re.fullmatch(r"[0-9a-f]{64}", row["sha256"]):
            sys.exit(f"{row['release']} {row['arch']}: no components or no sha256")
        files[target_of(row).platform].append(row | {"parts": parts})
    for path in directory.glob("*.toml"):
        if path.name != "provider.toml":
            path.unlink()
    for platform, rows in sorted(files.items()):
        rows.sort(key=lambda row: (row["release"], row["arch"], row["libc"], row["variant"]))
        text = "# Written by tools/bootlin_toolchains.py.\n\n" + "\n".join(toolchain(row, row["parts"]) for row in rows)
        (directory / f"{platform}.toml").write_text(text, encoding="utf-8")
    print(f"{sum(map(len, files.values()))} rows for {len(files)} platforms; left out: {dict(left_out)}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
