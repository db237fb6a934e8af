/* SPDX-License-Identifier: ISC */

/*
 * What is said about each mistake in the services of a configuration: the
 * exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which is on a line of its own. */
#define SITE                                \
	"`name`:`a`,`virtual`:`192.0.2.1`," \
	"`servers`:[`10.0.0.1`],`policy`:"
#define SERVICE(x) "{`interfaces`:`eth0`,`services`:[{\n" x "}]}"
#define VIRTUAL(x)                                      \
	"{`interfaces`:`eth0`,`services`:[{`name`:`a`," \
	"`servers`:[`10.0.0.1`],`policy`:{`http`:null},\n`virtual`:" x "}]}"
#define SERVERS(x)                                      \
	"{`interfaces`:`eth0`,`services`:[{`name`:`a`," \
	"`virtual`:`192.0.2.1`,`policy`:{`http`:null},\n`servers`:" x "}]}"
#define POLICY(x) "{`interfaces`:`eth0`,`services`:[{" SITE "{\n" x "}}]}"
#define CHECK(x)  POLICY("`http`:{`checks`:[{" x "}]}")
#define ANOTHER(x) \
	"{`interfaces`:`eth0`,`services`:[{" SITE "{`http`:null}},\n{" x "}]}"

static const struct conf_case cases[] = {
    {SERVICE("`name`:`a`,`name`:`b`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`"
	     "],`policy`:{`http`:null}"),
	"2:12: services[0].name: is given twice, first on line 2\n"},
    {SERVICE("`name`:`a`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:"
	     "{`http`:null},`bgp`:{`enabled`:true}"),
	"2:87: services[0].bgp.enabled: unknown key\n"},
    {SERVICE(""),
	"1:34: services[0].name: is required, and missing\n"
	"1:34: services[0].virtual: is required, and missing\n"
	"1:34: services[0].policy: is required, and missing\n"
	"1:34: services[0].servers: is required, and missing\n"},
    {SERVICE("`name`:``,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{"
	     "`http`:null}"),
	"2:8: services[0].name: `` is not a name: 1 to 63 of the characters "
	"A-Z a-z 0-9 _ . -\n"},
    {SERVICE("`name`:`a "
	     "b`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{`http`:"
	     "null}"),
	"2:8: services[0].name: `a b` is not a name: 1 to 63 of the characters "
	"A-Z a-z 0-9 _ . -\n"},
    {SERVICE("`name`:5,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{`"
	     "http`:null}"),
	"2:8: services[0].name: expected a string, got the integer 5\n"},
    {SERVICE("`name`:`a`,`description`:`x\\ny`,`virtual`:`192.0.2.1`,`servers`:"
	     "[`10.0.0.1`],`policy`:{`http`:null}"),
	"2:26: services[0].description: must not contain control characters\n"},
    {SERVICE("`name`:`a`,`description`:7,`virtual`:`192.0.2.1`,`servers`:[`10."
	     "0.0.1`],`policy`:{`http`:null}"),
	"2:26: services[0].description: expected a string, got the integer "
	"7\n"},
    {SERVICE("`name`:`a`,`virtaul`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:"
	     "{`http`:null}"),
	"1:34: services[0].virtual: is required, and missing\n"
	"2:12: services[0].virtaul: unknown key, did you mean `virtual`?\n"},
    {VIRTUAL("`foo`"),
	"2:11: services[0].virtual: `foo` is not an IP address\n"},
    {VIRTUAL("[]"),
	"2:11: services[0].virtual: must have at least one address\n"},
    {VIRTUAL("[`192.0.2.1`,`192.0.2.1`,`192.0.2.1`]"),
	"2:24: services[0].virtual[1]: 192.0.2.1 is already in the list, at "
	"services[0].virtual[0], line 2\n"
	"2:36: services[0].virtual[2]: 192.0.2.1 is already in the list, at "
	"services[0].virtual[1], line 2\n"},
    {VIRTUAL("`224.0.0.1`"),
	"2:11: services[0].virtual: 224.0.0.1 is not a unicast address that "
	"other hosts can reach\n"},
    {VIRTUAL("`0.0.0.0`"),
	"2:11: services[0].virtual: 0.0.0.0 is not a unicast address that "
	"other hosts can reach\n"},
    {VIRTUAL("`127.0.0.1`"),
	"2:11: services[0].virtual: 127.0.0.1 is not a unicast address that "
	"other hosts can reach\n"},
    {VIRTUAL("`169.254.0.1`"),
	"2:11: services[0].virtual: 169.254.0.1 is not a unicast address that "
	"other hosts can reach\n"},
    {VIRTUAL("`255.255.255.255`"),
	"2:11: services[0].virtual: 255.255.255.255 is not a unicast address "
	"that other hosts can reach\n"},
    {VIRTUAL("[`ff02::1`,`::1`,`2001:db8::1/128`]"),
	"2:12: services[0].virtual[0]: ff02::1 is not a unicast address that "
	"other hosts can reach\n"
	"2:22: services[0].virtual[1]: ::1 is not a unicast address that other "
	"hosts can reach\n"
	"2:28: services[0].virtual[2]: `2001:db8::1/128` is not an IP "
	"address\n"},
    {VIRTUAL("`10.0.0.1`"),
	"2:11: services[0].virtual: 10.0.0.1 is also the address of a server, "
	"at services[0].servers[0], line 1\n"},
    {VIRTUAL("`192.0.2.1/32`"),
	"2:11: services[0].virtual: `192.0.2.1/32` is not an IP address\n"},
    {VIRTUAL("7"),
	"2:11: services[0].virtual: expected an address or an array of them, "
	"got the integer 7\n"},
    {VIRTUAL("[`192.0.2.1`,null]"),
	"2:24: services[0].virtual[1]: expected a string, got null\n"},
    {SERVERS("`web`"),
	"2:11: services[0].servers: there is no list `web` in the top level's "
	"servers\n"},
    {SERVERS("[]"),
	"2:11: services[0].servers: must have at least one server\n"},
    {SERVERS("{}"),
	"2:11: services[0].servers: expected an array or the name of a shared "
	"list, got an object\n"},
    {SERVERS("[`10.0.0.1`,`10.0.0.1`]"),
	"2:23: services[0].servers[1]: 10.0.0.1 is already in the list, at "
	"services[0].servers[0], line 2\n"},
    {"{`interfaces`:`eth0`,`servers`:{`web1`:[`10.0.0.1`]},`services`:[{`name`:"
     "`a`,`virtual`:`192.0.2.1`,`servers`:`web2`,`policy`:{`http`:null}}]}",
	"1:110: services[0].servers: there is no shared list `web2`, did you "
	"mean `web1`?\n"},
    {"{`interfaces`:`eth0`,`servers`:{`web1`:[]},`services`:[{`name`:`a`,`"
     "virtual`:`192.0.2.1`,`servers`:`web1`,`policy`:{`http`:null}}]}",
	"1:40: servers.web1: must have at least one server\n"},
    {SERVICE("`name`:`a`,`virtual`:`192.0.2.1`,`policy`:{`http`:{`servers`:[`"
	     "10.0.0.1`]},`https`:null}"),
	"1:34: services[0].servers: is required, and missing\n"},
    {"{`interfaces`:`eth0`,`services`:[1,[],`x`]}",
	"1:34: services[0]: expected an object, got the integer 1\n"
	"1:36: services[1]: expected an object, got an array\n"
	"1:39: services[2]: expected an object, got the string `x`\n"},
    {POLICY(""),
	"1:100: services[0].policy: must have at least one key, such as "
	"`http`\n"},
    {SERVICE(
	 "`name`:`a`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:[]"),
	"2:66: services[0].policy: expected an object, got an array\n"},
    {SERVICE("`name`:`a`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:"
	     "`http`"),
	"2:66: services[0].policy: expected an object, got the string "
	"`http`\n"},
    {POLICY("`http`:1"),
	"2:8: services[0].policy.http: expected an object, got the integer "
	"1\n"},
    {POLICY("`htpp`:null"),
	"2:1: services[0].policy.htpp: unknown service name `htpp`, did you "
	"mean `http`?\n"},
    {POLICY("`gopher`:null"),
	"2:1: services[0].policy.gopher: unknown service name `gopher`; a port "
	"can be given as `8080` or `53/udp`\n"},
    {POLICY("``:null"),
	"2:1: services[0].policy[``]: unknown service name ``; a port can be "
	"given as `8080` or `53/udp`\n"},
    {POLICY("`0`:null"),
	"2:1: services[0].policy[`0`]: `0` is not a port in the range 1 to "
	"65535\n"},
    {POLICY("`65536`:null"),
	"2:1: services[0].policy[`65536`]: `65536` is not a port in the range "
	"1 to 65535\n"},
    {POLICY("`080`:null"),
	"2:1: services[0].policy[`080`]: `080` is not a port in the range 1 to "
	"65535\n"},
    {POLICY("`1234567`:null"),
	"2:1: services[0].policy[`1234567`]: `1234567` is not a port in the "
	"range 1 to 65535\n"},
    {POLICY("`80/sctp`:null"),
	"2:1: services[0].policy[`80/sctp`]: unknown protocol `sctp`, it must "
	"be tcp or udp\n"},
    {POLICY("`80/`:null"),
	"2:1: services[0].policy[`80/`]: unknown protocol ``, it must be tcp "
	"or udp\n"},
    {POLICY("`/tcp`:null"),
	"2:1: services[0].policy[`/tcp`]: unknown service name ``; a port can "
	"be given as `8080` or `53/udp`\n"},
    {POLICY("`-1`:null"),
	"2:1: services[0].policy[`-1`]: unknown service name `-1`; a port can "
	"be given as `8080` or `53/udp`\n"},
    {POLICY("`http`:{`check`:[]}"),
	"2:9: services[0].policy.http.check: unknown key, did you mean "
	"`checks`?\n"},
    {POLICY("`http`:{`host`:`a b`,`need`:2}"),
	"2:16: services[0].policy.http.host: `a b` contains a character that "
	"is not printable ASCII, or a space\n"
	"2:29: services[0].policy.http.need: 2 is more than the number of "
	"servers of services[0].policy.http, 1\n"},
    {POLICY("`http`:null,`80`:null"),
	"2:18: services[0].policy[`80`]: 192.0.2.1:80/tcp is already in "
	"services[0].policy.http, line 2\n"},
    {POLICY("`domain`:null,`53/udp`:null"),
	"2:24: services[0].policy[`53/udp`]: 192.0.2.1:53/udp is already in "
	"services[0].policy.domain, line 2\n"},
    {POLICY("`53/sctp`:{`x`:1}"),
	"2:1: services[0].policy[`53/sctp`]: unknown protocol `sctp`, it must "
	"be tcp or udp\n"
	"2:12: services[0].policy[`53/sctp`].x: unknown key\n"},
    {POLICY("`http`:{`servers`:`x`}"),
	"2:19: services[0].policy.http.servers: there is no list `x` in the "
	"top level's servers\n"},
    {POLICY("`http`:{`checks`:{}}"),
	"2:18: services[0].policy.http.checks: expected an array, got an "
	"object\n"},
    {POLICY("`http`:{`checks`:[1]}"),
	"2:19: services[0].policy.http.checks[0]: expected an object, got the "
	"integer 1\n"},
    {CHECK(""),
	"2:19: services[0].policy.http.checks[0].type: is required, and "
	"missing\n"},
    {CHECK("`type`:`htpp`"),
	"2:27: services[0].policy.http.checks[0].type: `htpp` is not one of: "
	"tcp, syn, http, https, dns, udp, icmp, exec, agent, none\n"},
    {CHECK("`type`:1"),
	"2:27: services[0].policy.http.checks[0].type: expected a string, got "
	"the integer 1\n"},
    {CHECK("`type`:`tcp`,`path`:`/`,`host`:`a`,`method`:`GET`,`expect`:200"),
	"2:33: services[0].policy.http.checks[0].path: does not apply to a "
	"check of type tcp\n"
	"2:44: services[0].policy.http.checks[0].host: does not apply to a "
	"check of type tcp\n"
	"2:55: services[0].policy.http.checks[0].method: does not apply to a "
	"check of type tcp\n"
	"2:79: services[0].policy.http.checks[0].expect: expected a string or "
	"{`hex`: `...`}, got the integer 200\n"},
    {CHECK("`type`:`tcp`,`port`:0"),
	"2:40: services[0].policy.http.checks[0].port: 0 is not in the range 1 "
	"to 65535\n"},
    {CHECK("`type`:`http`,`port`:`80`"),
	"2:41: services[0].policy.http.checks[0].port: expected an integer, "
	"got the string `80`\n"},
    {CHECK("`type`:`http`,`port`:65536"),
	"2:41: services[0].policy.http.checks[0].port: 65536 is not in the "
	"range 1 to 65535\n"},
    {CHECK("`type`:`http`,`path`:`x`,`expect`:[1],`method`:`G "
	   "T`,`host`:`\\u0000`"),
	"2:87: syntax error: \\u0000 is not allowed\n"},
    {CHECK("`type`:`http`,`host`:`a\\u0007`"),
	"2:41: services[0].policy.http.checks[0].host: `a\\x07` contains a "
	"character that is not printable ASCII, or a space\n"},
    {CHECK("`type`:`http`,`nedd`:1"),
	"2:34: services[0].policy.http.checks[0].nedd: unknown key\n"},
    {CHECK("`type`:`http`,`timeout`:3"),
	"2:44: services[0].policy.http.checks[0].timeout: 3 seconds are longer "
	"than the default interval, 2\n"},
    {CHECK("`type`:`http`,`interval`:1,`timeout`:2"),
	"2:57: services[0].policy.http.checks[0].timeout: 2 seconds are longer "
	"than the interval, 1, of services[0].policy.http.checks[0].interval, "
	"line 2\n"},
    {CHECK("`type`:`http`,`need`:1"),
	"2:34: services[0].policy.http.checks[0].need: unknown key\n"},
    {POLICY("`http`:{`timeout`:2.5},`8080`:{`interval`:5,`timeout`:6}"),
	"2:19: services[0].policy.http.timeout: 2.5 seconds are longer than "
	"the default interval, 2\n"
	"2:55: services[0].policy[`8080`].timeout: 6 seconds are longer than "
	"the interval, 5, of services[0].policy[`8080`].interval, line 2\n"},
    {"{`interfaces`:`eth0`,`timeout`:3,`services`:[{`name`:`a`,`virtual`:[`192."
     "0.2.1`,`192.0.2.2`],`servers`:[`10.0.0.1`],`policy`:{`http`:null,`https`:"
     "null,`ntp`:null}}]}",
	"1:32: timeout: 3 seconds are longer than the default interval, 2\n"},
    {POLICY("`53/udp`:{`checks`:[{`type`:`tcp`,`port`:70000}]}"),
	"2:42: services[0].policy[`53/udp`].checks[0].port: 70000 is not in "
	"the range 1 to 65535\n"},
    {"{`interfaces`:`eth0`,`need`:2,`services`:[{`name`:`a`,`virtual`:`192.0.2."
     "1`,`servers`:[`10.0.0.1`],`policy`:{`http`:null,`https`:null}}]}",
	"1:29: need: 2 is more than the number of servers of "
	"services[0].policy.http, 1\n"
	"1:29: need: 2 is more than the number of servers of "
	"services[0].policy.https, 1\n"},
    {ANOTHER("`name`:`b`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.2`],`policy`:"
	     "{`80/tcp`:null}"),
	"2:77: services[1].policy[`80/tcp`]: 192.0.2.1:80/tcp is already in "
	"services[0].policy.http, line 1\n"},
    {ANOTHER("`name`:`b`,`virtual`:`192.0.2.1`,`servers`:[`10.0.0.2`],`policy`:"
	     "{`https`:null},`bgp`:{`med`:5}"),
	"2:23: services[1].virtual: 192.0.2.1 has other bgp attributes here "
	"than at services[0].virtual, line 1\n"},
    {ANOTHER("`name`:`b`,`virtual`:`10.0.0.1`,`servers`:[`10.0.0.2`],`policy`:{"
	     "`https`:null}"),
	"2:23: services[1].virtual: 10.0.0.1 is also the address of a server, "
	"at services[0].servers[0], line 1\n"},
    {ANOTHER("`name`:`b`,`virtual`:`192.0.2.2`,`servers`:[`192.0.2.1`],`policy`"
	     ":{`https`:null}"),
	"1:56: services[0].virtual: 192.0.2.1 is also the address of a server, "
	"at services[1].servers[0], line 2\n"},
    {"{`interfaces`:`eth0`,`limits`:{`services`:1},`services`:[{`name`:`a`,`"
     "virtual`:[`192.0.2.1`],`servers`:[`10.0.0.1`],`policy`:{`domain`:null}}]"
     "}",
	"1:57: services: 2 services (VIPs x ports) are more than "
	"limits.services, 1\n"},
    {"{`interfaces`:`eth0`,`limits`:{`destinations`:3},`services`:[{`name`:`a`,"
     "`virtual`:[`192.0.2.1`,`192.0.2.2`],`servers`:[`10.0.0.1`,`10.0.0.2`],`"
     "policy`:{`http`:null}}]}",
	"1:61: services: 4 destinations (services x servers) are more than "
	"limits.destinations, 3\n"},
    {"{`interfaces`:`eth0`,\n\t`services`:[\n\t{`name`:`\\u00fc`,`x`:`üü`,`y`:"
     "1}]}",
	"3:2: services[0].virtual: is required, and missing\n"
	"3:2: services[0].policy: is required, and missing\n"
	"3:2: services[0].servers: is required, and missing\n"
	"3:10: services[0].name: `\\xc3\\xbc` is not a name: 1 to 63 of the "
	"characters A-Z a-z 0-9 _ . -\n"
	"3:19: services[0].x: unknown key\n"
	"3:28: services[0].y: unknown key\n"},
    {"{`interfaces`:`eth0`,`services`:[{`name`:`a`,`virtual`:`192.0.2.1`,`"
     "servers`:[`10.0.0.1`],`policy`:{`http`:{`need`:5},`http`:{`need`:6}}}]}",
	"1:119: services[0].policy.http: is given twice, first on line 1\n"
	"1:134: services[0].policy.http.need: 6 is more than the number of "
	"servers of services[0].policy.http, 1\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_service_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
