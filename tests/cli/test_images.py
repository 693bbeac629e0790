"""Images as targets: what is planned, what is refused, and that boards are rows."""
import json
import time

import pytest

from swage_cli import ROOT, pin_sources


@pytest.fixture
def planner(planner):
    file = planner.home / "swage.lock"
    lock = json.loads(file.read_text())
    pin_sources(lock, list((ROOT / "catalog/packages").glob("*/recipe.toml")))
    file.write_text(json.dumps(lock))
    return planner


def derivations(planner, *args):
    return {one["name"] for one in planner("plan", *args, "--json").ok().json()["derivations"]}


def test_an_image_is_made_of_its_board_for_its_platform(planner):
    planned = derivations(planner, "image/rpi3-minimal")
    assert {"image-rpi3-minimal", "userland-rpi3-minimal", "initramfs-rpi3-minimal", "root-linux-arm64-trixie", "root-raspi-firmware"} <= planned
    assert "busybox-1.35.0-arm64" in planned
    # Of another board of the platform the packages are the same.
    busybox = {one["drv"] for name in ("rpi3", "virt-arm64") for one in planner("plan", f"image/{name}-minimal", "--json").ok().json()["derivations"]
               if one["name"].startswith("busybox-")}
    assert len(busybox) == 1


def test_the_board_says_the_platform(planner):
    assert derivations(planner, "image/rpi3-minimal", "--for", "arm64") == derivations(planner, "image/rpi3-minimal")
    assert planner("plan", "image/rpi3-minimal", "--for", "armhf").fails(2).err == (
        "error: 'image/rpi3-minimal' is for 'arm64', and '--for' names 'armhf'\nhint: leave out --for: the board says it\n")


def test_what_is_no_image_is_refused(planner):
    assert planner("plan", "image/rpi3-minmal").fails(2).err == "error: 'rpi3-minmal' is not an image\nhint: did you mean 'rpi3-minimal'?\n"
    assert planner("build", "rpi3-minimal").fails(2).err == "error: 'rpi3-minimal' is not a target\nhint: did you mean 'image/rpi3-minimal'?\n"
    assert planner("build", "image/rpi3-minimal@6.1").fails(2).err == (
        "error: 'image/rpi3-minimal@6.1' is not a target\nhint: an image has no versions: image/rpi3-minimal\n")
    assert planner("build", "image/rpi500-minimal").fails(3).err == (
        "error: 'image/rpi500-minimal' cannot be made yet\nnote: no kernel for 'rpi500' can be had yet: QEMU has no machine for it; "
        "the distribution's kernel has no device tree of it\nhint: see which can with: swage list images\n")
    assert planner("build", "image/rpi3-minimal", "--config", "tiny").fails(2).err == (
        "error: '--config' says nothing of 'image/rpi3-minimal', which is an image\nnote: it is for kernels\nhint: see: swage build --help\n")


def test_a_board_that_nothing_emulates_does_not_boot(planner):
    got = planner("boot", "image/rpi3plus-minimal").fails(3)
    assert "error: 'rpi3plus' has no emulator: QEMU has no machine for it\n" in got.err


def test_a_new_board_and_its_images_are_rows_of_one_file(planner, tmp_path):
    layer = tmp_path / "mine"
    (layer / "boards").mkdir(parents=True)
    (layer / "boards/mine.toml").write_text('''[[board]]
name = "mine"
title = "My board"
platform = "arm64"
family = "mine"
kernel = "linux-arm64-trixie"
dtb = "rockchip/rk3399-rockpro64.dtb"
console = "ttyS2"
modules = ["dw_mmc_rockchip", "ext4"]
loader = "extlinux"
limits = ["QEMU has no machine for it"]

[[family]]
name = "mine"
summary = "mine"
pattern = "{board}-{variant}"
boards = ["mine"]
variants = ["minimal"]
layout = "gpt-disk"
''')
    assert len([file for file in layer.rglob("*") if file.is_file()]) == 1
    planner("check", layer).ok()
    assert "image-mine-minimal" in derivations(planner, "--layer", layer, "image/mine-minimal")


def test_a_part_of_a_layer_is_in_the_userlands_that_it_names(planner, tmp_path):
    """Hosts, users, keys, services and packages of one's own are rows of one file, and no other image changes by them."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images/mine.toml").write_text('''[[part]]
name = "mine"
summary = "mine"
to = ["minimal"]
host = "kitchen"
packages = ["less"]
[[part.user]]
name = "ada"
keys = ["ssh-ed25519 AAAA ada@desk"]
[[part.service]]
name = "hello"
when = "once"
run = "echo hello > /dev/console"
[part.files]
"etc/motd" = "hello"
''')
    planner("check", tmp_path).ok()
    mine = planner("plan", "--layer", tmp_path, "image/rpi3-minimal", "--json").ok().json()["derivations"]
    assert "less-1.0-arm64" in {one["name"] for one in mine}
    userland, = [one for one in mine if one["name"] == "userland-rpi3-minimal"]
    plain = {one["drv"] for one in planner("plan", "image/rpi3-minimal", "--json").ok().json()["derivations"]}
    assert userland["drv"] not in plain
    installers = [planner("plan", *layer, "image/rpi3-installer", "--json").ok().json()["derivations"] for layer in ([], ["--layer", tmp_path])]
    assert [one["drv"] for one in installers[0]] == [one["drv"] for one in installers[1]]


def test_installers_are_of_every_board_that_has_a_kernel(planner):
    images = {row["name"]: row["planned"] for row in planner("list", "images", "--json").ok().json()["images"]}
    for board in ("rpi02", "rpi3", "rpi4", "virt-arm64"):
        assert images[f"{board}-installer"] is None
        planned = derivations(planner, f"image/{board}-installer")
        assert "avahi-1.0-arm64" in planned and f"userland-{board}-installer" in planned
    assert images["rpi5-installer"] == (
        "no kernel for 'rpi5' can be had yet: QEMU has no machine for it; "
        "the distribution's kernel has no driver for its card: it is not configured for MMC_SDHCI_BRCMSTB")


def test_a_c_library_of_an_axis_is_that_of_the_programs(planner):
    planned = derivations(planner, "image/virt-arm64-musl-minimal")
    assert "busybox-1.35.0-arm64-musl" in planned and "busybox-1.35.0-arm64" not in planned


def test_wrong_rows_of_a_layer_have_their_places(planner, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/mine.toml").write_text('''[[family]]
name = "mine"
summary = "mine"
pattern = "{board}-{variant}-mine"
boards = ["rpi3"]
variants = ["minimal"]
layout = "gpt-disk"
''')
    assert planner("check", tmp_path).fails(2).err == f"""error: 'rpi3' reads an MBR partition table, and 'gpt-disk' is GPT
  --> {tmp_path}/images/mine.toml:7:10
   7 | layout = "gpt-disk"
     |          ^^^^^^^^^^
"""


@pytest.mark.parametrize("kind", ["images", "boards", "bundles", "firmware"])
def test_lists_take_no_time(planner, kind):
    best = 1.0
    for _ in range(5):
        begin = time.monotonic()
        rows = json.loads(planner("list", kind, "--json").ok().out)[kind]
        best = min(best, time.monotonic() - begin)
    assert rows and best < 0.1
