#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Sync adapters with each other: two and three in network namespaces.

sync_driver (the adapter with a flow table of its own, driven by lines) runs in
each namespace; a bridge joins them.  What no instance would send is sent by
this script.
"""

import re
import signal
import time

import harness
import sync_lab
from harness import equal
from sync_lab import KEYS, run, wait


def ok(good, name, *context):
    return harness.ok(good, name, "\n".join(map(str, context)))


def Driver(host, **settings):
    return sync_lab.Driver(lab, host, **settings)


def all_up(*drivers):
    """Each has all others as peers that are up, and none is learning."""
    names = [f"lb{driver.host}" for driver in drivers]

    def reached():
        for driver, own in zip(drivers, names):
            status = driver.status()
            if status["learning"]:
                return False
            for name in names:
                peer = status["peers"].get(name, {})
                if name != own and (peer.get("state") != "up" or
                                    peer["learning"]):
                    return False
        return True
    return wait(reached)


def pair(**settings):
    """Two that are up, and have nothing to ask of each other."""
    drivers = Driver(1, **settings), Driver(2, **settings)
    ok(all_up(*drivers), "both are up and no longer learning",
       drivers[0].status(), drivers[1].status())
    wait(lambda: all(d.logged("told \\d+ flows in") for d in drivers))
    return drivers


def same(*drivers):
    """They have the same flows, with the same servers and states."""
    states = [driver.status() for driver in drivers]
    return all(state["digest"] == states[0]["digest"] for state in states)


def test_flows(**settings):
    """New flows, refreshing, closed ones."""
    one, two = pair(**settings)
    one.tell("packets 0 3000")
    began = time.monotonic()
    ok(wait(lambda: two.get("count") == 3000), "new flows are shared",
       two.status())
    print("# new flows took %.3f s" % (time.monotonic() - began))
    ok(same(one, two), "... with their servers")
    equal(two.get("learnt", "new"), 3000, "... each told once")
    two.tell("packets 5000 100")
    ok(wait(lambda: one.get("count") == 3100), "... the other way too")
    ok(wait(lambda: two.get("oldest") >= 2), "quiet flows grow old")
    equal(two.get("learnt", "refreshed"), 0, "... and are not told of")
    one.tell("keep 500")
    ok(wait(lambda: two.get("learnt", "refreshed") >= 3000),
       "live flows are refreshed", two.status())
    one.tell("close 0 1000")
    ok(wait(lambda: two.get("closed") == 1000), "closed flows are retired",
       two.status())
    one.tell("packets 0 10")
    ok(wait(lambda: two.get("closed") == 990), "... and live when reused")
    ok(wait(lambda: same(one, two)), "both have the same flows")
    equal((one.peer(2, "lost"), two.peer(1, "lost")), (0, 0),
          "no datagram was lost")
    ok(lab.stop(), "both end without fault")


def test_flows_ipv6():
    test_flows(group="ff05::5643")


def test_unknown():
    """Flows of services and servers that are not configured here."""
    one, two = pair()
    two.tell("limit 3 6")
    one.tell("packets 0 4000")
    ok(wait(lambda: sum(two.get("learnt").values()) == 4000),
       "all flows arrived")
    learnt = two.get("learnt")
    equal(learnt["no_service"], 1000,
          "flows of an unknown service are counted")
    ok(500 < learnt["no_server"] < 1000,
       "flows of an unknown server are counted", learnt)
    equal(two.get("count"),
          4000 - learnt["no_service"] - learnt["no_server"],
          "... and neither is learnt")
    ok(lab.stop(), "both end without fault")


def test_join():
    """All flows at the start, and no new VIPs before."""
    one = Driver(1)
    ok(wait(lambda: not one.get("learning")),
       "who is alone does not learn for long", one.status())
    ok(one.logged("no other instance knows more"), "... and says why")
    one.tell("packets 0 30000")
    wait(lambda: one.get("sent", "flows") >= 30000)
    two = Driver(2)
    ok(two.get("learning"), "a second one learns")
    ok(wait(lambda: not two.get("learning")), "... and comes to an end",
       two.status())
    equal(two.get("count"), 30000, "... with all flows")
    equal(two.get("learnt_calls"), 1, "... which is reported once")
    ok(same(one, two), "... as they are")
    ok(two.logged("lb1 told 30000 flows"), "... and says so", two.log())
    three = Driver(3, learn=0)
    three.status()  # it has started
    ok(wait(lambda: not three.get("learning"), 1),
       "learning that may take no time takes none")
    ok(three.logged("it took too long"), "... and says why", three.log())
    ok(wait(lambda: three.get("count") == 30000),
       "... and flows are learnt nonetheless")
    ok(two.leave(), "one leaves")
    ok(wait(lambda: one.peer(2) == "left"), "... and the others know")
    ok(lab.stop(), "all end without fault")


def test_resume():
    """The peer that is asked dies in the middle."""
    one = Driver(1, bandwidth=4000000)
    wait(lambda: not one.get("learning"))
    one.tell("packets 0 45000")
    two = Driver(2, bandwidth=4000000)
    ok(wait(lambda: one.get("count") == 45000 and
            two.get("count") == 45000 and all_up(one, two)),
       "two have the same flows")
    three = Driver(3)
    ok(wait(lambda: 2000 < three.get("count") < 40000),
       "a third is being sent flows", three.status())
    asked = re.findall(r"asking (lb\d) for all flows", three.log())
    ok(len(asked) == 1, "... by one of them", three.log())
    {"lb1": one, "lb2": two}[asked[0]].kill()
    ok(wait(lambda: three.get("count") == 45000 and
            not three.get("learning")),
       "that one is killed, and the other sends them all", three.status(),
       three.log())
    other = {"lb1": "lb2", "lb2": "lb1"}[asked[0]]
    ok(three.logged(f"{asked[0]} (does not answer|has gone)"),
       "... after the first was given up", three.log())
    ok(three.logged(f"{other} told"), "... as it says", three.log())
    ok(three.logged("no longer learning: all flows"), "learning ends then")
    ok(lab.stop(), "those left end without fault")


def test_lossy():
    """Datagrams are lost during a bulk transfer: it goes on."""
    one = Driver(1, bandwidth=2000000)
    wait(lambda: not one.get("learning"))
    one.tell("packets 0 45000")
    wait(lambda: one.get("sent", "flows") >= 45000)
    two = Driver(2)
    for part in range(1, 5):
        wait(lambda: two.get("count") > part * 8000)
        lab.cable(2, "cut")
        # As many as are lost until one asks in vain, and a few more.
        asked = two.get("sent", "datagrams")
        wait(lambda: two.get("sent", "datagrams") > asked + 1)
        lab.cable(2, "healed")
    ok(wait(lambda: two.get("count") == 45000 and not two.get("learning")),
       "the wire is cut several times, and no flow is lost", two.status(),
       two.log())
    given_up = two.logged("lb1 (does not answer|has gone), after")
    ok(two.logged("asking lb1 for all") - 1 <= given_up,
       "... in one transfer, but where one had to be given up", two.log())
    ok(two.logged("lb1 told"), "... that came to its end", two.log())
    ok(lab.stop(), "both end without fault")


def test_reload():
    """Both are reconfigured in the middle of a bulk transfer."""
    one = Driver(1, bandwidth=2000000)
    wait(lambda: not one.get("learning"))
    one.tell("packets 0 45000")
    wait(lambda: one.get("sent", "flows") >= 45000)
    two = Driver(2)
    lab.keys("both", KEYS[1], KEYS[0])
    steps = [(two, "set"), (one, "set bandwidth=2100000"),
             (two, f"set key={lab.path('both')}"),
             (one, f"set key={lab.path('both')}"),
             (two, "set instance=lb9"), (one, "set instance=lb8"),
             (two, "set port=8654"), (one, "set port=8654")]
    for number, (driver, line) in enumerate(steps, 1):
        wait(lambda: two.get("count") > number * 1000)
        equal(driver.answer(line), "ok", f"{line} in the middle")
    ok(wait(lambda: two.get("count") == 45000 and not two.get("learning")),
       "all flows arrive in the end", two.status(), two.log())
    ok(lab.stop(), "both end without fault")
    two = Driver(2)
    one = Driver(1, bandwidth=2000000)
    one.tell("packets 0 45000")
    wait(lambda: 1000 < two.get("count") < 40000)
    ok(lab.stop(), "both end in the middle, without fault")


def test_cut():
    """The network is cut, and heals."""
    one, two = pair()
    one.tell("packets 0 1000")
    wait(lambda: two.get("count") == 1000)
    lab.cable(2, "cut")
    ok(wait(lambda: one.peer(2) == "silent" and two.peer(1) == "silent"),
       "a cut is noticed", one.status())
    ok(one.logged("nothing was heard of lb2"), "... and logged", one.log())
    one.tell("packets 1000 1000")
    two.tell("packets 2000 1000")
    wait(lambda: one.get("sent", "flows") >= 2000)
    lab.cable(2, "healed")
    ok(wait(lambda: one.peer(2) == "up" and two.peer(1) == "up"),
       "it heals")
    ok(wait(lambda: one.get("count") == 3000 and two.get("count") == 3000),
       "... and flows made meanwhile are learnt", one.status(), two.status(),
       one.log(), two.log())
    ok(wait(lambda: same(one, two)), "... by both alike")
    ok(two.logged("asking lb1 for flows of the last"),
       "... as they were asked for", two.log())
    ok(lab.stop(), "both end without fault")


def test_interface():
    """An interface that is missing, goes, is made anew, and is renumbered."""
    lab.unplug(2)
    one, two = Driver(1), Driver(2)
    ok(wait(lambda: "does not exist" in two.get("problem")),
       "a missing interface is a problem", two.status())
    lab.plug(2)
    ok(wait(lambda: two.get("problem") == "" and all_up(one, two)),
       "it comes later, and is used", two.status())
    one.tell("packets 0 500")
    ok(wait(lambda: two.get("count") == 500), "... for flows")
    lab.unplug(2)
    ok(wait(lambda: "does not exist" in two.get("problem")),
       "it goes in the middle", two.status())
    one.tell("packets 500 500")
    two.tell("packets 1000 500")
    wait(lambda: one.peer(2) == "silent")
    lab.plug(2)
    ok(wait(lambda: one.get("count") == 1500 and two.get("count") == 1500),
       "... and another of its name takes its place", one.status(),
       two.status())
    run("ip", "-n", lab.namespaces[1], "addr", "del", "10.9.0.2/24", "dev",
        "sync")
    run("ip", "-n", lab.namespaces[1], "addr", "add", "10.9.0.77/24", "dev",
        "sync")
    ok(wait(lambda: one.peer(2, "address") == "10.9.0.77"),
       "it is renumbered", one.status())
    two.tell("packets 1500 500")
    ok(wait(lambda: one.get("count") == 2000), "... which loses nothing")
    run("ip", "-n", lab.namespaces[1], "addr", "flush", "dev", "sync")
    ok(wait(lambda: "has no IPv4 address" in two.get("problem")),
       "without an address it is a problem", two.status())
    run("ip", "-n", lab.namespaces[1], "addr", "add", "10.9.0.2/24", "dev",
        "sync")
    run("ip", "-n", lab.namespaces[1], "link", "set", "sync", "down")
    ok(wait(lambda: "is down" in two.get("problem")),
       "as it is when it is down", two.status())
    two.tell("packets 2000 500")
    run("ip", "-n", lab.namespaces[1], "link", "set", "sync", "up")
    ok(wait(lambda: one.get("count") == 2500),
       "flows that could not be told are told later", one.status(),
       two.status())
    ok(lab.stop(), "both end without fault")
    lab.unplug(2)
    lab.plug(2)


def test_rotation():
    """A new key, one instance after the other, without a gap."""
    one, two = pair()
    drops = [d.get("dropped") for d in (one, two)]
    steps = [(one, [KEYS[0], KEYS[1]]), (two, [KEYS[0], KEYS[1]]),
             (one, [KEYS[1], KEYS[0]]), (two, [KEYS[1], KEYS[0]]),
             (one, [KEYS[1]]), (two, [KEYS[1]])]
    flows = 0
    for number, (driver, keys) in enumerate(steps):
        lab.keys(f"key{number}", *keys)
        equal(driver.answer(f"set key={lab.path(f'key{number}')}"), "ok",
              f"step {number + 1} of a key's rotation")
        one.tell(f"packets {flows} 100")
        two.tell(f"packets {flows + 100} 100")
        flows += 200
        ok(wait(lambda: one.get("count") == flows and
                two.get("count") == flows), "... loses no flow",
           one.status(), two.status())
    equal([d.get("dropped") for d in (one, two)], drops,
          "nothing was dropped all the while")
    lab.keys("open", KEYS[1], mode=0o644)
    ok(re.search("refused: .*others may use it",
                 two.answer(f"set key={lab.path('open')}")),
       "a file that others may read is refused")
    one.tell(f"packets {flows} 100")
    ok(wait(lambda: two.get("count") == flows + 100),
       "... and the keys of before stay in use")
    ok(lab.stop(), "both end without fault")


def test_strangers():
    """Another key, and another cluster, on the same wire."""
    lab.keys("other", KEYS[1])
    one = Driver(1)
    two = Driver(2, key=lab.path("other"))
    three = Driver(3, cluster="other")
    ok(wait(lambda: not any(d.get("learning") for d in (one, two, three))),
       "each is alone")
    for driver in (one, two, three):
        driver.tell("packets 0 1000")
    ok(wait(lambda: one.dropped("key") > 5), "datagrams of another key are "
       "counted", one.status())
    ok(wait(lambda: one.dropped("cluster") > 5), "datagrams of another "
       "cluster are counted", one.status())
    equal([len(d.get("peers")) for d in (one, two, three)], [0, 0, 0],
          "none has peers")
    equal([sum(d.get("learnt").values()) for d in (one, two, three)],
          [0, 0, 0], "... or has learnt anything")
    equal(three.answer("set cluster=vc5d"), "ok", "one is reconfigured")
    ok(all_up(one, three), "... and now belongs to another cluster",
       one.status(), three.status())
    equal(two.answer("set group=239.192.86.54"), "ok", "one changes its group")
    before = one.dropped("key")
    ok(wait(lambda: two.get("sent", "datagrams") > 20 and
            one.peer(3) == "up") and one.dropped("key") <= before + 2,
       "... and is heard no more")
    ok(lab.stop(), "all end without fault")


def test_namesake():
    one, two = Driver(1), Driver(2, instance="lb1")
    ok(wait(lambda: one.get("namesake") and two.get("namesake")),
       "two of the same name notice", one.status(), two.status())
    ok(one.logged("another instance is called lb1 too"), "... and say so")
    equal(two.answer("set instance=lb2"), "ok", "one is renamed")
    ok(all_up(one, two), "... and both are up", one.status(), two.status())
    ok(wait(lambda: not one.get("namesake")), "... without a problem")
    ok(lab.stop(), "both end without fault")


def test_differences():
    one, two = pair()
    one.tell("see 1 2 3")
    two.tell("see 1 2 3")
    time_before = time.monotonic()
    two.tell("see 4 2 3")
    ok(wait(lambda: one.peer(2, "alarm")), "another configuration is an alarm",
       one.status())
    ok(time.monotonic() - time_before > 9, "... when it lasts")
    ok("configuration of 192.0.2.1:80/tcp" in one.peer(2, "alarm"),
       "... that names the service", one.peer(2))
    ok(one.logged("lb2 has other configuration"), "... and is logged")
    two.tell("see 1 2 3")
    ok(wait(lambda: not one.peer(2, "alarm")), "it ends")
    ok(one.logged("lb2 has the same configuration"), "... and that is logged",
       one.log())
    ok(lab.stop(), "both end without fault")


def test_cap():
    """No more is sent than may be, and what had to wait is sent later."""
    one, two = pair(bandwidth=1000000)
    before = one.status()
    one.tell("packets 0 45000")
    ok(wait(lambda: two.get("count") == 45000), "all flows arrive in the end",
       two.status())
    after = one.status()
    size = after["sent"]["bytes"] - before["sent"]["bytes"]
    seconds = (after["now"] - before["now"]) / 1000
    print("# %d bytes in %.1f s: %.0f kbit/s of 1000" %
          (size, seconds, size * 8 / seconds / 1000))
    # 200 ms of it may be sent at once; a hello in time for the rest.
    ok(size * 8 <= 1000000 * (seconds + 0.2) + 20000,
       "no more was sent than may be")
    ok(after["deferred"] > before["deferred"], "what had to wait is counted")
    equal(one.peer(2), "up", "hellos were not held up")
    ok(lab.stop(), "both end without fault")


def test_stalled():
    """A peer that hangs, for a while."""
    one, two = pair()
    two.suspend()
    ok(wait(lambda: one.peer(2) == "silent"), "a peer that hangs is silent")
    one.tell("packets 0 40000")
    wait(lambda: one.get("sent", "flows") >= 40000)
    two.process.send_signal(signal.SIGCONT)
    ok(wait(lambda: two.get("count") == 40000), "... and learns all later",
       two.status())
    ok(lab.stop(), "both end without fault")


lab = None
sync_lab.run_tests(globals())
