/* SPDX-License-Identifier: ISC */

/*
 * Configurations that are good, and what is made of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"

static struct conf *
parse(const char *json, struct conf_errors *errors)
{
	char *copy = xstrdup(json), *c;
	struct conf *conf;

	for (c = copy; (c = strchr(c, '\'')) != NULL; c++)
		*c = '"';
	conf = conf_parse(copy, strlen(copy), "f", errors);
	free(copy);
	return conf;
}

/* The text, with ' for ", is good. */
static struct conf *
good(const char *json)
{
	struct conf_errors errors = {NULL, 0};
	struct conf *conf = parse(json, &errors);

	if (errors.count > 0)
		fail_msg("%s", errors.lines[0]);
	assert_non_null(conf);
	return conf;
}

/* One entry: its keys from "name" on, and what stands before it. */
static struct conf *
good_service(const char *top, const char *keys)
{
	char *json =
	    xasprintf("{'interfaces':'eth0',%s'services':[{%s}]}", top, keys);
	struct conf *conf = good(json);

	free(json);
	return conf;
}

static void
assert_key(const struct conf_service *service, const char *expected)
{
	char text[SERVICE_KEY_STRLEN];

	assert_string_equal(service_key_format(&service->key, text), expected);
}

static void
assert_address(const struct addr *address, const char *expected)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(address, text), expected);
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct conf *conf = good("{'interfaces':'eth0','services':[]}");

	(void)state;
	assert_string_equal(conf->file, "f");
	assert_int_equal(conf->interface_count, 1);
	assert_string_equal(conf->interfaces[0], "eth0");
	assert_int_equal(conf->xdp, XDP_AUTO);
	assert_int_equal(conf->vlan_count, 0);
	assert_false(conf->unserved_pass);
	assert_int_equal(conf->icmp_limit, 1000);
	assert_int_equal(conf->sampling, 256);
	assert_null(conf->block.file);
	assert_int_equal(conf->service_count, 0);
	assert_int_equal(conf->vip_count, 0);
	assert_false(conf->bgp.enabled);
	assert_string_equal(conf->bgp.socket, "/run/openbgpd/bgpd.sock.0");
	assert_string_equal(conf->bgp.program, "/usr/sbin/bgpctl");
	assert_true(conf->webserver.enabled);
	assert_address(&conf->webserver.address, "127.0.0.1");
	assert_int_equal(conf->webserver.port, 9353);
	assert_string_equal(conf->control, RUNSTATEDIR "/vc5d.sock");
	assert_null(conf->control_readonly.path);
	assert_int_equal(conf->control_readonly.mode, 0660);
	assert_string_equal(conf->pin_directory, "/sys/fs/bpf/vc5d");
	assert_int_equal(conf->stop_delay, 5000);
	assert_string_equal(conf->state, LOCALSTATEDIR "/lib/vc5d/overrides");
	assert_false(conf->isolation_hold);
	assert_int_equal(conf->dead_man, 5000);
	assert_string_equal(conf->probe.device, "vc5d0");
	assert_int_equal(conf->probe.mark, 0x56430000);
	assert_int_equal(conf->probe.table, 22083);
	assert_int_equal(conf->limits.flows, 1048576);
	assert_int_equal(conf->limits.services, 256);
	assert_int_equal(conf->limits.destinations, 4096);
	assert_int_equal(conf->limits.history, 1000);
	assert_int_equal(conf->limits.probes, 16384);
	conf_free(conf);
}

static void
top_level_is_read(void **state)
{
	struct conf *conf =
	    good("{'interfaces':['eth0','bond0.10'],'xdp':'generic',"
		 "'control':'/a','pin_directory':'/b','stop_delay':1.5,"
		 "'dead_man':2.5,"
		 "'state':'/c','isolation':'hold',"
		 "'probe':{'device':'probe','mark':'0xAB0000','table':7},"
		 "'limits':{'flows':1024,'services':1,'destinations':65535,"
		 "'history':10000},"
		 "'bgp':{'socket':'/c','bgpctl':'/d'},"
		 "'webserver':'[::1]:80','unserved':'pass',"
		 "'block':{'file':'/e'},'prefixes':{'sampling':0},"
		 "'icmp_limit':65535,'services':[]}");

	(void)state;
	assert_int_equal(conf->interface_count, 2);
	assert_string_equal(conf->interfaces[1], "bond0.10");
	assert_int_equal(conf->xdp, XDP_GENERIC);
	assert_true(conf->unserved_pass);
	assert_int_equal(conf->icmp_limit, 65535);
	assert_string_equal(conf->block.file, "/e");
	assert_int_equal(conf->sampling, 0);
	assert_string_equal(conf->control, "/a");
	assert_string_equal(conf->pin_directory, "/b");
	assert_int_equal(conf->stop_delay, 1500);
	assert_string_equal(conf->state, "/c");
	assert_true(conf->isolation_hold);
	assert_int_equal(conf->dead_man, 2500);
	assert_string_equal(conf->probe.device, "probe");
	assert_int_equal(conf->probe.mark, 0xab0000);
	assert_int_equal(conf->probe.table, 7);
	assert_int_equal(conf->limits.flows, 1024);
	assert_int_equal(conf->limits.services, 1);
	assert_int_equal(conf->limits.destinations, 65535);
	assert_int_equal(conf->limits.history, 10000);
	assert_true(conf->bgp.enabled);
	assert_string_equal(conf->bgp.socket, "/c");
	assert_string_equal(conf->bgp.program, "/d");
	assert_address(&conf->webserver.address, "::1");
	assert_int_equal(conf->webserver.port, 80);
	conf_free(conf);
}

