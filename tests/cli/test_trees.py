"""Kernel trees of the user's (--src): fetched by git, looked at before anything is planned, and named in exact words when they are damaged."""
import socket
import subprocess
import time

import pytest

MAKEFILE = "VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 18\nEXTRAVERSION =\n"


@pytest.fixture
def tree(planner):
    """A tree whose makefiles name what is there."""
    tree = planner.cwd / "tree"
    for name, text in {"Makefile": MAKEFILE + "core-y := kernel/\n", "kernel/Makefile": "obj-y := fork.o\n", "kernel/fork.c": "",
                       "arch/arm64/Kconfig": 'source "kernel/Kconfig"\n', "kernel/Kconfig": ""}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


def plan(planner, src, *args, **kwargs):
    return planner("plan", "linux", "--for", "arm64", "--src", src, *args, **kwargs)


def git(where, *words):
    return subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-C", where, *words], check=True, capture_output=True,
                          text=True).stdout.strip()


def commit(tree):
    if not (tree / ".git").exists():
        git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all", "--force")
    git(tree, "commit", "--quiet", "-m", "m")
    return git(tree, "rev-parse", "HEAD")


def test_lost_files_are_named_before_anything_is_built(planner, tree):
    (tree / "kernel/fork.c").unlink()
    (tree / "kernel/Kconfig").unlink()
    assert plan(planner, "tree").fails(2).err == (
        "error: 'tree' has lost files that its own makefiles name\n"
        "note: not there: kernel/Kconfig (arch/arm64/Kconfig:1), the source of kernel/fork.o (kernel/Makefile:1)\n"
        "hint: get it anew where links, file names and all files survive: a clone, or an archive unpacked on Linux\n")
    for number in range(9):
        (tree / "kernel/Makefile").open("a").write(f"obj-y += n{number}.o\n")
    assert ", the source of kernel/n1.o (kernel/Makefile:3), the source of kernel/n2.o (kernel/Makefile:4) and 6 more\n" in plan(planner, "tree").fails(2).err


def test_a_directory_that_was_built_in_is_to_be_cleaned(planner, tree):
    for name in [".config", "include/config/auto.conf", "kernel/fork.o"]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")
    (tree / "blob.o").write_text("a driver that has no source")
    assert plan(planner, "tree").fails(2).err == ("error: 'tree' has been built in\nnote: what a build has left in it: .config, include/config, kernel/fork.o\n"
                                                  "hint: clean it with: make -C tree mrproper\n")
    commit(tree)
    got = plan(planner, "tree#main").ok()
    assert "note: 'tree#main' has been built in; left out of the copy: .config, include/config, kernel/fork.o\n" in got.err
    for number in range(100):
        (tree / f"kernel/x{number}.c").write_text("")
        (tree / f"kernel/x{number}.o").write_text("")
    commit(tree)
    failed = plan(planner, "tree#main").fails(2).err
    assert failed.startswith("error: 'tree#main' has been built in\nnote: what a build has left in it: .config, include/config, kernel/fork.o, ")
    assert failed.endswith(" and 98 more\nhint: put it into a directory, clean that with `make mrproper`, and name it: --src DIR\n")


def test_files_that_are_elsewhere_are_told(planner, tree):
    (tree / "kernel/blob.h").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 1\n")
    assert ("warning: 'tree' has only what Git LFS calls 1 of its files, and what needs them does not build: kernel/blob.h\n"
            in plan(planner, "tree").ok().err)
    head = commit(tree)
    git(tree, "update-index", "--add", "--cacheinfo", f"160000,{head},drivers/acme")
    git(tree, "commit", "--quiet", "-m", "m")
    assert ("note: 'tree' has 1 submodule, whose files are in other repositories and left out: drivers/acme\n"
            in plan(planner, "tree#main").ok().err)


def test_what_is_not_here_is_no_repository_elsewhere(planner, tree):
    commit(tree)
    for place in ["./nonexist", "/nonexist", ""]:
        assert plan(planner, f"{place}#v1").fails(2).err == (f"error: '{place}' is no directory of this machine\n"
                                                           "hint: a repository elsewhere is named by its URL: https://HOST/NAME#COMMIT\n")
    git(planner.cwd, "clone", "--quiet", "--bare", tree, planner.cwd / "bare")
    assert plan(planner, "bare").fails(2).err == ("error: 'bare' is not a kernel tree: it has no Makefile\n"
                                                  "hint: it is a repository: name one of its commits: --src bare#HEAD\n")
    (tree / "Makefile").write_text("all:\n")
    commit(tree)
    assert plan(planner, "tree#main").fails(2).err == "error: 'tree#main/Makefile' does not declare a kernel version\n"


