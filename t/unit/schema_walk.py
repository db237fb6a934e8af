# SPDX-License-Identifier: ISC
"""Instances of a JSON Schema, by a random walk through it.

It knows the words that contrib/vc5d.schema.json is written in, and stops at
any other rather than pass it over.
"""

try:
    from re import _parser as patterns
except ImportError:  # before Python 3.11
    import sre_parse as patterns

# What a walk has to understand, and what only says something to people.
WORDS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "else", "enum",
    "format", "if", "items", "maxItems", "maxLength", "maxProperties",
    "maximum", "minItems", "minLength", "minProperties", "minimum",
    "multipleOf", "not", "oneOf", "pattern", "prefixItems", "properties",
    "propertyNames", "required", "then", "type", "unevaluatedProperties",
    "uniqueItems",
}
SILENT = {"$defs", "$schema", "default", "description", "title"}
TRIES = 200


class Dead(Exception):
    """No instance was found within the tries."""


class Text:
    """A random string that a regular expression matches."""

    def __init__(self, rng, pattern):
        self.rng = rng
        self.tree = patterns.parse(pattern)

    def make(self):
        return self._sequence(self.tree)

    def _sequence(self, tree):
        return "".join(self._item(str(op), value) for op, value in tree)

    def _item(self, op, value):
        if op == "LITERAL":
            return chr(value)
        if op == "IN":
            return self._character(value)
        if op == "BRANCH":
            return self._sequence(self.rng.choice(value[1]))
        if op == "SUBPATTERN":
            return self._sequence(value[3])
        if op == "MAX_REPEAT":
            return self._repeat(*value)
        if op in ("AT", "ASSERT_NOT"):
            return ""  # held against what comes out of it
        raise NotImplementedError("%s in a pattern" % op)

    def _repeat(self, low, high, tree):
        high = min(int(high), 2000)
        draw = self.rng.random()
        if draw < 0.8:
            count = self.rng.randint(low, min(high, low + 8))
        else:
            count = high if draw > 0.97 else low
        return "".join(self._sequence(tree) for _ in range(count))

    def _character(self, ranges):
        allowed = []
        negated = str(ranges[0][0]) == "NEGATE"
        for op, value in ranges[1 if negated else 0:]:
            low, high = value if str(op) == "RANGE" else (value, value)
            allowed.append((low, high))
        if not negated:
            return chr(self.rng.randint(*self.rng.choice(allowed)))
        while True:
            code = self.rng.choice((self.rng.randint(32, 126), 0xe4, 0x20ac))
            if not any(low <= code <= high for low, high in allowed):
                return chr(code)


