#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""contrib/vc5d.schema.json and the parser: that they mean the same.

What the parser accepts, the schema does; what the schema accepts, the parser
does or it has one of the reasons in schema_reasons.py; and both know the same
keys everywhere.  -n and -s: how many documents are made, and from which seed.
"""

import argparse
import copy
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../adapters")]
from harness import done, equal, ok, skip_all  # noqa: E402

try:
    import conf_corpus as corpus
except ImportError:
    skip_all("python3-jsonschema is missing")

from schema_reasons import (REASONS, TIMES, check, delivery,  # noqa: E402
                            entry, policy, services)
from schema_walk import Walk  # noqa: E402

HINTS = {
    "prefix": ["10.0.0.0/8", "10.1.0.0/16", "fd00::/16", "10.2.0.0/24"],
    "address": ["192.0.2.1", "192.0.2.2", "10.0.0.1", "10.0.0.2", "fd00::1",
                "2001:db8::1"],
    "duration": ["1s", "500ms", "1.5s", "1m", "0.5h", "10s"],
    "listenAddress": ["127.0.0.1:80", "[::1]:80"],
    "numericCommunity": ["65000:100", "65000:1:2"],
    "slots": [251, 65537],
    "services": [],
    "servers": ["list", ["10.0.0.1", "10.0.0.2*"], ["fd00::1"]],
    "body_regex": ["a+b", "^[0-9]{3}$"],
    "need": [0, 1, "50%"],
    "interval": [2, 5, "10s"],
    "timeout": [1, 2, "500ms"],
    "fast_interval": [1, "500ms"],
    "track": [True],
    "url": ["https://es1:9200", "http://127.0.0.1:9200/es",
            "https://[2001:db8::1]/x"],
    "data_stream": ["logs-vc5d-default", "logs-a.b-c"],
    "template": [{"a": ["{{text}}", 1]}, []],
}

# An object of each kind that the parser reads, for its table of keys.
EACH_KIND = [
    services(entry(bgp={"degraded": {"below": 1}}),
             probe={}, limits={}, block={}, prefixes={},
             bgp={"degraded": {"below": 1}},
             sync={"interface": "eth1", "key": "/k"}, webserver={},
             control_readonly={"path": "/r"},
             logging={"elasticsearch": {"urls": "https://es1", "queue": {}},
                      "webhooks": [{"name": "a", "url": "https://h"}]}),
    services(entry(servers=[{"address": "10.0.0.1"}])),
] + [
    check(kind, **more) for kind, more in (
        ("tcp", {"send": {"hex": "00"}, "expect": {"hex": "00"}}),
        ("syn", {}), ("http", {}), ("https", {}), ("dns", {}),
        ("udp", {"send": "x"}), ("icmp", {}), ("exec", {"command": ["/x"]}),
        ("agent", {"port": 1}), ("none", {}))
] + [
    services(entry(delivery=delivery(kind, **more))) for kind, more in (
        ("layer2", {}), ("ipip", {}), ("gre", {}), ("fou", {}), ("gue", {}),
        ("dscp", {"code_point": 1}))
]


def find(document, path):
    """The value at a path as the parser writes it, and its schemas."""
    value, schemas = document, [SCHEMA]
    steps = re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)', path)
    for quoted, index, word in steps:
        if index:
            schemas = list(step_down(schemas, value, int(index)))
            value = value[int(index)]
        else:
            schemas = list(step_down(schemas, value, quoted or word))
            value = value[quoted or word]
    return value, list(reached(schemas, value))


def reached(schemas, value):
    """All schemas that apply, through references and choices."""
    for schema in schemas:
        yield schema
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from reached([SCHEMA["$defs"][name]], value)
        yield from reached(schema.get("allOf", ()), value)
        for word in ("anyOf", "oneOf"):
            for choice in schema.get(word, ()):
                if VALIDATOR.evolve(schema=choice).is_valid(value):
                    yield from reached([choice], value)


def step_down(schemas, value, key):
    for schema in reached(schemas, value):
        if isinstance(key, int):
            if "items" in schema:
                yield schema["items"]
        elif key in schema.get("properties", {}):
            yield schema["properties"][key]
        elif isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"]


def with_key(document, path, key):
    """The same, with that key in the object at the path, as null."""
    changed = copy.deepcopy(document)
    find(changed, path)[0][key] = None
    return changed


def is_foreign(document, path, key):
    """The parser knows the key only to say that it is another type's."""
    said = corpus.parse([with_key(document, path, key)])[0]["errors"]
    return any("%s: does not apply to" % key in line for line in said)


