#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How long people's questions keep the event loop from all else: for
contrib/bench turns.

A real vc5d in a network namespace has services of many servers, and is asked
for all that is long.  turns_hook.c, loaded into it, knows the longest turn of
its event loop meanwhile, in time of the processor: other programs on the
machine lengthen that a little only, by what they take of its caches.  Servers
are behind tunnels, so that there need not be any; there are no checks, so that
nothing else takes up the loop but what is done each second: "nothing" has that.
"""

import argparse
import atexit
import ctypes
import glob
import http.client
import json
import mmap
import os
import select
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks_bench import (BALANCER, BUILD, NAME, end, inside,  # noqa: E402
                          ip, run)

HOOK = os.path.join(BUILD, "t/engine/turns_hook.so")
PORT = 8080
FIGURES = struct.Struct("4Q")  # turns_hook.c's
OPENMETRICS = {"Accept": "application/openmetrics-text"}
LISTENERS = 32
CLONE_NEWNET = 0x40000000


def configure(scratch, options):
    servers = ["10.9.%d.%d" % (i // 250, 1 + i % 250)
               for i in range(options.servers)]
    document = {
        "interfaces": ["eth0"],
        "webserver": "127.0.0.1:%d" % PORT,
        "control": os.path.join(scratch, "vc5d.sock"),
        "pin_directory": os.path.join(scratch, "bpf", "vc5d"),
        "delivery": "ipip",
        "limits": {"flows": 1024, "services": options.services + 8,
                   "destinations": options.services * options.servers + 64,
                   "slots": 1021 if options.servers <= 100 else 4099},
        "services": [{
            "name": "v%d" % i, "virtual": "192.0.2.%d" % (1 + i % 200),
            "servers": servers,
            "policy": {"%d" % (8000 + i // 200): {"checks": []}}}
            for i in range(options.services)],
    }
    file = os.path.join(scratch, "vc5d.conf")
    with open(file, "w") as out:
        json.dump(document, out)
    return file


def make_network():
    """One interface, and a gateway that is known for all servers."""
    ip("netns", "add", BALANCER)
    atexit.register(subprocess.call, ("ip", "netns", "del", BALANCER))
    lb = ("-n", BALANCER)
    ip(*lb, "link", "set", "lo", "up")
    ip(*lb, "link", "add", "eth0", "type", "veth", "peer", "name", "far")
    ip(*lb, "address", "add", "10.8.0.1/24", "dev", "eth0")
    for device in ("eth0", "far"):
        ip(*lb, "link", "set", device, "up")
    ip(*lb, "neighbour", "add", "10.8.0.2", "lladdr", "02:00:00:00:00:02",
       "dev", "eth0", "nud", "permanent")
    ip(*lb, "route", "add", "10.9.0.0/16", "via", "10.8.0.2")


class Daemon:
    def __init__(self, scratch, file):
        self.socket = os.path.join(scratch, "vc5d.sock")
        self.figures = os.path.join(scratch, "turns")
        bpf = os.path.join(scratch, "bpf")
        os.mkdir(bpf)
        run("mount", "-t", "bpf", "bpf", bpf)
        atexit.register(subprocess.call, ("umount", bpf))
        self.log = open(os.path.join(scratch, "log"), "w+")
        self.process = subprocess.Popen(
            inside(BALANCER, "env", "LD_PRELOAD=" + HOOK,
                   "VC5_TURNS=" + self.figures,
                   os.path.join(BUILD, "vc5d"), "-d", "-f", file),
            stderr=self.log)
        atexit.register(end, self.process)
        self.map = None

    def ask(self, **request):
        """The reply's length; 0 while it can't be asked."""
        with socket.socket(socket.AF_UNIX) as control:
            try:
                control.connect(self.socket)
            except OSError:
                return 0
            control.sendall(json.dumps(request).encode() + b"\n")
            control.shutdown(socket.SHUT_WR)
            return sum(len(part) for part in iter(
                lambda: control.recv(1 << 20), b""))

    def wait(self):
        begun = time.monotonic()
        while self.ask(command="version") == 0:
            if time.monotonic() > begun + 300 or \
                    self.process.poll() is not None:
                self.log.seek(0)
                sys.exit("bench: vc5d does not answer:\n" + self.log.read())
            time.sleep(0.2)
        pid = self.process.pid
        # "env" and "ip" have become vc5d, whose child is the engine.
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            engine = file.read().split()[0]
        with open(glob.glob("%s.%s" % (self.figures, engine))[0],
                  "r+b") as file:
            self.map = mmap.mmap(file.fileno(), FIGURES.size)

    def reset(self):
        self.map[:] = bytes(FIGURES.size)

    def turns(self):
        return dict(zip(("turns", "long", "longest", "all"),
                        FIGURES.unpack(self.map[:])))


def enter(namespace):
    """For sockets of this process."""
    with open("/run/netns/" + namespace) as file:
        if ctypes.CDLL(None, use_errno=True).setns(
                file.fileno(), CLONE_NEWNET) == -1:
            sys.exit("bench: setns: " + os.strerror(ctypes.get_errno()))


def get(path, headers={}):
    """The body's length."""
    peer = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    peer.request("GET", path, headers=headers)
    answer = peer.getresponse()
    body = answer.read()
    peer.close()
    if answer.status != 200:
        sys.exit("bench: %s: status %d" % (path, answer.status))
    return len(body)


