#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""vc5ctl's words completed by bash and zsh, at their command lines in tmux."""

import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from terminal import Terminal  # noqa: E402

COMPLETION = os.path.join(SOURCE, "contrib/completion")


def complete(terminal, begun, pattern, name, tabs=1):
    """What a command line that was begun becomes, then it is cleared."""
    terminal.type(begun)
    for _ in range(tabs):
        terminal.type("Tab")
    terminal.shows(pattern, name)
    terminal.type("C-u", "C-l")
    terminal.shows(r"^ready\$ *\n*$", "(an empty line)")


def test_shell(terminal, shell, path):
    v = "vc5ctl -s %s " % path
    complete(terminal, v + "sho", r" show *\n", shell + ": a word")
    complete(terminal, v + "show ser", r" show services *\n",
             shell + ": the second one")
    complete(terminal, v + "sh back 10.1.0.11",
             r" sh back 10\.1\.0\.11 *\n", shell + ": a server")
    complete(terminal, v + "service ", r"192\.0\.2\.1:80/tcp",
             shell + ": names from vc5d", tabs=2)
    complete(terminal, v + "show services 192.0.2.1:",
             r" show services 192\.0\.2\.1:80/tcp *\n",
             shell + ": behind a colon")
    complete(terminal, v + "backend 10.1.0.11 m",
             r" backend 10\.1\.0\.11 maint *\n", shell + ": behind a subject")
    complete(terminal, v + "show flows state clo",
             r" show flows state closed *\n", shell + ": a choice")
    complete(terminal, v + "show nothing ", r" show nothing *\n",
             shell + ": nothing where nothing is known")


def try_shell(shell, arguments, setup, directory, path):
    if shutil.which(shell) is None:
        skip(shell, "there is no %s (Debian package)" % shell)
        return
    with Scratch() as scratch:
        terminal = Terminal(scratch, 120, 24, "TERM=screen PATH=%s:$PATH %s"
                            % (directory, " ".join([shell, *arguments])))
        try:
            for line in setup:
                terminal.type(line, "Enter")
            terminal.type("clear", "Enter")
            terminal.shows(r"^ready\$ *\n*$", shell + " is ready")
            test_shell(terminal, shell, path)
        finally:
            terminal.end()


def main():
    if shutil.which("tmux") is None:
        skip_all("there is no tmux (Debian package tmux)")
    directory = os.path.dirname(program("vc5ctl"))
    with Scratch() as scratch:
        path = scratch.join("socket")
        server = Server(control=path)
        if not ok(server.ready, "the server starts", server.messages()):
            done()
        try_shell("bash", ["--norc", "--noprofile"],
                  ["PS1='ready$ '", ". %s/vc5ctl" % COMPLETION],
                  directory, path)
        try_shell("zsh", ["-f"],
                  ["PS1='ready$ '", "fpath=(%s $fpath)" % COMPLETION,
                   "autoload -Uz compinit; compinit -u -D"],
                  directory, path)
        equal(server.stop(), 0, "a clean end")
    done()


main()
