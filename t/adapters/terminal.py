# SPDX-License-Identifier: ISC
"""A terminal emulator, tmux, for programs that want a terminal."""

import re
import subprocess

from harness import ok, wait_for


class Terminal:
    """A tmux of our own, in which a shell runs one script."""

    def __init__(self, scratch, columns, lines, command):
        self.tmux = ["tmux", "-S", scratch.join("tmux"), "-f", "/dev/null"]
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines),
                 command)
        self.run("set-option", "-g", "window-size", "manual")

    def run(self, *arguments):
        return subprocess.run([*self.tmux, *arguments], text=True,
                              capture_output=True, timeout=20)

    def screen(self):
        return self.run("capture-pane", "-p").stdout

    def type(self, *keys):
        self.run("send-keys", *keys)

    def resize(self, columns, lines):
        self.run("resize-window", "-x", str(columns), "-y", str(lines))

    def shows(self, pattern, name):
        """Whether it ever does."""
        return ok(wait_for(lambda: re.search(pattern, self.screen(), re.S),
                           20), name, self.screen())

    def end(self):
        self.run("kill-server")
