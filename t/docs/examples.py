#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What README and the man pages show is true.

Configurations are read by vc5d -n, bgpd -n and nft -c, and held against the
schema; vc5ctl's and bgpctl's commands by their own parsers; commands that set
up a host are run in a network namespace; of all others it is seen that there
is such a program with such options.  What is not checked is in exceptions.py.
"""

import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../unit"),
                os.path.join(HERE, "../adapters")]
from harness import BUILD, SOURCE, done, ok, skip  # noqa: E402
import blocks  # noqa: E402
import exceptions  # noqa: E402

try:
    import conf_corpus
    VALIDATOR = conf_corpus.validator()
except ImportError:
    VALIDATOR = None

os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
os.environ["LC_ALL"] = "C"
# What a kernel says that has no such devices; a mistake in the command's words
# is something else, and is found before it is asked.
NOT_HERE = re.compile(r"RTNETLINK answers: (Operation not supported|File "
                      r"exists|Invalid argument|No such)|Unknown device type|"
                      r"Cannot find device|Device does not exist|"
                      r"/conf/(?!all/)[^ ]*: No such file or directory|"
                      r"Nothing to change|Could not change any device features")
# Interfaces that are shown, in the namespace where commands are run.
DEVICES = ["eth0", "eth1", "eth2"]
PROMPTS = ("# ", "$ ")
DRAWING_MAX = 73  # columns, as pages have a margin of 5 and 78 are to do
USED = set()  # exceptions that were needed


def run(*arguments, **more):
    return subprocess.run(arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8",
                          check=False, timeout=60, **more)


def in_file(block, program, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(str(block))
        file.flush()
        return run(program, *options, file.name)


# Configurations.

def check_fragment(block):
    """Keys of a vc5d.conf, without what is around them."""
    around = ['{ "interfaces": "eth0", "services": [],'] + block.lines + ["}"]
    whole = blocks.Block("", 0, around)
    whole.place = block.place
    check_vc5d_conf(whole)


def check_vc5d_conf(block):
    result = in_file(block, os.path.join(BUILD, "vc5d"), "-n", "-f")
    passed = result.returncode == 0 and "configuration OK" in result.stdout
    detail = result.stdout
    if VALIDATOR is not None:
        said = conf_corpus.complaints(VALIDATOR, json.loads(str(block)))
        passed, detail = passed and not said, detail + "\n".join(said)
    ok(passed, block.place + ": a vc5d.conf", detail)


def check_file(block, what, program, *options):
    if shutil.which(program) is None:
        skip("%s: %s" % (block.place, what), program + " is missing")
        return
    result = in_file(block, program, *options)
    if program == "nft" and NOT_HERE.search(result.stdout):
        skip("%s: %s" % (block.place, what), "the kernel has no nf_tables")
        return
    ok(result.returncode == 0, "%s: %s" % (block.place, what), result.stdout)


# Commands: each takes the words, and says what is wrong, or nothing.

def own_program(name):
    return os.path.join(BUILD, name)


def options_of(words, letters, with_argument):
    """Those that a program doesn't have."""
    rest = list(words)
    while rest and re.match(r"-[^-]", rest[0]):
        option = rest.pop(0)[1:]
        while option:
            letter, option = option[0], option[1:]
            if letter in with_argument:
                if not option:
                    rest = rest[1:]
                option = ""
            elif letter not in letters:
                return "there is no option -%s" % letter
    return None


def vc5d(words):
    return options_of(words[1:], "dnVv", "fp")


def vc5ctl(words):
    # Its parser goes first, and finds that nobody listens afterwards.
    result = run(own_program("vc5ctl"), "-s", "/nonexistent", *words[1:])
    return result.stdout if result.returncode == 2 else None


def vc5_import(words):
    own = words[1:words.index("--")] if "--" in words else words[1:]
    return options_of(own, "f", "abiklors")


def bgpctl(words):
    if shutil.which("bgpctl") is None:
        return None
    result = run("bgpctl", "-s", "/nonexistent", *words[1:])
    said = result.stdout
    return said if re.search("unknown|missing|ambiguous|usage", said) else None


def bgpd(words):
    return options_of(words[1:], "cdnv", "Df")


