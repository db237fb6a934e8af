#!/usr/bin/env python3
# SPDX-License-Identifier: ISC

"""vc5d-sync(5), written after the manual page alone.

As a module:

    keys = Keys("0123456789abcdef0123456789abcdef", "vc5d")
    bytes = seal(keys, HELLO, hello(...), sender=.., epoch=.., sequence=..)
    message = unseal(bytes, [keys])         # a dict, or raises Refused

    peer = Instance("lb9", keys, interface="eth2")
    peer.run(3)                             # HELLOs, belief, answers
    peer.tell([flow("192.0.2.1:443/tcp", "198.51.100.7:40001", "10.1.0.1")])
    peer.request("lb1")                     # -> flows, or raises Refused
    peer.heard                              # all that came, as dicts
    peer.tape                               # all that came, as bytes
    peer.send(bytes)                        # anything, to all or to one

As a program, within the network namespace of an instance's sync network:

    sync_wire.py OPTIONS peer SECONDS       be a peer; print what is heard
    sync_wire.py OPTIONS tell FLOW...       be a peer, and tell flows
    sync_wire.py OPTIONS bulk NAME          ask an instance for all flows
    sync_wire.py OPTIONS record SECONDS FILE   keep what is heard, in hex
    sync_wire.py OPTIONS replay FILE        say it again
    sync_wire.py OPTIONS forge KIND FLOW... tell flows wrongly; see FORGERIES
    sync_wire.py parse [HEX]                show datagrams, of lines of stdin
    sync_wire.py [--line LINE] example      the manual page's examples

FLOW is SERVICE,CLIENT,SERVER[,STATE[,IDLE]], as in
"192.0.2.1:443/tcp,198.51.100.7:40001,10.1.0.1,closed,5".

Output is JSON, a line each.
"""

import argparse
import collections
import hashlib
import hmac
import ipaddress
import json
import os
import random
import socket
import struct
import sys
import time

HELLO, FLOWS, VIEW, REQUEST, BULK, REFUSAL = range(1, 7)
NAMES = ["", "hello", "flows", "view", "request", "bulk", "refusal"]
LEARNING, LEAVING, LAST = 1, 2, 1
FLAGS = {HELLO: LEARNING | LEAVING, BULK: LAST}
TO_ALL = (HELLO, FLOWS, VIEW)
HEADER = struct.Struct(">4sBBHIIQQQ")
TAG = 16
MAX = 1400
PROTOCOLS = {"tcp": 6, "udp": 17}
STATES = {"confirmed": 1, "closed": 2}


class Refused(Exception):
    """What is not to be used, and why."""


def require(what, why):
    if not what:
        raise Refused(why)


# Names, keys, addresses.

def digest_number(name, length):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:length],
                          "big")


def instance_id(name):
    return digest_number(name, 8)


class Keys:
    """What is derived from a line of the key file and the cluster's name."""

    def __init__(self, line, cluster):
        self.cluster = digest_number(cluster, 4)
        self.mac = self._derive(line, b"vc5d sync 1 mac", cluster)
        self.id = int.from_bytes(
            self._derive(line, b"vc5d sync 1 id", cluster)[:4], "big")

    @staticmethod
    def _derive(line, purpose, cluster):
        return hmac.new(line.encode(), purpose + b"\0" + cluster.encode(),
                        hashlib.sha256).digest()

    def tag(self, covered):
        return hmac.new(self.mac, covered, hashlib.sha256).digest()[:TAG]


def mapped(address):
    a = ipaddress.ip_address(address)
    return a.packed if a.version == 6 else bytes(10) + b"\xff\xff" + a.packed


def unmapped(packed):
    a = ipaddress.IPv6Address(packed)
    return a.ipv4_mapped or a


def is_host(a):
    if a.version == 4:
        return a.packed[0] not in (0, 127) and a.packed[0] < 224 and \
            not a.is_link_local
    return not (a.is_unspecified or a.is_loopback or a.is_link_local or
                a.is_multicast)


def split_port(text):
    address, port = text.rsplit(":", 1)
    return address.strip("[]"), int(port)


