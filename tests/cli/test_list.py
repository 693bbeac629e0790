"""swage list --json: values of their kinds, for programs; and errors as lines of JSON."""
import json

import pytest

# One row of each kind as it is, without where it comes from.
ROWS = {
    "kernels": ({"version": "3.18.140"}, {
        "version": "3.18.140", "released": "2014-12-07",
        "source": {"debian": None, "urls": ["https://cdn.kernel.org/pub/linux/kernel/v3.x/linux-3.18.140.tar.xz"], "sha256": "SHA256"}}),
    "platforms": ({"name": "armel"}, {
        "name": "armel", "triple": "armv5tel-unknown-linux-gnueabi", "arch": "arm", "endian": "little", "bits": 32, "libc": "glibc",
        "toolchain": "debian-trixie-gcc-14-armel", "whyNoToolchain": None, "bareMetal": False,
        "aliases": ["armv5tel", "armv5tel-linux", "sheevaplug", "pogoplug4", "arm-linux-gnueabi"]}),
    "toolchains": ({"id": "debian-trixie-gcc-14-armel"}, {}),
    "packages": ({"name": "libpng"}, {}),
    "roots": ({"name": "archives"}, {}),
    "machines": ({"platform": "arm64"}, {}),
    "constraints": ({"id": "x86-plt32"}, {}),
    "quirks": ({}, {}),
    "components": ({"id": "musl-1.2.3"}, {}),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row(planner, kind):
    which, expected = ROWS[kind]
    row = next(r for r in planner("list", kind, "--json").ok().json()[kind] if which.items() <= r.items())
    print(json.dumps(row, indent=1))
    assert 0
