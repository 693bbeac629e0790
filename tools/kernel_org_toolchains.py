#!/usr/bin/env python3
"""Writes catalog/toolchains/kernel-org/PLATFORM.toml: kernel.org's cross compilers for x86_64.

    tools/kernel_org_toolchains.py catalog/toolchains/kernel-org

Versions and targets are what the kernel's mailing lists name of them: the builders of the kernel's test robot say "compiler:
alpha-linux-gcc (GCC) 11.5.0". provider.toml is written by hand and kept; all other files of the directory are replaced.
"""
import collections
import pathlib
import sys

# First and last gcc major that a target is for; `flags` give the platform's code where it is not the default. xtensa-linux is left out:
# its compiler is for a big-endian core, the platform little-endian.
Target = collections.namedtuple("Target", "triple first last flags", defaults=[0, 99, ""])
TARGETS = {
    "alpha": Target("alpha-linux"),
    "arc": Target("arc-linux", first=8, flags="-mcpu=hs38"),
    "arm64": Target("aarch64-linux"),
    "armel": Target("arm-linux-gnueabi"),
    "armhf": Target("arm-linux-gnueabi"),
    "hppa": Target("hppa-linux"),
    "i686": Target("i386-linux"),
    "loongarch64": Target("loongarch64-linux", first=12),
    "m68k": Target("m68k-linux"),
    "microblaze": Target("microblaze-linux"),
    "mips": Target("mips-linux"),
    "mips64": Target("mips64-linux", flags="-mabi=64"),
    "nios2": Target("nios2-linux", last=14),
    "or1k": Target("or1k-linux", first=9),
    "powerpc": Target("powerpc-linux"),
    "powerpc64": Target("powerpc64-linux"),
    "riscv32": Target("riscv32-linux", first=7),
    "riscv64": Target("riscv64-linux", first=7),
    "s390x": Target("s390-linux", flags="-m64"),
    "sh4": Target("sh4-linux"),
    "sparc": Target("sparc-linux"),
    "sparc64": Target("sparc64-linux"),
    "x86_64": Target("x86_64-linux"),
}

# gcc version -> its date (gcc.gnu.org/releases.html), binutils, and who says that these are in it.
Release = collections.namedtuple("Release", "date binutils said", defaults=["", "names of the archives"])
RELEASES = {
    "4.9.4": Release("2016-08-03"),
    "5.5.0": Release("2017-10-10"),
    "6.5.0": Release("2018-10-26"),
    "7.5.0": Release("2019-11-14"),
    "8.1.0": Release("2018-05-02", "2.30", "banner of 5.8-rc1 on riscv64, LKML"),
    "8.5.0": Release("2021-05-14", "2.36.1", "configuration of 6.19-rc5 for powerpc64, test robot"),
    "9.5.0": Release("2022-05-27"),
    "10.5.0": Release("2023-07-07"),
    "11.1.0": Release("2021-04-27", "2.36.1", "banner of 6.0 on powerpc64, LKML"),
    "11.3.0": Release("2022-04-21", "2.38", "assembler of the riscv64 archive, LKML on commit 6df2a016c0c8"),
    "11.5.0": Release("2024-07-19"),
    "12.2.0": Release("2022-08-19", "2.39", "banner of 6.2-rc5 on mips, LKML"),
    "12.5.0": Release("2025-07-11"),
    "13.2.0": Release("2023-07-27", "2.41", "banners on aarch64, powerpc64, riscv64 and x86_64, LKML"),
    "13.5.0": Release("2026-09-11"),
    "14.2.0": Release("2024-08-01", "2.42", "banners on aarch64 and mips, LKML"),
    "14.4.0": Release("2026-06-26"),
    "15.2.0": Release("2025-08-08", "2.45", "banners on aarch64, loongarch64, powerpc64 and sparc64, LKML"),
    "15.3.0": Release("2026-06-12"),
    "16.2.0": Release("2026-08-07"),
}


def row(platform, target, version, release):
    return "\n".join([
        "[[toolchain]]", f'id = "kernel-org-gcc-{version}-{platform}"', f'version = "{version}"',
        f'binutils = "{release.binutils}"' if release.binutils else 'unknown = ["binutils"]', f'released = "{release.date}"',
        f'prefix = "{target.triple}-"', f'dumpmachine = "{target.triple}"', *([f'flags = "{target.flags}"'] if target.flags else []),
        f'urls = ["{{site}}/{version}/x86_64-gcc-{version}-nolibc-{target.triple}.tar.xz"]', f'sha256sums = "{{site}}/{version}/sha256sums.asc"',
        f'source = "{release.said}"', ""])


def main(directory):
    directory = pathlib.Path(directory)
    for path in directory.glob("*.toml"):
        if path.name != "provider.toml":
            path.unlink()
    for platform, target in TARGETS.items():
        rows = [row(platform, target, version, release) for version, release in RELEASES.items()
                if target.first <= int(version.split(".")[0]) <= target.last]
        text = "# Written by tools/kernel_org_toolchains.py.\n\n" + "\n".join(rows)
        (directory / f"{platform}.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
