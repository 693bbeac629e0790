"""What failed builds say, of made-up packages that a shell builds in milliseconds: the first error, what is known of it, the next toolchain
only where one may help; and what becomes of the others."""
import json
import os
import re
import shutil

import pytest

NEXT = "note: the next best toolchain: --toolchain "


@pytest.fixture
def packages(cells):
    """cells, with a function that writes packages: name -> (script, what it needs)."""
    def write(scripts, needs=(), extra=""):
        for name, script in scripts.items():
            directory = cells.layer / "packages" / name
            directory.mkdir(parents=True, exist_ok=True)
            needed = [need for package, need in needs if package == name]
            (directory / "recipe.toml").write_text(
                f'[package]\nname = "{name}"\n{extra}[build]\nscript = "{name}.sh"\n[deps]\nbuild = ["toolchain"]\nhost = {json.dumps(needed)}\n'
                f'[env]\nname = "{name}-{{platform.name}}"\n')
            (cells.layer / "scripts" / f"{name}.sh").write_text(script)
        if os.geteuid() == 0:
            for path in [cells.layer, *cells.layer.rglob("*")]:
                shutil.chown(path, "swage-test")
        return cells
    cells.write()
    return write


GOOD = "echo fine\necho good > $out\n"
BAD = "echo words\nexit 3\n"


def links(cells):
    return sorted(path.name for path in cells.swage.cwd.glob("link*"))


@pytest.fixture(autouse=True)
def no_links(rootless):
    yield
    for path in rootless.cwd.glob("link*"):
        path.unlink()


def test_what_is_made_is_linked_and_said_when_another_fails(packages):
    cells = packages({"good": GOOD, "bad": BAD, "user": GOOD}, needs=[("user", "bad")])
    got = cells("build", "good", "bad", "user", "-k", "-o", "link", "--json").fails(1)
    results = {row["target"]: row for row in got.json()["results"]}
    assert {name: row["state"] for name, row in results.items()} == {"good": "built", "bad": "failed", "user": "not built"}
    assert results["user"]["because"] == "bad-x86_64" and results["good"]["because"] is None
    assert results["bad"]["error"]["what"] == "'bad-x86_64' did not build: builder ended with status 3"
    assert results["bad"]["error"]["notes"][0] == "last line of its log:\n  words"
    assert results["good"]["error"] is None and results["good"]["outputs"]["out"]["path"].startswith("/nix/store/") and not results["bad"]["outputs"]
    assert links(cells) == ["link-good-x86_64"]
    again = cells("build", "good", "bad", "user", "-k", "-o", "link").fails(1).err
    assert "good for x86_64: built\nbad for x86_64: failed\nuser for x86_64: not built, because of 'bad-x86_64'\nerror: 'bad-x86_64' did not build" in again


def test_what_another_failure_stops_is_cancelled_not_failed(packages):
    cells = packages({"slow": "$busybox sleep 60\n", "bad": "$busybox sleep 0.5\n" + BAD, "late": GOOD}, needs=[("late", "slow")])
    got = cells("build", "slow", "bad", "late", "-j", "2", "--no-link", "--json").fails(1)
    assert {row["target"]: row["state"] for row in got.json()["results"]} == {"slow": "cancelled", "bad": "failed", "late": "cancelled"}
    events = [json.loads(line) for line in got.err.splitlines() if line.startswith('{"event"')]
    names = {event["id"]: event["name"] for event in events if event["event"] == "start"}
    ends = {names[event["id"]]: (event["ok"], event["cancelled"]) for event in events if event["event"] == "finish"}
    assert ends["slow-x86_64"] == (False, True) and ends["bad-x86_64"] == (False, False)
    err = cells("build", "slow", "bad", "-j", "2", "--no-link").fails(1).err
    assert re.search(r"^cancelled building slow-x86_64 after ", err, re.M) and "failed building slow" not in err
    assert re.search(r"^failed building bad-x86_64 after ", err, re.M)


def test_a_source_that_cannot_be_had_is_what_failed(packages):
    cells = packages({"good": GOOD})
    lost = cells.layer / "packages/lost/recipe.toml"
    lost.parent.mkdir()
    lost.write_text('[package]\nname = "lost"\n[source]\nurls = ["file:///nowhere/lost.tar"]\nsha256 = "' + "ab" * 32 + '"\n[build]\nscript = "good.sh"\n'
                    '[env]\nname = "lost"\nsrc = "{source}"\n')
    got = cells("build", "good", "lost", "-k", "-o", "link", "--json").fails(4)
    assert [(row["state"], row["because"]) for row in got.json()["results"]] == [("built", None), ("not built", "lost.tar")]
    assert links(cells) == ["link-good-x86_64"]


