"""The main job for real, as an ordinary user: resolve, build, boot, rebuild, and a stock Nix as the judge."""
import os
import subprocess
import time

import pytest

from swage_cli import nix

KERNEL = "linux@6.1"


@pytest.fixture(scope="module")
def booted(rootless):
    return rootless("boot", KERNEL, "--for", "arm64", "--json").ok().json()["boots"][0]


def test_the_userland_spoke(booted):
    assert booted["platform"] == "arm64"
    assert booted["userland"].startswith(f"swage-boot-ok: Linux (none) {booted['kernel']} ")
    assert booted["userland"].endswith(" aarch64")
    assert f"Linux version {booted['kernel']} (swage@swage)" in booted["banner"]
    assert "gcc (Debian 12.2.0" in booted["banner"]
    assert booted["toolchain"] == "debian-bookworm-gcc-12-arm64"
    assert all(part["seconds"] is not None for part in booted["parts"])


def test_the_second_time_takes_no_time(rootless, booted):
    start = time.monotonic()
    again = rootless("boot", KERNEL, "--for", "arm64", "--json").ok()
    assert time.monotonic() - start < 5
    assert "building" not in again.err
    assert again.json()["boots"][0]["drv"] == booted["drv"]


def test_the_store_is_what_nix_expects(rootless, booted):
    assert rootless("store", "verify").ok().out.startswith("ok: ")
    nix(rootless, "nix-store", "--verify", "--check-contents")
    out = next(d for d in rootless("plan", KERNEL, "--for", "arm64", "--json").ok().json()["derivations"]
               if d["drv"] == booted["drv"])["outputs"]["out"]
    closure = nix(rootless, "nix", "--extra-experimental-features", "nix-command", "path-info", "-r", out).split()
    ours = rootless("store", "path-info", "-r", out, "--json").ok().json()["paths"]
    assert sorted(closure) == sorted(row["path"] for row in ours) and out in closure


def test_a_stock_nix_builds_the_same_content(rootless, booted):
    """`--check` makes Nix build the derivation in its own sandbox and compare with what is in the store."""
    rootless("plan", KERNEL, "--for", "arm64", "--instantiate").ok()
    rows = {d["name"]: d["drv"] for d in rootless("plan", KERNEL, "--for", "arm64", "--json").ok().json()["derivations"]}
    for name in ["toolchain-debian-bookworm-gcc-12-arm64", "root-tools", "busybox-1.35.0-arm64", "initramfs-arm64",
                 f"boot-linux-{booted['kernel']}-arm64"]:
        nix(rootless, "nix-store", "--realise", "--check", rows[name])


def test_lines_without_effect_are_in_the_error_with_their_reasons(rootless, booted):
    """The file says of SYSVIPC what an option overrides, and of CC_VERSION_TEXT what only the compiler can say: neither is a mistake."""
    file = rootless.cwd / "strict.config"
    subprocess.run([*rootless.prefix, "sh", "-c", 'cat > "$1"', "sh", str(file)], check=True, text=True,
                   input='# CONFIG_SYSVIPC is not set\nCONFIG_CC_VERSION_TEXT="another"\nCONFIG_PAHOLE_VERSION=199\nCONFIG_RETPOLINE=y\n')
    strict = ["build", KERNEL, "--for", "arm64", "--config", "tiny", "--fragment", file, "--enable", "SYSVIPC", "--strict-config", "--no-link"]
    got = rootless(*strict, "--enable", "NONESUCH", "--enable", "SND").fails(1)
    report = [line.strip() for line in got.err.splitlines()]
    assert "error: 3 configuration lines did not take effect, and --strict-config wants all of them" in report
    at = report.index("error: 3 configuration lines did not take effect, and --strict-config wants all of them")
    assert report[at + 1:at + 4] == ["fragment: CONFIG_RETPOLINE=y did not take effect: no such symbol",
                                     "option: CONFIG_NONESUCH=y did not take effect: no such symbol",
                                     "option: CONFIG_SND=y did not take effect: it is not set: dependency missing: SOUND"]
    log = rootless("log", got.err.split("swage log ")[1].split()[0]).ok().out
    whole = log.split("config: begin of the report\n")[1].split("config: end of the report\n")[0]
    assert "config: fragment: CONFIG_SYSVIPC=n is overridden by option: CONFIG_SYSVIPC=y\n" in whole
    assert "config: fragment: CONFIG_PAHOLE_VERSION=199 did not take effect: it is 124: it has no prompt: " in whole
    assert "SYSVIPC=y did not" not in whole


