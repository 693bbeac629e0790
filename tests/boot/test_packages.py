"""Packages for another platform: a library, a program that is linked with it and runs under emulation, and what may not become one."""
import pathlib
import re
import shutil

import pytest

from helper_recipes import FILES, helper_recipe
from swage_cli import nix, write_recipe

# A compiler that the boots use too.
FOR_ARM64 = ["--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64"]

# Its source is only there because a package has one: the same as that of zlib, which the lock file has.
RECIPE = """[package]
name = "{name}"
version = "1"
[source]
debian = {{ suite = "trixie", package = "zlib" }}
[build]
system = "autotools"
[deps]
host = ["zlib"]
[phase]
configure = "true"
build = '''
cat > program.c <<END
#include <stdio.h>
#include <zlib.h>
int main(void) {{ printf("zlib %s\\\\n", zlibVersion()); return 0; }}
END
$CC -O2 program.c -o program -lz
'''
install = '''
mkdir -p $out/bin
{install}
'''
[test]
run = [{test}]
"""
INSTALL = "cp program $out/bin/program"


@pytest.fixture
def build(rootless, tmp_path):
    """Builds a package whose program is installed and tested as said."""
    def run(name, install=INSTALL, test='"$out/bin/program | grep -x \'zlib 1.3.1\'"'):
        layer = ["--layer", write_recipe(tmp_path, name, RECIPE.format(name=name, install=install, test=test))]
        return rootless(*layer, "build", name, *FOR_ARM64, "--no-link", "--print-out-paths"), lambda: rootless(*layer, "log", name, *FOR_ARM64).ok().out
    return run


def test_a_makefile_that_does_not_use_cc_is_told_what_is_wrong(rootless, tmp_path):
    """`cc` in a Makefile is the build machine's, which is there for programs that run during builds."""
    recipe = RECIPE.format(name="deaf", install=INSTALL, test="").replace("$CC -O2 program.c -o program -lz", "cc -x c -o program - << END\nint main(void) { return 0; }\nEND")
    layer = ["--layer", write_recipe(tmp_path, "deaf", recipe)]
    said = rootless(*layer, "build", "deaf", *FOR_ARM64, "--no-link").fails(1).err.splitlines()
    assert ("note: this is known: the build machine's compiler made it, which Makefiles call that do not use what CC and the like name") in said
    assert said[-1].startswith('hint: tell its Makefile: make = ["CC=$CC"] ')


def closure(swage, path):
    return {line.split("-", 1)[1] for line in swage("store", "path-info", "-r", path).ok().out.splitlines() if line.startswith("/")}


def test_a_foreign_program_finds_its_library_and_runs(rootless, build, tmp_path):
    layer = tmp_path / "layer"
    built, log = build("tells-version")
    path = built.ok().out.strip()
    assert "zlib 1.3.1\n" in log()
    ran = rootless("--layer", layer, "run", "tells-version", *FOR_ARM64, "--program", "program", "--", "--ignored")
    assert ran.ok().out == "zlib 1.3.1\n"
    missing = rootless("--layer", layer, "run", "tells-version", *FOR_ARM64, "--program", "nope").fails(2)
    assert "\nnote: it has: program\n" in missing.err
    assert closure(rootless, path) == {"tells-version-1-arm64", "zlib-1.3.1-arm64", "libc-debian-bookworm-gcc-12-arm64"}


@pytest.mark.parametrize("name, install, says", [
    ("leaks", INSTALL + "; echo $deps_build > $out/note", "note refers to /nix/store/"),
    ("keeps-headers", INSTALL + "; echo $deps_host > $out/note", "-zlib-1.3.1-arm64-dev, which only builds need"),
    ("of-the-builder", "echo 'int main(void) { return 0; }' > own.c; gcc own.c -o $out/bin/program", "bin/program is for machine 62 "),
    ("lost-library", INSTALL + "; patchelf --set-rpath /nowhere $out/bin/program", "bin/program needs libz.so.1, and its path"),
    ("old-loader", INSTALL + "; patchelf --set-interpreter /lib/ld-linux-aarch64.so.1 $out/bin/program", "wants the loader /lib/ld-linux-aarch64.so.1"),
])
def test_what_does_not_fit_becomes_no_package(build, name, install, says):
    failed, _ = build(name, install)
    assert "check: " in failed.fails(1).err and says in failed.err


def test_what_the_c_library_loads_itself_is_found(build):
    """When a thread ends, glibc opens libgcc_s by itself."""
    source = ("#include <pthread.h>\\n#include <stddef.h>\\nstatic void* end(void* p) { pthread_exit(p); }\\n"
              "int main(void) { pthread_t t; return pthread_create(&t, NULL, end, NULL) || pthread_join(t, NULL); }\\n")
    build("ends-a-thread", f"mkdir -p $out/bin; printf '{source}' > thread.c; $CC thread.c -o $out/bin/thread", '"$out/bin/thread"')[0].ok()


