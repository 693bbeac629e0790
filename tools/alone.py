#!/usr/bin/env python3
"""usage: tools/alone.py BUILD_DIRECTORY
Looks at each file of the program without the others, as the compiler does before it makes code. BUILD_DIRECTORY was configured for files that
are compiled one by one."""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

if len(sys.argv) != 2:
    sys.exit("\n".join(__doc__.splitlines()[:1]))
directory = sys.argv[1]


def look_at(step):
    # -o of the step would name an object file that is not made.
    done = subprocess.run(shlex.split(step["command"]) + ["-fsyntax-only"], cwd=step["directory"], capture_output=True, text=True)
    return step["file"], done.returncode, done.stderr


# Headers that CMake makes are there before the first file asks for them: what is compiled is made by configuring.
with open(os.path.join(directory, "compile_commands.json")) as commands:
    steps = json.load(commands)
if not steps:
    sys.exit(f"{directory}: no file is compiled there")
failed = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for file, status, said in pool.map(look_at, steps):
        if status or said:
            print(f"{file}:\n{said}", file=sys.stderr)
        failed += status != 0
print(f"{len(steps)} files, each by itself: {failed or 'none'} failed")
sys.exit(failed != 0)
