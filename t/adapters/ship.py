#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Shipping to an Elasticsearch that takes nothing but what is right, and to
ones that are away, slow, full, hostile, or not who they should be."""

import os
import re
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from elastic import HANG, Elasticsearch, basic  # noqa: E402
from ship_lab import Authority, Driver, run_all, secret  # noqa: E402

LATE = 1000  # ms: a loop that waits for a server is later than its timeout


def http(*servers):
    return ["http://127.0.0.1:%d" % server.port for server in servers]


def shipping(urls, **more):
    return {"elasticsearch": dict({"urls": urls, "interval": 0.1,
                                   "timeout": 2}, **more)}


def settled(count):
    return lambda s: s["ship"]["sent"] == count and s["ship"]["queued"] == 0


def test_usual(scratch):
    server = Elasticsearch()
    driver = Driver(scratch, shipping(http(server), batch=100))
    driver.say("put 250 \"hostile\\\" \u00e4\u2028 {\"create\":{}}")
    status = driver.until(settled(250))
    equal(server.numbers(), list(range(1, 251)), "all come, in their order")
    equal(server.refusals, [], "nothing of the protocol is violated")
    equal(len(server.requests), 3, "in full batches, and the rest")
    equal(status["ship"]["error"], "", "nothing is wrong")
    equal(server.documents[server.order[0]]["message"],
          "\"hostile\\\" \u00e4\u2028 {\"create\":{}}",
          "a text is what it was")
    path, headers, _ = server.requests[0]
    ok(path.startswith("/logs-vc5d-default/_bulk?filter_path="),
       "to the data stream", path)
    ok("Authorization" not in headers, "without credentials")
    driver.say("put 1")
    driver.until(settled(251))
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_items(scratch):
    server = Elasticsearch()

    def some(handler, pairs):
        """429 for the third, 400 for the fifth; the others are stored."""
        items = [server.failed(429, "es_rejected_execution_exception")
                 if source["n"] == 3 else
                 server.failed(400, "mapper_parsing_exception", "\x1b[31m%n")
                 if source["n"] == 5 else server.store(meta, source)
                 for meta, source in pairs]
        return 200, {"errors": True, "items": items}
    server.plans = [some]
    driver = Driver(scratch, shipping(http(server)))
    driver.say("put 6 x")
    status = driver.until(lambda s: s["ship"]["queued"] == 0)
    equal(server.numbers(), [1, 2, 4, 6, 3],
          "what was put off is sent again, and nothing else")
    equal((status["ship"]["sent"], status["ship"]["retried"],
           status["ship"]["refused"]), (5, 1, 1), "each is counted")
    equal(status["ship"]["last_error"],
          "http://127.0.0.1:%d: status 429, es_rejected_execution_exception: "
          "because" % server.port, "the first reason is told")
    server.plans = [some]
    driver.say("put 1 x")
    driver.until(settled(6))
    equal(driver.status()["told"], "ship: good", "it is well again")
    driver.stop()
    server.stop()


def test_repeated(scratch):
    """An answer that is lost on its way doesn't make documents twice."""
    server = Elasticsearch()

    def lost(handler, pairs):
        for pair in pairs:
            server.store(*pair)
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
        return HANG
    server.release.set()
    server.plans = [lost]
    driver = Driver(scratch, shipping(http(server)))
    driver.say("put 20 x")
    status = driver.until(settled(20))
    equal((server.numbers(), status["ship"]["failures"]),
          (list(range(1, 21)), 1), "documents that are there already count")
    driver.stop()
    server.stop()


