"""Images as targets: what is planned, what is refused, and that boards are rows."""
import json
import re
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
    assert planner("build", "image/generic-x86_64-debug").fails(3).err == (
        "error: 'image/generic-x86_64-debug' cannot be made yet\nnote: images of virtual machines on a host come with a later version\n"
        "hint: see which can with: swage list images\n")
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
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB ada@desk"]
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
    for board in ("rpi02", "rpi3", "rpi4", "rpi5", "rpi500", "rpicm5", "virt-arm64"):
        assert images[f"{board}-installer"] is None
        planned = derivations(planner, f"image/{board}-installer")
        assert "avahi-1.0-arm64" in planned and f"userland-{board}-installer" in planned


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


@pytest.mark.parametrize("kind", ["images", "boards", "bundles", "firmware", "groups", "additions"])
def test_lists_take_no_time(planner, kind):
    best = 1.0
    for _ in range(5):
        begin = time.monotonic()
        rows = json.loads(planner("list", kind, "--json").ok().out)[kind]
        best = min(best, time.monotonic() - begin)
    assert rows and best < 0.1


VENDOR = ("plan", "--config", "defconfig")


def linux(planner, *args):
    found = [one for one in planner(*VENDOR, *args, "--json").ok().json()["derivations"] if one["name"].startswith("linux-")]
    return {one["drv"] for one in found}


def test_boards_of_one_configuration_share_the_kernel(planner):
    of_four = linux(planner, "linux@rpi", "--for", "rpi4")
    assert len(of_four) == 1
    assert linux(planner, "linux@rpi", "--for", "rpi02,rpi3,rpi4,rpi400") == of_four
    of_five = linux(planner, "linux@rpi", "--for", "rpi5")
    assert len(of_five) == 1 and of_five != of_four
    assert linux(planner, "linux@rpi", "--for", "rpi4,rpi5") == of_four | of_five
    assert linux(planner, "linux@rpi-stable", "--for", "rpi5") == of_five
    assert linux(planner, "linux@rpi-latest", "--for", "rpi5") != of_five
    assert linux(planner, "linux@rpi-16k", "--for", "rpi4") != of_four


def test_a_board_can_be_of_another_platform(planner):
    assert planner("plan", "linux@rpi", "--for", "arm64").fails(2).err.startswith("error: 'arm64' is not among the boards of 'linux@rpi-6.12.47'\n")
    assert linux(planner, "linux@rpi-6.12.25", "--for", "rpi3:armhf") != linux(planner, "linux@rpi-6.12.25", "--for", "rpi3")


def test_what_a_vendors_kernel_is_not_for_is_refused(planner):
    assert planner("plan", "linux@rpi-6.6.74", "--for", "rpi3").fails(2).err == (
        "error: 'rpi3' is not among the boards of 'linux@rpi-6.6.74'\nnote: it is for rpi02, rpi4, rpi400, rpicm4, rpi5, rpi500, rpicm5\n"
        "hint: 'linux@rpi-6.12.87' is for it\n")
    assert planner("plan", "linux@rpi-6.1.73", "--for", "rpi5:armhf").fails(3).err == (
        "error: 'rpi5' has no configuration for 'armhf'\nnote: it has them for arm64\n")
    assert planner("build", "linux@rpi").fails(2).err == (
        "error: 'linux@rpi' is configured for a board, and none is named\n"
        "note: it is for rpi02, rpi3, rpi3plus, rpi4, rpi400, rpicm4, rpi5, rpi500, rpicm5\nhint: name one with: --for rpicm5\n")
    assert planner("build", "linux@rpj", "--for", "rpi5").fails(2).err == (
        "error: 'linux@rpj' is not a kernel: 'rpj' is neither a version nor a vendor\nnote: vendors: rpi\nhint: did you mean 'rpi'?\n")
    assert "hint: did you mean 'latest'?\n" in planner("build", "linux@rpi-latst", "--for", "rpi5").fails(2).err


def small_tree(tmp_path, version="6.12.47"):
    tree = tmp_path / "tree"
    (tree / "arch/arm64/configs").mkdir(parents=True)
    a, b, c = version.split(".")
    (tree / "Makefile").write_text(f"VERSION = {a}\nPATCHLEVEL = {b}\nSUBLEVEL = {c}\n")
    (tree / "arch/arm64/configs/bcm2712_defconfig").write_text("CONFIG_A=y\n")
    return tree