static void
service_has_defaults(void **state)
{
	struct conf *conf = good_service("",
	    "'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    "'policy':{'http':null}");
	const struct conf_service *service = conf->services;
	const struct conf_check *check = service->checks;

	(void)state;
	assert_int_equal(conf->service_count, 1);
	assert_key(service, "192.0.2.1:80/tcp");
	assert_string_equal(service->name, "a");
	assert_string_equal(service->description, "");
	assert_int_equal(service->scheduler, SCHEDULER_MAGLEV);
	assert_false(service->sticky);
	assert_int_equal(service->need, 1);
	assert_int_equal(service->max_out, 50);
	assert_int_equal(service->destination_count, 1);
	assert_address(&service->destinations[0].address, "10.0.0.1");
	assert_int_equal(service->destinations[0].weight, 1);
	assert_int_equal(
	    service->destinations[0].delivery.kind, DELIVERY_LAYER2);
	assert_int_equal(service->destinations[0].vlan, 0);
	assert_false(service->destinations[0].draining);
	assert_int_equal(service->check_count, 1);
	assert_int_equal(check->type, CHECK_HTTP);
	assert_int_equal(check->port, 80);
	assert_int_equal(check->interval, 2000);
	assert_int_equal(check->fast_interval, 1000);
	assert_int_equal(check->timeout, 2000);
	assert_int_equal(check->rise, 2);
	assert_int_equal(check->fall, 3);
	assert_string_equal(check->method, "GET");
	assert_null(check->host);
	assert_string_equal(check->path, "/");
	assert_int_equal(check->expect_count, 1);
	assert_int_equal(check->expect[0].low, 200);
	assert_int_equal(check->expect[0].high, 200);
	assert_int_equal(conf->vip_count, 1);
	assert_address(&conf->vips[0].address, "192.0.2.1");
	assert_int_equal(conf->vips[0].bgp->med, -1);
	assert_int_equal(conf->vips[0].bgp->local_pref, -1);
	assert_int_equal(conf->vips[0].bgp->prepend, 0);
	assert_int_equal(conf->vips[0].bgp->community_count, 0);
	conf_free(conf);
}

/* For each key of "policy": the services, and the check of each. */
static void
policy_names_ports(void **state)
{
	static const struct {
		const char *key, *services[2];
		int check; /* -1 = none */
	} policies[] = {
	    {"http", {"192.0.2.1:80/tcp"}, CHECK_HTTP},
	    {"http/tcp", {"192.0.2.1:80/tcp"}, CHECK_HTTP},
	    {"http/udp", {"192.0.2.1:80/udp"}, -1},
	    {"80", {"192.0.2.1:80/tcp"}, CHECK_TCP},
	    {"https", {"192.0.2.1:443/tcp"}, CHECK_HTTPS},
	    {"https/udp", {"192.0.2.1:443/udp"}, -1},
	    {"domain", {"192.0.2.1:53/tcp", "192.0.2.1:53/udp"}, CHECK_DNS},
	    {"domain/tcp", {"192.0.2.1:53/tcp"}, CHECK_DNS},
	    {"domain/udp", {"192.0.2.1:53/udp"}, CHECK_DNS},
	    {"53/udp", {"192.0.2.1:53/udp"}, -1},
	    {"65535/tcp", {"192.0.2.1:65535/tcp"}, CHECK_TCP},
	    {"1", {"192.0.2.1:1/tcp"}, CHECK_TCP},
	    {"ntp", {"192.0.2.1:123/udp"}, -1},
	    {"ldaps", {"192.0.2.1:636/tcp"}, CHECK_TCP},
	    {"sip", {"192.0.2.1:5060/tcp", "192.0.2.1:5060/udp"}, CHECK_TCP},
	};
	const struct conf_service *service;
	struct conf *conf;
	size_t i, j;
	char *keys;

	(void)state;
	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		keys = xasprintf("'name':'a','virtual':'192.0.2.1',"
				 "'servers':['10.0.0.1'],'policy':{'%s':{}}",
		    policies[i].key);
		conf = good_service("", keys);
		free(keys);
		assert_int_equal(conf->service_count,
		    policies[i].services[1] == NULL ? 1 : 2);
		for (j = 0; j < conf->service_count; j++) {
			service = &conf->services[j];
			assert_key(service, policies[i].services[j]);
			assert_int_equal(service->check_count,
			    service->key.protocol == IPPROTO_TCP ||
				policies[i].check == CHECK_DNS);
		}
		if (policies[i].check != -1)
			assert_int_equal(conf->services[0].checks[0].type,
			    policies[i].check);
		conf_free(conf);
	}
}

