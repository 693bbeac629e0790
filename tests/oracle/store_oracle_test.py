"""The store layer against the real Nix: derivations, archives, and one store on disk that both use."""

import hashlib
import os
import random
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

DRIVER = os.environ["SWAGE_STORE_DRIVER"]


@pytest.fixture(scope="session")
def nix_env(tmp_path_factory):
    """An environment in which Nix reads nobody's configuration and asks no network."""
    home = tmp_path_factory.mktemp("home")
    (home / "nix.conf").write_text(
        "build-users-group =\nsubstitute = false\nexperimental-features = nix-command\nsandbox = false\n")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "NIX_CONF_DIR": str(home)}


@pytest.fixture
def nix(nix_env):
    def run(*args):
        done = subprocess.run([str(a) for a in args], env=nix_env, capture_output=True)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout
    return run


def driver(*args, stdin=b""):
    done = subprocess.run([DRIVER, *map(str, args)], input=stdin, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout


# --- Random derivation graphs -------------------------------------------------------------------------------------

ODD = ["", " ", "a b", "\n", "\t", "\r", '"', "\\", "\\n", "$", "${x}", "$$", "''", "é", "\x01", "x" * 300, "=", "a\nb\r\n\"c\"\\d\te",
       "/nix/store", "%s", "[(\"", "🙂"]
KEYS = ["FOO", "a b", "é", "x.y", "$k", "Z", "_", "0", "buildInputs", "preferLocalBuild", "zz-top", "dev"]


def hexed(text):
    return text.encode().hex() or "-"


def nix_string(text):
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\r", "\\r"), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return text


class Graph:
    """One random graph, written twice: as a Nix expression and as the driver's lines."""

    def __init__(self, rng, tag, tree, first_node):
        self.rng, self.tag, self.tree = rng, tag, tree
        self.bindings, self.lines = [], []
        self.texts, self.drvs = [], []  # (Nix name, node, outputs)
        self.next_node = first_node
        for i in range(rng.randint(0, 2)):
            self.add_text(i)
        for i in range(rng.randint(3, 9)):
            self.add_derivation(i)

    def value(self, texts_only=False):
        """(inside of a Nix string, driver pieces)"""
        expression, pieces = "", []
        for _ in range(self.rng.randint(0, 3)):
            kind = self.rng.random()
            if kind < 0.5 or (texts_only and not self.texts):
                text = self.rng.choice(ODD)
                expression += nix_string(text)
                pieces.append("t:" + text.encode().hex())
            elif kind < 0.65 and self.texts:
                name, node = self.rng.choice(self.texts)
                expression += "${%s}" % name
                pieces.append(f"f:{node}")
            elif kind < 0.7 and not texts_only:
                expression += "${%s}" % self.tree
                pieces.append("p:" + str(self.tree).encode().hex())
            elif self.drvs and not texts_only:
                name, node, outputs = self.rng.choice(self.drvs)
                output = self.rng.choice(outputs)
                expression += "${%s.%s}" % (name, output)
                pieces.append(f"o:{node}:{output}")
        return expression, pieces

    def node(self):
        self.next_node += 1
        return self.next_node - 1

    def add_text(self, i):
        expression, pieces = self.value(texts_only=True)
        name = f"t{self.tag}_{i}"
        self.bindings.append(f'{name} = builtins.toFile "text-{self.tag}" "{i}{expression}";')
        self.lines.append(" ".join(["text", hexed(f"text-{self.tag}"), "t:" + str(i).encode().hex(), *pieces]))
        self.texts.append((name, self.node()))

    def add_derivation(self, i):
        rng = self.rng
        name = rng.choice(["n", "pkg-1.0", "a+b", "x.y_z", "q?=", "-dash", "long" * 40])
        system = rng.choice(["x86_64-linux", "aarch64-linux", "any"])
        attributes = {}  # key -> (Nix expression, pieces)
        for key in rng.sample(KEYS, rng.randint(0, 5)):
            kind = rng.random()
            if kind < 0.1:
                attributes[key] = (rng.choice(["true", "1"]), ["t:" + b"1".hex()])
            elif kind < 0.15:
                attributes[key] = ("false", [])
            elif kind < 0.2:
                attributes[key] = ('[ "a" 2 [ "b" ] ]', ["t:" + b"a 2 b".hex()])
            else:
                expression, pieces = self.value()
                attributes[key] = (f'"{expression}"', pieces)
        outputs, fixed = ["out"], None
        shape = rng.random()
        if shape < 0.3:
            fixed, outputs = self.fixed_output(attributes), ["out"]
        elif shape < 0.6:
            outputs = rng.sample(["out", "dev", "lib", "man_1"], rng.randint(1, 4))
            attributes["outputs"] = ("[ %s ]" % " ".join(f'"{o}"' for o in outputs), ["t:" + " ".join(outputs).encode().hex()])
        for output in outputs:
            attributes.pop(output, None)
        builder = self.value()
        args = [self.value() for _ in range(rng.randint(0, 3))]

        nix_name = f"d{self.tag}_{i}"
        body = "".join(f'"{nix_string(k)}" = {e}; ' for k, (e, _) in attributes.items())
        arguments = " ".join(f'"{e}"' for e, _ in args)
        self.bindings.append(f'{nix_name} = derivation {{ name = "{name}"; system = "{system}"; builder = "/b{builder[0]}"; '
                             f"args = [ {arguments} ]; {body} }};")
        lines = [f"drv {hexed(name)} {hexed(system)}"]
        lines += [f"output {hexed(o)}" + (f" {fixed[0]} {fixed[1]}" if fixed else "") for o in outputs]
        lines += [" ".join(["arg", *pieces]) for _, pieces in args]
        lines += [" ".join(["builder", "t:" + b"/b".hex(), *builder[1]])]
        attributes["name"] = ("", ["t:" + name.encode().hex()])
        attributes["system"] = ("", ["t:" + system.encode().hex()] if system else [])
        lines += [" ".join(["env", hexed(k), *pieces]) for k, (_, pieces) in attributes.items()]
        lines.append("end")
        self.lines += lines
        self.drvs.append((nix_name, self.node(), outputs))

    def fixed_output(self, attributes):
        """Few contents, so that several derivations of a graph have the same output."""
        content = self.rng.choice([b"a", b"b"])
        algo = self.rng.choice(["sha256", "sha256", "sha1", "sha512", "md5"])
        mode = self.rng.choice(["flat", "recursive", None])
        digest = hashlib.new(algo, content)
        if self.rng.random() < 0.3:
            given = f"{algo}-{b64encode(digest.digest()).decode()}"
            attributes["outputHash"] = (f'"{given}"', ["t:" + given.encode().hex()])
        else:
            attributes["outputHash"] = (f'"{digest.hexdigest()}"', ["t:" + digest.hexdigest().encode().hex()])
            attributes["outputHashAlgo"] = (f'"{algo}"', ["t:" + algo.encode().hex()])
        if mode:
            attributes["outputHashMode"] = (f'"{mode}"', ["t:" + mode.encode().hex()])
        return ("r:" if mode == "recursive" else "") + algo, digest.hexdigest()


def test_random_graphs_have_the_derivations_of_nix(nix, tmp_path):
    tree = tmp_path / "source-tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub/file").write_text("content\n")
    (tree / "link").symlink_to("sub/file")
    rng = random.Random(20221201)
    graphs, node = [], 0
    for tag in range(240):
        graphs.append(Graph(rng, tag, tree, node))
        node = graphs[-1].next_node
    expression = "let\n%s\nin [ %s ]" % ("\n".join(b for g in graphs for b in g.bindings),
                                         " ".join(name for g in graphs for name, _, _ in g.drvs))
    (tmp_path / "graphs.nix").write_text(expression)
    theirs = nix("nix-instantiate", "--store", tmp_path / "root", tmp_path / "graphs.nix").decode().split()
    ours = [line.split() for line in driver("graph", stdin="\n".join(l for g in graphs for l in g.lines).encode()).decode().splitlines()]
    assert len(theirs) == len(ours) > 1000
    for path, (our_path, our_text) in zip(theirs, ours):
        path = path.split("!")[0]
        text = (tmp_path / "root" / path[1:]).read_bytes()
        assert bytes.fromhex(our_text) == text
        assert our_path == path


