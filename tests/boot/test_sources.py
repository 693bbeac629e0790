"""What becomes of archives and patches in a build: the same as where swage reads them itself, and nothing is taken for what it is not."""
import gzip
import hashlib
import io
import pathlib
import shutil
import tarfile
import zipfile

import pytest

from swage_cli import write_recipe

FILE, DIRECTORY, LINK, HARD_LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def tar(entries, mode="w"):
    """Of (name, kind, text or target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.PAX_FORMAT) as archive:
        for name, kind, what in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755 if kind == DIRECTORY else 0o4644
            data = what.encode() if kind == FILE else b""
            info.size = len(data)
            if kind in (LINK, HARD_LINK):
                info.linkname = what
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


MAKEFILE = ("tool-1/Makefile", FILE, "all:\n")
WHOLE = tar([MAKEFILE], "w:gz")
DAMAGED = "is damaged, or not an archive, or would write outside of its tree"
# By name: the archive, and what is in its tree, or what is wrong with it.
ARCHIVES = {
    "one-directory.tar.gz": (tar([("tool-1", DIRECTORY, ""), MAKEFILE, ("tool-1/.hidden", FILE, ""), ("tool-1/a b/\u00e9\nc", FILE, "")], "w:gz"),
                             {".hidden", "Makefile", "a b", "a b/\u00e9\nc"}),
    "dot.tar.bz2": (tar([("./", DIRECTORY, ""), ("./tool-1/Makefile", FILE, "")], "w:bz2"), {"Makefile"}),
    "files-on-top.tar.xz": (tar([("Makefile", FILE, ""), ("src/a", FILE, "")], "w:xz"), {"Makefile", "src", "src/a"}),
    "files-on-top.zip": (zipped({"Makefile": "", "two words/a b": ""}), {"Makefile", "two words", "two words/a b"}),
    "one-directory.zip": (zipped({"tool-1/Makefile": "", "tool-1/tool-1/a": ""}), {"Makefile", "tool-1", "tool-1/a"}),
    "links.tar": (tar([MAKEFILE, ("tool-1/out", LINK, "/etc/passwd"), ("tool-1/in", HARD_LINK, "tool-1/Makefile")]), {"Makefile", "in", "out"}),
    "link-to-link.tar": (tar([MAKEFILE, ("tool-1/s", LINK, "/etc/passwd"), ("tool-1/h", HARD_LINK, "tool-1/s")]), {"Makefile", "h", "s"}),
    "file-again.tar": (tar([MAKEFILE, MAKEFILE]), {"Makefile"}),
    "file-for-link.tar": (tar([MAKEFILE, ("tool-1/x", LINK, "/etc/passwd"), ("tool-1/x", FILE, "1")]), {"Makefile", "x"}),
    "file-for-directory.tar": (tar([MAKEFILE, ("tool-1/x", DIRECTORY, ""), ("tool-1/x", FILE, "1")]), {"Makefile", "x"}),
    "directory-for-link.tar": (tar([MAKEFILE, ("tool-1/x", LINK, "/build"), ("tool-1/x", DIRECTORY, ""), ("tool-1/x/for-link", FILE, "")]),
                               {"Makefile", "x", "x/for-link"}),
    "directory-for-file.tar": (tar([MAKEFILE, ("tool-1/x", FILE, ""), ("tool-1/x", DIRECTORY, ""), ("tool-1/x/y", FILE, "")]), {"Makefile", "x", "x/y"}),
    "below-a-file.tar": (tar([MAKEFILE, ("tool-1/x", FILE, ""), ("tool-1/x/y", FILE, "")]), DAMAGED),
    "file-for-full-directory.tar": (tar([MAKEFILE, ("tool-1/x/y", FILE, ""), ("tool-1/x", FILE, "1")]), DAMAGED),
    "names-of-ours.tar": (tar([MAKEFILE, ("tool-1/top", DIRECTORY, ""), ("tool-1/.of-the-archive/z", FILE, "")]), {".of-the-archive", ".of-the-archive/z", "Makefile", "top"}),
    "top-of-ours.tar": (tar([("top/top-", LINK, "none"), ("top/Makefile", FILE, "")]), {"Makefile", "top-"}),
    "deep.tar": (tar([MAKEFILE, ("tool-1/" + "d/" * 498 + "x", FILE, "")]), {"Makefile", *("d/" * i + "d" for i in range(498)), "d/" * 498 + "x"}),
    "too-deep.tar": (tar([MAKEFILE, ("tool-1/" + "d/" * 20_000 + "x", FILE, "")]), "has a name that is more than 500 directories deep"),
    "gzip-checksum.tar.gz": (WHOLE[:-8] + bytes(8), "is damaged"),
    "gzip-cut-trailer.tar.gz": (WHOLE[:-4], DAMAGED),
    "gzip-garbage-after.tar.gz": (WHOLE + b"garbage" * 50, {"Makefile"}),
    "gzip-two-members.tar.gz": (gzip.compress(gzip.decompress(WHOLE)[:700]) + gzip.compress(gzip.decompress(WHOLE)[700:]), {"Makefile"}),
    "zip-checksum.zip": (zipped({"tool-1/Makefile": "all: checked\n"}).replace(b"all: checked", b"all: damaged"), DAMAGED),
    "nothing.tar": (b"", "is an empty archive"),
    "empty.tar": (tar([]), "is an empty archive"),
    "empty-directory.tar": (tar([("tool-1", DIRECTORY, "")]), "is an empty archive"),
    "cut.tar.gz": (WHOLE[:len(WHOLE) // 2], DAMAGED),
    "text.tar": (b"hello\n" * 500, DAMAGED),
    "absolute.tar": (tar([MAKEFILE, ("/build/absolute", FILE, "")]), "has absolute names"),
    "up.tar": (tar([MAKEFILE, ("tool-1/../../up", FILE, "")]), DAMAGED),
    "through.tar": (tar([MAKEFILE, ("tool-1/l", LINK, "/build"), ("tool-1/l/through", FILE, "")]), DAMAGED),
    "hard-link-out.tar": (tar([MAKEFILE, ("tool-1/l", HARD_LINK, "/etc/passwd")]), DAMAGED),
    "hard-link-up.tar": (tar([MAKEFILE, ("tool-1/l", HARD_LINK, "tool-1/../../../etc/passwd")]), DAMAGED),
    "fifo.tar": (tar([MAKEFILE, ("tool-1/fifo", tarfile.FIFOTYPE, "")]), "has 'tree/tool-1/fifo', which is neither a file, a directory nor a link"),
}

HUNK = "--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n one\n+--new\n two\n"
NEW_FILE = "--- /dev/null\n+++ b/g\n@@ -0,0 +1,2 @@\n+1\n+2\n"
PATCHES = {
    "whole.patch": (HUNK + NEW_FILE, ""),
    "empty.patch": ("", "patch: 'empty.patch' is empty\n"),
    "blank.patch": ("\n \n", "patch: 'blank.patch' is empty\n"),
    "cut.patch": (HUNK + NEW_FILE[:-3], "patch: 'cut.patch' is cut off: its change of line 9 is not whole\n"),
    "cut-after-header.patch": (HUNK + NEW_FILE[:24], "patch: 'cut-after-header.patch' is cut off: its change of line 8 is not whole\n"),
    "cut-in-a-name.patch": (HUNK + "--- a/", "patch: 'cut-in-a-name.patch' is cut off: its change of line 7 is not whole\n"),
    "cut-after-a-name.patch": (HUNK + "--- a/g\n", "patch: 'cut-after-a-name.patch' is cut off: its change of line 7 is not whole\n"),
    "cut-after-git.patch": (HUNK + "diff --git a/g b/g\nnew file mode 100644\n", "patch: 'cut-after-git.patch' is cut off: its change of line 8 is not whole\n"),
    "cut-in-the-last-line.patch": (HUNK[:-1], "patch: 'cut-in-the-last-line.patch' is cut off: its change of line 3 is not whole\n"),
    "a-mail.patch": ("From: x\n---\n f | 1 +\n\ndiff --git a/f b/f\nindex 1..2 100644\n" + HUNK + "-- \n2.39.2\n\n", ""),
    "empty-file-and-mode.patch": (HUNK + "diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n", ""),
    "no-newline.patch": ("--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n\\ No newline at end of file\n", ""),
    "context.patch": ("*** a/f\n--- b/f\n***************\n*** 1,2 ****\n  one\n- two\n--- 1 ----\n", ""),
    "elsewhere.patch": ("--- a/f\n+++ b/f\n@@ -7,2 +7,3 @@\n one\n+new\n two\n", ""),
    "words.patch": ("nothing\n", "Only garbage was found in the patch input.\n"),
}

RECIPE = """[package]
name = "reads-sources"
version = "1"
[source]
urls = ["file://{cases}"]
sha256 = "{sha256}"
[build]
system = "make"
[phase]
build = '''
mkdir -p $out
export script_unpack archives busybox
# in_a_shell NAME COMMAND...: its own, so that it ends as a build would
in_a_shell() {{
  name=$1
  shift
  mkdir -p /build/trees/$name && cd /build/trees/$name
  sh -eu -c '. $script_unpack; "$@"' sh "$@" > $out/$name.log 2>&1 && echo $name >> $out/taken || true
}}
for archive in $PWD/archives/*; do
  in_a_shell ${{archive##*/}} unpack_source $archive tree
  find tree -mindepth 1 -printf '%P\\0' > $out/${{archive##*/}}.tree
done
for patch in /build/source/patches/*; do
  mkdir -p /build/trees/${{patch##*/}} && printf 'one\\ntwo\\n' > /build/trees/${{patch##*/}}/f
  in_a_shell ${{patch##*/}} apply_patch $patch
  find . -name '*.orig' >> $out/backups
done
ls /build > $out/beside
'''
install = "true"
"""


@pytest.fixture(scope="module")
def read(rootless, tmp_path_factory):
    """The package that has read all of them, each archive also for itself."""
    place = tmp_path_factory.mktemp("sources")
    files = {f"archives/{name}": data for name, (data, _) in ARCHIVES.items()} | {f"patches/1-{name}": text.encode() for name, (text, _) in PATCHES.items()}
    cases = place / "the cases.tar"
    with tarfile.open(cases, "w") as archive:
        for name, data in files.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(data)
            archive.add(place / name, f"cases-1/{name}")
    for path in place.rglob("*"):
        path.chmod(0o755)
    text = RECIPE.format(cases=cases, sha256=hashlib.sha256(cases.read_bytes()).hexdigest())
    layer = write_recipe(place, "reads-sources", text)
    path = rootless("--layer", layer, "build", "reads-sources", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64", "--no-link",
                    "--print-out-paths").ok().out.strip()
    return place, pathlib.Path(path)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive(rootless, read, name):
    place, built = read
    expected = ARCHIVES[name][1]
    log = (built / f"{name}.log").read_text()
    taken = name in (built / "taken").read_text().split()
    if isinstance(expected, set):
        assert taken and set((built / f"{name}.tree").read_text().split("\0")[:-1]) == expected, log
    else:
        assert not taken and log.endswith(f"unpack: '/build/source/archives/{name}' {expected}\n")
    # swage itself: whatever it says of one that is none, it does not take it either.
    layer = rootless.cwd / "layer-of-an-archive"   # in a home that is kept
    shutil.rmtree(layer, ignore_errors=True)
    made = rootless("new", "recipe", "tool", "--url", place / "archives" / name, "--into", layer)
    assert taken == (made.code == 0), made.err


def test_nothing_was_written_beside_the_trees(read):
    assert "absolute" not in (read[1] / "beside").read_text().split()


def test_no_patch_leaves_what_was_before(read):
    assert (read[1] / "backups").read_text() == ""


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch(read, name):
    says = PATCHES[name][1]
    log = (read[1] / f"1-{name}.log").read_text()
    assert log.endswith(says) and (says != "") == (f"1-{name}" not in (read[1] / "taken").read_text().split()), log
