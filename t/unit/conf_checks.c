/* SPDX-License-Identifier: ISC */

/*
 * Checks that are good, and what is made of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"
#include "core/pattern.h"

/* A service on a port, with other keys at three levels; ' stands for ". */
static struct conf *
good(const char *top, const char *entry, const char *policy)
{
	struct conf_errors errors = {NULL, 0};
	char *json, *c;
	struct conf *conf;

	json = xasprintf("{'interfaces':'eth0',%s'services':[{'name':'a',%s"
			 "'virtual':'192.0.2.1','servers':['10.0.0.1'],"
			 "'policy':{%s}}]}",
	    top, entry, policy);
	for (c = json; (c = strchr(c, '\'')) != NULL; c++)
		*c = '"';
	conf = conf_parse(json, strlen(json), "f", &errors);
	if (errors.count > 0)
		fail_msg("%s", errors.lines[0]);
	assert_non_null(conf);
	free(json);
	return conf;
}

/* The only check of a service on port 7, with the given keys. */
static struct conf *
with_check(const char *protocol, const char *keys)
{
	char *policy = xasprintf("'7/%s':{'checks':[{%s}]}", protocol, keys);
	struct conf *conf = good("", "", policy);

	free(policy);
	assert_int_equal(conf->services[0].check_count, 1);
	return conf;
}

static void
http_has_all_its_keys(void **state)
{
	struct conf *conf = with_check("tcp",
	    "'type':'http','host':'a:80','path':'/x?y','method':'POST',"
	    "'expect':'any','headers':{'X-A':'b c','User-Agent':''},"
	    "'keep_alive':true,'body':'a\\nb','body_within':9");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_int_equal(check->type, CHECK_HTTP);
	assert_int_equal(check->port, 7);
	assert_true(check->expect_any);
	assert_int_equal(check->expect_count, 0);
	assert_int_equal(check->header_count, 2);
	assert_string_equal(check->headers[0].name, "X-A");
	assert_string_equal(check->headers[0].value, "b c");
	assert_string_equal(check->headers[1].name, "User-Agent");
	assert_string_equal(check->headers[1].value, "");
	assert_true(check->keep_alive);
	assert_string_equal(check->body.text, "a\nb");
	assert_false(check->body.regex);
	assert_null(check->body.pattern);
	assert_int_equal(check->body.within, 9);
	assert_false(check->tls);
	conf_free(conf);
}

static void
https_has_defaults(void **state)
{
	struct conf *conf = with_check("tcp", "'type':'https'");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_true(check->tls);
	assert_null(check->tls_conf.sni);
	assert_false(check->tls_conf.verify);
	assert_null(check->tls_conf.ca);
	assert_int_equal(check->tls_conf.expiry, 0);
	assert_string_equal(check->method, "GET");
	assert_int_equal(check->expect[0].low, 200);
	assert_int_equal(check->expect_count, 1);
	assert_false(check->expect_any);
	assert_null(check->body.text);
	assert_int_equal(check->body.within, 0);
	conf_free(conf);
}

static void
a_pattern_is_compiled(void **state)
{
	struct conf *conf =
	    with_check("tcp", "'type':'http','body_regex':'^a(b|c)+$'");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_true(check->body.regex);
	assert_int_equal(check->body.within, PATTERN_TEXT_MAX);
	assert_int_equal(
	    pattern_search(check->body.pattern, "abcb", 4), PATTERN_MATCHES);
	assert_int_equal(
	    pattern_search(check->body.pattern, "a", 1), PATTERN_DIFFERS);
	conf_free(conf);
}

