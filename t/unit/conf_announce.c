/* SPDX-License-Identifier: ISC */

/*
 * Good configurations of what concerns announcing: "need", "need_up",
 * "priority", "communities" and what "bgp" says of VIPs.
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

/* The text, with ' for ". */
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

#define SITE(name, vip)                                    \
	"'name':'" name "','virtual':'" vip "','servers':" \
	"['10.0.0.1','10.0.0.2','10.0.0.3'],'policy':{'80':null}"
#define FILE(top, entry)            \
	"{'interfaces':'eth0'," top \
	"'services':[{" SITE("a", "192.0.2.1") "," entry "}]}"

static void
shares_are_rounded_up(void **state)
{
	static const struct {
		unsigned value;
		bool percent;
		unsigned total, expected;
	} cases[] = {
	    {3, false, 1, 3},
	    {0, true, 7, 0},
	    {1, true, 1, 1},
	    {1, true, 100, 1},
	    {1, true, 101, 2},
	    {33, true, 3, 1},
	    {34, true, 3, 2},
	    {50, true, 3, 2},
	    {50, true, 4, 2},
	    {100, true, 65535, 65535},
	};
	struct conf_share share;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		share.value = cases[i].value;
		share.percent = cases[i].percent;
		assert_int_equal(
		    conf_share_of(&share, cases[i].total), cases[i].expected);
	}
}

static void
need_is_read(void **state)
{
	static const struct {
		const char *keys;
		unsigned need, need_up;
	} cases[] = {
	    {"'sticky':true", 1, 1},
	    {"'need':0", 0, 0},
	    {"'need':2", 2, 2},
	    {"'need':'50%'", 2, 2},
	    {"'need':'1%','need_up':'100%'", 1, 3},
	    {"'need':2,'need_up':3", 2, 3},
	    {"'need':'0%','need_up':0", 0, 0},
	    {"'need_up':2", 1, 2},
	};
	struct conf *conf;
	char *json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json = xasprintf(FILE("", "%s"), cases[i].keys);
		conf = good(json);
		assert_int_equal(conf->services[0].need, cases[i].need);
		assert_int_equal(conf->services[0].need_up, cases[i].need_up);
		conf_free(conf);
		free(json);
	}
}

/* A percentage is inherited as such, and is of each service's servers. */
static void
need_is_inherited(void **state)
{
	struct conf *conf =
	    good("{'interfaces':'eth0','need':'50%','need_up':'60%',"
		 "'services':[{'name':'a','virtual':'192.0.2.1',"
		 " 'servers':['10.0.0.1','10.0.0.2','10.0.0.3','10.0.0.4'],"
		 " 'policy':{'80':{},'81':{'servers':['10.0.0.1']},"
		 "  '82':{'need':1},'83':{'need':3,'need_up':'100%'}}}]}");

	(void)state;
	assert_int_equal(conf->services[0].need, 2);
	assert_int_equal(conf->services[0].need_up, 3);
	assert_int_equal(conf->services[1].need, 1);
	assert_int_equal(conf->services[1].need_up, 1);
	assert_int_equal(conf->services[2].need, 1);
	assert_int_equal(conf->services[2].need_up, 3);
	assert_int_equal(conf->services[3].need, 3);
	assert_int_equal(conf->services[3].need_up, 4);
	conf_free(conf);
}

static void
worst_priority_is_the_vips(void **state)
{
	struct conf *conf = good(
	    "{'interfaces':'eth0','services':["
	    "{" SITE("a",
		"192.0.2.1") "},"
			     "{" SITE("b",
				 "192.0.2.2") ",'priority':'low'},"
					      "{'name':'c','virtual':['192.0.2."
					      "2','192.0.2.3'],"
					      " 'priority':'medium','servers':["
					      "'10.0.0.1'],"
					      " 'policy':{'81':{},'82':{'"
					      "priority':'low'}}},"
					      "{'name':'d','virtual':'192.0.2."
					      "3','servers':['10.0.0.1'],"
					      " 'priority':'critical','policy':"
					      "{'1':{}}}]}");

	(void)state;
	assert_int_equal(conf->vip_count, 3);
	assert_int_equal(conf->vips[0].priority, ALERT_HIGH);
	assert_int_equal(conf->vips[1].priority, ALERT_MEDIUM);
	assert_int_equal(conf->vips[2].priority, ALERT_CRITICAL);
	assert_int_equal(conf->services[1].priority, ALERT_LOW);
	conf_free(conf);
}

static void
defaults_are_safe(void **state)
{
	struct conf *conf = good(FILE("", "'bgp':{}"));
	const struct conf_announcing *a = &conf->vips[0].announcing;

	(void)state;
	assert_int_equal(a->hold_down, 1000);
	assert_int_equal(a->hold_down_max, 60000);
	assert_int_equal(a->healthy_for, 0);
	assert_int_equal(a->learn, 0);
	assert_int_equal(a->graceful_shutdown, 0);
	assert_int_equal(a->below.value, 0);
	assert_true(
	    conf_bgp_attributes_equal(&conf->vips[0].bgp[ATTRIBUTES_NORMAL],
		&conf->vips[0].bgp[ATTRIBUTES_DEGRADED]));
	conf_free(conf);
}

