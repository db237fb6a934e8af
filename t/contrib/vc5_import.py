#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""contrib/vc5-import: samples become what is beside them, and nothing of them
is lost without a word.

With -w, what is written now is what is expected from now on.
"""

import argparse
import copy
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../contrib/vc5-import.d"),
                os.path.join(HERE, "../adapters")]
from harness import BUILD, SOURCE, done, equal, ok, skip, skip_all  # noqa

try:
    import yaml
except ImportError:
    skip_all("python3-yaml is missing")

import flags  # noqa: E402
from convert import Converter  # noqa: E402
from report import Report  # noqa: E402
from source import Refused, member, read  # noqa: E402

PROGRAM = os.path.join(SOURCE, "contrib/vc5-import")
SAMPLES = {
    "site.yaml": ["-a", "10.8.1.1=64600", "-a", "64601", "--", "-F", "100000",
                  "-D=5", "-w", ":8089", "10.8.1.5", "site.json", "eno1",
                  "eno2"],
    "compiled.json": ["-i", "eno1", "-i", "eno2", "-r", "10.8.1.5", "-s",
                      "eno3"],
    "older.yaml": ["--", "-n", "-A", "64799", "older.json", "10.8.1.5",
                   "eno1"],
    "older.json": ["-i", "eno1", "-k", "/etc/vc5d/key"],
}
SERVICE = """services:
  - name: a
    virtual: 192.0.2.1
    servers: [ 10.0.0.1 ]
    policy:
      http:
