"""Why what a cache has is not what is wanted: each kind of input that changed is named, and nothing else, in a home that has nothing of it."""
import json
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from made_up_cache import MadeUpCache, Served  # noqa: E402
from s3_server import KEY, SECRET, S3Server  # noqa: E402
from swage_cli import Swage, catalog_without_evidence  # noqa: E402

BUSYBOX = ["busybox", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64"]
KERNEL = ["linux@6.1", "--for", "arm64", "--config", "tiny"]


def planned(swage, words):
    return swage("plan", *words, "--json").ok().json()["derivations"]


@pytest.fixture
def world(planner, tmp_path):
    """A cache that was filled from a home that has a package and a kernel, made elsewhere, and another home that has neither."""
    made = MadeUpCache(planner.cwd / "made")
    for words, name in [(BUSYBOX, "busybox-"), (KERNEL, "linux-6.1")]:
        row = next(row for row in planned(planner, words) if row["name"].startswith(name) and "out" in row["outputs"] and row["name"].endswith("-arm64"))
        for output in row["outputs"].values():
            made.add(output, {"made": output}, Deriver=row["drv"].removeprefix("/nix/store/"))
        planner("build", *words, "--no-link", "--substituters", made.directory, "--no-require-sigs").ok()
        pushed = planner("cache", "push", *words, "--to", "./cache", "--json").ok().json()
        assert pushed["derivations"] > 5
    other = Swage(tmp_path / "other", planner.cwd)
    other.home.mkdir()
    (other.home / "swage.lock").write_text((planner.home / "swage.lock").read_text())
    other.filled = planner
    return other


def differences(swage, cache, *words):
    target, = swage("why-build", *words, "--cache", cache, "--json").ok().json()["targets"]
    assert target["had"] and not target["built"]
    return target["differences"]


def named(world, cache, tmp_path):
    assert world("why-build", *BUSYBOX, "--cache", cache).ok().out.startswith("'busybox-1.35.0-arm64' is in '")
    # A line of a script.
    catalog = catalog_without_evidence(tmp_path) if not (tmp_path / "catalog").exists() else tmp_path / "catalog"
    script = catalog / "scripts/packages/package.sh"
    if "# one more line" not in script.read_text():
        script.write_text(script.read_text() + "# one more line\n")
    one, = differences(world, cache, *BUSYBOX, "--catalog", catalog)
    assert (one["kind"], one["what"], one["lines"], one["within"]) == ("text", "package.sh", ["+# one more line"], ["busybox-1.35.0-arm64"])
    # A package of the lock file, of another version.
    lock = json.loads((world.home / "swage.lock").read_text())
    compiler = lock["sets"]["toolchain-c++:debian-bookworm-gcc-12-arm64"]["files"]
    at = next(i for i, sha256 in enumerate(compiler) if lock["files"][sha256]["name"] == "gcc-12-aarch64-linux-gnu")
    file, newer = lock["files"][compiler[at]], "0" * 64
    lock["files"][newer] = {**file, "version": "2.0-1", "path": file["path"].replace("_1.0-1_", "_2.0-1_")}
    compiler[at] = newer
    (tmp_path / "swage.lock").write_text(json.dumps(lock))
    one, = differences(world, cache, *BUSYBOX, "--lock", tmp_path / "swage.lock")
    assert (one["kind"], one["what"], one["had"], one["has"]) == ("package", "gcc-12-aarch64-linux-gnu", "1.0-1", "2.0-1")
    # Another compiler.
    one, = differences(world, cache, *BUSYBOX[:3], "--toolchain", "debian-bookworm-gcc-11-arm64")
    assert (one["kind"], one["had"], one["has"]) == (
        "input", "toolchain-debian-bookworm-gcc-12-arm64", "toolchain-debian-bookworm-gcc-11-arm64")
    # One configuration symbol.
    one, = differences(world, cache, *KERNEL, "--enable", "KPROBES")
    assert (one["kind"], one["had"], one["has"]) == ("setting", None, "CONFIG_KPROBES=y")


def test_of_a_directory(world, tmp_path):
    named(world, world.cwd / "cache", tmp_path)
    assert re.fullmatch(rf"'{world.cwd}/cache' has nothing that is called 'busybox-1.35.0-riscv64'\n",
                        world("why-build", "busybox", "--for", "riscv64", "--cache", "./cache").ok().out)


def test_of_a_web_server(world, tmp_path):
    with Served(world.cwd / "cache") as server:
        named(world, server.url, tmp_path)


def test_of_a_bucket(world, tmp_path):
    for swage in (world, world.filled):
        swage.env.update({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_SESSION_TOKEN": ""})
    with S3Server() as server:
        for words in (BUSYBOX, KERNEL):
            world.filled("cache", "push", *words, "--to", server.url).ok()
        named(world, server.url, tmp_path)


def test_what_is_damaged_or_missing_is_not_believed(world):
    files = list((world.cwd / "cache/derivations").glob("*-busybox-1.35.0-arm64.drv"))
    assert len(files) == 1
    check = ["cache", "check", "./cache", "--json"]
    before = len(world(*check).fails(1).json()["problems"])   # nothing is signed
    files[0].write_text(files[0].read_text().replace("busybox", "busyfox", 1))
    problems = world(*check).fails(1).json()["problems"]
    assert len(problems) == before + 1 and any(problem["name"] == f"derivations/{files[0].name}" for problem in problems)
    changed = [*BUSYBOX[:3], "--toolchain", "debian-bookworm-gcc-11-arm64", "--cache", "./cache"]
    assert "does not tell what its '/nix/store/" in world("why-build", *changed).fails(2).err
    files[0].unlink()
    world.filled("cache", "push", *BUSYBOX, "--to", "./cache").ok()   # what is missing is put back
    assert world("why-build", *changed, "--json").ok().json()["targets"][0]["had"]


def test_a_collection_takes_the_derivations_of_what_goes(world):
    before = set((world.cwd / "cache/derivations").iterdir())
    got = world("cache", "gc", "./cache", "--keep", "busybox-1.35.0-arm64", "--json").ok().json()
    left = {path.name for path in (world.cwd / "cache/derivations").iterdir()}
    assert got["derivations"] and len(left) == len(before) - len(got["derivations"])
    assert any(name.endswith("-busybox-1.35.0-arm64.drv") for name in left) and not any("-linux-6.1" in name and name.endswith("-arm64.drv") for name in left)
    one, = differences(world, "./cache", *BUSYBOX[:3], "--toolchain", "debian-bookworm-gcc-11-arm64")
    assert one["kind"] == "input"
