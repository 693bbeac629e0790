"""swage list --json: values of their kinds, for programs; and errors as lines of JSON."""
import json

import pytest

# A row of each kind: by what it is found, and the rest of it but where it comes from.
ROWS = {
    "kernels": ({"version": "3.18.140"}, {
        "released": "2014-12-07",
        "source": {"debian": None, "urls": ["https://cdn.kernel.org/pub/linux/kernel/v3.x/linux-3.18.140.tar.xz"],
                   "sha256": "18c38901c51373853435d364422c1931ed0520b16cc4ae9440d7b2095bdce2e0"}}),
    "platforms": ({"name": "armel"}, {
        "triple": "armv5tel-unknown-linux-gnueabi", "arch": "arm", "endian": "little", "bits": 32, "libc": "glibc",
        "toolchain": "debian-trixie-gcc-14-armel", "whyNoToolchain": None, "bareMetal": False,
        "aliases": ["armv5tel", "armv5tel-linux", "sheevaplug", "pogoplug4", "arm-linux-gnueabi"]}),
    "toolchains": ({"id": "debian-trixie-gcc-14-armel"}, {
        "platform": "armel", "compiler": "gcc", "version": "14.2.0", "binutils": "2.44", "libc": "glibc", "libcVersion": "2.41", "headers": None,
        "released": "2024-08-01", "provider": "debian", "suite": "trixie",
        "packages": ["gcc-14-arm-linux-gnueabi", "binutils-arm-linux-gnueabi", "libc6-dev-armel-cross"], "cxx": ["g++-14-arm-linux-gnueabi"],
        "url": None, "components": [], "prebuilt": True, "fallback": False}),
    "packages": ({"name": "libpng"}, {
        "version": None, "summary": "PNG images", "license": "libpng-2.0", "homepage": "http://www.libpng.org/pub/png/libpng.html",
        "source": {"debian": {"suite": "trixie", "package": "libpng1.6"}, "urls": [], "sha256": None}, "system": "autotools",
        "dependencies": {"build": ["cc"], "host": ["libc"], "propagated-host": ["zlib"]}, "outputs": ["out", "dev"], "features": {}, "arch": [],
        "bareMetal": True}),
    "roots": ({"name": "archives"}, {
        "suite": "bookworm", "purpose": "unpacks sources: libarchive's tar", "packages": ["libarchive-tools", "libc-bin"], "only": [],
        "components": ["main"], "architecture": "amd64", "like": None, "tools": {}}),
    "machines": ({"platform": "arm64"}, {
        "kernels": "*", "qemu": "qemu-system-aarch64", "arguments": ["-M", "virt", "-cpu", "cortex-a53", "-m", "256M"], "defconfig": "defconfig"}),
    "components": ({"id": "musl-1.2.3"}, {
        "name": "musl", "version": "1.2.3", "released": None, "tree": None,
        "source": {"debian": {"suite": "bookworm", "package": "musl"}, "urls": ["https://musl.libc.org/releases/musl-1.2.3.tar.gz"],
                   "sha256": "7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4"}}),
    "constraints": ({"id": "binutils-2.31-plt32"}, {"arch": ["x86_64"], "requires": {"binutils": "<2.31"}}),
    "boards": ({"name": "rpi3"}, {
        "platform": "arm64", "title": "Raspberry Pi 3 Model B", "table": "mbr", "kernel": "linux-arm64-trixie", "dtb": "broadcom/bcm2837-rpi-3-b.dtb",
        "vendorDtb": "bcm2710-rpi-3-b.dtb", "console": "ttyS1", "qemu": "qemu-system-aarch64", "limits": []}),
    "bundles": ({"name": "6.6.31"}, {
        "vendor": "rpi", "kernel": "6.6.31", "firmware": ["1.20240529", "bluez-78d6a077", "nonfree-20240226"],
        "boards": ["rpi4", "rpi400", "rpicm4", "rpi5", "rpi500", "rpicm5"], "aliases": []}),
    "firmware": ({"name": "nonfree-20251008"}, {
        "kind": "wireless", "repository": "https://github.com/RPi-Distro/firmware-nonfree", "commit": "e90d6888e745eb9ee1aab098fff001edc31b95b7",
        "nar": "f8c3b454ec2db5f4d3f615f994c98c440683ce65a1d9d171b07fc54434c5ce3b"}),
    "images": ({"name": "rpi3-minimal"}, {
        "board": "rpi3", "platform": "arm64", "variant": "minimal", "axes": [], "family": "raspberrypi", "emulated": True, "planned": None}),
    "quirks": ({"id": "dtc-common"}, {"kernels": "*", "arch": [], "lifts": ["host-gcc-10-no-common"]}),
}
PROSE = ("reason", "source", "effect", "kernels", "measured", "confidence", "verified")   # of constraints and quirks, which is not the matter here


