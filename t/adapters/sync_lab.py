# SPDX-License-Identifier: ISC
"""Sync adapters in network namespaces on a bridge, for sync.py and
contrib/bench: each is a sync_driver, driven by lines."""

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness

os.environ["PATH"] += ":/usr/sbin:/sbin"
TIMEOUT = 20  # seconds for anything that should happen
KEYS = ["0123456789abcdef0123456789abcdef",
        "fedcba9876543210fedcba9876543210"]


def wait(condition, timeout=TIMEOUT):
    """The value of condition() when it is true, or at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


def run(*argv):
    return subprocess.run(argv, check=True, text=True, timeout=TIMEOUT,
                          stdout=subprocess.PIPE).stdout


class Lab:
    """Namespaces on a bridge, and a directory."""

    def __init__(self, hosts):
        self.directory = tempfile.mkdtemp(prefix="vc5t-sync-")
        self.bridge = f"vc5t-sync-{os.getpid()}"
        self.namespaces = [f"{self.bridge}-{n}" for n in range(1, hosts + 1)]
        self.drivers = []
        atexit.register(self.close)
        self.keys("key", KEYS[0])
        run("ip", "netns", "add", self.bridge)
        run("ip", "-n", self.bridge, "link", "add", "name", "hub", "type", "bridge",
            "mcast_snooping", "0")
        run("ip", "-n", self.bridge, "link", "set", "hub", "up")
        for host, name in enumerate(self.namespaces, 1):
            run("ip", "netns", "add", name)
            self.plug(host)

    def plug(self, host):
        """An interface for sync, with its addresses."""
        name = self.namespaces[host - 1]
        run("ip", "link", "add", "name", "sync", "netns", name, "type", "veth",
            "peer", "name", f"port{host}", "netns", self.bridge)
        run("ip", "-n", self.bridge, "link", "set", f"port{host}", "master",
            "hub", "up")
        run("ip", "-n", name, "addr", "add", f"10.9.0.{host}/24", "dev",
            "sync")
        run("ip", "-n", name, "addr", "add", f"fd09::{host}/64", "dev",
            "sync", "nodad")
        run("ip", "-n", name, "link", "set", "sync", "up")

    def unplug(self, host):
        run("ip", "-n", self.namespaces[host - 1], "link", "del", "sync")

    def cable(self, host, state):
        """Cut: both ends still believe that they have a carrier."""
        run("ip", "-n", self.bridge, "link", "set", f"port{host}",
            *(("nomaster",) if state == "cut" else ("master", "hub")))

    def path(self, name):
        return os.path.join(self.directory, name)

    def keys(self, name, *lines, mode=0o600):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
        os.chmod(self.path(name), mode)
        return self.path(name)

    def stop(self):
        """End all drivers: true if each ended without fault."""
        good = all([driver.stop() for driver in self.drivers])
        self.drivers = []
        return good

    def close(self):
        for driver in self.drivers:
            driver.kill()
        for name in self.namespaces + [self.bridge]:
            subprocess.run(["ip", "netns", "del", name], check=False,
                           stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory)


class Driver:
    """A running sync_driver, or another program like it."""

    count = 0
    program = "t/adapters/sync_driver"
    suspended = False

    def __init__(self, lab, host, **settings):
        Driver.count += 1
        self.lab = lab
        self.host = host
        self.log_path = lab.path(f"log.{Driver.count}")
        settings = {"interface": "sync", "key": lab.path("key"),
                    "instance": f"lb{host}"} | settings
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", lab.namespaces[host - 1],
                 harness.program(self.program)] +
                [f"{key}={value}" for key, value in settings.items()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True, cwd=lab.directory)
        lab.drivers.append(self)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self, line):
        self.tell(line)
        return self.process.stdout.readline().strip()

    def status(self):
        return json.loads(self.answer("status"))

    def get(self, *path):
        value = self.status()
        for key in path:
            value = value.get(key, {})
        return value

    def peer(self, name, key="state"):
        return self.get("peers", f"lb{name}", key)

    def dropped(self, reason):
        return self.get("dropped", reason)

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def logged(self, pattern):
        return len(re.findall(pattern, self.log()))

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)
        self.suspended = True

    def stop(self):
        """End it by the end of its input: true if that was clean.

        One that ends already is left alone: a SIGCONT would take away the
        SIGSTOP by which LeakSanitizer looks at a process, for ever.
        """
        if self.suspended:
            self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            status = "none"
        self.process.stdout.close()
        if status != 0:
            print(f"# status {status}:", *self.log().splitlines()[-30:],
                  sep="\n# ", flush=True)
        return status == 0

    def leave(self):
        self.tell("leave")
        self.lab.drivers.remove(self)
        return self.stop()

    def kill(self):
        self.process.kill()
        self.process.wait()
        if self in self.lab.drivers:
            self.lab.drivers.remove(self)


def run_tests(module):
    """The functions test_NAME of a module, given by its globals(), or those
    that arguments name: in a lab of three hosts, which is its "lab"."""
    if shutil.which("ip") is None:
        harness.skip_all("ip is not installed")
    if os.geteuid() != 0:
        harness.skip_all("must be run as root, for network namespaces")
    module["lab"] = Lab(3)
    tests = {name[5:]: function for name, function in module.items()
             if name.startswith("test_")}
    for name in sys.argv[1:] or tests:
        print(f"# {name}")
        tests[name]()
    harness.done()
