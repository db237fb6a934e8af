#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The control socket, and what it does with clients that behave badly."""

import json
import os
import resource
import socket
import stat
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403

CLIENTS = 32
REQUEST_MAX = 65536
UNKNOWN = {"error": "unknown command"}


def connect(path, timeout=10):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(timeout)
    peer.connect(path)
    return peer


def read_line(peer):
    data = b""
    while not data.endswith(b"\n"):
        chunk = peer.recv(1 << 20)
        if not chunk:
            break
        data += chunk
    return data


def read_all(peer):
    data = b""
    try:
        while True:
            chunk = peer.recv(1 << 20)
            if not chunk:
                return data
            data += chunk
    except ConnectionError:
        return data


def ask(path, line):
    with connect(path) as peer:
        peer.sendall(line + b"\n")
        return json.loads(read_line(peer))


def test_commands(path):
    with open(DOCUMENT) as file:
        equal(ask(path, b'{"command": "status"}'), json.load(file), "status")
    equal(ask(path, b'{"command": "reload"}'),
          {"ok": True, "message": "configuration reloaded: 2 services "
                                  "changed"}, "reload")
    equal(ask(path, b'{"command": "reload"}')["ok"], False,
          "a reload that is refused")
    equal(ask(path, b'{"command": "fly"}'), UNKNOWN, "an unknown command")


def test_bad_requests(path):
    for name, line in (("nothing", b""), ("no JSON", b"status"),
                       ("a list", b"[]"), ("a string", b'"status"'),
                       ("half an object", b'{"command": "st'),
                       ("a key twice", b'{"a": 1, "a": 2}'),
                       ("a NUL", b'{"command": "\0"}'),
                       ("bytes", bytes(set(range(256)) - {10})),
                       ("half a character", b'{"\\\xc3\xa9"}'),
                       ("an escape of none", b'{"\\u\xc3\xa9"}'),
                       ("deep nesting", b"[" * 60000)):
        reply = ask(path, line)
        ok(list(reply) == ["error"] and
           reply["error"].startswith("bad request: "),
           "bad request: %s" % name, reply)


def test_long_requests(path):
    line = b'{"command": "%s"}'
    longest = line % (b"x" * (REQUEST_MAX - len(line) + 1))
    equal(len(longest), REQUEST_MAX - 1, "(a request of 64 KiB)")
    equal(ask(path, longest), UNKNOWN, "the longest request")
    with connect(path) as peer:
        try:
            for _ in range(64):
                peer.sendall(b"x" * 65536)
        except OSError:
            pass
        equal(read_all(peer),
              b'{"error":"bad request: longer than 64 KiB"}\n',
              "a longer one: one error, and the end")


def test_manners(path):
    with connect(path) as peer:
        peer.sendall(b'{"command": "a"}\n{"command": "reload"}\n' * 100)
        lines = [b""]
        data = b""
        while data.count(b"\n") < 200 and lines:
            lines = peer.recv(65536)
            data += lines
        lines = data.splitlines()
        ok(len(lines) == 200 and b"unknown" in lines[0] and
           b"unknown" in lines[198] and b'"ok"' in lines[199],
           "many requests at once are answered in order", len(lines))
        for byte in b'{"command": "a"}\n':
            peer.sendall(bytes([byte]))
        equal(json.loads(read_line(peer)), UNKNOWN, "a byte at a time")
    with connect(path) as peer:
        peer.sendall(b'{"command": "a"}\n{"command": "b"}')
        peer.shutdown(socket.SHUT_WR)
        equal(read_all(peer), b'{"error":"unknown command"}\n' * 2,
              "a client that closed its half gets its replies")
    with connect(path) as peer:
        peer.shutdown(socket.SHUT_WR)
        equal(read_all(peer), b"", "a client that says nothing")
    for _ in range(10):
        with connect(path) as peer:
            peer.sendall(b'{"command": "huge"}\n' * 2)
    equal(ask(path, b'{"command": "a"}'), UNKNOWN,
          "clients that do not wait for their replies")


