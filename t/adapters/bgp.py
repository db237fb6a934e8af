#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The BGP adapter against the real bgpd, with BIRD as its neighbour.

bgp_driver (the adapter, driven by lines) runs beside bgpd in one network
namespace, BIRD in another.  Scripts take bgpctl's place where bgpctl has to
misbehave.
"""

import atexit
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

os.environ["PATH"] += ":/usr/sbin:/sbin"
TIMEOUT = 20  # seconds for anything that should happen

tests = 0
failures = 0


def ok(good, name, *context):
    global tests, failures
    tests += 1
    print(f"{'ok' if good else 'not ok'} {tests} - {name}", flush=True)
    if not good:
        failures += 1
        for item in context:
            for line in str(item).splitlines()[-20:]:
                print("#", line, flush=True)
    return good


def wait(condition, timeout=TIMEOUT):
    """The value of condition() when it is true, or at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def run(*argv, **more):
    return subprocess.run(argv, check=True, text=True, timeout=TIMEOUT,
                          stdout=subprocess.PIPE, **more).stdout


def end(process, how=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


OFTEN = "connect delay time 1; connect retry time 1; error wait time 1, 1;"


class Lab:
    """bgpd in one namespace, BIRD in another, and a directory."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="vc5t-bgp-")
        os.chmod(self.directory, 0o755)
        self.namespaces = [f"vc5t-bgp-{os.getpid()}-{n}" for n in "ab"]
        self.processes = []
        self.bgpd = None
        self.socket = self.path("bgpd.sock")
        atexit.register(self.close)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def close(self):
        for process in self.processes:
            end(process)
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], check=False,
                           stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory)

    def network(self):
        for name in self.namespaces:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "name", "veth", "netns", self.namespaces[0],
            "type", "veth", "peer", "name", "veth", "netns",
            self.namespaces[1])
        for host, name in enumerate(self.namespaces, 1):
            run("ip", "-n", name, "addr", "add", f"10.9.0.{host}/24", "dev",
                "veth")
            run("ip", "-n", name, "addr", "add", f"fd09::{host}/64", "dev",
                "veth", "nodad")
            run("ip", "-n", name, "link", "set", "veth", "up")

    def start(self, host, *argv):
        with open(self.path("log." + argv[0]), "ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespaces[host], *argv],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def start_bgpd(self):
        # bgpd confines itself to this directory, which its package's unit
        # makes; it stays, since another bgpd may be using it.
        os.makedirs("/run/openbgpd", exist_ok=True)
        config = self.write("bgpd.conf", f"""
AS 65001
router-id 10.9.0.1
fib-update no
socket "{self.socket}"
socket "{self.path('restricted.sock')}" restricted
network 203.0.113.0/24
network 198.51.100.7/32
neighbor 10.9.0.2 {{
	remote-as 65000
	descr "router"
}}
neighbor fd09::2 {{
	remote-as 65001
}}
allow from any
allow to any
""")
        self.bgpd = self.start(0, "bgpd", "-d", "-f", config)

    def start_bird(self, options=OFTEN, inner=65001):
        config = self.write("bird.conf", f"""
router id 10.9.0.2;
protocol device {{}}
protocol bgp outer {{
	local 10.9.0.2 as 65000; neighbor 10.9.0.1 as 65001; {options}
	ipv4 {{ import all; export none; }};
}}
protocol bgp inner {{
	local fd09::2 as {inner}; neighbor fd09::1 as 65001; {options}
	ipv6 {{ import all; export none; }};
}}
""")
        pid = self.path("bird.pid")
        if os.path.exists(pid):
            os.unlink(pid)
        bird = self.start(1, "bird", "-f", "-c", config, "-s",
                          self.path("bird.ctl"), "-P", pid)
        wait(lambda: os.path.exists(pid) or bird.poll())
        if bird.poll() is not None:
            with open(self.path("log.bird"), encoding="utf-8") as log:
                sys.exit("Bail out! BIRD: " + log.read())

    def bgpctl(self, *words, **more):
        return run("bgpctl", "-s", self.socket, *words, **more)

    def dynamic(self):
        """Addresses that bgpctl, not bgpd.conf, has had announced."""
        shown = json.loads(self.bgpctl("-j", "network", "show"))
        return sorted(entry["prefix"].split("/")[0]
                      for entry in shown.get("fib", [])
                      if entry["origin"] != "static")

    def sent(self):
        """Prefixes sent to BIRD over IPv4 so far: (updates, withdraws)."""
        shown = json.loads(
            self.bgpctl("-j", "show", "neighbor", "10.9.0.2"))
        stats = shown["neighbors"][0]["stats"]["update"]
        if any(stats["pending"].values()):
            return None
        return stats["sent"]["updates"], stats["sent"]["withdraws"]

    def established(self):
        shown = json.loads(self.bgpctl("-j", "show", "neighbor"))
        return all(n["state"] == "Established" and
                   n["stats"]["update"]["sent"]["eor"] > 0
                   for n in shown["neighbors"])

    def route(self, address):
        """A route in BIRD's table with its attributes, "" if none."""
        bits = 128 if ":" in address else 32
        text = subprocess.run(
            ["birdc", "-s", self.path("bird.ctl"), "show", "route",
             f"{address}/{bits}", "all"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            check=False, timeout=TIMEOUT).stdout
        return text if address in text else ""

    def updates(self):
        """How many announcements and withdrawals BIRD has received."""
        text = run("birdc", "-s", self.path("bird.ctl"), "show", "protocols",
                   "all")
        return re.findall(r"Import (?:updates|withdraws): +(\d+)", text)

    def route_count(self):
        text = run("birdc", "-s", self.path("bird.ctl"), "show", "route",
                   "count")
        return int(re.search(r"(\d+) of \d+ routes", text).group(1))


class Driver:
    """A running bgp_driver."""

    count = 0

    def __init__(self, socket=None, program="/usr/sbin/bgpctl", **more):
        Driver.count += 1
        self.log_path = lab.path(f"log.driver.{Driver.count}")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [driver_program, socket or lab.socket, program],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True, **more)
        lab.processes.append(self.process)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def want(self, *networks):
        self.tell("want " + " ".join(networks))

    def status(self):
        self.tell("status")
        return json.loads(self.process.stdout.readline())

    def settle(self):
        """Wait until it is connected and settled."""
        return wait(lambda: (lambda s: s["connected"] and s["settled"])(
            self.status()))

    def error(self, pattern, timeout=TIMEOUT):
        """Wait for an error that matches; true if it comes."""
        return wait(lambda: re.search(pattern, self.status()["error"]),
                    timeout)

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def logged(self, pattern):
        return len(re.findall(pattern, self.log()))

    def commands(self):
        """What changed bgpd: [("add", 2), ...]."""
        return [(verb, int(count)) for verb, count in re.findall(
            r"bgpctl network bulk (add|delete), (\d+) networks",
            self.log())]

    def stop(self):
        """End it by the end of its input: true if that was clean."""
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            return self.process.wait(TIMEOUT) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False


def sent_since(before, updates, withdraws):
    """Were just so many prefixes sent to BIRD since before?"""
    expect = (before[0] + updates, before[1] + withdraws)
    wait(lambda: (lab.sent() or before) >= expect)
    return lab.sent() == expect


def test_absent():
    driver = Driver()
    ok(driver.error("bgpd.sock: no such socket: start bgpd"),
       "bgpd absent at the start: says so, with the remedy", driver.log())
    ok(driver.status()["settled"], "... and counts as settled")
    driver.want("10.1.0.1,community=65001:7,community=65001:1:2,med=50,"
                "prepend=2", "10.1.0.2", "2001:db8::1,localpref=200")
    lab.start_bgpd()
    lab.start_bird()
    ok(driver.settle(), "bgpd comes: connected and settled", driver.log())
    ok(driver.logged("no such socket|nobody listens") == 1 and
       driver.logged("bgpd is back at") == 1,
       "its absence and its coming are logged once", driver.log())
    return driver


def test_attributes(driver):
    ok(driver.status()["announced"] == ["10.1.0.1", "10.1.0.2",
                                        "2001:db8::1"],
       "what bgpd announces is in the status", driver.status())
    ok(driver.commands() == [("add", 1), ("add", 1), ("add", 1)],
       "one command for each set of attributes", driver.log())
    ok(wait(lambda: all(map(lab.route, driver.status()["announced"]))),
       "BIRD has the routes")
    wait(lab.established)
    route = lab.route("10.1.0.1")
    for name, line in (
            ("community", r"BGP.community: \(65001,7\)$"),
            ("large community",
             r"BGP.large_community: \(65001, ?1, ?2\)$"),
            ("MED", r"BGP.med: 50$"),
            ("prepending", r"BGP.as_path: 65001 65001 65001$")):
        ok(re.search(line, route, re.M), f"BIRD sees the {name}", route)
    route = lab.route("10.1.0.2")
    ok("med" not in route and "community" not in route,
       "and none where none is wanted", route)
    route = lab.route("2001:db8::1")
    ok("BGP.local_pref: 200" in route,
       "BIRD sees the local preference over iBGP", route)


def test_neighbours(driver):
    def good():
        peers = driver.status()["neighbours"]
        return [p["state"] for p in peers] == ["Established"] * 2 and \
            peers[0]["announced"] == 4 and peers
    peers = wait(good)
    ok(peers and peers[0]["address"] == "10.9.0.2" and
       peers[0]["description"] == "router" and peers[0]["as"] == 65000,
       "neighbours are in the status, refreshed", driver.status())
    before = driver.status()["callbacks"]
    ok(wait(lambda: driver.status()["callbacks"] > before),
       "their refreshing calls back")


def test_change(driver):
    before = lab.sent()
    first = "10.1.0.1,community=65001:8"
    driver.want(first, "10.1.0.2", "2001:db8::1,localpref=200")
    driver.settle()
    ok(sent_since(before, 1, 0), "changed attributes: one UPDATE",
       before, lab.sent())
    route = lab.route("10.1.0.1")
    ok("(65001,8)" in route and "med" not in route and
       re.search("as_path: 65001$", route, re.M),
       "BIRD sees the new attributes", route)
    before = lab.sent()
    driver.want(first, "2001:db8::1,localpref=200")
    ok(driver.settle() and wait(lambda: not lab.route("10.1.0.2")),
       "not wanted: withdrawn")
    ok(sent_since(before, 0, 1) and lab.route("10.1.0.1"),
       "... and nothing else")


def test_foreign(driver):
    lab.bgpctl("network", "add", "192.0.2.200/32")
    driver.want("198.51.100.7,med=9", "10.1.0.1")
    driver.settle()
    ok(driver.error("198.51.100.7: bgpd.conf itself announces it"),
       "a VIP that bgpd.conf announces is complained about", driver.log())
    ok("med" not in lab.route("198.51.100.7"), "... and left as it is")
    driver.want()
    ok(driver.settle() and driver.status()["error"] != "" and
       lab.dynamic() == ["192.0.2.200"] and lab.route("198.51.100.7"),
       "withdrawing all leaves other people's networks alone",
       lab.dynamic(), driver.status())
    ok(driver.stop(), "ends cleanly")


def test_restart():
    driver = Driver()
    driver.want("10.1.0.1,med=5", "10.1.0.2", "10.1.0.3")
    driver.settle()
    ok(driver.stop() and lab.dynamic() == [
        "10.1.0.1", "10.1.0.2", "10.1.0.3", "192.0.2.200"],
       "its end withdraws nothing")
    wait(lambda: lab.route("10.1.0.3"))
    before = wait(lab.sent)
    driver = Driver()
    driver.want("10.1.0.1,med=5", "10.1.0.2,community=graceful_shutdown")
    driver.tell("own 10.1.0.3")
    driver.tell("own 10.1.0.4")
    ok(driver.settle() and sent_since(before, 1, 1),
       "its successor announces what is different, and only that",
       before, lab.sent(), driver.log())
    ok("(65535,0)" in lab.route("10.1.0.2") and
       lab.dynamic() == ["10.1.0.1", "10.1.0.2", "192.0.2.200"],
       "... with attributes made right, and withdraws what it owns",
       lab.dynamic())
    before = lab.sent()
    checks = driver.logged("bgpctl network show")
    ok(wait(lambda: driver.logged("bgpctl network show") >= checks + 2) and
       lab.sent() == before and len(driver.commands()) == 2,
       "checking again sends nothing", driver.log())
    lab.bgpctl("network", "flush")
    ok(wait(lambda: lab.dynamic() == ["10.1.0.1", "10.1.0.2"]),
       "a flush behind our back is made good", lab.dynamic())
    return driver


def test_bgpd_dies(driver):
    lab.bgpd.kill()
    lab.bgpd.wait()
    ok(wait(lambda: not driver.status()["connected"], 2) and
       driver.status()["announced"] == [] and
       driver.status()["neighbours"] == [] and driver.status()["settled"],
       "bgpd killed: disconnected, nothing is announced", driver.status())
    ok("bgpd has gone" in driver.status()["error"], "... and it says so")
    wait(lambda: not lab.route("10.1.0.1"))
    start = time.monotonic()
    lab.start_bgpd()
    ok(wait(lambda: lab.route("10.1.0.1") and lab.route("10.1.0.2")),
       "bgpd back: the VIPs are in BIRD's table again", driver.log())
    print(f"# after {time.monotonic() - start:.1f} s")
    ok(driver.logged("has gone") == 1 and driver.logged("is back at") == 1 and
       driver.logged("nobody listens") == 0 and
       driver.status()["error"] == "",
       "one line at its end, one at its return", driver.log())
    driver.want()
    ok(driver.settle() and driver.stop(), "all withdrawn")


def test_bulk():
    vips = [f"10.5.{i // 250}.{i % 250 + 1}" for i in range(500)]
    driver = Driver()
    wait(lab.established)
    others = lab.route_count()
    driver.settle()
    start = time.monotonic()
    driver.want(*vips)
    ok(driver.settle() and driver.commands() == [("add", 500)] and
       len(driver.status()["announced"]) == 500,
       "500 VIPs in one command", driver.log())
    print(f"# settled after {(time.monotonic() - start) * 1000:.0f} ms")
    ok(wait(lambda: lab.route_count() == others + 500), "BIRD has all")
    driver.want(*vips[1:])
    driver.settle()
    driver.want()
    ok(driver.settle() and wait(lambda: lab.route_count() == others) and
       driver.commands()[1:] == [("delete", 1), ("delete", 499)],
       "and none, by one command", driver.log())
    ok(driver.stop(), "ends cleanly")


def test_flapping():
    """Wants that overtake one another end in the last of them."""
    driver = Driver()
    for i in range(50):
        driver.want(*[f"10.6.0.{n},med={i}" for n in range(1, 9)
                      if (i + n) % 3])
    ok(driver.settle() and driver.status()["announced"] ==
       [f"10.6.0.{n}" for n in range(1, 9) if (49 + n) % 3] and
       lab.dynamic() == driver.status()["announced"],
       "the last of many changes counts", driver.log())
    driver.want()
    ok(driver.settle() and lab.dynamic() == [], "all withdrawn")
    driver.stop()


def test_restricted():
    driver = Driver(socket=lab.path("restricted.sock"))
    driver.want("10.1.0.1")
    ok(driver.error("is .*/restricted.sock a restricted socket"),
       "a restricted socket is suspected", driver.log())
    ok(not driver.status()["settled"], "... and that is not settled")
    ok(wait(lambda: len(driver.commands()) >= 5) and
       driver.logged("restricted socket") == 1,
       "... said once", driver.log())
    ok(lab.dynamic() == [], "nothing was announced")
    driver.stop()


def test_denied():
    driver = Driver(user=65534, group=65534, extra_groups=[])
    ok(driver.error("bgpd.sock: permission denied: vc5d has to run as root"),
       "permission denied: says what it needs", driver.log())
    driver.stop()


def script(name, text, mode=0o755):
    return lab.write(name, "#!/bin/sh\n" + text, mode)


def test_no_bgpctl():
    program = lab.path("late-bgpctl")
    driver = Driver(program=program)
    driver.want("10.1.0.1")
    ok(driver.error("can't run .*/late-bgpctl: No such file.*: install "),
       "bgpctl missing: says so, with the remedy", driver.log())
    ok(not driver.status()["settled"], "... and is not settled")
    script("late-bgpctl", "exec /usr/sbin/bgpctl \"$@\"\n", 0o644)
    ok(driver.error("can't run .*/late-bgpctl: Permission denied"),
       "not executable: says so", driver.log())
    os.chmod(program, 0o755)
    ok(driver.settle() and driver.status()["error"] == "" and
       driver.status()["announced"] == ["10.1.0.1"],
       "bgpctl appears: announced", driver.log())
    ok(driver.logged("can't run") == 1 and
       driver.logged("bgpctl runs again") == 1, "logged once each",
       driver.log())
    driver.want()
    driver.settle()
    driver.stop()


def test_bad_bgpctl():
    for name, text, expect in (
            ("fails", "echo 'bgpctl: boom' >&2; echo more >&2; exit 1",
             "network show: bgpctl: boom$"),
            ("mute", "exit 3", "network show: exit status 3$"),
            ("killed", "kill -SEGV $$", "network show: signal 11$"),
            ("garbage", "echo hello", "network show: not JSON, line 1: "),
            ("wrong", "echo '{\"fib\": 7}'", "it has no list \"fib\"$"),
            ("endless", "exec yes", "network show: it printed too much$"),
            ("endless errors", "exec yes >&2",
             "network show: it printed too much$")):
        driver = Driver(program=script("bad-bgpctl", text + "\n"))
        driver.want("10.1.0.1")
        ok(driver.error(expect), f"a bgpctl that is bad: {name}",
           driver.log())
        ok(wait(lambda: driver.logged("bgpctl network show, ") >= 3) and
           driver.logged(expect.replace("$", "\n")) == 1 and
           not driver.status()["settled"],
           "... tried again, and logged once", driver.log())
        driver.stop()


def test_another_bgpctl():
    """It is run from then on, also where the one before could do nothing."""
    driver = Driver(program="/nonexistent/bgpctl")
    driver.want("10.1.0.1")
    ok(driver.error("can't run /nonexistent/bgpctl"), "a bgpctl that is wrong")
    driver.tell("program " + script(
        "bgpctl-1", ": >\"$0-ran\"\nexec /usr/sbin/bgpctl \"$@\"\n"))
    ok(driver.settle() and driver.status()["announced"] == ["10.1.0.1"] and
       driver.status()["error"] == "", "... is replaced: announced",
       driver.log())
    ok(os.path.exists(lab.path("bgpctl-1-ran")), "... by the other one")
    ok(wait(lambda: lab.route("10.1.0.1")), "... to the router")
    before, changes = lab.updates(), driver.commands()
    driver.tell("program " + script(
        "bgpctl-2", ": >\"$0-ran\"\nexec /usr/sbin/bgpctl \"$@\"\n"))
    driver.want("10.1.0.1")
    ok(wait(lambda: os.path.exists(lab.path("bgpctl-2-ran"))) and
       driver.settle(), "a third one is run", driver.log())
    ok(driver.commands() == changes and lab.updates() == before,
       "... and nothing is changed by that", driver.commands(), before,
       lab.updates())
    driver.want()
    driver.settle()
    driver.stop()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_hung_bgpctl():
    pids = lab.path("pids")
    driver = Driver(program=script(
        "hung-bgpctl", f"echo $$ >>{pids}\nsleep 1000 &\n"
        f"echo $! >>{pids}\nwait\n"))
    start = time.monotonic()
    driver.want("10.1.0.1")
    good = driver.error("network show: it did not end in time$")
    took = time.monotonic() - start
    ok(good and 4 < took < 8, "a bgpctl that hangs is given up after 5 s",
       took, driver.log())
    with open(pids, encoding="ascii") as file:
        hung = file.read().split()[:2]
    ok(len(hung) == 2 and wait(lambda: not any(map(alive, hung)), 2),
       "... and killed, with its children", hung)
    wait(lambda: len(open(pids, encoding="ascii").read().split()) >= 4)
    with open(pids, encoding="ascii") as file:
        hung = file.read().split()
    ok(driver.stop() and wait(lambda: not any(map(alive, hung))),
       "stopping does not wait for one, and leaves none", hung)
    for pid in filter(alive, hung):
        os.kill(int(pid), signal.SIGKILL)


def test_hung_look():
    """A bgpctl that hangs while it looks keeps no withdrawal waiting."""
    hang, hung = lab.path("hang"), lab.path("hung")
    driver = Driver(program=script(
        "blind-bgpctl", f"case \"$*\" in *bulk*) ;; *'network show'*)\n"
        f"test -e {hang} && echo $$ >>{hung} && exec sleep 1000\nesac\n"
        "exec /usr/sbin/bgpctl \"$@\"\n"))
    driver.want("10.1.0.1", "10.1.0.2")
    driver.settle()
    lab.write("hang", "")
    ok(wait(lambda: os.path.exists(hung)), "a look hangs")
    driver.want("10.1.0.2")
    ok(wait(lambda: lab.dynamic() == ["10.1.0.2"]) and
       driver.logged("did not end in time") == 0,
       "... and is given up for a withdrawal", driver.log())
    ok(driver.error("network show: it did not end in time$"),
       "the next one that hangs is complained of", driver.log())
    driver.want()
    ok(wait(lambda: lab.dynamic() == []),
       "... and keeps nothing announced", driver.log())
    os.unlink(hang)
    ok(driver.settle() and driver.status()["error"] == "",
       "when none hangs any more all is well", driver.log())
    driver.stop()


def test_hung_bgpd():
    with open(f"/proc/{lab.bgpd.pid}/task/{lab.bgpd.pid}/children",
              encoding="ascii") as file:
        pids = [lab.bgpd.pid, *map(int, file.read().split())]
    driver = Driver()
    driver.want("10.1.0.1")
    driver.settle()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    driver.want("10.1.0.2")
    try:
        ok(driver.error("it did not end in time$") and
           driver.status()["connected"] and not driver.status()["settled"],
           "bgpd hangs: it is still there, and nothing is settled",
           driver.log())
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    ok(driver.settle() and lab.dynamic() == ["10.1.0.2"] and
       driver.status()["error"] == "",
       "bgpd goes on: all is well", driver.log())
    driver.want()
    driver.settle()
    driver.stop()


def test_descriptors():
    seen = lab.path("seen")
    leak = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leak, True)
    driver = Driver(pass_fds=(leak,), program=script(
        "nosy-bgpctl", f"ls /proc/self/fd | tr '\\n' ' ' >{seen}.new\n"
        f"mv {seen}.new {seen}\nexec /usr/sbin/bgpctl \"$@\"\n"))
    driver.settle()
    ok(wait(lambda: os.path.exists(seen)) and
       open(seen, encoding="ascii").read().split() == ["0", "1", "2", "3"],
       "bgpctl inherits no descriptor", open(seen, encoding="ascii").read())
    driver.stop()
    os.close(leak)


