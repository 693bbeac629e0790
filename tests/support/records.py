"""Made-up evidence: records as `swage verify` writes them, without building anything."""
import pathlib


def write_record(place: pathlib.Path, kernel="6.1.176", platform="arm64", toolchain="debian-bookworm-gcc-12-arm64", log="the log\n", **values):
    row = {"kernel": kernel, "platform": platform, "toolchain": toolchain, "provider": "debian", "compiler": "gcc", "compiler_version": "12.2.0",
           "binutils": "2.40", "config": "tiny", "state": "booted", "when": "2026-01-31", "root": "build", "machine": "qemu-system-made-up -M virt",
           "kernel_drv": "/nix/store/00000000000000000000000000000000-linux.drv", "boot_drv": "/nix/store/00000000000000000000000000000000-boot.drv",
           "kernel_nar": "a" * 64, "boot_nar": "b" * 64, "banner": f"Linux version {kernel} (made up)",
           "userland": f"swage-boot-ok: Linux (none) {kernel} {platform}", "build_seconds": 131, "boot_seconds": 4, "cores": 2,
           "lock": "2026-01-01-00000000.lock", **values}
    if row["state"] == "failed":
        for key in ["boot_nar", "banner", "userland", "boot_seconds"]:
            row.pop(key)
    text = "[evidence]\n"
    for key, value in sorted(row.items()):
        if value is not None:
            text += f"{key} = {value}\n" if isinstance(value, int) else f'{key} = "{value}"\n'
    (place / platform).mkdir(parents=True, exist_ok=True)
    record = place / platform / f"{values.get('recipe', 'linux')}-{kernel}-{toolchain}.toml"
    record.write_text(text)
    record.with_suffix(".log").write_text(log)
    return record