def test_whole(scratch):
    """What is said of a request as a whole."""
    server = Elasticsearch()
    server.plans = [
        lambda *_: (429, {"error": "busy"}, [("Retry-After", "1")]),
        lambda *_: (503, b"<html>" + b"x" * 1000),
        lambda *_: (200, b"<html>this is not json</html>"),
        lambda *_: (200, {"items": []}),
    ]
    driver = Driver(scratch, shipping(http(server)))
    driver.say("put 10 x")
    seen = set()

    def done(status):
        seen.add(status["ship"]["error"].split(" ", 1)[-1][:40])
        return settled(10)(status)
    status = driver.until(done, 60)
    ok(any(e.startswith("HTTP 429: {\\\"error\\\"") for e in seen),
       "429 is told", seen)
    ok(any(e.startswith("HTTP 503: <html>xxx") for e in seen),
       "503 is told, shortened", seen)
    ok("the answer is not one to a bulk request" in seen,
       "so is what is no answer", seen)
    equal((server.numbers(), status["ship"]["failures"]),
          (list(range(1, 11)), 4), "in the end all come, once")
    equal(status["told"], "ship: good", "and it is told to be well")
    driver.stop()
    server.stop()


def test_too_large(scratch):
    server = Elasticsearch()

    def small_only(handler, pairs):
        if len(pairs) > 4 or any(len(s["message"]) > 1000 for _, s in pairs):
            return 413, b""
        return None
    server.always = small_only
    driver = Driver(scratch, shipping(http(server)))
    driver.say("put 20 x")
    driver.say("put 1 " + "y" * 2000)
    driver.say("put 20 x")
    status = driver.until(lambda s: s["ship"]["queued"] == 0)
    equal(sorted(server.numbers()), [n for n in range(1, 42) if n != 21],
          "batches are halved until they are taken")
    equal((status["ship"]["sent"], status["ship"]["too_large"]), (40, 1),
          "what is too large by itself is dropped")
    driver.stop()
    server.stop()


def test_failover(scratch):
    first, second = Elasticsearch(), Elasticsearch()
    second.always = lambda *_: (503, {"error": "no master"})
    driver = Driver(scratch, shipping(http(first, second)))
    driver.say("put 5 x")
    driver.until(settled(5))
    equal(len(first.numbers()), 5, "the first address is used")
    port = first.port
    first.stop()
    driver.say("put 5 x")
    status = driver.until(lambda s: s["ship"]["failures"] >= 2)
    ok(status["ship"]["queued"] == 5, "while none works they wait", status)
    second.always = None
    status = driver.until(settled(10))
    equal(len(second.numbers()), 5, "then they go to the one that works")
    equal(status["ship"]["server"], "http://127.0.0.1:%d" % second.port,
          "which is shown")
    second.stop()
    driver.say("put 5 x")
    status = driver.until(
        lambda s: s["ship"]["error"].endswith("no connection can be made"))
    ok(status["ship"]["error"].endswith("no connection can be made"),
       "an address that is down is told", status)
    first = Elasticsearch(port=port)
    driver.until(settled(15), 60)
    equal(len(first.numbers()), 5, "and the first one is found again")
    equal(driver.stop(), 0, "it ends cleanly")
    first.stop()