def jq(words):
    if shutil.which("jq") is None:
        return None
    result = run("jq", "-n", *words[1:])
    return result.stdout if result.returncode in (2, 3) else None


def contrib(words):
    """contrib/NAME VERB ...: the file, and what it says of the verb."""
    path = os.path.join(SOURCE, words[0])
    if not os.access(path, os.X_OK):
        return "there is no such program"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for word in words[1:]:
        if re.match(r"-|[a-z]+$", word) and word not in text:
            return "%s has no %s" % (words[0], word)
        if words[0] == "contrib/lab" and word == "exec":
            return check_words(words[3:])
    return None


def copy(words):
    for path in words[1:-1]:
        if path.startswith("/usr/local/share/"):
            name = os.path.basename(path)
            if not any(os.path.exists(os.path.join(SOURCE, place, name))
                       for place in ("etc", "contrib")):
                return "nothing of that name is installed"
    return None


def packages(words):
    with open(os.path.join(SOURCE, "contrib/packages"),
              encoding="utf-8") as file:
        needed = re.findall(r"^build\t(\S+)", file.read(), re.MULTILINE)
    given = words[words.index("install") + 1:]
    return None if sorted(given) == sorted(needed) else \
        "not those of contrib/packages: %s" % (set(given) ^ set(needed))


def exists(words):
    if shutil.which(words[0]) is None:
        return "there is no program %s here" % words[0]
    return None


CHECKS = {"vc5d": vc5d, "vc5ctl": vc5ctl, "vc5-import": vc5_import,
          "bgpctl": bgpctl, "bgpd": bgpd, "jq": jq, "cp": copy,
          "apt-get": packages, "curl": exists, "openssl": exists,
          "sort": exists, "uniq": exists, "nft": exists, "ethtool": exists}
# These change a host, and are run in a namespace.
SETTING_UP = ("ip", "sysctl", "ethtool")


def check_words(words):
    if words[0].startswith("contrib/"):
        return contrib(words)
    check = CHECKS.get(os.path.basename(words[0]))
    if check is None:
        return "nobody knows how to check %s" % words[0]
    return check(words)


def stages(command):
    """The commands of a pipeline, as words, without redirections."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words = []
    skip_next = False
    for word in lexer:
        if skip_next:
            skip_next = False
        elif word and set(word) <= set("<>&") and set(word) & set("<>"):
            skip_next = True
        elif word in ("|", "&&", "||", ";", "&"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def exempt(command):
    for known, reason in exceptions.COMMANDS.items():
        if command == known or known.endswith(" ") and \
                command.startswith(known):
            USED.add(known)
            return reason
    return None


def check_command(place, command):
    command = re.sub(r"  +.*$", "", command)  # a remark beside it
    if exempt(command) and not command.startswith("apt-get"):
        return
    try:
        wrong = [said for said in map(check_words, stages(command)) if said]
    except ValueError as error:
        wrong = [str(error)]
    ok(not wrong, "%s: %s" % (place, command[:60]), "\n".join(wrong))


# What sets up a host.

def stand_in(line):
    """A device in place of one that the kernel can't make, for what follows."""
    found = re.match(r"ip link add (?:.* name )?(\S+).* type ", line)
    if found is None:
        return ":"
    return "(ip link add %s type veth peer name p$$%s) >/dev/null 2>&1" \
        % (found.group(1), found.group(1)[-4:])


def namespace(lines):
    """Each line's status and output, in a namespace of its own."""
    script = ["mount -t sysfs sysfs /sys 2>/dev/null"]
    for device in DEVICES:
        script.append("ip link add %s type veth peer name %s-peer && "
                      "ip link set %s up" % ((device,) * 3))
    script += ["ip address add 10.2.0.1/32 dev eth0",
               "ip route add 10.2.0.254/32 dev eth0",
               "ip address add 10.1.10.1/24 dev eth1",
               "ip -6 address add fd00:2::1/64 dev eth0 nodad",
               "ip route add default via 10.2.0.254",
               "ip -6 route add default via fd00:2::fe"]
    script = ["(%s) >/dev/null 2>&1" % line for line in script]
    for line in lines:
        script.append("out=$(%s 2>&1); status=$?; echo \"$out\"; "
                      "echo STATUS $status" % line)
        script.append(stand_in(line))
    result = run("unshare", "-n", "-m", "sh", "-c", "\n".join(script))
    return re.findall(r"(.*?)^STATUS (\d+)$\n?", result.stdout,
                      re.MULTILINE | re.DOTALL)


