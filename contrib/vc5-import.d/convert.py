# SPDX-License-Identifier: ISC
"""From VC5's configuration as a whole to vc5d.conf(5) and bgpd.conf(5)."""

import ipaddress
import re

from compiled import Compiled
from logs import Logs
from peers import Peers
from services import Services
from source import Map, Text

HOUR = 3600  # seconds: the longest time of vc5d.conf
FIRST_FORM = ("reals", "peers")  # of before 2022


class Argument(Text):
    """A value of the command line."""

    def __init__(self, name, text):
        super().__init__("the flag for " + name, 0, text)


class Converter:
    def __init__(self, report, options, meant, lost):
        self.report = report
        self.options = options
        self.meant = meant
        self.conf = {}
        self.bgpd = None
        for flag, why in lost:
            report.lost(None, "flag %s: no equivalent of %s" % (flag, why))

    def flag(self, name):
        text = self.meant.get(name)
        return None if text is None else Argument(name, text)

    def value(self, root, key, flag=None):
        """What the command line says, or else the file."""
        given, value = self.flag(flag or key), root.get(key)
        if given is not None and value is not None:
            self.report.changed(value, "the command line says something else, "
                                "which counts here")
        return given or value

    def convert(self, root):
        if any(key in root.entries for key in FIRST_FORM):
            self.report.refuse(root, "is of VC5's first form (with reals and "
                               "port): bring it into a later one first")
            return
        self.interfaces(root)
        self.native(root)
        self.vlans(root)
        self.webserver(root)
        self.logging(root)
        self.bgp(root)
        self.sync(root)
        self.flows()
        self.conf["priority"] = "critical"  # VC5's default
        self.services(root)
        self.others(root)
        for value in root.unused():
            self.report.lost(value, "is no key that VC5 is known to have: "
                             "nothing was made of it")

    # The parts, in the order of vc5d.conf(5).

    def interfaces(self, root):
        value = root.get("interfaces")
        names = list(self.options.interface) or list(
            self.meant.get("interfaces", ()))
        if value is not None:
            found = [self.report.text(item)
                     for item in self.report.items_of(value)]
            if names and names != found:
                self.report.changed(value, "the command line has others")
            names = names or found
        if not names:
            self.report.refuse(root, "VC5 gets its interfaces by the command "
                               "line: give them by -i, or the whole of it "
                               "after --")
        self.conf["interfaces"] = names

    def native(self, root):
        value = root.get("native")
        native = value is not None and self.report.boolean(value)
        if native or "native" in self.meant:
            self.conf["xdp"] = "native"
        elif value is not None:
            self.conf["xdp"] = "generic"
        value = root.get("untagged")
        if value is not None and self.report.boolean(value):
            self.report.changed(value, "packets without tags need no key here")

    def vlans(self, root):
        found = {}
        for key in ("vlans", "vlans6"):
            source = root.get(key)
            if source is None or self.report.expect(source, Map) is None:
                continue
            for name in source.keys():
                value = source.get(name)
                if value is not None:
                    self.vlan(found, name, value)
        if found:
            self.conf["vlans"] = {
                name: prefixes[0] if len(prefixes) == 1 else prefixes
                for name, prefixes in sorted(found.items(),
                                             key=lambda item: int(item[0]))}

    def vlan(self, found, name, value):
        if not re.fullmatch(r"[1-9][0-9]{0,3}", name) or int(name) > 4094:
            self.report.refuse(value, "is no VLAN ID in the range 1 to 4094")
            return
        for item in self.report.items_of(value):
            text = self.report.text(item)
            try:
                network = ipaddress.ip_interface(text or "")
            except ValueError:
                self.report.refuse(item, "is no prefix")
                continue
            found.setdefault(name, []).append(str(network.network))
            if network.ip != network.network.network_address:
                self.report.changed(item, "the host's routes say by which "
                                    "gateway tunnels go: only the network is "
                                    "written")

    def webserver(self, root):
        value = self.value(root, "webserver")
        text = ":80" if value is None else self.report.text(value)
        host = "" if text is None else text.rpartition(":")[0].strip("[]")
        if value is not None and text == "":
            self.conf["webserver"] = False
        elif host == "localhost" or is_loopback(host):
            self.conf["webserver"] = text.replace("localhost", "127.0.0.1")
        elif value is None:
            self.report.changed(root, "VC5's console is at port 80, for "
                                "everybody; vc5d's at 127.0.0.1:9353: see "
                                "webserver in vc5d.conf(5)")
        else:
            self.report.todo(value, "what others can reach is not served to "
                             "everybody: see webserver in vc5d.conf(5); until "
                             "then it is at 127.0.0.1:9353")
        value = root.get("webroot")
        if value is not None:
            self.report.lost(value, "the web console is built in")

    def logging(self, root):
        found = Logs(self.report).convert(root.get("logging"))
        if found:
            self.conf["logging"] = found

    # Announcing.

    def bgp(self, root):
        peers = Peers(self.report, self.options)
        peers.named_prefixes(root)
        name = "bgp" if "bgp" in root.entries else "rhi"
        source = root.get(name)
        compiled = isinstance(source, Map) and self.is_compiled(root)
        if compiled and name == "bgp":
            peers.read_compiled(source)
        elif source is not None:
            peers.read(source)
        peers.list_unused()
        loopback = self.flag("loopback")
        if loopback is not None:
            number = self.report.number(loopback, 1, 65535)
            peers.use_loopback(number or 1, "multiprotocol" in self.meant)
            self.report.todo(None, "bgpd and the BGP speaker that VC5 talked "
                             "to are on one host: give one of them another "
                             "port than 179, or have bgpd talk to the routers")
        self.bgp_keys(root, source if not compiled or name == "rhi" else None)
        if not peers.peers:
            return
        self.conf["bgp"] = peers.common_attributes()
        self.bgpd = peers.fragment(self.router_id(root))
        learn = self.learn(root, source if not compiled else None)
        if learn:
            self.conf["bgp"]["learn"] = learn

    def bgp_keys(self, root, source):
        """"listen", which is in bgp or beside it."""
        for value in (root.get("listen"), source.get("listen")
                      if isinstance(source, Map) else None):
            if value is not None and self.report.boolean(value):
                self.report.changed(value, "bgpd(8) listens by itself")

    def router_id(self, root):
        value = self.value(root, "address")
        text = None if value is None else self.report.address(value)
        if text is None and self.options.router_id is None:
            self.report.todo(None, "bgpd.conf has no router-id (option -r): "
                             "bgpd takes the highest address of the host")
        return self.options.router_id or text

    def learn(self, root, source):
        for value in (self.flag("learn"), source.get("learn")
                      if isinstance(source, Map) else None,
                      root.get("learn")):
            if value is None:
                continue
            learn = self.report.number(value, 0, 2 ** 31)
            if learn is not None and learn > HOUR:
                self.report.changed(value, "is an hour here, at most")
            return None if learn is None else min(learn, HOUR)
        return None

    def sync(self, root):
        value = self.value(root, "multicast")
        if value is None:
            return
        text = self.report.text(value)
        host, _, port = (text or "").rpartition(":")
        address = self.report.address(value, host.strip("[]"))
        if address is None or not re.fullmatch(r"[1-9][0-9]{0,4}", port):
            self.report.refuse(value, "is no ADDRESS:PORT")
            return
        interface = self.options.sync_interface or (
            self.conf["interfaces"] or [""])[0]
        self.conf["sync"] = {"interface": interface,
                             "key": self.options.sync_key,
                             "group": address, "port": int(port)}
        self.report.todo(value, "make the key that all instances share, %s "
                         "(see vc5d.conf(5)), and see that %s is the interface "
                         "by which they reach each other (options -k, -s); VC5 "
                         "and vc5d don't understand each other"
                         % (self.options.sync_key, interface))
        learn = self.conf.get("bgp", {}).get("learn")
        if learn:
            self.conf["sync"]["learn"] = learn
        value = self.value(root, "host_id", "instance")
        if value is not None:
            name = re.sub(r"[^A-Za-z0-9_.-]", "-", self.report.text(value)
                          or "")[:63]
            self.conf["sync"]["instance"] = name or "vc5"

    def flows(self):
        value = self.flag("flows")
        number = 0 if value is None else self.report.number(value, 0, 2 ** 28)
        if number:
            flows = 1024
            while flows < number:
                flows *= 2
            self.conf["limits"] = {"flows": flows}
            self.report.changed(value, "was for each processor; the table "
                                "here is one for all: %d entries" % flows)

    # Services.

    def is_compiled(self, root):
        return isinstance(root.entries.get("services"), Map) or \
            "vips" in root.entries

    def services(self, root):
        kind = Compiled if self.is_compiled(root) else Services
        found = kind(self.report, root)
        self.scheduler(root)
        self.tunnel()
        if "vips" in root.entries:
            found.convert_vips(root.get("vips"))
        elif root.get("services") is not None:
            found.convert(root.get("services"))
        else:
            self.report.refuse(root, "has no services")
        if found.lists:
            self.conf["servers"] = dict(found.lists.values())
        self.policies(root)
        self.conf["services"] = found.entries
        self.limits(found.entries)

    def policies(self, root):
        """Named policies that nobody refers to."""
        value = root.get("policy")
        if isinstance(value, Map):
            for name in value.keys():
                if name not in value.used:
                    self.report.lost(value.get(name), "no service has this "
                                     "policy")
                    value.entries[name].take()

    def scheduler(self, root):
        value = root.get("scheduler")
        text = None if value is None else self.report.text(value)
        if text not in (None, "maglev"):
            self.report.lost(value, "servers are picked by maglev or "
                             "rendezvous hashing")

    def tunnel(self):
        value = self.flag("tunnel")
        kind = None if value is None else self.report.word(
            value, ("none", "ipip", "gre", "fou", "gue"))
        if kind not in (None, "none"):
            self.conf["delivery"] = kind

    def limits(self, entries):
        """VC5 has none of these."""
        services = destinations = 0
        for entry in entries:
            servers = entry["servers"]
            if isinstance(servers, str):
                servers = self.conf.get("servers", {}).get(servers, [])
            ports = sum(2 if key == "domain" else 1 for key in entry["policy"])
            virtual = entry["virtual"]
            ports *= len(virtual) if isinstance(virtual, list) else 1
            services += ports
            destinations += ports * len(servers or ())
        for key, count, usual in (("services", services, 256),
                                  ("destinations", destinations, 4096)):
            if count > usual:
                limits = self.conf.setdefault("limits", {})
                limits[key] = min(2 * count, 65535)

    def others(self, root):
        value = root.get("defcon")
        if value is not None:
            self.report.number(value, 1, 5)
            self.report.lost(value, "orders of vc5ctl(8) take servers and VIPs "
                             "out")
        value = self.flag("instance") or root.get("host_id")
        if value is not None and "sync" not in self.conf:
            self.report.lost(value, "the host's name is in the log")
        for key in ("learn", "address", "listen"):
            value = root.get(key)
            if value is not None and self.bgpd is None:
                self.report.changed(value, "nothing is announced")


def is_loopback(text):
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