/* What is nearest counts; "expect" of tcp is another key. */
static void
levels_are_inherited(void **state)
{
	struct conf *conf =
	    good("'interval':10,'fast_interval':3,'verify':true,'ca':'/top',"
		 "'expiry':14,'body':'top','headers':{'A':'1','B':'2'},"
		 "'expect':'any','keep_alive':true,",
		"'body_regex':'entry','ca':'/entry','sni':'entry.example',",
		"'7':{'timeout':5,'expect':204,'headers':{},'checks':["
		"{'type':'https'},"
		"{'type':'https','body':'own','verify':false,'expect':'any',"
		" 'interval':4,'fast_interval':4,'timeout':4},"
		"{'type':'tcp'},"
		"{'type':'tcp','tls':true,'expect':'x'}]}");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_int_equal(check[0].interval, 10000);
	assert_int_equal(check[0].fast_interval, 3000);
	assert_int_equal(check[0].timeout, 5000);
	assert_true(check[0].tls_conf.verify);
	assert_string_equal(check[0].tls_conf.ca, "/entry");
	assert_string_equal(check[0].tls_conf.sni, "entry.example");
	assert_int_equal(check[0].tls_conf.expiry, 14);
	assert_string_equal(check[0].body.text, "entry");
	assert_true(check[0].body.regex);
	assert_int_equal(check[0].header_count, 0);
	assert_true(check[0].keep_alive);
	assert_int_equal(check[0].expect[0].low, 204);
	assert_string_equal(check[1].body.text, "own");
	assert_false(check[1].body.regex);
	assert_false(check[1].tls_conf.verify);
	assert_null(check[1].tls_conf.ca);
	assert_true(check[1].expect_any);
	assert_int_equal(check[1].fast_interval, 4000);
	assert_false(check[2].tls);
	assert_null(check[2].tls_conf.sni);
	assert_null(check[2].method);
	assert_int_equal(check[2].receive.length, 0);
	assert_true(check[3].tls);
	assert_string_equal(check[3].tls_conf.ca, "/entry");
	assert_int_equal(check[3].receive.length, 1);
	conf_free(conf);
}

static void
times_default_to_a_short_interval(void **state)
{
	struct conf *conf = good("'interval':0.25,", "",
	    "'1':{},'2':{'interval':1.5},'3':{'interval':60}");
	const struct conf_service *services = conf->services;

	(void)state;
	assert_int_equal(services[0].checks[0].fast_interval, 250);
	assert_int_equal(services[0].checks[0].timeout, 250);
	assert_int_equal(services[1].checks[0].fast_interval, 1000);
	assert_int_equal(services[1].checks[0].timeout, 1500);
	assert_int_equal(services[2].checks[0].fast_interval, 1000);
	assert_int_equal(services[2].checks[0].timeout, 2000);
	conf_free(conf);
}

static void
bytes_can_be_anything(void **state)
{
	struct conf *conf = with_check("udp",
	    "'type':'udp','send':{'hex':'00fFa1'},'expect':'a\xc3\xa4\\n'");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_int_equal(check->send.length, 3);
	assert_memory_equal(check->send.data, "\x00\xff\xa1", 3);
	assert_int_equal(check->receive.length, 4);
	assert_memory_equal(check->receive.data, "a\xc3\xa4\n", 4);
	conf_free(conf);
}

static void
dns_asks_by_the_protocol_of_its_service(void **state)
{
	static const struct {
		const char *protocol, *keys;
		bool tcp;
	} cases[] = {
	    {"udp", "'type':'dns'", false},
	    {"tcp", "'type':'dns'", true},
	    {"udp", "'type':'dns','transport':'tcp'", true},
	    {"tcp", "'type':'dns','transport':'udp'", false},
	};
	const struct conf_check *check;
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = with_check(cases[i].protocol, cases[i].keys);
		check = conf->services[0].checks;
		assert_int_equal(check->dns.tcp, cases[i].tcp);
		assert_string_equal(check->dns.name, ".");
		assert_int_equal(check->dns.type, 2);
		assert_int_equal(check->dns.rcode, 0);
		assert_null(check->dns.answer);
		conf_free(conf);
	}
}

static void
dns_has_all_its_keys(void **state)
{
	struct conf *conf = with_check("udp",
	    "'type':'dns','name':'_sip._tcp.example.','query':'aaaa',"
	    "'rcode':'any','answer':'2001:db8::1'");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_string_equal(check->dns.name, "_sip._tcp.example.");
	assert_int_equal(check->dns.type, 28);
	assert_int_equal(check->dns.rcode, -1);
	assert_string_equal(check->dns.answer, "2001:db8::1");
	conf_free(conf);
	conf = with_check("udp", "'type':'dns','query':65,'rcode':'NXDOMAIN'");
	assert_int_equal(conf->services[0].checks[0].dns.type, 65);
	assert_int_equal(conf->services[0].checks[0].dns.rcode, 3);
	conf_free(conf);
}

/* Nobody wrote these checks: any answer is good, by either protocol. */
static void
name_servers_are_asked_by_default(void **state)
{
	struct conf *conf = good("'rise':7,", "", "'domain':{}");
	size_t i;

	(void)state;
	assert_int_equal(conf->service_count, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(conf->services[i].checks[0].type, CHECK_DNS);
		assert_int_equal(conf->services[i].checks[0].port, 53);
		assert_int_equal(conf->services[i].checks[0].rise, 7);
		assert_int_equal(conf->services[i].checks[0].dns.rcode, -1);
		assert_int_equal(conf->services[i].checks[0].dns.tcp, i == 0);
	}
	conf_free(conf);
}