def check_setting_up(block, lines):
    if os.geteuid() != 0:
        skip(block.place, "network namespaces are made by root")
        return
    results = namespace(lines)
    for line, (said, status) in zip(lines, results):
        name = "%s: %s" % (block.place, line)
        if status != "0" and NOT_HERE.search(said):
            skip(name, "the kernel: " + said.strip().splitlines()[-1])
        else:
            ok(status == "0", name, said)
    ok(len(results) == len(lines), block.place + ": all of it was run")


def sets_up(command):
    return command.split()[0] in SETTING_UP


# Transcripts: commands behind "# ", and what they write.

def known_columns():
    path = os.path.join(SOURCE, "t/data/vc5ctl.expected")
    with open(path, encoding="utf-8") as file:
        return {" ".join(line.split()) for line in file}


def check_transcript(block):
    columns = known_columns()
    command = ""
    for line in block.lines:
        words = " ".join(line.split())
        if line.startswith(PROMPTS) or command:
            command += line[2:] if not command else line.strip()
            if command.endswith("\\"):
                command = command[:-1]
                continue
            check_command(block.place, command)
            command = ""
        elif re.fullmatch(r"[A-Z]+( [A-Z]+)+", words):
            ok(words in columns, "%s: columns %s" % (block.place, words[:40]),
               "vc5ctl has no such columns: see t/data/vc5ctl.expected")


def check_json(block):
    """Something else than a configuration."""
    try:
        json.loads(str(block))
        ok(True, block.place + ": JSON")
    except ValueError as error:
        ok(False, block.place + ": JSON", error)


def check_requests(block):
    """Of the control socket, a line each."""
    known = set()
    for path in glob.glob(os.path.join(SOURCE, "src/engine/*.c")):
        with open(path, encoding="utf-8") as file:
            known.update(re.findall(r'^\s+\{"(\w+)", ', file.read(),
                                    re.MULTILINE))
    for line in block.lines:
        name = json.loads(line)["command"]
        ok(name in known, "%s: the request %s" % (block.place, name), known)


def check_block(block):
    first = block.lines[0]
    for known in exceptions.BLOCKS:
        if first.strip().startswith(known):
            USED.add(known)
            return
    if first == "{" and '"interfaces"' in str(block):
        check_vc5d_conf(block)
    elif first == "{":
        check_json(block)
    elif re.match(r'"\w+": ', first):
        check_fragment(block)
    elif first.startswith('{"command"'):
        check_requests(block)
    elif re.match(r"AS \d+$", first):
        check_file(block, "a bgpd.conf", "bgpd", "-n", "-f")
    elif re.match(r"router id [0-9.]+;$", first):
        check_file(block, "a bird.conf", "bird", "-p", "-c")
    elif re.match(r"table (ip6?|inet) \w+ {$", first):
        check_file(block, "a file for nft", "nft", "-c", "-f")
    elif first.startswith(PROMPTS):
        check_transcript(block)
    elif "---" in str(block) or "===" in str(block):
        ok(max(map(len, block.lines)) <= DRAWING_MAX,
           block.place + ": a drawing fits")
    else:
        check_shell(block)


def check_shell(block):
    setting_up = []
    for command in blocks.commands(block.lines):
        if sets_up(command):
            setting_up.append(command)
        else:
            check_command(block.place, command)
    if setting_up:
        check_setting_up(block, setting_up)


def main():
    count = 0
    for block in blocks.all_blocks(SOURCE):
        check_block(block)
        count += 1
    ok(count > 40, "%d blocks were found" % count)
    for place, command in blocks.quoted_commands(SOURCE):
        check_command(place, command)
    unused = (set(exceptions.BLOCKS) | set(exceptions.COMMANDS)) - USED
    ok(not unused, "all exceptions are needed", unused)
    done()


main()
