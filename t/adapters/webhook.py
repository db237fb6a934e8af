#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Webhooks: what people are told of alerts, how often, and what happens when
that fails."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from elastic import HANG, Hook  # noqa: E402
from ship_lab import Authority, Driver, run_all, secret  # noqa: E402

LATE = 1000  # ms


def hooks(*servers, **more):
    return {"webhooks": [
        dict({"name": "hook%d" % i, "timeout": 2,
              "url": "http://127.0.0.1:%d/services/x" % server.port}, **more)
        for i, server in enumerate(servers)]}


def told(count, index=0):
    return lambda s: s["hooks"][index]["told"] == count


def test_usual(scratch):
    server = Hook()
    driver = Driver(scratch, hooks(server))
    driver.say("raise vip-1 web has 0 of 1")
    driver.until(told(1))
    driver.say("over vip-1 web has 1 of 1")
    driver.until(told(2))
    equal([(m["title"], m["text"], m["state"]) for m in server.messages],
          [("lb1: alert (high) vip-1", "web has 0 of 1", "raised"),
           ("lb1: alert (high) vip-1 is over", "web has 1 of 1", "over")],
          "that it is raised, and that it is over")
    equal(server.requests[0][0], "/services/x", "at its path")
    ok(driver.late < LATE, "nothing waits", driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_types(scratch):
    slack, teams, own = Hook(), Hook(), Hook()
    logging = hooks(slack, teams, own)
    logging["webhooks"][0]["type"] = "slack"
    logging["webhooks"][1]["type"] = "teams"
    logging["webhooks"][2]["template"] = {
        "routing": 7, "payload": {"summary": "{{host}}: {{text}}",
                                  "tags": ["{{severity}}", "{{state}}"]}}
    driver = Driver(scratch, logging)
    hostile = '"}]}, <!channel> <https://evil|x> [a](https://evil) \\ {{host}}'
    driver.say("raise a " + hostile)
    for index in range(3):
        driver.until(told(1, index))
    text = slack.messages[0]["text"]
    ok("<" not in text and "&lt;!channel&gt;" in text,
       "Slack: no mention and no link", text)
    equal(slack.messages[0]["mrkdwn"], False, "nor any other markup")
    card = teams.messages[0]["attachments"][0]
    equal((teams.messages[0]["type"], card["contentType"],
           card["content"]["type"]),
          ("message", "application/vnd.microsoft.card.adaptive",
           "AdaptiveCard"), "Teams: an adaptive card")
    runs = [run for block in card["content"]["body"]
            for run in block["inlines"]]
    equal(({run["type"] for run in runs}, runs[1]["text"]),
          ({"TextRun"}, hostile), "of texts without markup")
    equal(own.messages[0],
          {"routing": 7, "payload": {"summary": "lb1: " + hostile,
                                     "tags": ["high", "raised"]}},
          "a template of one's own, whatever an alert says")
    driver.stop()
    for server in slack, teams, own:
        server.stop()


def test_rate(scratch):
    server = Hook()
    driver = Driver(scratch, hooks(server, rate=1))
    for i in range(3):
        driver.say("raise early-%d x" % i)
        driver.until(told(i + 1))
    for i in range(400):
        driver.say("raise late-%d x" % i)
    for i in range(10):
        driver.say("over late-%d y" % i)
    status = driver.hook()
    equal((status["pending"], status["lost"], status["cancelled"]),
          (246, 144, 20), "more wait, within bounds; what is over, doesn't")
    equal(len(server.messages), 3, "no more than a few at once")
    driver.configure(hooks(server, rate=600))
    driver.say("reload")
    driver.until(told(3 + 246))
    equal(len(server.messages), 4, "what waited is told in one message")
    message = server.messages[3]
    equal((message["count"], message["text"].count("\n"),
           message["text"].splitlines()[-1]),
          ("246", 20, "... and 226 more"), "of bounded length")
    driver.stop()
    server.stop()


def test_trouble(scratch):
    server = Hook()
    server.plans = [
        lambda *_: (429, b"slow down", [("Retry-After", "1")]),
        lambda *_: (503, b""),
        lambda *_: HANG,
    ]
    driver = Driver(scratch, hooks(server, timeout=1))
    driver.say("raise a x")
    seen = set()

    def all_told(status):
        seen.add(status["hooks"][0]["error"])
        return status["hooks"][0]["told"] == 1
    status = driver.until(all_told, 60)
    equal(seen - {""}, {"HTTP 429: slow down", "HTTP 503",
                        "no answer in 1.0 s"}, "what is wrong is told")
    equal((len(server.messages), status["hooks"][0]["failures"]), (1, 3),
          "and the message comes in the end, once")
    equal(status["told"], "hook0: good", "then all is well")
    server.plans = [lambda *_: (404, b"no_service\x1b[31m")]
    driver.say("raise b x")
    status = driver.until(lambda s: s["hooks"][0]["refused"] == 1)
    equal((status["hooks"][0]["refused"], status["hooks"][0]["pending"],
           status["told"]),
          (1, 0, "hook0: HTTP 404: no_service\\x1b[31m"),
          "what is refused is not tried for ever, and told at once")
    ok(driver.late < LATE, "nothing waits", driver.late)
    driver.stop()
    server.stop()


def test_never_answers(scratch):
    server = Hook()
    server.always = lambda *_: HANG
    driver = Driver(scratch, hooks(server, timeout=1, rate=600))
    for i in range(1000):
        driver.say("raise id-%d x" % i)
    status = driver.until(lambda s: s["hooks"][0]["failures"] >= 1)
    equal(status["hooks"][0]["pending"], 256, "what waits is bounded")
    for i in range(256):
        driver.say("over id-%d x" % i)
    wait_for(lambda: driver.hook()["pending"] in (0, 256, 512), 20)
    ok(driver.late < LATE, "and the loop goes on", driver.late)
    equal(driver.stop(), 0, "it ends cleanly")
    server.stop()


def test_secrets(scratch):
    authority = Authority(scratch, "hooks")
    server = Hook(certificate=authority.issue("localhost", "DNS:localhost"))
    url = secret(scratch, "url", "https://localhost:%d/T0/B0/secret\n"
                 % server.port)
    token = secret(scratch, "token", "Bearer tok3n\n")
    logging = {"webhooks": [{"name": "a", "url_file": url,
                             "authorization_file": token,
                             "ca": authority.ca, "timeout": 2}]}
    driver = Driver(scratch, logging)
    driver.say("raise a x")
    driver.until(told(1))
    path, headers, _ = server.requests[0]
    equal((path, headers["Authorization"]), ("/T0/B0/secret", "Bearer tok3n"),
          "a URL and a token of files, by TLS")
    server.plans = [lambda *_: (403, b"no")]
    driver.say("raise b x")
    driver.until(lambda s: s["hooks"][0]["refused"] == 1)
    os.chmod(url, 0o640)
    driver.say("raise c x")
    status = driver.until(
        lambda s: "others may use it" in s["hooks"][0]["error"])
    ok("others may use it (mode 0640)" in status["hooks"][0]["error"],
       "that others may read is not used", status)
    secret(scratch, "url", "http://10.255.255.1/x\n")
    status = driver.until(
        lambda s: "without encryption" in s["hooks"][0]["error"])
    ok("without encryption" in status["hooks"][0]["error"],
       "nor is a token sent in the clear", status)
    said = str(status) + driver.messages()
    ok("tok3n" not in said and "B0" not in said, "secrets are not told")
    driver.stop()
    server.stop()


def test_silence(scratch):
    """No recovery, nothing below a severity: as it is configured."""
    server = Hook()
    logging = hooks(server, server)
    logging["webhooks"][0]["recovery"] = False
    logging["webhooks"][1]["severity"] = "critical"
    driver = Driver(scratch, logging)
    driver.say("raise a x")
    driver.until(told(1))
    driver.say("over a y")
    driver.say("raise b x")
    driver.until(told(2))
    equal([m["id"] for m in server.messages], ["a", "b"],
          "only that they are raised")
    equal(driver.hook(1)["told"], 0, "only what is bad enough")
    driver.stop()
    server.stop()


with Scratch() as directory:
    run_all([test for name, test in list(globals().items())
             if name.startswith("test_")], directory)
done()