def test_parts(path):
    with open(DOCUMENT) as file:
        services = json.load(file)["services"]
    with connect(path) as peer:
        peer.sendall(b'{"command": "status", "part": "services"}\n'
                     b'{"command": "a"}\n')
        peer.shutdown(socket.SHUT_WR)
        lines = [json.loads(line) for line in read_all(peer).splitlines()]
    equal(lines, [{"service": service} for service in services] +
          [{"end": len(services)}, UNKNOWN],
          "a reply in parts, and the next one behind it")
    for _ in range(10):
        with connect(path) as peer:
            peer.sendall(b'{"command": "status", "part": "services"}\n' * 2)
    equal(ask(path, b'{"command": "a"}'), UNKNOWN,
          "clients that leave in the midst of parts")


def watch(path):
    peer = connect(path)
    peer.sendall(b'{"command": "monitor"}\n')
    return peer


def test_stream(server, path, before):
    ok(wait_for(lambda: server.descriptors() == before, 5),
       "nobody is connected", server.descriptors())
    with watch(path) as peer:
        data = b""
        while data.count(b"\n") < 3:
            data += peer.recv(65536)
        peer.sendall(b'{"command": "reload"}\n' * 10)
        said = ask(path, b'{"command": "say", "count": 3000}')["said"]
        equal(ask(path, b'{"command": "say", "count": 30000}')["said"], 30000,
              "much is said to who does not read")
        said += 30000
        came, dropped, lines = 0, 0, peer.makefile("rb")
        while came + dropped < said:
            line = json.loads(lines.readline())
            came += "log" in line
            dropped += line.get("dropped", 0)
        equal(came + dropped, said, "what was dropped is told")
        ok(0 < came < 1500 and list(line) == ["dropped"],
           "at the place where it was", (came, line))
        equal(ask(path, b'{"command": "say", "count": 1}')["said"], 1,
              "it goes on")
        equal(json.loads(lines.readline())["log"]["at"], 0,
              "after that, and what the client says is ignored")
        lines.close()
    ok(wait_for(lambda: server.descriptors() == before, 5),
       "a client that watched is gone", server.descriptors())
    peers = [watch(path) for _ in range(CLIENTS // 2)]
    for peer in peers:
        read_line(peer)
    equal(ask(path, b'{"command": "monitor"}'),
          {"error": "too many do that already"}, "half of all may watch")
    equal(ask(path, b'{"command": "a"}'), UNKNOWN, "others are served")
    for peer in peers:
        peer.close()
    ok(wait_for(lambda: server.descriptors() == before, 5),
       "those who watched are gone", server.descriptors())


def test_crowd(server, before):
    ok(wait_for(lambda: server.descriptors() == before, 5),
       "nothing is left of those before", server.descriptors())
    crowd = [connect(server.control) for _ in range(CLIENTS)]
    ok(wait_for(lambda: server.descriptors() == before + CLIENTS, 5),
       "32 clients are connected", server.descriptors())
    late = connect(server.control)
    late.sendall(b'{"command": "a"}\n')
    late.settimeout(0.3)
    try:
        answer = late.recv(100)
    except socket.timeout:
        answer = None
    equal(answer, None, "another one waits")
    equal(server.descriptors(), before + CLIENTS, "and takes up nothing")
    crowd[0].sendall(b'{"command": "a"}\n')
    equal(json.loads(read_line(crowd[0])), UNKNOWN, "those are served")
    crowd[0].close()
    late.settimeout(5)
    equal(json.loads(read_line(late)), UNKNOWN,
          "the other one is when a place is free")
    for peer in crowd + [late]:
        peer.close()
    ok(wait_for(lambda: server.descriptors() == before, 5),
       "their descriptors are freed")


class Slow(threading.Thread):
    """When is a client closed that says data and then something slowly?"""

    def __init__(self, path, data, drip):
        super().__init__(daemon=True)
        self.path, self.data, self.drip = path, data, drip
        self.lasted = None

    def run(self):
        begun = time.monotonic()
        with connect(self.path, 0.5) as peer:
            peer.sendall(self.data)
            while time.monotonic() - begun < 25:
                try:
                    if self.drip:
                        peer.send(self.drip)
                        if not peer.recv(100):
                            break
                    elif self.data:
                        # Does not read: the writing end tells.
                        time.sleep(0.2)
                        peer.send(b" ")
                    elif not peer.recv(100):
                        break
                except socket.timeout:
                    pass
                except OSError:
                    break
        self.lasted = time.monotonic() - begun


def start_slow(path):
    slow = {"an idle client": Slow(path, b"", b""),
            "a byte now and then": Slow(path, b'{"command":', b" "),
            "a client that does not read":
                Slow(path, b'{"command": "huge"}\n', b"")}
    for thread in slow.values():
        thread.start()
    return slow


def end_slow(slow):
    for name, thread in slow.items():
        thread.join()
        ok(9 < thread.lasted < 15, "%s is closed after 10 s" % name,
           "%.1f s" % thread.lasted)


def test_out_of_descriptors(server):
    limit = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE,
                     (server.descriptors(), limit[1]))
    with connect(server.control) as peer:
        peer.sendall(b'{"command": "a"}\n')
        wait_for(lambda: "accept" in server.messages(), 5)
        used = server.cpu()
        time.sleep(1)  # what it measures is a rate
        used = server.cpu() - used
        ok(used < 0.3, "no spinning without descriptors", "%.2f s" % used)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limit)
        equal(json.loads(read_line(peer)), UNKNOWN,
              "served once there are some")
    equal(server.messages().count("accept"), 1, "which is logged once")