static void
commands_are_lists(void **state)
{
	struct conf *conf =
	    with_check("tcp", "'type':'exec','command':['/bin/x','','-a b']");
	const struct conf_check *check = conf->services[0].checks;

	(void)state;
	assert_string_equal(check->exec.argv[0], "/bin/x");
	assert_string_equal(check->exec.argv[1], "");
	assert_string_equal(check->exec.argv[2], "-a b");
	assert_null(check->exec.argv[3]);
	assert_string_equal(check->exec.user, "nobody");
	conf_free(conf);
}

static void
none_is_no_check(void **state)
{
	struct conf *conf =
	    good("", "", "'7':{'checks':[{'type':'none'}]},'8':{}");

	(void)state;
	assert_int_equal(conf->services[0].check_count, 0);
	assert_int_equal(conf->services[1].check_count, 1);
	conf_free(conf);
}

/* Each pair of different checks differs, and no other does. */
static void
equality_sees_each_member(void **state)
{
	static const char *const changes[] = {"'type':'tcp'", "'type':'syn'",
	    "'type':'icmp'", "'type':'http'", "'type':'http','port':81",
	    "'type':'http','interval':3", "'type':'http','fast_interval':0.5",
	    "'type':'http','timeout':0.9", "'type':'http','rise':3",
	    "'type':'http','fall':4", "'type':'http','method':'HEAD'",
	    "'type':'http','host':'a'", "'type':'http','host':'b'",
	    "'type':'http','path':'/a'", "'type':'http','expect':201",
	    "'type':'http','expect':[200,201]", "'type':'http','expect':'any'",
	    "'type':'http','headers':{'a':'b'}",
	    "'type':'http','headers':{'b':'b'}",
	    "'type':'http','headers':{'a':'c'}", "'type':'http','body':'a'",
	    "'type':'http','keep_alive':true", "'type':'http','body':'b'",
	    "'type':'http','body_regex':'a'",
	    "'type':'http','body':'a','body_within':5", "'type':'https'",
	    "'type':'https','sni':'a'", "'type':'https','verify':true",
	    "'type':'https','verify':true,'ca':'/a'",
	    "'type':'https','expiry':3", "'type':'tcp','tls':true",
	    "'type':'tcp','send':'a'", "'type':'tcp','send':'b'",
	    "'type':'tcp','expect':'a'", "'type':'dns'",
	    "'type':'dns','transport':'udp'", "'type':'dns','name':'a'",
	    "'type':'dns','query':'A'", "'type':'dns','rcode':1",
	    "'type':'dns','answer':'a'", "'type':'udp','send':'a'",
	    "'type':'exec','command':['/a']",
	    "'type':'exec','command':['/a','b']",
	    "'type':'exec','command':['/a','c']",
	    "'type':'exec','command':['/a'],'user':'b'",
	    "'type':'agent','port':9"};
	size_t i, j, count = sizeof(changes) / sizeof(changes[0]);
	struct conf *confs[2][sizeof(changes) / sizeof(changes[0])];

	(void)state;
	for (i = 0; i < 2 * count; i++)
		confs[i / count][i % count] =
		    with_check("tcp", changes[i % count]);
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			assert_int_equal(
			    conf_check_equal(confs[0][i]->services[0].checks,
				confs[1][j]->services[0].checks),
			    i == j);
	for (i = 0; i < 2 * count; i++)
		conf_free(confs[i / count][i % count]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(http_has_all_its_keys),
	    cmocka_unit_test(https_has_defaults),
	    cmocka_unit_test(a_pattern_is_compiled),
	    cmocka_unit_test(levels_are_inherited),
	    cmocka_unit_test(times_default_to_a_short_interval),
	    cmocka_unit_test(bytes_can_be_anything),
	    cmocka_unit_test(dns_asks_by_the_protocol_of_its_service),
	    cmocka_unit_test(dns_has_all_its_keys),
	    cmocka_unit_test(name_servers_are_asked_by_default),
	    cmocka_unit_test(commands_are_lists),
	    cmocka_unit_test(none_is_no_check),
	    cmocka_unit_test(equality_sees_each_member),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
