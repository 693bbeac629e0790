"""What others wrote reaches a terminal as text only: from tables, lock files, names of files, and the command line."""
import json

from swage_cli import write_recipe
from terminal import HOSTILE, HOSTILE_SEEN, harmless, on_terminal


def toml(text):
    return '"' + "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in text) + '"'


def hostile_layer(directory):
    layer = write_recipe(directory, "odd", f'[package]\nname = "odd"\nsummary = {toml(HOSTILE)}\n[build]\nscript = "odd.sh"\n')
    (layer / "scripts").mkdir(exist_ok=True)
    (layer / "scripts/odd.sh").write_text("")
    return layer


def test_tables_that_do_not_show_are_refused(swage, tmp_path):
    """On a terminal and in a pipe, and in JSON: what the text holds is spelt out."""
    layer = hostile_layer(tmp_path)
    code, out = on_terminal(swage, "--layer", layer, "list", "packages")
    assert code == 2 and "error: 'summary' has characters that do not show: " in harmless(out) and HOSTILE_SEEN[:40] in harmless(out)
    assert HOSTILE_SEEN[:40] in swage("--layer", layer, "list", "packages").fails(2).err
    code, out = on_terminal(swage, "--layer", layer, "list", "packages", "--json")
    assert code == 2 and "has characters that do not show" in json.loads(harmless(out))["error"]["what"]


def test_tables_in_errors(swage, tmp_path):
    layer = write_recipe(tmp_path, "odd", f'[package]\nname = "odd"\n{toml(HOSTILE)} = 1 # {HOSTILE}\n[build]\nscript = "odd.sh"\n'.replace("\x1b", "").replace("\x07", "").replace("\x7f", ""))
    code, out = on_terminal(swage, "--layer", layer, "check", layer)
    assert code == 2 and "\\u009b2J" in harmless(out)


def test_a_lock_file_in_errors(planner):
    lock = json.loads((planner.home / "swage.lock").read_text())
    lock["files"][HOSTILE] = lock["files"].pop(next(iter(lock["files"])))
    (planner.home / "swage.lock").write_text(json.dumps(lock, ensure_ascii=False))
    code, out = on_terminal(planner, "plan", "linux@6.1", "--for", "arm64")
    assert code != 0 and HOSTILE_SEEN in harmless(out)


def test_words_of_the_command_line(swage):
    for args in (["build", HOSTILE], [HOSTILE], ["build", "--" + HOSTILE], ["list", HOSTILE], ["store", "path-info", "/nix/store/" + HOSTILE]):
        code, out = on_terminal(swage, *args)
        assert code != 0 and "\\u009b2J" in harmless(out), args


def test_errors_are_made_visible_in_pipes_too(swage):
    assert swage("build", HOSTILE + "\nhint: run this").fails(2).err == (
        f"error: '{HOSTILE_SEEN}\n  hint: run this' is not a target\nhint: see what there is with: swage list packages\n")


def test_names_of_files(swage, tmp_path):
    store = swage.home / "nix/store"
    swage("store", "verify").ok()
    (store / HOSTILE).write_text("x")
    _, out = on_terminal(swage, "store", "verify")
    assert HOSTILE_SEEN in harmless(out)
    named = b"raw\x9b2J"
    (store / HOSTILE).rename(store / named.decode("latin-1"))
    open(bytes(store) + b"/" + named, "w").close()
    _, out = on_terminal(swage, "store", "verify")
    assert "raw\\x9b2J" in harmless(out)
    assert swage("store", "verify", "--json").json()["problems"], "bytes that are no UTF-8 do not end the JSON"