def refused(path, message, name):
    server = Server(control=path)
    status = server.stop()
    ok(status == 1 and message in server.messages(), name,
       "status %s: %s" % (status, server.messages()))


def test_path(scratch, running):
    mode = os.stat(running).st_mode
    ok(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600,
       "the socket has mode 0600", oct(mode))
    refused(running, "control socket %s: another process listens at it: is "
            "vc5d running already?" % running, "one that is in use")
    equal(ask(running, b'{"command": "a"}'), UNKNOWN, "goes on being served")
    plain = scratch.join("plain")
    with open(plain, "w") as file:
        file.write("precious")
    refused(plain, "control socket %s: is there already and not a socket"
            % plain, "a file that is no socket")
    with open(plain) as file:
        equal(file.read(), "precious", "is left alone")
    link = scratch.join("link")
    os.symlink(running, link)
    refused(link, "not a socket", "a symbolic link")
    missing = scratch.join("no/socket")
    refused(missing, "control socket %s: bind: No such file or directory: "
            "make its directory first" % missing, "no directory")
    long = scratch.join("x" * 100)
    refused(long, "control socket %s: the path is longer than 107 bytes"
            % long, "a path that is too long")


def test_stale(scratch):
    path = scratch.join("stale")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    server = Server(control=path)
    ok(server.ready, "a stale socket is replaced", server.messages())
    equal(ask(path, b'{"command": "a"}'), UNKNOWN, "and served")
    os.unlink(path)
    with open(path, "w"):
        pass
    equal(server.stop(), 0, "a clean end")
    ok(os.path.exists(path), "what took the socket's place is not removed")


def test_free_in_handler(scratch):
    path = scratch.join("free")
    server = Server(control=path)
    other = connect(path)
    other.sendall(b'{"command": "a"}\n')
    read_line(other)
    with connect(path) as peer:
        peer.sendall(b'{"command": "free"}\n{"command": "a"}\n')
        equal(read_all(peer), b'{"ok":true}\n',
              "freed by its handler: that reply, then the end")
    equal(read_all(other), b"", "other clients are closed")
    ok(not os.path.exists(path), "and the socket has gone")
    equal(server.stop(), 0, "a clean end")


def main():
    with Scratch() as scratch:
        path = scratch.join("socket")
        server = Server(control=path)
        if not ok(server.ready, "the server starts", server.messages()):
            done()
        before = server.descriptors()
        test_commands(path)
        test_bad_requests(path)
        test_long_requests(path)
        test_manners(path)
        test_parts(path)
        test_stream(server, path, before)
        test_crowd(server, before)
        test_out_of_descriptors(server)
        slow = start_slow(path)
        test_path(scratch, path)
        test_stale(scratch)
        test_free_in_handler(scratch)
        end_slow(slow)
        with connect(path) as peer, connect(path) as reader:
            peer.sendall(b'{"command"')
            reader.sendall(b'{"command": "huge"}\n')
            reader.recv(1)
            equal(server.stop(), 0, "a clean end with clients connected")
        ok(not os.path.exists(path), "the socket is removed")
    done()


main()
