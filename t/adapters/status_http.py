#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The status page's server, and what it does with peers that behave badly."""

import html.parser
import http.client
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403

CONNECTIONS = 64
PAGES = {
    "/status.html": "text/html; charset=utf-8",
    "/status.json": "application/json; charset=utf-8",
    "/metrics": "text/plain; version=0.0.4; charset=utf-8",
}


def request(port, method, path, timeout=10, **kwargs):
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        peer.request(method, path, **kwargs)
        response = peer.getresponse()
        return response, response.read()
    finally:
        peer.close()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 10)


def drain(peer, timeout=10):
    """All that comes until the end; None if none comes in time."""
    peer.settimeout(timeout)
    data = b""
    try:
        while True:
            chunk = peer.recv(65536)
            if not chunk:
                return data
            data += chunk
    except socket.timeout:
        return None
    except ConnectionError:
        return data


class Structure(html.parser.HTMLParser):
    """Are all elements closed in order, and headings and tables as due?"""

    VOID = {"meta", "link", "br", "hr", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.tags = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.setdefault(tag, []).append(dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append("%s at %s" % (tag, self.getpos()))


def security(response):
    """What keeps a page to itself."""
    policy = response.getheader("Content-Security-Policy")
    return (response.getheader("Cache-Control"),
            response.getheader("X-Content-Type-Options"),
            response.getheader("Referrer-Policy"),
            response.getheader("Cross-Origin-Opener-Policy"),
            response.getheader("Cross-Origin-Resource-Policy"),
            policy.startswith("default-src 'none'")
            and "frame-ancestors 'none'" in policy
            and "script" not in policy)


def test_pages(port):
    for path, content_type in PAGES.items():
        response, body = request(port, "GET", path)
        equal((response.status, response.getheader("Content-Type")),
              (200, content_type), "GET %s" % path)
        equal(security(response), ("no-store", "nosniff", "no-referrer",
                                   "same-origin", "same-origin", True),
              "headers of %s" % path)
        head, nothing = request(port, "HEAD", path)
        equal((head.status, nothing, head.getheader("Content-Length")),
              (200, b"", str(len(body))), "HEAD %s" % path)
    response, _ = request(port, "GET", "/?x=1#y")
    equal(response.status, 200, "a query is ignored")


def test_contents(port):
    _, body = request(port, "GET", "/status.json")
    with open(DOCUMENT) as file:
        equal(json.loads(body), json.load(file), "the document is unchanged")
    _, body = request(port, "GET", "/status.html")
    page = Structure()
    page.feed(body.decode())
    page.close()
    ok(not page.faults and not page.open, "the page's elements are balanced",
       "%r, left open: %r" % (page.faults, page.open))
    equal(len(page.tags["table"]), len(page.tags["caption"]),
          "each table has a caption")
    ok(all("scope" in attrs for attrs in page.tags["th"]),
       "each heading has a scope")
    ok(not {"script", "img", "link", "iframe"} & set(page.tags),
       "the page needs nothing else")
    _, body = request(port, "GET", "/metrics")
    if shutil.which("promtool") is None:
        skip("promtool check metrics", "promtool is not installed")
        return
    result = subprocess.run(["promtool", "check", "metrics"], input=body,
                            capture_output=True)
    equal((result.returncode, result.stderr), (0, b""),
          "promtool check metrics")


def test_refusals(port):
    for path in ("/nothing", "/metrics/", "//", "/%2e%2e/etc/passwd",
                 "/status.json/../metrics"):
        response, body = request(port, "GET", path)
        equal((response.status, body), (404, b"404 Not Found\n"),
              "GET %s" % path)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        response, _ = request(port, method, "/")
        equal((response.status, response.getheader("Allow")),
              (405, "GET, HEAD"), method)
    response, _ = request(port, "POST", "/", body=b"x" * 100)
    equal(response.status, 413, "a body")
    response, _ = request(port, "GET", "/", headers={"X": "x" * 9000})
    equal(response.status, 400, "headers of more than 8 KiB")
    response, body = request(
        port, "GET", "/nothing", headers={"Host": "evil.example"})
    ok(b"evil" not in body and "evil" not in str(response.headers),
       "the Host header is not repeated")


def test_garbage(port):
    for name, data in (("bytes", bytes(range(256)) + b"\r\n\r\n"),
                       ("no version", b"GET /\r\n\r\n"),
                       ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
                       ("header", b"GET / HTTP/1.1\r\nnonsense\r\n\r\n")):
        with connect(port) as peer:
            peer.sendall(data)
            answer = drain(peer)
        ok(answer is not None and not answer.startswith(b"HTTP/1.1 200"),
           "garbage: %s" % name, repr(answer))
    with connect(port) as peer:
        try:
            for _ in range(64):
                peer.sendall(b"x" * 65536)
        except OSError:
            pass
        ok(drain(peer) is not None, "a line without an end is cut off")
    with connect(port) as peer:
        peer.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        peer.shutdown(socket.SHUT_WR)
        ok(b"vc5_build_info" in (drain(peer) or b""),
           "a peer that closed its half gets its answer")
    peer = connect(port)
    peer.sendall(b"GET / HT")
    peer.close()
    response, _ = request(port, "GET", "/")
    equal(response.status, 200, "served after all that")


def test_crowd(server):
    before = server.descriptors()
    crowd = [connect(server.port) for _ in range(3 * CONNECTIONS)]
    begun = time.monotonic()
    response, _ = request(server.port, "GET", "/", timeout=20)
    took = time.monotonic() - begun
    equal(response.status, 200, "served beside %d idle peers" % len(crowd))
    ok(took < 4, "before those time out", "%.1f s" % took)
    most = server.descriptors()
    ok(most <= before + CONNECTIONS + 1, "their number is bounded",
       "%d descriptors, %d before" % (most, before))
    for peer in crowd:
        peer.close()
    ok(wait_for(lambda: server.descriptors() <= before, 10),
       "their descriptors are freed",
       "%d, %d before" % (server.descriptors(), before))


def test_many_requests(server):
    before = server.descriptors()
    begun = time.monotonic()
    statuses = {request(server.port, "GET", "/metrics")[0].status
                for _ in range(500)}
    took = time.monotonic() - begun
    equal(statuses, {200}, "500 requests in a row")
    ok(took < 20, "without a pause", "%.1f s" % took)
    ok(wait_for(lambda: server.descriptors() <= before, 5),
       "and nothing left of them")


class Dripper(threading.Thread):
    """A peer that sends a byte now and then: how long is it tolerated?"""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.lasted = port, None

    def run(self):
        begun = time.monotonic()
        with connect(self.port) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nX: ")
            peer.settimeout(0.5)
            while time.monotonic() - begun < 30:
                try:
                    peer.send(b"x")
                    if not peer.recv(4096):
                        break
                except socket.timeout:
                    pass
                except OSError:
                    break
        self.lasted = time.monotonic() - begun


def test_out_of_descriptors(server):
    limit = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE,
                     (server.descriptors(), limit[1]))
    with connect(server.port) as peer:
        peer.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        wait_for(lambda: "accept" in server.messages(), 5)
        used = server.cpu()
        time.sleep(1)  # what it measures is a rate
        used = server.cpu() - used
        ok(used < 0.3, "no spinning without descriptors", "%.2f s" % used)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limit)
        ok(b"vc5_build_info" in (drain(peer) or b""),
           "served once there are some")
    equal(server.messages().count("accept"), 1, "which is logged once")