def test_a_cxx_program_for_mips_starts(rootless, tmp_path):
    """Its compiler's libraries have hash tables that patchelf 0.14.3 does not know."""
    source = "int main() { try { throw 6; } catch (int thrown) { return thrown - 6; } return 1; }\\n"
    text = RECIPE.format(name="throws", install=f"mkdir -p $out/bin; printf '{source}' > throws.cc; $CXX throws.cc -o $out/bin/throws", test='"$out/bin/throws"')
    layer = write_recipe(tmp_path, "throws", text)
    rootless("--layer", layer, "build", "throws", "--for", "mips", "--no-link").ok()


def test_a_static_program_needs_nothing_at_run_time(rootless, build, tmp_path):
    build("tells-version", test='"$out/bin/program | grep -x \'zlib 1.3.1\'"')[0].ok()
    layer = ["--layer", tmp_path / "layer"]
    path = rootless(*layer, "build", "tells-version", *FOR_ARM64, "--static", "--no-link", "--print-out-paths").ok().out.strip()
    assert closure(rootless, path) == {"tells-version-1-arm64"}


def test_a_program_of_bare_metal_runs_on_its_c_library_and_a_package(rootless, tmp_path):
    """Toolchain, newlib, a static zlib, and QEMU as the debugger that the program talks to."""
    text = RECIPE.format(name="tells-version", install=INSTALL, test='"$out/bin/program | grep -x \'zlib 1.3.1\'"')
    layer = write_recipe(tmp_path, "tells-version", text.replace('version = "1"', 'version = "1"\nbare_metal = true'))
    built = rootless("--layer", layer, "build", "tells-version", "--for", "arm-embedded", "--no-link", "--print-out-paths").ok()
    assert closure(rootless, built.out.strip()) == {"tells-version-1-arm-embedded"}
    assert "zlib 1.3.1\n" in rootless("--layer", layer, "log", "tells-version", "--for", "arm-embedded").ok().out


def test_a_library_has_nothing_to_run(rootless):
    assert rootless("run", "zlib", *FOR_ARM64).fails(2).err.endswith("error: 'zlib' has no programs\n")


def test_a_failing_test_fails_the_package(build):
    failed, _ = build("says-else", test='"$out/bin/program | grep -x else"')
    assert "check: this test fails: $out/bin/program | grep -x else" in failed.fails(1).err


def test_what_was_built_is_on_record(rootless, tmp_path):
    directory = rootless.cwd / "evidence-of-packages"
    shutil.rmtree(directory, ignore_errors=True)
    evidence = ["--evidence", directory]
    verify = ["verify", "zlib", "zlib", "zlib@no-such", *FOR_ARM64, *evidence]
    assert rootless(*verify).fails(2).err.startswith("error: 'no-such' is not an instance\n")
    verify.remove("zlib@no-such")
    first = rootless(*verify).ok()
    assert first.out.splitlines()[0].split()[:4] == ["tested", "zlib", "for", "arm64"]
    assert first.out.splitlines()[1].startswith("1 package: 1 tested; "), "named twice"
    record = rootless("matrix", "--packages", *evidence, "--for", "arm64", "--json").ok().json()["packages"]
    (mine,) = [p for p in record if p["package"] == "zlib"]
    assert (mine["platform"], mine["version"], mine["state"], mine["toolchain"]) == ("arm64", "1.3.1", "tested", FOR_ARM64[3])
    assert rootless(*verify, "--skip-verified").ok().out.startswith("skipped ")
    replay = ["verify", "--replay", "zlib", "--for", "arm64", *evidence]
    again = rootless(*replay).ok()
    assert again.out.startswith("zlib for arm64: recorded on ") and "\n  equal      package  " in again.out and "changed" not in again.out
    assert "checking zlib-1.3.1-arm64\n" in again.err
    assert "has no record that could be repeated" in rootless(*replay, "--toolchain", "debian-trixie-gcc-14-arm64").fails(2).err
    file = directory / "packages/arm64.toml"
    true = file.read_text()
    file.write_text(re.sub('nar = ".*"', f'nar = "{"0" * 64}"', true))
    assert f"\n  different  package  recorded {'0' * 64}\n" in rootless(*replay).fails(1).out
    file.write_text(true)
    failing = write_recipe(tmp_path, "failing", RECIPE.format(name="failing", install=INSTALL, test='"false"'))
    failed = rootless("--layer", failing, "verify", "failing", "u-boot@malta", *FOR_ARM64[:2], *evidence).fails(1)
    assert [line.split()[0] for line in failed.out.splitlines()] == ["failed", "not", "2"]
    assert "'u-boot@malta' is not for 'arm64'" in failed.out
    text = (directory / "packages/arm64.toml").read_text()
    assert text.index('name = "failing"') < text.index('name = "zlib"') and 'state = "failed"' in text
    assert "failing" in rootless("--layer", failing, "matrix", "--packages", "--markdown", *evidence, "--for", "arm64").ok().out