def test_never_answers(scratch):
    server = Elasticsearch()
    server.always = lambda *_: HANG
    driver = Driver(scratch, shipping(
        http(server), timeout=1, queue={"documents": 1000, "bytes": 1 << 20}))
    driver.say("put 5000 x")
    status = driver.until(lambda s: s["ship"]["failures"] >= 2)
    equal((status["ship"]["queued"], status["ship"]["queue_full"]),
          (1000, 4000), "the queue is bounded, what is lost is counted")
    ok(status["ship"]["error"].endswith("no answer in 1.0 s"),
       "that there is no answer is told", status)
    driver.say("put 200 " + "z" * 10000)
    status = driver.status()
    ok(status["ship"]["bytes"] <= 1 << 20, "also by its size", status)
    server.always = None
    server.release.set()
    driver.until(settled(1000), 60)
    equal(len(server.numbers()), 1000, "what waited comes in the end")
    ok(driver.late < LATE, "and the loop was never kept waiting",
       "%d ms" % driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_black_hole(scratch):
    """A listener whose queue is full: connections are never made."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        filler = [socket.socket() for _ in range(4)]
        for peer in filler:
            peer.setblocking(False)
            peer.connect_ex(hole.getsockname())
        server = Elasticsearch()
        driver = Driver(scratch, shipping(
            ["http://127.0.0.1:%d" % hole.getsockname()[1]] + http(server),
            timeout=1))
        driver.say("put 3 x")
        status = driver.until(settled(3))
        equal(len(server.numbers()), 3, "the next address is tried")
        ok(status["ship"]["last_error"].endswith("no answer in 1.0 s"),
           "after the timeout", status)
        ok(driver.late < LATE, "for which nothing waits", driver.late)
        equal(driver.stop(), 0, "it ends cleanly")
        server.stop()
        for peer in filler:
            peer.close()


def test_dripping(scratch):
    """A byte now and then is no answer: the limit is for all of it."""
    server = Elasticsearch()

    def drip(handler, pairs):
        try:
            while not server.release.wait(0.2):
                handler.wfile.write(b"H")
        except OSError:
            pass
        return HANG
    server.plans = [drip]
    driver = Driver(scratch, shipping(http(server), timeout=1))
    driver.say("put 1 x")
    status = driver.until(lambda s: s["ship"]["failures"] >= 1)
    equal(status["ship"]["failures"], 1, "dripping is cut off")
    driver.until(settled(1))
    driver.stop()
    server.stop()


def test_hostile(scratch):
    """Answers of any size and kind."""
    server = Elasticsearch()
    server.release.set()
    huge = b"[" * (5 << 20)

    def raw(data):
        def plan(handler, pairs):
            try:
                handler.wfile.write(data)
            except OSError:
                pass
            handler.close_connection = True
            return HANG
        return plan
    server.plans = [
        lambda *_: (200, huge),
        raw(b"SSH-2.0-nonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100000 + b"\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        lambda *_: (200, b"[" * 100000),
        lambda *_: (302, b"", [("Location", "http://127.0.0.1:1/")]),
    ]
    driver = Driver(scratch, shipping(http(server, server)))
    driver.say("put 10 x")
    status = driver.until(settled(10), 60)
    equal((server.numbers(), status["ship"]["failures"]),
          (list(range(1, 11)), 6), "no answer does harm")
    ok(driver.late < LATE, "nor keeps the loop", driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_credentials(scratch):
    password = secret(scratch, "password", "s3cret\n")
    server = Elasticsearch(authorization=basic("vc5d", "s3cret"))
    driver = Driver(scratch, shipping(
        http(server), user="vc5d", password_file=password))
    driver.say("put 1 x")
    driver.until(settled(1))
    equal(len(server.numbers()), 1, "basic authentication")
    server.authorization = basic("vc5d", "another")
    driver.say("put 1 x")
    status = driver.until(lambda s: s["ship"]["error"] != "")
    ok("HTTP 401: {\\\"error\\\": {\\\"type\\\": \\\"security_exception"
       in status["ship"]["error"], "a wrong password is told", status)
    ok("s3cret" not in str(status) + driver.messages(),
       "and not which it was")
    secret(scratch, "password", "another\n")
    driver.until(settled(2))
    equal(len(server.numbers()), 2, "a new one is read from the file")
    os.chmod(password, 0o644)
    driver.say("put 1 x")
    status = driver.until(lambda s: s["ship"]["error"] != "")
    ok("others may use it (mode 0644)" in status["ship"]["error"],
       "a file that others may read is not used", status)
    key = secret(scratch, "key", "aWQ6a2V5\n")
    server.authorization = "ApiKey aWQ6a2V5"
    driver.configure(shipping(http(server), api_key_file=key))
    driver.say("reload")
    driver.until(settled(3))
    equal(len(server.numbers()), 3, "an API key, after a reload")
    secret(scratch, "key", "a\r\nX-Injected: b\n")
    driver.say("put 1 x")
    status = driver.until(lambda s: s["ship"]["error"] != "")
    ok("is not printable ASCII" in status["ship"]["error"],
       "nothing gets into the request's head", status)
    driver.stop()
    server.stop()


def test_tls(scratch):
    good, evil = Authority(scratch, "good"), Authority(scratch, "evil")
    server = Elasticsearch(
        certificate=good.issue("localhost", "DNS:localhost"))
    address = Elasticsearch(
        certificate=good.issue("address", "IP:127.0.0.1"))

    def url(name, at):
        return ["https://%s:%d" % (name, at.port)]

    driver = Driver(scratch, shipping(url("localhost", server), ca=good.ca))
    driver.say("put 10 x")
    driver.until(settled(10))
    driver.say("put 10 x")
    driver.until(settled(20))
    equal(len(server.numbers()), 20, "by TLS, to a name of /etc/hosts")
    for logging, what, why in (
            (shipping(url("localhost", server), ca=evil.ca),
             "another authority", "self-signed|unable to get local issuer"),
            (shipping(url("localhost", server)),
             "nobody that the system trusts",
             "self-signed|unable to get local issuer"),
            (shipping(url("127.0.0.1", server), ca=good.ca),
             "another address", "IP address mismatch"),
            (shipping(url("localhost", address), ca=good.ca),
             "another name", "[Hh]ostname mismatch"),
            (shipping(url("localhost", server),
                      ca=scratch.join("missing")),
             "a file that is missing", "No such file")):
        driver.configure(logging)
        driver.say("reload")
        driver.say("put 1 x")
        status = driver.until(
            lambda s: re.search(why, s["ship"]["error"]))
        ok(re.search(why, status["ship"]["error"]),
           "TLS: %s is not trusted" % what, status)
    equal((len(server.numbers()), len(address.numbers())), (20, 0),
          "and gets nothing")
    driver.configure(shipping(url("127.0.0.1", address), ca=good.ca))
    driver.say("reload")
    driver.until(lambda s: s["ship"]["queued"] == 0)
    equal(len(address.numbers()), 5, "a certificate of an address")
    plain = Elasticsearch()
    driver.configure(shipping(url("127.0.0.1", plain), ca=good.ca))
    driver.say("reload")
    driver.say("put 1 x")
    status = driver.until(lambda s: "TLS" in s["ship"]["error"])
    ok("TLS" in status["ship"]["error"], "no TLS where it should be", status)
    driver.configure(shipping(url("127.0.0.1", server), verify=False))
    driver.say("reload")
    driver.until(lambda s: s["ship"]["queued"] == 0)
    equal(len(server.numbers()), 21, "unverified, if that is wanted")
    ok(driver.late < LATE, "the loop was never kept waiting", driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    for each in server, address, plain:
        each.stop()


def test_names(scratch):
    """Names that don't exist, or whose servers are silent, keep nobody."""
    server = Elasticsearch()
    driver = Driver(scratch, shipping(
        ["http://vc5d-no-such-host.invalid:9200"] + http(server), timeout=1))
    driver.say("put 2 x")
    status = driver.until(settled(2))
    equal(len(server.numbers()), 2, "the next address is tried")
    ok("vc5d-no-such-host.invalid" in status["ship"]["last_error"],
       "the name is told", status)
    ok(driver.late < LATE, "for which nothing waits", driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_end(scratch):
    server = Elasticsearch()
    driver = Driver(scratch, shipping(http(server), interval=60))
    driver.say("put 3 x")
    equal(driver.ship()["queued"], 3, "documents wait for others")
    driver.say("hurry")
    driver.until(settled(3))
    equal(len(server.numbers()), 3, "but not when the end is near")
    server.always = lambda *_: HANG
    driver.say("put 3 x")
    wait_for(lambda: len(server.requests) == 2, 20)
    equal(driver.stop(), 0, "it can end while a request is under way")
    server.stop()


with Scratch() as directory:
    run_all([test for name, test in list(globals().items())
             if name.startswith("test_")], directory)
done()
