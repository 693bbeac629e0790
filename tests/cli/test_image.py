"""What a board would load from an image file, from images of real tools."""
import pytest

from card_image import arm64_kernel, card, device_tree

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
    assert swage("image", "explain", "image/rpi3-minimal", "--board", "rpi3").fails(2).err == """error: 'image/rpi3-minimal' is a target, and what is explained is a file
hint: name the image file that it was built to
"""
    assert swage("image", "explain", image).fails(2).err == "error: 'swage image explain' wants --board\nhint: see: swage image explain --help\n"
    assert swage("image", "explain", tmp_path, "--board", "rpi3").fails(2).err.startswith(f"error: '{tmp_path}' is a directory")


def test_boards_are_completed(swage):
    got = swage("complete-words", "image", "explain", "--board", "rpi5").ok()
    assert got.out == "rpi5\tRaspberry Pi 5\nrpi500\tRaspberry Pi 500\n"
    assert swage("complete-words", "image", "ex").ok().out.startswith("explain\twhat a board would load")
