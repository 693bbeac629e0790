#!/usr/bin/env python3
"""Joins the lock files that stand beside records, catalog/evidence/locks by default: those of one day that contradict each other nowhere
become one, and the records name that. `swage verify` keeps them so from the start; this is for what came together by a merge.

    tools/join_locks.py [EVIDENCE]
"""
import json
import pathlib
import re
import sys

PARTS = ["files", "sets", "sources", "seeds", "archives"]


def text_of(lock: dict) -> str:
    """As Lockfile::str() writes it: one package a line, keys sorted."""
    def section(name, line):
        rows = [f"    {json.dumps(key)}: {line(value)}" for key, value in sorted(lock[name].items())]
        return f'  "{name}": {{' + ("\n" + ",\n".join(rows) + "\n  " if rows else "") + "}"

    def members(value):
        files = ",\n".join(f"      {json.dumps(name)}" for name in value["files"])
        return f'{{"suite": {json.dumps(value["suite"])}, "request": {json.dumps(value["request"])}, "files": [' + (f"\n{files}" if files else "") + "]}"

    parts = [section("files", json.dumps), section("sets", members), section("sources", json.dumps), section("seeds", json.dumps)]
    if lock["archives"]:
        parts.append(section("archives", json.dumps))
    return "\n".join([f'{{\n  "version": {lock["version"]},\n  "created": {json.dumps(lock["created"])},', ",\n".join([*parts, '  "missing": {}']), "}", ""])


def same(part: str, one, other) -> bool:
    """That a file was seen on another day too, or that only one says when, is no contradiction."""
    if part != "files":
        return one == other
    return {key: value for key, value in one.items() if key != "seen"} == {key: value for key, value in other.items() if key != "seen"}


def joined(locks: dict[str, dict]) -> list[tuple[str, dict, set[str]]]:
    """The larger before the smaller, so that the outcome does not depend on names: (name of the first, all together, names)."""
    groups = []
    for name, lock in sorted(locks.items(), key=lambda item: (-len(item[1]["files"]), item[0])):
        for first, whole, names in groups:
            if whole["created"] == lock["created"] and all(same(part, whole[part].get(key, value), value) for part in PARTS for key, value in lock[part].items()):
                for part in PARTS:
                    for key, value in lock[part].items():
                        if key not in whole[part] or (part == "files" and "seen" not in whole[part][key]):
                            whole[part][key] = value
                whole["version"] = max(whole["version"], lock["version"])
                names.add(name)
                break
        else:
            groups.append((name, lock, {name}))
    return groups


def main() -> int:
    evidence = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1] / "catalog/evidence"
    locks = {}
    for file in sorted((evidence / "locks").glob("*.lock")):
        locks[file.name] = {part: {} for part in PARTS} | json.loads(file.read_text())
        if text_of(locks[file.name]) != file.read_text():
            print(f"error: '{file}' is not written as swage writes it", file=sys.stderr)
            return 1
    renamed = {}
    for first, whole, names in joined(locks):
        (evidence / "locks" / first).write_text(text_of(whole))
        renamed |= {name: first for name in names}
    for record in [*evidence.glob("*/linux-*.toml"), *evidence.glob("packages/*.toml"), *evidence.glob("images/*.toml")]:
        text = record.read_text()
        new = re.sub(r'^(lock = ")(.*)(")$', lambda found: found[1] + renamed.get(found[2], found[2]) + found[3], text, flags=re.MULTILINE)
        if new != text:
            record.write_text(new)
    for name, first in renamed.items():
        if name != first:
            (evidence / "locks" / name).unlink()
    print(f"{len(locks)} lock files are {len(set(renamed.values()))} now")
    return 0


if __name__ == "__main__":
    sys.exit(main())
