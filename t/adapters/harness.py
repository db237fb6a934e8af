# SPDX-License-Identifier: ISC
"""TAP, and the server of the status page and control socket under test."""

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("VC5_SRC") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("VC5_BUILD", "."))
DOCUMENT = os.path.join(SOURCE, "t/data/status.json")

_count = 0
_failed = 0


def ok(passed, name, detail=""):
    global _count, _failed
    _count += 1
    print("%sok %d - %s" % ("" if passed else "not ", _count, name))
    if not passed:
        _failed += 1
        for line in str(detail).splitlines():
            print("# " + line)
    sys.stdout.flush()
    return passed


def equal(got, expected, name):
    return ok(got == expected, name,
              "got      %r\nexpected %r" % (got, expected))


def skip(name, reason):
    global _count
    _count += 1
    print("ok %d - %s # SKIP %s" % (_count, name, reason))


def done():
    print("1..%d" % _count)
    sys.exit(1 if _failed else 0)


def skip_all(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def wait_for(condition, seconds):
    """Poll until the condition holds: whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def program(name):
    path = os.path.join(BUILD, name)
    if not os.access(path, os.X_OK):
        skip_all("%s is not built (VC5_BUILD says where)" % path)
    return path


class Scratch:
    """A directory of our own, gone at the end."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="vc5t-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def join(self, name):
        return os.path.join(self.path, name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write(path, text, mode=0o600):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Server:
    """t/adapters/status_server."""

    def __init__(self, port=0, control="-", document=DOCUMENT, path=None,
                 **webserver):
        """With a path, what the web server is to be is in that file."""
        self.port, self.path = port, path
        web = self.webserver(**webserver) if port != 0 else "false"
        self.control = control
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [program("t/adapters/status_server"), document,
             web, control], stdout=subprocess.PIPE, stderr=self.log)
        self.pid = self.process.pid
        atexit.register(self.process.kill)  # when a test itself fails
        self.ready = False
        if select.select([self.process.stdout], [], [], 20)[0]:
            self.ready = self.process.stdout.readline() == b"ready\n"

    def webserver(self, **webserver):
        """It as an argument, and written to the file if there is one."""
        web = json.dumps(dict({"listen": "127.0.0.1:%d" % self.port},
                              **webserver))
        if not self.path:
            return web
        with open(self.path, "w") as file:
            file.write(web)
        return "@" + self.path

    def stop(self):
        """The exit status; a crash or a leak shows in it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        return status

    def messages(self):
        self.log.seek(0)
        return self.log.read()

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def cpu(self):
        """Seconds of CPU time used so far."""
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident KiB."""
        with open("/proc/%d/status" % self.pid) as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


def renew(server):
    """Have it read its configuration again: what it says of that."""
    server.process.send_signal(signal.SIGHUP)
    if not select.select([server.process.stdout], [], [], 20)[0]:
        return None
    return server.process.stdout.readline().strip().decode()