def test_what_is_impossible_is_left_out_and_said(packages):
    cells = packages({"some": GOOD}, extra='arch = ["x86_64", "riscv64"]\n')
    assert "note: some for mipsel is left out: 'some' is not for 'mipsel'\n" in cells("build", "some", "--for", "all", "--no-link").ok().err
    got = cells("build", "some", "--for", "all", "-k", "-o", "link").ok()
    assert "note: some for mipsel is left out: 'some' is not for 'mipsel'\n" in got.err and links(cells) == ["link-some-riscv64", "link-some-x86_64"]
    rows = cells("build", "some", "--for", "all", "-k", "--no-link", "--json").ok().json()["results"]
    assert {row["platform"]: row["state"] for row in rows if row["state"] != "impossible"} == {"riscv64": "built", "x86_64": "built"}
    left = next(row for row in rows if row["platform"] == "mipsel")
    assert left["state"] == "impossible" and left["error"]["what"] == "'some' is not for 'mipsel'" and left["drv"] is None
    named = cells("build", "some", "--for", "riscv64,mipsel", "-k", "--no-link").fails(3)
    assert "error: 'some' is not for 'mipsel'\n" in named.err, "what is asked for by name is missed"
    assert "error: 'some' is not for 'mipsel'\n" in cells("build", "some", "--for", "mipsel", "-k", "--no-link").fails(3).err
    assert "would build" in cells("build", "some", "--for", "all", "-k", "--dry-run").ok().out


def test_a_boot_of_all_platforms_leaves_out_what_has_no_machine(packages):
    cells = packages({})
    cells.write(silent="mipsel")
    got = cells("boot", "linux@6.99.1", "--for", "arm64,arc,mipsel", "-k").fails(1)
    assert "note: linux@6.99.1 for arc is left out: 'arc' has no boot machine for linux 6.99.1\n" in got.err
    assert got.out.startswith("linux@6.99.1 for arm64 booted\n") and "mipsel" not in got.out
    assert "linux@6.99.1 for arm64: built\nlinux@6.99.1 for mipsel: failed\n" in got.err
    assert NEXT not in got.err, "no compiler was at fault"


def test_each_target_has_a_link_of_its_own(packages):
    cells = packages({"good": GOOD})
    (cells.layer / "instances.toml").write_text("[instance.small]\noverride = { static = true }\n")
    cells("build", "good", "good@small", "-o", "link").ok()
    assert links(cells) == ["link-good-small-x86_64", "link-good-x86_64"]
    cells("build", "linux@6.99.1", "linux@6.99", "--for", "arm64", "--config", "tiny", "-o", "link-two").ok()
    assert links(cells)[2:] == ["link-two-linux-6.99-arm64", "link-two-linux-6.99.1-arm64"]
    cells("build", "linux@6.99.1", "--for", "arm64,mipsel", "--config", "tiny", "-o", "link-one").ok()
    assert links(cells)[2:4] == ["link-one-linux-arm64", "link-one-linux-mipsel"]


def test_the_first_error_is_shown_with_its_neighbours(packages):
    """As a parallel make leaves it: far from the end, among the lines of other jobs."""
    cells = packages({"far": """i=0
while [ $i -lt 2000 ]; do
  [ $i = 700 ] && echo "kernel/fork.c: In function 'copy_process':" && echo "kernel/fork.c:12:5: error: 'x' undeclared" && echo "   12 |   x = 1;"
  [ $i = 720 ] && echo "make[2]: *** [scripts/Makefile.build:250: kernel/fork.o] Error 1"
  echo "  CC      lib/error-$i.o"
  i=$((i + 1))
done
echo "make: *** [Makefile:1234: all] Error 2"
exit 2
""", "other": "echo 'other.c:1:1: error: y'\ni=0; while [ $i -lt 40 ]; do echo $i; i=$((i + 1)); done; exit 1\n"})
    err = cells("build", "far", "--no-link").fails(1).err
    assert ("note: the first error, in line 702 of its log:\n    CC      lib/error-697.o\n    CC      lib/error-698.o\n    CC      lib/error-699.o\n"
            "  kernel/fork.c: In function 'copy_process':\n  kernel/fork.c:12:5: error: 'x' undeclared\n     12 |   x = 1;\n") in err
    assert "last 25 lines of its log:\n" in err and err.count("lib/error-1999.o") == 1 and NEXT in err
    both = cells("build", "far", "other", "-k", "--no-link", "--json").fails(1)
    notes = {row["target"]: row["error"]["notes"] for row in both.json()["results"]}
    assert notes["far"][0].startswith("the first error, in line 702 of its log:\n") and notes["other"][0].startswith("the first error, in line 1 of its log:\n  other.c:1:1")
    assert "in line 702 of its log" in both.err and "in line 1 of its log" in both.err