def join_port(address, port):
    return f"[{address}]:{port}" if address.version == 6 \
        else f"{address}:{port}"


def split_service(text):
    rest, protocol = text.split("/")
    return split_port(rest) + (PROTOCOLS[protocol],)


def service_name(vip, port, protocol):
    require(is_host(vip), "VIP")
    require(port != 0, "port")
    require(protocol in PROTOCOLS.values(), "protocol")
    return join_port(vip, port) + ("/tcp" if protocol == 6 else "/udp")


def flow(service, client, server, state="confirmed", idle=0):
    return dict(service=service, client=client, server=server, state=state,
                idle=int(idle))


# Payloads, from what they say.

def hello(beat, name, peers=(), flows=0, digests=(0, 0, 0)):
    """peers: (id, epoch, beat) each."""
    return struct.pack(">IIQQQBBH", beat, flows, *digests, len(name),
                       len(peers), 0) + name.encode() + \
        b"".join(struct.pack(">QQI", *peer) for peer in peers)


def groups(flows):
    """Flows that follow each other, and share service and server, together."""
    parts, last = [], None
    for f in flows:
        vip, port, protocol = split_service(f["service"])
        family = ipaddress.ip_address(vip).version
        head = mapped(vip) + struct.pack(">HBB", port, protocol, family) + \
            mapped(f["server"])
        client, client_port = split_port(f["client"])
        one = ipaddress.ip_address(client).packed + struct.pack(
            ">HH", client_port,
            STATES[f["state"]] << 14 | min(f["idle"], 16383))
        if head != last:
            parts.append((head, []))
            last = head
        parts[-1][1].append(one)
    return b"".join(head + struct.pack(">H", len(ones)) + b"".join(ones)
                    for head, ones in parts)


def key_bytes(service):
    vip, port, protocol = split_service(service)
    return mapped(vip) + struct.pack(">BBH", protocol, 0, port)


def view(services, after=bytes(20), upto=b"\xff" * 20):
    """services: (name, config, health, tables) each, in any order."""
    rows = sorted(key_bytes(s[0]) + struct.pack(">III", *s[1:])
                  for s in services)
    return after + upto + struct.pack(">HH", len(rows), 0) + b"".join(rows)


def to_one(to, transfer):
    return struct.pack(">QQI", to[0], to[1], transfer)


def request(to, transfer, cursor=0, since=0, window=128):
    return to_one(to, transfer) + struct.pack(">HHIQ", window, 0, since,
                                              cursor)


def bulk(to, transfer, begin, upto, flows=()):
    return to_one(to, transfer) + struct.pack(">QQ", begin, upto) + \
        groups(flows)


def refusal(to, transfer, reason=2):
    return to_one(to, transfer) + struct.pack(">HH", reason, 0)


# Payloads, to what they say.

def parse_hello(b):
    require(len(b) >= 36, "length")
    beat, flows, config, health, tables, n, p, reserved = struct.unpack(
        ">IIQQQBBH", b[:36])
    require(beat != 0 and reserved == 0, "value")
    require(1 <= n <= 63 and p <= 60 and len(b) == 36 + n + 20 * p, "length")
    name = b[36:36 + n]
    require(all(0x21 <= c <= 0x7e for c in name), "name")
    peers = [struct.unpack(">QQI", b[at:at + 20])
             for at in range(36 + n, len(b), 20)]
    require(all(i and 0 < e < 2 ** 63 for i, e, _ in peers), "peers")
    return dict(beat=beat, flows=flows, digests=[config, health, tables],
                name=name.decode(), peers=[list(p) for p in peers])


def parse_groups(b):
    flows, at = [], 0
    while at < len(b):
        require(len(b) - at >= 38, "length")
        vip, server = unmapped(b[at:at + 16]), unmapped(b[at + 20:at + 36])
        port, protocol, family = struct.unpack(">HBB", b[at + 16:at + 20])
        service = service_name(vip, port, protocol)
        count, = struct.unpack(">H", b[at + 36:at + 38])
        require(family == vip.version and is_host(server), "group")
        at += 38
        length = 4 if family == 4 else 16
        require(count > 0 and len(b) - at >= count * (length + 4), "count")
        for _ in range(count):
            client = ipaddress.ip_address(b[at:at + length])
            client_port, word = struct.unpack(
                ">HH", b[at + length:at + length + 4])
            state = {1: "confirmed", 2: "closed"}.get(word >> 14)
            require(state is not None, "state")
            flows.append(flow(service, join_port(client, client_port),
                              str(server), state, word & 0x3fff))
            at += length + 4
    return flows


