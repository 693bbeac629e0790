"""Planning: offline, deterministic, and every derivation by the builder contract."""
import os
import shutil
import subprocess

from records import write_record
from swage_cli import PROGRAM, ROOT, Swage, catalog_without_evidence, made_up_lock, write_recipe


def test_the_same_drv_in_another_checkout_home_and_directory(planner, tmp_path):
    want = planner("plan", "linux@6.1", "--for", "arm64", "--json").ok().json()
    other = Swage(tmp_path / "other-home", tmp_path)
    other.home.mkdir()
    shutil.copy(planner.home / "swage.lock", other.home)
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "catalog", checkout / "catalog")
    assert other("plan", "linux@6.1", "--for", "arm64", "--json", "--catalog", checkout / "catalog").ok().json() == want


def test_planning_needs_no_network_and_writes_nothing_but_the_store_skeleton(planner):
    planner("plan", "linux@6.1", "--for", "all").ok()
    assert os.listdir(planner.home / "nix" / "store") in ([], [".links"])


def test_every_architecture_that_has_a_toolchain_is_planned(planner):
    names = {d["name"] for d in planner("plan", "linux@6.1", "--for", "all", "--json").ok().json()["derivations"]}
    for arch in ["arm64", "armhf", "armel", "mipsel", "riscv64", "powerpc64le", "s390x", "x86_64", "i686"]:
        assert f"boot-linux-6.1.176-{arch}" in names


def test_the_compiler_follows_the_kernel(planner):
    for kernel, gcc in [("5.10", "10.2.1"), ("6.1", "12.2.0"), ("6.12", "14.2.0")]:
        chosen = planner("resolve", f"linux@{kernel}", "--for", "arm64", "--json").ok().json()["resolutions"][0]
        assert chosen["toolchain"]["version"] == gcc
        assert set(chosen) >= {"kernel", "arch", "purpose", "toolchain", "rules", "rejected"}


def test_explanation_fits_a_screen(planner):
    text = planner("resolve", "linux@6.1", "--for", "arm64", "--explain").ok().out
    assert len(text.splitlines()) <= 40
    assert "gcc" in text


def test_a_toolchain_that_does_not_fit_is_impossible_and_says_why(planner):
    got = planner("resolve", "linux@5.10", "--for", "arm64", "--toolchain", "nonesuch").fails(2)
    assert "'nonesuch'" in got.err


def test_binutils_of_4_10_and_of_5_10(planner):
    """A kernel need not be in the catalog to be resolved, and both explanations say what is between the two."""
    rule = "binutils-2.31-plt32 (boots-not)"
    old = planner("resolve", "linux@4.10", "--for", "x86_64", "--explain").ok().out
    assert old.startswith("linux 4.10 for x86_64: debian-bullseye-gcc-9-x86_64\n")
    assert f"  plt32-as-pc32: in a kernel, which has no PLT, R_X86_64_PLT32 means what R_X86_64_PC32 means; lifts {rule}\n" in old
    new = planner("resolve", "linux@5.10", "--for", "x86_64", "--explain").ok().out
    assert f"{rule}: binutils 2.35.2 is not <2.31, for linux <3.18.100|" in new
    assert "in root build (bookworm), host-gcc 12.2.0" in new
    planner("plan", "linux@4.10", "--for", "x86_64").fails(2)


def test_quirks_and_root_are_in_the_plan(planner):
    resolved = planner("resolve", "linux@4.19.325", "--for", "x86_64", "--json").ok().json()["resolutions"][0]
    assert resolved["root"]["name"] == "build-bullseye" and resolved["root"]["tools"]["host-gcc"] == "10.2.1"
    names = {d["name"] for d in planner("plan", "linux@4.19.325", "--for", "x86_64", "--json").ok().json()["derivations"]}
    assert "root-build-bullseye" in names


def test_a_prebuilt_compiler_with_one_more_flag_comes_before_the_same_one_from_source(planner):
    best = planner("resolve", "linux@3.10.108", "--for", "armel", "--json").ok().json()["resolutions"][0]
    assert best["toolchain"]["id"] == "debian-bullseye-gcc-9-armel"
    assert [q["id"] for q in best["quirks"] if q["lifts"]] == ["arm-put-user", "dtc-common", "no-default-pie"]
    older = planner("resolve", "linux@3.18.99", "--for", "x86_64", "--json").ok().json()["resolutions"][0]
    assert older["toolchain"]["id"] == "debian-bullseye-gcc-9-x86_64"
    assert {"max-page-size", "plt32-as-pc32"} <= {q["id"] for q in older["quirks"] if q["lifts"]}