def test_partial_failure():
    """A set of attributes that bgpctl refuses harms no other VIP."""
    driver = Driver()
    driver.want("10.1.0.1,community=nonsense", "10.1.0.2", "10.1.0.3,med=1")
    ok(wait(lambda: driver.status()["announced"] ==
            ["10.1.0.2", "10.1.0.3"]) and
       driver.error("network bulk add: bgpctl: Bad community syntax"),
       "refused attributes keep only their own VIP back", driver.log())
    driver.want("10.1.0.1,community=65001:1")
    ok(driver.settle() and driver.status()["announced"] == ["10.1.0.1"] and
       driver.status()["error"] == "" and
       driver.logged("bulk add works again") == 1,
       "put right: announced", driver.log())
    driver.want()
    driver.settle()
    driver.stop()


class Capture:
    """What BIRD is sent over IPv4: the prefixes of UPDATEs, with the time.

    A thread of its own in BIRD's network namespace reads the link; BGP is
    put together from TCP segments that come in order, as they do here.
    """

    def __init__(self, namespace):
        self.events = []  # (time, "announce" or "withdraw", prefix)
        self.stream = b""
        self.ready = threading.Event()
        self.ended = False
        self.thread = threading.Thread(target=self.run, args=(namespace,))
        self.thread.start()
        self.ready.wait(TIMEOUT)

    def run(self, namespace):
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/run/netns/" + namespace, "rb") as file:
            if libc.setns(file.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                           socket.htons(0x0800)) as link:
            link.bind(("veth", 0x0800))
            link.settimeout(0.2)
            self.ready.set()
            while not self.ended:
                try:
                    packet = link.recv(65535)
                except socket.timeout:
                    continue
                self.packet(time.monotonic(), packet)

    def packet(self, now, packet):
        length = int.from_bytes(packet[2:4], "big")
        ip = 4 * (packet[0] & 15)
        if packet[9] != socket.IPPROTO_TCP or packet[12:16] != \
                socket.inet_aton("10.9.0.1"):
            return
        self.stream += packet[ip + 4 * (packet[ip + 12] >> 4):length]
        start = self.stream.find(b"\xff" * 16)
        while start >= 0 and len(self.stream) >= start + 19:
            size = int.from_bytes(self.stream[start + 16:start + 18], "big")
            if len(self.stream) < start + size:
                break
            if self.stream[start + 18] == 2:
                self.update(now, self.stream[start + 19:start + size])
            self.stream = self.stream[start + size:]
            start = self.stream.find(b"\xff" * 16)

    def update(self, now, body):
        withdrawn = 2 + int.from_bytes(body[:2], "big")
        attributes = withdrawn + 2 + int.from_bytes(
            body[withdrawn:withdrawn + 2], "big")
        for what, prefixes in (("withdraw", body[2:withdrawn]),
                               ("announce", body[attributes:])):
            while prefixes:
                size = 1 + (prefixes[0] + 7) // 8
                address = prefixes[1:size].ljust(4, b"\0")
                self.events.append((now, what, socket.inet_ntoa(address)))
                prefixes = prefixes[size:]

    def stop(self):
        self.ended = True
        self.thread.join()


