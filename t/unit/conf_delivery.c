/* SPDX-License-Identifier: ISC */

/*
 * Configurations that are good: VLANs, and how servers are delivered to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"

/* The text, with ' for ", is good. */
static struct conf *
good(const char *json)
{
	struct conf_errors errors = {NULL, 0};
	char *copy = xstrdup(json), *c;
	struct conf *conf;

	for (c = copy; (c = strchr(c, '\'')) != NULL; c++)
		*c = '"';
	conf = conf_parse(copy, strlen(copy), "f", &errors);
	free(copy);
	if (errors.count > 0)
		fail_msg("%s", errors.lines[0]);
	assert_non_null(conf);
	return conf;
}

/* One service with a delivery, to one server. */
static struct conf *
good_delivery(const char *delivery, const char *server)
{
	char *json = xasprintf("{'interfaces':'eth0','services':[{'name':'a',"
			       "'virtual':'192.0.2.1','servers':['%s'],"
			       "'delivery':%s,'policy':{'http':null}}]}",
	    server, delivery);
	struct conf *conf = good(json);

	free(json);
	return conf;
}

/* "gue 6080 checksum" and the like. */
static const char *
described(const struct delivery *delivery)
{
	static char text[128];
	char source[PREFIX_STRLEN];
	size_t n;

	n = (size_t)snprintf(
	    text, sizeof(text), "%s", delivery_kind_name(delivery->kind));
	if (delivery->port != 0)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, " %u", delivery->port);
	if (delivery->checksum)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " checksum");
	if (delivery->code_point != 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    " code point %u", delivery->code_point);
	if (delivery->source.address.family != 0)
		snprintf(text + n, sizeof(text) - n, " from %s",
		    prefix_format(&delivery->source, source));
	return text;
}

static void
assert_delivery(const struct conf *conf, size_t service, size_t destination,
    const char *expected)
{
	assert_string_equal(
	    described(
		&conf->services[service].destinations[destination].delivery),
	    expected);
}

static void
deliveries_are_words_and_objects(void **state)
{
	static const struct {
		const char *json, *expected;
	} cases[] = {
	    {"'layer2'", "layer2"},
	    {"{'type':'layer2'}", "layer2"},
	    {"'ipip'", "ipip"},
	    {"{'type':'ipip'}", "ipip"},
	    {"{'source':'10.9.0.0/24','type':'ipip'}", "ipip from 10.9.0.0/24"},
	    {"'gre'", "gre"},
	    {"{'type':'gre','source':'10.9.0.7/32'}", "gre from 10.9.0.7/32"},
	    {"'fou'", "fou 5555 checksum"},
	    {"{'type':'fou','checksum':false}", "fou 5555"},
	    {"{'type':'fou','port':1}", "fou 1 checksum"},
	    {"'gue'", "gue 6080 checksum"},
	    {"{'type':'gue','port':65535,'checksum':true}",
		"gue 65535 checksum"},
	    {"{'type':'dscp','code_point':1}", "dscp code point 1"},
	    {"{'type':'dscp','code_point':63}", "dscp code point 63"},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = good_delivery(cases[i].json, "10.2.0.1");
		assert_delivery(conf, 0, 0, cases[i].expected);
		assert_int_equal(conf->services[0].destinations[0].vlan, 0);
		conf_free(conf);
	}
	conf =
	    good_delivery("{'type':'gre','source':'fd09::/64'}", "2001:db8::1");
	assert_delivery(conf, 0, 0, "gre from fd09::/64");
	conf_free(conf);
}

