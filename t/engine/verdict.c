/* SPDX-License-Identifier: ISC */

/*
 * What comes of probes' results beside a state: what agents want, what
 * certificates are warned of, and what is told and counted.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE(checks) NAMED("web", checks)
#define NAMED(name, checks)                            \
	"{\"name\": \"" name "\", \"virtual\": \"" VIP \
	"\", \"servers\": [\"" A "\", \"" B            \
	"\"], \"policy\": {\"80\": {\"checks\": [" checks "]}}}"
#define TCP   "{\"type\": \"tcp\"}"
#define HTTP  "{\"type\": \"http\"}"
#define AGENT "{\"type\": \"agent\", \"port\": 9707}"

static bool
all_are(enum destination_state state)
{
	return fake_state(WEB, A) == state && fake_state(WEB, B) == state;
}

static unsigned
withheld(void)
{
	return fake_service(WEB)->destinations[0].withheld;
}

/* All agents say so from now on. */
static void
advise(enum check_advice state, int weight)
{
	world.report.agent.state = state;
	world.report.agent.weight = weight;
}

static void
an_agent_drains_and_takes_out_a_server(void **state)
{
	(void)state;
	advise(CHECK_ADVICE_UP, -1);
	start(SERVICE(TCP "," AGENT));
	wait_for(all_are(DESTINATION_UP));
	advise(CHECK_ADVICE_DRAIN, -1);
	wait_for(all_are(DESTINATION_DRAINING));
	advise(CHECK_ADVICE_DOWN, -1);
	wait_for(all_are(DESTINATION_DOWN));
	assert_true(was_logged("is down, as its agent says, was draining"));
	/* Nothing said is no change. */
	advise(CHECK_ADVICE_NONE, -1);
	wait_for(record.probes_running == 0);
	wait_for(record.probes_running > 0);
	assert_true(all_are(DESTINATION_DOWN));
	advise(CHECK_ADVICE_UP, -1);
	wait_for(all_are(DESTINATION_UP));
}

static void
an_agent_lowers_the_weight(void **state)
{
	(void)state;
	advise(CHECK_ADVICE_NONE, 100);
	start(SERVICE(AGENT));
	wait_for(all_are(DESTINATION_UP));
	assert_int_equal(withheld(), 0);
	advise(CHECK_ADVICE_NONE, 30);
	wait_for(withheld() == 70);
	assert_true(all_are(DESTINATION_UP));
	/* It stays until something else is said. */
	advise(CHECK_ADVICE_UP, -1);
	wait_for(record.probes_running == 0);
	wait_for(record.probes_running > 0);
	assert_int_equal(withheld(), 70);
	advise(CHECK_ADVICE_NONE, 0);
	wait_for(all_are(DESTINATION_DRAINING));
	advise(CHECK_ADVICE_NONE, 100);
	wait_for(all_are(DESTINATION_UP) && withheld() == 0);
}

static void
an_agent_that_is_asked_no_more_has_no_say(void **state)
{
	(void)state;
	advise(CHECK_ADVICE_DRAIN, 50);
	start(SERVICE(TCP "," AGENT));
	wait_for(all_are(DESTINATION_DRAINING));
	reload(SERVICE(AGENT "," HTTP));
	assert_true(all_are(DESTINATION_DRAINING));
	reload(SERVICE(HTTP));
	wait_for(all_are(DESTINATION_UP) && withheld() == 0);
}

static size_t
alerts(void)
{
	json_t *document = engine_document();
	size_t count = json_array_size(json_object_get(document, "alerts"));

	json_decref(document);
	return count;
}

static void
a_certificate_that_expires_is_an_alert(void **state)
{
	(void)state;
	start(SERVICE(TCP));
	wait_for(all_are(DESTINATION_UP));
	assert_int_equal(alerts(), 0);
	snprintf(world.report.warning, sizeof(world.report.warning),
	    "certificate expires in 6 days");
	wait_for(alerts() == 2);
	assert_true(was_logged("certificate web " WEB " " A));
	world.report.warning[0] = '\0';
	wait_for(alerts() == 0);
	snprintf(world.report.warning, sizeof(world.report.warning),
	    "certificate expires in 5 days");
	wait_for(alerts() == 2);
	write_conf(SERVICE(HTTP));
	world.report.warning[0] = '\0';
	assert_int_equal(engine_reload(engine), 0);
	assert_int_equal(alerts(), 0);
}

