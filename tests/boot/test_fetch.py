"""What swage fetch brought is all that a real build needs: it is made in a network of nothing, in a home of its own."""
import shutil
import subprocess

import pytest


def test_what_was_fetched_is_built_in_a_network_of_nothing(rootless, tmp_path):
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*rootless.prefix, *alone, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces here")
    home = rootless.cwd / "fetched"
    shutil.rmtree(home, ignore_errors=True)
    target = ["zlib", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64", "--home", home]
    before = rootless.prefix

    def offline(*args):
        rootless.prefix = [*before, *alone]
        try:
            return rootless(*args, "--offline")
        finally:
            rootless.prefix = before
    try:
        rootless("lock", "--home", home).ok()
        planned = rootless("fetch", *target, "--dry-run", "--json").ok().json()
        assert "files are missing, and --offline asks no network for them\n" in offline("build", *target, "--no-link").fails(4).err
        got = rootless("fetch", *target, "--json").ok().json()
        assert got["fetched"] == len(planned["files"]) > 50 and got["bytes"] == planned["bytes"] > 50e6
        assert offline("fetch", *target).ok().out == "nothing is to be fetched: all is there\n"
        built = offline("build", *target, "--no-link", "--print-out-paths", "--json").ok().json()
        assert [row["state"] for row in built["results"]] == ["built"] and len(built["built"]) > 3
    finally:
        subprocess.run([*before, "chmod", "-R", "u+w", home], capture_output=True)
        subprocess.run([*before, "rm", "-rf", home], check=True)
