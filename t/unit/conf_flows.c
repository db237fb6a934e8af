/* SPDX-License-Identifier: ISC */

/*
 * Good configurations of what concerns flows: "track", "idle", "slow_start",
 * weights of 0, "limits" and "sync".
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

/* The text, with ' for ". */
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

#define TOP(x) "{'interfaces':'eth0','services':[]" x "}"
#define SITE(x) \
	"{'name':'a','virtual':'192.0.2.1','servers':['10.0.0.1']," x "}"
#define FILE(top, entry) \
	"{'interfaces':'eth0'," top "'services':[" SITE(entry) "]}"

static void
assert_address(const struct addr *address, const char *expected)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(address, text), expected);
}

static void
sync_is_off_by_default(void **state)
{
	struct conf *conf = good(TOP(""));

	(void)state;
	assert_false(conf->sync.enabled);
	conf_free(conf);
}

static void
sync_needs_two_keys(void **state)
{
	struct conf *conf =
	    good(TOP(",'sync':{'interface':'eth2','key':'/etc/vc5d.key'}"));

	(void)state;
	assert_true(conf->sync.enabled);
	assert_string_equal(conf->sync.interface, "eth2");
	assert_string_equal(conf->sync.key_file, "/etc/vc5d.key");
	assert_address(&conf->sync.group, "239.192.86.53");
	assert_int_equal(conf->sync.port, 8653);
	assert_int_equal(conf->sync.ttl, 1);
	assert_int_equal(conf->sync.bandwidth, 20000000);
	assert_string_equal(conf->sync.cluster, "vc5d");
	assert_null(conf->sync.instance);
	assert_int_equal(conf->sync.learn, 30000);
	conf_free(conf);
}

static void
sync_is_read(void **state)
{
	struct conf *conf =
	    good(TOP(",'sync':{'interface':'bond0.7','key':'/k',"
		     "'group':'ff05::5643','port':1,'ttl':255,"
		     "'bandwidth':100000000000,'cluster':'east',"
		     "'instance':'lb-1.example','learn':'2m'}"));

	(void)state;
	assert_address(&conf->sync.group, "ff05::5643");
	assert_int_equal(conf->sync.port, 1);
	assert_int_equal(conf->sync.ttl, 255);
	assert_true(conf->sync.bandwidth == UINT64_C(100000000000));
	assert_string_equal(conf->sync.cluster, "east");
	assert_string_equal(conf->sync.instance, "lb-1.example");
	assert_int_equal(conf->sync.learn, 120000);
	conf_free(conf);
	conf = good(TOP(",'sync':{'interface':'a','key':'/k',"
			"'group':'224.0.1.255','ttl':0,'bandwidth':1000000,"
			"'learn':0}"));
	assert_address(&conf->sync.group, "224.0.1.255");
	assert_int_equal(conf->sync.ttl, 0);
	assert_int_equal(conf->sync.learn, 0);
	conf_free(conf);
}

static void
slots_are_primes(void **state)
{
	static const struct {
		const char *json;
		unsigned slots;
	} cases[] = {
	    {TOP(""), 65537},
	    {TOP(",'limits':{'slots':251}"), 251},
	    {TOP(",'limits':{'slots':8191}"), 8191},
	    {TOP(",'limits':{'slots':655373}"), 655373},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = good(cases[i].json);
		assert_int_equal(conf->limits.slots, cases[i].slots);
		conf_free(conf);
	}
}

/* More servers than slots: some would get nothing. */
static void
slots_suffice_for_servers(void **state)
{
	struct conf_errors errors = {NULL, 0};
	char *list = xstrdup(""), *more, *json;
	struct conf *conf;
	unsigned i;

	(void)state;
	for (i = 1; i <= 252; i++) {
		more = xasprintf("%s%s'10.0.0.%u'", list, i > 1 ? "," : "", i);
		free(list);
		list = more;
	}
	json = xasprintf("{'interfaces':'eth0','limits':{'slots':251},"
			 "'services':[{'name':'a','virtual':'192.0.2.1',\n"
			 "'servers':[%s],'policy':{'http':null}}]}",
	    list);
	conf = parse(json, &errors);
	assert_null(conf);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0],
	    "f:2:11: services[0].servers: 252 servers are more than "
	    "limits.slots, 251: some would get nothing");
	conf_errors_clear(&errors);
	free(json);
	free(list);
}