def test_a_file_that_the_tree_does_not_have_is_missed_before_anything_is_compiled(rootless, booted):
    got = rootless("build", KERNEL, "--for", "arm64", "--config", "tiny", "--no-link", "--enable", "ASYMMETRIC_KEY_TYPE", "--enable",
                   "ASYMMETRIC_PUBLIC_KEY_SUBTYPE", "--enable", "X509_CERTIFICATE_PARSER", "--enable", "CRYPTO", "--enable", "CRYPTO_RSA", "--enable", "KEYS",
                   "--enable", "SYSTEM_TRUSTED_KEYRING", "--set", 'SYSTEM_TRUSTED_KEYS="debian/certs/a.pem"').fails(1)
    assert "  error: CONFIG_SYSTEM_TRUSTED_KEYS: 'debian/certs/a.pem' is not in the kernel's tree\n" in got.err


def test_the_kernel_is_reproducible(rootless, booted):
    got = rootless("build", KERNEL, "--for", "arm64", "--config", "tiny", "--check", "--no-link", "--print-out-paths").ok()
    assert got.err.endswith(f"linux@{booted['kernel']} for arm64 was built again and is the same bit for bit\n")
    kernel = got.out.strip()
    assert {"kernel", "vmlinux", "System.map", "config"} <= set(os.listdir(kernel))


def test_the_kernel_refers_to_nothing(rootless, booted):
    path = next(d for d in rootless("plan", KERNEL, "--for", "arm64", "--json").ok().json()["derivations"]
                if d["name"].startswith("linux-") and d["name"].endswith("-arm64"))["outputs"]["out"]
    info = rootless("store", "path-info", path, "--json").ok().json()["paths"][0]
    assert info["references"] == []


def test_root_and_user_plan_the_same_derivation(rootless, root, booted):
    lock = (rootless.home / "swage.lock").read_text()
    root.home.mkdir(parents=True, exist_ok=True)
    (root.home / "swage.lock").write_text(lock)
    rows = root("plan", KERNEL, "--for", "arm64", "--json").ok().json()["derivations"]
    assert booted["drv"] in [row["drv"] for row in rows]


def test_root_builds_the_same_toolchain(rootless, root, booted):
    """As root the sandbox is the same: equal paths, equal bytes."""
    test_root_and_user_plan_the_same_derivation(rootless, root, booted)
    outcome = root("build", "toolchain@gcc-12", "--for", "arm64", "--json").ok().json()["results"][0]["outputs"]["out"]
    here = root("store", "path-info", outcome["path"], "--json").ok().json()["paths"][0]
    there = rootless("store", "path-info", outcome["path"], "--json").ok().json()["paths"][0]
    assert here["narHash"] == there["narHash"]


def test_shell_has_the_compiler_without_root(rootless, booted):
    got = rootless("shell", "toolchain@gcc-12", "--for", "arm64", "-c",
                   'echo $ARCH $CROSS_COMPILE $(id -u); echo "int f(void){return 1;}" | ${CROSS_COMPILE}gcc -x c -c -o t.o - && '
                   'od -An -j18 -N2 -tu2 t.o; echo "int main(void) { return 0; }" > t.cpp; $CXX t.cpp -o t && od -An -j18 -N2 -tu2 t; exit 7').fails(7)
    uid = subprocess.run([*rootless.prefix, "id", "-u"], capture_output=True, text=True).stdout.strip()
    assert got.out.split() == ["arm64", "aarch64-linux-gnu-", uid, "183", "183"]


def test_the_log_is_kept(rootless, booted):
    log = rootless("log", booted["drv"]).ok().out
    assert booted["userland"] in log


def test_everything_is_there_offline(rootless, booted):
    """Without network, and without any mirror, what is in the store is used."""
    got = subprocess.run([*rootless.prefix, "unshare", "-Urn", *rootless.argv("boot", KERNEL, "--for", "arm64")[len(rootless.prefix):]],
                         capture_output=True, text=True, cwd=rootless.cwd, env=rootless.env)
    assert got.returncode == 0, got.stderr
