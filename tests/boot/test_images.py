"""An image for real: made twice the same, sound inside, and started from its own file up to a login."""
import json
import subprocess

NAME = "image/virt-arm64-minimal"


def test_an_image_starts_by_itself_up_to_a_login(rootless):
    boot = rootless("boot", NAME, "--json").ok().json()["boots"][0]
    assert boot["platform"] == "arm64" and boot["kernel"] is None
    assert boot["userland"].startswith("root Linux 6.12.") and boot["userland"].endswith(" aarch64")
    log = subprocess.run([*rootless.prefix, "cat", boot["log"]], check=True, capture_output=True, text=True, errors="replace").stdout
    for said in ("U-Boot 20", "Retrieving file: /initramfs.cpio.gz", "initramfs: the root is /dev/vda2", "virt-arm64-minimal login: "):
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