static void
assert_flows(const struct conf_service *service, uint8_t protocol, bool track,
    unsigned idle, unsigned slow_start)
{
	assert_int_equal(service->key.protocol, protocol);
	assert_int_equal(service->track, track);
	assert_int_equal(service->idle, idle);
	assert_int_equal(service->slow_start, slow_start);
}

static void
defaults_depend_on_the_protocol(void **state)
{
	struct conf *conf = good(FILE("", "'policy':{'domain':null}"));

	(void)state;
	assert_int_equal(conf->service_count, 2);
	assert_flows(&conf->services[0], IPPROTO_TCP, true, 900, 0);
	assert_flows(&conf->services[1], IPPROTO_UDP, true, 120, 0);
	conf_free(conf);
}

static void
nearest_counts(void **state)
{
	struct conf *conf =
	    good(FILE("'track':false,'idle':600,'slow_start':'1m',",
		"'idle':60.001,'policy':{'53/tcp':null,"
		"'53/udp':{'slow_start':0},"
		"'123/udp':{'track':true,'idle':'10s','slow_start':1}}"));

	(void)state;
	assert_int_equal(conf->service_count, 3);
	assert_flows(&conf->services[0], IPPROTO_TCP, true, 61, 60000);
	assert_flows(&conf->services[1], IPPROTO_UDP, false, 61, 0);
	assert_flows(&conf->services[2], IPPROTO_UDP, true, 10, 1000);
	conf_free(conf);
	conf = good(FILE("'idle':16383,'slow_start':'1h',",
	    "'policy':{'domain':{'track':false,'slow_start':'0s'}}"));
	assert_flows(&conf->services[0], IPPROTO_TCP, true, 16383, 0);
	assert_flows(&conf->services[1], IPPROTO_UDP, false, 16383, 0);
	conf_free(conf);
}

static void
times_may_have_units(void **state)
{
	static const struct {
		const char *json;
		unsigned ms;
	} cases[] = {
	    {TOP(",'stop_delay':1.5"), 1500},
	    {TOP(",'stop_delay':'1.5s'"), 1500},
	    {TOP(",'stop_delay':'250ms'"), 250},
	    {TOP(",'stop_delay':'0.5m'"), 30000},
	    {TOP(",'stop_delay':'1h'"), 3600000},
	    {TOP(",'stop_delay':'0s'"), 0},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = good(cases[i].json);
		assert_int_equal(conf->stop_delay, cases[i].ms);
		conf_free(conf);
	}
}

static void
weight_may_be_none(void **state)
{
	struct conf *conf =
	    good("{'interfaces':'eth0','services':[{'name':'a',"
		 "'virtual':'192.0.2.1','servers':[{'address':'10.0.0.1',"
		 "'weight':0},{'address':'10.0.0.2','weight':1000}],"
		 "'policy':{'http':null}}]}");

	(void)state;
	assert_int_equal(conf->services[0].destinations[0].weight, 0);
	assert_false(conf->services[0].destinations[0].draining);
	assert_int_equal(conf->services[0].destinations[1].weight, 1000);
	conf_free(conf);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sync_is_off_by_default),
	    cmocka_unit_test(sync_needs_two_keys),
	    cmocka_unit_test(sync_is_read),
	    cmocka_unit_test(slots_are_primes),
	    cmocka_unit_test(slots_suffice_for_servers),
	    cmocka_unit_test(defaults_depend_on_the_protocol),
	    cmocka_unit_test(nearest_counts),
	    cmocka_unit_test(times_may_have_units),
	    cmocka_unit_test(weight_may_be_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
