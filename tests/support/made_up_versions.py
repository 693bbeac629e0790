"""A layer with made-up compilers for arm64, one of each version, and what constraints say of them."""
import pathlib

PROVIDER = "made-up"
VERSIONS = ["7.1.0", "8.1.0", "9.1.0", "10.1.0", "11.1.0", "12.1.0"]


def compiler(version: str) -> str:
    return f"made-gcc-{version}-arm64"


def constraint(name: str, require: str, when='kernel = "=6"', effect="builds-not") -> str:
    return (f'[[constraint]]\nid = "{name}"\nwhen = {{ {when} }}\nrequire = {{ {require} }}\neffect = "{effect}"\n'
            f'reason = "reason of {name}"\nsource = "made up"\n')


def write_versions(layer: pathlib.Path, constraints="", versions=None, more="") -> pathlib.Path:
    """`more` are further lines of the table of toolchains; their recipe makes an empty directory."""
    rows = '[provider]\nrank = 99\nsource = "made up"\n'
    for version in VERSIONS if versions is None else versions:
        rows += (f'[[toolchain]]\nid = "made-gcc-{version}-{{platform}}"\nplatforms = ["arm64"]\nversion = "{version}"\nbinutils = "2.40"\n'
                 f'libc = "glibc"\nlibc_version = "2.36"\nreleased = "2021-01-01"\nprefix = "aarch64-linux-gnu-"\ndumpmachine = "aarch64-linux-gnu"\nsource = "made up"\n')
    recipe = ('[package]\nname = "toolchain-made-up"\n[build]\nscript = "made-up-versions.sh"\n'
              '[env]\nname = "toolchain-{toolchain.group}"\n')
    for name, text in {f"toolchains/{PROVIDER}.toml": rows + more, "kernels/constraints.toml": constraints,
                       "packages/toolchain-made-up/recipe.toml": recipe, "scripts/made-up-versions.sh": "$busybox mkdir -p $out\n"}.items():
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).write_text(text)
    return layer
