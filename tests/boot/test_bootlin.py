"""Toolchains that come as an archive: one shaped like Bootlin's, whose compiler is a script."""
import hashlib
import pathlib

import pytest

from made_up_compiler import CHECKED, row, write_archive

OLD = "/opt/made/here/host"

MACHINE = "aarch64-buildroot-linux-musl"


def write_sdk(path, location=True):
    files = {"etc/paths.conf": f"lib={OLD}/lib\nother=/opt\n", "etc/binary": b"\0" + OLD.encode(), "relocate-sdk.sh": "exit 1\n"}
    if location:
        files["share/buildroot/sdk-location"] = OLD + "\n"
    write_archive(path, "aarch64--musl--stable-0", MACHINE, files)


@pytest.fixture
def layer(rootless, tmp_path):
    """Writes a layer with one row of the provider for an archive, which the ordinary user can read."""
    def write(suffix=".tar.bz2", location=True, **declared):
        archive = tmp_path / f"aarch64--musl--stable-0{suffix}"
        write_sdk(archive, location)
        directory = tmp_path / "layer"
        (directory / "toolchains" / "bootlin").mkdir(parents=True, exist_ok=True)
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        (directory / "toolchains" / "bootlin" / "arm64.toml").write_text(
            row("bootlin-made-up", MACHINE, f"file://{archive}", f'sha256 = "{sha256}"', more='userland = "init"', **declared))
        for path in [tmp_path, *tmp_path.parents][:3]:
            path.chmod(0o755)
        return directory
    return write


def build(rootless, layer, *args):
    return rootless("--layer", layer, "build", "toolchain@bootlin-made-up", "--for", "arm64", "--no-link", "--json", *args)


@pytest.mark.parametrize("suffix", [".tar.xz", ".tar.bz2", ".tar"])
def test_an_archive_becomes_a_toolchain(rootless, layer, suffix):
    written = layer(suffix=suffix)
    build(rootless, written).ok()
    plan = rootless("--layer", written, "plan", "toolchain@bootlin-made-up", "--for", "arm64", "--json").ok().json()
    out = pathlib.Path(next(d for d in plan["derivations"] if d["name"] == "toolchain-bootlin-made-up")["outputs"]["out"])
    real = rootless.home / out.relative_to("/")
    assert (real / "toolchain").read_text().splitlines() == [f"dumpmachine {MACHINE}", *CHECKED]
    assert sorted(path.name for path in (real / "bin").iterdir()) == ["aarch64-linux-gcc", "aarch64-linux-ld", "aarch64-linux-nm"]
    assert (real / "sdk/etc/paths.conf").read_text() == f"lib={out}/sdk/lib\nother=/opt\n"
    assert (real / "sdk/etc/binary").read_bytes() == b"\0" + OLD.encode(), "only text is changed"
    assert f"{out}/usr/lib64/ld-linux-x86-64.so.2\0".encode() in (real / "sdk/bin/aarch64-linux-nm").read_bytes()


def test_a_row_with_other_binutils_becomes_no_toolchain(rootless, layer):
    failed = build(rootless, layer(binutils='binutils = "2.40"')).fails(1)
    assert "self-check: binutils is '2.41', the catalog declares '2.40'" in failed.err


def test_a_row_that_knows_less_is_enough(rootless, layer):
    written = layer(version="13", binutils='unknown = ["binutils"]')
    build(rootless, written).ok()
    log = rootless("--layer", written, "log", "toolchain@bootlin-made-up", "--for", "arm64").ok().out
    assert "the compiler is gcc 13.3.0" in log and "binutils is 2.41; the catalog does not know" in log
    assert "self-check: gcc is '13.3.0', the catalog declares '12'" in build(rootless, layer(version="12")).fails(1).err


def test_what_is_no_sdk_is_refused(rootless, layer):
    assert "is no SDK of Buildroot's: it has no share/buildroot/sdk-location" in build(rootless, layer(location=False)).fails(1).err


def test_an_archive_that_cannot_be_had_is_said(rootless, layer):
    written = layer()
    (written.parent / "aarch64--musl--stable-0.tar.bz2").unlink()
    table = written / "toolchains/bootlin/arm64.toml"
    text = table.read_text()
    sha256 = text.split('sha256 = "')[1].split('"')[0]
    table.write_text(text.replace(sha256, "0" * 64))   # the store may have the real one
    failed = build(rootless, written).fails(4)
    assert "aarch64--musl--stable-0.tar.bz2" in failed.err
