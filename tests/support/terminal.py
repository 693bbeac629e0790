"""Runs swage on a terminal of its own and looks at what reaches it."""
import re

import pexpect

# ESC and BEL, U+009B in UTF-8 and as a byte of its own, DEL, a right-to-left override.
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u009b2J\x7f\u202eevil"
HOSTILE_SEEN = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b2J\\u007f\\u202eevil"


def on_terminal(swage, *args, env=None) -> tuple[int, bytes]:
    argv = swage.argv(*args)
    child = pexpect.spawn(argv[0], argv[1:], cwd=str(swage.cwd), env={**swage.env, "NO_COLOR": "", "TERM": "xterm", **(env or {})},
                          timeout=600, dimensions=(50, 400))
    out = child.read()
    child.close()
    return child.exitstatus, out


def harmless(output: bytes) -> str:
    """The text, if nothing in it makes a terminal do more than what swage itself does: colours, and its live line."""
    text = re.sub(rb"\x1b\[([0-9;]*m|K)", b"", output).decode()   # strictly: no bytes that are no UTF-8
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text), repr(text)
    return text.replace("\r\n", "\n")
