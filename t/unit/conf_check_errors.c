/* SPDX-License-Identifier: ISC */

/*
 * What is said about each mistake in a check: the exact lines.
 */

#include "t/unit/conf_cases.h"

/* A file with checks left open, which are on a line of their own. */
#define CHECKS(x)                                                 \
	"{`interfaces`:`eth0`,`services`:[{`name`:`a`,`virtual`:" \
	"`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{\n"         \
	"`http`:{`checks`:[" x "]}}}]}"
#define CHECK(x) CHECKS("{" x "}")
/* The same for the keys of the top level, and no check of its own. */
#define TOP(x)                                                          \
	"{`interfaces`:`eth0`," x ",`services`:[{`name`:`a`,`virtual`:" \
	"`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{"                 \
	"`http`:null,`https`:null,`domain/udp`:null}}]}"

static const struct conf_case cases[] = {
    {CHECKS("{`type`:`none`},{`type`:`tcp`}"),
	"2:19: services[0].policy.http.checks[0]: a check of type none must be "
	"the only one\n"},
    {CHECKS("{`type`:`none`},{`type`:`none`}"),
	"2:19: services[0].policy.http.checks[0]: a check of type none must be "
	"the only one\n"
	"2:35: services[0].policy.http.checks[1]: a check of type none must be "
	"the only one\n"},
    {CHECK("`type`:`none`,`port`:1,`rise`:2"),
	"2:34: services[0].policy.http.checks[0].port: does not apply to a "
	"check of type none\n"
	"2:43: services[0].policy.http.checks[0].rise: does not apply to a "
	"check of type none\n"},
    {CHECK("`type`:`icmp`,`port`:1"),
	"2:34: services[0].policy.http.checks[0].port: does not apply to a "
	"check of type icmp\n"},
    {CHECK("`type`:`syn`,`tls`:true"),
	"2:33: services[0].policy.http.checks[0].tls: does not apply to a "
	"check of type syn\n"},
    {CHECK("`type`:`http`,`sni`:`a`,`verify`:true,`ca`:`/a`,`expiry`:1"),
	"2:34: services[0].policy.http.checks[0].sni: does not apply to a "
	"check of type http\n"
	"2:44: services[0].policy.http.checks[0].verify: does not apply to a "
	"check of type http\n"
	"2:58: services[0].policy.http.checks[0].ca: does not apply to a check "
	"of type http\n"
	"2:68: services[0].policy.http.checks[0].expiry: does not apply to a "
	"check of type http\n"},
    {CHECK("`type`:`https`,`tls`:true"),
	"2:35: services[0].policy.http.checks[0].tls: does not apply to a "
	"check of type https\n"},
    {CHECK("`type`:`https`,`sni`:`192.0.2.1`"),
	"2:41: services[0].policy.http.checks[0].sni: `192.0.2.1` is not the "
	"name of a host\n"},
    {CHECK("`type`:`https`,`sni`:`2001:db8::1`"),
	"2:41: services[0].policy.http.checks[0].sni: `2001:db8::1` is not the "
	"name of a host\n"},
    {CHECK("`type`:`https`,`sni`:`a b`"),
	"2:41: services[0].policy.http.checks[0].sni: `a b` contains a "
	"character that is not printable ASCII, or a space\n"},
    {CHECK("`type`:`https`,`sni`:`*.a`"),
	"2:41: services[0].policy.http.checks[0].sni: `*.a` is not the name of "
	"a host\n"},
    {CHECK("`type`:`https`,`verify`:1"),
	"2:44: services[0].policy.http.checks[0].verify: expected true or "
	"false, got the integer 1\n"},
    {CHECK("`type`:`https`,`verify`:true,`ca`:`a.pem`"),
	"2:54: services[0].policy.http.checks[0].ca: `a.pem` is not an "
	"absolute path\n"},
    {CHECK("`type`:`https`,`ca`:`/a.pem`"),
	"2:40: services[0].policy.http.checks[0].ca: has no effect without "
	"`verify`: true\n"},
    {CHECK("`type`:`https`,`expiry`:-1"),
	"2:44: services[0].policy.http.checks[0].expiry: -1 is not in the "
	"range 0 to 3650\n"},
    {CHECK("`type`:`https`,`expiry`:`30d`"),
	"2:44: services[0].policy.http.checks[0].expiry: expected an integer, "
	"got the string `30d`\n"},
    {CHECK("`type`:`tcp`,`sni`:`a`"),
	"2:33: services[0].policy.http.checks[0].sni: needs `tls`: true\n"},
    {CHECK("`type`:`tcp`,`tls`:false,`verify`:true"),
	"2:45: services[0].policy.http.checks[0].verify: needs `tls`: true\n"},
    {CHECK("`type`:`tcp`,`tls`:`yes`"),
	"2:39: services[0].policy.http.checks[0].tls: expected true or false, "
	"got the string `yes`\n"},
    {CHECK("`type`:`tcp`,`send`:``"),
	"2:40: services[0].policy.http.checks[0].send: must have 1 to 1024 "
	"bytes\n"},
    {CHECK("`type`:`tcp`,`send`:5"),
	"2:40: services[0].policy.http.checks[0].send: expected a string or "
	"{`hex`: `...`}, got the integer 5\n"},
    {CHECK("`type`:`tcp`,`send`:{}"),
	"2:40: services[0].policy.http.checks[0].send.hex: is required, and "
	"missing\n"},
    {CHECK("`type`:`tcp`,`send`:{`hex`:`0`}"),
	"2:47: services[0].policy.http.checks[0].send.hex: `0` is not pairs of "
	"hexadecimal digits\n"},
    {CHECK("`type`:`tcp`,`send`:{`hex`:`0g`}"),
	"2:47: services[0].policy.http.checks[0].send.hex: `0g` is not pairs "
	"of hexadecimal digits\n"},
    {CHECK("`type`:`tcp`,`send`:{`hex`:5}"),
	"2:47: services[0].policy.http.checks[0].send.hex: expected a string, "
	"got the integer 5\n"},
    {CHECK("`type`:`tcp`,`send`:{`hex`:``}"),
	"2:40: services[0].policy.http.checks[0].send: must have 1 to 1024 "
	"bytes\n"},
    {CHECK("`type`:`tcp`,`send`:{`hex`:`00`,`x`:1}"),
	"2:52: services[0].policy.http.checks[0].send.x: unknown key\n"},
    {CHECK("`type`:`udp`"),
	"2:19: services[0].policy.http.checks[0].send: is required, and "
	"missing\n"},
    {CHECK("`type`:`udp`,`send`:`a`,`body`:`x`"),
	"2:44: services[0].policy.http.checks[0].body: does not apply to a "
	"check of type udp\n"},
    {CHECK("`type`:`agent`"),
	"2:19: services[0].policy.http.checks[0].port: is required, and "
	"missing\n"},
    {CHECK("`type`:`agent`,`port`:9,`expect`:`up`"),
	"2:44: services[0].policy.http.checks[0].expect: does not apply to a "
	"check of type agent\n"},
    {CHECK("`type`:`exec`"),
	"2:19: services[0].policy.http.checks[0].command: is required, and "
	"missing\n"},
    {CHECK("`type`:`exec`,`command`:`/bin/true`"),
	"2:44: services[0].policy.http.checks[0].command: expected an array, "
	"got the string `/bin/true`\n"},
    {CHECK("`type`:`exec`,`command`:[]"),
	"2:44: services[0].policy.http.checks[0].command: must have 1 to 64 "
	"strings\n"},
    {CHECK("`type`:`exec`,`command`:[`true`,1]"),
	"2:45: services[0].policy.http.checks[0].command[0]: `true` is not an "
	"absolute path\n"
	"2:52: services[0].policy.http.checks[0].command[1]: expected a "
	"string, got the integer 1\n"},
    {CHECK("`type`:`exec`,`command`:[`/bin/true`],`user`:`root`"),
	"2:65: services[0].policy.http.checks[0].user: must not be root\n"},
    {CHECK("`type`:`exec`,`command`:[`/bin/true`],`user`:`a:b`"),
	"2:65: services[0].policy.http.checks[0].user: `a:b` is not the name "
	"of a user\n"},
    {CHECK("`type`:`dns`,`name`:`a..b`"),
	"2:40: services[0].policy.http.checks[0].name: `a..b` is not a domain "
	"name\n"},
    {CHECK("`type`:`dns`,`name`:`.a`"),
	"2:40: services[0].policy.http.checks[0].name: `.a` is not a domain "
	"name\n"},
    {CHECK("`type`:`dns`,`name`:`a\\\\b`"),
	"2:40: services[0].policy.http.checks[0].name: `a\\\\b` is not a "
	"domain name\n"},
    {CHECK("`type`:`dns`,`name`:``"),
	"2:40: services[0].policy.http.checks[0].name: must not be empty\n"},
    {CHECK("`type`:`dns`,`query`:`AAA`"),
	"2:41: services[0].policy.http.checks[0].query: `AAA` is not a known "
	"type, such as A, AAAA, NS, SOA or TXT; others can be given by "
	"number\n"},
    {CHECK("`type`:`dns`,`query`:0"),
	"2:41: services[0].policy.http.checks[0].query: 0 is not in the range "
	"1 to 65535\n"},
    {CHECK("`type`:`dns`,`query`:true"),
	"2:41: services[0].policy.http.checks[0].query: expected a name or an "
	"integer, got true\n"},
    {CHECK("`type`:`dns`,`rcode`:`OK`"),
	"2:41: services[0].policy.http.checks[0].rcode: `OK` is not `any` or "
	"one of: NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED\n"},
    {CHECK("`type`:`dns`,`rcode`:16"),
	"2:41: services[0].policy.http.checks[0].rcode: 16 is not in the range "
	"0 to 15\n"},
    {CHECK("`type`:`dns`,`transport`:`tls`"),
	"2:45: services[0].policy.http.checks[0].transport: `tls` is not one "
	"of: udp, tcp\n"},
    {CHECK("`type`:`dns`,`answer`:``"),
	"2:42: services[0].policy.http.checks[0].answer: must have 1 to 255 "
	"bytes\n"},
    {CHECK("`type`:`http`,`expect`:[]"),
	"2:43: services[0].policy.http.checks[0].expect: must have at least "
	"one status code\n"},
    {CHECK("`type`:`http`,`expect`:[`any`]"),
	"2:44: services[0].policy.http.checks[0].expect[0]: `any` is not a "
	"range of status codes such as `200-299`\n"},
    {CHECK("`type`:`http`,`expect`:`anything`"),
	"2:43: services[0].policy.http.checks[0].expect: `anything` is not a "
	"range of status codes such as `200-299`\n"},
    {CHECK("`type`:`http`,`expect`:`299-200`"),
	"2:43: services[0].policy.http.checks[0].expect: `299-200` is not a "
	"range of status codes such as `200-299`\n"},
    {CHECK("`type`:`http`,`headers`:[]"),
	"2:44: services[0].policy.http.checks[0].headers: expected an object, "
	"got an array\n"},
    {CHECK("`type`:`http`,`headers`:{`a b`:`x`}"),
	"2:45: services[0].policy.http.checks[0].headers[`a b`]: is not the "
	"name of a header field\n"},
    {CHECK("`type`:`http`,`headers`:{``:`x`}"),
	"2:45: services[0].policy.http.checks[0].headers[``]: is not the name "
	"of a header field\n"},
    {CHECK("`type`:`http`,`headers`:{`hOst`:`x`,`connection`:`x`}"),
	"2:45: services[0].policy.http.checks[0].headers.hOst: can't be given "
	"here; it has a key of its own, `host`\n"
	"2:56: services[0].policy.http.checks[0].headers.connection: can't be "
	"given here; it depends on `keep_alive`\n"},
    {CHECK("`type`:`http`,`headers`:{`Content-Length`:`0`,`Upgrade`:`h2c`}"),
	"2:45: services[0].policy.http.checks[0].headers.Content-Length: can't "
	"be given here: requests have no body\n"
	"2:66: services[0].policy.http.checks[0].headers.Upgrade: can't be "
	"given here: no other protocol is spoken\n"},
    {CHECK("`type`:`http`,`headers`:{`a`:`x\\r\\ny: z`}"),
	"2:49: services[0].policy.http.checks[0].headers.a: "
	"contains a character that is not printable ASCII\n"},
    {CHECK("`type`:`http`,`headers`:{`a`:5}"),
	"2:49: services[0].policy.http.checks[0].headers.a: expected a string, "
	"got the integer 5\n"},
    {CHECK("`type`:`http`,`keep_alive`:`on`"),
	"2:47: services[0].policy.http.checks[0].keep_alive: expected true or "
	"false, got the string `on`\n"},
    {CHECK("`type`:`http`,`body`:``"),
	"2:41: services[0].policy.http.checks[0].body: must have 1 to 1024 "
	"bytes\n"},
    {CHECK("`type`:`http`,`body`:5"),
	"2:41: services[0].policy.http.checks[0].body: expected a string, got "
	"the integer 5\n"},
    {CHECK("`type`:`http`,`body_regex`:`(`"),
	"2:47: services[0].policy.http.checks[0].body_regex: `(` is not a "
	"regular expression: missing closing parenthesis\n"},
    {CHECK("`type`:`http`,`body_regex`:`[a`"),
	"2:47: services[0].policy.http.checks[0].body_regex: `[a` is not a "
	"regular expression: missing terminating ] for character class\n"},
    {CHECK("`type`:`http`,`body_regex`:5"),
	"2:47: services[0].policy.http.checks[0].body_regex: expected a "
	"string, got the integer 5\n"},
    {CHECK("`type`:`http`,`body_regex`:`a)b`"),
	"2:47: services[0].policy.http.checks[0].body_regex: `a)b` is not a "
	"regular expression: unmatched closing parenthesis\n"},
    {CHECK("`type`:`http`,`body_regex`:`a`,`body`:`b`"),
	"2:34: services[0].policy.http.checks[0].body_regex: can't be given "
	"together with `body`\n"},
    {CHECK("`type`:`http`,`body_within`:0"),
	"2:48: services[0].policy.http.checks[0].body_within: 0 is not in the "
	"range 1 to 1048576\n"},
    {CHECK("`type`:`http`,`body_within`:1048577"),
	"2:48: services[0].policy.http.checks[0].body_within: 1048577 is not "
	"in the range 1 to 1048576\n"},
    {CHECK("`type`:`http`,`body`:`x`,`method`:`HEAD`"),
	"2:41: services[0].policy.http.checks[0].body: a response to HEAD has "
	"no body\n"},
    {TOP("`method`:`HEAD`,`body_regex`:`x`,`ca`:`/x`,`fast_interval`:9"),
	"1:51: body_regex: a response to HEAD has no body\n"
	"1:60: ca: has no effect without `verify`: true\n"
	"1:81: fast_interval: 9 seconds are longer than the default interval, "
	"2\n"},
    {CHECK("`type`:`http`,`fast_interval`:3"),
	"2:50: services[0].policy.http.checks[0].fast_interval: 3 seconds are "
	"longer than the default interval, 2\n"},
    {CHECK("`type`:`http`,`interval`:1,`fast_interval`:2,`timeout`:3"),
	"2:63: services[0].policy.http.checks[0].fast_interval: 2 seconds are "
	"longer than the interval, 1, of "
	"services[0].policy.http.checks[0].interval, line 2\n"
	"2:75: services[0].policy.http.checks[0].timeout: 3 seconds are longer "
	"than the interval, 1, of services[0].policy.http.checks[0].interval, "
	"line 2\n"},
    {CHECK("`type`:`http`,`fast_interval`:0.05"),
	"2:50: services[0].policy.http.checks[0].fast_interval: 0.05 is not in "
	"the range 0.1 to 3600 seconds\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_check_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