def compare_keys(document, path, keys):
    _, schemas = find(document, path)
    named = set()
    for schema in schemas:
        SEEN.add(id(schema))
        named.update(schema.get("properties", {}))
    foreign = {key for key in set(keys) - named
               if is_foreign(document, path, key)}
    return sorted(named ^ (set(keys) - foreign))


def with_properties(schema):
    """Every schema within that has keys of its own."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for word, part in schema.items():
            if word not in ("if", "then", "not"):
                yield from with_properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from with_properties(part)


def keys_are_the_same():
    seen = set()
    for document, result in zip(EACH_KIND, corpus.parse(EACH_KIND)):
        equal(result["errors"], [], "accepted: " + json.dumps(document)[:90])
        for path, keys in result["tables"]:
            kind = (path, tuple(keys), find(document, path)[0].get("type"))
            if kind not in seen:
                seen.add(kind)
                equal(compare_keys(document, path, keys), [],
                      "keys of %s, %d" % (path or "the file", len(keys)))
    unseen = [sorted(schema["properties"]) for schema
              in with_properties(SCHEMA) if id(schema) not in SEEN]
    equal(unseen, [], "all objects of the schema were compared")


def ports_are_the_same():
    """The names of ports are keys, too."""
    names = set(re.findall(r"^\.It (\S+) Ta \d+ Ta", corpus.read(
        os.path.join(corpus.SOURCE, "man/vc5d.conf.5")), re.MULTILINE))
    ok(len(names) > 20, "the manual has a table of ports")
    for line in corpus.read("/etc/services").splitlines() if os.path.exists(
            "/etc/services") else []:
        names.update(re.findall(r"^[a-z0-9.-]+", line))
    names.update(["0", "1", "65535", "65536", "99999", "080", "-1", "", "80/",
                  "80/tcp", "80/udp", "80/sctp", "http/udp", "HTTP", " 80"])
    names = sorted(names)
    documents = [policy(name) for name in names]
    results = corpus.parse(documents)
    for name, document, result in zip(names, documents, results):
        accepted = VALIDATOR.is_valid(document)
        if accepted != (result["errors"] == []):
            ok(False, "the port %r" % name, result["errors"])
    ok(True, "%d names of ports" % len(names))


def samples():
    yield "etc/vc5d.conf", corpus.read(os.path.join(corpus.SOURCE,
                                                    "etc/vc5d.conf"))
    yield from corpus.manual_examples()
    yield "contrib/lab", corpus.lab_configuration()


def samples_are_valid():
    documents = []
    for place, text in samples():
        document = json.loads(text)
        documents.append(document)
        equal(corpus.parse([document])[0]["errors"], [], place + ": parser")
        equal(corpus.complaints(VALIDATOR, document), [], place + ": schema")
    recorded = corpus.recorded()
    ok(len(recorded) > 50, "%d of unit tests" % len(recorded))
    bad = [(document, corpus.complaints(VALIDATOR, document))
           for document in recorded]
    bad = [item for item in bad if item[1]]
    equal(bad[:3], [], "they are valid")
    return documents + recorded


def is_listed(document, line):
    place = r'((?:[^\s"\[\]:]|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*): (.*)'
    path, said = re.match(place, line).groups()
    if any(re.search(reason, said) for reason, _ in TIMES):
        return isinstance(find(document, path)[0], str)
    return any(re.search(reason, line) for reason, _ in REASONS)


def unlisted(document, errors):
    said = [re.sub(r"^f:\d+:\d+: ", "", line) for line in errors]
    return [line for line in said if not is_listed(document, line)]


def reasons_are_needed():
    results = corpus.parse([document for _, document in REASONS])
    for (reason, document), result in zip(REASONS, results):
        lines = [re.sub(r"^f:\d+:\d+: ", "", line)
                 for line in result["errors"]]
        equal(corpus.complaints(VALIDATOR, document), [],
              "valid and refused: " + reason)
        ok(lines and all(re.search(reason, line) for line in lines),
           "refused: " + reason, lines)


def walk(count, rng):
    maker = Walk(VALIDATOR, rng, HINTS)
    documents = []
    while len(documents) < count:
        document = maker.instance()
        # Mostly there is a list of that name.
        if rng.random() < 0.9:
            document.setdefault("servers", {})["list"] = ["10.0.0.3"]
        documents.append(document)
    good = [document for document, result
            in zip(documents, corpus.parse(documents))
            if report_unlisted(document, result["errors"])]
    ok(len(good) >= count / 10, "%d of %d made documents are accepted"
       % (len(good), count))
    return good


def report_unlisted(document, errors):
    more = unlisted(document, errors)
    if more:
        ok(False, "the schema accepts what is refused",
           "\n".join(more + [json.dumps(document)[:2000]]))
    return not errors


def places(value, above=()):
    yield above
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, item in items:
        yield from places(item, above + (key,))


def another(value, rng):
    """Something else in its place."""
    if isinstance(value, str) and rng.random() < 0.5:
        return rng.choice([value.swapcase(), value + "x", value[1:],
                           value + "*", value + "%", "0" + value, value + "0",
                           [value], {value: None}])
    if isinstance(value, (int, float)) and rng.random() < 0.5:
        return rng.choice([value + 1, value - 1, value * 1000, -value,
                           str(value), "%ss" % value, [value], value / 2])
    return rng.choice([None, True, False, 0, 1, 2, 1.0, 0.5, "", "x", "1",
                       "any", "http", "10.0.0.1", "/x", [], {}, [value],
                       {"x": value}, "50%", "1s", 65536])


def mutant(documents, rng):
    document = copy.deepcopy(rng.choice(documents))
    for _ in range(rng.choice((1, 1, 1, 2))):
        path = rng.choice(list(places(document))[1:])
        above = document
        for key in path[:-1]:
            above = above[key]
        draw = rng.random()
        if draw < 0.15:
            del above[path[-1]]
        elif draw < 0.3 and isinstance(above, dict):
            above[rng.choice(sorted(ALL_KEYS))] = above.pop(path[-1])
        else:
            above[path[-1]] = another(above[path[-1]], rng)
        if list(places(document)) == [()]:
            break
    return document


def mutants_agree(documents, count, rng):
    """What the parser accepts is valid, and the reverse, near the edges."""
    made = [mutant(documents, rng) for _ in range(count)]
    made = [item for item in made if isinstance(item, dict)]
    accepted = 0
    for document, result in zip(made, corpus.parse(made)):
        valid = VALIDATOR.is_valid(document)
        if valid:
            accepted += report_unlisted(document, result["errors"])
        elif not result["errors"]:
            ok(False, "accepted by the parser, not by the schema",
               "\n".join(corpus.complaints(VALIDATOR, document)
                         + [json.dumps(document)[:2000]]))
    ok(accepted >= count / 20, "%d of %d mutants are accepted"
       % (accepted, count))


def defaults_are_valid():
    for schema in with_properties(SCHEMA):
        for key, part in schema["properties"].items():
            if "default" in part and not VALIDATOR.evolve(
                    schema=part).is_valid(part["default"]):
                ok(False, "the default of " + key)
    ok(True, "defaults are valid")


if not os.access(corpus.PARSER, os.X_OK):
    skip_all("%s is not built" % corpus.PARSER)
options = argparse.ArgumentParser()
options.add_argument("-n", type=int, default=300)
options.add_argument("-s", type=int, default=1)
options = options.parse_args()
random_numbers = random.Random(options.s)
SCHEMA = corpus.schema()
VALIDATOR = corpus.validator()
SEEN = set()
ALL_KEYS = {key for part in with_properties(SCHEMA)
            for key in part["properties"]}

keys_are_the_same()
ports_are_the_same()
defaults_are_valid()
reasons_are_needed()
accepted_documents = samples_are_valid()
accepted_documents += walk(options.n, random_numbers)
mutants_agree(accepted_documents, 3 * options.n, random_numbers)
done()
