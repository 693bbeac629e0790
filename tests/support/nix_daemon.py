"""Real Nix daemons for tests: each of one release, unpacked or the host's, with a store, a configuration and a socket of its own."""
import os
import pathlib
import subprocess
import time

from extracted import command, extracted

SUITES = {"2.3.7": "bullseye", "2.8.0": "bookworm", "2.26.3": "trixie", "2.34.8": "forky"}
# The machine with another /nix, in a mount namespace: $1 is a new directory, $2 what is to be /nix.
ENTER = r"""set -e
new=$1 nix=$2; shift 2
mount -t tmpfs none "$new"
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "$new$entry"
  elif [ -d "$entry" ] && [ "$entry" != /nix ]; then mkdir "$new$entry"; mount --rbind "$entry" "$new$entry"; fi
done
mkdir "$new/nix" "$new/.old"
mount --bind "$nix" "$new/nix"
cd "$new"; pivot_root . .old; umount -l /.old; cd /
exec "$@"
"""


class NixDaemon:
    """`place` is a new directory. What `settings` says is put into its nix.conf."""

    def __init__(self, place, version=None, settings=""):
        self.place, self.root = place, extracted(SUITES[version], "nix-bin") if version else None
        self.store, self.socket, self.log = place / "root", place / "state/daemon-socket/socket", place / "log"
        place.mkdir(parents=True)
        (place / "nix.conf").write_text("build-users-group =\nexperimental-features = nix-command\nsandbox = true\nsandbox-paths =\n"
                                        "substitute = false\n" + settings)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(place), "NIX_CONF_DIR": str(place), "NIX_STATE_DIR": str(place / "state")}
        self.enter = []
        if version == "2.3.7":   # that reads what it gives out from /nix/store, wherever its store is
            (place / "new").mkdir()
            (self.store / "nix").mkdir(parents=True)
            self.enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
                          "/bin/sh", "-c", ENTER, "sh", str(place / "new"), str(self.store / "nix")]
            self.env["NIX_STATE_DIR"] = "/nix/var/nix"
            self.socket = self.store / "nix/var/nix/daemon-socket/socket"
        self.process = None

    def argv(self, program, *args):
        before = command(self.root, program, "usr/lib/nix") if self.root else [program]
        return [*self.enter, *before, *map(str, args), *([] if self.enter else ["--store", str(self.store)])]

    def __call__(self, program, *args, code=0):
        """A program of that Nix, on the daemon's store."""
        env = {**self.env, "NIX_REMOTE": "local"}
        done = subprocess.run(self.argv(program, *args), env=env, cwd=self.place, capture_output=True, text=True, timeout=300)
        assert code is None or done.returncode == code, done
        return done

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.argv("nix-daemon"), env=self.env, cwd=self.place, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self.socket.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    @property
    def uri(self):
        return f"unix://{self.socket}"


def sleepers(seconds):
    """Builders that sleep for so long."""
    return [place for place in pathlib.Path("/proc").iterdir() if place.name.isdigit() and f"sleep\0{seconds}\0".encode() in read(place / "cmdline")]


def read(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""
