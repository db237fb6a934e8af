#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Logins at the web console, when others guess, are many, or take all they can
get.  Each loopback address is another client."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from status_client import *  # noqa: E402,F403

SLOW = 100000  # rounds


class Site(Server):
    """A server with users."""

    def __init__(self, rounds=5000, **webserver):
        users = {name: hashed(name + "pw", rounds) for name in ("ann", "bob")}
        super().__init__(port=free_port(), users=users, **webserver)
        self.trusted = "127.77.0.1"

    def login(self, source, name="ann", password=None):
        code, headers, _ = request(
            self.port, "/status.json", source=source, timeout=60,
            Authorization=basic(name, password or name + "pw"))
        return code, headers["Retry-After"]

    def guess(self, source, password):
        """Begin, and don't wait for the answer."""
        peer = connect(self.port, source)
        peer.sendall(b"GET /status.json HTTP/1.0\r\nAuthorization: %s\r\n\r\n"
                     % basic("ann", password).encode())
        return peer

    def counters(self):
        """As somebody sees them who got in."""
        return json.loads(request(
            self.port, "/counters", source=self.trusted,
            Authorization=basic("ann", "annpw"))[2])


def codes(peers):
    answers = [drain(peer, 60) for peer in peers]
    for peer in peers:
        peer.close()
    return [int(answer.split(b" ")[1]) for answer in answers if answer]


def test_flood_from_one_address():
    site = Site(SLOW)
    peers = [site.guess("127.66.0.1", "guess%d" % i) for i in range(30)]
    equal(site.login("127.0.0.2"), (200, None),
          "somebody else gets in, for the first time")
    got = codes(peers)
    ok(set(got) == {401, 429} and got.count(401) <= 4,
       "of 30 guesses few are looked at, the others are too many", got)
    equal(site.login("127.66.0.1"), (200, None),
          "who got in before gets in from there as well")
    log = site.messages()
    ok(log.count("wrong credentials from 127.66.0.1") in (1, 2, 3)
       and "guess" not in log, "it is logged, not each time, nor what", log)
    equal(site.stop(), 0, "a clean end")


def test_waiting():
    site = Site()
    guesses = 0

    def guess():
        nonlocal guesses
        guesses += 1
        return site.login("127.66.0.1", "ann", "guess%d" % guesses)

    equal([guess()[0] for _ in range(5)], [401] * 5, "five guesses are wrong")
    # Each time it has to wait for longer: so the machine's pace is no matter.
    ok(wait_for(lambda: guess()[0] == 429
                and site.login("127.66.0.1", "bob")[0] == 429, 60),
       "then it has to wait, if right or not")
    code, seconds = guess()
    ok(code == 401 or int(seconds) >= 1, "and is told how long", seconds)
    equal(site.login("127.66.0.2", "bob")[0], 200, "others don't")
    equal(site.login("127.66.0.1", "bob")[0], 200,
          "what is known to be right by then is let in")
    ok(wait_for(lambda: site.login("127.66.0.1")[0] == 200, 60),
       "after a while, all who are right are")
    counters = site.counters()
    ok(counters["right"] == 2 and counters["wrong"] >= 5
       and counters["early"] >= 2, "all of that is counted", counters)
    equal(site.stop(), 0, "a clean end")


def test_the_same_again():
    site = Site(SLOW)
    peers = [site.guess("127.0.0.1", "annpw") for _ in range(12)]
    equal(codes(peers), [200] * 12, "one comparison is for all who wait")
    equal(site.counters()["right"], 1, "which it was")
    peers = [site.guess("127.0.0.1", "annpwd") for _ in range(12)]
    equal(codes(peers), [401] * 12, "the same if it is wrong")
    equal({site.login("127.0.0.1", "ann", "annpwd")[0] for _ in range(20)},
          {401}, "an old password is no guess, though sent time and again")
    counters = site.counters()
    ok(counters["early"] == 0 and counters["wrong"] >= 21, "and is counted",
       counters)
    equal([site.login("127.0.0.1", name, password)[0]
           for name, password in (("bob", "annpw"), ("eve", "annpw"))],
          [401, 401], "it is nobody else's")
    equal(site.stop(), 0, "a clean end")


