#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mutated packets: t/bpf/fuzz sends them, and scapy looks at a sample of what
came out.

VC5_FUZZ has other options for t/bpf/fuzz: "-n 100000000 -s 5".
"""

import ipaddress
import os
import subprocess
import sys
import tempfile

VIPS = ('192.0.2.1', '2001:db8::1')
SERVERS = [ipaddress.ip_network(n) for n in ('10.1.0.0/24', 'fd00:10:1::/96')]
HOSTS = [ipaddress.ip_network(n) for n in ('10.9.0.0/16', 'fd00:10:9::/64')]
FOU, GUE = 5555, 6080


class Wrong(Exception):
    """Of a packet, and why."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


def among(address, networks):
    address = ipaddress.ip_address(address)
    return any(address in network for network in networks
               if address.version == network.version)


def network_layer(frame):
    """The Ethernet frame's IP layer, and its bytes."""
    layer = Ether(frame).payload
    at = 14
    if isinstance(layer, Dot1Q):
        layer = layer.payload
        at = 18
    need(isinstance(layer, (IP, IPv6)), 'neither IPv4 nor IPv6')
    length = layer.len if isinstance(layer, IP) else 40 + layer.plen
    need(len(frame) - at >= length, 'the frame is shorter than its packet')
    return layer, frame[at:at + length]


def header_right(layer, packet):
    if isinstance(layer, IP):
        need(checksum(packet[:layer.ihl * 4]) == 0, 'IPv4 checksum')


def transport_sum(layer, protocol, data):
    """0 if the checksum within is right."""
    if isinstance(layer, IP):
        return in4_chksum(protocol, layer, data)
    return in6_chksum(protocol, layer, data)


def as_sent(packet):
    """A client's packet with its TTL decremented."""
    changed = bytearray(packet)
    if packet[0] >> 4 == 6:
        changed[7] -= 1
        return bytes(changed)
    changed[8] -= 1
    changed[10:12] = bytes(2)
    header = (packet[0] & 15) * 4
    changed[10:12] = checksum(bytes(changed[:header])).to_bytes(2, 'big')
    return bytes(changed)


def traffic_class(layer):
    return layer.tos if isinstance(layer, IP) else layer.tc


def shim(layer, packet, inner_version):
    """What is behind the outer IP header and its shim."""
    header = layer.ihl * 4 if isinstance(layer, IP) else 40
    protocol = layer.proto if isinstance(layer, IP) else layer.nh
    data = packet[header:]
    inner_protocol = 4 if inner_version == 4 else 41
    if protocol == inner_protocol:
        return data
    if protocol == 47:
        kind = 0x0800 if inner_version == 4 else 0x86dd
        need(data[:4] == bytes(2) + kind.to_bytes(2, 'big'), 'GRE header')
        return data[4:]
    need(protocol == 17, 'a tunnel of some other kind')
    udp = UDP(data)
    need(udp.sport >= 49152, 'outer source port')
    need(udp.len == len(data), 'outer UDP length')
    need(udp.chksum == 0 or transport_sum(layer, 17, data) == 0,
         'outer UDP checksum')
    if udp.dport == FOU:
        return data[8:]
    need(udp.dport == GUE, 'outer destination port')
    need(data[8:12] == bytes((0, inner_protocol, 0, 0)), 'GUE header')
    return data[12:]


def check_tunnel(layer, packet, came_layer, came):
    need(among(layer.src, HOSTS), 'outer source')
    need((layer.ttl if isinstance(layer, IP) else layer.hlim) == 64,
         'outer TTL')
    need(traffic_class(layer) == traffic_class(came_layer), 'outer DSCP')
    need(shim(layer, packet, came[0] >> 4) == as_sent(came),
         'the packet inside')


def check_rewritten(layer, packet, came_layer, came):
    """DSCP: all but TTL, address, code point and checksums is as it was."""
    need(traffic_class(layer) & 3 == traffic_class(came_layer) & 3, 'ECN')
    need(len(packet) == len(came) and layer.src == came_layer.src, 'source')
    header = layer.ihl * 4 if isinstance(layer, IP) else 40
    differ = [i for i in range(header, len(came)) if packet[i] != came[i]]
    need(len(differ) <= 2, 'more than a checksum differs')
    protocol = layer.proto if isinstance(layer, IP) else layer.nh
    fragment = isinstance(layer, IP) and (layer.frag or layer.flags.MF)
    data = packet[header:]
    if protocol in (6, 17) and not fragment and \
            not (protocol == 17 and data[6:8] == bytes(2)):
        need(transport_sum(layer, protocol, data) == 0, 'checksum')


def check_sent(came_frame, frame):
    came_layer, came = network_layer(came_frame)
    layer, packet = network_layer(frame)
    ethernet = Ether(frame)
    last = int(ethernet.dst[-2:], 16)
    need(ethernet.dst == '02:11:22:33:44:%02x' % last, 'to an unknown MAC')
    need(ethernet.src == '06:99:88:77:66:%02x' % (0xf0 + last & 0xff),
         'from an unknown MAC')
    header_right(layer, packet)
    if layer.dst in VIPS:
        need(packet == as_sent(came), 'the packet')
        return 'layer 2'
    need(among(layer.dst, SERVERS), 'to an unknown server')
    if layer.src == came_layer.src:
        check_rewritten(layer, packet, came_layer, came)
        return 'dscp'
    check_tunnel(layer, packet, came_layer, came)
    return 'tunnel'


