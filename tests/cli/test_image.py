"""What a board would load from an image file, and what else is asked of images, from images of real tools."""
import pathlib
import subprocess

import pytest

from card_image import arm64_kernel, card, device_tree, fat
from image_results import left_by_a_build

BASE = '/ { compatible = "raspberrypi,5-model-b", "brcm,bcm2712"; bt: bt { }; __overrides__ { audio = <&bt>,"a:0"; }; };'
FILES = {
    "config.txt": "[all]\nkernel=kernel.img\nos_prefix=nixos/default/\ndtparam=audio=on\ndtoverlay=disable-bt\n[cm5]\ndtoverlay=dwc2\n",
    "nixos/default/kernel.img": arm64_kernel(0x1000000),
    "nixos/default/cmdline.txt": "console=tty1\n",
    "nixos/default/bcm2712-rpi-5-b.dtb": device_tree(BASE),
    "overlays/overlay_map.dtb": device_tree('/ { disable-bt { bcm2835; bcm2711; bcm2712 = "disable-bt-pi5"; }; };'),
    "overlays/disable-bt-pi5.dtbo": device_tree('/plugin/; &bt { status = "disabled"; };'),
    "overlays/bcm2712d0.dtbo": device_tree('/plugin/; &bt { };'),
}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return card(tmp_path_factory.mktemp("card") / "card.img", FILES)


def sizes(*names):
    return {name: len(FILES[name]) for name in names}


def test_what_a_pi5_loads(swage, image):
    got = swage("image", "explain", image, "--board", "rpi5").ok()
    size = {name: f"{len(content)} B" for name, content in FILES.items()}
    assert got.out == f"""Raspberry Pi 5 (rpi5) from '{image}'
  MBR, 1 partition
  partition 1: FAT32 'FIRMWARE', 35.7 MB, 35.1 MB free: the first bootable one

loads
  config       config.txt                         {size["config.txt"]:>8}
  device tree  nixos/default/bcm2712-rpi-5-b.dtb  {size["nixos/default/bcm2712-rpi-5-b.dtb"]:>8}  the name of this model
                 audio=on
  kernel       nixos/default/kernel.img               64 B  config.txt:2 kernel, under config.txt:3 os_prefix, at 0x200000 to 0x1200000
  cmdline      nixos/default/cmdline.txt              13 B
  overlay map  overlays/overlay_map.dtb           {size["overlays/overlay_map.dtb"]:>8}
  overlay      overlays/disable-bt-pi5.dtbo       {size["overlays/disable-bt-pi5.dtbo"]:>8}  config.txt:5 dtoverlay, 'disable-bt' on bcm2712

config.txt
    1   [all]                     holds
    2 + kernel=kernel.img
    3 + os_prefix=nixos/default/
    4 + dtparam=audio=on
    5 + dtoverlay=disable-bt
    6   [cm5]                     does not hold
    7 - dtoverlay=dwc2            not here: [cm5]

it would start: 0 errors, 0 warnings
"""
    assert got.err == ""


def test_a_model_goes_by_the_name_of_a_board_too(swage, image):
    said = {name: swage("image", "explain", image, "--board", name).code for name in ("rpi3plus", "rpi3+", "rpicm4", "cm4")}
    assert said["rpi3plus"] == said["rpi3+"] != 2 and said["rpicm4"] == said["cm4"] != 2


def test_json_has_the_same(swage, image):
    report = swage("image", "explain", image, "--board", "rpi5", "--json").ok().json()
    assert set(report) == {"image", "board", "boardName", "tryboot", "table", "partition", "starts", "loads", "lines", "findings"}
    assert [(file["role"], file["path"]) for file in report["loads"]][:3] == [
        ("config", "config.txt"), ("device tree", "nixos/default/bcm2712-rpi-5-b.dtb"), ("kernel", "nixos/default/kernel.img")]
    assert report["loads"][1]["parameters"] == ["audio=on"] and report["starts"] is True and report["partition"] == 1
    assert report["lines"][6] == {"file": "config.txt", "line": 7, "text": "dtoverlay=dwc2", "state": "ignored", "why": "not here: [cm5]"}