# --- A store that swage wrote -------------------------------------------------------------------------------------

@pytest.fixture
def populated(tmp_path):
    root = tmp_path / "root"
    return root, driver("populate", root).decode().split()


def test_nix_accepts_a_store_that_swage_wrote(nix, populated):
    root, paths = populated
    nix("nix-store", "--store", root, "--verify", "--check-contents")
    app = paths[-1]
    closure = nix("nix", "--store", root, "path-info", "-r", app).decode().split()
    lib, download = paths[6], paths[3]
    assert sorted(closure) == sorted([app, lib, download])
    assert nix("nix-store", "--store", root, "-q", "--deriver", app).decode().strip() == paths[5]
    assert nix("nix-store", "--store", root, "-q", "--outputs", paths[4]).decode().split() in ([lib, paths[7]], [paths[7], lib])
    assert set(nix("nix-store", "--store", root, "-q", "--requisites", paths[5]).decode().split()) == set(paths[:6])
    for path in paths:
        nix("nix-store", "--store", root, "--verify-path", path)
        assert nix("nix-store", "--store", root, "-q", "--hash", path) == driver("hash", root / path[1:])


def test_both_add_to_and_collect_one_store(nix, populated, tmp_path):
    root, paths = populated
    (tmp_path / "more").write_text("more")
    added = nix("nix-store", "--store", root, "--add", tmp_path / "more").decode().strip()
    assert driver("verify", root) == b""
    (root / "nix/var/nix/gcroots/app").symlink_to(paths[-1])
    driver("collect", root)
    left = nix("nix", "--store", root, "path-info", "--all").decode().split()
    # The program, what it refers to, its derivation, and what that one is made of; not the loose file.
    assert added not in left
    assert paths[-1] in left and paths[5] in left
    nix("nix-store", "--store", root, "--verify", "--check-contents")
    (root / "nix/var/nix/gcroots/app").unlink()
    nix("nix-store", "--store", root, "--gc")
    assert nix("nix", "--store", root, "path-info", "--all").decode().split() == []
    assert driver("verify", root) == b""
    assert driver("populate", root).decode().split() == paths


