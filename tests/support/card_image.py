"""Images of cards, made by the programs that people make them with."""
import pathlib
import subprocess

ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def run(*argv, input=""):
    subprocess.run([str(word) for word in argv], check=True, capture_output=True, text=True, env=ENV, input=input)


def fat(path: pathlib.Path, files: dict[str, bytes | str], mib=34) -> pathlib.Path:
    """A FAT32 file system as a file, with these files."""
    path.unlink(missing_ok=True)
    run("mkfs.vfat", "--invariant", "-F", "32", "-s", "1", "-n", "FIRMWARE", "-C", path, mib * 1024)
    made = set()
    for name, content in files.items():
        for parent in reversed(pathlib.PurePosixPath(name).parents[:-1]):
            if parent not in made:
                run("mmd", "-i", path, f"::{parent}")
                made.add(parent)
        source = path.with_name("content")
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        run("mcopy", "-i", path, source, f"::{name}")
    return path


def card(path: pathlib.Path, files: dict[str, bytes | str], label="dos", kind="c", mib=34) -> pathlib.Path:
    """A card whose first partition has these files."""
    with path.open("wb") as out:
        out.truncate((mib + 6) << 20)
    run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", path, input=f"label: {label}\nlabel-id: 0x2175794e\nstart=2048, size={mib * 2048}, type={kind}\n"
        if label == "dos" else f"label: {label}\nstart=2048, size={mib * 2048}, type=U\n")
    system = fat(path.with_suffix(".fat"), files, mib)
    with path.open("r+b") as out:
        out.seek(1 << 20)
        out.write(system.read_bytes())
    return path


def arm64_kernel(memory: int) -> bytes:
    return bytes(16) + memory.to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4)


def device_tree(source: str) -> bytes:
    return subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-"], input=b"/dts-v1/;\n" + source.encode(), check=True, capture_output=True).stdout


def smallest_pi5() -> dict[str, bytes | str]:
    """The files that a Raspberry Pi 5 starts from."""
    return {"config.txt": "dtparam=audio=on\n", "kernel8.img": arm64_kernel(0x1000000),
            "bcm2712-rpi-5-b.dtb": device_tree("/ { bt: bt { }; __overrides__ { audio = <&bt>,\"a:0\"; }; };"),
            "overlays/bcm2712d0.dtbo": device_tree("/plugin/; &bt { };")}