def parse_flows(b):
    require(len(b) > 0, "length")
    return dict(flows=parse_groups(b))


def parse_key(b):
    require(b[17] == 0, "reserved")
    return service_name(unmapped(b[:16]), int.from_bytes(b[18:20], "big"),
                        b[16])


def parse_view(b):
    require(len(b) >= 44, "length")
    after, upto = b[:20], b[20:40]
    count, reserved = struct.unpack(">HH", b[40:44])
    require(reserved == 0 and len(b) == 44 + 32 * count, "length")
    rows = [b[at:at + 32] for at in range(44, len(b), 32)]
    keys = [after] + [row[:20] for row in rows]
    require(all(x < y for x, y in zip(keys, keys[1:])), "order")
    require(after < upto and keys[-1] <= upto, "range")
    return dict(
        after=parse_key(after) if after != bytes(20) else None,
        upto=parse_key(upto) if upto != b"\xff" * 20 else None,
        services=[[parse_key(row)] + list(struct.unpack(">III", row[20:]))
                  for row in rows])


def parse_to(b):
    identity, epoch, transfer = struct.unpack(">QQI", b[:20])
    require(identity != 0 and 0 < epoch < 2 ** 63, "receiver")
    return dict(to=[identity, epoch], transfer=transfer)


def parse_request(b):
    require(len(b) == 36, "length")
    window, reserved, since, cursor = struct.unpack(">HHIQ", b[20:])
    require(window != 0 and reserved == 0, "value")
    return dict(parse_to(b), window=window, since=since, cursor=cursor)


def parse_bulk(b):
    require(len(b) >= 36, "length")
    begin, upto = struct.unpack(">QQ", b[20:36])
    return {**parse_to(b), "from": begin, "upto": upto,
            "flows": parse_groups(b[36:])}


def parse_refusal(b):
    require(len(b) == 24, "length")
    reason, reserved = struct.unpack(">HH", b[20:])
    require(reason != 0 and reserved == 0, "value")
    return dict(parse_to(b), reason=reason)


PARSERS = [None, parse_hello, parse_flows, parse_view, parse_request,
           parse_bulk, parse_refusal]


# Datagrams.

def seal(keys, kind, payload, sender, epoch, sequence, flags=0, version=1):
    covered = HEADER.pack(b"VC5S", version, kind, flags, keys.cluster,
                          keys.id, sender, epoch, sequence) + payload
    return covered + keys.tag(covered)


def unseal(datagram, keys=None):
    """keys: any of a list; None: don't look at the tag."""
    require(HEADER.size + TAG <= len(datagram) <= MAX, "length")
    magic, version, kind, flags, cluster, key, sender, epoch, sequence = \
        HEADER.unpack(datagram[:HEADER.size])
    require(magic == b"VC5S", "magic")
    require(version == 1, "version")
    require(HELLO <= kind <= REFUSAL, "type")
    require(flags & ~FLAGS.get(kind, 0) == 0, "flags")
    require(sender and 0 < epoch < 2 ** 63 and sequence, "header")
    if keys is not None:
        require(any(cluster == k.cluster for k in keys), "cluster")
        right = [k for k in keys if k.id == key]
        require(right, "key")
        require(any(hmac.compare_digest(k.tag(datagram[:-TAG]),
                                        datagram[-TAG:]) for k in right),
                "tag")
    return dict(PARSERS[kind](datagram[HEADER.size:-TAG]), type=NAMES[kind],
                flags=flags, cluster=cluster, key=key, sender=sender,
                epoch=epoch, sequence=sequence)


