# SPDX-License-Identifier: ISC
"""VC5's "logging": webhooks and Elasticsearch.

Secrets are in files of their own here, which are to be written by hand.
"""

from source import Map, Text

DIRECTORY = "/etc/vc5d/"
# The levels of VC5's alerts, as those of syslog, and the severity that stands
# for them here and for what is worse.
SEVERITIES = ["critical", "critical", "critical", "high", "medium", "low",
              "low", "low"]
USUAL_ADDRESS = "http://127.0.0.1:9200"  # that of VC5's library


class Logs:
    def __init__(self, report):
        self.report = report
        self.out = {}

    def convert(self, source):
        """What "logging" becomes, or {}."""
        if source is None or self.report.expect(source, Map) is None:
            return {}
        value = source.get("syslog")
        if value is not None and not self.report.boolean(value):
            self.report.changed(value, "vc5d always logs to syslog")
        self.webhooks(source)
        self.elasticsearch(source.get("elasticsearch"))
        return self.out

    def webhooks(self, source):
        level, value = 0, source.get("alert")
        if value is not None:
            level = self.report.number(value, 0, 7) or 0
        found = []
        for kind in ("slack", "teams"):
            url = source.get(kind)
            if url is None:
                continue
            file = self.secret(url, kind + ".url")
            found.append({"name": kind, "type": kind, "url_file": file,
                          "severity": SEVERITIES[level]})
        if value is not None and not found:
            self.report.changed(value, "is for webhooks, of which there are "
                                "none")
        elif value is not None:
            self.report.changed(value, "alerts have severities here: %s and "
                                "worse" % SEVERITIES[level])
        if found:
            self.out["webhooks"] = found

    def secret(self, value, name):
        """The file that is to have it; it is not repeated."""
        masked = Text(value.path, value.line, "***")
        self.report.todo(masked, "write it to %s, a file of root's own"
                         % (DIRECTORY + name))
        return DIRECTORY + name

    def elasticsearch(self, source):
        if source is None or self.report.expect(source, Map) is None:
            return
        for key in ("index", "data_stream"):
            value = source.get(key)
            if value is not None:
                self.report.changed(value, "documents are added to the data "
                                    "stream logs-vc5d-default, in fields of "
                                    "ECS")
        urls = self.urls(source)
        out = {"urls": urls}
        user, password = source.get("username"), source.get("password")
        if user is not None and password is not None:
            self.credentials(user, password, urls, out)
        for value in (user, password):
            if value is not None and "user" not in out:
                self.report.todo(Text(value.path, value.line, "***"),
                                 "a name and a password go together, and by "
                                 "https only: see elasticsearch in "
                                 "vc5d.conf(5)")
        if urls:
            self.out["elasticsearch"] = out

    def urls(self, source):
        value = source.get("addresses")
        if value is None:
            self.report.todo(source, "has no addresses: %s is written, see "
                             "whether that is it" % USUAL_ADDRESS)
            return [USUAL_ADDRESS]
        return [text for text in map(self.report.text,
                                     self.report.items_of(value)) if text]

    def credentials(self, user, password, urls, out):
        if all(url.startswith("https://") for url in urls):
            out["user"] = self.report.text(user)
            out["password_file"] = self.secret(password,
                                               "elasticsearch.password")