def listen(paths, seconds):
    """All that listeners hear in that time: how many bytes."""
    peers, size = [], 0
    for path in paths:
        peer = socket.create_connection(("127.0.0.1", PORT))
        peer.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                     % path.encode())
        peers.append(peer)
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        for peer in select.select(peers, [], [], 0.1)[0]:
            size += len(peer.recv(1 << 20))
    for peer in peers:
        peer.close()
    return size


def questions(daemon, options):
    """Each with what it is asked by."""
    services = [
        "/events?service=192.0.2.%d:%d/tcp" % (1 + i % 200, 8000 + i // 200)
        for i in range(min(LISTENERS, options.services))]
    head = {"command": "status", "part": "head"}
    parts = {"command": "status", "part": "services"}
    return [
        ("nothing", lambda: time.sleep(2.5)),
        ("/status.json", lambda: get("/status.json")),
        ("/overview.json", lambda: get("/overview.json")),
        ("/destinations.json", lambda: get("/destinations.json")),
        ("/metrics", lambda: get("/metrics")),
        ("/metrics, OpenMetrics", lambda: get("/metrics", OPENMETRICS)),
        ("/status.html", lambda: get("/status.html")),
        ("3 listeners", lambda: listen(["/events"] * 3, 4)),
        ("%d of a service each" % len(services),
         lambda: listen(services, 6)),
        ("vc5ctl: status", lambda: daemon.ask(command="status")),
        ("vc5ctl: its head", lambda: daemon.ask(**head)),
        ("vc5ctl: services", lambda: daemon.ask(**parts)),
    ]


def measure(daemon, name, ask, rounds):
    longest, every, seconds = [], [], []
    number = size = 0
    for _ in range(rounds):
        daemon.reset()
        begun = time.monotonic()
        size = ask() or 0
        seconds.append(time.monotonic() - begun)
        figures = daemon.turns()
        longest.append(figures["longest"] / 1e6)
        every.append(figures["all"] / 1e6)
        number += figures["long"]
    return {"name": name, "bytes": size, "longest_ms": longest,
            "median_ms": statistics.median(longest), "least_ms": min(longest),
            "long_turns": number / rounds, "cpu_ms": statistics.median(every),
            "seconds": statistics.median(seconds)}


def read_options():
    parser = argparse.ArgumentParser(prog="bench turns")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-n", "--services", type=int, default=200)
    parser.add_argument("-w", "--servers", type=int, default=25,
                        help="of each service")
    parser.add_argument("-r", "--rounds", type=int, default=5)
    parser.add_argument("-q", "--question", default="",
                        help="only those that have this in their names")
    return parser.parse_args()


def main():
    options = read_options()
    if os.geteuid() != 0:
        sys.exit("bench: must be run as root: it loads BPF programs")
    scratch = tempfile.mkdtemp(prefix=NAME)
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    make_network()
    daemon = Daemon(scratch, configure(scratch, options))
    daemon.wait()
    enter(BALANCER)
    results = []
    if not options.json:
        print("%d services of %d servers\n\n%-24s %9s %9s %6s %9s %9s %9s" % (
            options.services, options.servers, "longest turn, ms of CPU",
            "median", "least", "> 20", "all turns", "seconds", "bytes"))
    for name, ask in questions(daemon, options):
        if options.question not in name:
            continue
        r = measure(daemon, name, ask, options.rounds)
        results.append(r)
        if not options.json:
            print("%-24s %9.1f %9.1f %6.1f %9.1f %9.2f %9d" % (
                r["name"], r["median_ms"], r["least_ms"], r["long_turns"],
                r["cpu_ms"], r["seconds"], r["bytes"]), flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
