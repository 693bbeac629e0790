"""Nobody gets in, nothing gets out: what layers, trees, archives and workspaces of other people may not do."""
import os
import pathlib
import signal
import tarfile
import time

import pytest

RECIPE = """[package]
name = "{name}"
version = "1"
[source]
urls = ["https://example.org/{name}.tar.gz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
[build]
system = "autotools"
{rest}
"""
SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----"
PASSWORD = "hunter2"


@pytest.fixture
def layer(planner, tmp_path):
    """A layer with a package `x`; the recipe's [build] gets the text."""
    (tmp_path / "id_rsa").write_text(SECRET)

    def write(rest=""):
        recipe = planner.cwd / "layer/packages/x/recipe.toml"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        recipe.write_text(RECIPE.format(name="x", rest=rest))
        return planner.cwd / "layer"
    return write


def in_store(swage, text):
    """The objects of the store that hold the text."""
    store = swage.home / "nix/store"
    return [path for path in store.rglob("*") if path.is_file() and text.encode() in path.read_bytes()] if store.exists() else []


@pytest.mark.parametrize("patch", ["{secret}", "../../../../id_rsa", "fix.patch"])
def test_a_layer_reads_no_file_of_the_user(planner, layer, tmp_path, patch):
    place = layer(f'patches = ["{patch.format(secret=tmp_path / "id_rsa")}"]')
    if patch == "fix.patch":
        (place / "packages/x/fix.patch").symlink_to(tmp_path / "id_rsa")
    for command in (["check", place], ["--layer", place, "plan", "x"], ["--layer", place, "build", "x", "--dry-run"]):
        got = planner(*command).fails(2)
        assert "' leads out of '" in got.err and f"--> {place}/packages/x/recipe.toml:9:12" in got.err, got.err
        assert SECRET not in got.err + got.out
    assert not in_store(planner, SECRET)


def test_a_layers_scripts_are_its_own(planner, layer, tmp_path):
    place = layer()
    planner("check", place).ok()
    (place / "scripts").mkdir()
    (place / "scripts/package.sh").symlink_to(tmp_path / "id_rsa")   # which no table of the layer names
    said = f"error: 'scripts/package.sh' leads out of '{place}'\nnote: only what is below that directory is read for it\n"
    assert said in planner("check", place).fails(2).err
    assert planner("--layer", place, "plan", "x").fails(2).err.startswith(said)


def test_a_component_is_a_tree_of_its_layer(planner, layer, tmp_path):
    """A directory of the user's would be readable by everybody in the store."""
    place = layer()
    (tmp_path / "private").mkdir()
    (tmp_path / "private/configure").write_text(SECRET)
    toolchain = ('[provider]\nrank = 1\nsource = "s"\n[[toolchain]]\nid = "mine"\nplatforms = ["arm64"]\nversion = "9.3.0"\nbinutils = "2.35"\nlibc = "glibc"\n'
                 'released = "2020-03-12"\nprefix = "aarch64-linux-gnu-"\ncomponents = ["gcc-mine"]\nsource = "s"\n')
    (place / "toolchains").mkdir()
    (place / "toolchains/source.toml").write_text(toolchain)
    (place / "link").symlink_to(tmp_path / "private")
    for tree, said in [("../../private", "error: '../../private' leads out of '"), (str(tmp_path / "private"), f"error: '{tmp_path}/private' leads out of the layer"),
                       ("link", "error: 'link' leads out of '"), (f"file://{tmp_path}/private", f"error: 'file://{tmp_path}/private' leads out of"),
                       ("nothing", f"error: '{place}/nothing' is no directory, archive or git URL")]:
        (place / "components.toml").write_text(f'[[component]]\nid = "gcc-mine"\nname = "gcc"\nversion = "9.3.0"\ntree = "{tree}"\nsource = "s"\n')
        got = planner("--layer", place, "plan", "toolchain@mine", "--for", "arm64").fails(2)
        assert got.err.startswith(said) and f"--> {place}/components.toml:1:1" in got.err, got.err
    assert not in_store(planner, SECRET)


