/* SPDX-License-Identifier: ISC */

/*
 * The engine and sync: which VIPs wait until flows are known, settings and
 * keys at a start, reload and stop, and what instances compare.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/conf.h"
#include "fakes_sync.h"

#define SYNC                                                         \
	"\"sync\": {\"interface\": \"eth2\", \"key\": \"/etc/key\"," \
	" \"instance\": \"lb1\"},"

static const char web[] = SERVICE_WEB;

static int
sync_setup(void **state)
{
	fake_sync_reset();
	return setup(state);
}

static int
sync_teardown(void **state)
{
	int result = teardown(state);

	return fake_sync.keys != 0 ? -1 : result;
}

#define SYNC_TEST(function) \
	cmocka_unit_test_setup_teardown(function, sync_setup, sync_teardown)

static bool
document_says(const char *key, bool value)
{
	json_t *document = engine_document();
	json_t *is = json_object_get(json_object_get(document, "sync"), key);
	bool result = json_is_boolean(is) && json_is_true(is) == value;

	json_decref(document);
	return result;
}

static void
without_it_nothing_waits(void **state)
{
	(void)state;
	fake_sync.learning = true;
	start(web);
	wait_for(fake_wanted(VIP));
	assert_int_equal(fake_sync.news, 0);
	assert_true(document_says("enabled", false));
}

static void
new_vips_wait_until_flows_are_known(void **state)
{
	unsigned probes;

	(void)state;
	more = SYNC;
	fake_sync.learning = true;
	start(web);
	assert_int_equal(fake_sync.news, 1);
	assert_string_equal(fake_sync.instance, "lb1");
	assert_string_equal(fake_sync.cluster, "vc5d");
	assert_string_equal(fake_sync.interface, "eth2");
	wait_for(fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
	probes = fake_server(A)->probes;
	wait_for(fake_server(A)->probes > probes + 2);
	assert_false(fake_wanted(VIP));
	assert_true(document_says("enabled", true));
	assert_true(document_says("learning", true));
	fake_sync.learning = false;
	fake_sync.callbacks->learnt(fake_sync.arg);
	wait_for(fake_wanted(VIP));
	assert_true(document_says("learning", false));
}

static void
vips_taken_over_do_not_wait(void **state)
{
	unsigned probes;

	(void)state;
	more = SYNC;
	fake_sync.learning = true;
	fake_leave(VIP, 80, A, DESTINATION_UP);
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	      "[\"" A "\"], \"policy\": {\"80\": {}}},"
	      "{\"name\": \"new\", \"virtual\": \"192.0.2.2\", \"servers\": "
	      "[\"" A "\"], \"policy\": {\"80\": {}}}");
	assert_true(fake_wanted(VIP));
	wait_for(fake_state("192.0.2.2:80/tcp", A) == DESTINATION_UP);
	probes = fake_server(A)->probes;
	wait_for(fake_server(A)->probes > probes + 3);
	assert_true(fake_wanted(VIP));
	assert_false(fake_wanted("192.0.2.2"));
}

/* What it was when its predecessor was killed, it still is. */
static void
vips_that_were_not_announced_do(void **state)
{
	unsigned probes;

	(void)state;
	more = SYNC;
	fake_sync.learning = true;
	fake_leave(VIP, 80, A, DESTINATION_UP);
	record.services[0].answers = false;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	      "[\"" A "\"], \"policy\": {\"80\": {}}}");
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	probes = fake_server(A)->probes;
	wait_for(fake_server(A)->probes > probes + 3);
	assert_false(fake_wanted(VIP));
	fake_sync.learning = false;
	fake_sync.callbacks->learnt(fake_sync.arg);
	wait_for(fake_wanted(VIP));
}

static void
it_does_not_start_without_keys(void **state)
{
	struct conf_errors errors = {0};
	struct conf *conf;

	(void)state;
	more = SYNC;
	fake_sync.no_keys = true;
	write_conf(web);
	conf = conf_load(file, &errors);
	assert_non_null(conf);
	base = event_base_new();
	assert_null(engine_new(base, fake_dataplane(), conf));
	assert_true(was_logged("/etc/key: no keys today"));
}

