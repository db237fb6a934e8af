/* SPDX-License-Identifier: ISC */

/*
 * What is said about mistakes in what concerns announcing: "need", "need_up",
 * "priority", "communities" and what "bgp" says of VIPs.  The exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which is on a line of its own. */
#define TOP(x) "{`interfaces`:`eth0`,`services`:[],\n" x "}"
#define BGP(x) TOP("`bgp`:{" x "}")
#define POLICY(x)                                                  \
	"{`interfaces`:`eth0`,`services`:[{`name`:`a`,"            \
	"`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`,`10.0.0.2`]," \
	"`policy`:{`http`:{\n" x "}}}]}"
#define TWO(x, y)                                                         \
	"{`interfaces`:`eth0`,`services`:[{`name`:`a`,"                   \
	"`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],"                   \
	"`policy`:{`http`:null},`bgp`:" x "},\n{`name`:`b`,`virtual`:"    \
	"`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{`1`:null},`bgp`:" y \
	"}]}"
#define DIFFERS                                               \
	"2:23: services[1].virtual: 192.0.2.1 has other bgp " \
	"attributes here than at services[0].virtual, line 1\n"

static const struct conf_case cases[] = {
    {TOP("`need`:`1`"), "2:8: need: `1` is not a percentage, `0%` to `100%`\n"},
    {TOP("`need`:`101%`"),
	"2:8: need: `101%` is not a percentage, `0%` to `100%`\n"},
    {TOP("`need`:`-1%`"),
	"2:8: need: `-1%` is not a percentage, `0%` to `100%`\n"},
    {TOP("`need`:`1.5%`"),
	"2:8: need: `1.5%` is not a percentage, `0%` to `100%`\n"},
    {TOP("`need`:`%`"), "2:8: need: `%` is not a percentage, `0%` to `100%`\n"},
    {TOP("`need`:`9999999999999999999999%`"),
	"2:8: need: `9999999999999999999999%` is not a percentage, `0%` to "
	"`100%`\n"},
    {TOP("`need`:1.5"),
	"2:8: need: expected an integer or a percentage, got the number 1.5\n"},
    {TOP("`need_up`:true"),
	"2:11: need_up: expected an integer or a percentage, got true\n"},
    {POLICY("`need_up`:0"),
	"2:11: services[0].policy.http.need_up: 0 is less than what "
	"services[0].policy.http needs, 1\n"},
    {POLICY("`need_up`:3"),
	"2:11: services[0].policy.http.need_up: 3 is more than the number of "
	"servers of services[0].policy.http, 2\n"},
    {POLICY("`need_up`:`50%`,\n`need`:`51%`"),
	"2:11: services[0].policy.http.need_up: 1 is less than what "
	"services[0].policy.http needs, 2, line 3\n"},
    {POLICY("`need_up`:`x`,`need`:2"),
	"2:11: services[0].policy.http.need_up: `x` is not a percentage, "
	"`0%` to `100%`\n"},
    {TOP("`priority`:`urgent`"),
	"2:12: priority: `urgent` is not one of: critical, high, medium, "
	"low\n"},
    {TOP("`priority`:1"),
	"2:12: priority: expected a string, got the integer 1\n"},
    {BGP("`hold_down`:-1"),
	"2:20: bgp.hold_down: -1 is not in the range 0 to 3600 seconds\n"},
    {BGP("`hold_down_max`:3601"),
	"2:24: bgp.hold_down_max: 3601 is not in the range 0 to 3600 "
	"seconds\n"},
    {BGP("`hold_down_max`:1.5,\n`hold_down`:2"),
	"2:24: bgp.hold_down_max: 1.5 is less than hold_down, 2, line 3\n"},
    {BGP("`healthy_for`:`soon`"),
	"2:22: bgp.healthy_for: `soon` is not a time such as 60 or `60s`\n"},
    {BGP("`learn`:null,`graceful_shutdown`:false"),
	"2:16: bgp.learn: expected a number of seconds, got null\n"
	"2:41: bgp.graceful_shutdown: expected a number of seconds, got "
	"false\n"},
    {BGP("`holddown`:1"),
	"2:8: bgp.holddown: unknown key, did you mean `hold_down`?\n"},
    {BGP("`degraded`:2"),
	"2:19: bgp.degraded: expected an object, got the integer 2\n"},
    {BGP("`degraded`:{`med`:1}"),
	"2:19: bgp.degraded.below: is required, and missing\n"},
    {BGP("`degraded`:{`below`:`half`,`med`:-1,`prepend`:129,`hold_down`:1,"
	 "`communities`:[`x`]}"),
	"2:28: bgp.degraded.below: `half` is not a percentage, `0%` to "
	"`100%`\n"
	"2:41: bgp.degraded.med: -1 is not in the range 0 to 4294967295\n"
	"2:54: bgp.degraded.prepend: 129 is not in the range 0 to 128\n"
	"2:58: bgp.degraded.hold_down: unknown key\n"
	"2:87: bgp.degraded.communities[0]: `x` is not a community: AS:NUMBER "
	"(each to 65535), AS:NUMBER:NUMBER or a well-known name\n"},
    {TOP("`communities`:[]"),
	"2:15: communities: expected an object, got an array\n"},
    {TOP("`communities`:{`a b`:`1:1`,`no_export`:`1:2`,`x`:`y`,`z`:3}"),
	"2:16: communities[`a b`]: is not a name: 1 to 63 of the characters "
	"A-Z a-z 0-9 _ . -\n"
	"2:28: communities.no_export: is the name of a well-known community\n"
	"2:50: communities.x: `y` is not a community: AS:NUMBER (each to "
	"65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:58: communities.z: expected a string, got the integer 3\n"},
    {TOP("`communities`:{`one`:`1:1`},`bgp`:{`communities`:[`one`,`1:1`,"
	 "`two`]}"),
	"2:57: bgp.communities[1]: 1:1 is already in the list\n"
	"2:63: bgp.communities[2]: `two` is not a community: AS:NUMBER (each "
	"to 65535), AS:NUMBER:NUMBER or a well-known name\n"},
    {TWO("{}", "{`healthy_for`:1}"), DIFFERS},
    {TWO("{}", "{`learn`:1}"), DIFFERS},
    {TWO("{}", "{`hold_down`:2}"), DIFFERS},
    {TWO("{}", "{`hold_down_max`:61}"), DIFFERS},
    {TWO("{`graceful_shutdown`:1}", "{}"), DIFFERS},
    {TWO("{`degraded`:{`below`:1}}", "{}"), DIFFERS},
    {TWO("{`degraded`:{`below`:1}}", "{`degraded`:{`below`:`1%`}}"), DIFFERS},
    {TWO("{`degraded`:{`below`:1}}", "{`degraded`:{`below`:1,`med`:1}}"),
	DIFFERS},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_announce_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