@pytest.mark.parametrize("says,cured", [
    ("echo 'x.c:1:1: error: y'", True),
    ("echo '{standard input}:1577: Error: unrecognized opcode: `foo'", True),
    ("echo 'x.o: undefined reference to `__aeabi_uldivmod'", True),
    ("echo '/usr/bin/ld: scripts/x.o: multiple definition of `y'", False),
    ("echo 'Hunk #1 FAILED at 3.'; echo \"patch: 'x.patch' does not apply\"", False),
    ("echo 'tar: Unexpected EOF in archive'; echo 'tar: Error is not recoverable: exiting now'", False),
    ("echo 'FAIL: tests/a'; echo '# FAIL:  1'", False),
    ("echo 'config: CONFIG_X=y did not take effect: '", False),
    ("echo \"fatal: unable to access 'https://example.org/x/': Could not resolve host: example.org\"", False),
    ("echo 'x.c:1:1: error: y'; $busybox sh -c 'kill -9 $$'; exit $?", False),
    ("echo 'gcc: fatal error: Killed signal terminated program cc1'", False),
    ("echo 'make: *** No rule to make target x.  Stop.'", False),
    ("echo nothing known", False),
], ids=lambda value: str(value)[:40])
def test_another_toolchain_is_named_only_where_it_may_help(packages, says, cured):
    cells = packages({"fails": says + "\nexit 1\n"})
    err = cells("build", "fails", "--for", "arm64", "--no-link").fails(1).err
    assert (NEXT in err) == cured, err


def test_no_toolchain_cures_a_time_limit(packages):
    cells = packages({"fails": "echo 'x.c:1:1: error: y'\n$busybox sleep 60\n"})
    err = cells("build", "fails", "--no-link", "--timeout", "1").fails(1).err
    assert "did not build: it ran for more than 1 s" in err and NEXT not in err


# What the sandbox itself answers, by the programs of a build that is there.
@pytest.mark.parametrize("does,text,hint", [
    ("$busybox cp $busybox su; $busybox chmod 4755 su", "the sandbox refuses set-user-id and set-group-id modes: an output is everybody's", "install it without the bit (mode 755), "),
    ("$busybox mkdir d; $busybox chmod 2775 d", "the sandbox refuses set-user-id and set-group-id modes: an output is everybody's", "install it without the bit (mode 755), "),
    ("$busybox touch x; $busybox chown 12:34 x", "everything in a build belongs to one user, so files cannot be given to another", "install without owner and group: "),
    ("$busybox wget http://example.org/x", "builds have no network: all that they need is an input", "make what it fetches part of the recipe: "),
    ("$busybox touch ${busybox%/bin/busybox}/x", "only /build, /tmp and the outputs can be written in a build", "let it install into the output: "),
    ("gperf --version", "a program that the build calls is not in its root", "make it a dependency in role build: "),
    ("echo 'configure: error: cannot run test program while cross compiling'; exit 1",
     "the package runs a program of its own while it is built, and this one is for another platform",
     "build it as its own platform: swage build fails --for arm64 --emulate; or give "),
], ids=lambda value: str(value)[:30])
def test_what_the_sandbox_refuses_is_said_with_what_to_do(packages, does, text, hint):
    cells = packages({"fails": f"set -e\n{does}\necho done > $out\n"})
    got = cells("build", "fails", "--for", "arm64", "--no-link").fails(1)
    assert f"note: this is known: {text}\nnote: the whole log: swage log /nix/store/" in got.err, got.err
    assert f"\nhint: {hint}" in got.err and NEXT not in got.err
