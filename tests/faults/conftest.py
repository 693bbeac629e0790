import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from layer import write_layer  # noqa: E402


class Faulty:
    """swage as an ordinary user, over the fault layer, with a lock of its own in a shared home."""

    def __init__(self, swage, layer, lock):
        self.swage = swage
        self.options = ["--layer", str(layer), "--lock", str(lock)]

    def __call__(self, *args, **kwargs):
        return self.swage(*args, *self.options, **kwargs)

    def start(self, *args, **kwargs):
        return self.swage.start(*args, *self.options, **kwargs)

    def out(self, target):
        rows = self("plan", target, "--json").ok().json()["derivations"]
        return next(row for row in rows if row["name"] == target or row["name"].endswith(target.replace("@", "-")))["outputs"]["out"]

    def forget(self, *targets):
        """Deletes what the targets made, so that the next build makes it again."""
        for target in targets:
            if self("store", "path-info", self.out(target)).code == 0:
                self("store", "delete", self.out(target)).ok()


@pytest.fixture(scope="session")
def faulty(rootless):
    layer = write_layer(rootless.cwd)
    for path in [layer, *layer.rglob("*")]:
        if os.geteuid() == 0:
            shutil.chown(path, "swage-test")
    lock = rootless.cwd / "fault.lock"
    swage = Faulty(rootless, layer, lock)
    swage("lock", "--update").ok()
    return swage
