"""Programs of other releases of the distribution, unpacked and not installed: they run by their own loader and with their own libraries, so
nothing of the machine changes. Made by mmdebstrap from the host's mirror, once; `make clean` forgets them."""
import os
import pathlib
import shutil
import subprocess

from swage_cli import PROGRAM

PLACE = pathlib.Path(os.environ.get("SWAGE_TEST_HOMES", PROGRAM.parent / "test-homes")) / "extracted"


def mirror() -> str:
    codename = next(line.split("=")[1].strip() for line in open("/etc/os-release") if line.startswith("VERSION_CODENAME="))
    rows = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages", "Component: main"],
                          check=True, capture_output=True, text=True).stdout
    return next(row.split()[0] for row in rows.splitlines() if row.split()[1] == codename)


def apt_options() -> list[str]:
    """What the host's apt needs to reach it. A mirror that stands still has lists that have run out."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    wanted = ("Acquire::http::Proxy ", "Acquire::https::Proxy ", "Acquire::Check-Valid-Until ")
    return [f"--aptopt={line}" for line in dump.splitlines() if line.startswith(wanted)]


def extracted(suite: str, package: str) -> pathlib.Path:
    root = PLACE / f"{suite}-{package}"
    if not root.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        part = PLACE / f"{suite}-{package}.part"
        shutil.rmtree(part, ignore_errors=True)
        done = subprocess.run(["mmdebstrap", *apt_options(), "--variant=extract", f"--include={package}", suite, str(part),
                               f"deb {mirror()} {suite} main"], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        part.rename(root)
    return root


def command(root: pathlib.Path, program: str, *beside: str) -> list[str]:
    """What runs /usr/bin/PROGRAM or /usr/sbin/PROGRAM of it; `beside`: other directories of libraries."""
    libraries = [root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"]
    loader = next(path for path in (directory / "ld-linux-x86-64.so.2" for directory in libraries) if path.exists())
    file = next(path for path in (root / "usr/bin" / program, root / "usr/sbin" / program) if path.exists())
    path = ":".join(map(str, [*(root / directory for directory in beside), *libraries]))
    return [str(loader), "--library-path", path, str(file)]
