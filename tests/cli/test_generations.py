"""The program by which an image's generations are kept, in a directory in place of the boot file system."""
import subprocess
import tomllib

import pytest

from swage_cli import ROOT

FILES = ["kernel8.img", "initramfs.cpio.gz", "cmdline.txt", "overlays/README", "board.dtb"]


class Card:
    def __init__(self, place):
        self.place, self.boot = place, place / "boot"
        parts = tomllib.loads((ROOT / "catalog/images/userlands.toml").read_text())["part"]
        files = next(part for part in parts if part["name"] == "generations")["files"]
        (place / "keep").write_text(files["etc/generations"])
        (place / "free").write_text("#!/bin/sh\necho head\necho disk 0 0 $(cat $0.is) 0 /\n")
        (place / "free").chmod(0o755)
        self.leave(1000000)
        text = files["usr/sbin/generation"]
        for old, new in {"boot=/run/boot": f"boot={self.boot}", "/etc/generations": f"{place}/keep", "/run/generation": f"{place}/running",
                         'grep -q " $boot vfat " /proc/mounts || mount': ": || mount", "df -k": f"{place}/free -k"}.items():
            assert old in text
            text = text.replace(old, new)
        (place / "generation").write_text(text)
        self.generation(self.boot / "swage/1")
        (self.boot / "config.txt").write_text("arm_64bit=1\nos_prefix=swage/1/\ndevice_tree=board.dtb\n")

    def generation(self, directory, leave_out=""):
        for name in FILES:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            if name != leave_out:
                (directory / name).write_text(f"{directory.name} {name}\n")
        return directory

    def leave(self, kib):
        (self.place / "free.is").write_text(str(kib))

    def start(self):
        (self.place / "running").unlink(missing_ok=True)

    def __call__(self, *words):
        return subprocess.run(["sh", self.place / "generation", *map(str, words)], capture_output=True, text=True)

    def list(self):
        return self("list").stdout.splitlines()


@pytest.fixture
def card(tmp_path):
    return Card(tmp_path)


def test_a_new_one_is_for_the_next_start_and_the_way_back_is_open(card):
    assert card.list() == ["1 next running"]
    assert card("add", card.generation(card.place / "new")).returncode == 0
    assert card.list() == ["1 running", "2 next"]
    assert (card.boot / "config.txt").read_text() == "arm_64bit=1\nos_prefix=swage/2/\ndevice_tree=board.dtb\n"
    assert (card.boot / "swage/2/overlays/README").read_text() == "new overlays/README\n"
    card.start()
    assert card.list() == ["1", "2 next running"]
    assert card("use", 1).returncode == 0
    assert card.list() == ["1 next", "2 running"]
    assert card("path", 2).stdout == f"{card.boot}/swage/2\n"


def test_the_oldest_go_but_never_what_runs_or_is_next(card):
    for _ in range(4):
        assert card("add", card.generation(card.place / "new")).returncode == 0
    assert card.list() == ["1 running", "3", "4", "5 next"], "four are kept, and 1 runs"


def test_what_does_not_fit_is_refused_and_changes_nothing(card):
    for _ in range(2):
        assert card("add", card.generation(card.place / "new")).returncode == 0
    size = int(subprocess.run(["du", "-sk", card.boot / "swage/2"], capture_output=True, text=True).stdout.split()[0])
    card.leave(100)
    got = card("add", card.place / "new")
    assert got.returncode == 1 and got.stderr == (
        f"generation: it needs {size + 1024} KiB, and {size + 100} are free beside what starts this machine\n")
    assert card.list() == ["1 running", "2", "3 next"] and not (card.boot / "swage/new").exists()
    card.leave(1024)
    assert card("add", card.place / "new").returncode == 0
    assert card.list() == ["1 running", "3", "4 next"], "2 went, since there was no room beside it"


def test_what_is_no_generation_is_refused(card):
    for missing in FILES:
        half = card.generation(card.place / f"without-{missing.replace('/', '-')}", leave_out=missing)
        assert card("add", half).stderr == f"generation: '{half}' has no {missing}\n"
    assert card("use", 7).stderr == "generation: there is no '7': 1 \n"
    assert card("use").stderr == "generation: which one? generation use N\n"
    assert card("path", "../..").stderr == "generation: which one? generation path N\n"
    assert card().stderr == "generation: generation list | path N | add DIRECTORY | use N\n"
    assert card.list() == ["1 next running"]
