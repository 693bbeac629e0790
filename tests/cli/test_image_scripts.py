"""The scripts of images that need no root: where a loader puts things in memory, and what an image says it is made of."""
import json
import re
import subprocess
import sys
import tarfile

import pytest

from card_image import arm64_kernel
from swage_cli import ROOT

SCRIPTS = ROOT / "catalog/scripts/image"
U_BOOT_2025_01 = "kernel 0x80000\ndtb 0x2600000\ninitramfs 0x2700000\n"
U_BOOT_2026_10 = "kernel 0x80000\ndtb 0x5600000\ninitramfs 0x5700000\n"


def script(name, *args, env=None):
    return subprocess.run([sys.executable, SCRIPTS / name, *map(str, args)], capture_output=True, text=True, env=env)


@pytest.fixture
def boot_map(tmp_path):
    def run(addresses, kernel, initramfs=b"i" * 5000, dtb=b"d" * 3000, u_boot=None):
        (tmp_path / "load").write_text(addresses)
        files = []
        for name, content in (("kernel", kernel), ("initramfs", initramfs), ("dtb", dtb)):
            (tmp_path / name).write_bytes(content or b"")
            files.append("-" if content is None else tmp_path / name)
        if u_boot is not None:
            (tmp_path / "u-boot.bin").write_bytes(u_boot)
            files.append(tmp_path / "u-boot.bin")
        return script("image-boot-map.py", "raspberrypi-u-boot", tmp_path / "load", *files)
    return run


def test_modes_are_given_before_the_tree_is_a_tar(tmp_path):
    (tmp_path / "root/etc/a b").mkdir(parents=True)
    for name, mode in (("etc/key", 0o644), ("etc/a b/ü", 0o644), ("etc/run", 0o755)):
        (tmp_path / "root" / name).write_text("x")
        (tmp_path / "root" / name).chmod(mode)
    (tmp_path / "modes").write_text("0600 etc/key\n0440 etc/a b/ü\n")
    (tmp_path / "owned").write_text("")
    got = script("image-modes.py", tmp_path / "modes", SCRIPTS / "image-tar.py", tmp_path / "root", tmp_path / "owned", tmp_path / "root.tar",
                 env={"SOURCE_DATE_EPOCH": "1", "LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert (got.returncode, got.stderr) == (0, "")
    modes = {line.split(" ", 3)[3]: line.split(" ")[0] for line in got.stdout.splitlines()}
    assert (modes["etc/key"], modes["etc/a b/ü"], modes["etc/run"]) == ("0600", "0440", "0755")
    with tarfile.open(tmp_path / "root.tar") as tar:
        assert tar.getmember("etc/key").mode == 0o600


def test_a_kernel_over_its_device_tree_is_refused(boot_map):
    """Debian's 6.12 says that it takes 37 MiB: U-Boot 2025.01 puts the device tree within, 2026.10 behind it."""
    kernel = arm64_kernel(0x2500000)
    refused = boot_map(U_BOOT_2025_01, kernel)
    assert refused.returncode == 1 and refused.stderr == (
        "image: the kernel lies from 0x200000 to 0x2700000 in memory, and the device tree from 0x2600000 to 0x2600bb8: "
        "'raspberrypi-u-boot' puts one over the other\n")
    good = boot_map(U_BOOT_2026_10, kernel)
    assert good.returncode == 0 and good.stdout == ("0x80000 0x80040 the kernel\n0x200000 0x2700000 the kernel\n"
                                                   "0x5600000 0x5600bb8 the device tree\n0x5700000 0x5701388 the initramfs\n")
    # 47 MiB, as 7.2 has, without a device tree of its own: over the initramfs.
    assert boot_map(U_BOOT_2025_01, arm64_kernel(0x2f00000), dtb=None).stderr == (
        "image: the kernel lies from 0x200000 to 0x3100000 in memory, and the initramfs from 0x2700000 to 0x2701388: "
        "'raspberrypi-u-boot' puts one over the other\n")


def test_kernels_that_say_nothing_of_memory_are_as_large_as_their_files(boot_map):
    assert boot_map("kernel 0x1000\ndtb 0x2000\n", b"z" * 4096).returncode == 0
    assert boot_map("kernel 0x1000\ndtb 0x2000\n", b"z" * 4097).stderr == (
        "image: the kernel lies from 0x1000 to 0x2001 in memory, and the device tree from 0x2000 to 0x2bb8: 'raspberrypi-u-boot' puts one over the other\n")
    assert boot_map("dtb 0x2000\ninitramfs 0x2100\n", b"").stderr.startswith("image: the device tree lies from 0x2000 to 0x2bb8 in memory, and the initramfs ")


def test_a_u_boot_says_its_own_addresses(boot_map):
    old = b"\x7f..\0fdt_addr_r=0x02600000\0kernel_addr_r=0x00080000\0ramdisk_addr_r=0x02700000\0not_kernel_addr_r=1\0"
    refused = boot_map("", arm64_kernel(0x2500000), u_boot=old)
    assert refused.stderr.startswith("image: the kernel lies from 0x200000 to 0x2700000 in memory, and the device tree from 0x2600000 to ")
    assert boot_map(U_BOOT_2025_01, arm64_kernel(0x1000000), u_boot=old).returncode == 0
    assert boot_map(U_BOOT_2026_10, arm64_kernel(0x1000000), u_boot=old).stderr == (
        "image: 'u-boot.bin' puts the device tree at 0x2600000, and the row of 'raspberrypi-u-boot' says 0x5600000\n")
    assert boot_map("", arm64_kernel(0x2500000)).stdout == ""


CONTENTS = """built|busybox|1.35.0|GPL-2.0-only|%s|busybox_1.35.0.orig.tar.bz2||
built|dropbear|2025.89|MIT|%s|dropbear-2025.89.tar.bz2|https://example.org/dropbear-2025.89.tar.bz2|
built|zlib|1.3.1|Zlib|%s|zlib_1.3.1.orig.tar.gz||dropbear
toolchain|glibc|2.36|LGPL-2.1-or-later||||busybox,dropbear
deb|linux-image-6.12|6.12.107-1|GPL-2.0-only WITH Linux-syscall-note|%s|linux-image-6.12_6.12.107-1_arm64.deb||
deb|raspi-firmware|1:1.2~3|LicenseRef-Broadcom|%s|raspi-firmware_1.2~3_all.deb||
deb|other|1.0|||other_1.0_all.deb||
""" % tuple(str(n) * 64 for n in range(5))


@pytest.fixture
def made(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"image": "rpi3-minimal", "disk": {"sha256": "ab" * 32}}))
    (tmp_path / "contents").write_text(CONTENTS)
    for _ in range(2):   # the same each time
        before = {file.name: file.read_text() for file in tmp_path.iterdir()}
        done = script("image-sbom.py", tmp_path / "manifest.json", tmp_path / "contents", tmp_path, env={"SOURCE_DATE_EPOCH": "315532800"})
        assert done.returncode == 0, done.stderr
    assert before == {file.name: file.read_text() for file in tmp_path.iterdir()}
    return tmp_path


