"""swage new recipe: a recipe from an archive."""
import hashlib
import http.server
import pathlib
import tarfile
import threading
import tomllib

import pytest


def make_archive(place, name, files):
    tree = place / "tree" / name.rsplit(".tar", 1)[0]
    tree.mkdir(parents=True)
    for file, text in files.items():
        (tree / file).write_text(text)
    archive = place / name
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tree, tree.name)
    return archive


GPL = "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n"


def test_a_recipe_says_what_the_archive_tells(swage, tmp_path):
    archive = make_archive(tmp_path, "tool-1.2.3.tar.gz", {"configure": "", "Makefile": "", "COPYING": GPL})
    made = swage("new", "recipe", "tool", "--url", archive, "--into", tmp_path / "layer").ok()
    recipe = tmp_path / "layer/packages/tool/recipe.toml"
    assert made.out.splitlines() == [str(recipe), f"it builds with autotools; say what it depends on, and then: swage --layer {tmp_path}/layer build tool"]
    text = recipe.read_text()
    assert 'version = "1.2.3"\n' in text and 'license = "GPL-3.0-or-later"\n' in text and 'system = "autotools"' in text
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in text
    swage("--layer", tmp_path / "layer", "check").ok()


@pytest.mark.parametrize("files, system", [({"meson.build": ""}, "meson"), ({"CMakeLists.txt": "", "Makefile": ""}, "cmake"), ({"configure.ac": ""}, "autotools"),
                                           ({"GNUmakefile": ""}, "make")])
def test_it_tells_the_build_system(swage, tmp_path, files, system):
    made = swage("new", "recipe", "tool", "--url", make_archive(tmp_path, "v2.0.tar.gz", files), "--into", tmp_path / "layer", "--json").ok().json()
    assert (made["system"], made["version"]) == (system, "2.0")
    swage("--layer", tmp_path / "layer", "check").ok()


def test_it_downloads(swage, tmp_path):
    archive = make_archive(tmp_path, "tool_0.9.tar.gz", {"CMakeLists.txt": ""})
    handler = lambda *args: http.server.SimpleHTTPRequestHandler(*args, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/tool_0.9.tar.gz"
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert swage("--layer", tmp_path / "layer", "new", "recipe", "tool", "--url", url, "--json").ok().json()["sha256"] == digest
        wrong = swage("new", "recipe", "other", "--url", url, "--sha256", "0" * 64, "--into", tmp_path / "layer").fails(1)
        assert f"note: received sha256 {digest}\n" in wrong.err
        missing = swage("new", "recipe", "other", "--url", url + ".sig", "--into", tmp_path / "layer").fails(4)
        assert missing.err.startswith("error: 'tool_0.9.tar.gz.sig' cannot be downloaded\n")
        server.shutdown()
    text = (tmp_path / "layer/packages/tool/recipe.toml").read_text()
    assert f'urls = ["{url}"]' in text and not (tmp_path / "layer/packages/other").exists()


def test_layers_know_more_build_systems_and_licences(swage, tmp_path):
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "source_trees.toml").write_text('[[build-file]]\nfiles = ["build.sh"]\nsystem = "make"\nlines = [\'make = ["-f", "x"]\']\n'
                                             '[[license]]\nwords = "Take it"\nspdx = "0BSD"\n')
    archive = make_archive(tmp_path, "tool-1.tar.gz", {"configure": "", "build.sh": "", "LICENSE": "Take\n it."})
    assert swage("--layer", layer, "new", "recipe", "tool", "--url", archive, "--json").ok().json()["system"] == "make"
    text = (layer / "packages/tool/recipe.toml").read_text()
    assert '[build]\nsystem = "make"   # it has build.sh\nmake = ["-f", "x"]\n' in text and 'license = "0BSD"' in text
    swage("check", layer).ok()
    (layer / "source_trees.toml").write_text('[[build-file]]\nfiles = ["build.sh"]\n[[licence]]\n')
    for command in (["check", layer], ["--layer", layer, "new", "recipe", "other", "--url", archive]):
        failed = swage(*command).fails(2).err
        assert "error: 'system' is missing in [[build-file]]" in failed and "'licence' is not a key of source_trees.toml" in failed


