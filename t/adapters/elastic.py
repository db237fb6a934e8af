# SPDX-License-Identifier: ISC
"""A stand-in for Elasticsearch that takes bulk requests, and nothing that the
real one would refuse; and for the servers behind webhooks.

What it does with the next requests is said by plans: functions that get the
request and its documents, and give a reply, None for the usual one, or HANG.
"""

import base64
import http.server
import json
import re
import socket
import ssl
import threading
import urllib.parse

HANG = object()
DATA_STREAM = re.compile(r"^logs-[a-z0-9._]+-[a-z0-9._]+$")


class Refused(Exception):
    """A request that is wrong as a whole: the status, and why."""

    def __init__(self, status, kind, reason):
        super().__init__(reason)
        self.status = status
        self.body = {"error": {"type": kind, "reason": reason},
                     "status": status}


def parse_bulk(body):
    """[(action's metadata, document)], as the protocol has it."""
    if not body.endswith(b"\n"):
        raise Refused(400, "illegal_argument_exception",
                      "The bulk request must be terminated by a newline [\\n]")
    lines = body.decode().split("\n")[:-1]
    if not lines or len(lines) % 2:
        raise Refused(400, "illegal_argument_exception",
                      "Malformed action/metadata line")
    pairs = []
    for action, source in zip(lines[::2], lines[1::2]):
        try:
            action, source = json.loads(action), json.loads(source)
        except ValueError as error:
            raise Refused(400, "json_parse_exception", str(error))
        if not isinstance(action, dict) or list(action) != ["create"]:
            raise Refused(400, "illegal_argument_exception",
                          "only write ops with an op_type of create are "
                          "allowed in data streams")
        if set(action["create"]) - {"_id", "_index"}:
            raise Refused(400, "illegal_argument_exception",
                          "Action/metadata line contains an unknown parameter")
        if not isinstance(source, dict):
            raise Refused(400, "parsing_exception", "not an object")
        pairs.append((action["create"], source))
    return pairs


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server
        length = self.headers["Content-Length"]
        if length is None:
            self.answer(411, {})
            return
        body = self.rfile.read(int(length))
        with server.lock:
            server.requests.append((self.path, dict(self.headers), body))
            plan = server.plans.pop(0) if server.plans else server.always
        try:
            server.take(self, body, plan)
        except Refused as refused:
            with server.lock:
                server.refusals.append((refused.status, str(refused)))
            self.answer(refused.status, refused.body)

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Base(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port=0, certificate=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.requests, self.refusals, self.plans = [], [], []
        self.always = None
        self.release = threading.Event()  # of those that hang
        self.connections = set()
        self.port = self.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(
                self.socket, server_side=True,
                do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def handle_error(self, *_):
        pass  # clients that don't trust us, most likely

    def process_request(self, request, address):
        with self.lock:
            self.connections.add(request)
        super().process_request(request, address)

    def shutdown_request(self, request):
        with self.lock:
            self.connections.discard(request)
        super().shutdown_request(request)

    def stop(self):
        self.release.set()
        self.shutdown()
        self.server_close()
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it is gone

    def follow(self, handler, plan, *arguments):
        """Whether the plan said what becomes of the request."""
        reply = plan(handler, *arguments) if plan else None
        if reply is None:
            return False
        if reply is HANG:
            self.release.wait(60)
            handler.close_connection = True
        else:
            handler.answer(*reply)
        return True


class Elasticsearch(Base):
    def __init__(self, authorization=None, **more):
        self.documents = {}  # by id
        self.order = []      # of ids
        self.authorization = authorization
        self.stream = "logs-vc5d-default"
        super().__init__(**more)

    def check(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        if self.authorization and \
                handler.headers["Authorization"] != self.authorization:
            raise Refused(401, "security_exception",
                          "missing authentication credentials")
        if handler.headers["Content-Type"] != "application/x-ndjson":
            raise Refused(406, "media_type_header_exception",
                          "Content-Type header is not supported")
        match = re.match("^/([^/]+)/_bulk$", url.path)
        if not match or not DATA_STREAM.match(match.group(1)):
            raise Refused(405, "method_not_allowed", "Incorrect HTTP method")
        if match.group(1) != self.stream:
            raise Refused(404, "index_not_found_exception", "no such index")
        unknown = set(urllib.parse.parse_qs(url.query)) - {"filter_path"}
        if unknown:
            raise Refused(400, "illegal_argument_exception",
                          "unrecognized parameters: %s" % unknown)

    def store(self, meta, source):
        """The item of the answer for one document."""
        if "@timestamp" not in source:
            return self.failed(400, "document_parsing_exception",
                               "data stream timestamp field is missing")
        if meta["_id"] in self.documents:
            return self.failed(409, "version_conflict_engine_exception",
                               "document already exists")
        self.documents[meta["_id"]] = source
        self.order.append(meta["_id"])
        return {"create": {"status": 201}}

    @staticmethod
    def failed(status, kind, reason="because"):
        return {"create": {"status": status,
                           "error": {"type": kind, "reason": reason}}}

    def take(self, handler, body, plan):
        self.check(handler)
        pairs = parse_bulk(body)
        if self.follow(handler, plan, pairs):
            return
        with self.lock:
            items = [self.store(*pair) for pair in pairs]
        handler.answer(200, {
            "errors": any("error" in i["create"] for i in items),
            "items": items})

    def numbers(self):
        with self.lock:
            return [self.documents[i]["n"] for i in self.order]


class Hook(Base):
    """Keeps the messages that it took."""

    def __init__(self, **more):
        self.messages = []
        super().__init__(**more)

    def take(self, handler, body, plan):
        if handler.headers["Content-Type"] != "application/json":
            raise Refused(415, "type", "Content-Type")
        try:
            message = json.loads(body)
        except ValueError as error:
            raise Refused(400, "invalid_payload", str(error))
        if self.follow(handler, plan, message):
            return
        with self.lock:
            self.messages.append(message)
        handler.answer(200, b"ok")


def basic(user, password):
    pair = "%s:%s" % (user, password)
    return "Basic " + base64.b64encode(pair.encode()).decode()
