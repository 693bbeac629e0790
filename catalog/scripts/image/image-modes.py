"""image-modes.py MODES SCRIPT TREE WORD...: gives files of the tree their modes, of lines `MODE PATH`, and goes on with the script, whose words
begin with the tree."""
import os
import runpy
import sys

modes, script, tree = sys.argv[1:4]
with open(modes, "rb") as lines:
    for line in lines:
        mode, path = line.rstrip(b"\n").split(b" ", 1)
        os.chmod(os.path.join(os.fsencode(tree), path), int(mode, 8))
del sys.argv[1]
sys.argv[0] = sys.argv.pop(1)
runpy.run_path(script, run_name="__main__")
