"""Why something is built anew: each kind of input that changed is named, and nothing else."""
import json
import re

from swage_cli import catalog_without_evidence

FOR_ARM64 = ["--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64"]


def differences(swage, *words):
    target, = swage("why-build", *words, "--json").ok().json()["targets"]
    assert target["had"] and not target["built"]
    return target["differences"]


def test_what_changed_is_named_and_nothing_else(rootless, tmp_path):
    built = rootless("build", "zlib", *FOR_ARM64, "--no-link", "--print-out-paths").ok().out.strip()
    assert rootless("why-build", "zlib", *FOR_ARM64).ok().out == "'zlib-1.3.1-arm64' is built: nothing is to be done\n"

    # A line of a script that every package of its build system runs.
    catalog = catalog_without_evidence(tmp_path)
    script = next(catalog.glob("scripts/packages/package.sh"))
    script.write_text(script.read_text() + "# one more line\n")
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(path.stat().st_mode | 0o755)
    found = differences(rootless, "zlib", *FOR_ARM64, "--catalog", catalog)
    assert len(found) == 1, found
    one = found[0]
    assert (one["kind"], one["what"], one["lines"], one["within"]) == ("text", "package.sh", ["+# one more line"], ["zlib-1.3.1-arm64"])
    said = rootless("why-build", "zlib", *FOR_ARM64, "--catalog", catalog).ok().out.splitlines()
    assert re.fullmatch(r"'zlib-1.3.1-arm64' differs from /nix/store/\S+-zlib-1.3.1-arm64.drv, built on \d{4}-\d\d-\d\d:", said[0])
    assert said[1:] == ["text 'package.sh' of zlib-1.3.1-arm64", "    +# one more line"]

    # A package of the distribution, of another version in the lock file.
    lock = json.loads((rootless.home / "swage.lock").read_text())
    compiler = lock["sets"]["toolchain-c++:debian-bookworm-gcc-12-arm64"]["files"]
    at = next(i for i, sha256 in enumerate(compiler) if lock["files"][sha256]["name"] == "gcc-12-aarch64-linux-gnu")
    file, other = lock["files"][compiler[at]], "0" * 64
    lock["files"][other] = {**file, "version": "12.9", "path": file["path"].replace("_12.2", "_12.9")}
    compiler[at] = other
    (tmp_path / "swage.lock").write_text(json.dumps(lock))
    (tmp_path / "swage.lock").chmod(0o644)
    one, = differences(rootless, "zlib", *FOR_ARM64, "--lock", tmp_path / "swage.lock")
    assert (one["kind"], one["what"], one["within"][0], one["within"][-1]) == (
        "package", "gcc-12-aarch64-linux-gnu", "zlib-1.3.1-arm64", "toolchain-debian-bookworm-gcc-12-arm64")
    assert one["had"].startswith("12.2.0") and one["has"].startswith("12.9")

    # Another compiler.
    one, = differences(rootless, "zlib", "--for", "arm64", "--toolchain", "debian-bookworm-gcc-11-arm64", "--against", built)
    assert (one["kind"], one["had"], one["has"]) == (
        "input", "toolchain-debian-bookworm-gcc-12-arm64", "toolchain-debian-bookworm-gcc-11-arm64")


def test_a_configuration_symbol_is_named(rootless):
    kernel = ["linux@6.1", "--for", "arm64", "--config", "tiny"]
    rootless("build", *kernel, "--no-link").ok()
    one, = differences(rootless, *kernel, "--enable", "KPROBES")
    assert (one["kind"], one["what"], one["had"], one["has"]) == ("setting", "config_lines", None, "CONFIG_KPROBES=y")


def test_what_there_is_nothing_to_compare_with(rootless, tmp_path):
    assert rootless("why-build", "zlib", "--for", "arm64", "--static", "--with", "nothing").fails(2).err.startswith("error: ")
    assert rootless("why-build", "zlib", *FOR_ARM64, "--against", "/nowhere").fails(2).err.startswith("error: '/nowhere' ")
    never = rootless("why-build", "psmisc", "--for", "hppa").ok().out
    assert re.fullmatch(r"'psmisc-\S+-hppa' was never built here\n", never)
