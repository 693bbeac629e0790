"""image-manifest.py DISK BOOT LIST PLACES OUT: what a disk image is made of. Writes OUT/manifest.json (hashes and sizes of all parts,
packages with versions and licences), OUT/image.bmap (which blocks hold anything) and OUT/sizes (what takes the space)."""
import hashlib
import json
import os
import sys

disk, boot, listed, places_file, out = sys.argv[1:]
BLOCK = 4096


def block_map():
    """The bmap format, version 2.0: ranges of blocks that are not all zeros."""
    zero, ranges, at, data = bytes(BLOCK), [], 0, None
    whole = hashlib.sha256()
    with open(disk, "rb") as image:
        while block := image.read(BLOCK):
            whole.update(block)
            if block == zero[:len(block)]:
                data = None
            else:
                if data is None:
                    data = hashlib.sha256()
                    ranges.append([at, at, data])
                ranges[-1][1] = at
                data.update(block)
            at += 1
    mapped = sum(last - first + 1 for first, last, _ in ranges)
    head = ('<?xml version="1.0" ?>\n<bmap version="2.0">\n'
            f"  <ImageSize>{os.path.getsize(disk)}</ImageSize>\n  <BlockSize>{BLOCK}</BlockSize>\n  <BlocksCount>{at}</BlocksCount>\n"
            f"  <MappedBlocksCount>{mapped}</MappedBlocksCount>\n  <ChecksumType>sha256</ChecksumType>\n"
            f"  <BmapFileChecksum>{{}}</BmapFileChecksum>\n  <BlockMap>\n")
    body = "".join(f'    <Range chksum="{hash.hexdigest()}">{first if first == last else f"{first}-{last}"}</Range>\n'
                   for first, last, hash in ranges) + "  </BlockMap>\n</bmap>\n"
    # The checksum is that of the file with zeros in its place.
    empty = head.format("0" * 64) + body
    return head.format(hashlib.sha256(empty.encode()).hexdigest()) + body, whole.hexdigest(), mapped * BLOCK


def of_file(path):
    with open(path, "rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": os.path.getsize(path)}


def boot_files():
    for directory, below, names in os.walk(boot):
        below.sort()
        for name in sorted(names):
            path = os.path.join(directory, name)
            yield os.path.relpath(path, boot), of_file(path)


def root_files():
    with open(listed) as lines:
        for line in lines:
            mode, owner, size, name = line.rstrip("\n").split(" ", 3)
            yield name, int(size)


bmap, sha256, mapped = block_map()
with open(os.path.join(out, "image.bmap"), "w") as file:
    file.write(bmap)
partitions = []
with open(places_file) as lines:
    for line in lines:
        number, name, offset, size, fs = line.split()
        partitions.append({"number": int(number), "name": name, "offset": int(offset), "size": int(size), "fs": fs, **of_file(f"part{number}")})
packages = [dict(zip(("kind", "name", "version", "license", "sha256"), line.split("|")))
            for line in os.environ["contents"].splitlines() if line]
with open("boot-map") as lines:
    memory = [dict(zip(("from", "to", "what"), line.rstrip("\n").split(" ", 2))) for line in lines]
boots = dict(boot_files())
manifest = {
    "image": os.environ["image"], "board": os.environ["board"], "platform": os.environ["platform"],
    "disk": {"sha256": sha256, "size": os.path.getsize(disk), "mapped": mapped}, "table": os.environ["table"],
    "partitions": partitions, "boot": boots, "packages": packages, "memory": memory,
}
with open(os.path.join(out, "manifest.json"), "w") as file:
    json.dump(manifest, file, indent=1, sort_keys=True)
    file.write("\n")
sizes = [(facts["size"], f"boot/{name}") for name, facts in boots.items()] + [(size, name) for name, size in root_files()]
with open(os.path.join(out, "sizes"), "w") as file:
    for size, name in sorted(sizes, key=lambda one: (-one[0], one[1])):
        if size:
            file.write(f"{size} {name}\n")