ROUNDS = 25


def test_latency():
    """From what is wanted to the UPDATE on the wire; and nothing more."""
    capture = Capture(lab.namespaces[1])
    driver = Driver()
    driver.settle()
    wait(lab.established)
    took = {"announce": [], "withdraw": []}
    expected = []
    for i in range(ROUNDS):
        for what, networks in (("announce", ["10.7.0.1"]), ("withdraw", [])):
            expected.append((what, "10.7.0.1"))
            start = time.monotonic()
            driver.want(*networks)
            wait(lambda: len(capture.events) >= len(expected))
            took[what].append(capture.events[-1][0] - start
                              if capture.events else TIMEOUT)
            # Sometimes it is verifying, or asking for neighbours, just now.
            time.sleep(0.01 * (i % 7))
    driver.settle()
    capture.stop()
    ok([event[1:] for event in capture.events] == expected,
       f"{2 * ROUNDS} changes are {2 * ROUNDS} prefixes on the wire, in order",
       capture.events)
    for what, times in took.items():
        times.sort()
        print(f"# {what}: median {times[ROUNDS // 2] * 1000:.0f} ms, "
              f"max {times[-1] * 1000:.0f} ms, of {ROUNDS}")
    driver.stop()


def test_quiet():
    """While nothing changes, nothing is sent."""
    driver = Driver()
    driver.want("10.1.0.1", "10.1.0.2,med=7", "2001:db8::7")
    driver.settle()
    wait(lambda: lab.route("10.1.0.2"))
    before = wait(lab.sent)
    imported = lab.updates()
    checks = driver.logged("bgpctl network show")
    wait(lambda: driver.logged("bgpctl network show") >= checks + 3)
    ok(lab.sent() == before and lab.updates() == imported,
       "3 checks of what is announced send nothing", before, lab.sent(),
       imported, lab.updates())
    return driver


