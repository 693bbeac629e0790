"""An image for real: made twice the same, sound inside, and started from its own file up to a login."""
import json
import subprocess

import pytest

NAME = "image/virt-arm64-minimal"
# What the console says on the way: who starts the kernel, and where its root is.
WAYS = {
    "virt-arm64": ("U-Boot 20", "Retrieving file: /initramfs.cpio.gz", "initramfs: the root is /dev/vda2"),
    "uefi-arm64": ("BdsDxe: starting Boot", "EFI stub: Loaded initrd", "initramfs: the root is /dev/vda2"),
    "rpi4": ("Machine model: Raspberry Pi 4 Model B", "Run /init as init process"),
    "malta": ("MIPS: machine is mti,malta", "initramfs: the root is /dev/sda2"),
    "imx8mp-evk": ("Machine model: NXP i.MX8MPlus EVK board", "initramfs: the root is /dev/mmcblk2p2"),
}


@pytest.mark.parametrize("board", WAYS)
def test_an_image_starts_by_itself_up_to_a_login(rootless, board):
    boot = rootless("boot", f"image/{board}-minimal", "--json").ok().json()["boots"][0]
    assert boot["platform"] == "arm64" and boot["kernel"] is None
    assert boot["userland"].startswith("root Linux 6.12.") and boot["userland"].endswith(" aarch64")
    log = subprocess.run([*rootless.prefix, "cat", boot["log"]], check=True, capture_output=True, text=True, errors="replace").stdout
    for said in (*WAYS[board], f"{board}-minimal login: "):
        assert said in log, said


def test_it_is_the_same_when_made_again_and_sound(rootless, tmp_path):
    result = rootless("build", NAME, "--check", "--no-link", "--json").ok().json()["results"][0]
    out = result["outputs"]["out"]["realPath"]
    manifest = json.loads(subprocess.run([*rootless.prefix, "cat", f"{out}/manifest.json"], check=True, capture_output=True, text=True).stdout)
    assert [part["fs"] for part in manifest["partitions"]] == ["vfat", "ext4"]
    assert {"busybox", "u-boot-qemu"} & {row["name"] for row in manifest["packages"]} == {"busybox"}
    assert any(row["name"].startswith("linux-image-6.12") for row in manifest["packages"])


def test_a_blob_over_a_partition_is_refused(rootless, tmp_path):
    layer = tmp_path / "layer"
    (layer / "boards").mkdir(parents=True)
    (layer / "boards/mine.toml").write_text('''[[board]]
name = "mine"
title = "t"
platform = "arm64"
family = "mine"
kernel = "linux-arm64-trixie"
console = "ttyAMA0"
modules = ["ext4"]
raw = [{ root = "u-boot-qemu", file = "usr/lib/u-boot/qemu_arm64/u-boot.bin", offset = "8K" }]
loader = "extlinux"
limits = ["none"]

[[family]]
name = "mine"
summary = "s"
pattern = "{board}-{variant}"
boards = ["mine"]
variants = ["minimal"]
layout = "gpt-disk"
''')
    for path in [tmp_path, *tmp_path.parents][:3]:   # the ordinary user reads it
        path.chmod(0o755)
    failed = rootless("--layer", layer, "build", "image/mine-minimal", "--no-link").fails(1)
    assert "image: 'u-boot.bin' from byte 8192 to " in failed.err
    assert " lies over the first partition, which begins at 1048576\n" in failed.err


def test_a_trees_overlays_are_compiled_without_its_kernel(rootless, tmp_path):
    tree = tmp_path / "tree"
    overlays = tree / "arch/arm/boot/dts/overlays"
    boards = tree / "arch/arm64/boot/dts/broadcom"
    for directory in (overlays, boards, tree / "include/dt-bindings/gpio", tree / "scripts/dtc/include-prefixes"):
        directory.mkdir(parents=True)
    (tree / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 47\n")
    (tree / "include/dt-bindings/gpio/gpio.h").write_text("#define GPIO_ACTIVE_LOW 1\n")
    (overlays / "README").write_text("Introduction\n")
    (overlays / "overlay_map.dts").write_text("/dts-v1/;\n/ { one { bcm2712; }; };\n")
    (overlays / "one-overlay.dts").write_text(
        "/dts-v1/;\n/plugin/;\n#include <dt-bindings/gpio/gpio.h>\n"
        "/ { fragment@0 { target = <&gpio>; __overlay__ { level = <GPIO_ACTIVE_LOW>; }; }; };\n")
    (boards / "bcm2712-rpi-5-b.dts").write_text('/dts-v1/;\n/ { model = "five"; gpio: gpio { }; };\n')
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(0o755)
    result = rootless("build", "linux-overlays@rpi", "--for", "rpi5", "--src", tree, "--no-link", "--json").ok().json()["results"][0]
    out = result["outputs"]["out"]["realPath"]
    names = subprocess.run([*rootless.prefix, "sh", "-c", f"cd {out} && find . -type f | sort"], check=True, capture_output=True, text=True).stdout.split()
    assert names == ["./bcm2712-rpi-5-b.dtb", "./overlays/README", "./overlays/one.dtbo", "./overlays/overlay_map.dtb"]
    (overlays / "one-overlay.dts").write_text("/dts-v1/;\n/plugin/;\n/ { wrong\n")
    failed = rootless("build", "linux-overlays@rpi", "--for", "rpi5", "--src", tree, "--no-link").fails(1)
    assert "linux-overlays: 'arch/arm/boot/dts/overlays/one-overlay.dts' cannot be compiled\n" in failed.err

