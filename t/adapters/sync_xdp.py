#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two instances with an XDP data plane each: what contrib/bench sync measures,
made small, with its figures not judged."""

import json
import os
import subprocess
import sys

import harness
from harness import equal, ok

FLOWS = 2000


def main():
    if os.geteuid() != 0:
        harness.skip_all("must be run as root: it loads BPF programs")
    harness.program("t/adapters/sync_bench")
    bench = os.path.join(harness.SOURCE, "t/adapters/sync_bench.py")
    result = subprocess.run(
        [sys.executable, bench, "--json", "-n", str(FLOWS), "-e", "65536",
         "-s", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, check=False)
    if not ok(result.returncode == 0, "a bulk transfer between data planes",
              result.stdout + result.stderr):
        harness.done()
    figures = json.loads(result.stdout)
    equal(figures["live_flows"], FLOWS, "all flows are learnt")
    equal(figures["lost"], 0, "no datagram is lost")
    ok(figures["bulk_seconds"] > 0 and figures["receiver_cpu"] > 0,
       "figures are given", figures)
    harness.done()


main()
