"""An image for real: made twice the same, sound inside, and started from its own file up to a login."""
import datetime
import json
import os
import re
import subprocess

import pytest

from swage_cli import ROOT

NAME = "image/virt-arm64-minimal"
INSTALLER = "image/virt-arm64-installer"
# What the console says on the way: who starts the kernel, and where its root is.
WAYS = {
    "virt-arm64": ("U-Boot 20", "Retrieving file: /initramfs.cpio.gz", "initramfs: the root is /dev/vda2"),
    "uefi-arm64": ("BdsDxe: starting Boot", "EFI stub: Loaded initrd", "initramfs: the root is /dev/vda2"),
    "rpi4": ("Machine model: Raspberry Pi 4 Model B", "Run /init as init process"),
    "malta": ("MIPS: machine is mti,malta", "initramfs: the root is /dev/sda2"),
    "imx8mp-evk": ("Machine model: NXP i.MX8MPlus EVK board", "initramfs: the root is /dev/mmcblk2p2"),
    "uefi-x86_64": ("BdsDxe: starting Boot", "EFI stub: Loaded initrd", "initramfs: the root is /dev/vda2"),
    "virt-arm64-erofs": ("initramfs: the root is /dev/vda2",),
    "virt-arm64-squashfs": ("root=PARTLABEL=root", "initramfs: the root is /dev/vda2"),
}
# A boot of an image takes a minute or more: each run starts the first, and one of the others, by the day. `make check-images` starts all.
ALL = os.environ.get("SWAGE_IMAGES") == "all"
DAY = datetime.date.today().toordinal()
OTHERS = sorted(set(WAYS) - {"virt-arm64"})
BOARDS = ["virt-arm64", *(OTHERS if ALL else [OTHERS[DAY // 5 % len(OTHERS)]] if DAY % 5 == 0 else [])]


def turn(number):
    return pytest.mark.skipif(not ALL and DAY % 5 != number, reason="not its day; make check-images")


def shown(rootless, path) -> str:
    return subprocess.run([*rootless.prefix, "cat", path], check=True, capture_output=True, text=True, errors="replace").stdout


def passwords(log: str) -> list[str]:
    """Those that the console shows, in order, the same one after another once."""
    found = re.findall(r"^password: (\S+)$", log, re.M)
    return [one for i, one in enumerate(found) if i == 0 or found[i - 1] != one]


@pytest.mark.parametrize("board", BOARDS)
def test_an_image_starts_by_itself_up_to_a_login(rootless, board):
    boot = rootless("boot", f"image/{board}-minimal", "--json").ok().json()["boots"][0]
    assert boot["platform"] == {"malta": "mipsel", "uefi-x86_64": "x86_64"}.get(board, "arm64") and boot["kernel"] is None
    assert re.fullmatch(r"root Linux 6\.12\..* (aarch64|mips|x86_64)", boot["userland"])
    log = shown(rootless, boot["log"])
    grown = ["grow-root: vda2 of vda"] if board in ("virt-arm64", "uefi-x86_64") else []
    for said in (*WAYS[board], *grown, f"{board}-minimal login: "):
        assert said in log, said


def test_it_is_the_same_when_made_again_and_sound(rootless, tmp_path):
    result = rootless("build", NAME, "--check", "--no-link", "--json").ok().json()["results"][0]
    out = result["outputs"]["out"]["realPath"]
    manifest = json.loads(shown(rootless, f"{out}/manifest.json"))
    assert [part["fs"] for part in manifest["partitions"]] == ["vfat", "ext4"]
    # What is linked into its programs too; the C library by itself, not by the recipe that stands for it.
    assert [(row["kind"], row["name"]) for row in manifest["packages"] if row["kind"] != "deb"] == [
        ("built", "busybox"), ("built", "dropbear"), ("built", "e2fsprogs"), ("built", "libxcrypt"), ("built", "sfdisk"), ("built", "zlib"),
        ("toolchain", "glibc")]
    assert any(row["name"].startswith("linux-image-6.12") for row in manifest["packages"])
    assert [row["what"] for row in manifest["memory"]] == ["the kernel", "the kernel", "the initramfs"]
    listed = subprocess.run([*rootless.prefix, "ls", out], check=True, capture_output=True, text=True).stdout.split()
    assert listed == ["image.bmap", "image.img.zst", "licences", "manifest.json", "sbom.cdx.json", "sbom.spdx.json", "sizes"]
    assert NAME in rootless("image", "sizes", NAME).ok().out
    audited = rootless("image", "audit", NAME).ok().out
    assert audited.startswith(f"'{NAME}' for arm64\n  partition 1: vfat, ") and audited.endswith("\nnothing is wrong: 0 errors\n")


def unpacked(rootless, target, tmp_path, *args):
    """The disk of an image, and where its partitions are."""
    out = rootless(*args, "build", target, "--no-link", "--json").ok().json()["results"][0]["outputs"]["out"]["realPath"]
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        subprocess.run([*rootless.prefix, "zstd", "-dcq", f"{out}/image.img.zst"], check=True, stdout=file)
    manifest = json.loads(subprocess.run([*rootless.prefix, "cat", f"{out}/manifest.json"], check=True, capture_output=True, text=True).stdout)
    parts = {}
    for part in manifest["partitions"]:
        parts[part["name"]] = file = tmp_path / part["name"]
        with disk.open("rb") as whole:
            whole.seek(part["offset"])
            file.write_bytes(whole.read(part["size"]))
    return disk, parts


def checked(*argv):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_parts_are_what_their_own_tools_accept(rootless, tmp_path):
    disk, parts = unpacked(rootless, NAME, tmp_path)
    checked("/sbin/sfdisk", "--verify", disk)
    checked("/sbin/fsck.vfat", "-n", parts["boot"])
    checked("/sbin/e2fsck", "-fn", parts["root"])
    assert "User:  1000   Group:  1000" in checked("/sbin/debugfs", "-R", "stat /home/user/.profile", parts["root"])


LAYER = '''[[variant]]
name = "{name}"
summary = "s"
userland = "minimal"

[[family]]
name = "{name}"
summary = "s"
pattern = "mine-{{variant}}"
boards = ["virt-arm64"]
variants = ["{name}"]
layout = "{name}"
'''


def readable(tmp_path):
    """For the ordinary user."""
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(0o755)


def layer_of(tmp_path, text: str):
    layer = tmp_path / "layer"
    (layer / "images").mkdir(parents=True)
    (layer / "images/mine.toml").write_text(text)
    readable(tmp_path)
    return layer


@pytest.mark.parametrize(("fs", "magic", "at"), [("erofs", b"\xe2\xe1\xf5\xe0", 1024), ("squashfs", b"hsqs", 0)])
def test_a_root_that_is_only_read(rootless, tmp_path, fs, magic, at):
    """Its own tools read it: within the build, and for the audit, which finds a file there that is not of the board."""
    image = f"image/virt-arm64-{fs}-minimal"
    disk, parts = unpacked(rootless, image, tmp_path)
    readable(tmp_path)
    checked("/sbin/sfdisk", "--verify", disk)
    content = parts["root"].read_bytes()
    assert content[at:at + 4] == magic and len(content) < 16 << 20
    said = rootless("image", "audit", image).ok().out
    files, programs = re.search(rf"^  partition 2: {fs}, (\d+) files, (\d+) programs", said, re.M).groups()
    assert int(files) > 20 and int(programs) >= 4 and said.endswith("\nnothing is wrong: 0 errors\n")
    wrong = rootless("image", "audit", disk, "--for", "x86_64").fails(1).out
    assert re.search(r"^error: '(usr/)?bin/busybox' is of arm64, and the image is for x86_64\nnote: on partition 2$", wrong, re.M)
    (tmp_path / "cut").write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    damaged = rootless("image", "audit", tmp_path / "cut", "--for", "arm64").fails(1).out
    assert f"error: the image is not audited: it is no {fs} that can be unpacked: " in damaged


def test_a_hybrid_table(rootless, tmp_path):
    layer = layer_of(tmp_path, LAYER.format(name="hybrid-disk"))
    disk, _ = unpacked(rootless, "image/mine-hybrid-disk", tmp_path, "--layer", layer)
    mbr = disk.read_bytes()[446:512]
    assert (mbr[4], mbr[20], mbr[36], mbr[52]) == (0x0c, 0xee, 0, 0) and mbr[0] == 0x80 and int.from_bytes(mbr[8:12], "little") == 8192
    checked("/sbin/sfdisk", "--verify", disk)
    assert rootless("image", "explain", disk, "--board", "rpi3").fails(1).out.startswith(
        f"Raspberry Pi 3 Model B (rpi3) from '{disk}'\n  GPT with a hybrid MBR, 1 partition\n")


def test_a_file_system_too_small_for_its_content(rootless, tmp_path):
    small = (ROOT / "catalog/images/layouts.toml").read_text().split("\n\n")
    text = "\n\n".join(block for block in small if 'name = "gpt-disk"' in block).replace("gpt-disk", "small").replace("+32M", "2M")
    layer = layer_of(tmp_path, text + "\n" + LAYER.format(name="small"))
    failed = rootless("--layer", layer, "build", "image/mine-small", "--no-link").fails(1)
    assert "image: 'root' of 2097152 bytes is too small for its content\n" in failed.err


def test_a_loader_that_puts_things_over_each_other_is_refused(rootless, tmp_path):
    """U-Boot 2025.01 for Raspberry Pis, and a kernel of more than 37 MiB."""
    layer = layer_of(tmp_path, '''[[loader]]
name = "raspberrypi-u-boot"
override = true
firmware = [{ root = "u-boot-rpi-trixie", file = "usr/lib/u-boot/rpi_arm64/u-boot.bin" }]
load = {}
''')
    (layer / "roots.toml").write_text('''[[root]]
name = "u-boot-rpi-trixie"
suite = "trixie"
architecture = "arm64"
packages = ["u-boot-rpi"]
only = ["u-boot-rpi"]
''')
    failed = rootless("--layer", layer, "build", "image/rpi3-uboot-minimal", "--no-link").fails(1)
    assert re.search("image: the kernel lies from 0x200000 to 0x27[0-9a-f]{5} in memory, and the device tree from 0x2600000 to 0x260[0-9a-f]{4}: "
                     "'raspberrypi-u-boot' puts one over the other\n", failed.err)


def test_a_missing_blob_is_named(rootless, tmp_path):
    layer = layer_of(tmp_path, '''[[board]]
name = "virt-arm64"
override = true
raw = [{ root = "u-boot-qemu", file = "usr/lib/u-boot/none.bin", offset = "64K" }]
''')
    failed = rootless("--layer", layer, "build", NAME, "--no-link").fails(1)
    assert "root-u-boot-qemu/usr/lib/u-boot/none.bin' is not one file\n" in failed.err




@turn(1)
def test_an_installer_makes_a_password_shows_it_and_keeps_it(rootless, tmp_path):
    log = shown(rootless, rootless("boot", INSTALLER, "--json").ok().json()["boots"][0]["log"])
    assert log.count("virt-arm64-installer login: root") == 2, "it was started twice"
    assert len(passwords(log)) == 1, "and said the same"
    password = passwords(log)[0]
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    keys = set(re.findall(r"^host key: (SHA256:\S+)$", log, re.M))
    assert len(keys) == 1
    assert "host:     virt-arm64-installer.local\n" in log and "address:  10.0.2.15\n" in log
    # No part of it names a path of the build, such as the state directory of a library would.
    assert rootless("image", "audit", INSTALLER).ok().out.endswith("\nnothing is wrong: 0 errors\n")
    # It is not in the image, and another card has another one.
    built = rootless("build", INSTALLER, "--no-link", "--json").ok().json()["results"][0]
    disk = subprocess.run([*rootless.prefix, "zstd", "-dc", built["outputs"]["out"]["realPath"] + "/image.img.zst"], check=True, capture_output=True).stdout
    assert password.encode() not in disk and b"root:*:10957:" in disk
    layer = layer_of(tmp_path, """[[family]]
name = "again"
summary = "another card"
pattern = "again-{variant}"
boards = ["virt-arm64"]
variants = ["installer"]
layout = "gpt-disk"
[[part]]
name = "credentials"
override = true
boots = 1
""")
    other = shown(rootless, rootless("--layer", layer, "boot", "image/again-installer", "--json").ok().json()["boots"][0]["log"])
    assert len(passwords(other)) == 1 and passwords(other) != [password]
    assert len(set(re.findall(r"^host key: (SHA256:\S+)$", other, re.M)) - keys) == 1


@turn(2)
def test_what_is_written_to_a_read_only_root_is_gone_at_the_next_start(rootless):
    """Its checks say so, in two starts of one card."""
    log = shown(rootless, rootless("boot", "image/virt-arm64-ro-minimal", "--json").ok().json()["boots"][0]["log"])
    assert log.count("virt-arm64-ro-minimal login: root") == 2 and "grow-root: " not in log


@turn(3)
def test_a_generation_is_added_started_and_left_again(rootless):
    """By what the image's checks do; the model of the board's firmware finds the same files that QEMU is given."""
    name = "image/rpi3-generations-minimal"
    log = shown(rootless, rootless("boot", name, "--json").ok().json()["boots"][0]["log"])
    commands = re.findall(r"Kernel command line: (.*)$", log, re.M)
    assert len(commands) == 2 and "generation=2" not in commands[0] and commands[1].endswith("generation=2")
    out = rootless("build", name, "--no-link", "--json").ok().json()["results"][0]["outputs"]["out"]["realPath"]
    card = rootless.cwd / "generations.img"
    subprocess.run([*rootless.prefix, "zstd", "-dqf", f"{out}/image.img.zst", "-o", card], check=True)
    said = rootless("image", "explain", card, "--board", "rpi3").ok().out
    assert re.search(r"swage/1/kernel8.img .* under config.txt:\d os_prefix", said) and "0 errors, 0 warnings" in said


@turn(4)
def test_a_layer_brings_a_host_a_user_and_a_key(rootless, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", tmp_path / "key"], check=True)
    layer = layer_of(tmp_path, f'''[[part]]
name = "mine"
summary = "mine"
to = ["minimal"]
host = "kitchen"
cmdline = "mine=a,b&c"
checks = [
  "grep -q 'mine=a,b&c' /proc/cmdline",
  "[ $(yes) = no ] && busybox true && grep -q ^tea$ /etc/th*",
  "[ $(hostname) = kitchen ] && grep -q ^ready$ /tmp/mine",
  "umask 077; dropbearconvert openssh dropbear /etc/key /tmp/key && [ $(dbclient -y -y -i /tmp/key ada@127.0.0.1 'id -un; touch mine' < /dev/null) = ada ]",
  "[ $(dbclient -y -y -i /tmp/key bob@127.0.0.1 'pwd' < /dev/null) = /srv/bob ]",
  "[ $(stat -c %U /home/ada/mine) = ada ] && id -nG ada | grep -qw tty",
  "! DROPBEAR_PASSWORD=no dbclient -y -y -i /tmp/key user@127.0.0.1 true < /dev/null",
]
[[part.user]]
name = "ada"
groups = ["tty"]
keys = ["{(tmp_path / "key.pub").read_text().strip()}"]
[[part.user]]
name = "bob"
home = "/srv/bob"
keys = ["{(tmp_path / "key.pub").read_text().strip()}"]
[[part.service]]
name = "mine"
when = "start"
run = "/etc/init.d/mine"
[part.files]
"etc/thé" = """
tea
"""
"usr/bin/yes" = """
#!/bin/sh
echo no
"""
"etc/key" = """
{(tmp_path / "key").read_text()}"""
"etc/init.d/mine" = """
#!/bin/sh
[ $(hostname) = @host@ ] && echo ready > /tmp/mine
"""
''')
    log = shown(rootless, rootless("--layer", layer, "boot", NAME, "--json").ok().json()["boots"][0]["log"])
    assert "kitchen login: root" in log


def test_several_images_are_linked_by_their_names_and_one_that_would_not_start_is_an_error(rootless, tmp_path):
    layer = layer_of(tmp_path, """[[board]]
name = "rpi3"
override = true
[[board.config]]
options = { kernel = "nope.img" }
""")
    got = rootless("--layer", layer, "build", NAME, "image/rpi3-minimal").fails(1)
    assert got.err.endswith("""error: 'image/rpi3-minimal' is made, and Raspberry Pi 3 Model B would not start from it
note: there is no kernel: 'nope.img' is not there
hint: see what it would load with: swage image explain image/rpi3-minimal
"""), got.err
    for name in ("virt-arm64-minimal", "rpi3-minimal"):
        assert (rootless.cwd / f"result-{name}/image.img.zst").is_file()


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
raw = [{ root = "u-boot-qemu", file = "usr/lib/u-boot/qemu_arm64/u-boot.bin", offset = "32K" }]
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
    assert "image: 'u-boot.bin' from byte 32768 to " in failed.err
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



AIR = """[[part]]
name = "wifi"
override = true
boards = ["virt-arm64"]
drivers = ["mac80211_hwsim", "ccm", "ctr", "cmac"]

[[loader]]
name = "extlinux"
override = true
[loader.texts]
"extlinux/extlinux.conf" = '''
TIMEOUT 1
DEFAULT linux
LABEL linux
  LINUX /Image
  INITRD /initramfs.cpio.gz
  APPEND console=@console@,115200 @cmdline@ @root@
'''
"wpa_supplicant.conf" = '''
country=DE
network={
  ssid="air"
  psk="a passphrase"
}
'''

[[part]]
name = "air"
summary = "an access point"
to = ["minimal"]
checks = [
  "for i in $(seq 60); do wpa_cli -p /run/wpa_supplicant -i wlan0 status | grep -q ^wpa_state=COMPLETED && break; sleep 1; done",
  "wpa_cli -p /run/wpa_supplicant -i wlan0 status | grep -q ^ssid=air && wpa_cli -p /run/wpa_supplicant -i wlan0 status | grep -q ^pairwise_cipher=CCMP",
  "wpa_cli -p /run/air -i wlan1 list_sta | grep -q ^02:00:00:00:00:00",
  "! dmesg | grep -q regulatory.db",
]
[[part.service]]
name = "air"
when = "start"
run = "/etc/init.d/air"
[part.files]
"etc/air.conf" = '''
network={
  ssid="air"
  mode=2
  frequency=2412
  key_mgmt=WPA-PSK
  proto=RSN
  pairwise=CCMP
  psk="a passphrase"
}
'''
"etc/init.d/air" = '''
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
wpa_supplicant -B -i wlan1 -c /etc/air.conf -C /run/air > /dev/null
'''
"""


@turn(0)
def test_a_wireless_network_is_joined_by_a_passphrase(rootless, tmp_path):
    """By the part that boards with a chip have, with the kernel's made-up radios: one is the access point, the other joins it."""
    rootless("--layer", layer_of(tmp_path, AIR), "boot", NAME).ok()


@turn(1)
def test_a_record_of_an_image_is_made_and_repeated(rootless):
    """The image comes out bit for bit as recorded, and boots again, with another console."""
    place = rootless.cwd / "records"
    assert re.match(r"booted +image/virt-arm64-minimal for arm64", rootless("verify", NAME, "--evidence", place).ok().out)
    images = rootless("matrix", "--images", "--json", "--evidence", place).ok().json()["images"]
    assert next(one for one in images if one["image"] == "virt-arm64-minimal")["state"] == "booted"
    again = rootless("verify", "--replay", NAME, "--evidence", place).ok().out
    assert again.startswith("image/virt-arm64-minimal for arm64: recorded on ") and again.count("  equal  ") == 2 and "  equal      boot    booted\n" in again


# A vendor whose tree is that of a release, and whose configuration has what the machine and the userland need.
OWN_KERNEL = """[[vendor]]
name = "mine"
title = "Mine"
repository = "https://example.org/linux"
config = [
  "CONFIG_MODULES=y", "CONFIG_BLOCK=y", "CONFIG_PARTITION_ADVANCED=y", "CONFIG_EFI_PARTITION=y", "CONFIG_PCI=y", "CONFIG_PCI_HOST_GENERIC=y", "CONFIG_VIRTIO_MENU=y",
  "CONFIG_VIRTIO_PCI=y", "CONFIG_BLK_DEV=y", "CONFIG_VIRTIO_BLK=y", "CONFIG_EXT4_FS=y", "CONFIG_DEVTMPFS=y", "CONFIG_SYSFS=y", "CONFIG_TMPFS=y", "CONFIG_UNIX98_PTYS=y",
  "CONFIG_MULTIUSER=y", "CONFIG_FUTEX=y", "CONFIG_EPOLL=y", "CONFIG_SIGNALFD=y", "CONFIG_TIMERFD=y", "CONFIG_EVENTFD=y", "CONFIG_POSIX_TIMERS=y", "CONFIG_FILE_LOCKING=y",
  "CONFIG_SHMEM=y", "CONFIG_NET=y", "CONFIG_UNIX=y", "CONFIG_INET=y", "CONFIG_PACKET=y", "CONFIG_NETDEVICES=y", "CONFIG_NET_CORE=y", "CONFIG_VIRTIO_NET=y",
  "CONFIG_VFAT_FS=y", "CONFIG_NLS_CODEPAGE_437=y", "CONFIG_NLS_ASCII=y", "CONFIG_ADVISE_SYSCALLS=y", "CONFIG_RTC_CLASS=y",
]

[[kernel]]
name = "6.1"
vendor = "mine"
tag = "mine"
nar = "sha256-HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0"
boards = ["virt-arm64"]
source = "https://example.org"

[[bundle]]
name = "mine"
vendor = "mine"
kernel = "6.1"
firmware = []
boards = ["virt-arm64"]
aliases = ["default"]

[[board]]
name = "virt-arm64"
override = true
vendor_kernel = "mine"
defconfigs = { arm64 = "tiny" }

[[axis]]
name = "mine"
suffix = "-mine"
group = "kernel"
boards = ["virt-arm64"]
kernel = "mine"

[[family]]
name = "virt"
override = true
pattern = "{board}{kernel}-{variant}"
axes = ["mine"]
"""


@turn(2)
def test_a_kernel_that_is_built_starts_its_image(rootless, tmp_path):
    """By the same loader, initramfs and userland as the distribution's."""
    tree = rootless("build", "linux-source@6.1", "--no-link", "--print-out-paths").ok().out.strip()
    layer = ("--layer", layer_of(tmp_path, OWN_KERNEL))
    boot = json.loads(rootless(*layer, "boot", "image/virt-arm64-mine-minimal", "--src", tree, "--json").ok().out)["boots"][0]
    assert re.fullmatch(r"root Linux 6\.1\.\d+ aarch64", boot["userland"])
    rootless(*layer, "build", "image/virt-arm64-mine-minimal", "--src", tree, "-o", "result").ok()
    bill = json.loads(shown(rootless, rootless.cwd / "result/sbom.spdx.json"))
    assert [one["versionInfo"].split(".")[:2] for one in bill["packages"] if one["name"] == "linux"] == [["6", "1"]]
    assert not [one for one in bill["packages"] if one["name"].startswith("linux-image")]
