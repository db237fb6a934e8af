/* SPDX-License-Identifier: ISC */

/*
 * What is said about mistakes in what concerns flows: "track", "idle",
 * "slow_start", "limits" and "sync".  The exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which is on a line of its own. */
#define TOP(x)	"{`interfaces`:`eth0`,`services`:[],\n" x "}"
#define SYNC(x) TOP("`sync`:{" x "}")
/* Both keys that it needs, and another. */
#define SYNC_WITH(x) SYNC("`interface`:`eth2`,`key`:`/k`," x)
#define SITE                                \
	"`name`:`a`,`virtual`:`192.0.2.1`," \
	"`servers`:[`10.0.0.1`],"
#define POLICY(x) \
	"{`interfaces`:`eth0`,`services`:[{" SITE "`policy`:{\n" x "}}]}"
#define ENTRY(x) "{`interfaces`:`eth0`,`services`:[{" SITE "\n" x "}]}"

#define NOT_TCP                                                            \
	"TCP can't go without flows, as its connections would break when " \
	"servers come or go: only UDP can\n"

static const struct conf_case cases[] = {
    {TOP("`track`:0"),
	"2:9: track: expected true or false, got the integer 0\n"},
    {POLICY("`http`:{`track`:false}"),
	"2:17: services[0].policy.http.track: " NOT_TCP},
    {POLICY("`http`:{`track`:false},`domain/udp`:{`track`:false}"),
	"2:17: services[0].policy.http.track: " NOT_TCP},
    {ENTRY("`track`:false,`policy`:{`http`:null,`https`:null}"),
	"2:9: services[0].track: " NOT_TCP},
    {"{`interfaces`:`eth0`,\n`track`:false,`services`:[{" SITE
     "`policy`:{`http`:null,`443`:null}}]}",
	"2:9: track: " NOT_TCP},
    {TOP("`idle`:9.9"),
	"2:8: idle: 9.9 is not in the range 10 to 16383 seconds\n"},
    {TOP("`idle`:`9999ms`"),
	"2:8: idle: 9.999 is not in the range 10 to 16383 seconds\n"},
    {TOP("`idle`:16383.1"),
	"2:8: idle: 16383.1 is not in the range 10 to 16383 seconds\n"},
    {TOP("`idle`:`5h`"),
	"2:8: idle: 18000 is not in the range 10 to 16383 seconds\n"},
    {TOP("`idle`:true"), "2:8: idle: expected a number of seconds, got true\n"},
    {POLICY("`http`:{`idle`:0}"),
	"2:16: services[0].policy.http.idle: 0 is not in the range 10 to 16383 "
	"seconds\n"},
    {TOP("`slow_start`:0.999"),
	"2:14: slow_start: 0.999 is neither 0, which means none, nor in the "
	"range 1 to 3600 seconds\n"},
    {TOP("`slow_start`:`100ms`"),
	"2:14: slow_start: 0.1 is neither 0, which means none, nor in the "
	"range 1 to 3600 seconds\n"},
    {TOP("`slow_start`:-1"),
	"2:14: slow_start: -1 is not in the range 0 to 3600 seconds\n"},
    {TOP("`slow_start`:`61m`"),
	"2:14: slow_start: 3660 is not in the range 0 to 3600 seconds\n"},
    {TOP("`slow_start`:`60`"),
	"2:14: slow_start: `60` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`60 s`"),
	"2:14: slow_start: `60 s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`-60s`"),
	"2:14: slow_start: `-60s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`1.2.3s`"),
	"2:14: slow_start: `1.2.3s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`.s`"),
	"2:14: slow_start: `.s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`0x10s`"),
	"2:14: slow_start: `0x10s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`1e3s`"),
	"2:14: slow_start: `1e3s` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:`infs`"),
	"2:14: slow_start: `infs` is not a time such as 60 or `60s`\n"},
    {TOP("`slow_start`:``"),
	"2:14: slow_start: `` is not a time such as 60 or `60s`\n"},
    {POLICY("`http`:{`slow-start`:10}"),
	"2:9: services[0].policy.http.slow-start: unknown key, did you mean "
	"`slow_start`?\n"},
    {TOP("`limits`:{`slots`:250}"),
	"2:19: limits.slots: 250 is not in the range 251 to 655373\n"},
    {TOP("`limits`:{`slots`:655374}"),
	"2:19: limits.slots: 655374 is not in the range 251 to 655373\n"},
    {TOP("`limits`:{`slots`:65536}"),
	"2:19: limits.slots: 65536 is not a prime; the next one is 65537\n"},
    {TOP("`limits`:{`slots`:65535}"),
	"2:19: limits.slots: 65535 is not a prime; the next one is 65537\n"},
    {TOP("`limits`:{`slots`:655372}"),
	"2:19: limits.slots: 655372 is not a prime; the next one is 655373\n"},
    {TOP("`limits`:{`slots`:655359}"),
	"2:19: limits.slots: 655359 is not a prime; the next one is 655373\n"},
    {TOP("`limits`:{`slots`:252}"),
	"2:19: limits.slots: 252 is not a prime; the next one is 257\n"},
    {TOP("`limits`:{`slot`:257}"),
	"2:11: limits.slot: unknown key, did you mean `slots`?\n"},
    {TOP("`sync`:true"), "2:8: sync: expected an object, got true\n"},
    {SYNC(""),
	"2:8: sync.interface: is required, and missing\n"
	"2:8: sync.key: is required, and missing\n"},
    {SYNC("`interface`:`eth2`"), "2:8: sync.key: is required, and missing\n"},
    {SYNC("`key`:`/etc/vc5d.key`"),
	"2:8: sync.interface: is required, and missing\n"},
    {SYNC("`interface`:`e/x`,`key`:`vc5d.key`"),
	"2:21: sync.interface: `e/x` is not a device name of 1 to 15 "
	"characters\n"
	"2:33: sync.key: `vc5d.key` is not an absolute path\n"},
    {SYNC("`interface`:[`eth2`],`key`:7"),
	"2:21: sync.interface: expected a string, got an array\n"
	"2:36: sync.key: expected a string, got the integer 7\n"},
    {SYNC_WITH("`group`:`10.0.0.1`"),
	"2:47: sync.group: 10.0.0.1 is not a multicast address, such as "
	"`239.192.86.53` or `ff05::5643`\n"},
    {SYNC_WITH("`group`:`2001:db8::1`"),
	"2:47: sync.group: 2001:db8::1 is not a multicast address, such as "
	"`239.192.86.53` or `ff05::5643`\n"},
    {SYNC_WITH("`group`:`255.255.255.255`"),
	"2:47: sync.group: 255.255.255.255 is not a multicast address, such as "
	"`239.192.86.53` or `ff05::5643`\n"},
    {SYNC_WITH("`group`:`ff01::1`"),
	"2:47: sync.group: packets for ff01::1 never leave the host\n"},
    {SYNC_WITH("`group`:`ff10::1`"),
	"2:47: sync.group: packets for ff10::1 never leave the host\n"},
    {SYNC_WITH("`group`:`239.192.86.53:8653`"),
	"2:47: sync.group: `239.192.86.53:8653` is not an IP address\n"},
    {SYNC_WITH("`group`:null"),
	"2:47: sync.group: expected a string, got null\n"},
    {SYNC_WITH("`port`:0,`ttl`:256"),
	"2:46: sync.port: 0 is not in the range 1 to 65535\n"
	"2:54: sync.ttl: 256 is not in the range 0 to 255\n"},
    {SYNC_WITH("`port`:65536,`ttl`:-1"),
	"2:46: sync.port: 65536 is not in the range 1 to 65535\n"
	"2:58: sync.ttl: -1 is not in the range 0 to 255\n"},
    {SYNC_WITH("`bandwidth`:999999"),
	"2:51: sync.bandwidth: 999999 is not in the range 1000000 to "
	"100000000000\n"},
    {SYNC_WITH("`bandwidth`:100000000001"),
	"2:51: sync.bandwidth: 100000000001 is not in the range 1000000 to "
	"100000000000\n"},
    {SYNC_WITH("`bandwidth`:`20M`"),
	"2:51: sync.bandwidth: expected an integer, got the string `20M`\n"},
    {SYNC_WITH("`cluster`:``,`instance`:`a b`"),
	"2:49: sync.cluster: `` is not a name: 1 to 63 of the characters A-Z "
	"a-z 0-9 _ . -\n"
	"2:63: sync.instance: `a b` is not a name: 1 to 63 of the characters "
	"A-Z a-z 0-9 _ . -\n"},
    {SYNC_WITH("`learn`:3601"),
	"2:47: sync.learn: 3601 is not in the range 0 to 3600 seconds\n"},
    {SYNC_WITH("`keys`:[]"),
	"2:39: sync.keys: unknown key, did you mean `key`?\n"},
    {ENTRY("`sync`:{},`policy`:{`http`:null}"),
	"2:1: services[0].sync: unknown key\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_flows_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