def test_reload(driver):
    """bgpd reads its file again: what it was told by bgpctl stays."""
    lab.bgpctl("network", "add", "192.0.2.201/32")
    wait(lambda: lab.route("192.0.2.201"))
    before = wait(lab.sent)
    with open(lab.path("bgpd.conf"), "a", encoding="ascii") as file:
        file.write("network 203.0.114.0/24\n")
    lab.bgpctl("reload")
    ok(wait(lambda: "203.0.114.0/24" in lab.bgpctl("network", "show")),
       "bgpd is reloaded")
    checks = driver.logged("bgpctl network show")
    wait(lambda: driver.logged("bgpctl network show") >= checks + 1)
    ok(driver.settle() and driver.status()["error"] == "" and
       all(lab.route(a) for a in ("10.1.0.1", "10.1.0.2", "2001:db8::7")),
       "the VIPs are announced after it", driver.log())
    print("# sent to BIRD by the reload:", before, lab.sent())
    ok("192.0.2.201" in lab.dynamic(), "so is what others have announced",
       lab.dynamic())
    ok(not [c for c in driver.commands() if c[0] == "delete"],
       "nothing was withdrawn", driver.commands())
    lab.bgpctl("network", "delete", "192.0.2.201/32")
    driver.want()
    driver.settle()
    driver.stop()


