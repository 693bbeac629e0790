"""The commands that the documentation shows: every line of README, HACKING and docs/ between fences that begins with a program's name,
and every `swage ...` in their text that says more than which command is meant."""
import pathlib
import re
import shlex
from dataclasses import dataclass

import card_image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "HACKING.md", "ARCHITECTURE.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]

# What is never run, and why: beginnings of lines, whole ones where `$` ends them.
EXCEPTIONS = {
    "make demo": "is `make`, which the tests come after, and the boot of README's first command",
    "make check$": "is this",
    "make check-documented": "is this, with all that takes minutes",
    "make check-images": "is tests/boot/test_images.py, which `make check` has",
    "make check-nix": "is tests/oracle/clients_oracle_test.py, which `make check` has, with Nix of other suites",
    "make faults": "is tests/faults, which `make check` has, for hours",
    "make asan": "runs all tests once more, under sanitizers; `make check` runs the fuzz corpora so",
    "make fuzz": "fuzzers need clang; `make asan` builds them all",
    "make verify": "takes a day; tests/verify runs `swage verify` on made-up kernels",
    "make bench": "needs the machine for itself",
    "make install": "changes the machine; tests/cli/test_help.py installs elsewhere",
    "make deb": "tests/boot/test_deb.py makes it and installs it on a machine of its own",
    "swage completion fish | source": "is for fish's own language; tests/cli/test_completion.py loads the scripts in all shells",
    "make lint fmt": "changes the checkout; `make lint` is run as well",
    "make$": "has made the program that is tested",
    "swage new recipe tool --url https://example.org": "example.org has no such archive; tests/cli/test_new.py has one",
    "swage new recipe$": "is the name of a command",
    "swage new recipe NAME": "NAME and URL stand for others; tests/cli/test_new.py runs it",
    "swage cache push": "begins with a result of the line above; tests/oracle/cache_oracle_test.py pushes, and Nix reads it",
    "swage cache check": "the same",
    "swage cache pin": "the same",
    "swage cache gc": "the same; tests/cli/test_cache.py collects",
    "swage cache unpin": "the same",
    "swage cache trust": "is of a workspace that names keys; tests/cli/test_substituters.py has some",
    "swage boot linux@6.1 --for arm64 --substituters": "names a cache that stands for others; tests/cli/test_substituters.py has some",
    "swage build bison --for arm64 --dry-run --substituters": "the same",
    "swage build busybox --for arm64 --store": "names a machine that stands for others; tests/oracle/build_at_oracle_test.py has some",
    "swage build busybox --store": "the same",
    "swage builder check": "the same",
    "swage mirror push ./mirror linux@6.1": "a kernel, a toolchain and a boot from outside; tests/cli/test_mirror.py pushes what is smaller",
    "swage mirror push ./mirror --locks": "all of a lock file, gigabytes; tests/cli/test_mirror.py pushes what is smaller",
    "swage mirror push ./mirror --evidence": "the same, of all records; tests/verify/test_mirror.py pushes its own",
    "swage mirror push /srv/mirror": "the same",
    "swage mirror check": "is of the mirror that the lines above fill",
    "swage boot linux@6.1 --for arm64 --mirror": "the same",
    "swage build linux@rpi": "the vendor's tree cannot be fetched from everywhere; tests/cli/test_images.py plans it",
    "swage build linux-overlays@rpi": "the same",
    "swage verify --config$": "is the name of an option",
    "swage verify$": "sweeps every kernel that is pinned, for a day; tests/verify runs it on made-up kernels",
    "swage verify --skip-verified": "the same",
    "swage verify linux --src https://example.org": "example.org has no such tree; tests/verify/test_trees.py makes one",
    "swage verify --replay linux@3.10.105": "the same",
    "swage verify --replay catalog/evidence/": "the same",
    "swage verify --idle": "the same",
    "swage verify linux@6.1 --for all --idle": "the same, of one kernel",
    "swage verify linux@6.1 --for x86_64 --config allmodconfig --objects 20 --llvm": "a clang that the tests do not pin; tests/verify/test_objects.py samples",
    "swage verify --packages": "builds every package, for hours; tests/boot/test_packages.py runs it on one",
    "swage resolve --explain$": "is an option's name",
    "swage store gc": "deletes what the other tests have built; tests/faults runs it in homes of its own",
    "swage store verify": "reads every file of the store; tests/faults runs it in homes of its own",
    "swage --layer layer build": "builds gcc and uClibc-ng from source, which nobody has recorded yet, as the page says",
}
# What takes minutes, where the rest is done in seconds once tests/boot has run: of these only the plan is made, unless all is asked for.
LONG = {
    "swage boot linux@6.1 --for arm64,armhf": "five kernels",
    "swage build bison --for armel,arm64": "two toolchains, bison's tests under emulation",
    "swage build linux@6.12": "a whole defconfig",
    "swage build linux --src": "a kernel",
    "swage build linux@6.1 --for arm64 --config tiny --check": "a kernel twice",
    "swage build bison --for arm64 --accelerate": "bison and what it needs under emulation",
    "swage build bison --for arm64 --emulate": "the same, compiled under emulation too",
    "swage run m4 --for armel": "a toolchain and m4",
    "swage shell linux@6.1": "a kernel of the user's own making",
    "swage shell --for arm64 --emulate": "a root of arm64",
    "swage verify linux@6.1 --for arm64,mipsel": "two kernels and boots",
    "swage frontier linux": "several kernels and boots, and their toolchains",
    "swage frontier --constraint": "two kernels, a boot and two toolchains",
    "swage verify bison": "toolchains and packages",
    "swage verify --replay": "a kernel and its boot",
    "swage module": "a kernel with modules and its boot",
    "swage --layer DIR lock": "asks the distribution",
    "swage --layer DIR build": "three toolchains",
    "swage --layer mine lock": "asks the distribution",
    "swage lock": "asks the distribution",
    "swage build less": "a toolchain and ncurses",
    "swage build zlib --for arm-embedded": "a toolchain",
    "swage build binutils": "two toolchains and binutils",
    "swage shell toolchain": "a toolchain of some 100 MB",
    "swage boot image": "an image and its boot; tests/boot/test_images.py starts one",
    "swage image audit image": "an image; tests/boot/test_images.py looks into one",
    "swage image explain image": "the same",
    "swage image sizes image": "the same",
    "swage build image": "the same",
    "swage --layer mine boot image": "an image of a layer and its boot; tests/boot/test_images.py has it",
    "swage --layer mine build image": "the same",
    "swage verify linux@6.1 --for x86_64": "samples of two configurations of a kernel",
    "swage log": "needs what README builds before it",
    "swage store du": "needs what README builds before it",
}
# Words that stand for others, in the text.
PLACEHOLDERS = {"X": "roots", "PACKAGE...": "bison"}


