#!/usr/bin/env python3
# SPDX-License-Identifier: ISC

"""The dissector in contrib/wireshark, in the real tshark: all fields of sound
datagrams, a mark on malformed ones, and an error in Lua for none."""

import os
import random
import re
import shutil
import struct
import subprocess
import tempfile

from harness import SOURCE, done, equal, ok, skip_all
import sync_wire as w

LUA = os.path.join(SOURCE, "contrib/wireshark/vc5d-sync.lua")
KEYS = w.Keys("0123456789abcdef" * 2, "vc5d")
TO = (w.instance_id("lb2"), 2 ** 63 - 1)
HEAD = dict(sender=w.instance_id("lb1"), epoch=1700000000000000001)

if shutil.which("tshark") is None:
    skip_all("there is no tshark (Debian package tshark)")


def pcap(datagrams, port=8653):
    """A file of IPv4 packets, the UDP payloads given, without links."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for i, (d, captured) in enumerate(datagrams):
        udp = struct.pack(">HHHH", 40000, port, 8 + len(d), 0) + d
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i, 0, 1,
                             17, 0, b"\xc0\0\2\1", b"\xef\xc0\x56\x35") + udp
        length = len(packet) if captured is None else 28 + captured
        out += struct.pack("<IIII", i, 0, length, len(packet)) + \
            packet[:length]
    return out


def tshark(datagrams, *options, port=8653):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(pcap([d if isinstance(d, tuple) else (d, None)
                         for d in datagrams], port))
        file.flush()
        result = subprocess.run(
            ["tshark", "-n", "-r", file.name, "-X", "lua_script:" + LUA,
             *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=True, universal_newlines=True)
    return result.stdout, result.stderr


def fields(datagrams, *names, **options):
    """Of each datagram, of each field, what tshark shows: a list."""
    wanted = [a for n in names for a in ("-e", n)]
    out, _ = tshark(datagrams, "-T", "fields", "-E", "separator=|",
                    "-E", "occurrence=a", "-E", "aggregator=;", *wanted,
                    **options)
    return [[v.split(";") if v else [] for v in line.split("|")]
            for line in out.splitlines()]


def of(*names):
    return ["vc5d_sync." + n for n in names]


def hexes(values, digits):
    return ["0x%0*x" % (digits, v) for v in values]


# One or more of each type.

def some_flows():
    four = [w.flow("192.0.2.1:443/tcp", "198.51.100.%d:%d" % (i, 40000 + i),
                   "10.1.0.%d" % (1 + i // 4),
                   "closed" if i % 3 == 0 else "confirmed", i * 1000)
            for i in range(1, 8)]
    six = [w.flow("[2001:db8::1]:53/udp", "[2001:db8:c::%d]:5353" % i,
                  "fd00::2", "confirmed", 1) for i in range(1, 4)]
    across = [w.flow("192.0.2.2:80/tcp", "198.51.100.9:1", "fd00::3")]
    return four + six + across


def samples():
    services = [["192.0.2.1:443/tcp", 1, 2, 3],
                ["[2001:db8::1]:53/udp", 4, 5, 0xffffffff]]
    after = w.key_bytes("192.0.2.1:80/tcp")
    return [
        w.seal(KEYS, w.HELLO, w.hello(
            7, "lb1", [(5, 6, 7), (2 ** 64 - 1, 2 ** 63 - 1, 2 ** 32 - 1)],
            1000000, (0x1234, 2 ** 64 - 1, 0)), sequence=9, flags=3, **HEAD),
        w.seal(KEYS, w.FLOWS, w.groups(some_flows()), sequence=2 ** 64 - 1,
               **HEAD),
        w.seal(KEYS, w.VIEW, w.view(services), sequence=1, **HEAD),
        w.seal(KEYS, w.VIEW, w.view([], after), sequence=1, **HEAD),
        w.seal(KEYS, w.REQUEST, w.request(TO, 0xfeedf00d, 2 ** 63, 60, 128),
               sequence=1, **HEAD),
        w.seal(KEYS, w.BULK, w.bulk(TO, 1, 65536, 131072, some_flows()),
               sequence=1, flags=1, **HEAD),
        w.seal(KEYS, w.BULK, w.bulk(TO, 1, 0, 0), sequence=2, **HEAD),
        w.seal(KEYS, w.REFUSAL, w.refusal(TO, 1, 2), sequence=3, **HEAD)]


def test_headers():
    sent = samples()
    shown = fields(sent, *of("magic", "version", "type", "flags", "cluster",
                             "key", "sender", "epoch", "sequence", "tag"))
    messages = [w.unseal(d, [KEYS]) for d in sent]
    equal(shown, [[["VC5S"], ["1"], [str(w.NAMES.index(m["type"]))],
                   ["0x%04x" % m["flags"]], hexes([m["cluster"]], 8)[0:1],
                   hexes([m["key"]], 8), hexes([m["sender"]], 16),
                   [str(m["epoch"])], [str(m["sequence"])],
                   [d[-16:].hex()]] for d, m in zip(sent, messages)],
          "headers and tags are shown")
    shown = fields(sent, *of("flags.learning", "flags.leaving", "flags.last"))
    equal([shown[0], shown[5], shown[6]],
          [[["1"], ["1"], []], [[], [], ["1"]], [[], [], ["0"]]],
          "flags by name")


def test_hello():
    shown, = fields(samples()[:1], *of(
        "beat", "table", "digest.config", "digest.health", "digest.tables",
        "name", "peers", "peer.id", "peer.epoch", "peer.beat"))
    equal(shown, [["7"], ["1000000"], hexes([0x1234], 16),
                  hexes([2 ** 64 - 1], 16), hexes([0], 16), ["lb1"], ["2"],
                  hexes([5, 2 ** 64 - 1], 16), ["6", str(2 ** 63 - 1)],
                  ["7", str(2 ** 32 - 1)]], "a HELLO is shown")


def flows_as_shown(flows):
    """The columns of test_flows(), of flows that were grouped."""
    rows = []
    for f in flows:
        vip, port, protocol = w.split_service(f["service"])
        client, client_port = w.split_port(f["client"])
        rows.append((vip, str(port), str(protocol), f["server"], client,
                     str(client_port), str(w.STATES[f["state"]]),
                     str(f["idle"])))
    heads = []
    for r in rows:
        if not heads or heads[-1] != r[:4]:
            heads.append(r[:4])
    split = lambda column, six: [v for v in column if (":" in v) == six]
    vips, servers = [h[0] for h in heads], [h[3] for h in heads]
    clients = [r[4] for r in rows]
    return [split(vips, False), split(vips, True), [h[1] for h in heads],
            [h[2] for h in heads], split(servers, False),
            split(servers, True), split(clients, False), split(clients, True),
            [r[5] for r in rows], [r[6] for r in rows], [r[7] for r in rows]]


def test_flows():
    sent = samples()
    shown = fields([sent[1], sent[5], sent[6]], *of(
        "vip", "vip6", "port", "protocol", "server", "server6", "client",
        "client6", "client_port", "state", "idle"))
    equal(shown[0], flows_as_shown(some_flows()), "FLOWS are shown")
    equal(shown[1], shown[0], "and those of a BULK")
    equal(shown[2], [[] for _ in shown[2]], "of which there may be none")


def test_others():
    sent = samples()
    shown = fields(sent[2:4], *of(
        "services", "vip", "vip6", "port", "protocol", "service.config",
        "service.health", "service.tables"))
    # The IPv4 key comes first: its bytes are the lesser.
    equal(shown, [[["2"], ["192.0.2.1"], ["2001:db8::1"], ["443", "53"],
                   ["6", "17"], hexes([1, 4], 8), hexes([2, 5], 8),
                   hexes([3, 0xffffffff], 8)],
                  [["0"], ["192.0.2.1"], [], ["80"], ["6"], [], [], []]],
          "VIEWs are shown")
    shown = fields(sent[4:], *of("to.id", "to.epoch", "transfer", "window",
                                 "since", "cursor", "from", "upto", "reason"))
    to = [hexes([TO[0]], 16), [str(TO[1])]]
    equal(shown, [
        to + [["0xfeedf00d"], ["128"], ["60"], hexes([2 ** 63], 16), [], [],
              []],
        to + [["0x00000001"], [], [], [], hexes([65536], 16),
              hexes([131072], 16), []],
        to + [["0x00000001"], [], [], [], hexes([0], 16), hexes([0], 16), []],
        to + [["0x00000001"], [], [], [], [], [], ["2"]]],
        "REQUEST, BULK and REFUSAL are shown")
    out, _ = tshark(sent)
    ok("HELLO: lb1, beat 7, 2 peers" in out and "FLOWS: 11 flows" in out and
       "malformed" not in out, "the list has it in a line", out)


def test_ports():
    shown = fields(samples() + [b"VC5"], *of("type"), port=12345)
    equal([s[0] for s in shown],
          [["1"], ["2"], ["3"], ["3"], ["4"], ["5"], ["5"], ["6"], []],
          "on another port it is known by its first bytes")


def marks(datagrams):
    """Of each datagram: is it marked as malformed?"""
    return [bool(s[0]) for s in fields(datagrams, "vc5d_sync.malformed")]


def no_lua_errors(datagrams):
    out, err = tshark(datagrams, "-V")
    errors = re.findall(r".*[Ll]ua.?[Ee]rror.*|.*vc5d-sync\.lua:.*", out + err)
    ok(not errors, "without an error in Lua", errors[:3])


def test_malformed():
    sent = samples()
    equal(marks(sent), [False] * len(sent), "sound ones have no mark")
    cuts = [d[:n] for d in sent for n in range(1, len(d), 3)]
    # Where a BULK's groups end it is sound in itself, but for the tag.
    wrong = [(len(d), m) for d, m in zip(cuts, marks(cuts))
             if m != refused(d)]
    ok(len(cuts) > 400 and not wrong,
       "%d that were cut off are marked" % len(cuts), wrong)
    no_lua_errors(cuts)


def refused(datagram):
    try:
        w.unseal(datagram)
        return False
    except w.Refused:
        return True


def test_damaged():
    """A dissector need not know all that is wrong, but must survive it."""
    rng, damaged = random.Random(3), []
    for _ in range(800):
        d = bytearray(rng.choice(samples()))
        for _ in range(rng.randrange(1, 5)):
            d[4 + rng.randrange(len(d) - 4)] = rng.choice(
                [0, 1, 4, 6, 17, 255])
        damaged.append(bytes(d))
    sound = [d for d, m in zip(damaged, marks(damaged))
             if m and not refused(d)]
    ok(not sound, "damaged ones that are sound have no mark", sound[:1])
    no_lua_errors(damaged)
    no_lua_errors([w.HEADER.pack(b"VC5S", 1, kind, 0, 1, 1, 1, 1, 1) +
                   rng.getrandbits(8 * n).to_bytes(n, "big")
                   for kind in range(8) for n in range(0, 1500, 150)])


def test_short_captures():
    """What a capture left out is no fault of the datagram."""
    parts = [(d, n) for d in samples() for n in range(0, len(d), 20)]
    shown = fields(parts, *of("malformed", "cut", "tag"))
    equal([s for s in shown if s[0] or s[2]], [],
          "what was not captured is not malformed")
    no_lua_errors(parts)


test_headers()
test_hello()
test_flows()
test_others()
test_ports()
test_malformed()
test_damaged()
test_short_captures()
done()