def test_it_would_not_start(swage, image):
    """The same card in a board before the 4: exit 1, with the reason."""
    got = swage("image", "explain", image, "--board", "rpi3").fails(1)
    assert got.out == f"""Raspberry Pi 3 Model B (rpi3) from '{image}'
  MBR, 1 partition

error: 'bootcode.bin' is not on partition 1, the first FAT partition

it would not start: 1 error, 0 warnings
"""
    assert swage("image", "explain", image, "--board", "rpi5", "--tryboot").fails(1).out.endswith("it would not start: 2 errors, 1 warning\n")


def test_a_gpt(swage, tmp_path):
    gpt = card(tmp_path / "gpt.img", FILES, label="gpt")
    assert "  GPT, 1 partition\n" in swage("image", "explain", gpt, "--board", "rpi5").ok().out
    assert swage("image", "explain", gpt, "--board", "rpi3").fails(1).out == f"""Raspberry Pi 3 Model B (rpi3) from '{gpt}'
  GPT, 1 partition

error: Raspberry Pi 3 Model B does not read a GPT: its boot ROM knows MBR and hybrid MBR
note: as seen in raspberrypi/documentation#1291
hint: write the image with an MBR (`label: dos` of sfdisk)

it would not start: 1 error, 0 warnings
"""


def test_an_image_that_is_cut(swage, image, tmp_path):
    cut = tmp_path / "cut.img"
    cut.write_bytes(image.read_bytes()[:4 << 20])
    assert swage("image", "explain", cut, "--board", "rpi5").out.count("warning: partition 1 ends at byte 36700160, and the image at byte 4194304\n") == 1
    cut.write_bytes(image.read_bytes()[:(1 << 20) + 1000])
    got = swage("image", "explain", cut, "--board", "rpi5").fails(1)
    assert "error: partition 1 is to be FAT, and is not: " in got.out and got.err == ""


def test_the_eeproms_configuration(swage, image, tmp_path):
    (tmp_path / "boot.conf").write_text("[all]\nBOOT_ORDER=0xf41\nBOOTVAR0=3\n[config.txt]\n[bootvar0=3]\ndtparam=audoi=off\n")
    got = swage("image", "explain", image, "--board", "rpi5", "--eeprom", tmp_path / "boot.conf").ok()
    assert """warning: neither 'disable-bt' nor the device tree has a parameter 'audoi'
  --> EEPROM [config.txt]:2:9
   2 | dtparam=audoi=off
     |         ^^^^^
hint: did you mean 'audio'?
""" in got.out


def test_wrong_words(swage, image, tmp_path):
    assert swage("image", "explain", image, "--board", "rpi6").fails(2).err.startswith("error: 'rpi6' is no board whose firmware is known\nnote: known: rpi1, ")
    assert swage("image", "explain", image, "--board", "rip5").fails(2).err.endswith("hint: did you mean 'rpi5'?\n")
    assert swage("image", "explain", image).fails(2).err == f"""error: what board '{image}' is for is not known
hint: name the model whose firmware reads it: --board rpi5
"""
    assert swage("image", "explain", "image/rpi3-minmal").fails(2).err == "error: 'rpi3-minmal' is not an image\nhint: did you mean 'rpi3-minimal'?\n"
    assert swage("image", "explain", "image/virt-arm64-minimal").fails(2).err == """error: nothing models the boot firmware of 'virt-arm64'
hint: start it: swage boot image/virt-arm64-minimal
"""
    assert swage("image", "explain", "image/generic-x86_64-debug").fails(3).err == """error: 'image/generic-x86_64-debug' cannot be made yet
note: images of virtual machines on a host come with a later version
hint: see which can with: swage list images
"""
    assert swage("image", "explain", tmp_path, "--board", "rpi3").fails(2).err.startswith(f"error: '{tmp_path}' is a directory")


