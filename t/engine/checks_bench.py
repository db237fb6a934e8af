#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What health checks cost: for contrib/bench checks.

A real vc5d in a network namespace checks services on servers in other
namespaces, where nginx listens, along the path that clients' packets take.
CPU time is that of the vc5d process.  The network between the namespaces and
the servers' TCP work on the same processors, and a good part of it within the
system calls that send a packet; RPS moves the servers' share elsewhere, as it
would be on other machines.
"""

import argparse
import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("VC5_SRC") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("VC5_BUILD") or os.path.join(SOURCE, "build")
NAME = "vc5cb%d" % os.getpid()
BALANCER = NAME + "-lb"
TICKS = os.sysconf("SC_CLK_TCK")
FIRST_PORT = 8000


def run(*command, **options):
    subprocess.run(command, check=True, **options)


def ip(*arguments):
    run("ip", *arguments)


def inside(namespace, *command):
    return ("ip", "netns", "exec", namespace, *command)


class Servers:
    """A namespace with many servers' addresses, all VIPs and one nginx."""

    def __init__(self, number, scratch, size):
        self.number = number
        self.namespace = "%s-s%d" % (NAME, number)
        self.addresses = ["10.9.%d.%d" % (number, 1 + i)
                          for i in range(size.servers_of(number))]
        self.link(size)
        self.serve(scratch, size)

    def link(self, size):
        ns, lb = self.namespace, BALANCER
        here, there = "s%d" % self.number, "eth0"
        ip("netns", "add", ns)
        atexit.register(subprocess.call, ("ip", "netns", "del", ns))
        ip("-n", lb, "link", "add", here, "type", "veth", "peer", "name",
           there, "netns", ns)
        ip("-n", lb, "address", "add", "10.9.%d.254/24" % self.number, "dev",
           here)
        for address in self.addresses:
            ip("-n", ns, "address", "add", address + "/24", "dev", there)
        ip("-n", ns, "link", "set", "lo", "up")
        for vip in size.vips:
            ip("-n", ns, "address", "add", vip + "/32", "dev", "lo")
        for device, namespace in ((here, lb), (there, ns)):
            ip("-n", namespace, "link", "set", device, "up")
            run(*inside(namespace, "ethtool", "-K", device, "tx", "off"),
                stdout=subprocess.DEVNULL)
        if size.rps:
            run(*inside(ns, "sh", "-c", "echo %s >/sys/class/net/%s/queues/"
                        "rx-0/rps_cpus" % (size.rps, there)))
        run(*inside(ns, "sysctl", "-qw", "net.ipv4.tcp_syncookies=0",
                    "net.ipv4.tcp_max_syn_backlog=65535",
                    "net.core.somaxconn=65535",
                    "net.ipv4.conf.all.arp_ignore=1",
                    "net.ipv4.conf.all.rp_filter=0"))

    def serve(self, scratch, size):
        file = os.path.join(scratch, "nginx%d.conf" % self.number)
        with open(file, "w") as out:
            out.write("daemon off; error_log /dev/null; pid %s.pid;\n"
                      "worker_processes 1; \n"
                      "events { worker_connections 8192; }\n"
                      "http { access_log off; server {\n" % file)
            for port in size.ports:
                out.write("listen %d backlog=16384;\n" % port)
            out.write("location / { return 200 ok; } } }\n")
        process = subprocess.Popen(inside(
            self.namespace, "nginx", "-c", file, "-p", scratch,
            "-e", "/dev/null"), stderr=subprocess.DEVNULL)
        atexit.register(end, process)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


