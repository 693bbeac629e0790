"""Toolchains whose publisher says the sha256: an archive shaped like kernel.org's, whose compiler is a script, with its list."""
import hashlib
import json
import pathlib
import subprocess

import pytest

from made_up_compiler import CHECKED, row, write_archive

FILE = "x86_64-gcc-13.3.0-nolibc-aarch64-linux.tar.xz"
ID = "kernel-org-made-up"


@pytest.fixture
def layer(rootless, tmp_path):
    """Writes a layer with one row of the provider, the archive and the list, which the ordinary user can read. The lock file is of
    this test: what an earlier one pinned is not known."""
    rootless_lock = tmp_path / "swage.lock"
    rootless_lock.write_text((rootless.home / "swage.lock").read_text())
    rootless_lock.chmod(0o666)
    tmp_path.chmod(0o777)

    def write(binutils='binutils = "2.41"', directory="gcc-13.3.0-nolibc/aarch64-linux", line="{sha256}  {file}", **options):
        archive = tmp_path / FILE
        write_archive(archive, directory, "aarch64-linux", **options)
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        (tmp_path / "sha256sums.asc").write_text(
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{line.format(sha256=sha256, file=FILE)}\n-----BEGIN PGP SIGNATURE-----\n")
        table = tmp_path / "layer/toolchains/kernel-org/arm64.toml"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text(row(ID, "aarch64-linux", f"file://{archive}", f'sha256sums = "file://{tmp_path}/sha256sums.asc"', binutils=binutils))
        for path in tmp_path.parents[:2]:
            path.chmod(0o755)
        return tmp_path / "layer", sha256
    return write


def run(rootless, layer, *args):
    return rootless("--layer", layer, "--lock", layer.parent / "swage.lock", *args)


def build(rootless, layer, *args):
    return run(rootless, layer, "build", f"toolchain@{ID}", "--for", "arm64", "--no-link", "--json", *args)


def pinned(layer):
    return json.loads((layer.parent / "swage.lock").read_text()).get("archives", {})


def test_the_publishers_word_is_pinned_once(rootless, layer):
    written, sha256 = layer()
    assert not pinned(written)
    built = build(rootless, written).ok()
    assert f"note: pinning '{FILE}' in" in built.err
    assert pinned(written) == {f"file://{written.parent}/{FILE}": sha256}
    plan = run(rootless, written, "plan", f"toolchain@{ID}", "--for", "arm64", "--json").ok()
    out = pathlib.Path(next(d for d in plan.json()["derivations"] if d["name"] == f"toolchain-{ID}")["outputs"]["out"])
    real = rootless.home / out.relative_to("/")
    assert (real / "toolchain").read_text().splitlines() == ["dumpmachine aarch64-linux", *CHECKED]
    assert sorted(path.name for path in (real / "bin").iterdir()) == ["aarch64-linux-gcc", "aarch64-linux-ld", "aarch64-linux-nm"]
    assert f"{out}/usr/lib64/ld-linux-x86-64.so.2\0".encode() in (real / "crosstool/bin/aarch64-linux-nm").read_bytes()
    # From here on the lock file is what counts, whatever the list comes to say, or when it is gone.
    (written.parent / "sha256sums.asc").unlink()
    again = run(rootless, written, "plan", f"toolchain@{ID}", "--for", "arm64", "--json").ok()
    assert again.json()["derivations"] == plan.json()["derivations"] and "pinning" not in again.err
    run(rootless, written, "lock").ok()
    assert pinned(written)


def test_what_resolves_alone_pins_nothing(rootless, layer):
    written, _ = layer()
    run(rootless, written, "resolve", "linux@6.1", "--for", "arm64", "--toolchain", ID).ok()
    assert not pinned(written)


def test_a_list_that_does_not_say_it_pins_nothing(rootless, layer, tmp_path):
    written, _ = layer(line="{sha256}  x86_64-gcc-13.3.0-nolibc-mips-linux.tar.xz")
    failed = build(rootless, written).fails(4)
    assert f"'{FILE}' cannot be pinned: its sha256 is not known" in failed.err and "sha256sums.asc does not say it" in failed.err
    (written.parent / "sha256sums.asc").unlink()
    failed = build(rootless, written).fails(4)
    assert f"'{FILE}' cannot be pinned" in failed.err and "'sha256sums.asc' cannot be downloaded" in failed.err
    others = run(rootless, written, "plan", f"toolchain@{ID}", "zlib", "--for", "arm64").ok()
    assert f"note: toolchain@{ID} for arm64 is left out: '{FILE}' cannot be pinned: its sha256 is not known" in others.err
    verified = run(rootless, written, "verify", "linux@6.1", "--for", "arm64", "--toolchain", ID, "--evidence", tmp_path / "evidence").fails(1)
    assert "not tried" in verified.out and f"'{FILE}' cannot be pinned" in verified.out
    assert not pinned(written) and not (tmp_path / "evidence").exists()


def test_a_row_with_other_binutils_becomes_no_toolchain(rootless, layer):
    written, _ = layer(binutils='binutils = "2.40"')
    assert "self-check: binutils is '2.41', the catalog declares '2.40'" in build(rootless, written).fails(1).err
    written, _ = layer(binutils='unknown = ["binutils"]')
    build(rootless, written).ok()


def test_an_archive_of_another_shape_is_refused(rootless, layer):
    written, _ = layer(directory="somewhere/else/deeper")
    assert "is no compiler of kernel.org's: it has no aarch64-linux-gcc" in build(rootless, written).fails(1).err


def test_a_library_that_nobody_has_is_named(rootless, layer, tmp_path):
    """kernel.org's gcc 4.9.4 wants the libmpfr.so.4 of its time."""
    program = tmp_path / "nm"
    library = tmp_path / "libmpfr.so.4"
    source = tmp_path / "nm.c"
    source.write_text("int of_library(void); int main(void) { return of_library(); }\n")
    (tmp_path / "library.c").write_text("int of_library(void) { return 0; }\n")
    subprocess.run(["cc", "-shared", "-Wl,-soname,libmpfr.so.4", "-o", library, tmp_path / "library.c"], check=True)
    subprocess.run(["cc", "-o", program, source, library], check=True)
    written, _ = layer(program=program)
    failed = build(rootless, written).fails(1)
    assert "self-check: the programs want libmpfr.so.4, which the root of this build does not have" in failed.err
