# SPDX-License-Identifier: ISC
"""What README and the man pages show and t/docs/examples.py does not check.

Each has its reason, and has to be there: one that is not shown any more is a
failure.  A block is named by its first line, or by a part of it.
"""

# No commands and no configurations, by their first lines.
BLOCKS = {
    "offset  length": "the form of datagrams: t/unit/sync_wire checks it",
    'MAC key = HMAC': "a formula: t/adapters/sync_codec.py computes it",
    "MAC key   4475": "keys: t/adapters/sync_codec.py derives them",
    "line      0123": "keys: t/adapters/sync_codec.py derives them",
    "0000  56": "a datagram: t/adapters/sync_codec.py makes it",
    "vc5d.conf:12:25: ": "what is said of a mistake, whose words t/unit/"
                         "conf_errors checks",
    "vc5.yaml:31: ": "what is said, whose words t/contrib/vc5_import.py "
                     "checks",
    "11 of 12 VIPs announced": "what systemd is told: t/packages/notify.t "
                               "sees it",
}

# Commands that are not run, whole or by how they begin.
COMMANDS = {
    "apt-get install ": "names of packages are compared with contrib/packages",
    "./autogen.sh": "t/docs runs in what it has made",
    "./configure": "t/docs runs in what it has made",
    "make": "t/docs runs in what it has made",
    "make install": "make distcheck does it",
    "modprobe fou": "it would load a module into the host's kernel",
    "more list": "it waits for somebody who reads",
    "umask 077": "the shell's own",
}
