"""A layer in which a kernel is a line of text and a boot is a script: cells that verify in milliseconds. Only the static shell
of every build has to be downloaded."""
import hashlib
import pathlib

KERNEL = "6.99.1"

OBJECTS = """\
compiled() { echo "compiled $1" >> $out/objects; }
failed() { echo "failed $1" >> $out/objects; printf 'object %s\\n%s\\n' "$1" "$2" >> $out/failures; }
$busybox mkdir -p $out
: > $out/objects
: > $out/failures
echo 1000 > $out/of
"""

LINUX = """\
echo "making linux $version for $platform with $toolchain"
case " $broken " in
  *" $platform "*) echo "powerpc.S:1: Error: unrecognized opcode: stbcix"; exit 2 ;;
esac
$busybox mkdir -p $out
echo "$platform $config" > $out/kernel
"""
BOOT = """\
read platform config < $kernel/kernel
case " $silent " in
  *" $platform "*) echo "boot: the userland did not speak within 1 s" >&2; exit 1 ;;
esac
$busybox mkdir -p $out
echo "Linux version $version (made up)" > $out/banner
echo "swage-boot-ok: Linux (none) $version $platform" > $out/userland
$busybox cat $out/banner $out/userland > $out/log
"""


def write_cells(layer: pathlib.Path, broken="", silent="", comment="", boot_comment="", source=b"a made-up kernel",
                objects="compiled lib/one.o\n") -> pathlib.Path:
    """`objects`: shell that says of each object `compiled PATH` or `failed PATH SAID`, where $toolchain, $config, $sample and $seed are the cell's.
    `broken`: platforms whose kernel does not build; `silent`: whose boot fails; `comment` changes every derivation of a kernel,
    `boot_comment` those of its boot."""
    tarball = layer / "linux.tar"
    recipes = {
        "toolchain-debian": '[build]\nscript = "fake-toolchain.sh"\n[env]\nname = "toolchain-{toolchain.group}"\n',
        "linux": '[build]\nscript = "fake-linux.sh"\n[deps]\nbuild = ["toolchain"]\n[env]\nname = "linux-{kernel.version}-{platform.name}"\nversion = "{kernel.version}"\n'
                 'platform = "{platform.name}"\ntoolchain = "{toolchain.id}"\nconfig = "{kernel.config}"\nsrc = "{kernel.source}"\n'
                 'host = "{kernel.root} {quirks.ids}"\n'
                 f'broken = "{broken}"\ncomment = "{comment}"\n',
        "linux-objects": '[build]\nscript = "fake-objects.sh"\n[deps]\nbuild = ["toolchain"]\n[env]\nname = "objects"\ntoolchain = "{toolchain.id}"\n'
                         'config = "{kernel.config}"\nsample = "{kernel.sample}"\nseed = "{kernel.seed}"\nsrc = "{kernel.source}"\n'
                         'host = "{kernel.root} {quirks.ids}"\n'
                         '[target]\nasks = ["kernel", "machine", "toolchain"]\nfor = "kernel"\n',
        "boot": '[build]\nscript = "fake-boot.sh"\n[deps]\nhost = ["linux"]\n[env]\nname = "boot-linux-{kernel.version}-{platform.name}"\n'
                f'kernel = "{{dep.linux}}"\nversion = "{{kernel.version}}"\nsilent = "{silent}"\ncomment = "{boot_comment}"\n',
    }
    for name, text in recipes.items():
        (layer / "packages" / name).mkdir(parents=True, exist_ok=True)
        (layer / "packages" / name / "recipe.toml").write_text(f'[package]\nname = "{name}"\n{text}')
    (layer / "scripts").mkdir(exist_ok=True)
    (layer / "scripts" / "fake-linux.sh").write_text("set -e\n" + LINUX)
    (layer / "scripts" / "fake-objects.sh").write_text("set -e\n" + OBJECTS + objects)
    (layer / "scripts" / "fake-toolchain.sh").write_text("$busybox mkdir -p $out\n")
    (layer / "scripts" / "fake-boot.sh").write_text("set -e\n" + BOOT)
    tarball.write_bytes(source)
    (layer / "kernels").mkdir(exist_ok=True)
    (layer / "kernels" / "releases.toml").write_text(
        f'[[kernel]]\nversion = "{KERNEL}"\nreleased = "2023-06-25"\nurls = ["file://{tarball}"]\n'
        f'sha256 = "{hashlib.sha256(source).hexdigest()}"\nsource = "made up"\n')
    return layer
