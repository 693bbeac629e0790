"""Drives the swage program in tests: a home of its own, exact output, and a lock file made up from the catalog."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SWAGE_PROGRAM", ROOT / "build" / "swage"))


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)

    def ok(self):
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self

    def fails(self, code: int):
        assert self.code == code, f"exit {self.code}, expected {code}\n{self.out}\n{self.err}"
        return self


class Swage:
    def __init__(self, home: pathlib.Path, cwd: pathlib.Path, env=None, prefix=()):
        self.home, self.cwd, self.prefix, self.program = home, cwd, list(prefix), PROGRAM
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith(("SWAGE_", "SUDO_"))}, "SWAGE_HOME": str(home),
                    "NO_COLOR": "1", **(env or {})}

    def argv(self, *args):
        return [*self.prefix, str(self.program), *map(str, args)]

    def __call__(self, *args, env=None, input=None, timeout=1800) -> Outcome:
        done = subprocess.run(self.argv(*args), cwd=self.cwd, env={**self.env, **(env or {})}, input=input, text=True,
                              capture_output=True, timeout=timeout)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *args, **kwargs) -> subprocess.Popen:
        return subprocess.Popen(self.argv(*args), cwd=self.cwd, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **kwargs)


def write_recipe(directory: pathlib.Path, name: str, text: str) -> pathlib.Path:
    """A layer in a test's directory with this recipe, which the ordinary user of real builds can read."""
    recipe = directory / "layer/packages" / name / "recipe.toml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    recipe.write_text(text)
    for path in [directory, *directory.parents][:3]:
        path.chmod(path.stat().st_mode | 0o755)   # /tmp may be among them
    return directory / "layer"


def nix(swage: Swage, program, *args, timeout=1200):
    """A stock Nix on swage's store, sandboxed."""
    settings = "build-users-group =\nsubstitute = false\nsandbox = true\nsandbox-paths =\n"
    done = subprocess.run([*swage.prefix, "env", f"NIX_CONFIG={settings}", program, "--store", str(swage.home), *args],
                          capture_output=True, text=True, timeout=timeout, cwd=swage.cwd, env=swage.env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def catalog_without_evidence(place: pathlib.Path) -> pathlib.Path:
    """The shipped catalog without its records, which grow: for tests that bring their own."""
    return shutil.copytree(ROOT / "catalog", place / "catalog", ignore=shutil.ignore_patterns("evidence"))


def source_key(debian: dict) -> str:
    return f"{debian['suite']}/{debian['package']}" + (f"@{debian['series']}" if "series" in debian else "")


def source_keys() -> set[str]:
    """Of what kernels and packages are built from, as keys of a lock file's sources."""
    rows = tomllib.loads((ROOT / "catalog/kernels/releases.toml").read_text())["kernel"]
    for recipe in (ROOT / "catalog/packages").glob("*/recipe.toml"):
        package = tomllib.loads(recipe.read_text())
        rows += [one.get("source", {}) for one in [package, *package.get("member", [])]]
    return {source_key(row["debian"]) for row in rows if "debian" in row}


def made_up_lock(swage: Swage) -> str:
    """A lock file with one invented package per name that the catalog asks for: enough to plan, not to build."""
    files, sets, archives = {}, {}, {}

    def pin(name, version, path, sha256=None):
        sha256 = sha256 or hashlib.sha256(path.encode()).hexdigest()
        files[sha256] = {"name": name, "version": version, "path": path, "size": 1000}
        return sha256

    def add_set(key, suite, packages, more=""):
        pins = [pin(name, "1.0-1", f"pool/main/{name[0]}/{name}/{name}_1.0-1_{suite}_amd64.deb") for name in sorted(packages)]
        sets[key] = {"suite": suite, "request": " ".join(sorted(packages)) + more, "files": pins}

    for row in swage("list", "roots", "--json").ok().json()["roots"]:
        more = " only " + " ".join(sorted(row["only"])) if row["only"] else ""
        if row["components"] != ["main"]:
            more += " of " + " ".join(sorted(row["components"]))
        add_set("root:" + row["name"], row["suite"], row["packages"], more)
    for row in swage("list", "toolchains", "--json").ok().json()["toolchains"]:
        if row["packages"]:
            add_set("toolchain:" + row["id"], row["suite"], row["packages"])
        if row["cxx"]:
            add_set("toolchain-c++:" + row["id"], row["suite"], row["packages"] + row["cxx"])
        if row["provider"] == "kernel-org":   # whose rows leave the sha256 to the publisher
            archives[row["url"]] = hashlib.sha256(row["url"].encode()).hexdigest()
    sources = {}
    wanted = {("linux", "bullseye"): "5.10.223-1", ("linux", "bookworm"): "6.1.176-1", ("linux", "trixie"): "6.12.107-1",
              ("busybox", "bookworm"): "1:1.35.0-4", ("opensbi", "trixie"): "1.6-1"}
    hashes = {}
    for row in swage("list", "components", "--json").ok().json()["components"]:
        source = row["source"] or {"debian": None}
        if source["debian"]:
            place = source["debian"]["package"], source["debian"]["suite"]
            wanted.setdefault(place, row["version"] + "-1")
            if source["sha256"]:
                hashes[place] = source["sha256"]
    for (package, suite), version in wanted.items():
        upstream = version.split(":")[-1].rsplit("-", 1)[0]
        path = f"pool/main/{package[0]}/{package}/{package}_{upstream}.orig.tar.xz"
        sources[f"{suite}/{package}"] = pin(package, version, path, hashes.get((package, suite)))
    seed = pin("busybox-static", "1:1.35.0-4", "pool/main/b/busybox/busybox-static_1.35.0-4_amd64.deb")
    seeds = {"busybox": {"sha256": seed, "member": "./bin/busybox", "nar_sha256": "ab" * 32}}
    missing = {"source:" + key: "nobody has made it up" for key in source_keys() - set(sources)}   # else they are asked for
    return json.dumps({"version": 1, "created": "2026-01-01", "files": files, "sets": sets, "sources": sources, "seeds": seeds,
                       "archives": archives, "missing": missing})


def pin_sources(lock: dict, recipes: list[pathlib.Path]) -> None:
    """Gives a made-up lock the sources of packages too."""
    for recipe in recipes:
        package = tomllib.loads(recipe.read_text())
        for one in [package, *package.get("member", [])]:
            if debian := one.get("source", {}).get("debian"):
                sha256 = hashlib.sha256(f"{debian}".encode()).hexdigest()
                key = source_key(debian)
                lock["missing"].pop("source:" + key, None)
                if key not in lock["sources"]:
                    lock["sources"][key] = sha256
                    lock["files"][sha256] = {"name": debian["package"], "version": "1.0", "path": f"pool/{debian['package']}_1.0.orig.tar.xz", "size": 1}
