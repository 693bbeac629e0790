"""A damaged store mends itself by building again what is missing: the same bytes, so that what refers to it stays."""
import subprocess


def test_what_was_built_is_built_again(rootless):
    target = ["zlib", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64"]
    out = rootless("build", *target, "--no-link", "--json").ok().json()["results"][0]["outputs"]["out"]
    subprocess.run([*rootless.prefix, "chmod", "-R", "u+w", out["realPath"]], check=True)
    subprocess.run([*rootless.prefix, "rm", "-r", out["realPath"]], check=True)
    assert f"missing: {out['path']} (" in rootless("store", "verify", "--no-contents").fails(1).out
    mended = rootless("store", "verify", "--no-contents", "--repair").ok()
    assert f"repaired: {out['path']} (built again, and the same)\n" in mended.out and "forgotten" not in mended.out
    assert "checking zlib-" in mended.err
    assert rootless("store", "verify", "--no-contents").ok().out.startswith("ok: ")
    again = rootless("build", *target, "--no-link", "--json").ok().json()
    assert again["built"] == [] and again["results"][0]["outputs"]["out"] == out
