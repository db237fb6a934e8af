#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What it costs to keep flows in sync: for contrib/bench sync.

Two instances of the sync adapter, each with an XDP data plane of its own, in
two network namespaces.  The first has so many flows; the second joins and
asks for all of them.  Then packets come for every flow each second at the
first one, for a while: a process beside it stamps their entries as packets
would.  Bytes are those of IP packets; CPU time is that of the process, all of
it, with the data plane's own second.
"""

import argparse
import json
import os
import sys
import time

import harness
import sync_lab
from sync_lab import wait

FAST = 10 ** 10  # bits a second: as good as no cap


def joined(one, two, flows):
    """The second has got them all: seconds that it took."""
    if not wait(lambda: two.logged(r"lb1 told \d+ flows in"), 120):
        sys.exit("bench: no bulk transfer:\n" + two.log())
    # Each has a hash key of its own, so some find no place in one alone.
    sent, got = one.get("sent", "flows"), two.get("received", "flows")
    if got != sent or got < flows * 0.99:
        sys.exit(f"bench: {sent} flows were sent and {got} received")
    text = two.log().split(" flows in ")[1]
    return int(text.split(" ms")[0]) / 1000


def measure(drivers, seconds):
    """Mbit/s sent by the first, CPU share of each, flows told a second."""
    before = [json.loads(d.answer("usage")) for d in drivers]
    time.sleep(seconds)
    after = [json.loads(d.answer("usage")) for d in drivers]

    def rate(i, *keys):
        a, b = after[i], before[i]
        for key in keys:
            a, b = a[key], b[key]
        return (a - b) / (after[i]["now"] - before[i]["now"]) * 1000
    return {
        "seconds": seconds,
        "mbit": rate(0, "sent", "bytes") * 8 / 1e6,
        "flows": rate(0, "sent", "flows"),
        "sender_cpu": rate(0, "cpu") / 1e4,
        "receiver_cpu": rate(1, "cpu") / 1e4,
    }


def main():
    parser = argparse.ArgumentParser(prog="bench sync")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-n", "--flows", type=int, default=1000000)
    parser.add_argument("-e", "--entries", type=int, default=1 << 21,
                        help="of the flow table, a power of two")
    parser.add_argument("-s", "--seconds", type=int, default=120)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: must be run as root: it loads BPF programs")
    harness.skip_all = sys.exit
    sync_lab.TIMEOUT = 120
    sync_lab.Driver.program = "t/adapters/sync_bench"
    lab = sync_lab.Lab(2)
    settings = {"bandwidth": FAST, "capacity": options.entries,
                "timer": 1000}
    one = sync_lab.Driver(lab, 1, **settings)
    if not wait(lambda: not one.get("learning")):
        sys.exit("bench: it does not start:\n" + one.log())
    one.tell(f"packets 0 {options.flows}")
    one.tell("touch")
    two = sync_lab.Driver(lab, 2, **settings)
    result = {"bulk_seconds": joined(one, two, options.flows)}
    for driver in (one, two):
        driver.answer("set bandwidth=20000000")
    result["live_flows"] = two.get("learnt", "new")
    result |= measure((one, two), options.seconds)
    result["lost"] = two.peer(1, "lost")
    lab.stop()
    if options.json:
        print(json.dumps(result))
        return
    print("%d flows, %d of them placed, in %d entries" %
          (options.flows, result["live_flows"], options.entries))
    print("bulk transfer           %8.2f s" % result["bulk_seconds"])
    print("kept in sync for        %8d s" % result["seconds"])
    print("  flows told            %8d a second" % result["flows"])
    print("  sent, on average      %8.2f Mbit/s" % result["mbit"])
    print("  CPU of who tells      %8.2f %% of a core" % result["sender_cpu"])
    print("  CPU of who learns     %8.2f %% of a core" %
          result["receiver_cpu"])
    print("  datagrams lost        %8d" % result["lost"])


main()