class Size:
    """How many of what, so that services x servers is the number asked."""

    def __init__(self, options):
        self.servers, self.groups = options.servers, 4
        services = options.checks // options.servers
        ports = min(10, services)
        self.ports = [FIRST_PORT + i for i in range(ports)]
        self.vips = ["192.0.2.%d" % (1 + i) for i in range(services // ports)]
        self.checks = len(self.vips) * ports * self.servers
        self.rps = options.rps

    def servers_of(self, number):
        return (self.servers + number) // self.groups


def configure(scratch, size, groups, options):
    check = {"type": options.type, "interval": options.interval}
    check["timeout"] = options.interval
    policy = {"%d" % port: {"checks": [check]} for port in size.ports}
    servers = [a for group in groups for a in group.addresses]
    document = {
        "interfaces": ["s%d" % group.number for group in groups],
        "webserver": False,
        "control": os.path.join(scratch, "vc5d.sock"),
        "pin_directory": os.path.join(scratch, "bpf", "vc5d"),
        "limits": {"flows": 1024, "services": 1024, "destinations": max(4096, size.checks),
                   "slots": 4099},
        "services": [{"name": "v%d" % i, "virtual": vip, "servers": servers,
                      "policy": policy} for i, vip in enumerate(size.vips)],
    }
    file = os.path.join(scratch, "vc5d.conf")
    with open(file, "w") as out:
        json.dump(document, out)
    return file


class Daemon:
    def __init__(self, scratch, file, options):
        self.socket = os.path.join(scratch, "vc5d.sock")
        log = os.path.join(scratch, "log")
        self.log = open(log, "w")
        self.lines = open(log)
        bpf = os.path.join(scratch, "bpf")
        os.mkdir(bpf)
        run("mount", "-t", "bpf", "bpf", bpf)
        atexit.register(subprocess.call, ("umount", bpf))
        command = [os.path.join(BUILD, "vc5d"), "-d", "-f", file]
        if options.cpu >= 0:
            command = ["taskset", "-c", str(options.cpu)] + command
        self.process = subprocess.Popen(
            inside(BALANCER, *command), stderr=self.log)
        atexit.register(end, self.process)

    def status(self):
        """None while it can't be asked."""
        answer = subprocess.run(
            [os.path.join(BUILD, "vc5ctl"), "-j", "-s", self.socket, "show",
             "summary"], capture_output=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def destinations_up(self):
        """0 while it can't be asked."""
        with socket.socket(socket.AF_UNIX) as control:
            try:
                control.connect(self.socket)
            except OSError:
                return 0
            control.sendall(b'{"command": "status", "part": "head"}\n')
            head = json.loads(control.makefile().readline())
        return sum(service["destinations_up"] for service in head["services"])

    def log_lines(self):
        """Those since the last call."""
        return self.lines.readlines()

    def processes(self):
        """The parent, and the engine that it started."""
        pid = self.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [pid] + [int(child) for child in file.read().split()]

    def read(self, name):
        """That file of each process."""
        texts = []
        for pid in self.processes():
            with open("/proc/%d/%s" % (pid, name)) as file:
                texts.append(file.read())
        return texts

    def cpu(self):
        """Seconds that the processes have run, by their ticks."""
        fields = [text.rsplit(") ", 1)[1].split()
                  for text in self.read("stat")]
        return [sum(int(f[i]) for f in fields) / TICKS for i in (11, 12)]

    def precise_cpu(self):
        return sum(int(text.split()[0])
                   for text in self.read("schedstat")) / 1e9

    def memory(self):
        """KiB: resident, proportional."""
        total = [0, 0]
        for text in self.read("smaps_rollup"):
            lines = dict(line.split(":", 1) for line in text.splitlines()
                         if ":" in line and not line[0].isdigit())
            for i, key in enumerate(("Rss", "Pss")):
                total[i] += int(lines[key].split()[0])
        return total

    def connections(self):
        """That its namespace has ever begun: probes, but of TCP."""
        with open("/proc/%d/net/snmp" % self.process.pid) as file:
            lines = [line.split() for line in file if line.startswith("Tcp:")]
        return int(dict(zip(*lines))["ActiveOpens"])

    def descriptors(self):
        return sum(len(os.listdir("/proc/%d/fd" % pid))
                   for pid in self.processes())


def softirq():
    with open("/proc/stat") as file:
        return int(file.readline().split()[7]) / TICKS


def counts(daemon):
    """Passed, failed and up, of all checks."""
    status, total = daemon.status(), [0, 0, 0]
    for service in status["services"]:
        for destination in service["destinations"]:
            for check in destination["checks"]:
                total[0] += check["passed"]
                total[1] += check["failed"]
                total[2] += check["state"] == "up"
    return total


class Rate:
    """Probes a second, at most, of periods of a fifth of a second."""

    def __init__(self, daemon):
        self.daemon, self.peak = daemon, 0
        self.at, self.count = time.monotonic(), daemon.connections()

    def sample(self):
        time.sleep(0.2)
        at, count = time.monotonic(), self.daemon.connections()
        self.peak = max(self.peak, (count - self.count) / (at - self.at))
        self.at, self.count = at, count


def wait_until_up(daemon, size):
    begun, up = time.monotonic(), 0
    rate, asked = Rate(daemon), begun
    while up < size.checks:
        if time.monotonic() > begun + 60 or daemon.process.poll() is not None:
            sys.exit("bench: only %d came up" % up)
        rate.sample()
        # Seldom: to be asked costs it time.
        if time.monotonic() > asked + 1:
            up, asked = daemon.destinations_up(), time.monotonic()
    sys.stderr.writelines([line for line in daemon.log_lines()
                           if " fails: " in line][:5])
    return {"start_seconds": time.monotonic() - begun,
            "start_peak_per_second": rate.peak}


def reload(daemon):
    """With nothing changed: no check is begun anew for it."""
    rate, begun = Rate(daemon), time.monotonic()
    run(os.path.join(BUILD, "vc5ctl"), "-s", daemon.socket, "reload",
        stdout=subprocess.DEVNULL)
    while time.monotonic() < begun + 5:
        rate.sample()
    return {"reload_peak_per_second": rate.peak}


def measure(daemon, seconds):
    rss, pss = daemon.memory()
    before = counts(daemon)
    cpu, precise, soft = daemon.cpu(), daemon.precise_cpu(), softirq()
    begun, probes = time.monotonic(), daemon.connections()
    time.sleep(seconds)
    taken = time.monotonic() - begun
    probes = daemon.connections() - probes
    cpu = [b - a for a, b in zip(cpu, daemon.cpu())]
    precise, soft = daemon.precise_cpu() - precise, softirq() - soft
    after = counts(daemon)
    for line in daemon.log_lines():
        sys.stderr.write(line)
    return {
        "seconds": taken,
        "probes_per_second": probes / taken,
        "failed": after[1] - before[1],
        "failed_at_start": before[1],
        "user_percent": cpu[0] / taken * 100,
        "system_percent": cpu[1] / taken * 100,
        "cpu_percent": sum(cpu) / taken * 100,
        "precise_cpu_percent": precise / taken * 100,
        "softirq_percent": soft / taken * 100,
        "rss_mb": rss / 1024, "pss_mb": pss / 1024,
        "rss_with_status_mb": daemon.memory()[0] / 1024,
        "descriptors": daemon.descriptors(),
    }


def read_options():
    parser = argparse.ArgumentParser(prog="bench checks")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("-n", "--checks", type=int, default=10000)
    parser.add_argument("-w", "--servers", type=int, default=100)
    parser.add_argument("-i", "--interval", type=float, default=2)
    parser.add_argument("-s", "--seconds", type=int, default=20)
    parser.add_argument("-t", "--type", default="tcp")
    parser.add_argument("--cpu", type=int, default=-1,
                        help="that vc5d is bound to")
    parser.add_argument("--rps", default="",
                        help="CPU mask, hexadecimal, for the servers' TCP")
    parser.add_argument("--pause", action="store_true",
                        help="after the measurement, until end of file")
    return parser.parse_args()


def main():
    options = read_options()
    if os.geteuid() != 0:
        sys.exit("bench: must be run as root: it loads BPF programs")
    if shutil.which("nginx") is None:
        sys.exit("bench: needs nginx")
    size = Size(options)
    scratch = tempfile.mkdtemp(prefix=NAME)
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    ip("netns", "add", BALANCER)
    atexit.register(subprocess.call, ("ip", "netns", "del", BALANCER))
    ip("-n", BALANCER, "link", "set", "lo", "up")
    groups = [Servers(i, scratch, size) for i in range(size.groups)]
    daemon = Daemon(scratch, configure(scratch, size, groups, options),
                    options)
    result = {"checks": size.checks, "interval": options.interval,
              "type": options.type}
    result.update(wait_until_up(daemon, size))
    result.update(measure(daemon, options.seconds))
    result.update(reload(daemon))
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print("%-22s %s" % (key, "%.1f" % value
                                if isinstance(value, float) else value))
    sys.stdout.flush()
    if options.pause:
        print("vc5d is process %d" % daemon.process.pid, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
