#!/usr/bin/env python3
"""Wraps lines of C++ that are longer than 120 columns, for `make fmt`; what fits stays as it was written.

    tools/wrap.py FILE...

Code is clang-format's to break. Comments are wrapped here: text is filled again down to the end of its paragraph, what explains a row of
a table or a member goes on in the column where it began."""
import re
import subprocess
import sys

COLUMNS = 120
TABLE = re.compile(r"^(\s*//.*?\S\s{2,})(?=\S[^ ]* )(\S.*)$")          # NAME   what it is
TRAILING = re.compile(r'^((?:[^"/]|"(?:[^"\\]|\\.)*"|/(?!/))*\S\s+)//( .*)$')   # code   // what it is
COMMENT = re.compile(r"^(\s*// ?)(.*)$")


def filled(words, first, rest):
    lines, line = [], first
    for word in words:
        if len(line) + len(word) > COLUMNS and line.strip() not in ("", "//"):
            lines.append(line.rstrip())
            line = rest
        line += word + " "
    return lines + [line.rstrip()]


def continues(line, column):
    """Whether the line is a comment alone whose text begins in this column."""
    return re.match(r"^\s*//", line) and len(re.match(r"^\s*//\s*|^\s*//(?=$)", line)[0]) == column and line.strip() != "//"


def sentence(words):
    """What a comment beside code says, as one above it."""
    first = words[0].capitalize() if words[0].isalpha() and words[0].islower() else words[0]
    return [first, *words[1:-1], words[-1] + ("" if words[-1][-1] in ".:;," else ".")] if len(words) > 1 else words


def taken(words, lines, at, column):
    """The words with those of the lines after them that go on with the same text, and where that ends."""
    while at < len(lines) and continues(lines[at], column) and not TABLE.match(lines[at]):
        words = words + COMMENT.match(lines[at])[2].strip().split(" ")
        at += 1
    return words, at


def is_table(lines, at, column):
    """Whether the lines before or after have a comment in this column, too."""
    return any(0 <= other < len(lines) and lines[other][column:column + 2] == "//" for other in (at - 1, at + 1))


def wrapped_comments(path, lines):
    out, at = [], 0
    while at < len(lines):
        line = lines[at]
        at += 1
        alone = COMMENT.match(line)
        if len(line) <= COLUMNS:
            out.append(line)
            continue
        table = TABLE.match(line) if alone else None
        trailing = None if alone else TRAILING.match(line)
        if table:
            indent = re.match(r"^\s*//", line)[0]
            rest = indent + " " * (len(table[1]) - len(indent))
            words, at = taken(table[2].split(" "), lines, at, len(rest))
            out += filled(words, table[1], rest)
        elif alone:
            words = alone[2].strip().split(" ")
            text = alone[1] + " " * (len(alone[2]) - len(alone[2].lstrip()))
            words, at = taken(words, lines, at, len(text))
            out += filled(words, text, text)
        elif trailing and len(trailing[1].rstrip()) <= COLUMNS:
            column = len(trailing[1])
            words = trailing[2].strip().split(" ")
            if column > 80 or (path.endswith(".cpp") and not is_table(lines, at - 1, column)):   # above
                indent = re.match(r"^\s*", line)[0]
                out += filled(sentence(words), indent + "// ", indent + "// ") + [trailing[1].rstrip()]
                continue
            words, at = taken(words, lines, at, column + 3)
            out += filled(words, trailing[1] + "// ", " " * column + "// ")
        else:
            out.append(line)
    return out


def wrap(path):
    before = open(path, encoding="utf-8").read()
    lines = wrapped_comments(path, before.split("\n"))
    if "\n".join(lines) != before:   # else it would be compiled again
        open(path, "w", encoding="utf-8").write("\n".join(lines))
    long = [f"--lines={n}:{n}" for n, line in enumerate(lines, 1) if len(line) > COLUMNS]
    if long:
        subprocess.run(["clang-format", "-i", *long, path], check=True)


for name in sys.argv[1:]:
    wrap(name)
