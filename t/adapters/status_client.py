# SPDX-License-Identifier: ISC
"""Requests to the web console's server, from a loopback address of one's own
if that matters: each is another client."""

import base64
import http.client
import socket
import subprocess


def request(port, path, timeout=30, tls=None, method="GET", source=None,
            **headers):
    """Status, header fields and body; names of fields with _ for -."""
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    more = {"context": tls} if tls else {}
    if source:
        more["source_address"] = (source, 0)
    peer = kind("127.0.0.1", port, timeout=timeout, **more)
    fields = {name.replace("_", "-"): value
              for name, value in headers.items()}
    try:
        peer.request(method, path, headers=fields)
        response = peer.getresponse()
        return response.status, response.headers, response.read()
    finally:
        peer.close()


def basic(name, password):
    text = ("%s:%s" % (name, password)).encode()
    return "Basic " + base64.b64encode(text).decode()


def hashed(password, rounds=5000):
    """Of crypt(3); 100,000 rounds take some 0.1 s to compare."""
    salt = "rounds=%d$abcdefgh" % rounds
    return subprocess.run(["openssl", "passwd", "-6", "-salt", salt, password],
                          check=True, capture_output=True,
                          text=True).stdout.strip()


def connect(port, source=None):
    return socket.create_connection(
        ("127.0.0.1", port), 10, (source, 0) if source else None)


def drain(peer, timeout=20):
    peer.settimeout(timeout)
    data = b""
    try:
        while chunk := peer.recv(65536):
            data += chunk
    except OSError:
        pass
    return data
