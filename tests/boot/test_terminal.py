"""A build whose log attacks the terminal."""
import subprocess

from swage_cli import write_recipe
from terminal import HOSTILE, HOSTILE_SEEN, harmless, on_terminal

LINES = [HOSTILE.encode(), b"raw \x9b2J \xff", b"\x1b[31mred\x1b[0m\tand a tab", b"error: not swage's own"]
SEEN = [HOSTILE_SEEN, "raw \\x9b2J \\xff", "red\tand a tab", "error: not swage's own"]


def test_a_hostile_log(rootless, tmp_path):
    layer = write_recipe(tmp_path, "odd", '[package]\nname = "odd"\n[build]\nscript = "odd.sh"\n[env]\nname = "odd"\n')
    octal = ["".join(f"\\\\0{byte:03o}" for byte in line) for line in LINES]
    (layer / "scripts").mkdir()
    (layer / "scripts/odd.sh").write_text("".join(f"printf '%b\\n' {line}\n" for line in octal) + "$busybox sleep 1\nexit 3\n")
    code, out = on_terminal(rootless, "--layer", layer, "build", "odd", "-L")
    shown = harmless(out)
    assert code == 1
    for line in SEEN:
        assert f"odd> {line}\n" in shown and f"\n  {line}\n" in shown, "with -L, and in the error"
    code, out = on_terminal(rootless, "--layer", layer, "log", "odd")
    assert code == 0 and harmless(out) == "\n".join(SEEN) + "\n"
    raw = subprocess.run(rootless.argv("--layer", layer, "log", "odd"), cwd=rootless.cwd, env=rootless.env, capture_output=True, check=True).stdout
    assert raw == b"\n".join(LINES) + b"\n", "a pipe gets the bytes"