static void
a_reload_without_keys_is_refused(void **state)
{
	json_t *document, *errors;

	(void)state;
	more = SYNC;
	start(web);
	wait_for(fake_wanted(VIP));
	fake_sync.no_keys = true;
	write_conf("");
	assert_int_equal(engine_reload(engine), -1);
	document = engine_document();
	errors = json_object_get(json_object_get(document, "config"), "errors");
	assert_int_equal(json_array_size(errors), 1);
	assert_string_equal(json_string_value(json_array_get(errors, 0)),
	    "/etc/key: no keys today");
	json_decref(document);
	assert_true(fake_wanted(VIP));
	assert_int_equal(fake_sync.configures, 0);
	fake_sync.no_keys = false;
	reload(web);
	assert_int_equal(fake_sync.configures, 1);
	assert_int_equal(fake_sync.news, 1);
}

/* Neither the keys of one reload nor those of the next are left over. */
static void
keys_of_a_reload_that_is_refused_are_not_used(void **state)
{
	(void)state;
	more = SYNC;
	start(web);
	write_conf("{\"name\": 4}");
	assert_int_equal(engine_reload(engine), -1);
	assert_int_equal(fake_sync.keys, 1);
	reload(web);
	assert_int_equal(fake_sync.keys, 1);
}

static void
it_comes_and_goes_with_reloads(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	more = SYNC;
	fake_sync.learning = true;
	reload(web);
	assert_int_equal(fake_sync.news, 1);
	assert_true(fake_wanted(VIP));
	more = "\"sync\": {\"interface\": \"eth3\", \"key\": \"/etc/key\","
	       " \"cluster\": \"east\", \"bandwidth\": 5000000},";
	reload(web);
	assert_int_equal(fake_sync.configures, 1);
	assert_string_equal(fake_sync.interface, "eth3");
	assert_string_equal(fake_sync.cluster, "east");
	assert_int_equal(fake_sync.bandwidth, 5000000);
	more = "";
	reload(web);
	assert_int_equal(fake_sync.leaves, 1);
	assert_int_equal(fake_sync.frees, 1);
	assert_int_equal(fake_sync.keys, 0);
	assert_true(fake_wanted(VIP));
}

static void
others_are_told_at_the_very_end(void **state)
{
	(void)state;
	more = SYNC;
	start(web);
	wait_for(fake_wanted(VIP));
	engine_stop(engine);
	assert_int_equal(fake_sync.leaves, 0);
	wait_for(record.stops > 0);
	assert_int_equal(fake_sync.leaves, 1);
	assert_int_equal(fake_sync.frees, 1);
}

static void
an_instance_is_called_as_its_host(void **state)
{
	char host[256] = "";

	(void)state;
	more = "\"sync\": {\"interface\": \"eth2\", \"key\": \"/etc/key\"},";
	start(web);
	gethostname(host, sizeof(host) - 1);
	assert_int_equal(strncmp(fake_sync.instance, host, SYNC_NAME_MAX), 0);
}

static void
problems_are_shown(void **state)
{
	(void)state;
	more = SYNC;
	fake_sync.problem = "interface eth2 does not exist";
	fake_sync.namesake = true;
	start(web);
	assert_true(has_problem("sync: interface eth2 does not exist"));
	assert_true(has_problem("sync: another instance is called lb1 too"));
	fake_sync.problem = NULL;
	fake_sync.namesake = false;
	assert_false(has_problem("sync"));
}

/* What of the view differs between two configurations and states. */

static void
see(const char *services)
{
	unsigned sees;

	write_conf(services);
	sees = fake_sync.sees;
	if (engine == NULL)
		start(services);
	else
		assert_int_equal(engine_reload(engine), 0);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	wait_for(fake_sync.sees > sees);
}

static void
instances_compare_what_matters(void **state)
{
	static const struct {
		const char *services;
		bool config; /* differs from the first */
	} cases[] = {
	    {"{\"name\": \"other\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[\"" A "\"], \"need\": 0, \"policy\": {\"80\": {}}}",
		false},
	    {"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[\"" A "\", \"" B "\"], \"policy\": {\"80\": {}}}",
		true},
	    {"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[{\"address\": \"" A "\", \"weight\": 2}], "
	     "\"policy\": {\"80\": {}}}",
		true},
	    {"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[\"" A "\"], \"sticky\": true, \"policy\": {\"80\": {}}}",
		true},
	    {"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[\"" A "\"], \"scheduler\": \"rendezvous\", "
	     "\"policy\": {\"80\": {}}}",
		true},
	    {"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	     "[\"" A "\"], \"idle\": 77, \"policy\": {\"80\": {}}}",
		true},
	};
	struct sync_service first;
	uint64_t config;
	size_t i;

	(void)state;
	more = SYNC;
	see("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\"], \"policy\": {\"80\": {}}}");
	first = fake_sync.seen[0];
	config = fake_sync.digests.config;
	assert_int_equal(fake_sync.seen_count, 1);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		see(cases[i].services);
		assert_int_equal(fake_sync.seen_count, 1);
		if (cases[i].config) {
			assert_int_not_equal(
			    fake_sync.seen[0].config, first.config);
			assert_int_not_equal(fake_sync.digests.config, config);
		} else {
			assert_int_equal(
			    fake_sync.seen[0].config, first.config);
			assert_int_equal(fake_sync.digests.config, config);
		}
	}
}

