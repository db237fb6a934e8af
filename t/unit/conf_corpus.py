# SPDX-License-Identifier: ISC
"""The schema of the configuration, the parser, and configurations."""

import glob
import json
import os
import re
import subprocess
import tempfile

import jsonschema

SOURCE = os.environ.get("VC5_SRC") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("VC5_BUILD", "."))
SCHEMA = os.path.join(SOURCE, "contrib/vc5d.schema.json")
PARSER = os.path.join(BUILD, "t/unit/conf_tables")
# Tests that hand over each configuration that they see accepted.
RECORDED = ["conf", "conf_announce", "conf_checks", "conf_delivery",
            "conf_flows", "conf_logging",
            "conf_webserver"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def schema():
    return json.loads(read(SCHEMA))


def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(
        schema(), format_checker=jsonschema.FormatChecker())


def parse(documents):
    """What the parser says of each: {"errors": [], "tables": []}."""
    lines = "".join(json.dumps(document) + "\n" for document in documents)
    run = subprocess.run([PARSER], input=lines, stdout=subprocess.PIPE,
                         check=True, encoding="utf-8")
    return [json.loads(line) for line in run.stdout.splitlines()]


def complaints(check, document):
    """What the schema has against it, a line each."""
    return ["%s: %s" % (error.json_path, error.message[:300])
            for error in check.iter_errors(document)]


def manual_examples():
    """(place, text) of each configuration that a man page shows."""
    for path in sorted(glob.glob(os.path.join(SOURCE, "man/*.[0-9]"))):
        text = read(path)
        for found in re.finditer(r"^\.Bd .*\n(\{\n(?:.*\n)*?)\.Ed$", text,
                                 re.MULTILINE):
            yield ("%s:%d" % (os.path.relpath(path, SOURCE),
                              text.count("\n", 0, found.start()) + 2),
                   found.group(1).replace("\\e", "\\").replace("\\&", ""))


def lab_configuration():
    """What contrib/lab gives each of its balancers."""
    script = """
        cd "$1" && . contrib/lab.d/common.sh && . contrib/lab.d/hosts.sh
        declare -A lan_address=([w]=10.0.0.1) lan_address6=([w]=fd00::1)
        state=/tmp/lab webs=w resolvers=w flows=65536 stop_delay=1 interval=1
        timeout=1 fall=2 vip_web=192.0.2.1 vip_dns=192.0.2.2
        vip_web6=2001:db8::1 vip_dns6=2001:db8::2
        command() { echo /usr/sbin/bgpctl; }
        cat() { if [ $# -gt 0 ]; then echo 192.0.2.99
            else while IFS= read -r line; do echo "$line"; done; fi; }
        hosts_vc5d_conf lb1
    """
    run = subprocess.run(["bash", "-c", script, "bash", SOURCE], check=True,
                         stdout=subprocess.PIPE, encoding="utf-8")
    return run.stdout


def recorded():
    """Configurations that the unit tests have seen accepted."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        for name in RECORDED:
            subprocess.run([os.path.join(BUILD, "t/unit", name)], check=True,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env=dict(os.environ, VC5_CONF_RECORD=file.name))
        return [json.loads(line) for line in file]
