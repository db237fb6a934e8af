#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""vc5ctl top on a real terminal emulator, tmux: what is to be seen, keys,
another size, and that the terminal is as it was afterwards."""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from terminal import Terminal  # noqa: E402


class Growth(threading.Thread):
    """Traffic: counters grow."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            try:
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.connect(self.path)
                    peer.sendall(b'{"command": "grow"}\n')
                    peer.recv(100)
            except OSError:
                pass


def test_view(terminal, path):
    terminal.shows(r"ready\$", "a shell")
    terminal.type("stty -g >%s.before; %s -s %s top; echo exit $?; "
                  "stty -g >%s.after" % (path, program("vc5ctl"), path, path),
                  "Enter")
    terminal.shows(r"^lb1 .*vc5d 0\.1\.0, up 1d02h.*packets/s.*of 1048576"
                   r".*VIPs announced 1/3  services ok 2/3  BGP sessions 1/2"
                   r".*SERVICE +NAME +STATE +UP +PACKETS/s +BITS/s +FLOWS/s"
                   r".*\nq quit", "the host, sums, headings and keys")
    terminal.shows(r"192\.0\.2\.1:80/tcp +web +ok +1/3 +[1-9][0-9.]*k "
                   r"+[1-9][0-9.]*M +[1-9][0-9]*\n.*192\.0\.2\.2:443/tcp +web "
                   r"+not ok +0/1 +0 +0 +0\n", "services with their rates")
    terminal.shows(r"\[2001:db8::53\]:53/udp d\\M-C\\M-6ns",
                   "a hostile name is shown as text")
    terminal.type("t")
    terminal.shows(r"by state.*2\.2:443/tcp.*2\.1:80/tcp",
                   "sorted by state: what is not ok comes first")
    terminal.type("r")
    terminal.shows(r"by state, reversed.*2\.1:80/tcp.*2\.2:443/tcp",
                   "and reversed")
    terminal.type("n")
    terminal.shows(r"by address.*2\.1:80.*2\.2:443.*2001:db8",
                   "sorted by address")
    terminal.type("d")
    terminal.shows(r"Destinations by address.*BACKEND +SERVICE.*WEIGHT"
                   r".*10\.1\.0\.11 +192\.0\.2\.1:80/tcp +up +0\.25/1 "
                   r"+[1-9][0-9.]*k", "destinations with their rates")
    terminal.type("?")
    terminal.shows(r"\nsort: p packets, b bits", "all keys")
    terminal.type("?")


def test_sizes(terminal):
    terminal.type("s")
    for columns, lines in ((60, 20), (20, 4), (5, 2), (200, 50)):
        terminal.resize(columns, lines)
        wait_for(lambda: len(terminal.screen().splitlines()[0]) <= columns, 5)
        ok(all(len(line) <= columns
               for line in terminal.screen().splitlines()),
           "%d columns, %d lines" % (columns, lines), terminal.screen())
    terminal.shows(r"192\.0\.2\.1:80/tcp.*\nq quit", "a large screen again")
    terminal.resize(40, 24)
    terminal.shows(r"\n\[2001:db8::53[^\n]*\n\n+q quit",
                   "a narrow one: nothing of a row is in the next line")
    terminal.resize(100, 7)
    terminal.shows(r"FLOWS/s *\n192\.0\.2\.1:80[^\n]*\nq quit",
                   "a screen of one row")
    terminal.type("Down")
    terminal.shows(r"FLOWS/s *\n192\.0\.2\.2:443[^\n]*\nq quit",
                   "scrolled down")
    terminal.type("NPage")
    terminal.type("NPage")
    terminal.type("Down")
    terminal.shows(r"FLOWS/s *\n\[2001:db8::53[^\n]*\nq quit",
                   "and not beyond the end")
    terminal.type("Home")
    terminal.shows(r"FLOWS/s *\n192\.0\.2\.1:80[^\n]*\nq quit", "and back")
    terminal.resize(120, 24)