def test_spdx(made):
    """What the specification (2.3) requires of a document, its packages and relationships."""
    document = json.loads((made / "sbom.spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0" and document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert document["name"] == "rpi3-minimal" and re.fullmatch(r"https://[^#\s]+", document["documentNamespace"])
    assert document["creationInfo"] == {"created": "1980-01-01T00:00:00Z", "creators": ["Tool: swage"]}
    ids = [package["SPDXID"] for package in document["packages"]]
    assert len(ids) == 8 == len(set(ids)) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids)
    for package in document["packages"]:
        assert package["name"] and package["downloadLocation"] and package["filesAnalyzed"] is False
        assert all(re.fullmatch(r"[0-9a-f]{64}", one["checksumValue"]) and one["algorithm"] == "SHA256" for one in package.get("checksums", []))
    known = {*ids, "SPDXRef-DOCUMENT"}
    relations = {(one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"]) for one in document["relationships"]}
    assert all(a in known and b in known for a, _, b in relations)
    assert ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image") in relations
    assert ("SPDXRef-built-dropbear-2025.89", "STATIC_LINK", "SPDXRef-built-zlib-1.3.1") in relations
    assert {one["licenseId"] for one in document["hasExtractedLicensingInfos"]} == {"LicenseRef-Broadcom"}
    firmware = next(one for one in document["packages"] if one["name"] == "raspi-firmware")
    assert firmware["externalRefs"] == [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                         "referenceLocator": "pkg:deb/debian/raspi-firmware@1%3A1.2~3?arch=all"}]
    assert next(one for one in document["packages"] if one["name"] == "other")["licenseDeclared"] == "NOASSERTION"


def test_cyclonedx(made):
    """What the schema of 1.5 requires, and that references lead to components."""
    document = json.loads((made / "sbom.cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX" and document["specVersion"] == "1.5" and document["version"] == 1
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", document["serialNumber"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["metadata"]["timestamp"]) and document["metadata"]["component"]["name"] == "rpi3-minimal"
    refs = [one["bom-ref"] for one in document["components"]]
    assert len(refs) == 7 == len(set(refs))
    for one in document["components"]:
        assert one["type"] in {"library", "application"} and one["name"] and one["purl"].startswith("pkg:")
        assert all(row == {"expression": row["expression"]} for row in one.get("licenses", []))
        assert all(row["alg"] == "SHA-256" and re.fullmatch(r"[0-9a-f]{64}", row["content"]) for row in one.get("hashes", []))
    for one in document["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= {*refs, "image"}
    assert {"ref": "built-dropbear-2025.89", "dependsOn": ["built-zlib-1.3.1", "toolchain-glibc-2.36"]} in document["dependencies"]
    assert next(one for one in document["components"] if one["name"] == "dropbear")["purl"] == (
        "pkg:generic/dropbear@2025.89?checksum=sha256:" + "1" * 64 + "&download_url=https:%2F%2Fexample.org%2Fdropbear-2025.89.tar.bz2")


def test_licences(made):
    assert (made / "licences").read_text() == """GPL-2.0-only
  busybox 1.35.0
GPL-2.0-only WITH Linux-syscall-note
  linux-image-6.12 6.12.107-1
LGPL-2.1-or-later
  glibc 2.36 (in busybox, dropbear)
LicenseRef-Broadcom
  raspi-firmware 1:1.2~3
MIT
  dropbear 2025.89
Zlib
  zlib 1.3.1 (in dropbear)
not known: see the packages' own files
  other 1.0
"""