/* As a whole: nothing of what is further away is left. */
static void
nearest_delivery_wins(void **state)
{
	struct conf *conf =
	    good("{'interfaces':'eth0',"
		 "'delivery':{'type':'gue','port':7,'checksum':false},"
		 "'servers':{'web':['10.2.0.1',{'address':'10.2.0.2',"
		 " 'delivery':{'type':'ipip','source':'10.9.0.0/24'}},"
		 " {'address':'10.2.0.3','delivery':'gue'}]},"
		 "'services':["
		 "{'name':'a','virtual':'192.0.2.1','servers':'web',"
		 " 'policy':{'http':null}},"
		 "{'name':'b','virtual':'192.0.2.2','servers':'web',"
		 " 'delivery':'gre',"
		 " 'policy':{'http':null,'https':{'delivery':'fou'}}}]}");

	(void)state;
	assert_delivery(conf, 0, 0, "gue 7");
	assert_delivery(conf, 0, 1, "ipip from 10.9.0.0/24");
	assert_delivery(conf, 0, 2, "gue 6080 checksum");
	assert_delivery(conf, 1, 0, "gre");
	assert_delivery(conf, 1, 1, "ipip from 10.9.0.0/24");
	assert_delivery(conf, 2, 0, "fou 5555 checksum");
	assert_delivery(conf, 2, 2, "gue 6080 checksum");
	conf_free(conf);
}

static void
vlans_are_in_order(void **state)
{
	struct conf *conf =
	    good("{'interfaces':'eth0','services':[],'vlans':{"
		 "'4094':'0.0.0.0/0','20':['10.1.0.0/16','fd00::/16'],"
		 "'1':['fd00:1::/64','10.1.1.0/24','10.1.1.9/32']}}");
	static const uint16_t ids[] = {1, 20, 4094};
	char text[PREFIX_STRLEN];
	size_t i;

	(void)state;
	assert_int_equal(conf->vlan_count, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(conf->vlans[i].id, ids[i]);
		assert_int_equal(conf->vlans[i].subnet_count, 3 - i);
	}
	assert_string_equal(
	    prefix_format(&conf->vlans[0].subnets[1], text), "10.1.1.0/24");
	conf_free(conf);
}

/* The VID that a server gets. */
static unsigned
vlan_of(const char *server)
{
	char *json = xasprintf(
	    "{'interfaces':'eth0','vlans':{"
	    "'4094':'0.0.0.0/0','20':['10.1.0.0/16','fd00::/16'],"
	    "'1':['fd00:1::/64','10.1.1.0/24','10.1.1.9/32'],"
	    "'30':['10.1.1.128/25','10.1.1.144/28'],"
	    "'40':['10.1.1.140/30','fd00::/48','fd00::7/128','10.1.0.0/17']},"
	    "'services':[{'name':'a','virtual':'192.0.2.1',"
	    "'servers':['%s'],'policy':{'http':null}}]}",
	    server);
	struct conf *conf = good(json);
	unsigned id = conf->services[0].destinations[0].vlan;

	conf_free(conf);
	free(json);
	return id;
}

