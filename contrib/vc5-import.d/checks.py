# SPDX-License-Identifier: ISC
"""VC5's health checks."""

from source import List, Map

METHODS = ("GET", "HEAD")


def text_of(report, value):
    return report.text(value)


def path_of(report, value):
    text = report.text(value)
    if text is None:
        return None
    # VC5 puts one in front itself.
    return text if text.startswith("/") else "/" + text


def code_range(report, value, text):
    low, _, high = text.partition("-")
    if not (low.isascii() and low.isdigit() and len(low) == 3):
        report.refuse(value, "is not a status code")
        return None
    if not high:
        return int(low)
    if not (high.isascii() and high.isdigit() and len(high) == 3):
        report.refuse(value, "is not a range of status codes")
        return None
    # The larger one may come first in VC5.
    return "%s-%s" % (min(low, high), max(low, high))


def expect_of(report, value):
    """Words of codes and ranges, or in JSON a list of codes; 0 is any."""
    if isinstance(value, List):
        codes = sorted({report.number(item, 0, 599) or 0
                        for item in value.items})
        return "any" if 0 in codes else runs(codes)
    text = report.text(value)
    if text is None:
        return None
    if text in ("any", "0"):
        return "any"
    found = [code_range(report, value, word) for word in text.split()]
    if not found:
        report.refuse(value, "is empty")
    return found[0] if len(found) == 1 else found


def runs(codes):
    """Codes one after the other as a range."""
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    found = [low if low == high else "%d-%d" % (low, high)
             for low, high in found]
    return found[0] if len(found) == 1 else found


def method_of(report, value):
    """In older JSON true is HEAD."""
    text = report.word(value, METHODS + ("true", "false"))
    return {"true": "HEAD", "false": "GET"}.get(text, text)


def http_keys(report, source, out):
    """What a request is made of, at any level."""
    for key, read in (("host", text_of), ("path", path_of),
                      ("method", method_of), ("expect", expect_of),
                      ("expt", expect_of)):
        value = source.get(key)
        if value is not None:
            name = "expect" if key == "expt" else key
            out[name] = read(report, value)


def dns_check(report, source, out):
    """Any answer passes in VC5, whatever its code."""
    out["rcode"] = "any"
    value = source.get("method")
    if value is not None:
        text = report.word(value, ("tcp", "udp", "TCP", "UDP", "true",
                                   "false"))
        if text is not None:
            out["transport"] = {"true": "tcp", "false": "udp"}.get(
                text, text.lower())


def check(report, source):
    """One check; None after saying what is wrong."""
    if report.expect(source, Map) is None:
        return None
    kind = source.get("type")
    if kind is None:
        report.refuse(source, "has no type")
        return None
    kind = report.word(kind, ("http", "https", "syn", "dns", "tcp"))
    out = {"type": kind}
    port = source.get("port")
    if port is not None:
        port = report.number(port, 0, 65535)
        if port:
            out["port"] = port
    if kind in ("http", "https"):
        http_keys(report, source, out)
    elif kind == "dns":
        dns_check(report, source, out)
    return out


def checks(report, source):
    """A list of them; None if it is empty, which means the usual one."""
    if report.expect(source, List) is None or not source.items:
        return None
    return [check(report, item) for item in source.items]
