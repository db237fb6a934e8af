#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""contrib/elasticsearch: are its files what they should be, and of the fields
that are really sent?  Documents are those that t/unit/ecs has made."""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../adapters"))
from harness import SOURCE, done, equal, ok, program  # noqa: E402

HERE = os.path.join(SOURCE, "contrib/elasticsearch")
TYPES = {str: {"keyword", "match_only_text", "constant_keyword", "date", "ip"},
         int: {"long"}}


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def fields_of(properties, above=""):
    """{"a.b": its mapping}"""
    found = {}
    for name, part in properties.items():
        if "properties" in part:
            found.update(fields_of(part["properties"], above + name + "."))
        else:
            found[above + name] = part
    return found


def values_of(document, above=""):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from values_of(value, above + name + ".")
        else:
            yield above + name, value


def documents():
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        subprocess.run([program("t/unit/ecs")], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, VC5_ECS_RECORD=file.name))
        return [json.loads(line) for line in file]


def test_template(fields):
    sent = {}
    for document in documents():
        for name, value in values_of(document):
            sent.setdefault(name, []).append(value)
    ok(len(sent) > 30, "%d fields are sent" % len(sent))
    equal(sorted(set(sent) - set(fields)), [],
          "the template has all that are sent")
    equal(sorted(set(fields) - set(sent)), [], "and no others")
    wrong = [(name, value) for name, values in sent.items()
             for value in values for one in (
                 value if isinstance(value, list) else [value])
             if fields[name]["type"] not in TYPES[type(one)]]
    equal(wrong, [], "of types that fit")


def named_fields(text):
    """What a query asks for: "name : value"."""
    return re.findall(r"([@a-z_.]+[a-z_]) :", text)


def fields_used(saved):
    attributes = saved["attributes"]
    yield from attributes.get("columns", [])
    for name, _ in attributes.get("sort", []):
        yield name
    meta = attributes.get("kibanaSavedObjectMeta", {})
    source = json.loads(meta.get("searchSourceJSON", "{}"))
    yield from named_fields(source.get("query", {}).get("query", ""))
    for part in json.loads(attributes.get("visState", "{}")).get("aggs", []):
        if "field" in part["params"]:
            yield part["params"]["field"]
    if "timeFieldName" in attributes:
        yield attributes["timeFieldName"]


def references_used(saved):
    meta = saved["attributes"].get("kibanaSavedObjectMeta", {})
    source = json.loads(meta.get("searchSourceJSON", "{}"))
    if "indexRefName" in source:
        yield source["indexRefName"]
    for panel in json.loads(saved["attributes"].get("panelsJSON", "[]")):
        yield "%s:%s" % (panel["panelIndex"], panel["panelRefName"])


def test_saved_objects(fields):
    text = read("kibana.ndjson")
    ok(text.endswith("\n"), "the last line ends")
    objects = [json.loads(line) for line in text.splitlines()]
    known = {(o["type"], o["id"]) for o in objects}
    equal(len(known), len(objects), "%d saved objects" % len(objects))
    for saved in objects:
        name = "%s %s" % (saved["type"], saved["id"])
        equal([(r["type"], r["id"]) for r in saved["references"]
               if (r["type"], r["id"]) not in known], [],
              name + ": what it refers to is there")
        equal(sorted(references_used(saved)),
              sorted(r["name"] for r in saved["references"]),
              name + ": its references are those that it uses")
        equal([f for f in fields_used(saved) if f not in fields], [],
              name + ": its fields are there")


def test_rest(template):
    equal(template["index_patterns"],
          [o["attributes"]["title"]
           for o in map(json.loads, read("kibana.ndjson").splitlines())
           if o["type"] == "index-pattern"],
          "the template and the data view are of the same data streams")
    ok("data_stream" in template and template["priority"] > 100,
       "a data stream, before Elasticsearch's own template for logs-*-*")
    key = json.loads(read("api-key.json"))
    equal(key["role_descriptors"]["vc5d"]["indices"][0]["names"],
          template["index_patterns"], "and so is the key")
    for name in sorted(os.listdir(HERE)):
        ok(name == "README" or re.search(
            r"^%s " % re.escape(name), read("README"), re.MULTILINE),
           "README has " + name)


the_template = json.loads(read("index-template.json"))
the_fields = fields_of(the_template["template"]["mappings"]["properties"])
test_template(the_fields)
test_saved_objects(the_fields)
test_rest(the_template)
done()