def test_slow_readers(scratch):
    with open(DOCUMENT) as file:
        document = json.load(file)
    document["services"] *= 1000  # more than the kernel buffers
    path = scratch.join("large.json")
    with open(path, "w") as file:
        json.dump(document, file)
    server = Server(port=free_port(), document=path)
    before = server.descriptors()
    slow = []
    for _ in range(5):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", server.port))
        peer.sendall(b"GET /status.html HTTP/1.0\r\n\r\n")
        slow.append(peer)
    response, body = request(server.port, "GET", "/status.html", timeout=60)
    equal(response.status, 200, "a page of %d KB beside 5 who do not read"
          % (len(body) // 1000))
    equal(len(body), int(response.getheader("Content-Length")),
          "it is complete")
    # The one that was served is closed when the server next looks at it.
    ok(wait_for(lambda: server.descriptors() == before + len(slow), 2),
       "those still wait", "%d descriptors, %d before"
       % (server.descriptors(), before))
    ok(wait_for(lambda: server.descriptors() <= before, 30),
       "who does not read is closed", "%d" % server.descriptors())
    for peer in slow:
        peer.close()
    equal(server.stop(), 0, "a clean end")


def test_port_in_use(server):
    second = Server(port=server.port)
    equal(second.stop(), 1, "a port in use is an error")
    ok("cannot listen at 127.0.0.1 port %d: Address already in use"
       % server.port in second.messages(), "which says so",
       second.messages())


def main():
    server = Server(port=free_port())
    if not ok(server.ready, "the server starts", server.messages()):
        done()
    dripper = Dripper(server.port)
    test_pages(server.port)
    test_contents(server.port)
    test_refusals(server.port)
    test_garbage(server.port)
    test_crowd(server)
    test_many_requests(server)
    test_out_of_descriptors(server)
    test_port_in_use(server)
    dripper.start()
    with Scratch() as scratch:
        test_slow_readers(scratch)
    dripper.join()
    ok(dripper.lasted < 25, "a byte now and then is not tolerated for long",
       "%.1f s" % dripper.lasted)
    with connect(server.port), connect(server.port) as peer:
        peer.sendall(b"GET / HT")
        equal(server.stop(), 0, "a clean end with peers connected")
    done()


main()