"""

# Files that VC5 and people read in different ways, or not at all.
REFUSED = [
    ("", r"1: there is nothing in it"),
    ("- a\n", r"1: the top level is a list"),
    ("a: [\n", r"2: "),
    ("a: 1\nb: 2\na: 3\n", r"3: a: is given twice, first on line 1"),
    ("a: {b: 1, b: 2}\n", r"1: a\.b: is given twice"),
    ('{"a": 1,\n "a": 2}', r"2: a: is given twice, first on line 1"),
    ('{"a": 1,}', r"1: "),
    ('{"a": NaN}', r"NaN is no JSON"),
    ("a: 1\n---\nb: 2\n", r"2: .*another document"),
    ("a: &x [ *x ]\n", r"1: a\[0\]: is nested without end"),
    ("base: &b {need: 1}\nother:\n  <<: *b\n",
     r"3: other\[\"<<\"\]: VC5 doesn't read merge keys"),
    ("a: !ruby/object:Foo {}\n", r"1: a: has a tag"),
    ("? [a, b]\n: 1\n", r"1: : has a key that is no scalar"),
    ("a: *nowhere\n", r"1: .*undefined alias"),
    ("\ta: 1\n", r"1: "),
    ("a: \xff\n".encode("latin-1"), r"1: is not UTF-8"),
    ("a:\n" + "".join("%s-\n" % (" " * i) for i in range(1, 80)),
     r"is nested without end"),
    ("x: &a [%s]\ny: &b [%s]\nz: &c [%s]\nw: [%s]\n" % (
        "1, " * 100, "*a, " * 100, "*b, " * 100, "*c, " * 100),
     r"aliases make more of it than is sensible"),
    (SERVICE + "    need: 010\n", r"services\[0\]\.need \(010\): refused: "
     "some read that as octal"),
    (SERVICE + "    need: 1_0\n", r"is not a number"),
    (SERVICE + "    need: 0x10\n", r"is not a number"),
    (SERVICE + "    need: 1:30\n", r"is not a number"),
    (SERVICE + "    need: 256\n", r"is not in the range 0 to 255"),
    (SERVICE + "    sticky: yes\n", r"sticky \(yes\): refused: not all "
     "versions of VC5 read that in the same way"),
    (SERVICE + "    sticky: True\n", r"not all versions"),
    (SERVICE + "    sticky: maybe\n", r"is neither true nor false"),
    (SERVICE + "    priority: urgent\n", r"is not one of: critical"),
    (SERVICE + "    method: POST\n", r"is not one of: GET"),
    (SERVICE + "    expect: 2xx\n", r"is not a status code"),
    (SERVICE + "    expect: 200-3\n", r"is not a range of status codes"),
    (SERVICE + "    tunnel-type: vxlan\n", r"is not one of: none"),
    (SERVICE.replace("http:", "gopher:"), r"is no port that VC5 knows"),
    (SERVICE.replace("http:", "70000:"), r"is no port that VC5 knows"),
    (SERVICE.replace("http:", "http:\n      80:"), r"port 80/tcp is at "
     r"services\[0\].policy.http of services\[0\] already"),
    (SERVICE + SERVICE.partition("\n")[2], r"port 80/tcp is at "
     r"services\[0\]\.policy\.http of services\[0\] already"),
    (SERVICE.replace("[ 10.0.0.1 ]", "web"), r"there is no such list"),
    (SERVICE.replace("[ 10.0.0.1 ]", "[ web ]"), r"is not an address"),
    (SERVICE.replace("192.0.2.1", "192.0.2"), r"is not an address"),
    (SERVICE.replace("192.0.2.1", "192.0.2.01"), r"is not an address"),
    (SERVICE.replace("policy:\n      http:", "policy: web"),
     r"there is no such policy"),
    (SERVICE.replace("    policy:\n      http:\n", ""), r"has no policy"),
    (SERVICE.replace("      http:\n", "      http:\n        checks:\n"
                     "        - port: 1\n"), r"has no type"),
    (SERVICE.replace("      http:\n", "      http:\n        checks:\n"
                     "        - type: ftp\n"), r"is not one of: http"),
    (SERVICE + "bgp: { peers: [ 10.0.0.9 ] }\n", r"has no as_number"),
    (SERVICE + "bgp: { as_number: 70000, peers: [] }\n",
     r"is not in the range 1 to 65535"),
    (SERVICE + "bgp: { as_number: 1, communities: [ 65536:1 ] }\n",
     r"is no community"),
    (SERVICE + "bgp: { as_number: 1, groups: [ { reject: [ nobody ] } ] }\n",
     r"is no prefix, nor the name of a list"),
    (SERVICE + "vlans: { 4095: 10.0.0.0/8 }\n", r"is no VLAN ID"),
    (SERVICE + "vlans: { 10.0.0.0/8: 5 }\n", r"is no VLAN ID"),
    (SERVICE + "multicast: 224.0.0.1\n", r"is not an address"),
    (SERVICE + "reals: {}\n", r"is of VC5's first form"),
    ('{"services": {"192.0.2.1:80": {}}}', r"is no ADDRESS:PORT:PROTOCOL"),
    ('{"services": {"192.0.2.1:99999:tcp": {"reals": {}}}}',
     r"is no port in the range"),
    ('{"vips": {"192.0.2.1": {"80": {}}}}', r"is no PROTOCOL:PORT"),
]

# The same in words that look alike.
ACCEPTED = [
    # Scalars are text, whatever YAML 1.1 would make of them.
    (SERVICE.replace("name: a", "name: no"), "services", 0, "name", "no"),
    (SERVICE.replace("name: a", "name: 1e3"), "services", 0, "name", "1e3"),
    (SERVICE + "    host: 12:30:45\n", "services", 0, "host", "12:30:45"),
    (SERVICE + "    description: 'yes'\n", "services", 0, "description",
     "yes"),
    (SERVICE + "    need: ~\n", "services", 0, "need", None),
    (SERVICE + "    description: \"a\\tb\"\n", "services", 0, "description",
     "a b"),
    (SERVICE + "bgp: { as_number: 1, peers: [ 10.0.0.9 ], communities: "
     "[ 64500:30 ] }\n", "bgp", "communities", 0, "64500:30"),
]


class Options:
    interface, peer_as, router_id = ["eth0"], {}, None
    sync_interface, sync_key = None, "/etc/vc5d.key"


def convert(data, command_line=()):
    """(what is made of it, the list, how many are refused)"""
    report = Report("f")
    meant, lost = flags.parse(command_line)
    converter = Converter(report, Options, meant, lost)
    root, _ = read(data if isinstance(data, bytes) else data.encode("utf-8"))
    converter.convert(root)
    return ({"conf": converter.conf, "bgpd": converter.bgpd}, report.lines(),
            report.counts["refused"])


def run(*arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8",
                          check=False, **more)


def sample_path(name):
    return os.path.join(HERE, "import", name)


def slurp(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def samples_become(name, arguments, directory, rewrite):
    conf = os.path.join(directory, name + ".conf")
    bgpd = os.path.join(directory, name + ".bgpd")
    result = run(PROGRAM, "-o", conf, "-b", bgpd, name, *arguments,
                 cwd=os.path.join(HERE, "import"))
    found = {"conf": slurp(conf), "bgpd": slurp(bgpd),
             "list": result.stderr + "status %d\n" % result.returncode}
    for kind, text in found.items():
        path = sample_path("%s.%s" % (name, kind))
        if rewrite:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        equal(text, slurp(path), "%s: its %s" % (name, kind))
    accepted(name, conf, bgpd)


def accepted(name, conf, bgpd):
    """By the programs that they are for."""
    result = run(os.path.join(BUILD, "vc5d"), "-n", "-f", conf)
    ok(result.returncode == 0 and "configuration OK" in result.stdout +
       result.stderr, name + ": vc5d takes it",
       result.stdout + result.stderr)
    try:
        result = run("/usr/sbin/bgpd", "-n", "-f", bgpd)
    except FileNotFoundError:
        skip(name + ": bgpd takes it", "bgpd is missing")
        return
    ok(result.returncode == 0, name + ": bgpd takes it",
       result.stdout + result.stderr)


def leaves(value, path=()):
    """The paths of all keys and items."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, item in items:
        yield path + (key,)
        yield from leaves(item, path + (key,))


