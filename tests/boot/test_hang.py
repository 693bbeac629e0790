"""A QEMU that never ends, for real: a kernel that is one branch to itself."""
import pathlib

import pytest

KERNEL = "6.99.1"
LAYER = {
    "kernels/releases.toml": f'[[kernel]]\nversion = "{KERNEL}"\nreleased = "2023-06-25"\nurls = ["file:///none"]\nsha256 = "{"ab" * 32}"\nsource = "made up"\n',
    "kernels/machines.toml": """\
[[machine]]
platform = "arm64"
defconfig = "defconfig"
image_target = "Image"
image = "Image"
qemu = "qemu-system-aarch64"
qemu_root = "qemu-arm"
qemu_args = ["-M", "virt", "-cpu", "cortex-a53", "-m", "256M"]
cmdline = ""
timeout = 3
""",
    "packages/linux/recipe.toml": '[package]\nname = "linux"\n[build]\nscript = "branch.sh"\n[env]\nname = "linux-{kernel.version}-{platform.name}"\n',
    "packages/initramfs/recipe.toml": '[package]\nname = "initramfs"\n[build]\nscript = "empty.sh"\n[env]\nname = "initramfs-{platform.name}"\n',
    "scripts/branch.sh": "$busybox mkdir -p $out\nprintf '\\000\\000\\000\\024' > $out/kernel\n"
                         "echo 'machine.config: CONFIG_SOC_VIRT=y did not take effect: no such symbol' > $out/config-drift\n",
    "scripts/empty.sh": "$busybox mkdir -p $out\n: > $out/initramfs.cpio\n",
}


@pytest.fixture
def layer(tmp_path):
    for name, text in LAYER.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(0o755)
    return tmp_path


def test_it_is_stopped_and_nothing_is_registered(rootless, layer):
    cell = ["--layer", layer, "--for", "arm64", f"linux@{KERNEL}"]
    got = rootless("boot", *cell).fails(1)
    assert f"error: 'boot-linux-{KERNEL}-arm64' did not build: builder ended with status 1\n" in got.err
    assert ("  error: machine.config: CONFIG_SOC_VIRT=y did not take effect: no such symbol\n"
            "  error: the userland did not speak within 3 s\n") in got.err
    boot = next(d for d in rootless("plan", "--layer", layer, "--for", "arm64", "--json", f"boot@{KERNEL}").ok().json()["derivations"]
                if d["name"].startswith("boot-"))
    assert boot["state"] == "to build"
    assert not pathlib.Path(str(rootless.home) + boot["outputs"]["out"]).exists()
    log = rootless("log", boot["drv"]).ok().out
    assert "qemu-system-aarch64" in log and "terminating on signal 15" in log


def test_a_machine_may_say_that_its_qemu_does_not_count_instructions(rootless, layer):
    """QEMU itself knows no `-icount none`: it would end at once."""
    machines = layer / "kernels/machines.toml"
    machines.write_text(machines.read_text().replace('qemu_args = ', 'icount = "none"\nqemu_args = '))
    got = rootless("boot", "--layer", layer, "--for", "arm64", f"linux@{KERNEL}").fails(1)
    assert "  error: the userland did not speak within 3 s\n" in got.err and "icount" not in got.err
