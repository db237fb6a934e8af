# SPDX-License-Identifier: ISC
"""VC5's services as its converter writes them, in JSON.

Each VIP and port is a service there; those that have everything in common are
made one entry again.  The older form has them by VIP ("vips").
"""

import json
import re

import checks
from services import Services
from source import Map, Text

KINDS = ("http", "https", "tcp", "syn", "dns")  # the order is VC5's


def key_of(port, protocol):
    return "%d/udp" % port if protocol == "udp" else str(port)


class Compiled(Services):
    def convert(self, services):
        self.groups = {}  # text of what they have in common -> that, by VIP
        if self.report.expect(services, Map) is None:
            return
        for key in services.keys():
            found = re.fullmatch(r"(.+):([0-9]{1,5}):(tcp|udp)", key)
            value = services.get(key)
            if value is None:
                continue
            if found is None:
                self.report.refuse(value, "is no ADDRESS:PORT:PROTOCOL")
                continue
            vip = self.report.address(value, found.group(1))
            if vip is not None and self.report.expect(value, Map):
                self.service(value, vip, int(found.group(2)), found.group(3))
        self.make_entries()

    def convert_vips(self, vips):
        """{VIP: {"tcp:80": {...}}}"""
        self.groups = {}
        if self.report.expect(vips, Map) is None:
            return
        for text in vips.keys():
            ports = vips.get(text)
            if ports is None or self.report.expect(ports, Map) is None:
                continue
            vip = self.report.address(ports, text)
            for key in ports.keys():
                found = re.fullmatch(r"(tcp|udp):([0-9]{1,5})", key)
                value = ports.get(key)
                if found is None or self.report.expect(value, Map) is None:
                    self.report.refuse(ports.entries[key],
                                       "is no PROTOCOL:PORT")
                elif vip is not None:
                    self.service(value, vip, int(found.group(2)),
                                 found.group(1))
        self.make_entries()

    def service(self, source, vip, port, protocol):
        common, out = {}, {}
        if not 1 <= port <= 65535:
            self.report.refuse(source, "is no port in the range 1 to 65535")
            return
        self.name_keys(source, common)
        if "name" not in common:
            common["name"] = vip.replace(":", "-")
            self.report.changed(source, "has no name: is called %s here"
                                % common["name"])
        self.reals(source, port, common, out)
        out["need"] = 0  # what is not there is 0 in VC5
        self.scope(source, out, len(common.get("servers", ())))
        disabled = source.get("disabled")
        if "servers" not in common:
            return
        if disabled is not None and self.report.boolean(disabled):
            self.disabled.add(vip)
            self.report.lost(source, "a VIP that is disabled is left out")
        group = json.dumps(common, sort_keys=True)
        _, vips = self.groups.setdefault(group, (common, {}))
        vips.setdefault(vip, {})[key_of(port, protocol)] = out

    # Servers, and their checks, which are the same for all of a service.

    def reals(self, source, port, common, out):
        reals = source.get("reals") or source.get("rips")
        if reals is None:
            self.report.lost(source, "has no servers: it is left out")
            return
        if self.report.expect(reals, Map) is None:
            return
        servers, found = [], []
        for key in reals.keys():
            value = reals.get(key)
            if value is not None and self.report.expect(value, Map) is None:
                continue
            self.real(source, reals, key, port, servers, found)
        local = source.get("local")
        if local is not None:
            local.take()
            self.report.lost(local, "the balancer itself is never a server")
        if not servers or None in servers:
            return
        common["servers"] = servers
        out["checks"] = self.same_checks(reals, found)

    def real(self, source, reals, key, port, servers, found):
        address, _, bound = key.rpartition(":")
        value = reals.get(key)
        if source.get("rips") is not None:
            address, bound = key, str(port)
        address = self.report.address(reals.entries[key], address)
        if address is None:
            return
        if bound != str(port):
            if None not in servers:
                self.report.lost(source, "packets reach the servers at "
                                 "the port that they are for, which is %d: it "
                                 "is left out" % port)
            servers.append(None)
            reals.take()
            return
        servers.append(self.server_keys(value, address))
        found.append(self.checks_of(value))

    def server_keys(self, value, address):
        disabled = value.get("disabled") if value is not None else None
        weight = value.get("weight") if value is not None else None
        draining = bool(disabled is not None and self.report.boolean(disabled))
        number = 1 if weight is None else self.report.number(weight, 0, 255)
        if number == 1 or draining and number == 0:
            return address + "*" * draining
        out = {"address": address, "weight": number}
        return dict(out, draining=True) if draining else out

    def checks_of(self, value):
        given = value.get("checks") if value is not None else None
        if given is not None:
            return checks.checks(self.report, given) or []
        found = []
        for kind in KINDS if value is not None else ():
            items = value.get(kind)
            for item in self.report.items_of(items) if items else ():
                if self.report.expect(item, Map) is not None:
                    item.entries.setdefault("type", type_of(item, kind))
                    found.append(checks.check(self.report, item))
        return found

    def same_checks(self, reals, found):
        for i, other in enumerate(found):
            if other != found[0]:
                value = list(reals.entries.values())[i]
                self.report.lost(value, "has other checks than the first "
                                 "server of the service, whose count for all")
        return found[0]

    def make_entries(self):
        for common, vips in self.groups.values():
            merged = {}  # the same ports with the same keys
            for vip, policy in vips.items():
                text = json.dumps(policy, sort_keys=True)
                merged.setdefault(text, (policy, []))[1].append(vip)
            for policy, same in merged.values():
                servers = common["servers"]
                entry = {key: common[key] for key in ("name", "description")
                         if key in common}
                entry.update(virtual=same, servers=servers, policy=policy)
                if self.without_disabled(entry):
                    self.entries.append(entry)


def type_of(item, kind):
    return Text(item.path, item.line, kind)