static void
vlans_are_found_by_the_longest_prefix(void **state)
{
	static const struct {
		const char *server;
		unsigned id;
	} cases[] = {{"1.0.0.1", 4094}, {"10.0.255.255", 4094},
	    {"10.1.0.0", 40}, {"10.1.0.255", 40}, {"10.1.1.0", 1},
	    {"10.1.1.8", 1}, {"10.1.1.9", 1}, {"10.1.1.10", 1},
	    {"10.1.1.127", 1}, {"10.1.1.128", 30}, {"10.1.1.139", 30},
	    {"10.1.1.140", 40}, {"10.1.1.143", 40}, {"10.1.1.144", 30},
	    {"10.1.1.160", 30}, {"10.1.1.255", 30}, {"10.1.2.0", 40},
	    {"10.1.128.0", 20}, {"10.2.0.0", 4094}, {"223.255.255.255", 4094},
	    {"fd00::6", 40}, {"fd00::7", 40}, {"fd00:0:1::", 20},
	    {"fd00:1::7", 1}, {"fd00:1:0:1::", 20}, {"fd00:2::7", 20},
	    {"fd00:ffff::", 20}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (vlan_of(cases[i].server) != cases[i].id)
			fail_msg("%s is in VLAN %u", cases[i].server,
			    vlan_of(cases[i].server));
}

/* Only what is delivered in layer 2 has to be in one, and is. */
static void
layer2_servers_have_a_vlan(void **state)
{
	struct conf *conf =
	    good("{'services':[{'name':'a','virtual':['192.0.2.1',"
		 " '2001:db8::1'],'policy':{'http':null,"
		 "'https':{'delivery':'ipip'}},'servers':['10.1.10.1',"
		 "'fd00:20::1',{'address':'10.2.0.1','delivery':'gre'}]}],"
		 "'vlans':{'10':'10.1.10.0/24','20':'fd00:20::/64'},"
		 "'interfaces':'eth0'}");
	const struct conf_destination *d = conf->services[0].destinations;

	(void)state;
	assert_int_equal(conf->service_count, 4);
	assert_int_equal(d[0].vlan, 10);
	assert_int_equal(d[1].vlan, 0);
	assert_int_equal(d[2].vlan, 20);
	assert_int_equal(conf->services[1].key.port, 443);
	assert_int_equal(conf->services[1].destinations[0].vlan, 0);
	assert_int_equal(conf->services[2].destinations[2].vlan, 20);
	conf_free(conf);
}

/* Both families, on both sides, by everything but dscp. */
static void
families_mix(void **state)
{
	static const char *const types[] = {
	    "layer2", "ipip", "gre", "fou", "gue"};
	struct conf *conf;
	char *json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		json = xasprintf(
		    "{'interfaces':'eth0','delivery':'%s','services':[{"
		    "'name':'a','virtual':['192.0.2.1','2001:db8::1'],"
		    "'servers':['10.2.0.1*','fd00::1*'],"
		    "'policy':{'domain':null}}]}",
		    types[i]);
		conf = good(json);
		assert_int_equal(conf->service_count, 4);
		assert_int_equal(conf->services[3].destination_count, 2);
		assert_true(conf->services[3].destinations[1].draining);
		conf_free(conf);
		free(json);
	}
}

/* A code point or the server's address tells VIPs apart. */
static void
code_points_are_used_again(void **state)
{
	struct conf *conf =
	    good("{'interfaces':'eth0','services':["
		 "{'name':'a','virtual':'192.0.2.1',"
		 " 'servers':['10.2.0.1','10.2.0.2'],"
		 " 'delivery':{'type':'dscp','code_point':10},"
		 " 'policy':{'http':null,'domain':null}},"
		 "{'name':'b','virtual':'192.0.2.1',"
		 " 'servers':['10.2.0.1'],"
		 " 'policy':{'https':{'delivery':{'type':'dscp',"
		 "  'code_point':10}},'ssh':{'delivery':'ipip'}}},"
		 "{'name':'c','virtual':'192.0.2.2',"
		 " 'servers':['10.2.0.1',{'address':'10.2.0.2',"
		 "  'delivery':{'type':'dscp','code_point':12}}],"
		 " 'delivery':{'type':'dscp','code_point':11},"
		 " 'policy':{'http':null}},"
		 "{'name':'d','virtual':'192.0.2.3',"
		 " 'servers':['10.2.0.3'],"
		 " 'delivery':{'type':'dscp','code_point':10},"
		 " 'policy':{'http':null}}]}");

	(void)state;
	assert_int_equal(conf->service_count, 7);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deliveries_are_words_and_objects),
	    cmocka_unit_test(nearest_delivery_wins),
	    cmocka_unit_test(vlans_are_in_order),
	    cmocka_unit_test(vlans_are_found_by_the_longest_prefix),
	    cmocka_unit_test(layer2_servers_have_a_vlan),
	    cmocka_unit_test(families_mix),
	    cmocka_unit_test(code_points_are_used_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf_delivery", tests, NULL, NULL);
}