def test_deaf_bgpctl():
    """bgpctl takes no input and fills its output: neither is waited for."""
    driver = Driver(program=script(
        "deaf-bgpctl", "exec 0<&-\n"
        "head -c 3000000 /dev/zero | tr '\\0' '#' >&2\n"
        "exec /usr/sbin/bgpctl \"$@\"\n"))
    driver.want("10.1.0.1")
    ok(driver.error("it printed too much$"), "a flood of errors is refused",
       driver.log())
    start = time.monotonic()
    driver.status()
    print(f"# meanwhile it answers in {time.monotonic() - start:.3f} s")
    driver.stop()


def test_slow_bgpctl():
    """A slow bgpctl delays, and changes nothing else."""
    driver = Driver(program=script(
        "slow-bgpctl", "sleep 1\nexec /usr/sbin/bgpctl \"$@\"\n"))
    for i in range(5):
        driver.want(f"10.1.0.{i + 1}")
        time.sleep(0.3)
    ok(driver.settle() and driver.status()["announced"] == ["10.1.0.5"] and
       driver.status()["error"] == "",
       "a slow bgpctl arrives at what is wanted last", driver.log())
    driver.want()
    ok(driver.settle() and lab.dynamic() == [], "... and withdraws it")
    driver.stop()


def test_nobody_accepts():
    """A socket at which somebody listens, and takes no connection."""
    path = lab.path("mute.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        others = []
        while True:
            other = socket.socket(socket.AF_UNIX)
            other.setblocking(False)
            try:
                other.connect(path)
            except BlockingIOError:
                break
            others.append(other)
        driver = Driver(socket=path)
        driver.want("10.1.0.1")
        ok(driver.error("bgpd does not take connections: does it hang"),
           "a socket that nobody accepts at: says so", driver.log())
        ok(not driver.status()["settled"], "... and is not settled")
        driver.stop()
        for other in others:
            other.close()


def sample():
    """contrib/bgpd.conf as it is, and with what is commented out."""
    with open(os.path.join(os.environ.get("VC5_SRC", "."),
                           "contrib/bgpd.conf"), encoding="ascii") as file:
        text = file.read()
    more = re.sub(r"^#(group .*?^)#}", lambda m: m.group(1).replace(
        "#\t", "\t") + "}", text, flags=re.M | re.S)
    return text, re.sub(r"^#(match|socket)", r"\1", more, flags=re.M)


def test_sample():
    """contrib/bgpd.conf: good, and only VIPs pass its filters."""
    plain, more = sample()
    for text, name in ((plain, "as it is"), (more, "with all of it")):
        file = lab.write("sample.conf", text)
        result = subprocess.run(["bgpd", "-n", "-f", file], text=True,
                                stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.STDOUT, timeout=TIMEOUT)
        ok(result.returncode == 0, f"contrib/bgpd.conf, {name}, is good",
           result.stdout)
    for process in lab.processes:
        end(process)
    for here, there in (("/run/openbgpd/bgpd.sock.0", lab.socket),
                        ("/run/openbgpd/bgpd.rsock.0", lab.socket + "2"),
                        ("router-id 10.0.0.11", "router-id 10.9.0.1"),
                        ("neighbor 10.0.0.1 ", "neighbor 10.9.0.2 "),
                        ("2001:db8::1 {", "fd09::2 {"),
                        ("connect-retry 10", "connect-retry 1")):
        assert here in more, here
        more = more.replace(here, there)
    lab.bgpd = lab.start(0, "bgpd", "-d", "-f", lab.write("bgpd.conf", more))
    lab.start_bird("""password "change-this"; ttl security on;
	connect delay time 1; connect retry time 1; error wait time 1, 1;""",
                   65000)
    wait(lambda: os.path.exists(lab.socket))
    driver = Driver()
    driver.want("192.0.2.9,community=65001:7", "198.51.100.9",
                "2001:db8:0:100::9", "2001:db8:0:200::9")
    ok(driver.settle() and wait(lambda: lab.route("192.0.2.9")) and
       wait(lambda: lab.route("2001:db8:0:100::9")),
       "with it VIPs come to the router, by sessions with TCP-MD5 and GTSM",
       lab.bgpctl("show"), driver.log())
    ok("(65001,7)" in lab.route("192.0.2.9") and
       "(65001,80)" in lab.route("192.0.2.9"), "... with their communities",
       lab.route("192.0.2.9"))
    lab.bgpctl("network", "add", "192.0.2.128/25")
    lab.bgpctl("network", "add", "203.0.113.77/32")
    driver.want("192.0.2.10")  # whatever is sent is sent before that one
    driver.settle()
    ok(wait(lambda: lab.route("192.0.2.10")) and not lab.route("192.0.2.9")
       and lab.route_count() == 1, "... and nothing else, whoever adds it",
       lab.bgpctl("network", "show"))
    driver.stop()


if os.geteuid() != 0:
    skip("needs root, for network namespaces")
for needed in ("bgpd", "bgpctl", "bird", "birdc", "ip"):
    if shutil.which(needed) is None:
        skip(f"{needed} is not installed")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
signal.signal(signal.SIGALRM, lambda *_: sys.exit("took too long"))
signal.alarm(300)
lab = Lab()
driver_program = lab.path("bgp_driver")  # where everybody may run it
shutil.copy(os.path.join(os.environ.get("VC5_BUILD", "."),
                         "t/adapters/bgp_driver"), driver_program)
lab.network()

shared = test_absent()
test_attributes(shared)
test_neighbours(shared)
test_change(shared)
test_foreign(shared)
shared = test_restart()
test_bgpd_dies(shared)
test_bulk()
test_latency()
test_reload(test_quiet())
test_flapping()
test_restricted()
test_denied()
test_no_bgpctl()
test_bad_bgpctl()
test_another_bgpctl()
test_hung_bgpctl()
test_hung_look()
test_hung_bgpd()
test_deaf_bgpctl()
test_slow_bgpctl()
test_nobody_accepts()
test_descriptors()
test_partial_failure()
test_sample()
print(f"1..{tests}")
sys.exit(failures > 0)
