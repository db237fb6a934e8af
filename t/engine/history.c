/* SPDX-License-Identifier: ISC */

/*
 * The history: what the engine notes, and what the control socket's command
 * "history" tells of it.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/history.h"
#include "engine/private.h"

static const char web[] = SERVICE_WEB;

/* The reply to a request: a new reference. */
static json_t *
ask(const char *key, json_t *value)
{
	json_t *request = json_pack("{s:s}", "command", "history"), *reply;

	if (key != NULL)
		json_object_set_new(request, key, value);
	wait_for(record.control != NULL);
	reply = record.control(record.control_arg, request);
	json_decref(request);
	return reply;
}

static json_t *
ask_about(const char *subject)
{
	return ask("subject", json_string(subject));
}

static const char *
text_of(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

/* Events of this kind about subject that end in a state. */
static unsigned
count(const char *kind, const char *subject, const char *to)
{
	json_t *reply = ask_about(subject), *event;
	unsigned found = 0;
	size_t i;

	json_array_foreach(json_object_get(reply, "history"), i, event) {
		found += strcmp(text_of(event, "kind"), kind) == 0 &&
		    strcmp(text_of(event, "to"), to) == 0;
	}
	json_decref(reply);
	return found;
}

/* The last event about subject has these texts. */
static void
assert_last(const char *subject, const char *kind, const char *from,
    const char *to, const char *reason)
{
	json_t *reply = ask_about(subject), *list, *event;

	list = json_object_get(reply, "history");
	assert_true(json_array_size(list) > 0);
	event = json_array_get(list, json_array_size(list) - 1);
	assert_string_equal(text_of(event, "kind"), kind);
	assert_string_equal(text_of(event, "from"), from);
	assert_string_equal(text_of(event, "to"), to);
	assert_string_equal(text_of(event, "reason"), reason);
	json_decref(reply);
}

static void
each_transition_is_noted_once(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP) && fake_state(WEB, B) == DESTINATION_UP);
	assert_int_equal(count("check", A, "up"), 1);
	assert_int_equal(count("destination", A, "up"), 1);
	assert_int_equal(count("vip", VIP, "announced"), 1);
	fake_server(A)->answers = fake_server(B)->answers = false;
	wait_for(!fake_wanted(VIP));
	assert_int_equal(count("check", A, "down"), 1);
	assert_int_equal(count("destination", A, "down"), 1);
	assert_int_equal(count("vip", VIP, "withdrawn"), 1);
	assert_last(A, "destination", "up", "down", "tcp:80: failed");
	assert_last("tcp:80", "check", "up", "down", "failed");
}

static void
reloads_are_noted(void **state)
{
	(void)state;
	start(web);
	assert_last(file, "reload", "", "started", "1 services on 1 VIPs");
	engine_reload(engine);
	assert_last(file, "reload", "", "reloaded", "1 services on 1 VIPs");
	write_conf("{\"name\": \"web\"}");
	assert_int_equal(engine_reload(engine), -1);
	assert_int_equal(count("reload", file, "refused"), 1);
}

static void
a_drain_by_reload_is_noted(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "*\", \"" B "\"], \"policy\": {\"80\": {}}}");
	assert_last(A, "destination", "up", "draining", "as configured");
}

static void
the_oldest_make_room(void **state)
{
	json_t *reply, *list;
	unsigned i;

	(void)state;
	more = "\"limits\": {\"history\": 3},";
	start(web);
	for (i = 0; i < 7; i++)
		engine_reload(engine);
	reply = ask_about(file);
	list = json_object_get(reply, "history");
	assert_int_equal(json_array_size(list), 3);
	assert_int_equal(json_integer_value(json_object_get(
			     json_array_get(list, 2), "number")),
	    json_integer_value(json_object_get(reply, "total")));
	assert_int_equal(
	    json_integer_value(json_object_get(reply, "capacity")), 3);
	json_decref(reply);
}

static void
subjects_are_whole_words(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP) && fake_state(WEB, B) == DESTINATION_UP);
	assert_int_equal(count("destination", "web", "up"), 2);
	assert_int_equal(count("destination", WEB, "up"), 2);
	assert_int_equal(count("destination", VIP, "up"), 2);
	assert_int_equal(count("destination", "10.0.0.", "up"), 0);
	assert_int_equal(count("destination", "0.0.1", "up"), 0);
	assert_int_equal(count("destination", "we", "up"), 0);
}

static void
a_limit_leaves_the_last(void **state)
{
	json_t *reply, *event;

	(void)state;
	start(web);
	engine_reload(engine);
	reply = ask("limit", json_integer(1));
	assert_int_equal(json_array_size(json_object_get(reply, "history")), 1);
	event = json_array_get(json_object_get(reply, "history"), 0);
	assert_string_equal(text_of(event, "to"), "reloaded");
	json_decref(reply);
}

static void
bad_requests_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *error;
	} cases[] = {
	    {"limit", "0", "limit is not a number from 1 on"},
	    {"limit", "\"1\"", "\"limit\" is not an integer"},
	    {"subject", "1", "\"subject\" is not a string"},
	    {"subject", "\"\"", "subject is not a word"},
	};
	json_t *reply;
	size_t i;

	(void)state;
	start(web);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reply = ask(cases[i].key,
		    json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		assert_string_equal(text_of(reply, "error"), cases[i].error);
		json_decref(reply);
	}
}

static void
note_event(void *arg, const json_t *event)
{
	json_array_append(arg, (json_t *)event);
}

static void
taps_are_told_of_each_event(void **state)
{
	json_t *told = json_array(), *reply;
	struct history_tap tap = {.event = note_event, .arg = told};

	(void)state;
	start(web);
	history_tap_add(engine->history, &tap);
	engine_reload(engine);
	history_tap_remove(engine->history, &tap);
	reply = ask("limit", json_integer(1));
	assert_int_equal(json_array_size(told), 1);
	assert_true(json_equal(told, json_object_get(reply, "history")));
	json_decref(reply);
	engine_reload(engine);
	assert_int_equal(json_array_size(told), 1);
	json_decref(told);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(each_transition_is_noted_once),
	    TEST(reloads_are_noted),
	    TEST(a_drain_by_reload_is_noted),
	    TEST(the_oldest_make_room),
	    TEST(subjects_are_whole_words),
	    TEST(a_limit_leaves_the_last),
	    TEST(bad_requests_are_refused),
	    TEST(taps_are_told_of_each_event),
	};

	return run_engine_tests(tests);
}
