"""An image for real: made twice the same, sound inside, and started from its own file up to a login."""
import json
import re
import subprocess

NAME = "image/virt-arm64-minimal"
INSTALLER = "image/virt-arm64-installer"


def shown(rootless, path) -> str:
    return subprocess.run([*rootless.prefix, "cat", path], check=True, capture_output=True, text=True, errors="replace").stdout


def passwords(log: str) -> list[str]:
    """Those that the console shows, in order, the same one after another once."""
    found = re.findall(r"^password: (\S+)$", log, re.M)
    return [one for i, one in enumerate(found) if i == 0 or found[i - 1] != one]


def test_an_image_starts_by_itself_up_to_a_login(rootless):
    boot = rootless("boot", NAME, "--json").ok().json()["boots"][0]
    assert boot["platform"] == "arm64" and boot["kernel"] is None
    assert boot["userland"].startswith("root Linux 6.12.") and boot["userland"].endswith(" aarch64")
    log = shown(rootless, boot["log"])
    for said in ("U-Boot 20", "Retrieving file: /initramfs.cpio.gz", "initramfs: the root is /dev/vda2", "grow-root: vda2 of vda", "virt-arm64-minimal login: "):
        assert said in log, said


def test_it_is_the_same_when_made_again_and_sound(rootless, tmp_path):
    result = rootless("build", NAME, "--check", "--no-link", "--json").ok().json()["results"][0]
    out = result["outputs"]["out"]["realPath"]
    manifest = json.loads(shown(rootless, f"{out}/manifest.json"))
    assert [part["fs"] for part in manifest["partitions"]] == ["vfat", "ext4"]
    assert {"busybox", "u-boot-qemu"} & {row["name"] for row in manifest["packages"]} == {"busybox"}
    assert any(row["name"].startswith("linux-image-6.12") for row in manifest["packages"])


def layer_of(tmp_path, text: str):
    """A layer that the ordinary user can read."""
    layer = tmp_path / "layer"
    (layer / "images").mkdir(parents=True)
    (layer / "images/mine.toml").write_text(text)
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(0o755)
    return layer


def test_an_installer_makes_a_password_shows_it_and_keeps_it(rootless, tmp_path):
    log = shown(rootless, rootless("boot", INSTALLER, "--json").ok().json()["boots"][0]["log"])
    assert log.count("virt-arm64-installer login: root") == 2, "it was started twice"
    assert len(passwords(log)) == 1, "and said the same"
    password = passwords(log)[0]
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    keys = set(re.findall(r"^host key: (SHA256:\S+)$", log, re.M))
    assert len(keys) == 1
    assert "host:     virt-arm64-installer.local\n" in log and "address:  10.0.2.15\n" in log
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


def test_what_is_written_to_a_read_only_root_is_gone_at_the_next_start(rootless):
    """Its checks say so, in two starts of one card."""
    log = shown(rootless, rootless("boot", "image/virt-arm64-ro-minimal", "--json").ok().json()["boots"][0]["log"])
    assert log.count("virt-arm64-ro-minimal login: root") == 2 and "grow-root: " not in log


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
    assert "swage/1/kernel8.img" in said and "under config.txt:2 os_prefix" in said and "0 errors, 0 warnings" in said


def test_a_layer_brings_a_host_a_user_and_a_key(rootless, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", tmp_path / "key"], check=True)
    layer = layer_of(tmp_path, f'''[[part]]
name = "mine"
summary = "mine"
to = ["minimal"]
host = "kitchen"
checks = [
  "[ $(hostname) = kitchen ] && grep -q ^ready$ /tmp/mine",
  "umask 077; dropbearconvert openssh dropbear /etc/key /tmp/key && [ $(dbclient -y -y -i /tmp/key ada@127.0.0.1 'id -un; touch mine' < /dev/null) = ada ]",
  "[ $(stat -c %U /home/ada/mine) = ada ] && id -nG ada | grep -qw tty",
  "! DROPBEAR_PASSWORD=no dbclient -y -y -i /tmp/key user@127.0.0.1 true < /dev/null",
]
[[part.user]]
name = "ada"
groups = ["tty"]
keys = ["{(tmp_path / "key.pub").read_text().strip()}"]
[[part.service]]
name = "mine"
when = "start"
run = "/etc/init.d/mine"
[part.files]
"etc/key" = """
{(tmp_path / "key").read_text()}"""
"etc/init.d/mine" = """
#!/bin/sh
[ $(hostname) = @host@ ] && echo ready > /tmp/mine
"""
''')
    log = shown(rootless, rootless("--layer", layer, "boot", NAME, "--json").ok().json()["boots"][0]["log"])
    assert "kitchen login: root" in log


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
