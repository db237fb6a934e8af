/* SPDX-License-Identifier: ISC */

/*
 * What is said about each mistake in a configuration, but for those about its
 * services: the exact lines.
 */

#include "t/unit/conf_cases.h"

/* The mistake is on a line of its own. */
#define TOP(x) "{`interfaces`:`eth0`,`services`:[],\n" x "}"

static const struct conf_case cases[] = {
    {"{}",
	"1:1: interfaces: is required, and missing\n"
	"1:1: services: is required, and missing\n"},
    {"[]", "1:1: top level: expected an object, got an array\n"},
    {"{`interfaces`:`eth0`,`services`:[]} {}",
	"1:37: syntax error: end of file expected near '{'\n"},
    {"{`interfaces`:`eth0`,`services`:[]",
	"1:34: syntax error: '}' expected near end of file\n"},
    {"{`interfaces`:`eth0`,`services`:[],}",
	"1:36: syntax error: string or '}' expected near '}'\n"},
    {"{`interfaces`:`eth0`,`services`:[],`a\\x01`:1}",
	"1:39: syntax error: invalid escape near '`a\\x'\n"},
    {"{`interfaces`:`eth0`,`services`:[],`nope`:1}",
	"1:36: nope: unknown key\n"},
    {"{`interfaces`:`eth0`,`services`:[],`weird key/\\u0007`:1}",
	"1:36: [`weird key/\\x07`]: unknown key\n"},
    {"{`interfaces`:`eth0`,`serivces`:[]}",
	"1:1: services: is required, and missing\n"
	"1:22: serivces: unknown key, did you mean `services`?\n"},
    {"{`interfaces`:`eth0`,`services`:[],`Xdp`:`auto`}",
	"1:36: Xdp: unknown key, did you mean `xdp`?\n"},
    {"{`interfaces`:`eth0`,`services`:{}}",
	"1:33: services: expected an array, got an object\n"},
    {"{`interfaces`:`eth0`,`services`:null}",
	"1:33: services: expected an array, got null\n"},
    {"{`interfaces`:`eth0`,`interfaces`:`eth1`,`services`:[],`services`:[]}",
	"1:22: interfaces: is given twice, first on line 1\n"
	"1:56: services: is given twice, first on line 1\n"},
    {TOP("`rise`:2,`rise`:3,`\\u0072ise`:4"),
	"2:10: rise: is given twice, first on line 2\n"
	"2:19: rise: is given twice, first on line 2\n"},
    {"{`interfaces`:[],`services`:[]}",
	"1:15: interfaces: must have 1 to 256 names\n"},
    {"{`interfaces`:7,`services`:[]}",
	"1:15: interfaces: expected a name or an array of them, got the "
	"integer 7\n"},
    {"{`interfaces`:[`eth0`,true,`eth0`,`e/x`,``,` "
     "x`,`.`,`averylonginterface`],`services`:[]}",
	"1:23: interfaces[1]: expected a string, got true\n"
	"1:28: interfaces[2]: `eth0` is already in the list\n"
	"1:35: interfaces[3]: `e/x` is not a device name of 1 to 15 "
	"characters\n"
	"1:41: interfaces[4]: `` is not a device name of 1 to 15 characters\n"
	"1:44: interfaces[5]: ` x` is not a device name of 1 to 15 characters\n"
	"1:49: interfaces[6]: `.` is not a device name of 1 to 15 characters\n"
	"1:53: interfaces[7]: `averylonginterface` is not a device name of 1 "
	"to 15 characters\n"},
    {"{`interfaces`:[`eth0`,`vc5d0`,`vc5d0p`],`services`:[]}",
	"1:15: interfaces: `vc5d0` is the device of the probes (probe.device)\n"
	"1:15: interfaces: `vc5d0p` is the device of the probes "
	"(probe.device)\n"},
    {TOP("`hxxt`:1"), "2:1: hxxt: unknown key\n"},
    {TOP("`xdp`:`fast`"),
	"2:7: xdp: `fast` is not one of: auto, native, generic\n"},
    {TOP("`xdp`:`nativ`"),
	"2:7: xdp: `nativ` is not one of: auto, native, generic\n"},
    {TOP("`xdp`:1"), "2:7: xdp: expected a string, got the integer 1\n"},
    {TOP("`control`:`vc5d.sock`"),
	"2:11: control: `vc5d.sock` is not an absolute path\n"},
    {TOP("`control`:`/a\\u0001`"),
	"2:11: control: `/a\\x01` is not an absolute path\n"},
    {TOP("`control`:5"),
	"2:11: control: expected a string, got the integer 5\n"},
    {TOP("`control_readonly`:`look`"),
	"2:20: control_readonly: `look` is not an absolute path\n"},
    {TOP("`control_readonly`:false"),
	"2:20: control_readonly: expected a path or an object, got false\n"},
    {TOP("`control_readonly`:{}"),
	"2:20: control_readonly.path: is required, and missing\n"},
    {TOP("`control`:`/a`,`control_readonly`:`/a`"),
	"2:35: control_readonly: is the path of \"control\", too\n"},
    {TOP("`control_readonly`:{`path`:`/a`,`group`:`a b`}"),
	"2:41: control_readonly.group: `a b` is not the name of a group\n"},
    {TOP("`control_readonly`:{`path`:`/a`,`mode`:`0770`}"),
	"2:40: control_readonly.mode: `0770` is not an octal mode of reading "
	"and writing such as \"0660\"\n"},
    {TOP("`control_readonly`:{`path`:`/a`,`mode`:`000`}"),
	"2:40: control_readonly.mode: `000` is not an octal mode of reading "
	"and writing such as \"0660\"\n"},
    {TOP("`control_readonly`:{`path`:`/a`,`mode`:`00660`}"),
	"2:40: control_readonly.mode: `00660` is not an octal mode of reading "
	"and writing such as \"0660\"\n"},
    {TOP("`control_readonly`:{`path`:`/a`,`mode`:432}"),
	"2:40: control_readonly.mode: expected a string, got the integer "
	"432\n"},
    {TOP("`pin_directory`:``"),
	"2:17: pin_directory: `` is not an absolute path\n"},
    {TOP("`state`:`overrides`"),
	"2:9: state: `overrides` is not an absolute path\n"},
    {TOP("`isolation`:`stay`"),
	"2:13: isolation: `stay` is not one of: withdraw, hold\n"},
    {TOP("`isolation`:true"), "2:13: isolation: expected a string, got true\n"},
    {TOP("`max_out`:101"), "2:11: max_out: 101 is not in the range 0 to 100\n"},
    {TOP("`max_out`:`50%`"),
	"2:11: max_out: expected an integer, got the string `50%`\n"},
    {TOP("`stop_delay`:-1"),
	"2:14: stop_delay: -1 is not in the range 0 to 3600 seconds\n"},
    {TOP("`dead_man`:-1"),
	"2:12: dead_man: -1 is not in the range 0 to 3600 seconds\n"},
    {TOP("`dead_man`:0.9"),
	"2:12: dead_man: must be at least 1 second, or 0 to turn it off\n"},
    {TOP("`stop_delay`:3601"),
	"2:14: stop_delay: 3601 is not in the range 0 to 3600 seconds\n"},
    {TOP("`stop_delay`:`5`"),
	"2:14: stop_delay: `5` is not a time such as 60 or `60s`\n"},
    {TOP("`probe`:{`device`:`averylongname15`,`mark`:1,`table`:254,`x`:1}"),
	"2:19: probe.device: `averylongname15` is not a device name of 1 to 14 "
	"characters\n"
	"2:44: probe.mark: 1 (0x1) is not in the range 0x10000 to 0xffff0000 "
	"with its low 16 bits zero\n"
	"2:54: probe.table: tables 253 to 255 are the system's own\n"
	"2:58: probe.x: unknown key\n"},
    {TOP("`probe`:{`mark`:`56430000`,`table`:0}"),
	"2:17: probe.mark: `56430000` is not a hexadecimal number such as "
	"`0x56430000`\n"
	"2:36: probe.table: 0 is not in the range 1 to 32765\n"},
    {TOP("`probe`:{`mark`:`0x56430001`}"),
	"2:17: probe.mark: 1447231489 (0x56430001) is not in the range 0x10000 "
	"to 0xffff0000 with its low 16 bits zero\n"},
    {TOP("`probe`:{`mark`:`0x100000000`}"),
	"2:17: probe.mark: `0x100000000` is not a hexadecimal number such as "
	"`0x56430000`\n"},
    {TOP("`probe`:{`mark`:1.5}"),
	"2:17: probe.mark: expected an integer or a hexadecimal string, got "
	"the number 1.5\n"},
    {TOP("`probe`:[]"), "2:9: probe: expected an object, got an array\n"},
    {TOP("`limits`:{`flows`:1000,`services`:0,`destinations`:65536}"),
	"2:19: limits.flows: 1000 is not in the range 1024 to 268435456\n"
	"2:35: limits.services: 0 is not in the range 1 to 65535\n"
	"2:52: limits.destinations: 65536 is not in the range 1 to 65535\n"},
    {TOP("`limits`:{`history`:0}"),
	"2:21: limits.history: 0 is not in the range 1 to 10000\n"},
    {TOP("`limits`:{`flows`:5000}"),
	"2:19: limits.flows: 5000 is not a power of two\n"},
    {TOP("`limits`:{`flows`:536870912}"),
	"2:19: limits.flows: 536870912 is not in the range 1024 to "
	"268435456\n"},
    {TOP("`limits`:{`flow`:1024}"),
	"2:11: limits.flow: unknown key, did you mean `flows`?\n"},
    {TOP("`block`:`/etc/blocked`,`prefixes`:256"),
	"2:9: block: expected an object, got the string `/etc/blocked`\n"
	"2:35: prefixes: expected an object, got the integer 256\n"},
    {TOP("`block`:{`file`:`blocked`},`prefixes`:{`sampling`:65537}"),
	"2:17: block.file: `blocked` is not an absolute path\n"
	"2:51: prefixes.sampling: 65537 is not in the range 0 to 65536\n"},
    {TOP("`block`:{`files`:1},`prefixes`:{`sampling`:-1,`length`:20}"),
	"2:10: block.files: unknown key, did you mean `file`?\n"
	"2:44: prefixes.sampling: -1 is not in the range 0 to 65536\n"
	"2:47: prefixes.length: unknown key\n"},
    {TOP("`bgp`:true"), "2:7: bgp: expected an object, got true\n"},
    {TOP("`bgp`:{`enabled`:`yes`,`socket`:`x`,`bgpctl`:1,`communites`:[]}"),
	"2:18: bgp.enabled: expected true or false, got the string `yes`\n"
	"2:33: bgp.socket: `x` is not an absolute path\n"
	"2:46: bgp.bgpctl: expected a string, got the integer 1\n"
	"2:48: bgp.communites: unknown key, did you mean `communities`?\n"},
    {TOP("`bgp`:{`med`:-1,`local_pref`:4294967296,`prepend`:129}"),
	"2:14: bgp.med: -1 is not in the range 0 to 4294967295\n"
	"2:30: bgp.local_pref: 4294967296 is not in the range 0 to 4294967295\n"
	"2:51: bgp.prepend: 129 is not in the range 0 to 128\n"},
    {TOP("`bgp`:{`communities`:`65000:1`}"),
	"2:22: bgp.communities: expected an array, got the string `65000:1`\n"},
    {TOP("`bgp`:{`communities`:[`65000`,`65000:65536`,`65536:1`,`1:2:3:4`,`1:2:"
	 "4294967296`,`no-export`,`NO-PEERS`,``,`:`,1]}"),
	"2:23: bgp.communities[0]: `65000` is not a community: AS:NUMBER (each "
	"to 65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:31: bgp.communities[1]: `65000:65536` is not a community: AS:NUMBER "
	"(each to 65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:45: bgp.communities[2]: `65536:1` is not a community: AS:NUMBER "
	"(each to 65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:55: bgp.communities[3]: `1:2:3:4` is not a community: AS:NUMBER "
	"(each to 65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:65: bgp.communities[4]: `1:2:4294967296` is not a community: "
	"AS:NUMBER (each to 65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:82: bgp.communities[5]: `no-export` is not a community, did you "
	"mean `NO_EXPORT`?\n"
	"2:94: bgp.communities[6]: `NO-PEERS` is not a community, did you mean "
	"`NO_PEER`?\n"
	"2:105: bgp.communities[7]: `` is not a community: AS:NUMBER (each to "
	"65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:108: bgp.communities[8]: `:` is not a community: AS:NUMBER (each to "
	"65535), AS:NUMBER:NUMBER or a well-known name\n"
	"2:112: bgp.communities[9]: expected a string, got the integer 1\n"},
    {TOP("`bgp`:{`communities`:[`65000:1`,`NO_EXPORT`,`065000:01`,`no_export`]"
	 "}"),
	"2:45: bgp.communities[2]: 65000:1 is already in the list\n"
	"2:57: bgp.communities[3]: NO_EXPORT is already in the list\n"},
    {TOP("`host`:``"), "2:8: host: must not be empty\n"},
    {TOP("`host`:`a b`"),
	"2:8: host: `a b` contains a character that is not printable ASCII, or "
	"a space\n"},
    {TOP("`host`:`a\\r\\nX: y`"),
	"2:8: host: `a\\r\\nX: y` contains a character that is not printable "
	"ASCII, or a space\n"},
    {TOP("`host`:`a/b`"), "2:8: host: `a/b` is not a host name\n"},
    {TOP("`host`:1"), "2:8: host: expected a string, got the integer 1\n"},
    {TOP("`path`:`x`"), "2:8: path: `x` does not begin with `/`\n"},
    {TOP("`path`:`/a b`"),
	"2:8: path: `/a b` contains a character that is not printable ASCII, "
	"or a space\n"},
    {TOP("`path`:`/\\u00e9`"),
	"2:8: path: `/\\xc3\\xa9` contains a character that is not printable "
	"ASCII, or a space\n"},
    {TOP("`method`:`G(T`"), "2:10: method: `G(T` is not an HTTP method\n"},
    {TOP("`method`:``"), "2:10: method: must not be empty\n"},
    {TOP("`expect`:99"), "2:10: expect: 99 is not in the range 100 to 599\n"},
    {TOP("`expect`:600"), "2:10: expect: 600 is not in the range 100 to 599\n"},
    {TOP("`expect`:`2xx`"),
	"2:10: expect: `2xx` is not a range of status codes such as "
	"`200-299`\n"},
    {TOP("`expect`:`300-200`"),
	"2:10: expect: `300-200` is not a range of status codes such as "
	"`200-299`\n"},
    {TOP("`expect`:`100-600`"),
	"2:10: expect: `100-600` is not a range of status codes such as "
	"`200-299`\n"},
    {TOP("`expect`:[]"), "2:10: expect: must have at least one status code\n"},
    {TOP("`expect`:[200,`300-399`,1.5,`x`,null]"),
	"2:25: expect[2]: expected a status code or range, got the number 1.5\n"
	"2:29: expect[3]: `x` is not a range of status codes such as "
	"`200-299`\n"
	"2:33: expect[4]: expected a status code or range, got null\n"},
    {TOP("`expect`:{}"),
	"2:10: expect: expected a status code or range, got an object\n"},
    {TOP("`interval`:0.05"),
	"2:12: interval: 0.05 is not in the range 0.1 to 3600 seconds\n"},
    {TOP("`interval`:3601"),
	"2:12: interval: 3601 is not in the range 0.1 to 3600 seconds\n"},
    {TOP("`interval`:1e300"),
	"2:12: interval: 1e+300 is not in the range 0.1 to 3600 seconds\n"},
    {TOP("`interval`:`2`"),
	"2:12: interval: `2` is not a time such as 60 or `60s`\n"},
    {TOP("`timeout`:0"),
	"2:11: timeout: 0 is not in the range 0.1 to 3600 seconds\n"},
    {TOP("`timeout`:true"),
	"2:11: timeout: expected a number of seconds, got true\n"},
    {TOP("`rise`:0"), "2:8: rise: 0 is not in the range 1 to 100\n"},
    {TOP("`fall`:101"), "2:8: fall: 101 is not in the range 1 to 100\n"},
    {TOP("`rise`:1.5"), "2:8: rise: expected an integer, got the number 1.5\n"},
    {TOP("`need`:-1"), "2:8: need: -1 is not in the range 0 to 65535\n"},
    {TOP("`need`:65536"), "2:8: need: 65536 is not in the range 0 to 65535\n"},
    {TOP("`scheduler`:`mglev`"),
	"2:13: scheduler: `mglev` is not one of: maglev, rendezvous\n"},
    {TOP("`scheduler`:`rr`"),
	"2:13: scheduler: `rr` is not one of: maglev, rendezvous\n"},
    {TOP("`scheduler`:null"), "2:13: scheduler: expected a string, got null\n"},
    {TOP("`sticky`:1"),
	"2:10: sticky: expected true or false, got the integer 1\n"},
    {TOP("`servers`:[]"), "2:11: servers: expected an object, got an array\n"},
    {TOP("`servers`:{`a b`:[`10.0.0.1`],`b`:[],`c`:`10.0.0.1`,`d`:[1]}"),
	"2:12: servers[`a b`]: a name is 1 to 63 of the characters A-Z a-z 0-9 "
	"_ . -\n"
	"2:35: servers.b: must have at least one server\n"
	"2:42: servers.c: expected an array, got the string `10.0.0.1`\n"
	"2:58: servers.d[0]: expected an address or an object, got the integer "
	"1\n"},
    {TOP("`servers`:{`web`:[`10.0.0.1`,`10.0.0.2`,`10.0.0.1*`]}"),
	"2:41: servers.web[2]: 10.0.0.1 is already in the list, at "
	"servers.web[0], line 2\n"},
    {TOP("`servers`:{`web`:[`10.0.0.256`,`10.0.0`,``,`*`,`10.0.0.1**`,`127.0."
	 "0.1`,`web`,`10.0.0.0/24`,`fe80::1`,`::ffff:10.0.0.1`,`2001:db8::1%1`"
	 "]}"),
	"2:19: servers.web[0]: `10.0.0.256` is not an IP address\n"
	"2:32: servers.web[1]: `10.0.0` is not an IP address\n"
	"2:41: servers.web[2]: `` is not an IP address\n"
	"2:44: servers.web[3]: `` is not an IP address\n"
	"2:48: servers.web[4]: `10.0.0.1*` is not an IP address\n"
	"2:61: servers.web[5]: 127.0.0.1 is not a unicast address that other "
	"hosts can reach\n"
	"2:73: servers.web[6]: `web` is not an IP address\n"
	"2:79: servers.web[7]: `10.0.0.0/24` is not an IP address\n"
	"2:93: servers.web[8]: fe80::1 is not a unicast address that other "
	"hosts can reach\n"
	"2:103: servers.web[9]: ::ffff:10.0.0.1 is not a unicast address that "
	"other hosts can reach\n"
	"2:121: servers.web[10]: `2001:db8::1%1` is not an IP address\n"},
    {TOP("`servers`:{`web`:[`2001:db8::a`,`2001:DB8:0::A`]}"),
	"2:33: servers.web[1]: 2001:db8::a is already in the list, at "
	"servers.web[0], line 2\n"},
    {TOP("`servers`:{`web`:[{`address`:`10.0.0.1`,`weight`:-1},{`weight`:2},{`"
	 "address`:1},{`address`:`10.0.0.2`,`drain`:true},{`address`:`10.0.0.3`"
	 ",`draining`:1},{`address`:`10.0.0.4`,`weight`:1001}]}"),
	"2:50: servers.web[0].weight: -1 is not in the range 0 to 1000\n"
	"2:54: servers.web[1].address: is required, and missing\n"
	"2:78: servers.web[2].address: expected a string, got the integer 1\n"
	"2:103: servers.web[3].drain: unknown key\n"
	"2:150: servers.web[4].draining: expected true or false, got the "
	"integer 1\n"
	"2:184: servers.web[5].weight: 1001 is not in the range 0 to 1000\n"},
    {"{`interfaces`:`eth0`,  `services` : [ ] , `x`  :  "
     "[{`a`:[1,`\\\\`,`]`]},{}], `stop_delay`\t:\n\n  -1 , `y`:2}",
	"1:43: x: unknown key\n"
	"3:3: stop_delay: -1 is not in the range 0 to 3600 seconds\n"
	"3:8: y: unknown key\n"},
    {"{`interfaces`:`eth0`,`services`:[],`\\u0078dp`:`fast`}",
	"1:47: xdp: `fast` is not one of: auto, native, generic\n"},
    {"{`interfaces`:`eth0`,`services`:[],`a\\u0022b\\\\c`:{`need`:`x`}}",
	"1:36: [`a\\`b\\\\c`]: unknown key\n"},
    {"{`interfaces`:`eth0`,`services`:[],`control`:`relative-"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaa`}",
	"1:46: control: "
	"`relative-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...` is "
	"not an absolute path\n"},
    {"{`interfaces`:`eth0`,`services`:[],`"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`:1}",
	"1:36: "
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: "
	"unknown key\n"},
    {"{`interfaces`:`eth0`,`services`:[],`sticky`:tru}",
	"1:47: syntax error: invalid token near 'tru'\n"},
    {"{`interfaces`:`eth0`,`services`:[],`need`:99999999999999999999}",
	"1:62: syntax error: too big integer near '99999999999999999999'\n"},
    {"{`interfaces`:`eth0`,`services`:[],`interval`:1e999}",
	"1:51: syntax error: real number overflow near '1e999'\n"},
    {"{`interfaces`:`eth0`,`services`:[],`need`:01}",
	"1:43: syntax error: invalid token near '0'\n"},
    {"not json", "1:3: syntax error: '[' or '{' expected near 'not'\n"},
    {"`eth0`", "1:6: syntax error: '[' or '{' expected near '`eth0`'\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
