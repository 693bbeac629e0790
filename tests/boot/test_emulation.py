"""A package built as its own platform: by that platform's own compiler, and by the cross compiler in its place."""
import pytest

from swage_cli import write_recipe

RECIPE = """[package]
name = "who-builds"
version = "1"
[source]
debian = { suite = "trixie", package = "zlib" }
[build]
system = "make"
[phase]
build = '''
uname -m
echo 'int main(void) { return 0; }' > program.c
$CC program.c -o program
./program && gcc --version | head -n 1
# Without the compiler's own name, in which distributions differ between the two.
for file in adler32 crc32 deflate inflate trees; do $CC -O2 -fno-ident -c $file.c; cat $file.o >> objects; done
'''
install = 'mkdir -p $out/bin; cp program $out/bin/; cp objects $out/'
[test]
run = ["$out/bin/program"]
"""
FOR_ARM64 = ["--for", "arm64", "--toolchain", "debian-bookworm-gcc-12-arm64"]


@pytest.fixture(scope="module")
def built(rootless, tmp_path_factory):
    """Builds it in a mode; gives the object files and the log."""
    layer = write_recipe(tmp_path_factory.mktemp("emulation"), "who-builds", RECIPE)

    def build(*how):
        path = rootless("--layer", layer, "build", "who-builds", *how, "--no-link", "--print-out-paths").ok().out.strip()
        text = rootless("--layer", layer, "log", "who-builds", *how).ok().out
        return open(f"{path}/objects", "rb").read(), text
    return build


def test_the_three_ways_give_the_same_code(built):
    emulated, log = built("--for", "arm64", "--emulate")
    assert "\naarch64\n" in log and "\ngcc (Debian 12.2.0-14" in log
    accelerated, log = built("--for", "arm64", "--accelerate")
    assert "\naarch64\n" in log and "\naarch64-linux-gnu-gcc (Debian 12.2.0-14" in log
    assert emulated == accelerated


def test_the_cross_compiler_gives_it_too(built, rootless, tmp_path):
    crossed = RECIPE.replace("uname -m\n", "").replace("./program &&", "")
    path = rootless("--layer", write_recipe(tmp_path, "who-builds", crossed), "build", "who-builds", *FOR_ARM64, "--no-link", "--print-out-paths").ok().out.strip()
    assert built("--for", "arm64", "--accelerate")[0] == open(f"{path}/objects", "rb").read()


def test_a_platform_without_a_root_is_told(rootless):
    failed = rootless("plan", "zlib", "--for", "mips", "--emulate").fails(3)
    assert failed.err == ("error: nothing can be built as 'mips': there is no root 'packages' of its architecture\n"
                          "hint: there is one for arm64, armhf, powerpc64le, s390x, riscv64\n")


def test_a_shell_of_the_platform_itself(rootless):
    shell = ["shell", "--for", "arm64", "--emulate", "-c"]
    got = rootless(*shell, "uname -m; gcc -dumpmachine; echo 'int main(void) { return 7; }' > t.c; gcc t.c -o t && ./t; echo $?; readlink /nix/store > /dev/null || ls -d /nix/store").ok()
    assert got.out.split() == ["aarch64", "aarch64-linux-gnu", "7", "/nix/store"]
    assert rootless(*shell, "exit 3").code == 3
    assert rootless("shell", "--for", "arm64").fails(2).err.startswith("error: TARGET is missing\n")
    assert rootless("shell", "linux@6.1", "--for", "arm64", "--accelerate").fails(2).err.startswith("error: '--accelerate' is for builds: ")
