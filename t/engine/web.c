/* SPDX-License-Identifier: ISC */

/*
 * What the web console is served with, and what it hears.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/web.h"
#include "fakes_web.h"

/* A body, all of it: a new reference. */
static json_t *
get(const char *url)
{
	enum http_step step;
	json_t *body = fake_web_get(url, &step, NULL);

	assert_int_equal(step, HTTP_STEP_END);
	assert_non_null(body);
	return body;
}

static enum http_step
refusal(const char *url)
{
	enum http_step step;

	json_decref(fake_web_get(url, &step, NULL));
	return step;
}

static json_int_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *
text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_string(value));
	return json_string_value(value);
}

static void
resources_have_versions(void **state)
{
	static const char *const urls[] = {"/config.json", "/destinations.json",
	    "/history.json", "/log.json", "/prefixes.json", "/series.json",
	    "/service.json?id=192.0.2.1:80/tcp"};
	json_t *body;
	size_t i;

	(void)state;
	start(SERVICE_WEB);
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		body = get(urls[i]);
		assert_int_equal(number(body, "version"), 1);
		json_decref(body);
	}
	body = get("/overview.json");
	assert_int_equal(number(body, "api"), 1);
	json_decref(body);
	body = get("/status.json");
	assert_int_equal(number(body, "api"), 1);
	json_decref(body);
}

static void
the_configuration_is_masked(void **state)
{
	json_t *body, *conf;

	(void)state;
	more = "\"webserver\": {\"users\": {\"ann\": \"$6$salt$hash\"}},";
	start(SERVICE_WEB);
	body = get("/config.json");
	assert_string_equal(text(body, "file"), file);
	conf = json_object_get(json_object_get(body, "config"), "webserver");
	assert_string_equal(
	    text(json_object_get(conf, "users"), "ann"), "********");
	json_decref(body);
}

static void
a_service_is_told_with_its_servers(void **state)
{
	unsigned pieces;
	json_t *body, *list;

	(void)state;
	start_many(45);
	body = fake_web_get("/service.json?id=" MANY_KEY, NULL, &pieces);
	assert_int_equal(pieces, 3);
	assert_string_equal(text(body, "id"), MANY_KEY);
	assert_string_equal(text(body, "name"), "many");
	list = json_object_get(body, "destinations");
	assert_int_equal(json_array_size(list), 45);
	assert_true(
	    json_is_object(json_object_get(json_array_get(list, 44), "rates")));
	json_decref(body);
	assert_int_equal(refusal("/service.json"), HTTP_STEP_BAD_QUERY);
	assert_int_equal(
	    refusal("/service.json?id=192.0.2.1:81/tcp"), HTTP_STEP_NOT_FOUND);
	assert_int_equal(refusal("/service.json?id=many"), HTTP_STEP_NOT_FOUND);
	assert_int_equal(
	    refusal("/series.json?service=nope"), HTTP_STEP_NOT_FOUND);
}

static void
all_destinations_are_rows(void **state)
{
	json_t *body, *rows, *row;

	(void)state;
	fake_server(B)->answers = false;
	start_many(60);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	body = get("/destinations.json");
	rows = json_object_get(body, "rows");
	assert_int_equal(json_array_size(rows), 62);
	row = json_array_get(rows, 0);
	assert_int_equal(json_array_size(row),
	    json_array_size(json_object_get(body, "columns")));
	assert_string_equal(json_string_value(json_array_get(row, 0)), WEB);
	assert_string_equal(json_string_value(json_array_get(row, 1)), "web");
	assert_string_equal(json_string_value(json_array_get(row, 2)), A);
	assert_string_equal(json_string_value(json_array_get(row, 3)), "up");
	assert_true(json_is_true(json_array_get(row, 4)));
	row = json_array_get(rows, 1);
	assert_string_equal(json_string_value(json_array_get(row, 3)), "down");
	assert_false(json_is_true(json_array_get(row, 4)));
	json_decref(body);
}