def test_nix_builds_in_a_store_that_swage_made(nix, populated, tmp_path):
    root, paths = populated
    (tmp_path / "tools").mkdir()
    shutil.copy(shutil.which("busybox"), tmp_path / "tools/busybox")
    (tmp_path / "build.nix").write_text(
        'let tools = %s; in derivation { name = "built"; system = builtins.currentSystem; builder = "${tools}/busybox"; '
        'args = [ "sh" "-c" "echo $tree > $out" ]; tree = builtins.storePath "%s"; }' % (tmp_path / "tools", paths[2]))
    drv = nix("nix-instantiate", "--store", root, tmp_path / "build.nix").decode().strip()
    built = nix("nix-store", "--store", root, "--option", "sandbox", "true", "-r", drv).decode().strip()
    assert (root / built[1:]).read_text() == paths[2] + "\n"
    assert nix("nix-store", "--store", root, "-q", "--references", built).decode().split() == [paths[2]]
    assert driver("verify", root) == b""


# --- Archives -----------------------------------------------------------------------------------------------------

def random_tree(rng, path, depth=0):
    kind = rng.random()
    if kind < 0.5 and depth < 4:
        path.mkdir()
        names = {"".join(rng.choices("aAbB.-_ é~\n", k=rng.randint(1, 12))) for _ in range(rng.randint(0, 6))} - {".", ".."}
        for name in sorted(names):
            random_tree(rng, path / name, depth + 1)
    elif kind < 0.6:
        path.symlink_to(rng.choice(["/", "..", "nowhere", "x" * 200]))
    else:
        path.write_bytes(rng.randbytes(rng.choice([0, 1, 7, 8, 9, 4096, 300_000])))
        path.chmod(rng.choice([0o644, 0o755, 0o600, 0o700, 0o654]))


def test_archives_are_those_of_nix(nix, tmp_path):
    rng = random.Random(7)
    trees = [tmp_path / f"t{i}" for i in range(60)]
    for tree in trees:
        random_tree(rng, tree)
        archive = driver("dump", tree)
        assert archive == nix("nix-store", "--dump", tree)
        assert driver("hash", tree).decode().strip() == f"sha256:{nix_hash(archive)}"
    hashes = [nix("nix", "hash", "path", "--base32", "--type", "sha256", tree).decode().strip() for tree in trees]
    assert hashes == [driver("hash", tree).decode().strip().removeprefix("sha256:") for tree in trees]


def nix_hash(data):
    """Base-32 of SHA-256, from its definition."""
    digest = int.from_bytes(hashlib.sha256(data).digest(), "little")
    return "".join("0123456789abcdfghijklmnpqrsvwxyz"[digest >> 5 * i & 31] for i in reversed(range(52)))