static void
nearest_level_wins(void **state)
{
	struct conf *conf = good_service(
	    "'host':'top','path':'/top','interval':10,'rise':7,'fall':7,"
	    "'scheduler':'rendezvous','need':2,'max_out':10,'expect':'200-299'"
	    ",",
	    "'name':'a','virtual':'192.0.2.1','host':'service',"
	    "'path':'/service','timeout':3,'sticky':true,"
	    "'servers':['10.0.0.1','10.0.0.2','10.0.0.3'],"
	    "'policy':{"
	    " 'http':{'path':'/policy','need':3,'sticky':false,"
	    "  'checks':[{'type':'http'},"
	    "   {'type':'http','path':'/check','host':'check','rise':1,"
	    "    'expect':[204,'300-399'],'method':'HEAD','port':8080,"
	    "    'interval':4.5}]},"
	    " '8080':{'scheduler':'maglev','need':0,'max_out':100}}");
	const struct conf_check *checks = conf->services[0].checks;

	(void)state;
	assert_key(&conf->services[0], "192.0.2.1:80/tcp");
	assert_int_equal(conf->services[0].need, 3);
	assert_int_equal(conf->services[0].max_out, 10);
	assert_int_equal(conf->services[0].scheduler, SCHEDULER_RENDEZVOUS);
	assert_false(conf->services[0].sticky);
	assert_int_equal(conf->services[0].check_count, 2);
	assert_string_equal(checks[0].host, "service");
	assert_string_equal(checks[0].path, "/policy");
	assert_int_equal(checks[0].rise, 7);
	assert_int_equal(checks[0].fall, 7);
	assert_int_equal(checks[0].interval, 10000);
	assert_int_equal(checks[0].timeout, 3000);
	assert_int_equal(checks[0].expect[0].high, 299);
	assert_string_equal(checks[1].host, "check");
	assert_string_equal(checks[1].path, "/check");
	assert_string_equal(checks[1].method, "HEAD");
	assert_int_equal(checks[1].port, 8080);
	assert_int_equal(checks[1].rise, 1);
	assert_int_equal(checks[1].interval, 4500);
	assert_int_equal(checks[1].expect_count, 2);
	assert_int_equal(checks[1].expect[0].low, 204);
	assert_int_equal(checks[1].expect[0].high, 204);
	assert_int_equal(checks[1].expect[1].low, 300);
	assert_int_equal(checks[1].expect[1].high, 399);
	assert_key(&conf->services[1], "192.0.2.1:8080/tcp");
	assert_int_equal(conf->services[1].scheduler, SCHEDULER_MAGLEV);
	assert_true(conf->services[1].sticky);
	assert_int_equal(conf->services[1].need, 0);
	assert_int_equal(conf->services[1].max_out, 100);
	conf_free(conf);
}

