#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who may see the web console, TLS, answers in pieces, events, and peers who
try what they should not."""

import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from status_client import *  # noqa: E402,F403

PIECE = 65536


def sanitized():
    with open(program("t/adapters/status_server"), "rb") as file:
        return b"__asan_init" in file.read()


# What ASan keeps of freed memory (its quarantine), KiB.
FREED = 300000 if sanitized() else 0
TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def test_revoked(scratch):
    """Who may no longer see it, and hears or is sent something already."""
    ann, bob = ("%s:%s\n" % (name, hashed(name)) for name in ("ann", "bob"))
    users = write(scratch.join("revoked"), ann + bob)
    server = Server(port=free_port(), users_file=users)
    hears = Events(server.port, Authorization=basic("bob", "bob"))
    ok(hears.wait("tick", 1), "bob hears events")
    equal(renew(server), "renewed", "the same users are read again")
    ok(hears.wait("tick", 2), "bob goes on hearing them")
    slow = Events(server.port, "/slow?pieces=10000",
                  Authorization=basic("bob", "bob"))
    ok(slow.read(20), "and is sent a long answer")
    write(users, ann)
    equal(renew(server), "renewed", "bob is removed")
    ok(not hears.wait("tick", 1000), "so that he hears no more")
    while slow.read(20) and len(slow.data) < 10000 * PIECE:
        pass
    ok(len(slow.data) < 10000 * PIECE, "and is not sent the rest")
    equal(request(server.port, "/status.json",
                  Authorization=basic("ann", "ann"))[0], 200, "ann is let in")
    equal(server.stop(), 0, "a clean end")


def test_tokens(scratch):
    digest = hashlib.sha256(OTHER.encode()).hexdigest()
    path = write(scratch.join("tokens"), "%s\nsha256:%s\n" % (TOKEN, digest))
    server = Server(port=free_port(), token_file=path)

    def status(token, scheme="Bearer"):
        return request(server.port, "/metrics",
                       Authorization="%s %s" % (scheme, token))[0]

    equal([status(TOKEN), status(OTHER), status(TOKEN, "bearer")],
          [200, 200, 200], "tokens let in")
    equal([status(digest), status(TOKEN[:-1]), status(TOKEN + "0"),
           status("")], [401] * 4, "what is none does not")
    equal(request(server.port, "/")[1]["WWW-Authenticate"],
          'Bearer realm="vc5d"', "what is wanted is said")
    write(path, OTHER + "\n")
    equal(renew(server), "renewed", "the file is read anew")
    equal([status(TOKEN), status(OTHER)], [401, 200],
          "a token that is gone lets in no more")
    for text, what in (("short\n", ":1: the line is not a token"),
                       ("", "there is nothing in it"),
                       ("#\n\nsha256:12\n", ":3: the line has no 64 hex"),
                       ("x" * 70000, "longer than 65536 bytes")):
        write(path, text)
        equal(renew(server), "refused", "refused: %.10r" % text)
        ok(what in server.messages(), "which says why", server.messages())
    write(path, OTHER + "\n", 0o644)
    equal(renew(server), "refused", "a file that others may read is refused")
    equal(status(OTHER), 200, "what was in force stays so")
    equal(server.stop(), 0, "a clean end")


def certificate(scratch, name):
    path, key = scratch.join(name + ".pem"), scratch.join(name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-addext",
                    "subjectAltName=IP:127.0.0.1", "-out", path, "-keyout",
                    key], check=True, capture_output=True)
    return path, key


def context(path):
    tls = ssl.create_default_context(cafile=path)
    tls.check_hostname = True
    return tls


def test_tls(scratch):
    path, key = certificate(scratch, "one")
    server = Server(port=free_port(), certificate=path, key=key)
    ok(server.ready, "a certificate is read", server.messages())
    tls = context(path)
    code, headers, body = request(server.port, "/status.json", tls=tls)
    with open(DOCUMENT) as file:
        equal((code, json.loads(body)), (200, json.load(file)),
              "a document by TLS")
    equal(headers["Cross-Origin-Opener-Policy"], "same-origin",
          "with what browsers heed by TLS")
    code, _, body = request(server.port, "/slow?pieces=40", tls=tls)
    equal((code, len(body)), (200, 40 * PIECE), "a long answer by TLS")
    before = server.descriptors()
    with connect(server.port) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
        ok(b"200" not in drain(peer), "nothing is served in clear")
    with connect(server.port):
        with connect(server.port) as silent:
            silent.sendall(b"\x16\x03\x01")
            equal(request(server.port, "/status.json", tls=tls)[0], 200,
                  "served beside half a handshake")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        request(server.port, "/", tls=old)
        ok(False, "TLS 1.1 is refused")
    except (ssl.SSLError, OSError):
        ok(True, "TLS 1.1 is refused")
    events = Events(server.port, tls=tls)
    ok(events.wait("tick", 2), "events by TLS")
    two, other = certificate(scratch, "two")
    write(path, open(two).read())
    equal(renew(server), "refused", "a certificate without its key")
    equal(request(server.port, "/status.json", tls=tls)[0], 200,
          "what was in force stays so")
    write(key, open(other).read())
    equal(renew(server), "renewed", "a new one is taken")
    equal(request(server.port, "/status.json", tls=context(two))[0], 200,
          "by who connects then")
    ok(events.wait("tick", 2), "who was connected stays so")
    events.close()
    ok(wait_for(lambda: server.descriptors() <= before, 20),
       "nothing is left of them", "%d, %d before"
       % (server.descriptors(), before))
    equal(server.stop(), 0, "a clean end")
    broken = Server(port=free_port(), certificate=write(
        scratch.join("none.pem"), "nothing\n"))
    equal(broken.stop(), 1, "without a certificate it does not start")
    ok("none.pem" in broken.messages(), "and says so", broken.messages())


def test_other_certificate(scratch):
    """Another path, which is wrong, and then right; clear, and TLS again."""
    (one, one_key), (two, two_key) = (certificate(scratch, name)
                                      for name in ("before", "after"))
    server = Server(port=free_port(), path=scratch.join("webserver"),
                    certificate=one, key=one_key)

    def stale(tls):
        return request(server.port, "/stale", tls=tls)[2].decode()

    before = context(one)
    equal(stale(before), "no", "a certificate is in force")
    missing = scratch.join("missing.pem")
    server.webserver(certificate=missing, key=two_key)
    equal(renew(server), "refused", "the next one is missing")
    ok(missing in stale(before) and missing in server.messages(),
       "that of before stays in force, and why is told", stale(before))
    server.webserver(certificate=two, key=two_key)
    equal(renew(server), "renewed", "then it is there")
    equal(stale(context(two)), "no", "it is in force, and nothing is told")
    events = Events(server.port, tls=context(two))
    ok(events.wait("tick", 1), "somebody hears events by TLS")
    server.webserver(certificate=missing)
    equal(renew(server), "refused", "a missing one ends nothing")
    ok(events.wait("tick", 2), "he goes on hearing them")
    server.webserver()
    equal(renew(server), "renewed", "it is to be in clear")
    ok(not events.wait("tick", 1000), "who was connected by TLS is closed")
    equal(stale(None), "no", "and it is")
    events = Events(server.port)
    idle = connect(server.port)
    ok(events.wait("tick", 1), "somebody hears events in clear")
    server.webserver(certificate=one, key=one_key)
    equal(renew(server), "renewed", "it is to be by TLS again")
    ok(not events.wait("tick", 1000) and drain(idle) == b"",
       "who was connected in clear is closed")
    idle.close()
    equal(stale(before), "no", "and it is")
    equal(server.stop(), 0, "a clean end")


class Events:
    """A listener, who reads when asked to."""

    def __init__(self, port, path="/events", tls=None, source=None,
                 **headers):
        peer = connect(port, source)
        if path == "/events?service=large":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.peer = tls.wrap_socket(peer, server_hostname="127.0.0.1") \
            if tls else peer
        fields = "".join("%s: %s\r\n" % (name.replace("_", "-"), value)
                         for name, value in headers.items())
        self.peer.sendall(("GET %s HTTP/1.0\r\n%s\r\n" % (path, fields))
                          .encode())
        self.data = b""

    def read(self, seconds):
        self.peer.settimeout(seconds)
        try:
            chunk = self.peer.recv(65536)
        except socket.timeout:
            return True
        except OSError:
            return False
        self.data += chunk
        return chunk != b""

    def count(self, event):
        return self.data.count(b"event: %s\n" % event.encode())

    def wait(self, event, more, seconds=20):
        wanted = self.count(event) + more
        deadline = time.monotonic() + seconds
        while self.count(event) < wanted and time.monotonic() < deadline:
            if not self.read(1):
                return False
        return self.count(event) >= wanted

    def close(self):
        self.peer.close()


def settled(server):
    """Descriptors that are open when nobody is connected."""
    wait_for(lambda: server.descriptors() == server.idle, 20)
    return server.idle


def test_events(server):
    before = settled(server)
    one = Events(server.port)
    ok(one.wait("tick", 3), "events come", one.data)
    head, _, body = one.data.partition(b"\r\n\r\n")
    ok(b"Content-Type: text/event-stream" in head
       and b"Cache-Control: no-store" in head, "as such", head)
    ok(body.startswith(b"retry: 2000\n\nevent: tick\nid: "),
       "with when to come back, and ids", body[:80])
    again = Events(server.port, Last_Event_ID="7")
    ok(again.wait("seen", 1) and b"event: seen\nid: 7\ndata: 7\n"
       in again.data, "who was away is told what he missed", again.data)
    for seen in ("x", "-1", "9" * 40, ""):
        odd = Events(server.port, Last_Event_ID=seen)
        ok(odd.wait("tick", 1), "Last-Event-ID %.10r is no harm" % seen)
        odd.close()
    large = Events(server.port, "/events?service=large")
    ok(large.wait("service", 1), "of a service, if asked for")
    none = Events(server.port, "/events?service=none")
    ok(none.wait("tick", 5) and none.count("service") == 0,
       "unless there is nothing to tell")
    equal(one.count("service"), 0, "not for others")
    equal(request(server.port, "/events?service=other")[0], 404,
          "there is no such service")
    equal(request(server.port, "/events", method="HEAD")[0], 200, "HEAD")
    for events in (one, again, large, none):
        events.close()
    ok(wait_for(lambda: server.descriptors() <= before, 20),
       "nothing is left of them")


def test_many_listeners(server):
    before = settled(server)
    all_of_them = [Events(server.port, source="127.0.%d.1" % (i // 16))
                   for i in range(32)]
    ok(all(events.wait("tick", 1) for events in all_of_them),
       "32 listen at a time")
    equal(request(server.port, "/events")[0], 503, "and no more")
    idle = [connect(server.port, "127.1.%d.1" % (i % 4)) for i in range(100)]
    equal(request(server.port, "/status.json", timeout=60)[0], 200,
          "served beside them and 100 who are silent")
    ok(all(events.wait("tick", 1) for events in all_of_them),
       "who listens is not closed for them")
    for peer in idle:
        peer.close()
    for events in all_of_them:
        events.close()
    ok(wait_for(lambda: server.descriptors() <= before, 20),
       "nothing is left of them")


def test_who_does_not_read(server):
    before, memory = settled(server), server.memory()
    deaf = [Events(server.port, "/events?service=large") for _ in range(8)]
    hears = Events(server.port)
    ok(wait_for(lambda: server.descriptors() == before + 9, 20),
       "eight listen who don't read")
    most = 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.descriptors() > before + 1:
        hears.read(0.2)
        most = max(most, server.memory() - memory)
    ok(server.descriptors() <= before + 1, "who does not read is closed")
    ok(most < FREED + 40000, "what is queued for them is bounded",
       "%d KiB" % most)
    ok(hears.wait("tick", 1), "who reads is not")
    hears.close()
    for events in deaf:
        events.close()


def test_pieces(server):
    code, headers, body = request(server.port, "/slow")
    equal((code, headers["Transfer-Encoding"], len(body)),
          (200, "chunked", 100 * PIECE), "an answer of 100 pieces")
    equal(body[-8:], b"00000099", "in their order")
    equal(request(server.port, "/slow?pieces=0")[0], 404, "of none")
    equal(request(server.port, "/slow", method="HEAD")[2], b"", "HEAD")
    equal(request(server.port, "/slow?pieces")[0], 400, "a broken query")
    try:
        request(server.port, "/slow?breaks=50")
        ok(False, "what breaks off does not look complete")
    except http.client.IncompleteRead as error:
        ok(0 < len(error.partial) <= 50 * PIECE,
           "what breaks off does not look complete")
    memory, before = server.memory(), settled(server)
    slow = []
    for _ in range(10):
        peer = connect(server.port)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.sendall(b"GET /slow?pieces=10000 HTTP/1.1\r\n"
                     b"Host: localhost\r\n\r\n")
        slow.append(peer)
    ok(wait_for(lambda: server.descriptors() == before + 10, 20),
       "ten ask who don't read the answer")
    equal(request(server.port, "/status.json")[0], 200,
          "served beside them")
    ok(server.memory() - memory < FREED + 20000, "of which little is made",
       "%d KiB" % (server.memory() - memory))
    ok(wait_for(lambda: server.descriptors() <= before, 40),
       "they are closed in the end", "%d descriptors, %d before"
       % (server.descriptors(), before))
    for peer in slow:
        peer.close()


def test_hosts(server):
    for host, code in (("localhost", 200), ("localhost:80", 200),
                       ("127.0.0.1:1", 200), ("[::1]:80", 200),
                       ("[::1]", 200), ("evil.example", 421),
                       ("evil.example:80", 421), ("127.0.0.1.evil", 421),
                       ("[127.0.0.1]", 421), ("", 421), ("x" * 300, 421)):
        equal(request(server.port, "/status.json", Host=host)[0], code,
              "Host: %.20s" % host)
    for version, hosts, code in (("1.0", 0, 200), ("1.0", 1, 200),
                                 ("1.0", 2, 400), ("1.1", 0, 400),
                                 ("1.1", 1, 200), ("1.1", 2, 400)):
        with connect(server.port) as peer:
            peer.sendall(b"GET /status.json HTTP/%s\r\n%s\r\n" % (
                version.encode(), b"Host: localhost\r\n" * hosts))
            ok(drain(peer).split()[1:2] == [b"%d" % code],
               "HTTP/%s with %d Host: %d" % (version, hosts, code))


def test_connect(server):
    for hosts, code in ((1, b"405 Method Not Allowed"),
                        (0, b"400 Bad Request"), (2, b"400 Bad Request")):
        with connect(server.port) as peer:
            peer.sendall(b"CONNECT localhost:80 HTTP/1.1\r\n%s\r\n"
                         b"GET /metrics HTTP/1.1\r\n"
                         b"Host: localhost\r\n\r\n"
                         % (b"Host: localhost:80\r\n" * hosts))
            answer = drain(peer)
        ok(answer.startswith(b"HTTP/1.1 %s\r\n" % code)
           and answer.endswith(b"\r\n\r\n%s\n" % code),
           "CONNECT with %d Host is refused, and what follows not answered"
           % hosts, repr(answer))


def test_files(server):
    code, headers, body = request(server.port, "/")
    equal((code, headers["Content-Type"]),
          (200, "text/html; charset=utf-8"), "the console")
    ok(headers["Content-Security-Policy"].startswith("default-src 'self';")
       and "unsafe" not in headers["Content-Security-Policy"],
       "with a strict policy", headers["Content-Security-Policy"])
    etag = headers["ETag"]
    equal(request(server.port, "/", If_None_Match='"x", ' + etag)[::2],
          (304, b""), "is not sent again")
    equal(request(server.port, "/", If_None_Match='"x"')[::2], (200, body),
          "unless it is another one")
    equal(request(server.port, "/", If_None_Match="*")[::2], (304, b""),
          "nor if any is known")
    equal(request(server.port, "/none", If_None_Match="*")[0], 404,
          "of those that there are")
    for path in ("/../etc/passwd", "/..%2f..%2fetc/passwd", "/console.html/",
                 "/./", "/%00", "/?/../x", "//etc/passwd"):
        ok(request(server.port, path)[0] in (200, 404)
           and b"root:" not in request(server.port, path)[2],
           "path %s" % path)


def test_pipelining(server):
    with connect(server.port) as peer:
        peer.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
                     * 50)
        equal(drain(peer).count(b"HTTP/1.1 200 OK"), 1,
              "of several requests in one go the first is answered")
    memory = server.memory()
    with connect(server.port) as peer:
        peer.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        peer.settimeout(1)
        sent = 0
        try:
            while sent < 1 << 28:
                sent += peer.send(b"x" * 65536)
        except OSError:
            pass
        ok(sent < 1 << 26, "who sends on without an end is not read",
           "%d bytes" % sent)
    ok(server.memory() - memory < FREED + 10000, "nor kept in memory")


def main():
    with Scratch() as scratch:
        test_revoked(scratch)
        test_tokens(scratch)
        test_tls(scratch)
        test_other_certificate(scratch)
    server = Server(port=free_port())
    server.idle = server.descriptors()
    test_hosts(server)
    test_connect(server)
    test_files(server)
    test_pieces(server)
    test_events(server)
    test_many_listeners(server)
    test_pipelining(server)
    test_who_does_not_read(server)
    with connect(server.port), Events_open(server.port):
        equal(server.stop(), 0, "a clean end with listeners")
    done()


def Events_open(port):
    events = Events(port)
    events.wait("tick", 1)
    return events.peer


main()