def test_every_build_system_that_is_told_is_there(swage):
    catalog = pathlib.Path(__file__).resolve().parents[2] / "catalog"
    told = tomllib.loads((catalog / "source_trees.toml").read_text())
    for row in told["build-file"]:
        assert (catalog / "systems" / f"{row['system']}.toml").exists(), row


def test_mistakes(swage, tmp_path):
    archive = make_archive(tmp_path, "tool-1.tar.gz", {"README": ""})
    into = ["--into", tmp_path / "layer"]
    untold = swage("new", "recipe", "tool", "--url", archive, *into).fails(2).err
    assert untold.startswith(f"error: how '{archive}' is built cannot be told\nnote: it has none of: configure, meson.build, ")
    assert not (tmp_path / "layer").exists()
    assert swage("new", "recipe", "Tool", "--url", archive, *into).fails(2).err.startswith("error: 'Tool' is not a name for a package\n")
    assert swage("new", "kernel", "tool", "--url", archive).fails(2).err.startswith("error: 'kernel' cannot be begun\n")
    assert swage("new", "recipe", "tool", "--url", tmp_path / "none").fails(2).err == f"error: '{tmp_path}/none' is neither a file nor a URL\n"
    good = make_archive(tmp_path, "good-1.tar.gz", {"Makefile": ""})
    swage("new", "recipe", "good", "--url", good, *into).ok()
    assert swage("new", "recipe", "good", "--url", good, *into).fails(2).err == f"error: '{tmp_path}/layer/packages/good/recipe.toml' is there already\n"


def test_what_is_no_name_no_hash_and_no_version(swage, tmp_path):
    assert swage("new", "recipe", "", "--url", "x.tar").fails(2).err.startswith("error: '' is not a name for a package\n")
    for sha256 in ["abc", "../../evil", "A" * 64]:
        got = swage("new", "recipe", "x", "--url", "https://127.0.0.1:1/x-1.0.tar", "--sha256", sha256).fails(2)
        assert got.err == f"error: '{sha256}' is not a sha256: 64 hexadecimal digits\n"
    got = swage("new", "recipe", "x", "--url", "https://127.0.0.1:1/x-1.0.tar.gz?private_token=SECRET").fails(2)
    assert got.err.startswith("error: 'https://127.0.0.1:1/x-1.0.tar.gz?private_token=******' has a secret in it\n")


def test_an_archive_that_changes_is_never_mixed_with_what_came_before(swage, tmp_path):
    """Without a hash nothing shows that the bytes of an earlier run are of another archive, so they are not gone on with."""
    into = ["--into", tmp_path / "layer"]

    class Site(http.server.BaseHTTPRequestHandler):
        """Answers ranges whatever they are of, as many servers do, and breaks off after `cut` bytes."""
        cut, body = None, b""

        def do_GET(self):
            start = int(self.headers["Range"][6:-1]) if "Range" in self.headers else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(Site.body) - 1}/{len(Site.body)}")
            self.send_header("Content-Length", str(len(Site.body) - start))
            self.end_headers()
            self.wfile.write(Site.body[start:Site.cut])

        def log_message(self, *args):
            pass

    def archive(name, files):
        return make_archive(tmp_path / name, "tool-1.tar.gz", files).read_bytes()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/tool-1.tar.gz?as=it"
        Site.body, Site.cut = archive("a", {"Makefile": "all: one\n"}), 100
        failed = swage("new", "recipe", "tool", "--url", url, *into).fails(4).err
        assert failed.startswith("error: 'tool-1.tar.gz' cannot be downloaded\n") and "has arrived is kept" not in failed
        # Complete, and no recipe can be made of it: upstream may mend it.
        Site.body, Site.cut = b"no archive", None
        assert swage("new", "recipe", "tool", "--url", url, *into).fails(1).err.startswith("error: 'tool-1.tar.gz' is not an archive")
        Site.body = archive("b", {"README": ""})
        swage("new", "recipe", "tool", "--url", url, *into).fails(2)
        assert not list((swage.home / "nix/var/swage/downloads").iterdir())
        Site.body = archive("c", {"Makefile": "all: two\n"})
        made = swage("new", "recipe", "tool", "--url", url, *into, "--json").ok().json()
        assert made["sha256"] == hashlib.sha256(Site.body).hexdigest()
        server.shutdown()