def test_a_stock_nix_builds_the_same_content(rootless):
    """zlib for arm64 with all that belongs to it: the C library's part, the compiler's wrapper, and the package with its tests under emulation."""
    rootless("build", "zlib", *FOR_ARM64, "--no-link").ok()
    rootless("plan", "zlib", *FOR_ARM64, "--instantiate").ok()
    rows = {d["name"]: d["drv"] for d in rootless("plan", "zlib", *FOR_ARM64, "--json").ok().json()["derivations"]}
    built = [name for name in rows if not name.startswith(("root-", "toolchain-"))]
    assert len(built) == 3, built
    for name in built:
        nix(rootless, "nix-store", "--realise", "--check", rows[name])


@pytest.mark.parametrize("system", FILES)
def test_what_runs_during_the_build_is_linked_with_the_build_machines_library(rootless, tmp_path, system):
    layer = write_recipe(tmp_path, f"helped-by-{system}", helper_recipe(f"helped-by-{system}", system))
    path = rootless("--layer", layer, "build", f"helped-by-{system}", *FOR_ARM64, "--no-link", "--print-out-paths").ok().out.strip()
    assert closure(rootless, path) == {f"helped-by-{system}-1-arm64", "zlib-1.3.1-arm64", "libc-debian-bookworm-gcc-12-arm64"}


CMAKE_PROGRAM = """[package]
name = "cmake-program"
version = "1"
[source]
debian = { suite = "trixie", package = "zlib" }
[build]
system = "cmake"
[phase]
after-unpack = '''
rm -rf *
echo 'int main(void) { return 0; }' > program.c
printf '%s\\n' 'cmake_minimum_required(VERSION 3.16)' 'project(program C)' 'add_executable(program program.c)' 'install(TARGETS program)' > CMakeLists.txt
'''
[test]
run = ["$out/bin/program"]
"""


def test_the_simplest_cmake_program_may_be_static(rootless, tmp_path):
    layer = write_recipe(tmp_path, "cmake-program", CMAKE_PROGRAM)
    build = ["--layer", layer, "build", "cmake-program", *FOR_ARM64, "--no-link", "--print-out-paths"]
    assert closure(rootless, rootless(*build, "--static").ok().out.strip()) == {"cmake-program-1-arm64"}
    assert closure(rootless, rootless(*build).ok().out.strip()) == {"cmake-program-1-arm64", "libc-debian-bookworm-gcc-12-arm64"}


@pytest.mark.parametrize("system, role", [("meson", "build"), ("cmake", "build"), ("autotools", "host, or in role build")])
def test_a_library_for_what_runs_during_the_build_is_missed_in_its_role(rootless, tmp_path, system, role):
    """pkg-config's words are the same for both."""
    layer = write_recipe(tmp_path, f"unhelped-{system}", helper_recipe(f"unhelped-{system}", system).replace('build = ["zlib"]', "build = []"))
    said = rootless("--layer", layer, "build", f"unhelped-{system}", *FOR_ARM64, "--no-link").fails(1).err.splitlines()
    assert f" in role {role}" in said[-1], said[-1]


# For a chip with floats in hardware, one that passes them in software, as boot code does.
IMAGE = """[package]
name = "image"
version = "1"
bare_metal = true
[source]
debian = { suite = "trixie", package = "zlib" }
[build]
system = "make"
[phase]
build = "printf 'float f(float x) { return x; } void _start(void) {}' > image.c && $CC -O1 -g -mfloat-abi=soft -nostdlib image.c -o image.elf"
install = "mkdir -p $out/boot && cp image.elf $out/boot/ && cp image.elf $out/image"
"""


def test_an_image_is_not_held_to_what_programs_agree_on(rootless, tmp_path):
    layer = write_recipe(tmp_path, "image", IMAGE)
    build = ["--layer", layer, "build", "image", "--for", "armhf-embedded", "--no-link", "--print-out-paths"]
    refused = rootless(*build).fails(1).err
    assert "check: image-1-armhf-embedded/boot/image.elf passes floats soft, not hard" in refused
    write_recipe(tmp_path, "image", IMAGE.replace("[phase]", '[env]\nfreestanding = "boot/*"\n[phase]'))
    refused = rootless(*build).fails(1).err
    assert "check: image-1-armhf-embedded/image passes floats soft, not hard" in refused and "boot/image.elf" not in refused
    write_recipe(tmp_path, "image", IMAGE.replace("[phase]", '[env]\nfreestanding = "*.elf image"\n[phase]'))
    image = pathlib.Path(rootless(*build).ok().out.strip()) / "image"
    assert b".debug_info" in image.read_bytes(), "what debuggers read is left in it"
