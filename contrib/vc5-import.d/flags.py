# SPDX-License-Identifier: ISC
"""The command line that VC5 was started with.

It has been changed again and again; what is read here is the last form and,
as far as they don't contradict it, those before: flags, then the address, the
file and the interfaces, the first two in either order.
"""

import ipaddress

# Flag: whether it has an argument, and what it means here; the table of
# vc5-import(1) has the same.
FLAGS = {
    "A": (True, "loopback"),
    "C": (True, "a command channel: vc5ctl(8) talks to vc5d"),
    "D": (True, "a delay between interfaces: a bond is attached to as a whole "
          "or member by member, without losing its links"),
    "F": (True, "flows"),
    "H": (False, "an end if a configuration can't be applied: vc5d refuses "
          "it, and goes on with the one before"),
    "I": (True, "instance"),
    "M": (False, "multiprotocol"),
    "N": (False, "metrics without names"),
    "P": (True, "for its own use"),
    "S": (True, "for its own use"),
    "a": (True, "address"),
    "b": (False, "a listener on port 179: bgpd(8) listens by itself"),
    "c": (False, "closing of idle connections: each check has its own"),
    "d": (True, "a readiness level: orders of vc5ctl(8) take servers and VIPs "
          "out"),
    "i": (True, "instance"),
    "k": (True, "an end after some minutes"),
    "l": (True, "learn"),
    "m": (True, "multicast"),
    "n": (False, "native"),
    "r": (True, "other files for the web console: it is built in"),
    "s": (True, "for its own use"),
    "test": (False, "a test mode: vc5d -d -v logs more"),
    "timeout": (True, "an end after some minutes"),
    "toobig": (False, "nothing, in VC5 neither"),
    "tunnel": (True, "tunnel"),
    "w": (True, "webserver"),
}
# Those that become something.
MEANT = ("loopback", "flows", "instance", "multiprotocol", "address", "learn",
         "multicast", "native", "tunnel", "webserver")


class Wrong(Exception):
    """Not a command line of VC5's."""


def is_address(text):
    try:
        ipaddress.IPv4Address(text)
        return True
    except ValueError:
        return False


def parse(arguments):
    """({meaning: text}, [lost]): what is meant, and what is lost."""
    meant, lost = {}, []
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = word.lstrip("-").partition("=")
        if name not in FLAGS:
            raise Wrong("VC5 has no flag %s" % word)
        with_argument, meaning = FLAGS[name]
        if with_argument and not equals:
            if not rest:
                raise Wrong("flag %s needs an argument" % word)
            value = rest.pop(0)
        if meaning in MEANT:
            meant[meaning] = value if with_argument or equals else "true"
        else:
            lost.append((word, meaning))
    addresses = [text for text in rest[:2] if is_address(text)]
    if addresses:
        rest.remove(addresses[0])
        meant["address"] = addresses[0]
    # The file is the one that is read; what remains is interfaces.
    meant["interfaces"] = rest[1:]
    return meant, lost
