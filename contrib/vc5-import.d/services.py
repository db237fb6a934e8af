# SPDX-License-Identifier: ISC
"""VC5's services as people write them, in YAML: a list of entries."""

import re

import checks
from source import Empty, List, Map, Text

# Names of ports: number, what VC5 checks them by, and the name here if any.
NAMES = {
    "http": (80, "http", "http"), "https": (443, "https", "https"),
    "domain": (53, "dns", "domain"), "dns": (53, "dns", "domain"),
    "ftp": (21, "syn", None), "ssh": (22, "syn", "ssh"),
    "telnet": (23, "syn", None), "smtp": (25, "syn", "smtp"),
    "pop2": (109, "syn", None), "pop3": (110, "syn", "pop3"),
    "imap": (143, "syn", "imap"), "imaps": (993, "syn", "imaps"),
}
APPLICATIONS = ("http", "https", "domain")
PRIORITIES = ("critical", "high", "medium", "low")
TUNNELS = ("none", "ipip", "gre", "fou", "gue")
NAME = r"[A-Za-z0-9_.-]{1,63}"

# Keys of VC5's other data planes, or of older versions, and what is said.
FOREIGN = {
    "persist": "servers are picked by hash: see sticky",
    "reset": "the connections of a server that is down go to others at once, "
             "which reset them",
    "leastconns": "servers are picked by hash",
    "fallback": "the balancer itself is never a server",
    "predictor": "servers are picked by hash",
}


def finished(entry, policy):
    """As vc5d.conf(5) has it, its name first."""
    out = {key: entry[key] for key in ("name", "description") if key in entry}
    out.update(entry, policy=policy)
    del out["place"]
    return out


class Port:
    """What a key of "policy" stands for."""

    def __init__(self, port, protocols, kind, name):
        self.port = port
        self.protocols = protocols  # of "tcp" and "udp"
        self.kind = kind            # of the usual check, or None
        self.name = name            # its key here; None: by its number

    def keys(self):
        """(key, protocols) here: one, or one of each protocol."""
        if self.name is not None:
            return [(self.name, self.protocols)]
        return [("%d/%s" % (self.port, protocol) if protocol == "udp" or
                 len(self.protocols) > 1 else str(self.port), (protocol,))
                for protocol in self.protocols]


def named_port(name, protocol):
    port, kind, ours = NAMES[name]
    if protocol is not None:
        ours = "%s/%s" % (ours, protocol) if ours else None
        if kind == "syn" and protocol == "udp":
            kind = None
        return Port(port, (protocol,), kind, ours)
    both = ("tcp", "udp") if name == "domain" else (
        ("udp",) if name == "dns" else ("tcp",))
    return Port(port, both, kind, "domain/udp" if name == "dns" else ours)


def port_of(key):
    """A key of "policy", without its asterisk; None if it is none."""
    number, _, rest = key.partition("/")
    if re.fullmatch(r"[1-9][0-9]{0,4}", number) and int(number) <= 65535:
        port = int(number)
        if rest in ("", "tcp"):
            return Port(port, ("tcp",), "syn", None)
        if rest == "udp":
            return Port(port, ("udp",), None, None)
        if rest in APPLICATIONS:
            protocols = ("tcp", "udp") if rest == "domain" else ("tcp",)
            return Port(port, protocols, NAMES[rest][1], None)
        return None
    if number in NAMES and rest in ("", "tcp", "udp"):
        return named_port(number, rest or None)
    return None