def test_a_tree_of_ones_own_takes_the_place_of_the_vendors(planner, tmp_path):
    tree = small_tree(tmp_path)
    of_tree = linux(planner, "linux@rpi", "--for", "rpi5", "--src", tree)
    assert len(of_tree) == 1 and of_tree != linux(planner, "linux@rpi", "--for", "rpi5")
    assert linux(planner, "linux@rpi-6.12.47", "--for", "rpi5", "--src", tree) == of_tree
    assert planner("plan", "linux@rpi-6.12.87", "--for", "rpi5", "--src", tree).fails(2).err.endswith(
        f"error: '{tree}' is linux 6.12.47, not 6.12.87\n")


def made(planner, *args):
    return {one["name"]: one["drv"] for one in planner("plan", *args, "--json").ok().json()["derivations"]}


def test_an_image_of_a_vendors_kernel_has_the_kernel_of_its_board(planner, tmp_path):
    tree = small_tree(tmp_path)
    (tree / "arch/arm64/configs/bcm2711_defconfig").write_text("CONFIG_B=y\n")
    of_five = made(planner, "image/rpi5-minimal", "--src", tree)
    assert {of_five["linux-6.12.47-arm64"]} == linux(planner, "linux@rpi", "--for", "rpi5", "--src", tree)
    assert {"image-kernel-6.12.47-arm64", "linux-overlays-6.12.47", "image-rpi5-minimal"} <= of_five.keys()
    of_three = made(planner, "image/rpi3-vendor-minimal", "--src", tree)
    assert of_three["linux-6.12.47-arm64"] == made(planner, "image/rpi4-vendor-installer", "--src", tree)["linux-6.12.47-arm64"]
    assert of_three["linux-6.12.47-arm64"] != of_five["linux-6.12.47-arm64"]
    # Without a tree of one's own it is that of the release's row.
    assert made(planner, "image/rpi5-minimal")["linux-6.12.47-arm64"] != of_five["linux-6.12.47-arm64"]
    assert not any(name.startswith("linux-") for name in made(planner, "image/rpi3-minimal"))
    assert planner("plan", "image/rpi3-minimal", "--src", tree).fails(2).err == (
        "error: '--src' says nothing of 'image/rpi3-minimal', whose kernel is the distribution's\n"
        "hint: see which have a kernel that is built with: swage list images --json\n")
    assert planner("plan", "image/rpi3-vendor-minimal", "--src", small_tree(tmp_path / "other", "6.12.48"), "--for", "armhf").fails(2).err.startswith(
        "error: 'image/rpi3-vendor-minimal' is for 'arm64'")


def test_a_record_of_an_image_is_of_what_can_be_made_again(planner, tmp_path):
    assert planner("verify", "image/rpi3-vendor-minimal", "--src", small_tree(tmp_path)).fails(2).err == (
        "error: '--src' is no part of an image's record, so that nothing could repeat it\n"
        "hint: start the image without a record: swage boot image/NAME --src TREE\n")


def test_the_card_of_a_vendors_kernel_has_the_overlays_of_its_tree(planner, tmp_path):
    (tmp_path / "mine/boards").mkdir(parents=True)
    (tmp_path / "mine/boards/mine.toml").write_text('[[board]]\nname = "rpi3"\noverride = true\nadditions = ["no-bluetooth"]\n')
    layer = ("--layer", tmp_path / "mine")
    tree = small_tree(tmp_path)
    (tree / "arch/arm64/configs/bcm2711_defconfig").write_text("CONFIG_B=y\n")
    assert "image-rpi3-vendor-minimal" in made(planner, *layer, "image/rpi3-vendor-minimal", "--src", tree)
    assert planner("plan", *layer, "image/rpi3-minimal").fails(3).err.startswith("error: 'overlays/disable-bt.dtbo' is not on the card")


