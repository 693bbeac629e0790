"""What stands where a link to a result would go: known before anything is built, and left as it is."""
import os
import stat

import pytest

from swage_cli import write_recipe

HINT = "hint: name the link otherwise with: -o NAME; or move what is there\n"


@pytest.fixture(params=["build", "module"])
def command(request, planner, tmp_path):
    """What makes links, where nothing can be built: the lock file is made up."""
    layer = write_recipe(tmp_path, "one", '[package]\nname = "one"\n[build]\nscript = "one.sh"\n[env]\nname = "one"\n')
    (layer / "scripts").mkdir()
    (layer / "scripts/one.sh").write_text("echo one > $out\n")
    source = planner.cwd / "module"
    source.mkdir()
    (source / "Kbuild").write_text("obj-m := one.o\n")
    (source / "one.c").write_text("")
    targets = {"build": ["--layer", layer, "build", "one"], "module": ["module", source, "--kernel", "linux@6.1"]}[request.param]

    def run(*args, platforms="x86_64"):
        return planner(*targets, "--for", platforms, *args, timeout=60)
    run.several = {"build": "result-one", "module": "result"}[request.param]
    return run


def test_a_file_is_not_replaced(command, planner):
    for name, given in (("result", []), ("mine", ["-o", "mine"])):
        (planner.cwd / name).write_text("data")
        got = command(*given).fails(2)
        assert got.err.endswith(f"error: '{planner.cwd}/{name}' is in the way of the link to the result: it is a file\n{HINT}")
        assert (planner.cwd / name).read_text() == "data"


def test_nor_a_directory_a_pipe_or_a_link_of_the_users_own(command, planner):
    os.mkdir(planner.cwd / "directory")
    os.mkfifo(planner.cwd / "pipe")
    os.symlink("directory", planner.cwd / "link")
    os.symlink("nothing", planner.cwd / "dangling")
    for name, what in (("directory", "a directory"), ("pipe", "neither a file nor a link"),
                       ("link", "a link to 'directory', which is not in a store"),
                       ("dangling", "a link to 'nothing', which is not in a store")):
        before = os.lstat(planner.cwd / name).st_ino
        got = command("-o", name).fails(2)
        assert got.err.endswith(f"error: '{planner.cwd}/{name}' is in the way of the link to the result: it is {what}\n{HINT}")
        assert os.lstat(planner.cwd / name).st_ino == before


def test_links_into_stores(command, planner, tmp_path):
    """Of two links, the second of which a file is in the way of: the error names the first that is."""
    first, second = (planner.cwd / f"{command.several}-{platform}" for platform in ("x86_64", "arm64"))
    second.write_text("data")
    made = tmp_path / "other/nix/store/0000000000000000000000000000000a-made"
    first.symlink_to(made)
    assert f"'{second}' is in the way" in command(platforms="x86_64,arm64").fails(2).err, "the first leads nowhere"
    made.mkdir(parents=True)
    assert f"'{second}' is in the way" in command(platforms="x86_64,arm64").fails(2).err, "the first is a result of another home"
    first.unlink()
    first.symlink_to(made.parent)
    assert f"'{first}' is in the way of the link to the result: it is a link to '{made.parent}', which is not in a store" in command(platforms="x86_64,arm64").fails(2).err
    first.unlink()
    own = planner.home / "nix/store/0000000000000000000000000000000a-made"
    own.mkdir()
    first.symlink_to(own)
    assert f"'{second}' is in the way" in command(platforms="x86_64,arm64").fails(2).err
    assert first.readlink() == own and second.read_text() == "data"


def test_a_place_where_no_link_can_be_made(command, planner):
    got = command("-o", "sub/dir/x").fails(2)
    assert got.err.endswith(f"error: cannot make the link '{planner.cwd}/sub/dir/x': No such file or directory\n"
                            f"hint: make its directory with: mkdir -p {planner.cwd}/sub/dir\n")
    (planner.cwd / "file").write_text("")
    assert f"error: cannot make the link '{planner.cwd}/file/x': Not a directory\n" in command("-o", "file/x").fails(2).err
    closed = planner.cwd / "closed"
    closed.mkdir(mode=0o555)
    if os.geteuid() != 0:
        got = command("-o", "closed/x").fails(4)
        assert got.err.endswith(f"error: cannot make the link '{closed}/x': Permission denied\nhint: name a link elsewhere with: -o NAME\n")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o555 and not list(closed.iterdir())