@dataclass(frozen=True)
class Shown:
    page: str
    number: int
    line: str

    @property
    def words(self) -> list[str]:
        return [PLACEHOLDERS.get(word, word) for word in shlex.split(self.line, comments=True)]

    @property
    def name(self) -> str:
        return f"{self.page}:{self.number}: {' '.join(self.words)}"

    def reason(self, table: dict[str, str]) -> str:
        """Of the longest beginning of the line that the table has; "" none."""
        text = " ".join(self.words)
        fits = [start for start in table if text + "$" == start or text.startswith(start)]
        return table[max(fits, key=len)] if fits else ""


def shown() -> list[Shown]:
    found = []
    for page in PAGES:
        fence = None
        for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
            if line.startswith("```"):
                fence = None if fence is not None else line[3:]
            elif fence is not None:
                if fence in ("", "sh") and re.match(r"(swage|make) ?", line) and "=" not in line.split()[0] and " = " not in line:
                    found.append(Shown(page, number, line))
            else:
                found += [Shown(page, number, text) for text in re.findall(r"`(swage [^`]+)`", line) if len(text.split()) > 2]
    return found


def blocks(page: str) -> list[str]:
    return re.findall(r"^```(?:toml)?\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M)


def write_files(directory: pathlib.Path, home: pathlib.Path):
    """What the commands take for granted: the layers that the pages teach to write, a module, a program for a chip, a kernel tree."""
    recipe, = [text for text in blocks("docs/recipes.md") if text.startswith("[package]")]
    features, = [text for text in blocks("docs/recipes.md") if text.startswith("[features]")]
    member, = [text for text in blocks("docs/recipes.md") if text.startswith("[[member]]")]
    workspace, = [text for text in blocks("docs/recipes.md") if text.startswith("layers = ")]
    files = {
        "plain/DIR/packages/less/recipe.toml": recipe,
        "features/swage.toml": workspace,
        "features/layer/packages/less/recipe.toml": recipe + features,
        "features/DIR/packages/less/recipe.toml": recipe + features,
        "member/swage.toml": 'layers = ["layer"]\n',
        "member/layer/packages/less/recipe.toml": recipe + member,
        "plain/blink.c": "#include <avr/io.h>\nint main(void) { DDRB = 1; for (;;) PORTB ^= 1; }\n",
        "plain/hello/Kbuild": "obj-m := hello.o\n",
        "plain/hello/hello.c": '#include <linux/module.h>\nstatic int __init hello(void) { return 0; }\nmodule_init(hello);\nMODULE_LICENSE("GPL");\n',
    }
    for name, text in re.findall(r"`layer/(\S+)`.*?```toml\n(.*?)```", (ROOT / "docs/platforms.md").read_text(), re.S):
        files[f"platforms/layer/{name}"] = text
    for name, text in re.findall(r"`(mine/\S+)`.*?```toml\n(.*?)```", (ROOT / "docs/images.md").read_text(), re.S):
        files[f"plain/{name}"] = text
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    card_image.card(directory / "plain/card.img", card_image.smallest_pi5())
    (home / "linux").mkdir(parents=True, exist_ok=True)
    (home / "linux/Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 99\nEXTRAVERSION =\n")


def place_of(one: Shown) -> str:
    """The directory of write_files() that the command is run in."""
    if one.page == "docs/platforms.md":
        return "platforms"
    if re.search(r"less (--with|--without)|less@gcc13", one.line):
        return "features"
    return "member" if "less@5.1" in one.line else "plain"


def planned(words: list[str]) -> list[str]:
    """The same words to a command that makes the plan and builds nothing."""
    at = next(i for i, word in enumerate(words) if i > 0 and not word.startswith("-") and words[i - 1] != "--layer")
    before, command, rest = words[:at], words[at], words[at + 1:]
    if "--store" in rest:   # where, not what
        words = [*before, command, *rest[:rest.index("--store")], *rest[rest.index("--store") + 2:]]
    if command in ("build", "fetch", "frontier"):
        return [*words, "--dry-run"]
    if command == "run":
        rest = rest[:rest.index("--")]
    if command == "shell" and "-c" in rest:
        rest = rest[:rest.index("-c")]
    if command == "shell" and rest[0] == "--for":
        rest = ["zlib", *rest]   # built by the same means
    if command == "module":
        rest = [rest[rest.index("--kernel") + 1], *rest[rest.index("--kernel") + 2:]]
    for option in ("--objects", "--seed"):   # which of a configuration's objects, not how
        if option in rest:
            rest = [*rest[:rest.index(option)], *rest[rest.index(option) + 2:]]
    if command in ("boot", "run", "shell", "module", "verify"):
        return [*before, "plan", *[word for word in rest if word not in ("--boot", "--replay")]]
    if command == "image" and rest[1].startswith("image/"):   # which is made first
        return [*before, "plan", rest[1]]
    if command in ("lock", "log", "store"):
        return [*before, command, *(rest[:1] if command == "store" else []), "--help"]
    return words
