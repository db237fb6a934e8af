/* SPDX-License-Identifier: ISC */

/*
 * What is said about mistakes in VLANs and deliveries: the exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which begins on line 2. */
#define TOP(x)	    "{`interfaces`:`eth0`,`services`:[],\n" x "}"
#define VLANS(x)    TOP("`vlans`:{" x "}")
#define DELIVERY(x) TOP("`delivery`:" x)
#define SERVICES(top, x) \
	"{`interfaces`:`eth0`," top "\n`services`:[{`name`:`a`," x "}]}"
/* Two services; each has a line. */
#define TWO(a, b)                                                    \
	"{`interfaces`:`eth0`,`services`:[\n{`name`:`a`," a "},\n{`" \
	"name`:`b`," b "}]}"
#define DSCP(point) "`delivery`:{`type`:`dscp`,`code_point`:" point "}"

static const struct conf_case cases[] = {
    {TOP("`unserved`:`reject`"),
	"2:12: unserved: `reject` is not one of: drop, pass\n"},
    {TOP("`unserved`:true"), "2:12: unserved: expected a string, got true\n"},
    {TOP("`icmp_limit`:-1"),
	"2:14: icmp_limit: -1 is not in the range 0 to 65535\n"},
    {TOP("`icmp_limit`:65536"),
	"2:14: icmp_limit: 65536 is not in the range 0 to 65535\n"},
    {TOP("`icmp_limit`:`1000`"),
	"2:14: icmp_limit: expected an integer, got the string `1000`\n"},
    {TOP("`icmplimit`:1"),
	"2:1: icmplimit: unknown key, did you mean `icmp_limit`?\n"},

    /* vlans */
    {TOP("`vlans`:[]"), "2:9: vlans: expected an object, got an array\n"},
    {VLANS(""), "2:9: vlans: must have at least one VLAN\n"},
    {VLANS("`0`:`10.0.0.0/8`,`4095`:`11.0.0.0/8`,`010`:`12.0.0.0/8`,\n"
	   "`+1`:`13.0.0.0/8`,` 1`:`14.0.0.0/8`,`1 `:`15.0.0.0/8`,\n"
	   "``:`16.0.0.0/8`,`lan`:`17.0.0.0/8`,`99999999999999999999`:[],\n"
	   "`1.5`:`18.0.0.0/8`"),
	"2:10: vlans[`0`]: `0` is not a VLAN ID in the range 1 to 4094\n"
	"2:27: vlans[`4095`]: `4095` is not a VLAN ID in the range 1 to "
	"4094\n"
	"2:47: vlans[`010`]: `010` is not a VLAN ID in the range 1 to 4094\n"
	"3:1: vlans[`+1`]: `+1` is not a VLAN ID in the range 1 to 4094\n"
	"3:19: vlans[` 1`]: ` 1` is not a VLAN ID in the range 1 to 4094\n"
	"3:37: vlans[`1 `]: `1 ` is not a VLAN ID in the range 1 to 4094\n"
	"4:1: vlans[``]: `` is not a VLAN ID in the range 1 to 4094\n"
	"4:17: vlans.lan: `lan` is not a VLAN ID in the range 1 to 4094\n"
	"4:36: vlans[`99999999999999999999`]: `99999999999999999999` is not "
	"a VLAN ID in the range 1 to 4094\n"
	"4:59: vlans[`99999999999999999999`]: must have at least one prefix\n"
	"5:1: vlans[`1.5`]: `1.5` is not a VLAN ID in the range 1 to 4094\n"},
    {VLANS("`1`:7,`2`:null,`3`:{},`4`:[[]],`5`:[`10.0.0.0/8`,5]"),
	"2:14: vlans[`1`]: expected a prefix or an array of them, got the "
	"integer 7\n"
	"2:20: vlans[`2`]: expected a prefix or an array of them, got null\n"
	"2:29: vlans[`3`]: expected a prefix or an array of them, got an "
	"object\n"
	"2:37: vlans[`4`][0]: expected a string, got an array\n"
	"2:59: vlans[`5`][1]: expected a string, got the integer 5\n"},
    {VLANS("`1`:[`10.0.0.0`,`10.0.0.0/33`,``,`10.0.0/8`,`x/8`],\n"
	   "`2`:[`fd00::/129`,`10.0.0.0/08`,`10.0.0.0/255.0.0.0`]"),
	"2:15: vlans[`1`][0]: `10.0.0.0` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"2:26: vlans[`1`][1]: `10.0.0.0/33` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"2:40: vlans[`1`][2]: `` is not a prefix such as `10.1.10.0/24`\n"
	"2:43: vlans[`1`][3]: `10.0.0/8` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"2:54: vlans[`1`][4]: `x/8` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"3:6: vlans[`2`][0]: `fd00::/129` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"3:19: vlans[`2`][1]: `10.0.0.0/08` is not a prefix such as "
	"`10.1.10.0/24`\n"
	"3:33: vlans[`2`][2]: `10.0.0.0/255.0.0.0` is not a prefix such as "
	"`10.1.10.0/24`\n"},
    {VLANS("`1`:`10.1.10.5/24`,`2`:[`FD00::1/64`,`0.0.0.1/0`]"),
	"2:14: vlans[`1`]: 10.1.10.5/24 has bits set behind its length, did "
	"you mean `10.1.10.0/24`?\n"
	"2:34: vlans[`2`][0]: FD00::1/64 has bits set behind its length, did "
	"you mean `fd00::/64`?\n"
	"2:47: vlans[`2`][1]: 0.0.0.1/0 has bits set behind its length, did "
	"you mean `0.0.0.0/0`?\n"},
    {VLANS("`20`:[`10.1.0.0/16`,`10.1.0.0/24`],\n"
	   "`10`:[`10.1.0.0/16`,`fd00::/64`],\n"
	   "`30`:[`fd00:0::/64`,`10.1.0.0/16`]"),
	"3:7: vlans[`10`][0]: 10.1.0.0/16 is already in VLAN 20, at "
	"vlans[`20`][0], line 2\n"
	"4:7: vlans[`30`][0]: fd00::/64 is already in VLAN 10, at "
	"vlans[`10`][1], line 3\n"
	"4:21: vlans[`30`][1]: 10.1.0.0/16 is already in VLAN 20, at "
	"vlans[`20`][0], line 2\n"},
    {VLANS("`10`:[`10.1.0.0/16`,`10.1.0.0/16`]"),
	"2:30: vlans[`10`][1]: 10.1.0.0/16 is already in VLAN 10, at "
	"vlans[`10`][0], line 2\n"},
    {VLANS("`10`:`10.1.0.0/16`,`10`:`10.2.0.0/16`"),
	"2:29: vlans[`10`]: is given twice, first on line 2\n"},
    /* nothing is said about servers that may be in what is wrong */
    {SERVICES("`vlans`:{`10`:`10.1.10.0`},",
	 "`virtual`:`192.0.2.1`,`servers`:[`10.1.10.1`],`policy`:{`http`:"
	 "null}"),
	"1:36: vlans[`10`]: `10.1.10.0` is not a prefix such as "
	"`10.1.10.0/24`\n"},

    /* ... nor about what a delivery that is wrong would have been */
    {SERVICES("`vlans`:{`10`:`10.1.10.0/24`},",
	 "`virtual`:`192.0.2.1`,`servers`:[`10.2.0.1`],`policy`:{`http`:"
	 "null},\n`delivery`:`ipp`"),
	"3:12: services[0].delivery: `ipp` is not one of: layer2, ipip, gre, "
	"fou, gue, dscp\n"},

    /* servers outside of them */
    {SERVICES("`vlans`:{`10`:[`10.1.10.0/24`,`fd00::/64`],\n`20`:"
	      "[`10.1.10.128/25`,`10.1.12.0/24`]},",
	 "`virtual`:`192.0.2.1`,`policy`:{`http`:null},`servers`:[\n"
	 "`10.1.9.255`,`10.1.11.0`,\n`10.1.13.0`,`fd00:0:0:1::`]"),
	"4:1: services[0].servers[0]: 10.1.9.255 is in no subnet of vlans, "
	"but its delivery is layer2, the default\n"
	"4:14: services[0].servers[1]: 10.1.11.0 is in no subnet of vlans, "
	"but its delivery is layer2, the default\n"
	"5:1: services[0].servers[2]: 10.1.13.0 is in no subnet of vlans, "
	"but its delivery is layer2, the default\n"
	"5:13: services[0].servers[3]: fd00:0:0:1:: is in no subnet of vlans, "
	"but its delivery is layer2, the default\n"},
    {SERVICES("`vlans`:{`10`:`10.1.10.0/24`},",
	 "`virtual`:[`192.0.2.1`,`192.0.2.2`],\n`servers`:[`10.1.10.1`,\n"
	 "`10.1.11.1`,`fd00::1*`],`policy`:{`http`:null,`domain`:null}"),
	"4:1: services[0].servers[1]: 10.1.11.1 is in no subnet of vlans, but "
	"its delivery is layer2, the default\n"
	"4:13: services[0].servers[2]: fd00::1 is in no subnet of vlans, but "
	"its delivery is layer2, the default\n"},
    {SERVICES("`vlans`:{`10`:`10.1.10.0/24`},\n`servers`:{`web`:[\n"
	      "`10.2.0.1`,{`address`:`10.2.0.2`,`delivery`:`gue`}]},",
	 "`virtual`:`192.0.2.1`,`servers`:`web`,`policy`:{\n"
	 "`http`:{`delivery`:`ipip`},\n`https`:null,\n"
	 "`ssh`:{`delivery`:`layer2`}}"),
	"3:1: servers.web[0]: 10.2.0.1 is in no subnet of vlans, but its "
	"delivery is layer2, the default\n"
	"3:1: servers.web[0]: 10.2.0.1 is in no subnet of vlans, but its "
	"delivery is layer2, of services[0].policy.ssh.delivery, line 7\n"},
    {SERVICES("`vlans`:{`10`:`10.1.10.0/24`},`delivery`:`ipip`,",
	 "`virtual`:`192.0.2.1`,`policy`:{`http`:null},`servers`:[\n"
	 "{`address`:`10.2.0.2`,\n`delivery`:{`type`:`layer2`}}]"),
	"3:1: services[0].servers[0]: 10.2.0.2 is in no subnet of vlans, but "
	"its delivery is layer2, of services[0].servers[0].delivery, line "
	"4\n"},

    /* delivery */
    {DELIVERY("`ip`"),
	"2:12: delivery: `ip` is not one of: layer2, ipip, gre, fou, gue, "
	"dscp\n"},
    {DELIVERY("``"),
	"2:12: delivery: `` is not one of: layer2, ipip, gre, fou, gue, "
	"dscp\n"},
    {DELIVERY("`IPIP`"),
	"2:12: delivery: `IPIP` is not one of: layer2, ipip, gre, fou, gue, "
	"dscp\n"},
    {DELIVERY("null"),
	"2:12: delivery: expected a type or an object, got null\n"},
    {DELIVERY("[`ipip`]"),
	"2:12: delivery: expected a type or an object, got an array\n"},
    {DELIVERY("4"),
	"2:12: delivery: expected a type or an object, got the integer 4\n"},
    {DELIVERY("`dscp`"),
	"2:12: delivery: dscp needs a code point: {`type`: `dscp`, "
	"`code_point`: 10}\n"},
    {DELIVERY("{}"), "2:12: delivery.type: is required, and missing\n"},
    {DELIVERY("{`type`:`dscp`}"),
	"2:12: delivery.code_point: is required, and missing\n"},
    {DELIVERY("{`type`:1}"),
	"2:20: delivery.type: expected a string, got the integer 1\n"},
    {DELIVERY("{`type`:`vxlan`,`port`:0,`vni`:1}"),
	"2:20: delivery.type: `vxlan` is not one of: layer2, ipip, gre, fou, "
	"gue, dscp\n"
	"2:35: delivery.port: 0 is not in the range 1 to 65535\n"
	"2:37: delivery.vni: unknown key\n"},
    {DELIVERY("{`type`:`layer2`,`port`:1,`checksum`:true,\n"
	      "`source`:`x`,`code_point`:99}"),
	"2:29: delivery.port: does not apply to delivery of type layer2\n"
	"2:38: delivery.checksum: does not apply to delivery of type "
	"layer2\n"
	"3:1: delivery.source: does not apply to delivery of type layer2\n"
	"3:14: delivery.code_point: does not apply to delivery of type "
	"layer2\n"},
    {DELIVERY("{`type`:`ipip`,`port`:1,`checksum`:true,`code_point`:1}"),
	"2:27: delivery.port: does not apply to delivery of type ipip\n"
	"2:36: delivery.checksum: does not apply to delivery of type ipip\n"
	"2:52: delivery.code_point: does not apply to delivery of type "
	"ipip\n"},
    {DELIVERY("{`type`:`gre`,`port`:1,`checksum`:true,`code_point`:1}"),
	"2:26: delivery.port: does not apply to delivery of type gre\n"
	"2:35: delivery.checksum: does not apply to delivery of type gre\n"
	"2:51: delivery.code_point: does not apply to delivery of type gre\n"},
    {DELIVERY("{`type`:`fou`,`source`:`10.9.0.0/24`,`code_point`:1}"),
	"2:26: delivery.source: does not apply to delivery of type fou\n"
	"2:49: delivery.code_point: does not apply to delivery of type fou\n"},
    {DELIVERY("{`type`:`gue`,`source`:`10.9.0.0/24`,`code_point`:1}"),
	"2:26: delivery.source: does not apply to delivery of type gue\n"
	"2:49: delivery.code_point: does not apply to delivery of type gue\n"},
    {DELIVERY("{`type`:`dscp`,`source`:`10.9.0.0/24`,`port`:1,"
	      "`checksum`:false,`code_point`:1}"),
	"2:27: delivery.source: does not apply to delivery of type dscp\n"
	"2:50: delivery.port: does not apply to delivery of type dscp\n"
	"2:59: delivery.checksum: does not apply to delivery of type dscp\n"},
    {DELIVERY("{`type`:`gue`,`port`:65536,`checksum`:0}"),
	"2:33: delivery.port: 65536 is not in the range 1 to 65535\n"
	"2:50: delivery.checksum: expected true or false, got the integer "
	"0\n"},
    {DELIVERY("{`type`:`fou`,`port`:`5555`,`prot`:1}"),
	"2:33: delivery.port: expected an integer, got the string `5555`\n"
	"2:40: delivery.prot: unknown key, did you mean `port`?\n"},
    {DELIVERY("{`type`:`dscp`,`code_point`:0}"),
	"2:40: delivery.code_point: 0 is not in the range 1 to 63\n"},
    {DELIVERY("{`type`:`dscp`,`code_point`:64}"),
	"2:40: delivery.code_point: 64 is not in the range 1 to 63\n"},
    {DELIVERY("{`type`:`dscp`,`codepoint`:10}"),
	"2:12: delivery.code_point: is required, and missing\n"
	"2:27: delivery.codepoint: unknown key, did you mean `code_point`?\n"},
    {DELIVERY("{`type`:`ipip`,`source`:`10.9.0.1`}"),
	"2:36: delivery.source: `10.9.0.1` is not a prefix such as "
	"`10.1.10.0/24`\n"},
    {DELIVERY("{`type`:`ipip`,`source`:`10.9.0.1/24`}"),
	"2:36: delivery.source: 10.9.0.1/24 has bits set behind its length, "
	"did you mean `10.9.0.0/24`?\n"},
    {DELIVERY("{`type`:`ipip`,`source`:[`10.9.0.0/24`]}"),
	"2:36: delivery.source: expected a string, got an array\n"},
    {DELIVERY("{`type`:`ipip`,`source`:`0.0.0.0/0`}"),
	"2:36: delivery.source: 0.0.0.0/0 is not a block of unicast "
	"addresses\n"},
    {DELIVERY("{`type`:`ipip`,`source`:`192.0.0.0/2`}"),
	"2:36: delivery.source: 192.0.0.0/2 is not a block of unicast "
	"addresses\n"},
    {DELIVERY("{`type`:`gre`,`source`:`127.0.0.0/8`}"),
	"2:35: delivery.source: 127.0.0.0/8 is not a block of unicast "
	"addresses\n"},
    {DELIVERY("{`type`:`gre`,`source`:`fe80::/64`}"),
	"2:35: delivery.source: fe80::/64 is not a block of unicast "
	"addresses\n"},
    {SERVICES("",
	 "`virtual`:`192.0.2.1`,`delivery`:`x`,\n`policy`:{`http`:{`delivery`:"
	 "`y`}},\n`servers`:[{`address`:`10.0.0.1`,`delivery`:{`type`:`z`}},"
	 "{`address`:`10.0.0.2`,`delivery`:5}]"),
	"2:58: services[0].delivery: `x` is not one of: layer2, ipip, gre, "
	"fou, gue, dscp\n"
	"3:30: services[0].policy.http.delivery: `y` is not one of: layer2, "
	"ipip, gre, fou, gue, dscp\n"
	"4:53: services[0].servers[0].delivery.type: `z` is not one of: "
	"layer2, ipip, gre, fou, gue, dscp\n"
	"4:92: services[0].servers[1].delivery: expected a type or an object, "
	"got the integer 5\n"},
    {SERVICES("",
	 "`virtual`:`192.0.2.1`,`servers`:[`10.0.0.1`],`policy`:{`http`:{"
	 "`checks`:[{`type`:`tcp`,`delivery`:`gre`}]}}"),
	"2:112: services[0].policy.http.checks[0].delivery: unknown key\n"},

    /* source and server */
    {SERVICES("\n`delivery`:{`type`:`ipip`,`source`:`10.9.0.0/24`},",
	 "`virtual`:`192.0.2.1`,`servers`:[`10.2.0.1`,\n`fd00::1`],"
	 "`policy`:{`http`:null,`https`:null}"),
	"4:1: services[0].servers[1]: fd00::1 is IPv6, but the source of its "
	"delivery, 10.9.0.0/24, is IPv4, at delivery, line 2\n"},
    {SERVICES("",
	 "`virtual`:`192.0.2.1`,`policy`:{`http`:null},`servers`:[{\n"
	 "`address`:`10.2.0.1`,\n`delivery`:{`type`:`gre`,`source`:"
	 "`fd09::/64`}}]"),
	"2:81: services[0].servers[0]: 10.2.0.1 is IPv4, but the source of "
	"its delivery, fd09::/64, is IPv6, at services[0].servers[0].delivery"
	", line 4\n"},
    {SERVICES("\n`delivery`:{`type`:`gre`,`source`:`10.2.0.0/24`},",
	 "`virtual`:`192.0.2.1`,`policy`:{`http`:null},`servers`:[\n"
	 "`10.2.0.1`,`10.2.1.1`]"),
	"4:1: services[0].servers[0]: 10.2.0.1 would get packets from its own "
	"address, which is in 10.2.0.0/24, the source of delivery, line 2\n"},
    {SERVICES("\n`delivery`:{`type`:`gre`,`source`:`192.0.2.0/25`},",
	 "`policy`:{`http`:null},`servers`:[`10.2.0.1`,`10.2.1.1`],\n"
	 "`virtual`:[`192.0.2.128`,`192.0.2.127`,`2001:db8::1`]"),
	"4:26: services[0].virtual[1]: servers would get packets from their "
	"own address 192.0.2.127, which is in 192.0.2.0/25, the source of "
	"delivery, line 2\n"},

    /* dscp */
    {SERVICES("\n" DSCP("10") ",",
	 "`policy`:{`http`:null,`domain`:null},\n`virtual`:[`192.0.2.1`,\n"
	 "`2001:db8::1`],\n`servers`:[`10.2.0.1`,`fd00::1`]"),
	"6:12: services[0].servers[0]: 10.2.0.1 can't serve an IPv6 VIP by "
	"dscp, such as 2001:db8::1, at services[0].virtual[1], line 5\n"
	"6:23: services[0].servers[1]: fd00::1 can't serve an IPv4 VIP by "
	"dscp, such as 192.0.2.1, at services[0].virtual[0], line 4\n"},
    {SERVICES("",
	 DSCP("10") ",`policy`:{`http`:null,`https`:null},\n"
		    "`virtual`:[`192.0.2.1`,`192.0.2.2`,`192.0.2.3`],\n"
		    "`servers`:[`10.2.0.2`,`10.2.0.1`]"),
	"3:24: services[0].virtual[1]: 192.0.2.2 has code point 10 at the "
	"server 10.2.0.1, as 192.0.2.1 has, at services[0].virtual[0], line "
	"3\n"
	"3:36: services[0].virtual[2]: 192.0.2.3 has code point 10 at the "
	"server 10.2.0.1, as 192.0.2.1 has, at services[0].virtual[0], line "
	"3\n"},
    {TWO("`virtual`:`2001:db8::1`,`servers`:[`fd00::1`],`policy`:{`http`:"
	 "{" DSCP("10") "}}",
	 "`virtual`:`2001:db8::2`,`servers`:[`fd00::2`,{`address`:`fd00::1`"
	 "," DSCP("10") "}]," DSCP("11") ",`policy`:{`http`:null}"),
	"3:23: services[1].virtual: 2001:db8::2 has code point 10 at the "
	"server fd00::1, as 2001:db8::1 has, at services[0].virtual, line "
	"2\n"},
    {TWO("`virtual`:`192.0.2.1`,`servers`:[`10.2.0.1`,`10.2.0.2`],`policy`:{"
	 "`http`:null}," DSCP("10"),
	 DSCP("11") ",`virtual`:`192.0.2.1`,`servers`:[`10.2.0.1`,`10.2.0.2`]"
		    ",`policy`:{`https`:null}"),
	"3:24: services[1].delivery: 192.0.2.1 has code point 11 here at the "
	"server 10.2.0.1, and 10 at services[0].delivery, line 2\n"},
    {TWO("`virtual`:`192.0.2.1`,`servers`:[`10.2.0.1`],`policy`:{"
	 "`http`:{" DSCP("10") "},`https`:{" DSCP("11") "}}",
	 "`virtual`:`192.0.2.9`,`servers`:[`10.2.0.9`],`policy`:{"
	 "`http`:null}"),
	"2:140: services[0].policy.https.delivery: 192.0.2.1 has code point "
	"11 here at the server 10.2.0.1, and 10 at services[0].policy.http."
	"delivery, line 2\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_delivery_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
