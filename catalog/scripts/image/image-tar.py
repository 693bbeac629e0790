"""image-tar.py TREE OWNED FILE: the tree as a tar, sorted, all of one time. OWNED has lines `UID GID PATH` of what is not root's, with all
below it. Prints a line for each: mode, owner, size, name."""
import os
import sys
import tarfile

tree, owned_file, target = sys.argv[1:]
TIME = int(os.environ["SOURCE_DATE_EPOCH"])
with open(owned_file) as lines:
    owned = [(int(uid), int(gid), path.rstrip("\n")) for uid, gid, path in (line.split(" ", 2) for line in lines)]


def names():
    for directory, below, files in os.walk(tree):
        for name in below + files:
            yield os.path.relpath(os.path.join(directory, name), tree)


def settle(info):
    info.uid = info.gid = 0
    for uid, gid, path in owned:
        if info.name == path or info.name.startswith(path + "/"):
            info.uid, info.gid = uid, gid
    info.uname = info.gname = ""
    info.mtime = TIME
    return info


# In this format names are bytes: what reads a tar of the other one wants a locale for them, which the tools' root does not have.
with tarfile.open(target, "w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape") as tar:
    seen = set()
    for name in sorted(set(names())):
        info = settle(tar.gettarinfo(os.path.join(tree, name), name))
        if info.islnk():   # each file is one of its own
            info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.path.getsize(os.path.join(tree, name))
        print(f"{info.mode & 0o7777:04o} {info.uid}:{info.gid} {info.size} {name}")
        if info.isreg():
            with open(os.path.join(tree, name), "rb") as content:
                tar.addfile(info, content)
        else:
            tar.addfile(info)