class Services:
    def __init__(self, report, root):
        self.report = report
        self.root = root
        self.lists = {}       # shared lists: name there -> name here, servers
        self.disabled = set()  # VIPs
        self.known = {}       # (vip, port, protocol) -> path
        self.entries = []

    def convert(self, services):
        if self.report.expect(services, List) is None:
            return
        self.shared_lists()
        for item in services.items:
            if self.report.expect(item, Map) is not None:
                self.entry(item)
        self.entries = [entry for entry, source in self.entries
                        if self.is_left(entry, source)]

    # Servers.

    def shared_lists(self):
        servers = self.root.get("servers")
        if servers is None or self.report.expect(servers, Map) is None:
            return
        for name in servers.keys():
            value = servers.get(name)
            ours = name if re.fullmatch(NAME, name) else re.sub(
                r"[^A-Za-z0-9_.-]", "-", name)[:63] or "servers"
            if value is None:
                continue
            if ours != name:
                self.report.changed(value, "is called %s here" % ours)
            self.lists[name] = (ours, self.server_list(value))

    def server_list(self, value):
        found = {}
        if isinstance(value, Map):
            # Older versions had labels for servers.
            for key in value.keys():
                label = value.get(key)
                if label is not None:
                    self.report.lost(label, "servers have no labels")
                self.server(value, key, found)
            return list(found.values())
        if self.report.expect(value, List) is None:
            return []
        for item in value.items:
            text = self.report.text(item)
            if text is not None:
                self.server(item, text, found)
        return list(found.values())

    def server(self, value, text, found):
        draining = text.endswith("*")
        address = self.report.address(value, text[:-1] if draining else text)
        if address is None:
            return
        if address in found:
            self.report.changed(value, "is in the list twice: the last one "
                                "counts, as in VC5")
        found[address] = address + "*" * draining

    def servers_of(self, entry):
        """What the entry's key becomes, and how many there are."""
        value = entry.get("servers")
        if value is None:
            self.report.refuse(entry, "has no servers")
            return None, 0
        if isinstance(value, Text):
            if value.text not in self.lists:
                self.report.refuse(value, "there is no such list in servers")
                return None, 0
            name, servers = self.lists[value.text]
            return name, len(servers)
        servers = self.server_list(value)
        return servers, len(servers)

    # Entries.

    def virtuals(self, entry):
        found = []
        value = entry.get("virtual") or entry.get("address")
        if value is None:
            self.report.refuse(entry, "has no virtual")
            return found
        for item in self.report.items_of(value):
            text = self.report.text(item)
            if text is None:
                continue
            address = self.report.address(item, text.rstrip("*"))
            if address is None:
                continue
            if text.endswith("*"):
                self.disabled.add(address)
                self.report.lost(item, "a VIP that is disabled is left out: "
                                 "put it in when it is to be announced, or "
                                 "withdraw it with vc5ctl(8)")
            if address not in found:
                found.append(address)
        return found

    def is_left(self, entry, source):
        if self.without_disabled(entry):
            return True
        self.report.lost(source, "all of its VIPs are disabled: it is left "
                         "out")
        return False

    def without_disabled(self, entry):
        left = [vip for vip in entry["virtual"] if vip not in self.disabled]
        entry["virtual"] = left[0] if len(left) == 1 else left
        return left != []

    def entry(self, source):
        out = {"place": source.path}
        self.name_keys(source, out)
        out["virtual"] = self.virtuals(source)
        out["servers"], count = self.servers_of(source)
        self.scope(source, out, count)
        policy = self.policy_of(source)
        if out["virtual"] and "name" not in out:
            out["name"] = out["virtual"][0].replace(":", "-")
            self.report.changed(source, "has no name: is called %s here"
                                % out["name"])
        own, split = {}, []
        for key in policy.keys() if policy is not None else ():
            self.policy(out, policy, key, count, own, split)
        if policy is not None and not own and not split:
            self.report.lost(source, "nothing of it is left")
        if own:
            self.entries.append((finished(out, own), source))
        for names, ports in split:
            self.entries.append((finished(dict(out, **names), ports), source))

    def name_keys(self, source, out):
        for key in ("name", "description"):
            value = source.get(key)
            if value is None:
                continue
            text = self.report.text(value)
            if text is None:
                continue
            if key == "name" and not re.fullmatch(NAME, text):
                self.report.refuse(value, "is no name, in VC5 neither")
            elif key == "description":
                text = self.description(value, text)
            out[key] = text

    def description(self, value, text):
        plain = "".join(c if ord(c) >= 32 and ord(c) != 127 else " "
                        for c in text)
        short = plain.encode()[:1000].decode("utf-8", "ignore")
        if short != text:
            self.report.changed(value, "is one line of at most 1000 bytes "
                                "here")
        return short

    def policy_of(self, entry):
        value = entry.get("policy")
        if value is None:
            # As of an older version, which had these two.
            self.report.refuse(entry, "has no policy")
            return None
        if isinstance(value, Map):
            return value
        name = self.report.text(value)
        policies = self.root.get("policy")
        if name is None:
            return None
        found = policies.get(name) if isinstance(policies, Map) else None
        if not isinstance(found, Map):
            self.report.refuse(value, "there is no such policy")
            return None
        return found

    # Ports.

    def policy(self, entry, policy, key, count, own, split):
        value = policy.entries[key]
        policy.used.add(key)
        port = port_of(key[:-1] if key.endswith("*") else key)
        if port is None:
            self.report.refuse(value, "is no port that VC5 knows")
            return
        if isinstance(value, Text):
            self.bind(value, value, port)
            return
        if not isinstance(value, (Map, Empty)):
            self.report.expect(value, Map)
            return
        out, names = {}, {}
        if isinstance(value, Map):
            self.name_keys(value, names)
            self.scope(value, out, count)
            bind = value.get("bind")
            if bind is not None and not self.bind(value, bind, port):
                return
        self.checks(value, port, key.endswith("*"), out)
        ports = self.ports(value, entry, port, out)
        if names:
            split.append((names, ports))
        else:
            own.update(ports)

    def bind(self, value, bind, port):
        """Servers get what is for a port at that port, or not at all."""
        number = self.report.number(bind, 1, 65535)
        if number is not None and number != port.port:
            self.report.lost(bind, "packets reach the servers at the port "
                             "that they are for, which is %d: it is left out"
                             % port.port)
            value.take()
        elif number is not None and value is bind:
            self.report.lost(bind, "write the port as a mapping, or with "
                             "nothing behind it: it is left out")
        return number == port.port

    def checks(self, value, port, none, out):
        given = value.get("checks") if isinstance(value, Map) else None
        found = checks.checks(self.report, given) if given else None
        if none:
            if found:
                self.report.lost(given, "a port with an asterisk has no "
                                 "checks, in VC5 neither")
            out["checks"] = []
        elif found is not None:
            out["checks"] = found
        elif port.kind is None:
            out["checks"] = []
        elif port.name is None or port.kind == "syn":
            usual = {"type": port.kind}
            if port.kind == "dns":
                usual["rcode"] = "any"
            out["checks"] = [usual]

    def ports(self, value, entry, port, out):
        """Keys of "policy" here; each service may be there once only."""
        for vip in entry["virtual"]:
            for protocol in port.protocols:
                place = entry["place"], value.path
                known = self.known.setdefault((vip, port.port, protocol),
                                              place)
                if known != place:
                    self.report.refuse(
                        value, "%s port %d/%s is at %s already, of which VC5 "
                        "takes one without a word" % (
                            vip, port.port, protocol, " of ".join(
                                reversed(known))))
        return {key: out for key, _ in port.keys()}

    # Keys of entries and ports.

    def scope(self, source, out, count):
        report = self.report
        need = source.get("need")
        if need is not None:
            out["need"] = self.need(need, count)
        for key, read in (("priority", self.priority),
                          ("sticky", report.boolean)):
            value = source.get(key)
            if value is not None:
                out[key] = read(value)
        self.scheduler(source.get("scheduler"), out)
        checks.http_keys(report, source, out)
        self.delivery(source, out)
        for key, why in FOREIGN.items():
            value = source.get(key)
            if value is not None and getattr(value, "text", "") not in (
                    "false", "0"):
                report.lost(value, why)

    def need(self, value, count):
        need = self.report.number(value, 0, 255)
        if need is not None and need > count > 0:
            self.report.changed(value, "there are %d servers, all of which "
                                "are needed here: in VC5 it is never up"
                                % count)
            return count
        return need

    def priority(self, value):
        return self.report.word(value, PRIORITIES)

    def scheduler(self, value, out):
        text = None if value is None else self.report.text(value)
        if text == "maglev":
            out["scheduler"] = text
        elif text:
            self.report.lost(value, "servers are picked by maglev or "
                             "rendezvous hashing")

    def delivery(self, source, out):
        report = self.report
        kind = source.get("tunnel-type")
        kind = None if kind is None else report.word(kind, TUNNELS)
        more = {}
        for key, ours in (("tunnel-port", "port"),
                          ("tunnel-no-checksum", "checksum")):
            value = source.get(key)
            if value is None:
                continue
            if kind not in ("fou", "gue"):
                report.lost(value, "is of effect with fou and gue only, in "
                            "VC5 as well")
            elif ours == "port":
                more["port"] = report.number(value, 1, 65535)
            else:
                more["checksum"] = not report.boolean(value)
        if kind in ("fou", "gue") and "port" not in more:
            report.todo(source, "has no tunnel-port: see that servers receive "
                        "%s at UDP port %d" % (kind,
                                               {"fou": 5555, "gue": 6080}[kind]))
        if kind is not None:
            kind = "layer2" if kind == "none" else kind
            out["delivery"] = dict({"type": kind}, **more) if more else kind
