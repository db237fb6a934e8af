# SPDX-License-Identifier: ISC
"""What the tests of shipping and webhooks share: the driver, certificates."""

import json
import os
import select
import subprocess
import sys
import tempfile
import traceback

from harness import ok, program, wait_for


def run_all(tests, *arguments):
    """Each test in a process of its own, beside the others, as they mostly
    wait; then what they have said, one after the other."""
    program("t/adapters/ship_driver")  # or all is skipped
    children = []
    for test in tests:
        output = tempfile.TemporaryFile("w+")
        pid = os.fork()
        if pid == 0:
            os.dup2(output.fileno(), 1)
            try:
                test(*arguments)
            except BaseException:  # what ended it is what is to be told
                ok(False, test.__name__, traceback.format_exc())
            sys.stdout.flush()
            for driver in Driver.running:
                driver.process.kill()
            os._exit(0)
        children.append((test, pid, output))
    for test, pid, output in children:
        status = os.waitpid(pid, 0)[1]
        output.seek(0)
        tell_again(output.read())
        if status != 0:
            ok(False, test.__name__, "status %d" % status)


def tell_again(text):
    """Results of another process, by numbers of ours."""
    result = None
    for line in text.splitlines() + ["ok"]:
        if line.startswith(("ok", "not ok")):
            if result:
                ok(result[0], result[1], "\n".join(result[2:]))
            result = [line.startswith("ok"), line.partition(" - ")[2]]
        elif result:
            result.append(line[2:])


class Driver:
    """t/adapters/ship_driver with a "logging" of the test's."""

    running = []

    def __init__(self, scratch, logging):
        self.file = scratch.join("conf-%d-%d" % (os.getpid(), id(self)))
        self.configure(logging)
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [program("t/adapters/ship_driver"), self.file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True)
        self.running.append(self)
        self.late = 0

    def configure(self, logging):
        with open(self.file, "w") as file:
            json.dump({"interfaces": "lo", "services": [],
                       "logging": logging}, file)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def status(self):
        self.say("status")
        if not select.select([self.process.stdout], [], [], 20)[0]:
            raise RuntimeError("the event loop stands still")
        status = json.loads(self.process.stdout.readline())
        self.late = max(self.late, status["late"])
        return status

    def ship(self):
        return self.status()["ship"]

    def hook(self, index=0):
        return self.status()["hooks"][index]

    def until(self, condition, seconds=20):
        """Wait until it holds of the status; the last one that was seen."""
        seen = []

        def holds():
            seen[:] = [self.status()]
            return condition(seen[0])
        wait_for(holds, seconds)
        return seen[0]

    def stop(self):
        """The exit status; a crash or a leak shows in it."""
        self.say("end")
        try:
            status = self.process.wait(20)
            if status != 0:
                print("# " + self.messages()[-2000:].replace("\n", "\n# "))
            return status
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def messages(self):
        self.log.seek(0)
        return self.log.read()


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """A certificate authority: ca is its certificate's file."""

    def __init__(self, scratch, name):
        self.scratch, self.name = scratch, name
        self.ca = scratch.join(name + ".pem")
        self.key = scratch.join(name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.ca)

    def issue(self, name, alternative):
        """(certificate, key) of a server."""
        base = self.scratch.join("%s-%s" % (self.name, name))
        with open(base + ".ext", "w") as file:
            file.write("subjectAltName=%s\n" % alternative)
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                "-keyout", base + ".key", "-out", base + ".csr")
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.ca,
                "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                "-extfile", base + ".ext", "-out", base + ".pem")
        return base + ".pem", base + ".key"


def secret(scratch, name, text, mode=0o600):
    path = scratch.join(name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path
