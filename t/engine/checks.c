/* SPDX-License-Identifier: ISC */

/*
 * Health checks as the engine plans them: what they make of servers over
 * reloads, how often they look, and what they may take.
 */

#include "harness.h"

#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE(checks)                                                    \
	"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A \
	"\", \"" B "\"], \"policy\": {\"80\": {\"checks\": [" checks "]}}}"
#define TCP   "{\"type\": \"tcp\"}"
#define HTTP  "{\"type\": \"http\"}"
#define ALIVE "{\"type\": \"http\", \"path\": \"/alive\", \"rise\": 9}"

/* A busy machine may be at the next probe when a test sees a state. */

static bool
both_up(void)
{
	return fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP;
}

static void
a_new_server_enters_when_all_checks_have_passed_once(void **state)
{
	(void)state;
	world.fails[CHECK_HTTP] = true;
	start(SERVICE(TCP "," HTTP));
	wait_for(fake_server(A)->probes > 4);
	assert_int_equal(fake_state(WEB, A), DESTINATION_DOWN);
	world.fails[CHECK_HTTP] = false;
	wait_for(both_up());
}

static void
a_check_that_is_removed_counts_no_more(void **state)
{
	(void)state;
	world.fails[CHECK_HTTP] = true;
	start(SERVICE(TCP "," HTTP));
	wait_for(fake_server(A)->probes > 4 && fake_server(B)->probes > 4);
	assert_int_equal(fake_state(WEB, A), DESTINATION_DOWN);
	reload(SERVICE(TCP));
	assert_true(both_up());
}

static void
another_check_brings_a_server_down_by_fall_failures(void **state)
{
	unsigned probes;

	(void)state;
	start(SERVICE(TCP));
	wait_for(both_up());
	wait_for(record.probes_running == 0);
	world.fails[CHECK_HTTP] = true;
	probes = fake_server(A)->probes;
	reload(SERVICE(HTTP));
	assert_true(both_up());
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_true(fake_server(A)->probes - probes >= 3);
}

static void
a_mended_check_brings_a_server_up_at_once(void **state)
{
	unsigned probes;

	(void)state;
	world.fails[CHECK_HTTP] = true;
	start(SERVICE(HTTP));
	wait_for(fake_server(A)->probes > 2);
	wait_for(record.probes_running == 0);
	world.fails[CHECK_HTTP] = false;
	probes = fake_server(A)->probes;
	reload(SERVICE(ALIVE));
	assert_int_equal(fake_state(WEB, A), DESTINATION_DOWN);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_true(fake_server(A)->probes - probes < 9);
}

/* It asks the same: it goes on with what it has found out. */
static void
a_check_with_other_times_keeps_its_state(void **state)
{
	unsigned probes;

	(void)state;
	fake_server(A)->answers = false;
	start(SERVICE(TCP));
	wait_for(fake_server(A)->probes > 2);
	wait_for(record.probes_running == 0);
	fake_server(A)->answers = true;
	probes = fake_server(A)->probes;
	reload(SERVICE("{\"type\": \"tcp\", \"rise\": 4}"));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_true(fake_server(A)->probes - probes >= 4);
}

/* Up, as a predecessor says; the interval alone would outlast the test. */
static void
what_changes_is_looked_at_more_often(void **state)
{
	(void)state;
	fake_leave(VIP, 80, A, DESTINATION_UP);
	fake_server(A)->answers = false;
	start(SERVICE("{\"type\": \"tcp\", \"interval\": 100, "
		      "\"fast_interval\": 0.1}"));
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_true(fake_server(A)->probes >= 3);
	assert_int_equal(fake_server(B)->probes, 1);
}

/*
 * One server that is looked at once in a long time, and another whose checks
 * are the test's clock.
 */
#define TWO(description)                                                       \
	"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A     \
	"\"], \"description\": \"" description "\", \"policy\": {\"80\": "     \
	"{\"checks\": [{\"type\": \"tcp\", \"interval\": 1000}]}}},"           \
	"{\"name\": \"clock\", \"virtual\": \"192.0.2.2\", \"servers\": [\"" B \
	"\"], \"policy\": {\"80\": {\"checks\": [" TCP "]}}}"

static void
a_probe_that_outlasts_a_reload_brings_no_other_at_once(void **state)
{
	unsigned probes;

	(void)state;
	fake_leave(VIP, 80, A, DESTINATION_UP);
	fake_server(A)->holds = true;
	start(TWO("before"));
	wait_for(fake_server(A)->probes == 1);
	reload(TWO("after"));
	probes = fake_server(B)->probes;
	fake_server(A)->holds = false;
	wait_for(fake_server(B)->probes > probes + 3);
	assert_int_equal(fake_server(A)->probes, 1);
}

static void
probes_that_wait_are_a_problem(void **state)
{
	(void)state;
	more = "\"limits\": {\"probes\": 7},";
	start(SERVICE(TCP));
	assert_int_equal(record.probe_limit, 7);
	assert_false(has_problem("health checks have to wait"));
	world.load.put_off = 1;
	wait_for(has_problem("health checks have to wait"));
	assert_true(was_logged("limits.probes, 7, allows no more"));
}

/* Where there are no commands, they are no problem. */
static void
commands_that_go_another_way_are_a_problem(void **state)
{
	(void)state;
	world.exec_problem = "no cgroup2";
	start(SERVICE(TCP));
	wait_for(both_up());
	assert_false(has_problem("what checks by commands"));
	write_conf(
	    SERVICE("{\"type\": \"exec\", \"command\": [\"/bin/true\"]}"));
	assert_int_equal(engine_reload(engine), 0);
	assert_true(
	    has_problem("what checks by commands (\"exec\") send to "
			"VIPs goes where this host's routes lead, maybe "
			"not to the server: no cgroup2"));
	world.exec_problem = NULL;
	assert_false(has_problem("what checks by commands"));
}

/* This lowers what the process may do, for good: so it is the last one. */
static void
a_reload_that_takes_too_many_files_is_refused(void **state)
{
	static const struct rlimit few = {.rlim_cur = 258, .rlim_max = 258};
	json_t *document;

	(void)state;
	if (setrlimit(RLIMIT_NOFILE, &few) == -1)
		fail_msg("setrlimit");
	start(SERVICE(TCP));
	wait_for(both_up());
	write_conf(SERVICE(TCP "," HTTP));
	if (engine_reload(engine) == 0) {
		print_message("# this process may raise its hard limit\n");
		return;
	}
	document = engine_document();
	assert_non_null(strstr(
	    json_string_value(json_array_get(
		json_object_get(json_object_get(document, "config"), "errors"),
		0)),
	    ": needs 260 open files, 4 of them for health checks, and the "
	    "limit is 258: raise it"));
	json_decref(document);
	assert_true(both_up());
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_new_server_enters_when_all_checks_have_passed_once),
	    TEST(a_check_that_is_removed_counts_no_more),
	    TEST(another_check_brings_a_server_down_by_fall_failures),
	    TEST(a_mended_check_brings_a_server_up_at_once),
	    TEST(a_check_with_other_times_keeps_its_state),
	    TEST(what_changes_is_looked_at_more_often),
	    TEST(a_probe_that_outlasts_a_reload_brings_no_other_at_once),
	    TEST(probes_that_wait_are_a_problem),
	    TEST(commands_that_go_another_way_are_a_problem),
	    TEST(a_reload_that_takes_too_many_files_is_refused),
	};

	return run_engine_tests(tests);
}
