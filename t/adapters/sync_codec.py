#!/usr/bin/env python3
# SPDX-License-Identifier: ISC

"""The codec in C against the one that was written after the manual page, and
both against the page's own examples."""

import json
import os
import random
import re
import subprocess

from harness import BUILD, SOURCE, done, equal, ok
import sync_wire as w

LINE, CLUSTER = "0123456789abcdef" * 2, "vc5d"
KEYS = w.Keys(LINE, CLUSTER)
TO = (5, 2 ** 63 - 1)


def ask_c(datagrams, line=LINE, cluster=CLUSTER):
    """What the C side says of each: (words or dict, bytes or None)."""
    asked = "".join(f"{cluster} {line} {d.hex()}\n" for d in datagrams)
    out = subprocess.run([os.path.join(BUILD, "t/adapters/sync_codec")],
                         input=asked, stdout=subprocess.PIPE, check=True,
                         universal_newlines=True).stdout.splitlines()
    answers = []
    for text in out:
        if text.startswith("{"):
            text, again = text.rsplit(" ", 1)
            answers.append((json.loads(text), bytes.fromhex(again)))
        else:
            answers.append((text, None))
    return answers


def plain(message):
    """As JSON has it: no tuples."""
    return json.loads(json.dumps(message))


# Random messages.

def some_service(rng):
    vip = rng.choice(["192.0.2.%d" % rng.randrange(1, 255),
                      "[2001:db8::%x]" % rng.randrange(1, 65536)])
    return "%s:%d/%s" % (vip, rng.randrange(1, 65536),
                         rng.choice(["tcp", "udp"]))


def some_flow(rng, services):
    service = rng.choice(services)
    six = service.startswith("[")
    client = "[2001:db8:c::%x]:%d" if six else "198.51.100.%d:%d"
    return w.flow(
        service, client % (rng.randrange(1, 255), rng.randrange(65536)),
        rng.choice(["10.1.0.%d" % rng.randrange(1, 4), "fd00::1"]),
        rng.choice(["confirmed", "closed"]), rng.randrange(16384))


def some_payload(rng, kind):
    services = [some_service(rng) for _ in range(3)]
    flows = [some_flow(rng, services) for _ in range(rng.randrange(1, 20))]
    number = rng.getrandbits
    if kind == w.HELLO:
        return w.hello(
            number(32) | 1,
            "".join(chr(rng.randrange(0x21, 0x7f))
                    for _ in range(rng.randrange(1, 64))),
            [(number(64) | 1, number(63) | 1, number(32))
             for _ in range(rng.choice([0, 1, 60]))],
            number(32), (number(64), number(64), number(64)))
    if kind == w.FLOWS:
        return w.groups(flows)
    if kind == w.VIEW:
        return w.view([[s, number(32), number(32), number(32)]
                       for s in sorted(set(services))])
    if kind == w.REQUEST:
        return w.request(TO, number(32), number(64), number(32),
                         rng.randrange(1, 65536))
    if kind == w.BULK:
        return w.bulk(TO, number(32), number(64), number(64),
                      flows[:rng.randrange(0, 20)])
    return w.refusal(TO, number(32), rng.randrange(1, 65536))


def some_datagram(rng):
    kind = rng.randrange(w.HELLO, w.REFUSAL + 1)
    return w.seal(KEYS, kind, some_payload(rng, kind),
                  rng.getrandbits(64) | 1, rng.getrandbits(63) | 1,
                  rng.getrandbits(64) | 1,
                  rng.getrandbits(16) & w.FLAGS.get(kind, 0))


def test_random_messages():
    rng = random.Random(1)
    datagrams = [some_datagram(rng) for _ in range(3000)]
    answers = ask_c(datagrams)
    wrong = [(d, a) for d, a in zip(datagrams, answers)
             if a[0] != plain(w.unseal(d, [KEYS]))]
    ok(len(answers) == 3000 and not wrong,
       "C reads 3000 random datagrams as python does", wrong[:1])
    wrong = [(d.hex(), a[1].hex()) for d, a in zip(datagrams, answers)
             if a[1] != d]
    ok(not wrong, "and writes them as python does", wrong[:1])


def refused_by_python(datagram):
    try:
        w.unseal(datagram, [KEYS])
        return False
    except w.Refused:
        return True


