"""A target whose sources are made up, with those who give them: a pool of packages, an upstream, and an archive of old packages."""
import hashlib
import json
import os
import shutil
import subprocess

from made_up_cache import nar
from swage_cli import Swage

TARBALL = b"the sources of blob" * 1000
SEEN = ["20260130T235959Z", "20260131T235959Z"]
RECIPE = """[package]
name = "blob"
version = "1"
summary = "made up"
license = "MIT"
homepage = "https://example.org/"
[source]
urls = ["{url}"]
sha256 = "{sha256}"
size = {size}
[build]
script = "blob.sh"
[env]
name = "blob"
src = "{{source}}"
"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path_of(data: bytes) -> str:
    """In a mirror."""
    return f"sha256/{sha256(data)[:2]}/{sha256(data)}"


class World:
    """A target of two files: the archive of a URL, and a package of the distribution, pinned on 2026-01-30."""
    def __init__(self, planner: Swage):
        self.swage, self.cwd = planner, planner.cwd
        self.pool, self.upstream, self.old = self.cwd / "pool", self.cwd / "upstream", self.cwd / "old"
        for directory in (self.pool, self.upstream, self.old):
            directory.mkdir()
        (self.upstream / "blob-1.tar").write_bytes(TARBALL)
        self.sources = self.cwd / "sources.list"
        (self.cwd / "apt.conf").write_text(f'Dir::Etc::sourcelist "{self.sources}";\nDir::Etc::sourceparts "/dev/null";\n')
        self.swage.env["APT_CONFIG"] = str(self.cwd / "apt.conf")
        deb = self.cwd / "deb"
        (deb / "DEBIAN").mkdir(parents=True)
        (deb / "bin").mkdir()
        (deb / "bin/busybox").write_text("a shell")
        (deb / "bin/busybox").chmod(0o755)
        (deb / "DEBIAN/control").write_text("Package: shell\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n")
        self.deb = self.pool / "pool/main/s/shell_1_all.deb"
        self.deb.parent.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", deb, self.deb], check=True, capture_output=True)
        self.package = self.deb.read_bytes()
        lock = json.loads((planner.home / "swage.lock").read_text())
        lock["version"] = 2
        lock["files"][sha256(self.package)] = {"name": "shell", "version": "1", "path": "pool/main/s/shell_1_all.deb", "size": len(self.package),
                                               "seen": "2026-01-30 debian"}
        lock["seeds"]["busybox"] = {"sha256": sha256(self.package), "member": "./bin/busybox", "nar_sha256": sha256(runnable_nar("a shell"))}
        self.lock = self.cwd / "swage.lock"
        self.lock.write_text(json.dumps(lock))
        self.layer = self.cwd / "layer"
        (self.layer / "packages/blob").mkdir(parents=True)
        (self.layer / "scripts").mkdir()
        (self.layer / "scripts/blob.sh").write_text("exit 1\n")
        self.host(f"file://{self.pool}")
        self.write()

    def host(self, *urls):
        """The mirrors of the host's apt."""
        codename = next(line.split("=")[1].strip('"\n') for line in open("/etc/os-release") if line.startswith("VERSION_CODENAME="))
        self.sources.write_text("".join(f"deb [trusted=yes] {url} {codename} main\n" for url in urls))

    def write(self, upstream=None, old=()):
        url = upstream or f"file://{self.upstream}"
        (self.layer / "packages/blob/recipe.toml").write_text(RECIPE.format(url=f"{url}/blob-1.tar", sha256=sha256(TARBALL), size=len(TARBALL)))
        (self.layer / "roots.toml").write_text("".join(
            f'[[archive]]\nname = "{name}"\noverride = true\nold = {json.dumps([f"{at}/{name}/{{day}}T235959Z/{{path}}" for at in old])}\n'
            for name in ("debian", "debian-security")))

    def __call__(self, *args, home="home", **kwargs):
        return self.swage(*args, "--layer", self.layer, "--lock", self.lock, "--home", self.cwd.parent / home, **kwargs)

    def fetch(self, *args, home="home", **kwargs):
        """Everything that a build of it needs from outside."""
        return self("plan", "blob", "--instantiate", *args, home=home, **kwargs)

    def is_fetched(self, home="home"):
        store = self.cwd.parent / home / "nix/store"
        names = [name for name in os.listdir(store) if name != ".links"] if store.exists() else []
        assert self("store", "verify", "--json", home=home).ok().json()["problems"] == []
        return any(name.endswith("-blob-1.tar") for name in names) and any(name.endswith("-busybox") for name in names)

    def gone(self):
        """Those who had the files have them no more."""
        (self.upstream / "blob-1.tar").unlink()
        shutil.rmtree(self.pool / "pool")


def runnable_nar(text: str) -> bytes:
    """Of bin/busybox, which may be run."""
    plain = nar({"bin": {"busybox": text}})
    word = b"contents"
    head = plain.index(len(word).to_bytes(8, "little") + word)
    runnable = b"executable"
    return plain[:head] + len(runnable).to_bytes(8, "little") + runnable + bytes(6) + bytes(8) + plain[head:]
