# SPDX-License-Identifier: ISC
"""What is said of a configuration, and reading its scalars.

Refused: it can't be understood, and nothing is written.  Lost: there is no
equivalent.  Changed: it means something else now.  To do: by hand.
"""

import ipaddress
import re

from source import Empty, List, Map, Text

SHOWN_MAX = 60  # characters of a value
PATH_MAX = 500


def shown(text, most=SHOWN_MAX):
    """Text from the file as a terminal may have it."""
    text = "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)
    return text if len(text) <= most else text[:most] + "..."


class Report:
    def __init__(self, name):
        self.name = name
        self.items = []  # (line, order, kind, text)
        self.counts = {"refused": 0, "lost": 0, "changed": 0, "to do": 0}

    def _add(self, kind, value, text):
        line = 0 if value is None else value.line
        place = ""
        if value is not None:
            place = ":%d" % line if line else ""
            place += ": " + (shown(value.path, PATH_MAX) or "top level")
        if isinstance(value, Text):
            place += " (%s)" % shown(value.text)
        self.counts[kind] += 1
        self.items.append((line, len(self.items), "%s%s: %s: %s" % (
            self.name, place, kind, text)))

    def refuse(self, value, text):
        self._add("refused", value, text)

    def lost(self, value, text):
        self._add("lost", value, text)

    def changed(self, value, text):
        self._add("changed", value, text)

    def todo(self, value, text):
        self._add("to do", value, text)

    def lines(self):
        return [text for _, _, text in sorted(self.items)]

    # Each of these gives None after saying what is wrong.

    def expect(self, value, kind):
        if isinstance(value, kind):
            return value
        self.refuse(value, "is %s, and should be %s" % (value.kind, kind.kind))
        return None

    def text(self, value):
        value = self.expect(value, Text)
        return None if value is None else value.text

    def number(self, value, low, high):
        text = self.text(value)
        if text is None:
            return None
        if re.fullmatch(r"0|[1-9][0-9]{0,9}", text):
            number = int(text)
            if low <= number <= high:
                return number
            self.refuse(value, "is not in the range %d to %d" % (low, high))
        elif re.fullmatch(r"0[0-7_]+", text):
            self.refuse(value, "some read that as octal, VC5 doesn't: write it "
                        "without the 0")
        else:
            self.refuse(value, "is not a number")
        return None

    def boolean(self, value):
        text = self.text(value)
        if text in ("true", "false"):
            return text == "true"
        if text is not None and text.lower() in (
                "yes", "no", "on", "off", "y", "n", "true", "false"):
            self.refuse(value, "not all versions of VC5 read that in the same "
                        "way: write true or false")
        elif text is not None:
            self.refuse(value, "is neither true nor false")
        return None

    def word(self, value, words):
        text = self.text(value)
        if text is None or text in words:
            return text
        self.refuse(value, "is not one of: " + ", ".join(words))
        return None

    def address(self, value, text=None):
        """An address in its usual form."""
        text = self.text(value) if text is None else text
        if text is None:
            return None
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            self.refuse(value, "is not an address")
            return None

    def items_of(self, value):
        """Those of a list, or the one value that stands in its place."""
        if isinstance(value, List):
            return value.items
        if isinstance(value, (Map, Empty)):
            self.expect(value, List)
            return []
        return [value]