def test_lost_twins_are_a_warning(planner, tree):
    """What is not configured may be missing."""
    (tree / "net/netfilter").mkdir(parents=True)
    (tree / "net/netfilter/xt_tcpmss.c").write_text("")
    assert plan(planner, "tree").ok().err.startswith("warning: 'tree' has lost files whose names differ from others' in case alone, and what needs them "
                                                     "does not build: net/netfilter/xt_TCPMSS.c\n")


def test_the_users_directory_is_not_mended_in_its_place(planner, tree):
    (tree / "scripts/dtc/include-prefixes").mkdir(parents=True)
    link = tree / "scripts/dtc/include-prefixes/arm64"
    link.write_text("../../../arch/arm64/boot/dts")
    script = tree / "scripts/run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    got = plan(planner, "tree").ok()
    assert got.err.startswith("note: 'tree' has 1 file where there were links, which become links again in the copy: scripts/dtc/include-prefixes/arm64\n"
                              "note: 'tree' has scripts of which none may run: in the copy all may\n")
    assert not link.is_symlink() and script.stat().st_mode & 0o111 == 0
    (copy,) = (planner.home / "nix/store").glob("*-linux-5.4.18-source")
    assert (copy / "scripts/dtc/include-prefixes/arm64").is_symlink() and (copy / "scripts/run.sh").stat().st_mode & 0o111


def test_a_tree_is_fetched_by_commit_from_another_machine(planner, tree):
    first = commit(tree)
    (tree / "Makefile").write_text(MAKEFILE.replace("18", "19"))
    commit(tree)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", f"--base-path={planner.cwd}", "--export-all"],
                              stderr=subprocess.DEVNULL)
    try:
        url = f"git://127.0.0.1:{port}/tree"
        deadline = time.monotonic() + 30
        while subprocess.run(["git", "ls-remote", url], capture_output=True).returncode != 0:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for ref, version in [("", "5.4.19"), ("#main", "5.4.19"), (f"#{first}", "5.4.18")]:
            got = plan(planner, url + ref).ok()
            assert f"note: fetching '{url}'\n" in got.err
            assert f"-boot-linux-{version}-arm64.drv\n" in got.out
        failed = plan(planner, f"{url}#none").fails(4).err
    finally:
        server.terminate()
        server.wait()
    assert failed == (f"note: fetching '{url}'\nerror: '{url}' cannot be fetched\nnote: git: fatal: couldn't find remote ref none\n"
                      f"hint: a copy can stand for it: git config --global url.DIR.insteadOf {url}\n")


def test_a_tree_below_the_top_is_asked_for(planner, tree):
    (tree.parent / "repository").mkdir()
    tree.rename(tree.parent / "repository/linux")
    commit(tree.parent / "repository")
    assert plan(planner, "repository#main").fails(2).err == ("error: 'repository#main' is not a kernel tree: it has no Makefile\n"
                                                            "hint: where it is below the repository's top: --src URL#REF:DIR\n")
    assert plan(planner, "repository#main:linux").ok()


def test_a_vendor_is_of_a_tree(planner):
    assert planner("verify", "linux@6.1", "--vendor", "acme").fails(2).err == (
        "error: '--vendor' says whose a tree is, and there is none\nhint: name it with: --src URL#COMMIT\n")
    assert planner("verify", "linux", "--src", "x", "--vendor", "a/b").fails(2).err == (
        "error: 'a/b' is not a vendor's name: letters, digits and . _ - after one of the first two\n")


def test_a_record_is_repeated_by_its_file_alone(planner, tmp_path):
    record = tmp_path / "arm64/linux-6.1-x-arm64.toml"
    assert planner("verify", "--replay", record).fails(4).err == f"error: cannot open '{record}': No such file or directory\n"
    assert planner("verify", "--replay", record, "--for", "arm64").fails(2).err == (
        "error: '--for' says nothing of a record that is named by its file\nhint: see: swage verify --help\n")
