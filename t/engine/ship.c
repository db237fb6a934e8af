/* SPDX-License-Identifier: ISC */

/*
 * What is told elsewhere: documents of all that happens, alerts, and that
 * nothing is told of telling, which would be without end.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/alerts.h"
#include "engine/ship.h"
#include "fakes_ship.h"

#define ES "\"elasticsearch\": {\"urls\": \"https://es1:9200\"}"
#define HOOKS                                                         \
	"\"webhooks\": [{\"name\": \"a\", \"url\": \"https://a/x\"}," \
	"{\"name\": \"b\", \"url\": \"https://b/x\"}]"

static void
start_shipping(const char *logging)
{
	more = logging;
	start(SERVICE_WEB);
	wait_for(record.control != NULL && fake_wanted(VIP));
	was_logged("");
}

/* "a.b" of a document. */
static const char *
at(const json_t *document, const char *group, const char *key)
{
	const json_t *value =
	    json_object_get(json_object_get(document, group), key);

	return json_is_string(value) ? json_string_value(value) : "";
}

/* How many documents are about probes. */
static size_t
fake_ship_probes(void)
{
	const json_t *document;
	size_t i, count = 0;

	json_array_foreach(fake_ship.documents, i, document) {
		count +=
		    strcmp(at(document, "event", "dataset"), "vc5d.probe") == 0;
	}
	return count;
}

static void
all_that_happens_becomes_documents(void **state)
{
	const json_t *o;

	(void)state;
	start_shipping("\"logging\": {" ES "},");
	assert_int_equal(fake_ship_count("started: 1 services on 1 VIPs"), 2);
	o = fake_ship_last("vc5d.history");
	assert_string_equal(at(o, "vc5d", "kind"), "vip");
	assert_string_equal(at(o, "destination", "ip"), VIP);
	alert_raise(engine, "one", ALERT_HIGH, "burning");
	o = fake_ship_last("vc5d.alert");
	assert_string_equal(at(o, "vc5d", "alert"), "one");
	assert_string_equal(at(o, "event", "kind"), "alert");
	o = fake_ship_last("vc5d.log");
	assert_string_equal(at(o, "log", "level"), "error");
	log_debug("is not logged, so not shipped");
	assert_int_equal(fake_ship_count("is not logged"), 0);
	engine_stop(engine);
	assert_true(fake_ship.hurried);
}

/* The line that says that lines can't be sent is not one to be sent. */
static void
nothing_is_shipped_about_shipping(void **state)
{
	size_t before;

	(void)state;
	start_shipping("\"logging\": {" ES "," HOOKS "},");
	before = json_array_size(fake_ship.documents);
	fake_ship.cb(fake_ship.arg, "https://es1:9200: refused");
	assert_true(was_logged("alert (medium) elasticsearch: documents can't "
			       "be sent: https://es1:9200: refused\n"));
	fake_ship.cb(fake_ship.arg, "https://es1:9200: refused again");
	fake_ship.cb(fake_ship.arg, NULL);
	assert_true(was_logged("alert (medium) elasticsearch is over"));
	assert_int_equal(json_array_size(fake_ship.documents), before);
	/* But people are told. */
	assert_int_equal(fake_hook("a")->told, 2);
	assert_string_equal(fake_hook("a")->last,
	    "medium elasticsearch is over: documents are taken again");
	log_notice("something else");
	assert_int_equal(json_array_size(fake_ship.documents), before + 1);
}

static void
a_webhook_is_not_told_of_itself(void **state)
{
	struct fake_hook *a, *b;

	(void)state;
	start_shipping("\"logging\": {" HOOKS "},");
	a = fake_hook("a");
	b = fake_hook("b");
	a->cb(a->arg, "HTTP 404");
	assert_int_equal(a->told, 0);
	assert_int_equal(b->told, 1);
	assert_string_equal(
	    b->last, "medium webhook a: alerts can't be told: HTTP 404");
	a->cb(a->arg, NULL);
	assert_int_equal(b->told, 2);
	assert_int_equal(a->told, 0);
}

static void
an_alert_that_is_over_was_as_bad_as_it_ever_was(void **state)
{
	(void)state;
	start_shipping("\"logging\": {" HOOKS "},");
	alert_raise(engine, "one", ALERT_MEDIUM, "so so");
	alert_raise(engine, "one", ALERT_CRITICAL, "burning");
	assert_string_equal(fake_hook("a")->last, "critical one: burning");
	alert_raise(engine, "one", ALERT_LOW, "smoke");
	assert_int_equal(fake_hook("a")->told, 2);
	alert_clear(engine, "one", "put out");
	assert_string_equal(
	    fake_hook("a")->last, "critical one is over: put out");
}

