# SPDX-License-Identifier: ISC
"""Why a configuration may be refused that the schema accepts.

Each is something that a schema can't say, or only in a way that nobody could
read: the parser's message, as a regular expression, and a configuration that
is refused for it and for nothing else.
"""


def entry(**keys):
    """An entry of "services", with what is required."""
    return dict({"name": "a", "virtual": "192.0.2.1",
                 "servers": ["10.0.0.1"], "policy": {"http": {}}}, **keys)


def services(*entries, **top):
    return dict({"interfaces": "eth0", "services": list(entries)}, **top)


def top(**keys):
    return services(**keys)


def policy(port, **keys):
    return services(entry(policy={port: keys}))


def check(kind, **keys):
    return policy("80", checks=[dict({"type": kind}, **keys)])


def elasticsearch(urls, **keys):
    return top(logging={"elasticsearch": dict({"urls": urls}, **keys)})


def webhooks(*hooks):
    return top(logging={"webhooks": list(hooks)})


def delivery(kind, **keys):
    return dict({"type": kind}, **keys)


def _dscp(point):
    return delivery("dscp", code_point=point)


# One of many values is not another, or goes with it.
RELATIONS = [
    (r'^interfaces: "vc5d0" is the device of the probes',
     top(interfaces="vc5d0")),
    (r"is already in the list",
     services(entry(servers=["fd00::1", "fd00:0::1"]))),
    (r"is already in the list, at",
     services(entry(virtual=["192.0.2.1", "192.0.2.1"]))),
    (r"NO_EXPORT is already in the list",
     top(bgp={"communities": ["NO_EXPORT", "no_export"]})),
    (r"is already in VLAN", top(vlans={"1": "10.0.0.0/8",
                                       "2": "10.0.0.0/8"})),
    (r"^webserver\.certificate: is required, and missing",
     top(webserver={"key": "/k"})),
    (r"credentials would be sent to \S+ without encryption",
     elasticsearch("http://es1", api_key_file="/k")),
    (r"can't have both a user and an",
     elasticsearch("https://es1", api_key_file="/k", user="a",
                   password_file="/p")),
    (r'"ca" has no effect without "verify"',
     elasticsearch("https://es1", verify=False, ca="/ca")),
    (r'can\'t have both a "url" and a "url_file"',
     webhooks({"name": "a", "url": "https://h", "url_file": "/u"})),
    (r'"template" has no effect with this "type"',
     webhooks({"name": "a", "url": "https://h", "type": "slack",
               "template": {}})),
    (r"there is another one named",
     webhooks({"name": "a", "url": "https://h"},
              {"name": "a", "url": "https://h"})),
    (r"is none of the fields title, text",
     webhooks({"name": "a", "url": "https://h",
               "template": ["{{x}}"]})),
    (r"has (no host|a user|a port|something|a query|a fragment)",
     elasticsearch("https://me@es1")),
    (r"is in no subnet of vlans",
     services(entry(), vlans={"1": "10.1.0.0/16"})),
    (r"is also the address of a server",
     services(entry(servers=["192.0.2.1"]))),
    (r"has other bgp attributes here than at",
     services(entry(), entry(bgp={"med": 1}, policy={"https": {}}))),
    (r"^services\S+: \S+ is already in services\S+$|is already in "
     r"services\S+, line",
     services(entry(policy={"http": {}, "80": {}}))),
    (r"there is no shared list", services(entry(servers="listt"),
                                          servers={"list": ["10.0.0.1"]})),
    (r"there is no list", services(entry(servers="other"))),
    (r"is more than the number of servers", services(entry(need=2))),
    (r"is less than what \S+ needs",
     services(entry(need="100%", need_up=0))),
    (r"is less than hold_down",
     top(bgp={"hold_down": 2, "hold_down_max": 1})),
    (r"seconds are longer than the default interval", check("tcp", timeout=3)),
    (r"seconds are longer than the interval",
     check("tcp", interval=1, timeout=2)),
    (r'has no effect without "verify": true', check("https", ca="/ca")),
    (r"a response to HEAD has no body",
     services(entry(method="HEAD", policy={"http": {"body": "x"}}))),
    (r"TCP can't go without flows", services(entry(track=False))),
    (r"services \(VIPs x ports\) are more than limits\.services",
     services(entry(policy={"http": {}, "https": {}}),
              limits={"services": 1})),
    (r"destinations \(services x servers\) are more than limits",
     services(entry(servers=["10.0.0.1", "10.0.0.2"]),
              limits={"destinations": 1})),
    (r"servers are more than limits\.slots",
     services(entry(servers=["10.0.1.%d" % i for i in range(252)]),
              limits={"slots": 251})),
    (r"can't serve an IPv. VIP by dscp",
     services(entry(virtual="2001:db8::1", delivery=_dscp(1)))),
    (r"has code point \d+ at the server \S+, as \S+ has",
     services(entry(virtual=["192.0.2.1", "192.0.2.2"], delivery=_dscp(1)))),
    (r"has code point \d+ here at the server",
     services(entry(delivery=_dscp(1)),
              entry(delivery=_dscp(2), policy={"https": {}}))),
    (r"is IPv., but the source of its delivery",
     services(entry(delivery=delivery("ipip", source="fd00::/64")))),
    (r"^\S+: \S+ would get packets from its own address",
     services(entry(delivery=delivery("gre", source="10.0.0.0/24")))),
    (r"servers would get packets from their own address",
     services(entry(delivery=delivery("gre", source="192.0.2.0/24")))),
]

