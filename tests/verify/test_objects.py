"""Samples of a kernel's objects, and configurations beyond tiny: what is recorded, whose failure it is, and what is repeated."""
import hashlib
import tomllib

from cells import KERNEL

GCC = "debian-bookworm-gcc-12-arm64"
WARNING = "drivers/bad.c:7:3: error: 'x' may be used uninitialized [-Werror=maybe-uninitialized]"
HEADER = "drivers/bad.c:1:10: fatal error: mach/gone.h: No such file or directory"


def sample(cells, *args, **kwargs):
    return cells.verify("--config", "allmodconfig", "--objects", "3", *args, **kwargs)


def record(cells, name="allmodconfig-objects-3-1", toolchain=GCC):
    return cells.records / "arm64" / f"linux-{KERNEL}-{toolchain}-{name}.toml"


def test_a_sample_that_compiles_is_recorded_and_repeated(cells):
    cells.write(objects='compiled "lib/$config-$sample-$seed.o"\ncompiled lib/two.o\n')
    got = sample(cells).ok()
    assert got.out == (f"built       linux@{KERNEL} for arm64  {GCC}  2 of 2 objects compile, of 1000\n"
                       f"1 cell: 1 built; records in '{cells.records}'\n")
    table = tomllib.loads(record(cells).read_text())
    assert table["objects"] == {"count": 3, "seed": "1", "of": 1000, "compiled": 2}
    assert (table["evidence"]["state"], table["evidence"]["config"], table["evidence"]["machine"]) == ("built", "allmodconfig", "none")
    assert record(cells).with_suffix(".log").read_text() == "compiled lib/allmodconfig-3-1.o\ncompiled lib/two.o\n"
    again = sample(cells, "--replay").ok()
    assert again.out.splitlines()[1].startswith("  equal      objects  ")
    assert cells("verify", "--replay", record(cells), "--evidence", cells.records).ok().out.count("  equal ") == 1
    other = sample(cells, "--seed", "17", "--json").ok().json()["cells"][0]
    assert other["objects"] == {"count": 3, "seed": "17", "of": 1000, "compiled": 2, "failed": []}
    assert other["record"] == str(record(cells, "allmodconfig-objects-3-17"))


def test_the_toolchains_failure_is_told_from_the_drivers(cells):
    cells.write(objects=f'compiled lib/one.o\nfailed drivers/header.o "{HEADER}"\n')
    got = sample(cells).ok()
    assert got.out.splitlines()[0].endswith("  1 of 2 objects compile, of 1000; 1 fails by itself: drivers/header.o")
    table = tomllib.loads(record(cells).read_text())
    assert table["objects"]["failed"] == [f"drivers/header.o: driver: {HEADER}"] and table["evidence"]["state"] == "built"
    cells.write(objects=f'failed drivers/warning.o "{WARNING}"\nfailed drivers/header.o "{HEADER}"\n')
    got = sample(cells).fails(1)
    reason = "1 of 2 objects do not compile with this toolchain: drivers/warning.o"
    assert got.out.splitlines()[0].endswith(f"  {GCC}  {reason}")
    table = tomllib.loads(record(cells).read_text())
    assert table["objects"]["failed"] == [f"drivers/header.o: driver: {HEADER}", f"drivers/warning.o: toolchain: {WARNING}"]
    assert table["evidence"]["state"] == "failed" and table["evidence"]["reason"] == reason
    assert sample(cells, "--replay").ok().out.count("  equal ") == 1, "what failed is repeated, too"


def test_a_known_line_names_its_constraint(cells):
    line = "arch/x86/a.c: error: conflicting types for 'syscall_trace_enter'"
    cells.write(objects=f'failed arch/x86/a.o "{line}"\n')
    sample(cells).fails(1)
    table = tomllib.loads(record(cells).read_text())
    assert table["evidence"]["signature"] == "asmregparm"
    assert table["objects"]["failed"] == [f"arch/x86/a.o: toolchain: {line} (known: gcc-4.8-asmregparm)"]


def test_another_compilers_word_counts_more_than_the_kind_of_error(cells):
    cells.write(objects=f'case $toolchain in\n*clang*) compiled a.o; failed b.o "b.c:1:2: error: {{}}" ;;\n'
                        f'*) failed a.o "{HEADER}"; failed b.o "{WARNING}" ;;\nesac\n')
    clang = sample(cells, "--llvm", "--json").ok().json()["cells"][0]
    assert clang["objects"]["failed"] == ["b.o: driver: b.c:1:2: error: {}"]
    gcc = sample(cells, "--json").fails(1).json()["cells"][0]
    assert gcc["objects"]["failed"] == [f"a.o: toolchain: {HEADER} (compiles with {clang['toolchain']})",
                                        f"b.o: driver: {WARNING} (fails with {clang['toolchain']} too)"]
    assert gcc["reason"] == "1 of 2 objects do not compile with this toolchain: a.o"