def test_rows_say_where_they_were_measured(planner):
    rows = {row["id"]: row for row in planner("list", "constraints", "--json").ok().json()["constraints"]}
    assert "mipsel" in rows["gcc-7-ilog2-3.10"]["measured"] and not rows["min-gcc-3.2"]["measured"]
    here, there = (planner("resolve", "linux@3.10.108", "--for", platform, "--explain").ok().out for platform in ["mipsel", "mips64"])
    assert "    gcc-7-ilog2-3.10: measured on mipsel, assumed for mips64\n" in there
    assert "gcc-7-ilog2-3.10: measured" not in here
    quirks = planner("resolve", "linux@3.10.108", "--for", "mips64", "--json").ok().json()["resolutions"][0]["quirks"]
    assert next(q for q in quirks if q["id"] == "no-default-pie")["assumes"] == ["gcc-default-pie"]


def test_llvm_and_a_gcc_contradict_each_other(planner):
    got = planner("resolve", "linux@6.1", "--for", "arm64", "--llvm", "--toolchain", "debian-bookworm-gcc-12-arm64").fails(2)
    assert got.err == ("error: '--llvm' and 'debian-bookworm-gcc-12-arm64' contradict each other: that is gcc 12.2.0\n"
                       "hint: leave out one of them\n")


def test_the_graph_says_who_needs_whom(planner):
    args = ["plan", "busybox-boot", "--for", "arm64"]
    listed = planner(*args, "--json").ok().json()["derivations"]
    graph = planner(*args, "--graph", "json").ok().json()
    assert [(n["drv"], n["state"]) for n in graph["nodes"]] == [(d["drv"], d["state"]) for d in listed]
    names = {n["drv"]: n["name"] for n in graph["nodes"]}
    edges = {(names[e["from"]], names[e["to"]]) for e in graph["edges"]}
    assert ("root-build", "busybox-1.35.0-arm64") in edges and all(e["outputs"] == ["out"] for e in graph["edges"])
    dot = planner(*args, "--graph", "dot").ok().out
    assert dot.startswith("digraph plan {\n") and '[label="busybox-1.35.0-arm64"];' in dot and dot.count(" -> ") == len(graph["edges"])
    mermaid = planner(*args, "--graph", "mermaid").ok().out
    assert mermaid.startswith("graph LR\n") and '["root-build"]' in mermaid and mermaid.count(" --> ") == len(graph["edges"])
    assert "--graph" in planner(*args, "--graph", "svg").fails(2).err


def test_options_change_the_kernel_and_nothing_before_it(planner):
    def plan(*args):
        rows = planner("plan", "linux@6.1", "--for", "arm64", "--json", *args).ok().json()["derivations"]
        return {row["name"]: row["drv"] for row in rows}

    plain, changed = plan(), plan("--enable", "KPROBES")
    assert plain.keys() == changed.keys()
    different = {name for name in plain if plain[name] != changed[name]}
    assert different == {"linux-6.1.176-arm64", "boot-linux-6.1.176-arm64"}


def test_layer_overrides_one_field_and_shows_its_origin(planner, tmp_path):
    layer = tmp_path / "layer"
    (layer / "kernels").mkdir(parents=True)
    (layer / "roots.toml").write_text('[[root]]\nname = "qemu-arm"\noverride = true\npurpose = "mine"\n')
    rows = planner("list", "roots", "--json", "--layer", layer).ok().json()["roots"]
    row = next(r for r in rows if r["name"] == "qemu-arm")
    assert row["purpose"] == "mine" and "qemu-system-arm" in row["packages"]
    assert row["origin"]["layer"] == "catalog" and row["origin"]["overridden"]["purpose"] == "layer"


def test_check_reports_all_errors_of_a_layer(swage, tmp_path):
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "roots.toml").write_text('[[root]]\nname = "a"\nsuit = "bookworm"\npackages = []\n\n[[root]]\nsuite = 3\n')
    got = swage("check", layer).fails(2)
    assert "'suit'" in got.err and "did you mean 'suite'?" in got.err
    assert got.err.count("error: ") >= 3
    assert "roots.toml:3:1" in got.err