class Walk:
    """instance() makes a document; hints are values worth a try by name."""

    def __init__(self, validator, rng, hints, rare=0.15):
        self.root = validator.schema
        self.validator = validator
        self.rng = rng
        self.hints = hints  # of definitions and of properties
        self.rare = rare    # how often an optional key is given

    def instance(self):
        while True:
            value = self.make(self.root)
            if self.validator.is_valid(value):
                return value

    def make(self, schema, name=None):
        """An instance of the schema; name is that of its property."""
        for _ in range(TRIES):
            try:
                value = self._draw(schema, name)
            except Dead:
                continue
            if self._is_certain(schema, value):
                return value
            if self.validator.evolve(schema=schema).is_valid(value):
                return value
        raise Dead("nothing found for %s" % name)

    def _is_certain(self, schema, value):
        """It need not be looked at: it is made of what was."""
        if isinstance(value, dict):
            return not {"if", "not", "allOf"} & set(schema)
        return isinstance(value, (bool, list, type(None)))

    def parts(self, schema):
        """What a schema consists of, with one choice of each made."""
        unknown = set(schema) - WORDS - SILENT
        if unknown:
            raise NotImplementedError("%s in a schema" % unknown)
        yield schema
        if "$ref" in schema:
            yield from self.parts(self._resolve(schema["$ref"]))
        for part in schema.get("allOf", ()):
            yield from self.parts(part)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                yield from self.parts(self.rng.choice(schema[word]))

    def _resolve(self, reference):
        value = self.root
        for step in reference[2:].split("/"):
            value = value[step]
        return value

    def _hint(self, schema, name):
        named = schema.get("$ref", "").rpartition("/")[2]
        values = self.hints.get(named, []) + self.hints.get(name, [])
        return values if values and self.rng.random() < 0.7 else None

    def _draw(self, schema, name):
        hints = self._hint(schema, name)
        if hints:
            return self.rng.choice(hints)
        parts = list(self.parts(schema))
        for part in parts:
            if "const" in part:
                return part["const"]
            if "enum" in part:
                return self.rng.choice(part["enum"])
        kinds = [part["type"] for part in parts if "type" in part]
        kind = kinds[-1] if kinds else "string"
        return getattr(self, "_" + kind)(parts, name)

    def _null(self, _parts, _name):
        return None

    def _boolean(self, _parts, _name):
        return self.rng.random() < 0.5

    def _integer(self, parts, _name):
        low, high = self._limits(parts)
        step = max(part.get("multipleOf", 1) for part in parts)
        draw = self.rng.random()
        if draw < 0.15:
            return low
        if draw < 0.3:
            return high
        if draw < 0.7:
            high = min(high, low + 20 * step)
        return low + step * self.rng.randint(0, (high - low) // step)

    def _number(self, parts, name):
        low, high = self._limits(parts)
        if self.rng.random() < 0.5:
            return self.rng.choice((low, high, int(low + 1)))
        return round(self.rng.uniform(low, high), self.rng.randint(0, 4))

    def _limits(self, parts):
        return (max(part["minimum"] for part in parts if "minimum" in part),
                min(part["maximum"] for part in parts if "maximum" in part))

    def _string(self, parts, _name):
        for part in parts:
            if "format" in part:
                return self._address(part["format"])
        for part in parts:
            if "pattern" in part:
                return Text(self.rng, part["pattern"]).make()
        low = max(part.get("minLength", 0) for part in parts)
        high = min(part.get("maxLength", 80) for part in parts)
        length = self.rng.choice((low, high, self.rng.randint(low, high)))
        return "".join(self.rng.choice("ab/:.%\"\\ \u00e4\u20ac")
                       for _ in range(length))

    def _address(self, kind):
        draw = self.rng.randint
        if kind == "ipv4":
            return "%d.%d.%d.%d" % (draw(0, 255), draw(0, 255), draw(0, 255),
                                    draw(0, 255))
        return "%x:%x::%x" % (draw(0, 0xffff), draw(0, 0xffff),
                              draw(0, 0xffff))

    def _array(self, parts, name):
        low = max(part.get("minItems", 0) for part in parts)
        high = min(part.get("maxItems", low + 3) for part in parts)
        first = [item for part in parts
                 for item in part.get("prefixItems", ())]
        items = [part["items"] for part in parts if "items" in part]
        count = self.rng.randint(low, min(high, low + 3))
        return [self.make({"allOf": items + first[i:i + 1]}
                          if i < len(first) else items[0], name)
                for i in range(count)]

    def _object(self, parts, _name):
        properties, required = {}, set()
        for part in parts:
            properties.update(part.get("properties", {}))
            required.update(part.get("required", ()))
        value = {key: self.make(schema, key)
                 for key, schema in properties.items()
                 if key in required or self.rng.random() < self.rare}
        for part in parts:
            self._further(part, value)
        return value

    def _further(self, part, value):
        """Keys that have no names of their own."""
        schema = part.get("additionalProperties", False)
        if schema is False:
            return
        low = part.get("minProperties", 0)
        high = min(part.get("maxProperties", low + 2), low + 2)
        for _ in range(self.rng.randint(low, high)):
            key = self.make(part.get("propertyNames", {}), "key")
            value[key] = self.make(schema)
