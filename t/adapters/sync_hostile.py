#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The sync adapter, and what another implementation sends it: rightly, as a
peer, and wrongly, in every way that there is a counter for.

The other one is sync_wire.py, which knows the protocol from its manual page
alone; it runs in this process, in a network namespace of its own.
"""

import contextlib
import ctypes
import multiprocessing
import random
import time

import harness
import sync_lab
import sync_wire as wire
from harness import equal
from sync_lab import KEYS, wait

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def ok(good, name, *context):
    return harness.ok(good, name, "\n".join(map(str, context)))


@contextlib.contextmanager
def namespace(name):
    """Sockets are made there, and stay there."""
    def enter(fd):
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    with open("/proc/self/ns/net", "rb") as own, \
            open("/run/netns/" + name, "rb") as other:
        enter(other.fileno())
        try:
            yield
        finally:
            enter(own.fileno())


def driver(host, **settings):
    return sync_lab.Driver(lab, host, **settings)


def python(name="py", **more):
    with namespace(lab.namespaces[2]):
        return wire.Instance(name, wire.Keys(KEYS[0], "vc5d"), "sync", **more)


def flows(count, first=0):
    """Of services and servers that the driver has."""
    return [wire.flow("192.0.2.1:80/tcp",
                      f"198.51.{n // 250}.{n % 250 + 1}:4000", "10.1.0.1")
            for n in range(first, first + count)]


def believed(instance, *drivers):
    """Run until all are up to each other."""
    return instance.run(sync_lab.TIMEOUT, lambda: all(
        instance.is_up(f"lb{d.host}") and
        d.get("peers", instance.name, "state") == "up" for d in drivers))


def learnt(one):
    return sum(one.get("learnt").values())


def test_peer():
    """All that peers do, with an implementation that is not ours."""
    one, py = driver(1), python()
    ok(believed(py, one), "both are up", one.status())
    py.tell(flows(100))
    ok(py.run(20, lambda: one.get("count") == 100),
       "flows that it tells are learnt", one.status())
    one.tell("packets 0 300")
    ok(py.run(20, lambda: sum(len(m["flows"]) for m in py.heard
                              if m["type"] == "flows") >= 300),
       "flows that the adapter tells are heard")
    equal(len(py.request("lb1")), 400, "all flows, asked for")
    equal(len(py.request("lb1", window=1)), 400, "... one datagram at a time")
    one.tell("close 0 300")
    py.run(20, lambda: sum(f["state"] == "closed" for m in py.heard
                           if m["type"] == "flows"
                           for f in m["flows"]) == 300)
    equal(sum(f["state"] == "closed" for f in py.request("lb1")), 300,
          "... with the states that they are in")
    py.table = flows(700, 1000)
    two = driver(2)
    ok(py.run(20, lambda: not two.get("learning")), "another one starts",
       two.status(), two.log())
    ok(two.get("count") in (400, 700), "... and gets all flows of one",
       two.status(), two.log())
    py.leave()
    ok(wait(lambda: one.get("peers", "py", "state") == "left"),
       "it says that it leaves")
    equal(sum(py.refused.values()), py.refused["unverified"],
          "nothing that was heard was wrong")
    py.close()
    ok(lab.stop(), "both end without fault")


def test_refusal():
    """Who is learning has nothing to give."""
    py = python()
    one = driver(1)
    refusal = None
    try:
        py.answers = False
        py.request("lb1")
    except wire.Refused as why:
        refusal = str(why)
    equal(refusal, "refusal", "who is learning refuses")
    ok(py.run(20, lambda: one.logged("py does not answer")),
       "who does not answer is given up", one.log())
    py.answers = True
    ok(py.run(20, lambda: one.logged("py told 0 flows")),
       "... and asked again later", one.log())
    py.close()
    ok(lab.stop(), "it ends without fault")


EXPECTED = {
    "tag": "forged", "payload": "forged", "truncated": "forged",
    "short": "forged", "version": "version", "flags": "malformed",
    "old-epoch": "old_epoch", "new-epoch": "unverified",
    "unknown": "unverified", "line": "key", "cluster": "cluster",
    "longer": "malformed", "replayed": "replayed",
}


def more_forgeries(py):
    """Datagrams beside those of sync_wire.FORGERIES, by the right reason."""
    me = wire.instance_id("lb1"), py.peer("lb1").epoch

    def right():
        return py.make(wire.FLOWS, wire.groups(flows(1)))
    return {
        "truncated": lambda: right()[:55],
        "foreign": lambda: b"VC5X" + right()[4:],
        "too_long": lambda: py.make(wire.FLOWS, bytes(1400)),
        "type": lambda: py.make(9, bytes(40)),
        "malformed": lambda: py.make(wire.HELLO, bytes(36)),
        "not_for_us": lambda: py.make(wire.REQUEST,
                                      wire.request((7, 8), 9)),
        "unasked": lambda: py.make(
            wire.BULK, wire.bulk(me, 77, 0, 1, flows(1))),
        "own_id": lambda: py.make(wire.FLOWS, wire.groups(flows(1)),
                                  sender=me[0], epoch=5),
    }


def test_forged():
    """Each is dropped, for the right reason, and changes nothing."""
    one, py = driver(1), python()
    ok(believed(py, one), "both are up")
    py.run(5, lambda: not one.get("learning") and
           one.logged(r"py told \d+ flows"))
    # What "replayed" repeats is the last that was taken: it comes first.
    py.tell(flows(1))
    ok(py.run(20, lambda: learnt(one) == 1), "a right one is learnt",
       one.status())
    tests = [(f"forgery: {name}",
              lambda name=name: wire.FORGERIES[name](py, flows(1)),
              EXPECTED[name]) for name in sorted(
                  wire.FORGERIES, key=lambda name: name != "replayed")]
    tests += [(f"datagram: {reason}", make, reason)
              for reason, make in more_forgeries(py).items()]
    for name, make, reason in tests:
        before = one.get("dropped")
        # Made only now: what comes late is refused for that.
        py.send(make())
        py.run(20, lambda: one.dropped(reason) > before[reason])
        before[reason] += 1
        equal(one.get("dropped"), before, f"{name} is dropped as {reason}")
    equal(learnt(one), 1, "nothing of it was learnt")
    equal(one.get("peers", "py", "state"), "up", "the peer is what it was")
    py.tell(flows(1))
    ok(py.run(20, lambda: learnt(one) == 2), "... and still believed")
    py.close()
    ok(lab.stop(), "it ends without fault")


def test_lengths():
    """Datagrams of every length, with right tags: none is misread."""
    one, py = driver(1), python()
    ok(believed(py, one), "both are up")
    me = wire.instance_id("lb1"), py.peer("lb1").epoch
    service = [("192.0.2.1:80/tcp", 1, 2, 3)]
    whole = [(wire.HELLO, wire.hello(99, "py", [me + (1,)])),
             (wire.FLOWS, wire.groups(flows(3))),
             (wire.VIEW, wire.view(service)),
             (wire.REQUEST, wire.request(me, 5)),
             (wire.BULK, wire.bulk(me, 5, 0, 1, flows(3))),
             (wire.REFUSAL, wire.refusal(me, 5))]
    before, sent = one.status(), 0
    for kind, payload in whole:
        for length in [n for n in range(len(payload) + 9)
                       if n != len(payload)]:
            py.send(py.make(kind, (payload + bytes(8))[:length]))
            sent += 1
    # A BULK may have no flows, and so be shorter.
    whole_too = 1
    ok(py.run(20, lambda: one.dropped("malformed") ==
              before["dropped"]["malformed"] + sent - whole_too),
       f"{sent} datagrams cut short or too long are malformed",
       before["dropped"], one.get("dropped"))
    equal(learnt(one), sum(before["learnt"].values()), "nothing was learnt")
    chance = random.Random(4)
    for _ in range(3000):
        kind = chance.randrange(1, 7)
        py.send(py.make(kind, chance.randbytes(chance.randrange(200))))
    py.tell(flows(1))
    ok(py.run(20, lambda: learnt(one) > sum(before["learnt"].values())),
       "random ones don't harm either", one.status())
    py.close()
    ok(lab.stop(), "it ends without fault")


def test_recorded():
    """All that two said is said again, when one of them has gone."""
    one, two, py = driver(1), driver(2), python("listener")
    ok(believed(py, one, two), "all are up")
    two.tell("packets 0 500")
    ok(py.run(20, lambda: one.get("count") == 500 and
              sum(len(m["flows"]) for m in py.heard
                  if m["type"] == "flows") >= 500),
       "flows are told and heard")
    tape = py.tape
    py.leave()
    ok(two.leave(), "one leaves")
    one.kill()
    one = driver(1)
    wait(lambda: not one.get("learning"))

    def replay():
        for datagram in tape:
            py.send(datagram)
        time.sleep(0.2)
        return one.get("dropped", "unverified") + \
            one.get("dropped", "replayed") > 2 * len(tape)
    ok(wait(replay), "the recording is heard", one.status())
    equal(learnt(one), 0, "... and not believed by one that began anew")
    equal(one.get("count"), 0, "... which has no flows of it")
    ok(one.get("peers", "lb2", "state") != "up", "who has gone is not up",
       one.status())
    py.close()
    ok(lab.stop(), "it ends without fault")


def test_many():
    """More instances than there may be, all with the key."""
    one, two = driver(1), driver(2)
    ok(wait(lambda: one.peer(2) == "up" and two.peer(1) == "up"), "two are up")
    py = python()
    for n in range(300):
        py.send(py.make(wire.HELLO, wire.hello(1, f"n{n}"),
                        sender=wire.instance_id(f"n{n}"), sequence=1))
    ok(wait(lambda: one.dropped("too_many") > 0), "too many are refused",
       one.status())
    ok(len(one.get("peers")) <= 60, "... and not remembered")
    one.tell("packets 0 1000")
    ok(wait(lambda: two.get("count") == 1000), "those that are up go on",
       two.status())
    py.close()
    ok(lab.stop(), "both end without fault")


def flood(py, stop):
    """As fast as can be: what costs most, a MAC over all that is allowed."""
    payload = wire.groups(flows(160))
    datagrams = [bytearray(py.make(wire.FLOWS, payload, sequence=2 ** 40 + n))
                 for n in range(200)]
    for datagram in datagrams:
        datagram[-1] ^= 1
    while not stop.is_set():
        for datagram in datagrams:
            try:
                py.send(datagram)
            except OSError:
                pass


def test_flood():
    """Garbage as fast as it comes: all else goes on."""
    one, two, py = driver(1), driver(2), python()
    ok(believed(py, one, two), "all are up")
    wait(lambda: one.logged("told") and two.logged("told"))
    one.status()
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=flood, args=(py, stop))
    process.start()
    answered = 0

    def flooded():
        nonlocal answered
        answered += 1
        return one.dropped("forged") > 100000
    ok(wait(flooded, 60), "a flood of 100,000 forged datagrams", one.status())
    two.tell("packets 0 200")
    ok(wait(lambda: one.get("count") >= 200), "flows are learnt meanwhile",
       one.status())
    status = one.status()
    stop.set()
    process.join()
    print("# forged: %d; answers meanwhile: %d" %
          (status["dropped"]["forged"], answered))
    ok(answered > 20, "questions are answered meanwhile")
    equal(status["peers"]["lb2"]["state"], "up", "the peer stayed up")
    # What was lost in it may have been asked for, and be told again.
    equal(one.get("learnt", "new"), 200, "nothing of the flood was learnt")
    py.close()
    ok(lab.stop(), "both end without fault")


lab = None
sync_lab.run_tests(globals())