class Dumper(yaml.SafeDumper):
    """Writes what was empty as such: the loader takes it for ""."""


def represent_text(dumper, text):
    if text == "":
        return dumper.represent_scalar("tag:yaml.org,2002:null", "~")
    return dumper.represent_str(text)


Dumper.add_representer(str, represent_text)


def load(name):
    text = slurp(sample_path(name))
    return json.loads(text) if name.endswith(".json") else yaml.load(
        text, yaml.BaseLoader)


def dump(document, name):
    text = json.dumps(document)
    if name.endswith(".json"):
        return text
    return yaml.dump(document, Dumper=Dumper, sort_keys=False)


def nothing_is_lost(name):
    """Whatever is taken away makes a difference somewhere."""
    document = load(name)
    before = convert(dump(document, name))
    equal(before[2], 0, name + ": nothing is refused")
    silent = []
    for path in leaves(document):
        if is_listed(path, before[1]):
            continue
        changed = copy.deepcopy(document)
        above = changed
        for key in path[:-1]:
            above = above[key]
        value = above.pop(path[-1])
        try:
            after = convert(dump(changed, name))
        except Refused:
            continue
        if after[0] == before[0] and bare(after[1]) == bare(before[1]) \
                and not is_default(path, value):
            silent.append(path)
    equal(silent, [], name + ": nothing is lost without a word")


def text_of(path):
    """A path as the list has it."""
    text = ""
    for key in path:
        text = "%s[%d]" % (text, key) if isinstance(key, int) else \
            member(text, key)
    return text


def is_listed(path, lines):
    """What it is in is named, and so need not be itself."""
    return any(re.search(": %s( \\(.*\\))?: (lost|to do|changed): " % re.escape(
        text_of(path[:i])), line) for line in lines for i in range(
            1, len(path)))


def bare(lines):
    """Without the numbers of lines."""
    return [re.sub(r"^f:\d+", "f", line) for line in lines]


# What is the same as not to say it.
DEFAULTS = [("reset", False), ("weight", 1), ("weight", 0),
            ("disabled", False),
            ("persist", 0), ("leastconns", False), ("listen", False),
            ("listen", "false"), ("accept", []), ("reject", []),
            ("scheduler", None), ("scheduler", ""), ("scheduler", "maglev"),
            ("syslog", True), ("checks", []), ("port", 0), ("fallback", False),
            ("path", "/")]


def is_default(path, value):
    return (path[-1], value) in DEFAULTS


def keys_are_known(name):
    """A key by another name is missed, and said to be unknown."""
    document = load(name)
    silent = []
    _, before, _ = convert(dump(document, name))
    for path in leaves(document):
        if not isinstance(path[-1], str) or is_listed(path, before):
            continue
        changed = copy.deepcopy(document)
        above = changed
        for key in path[:-1]:
            above = above[key]
        above["hxqz" + path[-1]] = above.pop(path[-1])
        try:
            _, lines, _ = convert(dump(changed, name))
        except Refused:
            continue
        if not any("hxqz" in line for line in lines):
            silent.append(path)
    equal([path for path in silent if not is_name(path)], [],
          name + ": other keys are listed")


def is_name(path):
    """Names that people give, and addresses that come back as they are."""
    return path[-2:-1] in (("prefixes",), ("servers",), ("policy",)) or \
        path[:1] == ("vips",) and len(path) == 2