def test_a_sample_is_no_kernel(cells):
    sample(cells).ok()
    matrix = cells("matrix", "--for", "arm64", "--evidence", cells.records, "--json").ok().json()["cells"]
    entry = next(e for e in matrix if e["config"] == "allmodconfig")
    assert (entry["state"], entry["objects"]["compiled"], entry["recipeChanged"]) == ("sampled", 1, False)
    assert "s sampled, " in cells("matrix", "--for", "arm64", "--evidence", cells.records).ok().out
    assert cells.verify("--skip-verified", "--json").ok().json()["cells"][0]["state"] == "booted", "the kernel itself was not verified"
    assert sample(cells, "--skip-verified", "--json").ok().json()["cells"][0]["state"] == "skipped"
    cells.write(objects=f'failed a.o "{WARNING}"\n')
    sample(cells, "--idle", "--keep-free", "0", "--spare", "0").fails(1)
    assert sample(cells, "--idle", "--keep-free", "0", "--spare", "0", "--json").ok().json()["cells"][0]["state"] == "skipped", "a failed sample is done, too"


def test_what_is_no_sample_is_refused(cells):
    assert cells.verify("--seed", "2").fails(2).err == "error: '--seed' says nothing without '--objects'\nhint: see: swage verify --help\n"
    assert sample(cells, "--seed", "x").fails(2).err == "error: 'x' is not a seed: a number of at most 7 digits\n"
    assert cells("verify", "zlib", "--objects", "3", "--for", "arm64").fails(2).err == (
        "error: '--objects' says nothing of 'zlib', which is a package\nnote: it is for kernels\nhint: see: swage verify --help\n")


def test_a_configuration_is_recorded(cells):
    cells.verify("--config", "defconfig").ok()
    row = tomllib.loads(record(cells, "defconfig").read_text())["evidence"]
    assert (row["config"], row["state"]) == ("defconfig", "booted")
    cells.verify("--config", "tiny,kvm_guest.config").ok()
    assert tomllib.loads(record(cells, "tiny,kvm_guest.config").read_text())["evidence"]["config"] == "tiny,kvm_guest.config"
    for config in ("defconfig", "tiny,kvm_guest.config"):
        assert cells.verify("--replay", "--config", config).ok().out.count("  equal ") == 2
    entries = cells("matrix", "--for", "arm64", "--evidence", cells.records, "--json").ok().json()["cells"]
    assert {(e["config"], e["recipeChanged"]) for e in entries if e["kernel"] == KERNEL and e["when"]} == {("defconfig", False), ("tiny,kvm_guest.config", False)}


def test_a_file_is_recorded_by_name_and_content(cells):
    file = cells.directory / "openwrt ath79.config"
    file.write_text("CONFIG_MIPS=n\r\nCONFIG_ARM64=y\n")
    text = "CONFIG_MIPS=n\nCONFIG_ARM64=y\n"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    cells.verify("--config", file).ok()
    kept = next((cells.records / "arm64").glob("*.toml"))
    row = tomllib.loads(kept.read_text())["evidence"]
    assert row["config_sha256"] == sha256
    assert kept.name == f"linux-{KERNEL}-{GCC}-{row['config']}-{sha256[:8]}.toml" and row["config"].endswith("ath79.config")
    assert cells.verify("--replay", "--config", file).ok().out.count("  equal ") == 2
    assert cells("verify", "--replay", kept, "--config", file, "--evidence", cells.records).ok().out.count("  equal ") == 2
    assert cells("verify", "--replay", kept, "--evidence", cells.records).fails(2).err == (
        f"error: 'linux@{KERNEL}' was recorded with a configuration that is a file, '{row['config']}'\n"
        f"note: its sha256 is {sha256}\nhint: give it with: --config FILE\n")
    file.write_text("CONFIG_ARM64=y\n")
    other = hashlib.sha256(b"CONFIG_ARM64=y\n").hexdigest()
    assert cells("verify", "--replay", kept, "--config", file, "--evidence", cells.records).fails(2).err == (
        f"error: this is not the configuration that 'linux@{KERNEL}' was recorded with\n"
        f"note: recorded: {sha256} {row['config']}\nnote: given:    {other} {row['config']}\n")