/* Both fields and a line, of which only one is sent. */
static void
probes_are_logged_where_that_is_said(void **state)
{
	const json_t *o;

	(void)state;
	start_shipping("\"logging\": {" ES "},");
	assert_null(fake_ship_last("vc5d.probe"));
	engine_free(engine);
	event_base_free(base);
	fakes_reset();
	start_shipping("\"log_probes\": true, \"logging\": {" ES "},");
	wait_for(fake_ship_last("vc5d.probe") != NULL);
	o = fake_ship_last("vc5d.probe");
	assert_string_equal(at(o, "service", "name"), "web");
	assert_string_equal(at(o, "destination", "ip"), VIP);
	assert_string_equal(at(o, "event", "outcome"), "success");
	assert_string_equal(at(o, "vc5d", "check"), "tcp:80");
	log_set_verbosity(LOG_NORMAL);
	wait_for(was_logged("tcp:80 check of 10.0.0."));
	assert_int_equal(
	    fake_ship_count("tcp:80 check of"), fake_ship_probes());
}

static void
reload_with(const char *logging)
{
	more = logging;
	reload(SERVICE_WEB);
}

static void
a_reload_follows(void **state)
{
	struct fake_hook *a;

	(void)state;
	start_shipping("\"logging\": {" HOOKS "},");
	assert_null(fake_ship.conf);
	a = fake_hook("a");
	a->cb(a->arg, "HTTP 404");
	reload_with("\"logging\": {" ES ", \"webhooks\": [{\"name\": \"b\","
		    "\"url\": \"https://b/y\"}]},");
	assert_non_null(fake_ship.conf);
	assert_null(fake_hook("a"));
	assert_false(alert_is_raised(engine, "webhook a"));
	assert_string_equal(fake_hook("b")->conf->url.path, "/y");
	/* What it says later reaches where it is now. */
	fake_hook("b")->cb(fake_hook("b")->arg, "HTTP 500");
	assert_true(alert_is_raised(engine, "webhook b"));
	fake_ship.cb(fake_ship.arg, "refused");
	reload_with("");
	assert_null(fake_ship.conf);
	assert_false(alert_is_raised(engine, "elasticsearch"));
	assert_false(alert_is_raised(engine, "webhook b"));
}

static void
the_status_says_how_it_goes(void **state)
{
	json_t *document, *shipping;

	(void)state;
	start_shipping("\"logging\": {" ES "," HOOKS "},");
	assert_false(has_problem("elasticsearch"));
	fake_ship.error = "https://es1:9200: HTTP 401";
	fake_hook("b")->error = "HTTP 404";
	assert_true(has_problem("elasticsearch: https://es1:9200: HTTP 401; 3 "
				"documents wait"));
	assert_true(has_problem("webhook b: HTTP 404; 0 alerts wait"));
	document = engine_document();
	shipping = json_object_get(document, "shipping");
	assert_string_equal(
	    json_string_value(json_object_get(shipping, "level")), "brief");
	assert_string_equal(
	    at(shipping, "elasticsearch", "server"), "https://es1:9200");
	assert_int_equal(
	    json_array_size(json_object_get(shipping, "webhooks")), 2);
	json_decref(document);
}

/* The reply to {"command": "log", "level": level}: its "level", or "". */
static const char *
order_level(const char *level)
{
	static char text[32];
	json_t *request = json_pack("{s:s*}", "level", level),
	       *reply = console_log(engine, request);

	snprintf(text, sizeof(text), "%s",
	    json_is_true(json_object_get(reply, "ok"))
		? json_string_value(json_object_get(reply, "level"))
		: "");
	json_decref(request);
	json_decref(reply);
	return text;
}

static void
the_level_changes_at_run_time(void **state)
{
	(void)state;
	start_shipping("");
	log_set_verbosity(LOG_NORMAL);
	assert_string_equal(order_level(NULL), "brief");
	log_debug("before");
	assert_false(was_logged("before"));
	assert_string_equal(order_level("verbose"), "verbose");
	log_debug("after");
	assert_true(was_logged("after"));
	assert_string_equal(order_level("loud"), "");
	/* A reload that says nothing about it leaves it as it is. */
	reload_with("");
	assert_string_equal(order_level(NULL), "verbose");
	reload_with("\"logging\": {\"level\": \"brief\"},");
	assert_string_equal(order_level(NULL), "brief");
}

static void
lines_can_be_json(void **state)
{
	(void)state;
	start_shipping("\"logging\": {\"format\": \"json\"},");
	log_warnx("a \"quoted\" word");
	assert_true(was_logged("\"log.level\":\"warning\",\"message\":\"a "
			       "\\\"quoted\\\" word\","));
	reload_with("");
	log_warnx("plain");
	assert_true(was_logged(": plain\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_that_happens_becomes_documents),
	    TEST(nothing_is_shipped_about_shipping),
	    TEST(a_webhook_is_not_told_of_itself),
	    TEST(an_alert_that_is_over_was_as_bad_as_it_ever_was),
	    TEST(probes_are_logged_where_that_is_said),
	    TEST(a_reload_follows),
	    TEST(the_status_says_how_it_goes),
	    TEST(the_level_changes_at_run_time),
	    TEST(lines_can_be_json),
	};

	return run_engine_tests(tests);
}