def test_a_parameter_is_one_of_the_device_tree_that_the_card_has(planner, tmp_path):
    (tmp_path / "mine/boards").mkdir(parents=True)
    file = tmp_path / "mine/boards/mine.toml"
    file.write_text('[[board]]\nname = "rpi3"\noverride = true\n[[board.config]]\nparams = ["audio=on"]\n')
    layer = ("--layer", tmp_path / "mine")
    planner("check", tmp_path / "mine").ok()
    tree = small_tree(tmp_path)
    (tree / "arch/arm64/configs/bcm2711_defconfig").write_text("CONFIG_B=y\n")
    assert "image-rpi3-vendor-minimal" in made(planner, *layer, "image/rpi3-vendor-minimal", "--src", tree)
    assert planner("plan", *layer, "image/rpi3-minimal").fails(2).err == f"""error: the device tree of 'rpi3' with the kernel 'linux-arm64-trixie' has no parameter 'audio'
  --> {file}:5:11
   5 | params = ["audio=on"]
     |           ^^^^^^^^^^
note: it is mainline's 'broadcom/bcm2837-rpi-3-b.dtb', which has no parameters
note: while planning 'image' for arm64
hint: the vendor's has it: of an image with 'linux@rpi'
"""


def test_a_mode_changes_the_userlands_that_have_such_a_file(planner, tmp_path):
    (tmp_path / "images").mkdir()

    def userland(files):
        (tmp_path / "images/mine.toml").write_text(f'[[part]]\nname = "mine"\nsummary = "s"\nto = ["minimal"]\n[part.files]\n{files}\n')
        planned = planner("--layer", tmp_path, "plan", "image/virt-arm64-minimal", "--json").ok().json()["derivations"]
        return next(one["drv"] for one in planned if one["name"] == "userland-virt-arm64-minimal")

    plain = userland('"etc/secret" = "x"')
    assert userland('"etc/secret" = { text = "x" }') == plain
    assert len({plain, userland('"etc/secret" = { text = "x", mode = "0600" }'), userland('"etc/secret" = { text = "x", mode = "0640" }')}) == 3


def test_a_kernel_is_one_row_and_what_does_not_fit_it_is_told(planner, tmp_path):
    layer = tmp_path / "mine"
    (layer / "boards").mkdir(parents=True)
    file = layer / "boards/mine.toml"
    row = """[[kernel]]
name = "6.18.42"
vendor = "rpi"
tag = "stable_20260801"
nar = "sha256-HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0"
boards = ["rpi5"]
source = "https://example.org"
"""
    file.write_text(row)
    assert [one.name for one in layer.rglob("*") if one.is_file()] == ["mine.toml"]
    planner("check", layer).ok()
    assert len(linux(planner, "--layer", layer, "linux@rpi-6.18.42", "--for", "rpi5")) == 1
    file.write_text(row + """
[[bundle]]
name = "mine"
vendor = "rpi"
kernel = "6.18.42"
firmware = ["1.20260408"]
boards = ["rpi5", "rpi3"]
""")
    assert planner("check", layer).fails(2).err == f"""error: 'mine' is for 'rpi3', and its kernel 6.18.42 is not
  --> {file}:14:19
  14 | boards = ["rpi5", "rpi3"]
     |                   ^^^^^^
"""


def test_what_a_board_has_besides_is_a_row(planner, tmp_path):
    (tmp_path / "boards").mkdir()
    file = tmp_path / "boards/mine.toml"
    file.write_text("""[[board]]
name = "rpi3"
override = true
additions = ["sysctl-small-memory"]
[[board.config]]
when = ["pi3"]
options = { gpu_mem = 32, disable_splash = true }
""")
    planner("check", tmp_path).ok()
    assert "image-rpi3-minimal" in derivations(planner, "--layer", tmp_path, "image/rpi3-minimal")
    file.write_text(file.read_text().replace('["sysctl-small-memory"]', '["no-bluetooth"]'))
    refused = planner("plan", "--layer", tmp_path, "image/rpi3-minimal").fails(3).err
    assert "error: 'overlays/disable-bt.dtbo' is not on the card of 'rpi3-minimal'\n" in refused
    file.write_text(file.read_text().replace("gpu_mem", "gpu_memm").replace("pi3\"]\nop", "pi33\"]\nop"))
    wrong = planner("check", tmp_path).fails(2).err
    assert f"error: 'gpu_memm' is no known setting of config.txt\n  --> {file}:7:24\n" in wrong
    assert f"error: 'pi33' is no filter of config.txt\n  --> {file}:6:9\n" in wrong