def test_loss(terminal, path, server):
    equal(server.stop(), 0, "vc5d ends")
    terminal.shows("DOES NOT ANSWER: trying again", "which is said")
    again = Server(control=path)
    ok(again.ready, "vc5d is back", again.messages())
    terminal.shows(r"up 1d02h *\n.*192\.0\.2\.1:80/tcp", "so is the view")
    return again


def test_end(terminal, path):
    terminal.type("q")
    terminal.shows(r"exit 0.*ready\$", "q ends it")
    ok(wait_for(lambda: os.path.exists(path + ".after") and
                os.path.getsize(path + ".after"), 10), "(stty ran)")
    with open(path + ".before") as before, open(path + ".after") as after:
        equal(after.read(), before.read(), "the terminal's modes are restored")
    ok("PACKETS/s" not in terminal.screen(), "and its screen",
       terminal.screen())
    terminal.type("clear; %s -s %s top web" % (program("vc5ctl"), path),
                  "Enter")
    terminal.shows(r"BACKEND.*10\.1\.0\.12 +192\.0\.2\.1:80/tcp +draining",
                   "one service's servers")
    terminal.type("C-c")
    terminal.shows(r"ready\$ *\n*$", "an interrupt ends it as well")


def on_pty(path, term):
    """Exit status and all output on a terminal of a kind."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = term
        os.execv(program("vc5ctl"), ["vc5ctl", "-s", path, "top"])
    data = b""
    try:
        while True:
            chunk = os.read(fd, 4096)
            if not chunk:
                break
            data += chunk
    except OSError:
        pass
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), data.decode()


def test_terminals(path):
    advice = "; \"show services\" and \"monitor\" need no terminal\r\n"
    status, out = on_pty(path, "dumb")
    ok(status == 1 and out.endswith("vc5ctl: top: this terminal can't place "
                                    "text" + advice), "a dumb one",
       (status, out))
    status, out = on_pty(path, "nobody-has-this")
    ok(status == 1 and out.endswith("vc5ctl: top: TERM is of no known "
                                    "terminal" + advice), "an unknown one",
       (status, out))
    result = subprocess.run([program("vc5ctl"), "-s", path, "top"], text=True,
                            stdin=subprocess.DEVNULL, capture_output=True,
                            timeout=30)
    equal((result.returncode, result.stdout, result.stderr),
          (1, "", "vc5ctl: top: this is no terminal" +
           advice.replace("\r", "")), "none at all")
    equal(subprocess.run([program("vc5ctl"), "-s", path + "x", "top"],
                         capture_output=True).returncode, 3, "no vc5d")


def test_json(path):
    process = subprocess.Popen([program("vc5ctl"), "-j", "-s", path, "top"],
                               stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(60, process.kill)
    watchdog.daemon = True
    watchdog.start()
    line = json.loads(process.stdout.readline())
    first = line["rates"][0]
    ok(first["service"] == "192.0.2.1:80/tcp" and first["packets"] > 0 and
       first["bits"] > 0 and first["flows"] > 0, "-j: rates, a line each time",
       line)
    process.send_signal(signal.SIGINT)
    equal(process.wait(30), 0, "until it is interrupted")
    process.stdout.close()


def main():
    if shutil.which("tmux") is None:
        skip_all("there is no tmux (Debian package tmux)")
    program("vc5ctl")
    with Scratch() as scratch:
        path = scratch.join("socket")
        server = Server(control=path)
        if not ok(server.ready, "the server starts", server.messages()):
            done()
        growth = Growth(path)
        terminal = Terminal(scratch, 120, 24,
                            "PS1='ready$ ' TERM=screen sh")
        try:
            test_view(terminal, path)
            test_sizes(terminal)
            server = test_loss(terminal, path, server)
            test_end(terminal, path)
            test_terminals(path)
            test_json(path)
        finally:
            terminal.end()
            growth.over.set()
        server.stop()
    done()


main()