def test_damaged_messages():
    """The tag is made anew, so that what is behind it is looked at."""
    rng = random.Random(2)
    datagrams = []
    for _ in range(6000):
        d = bytearray(some_datagram(rng)[:-w.TAG])
        for _ in range(rng.randrange(1, 4)):
            d[rng.randrange(min(len(d), 120))] = rng.choice(
                [0, 1, 4, 6, 17, 128, 255])
        d[12:16] = KEYS.id.to_bytes(4, "big")
        d[8:12] = KEYS.cluster.to_bytes(4, "big")
        d = bytes(d[:rng.choice([len(d), rng.randrange(len(d))])])
        datagrams.append(d + KEYS.tag(d))
    answers = ask_c(datagrams)
    wrong = [(d.hex(), a) for d, a in zip(datagrams, answers)
             if (a[1] is None) != refused_by_python(d)]
    taken = sum(a[1] is not None for a in answers)
    ok(len(answers) == 6000 and not wrong,
       "both refuse the same of 6000 damaged ones", wrong[:1])
    ok(500 < taken < 5500, "which are some and not all", taken)


def test_forgeries():
    """Everything but the belief in a peer is the codec's to refuse."""
    class Fake:
        keys, id, epoch, sequence = KEYS, 1, 1, {True: 7}

        def make(self, kind, payload, flags=0, keys=None, **header):
            fields = dict(sender=1, epoch=1, sequence=7, flags=flags)
            fields.update(header)
            return w.seal(keys or KEYS, kind, payload, **fields)

    flows = [w.flow("192.0.2.1:443/tcp", "198.51.100.7:40001", "10.1.0.1")]
    expected = {"tag": "tag", "payload": "tag", "truncated": "malformed",
                "short": "malformed", "version": "version",
                "flags": "malformed", "line": "key", "cluster": "key",
                "longer": "malformed"}
    for kind, why in expected.items():
        answer, = ask_c([w.FORGERIES[kind](Fake(), flows)])
        equal(answer[0], why, f"C refuses a forgery: {kind}")


def test_keys():
    d = w.seal(KEYS, w.REFUSAL, w.refusal(TO, 1), 1, 1, 1)
    answer, = ask_c([d], cluster="other")
    equal(answer[0], "key", "another cluster's name is another key")
    answer, = ask_c([d], line="1" * 32)
    equal(answer[0], "key", "another line is another key")
    odd = w.Keys("~" * 256, "a.b-c")
    d = w.seal(odd, w.REFUSAL, w.refusal(TO, 1), 1, 1, 1)
    answer, = ask_c([d], line="~" * 256, cluster="a.b-c")
    equal(answer[1], d, "a line of 256 characters is a key")


# The manual page.

def page():
    with open(os.path.join(SOURCE, "man/vc5d-sync.5"), encoding="ascii") as f:
        return f.read().split(".Sh EXAMPLES\n")[1].split(".Sh SEE ALSO")[0]


def hex_dumps(text):
    dumps = []
    for at, row in re.findall(r"^([0-9a-f]{4})  ([0-9a-f ]+)$", text, re.M):
        if int(at, 16) == 0:
            dumps.append(b"")
        assert int(at, 16) == len(dumps[-1])
        dumps[-1] += bytes.fromhex(row)
    return dumps


def test_manual_page():
    text = page()
    word = lambda name: re.search(rf"^{name} +(\S+)$", text, re.M).group(1)
    equal((word("line"), word("cluster")), (LINE, CLUSTER),
          "the page's names are the test's")
    mac = "".join(re.search(r"^MAC key +(\S+)\n +(\S+)$", text, re.M).groups())
    equal(mac, KEYS.mac.hex(), "the page has the MAC key")
    equal(word("key id"), f"{KEYS.id:08x}", "and its id")
    equal(re.findall(r"^cluster +([0-9a-f]{8})$", text, re.M),
          [f"{KEYS.cluster:08x}"], "and the cluster")
    for name in "lb1", "lb2":
        equal(word(name), f"{w.instance_id(name):016x}", f"and {name}")
    dumps = hex_dumps(text)
    equal(dumps, w.example_datagrams(KEYS), "the page has three datagrams")
    answers = ask_c(dumps)
    equal([a[1] for a in answers], dumps, "C reads and writes the same")
    hello, flows, request = [a[0] for a in answers]
    equal((hello["type"], hello["name"], hello["beat"], hello["sequence"],
           hello["peers"]),
          ("hello", "lb1", 3, 3,
           [[w.instance_id("lb2"), 1700000001000000000, 5]]),
          "the HELLO is as the page says")
    equal([[f["service"], f["client"], f["server"], f["state"], f["idle"]]
           for f in flows["flows"]],
          [["192.0.2.1:443/tcp", "198.51.100.7:40001", "10.1.0.1",
            "confirmed", 0],
           ["192.0.2.1:443/tcp", "198.51.100.7:40002", "10.1.0.1",
            "closed", 5],
           ["[2001:db8::1]:53/udp", "[2001:db8:c::7]:5353", "fd00::2",
            "confirmed", 1]], "and the flows")
    equal((request["window"], request["since"], request["cursor"]),
          (128, 0, 0), "and the REQUEST")


test_manual_page()
test_random_messages()
test_damaged_messages()
test_forgeries()
test_keys()
done()
