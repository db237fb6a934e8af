#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""vc5ctl(8): what it writes, exactly, and how it fails."""

import json
import os
import re
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403

EXPECTED = os.path.join(SOURCE, "t/data/vc5ctl.expected")


def run(*arguments):
    """Exit status, standard output and standard error."""
    result = subprocess.run([program("vc5ctl"), *arguments], timeout=60,
                            capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


def transcript(path, line):
    """As it would look on a terminal, and the exit status unless 0."""
    status, out, error = run("-s", path, *line.split()[1:])
    return out + error + ("[exit %d]\n" % status if status else "")


def expectations():
    """Pairs of command line and transcript."""
    with open(EXPECTED) as file:
        for block in file.read().split("$ ")[1:]:
            line, _, text = block.partition("\n")
            yield line, text


def show_expectations(path):
    """For who changes the output on purpose: write the file anew."""
    lines = [line for line, _ in expectations()]
    with open(EXPECTED, "w") as file:
        for line in lines:
            file.write("$ %s\n%s" % (line, transcript(path, line)))


def test_output(path):
    for line, text in expectations():
        equal(transcript(path, line), text, line)


def test_json(path):
    with open(DOCUMENT) as file:
        document = json.load(file)

    def show(*arguments):
        status, out, error = run("-j", "-s", path, "show", *arguments)
        if status or error or not out.isascii() or out.count("\n") != 1:
            return status, out, error
        return json.loads(out)

    equal(show("summary"), document, "-j show summary")
    for part in ("services", "vips", "bgp", "interfaces", "drops", "answers",
                 "alerts"):
        equal(show(part), document[part], "-j show %s" % part)
    equal(show("services", "192.0.2.2"), document["services"][1:2],
          "-j show services 192.0.2.2")
    backends = show("backends", "10.1.0.13")
    equal([backend.pop("service") for backend in backends],
          ["192.0.2.1:80/tcp", "192.0.2.2:443/tcp"],
          "-j show backends 10.1.0.13")
    equal([backend.pop("name") for backend in backends], ["web", "web"],
          "with the services' names")
    equal(backends, [document["services"][0]["destinations"][2],
                     document["services"][1]["destinations"][0]],
          "and all that is known of them")
    flows = document["test_flows"]
    equal(show("flows"), flows, "-j show flows: all pages")
    equal(show("flows", "limit", "4"), flows[:4], "-j show flows limit 4")
    equal(show("flows", "client", "203.0.113.7"), [], "-j of no flows")
    equal(run("-j", "-s", path, "show", "flows", "state", "x")[:2], (2, ""),
          "-j of what is no filter")
    equal(show("peers"), document["sync"], "-j show peers")
    equal(show("config"), document["test_config"], "-j show config")
    version = show("version")
    equal((sorted(version), version["vc5d"]["hostname"]),
          (["vc5ctl", "vc5d"], "lb1"), "-j show version")
    errors = show("errors")
    equal(sorted(errors),
          ["alerts", "drops", "problems", "reload", "sync_drops"],
          "-j show errors")
    equal([drop["reason"] for drop in errors["drops"]],
          ["fragment", "unresolved"], "with what there was")
    checks = show("checks", "10.1.0.11")
    equal([[check.pop(key) for key in ("service", "name", "server")]
           for check in checks],
          [["192.0.2.1:80/tcp", "web", "10.1.0.11"]] * 2,
          "-j show checks 10.1.0.11")
    equal(checks, document["services"][0]["destinations"][0]["checks"],
          "and all that is known of them")
    equal(show("history"), document["history"], "-j show history")
    equal(show("history", "web", "limit", "1"), document["history"][-1:],
          "-j show history web limit 1")
    equal(show("history", "mail"), [], "-j of no history")
    equal(show("overrides"), document["overrides"], "-j show overrides")
    status, out, _ = run("-j", "-s", path, "backend", "10.1.0.13", "drain")
    equal((status, json.loads(out)["guard"]), (1, True), "-j of a refusal")
    status, out, _ = run("-j", "-s", path, "vip", "192.0.2.1", "announce")
    equal((status, json.loads(out)["warnings"]), (0, ["peer known"]),
          "who asks is known")
    status, out, _ = run("-j", "-s", path, "explain", "198.51.100.7:4711",
                         "192.0.2.1:80")
    equal((status, json.loads(out)),
          (0, document["test_explain"]["192.0.2.1:80"]), "-j explain")
    status, out, _ = run("-j", "-s", path, "show", "services", "nope")
    equal((status, out), (1, ""), "-j of what there is not")


def test_no_server(scratch):
    path = scratch.join("nothing")
    equal(run("-s", path, "show", "vips"),
          (3, "", "vc5ctl: cannot connect to %s: No such file or directory: "
           "is vc5d running, with this as its \"control\"?\n" % path),
          "no socket")
    path = scratch.join("stale")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    equal(run("-s", path, "show", "vips"),
          (3, "", "vc5ctl: cannot connect to %s: Connection refused: "
           "vc5d is not running\n" % path), "nobody listens")
    path = scratch.join("x" * 108)
    equal(run("-s", path, "show", "vips"),
          (3, "", "vc5ctl: %s: a socket's path is at most 107 bytes long\n"
           % path), "a path that is too long")


def test_permission(scratch, path):
    if os.geteuid() != 0:
        skip("permission denied", "only root can become somebody else")
        return
    os.chmod(scratch.path, 0o755)
    command = "import os; os.setgid(65534); os.setuid(65534); " \
        "os.execv(%r, ['vc5ctl', '-s', %r, 'show', 'vips'])" \
        % (scratch.join("vc5ctl"), path)
    with open(program("vc5ctl"), "rb") as source, \
            open(scratch.join("vc5ctl"), "wb") as copy:
        copy.write(source.read())
    os.chmod(scratch.join("vc5ctl"), 0o755)
    result = subprocess.run([sys.executable, "-c", command], text=True,
                            capture_output=True)
    equal((result.returncode, result.stderr),
          (3, "vc5ctl: cannot connect to %s: Permission denied: only root "
           "may; for others there can be a \"control_readonly\"\n" % path),
          "permission denied")


def test_bad_server(scratch):
    for number, (reply, message) in enumerate((
            (b"", "closed without a reply"),
            (b"\n", "closed without a reply"),
            (b"garbage\n", "the reply is not a JSON object"),
            (b"[]\n", "the reply is not a JSON object"),
            (b'{"half": ', "the reply is not a JSON object"))):
        path = scratch.join("bad%d" % number)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()

            def answer():
                peer, _ = listener.accept()
                peer.recv(4096)
                peer.sendall(reply)
                peer.close()

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            equal(run("-s", path, "show", "vips"),
                  (3, "", "vc5ctl: %s: %s\n" % (path, message)),
                  "a server that answers %r" % reply)
            thread.join(10)


def monitor(path, *arguments):
    """One that runs: two lines of its output, and the process."""
    process = subprocess.Popen(
        [program("vc5ctl"), "-s", path, *arguments], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watchdog = threading.Timer(60, process.kill)
    watchdog.daemon = True
    watchdog.start()
    return process


def test_monitor(scratch):
    path = scratch.join("monitored")
    server = Server(control=path)
    if not ok(server.ready, "a server to monitor", server.messages()):
        return
    text = monitor(path, "monitor", "log")
    equal([text.stdout.readline() for _ in range(3)],
          ["2026-11-28 13:20:01 UTC check web 192.0.2.1:80/tcp 10.1.0.13 "
           "http:80: undecided -> down: bad status: HTTP <503>\\^[\n",
           "2026-11-28 17:00:01 UTC alert (high) vip 192.0.2.1\\^[ is over: "
           "good\n",
           "2026-11-28 17:00:01 UTC log warning: eth0 \\^[[31m is down\n"],
          "an event, an alert and a line of the log, as they come")
    lines = monitor(path, "-j", "monitor", "once", "web")
    event = json.loads(lines.stdout.readline())
    equal(event["history"]["subject"],
          "web 192.0.2.1:80/tcp 10.1.0.13 http:80", "-j: lines of JSON")
    event = json.loads(lines.stdout.readline())
    equal(event["alert"]["over"], True, "of alerts, too")
    text.kill()
    text.communicate()
    server.stop()
    out, error = lines.communicate()
    lost = json.loads(out)["connection"]
    equal((lines.returncode, lost.pop("state"), list(lost), error),
          (3, "lost", ["at"], ""), "the end of vc5d is told")
    equal(run("-s", path, "monitor")[0], 3, "nobody to monitor")


def event(number):
    return {"number": number, "at": 1795885201000 + number, "kind": "vip",
            "subject": "192.0.2.1", "from": "a", "to": "b", "reason": "why"}


def raised(name, at):
    return {"at": at, "severity": "low", "id": name, "text": "why",
            "over": False}


def first(began, total, alerts, **more):
    return dict({"monitoring": True, "began": began, "total": total,
                 "alerts": alerts}, **more)


# What several connections, one after the other, are sent.
CONNECTIONS = [
    [first(1, 5, [raised("a", 1), raised("b", 2)]), {"history": event(6)},
     {"alert": raised("c", 3)}],
    [first(1, 8, [raised("b", 2), raised("c", 4), raised("d", 5)], missed=0,
           history=[event(7), event(8)]), {"history": event(9)}],
    [],  # a vc5d that is just about to end
    [first(2, 12, [raised("b", 6)], missed=10,
           history=[event(11), event(12)])],
    [{"error": "enough"}, {"error": "enough\x1b"}]]


class Peer:
    """A vc5d that closes each connection when it has said its lines."""

    def __init__(self, path):
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        for lines in CONNECTIONS:
            peer, _ = self.listener.accept()
            self.asked.append(json.loads(peer.recv(4096)))
            for line in lines:
                if "error" in line and line is not lines[0]:
                    self.asked.append(json.loads(peer.recv(4096)))
                peer.sendall(json.dumps(line).encode() + b"\n")
            peer.close()
        self.listener.close()


def test_monitor_again(scratch):
    """What is lost is found again; nothing is told twice."""
    path = scratch.join("again")
    peer = Peer(path)
    process = monitor(path, "-j", "monitor", "log", "web")
    out, error = process.communicate()
    lines = [json.loads(line) for line in out.splitlines()]
    equal((process.returncode, error), (1, "vc5ctl: vc5d: enough\\^[\n"),
          "it ends when it is refused")
    equal([(asked.get("began"), asked.get("after")) for asked in peer.asked],
          [(None, None), (1, 6), (1, 9), (1, 9), (2, 12), (2, 12)],
          "it goes on behind what it was told")
    ok(all(asked["log"] and asked["subject"] == "web"
           for asked in peer.asked), "and asks for the same", peer.asked)
    equal([line["history"]["number"] for line in lines if "history" in line],
          [6, 7, 8, 9, 11, 12], "each event is told once, in order")
    equal([(line["alert"]["id"], line["alert"]["over"]) for line in lines
           if "alert" in line],
          [("c", False), ("c", False), ("d", False), ("a", True),
           ("b", False)], "so is each alert")
    connections = [line["connection"] for line in lines
                   if "connection" in line]
    equal([(c["state"], c.get("restarted"), c.get("missed"))
           for c in connections],
          [("lost", None, None), ("again", False, 0), ("lost", None, None),
           ("again", True, 10), ("lost", None, None)],
          "that it was lost is told, and what is missing")


def test_monitor_text(scratch):
    path = scratch.join("text")
    Peer(path)
    process = monitor(path, "monitor")
    out, error = process.communicate()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    pattern = "".join("vc5ctl: %s\n" % line for line in (
        stamp + " lost: vc5d has ended, or closed the connection; trying again",
        stamp + " again: it is the same vc5d",
        stamp + " lost: .*",
        stamp + " again: vc5d was started anew; what it did last before that "
        "may be missing",
        '10 events are missing: more have happened than "limits.history" '
        "keeps",
        stamp + " lost: .*", "vc5d: enough.*"))
    ok(re.fullmatch(pattern, error), "for people, by standard error", error)
    equal(len(out.splitlines()), 11, "and the lines as ever")


def test_monitor_alone(scratch):
    """Who no longer reads is not waited with."""
    path = scratch.join("alone")
    server = Server(control=path)
    for stopped in (False, True):
        process = monitor(path, "monitor")
        process.stdout.readline()
        if stopped:
            server.stop()
            process.stderr.readline()
        process.stdout.close()
        try:
            equal(process.wait(30), 1, "it ends with its reader, %s vc5d" %
                  ("without" if stopped else "with"))
        except subprocess.TimeoutExpired:
            ok(False, "it ends with its reader")
            process.kill()
        process.stderr.close()


def test_cut_off(scratch):
    """A reload ends a reply in its midst: it is asked for again."""
    path = scratch.join("cut")
    asked = []

    def serve(listener):
        while len(asked) < 8:
            peer, _ = listener.accept()
            asked.append(peer.recv(4096))
            good = len(asked) in (2, 5)
            peer.sendall(b'{"service":{"vip":"192.0.2.7","port":80,'
                         b'"protocol":"tcp","name":"x"}}\n')
            peer.sendall(b'{"end":1}\n' if good else b'{"service":{"vi')
            peer.close()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        status, out, error = run("-j", "-s", path, "show", "services")
        equal((status, json.loads(out)[0]["name"], error), (0, "x", ""),
              "a reply that was cut off is asked for again")
        status, out, error = run("-j", "-s", path, "show", "services")
        equal((status, len(asked)), (0, 5), "and again", )
        equal(run("-s", path, "show", "services", "x"),
              (3, "", "vc5ctl: %s: the reply is not a JSON object\n" % path),
              "but not for ever")
        equal(len(asked), 8, "only three times")


def test_usage(path):
    usage = "usage: vc5ctl [-j] [-s socket] command [argument ...]\n"
    equal(run(), (2, "", usage), "no command")
    status, out, error = run("-x")
    ok(status == 2 and out == "" and error.endswith(usage),
       "an unknown option", error)
    for arguments, error in (
            (("-\33",), "no such option: -\\^["),
            (("-s", "/\33[31m", "show", "vips"),
             "cannot connect to /\\^[[31m: "),
            (("-s", path, "show", "services", "\33[31m"),
             "no service \\^[[31m"),
            (("-s", path, "show", "checks", "\33[31m"),
             "no service or backend \\^[[31m"),
            (("help", "\33[31m"), "no such command: \\^[[31m"),
            (("show", "\33[31m"), "\\^[[31m")):
        status, out, text = run(*arguments)
        ok(status != 0 and "\33" not in out + text and error in text,
           "%r is shown escaped" % " ".join(arguments[-2:]), out + text)
    for arguments in (("backend", "192.0.2.1", "drain", b"\xe9"),
                      ("show", "history", b"\xe9"), ("service", b"\xe9", "up"),
                      ("show", "flows", "service", b"\xe9"), ("help", b"\xe9")):
        status, out, error = run("-s", path, *arguments)
        ok(status == 2 and out == "" and "M-i\" is not UTF-8" in error,
           "%r: what is not UTF-8 is refused" % (arguments,), error)
    for topic in ((), ("show",), ("show", "flows"), ("block",)):
        _, out, _ = run("help", *topic)
        equal([line for line in out.split("\n") if len(line) > 80], [],
              "help %s fits 80 columns" % " ".join(topic))
    status, out, error = run("-j", "help", "show", "flows")
    equal((status, error, [sorted(line) for line in json.loads(out)]),
          (0, "", [["help", "usage"]]), "-j help")
    status, out, _ = run("-s", path, "-j", "reload")
    equal((status, json.loads(out)["ok"]), (0, True), "-j reload")
    status, out, _ = run("-s", path, "-j", "reload")
    equal((status, json.loads(out)["ok"]), (1, False), "-j reload, refused")
    with open("/dev/full", "w") as full:
        result = subprocess.run([program("vc5ctl"), "-s", path, "show", "vi"],
                                stdout=full, stderr=subprocess.PIPE)
    equal((result.returncode, result.stderr),
          (1, b"vc5ctl: standard output: No space left on device\n"),
          "a full disk is an error")


def main():
    program("vc5ctl")
    with Scratch() as scratch:
        path = scratch.join("socket")
        server = Server(control=path)
        if not ok(server.ready, "the server starts", server.messages()):
            done()
        if sys.argv[1:] == ["--write"]:
            show_expectations(path)
            server.stop()
            return
        test_output(path)
        test_json(path)
        test_usage(path)
        test_permission(scratch, path)
        test_no_server(scratch)
        test_bad_server(scratch)
        test_cut_off(scratch)
        test_monitor(scratch)
        test_monitor_again(scratch)
        test_monitor_text(scratch)
        test_monitor_alone(scratch)
        equal(server.stop(), 0, "a clean end")
    done()


main()