static void
limits_are_numbers(void **state)
{
	static const char *const wrong[] = {"/log.json?limit=0",
	    "/log.json?limit=-1", "/log.json?limit=1x", "/log.json?limit=+1",
	    "/history.json?limit=", "/history.json?subject="};
	json_t *body;
	size_t i;

	(void)state;
	start(SERVICE_WEB);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(refusal(wrong[i]), HTTP_STEP_BAD_QUERY);
	body = get("/history.json?limit=1&subject=web");
	assert_true(json_array_size(json_object_get(body, "history")) <= 1);
	json_decref(body);
}

static void
the_last_lines_are_kept(void **state)
{
	json_t *body, *list;
	unsigned i;

	(void)state;
	start(SERVICE_WEB);
	for (i = 0; i < 700; i++)
		log_warnx("line %u of \xff%s", i, "\"them\"");
	body = get("/log.json");
	list = json_object_get(body, "log");
	assert_int_equal(json_array_size(list), 500);
	assert_string_equal(text(json_array_get(list, 499), "text"),
	    "line 699 of \\377\"them\"");
	assert_string_equal(
	    text(json_array_get(list, 0), "text"), "line 200 of \\377\"them\"");
	assert_string_equal(
	    text(json_array_get(list, 499), "priority"), "warning");
	json_decref(body);
	body = get("/log.json?limit=2");
	list = json_object_get(body, "log");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(
	    text(json_array_get(list, 1), "text"), "line 699 of \\377\"them\"");
	json_decref(body);
}

static void
who_listens_hears_what_happens(void **state)
{
	const struct fake_event *event;

	(void)state;
	start(SERVICE_WEB);
	log_warnx("nobody listens");
	engine_reload(engine);
	assert_int_equal(fake_web.event_count, 0);
	fake_web_listen(0);
	log_warnx("somebody listens");
	event = fake_web_last("log");
	assert_string_equal(text(event->data, "text"), "somebody listens");
	assert_int_equal(event->id, 0);
	engine_reload(engine);
	event = fake_web_last("history");
	assert_string_equal(text(event->data, "to"), "reloaded");
	assert_true(event->id > 0);
	assert_int_equal(number(event->data, "number"), event->id);
}

static void
who_comes_back_hears_what_he_missed(void **state)
{
	uint64_t last;

	(void)state;
	start(SERVICE_WEB);
	fake_web_listen(0);
	engine_reload(engine);
	last = fake_web_last("history")->id;
	fake_web.listens = false;
	engine_reload(engine);
	engine_reload(engine);
	assert_int_equal(fake_web_last("history")->id, last);
	fake_web_listen(last);
	assert_int_equal(fake_web_count("history"), 3);
	assert_int_equal(fake_web_last("history")->id, last + 2);
}

static void
an_overview_comes_while_somebody_listens(void **state)
{
	const struct fake_event *event;
	unsigned count;

	(void)state;
	start(SERVICE_WEB);
	fake_web_listen(0);
	fake_web.service = WEB;
	wait_for(
	    fake_web_count("overview") >= 2 && fake_web_count("service") >= 1);
	event = fake_web_last("overview");
	assert_null(json_object_get(
	    json_array_get(json_object_get(event->data, "services"), 0),
	    "destinations"));
	event = fake_web_last("service");
	assert_string_equal(text(event->data, "id"), WEB);
	count = fake_web_count("overview");
	assert_true(fake_web_count("service") <= count);
	fake_web.listens = false;
	web_tick(engine, monotime_ms() + 5000);
	assert_int_equal(fake_web_count("overview"), count);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(resources_have_versions),
	    TEST(the_configuration_is_masked),
	    TEST(a_service_is_told_with_its_servers),
	    TEST(all_destinations_are_rows),
	    TEST(limits_are_numbers),
	    TEST(the_last_lines_are_kept),
	    TEST(who_listens_hears_what_happens),
	    TEST(who_comes_back_hears_what_he_missed),
	    TEST(an_overview_comes_while_somebody_listens),
	};

	return run_engine_tests(tests);
}