static void
times_are_read(void **state)
{
	struct conf *conf =
	    good(FILE("'bgp':{'hold_down':2,'learn':9,'healthy_for':'1m'},",
		"'bgp':{'hold_down_max':4.5,'healthy_for':3,"
		"'graceful_shutdown':'500ms'}"));
	const struct conf_announcing *a = &conf->vips[0].announcing;

	(void)state;
	assert_int_equal(a->hold_down, 2000);
	assert_int_equal(a->hold_down_max, 4500);
	assert_int_equal(a->healthy_for, 3000);
	assert_int_equal(a->learn, 9000);
	assert_int_equal(a->graceful_shutdown, 500);
	conf_free(conf);
}

/* Who gives one of the two doesn't have to know the other's default. */
static void
hold_downs_fit(void **state)
{
	static const struct {
		const char *keys;
		unsigned hold_down, hold_down_max;
	} cases[] = {
	    {"'hold_down':90", 90000, 90000},
	    {"'hold_down_max':0.5", 500, 500},
	    {"'hold_down_max':0", 0, 0},
	    {"'hold_down':0", 0, 60000},
	    {"'hold_down':3,'hold_down_max':3", 3000, 3000},
	};
	struct conf *conf;
	char *json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json = xasprintf(FILE("", "'bgp':{%s}"), cases[i].keys);
		conf = good(json);
		assert_int_equal(
		    conf->vips[0].announcing.hold_down, cases[i].hold_down);
		assert_int_equal(conf->vips[0].announcing.hold_down_max,
		    cases[i].hold_down_max);
		conf_free(conf);
		free(json);
	}
}

/* "communities med local_pref prepend" of a set. */
static void
assert_set(
    const struct conf *conf, enum conf_attributes set, const char *expected)
{
	const struct conf_bgp_attributes *a = &conf->vips[0].bgp[set];
	char *text = xstrdup(""), *longer;
	size_t i;

	for (i = 0; i < a->community_count; i++) {
		longer = xasprintf("%s%s ", text, a->communities[i]);
		free(text);
		text = longer;
	}
	longer = xasprintf("%s%lld %lld %u", text, (long long)a->med,
	    (long long)a->local_pref, a->prepend);
	assert_string_equal(longer, expected);
	free(longer);
	free(text);
}

static void
degraded_overlays(void **state)
{
	struct conf *conf =
	    good(FILE("'bgp':{'communities':['65000:1'],'med':10,'prepend':1,"
		      "'degraded':{'below':'50%','med':200}},",
		"'bgp':{'med':20}"));

	(void)state;
	assert_int_equal(conf->vips[0].announcing.below.value, 50);
	assert_true(conf->vips[0].announcing.below.percent);
	assert_set(conf, ATTRIBUTES_NORMAL, "65000:1 20 -1 1");
	assert_set(conf, ATTRIBUTES_DEGRADED, "65000:1 200 -1 1");
	conf_free(conf);
	conf =
	    good(FILE("'bgp':{'communities':['65000:1'],'med':10,'prepend':1,"
		      "'degraded':{'below':'50%','med':200}},",
		"'bgp':{'degraded':{'below':2,'communities':[],'prepend':0,"
		"'local_pref':50}}"));
	assert_int_equal(conf->vips[0].announcing.below.value, 2);
	assert_false(conf->vips[0].announcing.below.percent);
	assert_set(conf, ATTRIBUTES_DEGRADED, "10 50 0");
	conf_free(conf);
}

static void
leaving_adds_the_community(void **state)
{
	static const struct {
		const char *keys, *expected;
	} cases[] = {
	    {"'med':1", "GRACEFUL_SHUTDOWN 1 0 0"},
	    {"'communities':['1:1','NO_EXPORT']",
		"1:1 GRACEFUL_SHUTDOWN NO_EXPORT -1 0 0"},
	    {"'communities':['NO_EXPORT']",
		"GRACEFUL_SHUTDOWN NO_EXPORT -1 0 0"},
	    {"'communities':['graceful_shutdown']", "GRACEFUL_SHUTDOWN -1 0 0"},
	    {"'communities':['65535:0','BLACKHOLE'],'local_pref':7",
		"BLACKHOLE GRACEFUL_SHUTDOWN -1 0 0"},
	};
	struct conf *conf;
	char *json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json = xasprintf(FILE("", "'bgp':{%s}"), cases[i].keys);
		conf = good(json);
		assert_set(conf, ATTRIBUTES_LEAVING, cases[i].expected);
		conf_free(conf);
		free(json);
	}
	conf = good(FILE("", "'bgp':{'degraded':{'below':1,'med':9}}"));
	assert_set(
	    conf, ATTRIBUTES_DEGRADED_LEAVING, "GRACEFUL_SHUTDOWN 9 0 0");
	conf_free(conf);
}

static void
communities_have_names(void **state)
{
	struct conf *conf =
	    good(FILE("'communities':{'blue':'65000:7','cust':'1:2:3',"
		      "'quiet':'no_export'},",
		"'bgp':{'communities':['quiet','65000:1','blue','cust']}"));

	(void)state;
	assert_set(
	    conf, ATTRIBUTES_NORMAL, "1:2:3 65000:1 65000:7 NO_EXPORT -1 -1 0");
	conf_free(conf);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shares_are_rounded_up),
	    cmocka_unit_test(need_is_read),
	    cmocka_unit_test(need_is_inherited),
	    cmocka_unit_test(worst_priority_is_the_vips),
	    cmocka_unit_test(defaults_are_safe),
	    cmocka_unit_test(times_are_read),
	    cmocka_unit_test(hold_downs_fit),
	    cmocka_unit_test(degraded_overlays),
	    cmocka_unit_test(leaving_adds_the_community),
	    cmocka_unit_test(communities_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