def test_a_compressed_image_and_the_result_of_a_build(swage, image, tmp_path):
    """The directory that a build leaves says the board; a file may be compressed."""
    whole = swage("image", "explain", image, "--board", "rpi5").ok().out
    result = left_by_a_build(tmp_path / "result", image, board="rpi5", name="rpi5-minimal")
    assert swage("image", "explain", result / "image.img.zst", "--board", "rpi5").ok().out.replace(f"{result}/image.img.zst", str(image)) == whole
    assert swage("image", "explain", result).ok().out.replace(str(result), str(image)) == whole
    (result / "image.img.zst").write_bytes((result / "image.img.zst").read_bytes()[:-2000])
    assert swage("image", "explain", result).fails(1).err.startswith(f"error: '{result}/image.img.zst' is truncated or damaged\n")
    (result / "manifest.json").write_text("{}")
    left_by_a_build(tmp_path / "result", image, manifest="{}")
    assert swage("image", "explain", result).fails(1).err == f"error: '{result}/manifest.json' is no manifest of an image\n"


def test_what_is_inside_a_boot_img(swage, tmp_path):
    inner = fat(tmp_path / "inner", {**FILES, "config.txt": "kernel=kernel.img\nos_prefix=nixos/default/\n"})
    outer = card(tmp_path / "card.img", {"config.txt": "boot_ramdisk=1\nkernel=none\n", "boot.img": inner.read_bytes()}, mib=80)
    got = swage("image", "explain", outer, "--board", "rpi5").ok().out
    loads = [" ".join(line.split()) for line in got.split("\n\n")[1].splitlines()]
    assert loads[1:4] == ["config config.txt 27 B", "ramdisk boot.img 35.7 MB config.txt:1 boot_ramdisk", "config boot.img:config.txt 43 B"]
    assert "kernel boot.img:nixos/default/kernel.img 64 B boot.img:config.txt:1 kernel, under boot.img:config.txt:2 os_prefix, at 0x200000 to 0x1200000" in loads
    assert "\nboot.img:config.txt\n    1 + kernel=kernel.img\n" in got
    outer = card(tmp_path / "card.img", {"config.txt": "boot_ramdisk=1\n"})
    assert f"""error: 'boot.img' is not there, and what follows is read from it
  --> config.txt:1:14
   1 | boot_ramdisk=1
     |              ^
""" in swage("image", "explain", outer, "--board", "rpi5").fails(1).out
    outer = card(tmp_path / "card.img", {"config.txt": "boot_ramdisk=1\n", "boot.img": b"no file system" * 100})
    assert "error: the image is to be FAT, and is not: " in (out := swage("image", "explain", outer, "--board", "rpi5").fails(1).out)
    assert "note: inside 'boot.img'\n" in out


def test_a_bootcode_says_itself_whether_it_reads_a_boot_img(swage, tmp_path):
    inner = fat(tmp_path / "inner", {**FILES, "config.txt": "kernel=kernel.img\n"})
    files = {"config.txt": "boot_ramdisk=1\n", "boot.img": inner.read_bytes(), "bootcode.bin": b"uart_2ndstage\0boot_ramdisk\0"}
    got = swage("image", "explain", card(tmp_path / "card.img", files, mib=80), "--board", "rpi3").out
    assert "config.txt:1 boot_ramdisk (assumed)\n" in got and "boot.img:config.txt\n    1 + kernel=kernel.img\n" in got
    got = swage("image", "explain", card(tmp_path / "card.img", {**files, "bootcode.bin": b"uart_2ndstage\0"}, mib=80), "--board", "rpi3").fails(1).out
    assert """warning: 'boot_ramdisk' says nothing to this 'bootcode.bin', which does not know it
  --> config.txt:1:14
   1 | boot_ramdisk=1
     |              ^
note: one of 2025 or later does: raspberrypi/usbboot#336
""" in got and "    1 - boot_ramdisk=1  this bootcode.bin does not know it\n" in got


