"""What a build of an image leaves, made up."""
import json
import pathlib
import shutil
import subprocess


def left_by_a_build(directory: pathlib.Path, image: pathlib.Path, board="virt-arm64", name="virt-arm64-minimal", platform="arm64", sizes="",
                    manifest=None) -> pathlib.Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    subprocess.run(["zstd", "-q", "-1", image, "-o", directory / "image.img.zst"], check=True)
    (directory / "manifest.json").write_text(manifest or json.dumps({"image": name, "board": board, "platform": platform}))
    (directory / "sizes").write_text(sizes)
    return directory
