"""The Debian package, on a Debian 12 that has nothing but what every Debian has and what the package asks for: no compiler, no git, no QEMU,
no checkout. It is made by mmdebstrap from the host's own sources."""
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import pytest

from swage_cli import PROGRAM, ROOT

ENTER = ROOT / "tests/support/fresh_root.sh"
PREFIX_PATHS = ["usr/bin/swage", "usr/share/swage/catalog/platforms.toml", "usr/share/man/man1/swage.1.gz", "usr/share/man/man1/swage-boot.1.gz",
                "usr/share/bash-completion/completions/swage", "usr/share/zsh/vendor-completions/_swage",
                "usr/share/fish/vendor_completions.d/swage.fish", "usr/share/doc/swage/README.md", "usr/share/doc/swage/copyright"]


def run(*args, **kwargs):
    done = subprocess.run(list(map(str, args)), capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, f"{args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def deb(tmp_path_factory):
    place = tmp_path_factory.mktemp("deb")
    run("cpack", "--config", PROGRAM.parent / "CPackConfig.cmake", "-B", place, cwd=place, timeout=600)
    found, = place.glob("*.deb")
    return found


def test_its_name_and_what_it_asks_for(deb):
    assert re.fullmatch(r"swage_[0-9.]+_amd64\.deb", deb.name)
    depends = run("dpkg-deb", "-f", deb, "Depends").strip()
    names = {one.split()[0] for one in depends.split(", ")}
    assert {"apt", "libc6", "libstdc++6", "libcurl4", "libarchive13"} <= names
    assert not any(re.match("qemu|gcc|g\\+\\+|git|nix|busybox", name) for name in names), "those come from the store"


def test_what_is_in_it(deb):
    files = {line.split(maxsplit=5)[5].removeprefix("./") for line in run("dpkg-deb", "-c", deb).splitlines()}
    assert set(PREFIX_PATHS) <= files
    assert {line.split()[1] for line in run("dpkg-deb", "-c", deb).splitlines()} == {"root/root"}
    commands = {pathlib.Path(name).name for name in files if name.startswith("usr/share/man/man1/") and name.endswith(".gz")}
    shown = run(PROGRAM, "complete-words", "").splitlines()
    assert commands == {"swage.1.gz", *(f"swage-{line.split(chr(9))[0]}.1.gz" for line in shown)}


def apt_lines() -> str:
    """The host's sources of its own release, a line each; mmdebstrap finds the distribution's keys itself."""
    codename = re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)[1]
    rows = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages", "Component: main").splitlines()
    lines = []
    for row in rows:
        uri, suite = row.split()
        if suite in (codename, f"{codename}-updates", f"{codename}-security"):
            lines.append(f"deb {uri} {suite} main")
    return "\n".join(sorted(set(lines))) + "\n"


def apt_options() -> list[str]:
    """What the host's apt needs to reach them."""
    wanted = ("Acquire::http::Proxy ", "Acquire::https::Proxy ", "Acquire::Check-Valid-Until ")
    return [line for line in run("apt-config", "dump").splitlines() if line.startswith(wanted)]


@pytest.fixture(scope="module")
def machine(deb, rootless, tmp_path_factory, request):
    """Runs a command there as the user of the other tests, whose home it has."""
    if os.geteuid() != 0:
        pytest.skip("not root: another root cannot be made")
    place = tmp_path_factory.mktemp("fresh")
    fresh = place / "root"
    request.addfinalizer(lambda: run("rm", "-rf", "--one-file-system", fresh))
    (place / "sources.list").write_text(apt_lines())
    options = [f"--aptopt={option}" for option in apt_options()]
    run("mmdebstrap", "--variant=apt", *options, "bookworm", fresh, place / "sources.list", timeout=1200)
    shutil.copy(deb, fresh / "tmp/swage.deb")
    shutil.copy("/etc/resolv.conf", fresh / "etc/resolv.conf")
    before = set(run("dpkg-query", f"--admindir={fresh}/var/lib/dpkg", "-W", "-f", "${Package}\n").split())
    run("chroot", fresh, "apt-get", "update", "-q", timeout=600)   # mmdebstrap leaves no indices
    run("chroot", fresh, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends", "/tmp/swage.deb", timeout=600)
    user = pwd.getpwnam("swage-test")
    run("chroot", fresh, "useradd", "--uid", user.pw_uid, "--create-home", "--shell", "/bin/sh", user.pw_name)
    inside = fresh / "home" / user.pw_name / ".local/share/swage"
    inside.mkdir(parents=True)
    for path in [inside, *inside.parents][:3]:
        os.chown(path, user.pw_uid, user.pw_gid)

    def enter(*command, code=0, home=rootless.home, timeout=1800):
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", ENTER, fresh, home, user.pw_name, *command]
        done = subprocess.run(list(map(str, argv)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    enter.root, enter.before = fresh, before
    return enter


def test_the_machine_is_bare(machine):
    names = ["gcc", "cc", "ld", "make", "git", "python3", "nix", "busybox", "qemu-system-aarch64", "flex", "bc"]
    assert machine("sh", "-c", f"for name in {' '.join(names)}; do command -v $name; done; command -v swage") == "/usr/bin/swage\n"
    machine("test", "!", "-e", ROOT)
    assert machine("id", "-un") == "swage-test\n"


def test_little_comes_with_it(machine):
    now = set(run("dpkg-query", f"--admindir={machine.root}/var/lib/dpkg", "-W", "-f", "${Package}\n").split())
    came = now - machine.before
    assert "swage" in came and not any(re.match("gcc-1|g\\+\\+|qemu|python|nix", name) for name in came), came
    assert run("chroot", machine.root, "dpkg", "--verify", "swage") == ""


def test_it_finds_its_catalog(machine):
    assert machine("swage", "list", "kernels").startswith("VERSION")
    checks = {check["name"]: check for check in json.loads(machine("swage", "doctor", "--json"))["checks"]}
    assert checks["catalog"]["what"].startswith("/usr/share/swage/catalog:")
    assert [name for name, check in checks.items() if check["state"] == "fail"] == []


def test_a_kernel_boots(machine):
    """The boot itself is made here and now, in a sandbox of this machine's. What it is made from is in the home of the other tests: test_boot.py,
    which comes first, has compiled the same kernel."""
    words = ["swage", "boot", "linux@6.1", "--for", "arm64", "--json"]
    boot, = json.loads(machine(*words))["boots"]
    machine("swage", "store", "delete", re.match(r".*(/nix/store/[^/]+)", boot["log"])[1])
    again, = json.loads(machine(*words))["boots"]
    assert [part["name"] for part in again["parts"] if part["builtNow"]] == [f"boot-linux-{again['kernel']}-arm64"]
    assert again["banner"] == boot["banner"] and again["userland"].startswith("swage-boot-ok: ")


def test_a_build_is_that_of_another_machine(machine):
    """Bit for bit: what this machine builds is what the checkout's program has built, where that has. Of the boot's toolchain, to fetch no other."""
    machine("swage", "build", "initramfs", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64", "--no-link", "--check")


def test_it_goes_without_a_trace(machine):
    """The last test: removes it."""
    run("chroot", machine.root, "dpkg", "--purge", "swage")
    assert [path for path in PREFIX_PATHS if (machine.root / path).exists()] == []
    assert not (machine.root / "usr/share/swage").exists()
