#!/usr/bin/env python3
"""A home for the quick mode, which asks no network: a lock file made up from the catalog, enough to plan, the machine's own busybox as the one
that builds start with, and a layer with a package that needs nothing else.
usage: bench/quick_home.py PROGRAM HOME       prints the words that stand for the package"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

program, home = (pathlib.Path(word).resolve() for word in sys.argv[1:])
os.environ["SWAGE_PROGRAM"] = str(program)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/support"))
from swage_cli import Swage, made_up_lock, pin_sources  # noqa: E402

FILES = {
    "packages/quick/recipe.toml": '[package]\nname = "quick"\nversion = "1"\n[build]\nscript = "quick.sh"\n',
    "scripts/quick.sh": "echo quick > $out\n",
}


def add_busybox(scratch: pathlib.Path) -> str:
    """Puts it into the store where the lock file will expect it; gives its hash."""
    (scratch / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", scratch / "bin/busybox")
    nix = ["nix-store", "--store", str(home), "--option", "build-users-group", ""]
    path = subprocess.run([*nix, "--add-fixed", "--recursive", "sha256", str(scratch)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    done = subprocess.run([*nix, "--query", "--hash", path], check=True, stdout=subprocess.PIPE, text=True)
    plain = subprocess.run(["nix-hash", "--to-base16", "--type", "sha256", done.stdout.strip().removeprefix("sha256:")], check=True,
                           stdout=subprocess.PIPE, text=True)
    return plain.stdout.strip()


for name, text in FILES.items():
    (home / "layer" / name).parent.mkdir(parents=True, exist_ok=True)
    (home / "layer" / name).write_text(text)
catalog = pathlib.Path(os.environ["SWAGE_CATALOG"]).resolve()
swage = Swage(home, home, env={"SWAGE_CATALOG": str(catalog)})
lock = json.loads(made_up_lock(swage))
pin_sources(lock, sorted(catalog.glob("packages/*/recipe.toml")))
lock["seeds"]["busybox"]["nar_sha256"] = add_busybox(home / "scratch/busybox")
(home / "swage.lock").write_text(json.dumps(lock))
print(f"quick --layer {home}/layer")
