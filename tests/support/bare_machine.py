"""A machine as README wants one: a fresh Debian with git and make, whose user has nothing of his own yet."""
import os
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).with_name("bare_machine.sh")


def programs() -> list[str]:
    """Of the packages that every Debian has, and of git, make and apt, which checks signatures; under all names that these have."""
    rows = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Essential} ${Priority}\n"], check=True, capture_output=True, text=True).stdout
    packages = [row.split()[0] for row in rows.splitlines() if row.split()[1:] in (["yes", "required"], ["no", "required"], ["yes", "important"])]
    files = subprocess.run(["dpkg", "-L", *packages, "git", "make", "apt", "gpgv"], capture_output=True, text=True).stdout
    paths = [pathlib.PurePath(line) for line in files.splitlines()]
    names = {path.name for path in paths if path.parent.name in ("bin", "sbin")}
    return sorted(names | {link.name for link in pathlib.Path("/usr/bin").iterdir() if link.is_symlink() and link.resolve().name in names})


class BareMachine:
    """Runs lines of the shell there, for who has `swage` (support/swage_cli.py), with an empty HOME."""

    def __init__(self, swage, directory: pathlib.Path):
        self.swage, self.directory, self.work, self.home = swage, directory, directory / "work", directory / "user"
        for path in [self.work, self.home, directory / "place"]:
            path.mkdir(parents=True, exist_ok=True)
        (directory / "programs").write_text("\n".join(programs()) + "\n")
        (directory / "enter.sh").write_text(SCRIPT.read_text())

    def __call__(self, line: str, cwd=None, timeout=1800) -> subprocess.CompletedProcess:
        place = str(self.directory / "place")
        argv = [*self.swage.prefix, "unshare", "--user", "--map-root-user", "--mount", "sh", str(self.directory / "enter.sh"), place,
                str(self.directory / "programs"), str(self.swage.program), "env", f"HOME={self.home}", "sh", "-c", line]
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SWAGE_HOME": str(self.swage.home),
               "NO_COLOR": "1", "SHELL": "/bin/sh", **{name: os.environ[name] for name in ["TMPDIR"] if name in os.environ}}
        return subprocess.run(argv, cwd=cwd or self.work, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