class Window:
    """Sequence numbers that were taken."""

    def __init__(self):
        self.highest, self.taken = 0, set()

    def take(self, number):
        require(number not in self.taken and
                number > self.highest - 1024, "replayed")
        self.taken.add(number)
        self.highest = max(self.highest, number)
        if len(self.taken) > 4096:
            self.taken = {n for n in self.taken if n > self.highest - 1024}


class Peer:
    """What an instance knows of another."""

    def __init__(self, epoch):
        self.epoch, self.name, self.address = epoch, "", None
        self.beat = self.newest = 0
        self.proved = self.heard = -1e9
        self.flags = self.flows = 0
        self.windows = Window(), Window()

    def is_up(self):
        now = time.monotonic()
        return now - self.proved <= 10 and now - self.heard <= 3 and \
            not self.flags & LEAVING


class Instance:
    """An instance on a real network."""

    def __init__(self, name, keys, interface, group="239.192.86.53",
                 port=8653, epoch=None, accept=None):
        self.name, self.keys, self.port = name, keys, port
        self.accept = accept or [keys]
        self.id = instance_id(name)
        self.epoch = epoch or time.time_ns() + random.randrange(1 << 20)
        self.sequence = {True: 0, False: 0}
        self.beat, self.flags, self.hello_at = 0, 0, 0
        self.peers = {}
        self.table = []     # flows, for who asks
        self.answers = True
        self.heard, self.tape, self.refused = [], [], collections.Counter()
        self.group = ipaddress.ip_address(group)
        self._open(interface)

    def _open(self, interface):
        index = socket.if_nametoindex(interface)
        six = self.group.version == 6
        s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                          socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                     interface.encode())
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind(("", self.port))
        if six:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                         self.group.packed + struct.pack("@I", index))
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            self.everybody = (str(self.group), self.port, 0, index)
        else:
            membership = struct.pack("@4s4si", self.group.packed, bytes(4),
                                     index)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                         membership)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                         membership)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            self.everybody = (str(self.group), self.port)
        self.socket = s

    def close(self):
        self.socket.close()

    # Saying.

    def send(self, datagram, to=None):
        """Any bytes: to all, or to a socket address."""
        self.socket.sendto(datagram, to or self.everybody)

    def make(self, kind, payload, flags=0, keys=None, **header):
        """A datagram with the next sequence; anything may be otherwise."""
        all_ = kind in TO_ALL
        self.sequence[all_] += 1
        fields = dict(sender=self.id, epoch=self.epoch,
                      sequence=self.sequence[all_], flags=flags)
        fields.update(header)
        return seal(keys or self.keys, kind, payload, **fields)

    def say(self, kind, payload, to=None, flags=0):
        datagram = self.make(kind, payload, flags)
        self.send(datagram, to)
        return datagram

    def say_hello(self):
        self.beat += 1
        self.hello_at = time.monotonic() + 1
        listed = [(i, p.epoch, p.beat) for i, p in self.peers.items()]
        return self.say(HELLO, hello(self.beat, self.name, listed[:60],
                                     len(self.table)), flags=self.flags)

    def leave(self):
        self.flags |= LEAVING
        return self.say_hello()

    def tell(self, flows, per=20):
        for at in range(0, len(flows), per):
            self.say(FLOWS, groups(flows[at:at + per]))

    # Hearing.

    def _hear_hello(self, peer, m, address):
        if m["sequence"] <= peer.newest:
            return
        peer.newest, peer.beat = m["sequence"], m["beat"]
        peer.name, peer.address = m["name"], address
        peer.flags, peer.flows = m["flags"], m["flows"]
        peer.heard = time.monotonic()
        for identity, epoch, beat in m["peers"]:
            if (identity, epoch) == (self.id, self.epoch) and \
                    0 < beat and 0 <= self.beat - beat < 16:
                peer.proved = time.monotonic()

    def _judge(self, m, address):
        if m["sender"] == self.id:
            raise Refused("own")
        peer = self.peers.get(m["sender"])
        if peer is None or m["epoch"] > peer.epoch:
            require(m["type"] == "hello", "unknown")
            peer = self.peers[m["sender"]] = Peer(m["epoch"])
            self.hello_at = 0
        require(m["epoch"] == peer.epoch, "epoch")
        to_all = m["type"] in ("hello", "flows", "view")
        peer.windows[0 if to_all else 1].take(m["sequence"])
        if m["type"] == "hello":
            self._hear_hello(peer, m, address)
            return
        require("to" not in m or m["to"] == [self.id, self.epoch], "not for us")
        require(peer.is_up(), "unverified")
        if m["type"] == "request" and self.answers:
            self._answer(m, address)

    def _answer(self, m, address):
        """Cursors are indexes of the table."""
        to, at = (m["sender"], m["epoch"]), m["cursor"]
        for _ in range(m["window"]):
            upto = min(at + 50, len(self.table))
            last = upto >= len(self.table)
            self.say(BULK, bulk(to, m["transfer"], at, upto,
                                self.table[at:upto]),
                     address, LAST if last else 0)
            at = upto
            if last:
                return

    def hear(self, timeout):
        """One datagram: a dict if it is believed, else None."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            datagram, address = self.socket.recvfrom(65536)
        except socket.timeout:
            return None
        self.tape.append(datagram)
        try:
            m = unseal(datagram, self.accept)
            self._judge(m, address)
        except Refused as e:
            self.refused[str(e)] += 1
            return None
        m["address"] = address[0]
        self.heard.append(m)
        return m

    def run(self, seconds, until=None):
        """Be there for a while, or until something is so: is it?"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if until is not None and until():
                return True
            now = time.monotonic()
            if now >= self.hello_at:
                self.say_hello()
            self.hear(min(self.hello_at, end) - now)
        return until is not None and until()

    def peer(self, name):
        return self.peers.get(instance_id(name))

    def is_up(self, name):
        return self.peer(name) is not None and self.peer(name).is_up()

    def request(self, name, since=0, window=128, seconds=30):
        """All flows of a peer."""
        if not self.run(10, lambda: self.is_up(name)):
            raise Refused("not up")
        peer = self.peer(name)
        to = instance_id(name), peer.epoch
        transfer, cursor, flows = random.randrange(1 << 32), 0, []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.say(REQUEST, request(to, transfer, cursor, since, window),
                     peer.address)
            left, moved = window, time.monotonic()
            while left and time.monotonic() - moved < 0.3:
                if time.monotonic() >= self.hello_at:
                    self.say_hello()
                m = self.hear(0.1)
                if not m or m.get("transfer") != transfer:
                    continue
                require(m["type"] == "bulk", "refusal")
                flows += m["flows"]
                if m["from"] != cursor:
                    continue
                cursor, left, moved = m["upto"], left - 1, time.monotonic()
                if m["flags"] & LAST:
                    return flows
        raise Refused("no answer")


