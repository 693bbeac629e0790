"""Interactive shells on a terminal, whose line is read back after keys were typed: what completion really makes of it."""
import pathlib
import time

import pexpect

TAB, SHOW = "\t", "\x18"   # Ctrl-X writes the line to a file


class Typing:
    def __init__(self, argv: list[str], start: list[str], directory: pathlib.Path, env: dict[str, str]):
        self.seen = directory / "line"
        self.shell = pexpect.spawn(argv[0], argv[1:], cwd=directory, env={**env, "SEEN": str(self.seen), "TERM": "dumb", "HOME": str(directory)},
                                   encoding="utf-8", timeout=30, dimensions=(50, 200))
        for line in [*start, "echo rea''dy"]:
            self.shell.sendline(line)
        self.shell.expect("\r\nready")

    def __call__(self, keys: str) -> str:
        """The line after these keys, which is then thrown away."""
        self.seen.unlink(missing_ok=True)
        self.shell.send(keys + SHOW)
        end = time.monotonic() + 20
        while not self.seen.exists() or not self.seen.read_text().endswith("\n"):
            assert time.monotonic() < end, f"no line after {keys!r}: {self.shell.before}"
            time.sleep(0.02)
        self.shell.send("\x15")   # Ctrl-U
        return self.seen.read_text()[:-1]

    def close(self):
        self.shell.close(force=True)
