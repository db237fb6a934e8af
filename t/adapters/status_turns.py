#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The web console's server while answers are made that take long: it serves
others in between, and nothing is left of those who go away."""

import http.client
import os
import select
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403

PIECE = 65536


def connect(port, path, version="1.1"):
    """A connection that has asked, and not read."""
    peer = socket.create_connection(("127.0.0.1", port), 10)
    peer.sendall(("GET %s HTTP/%s\r\nHost: localhost\r\n\r\n"
                  % (path, version)).encode())
    return peer


def receive(peer):
    """All that comes until the end."""
    peer.settimeout(30)
    data = b""
    try:
        while chunk := peer.recv(1 << 20):
            data += chunk
    except ConnectionError:
        pass
    return data


def request(port, path, method="GET"):
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        peer.request(method, path)
        response = peer.getresponse()
        return response.status, response.headers, response.read()
    finally:
        peer.close()


def kept(port):
    return int(request(port, "/kept")[2])


def test_length(port):
    code, headers, body = request(port, "/late")
    equal((code, headers["Content-Length"], headers["Transfer-Encoding"],
           len(body)), (200, str(5 * PIECE), None, 5 * PIECE),
          "what is put together first has a length")
    equal([body[(i + 1) * PIECE - 1:(i + 1) * PIECE] for i in range(5)],
          [b"0", b"1", b"2", b"3", b"4"], "and its pieces are in order")
    head, body = receive(connect(port, "/late", "1.0")).split(
        b"\r\n\r\n", 1)
    ok(b"Content-Length: %d" % (5 * PIECE) in head and
       b"chunked" not in head, "also by HTTP/1.0", head)
    equal(len(body), 5 * PIECE, "which gets all of it")
    code, _, body = request(port, "/late", "HEAD")
    equal((code, body), (200, b""), "HEAD has no body")
    code, _, body = request(port, "/late?pieces=1&steps=0")
    equal((code, len(body)), (200, PIECE), "one piece")


def test_breaks(port):
    code, _, body = request(port, "/late?breaks=0")
    equal((code, body), (503, b"503 Service Unavailable\n"),
          "what can't be made is an error if nothing was sent")
    for version in ("1.1", "1.0"):
        head, body = receive(connect(port, "/late?breaks=3", version)).split(
            b"\r\n\r\n", 1)
        ok(b"Content-Length: %d" % (5 * PIECE) in head and
           len(body) <= 3 * PIECE,
           "HTTP/%s: what breaks off is shorter than was said" % version,
           "%r and %d bytes" % (head, len(body)))


def test_others_meanwhile(port):
    listener = connect(port, "/events")
    ok(b"event: tick" in listener.recv(65536) + listener.recv(65536),
       "somebody listens")
    many = [connect(port, "/late?steps=200") for _ in range(8)]
    ok(wait_for(lambda: kept(port) == 8, 20), "eight ask for what takes long")
    equal(request(port, "/status.json")[0], 200, "somebody else for a page")
    equal(select.select(many, [], [], 0)[0], [],
          "and gets it before any of them")
    ticks = 0
    while len(select.select(many, [], [], 0)[0]) < len(many):
        if select.select([listener], [], [], 0.05)[0]:
            ticks += listener.recv(65536).count(b"event: tick")
    # All of it is 3.2 seconds in which nothing else would have happened.
    ok(ticks >= 8, "events come all the while", "%d of them" % ticks)
    equal({len(receive(peer).split(b"\r\n\r\n", 1)[1]) for peer in many},
          {5 * PIECE}, "all eight get theirs")
    equal(kept(port), 0, "of which nothing is kept then")
    listener.close()


def test_who_goes_away(server):
    before = server.descriptors()
    many = [connect(server.port, "/late?steps=1000000") for _ in range(8)]
    ok(wait_for(lambda: kept(server.port) == 8, 20), "eight wait")
    for peer in many:
        peer.close()
    ok(wait_for(lambda: kept(server.port) == 0, 20),
       "nothing is kept for who went before anything was sent")
    many = [connect(server.port, "/late?pieces=10000") for _ in range(8)]
    ok(all(peer.recv(100) for peer in many), "eight begin to read")
    memory = server.memory()
    ok(wait_for(lambda: kept(server.port) == 8, 20) and
       server.memory() < memory + 20000, "what they don't take is not made",
       "%d KiB more" % (server.memory() - memory))
    for peer in many:
        peer.close()
    ok(wait_for(lambda: kept(server.port) == 0, 20),
       "nothing is kept for who went in the middle")
    ok(wait_for(lambda: server.descriptors() <= before, 20),
       "nor a descriptor")


def main():
    server = Server(port=free_port())
    if not ok(server.ready, "the server starts", server.messages()):
        done()
    test_length(server.port)
    test_breaks(server.port)
    test_others_meanwhile(server.port)
    test_who_goes_away(server)
    some = [connect(server.port, "/late?steps=1000000") for _ in range(3)]
    some += [connect(server.port, "/late?pieces=10000") for _ in range(3)]
    ok(wait_for(lambda: kept(server.port) == 6, 20), "six are under way")
    equal(server.stop(), 0, "when the server ends, cleanly")
    for peer in some:
        peer.close()
    done()


main()