def ext4(path, files):
    """An ext4 file system with these programs."""
    root = path.with_name("root")
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        (root / name).chmod(0o755)
    with path.open("wb") as out:
        out.truncate(8 << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", root, path], check=True)
    return path


def test_an_image_is_audited(swage, tmp_path):
    shell = pathlib_of_program("sh").read_bytes()
    good = ext4(tmp_path / "good.img", {"etc/notes": b"nothing\n"})
    assert swage("image", "audit", good, "--for", "arm64").ok().out == f"""'{good}' for arm64
  the image: ext4, 1 file, 0 programs, 0 scripts

nothing is wrong: 0 errors
"""
    wrong = ext4(tmp_path / "wrong.img", {"bin/sh": shell, "bin/run": b"#!/nix/store/00000000000000000000000000000000-bash-5.2/bin/bash\n"})
    out = swage("image", "audit", wrong, "--for", "arm64").fails(1).out
    assert "error: 'bin/sh' is of x86_64, and the image is for arm64\n" in out
    assert "error: 'bin/run' is run by '/nix/store/00000000000000000000000000000000-bash-5.2/bin/bash', which is of the machine that made the image\n" in out
    report = swage("image", "audit", wrong, "--for", "arm64", "--json").fails(1).json()
    assert set(report) == {"image", "platform", "right", "volumes", "findings"} and report["right"] is False
    assert {"id": "machine", "partition": 0, "file": None, "path": "bin/sh", "what": "'bin/sh' is of x86_64, and the image is for arm64", "hint": ""} in report["findings"]
    assert swage("image", "audit", good).fails(2).err == f"""error: what '{good}' is for is not known: there is no manifest.json beside it
hint: name the platform of its board: --for arm64
"""
    result = left_by_a_build(tmp_path / "result", good)
    assert swage("image", "audit", result).ok().out.startswith(f"'{result}' for arm64\n")
    assert swage("image", "audit", good, "--for", "amr64").fails(2).err.startswith("error: 'amr64' is not a platform")


def pathlib_of_program(name):
    return (pathlib.Path("/bin") / name).resolve()


def test_sizes_of_two_builds(swage, image, tmp_path):
    old = left_by_a_build(tmp_path / "old", image, sizes="3000000 boot/Image\n1000 bin/sh\n")
    new = left_by_a_build(tmp_path / "new", image, sizes="3000000 boot/Image\n5000 bin/sh\n")
    assert swage("image", "sizes", new, "--against", old).ok().out == f"""{new}: 3.0 MB in 2 files
before: 3.0 MB in 2 files, in '{old}'
     +4.0 kB  bin/sh  (1.0 kB before)
     +4.0 kB  in all
"""
    assert swage("image", "sizes", new).ok().out == f"{new}: 3.0 MB in 2 files\n     3.0 MB  boot/Image\n     5.0 kB  bin/sh\n"
    assert swage("image", "sizes", new, "--json").ok().json() == {
        "image": str(new), "size": 3005000, "files": [{"name": "bin/sh", "size": 5000}, {"name": "boot/Image", "size": 3000000}], "before": None, "changes": None}
    assert swage("image", "sizes", image).fails(2).err == f"""error: '{image}' is no result of an image's build
hint: name the directory that holds image.img.zst, or image/NAME
"""


def test_boards_are_completed(swage):
    got = swage("complete-words", "image", "explain", "--board", "rpi5").ok()
    assert got.out == "rpi5\tRaspberry Pi 5\nrpi500\tRaspberry Pi 500\n"
    assert "image/rpi3-minimal\t" in swage("complete-words", "image", "audit", "image/rpi3-m").ok().out
    assert swage("complete-words", "image", "ex").ok().out.startswith("explain\twhat a board would load")
