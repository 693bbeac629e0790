#!/usr/bin/env python3
"""Bans what the compiler allows and this project does not; each ban has its reason. `// lint-ok: why` excuses a line."""
import pathlib
import re
import subprocess
import sys

BANNED = {
    r"filesystem::remove_all|fs::remove_all": "races with symlinks: use remove_tree",
    r"\bsystem\(": "no shell: use run_process",
    r"(?<![A-Za-z])::open\((?!.*O_CLOEXEC)": "add O_CLOEXEC",
    r'#include "\.\./': "include by layer, so that the build can refuse an upward include",
    r"\bstd::regex\b": "slow and unbounded: write the scan",
    r"\b(TODO|FIXME|XXX)\b": "finish it or make it a clear error",
    r"[ \t]+$": "white space at the end of the line",
    "\t": "tab",
}
BANNED_IN_PROGRAM = {
    r"\bfs::(absolute|current_path|weakly_canonical|proximate|relative)\(": "throws, or forgets that the directory may be gone: use absolute_path or current_directory",
    r"\bfs::(exists|is_\w+|file_size|read_symlink|status|symlink_status|create_\w+|remove|rename|copy\w*|last_write_time|permissions|equivalent|space"
    r"|canonical|resize_file|hard_link_count|temp_directory_path)\((?!.*\b(error|ignored)\))": "throws: hand it an error code named `error` or `ignored`",
    r"\bentry\.(is_\w+|exists|file_size|status|symlink_status|refresh)\(\)": "throws: hand it an error code",
    r"\bfmt::print\(|\bstd::(cout|cerr)\b|\bstd::fputs\(|\bstd::fwrite\(": "foreign text may reach a terminal: use cli/output.hpp",
}
MAX_LINES = 700
MAX_COLUMNS = 120


def host_names() -> list[str]:
    """The mirrors of this machine's apt: none may be named in the repository."""
    text = ""
    for path in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt").glob("sources.list.d/*")]:
        if path.is_file():
            text += "".join(line for line in path.read_text(errors="replace").splitlines(True) if not line.lstrip().startswith("#"))
    return sorted(set(re.findall(r"https?://([^/\s]+)", text)))


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split()
    problems = []
    hosts = host_names()
    for name in files:
        path = root / name
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError):   # binary, or removed and not committed yet
            continue
        for host in hosts:
            if host in text:
                problems.append(f"{name}: names the mirror host '{host}'")
        if path.suffix not in {".cpp", ".hpp"}:
            continue
        lines = text.splitlines()
        if name.startswith("src/") and len(lines) > MAX_LINES:
            problems.append(f"{name}: {len(lines)} lines: is a type or a room missing?")
        for number, line in enumerate(lines, 1):
            if name.startswith("src/") and len(line) > MAX_COLUMNS:
                problems.append(f"{name}:{number}: {len(line)} columns: make fmt breaks lines of more than {MAX_COLUMNS}")
            if "lint-ok:" in line:
                continue
            for pattern, reason in (BANNED | BANNED_IN_PROGRAM if name.startswith("src/") else BANNED).items():
                if re.search(pattern, line):
                    problems.append(f"{name}:{number}: {reason}")
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
