# SPDX-License-Identifier: ISC
"""What README and the man pages show: literal blocks and single lines."""

import glob
import os
import re

ESCAPES = [("\\e", "\\"), ("\\(dq", '"'), ("\\(aq", "'"), ("\\(ti", "~"),
           ("\\(mu", "x"), ("\\&", ""), ("\\-", "-")]


class Block:
    def __init__(self, file, line, lines):
        self.place = "%s:%d" % (file, line)
        self.lines = lines

    def __str__(self):
        return "\n".join(self.lines) + "\n"


def plain(line):
    for escape, text in ESCAPES:
        line = line.replace(escape, text)
    return line


def strip_macros(line):
    """A line of .Dl without macros of its own."""
    words = [word for word in line.split()
             if word not in ("Ar", "Fl", "Ic", "Cm", "Pa", "Ns")]
    return " ".join(words)


def of_manual(path, name):
    literal, lines, start = False, [], 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith(".Bd") and "literal" in line:
                literal, lines, start = True, [], number + 1
            elif line == ".Ed" and literal:
                literal = False
                yield Block(name, start, lines)
            elif literal:
                lines.append(plain(line))
            elif line.startswith(".Dl "):
                yield Block(name, number, [strip_macros(plain(line[4:]))])


def of_readme(path, name):
    """What is indented by four."""
    lines, start = [], 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(list(file) + ["end"], 1):
            line = line.rstrip("\n")
            if line.startswith("    "):
                start = start or number
                lines.append(line[4:])
            elif line == "" and lines:
                lines.append("")
            elif lines:
                yield Block(name, start, trimmed(lines))
                lines, start = [], 0


def trimmed(lines):
    while lines[-1] == "":
        lines.pop()
    return lines


def all_blocks(source):
    yield from of_readme(os.path.join(source, "README"), "README")
    for path in sorted(glob.glob(os.path.join(source, "man/*.[0-9]"))):
        yield from of_manual(path, os.path.relpath(path, source))


def quoted_commands(source):
    """(place, command) of commands in running text, as .Ql has them."""
    for path in sorted(glob.glob(os.path.join(source, "man/*.[0-9]"))):
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                found = re.match(r"\.(?:\w+ )?Ql ((?:vc5ctl|bgpctl) .*?)"
                                 r"(?: [,.;:)])*$", line)
                if found and " Ar " not in found.group(1):
                    yield ("%s:%d" % (os.path.relpath(path, source), number),
                           plain(found.group(1)).strip())


def commands(lines):
    """Command lines, put together again where they go on."""
    whole = ""
    for line in lines:
        if not whole and line.startswith(" "):
            continue  # a remark goes on
        if line.endswith("\\"):
            whole += line[:-1].strip() + " "
            continue
        whole += line.strip()
        if whole.strip() and not whole.startswith("#"):
            yield whole.strip()
        whole = ""
