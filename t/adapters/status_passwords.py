#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Passwords at the web console: what is right and what is wrong, and what is
neither as it can't be compared."""

import json
import os
import resource
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from status_client import *  # noqa: E402,F403


def test_passwords(scratch):
    users = write(scratch.join("users"),
                  "# people\n\nbob:%s\n" % hashed("b:b"))
    server = Server(port=free_port(), users={"ann": hashed("swordfish")},
                    users_file=users)
    ok(server.ready, "users are read", server.messages())

    def status(*credentials):
        return request(server.port, "/status.json",
                       Authorization=basic(*credentials))[0]

    code, headers, body = request(server.port, "/status.json")
    equal((code, headers["WWW-Authenticate"], body),
          (401, 'Basic realm="vc5d", charset="UTF-8"',
           b"401 Unauthorized\n"), "without credentials nothing is seen")
    for path in ("/", "/events", "/nothing", "/slow"):
        equal(request(server.port, path)[0], 401, "nor at %s" % path)
    equal(status("ann", "swordfish"), 200, "a password lets in")
    equal(status("bob", "b:b"), 200, "one from the file, too")
    equal({status("ann", "swordfish") for _ in range(20)}, {200},
          "again and again")
    for name, credentials in (
            ("another password", ("ann", "swordfis")),
            ("another one's", ("bob", "swordfish")),
            ("none", ("ann", "")), ("no such user", ("eve", "swordfish")),
            ("two lines", ("ann", "swordfish\n")),
            ("a long one", ("ann", "x" * 600)),
            ("a very long one", ("ann", "x" * 5000))):
        equal(status(*credentials), 401, "wrong: %s" % name)
    for value in ("Basic", "Basic ", "Basic !!!!", "Basic YW5u", "Basic =" * 4,
                  "Bearer ", "Bearer swordfish", "Digest x", "\t",
                  "Basic " + "A" * 4096):
        code = request(server.port, "/status.json", Authorization=value)[0]
        equal(code, 401, "garbage: %.20r" % value)
    told = server.messages().count("wrong credentials from 127.0.0.1")
    ok(1 <= told <= 6, "which is logged, but not each time",
       server.messages())
    ok("swordfis" not in server.messages(), "without what was tried")
    equal(status("ann", "swordfish"), 200, "and goes on after that")
    equal(server.stop(), 0, "a clean end")


def test_cannot_compare(scratch):
    """No descriptor is left for the process that compares passwords."""
    server = Server(port=free_port(), users={"ann": hashed("swordfish")})
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    few = server.descriptors() + 2
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (few, limits[1]))
    credentials = basic("ann", "swordfish")
    for _ in range(3):
        equal(request(server.port, "/status.json",
                      Authorization=credentials)[0], 503,
              "out of descriptors: that is not said to be wrong")
    equal(server.messages().count("can't be compared"), 1,
          "but is logged, once")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
    equal(request(server.port, "/status.json",
                  Authorization=credentials)[0], 200, "later it is right")
    equal(server.stop(), 0, "a clean end")


def children(process):
    with open("/proc/%d/task/%d/children" % (process, process)) as file:
        return [int(child) for child in file.read().split()]


def test_comparison_is_killed():
    """Of a password whose hash takes some half a second."""
    server = Server(port=free_port(),
                    users={"ann": hashed("swordfish", 600000)})
    credentials = basic("ann", "swordfish")
    with connect(server.port) as peer:
        peer.sendall(b"GET /counters HTTP/1.0\r\nAuthorization: %s\r\n\r\n"
                     % credentials.encode())
        ok(wait_for(lambda: children(server.pid), 20), "a password is compared")
        os.kill(children(server.pid)[0], signal.SIGKILL)
        answer = drain(peer)
    ok(answer.split()[1:2] == [b"503"] and b"Retry-After: " in answer,
       "the process that does is killed: that is not said to be wrong", answer)
    ok("passwords can't be compared: signal 9" in server.messages()
       and "wrong" not in server.messages(), "but is logged",
       server.messages())
    ok(wait_for(lambda: request(server.port, "/", timeout=60,
                                Authorization=credentials)[0] == 200, 60),
       "later it is right")
    counters = json.loads(request(server.port, "/counters",
                                  Authorization=credentials)[2])
    ok((counters["right"], counters["wrong"]) == (1, 0)
       and counters["busy"] >= 1, "and was never wrong", counters)
    equal(server.stop(), 0, "a clean end")


def test_unknown_hashes(scratch):
    """What crypt(3) has no such hashes of can't be compared."""
    whole = hashed("swordfish")
    users = write(scratch.join("unknown"), "ann:$0$abcdefgh$x\n")
    server = Server(port=free_port(), users_file=users,
                    users={"joe": hashed("joe"), "short": whole[:-1]})

    def status(name, password="swordfish"):
        return request(server.port, "/counters",
                       Authorization=basic(name, password))

    equal([status(name)[0] for name in ["ann", "short"] * 4], [503] * 8,
          "neither right nor wrong, and nobody has to wait for it")
    equal(server.messages().count("compared: crypt(3) can't make a hash"), 1,
          "that is logged, once")
    equal(status("joe", "joe")[0], 200, "others get in")
    write(users, "ann:%s\n" % whole)
    equal(renew(server), "renewed", "the hash is mended")
    code, _, body = status("ann")
    equal(code, 200, "so that she gets in")
    counters = json.loads(body)
    equal((counters["right"], counters["wrong"], counters["early"],
           counters["busy"]), (2, 0, 0, 8), "and no guess was counted")
    equal(server.stop(), 0, "a clean end")


def test_process_that_compares():
    """Others of the same user must not get at the password it is told."""
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    binary = os.open(program("t/adapters/status_server"), os.O_RDONLY)
    process = subprocess.Popen(["/proc/self/fd/%d" % binary,
                                "--verify-password"], stdin=subprocess.PIPE,
                               pass_fds=(binary,), cwd="/",
                               user=user if user == 65534 else None)
    ok(wait_for(lambda: os.stat("/proc/%d/fd" % process.pid).st_uid != user,
                20), "its descriptors are no other's of its user")
    process.communicate(b"")
    os.close(binary)


def main():
    with Scratch() as scratch:
        test_passwords(scratch)
        test_cannot_compare(scratch)
        test_comparison_is_killed()
        test_unknown_hashes(scratch)
        test_process_that_compares()
    done()


main()