static void
health_and_tables_are_compared(void **state)
{
	struct sync_digests up;
	uint32_t config;
	unsigned ticks;

	(void)state;
	more = SYNC;
	start("{\"name\": \"six\", \"virtual\": \"" VIP6 "\", \"servers\": "
	      "[\"fd00::1\"], \"policy\": {\"80\": {}}}," SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP &&
	    fake_state("[" VIP6 "]:80/tcp", "fd00::1") == DESTINATION_UP);
	ticks = record.ticks;
	wait_for(record.ticks > ticks + 1);
	assert_int_equal(fake_sync.seen_count, 2);
	assert_true(sync_service_order(
			&fake_sync.seen[0].key, &fake_sync.seen[1].key) < 0);
	up = fake_sync.digests;
	config = fake_sync.seen[1].config;
	fake_server(A)->answers = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	wait_for(fake_sync.digests.health != up.health);
	assert_int_equal(fake_sync.digests.config, up.config);
	assert_int_equal(fake_sync.seen[1].config, config);
	fake_server(A)->answers = true;
	wait_for(fake_sync.digests.health == up.health);
}

/* Many tables take a while to go through: the loop turns meanwhile. */
static void
digests_of_many_tables_hold_nothing_up(void **state)
{
	unsigned digests, sees;

	(void)state;
	more = SYNC;
	start("{\"name\": \"web\", \"virtual\": [\"192.0.2.1\", \"192.0.2.2\", "
	      "\"192.0.2.3\", \"192.0.2.4\", \"192.0.2.5\", \"192.0.2.6\"], "
	      "\"servers\": [\"" A "\"], \"policy\": {\"80\": {}}}");
	wait_for(record.wanted_count == 6 && fake_sync.seen_count == 6);
	world.digest_takes = 30;
	digests = record.digests;
	sees = fake_sync.sees;
	assert_int_equal(engine_reload(engine), 0);
	assert_true(record.digests - digests < 6);
	wait_for(fake_sync.sees > sees);
	assert_true(record.digests - digests >= 6);
}

static void
tables_are_not_compared_while_weights_rise(void **state)
{
	(void)state;
	more = SYNC;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	      "[\"" A "\", \"" B "\"], \"slow_start\": 2, "
	      "\"policy\": {\"80\": {}}}");
	wait_for(fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
	wait_for(fake_sync.digests.tables != 0);
	fake_server(A)->answers = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	fake_server(A)->answers = true;
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	wait_for(fake_sync.digests.tables == 0);
	wait_for(fake_sync.digests.tables != 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    SYNC_TEST(without_it_nothing_waits),
	    SYNC_TEST(new_vips_wait_until_flows_are_known),
	    SYNC_TEST(vips_taken_over_do_not_wait),
	    SYNC_TEST(vips_that_were_not_announced_do),
	    SYNC_TEST(it_does_not_start_without_keys),
	    SYNC_TEST(a_reload_without_keys_is_refused),
	    SYNC_TEST(keys_of_a_reload_that_is_refused_are_not_used),
	    SYNC_TEST(it_comes_and_goes_with_reloads),
	    SYNC_TEST(others_are_told_at_the_very_end),
	    SYNC_TEST(an_instance_is_called_as_its_host),
	    SYNC_TEST(problems_are_shown),
	    SYNC_TEST(instances_compare_what_matters),
	    SYNC_TEST(health_and_tables_are_compared),
	    SYNC_TEST(digests_of_many_tables_hold_nothing_up),
	    SYNC_TEST(tables_are_not_compared_while_weights_rise),
	};

	return run_engine_tests(tests);
}
