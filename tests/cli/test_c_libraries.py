"""A C library is a row of a table: a layer brings one, and all that names C libraries may name it."""
import pytest

FILES = {
    "c_libraries.toml": '[[c_library]]\nname = "diet"\nsummary = "a small one"\ncomponent = "diet-libc"\n',
    "platforms.toml": '[[platform]]\nname = "arm64-diet"\ntriple = "aarch64-unknown-linux-gnu"\nlibc = "diet"\ngcc = { arch = "armv8-a" }\n',
    "toolchains/bootlin.toml": "".join(f"""[[toolchain]]
id = "bootlin-gcc-{gcc}-arm64-diet"
platforms = ["arm64-diet"]
version = "{gcc}.1.0"
binutils = "2.40"
libc = "diet"
libc_version = "{libc}"
released = "20{gcc}-01-01"
prefix = "aarch64-linux-"
dumpmachine = "aarch64-linux"
urls = ["https://example.org/{gcc}.tar.xz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
source = "s"
""" for gcc, libc in (("12", "0.33"), ("13", "0.35"))),
    "components.toml": '[[component]]\nid = "diet-libc-0.35"\nname = "diet-libc"\nversion = "0.35"\nurls = ["https://example.org/diet.tar.xz"]\n'
                       'sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"\nsource = "s"\n',
    "kernels/constraints.toml": '[[constraint]]\nid = "diet-threads"\nwhen = { diet = ">=0.34" }\nrequire = { diet = "<0.34" }\neffect = "builds-not"\n'
                                'reason = "threads are gone"\nsource = "s"\n',
    "instances.toml": '[instance.small]\noverride.libc = "diet"\n',
    "packages/over/recipe.toml": '[package]\nname = "over"\nversion = "1"\n[source]\nurls = ["https://example.org/over.tar.gz"]\n'
                                 'sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"\n[build]\nsystem = "autotools"\n'
                                 '[[variant]]\nwhen.libc = ["diet"]\nbuild.configure = ["--diet"]\n',
}


@pytest.fixture
def layer(planner):
    for name, text in FILES.items():
        place = planner.cwd / "layer" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return lambda *words: planner("--layer", "layer", *words)


def test_a_layer_adds_one(layer):
    layer("check").ok()
    row = next(p for p in layer("list", "platforms", "--json").ok().json()["platforms"] if p["name"] == "arm64-diet")
    assert (row["libc"], row["toolchain"]) == ("diet", "bootlin-gcc-12-arm64-diet")
    why = layer("resolve", "over", "--for", "arm64-diet", "--explain").ok().out
    assert "  bootlin-gcc-13-arm64-diet\n    diet 0.35 is not <0.34\n    diet-threads (builds-not): threads are gone\n" in why, why
    drvs = {d["name"]: d["drv"] for d in layer("plan", "over@small", "--for", "arm64", "--json").ok().json()["derivations"]}
    assert "over-1-arm64-diet" in drvs and "toolchain-bootlin-gcc-12-arm64-diet" in drvs


@pytest.mark.parametrize("file, of, misspelt, error", [
    ("platforms.toml", '"diet"', '"diett"', "'diett' is not a C library of c_libraries.toml"),
    ("toolchains/bootlin.toml", '"diet"', '"diett"', "'diett' is not a C library of c_libraries.toml"),
    ("packages/over/recipe.toml", '"diet"', '"!diett"', "'diett' is not a C library of c_libraries.toml"),
    ("instances.toml", '"diet"', '"diett"', "'diett' is not a C library of c_libraries.toml"),
    ("components.toml", '"diet-libc"', '"diet-lib"', "'diet-lib' is not a name of what toolchains are built from"),
    ("kernels/constraints.toml", 'require = { diet', 'require = { diett', "'diett' is not a known value of 'require'"),
    ("kernels/constraints.toml", 'when = { diet', 'when = { diett', "'diett' is not a known value of 'when'"),
])
def test_one_that_there_is_not(layer, planner, file, of, misspelt, error):
    text = FILES[file].replace(of, misspelt, 1)
    assert text != FILES[file]
    (planner.cwd / "layer" / file).write_text(text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if misspelt in row)
    hint = "diet-libc" if file == "components.toml" else "diet"
    said = layer("check").fails(2).err
    assert said.startswith(f"error: {error}\n  --> layer/{file}:{line}:") and f"\nhint: did you mean '{hint}'?\n" in said, said
