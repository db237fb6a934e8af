# SPDX-License-Identifier: ISC
"""VC5's configuration as it is written: YAML, or the JSON made of it.

VC5's own converter takes every scalar of YAML for text, so that there is no
octal, sexagesimal or "yes" in it; the same is done here.  What it would take
for something else than people would (keys that are given twice, merge keys,
tags) is refused.  Everything has its place in the file, and knows whether
something was made of it.
"""

import json
import re

import yaml

SIZE_MAX = 16 << 20  # bytes
NODES_MAX = 1000000  # with those that aliases repeat
DEPTH_MAX = 50


class Refused(Exception):
    """The file can't be understood."""


class Value:
    """What is at a path of the file, on a line."""

    kind = None

    def __init__(self, path, line):
        self.path = path
        self.line = line

    def unused(self):
        """The parts that nobody has asked for."""
        return iter(())

    def take(self):
        """All of it has been seen to."""


class Text(Value):
    kind = "a scalar"

    def __init__(self, path, line, text):
        super().__init__(path, line)
        self.text = text


class Empty(Value):
    kind = "empty"


class List(Value):
    kind = "a list"

    def __init__(self, path, line, items):
        super().__init__(path, line)
        self.items = items

    def unused(self):
        for item in self.items:
            yield from item.unused()

    def take(self):
        for item in self.items:
            item.take()


class Map(Value):
    kind = "a mapping"

    def __init__(self, path, line, entries):
        super().__init__(path, line)
        self.entries = entries
        self.used = set()

    def get(self, key):
        """The value, or None if there is none or it is empty."""
        self.used.add(key)
        value = self.entries.get(key)
        return None if isinstance(value, Empty) else value

    def keys(self):
        return list(self.entries)

    def unused(self):
        for key, value in self.entries.items():
            if key in self.used:
                yield from value.unused()
            else:
                yield value

    def take(self):
        self.used.update(self.entries)
        for value in self.entries.values():
            value.take()


def member(path, key):
    """The path of a key, as vc5d(8) writes it."""
    if re.fullmatch(r"[A-Za-z0-9_]+", key):
        return "%s.%s" % (path, key) if path else key
    return "%s[%s]" % (path, json.dumps(key))


class Reader:
    """Makes values of PyYAML's nodes."""

    def __init__(self, text, is_json):
        self.text = text
        self.is_json = is_json
        self.count = 0
        self.above = []

    def read(self):
        try:
            node = yaml.compose(self.text, yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise Refused(self._place(error)) from error
        if node is None:
            raise Refused("1: there is nothing in it")
        return self._value(node, "")

    def _place(self, error):
        """What PyYAML says, with its line."""
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        if isinstance(error, yaml.reader.ReaderError):
            line = self.text.count("\n", 0, error.position) + 1
            return "%d: has a character that YAML doesn't allow" % line
        context = getattr(error, "context", None)
        problem = getattr(error, "problem", None) or str(error)
        return "%d: %s%s" % (line, context + ", " if context else "",
                             " ".join(problem.split()))

    def _value(self, node, path):
        line = node.start_mark.line + 1
        self.count += 1
        if self.count > NODES_MAX:
            raise Refused("%d: %s: aliases make more of it than is sensible"
                          % (line, path))
        if node in self.above or len(self.above) > DEPTH_MAX:
            raise Refused("%d: %s: is nested without end" % (line, path))
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise Refused("%d: %s: has a tag, %s" % (line, path, node.tag))
        self.above.append(node)
        try:
            return self._make(node, path, line)
        finally:
            self.above.pop()

    def _make(self, node, path, line):
        if isinstance(node, yaml.SequenceNode):
            return List(path, line, [
                self._value(item, "%s[%d]" % (path, i))
                for i, item in enumerate(node.value)])
        if isinstance(node, yaml.MappingNode):
            return self._map(node, path, line)
        empty = ("null",) if self.is_json else ("", "~")
        if node.style is None and node.value in empty:
            return Empty(path, line)
        # JSON writes what is beyond 16 bits as two escapes.
        return Text(path, line, node.value.encode("utf-16", "surrogatepass")
                    .decode("utf-16", "replace"))

    def _map(self, node, path, line):
        entries = {}
        lines = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise Refused("%d: %s: has a key that is no scalar"
                              % (key_line, path))
            key = key_node.value
            below = member(path, key)
            if key in entries:
                raise Refused("%d: %s: is given twice, first on line %d"
                              % (key_line, below, lines[key]))
            if key == "<<" and key_node.style is None:
                raise Refused("%d: %s: VC5 doesn't read merge keys: write out "
                              "what is meant" % (key_line, below))
            lines[key] = key_line
            entries[key] = self._value(value_node, below)
            entries[key].line = key_line
        return Map(path, line, entries)


def check_json(text):
    def refuse(name):
        raise Refused("1: %s is no JSON" % name)
    try:
        json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise Refused("%d: %s" % (error.lineno, error.msg)) from error
    except RecursionError as error:
        raise Refused("1: is nested too deeply") from error


def read(data):
    """The file's bytes: its top level, and whether it is JSON."""
    if len(data) > SIZE_MAX:
        raise Refused("1: is larger than 16 MiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise Refused("%d: is not UTF-8" % line) from error
    is_json = text.lstrip(" \t\r\n").startswith("{")
    if is_json:
        check_json(text)
        # YAML does not indent by tabs; in JSON they are only between values.
        text = text.replace("\t", " ")
    try:
        root = Reader(text, is_json).read()
    except RecursionError as error:
        raise Refused("1: is nested too deeply") from error
    if not isinstance(root, Map):
        raise Refused("%d: the top level is %s, and not a mapping"
                      % (root.line, root.kind))
    return root, is_json