# What a value means, or how many bytes it takes.
VALUES = [
    (r"syntax error: \\u0000 is not allowed",
     services(entry(servers="\0"))),
    (r"expected an? \S+( \S+)*, got the number \S+$", top(icmp_limit=1.0)),
    (r"is not an IP address", services(entry(servers=["10.0.0.0.1*"]))),
    (r"is not a unicast address that other hosts can reach",
     services(entry(virtual="127.0.0.1"))),
    (r"is not a multicast address",
     top(sync={"interface": "e", "key": "/k", "group": "10.0.0.1"})),
    (r"packets for \S+ never leave the host",
     top(sync={"interface": "e", "key": "/k", "group": "ff01::1"})),
    (r"is not ADDRESS:PORT, \[IPV6\]:PORT or :PORT", top(webserver=":70000")),
    (r"others can reach \S+, so it needs", top(webserver="192.0.2.1:80")),
    (r"is not a prefix such as", top(vlans={"1": "10.0.0.0.0/8"})),
    (r"has bits set behind its length", top(vlans={"1": "10.0.0.1/8"})),
    (r"is not a block of unicast addresses",
     services(entry(delivery=delivery("gre", source="224.0.0.0/4")))),
    (r"is not a community", top(bgp={"communities": ["65536:1"]})),
    (r"is not a community, did you mean",
     top(bgp={"communities": ["no-export"]})),
    (r"is not a prime; the next one is", top(limits={"slots": 252})),
    (r"is not the name of a host", top(sni="192.0.2.1")),
    (r"is not a domain name", check("dns", name=".".join(["a" * 63] * 3
                                                         + ["a" * 62]))),
    (r"is not a range of status codes", top(expect="299-200")),
    (r"is not a regular expression", top(body_regex="(")),
    (r"must have 1 to (255|1024) bytes", top(body="\u20ac" * 1000)),
    (r"is longer than 1000 bytes",
     services(entry(description="\u20ac" * 1000))),
    (r"is longer than (107|1023) characters",
     top(control="/" + "\u20ac" * 99)),
    (r"is longer than 4095 bytes",
     check("exec", command=["/x", "\u20ac" * 4000])),
]

# Numbers have limits in the schema; of a time with its unit it only knows the
# form.
TIMES = [
    (r"is not in the range \S+ to \S+ seconds", top(stop_delay="2h")),
    (r"must be at least 1 second, or 0 to turn it off", top(dead_man="1ms")),
    (r"is neither 0, which means none, nor in the range 1 to 3600 seconds",
     top(slow_start="1ms")),
]

REASONS = RELATIONS + VALUES + TIMES
