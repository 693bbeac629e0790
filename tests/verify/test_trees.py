"""Verifying trees that are no release of the catalog's, in a made-up world: what is recorded of them, and repeating that where only the record is."""
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tomllib

import pytest

from cells import KERNEL
from made_up_versions import constraint, write_versions

URL = "https://example.org/made-up/linux"
# The kernel of a tree is what its init/main.c says.
LINUX = """set -e
$busybox mkdir -p $out
echo "$platform $config" > $out/kernel
[ ! -d $src ] || $busybox cat $src/init/main.c >> $out/kernel
"""


class Trees:
    """A git repository with a kernel's tree below linux/, and cells whose user's git has it for URL."""

    def __init__(self, cells):
        self.cells, self.repository = cells, cells.directory / "repository"
        self.tree = self.repository / "linux"
        self.config = cells.directory / "gitconfig"
        self.write("Makefile", "VERSION = 6\nPATCHLEVEL = 99\nSUBLEVEL = 1\nEXTRAVERSION =\n")
        self.write("init/main.c", "int main;\n")
        self.write("drivers/large.h", "large\n")
        self.write("arch/arm64/Kconfig", "")
        self.write("scripts/run.sh", "#!/bin/sh\n", 0o755)
        (cells.layer / "scripts/fake-linux.sh").write_text(LINUX)
        self.git("init", "--quiet")
        self.commit = self.commit_all()
        self.stands_for_url(self.repository)

    def write(self, name, text, mode=0o644):
        file = self.tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def git(self, *words):
        return subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "safe.directory=*", "-C", self.repository, *words],
                              check=True, capture_output=True, text=True).stdout.strip()

    def commit_all(self):
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "-m", "m")
        self.own()
        return self.git("rev-parse", "HEAD")

    def own(self):
        if os.geteuid() == 0:
            for path in self.cells.directory.rglob("*"):
                if not path.is_symlink():
                    shutil.chown(path, "swage-test")

    def stands_for_url(self, repository):
        self.config.write_text(f'[url "{repository}"]\n\tinsteadOf = {URL}\n')

    def lose(self, name):
        blob = self.git("rev-parse", f"HEAD:linux/{name}")
        (self.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()

    def __call__(self, *args, home=None):
        return self.cells.swage(*args, "--layer", self.cells.layer, "--lock", self.cells.lock, "--home", home or self.cells.home,
                                env={"GIT_CONFIG_GLOBAL": str(self.config)})

    def verify(self, *args, home=None, target="linux", platforms="arm64"):
        return self("verify", target, "--for", platforms, "--evidence", self.cells.records, *args, home=home)

    def replay(self, *args, target=f"linux@{KERNEL}"):
        """In a store that has nothing of it."""
        home = self.cells.directory / "elsewhere"
        return self("verify", "--replay", target, "--for", "arm64", "--evidence", self.cells.records, *args, home=home)

    def records(self):
        return sorted((self.cells.records / "arm64").glob("*.toml"))

    def record(self):
        (record,) = self.records()
        return tomllib.loads(record.read_text())


@pytest.fixture
def trees(cells):
    return Trees(cells)


def test_a_tree_that_anyone_can_fetch_is_recorded_and_repeated(trees):
    place = f"{URL}#{trees.commit}:linux"
    got = trees.verify("--src", f"{URL}#HEAD:linux").ok()
    assert got.out.startswith(f"booted      linux@{KERNEL} for arm64  debian-")
    assert f"note: '{URL}' is '{trees.repository}' by git's configuration\n" in got.err
    record = trees.record()
    nar = record["tree"]["nar"]
    assert record["tree"] == {"url": URL, "commit": trees.commit, "directory": "linux", "nar": nar}
    assert record["evidence"]["kernel"] == KERNEL and record["evidence"]["state"] == "booted"
    assert trees.records()[0].name.endswith(f"-tree-{nar[:8]}.toml") and trees.records()[0].with_suffix(".log").exists()
    for args in [(), ("--src", place), ("--src", f"{URL}#{trees.commit[:12]}:linux"), ("--src", trees.tree)]:
        again = trees.replay(*args).ok()
        assert again.out.count("  equal ") == 2
        shutil.rmtree(trees.cells.directory / "elsewhere")
    assert trees("verify", "--replay", trees.records()[0], home=trees.cells.directory / "elsewhere").ok().out.count("  equal ") == 2


def test_what_a_copy_lacks_is_named_and_left_out_again_where_it_can_be_had(trees):
    whole = trees.cells.directory / "whole"
    shutil.copytree(trees.repository, whole)
    trees.lose("drivers/large.h")
    got = trees.verify("--src", f"{URL}#HEAD:linux").ok()
    assert f"note: the copy of '{URL}' lacks 1 of its files, which are left out: drivers/large.h\n" in got.err
    assert trees.record()["tree"]["missing"] == ["drivers/large.h"]
    trees.stands_for_url(whole)
    trees.own()
    again = trees.replay().ok()
    assert again.out.count("  equal ") == 2 and "lacks" not in again.err


def test_a_copy_that_lacks_more_is_another_tree(trees):
    trees.verify("--src", f"{URL}#HEAD:linux").ok()
    nar = trees.record()["tree"]["nar"]
    trees.lose("drivers/large.h")
    failed = trees.replay().fails(1).err
    now = re.search("note: now:      (.*)", failed)[1]
    assert failed.endswith(f"error: '{URL}#{trees.commit}:linux' is not the tree that was recorded\nnote: recorded: {nar}\nnote: now:      {now}\n"
                           "note: this copy of it lacks files that the recorded one had\n")


def test_a_directory_is_recorded_by_its_content(trees):
    trees.verify("--src", trees.tree).ok()
    nar = trees.record()["tree"]["nar"]
    assert trees.record()["tree"] == {"nar": nar}
    assert trees.replay().fails(4).err.endswith(
        f"error: the tree that 'linux@{KERNEL}' was recorded of is not in the store: the record has no place to fetch it from\n"
        f"note: its sha256 (NAR) is {nar}\nhint: name the directory with: --src DIR\n")
    assert trees.replay("--src", trees.tree).ok().out.count("  equal ") == 2
    trees.write("init/main.c", "int other;\n")
    shutil.rmtree(trees.cells.directory / "elsewhere")
    failed = trees.replay("--src", trees.tree).fails(2).err
    given = re.search(r"note: its sha256 \(NAR\) is (.*)", failed)[1]
    assert failed.endswith(f"error: 'linux@{KERNEL}' has no record of the tree '{trees.tree}' that could be repeated for these platforms\n"
                           f"note: its sha256 (NAR) is {given}\nhint: make one with: swage verify\n") and given != nar
    record = trees.records()[0]
    assert trees("verify", "--replay", record, "--src", trees.tree).fails(2).err.endswith(
        f"error: the tree of --src is not the one that '{record}' was recorded of\nnote: recorded: {nar}\nnote: given:    {given}\n")


def test_several_trees_of_one_version_have_a_record_each(trees):
    trees.verify("--src", trees.tree).ok()
    trees.write("init/main.c", "int other;\n")
    trees.verify("--src", trees.tree).ok()
    trees.verify(target=f"linux@{KERNEL}").ok()
    assert len(trees.records()) == 3 and len({record.name.partition("-tree-")[0].removesuffix(".toml") for record in trees.records()}) == 1
    assert len(list((trees.cells.records / "locks").iterdir())) == 1
    assert trees.verify("--src", trees.tree, "--skip-verified").ok().out.startswith("skipped ")


def test_a_tree_without_the_architecture_is_impossible(trees):
    got = trees.verify("--src", trees.tree, platforms="riscv64,arm64").ok()
    assert re.search(r"^impossible  linux@6\.99\.1 for riscv64 +the tree has no arch/riscv$", got.out, re.MULTILINE)


def test_a_tree_that_is_the_release_file_for_file_is_the_release(trees):
    layer = trees.cells.layer
    with tarfile.open(layer / "linux.tar", "w") as tar:
        tar.add(trees.tree, ".", filter=lambda entry: entry if ".git" not in entry.name else None)
    sha256 = hashlib.sha256((layer / "linux.tar").read_bytes()).hexdigest()
    releases = layer / "kernels/releases.toml"
    releases.write_text(re.sub('sha256 = ".*"', f'sha256 = "{sha256}"', releases.read_text()))
    (layer / "packages/linux-source").mkdir()
    (layer / "packages/linux-source/recipe.toml").write_text(
        '[package]\nname = "linux-source"\n[build]\nscript = "fake-source.sh"\n[env]\nname = "linux-{kernel.version}-source"\nsrc = "{kernel.source}"\n')
    (layer / "scripts/fake-source.sh").write_text("set -e\n$busybox mkdir -p $out\n$busybox tar -xf $src -C $out\n")
    trees.own()
    said = f"note: '{trees.tree}' is linux {KERNEL}, file for file\n"
    assert said not in trees.verify("--src", trees.tree).ok().err, "nothing here knows what the release's archive holds"
    trees("build", f"linux-source@{KERNEL}", "--no-link").ok()
    shutil.rmtree(trees.cells.records)
    assert said in trees.verify("--src", trees.tree).ok().err
    assert "tree" not in trees.record()
    shutil.rmtree(trees.cells.records)
    trees.write("init/main.c", "int other;\n")
    assert said not in trees.verify("--src", trees.tree).ok().err
    assert "tree" in trees.record()


def test_what_was_mended_is_recorded_and_mended_again(trees):
    trees.write("scripts/run.sh", "#!/bin/sh\n")
    trees.write("scripts/dtc/include-prefixes/arm64", "../../../arch/arm64/boot/dts")
    trees.write(".config", "")
    trees.write("include/config/auto.conf", "")
    commit = trees.commit_all()
    place = f"{URL}#{commit}:linux"
    got = trees.verify("--src", place).ok()
    assert f"note: '{place}' has been built in; left out of the copy: .config, include/config\n" in got.err
    assert f"note: '{place}' has 1 file where there were links, which become links again in the copy: scripts/dtc/include-prefixes/arm64\n" in got.err
    assert f"note: '{place}' has scripts of which none may run: in the copy all may\n" in got.err
    tree = trees.record()["tree"]
    assert (tree["outputs"], tree["links"], tree["executable"]) == ([".config", "include/config"], ["scripts/dtc/include-prefixes/arm64"], True)
    assert trees.replay().ok().out.count("  equal ") == 2
    assert trees.verify("--src", trees.tree).fails(2).err.endswith(
        f"error: '{trees.tree}' has been built in\nnote: what a build has left in it: .config, include/config\nhint: clean it with: make -C {trees.tree} mrproper\n")


def test_patches_are_recorded_by_their_hash(trees):
    patch = trees.cells.directory / "fix.patch"
    patch.write_text("--- a/init/main.c\n+++ b/init/main.c\n@@ -1 +1 @@\n-int main;\n+int fixed;\n")
    line = f"{hashlib.sha256(patch.read_bytes()).hexdigest()} fix.patch"
    refused = ("error: '--patch' makes another kernel of a release: its record is of a tree, and says whose\n"
               "hint: name both: --src DIR|FILE|URL#COMMIT --vendor NAME\n")
    assert trees.verify("--patch", patch, target=f"linux@{KERNEL}").fails(2).err == refused
    assert trees.verify("--patch", patch, "--src", trees.tree).fails(2).err == refused
    trees.verify("--patch", patch, "--src", trees.tree, "--vendor", "acme").ok()
    assert trees.record()["tree"]["patches"] == [line]
    assert trees.replay("--src", trees.tree, "--patch", patch).ok().out.count("  equal ") == 2
    assert trees.replay("--src", trees.tree).fails(2).err.endswith(
        f"error: these are not the patches that 'linux@{KERNEL}' was recorded with\nnote: recorded: {line}\nhint: give them in their order: --patch FILE\n")


@pytest.mark.parametrize("vendor", [False, True])
def test_a_tree_speaks_for_its_release_and_a_vendors_only_for_itself(trees, vendor):
    other = "debian-trixie-gcc-14-arm64"
    chosen = lambda *args: trees("resolve", *args, "--for", "arm64", "--json").ok().json()["resolutions"][0]["toolchain"]["id"]  # noqa: E731
    usual = chosen(f"linux@{KERNEL}")
    assert usual != other
    trees("verify", "--src", trees.tree, "--for", "arm64", "--toolchain", other, *(["--vendor", "acme"] if vendor else [])).ok()
    assert chosen(f"linux@{KERNEL}") == (usual if vendor else other)
    assert chosen("linux", "--src", trees.tree) == other
    cells = trees("matrix", "--for", "arm64", "--json").ok().json()["cells"]
    # The shipped records have other trees.
    (booted,) = [cell for cell in cells if cell["tree"] and cell["when"] and cell["kernel"] == KERNEL]
    assert booted["tree"]["vendor"] == ("acme" if vendor else None) and len(booted["tree"]["sha256"]) == 64
    assert (f"{KERNEL}-acme" in trees("matrix", "--for", "arm64").ok().out) == vendor


def test_a_tree_is_copied_once_however_often_it_is_built(trees):
    write_versions(trees.cells.layer, constraint("made-up-new", 'gcc = "<10"'))
    (trees.cells.layer / "scripts/made-up-versions.sh").write_text("$busybox mkdir -p $out\n")
    trees.own()
    got = trees("frontier", "linux", "--src", trees.tree, "--for", "arm64", "--provider", "made-up", "--evidence", trees.cells.records).ok()
    assert got.err.count(f"note: copying '{trees.tree}' into the store\n") == 1
    assert got.out.count("  boots ") >= 2


def test_what_is_wrong_is_told_before_a_tree_is_copied(trees):
    got = trees.verify("--src", trees.tree, "--toolchain", "debian-bookworm-gcc-12-mipsel").fails(2)
    assert got.err == "error: 'debian-bookworm-gcc-12-mipsel' is a toolchain for mipsel, not for arm64\n"
    file = trees.cells.directory / "a-file"
    file.write_text("")
    got = trees("verify", "linux", "--src", trees.tree, "--for", "arm64", "--evidence", file).fails(2)
    assert got.err == f"error: '{file}' is not a directory for records\n"


def test_what_a_killed_run_has_left_of_a_tree_goes_with_the_next(trees):
    trees.verify("--src", f"{URL}#HEAD:linux").ok()
    work = trees.cells.home / "nix/var/swage"
    left = work / "src-.aB3dE6"
    shutil.copytree(trees.tree, left)
    trees.own()
    trees.write("init/main.c", "int other;\n")
    trees.commit_all()
    trees.verify("--src", f"{URL}#HEAD:linux").ok()
    assert not left.exists()


def test_a_distributions_source_package_is_a_tree(trees):
    """linux-source-6.99 is Debian's: a tree in an archive in a package."""
    place = trees.cells.directory
    with tarfile.open(place / "inner.tar.xz", "w:xz") as inner:
        inner.add(trees.tree, "linux-source-6.99", filter=lambda entry: None if entry.name.endswith(".git") else entry)
    with tarfile.open(place / "data.tar.xz", "w:xz") as data:
        data.add(place / "inner.tar.xz", "./usr/src/linux-source-6.99.tar.xz")
    deb = place / "linux-source-6.99_6.99.1-1_all.deb"
    with deb.open("wb") as out:
        out.write(b"!<arch>\n")
        for name, content in {"debian-binary": b"2.0\n", "data.tar.xz": (place / "data.tar.xz").read_bytes()}.items():
            out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2))
    trees.own()
    got = trees.verify("--src", deb, "--vendor", "debian").ok()
    assert got.out.startswith(f"booted      linux@{KERNEL} for arm64  ")
    record = trees.record()["tree"]
    assert record["vendor"] == "debian" and "url" not in record
    assert trees.verify("--replay", "--src", deb, target=f"linux@{KERNEL}").ok().out.count("  equal ") == 2
    other = place / "linux-image_1_all.deb"
    shutil.copy(deb, other)
    assert trees.verify("--src", other).fails(1).err.endswith("error: 'linux-image_1_all.deb' has no file 'usr/src/linux-image.tar.xz'\n")