/* Each server has an alert, whose id has the service's name in it. */
static void
a_certificate_alert_follows_its_service(void **state)
{
	(void)state;
	start(SERVICE(TCP));
	snprintf(world.report.warning, sizeof(world.report.warning),
	    "certificate expires in 6 days");
	wait_for(alerts() == 2);
	reload(NAMED("shop", TCP));
	assert_int_equal(alerts(), 2);
	assert_true(was_logged("certificate shop " WEB " " A));
	world.report.warning[0] = '\0';
	wait_for(alerts() == 0);
}

static void
a_transition_is_told_with_its_transcript(void **state)
{
	static const char told[] =
	    "http check of " A
	    " fails: failed: HTTP 503; connect 0.300 ms, first byte 1.250 ms; "
	    "sent \"GET / HTTP/1.1\"; received \"HTTP/1.1 503\"";

	(void)state;
	start(SERVICE(HTTP));
	wait_for(all_are(DESTINATION_UP));
	world.report = (struct check_result){
	    .detail = "HTTP 503",
	    .sent = "GET / HTTP/1.1",
	    .received = "HTTP/1.1 503",
	    .phase =
		{
		    [CHECK_PHASE_CONNECT] = 300,
		    [CHECK_PHASE_FIRST_BYTE] = 1250,
		},
	};
	world.fails[CHECK_HTTP] = true;
	wait_for(all_are(DESTINATION_DOWN));
	assert_true(was_logged(told));
}

/* Of the document: the value at these keys, the last one of a number. */
static json_int_t
number_at(const char *key, const char *next, const char *last)
{
	json_t *document = engine_document(), *service;
	json_int_t number;

	service = json_array_get(json_object_get(document, "services"), 0);
	service = json_object_get(service, key);
	if (next != NULL)
		service = json_object_get(service, next);
	number = json_integer_value(json_object_get(service, last));
	json_decref(document);
	return number;
}

static void
transitions_and_latencies_are_counted(void **state)
{
	json_int_t probes;

	(void)state;
	world.report.phase[CHECK_PHASE_CONNECT] = 700;
	start(SERVICE(HTTP));
	wait_for(all_are(DESTINATION_UP));
	assert_int_equal(number_at("transitions", NULL, "up"), 2);
	assert_int_equal(number_at("transitions", NULL, "down"), 0);
	world.fails[CHECK_HTTP] = true;
	wait_for(all_are(DESTINATION_DOWN));
	assert_int_equal(number_at("transitions", NULL, "down"), 2);
	probes = number_at("latency", "connect", "count");
	assert_true(probes >= 8);
	assert_int_equal(number_at("latency", "connect", "sum"), 700 * probes);
	assert_int_equal(number_at("latency", "tls", "count"), 0);
	assert_int_equal(engine_reload(engine), 0);
	assert_true(number_at("latency", "connect", "count") >= probes);
	assert_int_equal(number_at("transitions", NULL, "down"), 2);
}

#define SIX_PORTS                                                      \
	"\"80\": {}, \"81\": {}, \"82\": {}, \"83\": {}, \"84\": {}, " \
	"\"85\": {}"
#define SIX_SERVERS                                                        \
	"\"" A "\", \"" B "\", \"10.0.0.3\", \"10.0.0.4\", \"10.0.0.5\", " \
	"\"10.0.0.6\""

/* As many as nobody could read are a number. */
static void
first_results_are_counted(void **state)
{
	(void)state;
	start(
	    "{\"name\": \"web\", \"virtual\": \"" VIP
	    "\", \"servers\": [" SIX_SERVERS "], \"policy\": {" SIX_PORTS "}}");
	wait_for(was_logged("first results: "));
	/* What comes later is a line again. */
	fake_server(A)->answers = false;
	wait_for(was_logged("tcp check of " A " fails"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(first_results_are_counted),
	    TEST(an_agent_drains_and_takes_out_a_server),
	    TEST(an_agent_lowers_the_weight),
	    TEST(an_agent_that_is_asked_no_more_has_no_say),
	    TEST(a_certificate_that_expires_is_an_alert),
	    TEST(a_certificate_alert_follows_its_service),
	    TEST(a_transition_is_told_with_its_transcript),
	    TEST(transitions_and_latencies_are_counted),
	};

	return run_engine_tests(tests);
}