# Telling flows wrongly.  Each makes a datagram of a peer that is up, and of
# right flows, that must not be taken.

def cut(length):
    return lambda i, flows: i.make(FLOWS, groups(flows))[:-length]


def with_header(**fields):
    return lambda i, flows: i.make(FLOWS, groups(flows), **fields)


def flip(at):
    def forge(instance, flows):
        b = bytearray(instance.make(FLOWS, groups(flows)))
        b[at] ^= 1
        return bytes(b)
    return forge


def twice(instance, flows):
    """Say what was said before: the caller has it taken once."""
    return seal(instance.keys, FLOWS, groups(flows), instance.id,
                instance.epoch, instance.sequence[True])


FORGERIES = {
    "tag": flip(-1),
    "payload": flip(60),
    "truncated": cut(1),
    "short": cut(40),
    "version": with_header(version=2),
    "flags": with_header(flags=1),
    "old-epoch": with_header(epoch=1),
    "new-epoch": with_header(epoch=2 ** 62),
    "unknown": with_header(sender=12345),
    "line": lambda i, flows: i.make(
        FLOWS, groups(flows), keys=Keys("f" * 32, "vc5d")),
    "cluster": lambda i, flows: i.make(
        FLOWS, groups(flows), keys=Keys("f" * 32, "other")),
    "longer": lambda i, flows: seal(
        i.keys, FLOWS, groups(flows) + b"\0", i.id, i.epoch, 2 ** 32),
    "replayed": twice,
}


