# SPDX-License-Identifier: ISC
"""VC5's BGP peers: what bgpd.conf(5) has to say of them.

VC5 speaks BGP itself; vc5d(8) has OpenBGPD do that.  What all peers are told in
the same way goes into vc5d.conf(5), what differs between them is a filter rule
of bgpd's.
"""

import ipaddress
import re

from source import List, Map

HOLD_TIME = 10         # seconds; what VC5 takes in place of less than 3
LOOPBACK_HOLD_TIME = 4  # that of its peer on the same host
UINT32 = 2 ** 32 - 1
NUMBERS = {"as_number": (1, 65535), "hold_time": (0, 65535),
           "med": (0, UINT32), "local_pref": (0, UINT32)}
ADDRESSES = ("source_ip", "next_hop_4", "next_hop_6")
ATTRIBUTES = ("communities", "med", "local_pref")


class Peers:
    def __init__(self, report, options):
        self.report = report
        self.options = options
        self.prefixes = {}  # named lists
        self.unused = {}    # those that nobody has named yet
        self.peers = {}     # address -> parameters

    # Reading.

    def named_prefixes(self, root):
        lists = root.get("prefixes")
        if lists is None or self.report.expect(lists, Map) is None:
            return
        for name in lists.keys():
            value = lists.get(name)
            if value is not None:
                self.prefixes[name] = [
                    found for item in self.report.items_of(value)
                    for found in self.prefix(item)]
                self.unused[name] = value

    def prefix(self, value):
        text = self.report.text(value)
        if text is None:
            return []
        if text == "any":
            return ["0.0.0.0/0"]
        if text in self.prefixes:
            self.unused.pop(text, None)
            return self.prefixes[text]
        # 192.168.102/24 is written, too.
        found = re.fullmatch(r"([0-9.]+)/([0-9]+)", text)
        if found and found.group(1).count(".") < 3:
            text = ".".join((found.group(1).split(".") + ["0"] * 3)[:4]) \
                + "/" + found.group(2)
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            self.report.refuse(value, "is no prefix, nor the name of a list")
            return []
        return [str(network)]

    def parameters(self, source, inherited):
        """What is said of one peer or several."""
        out = dict(inherited)
        for key, (low, high) in NUMBERS.items():
            value = source.get(key)
            if value is not None:
                out[key] = self.report.number(value, low, high)
        for key in ADDRESSES:
            value = source.get(key)
            if value is not None:
                out[key] = self.report.address(value)
        value = source.get("communities")
        if value is not None:
            out["communities"] = [
                text for text in map(self.community,
                                     self.report.items_of(value)) if text]
        for key in ("accept", "reject"):
            value = source.get(key)
            if value is not None:
                out[key] = [found for item in self.report.items_of(value)
                            for found in self.prefix(item)]
        value = source.get("multiprotocol")
        if value is not None:
            out["multiprotocol"] = self.report.boolean(value)
        return out

    def community(self, value):
        text = self.report.text(value)
        found = re.fullmatch(r"([0-9]{1,5}):([0-9]{1,5})", text or "")
        if found and max(map(int, found.groups())) <= 65535:
            return "%d:%d" % tuple(map(int, found.groups()))
        if text is not None:
            self.report.refuse(value, "is no community: two numbers to 65535 "
                               "and a colon")
        return None

    def read(self, source):
        """The "bgp" of YAML, with peers and groups."""
        if self.report.expect(source, Map) is None:
            return
        above = self.parameters(source, {"multiprotocol": True})
        self.add(source, source, above)
        groups = source.get("groups")
        if groups is None or self.report.expect(groups, List) is None:
            return
        for group in groups.items:
            if self.report.expect(group, Map) is None:
                continue
            out = self.parameters(group, above)
            name = group.get("name")
            if name is not None:
                out["name"] = self.report.text(name)
            self.add(source, group, out)

    def add(self, source, group, parameters):
        peers = group.get("peers")
        for value in self.report.items_of(peers) if peers is not None else ():
            address = self.report.address(value)
            if address is not None:
                self.add_peer(value, address, parameters)

    def add_peer(self, value, address, parameters):
        if not parameters.get("as_number"):
            self.report.refuse(value, "has no as_number, in VC5 neither")
        elif address in self.peers:
            self.report.refuse(value, "is a peer already, of which VC5 takes "
                               "the last without a word")
        else:
            self.peers[address] = dict(parameters, value=value)

    def read_compiled(self, source):
        """The "bgp" of JSON: parameters by address."""
        if self.report.expect(source, Map) is None:
            return
        for text in source.keys():
            value = source.get(text)
            if value is None or self.report.expect(value, Map) is None:
                continue
            address = self.report.address(value, text)
            if address is not None:
                self.add_peer(value, address, self.parameters(value, {}))

    def list_unused(self):
        for value in self.unused.values():
            self.report.lost(value, "no peer accepts or rejects these")

    def use_loopback(self, number, multiprotocol):
        """The flag -A: another speaker on this host, instead of all peers."""
        for peer in self.peers.values():
            self.report.lost(peer["value"], "VC5's flag -A has no other peers "
                             "than this host's own BGP")
        self.peers = {"127.0.0.1": {
            "as_number": number, "hold_time": LOOPBACK_HOLD_TIME,
            "multiprotocol": multiprotocol, "value": None}}

    # Writing.

    def common_attributes(self):
        """Those that all peers are told, for vc5d.conf."""
        found = [{key: peer.get(key) for key in ATTRIBUTES}
                 for peer in self.peers.values()]
        if not found or any(other != found[0] for other in found):
            return {}
        # 0 is what Go has where nothing is given.
        return {key: value for key, value in found[0].items() if value}

    def fragment(self, router_id):
        """The lines of a bgpd.conf."""
        common = self.common_attributes()
        numbers = [peer["as_number"] for peer in self.peers.values()]
        own = max(set(numbers), key=numbers.count)
        lines = ["# Of VC5's peers, by vc5-import.  Check it by bgpd -n, and "
                 "see the",
                 "# bgpd.conf among vc5d's examples for passwords and more.",
                 "", "AS %d" % own]
        lines += ["router-id %s" % router_id] if router_id else []
        lines += ["fib-update no", ""]
        for address in self.sorted():
            lines += self.neighbor(address, self.peers[address], own)
        lines += ["", "# Nothing in; VIPs out.", "deny from any", "deny to any"]
        for address in self.sorted():
            lines += self.filters(address, self.peers[address], common)
        return lines

    def sorted(self):
        return sorted(self.peers, key=lambda text: (
            ipaddress.ip_address(text).version, ipaddress.ip_address(text)))

    def remote_as(self, address, peer):
        number = self.options.peer_as.get(address,
                                          self.options.peer_as.get(None))
        if number is not None:
            return number
        self.report.todo(peer["value"], "VC5 doesn't say which AS the peer %s "
                         "is in: its own, %d, was written (option -a)"
                         % (address, peer["as_number"]))
        return peer["as_number"]

    def neighbor(self, address, peer, own):
        name = re.sub(r"[^A-Za-z0-9 _.-]", "-", peer.get("name") or "")[:31]
        hold = peer.get("hold_time") or 0
        lines = ["neighbor %s {" % address]
        lines += ['\tdescr "%s"' % name] if name else []
        lines += ["\tremote-as %d" % self.remote_as(address, peer)]
        if peer["as_number"] != own:
            lines.append("\tlocal-as %d" % peer["as_number"])
        lines.append("\tholdtime %d" % (hold if hold >= 3 else HOLD_TIME))
        lines.append("\tholdtime min 3")
        if peer.get("source_ip"):
            lines.append("\tlocal-address %s" % peer["source_ip"])
        lines.append("\tannounce IPv4 unicast")
        if peer.get("multiprotocol") or ":" in address:
            lines.append("\tannounce IPv6 unicast")
        return lines + ["}"]

    def filters(self, address, peer, common):
        # VC5: what is accepted is; else what is rejected isn't; the rest is.
        # bgpd: the last rule counts.
        lines = ["", "allow to %s" % address]
        for key, action in (("reject", "deny"), ("accept", "allow")):
            lines += ["%s to %s prefix %s or-longer" % (action, address, found)
                      for found in peer.get(key) or ()]
        sets = self.sets(peer) if not common else []
        if sets:
            lines.append("match to %s set { %s }" % (address, ", ".join(sets)))
        for key, family in (("next_hop_4", "0.0.0.0/0"),
                            ("next_hop_6", "::/0")):
            if peer.get(key):
                lines.append("match to %s prefix %s or-longer set nexthop %s"
                             % (address, family, peer[key]))
        return lines

    def sets(self, peer):
        sets = ["community %s" % text for text in peer.get("communities")
                or ()]
        sets += ["med %d" % peer["med"]] if peer.get("med") else []
        sets += (["localpref %d" % peer["local_pref"]]
                 if peer.get("local_pref") else [])
        return sets