def test_many_addresses():
    site = Site(SLOW)
    equal(site.login(site.trusted)[0], 200, "somebody gets in")
    peers = [site.guess("127.%d.0.1" % (100 + i), "guess%d" % i)
             for i in range(30)]
    equal(site.login(site.trusted)[0], 200, "stays in while 30 others guess")
    equal(site.login(site.trusted, "bob")[0], 200,
          "and lets a colleague in from there")
    got = codes(peers)
    ok(set(got) == {401, 503} and got.count(401) == 12,
       "of the others 12 are looked at", got)
    equal(site.counters()["busy"], 18, "those who have to come back counted")
    peers = [site.guess("127.%d.0.1" % (100 + i), "again%d" % i)
             for i in range(12)]
    for peer in peers:
        peer.close()
    ok(wait_for(lambda: site.counters()["connections"] == 1, 20)
       and site.login("127.0.0.3", "bob", "bobpw")[0] == 200,
       "who leaves gives back his place")
    ok(wait_for(lambda: site.login("127.0.0.4", "eve")[0] == 401, 20),
       "so that others are looked at")
    equal(site.stop(), 0, "a clean end")


def test_renewal():
    with Scratch() as scratch:
        path = scratch.join("users")
        with open(path, "w") as file:
            file.write("eve:%s\n" % hashed("evepw", SLOW))
        os.chmod(path, 0o600)
        site = Site(SLOW, users_file=path)
        equal(site.login("127.0.0.1")[0], 200, "somebody gets in")
        peers = [site.guess("127.%d.0.1" % (100 + i), "guess%d" % i)
                 for i in range(12)]
        equal(renew(site), "renewed", "the same users are read again")
        equal(site.login("127.0.0.1")[0], 200, "who got in before stays in")
        equal(codes(peers), [401] * 12, "who is looked at goes on to be")
        peers = [site.guess("127.%d.0.1" % (100 + i), "other%d" % i)
                 for i in range(12)]
        ok(wait_for(lambda: site.counters()["connections"] == 13, 20),
           "others are looked at")
        with open(path, "w") as file:
            file.write("joe:%s\n" % hashed("joepw", SLOW))
        equal(renew(site), "renewed", "then the users change")
        got = codes(peers)
        ok(set(got) <= {401, 503} and 503 in got, "they have to come back",
           got)
        equal([site.login("127.0.0.%d" % i, name)[0]
               for i, name in ((1, "ann"), (5, "joe"), (6, "eve"))],
              [200, 200, 401], "and the new users are in force")
        equal(site.stop(), 0, "a clean end")


def listen(site, source):
    peer = connect(site.port, source)
    peer.sendall(b"GET /events HTTP/1.0\r\nAuthorization: %s\r\n\r\n"
                 % basic("ann", "annpw").encode())
    return peer, peer.recv(100).split(b" ")[1]


def test_connections():
    site = Site(per_address=8)
    equal(site.login(site.trusted)[0], 200, "somebody gets in")
    ok(wait_for(lambda: site.counters()["connections"] == 1, 20), "and out")
    silent = [connect(site.port, "127.66.0.1") for _ in range(30)]
    ok(wait_for(lambda: site.counters()["refused"] == 22, 20),
       "of 30 connections of an address 22 are too many", site.counters())
    ok(wait_for(lambda: site.counters()["connections"] == 9, 20),
       "and are closed", site.counters())
    equal(site.login("127.66.0.1")[0], 200, "a new one takes the oldest's place")
    listeners = [listen(site, "127.66.0.1") for _ in range(5)]
    equal([code for _, code in listeners], [b"200"] * 4 + [b"503"],
          "half as many may listen")
    for peer in silent:
        peer.close()
    more = [connect(site.port, "127.66.0.1") for _ in range(30)]
    other = listen(site, "127.66.0.2")
    equal(other[1], b"200", "others can, too")
    ok(wait_for(lambda: site.counters()["listeners"] == 5
                and site.counters()["connections"] <= 10, 20),
       "who listens is not closed for others of the address", site.counters())
    for peer in more + [peer for peer, _ in listeners] + [other[0]]:
        peer.close()
    equal(site.stop(), 0, "a clean end")


def main():
    test_flood_from_one_address()
    test_waiting()
    test_the_same_again()
    test_many_addresses()
    test_renewal()
    test_connections()
    done()


main()