def test_a_group_is_all_of_its_images(planner):
    groups = {row["name"]: row for row in json.loads(planner("list", "groups", "--json").ok().out)["groups"]}
    assert {"all-installer-images", "all-minimal-images"} <= set(groups)
    assert "rpi5-installer" in groups["all-installer-images"]["planned"] + groups["all-installer-images"]["images"]
    assert "rpi3-minimal" in groups["all-minimal-images"]["images"]
    for words in (("image", "explain"), ("image", "audit"), ("image", "sizes"), ("log",)):
        said = planner(*words, "image/all-installer-images").fails(2).err
        assert re.fullmatch(r"error: 'all-installer-images' is a group of [0-9]+ images, and this is of one\n"
                            r"note: ([a-z0-9-]+, ){7}[a-z0-9-]+ and [0-9]+ more\nhint: see all of them with: swage list images\n", said), said


def test_the_log_of_an_image_is_that_of_its_build(planner):
    assert planner("log", "image/rpi3-minmal").fails(2).err == "error: 'rpi3-minmal' is not an image\nhint: did you mean 'rpi3-minimal'?\n"
    assert planner("log", "image/rpi3-minimal").fails(2).err == "error: image/rpi3-minimal for arm64 has no log: it was not built here\n"


def test_layers_are_listed_in_the_order_in_which_they_apply(planner, tmp_path):
    for name, timeout in (("one", 10), ("two", 20)):
        (tmp_path / name / "boards").mkdir(parents=True)
        (tmp_path / name / "boards/b.toml").write_text(f'[[board]]\nname = "rpi3"\noverride = true\ntimeout = {timeout}\n')
    rows = json.loads(planner("--layer", tmp_path / "one", "--layer", tmp_path / "two", "list", "layers", "--json").ok().out)["layers"]
    assert [(row["order"], row["name"]) for row in rows] == [(1, "catalog"), (2, "one"), (3, "two")]
    assert rows[2]["overrides"] == ["[[board]] rpi3: timeout"] and rows[1]["overrides"] == []


def test_an_addition_has_values_that_a_layer_changes(planner, tmp_path):
    """Of a battery the bus and the address, in what its driver is told."""
    tree = small_tree(tmp_path)
    (tree / "arch/arm64/configs/bcm2711_defconfig").write_text("CONFIG_B=y\n")

    def userland(values):
        layer = tmp_path / ("layer" + str(len(values)))
        (layer / "boards").mkdir(parents=True)
        (layer / "boards/mine.toml").write_text('[[board]]\nname = "rpi3"\noverride = true\nadditions = ["pisugar-3"]\n' + values)
        return made(planner, "--layer", layer, "image/rpi3-vendor-minimal", "--src", tree)["userland-rpi3-vendor-minimal"]

    override = '[[addition]]\nname = "pisugar-3"\noverride = true\n'
    usual = userland("")
    assert userland(override + 'values = { bus = "1", address = "0x57" }\n') == usual
    assert userland(override + 'values = { bus = "10", address = "0x57" }\n') != usual


def test_a_board_with_a_wireless_chip_has_its_driver_and_firmware(planner):
    assert {"root-firmware-brcm80211", "root-wireless-regdb", "wpa-supplicant-small-1.0-arm64"} <= derivations(planner, "image/rpi3-minimal")
    assert not {"root-firmware-brcm80211", "root-wireless-regdb"} & derivations(planner, "image/virt-arm64-minimal")


def test_what_of_images_cannot_be_verified_is_told(planner):
    assert planner("verify", "image/rpi3-minimal", "busybox").fails(2).err == (
        "error: 'image/rpi3-minimal' cannot be verified here: records are of kernels, or of packages of the usual set, cross-compiled\n"
        "hint: verify kernels, packages and images by a command for each\n")
    assert planner("verify", "--idle", "--limit", "2", "image/rpi3-minimal").fails(2).err == (
        "error: '--limit' says nothing of images, which are all verified\nhint: at the lowest priority with: swage verify --idle image/NAME\n")
    assert planner("verify", "--replay", "image/rpi3-ro-minimal", "--toolchain", "x").fails(2).err.startswith(
        "error: '--toolchain' says nothing of a record of an image, which is repeated as it is\n")
    assert planner("verify", "--replay", "image/virt-arm64-musl-ro-minimal").fails(2).err == (
        "error: 'image/virt-arm64-musl-ro-minimal' has no record that could be repeated for these platforms\nhint: make one with: swage verify\n")