def oddities():
    for data, expected in REFUSED:
        try:
            _, lines, refused = convert(data)
            said = "\n".join(lines) if refused else "accepted"
        except Refused as error:
            said = str(error)
        ok(re.search(expected, said), "refused: %r" % data[-50:], said)
    for data, *path, expected in ACCEPTED:
        value, lines, _ = convert(data)
        value = value["conf"]
        for key in path:
            value = value.get(key) if isinstance(value, dict) else value[key]
        equal(value, expected, "accepted: %r" % data[-40:])


def mutants(count, rng):
    """Whatever comes, it is refused in words, or converted."""
    texts = [dump(load(name), name) for name in SAMPLES]
    for _ in range(count):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(text))
            end = start + rng.randint(0, 12)
            text = text[:start] + rng.choice([
                "", "\n", "{", "[", "*", "&a ", "- ", ": ", "\0", "\x1b[31m",
                "null", "1", "-1", "99999999999", "\u20ac", '"', "!!int "
            ]) + text[end:]
        try:
            result, lines, refused = convert(text)
        except Refused as error:
            lines, refused, result = [str(error)], 1, None
        if any(not c.isprintable() for line in lines for c in line):
            ok(False, "what is said can be shown", lines)
        if not refused:
            json.dumps(result)
    ok(True, "%d mutants" % count)


def table_of_flags():
    """vc5-import(1) has the flags that are read."""
    text = slurp(os.path.join(SOURCE, "man/vc5-import.1"))
    rows = text.partition(".Sh COMMAND LINE")[2].partition(".Sh ")[0]
    listed = {name for row in re.findall(r"^\.It (Fl .*?) Ta ", rows,
                                         re.MULTILINE)
              for name in re.findall(r"Fl (\S+)", row)}
    listed.update(re.findall(r"^\.It Fl (\S+) Ta ", rows, re.MULTILINE))
    equal(sorted(listed), sorted(flags.FLAGS), "the manual's table of flags")


def command_lines():
    for line, expected in (
            (["10.0.0.1", "f.json", "eth0", "eth1"],
             {"address": "10.0.0.1", "interfaces": ["eth0", "eth1"]}),
            (["-n", "f.json", "10.0.0.1", "eth0"],
             {"native": "true", "address": "10.0.0.1",
              "interfaces": ["eth0"]}),
            (["-a", "10.0.0.1", "--l=9", "f.json", "eth0"],
             {"address": "10.0.0.1", "learn": "9", "interfaces": ["eth0"]}),
            (["-m", "224.0.0.1:9", "-A", "65001", "f.json"],
             {"multicast": "224.0.0.1:9", "loopback": "65001",
              "interfaces": []})):
        equal(flags.parse(line)[0], expected, " ".join(line))
    for line in (["-z"], ["-l"]):
        try:
            ok(False, " ".join(line), flags.parse(line))
        except flags.Wrong as error:
            ok(True, "%s: %s" % (line, error))


def program(directory):
    """Files are not replaced, and nothing is written of what is refused."""
    there = os.path.join(directory, "there")
    with open(there, "w", encoding="utf-8") as file:
        file.write("x")
    name = sample_path("older.json")
    result = run(PROGRAM, "-i", "eth0", "-o", there, name)
    equal((result.returncode, slurp(there)), (1, "x"), "a file is kept")
    result = run(PROGRAM, "-i", "eth0", "-f", "-o", there, name)
    equal(result.returncode, 3, "unless it is to be replaced")
    ok(len(slurp(there)) > 100, "and is then")
    new = os.path.join(directory, "new")
    result = run(PROGRAM, "-o", new, name)
    equal((result.returncode, os.path.exists(new)), (1, False),
          "nothing is written without interfaces")
    result = run(PROGRAM, "-i", "eth0", "-", input=SERVICE)
    equal((result.returncode, json.loads(result.stdout)["interfaces"]),
          (0, ["eth0"]), "from the standard input to the standard output")
    result = run(PROGRAM, sample_path("site.yaml"))
    ok("secret-of" not in result.stdout + result.stderr,
       "secrets are not repeated", result.stderr)
    for arguments in ([], ["-z", name], ["-a", "x", name],
                      [name, "--", "-z"]):
        equal(run(PROGRAM, *arguments).returncode, 2,
              "usage: " + " ".join(arguments[:1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", action="store_true")
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("-s", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        for name, arguments in SAMPLES.items():
            samples_become(name, arguments, directory, options.w)
        program(directory)
    for name in SAMPLES:
        nothing_is_lost(name)
        keys_are_known(name)
    oddities()
    command_lines()
    table_of_flags()
    mutants(options.n, random.Random(options.s))
    done()


main()
