#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What Prometheus makes of the metrics, and of the alerts and dashboard in
contrib/prometheus: its own promtool, and a server of it that scrapes."""

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403

CONTRIB = os.path.abspath(os.path.join(SOURCE, "contrib/prometheus"))
RULES = os.path.join(CONTRIB, "vc5d.rules.yml")
CONFIGURATION = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
scrape_configs:
  - job_name: vc5d
    static_configs:
      - targets: ["127.0.0.1:%d"]
rule_files: [%s]
"""
METRIC = re.compile(r"\b(?:vc5|process)_\w+\b")


def known_metrics():
    """Names of samples, by the heads in t/data/status.metrics."""
    with open(os.path.join(SOURCE, "t/data/status.metrics")) as file:
        types = re.findall(r"^# TYPE (\w+) (\w+)", file.read(), re.M)
    return {name + suffix for name, kind in types for suffix in
            (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}


def promtool(name, *arguments):
    result = subprocess.run(["promtool", *arguments], capture_output=True,
                            text=True, cwd=CONTRIB)
    ok(result.returncode == 0, name, result.stdout + result.stderr)


def test_rules():
    promtool("promtool check rules", "check", "rules", RULES)
    promtool("promtool test rules", "test", "rules", "vc5d.rules.test.yml")
    with open(RULES) as file:
        rules = file.read()
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    with open(os.path.join(CONTRIB, "vc5d.rules.test.yml")) as file:
        tested = set(re.findall(r"alertname: (\w+)", file.read()))
    equal(alerts - tested, set(), "each alert has a test")
    expressions = re.findall(r"expr: (.*(?:\n {10}.*)*)", rules)
    used = set(METRIC.findall(" ".join(expressions)))
    equal(used - known_metrics(), set(), "the rules' metrics exist")


def expressions_of(value):
    """All queries of a dashboard."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("expr", "definition") and isinstance(inner, str):
                yield inner
            else:
                yield from expressions_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions_of(inner)


def dashboard():
    with open(os.path.join(CONTRIB, "vc5d.dashboard.json")) as file:
        return json.load(file)


def test_dashboard():
    board = dashboard()
    used = set(METRIC.findall(" ".join(expressions_of(board))))
    ok(len(used) > 20, "the dashboard shows something", used)
    equal(used - known_metrics(), set(), "the dashboard's metrics exist")
    ids = [panel["id"] for panel in board["panels"]]
    equal(len(set(ids)), len(ids), "its panels have ids of their own")


class Prometheus:
    def __init__(self, scratch, target):
        self.port = free_port()
        file = scratch.join("prometheus.yml")
        with open(file, "w") as out:
            out.write(CONFIGURATION % (target, RULES))
        self.log = open(scratch.join("prometheus.log"), "w+")
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=" + file,
             "--storage.tsdb.path=" + scratch.join("tsdb"),
             "--web.listen-address=127.0.0.1:%d" % self.port,
             "--log.level=warn"],
            stdout=self.log, stderr=self.log)
        atexit.register(self.process.kill)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def messages(self):
        self.log.seek(0)
        return self.log.read()

    def get(self, path, **query):
        """Its API's data; None while it can't be asked."""
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (
            self.port, path, urllib.parse.urlencode(query))
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def values(self, expression):
        found = self.get("query", query=expression)
        return [float(sample["value"][1]) for sample in found["result"]] \
            if found is not None else []


def plain(expression):
    """A dashboard's expression without its variables."""
    expression = expression.replace("$__rate_interval", "5s")
    return re.sub(r"\$(instance|service)", ".*", expression)


def test_scrape(scratch):
    server = Server(free_port())
    ok(server.ready, "the server of metrics runs", server.messages())
    prometheus = Prometheus(scratch, server.port)
    ok(wait_for(lambda: prometheus.values('up{job="vc5d"}') == [1], 60),
       "Prometheus scrapes", prometheus.messages())
    equal(prometheus.values("vc5_problems"), [2], "a gauge is there")
    equal(prometheus.values('vc5_dropped_packets_total{reason="fragment"}'),
          [42], "a counter")
    equal(prometheus.values("process_cpu_seconds_total{job='vc5d'}"),
          [123.456789], "the process")
    metadata = prometheus.get("targets/metadata") or []
    types = {entry["metric"]: entry["type"] for entry in metadata}
    ok(types.get("vc5_problems") == "gauge" and
       types.get("vc5_check_connect_seconds") == "histogram",
       "it knows types", types)
    dropped = prometheus.values(
        "sum(prometheus_target_scrapes_sample_duplicate_timestamp_total)"
        " or vector(0)")
    equal(dropped, [0], "no sample is there twice")
    wrong = [expression for expression in expressions_of(dashboard())
             if not expression.startswith("label_values") and
             prometheus.get("query", query=plain(expression)) is None]
    equal(wrong, [], "it understands all queries of the dashboard")

    def pending():
        groups = (prometheus.get("rules") or {"groups": []})["groups"]
        return {rule["name"]: rule for group in groups
                for rule in group["rules"] if rule["type"] == "alerting"}
    ok(wait_for(lambda: pending().get("Vc5dAlert", {}).get("state") in
                ("pending", "firing"), 60),
       "an alert of the document is on its way", pending())
    equal([name for name, rule in pending().items()
           if rule["health"] == "err"], [], "all rules can be evaluated")
    prometheus.stop()
    equal(server.stop(), 0, "the server ends cleanly")


for tool in ("promtool", "prometheus"):
    if shutil.which(tool) is None:
        skip_all("%s is not installed" % tool)
test_rules()
test_dashboard()
with Scratch() as directory:
    test_scrape(directory)
done()