def listed(swage, *args):
    return swage("list", *args, "--json").ok().json()[args[0]]


@pytest.mark.parametrize("kind", ROWS)
def test_a_row(planner, kind):
    found, rest = ROWS[kind]
    (row,) = [r for r in listed(planner, kind) if found.items() <= r.items()]
    origin = row.pop("origin")
    assert (origin["layer"], type(origin["line"]), origin["overridden"]) == ("catalog", int, {})
    if kind in ("constraints", "quirks"):
        assert set(row) <= {*found, *rest, *PROSE}
        row = {key: row[key] for key in [*found, *rest]}
    assert row == found | rest


def test_nothing_is_an_empty_text(planner):
    def empty(value):
        return value == "" or isinstance(value, dict) and any(map(empty, value.values())) or isinstance(value, list) and any(map(empty, value))
    for kind in ROWS:
        assert not [row for row in listed(planner, kind) if empty(row)], kind


def test_a_package_of_the_distribution_has_the_version_that_is_pinned(planner):
    versions = {row["name"]: row["version"] for row in listed(planner, "packages")}
    assert versions["opensbi@rv64"] == "1.6" and versions["busybox-boot"] == "1.35.0"


def test_what_a_layer_overrides_is_said(planner, tmp_path):
    recipe = tmp_path / "layer/packages/libpng/recipe.toml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text('override = true\n[package]\nname = "libpng"\nsummary = "mine"\n')
    (row,) = [r for r in listed(planner, "packages", "--layer", tmp_path / "layer") if r["name"] == "libpng"]
    assert row["summary"] == "mine" and row["license"] == "libpng-2.0"
    assert set(row["origin"]["overridden"].values()) == {"layer"}


def test_only_what_is_for_a_platform(planner):
    assert {row["platform"] for row in listed(planner, "toolchains", "--for", "avr,armel-uclibc")} == {"avr", "armel-uclibc"}
    assert {row["platform"] for row in listed(planner, "machines", "--for", "armv7l")} == {"armhf"}
    names = {row["name"] for row in listed(planner, "packages", "--for", "arm-embedded")}
    assert "zlib" in names and "bash" not in names
    assert planner("list", "roots", "--for", "arm64").fails(2).err == "error: '--for' is of no use for 'roots'\nnote: it is for toolchains, packages, machines, boards, images\n"
    assert "did you mean 'arm64'" in planner("list", "toolchains", "--for", "arm46").fails(2).err


def test_errors_are_lines_of_json(planner, tmp_path):
    def errors(*args, code=2):
        got = planner(*args, "--json").fails(code)
        assert got.out == ""
        return [json.loads(line)["error"] for line in got.err.splitlines()]
    assert errors("list", "kernel") == [{"code": "invalid-input", "what": "'kernel' cannot be listed", "where": None, "hint": "did you mean 'kernels'?",
                                         "notes": ["there are: " + ", ".join(["kernels", "toolchains", "platforms", "packages", "roots", "machines", "builders",
                                                                              "constraints", "quirks", "components", "boards", "bundles",
                                                                              "firmware", "images", "groups", "additions", "layers"])]}]
    assert errors("list", "kernels", "--lst") == [{"code": "invalid-input", "what": "'--lst' is not an option of 'swage list'", "where": None, "notes": [],
                                                   "hint": "see: swage list --help"}]
    assert [e["code"] for e in errors("plan", "linux@6.1", "--for", "msp430", code=3)] == ["unsatisfiable"]
    (tmp_path / "roots.toml").write_text("[[root]]\nname = 1\n[[root]]\nname = 2\n")
    places = [error["where"] for error in errors("check", tmp_path)]
    assert len(places) > 1 and {"file": str(tmp_path / "roots.toml"), "line": 2, "column": 8} in places