# The program.

def show(thing):
    print(json.dumps(thing), flush=True)


def parse_lines(lines):
    for line in lines:
        try:
            show(unseal(bytes.fromhex(line.strip())))
        except Refused as e:
            show(dict(refused=str(e)))


def example_datagrams(keys):
    lb1, lb2 = instance_id("lb1"), instance_id("lb2")
    epoch, other = 1700000000000000000, 1700000001000000000
    head = dict(sender=lb1, epoch=epoch)
    flows = [
        flow("192.0.2.1:443/tcp", "198.51.100.7:40001", "10.1.0.1"),
        flow("192.0.2.1:443/tcp", "198.51.100.7:40002", "10.1.0.1",
             "closed", 5),
        flow("[2001:db8::1]:53/udp", "[2001:db8:c::7]:5353", "fd00::2",
             "confirmed", 1)]
    return [
        seal(keys, HELLO, hello(3, "lb1", [(lb2, other, 5)], 3), sequence=3,
             **head),
        seal(keys, FLOWS, groups(flows), sequence=4, **head),
        seal(keys, REQUEST, request((lb2, other), 0x12345678), sequence=1,
             **head)]


def example(keys):
    show(dict(mac_key=keys.mac.hex(), key_id=f"{keys.id:08x}",
              cluster=f"{keys.cluster:08x}", lb1=f"{instance_id('lb1'):016x}",
              lb2=f"{instance_id('lb2'):016x}"))
    for datagram in example_datagrams(keys):
        print(datagram.hex())


def flow_argument(text):
    return flow(*text.split(","))


def wait_for_peers(instance):
    up = lambda: any(p.is_up() for p in instance.peers.values())
    if not instance.run(10, up):
        sys.exit("sync_wire.py: no peer is up")
    # They have to believe us, too: they have, when they heard us once more.
    instance.run(2.2)


def command(instance, args):
    if args.command == "peer":
        instance.table = [flow_argument(f) for f in args.flow]
        instance.run(float(args.arguments[0]))
        for m in instance.heard:
            show(m)
        show(dict(refused=instance.refused))
    elif args.command == "tell":
        wait_for_peers(instance)
        instance.tell([flow_argument(f) for f in args.arguments])
        instance.run(0.5)
    elif args.command == "bulk":
        for f in instance.request(args.arguments[0]):
            show(f)
    elif args.command == "record":
        instance.run(float(args.arguments[0]))
        with open(args.arguments[1], "w", encoding="ascii") as out:
            out.writelines(d.hex() + "\n" for d in instance.tape)
    elif args.command == "replay":
        with open(args.arguments[0], encoding="ascii") as lines:
            for line in lines:
                instance.send(bytes.fromhex(line.strip()))
    elif args.command == "forge":
        wait_for_peers(instance)
        flows = [flow_argument(f) for f in args.arguments[1:]]
        instance.send(FORGERIES[args.arguments[0]](instance, flows))
        instance.run(0.5)
    else:
        sys.exit(f"sync_wire.py: no such command: {args.command}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", help="file: its first line")
    parser.add_argument("--line", default="0123456789abcdef" * 2)
    parser.add_argument("--cluster", default="vc5d")
    parser.add_argument("--name", default=f"python{os.getpid()}")
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--group", default="239.192.86.53")
    parser.add_argument("--port", type=int, default=8653)
    parser.add_argument("--flow", action="append", default=[])
    parser.add_argument("command")
    parser.add_argument("arguments", nargs="*")
    args = parser.parse_args()
    if args.key:
        with open(args.key, encoding="ascii") as key:
            args.line = key.readline().rstrip("\n")
    keys = Keys(args.line, args.cluster)
    if args.command == "parse":
        parse_lines(args.arguments or sys.stdin)
    elif args.command == "example":
        example(keys)
    else:
        instance = Instance(args.name, keys, args.interface, args.group,
                            args.port)
        command(instance, args)
        instance.leave()
        instance.close()


if __name__ == "__main__":
    main()
