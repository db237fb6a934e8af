#!/usr/bin/env python3
# SPDX-License-Identifier: ISC

"""The sync adapter with a recorder on the wire while instances come back, and
with peers that have the key and no sense: they ask without end, or answer
without.  They speak by sync_wire.py."""

import ctypes
import os
import random
import time

import harness
from harness import equal
import sync_lab
import sync_wire as w
from sync_lab import KEYS, wait

FLOWS = 4000    # of the store's: 192.0.2.1 and on
lab = None


def ok(good, name, *context):
    return harness.ok(good, name, "\n".join(map(str, context)))


def Driver(host, **settings):
    return sync_lab.Driver(lab, host, **settings)


def meet_each_other(one, two):
    return wait(lambda: one.peer(two.host) == "up" and
                two.peer(one.host) == "up" and
                not one.get("learning") and not two.get("learning"))


class Namespace:
    """Within it, sockets are made there."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, name):
        self.path = "/run/netns/" + name

    def _enter(self, fd):
        if self.libc.setns(fd, 0x40000000) == -1:
            raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        fd = os.open(self.path, os.O_RDONLY)
        self._enter(fd)
        os.close(fd)

    def __exit__(self, *_):
        self._enter(self.home)
        os.close(self.home)


def python(host, name=None, **options):
    """An instance by sync_wire.py, at that host of the lab."""
    options.setdefault("keys", w.Keys(KEYS[0], "vc5d"))
    with Namespace(lab.namespaces[host - 1]):
        return w.Instance(name or f"py{host}", interface="sync", **options)


def some_flows(count, first=0, server="10.0.0.1"):
    """Of a service and server that the store has, and clients it has not."""
    return [w.flow("192.0.2.1:80/tcp",
                   "203.0.113.%d:%d" % (i % 250 + 1, 1024 + i // 250),
                   server) for i in range(first, first + count)]


def learnt(driver):
    return sum(driver.get("learnt").values())


def meet(driver, instance):
    """Both believe each other."""
    name = f"lb{driver.host}"
    good = instance.run(10, lambda: instance.is_up(name) and
                        driver.get("peers", instance.name, "state") == "up")
    return ok(good, "a peer by the manual page alone is up", driver.status(),
              instance.refused)


def settle(driver, instance):
    """What was sent has been looked at: a HELLO behind it was."""
    before = driver.get("received", "datagrams")
    instance.say_hello()
    return instance.run(5, lambda: driver.get("received", "datagrams") >
                        before)


def test_recorder():
    """Everything was recorded; the peer is dead; all is said again."""
    two = Driver(2)
    ear = python(3)         # has the key only to be able to listen
    one = Driver(1)
    meet_each_other(one, two)
    one.tell("keep 200")
    one.tell(f"packets 0 {FLOWS}")
    ear.run(5, lambda: two.get("count") == FLOWS and len(ear.tape) > 60)
    one.kill()
    two.kill()
    tape = [d for d in ear.tape if w.unseal(d)["sender"] != ear.id]
    two = Driver(2, learn=5000)
    for _ in range(4):
        said = two.get("sent", "datagrams")
        for datagram in tape:
            ear.send(datagram)
        wait(lambda: two.get("sent", "datagrams") > said)
    ok(wait(lambda: two.dropped("unverified") > 0), "it is heard",
       two.status())
    equal((learnt(two), two.get("received", "flows")), (0, 0),
          "and nothing is learnt of it")
    ok("up" not in [p["state"] for p in two.get("peers").values()],
       "no peer is believed to be there", two.get("peers"))
    ok(wait(lambda: not two.get("learning")),
       "it waits no longer than it may for who is not there", two.status())
    # The peer comes back in the middle of it.
    one = Driver(1)
    for datagram in tape:
        ear.send(datagram)
    ok(meet_each_other(one, two), "the real ones meet nonetheless", two.status())
    known = learnt(two)
    for datagram in tape:
        ear.send(datagram)
    wait(lambda: two.dropped("old_epoch") > 0)
    equal(learnt(two), known, "and what is old stays refused")
    ear.close()
    ok(lab.stop(), "both end without fault")


def test_requests():
    """A peer that asks without end holds nothing up."""
    one, two = Driver(1, bandwidth=1000000), Driver(2)
    meet_each_other(one, two)
    one.tell("packets 0 30000")
    wait(lambda: two.get("count") == 30000)
    peer = python(3)
    meet(one, peer)
    rng = random.Random(1)
    to = w.instance_id("lb1"), peer.peer("lb1").epoch
    address = peer.peer("lb1").address
    peer.answers = False
    before = one.status()
    for _ in range(5000):
        peer.say(w.REQUEST, w.request(
            to, rng.getrandbits(32), rng.choice(
                [0, 1, rng.getrandbits(20) << 16, rng.getrandbits(64),
                 2 ** 64 - 1]),
            rng.choice([0, 1, 2 ** 32 - 1]), rng.choice([1, 65535])), address)
        if rng.randrange(100) == 0:
            peer.run(0.02)
    settle(one, peer)
    after = one.status()
    seconds = (after["now"] - before["now"]) / 1000
    sent = after["sent"]["bytes"] - before["sent"]["bytes"]
    print("# 5000 requests in %.1f s: %.0f kbit/s of 1000, timers late by %d "
          "ms at most" % (seconds, sent * 8 / seconds / 1000, after["latest"]))
    # As for test_cap() in sync.py.
    ok(sent * 8 <= 1000000 * (seconds + 0.2) + 20000,
       "no more is sent than may be", sent)
    equal(one.peer(2), "up", "and others are up")
    two.tell("packets 30000 100")
    ok(peer.run(20, lambda: one.get("count") == 30100), "and heard",
       one.status())
    peer.close()
    ok(lab.stop(), "both end without fault")


def endless(peer, m, address):
    """An answer that is never the last, and never goes on."""
    to = m["sender"], m["epoch"]
    for _ in range(min(m["window"], 20)):
        peer.say(w.BULK, w.bulk(to, m["transfer"], m["cursor"], m["cursor"],
                                some_flows(1)), address)


def test_endless_transfer():
    """Nobody waits for ever for a transfer that does not end."""
    peer = python(3)
    peer.table = some_flows(100000)
    peer._answer = lambda m, address: endless(peer, m, address)
    one = Driver(1, learn=4000)
    ok(peer.run(20, lambda: not one.get("learning")),
       "learning ends when its time is over", one.status())
    two = Driver(2, learn=1000)
    peer.run(10, lambda: one.peer(2) == "up")
    two.tell(f"packets 0 {FLOWS}")
    ok(peer.run(20, lambda: one.logged("py3 (does not|has no|is not)")),
       "and the peer is given up", one.log())
    peer.close()
    ok(lab.stop(), "both end without fault")


def test_lost_part():
    """The first part is lost, and the next three are not."""
    peer = python(3)
    peer.table = some_flows(100000)
    requests = {}           # transfer: how many

    def answer(m, address):
        number = requests.get(m["transfer"], 0) + 1
        requests[m["transfer"]] = number
        # Of the first transfer, requests may be too early to be believed.
        if (len(requests), number) == (2, 1):
            to = m["sender"], m["epoch"]
            for part in range(1, 4):
                peer.say(w.BULK, w.bulk(to, m["transfer"], part, part + 1,
                                        some_flows(1, part)), address)

    peer._answer = answer
    one = Driver(1)
    ok(peer.run(30, lambda: len(requests) == 3), "a transfer is given up",
       one.log())
    # The first; because of the others; and when nothing comes, 5 times.
    equal(list(requests.values())[1], 7,
          "what is lost is asked for before that is overdue")
    equal(learnt(one), 3, "what came is learnt nonetheless")
    peer.close()
    ok(lab.stop(), "both end without fault")


if __name__ == "__main__":
    sync_lab.run_tests(globals())