static void
timeout_defaults_to_a_short_interval(void **state)
{
	struct conf *conf = good_service("'interval':0.25,",
	    "'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    "'policy':{'80':{},'81':{'timeout':0.1},"
	    "'82':{'interval':3600,'timeout':3600}}");

	(void)state;
	assert_int_equal(conf->services[0].checks[0].interval, 250);
	assert_int_equal(conf->services[0].checks[0].timeout, 250);
	assert_int_equal(conf->services[1].checks[0].timeout, 100);
	assert_int_equal(conf->services[2].checks[0].timeout, 3600000);
	conf_free(conf);
}

static void
servers_have_several_forms(void **state)
{
	struct conf *conf =
	    good_service("'servers':{'web':['10.0.0.3',{'address':'10.0.0.1',"
			 "'weight':1000,'draining':true},'10.0.0.2*']},",
		"'name':'a','virtual':'192.0.2.1','servers':'web',"
		"'policy':{'80':{},'81':{'servers':[{'address':'10.0.0.9'}]},"
		"'82':{'servers':'web'}}");
	const struct conf_service *service = conf->services;

	(void)state;
	assert_int_equal(service->destination_count, 3);
	assert_address(&service->destinations[0].address, "10.0.0.1");
	assert_int_equal(service->destinations[0].weight, 1000);
	assert_true(service->destinations[0].draining);
	assert_address(&service->destinations[1].address, "10.0.0.2");
	assert_true(service->destinations[1].draining);
	assert_address(&service->destinations[2].address, "10.0.0.3");
	assert_false(service->destinations[2].draining);
	assert_int_equal(service->destinations[2].weight, 1);
	assert_int_equal(service[1].destination_count, 1);
	assert_address(&service[1].destinations[0].address, "10.0.0.9");
	assert_int_equal(service[2].destination_count, 3);
	conf_free(conf);
}

static void
empty_checks_are_none(void **state)
{
	struct conf *conf = good_service("",
	    "'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    "'policy':{'http':{'checks':[]},'53/udp':{'checks':["
	    "{'type':'tcp'},{'type':'http','port':8053}]}}");

	(void)state;
	assert_int_equal(conf->services[0].check_count, 0);
	assert_key(&conf->services[1], "192.0.2.1:53/udp");
	assert_int_equal(conf->services[1].check_count, 2);
	assert_int_equal(conf->services[1].checks[0].port, 53);
	assert_int_equal(conf->services[1].checks[1].port, 8053);
	conf_free(conf);
}

static void
entries_expand_in_order(void **state)
{
	static const char *const keys[] = {"192.0.2.1:80/tcp",
	    "192.0.2.1:443/tcp", "192.0.2.2:53/tcp", "192.0.2.2:80/tcp",
	    "192.0.2.2:53/udp", "192.0.2.3:53/tcp", "192.0.2.3:53/udp"};
	struct conf *conf =
	    good("{'interfaces':'eth0','services':["
		 "{'name':'b','virtual':['192.0.2.3','192.0.2.2'],"
		 " 'servers':['10.0.0.1'],'policy':{'domain':{}}},"
		 "{'name':'a','virtual':['192.0.2.2','192.0.2.1'],"
		 " 'servers':['10.0.0.1'],'policy':{'http':{}}},"
		 "{'name':'a','virtual':'192.0.2.1',"
		 " 'servers':['10.0.0.2'],'policy':{'https':{}}}]}");
	size_t i;

	(void)state;
	assert_int_equal(conf->service_count, 7);
	for (i = 0; i < 7; i++)
		assert_key(&conf->services[i], keys[i]);
	assert_int_equal(conf->vip_count, 3);
	assert_address(&conf->vips[0].address, "192.0.2.1");
	assert_address(&conf->vips[2].address, "192.0.2.3");
	conf_free(conf);
}

static void
bgp_attributes_are_inherited(void **state)
{
	struct conf *conf = good(
	    "{'interfaces':'eth0','bgp':{'enabled':false,"
	    "'communities':['65000:2','no_export','65000:1:4294967295'],"
	    "'med':0,'prepend':3},'services':["
	    "{'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    " 'policy':{'http':{}}},"
	    "{'name':'b','virtual':'192.0.2.2','servers':['10.0.0.1'],"
	    " 'bgp':{'communities':[],'local_pref':4294967295,'prepend':0},"
	    " 'policy':{'http':{}}},"
	    "{'name':'c','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    " 'bgp':{'communities':['NO_EXPORT','65000:1:4294967295',"
	    "  '065000:02']},'policy':{'https':{}}}]}");
	const struct conf_bgp_attributes *first = conf->vips[0].bgp;
	const struct conf_bgp_attributes *second = conf->vips[1].bgp;

	(void)state;
	assert_false(conf->bgp.enabled);
	assert_int_equal(conf->vip_count, 2);
	assert_int_equal(first->community_count, 3);
	assert_string_equal(first->communities[0], "65000:1:4294967295");
	assert_string_equal(first->communities[1], "65000:2");
	assert_string_equal(first->communities[2], "NO_EXPORT");
	assert_int_equal(first->med, 0);
	assert_int_equal(first->local_pref, -1);
	assert_int_equal(first->prepend, 3);
	assert_int_equal(second->community_count, 0);
	assert_int_equal(second->med, 0);
	assert_int_equal(second->local_pref, UINT32_MAX);
	assert_int_equal(second->prepend, 0);
	assert_false(conf_bgp_attributes_equal(first, second));
	assert_true(conf_bgp_attributes_equal(first, first));
	conf_free(conf);
}

static void
equality_sees_each_attribute(void **state)
{
	char community[] = "65000:1", *communities[] = {community};
	const struct conf_bgp_attributes all[] = {
	    {.med = -1, .local_pref = -1},
	    {.med = 0, .local_pref = -1},
	    {.med = -1, .local_pref = 0},
	    {.med = -1, .local_pref = -1, .prepend = 1},
	    {communities, 1, -1, -1, 0},
	};
	size_t i, j, count = sizeof(all) / sizeof(all[0]);

	(void)state;
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			assert_int_equal(
			    conf_bgp_attributes_equal(&all[i], &all[j]),
			    i == j);
}

static void
limits_can_be_reached(void **state)
{
	struct conf *conf =
	    good_service("'limits':{'services':4,'destinations':8},",
		"'name':'a','virtual':['192.0.2.1','192.0.2.2'],"
		"'servers':['10.0.0.1','10.0.0.2'],'policy':{'domain':{}}");

	(void)state;
	assert_int_equal(conf->service_count, conf->limits.services);
	conf_free(conf);
}

static void
names_are_those_of_the_file(void **state)
{
	(void)state;
	assert_string_equal(
	    conf_scheduler_name(SCHEDULER_RENDEZVOUS), "rendezvous");
	assert_string_equal(conf_xdp_mode_name(XDP_NATIVE), "native");
	assert_string_equal(conf_check_type_name(CHECK_HTTP), "http");
}

/* What "services" in a VC5 file is when its YAML is converted to JSON. */
static void
converted_yaml_is_read(void **state)
{
	struct conf *conf = good(
	    "{'interfaces': ['ens192', 'ens224'], 'webserver': '127.0.0.1:80',"
	    " 'services': [{'name': 'web', 'description': 'Web servers',"
	    "   'virtual': ['192.0.2.10', '192.0.2.11'],"
	    "   'servers': ['10.1.10.1', '10.1.10.2', '10.1.10.3*'],"
	    "   'need': 1, 'path': '/alive', 'host': 'www.example.com',"
	    "   'policy': {'http': null, 'https': {'sticky': true}}},"
	    "  {'name': 'bind', 'virtual': '192.0.2.12',"
	    "   'servers': 'resolvers', 'policy': {'domain': null,"
	    "   '8080/tcp': {'checks': [{'type': 'http', 'port': 8081,"
	    "     'expect': 204}]}}}],"
	    " 'servers': {'resolvers': ['10.1.20.1', '10.1.20.2']}}");

	(void)state;
	assert_int_equal(conf->service_count, 7);
	assert_int_equal(conf->vip_count, 3);
	assert_key(&conf->services[2], "192.0.2.11:80/tcp");
	assert_true(conf->services[2].destinations[2].draining);
	assert_string_equal(
	    conf->services[2].checks[0].host, "www.example.com");
	assert_key(&conf->services[5], "192.0.2.12:8080/tcp");
	assert_int_equal(conf->services[5].checks[0].port, 8081);
	conf_free(conf);
}

static void
unused_inherited_keys_do_not_matter(void **state)
{
	/* a timeout that no check has, and http keys at a tcp check */
	struct conf *conf = good_service("'timeout':5,'path':'/x',",
	    "'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1'],"
	    "'policy':{'ntp':{},'443':{'interval':5}}");

	(void)state;
	assert_null(conf->services[0].checks[0].path);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_manual),
	    cmocka_unit_test(top_level_is_read),
	    cmocka_unit_test(service_has_defaults),
	    cmocka_unit_test(policy_names_ports),
	    cmocka_unit_test(nearest_level_wins),
	    cmocka_unit_test(timeout_defaults_to_a_short_interval),
	    cmocka_unit_test(servers_have_several_forms),
	    cmocka_unit_test(empty_checks_are_none),
	    cmocka_unit_test(entries_expand_in_order),
	    cmocka_unit_test(bgp_attributes_are_inherited),
	    cmocka_unit_test(limits_can_be_reached),
	    cmocka_unit_test(equality_sees_each_attribute),
	    cmocka_unit_test(names_are_those_of_the_file),
	    cmocka_unit_test(converted_yaml_is_read),
	    cmocka_unit_test(unused_inherited_keys_do_not_matter),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
