"""The platform that docs/platforms.md teaches with is one."""
import pathlib
import re

import pytest

DOC = (pathlib.Path(__file__).resolve().parents[2] / "docs/platforms.md").read_text()
FILES = re.findall(r"`layer/(\S+)`.*?```toml\n(.*?)```", DOC, re.S)


@pytest.fixture
def router(planner, tmp_path):
    layer = tmp_path / "layer"
    for name, text in FILES:
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).write_text(text)
    return lambda *words: planner("--layer", layer, *words)


def names(planned):
    return {d["name"] for d in planned.ok().json()["derivations"]}


def test_its_files_are_a_layer(router, planner, tmp_path):
    assert [name for name, _ in FILES] == ["platforms.toml", "kernels/machines.toml", "toolchains/source.toml"]
    router("check").ok()
    planner("check", tmp_path / "layer").ok()   # a layer over the catalog, although it has platforms


def test_one_toolchain_makes_its_kernel_and_its_programs(router):
    listed = {p["name"]: p for p in router("list", "platforms", "--json").ok().json()["platforms"]}
    assert listed["comtrend"]["toolchain"] == "source-gcc-12-comtrend"
    assert (listed["comtrend"]["endian"], listed["comtrend"]["bits"], listed["comtrend"]["libc"]) == ("big", 32, "uclibc")
    kernel = names(router("plan", "linux@6.1", "--for", "comtrend", "--config", "defconfig", "--json"))
    assert "toolchain-source-gcc-12-comtrend" in kernel and any(name.startswith("linux-6.1") for name in kernel)
    assert {"toolchain-source-gcc-12-comtrend", "libc-source-gcc-12-comtrend"} <= names(router("plan", "libc", "--for", "comtrend", "--json"))


def test_nothing_boots_it(router):
    refused = router("boot", "linux@6.1", "--for", "comtrend").fails(3).err.splitlines()
    assert re.fullmatch(r"error: 'boot' needs a machine that QEMU emulates, and platform 'comtrend' has none for linux 6\.1\.\d+", refused[0])
