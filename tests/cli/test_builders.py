"""swage list builders: the machines that settings name. Of the fields and their mistakes: tests/unit/daemon/machines_test.cpp."""
import base64
import os

KEY = "ssh-ed25519 AAAA"


def uris(got):
    return [row["uri"] for row in got.ok().json()["builders"]]


def test_all_fields_are_told(swage):
    (swage.cwd / "machines").write_text(f"# office\nssh-ng://me@far.example x86_64-linux,i686-linux /root/.ssh/id 8 2.5 kvm big-parallel "
                                        f"{base64.b64encode(KEY.encode()).decode()}\nnear.example\n")
    got = swage("list", "builders", "--builders", "@machines", "--json").ok().json()["builders"]
    origin = {"layer": "", "file": "machines", "overridden": {}}
    assert got == [
        {"uri": "ssh-ng://me@far.example", "systems": ["i686-linux", "x86_64-linux"], "slots": 8, "speedFactor": 2.5, "features": ["kvm"],
         "mandatoryFeatures": ["big-parallel"], "sshKey": "/root/.ssh/id", "hostKey": KEY, "origin": {**origin, "line": 2}},
        {"uri": "ssh-ng://near.example", "systems": [], "slots": 1, "speedFactor": 1.0, "features": [], "mandatoryFeatures": [], "sshKey": None,
         "hostKey": None, "origin": {**origin, "line": 3}}]
    lines = swage("list", "builders", "--builders", "@machines").ok().out.splitlines()
    assert [line.split()[0] for line in lines] == ["URI", "ssh-ng://me@far.example", "ssh-ng://near.example"]


def test_the_nearest_setting_counts(swage):
    assert uris(swage("list", "builders", "--json")) == []
    (swage.cwd / "more").write_text("c.example\n")
    (swage.cwd / "swage.toml").write_text('builders = ["a.example; b.example", "@more"]\n')
    (swage.cwd / "below").mkdir()
    os.chmod(swage.cwd, 0o755)
    assert uris(swage("list", "builders", "--json")) == ["ssh-ng://a.example", "ssh-ng://b.example", "ssh-ng://c.example"]
    env = {"SWAGE_BUILDERS": "d.example"}
    assert uris(swage("list", "builders", "--json", env=env)) == ["ssh-ng://d.example"]
    assert uris(swage("list", "builders", "--json", env={"SWAGE_BUILDERS": ""})) == []
    assert uris(swage("list", "builders", "--json", "--builders", "e.example", "--builders", "f.example", env=env)) == [
        "ssh-ng://e.example", "ssh-ng://f.example"]


def test_mistakes_have_their_place(swage):
    assert swage("list", "builders", "--builders", "a.example - - many").fails(2).err == (
        "error: 'many' is no number of builds at once\n  --> --builders:1:15\n   1 | a.example - - many\n     |               ^^^^\n"
        "hint: the fourth field: how many that machine builds at once, as 8\n")
    (swage.cwd / "swage.toml").write_text('for = ["arm64"]\nbuilders = ["a.example", "b.example - - many"]\n')
    got = swage("list", "builders").fails(2).err
    assert got.startswith(f"error: 'many' is no number of builds at once\n  --> {swage.cwd}/swage.toml:2:26\n"), got
    assert swage("list", "builders", "--builders", "@none").fails(4).err == (
        "error: cannot open 'none': No such file or directory\n  --> --builders:1:1\n   1 | @none\n     | ^^^^^\n")
    assert swage("list", "roots", "--builders", "a.example").fails(2).err == "error: '--builders' is of no use for 'roots'\nnote: it is for builders\n"