def test_malformed_toml_has_a_position(swage, tmp_path):
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "roots.toml").write_text('[[root]\nname = "a"\n')
    assert "roots.toml:1:" in swage("check", layer).fails(2).err


def test_shipped_catalog_is_valid(swage):
    assert swage("check").ok().out.startswith("ok: ")


def test_installed_program_finds_its_catalog(tmp_path):
    subprocess.run(["cmake", "--install", str(PROGRAM.parent), "--prefix", str(tmp_path / "prefix")], check=True, capture_output=True)
    done = subprocess.run([tmp_path / "prefix" / "bin" / "swage", "list", "platforms"], cwd="/", capture_output=True, text=True,
                          env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and "arm64" in done.stdout


def test_a_toolchain_that_has_booted_the_cell_comes_first(planner, tmp_path):
    def resolve(*args):
        return planner("resolve", "linux@6.1", "--for", "arm64", "--catalog", catalog, *args).ok()

    def chosen():
        return resolve("--json").json()["resolutions"][0]["toolchain"]["id"]

    # What is shipped as evidence would count too.
    catalog = catalog_without_evidence(tmp_path)
    best = chosen()
    place, kernel = planner.home / "evidence", resolve("--json").json()["resolutions"][0]["kernel"]
    other = "debian-trixie-gcc-14-arm64"
    write_record(place, kernel=kernel, toolchain=other)
    assert best != other and chosen() == other
    why = resolve("--explain").out
    assert f"it has booted this kernel; {best} is not recorded to have booted it" in why
    write_record(place, kernel=kernel, toolchain=other, state="failed", reason="'linux' did not build: builder ended with status 2")
    assert chosen() == best


def test_where_a_sublevel_is_not_on_record_the_nearest_of_its_series_counts(planner, tmp_path):
    """A security fix is a new sublevel, and what booted the one before is still the best guess."""
    catalog = catalog_without_evidence(tmp_path)

    def resolve(*args):
        return planner("resolve", "linux@6.1", "--for", "arm64", "--catalog", catalog, *args).ok()

    def chosen():
        return resolve("--json").json()["resolutions"][0]["toolchain"]["id"]

    best, other, third = chosen(), "debian-trixie-gcc-14-arm64", "debian-bookworm-gcc-11-arm64"
    place = planner.home / "evidence"
    write_record(place, kernel="6.12.1", toolchain=third)
    assert chosen() == best, "of another series"
    write_record(place, kernel="6.1.99", toolchain=third)
    assert chosen() == third
    write_record(place, kernel="6.1.175", toolchain=other)
    assert chosen() == other, "nearer"
    assert f"it has booted linux 6.1.175, the nearest on record; {best} is not recorded to have booted it" in resolve("--explain").out


def test_patches_change_the_tree_and_what_is_made_of_it(planner):
    def plan(*args):
        rows = planner("plan", "linux@6.1", "--for", "arm64", "--json", *args).ok().json()["derivations"]
        return {row["name"]: row["drv"] for row in rows}

    (planner.cwd / "fix.patch").write_text("--- a/Makefile\n+++ b/Makefile\n")
    plain, patched = plan(), plan("--patch", "fix.patch")
    assert {name for name in plain if plain[name] != patched[name]} == {"linux-6.1.176-source", "linux-6.1.176-arm64", "boot-linux-6.1.176-arm64"}
    assert planner("plan", "linux@6.1", "--patch", "none.patch").fails(4).err == "error: cannot open 'none.patch': No such file or directory\n"
def test_a_request_reads_only_the_toolchains_of_its_platform(planner, tmp_path):
    catalog = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", catalog)
    broken = catalog / "toolchains/bootlin/mips.toml"
    broken.write_text("[[toolchain]]\nid = 7\n")
    resolve = ("resolve", "linux@6.1", "--catalog", catalog, "--for")
    assert planner(*resolve, "arm64").ok().out == "linux@6.1.176 for arm64: debian-bookworm-gcc-12-arm64\n"
    bootlin = "bootlin-2024.05-1-aarch64-glibc-stable"
    assert planner(*resolve, "arm64", "--toolchain", bootlin).ok().out == f"linux@6.1.176 for arm64: {bootlin}\n"
    for found in [planner("check", catalog).fails(2), planner("list", "toolchains", "--catalog", catalog).fails(2)]:
        assert f"{broken}:2:6\n" in found.err and "'id' is an integer, not a string" in found.err


def test_an_archive_is_planned_as_a_download(planner):
    got = planner("plan", "linux@6.1", "--for", "arm64", "--toolchain", "bootlin-2024.05-1-aarch64-glibc-stable", "--json").ok().json()
    names = {d["name"] for d in got["derivations"]}
    assert "toolchain-bootlin-2024.05-1-aarch64-glibc-stable" in names


def test_components_are_listed(planner):
    rows = planner("list", "components", "--json").ok().json()["components"]
    gcc = next(row for row in rows if row["name"] == "gcc" and row["version"] == "4.9.4")
    assert gcc["source"]["urls"][0] == "https://ftp.gnu.org/gnu/gcc/gcc-4.9.4/gcc-4.9.4.tar.bz2" and gcc["released"] == "2016-08-03"
    assert gcc["source"]["sha256"] == "6c11d292cd01b294f9f84c9a59c230d80e9e4a47e5c6355f046bb36d4f358092"
    musl = next(row for row in rows if row["name"] == "musl" and row["version"] == "1.2.3")
    assert musl["source"]["debian"] == {"suite": "bookworm", "package": "musl"}


ASSEMBLER = """[package]
name = "assembler"
version = "1"
[source]
urls = ["https://example.org/assembler.tar.gz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
[build]
system = "autotools"
targeted = true
configure = ["--target={target.triple}"]
[test]
run = ["true"]
"""


def test_what_emits_code_is_another_one_for_each_target(planner, tmp_path):
    """Build, host and target all differ: the host's compiler makes it, and the label says both platforms."""
    def planned(*args):
        got = planner("--layer", write_recipe(tmp_path, "assembler", ASSEMBLER), "plan", "assembler", "--for", "arm64", *args, "--json").ok()
        return {d["name"]: d["drv"] for d in got.json()["derivations"]}
    for_mips, own = planned("--target", "mips"), planned()
    assert for_mips.keys() - own.keys() == {"assembler-1-arm64-for-mips"}, "nothing else knows the target"
    assert own.keys() - for_mips.keys() == {"assembler-1-arm64"}
    assert planned("--target", "arm64") == own


def test_what_emits_no_code_has_no_target(planner):
    assert planner("plan", "hello", "--for", "arm64", "--target", "mips").fails(2).err == (
        "error: 'hello' emits no code, so '--target' says nothing of it\nhint: the platform that it is to run on is --for\n")


def test_a_target_that_is_no_platform(planner, tmp_path):
    layer = write_recipe(tmp_path, "assembler", ASSEMBLER)
    assert planner("--layer", layer, "plan", "assembler", "--target", "misp").fails(2).err == "error: 'misp' is not a platform\nhint: did you mean 'mips'?\n"


def test_a_log_is_of_what_was_built_whatever_the_options(planner):
    """The documentation boots, which takes tiny, and then asks for the log, which would be of defconfig."""
    def log_of(name, text):
        drv, = [d["drv"] for d in planner("plan", "linux@6.1", "--for", "arm64", "--json").ok().json()["derivations"] if d["name"] == name]
        base = drv.rsplit("/", 1)[1]
        file = planner.home / "nix/var/log/nix/drvs" / base[:2] / base[2:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return drv
    missing = planner("log", "linux@6.1", "--for", "arm64").fails(2).err
    assert missing == "error: linux@6.1.176 for arm64 has no log: it was not built here\n"
    drv, boot = log_of("linux-6.1.176-arm64", "made\n"), log_of("boot-linux-6.1.176-arm64", "spoke\n")
    got = planner("log", "linux@6.1", "--for", "arm64").ok()
    assert (got.out, got.err) == ("made\n", f"note: the log of '{drv}', which was built with other options\n")
    assert planner("log", "linux@6.1", "--for", "arm64", "--config", "tiny").ok().err == ""
    assert planner("log", "linux@6.1", "--for", "arm64", "--config", "allnoconfig").fails(2).err == (
        f"error: linux@6.1.176 for arm64 has no log: it was not built so here\nhint: what was built of it last has one: swage log {drv}\n")
    for target in ("boot@6.1", "boot"):
        assert planner("log", target, "--for", "arm64").ok().out == "spoke\n", target
    assert planner("log", "linux", "--for", "arm64").ok().out == "made\n", "of whatever version"
    (planner.cwd / "result").symlink_to(f"{planner.home}{boot}")
    for link in ("result", "./result", planner.cwd / "result", boot):
        assert planner("log", link).ok().out == "spoke\n", link