def test_files_that_never_end_are_refused_at_once(planner, layer, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    huge = tmp_path / "huge"
    with open(huge, "w") as file:
        file.truncate(1 << 42)
    kinds = {"/dev/zero": "is a device, not a file", str(tmp_path / "fifo"): "is a FIFO, not a file", str(huge): "is larger than {}, so it is no {}"}
    options = {"--config": ("16.0 MB", "kernel configuration"), "--fragment": ("16.0 MB", "kernel configuration"), "--patch": ("100.0 MB", "patch")}
    for file, said in kinds.items():
        for option, limit in options.items():
            assert planner("plan", "linux@6.1", option, file, timeout=10).fails(2).err == f"error: '{file}' {said.format(*limit)}\n"
    tree = tmp_path / "tree"
    tree.mkdir()
    os.mkfifo(tree / "Makefile")
    assert planner("build", "linux", "--src", tree, timeout=10).fails(2).err == f"error: '{tree}/Makefile' is a FIFO, not a file\n"
    (tree / "Makefile").unlink()
    (tree / "Makefile").symlink_to("/dev/zero")
    assert planner("build", "linux", "--src", tree, timeout=10).fails(2).err.startswith(f"error: 'Makefile' leads out of '{tree}'\n")
    place = layer()
    (place / "instances.toml").symlink_to("/dev/zero")
    assert planner("check", place, timeout=10).fails(2).err.startswith(f"error: 'instances.toml' leads out of '{place}'\n")
    (place / "instances.toml").unlink()
    os.mkfifo(place / "roots.toml")
    assert planner("--layer", place, "resolve", "linux@6.1", timeout=10).fails(2).err == f"error: '{place}/roots.toml' is a FIFO, not a file\n"


def test_an_archive_does_not_make_new_recipe_read_other_files(swage, tmp_path):
    tree = tmp_path / "tool-1"
    tree.mkdir()
    (tree / "configure").write_text("")
    (tree / "LICENSE").symlink_to("/dev/zero")
    (tree / "COPYING").symlink_to(pathlib.Path("/usr/share/common-licenses/GPL-3"))
    with tarfile.open(tmp_path / "tool-1.tar", "w") as tar:
        tar.add(tree, tree.name)
    swage("new", "recipe", "tool", "--url", tmp_path / "tool-1.tar", "--into", tmp_path / "layer", timeout=20).ok()
    assert '# license = ""\n' in (tmp_path / "layer/packages/tool/recipe.toml").read_text()
    os.mkfifo(tmp_path / "tool-2.tar")
    refused = swage("new", "recipe", "other", "--url", tmp_path / "tool-2.tar", "--into", tmp_path / "layer", timeout=10).fails(2)
    assert refused.err == f"error: '{tmp_path}/tool-2.tar' is a FIFO, not a file\n"


def test_a_password_in_a_url_goes_nowhere(planner, layer, tmp_path):
    """Refused wherever one is given, and shown nowhere: not in the error, the recipe, the lock, JSON, or what is left in the home."""
    url = f"https://me:{PASSWORD}@127.0.0.1:1/tool-1.tar.gz"
    hint = "hint: give it to ~/.netrc: machine HOST login USER password PASSWORD\n"
    said = "error: 'https://127.0.0.1:1/tool-1.tar.gz' has a user or a password in it\n"
    place = layer()
    outcomes = [planner("new", "recipe", "tool", "--url", url, "--into", place), planner("--json", "new", "recipe", "tool", "--url", url, "--into", place),
                planner("build", "linux", "--src", url + "#main"), planner("build", "linux", "--src", f"https://{PASSWORD}@127.0.0.1:1/x.git")]
    assert outcomes[0].err.startswith(said) and hint in outcomes[0].err
    assert not (place / "packages/tool").exists()
    recipe = place / "packages/x/recipe.toml"
    written = recipe.read_text()
    for text in (written.replace("https://example.org/x.tar.gz", url), written.replace('version = "1"', f'homepage = "{url}"')):
        recipe.write_text(text)
        outcomes += [planner("check", place), planner("--layer", place, "plan", "x"), planner("--layer", place, "--json", "plan", "x")]
        assert said in outcomes[-2].err and f"--> {recipe}:" in outcomes[-2].err
    (place / "components.toml").write_text(f'[[component]]\nid = "g"\nname = "gcc"\nversion = "9"\ntree = "{url}"\nsource = "s"\n')
    outcomes.append(planner("--layer", place, "list", "components"))
    for got in outcomes:
        assert got.fails(2) and PASSWORD not in got.out + got.err, got.err
    for path in planner.home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


@pytest.fixture
def foreign(planner, tmp_path):
    """A directory of somebody else's with a swage.toml, and one of the user's below it."""
    place = tmp_path / "shared"
    below = place / "mine"
    below.mkdir(parents=True)
    (place / "swage.toml").write_text('for = ["armel"]\n')
    (place / "swage.lock").write_text((planner.home / "swage.lock").read_text())
    (place / "layer/packages/x").mkdir(parents=True)
    (place / "layer/packages/x/recipe.toml").write_text(RECIPE.format(name="x", rest=""))
    planner.cwd = below
    return planner, place, ["--layer", place / "layer", "plan", "x"]


def test_a_workspace_that_everybody_can_write_is_not_obeyed(foreign):
    swage, place, plan = foreign
    assert "x-1-armel" in swage(*plan).ok().out
    hint = (f"hint: if you trust it: swage --workspace {place} ..., or SWAGE_WORKSPACE in the environment; to leave it out: --workspace none\n")
    for open_place, mode in ((place, 0o1777), (place / "swage.toml", 0o666)):
        before = open_place.stat().st_mode
        open_place.chmod(mode)
        assert swage(*plan).fails(2).err == (f"error: '{place}/swage.toml' is not obeyed: everybody can write '{open_place}'\n"
                                             "note: it would say what commands in all directories below are to build\n" + hint)
        assert swage("resolve", "linux@6.1").fails(2).err.startswith(f"error: '{place}/swage.toml' is not obeyed")
        assert "x-1-armel" in swage("--workspace", place, *plan).ok().out
        assert "x-1-armel" in swage(*plan, env={"SWAGE_WORKSPACE": str(place)}).ok().out
        assert "armel" not in swage("--workspace", "none", *plan).ok().out
        open_place.chmod(before)
    assert swage("--workspace", place / "mine", *plan).fails(2).err == (
        f"error: '{place}/mine' is not a workspace: it has no swage.toml\nhint: to have none: --workspace none\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another group")
def test_a_workspace_that_another_group_can_write_is_not_obeyed(foreign):
    swage, place, plan = foreign
    os.chown(place, 0, 65534)
    place.chmod(0o775)
    assert swage(*plan).fails(2).err.startswith(f"error: '{place}/swage.toml' is not obeyed: group 65534 can write '{place}'\n")
    place.chmod(0o755)
    assert "x-1-armel" in swage(*plan).ok().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_workspace_of_somebody_else_is_not_obeyed(foreign):
    swage, place, plan = foreign
    for other in (place, place / "swage.toml"):
        os.chown(other, 65534, 65534)
        got = swage(*plan).fails(2)
        assert got.err.startswith(f"error: '{place}/swage.toml' is not obeyed: '{other}' belongs to user 'nobody'\n"), got.err
        os.chown(other, 0, 0)
    swage(*plan).ok()
    swage("store", "gc").ok()   # which asks no workspace


ROWS = {
    "components.toml": '[[component]]\nid = "gcc-{i}"\nname = "gcc"\nversion = "9.{i}"\nurls = ["https://example.org/{i}"]\nsha256 = "' + "a" * 64 + '"\nsource = "s"\n',
    "roots.toml": '[[root]]\nname = "r{i}"\nsuite = "bookworm"\npackages = ["a"]\nlike = "base"\n',
    "kernels/quirks.toml": '[[quirk]]\nid = "q{i}"\nwhen = {{ kernel = "<4" }}\nlifts = ["none-{i}"]\nreason = "r"\nsource = "s"\nconfidence = "primary"\n',
}


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("file, wait", [("components.toml", 0.3), ("components.toml", 1.5), ("roots.toml", 1.0), ("kernels/quirks.toml", 1.0)])
def test_reading_a_large_table_ends_on_an_interrupt(swage, tmp_path, file, wait):
    """Wherever the interrupt comes, within a second; of its own time, since the machine may have other work."""
    table = tmp_path / "layer" / file
    table.parent.mkdir(parents=True)
    table.write_text("".join(ROWS[file].format(i=i) for i in range(300_000)))
    process = swage.start("check", tmp_path / "layer")
    time.sleep(wait)
    before = cpu_seconds(process.pid)
    os.kill(process.pid, signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    err = process.stderr.read()
    assert process.returncode == 130 and "was interrupted\n" in err, err[:500]
    assert usage.ru_utime + usage.ru_stime - before < 1


def test_a_table_has_a_size_that_is_read(swage, tmp_path):
    table = tmp_path / "roots.toml"
    with open(table, "w") as text:
        text.truncate(64_000_001)
    assert swage("check", tmp_path).fails(2).err == f"error: '{table}' is larger than 64.0 MB, which is the most that is read of it\n"


def test_a_deep_key_is_an_error_with_its_place(swage, tmp_path):
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "platforms.toml").write_text("a." * 49_999 + "a = 1\n")
    got = swage("check", layer).fails(2)
    assert got.err.startswith(f"error: '{layer}/platforms.toml' is more than 64 levels deep\n  --> {layer}/platforms.toml:1:130\n") and len(got.err) < 1000