def check_reply(came_frame, frame):
    """Of what is sent back: to whom, and the ICMP message in it."""
    came_layer, came = network_layer(came_frame)
    layer, packet = network_layer(frame)
    need(Ether(frame).dst == Ether(came_frame).src, 'destination MAC')
    need(Ether(frame).src == Ether(came_frame).dst, 'source MAC')
    need(layer.src in VIPS and layer.src == came_layer.dst, 'source')
    need(layer.dst == came_layer.src, 'destination')
    header_right(layer, packet)
    if isinstance(layer, IP):
        need(layer.ttl == 64, 'TTL')
        data = packet[layer.ihl * 4:]
        need(checksum(data) == 0, 'ICMP checksum')
    else:
        need(layer.hlim == 64, 'hop limit')
        data = packet[40:]
        if layer.nh == 58:
            need(in6_chksum(58, layer, data) == 0, 'ICMPv6 checksum')
    return came, data


def check_error(came_frame, frame, kinds):
    came, data = check_reply(came_frame, frame)
    six = came[0] >> 4 == 6
    need((data[0], data[1]) == kinds[six], 'type or code')
    quoted = data[8:]
    need(came.startswith(quoted), 'what is quoted')
    most = 1232 if six else 548
    need(len(quoted) == min(len(came), most) // 4 * 4, 'length of the quote')


def check_expired(came_frame, frame):
    check_error(came_frame, frame, ((11, 0), (3, 0)))
    return 'time exceeded'


def check_too_big(came_frame, frame):
    check_error(came_frame, frame, ((3, 4), (2, 0)))
    return 'too big'


def check_echo(came_frame, frame):
    came, data = check_reply(came_frame, frame)
    six = came[0] >> 4 == 6
    if not six or came[6] == 58:
        need(data[0] == (129 if six else 0), 'type')
        need(data[4:] == came[len(came) - len(data) + 4:], 'data')
    return 'echo'


CHECKS = {'sent': check_sent, 'echo': check_echo, 'expired': check_expired,
          'too-big': check_too_big}


def check_samples(name):
    """How many of each kind were right; what was wrong with others."""
    right, wrong = {}, []
    with open(name, encoding='ascii') as samples:
        for line in samples:
            kind, came, seen = line.split()
            try:
                what = CHECKS[kind](bytes.fromhex(came), bytes.fromhex(seen))
                right[what] = right.get(what, 0) + 1
            except Wrong as why:
                wrong.append('%s: %s\n# in %s\n# out %s'
                             % (kind, why, came, seen))
    return right, wrong


def fuzz(program, samples):
    """The tests that the program has printed, and whether all went well."""
    options = os.environ.get('VC5_FUZZ', '').split()
    run = subprocess.run([program, '-o', samples] + options, check=False,
                         stdout=subprocess.PIPE, universal_newlines=True)
    if run.stdout.startswith('1..0'):
        print(run.stdout, end='')
        sys.exit(run.returncode)
    lines = [line for line in run.stdout.splitlines()
             if not line.startswith('1..')]
    for line in lines:
        print(line)
    tests = sum(line.startswith(('ok ', 'not ok ')) for line in lines)
    return tests, run.returncode


def report(tests, samples):
    right, wrong = check_samples(samples)
    for why in wrong[:10]:
        print('# ' + why)
    print('%s %d - scapy finds nothing wrong with %d samples'
          % ('not ok' if wrong else 'ok', tests + 1, sum(right.values())))
    kinds = ('layer 2', 'tunnel', 'dscp', 'echo', 'time exceeded', 'too big')
    for number, kind in enumerate(kinds):
        print('%s %d - %d of them: %s'
              % ('ok' if right.get(kind, 0) >= 10 else 'not ok',
                 tests + 2 + number, right.get(kind, 0), kind))
    return tests + 1 + len(kinds)


def main():
    program = os.environ.get('VC5_BUILD', '.') + '/t/bpf/fuzz'
    if os.geteuid() != 0:
        print('1..0 # SKIP needs root to load BPF programs')
        return 0
    if not os.access(program, os.X_OK):
        print('1..0 # SKIP %s is not built' % program)
        return 0
    with tempfile.NamedTemporaryFile() as samples:
        tests, status = fuzz(program, samples.name)
        if tests == 0:
            print('Bail out!  fuzz ended with %d' % status)
            return 1
        if checksum is None:
            tests += 1
            print('ok %d # SKIP scapy is missing (python3-scapy)' % tests)
        else:
            tests = report(tests, samples.name)
    print('1..%d' % tests)
    return status


try:
    from scapy.layers.inet import IP, UDP, in4_chksum
    from scapy.layers.inet6 import IPv6, in6_chksum
    from scapy.layers.l2 import Dot1Q, Ether
    from scapy.utils import checksum
except ImportError:
    checksum = None

if __name__ == '__main__':
    sys.exit(main())
