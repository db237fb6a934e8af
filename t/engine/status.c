/* SPDX-License-Identifier: ISC */

/*
 * The status document in parts, which are those of the whole one.
 */

#include "harness.h"

#include <event2/buffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"

#define DNS                                                 \
	"{\"name\": \"dns\", \"virtual\": \"" VIP6          \
	"\", \"servers\": [\"2001:db8:1::1\"], \"policy\":" \
	" {\"53/udp\": {}}}"

static json_int_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* Times of checks go on between one document and the next. */
static void
leave_out_checks(json_t *service)
{
	json_t *destination;
	size_t i;

	json_array_foreach(
	    json_object_get(service, "destinations"), i, destination) {
		assert_int_equal(json_object_del(destination, "checks"), 0);
	}
}

/* Without pieces: a new reference. */
static json_t *
whole_document(void)
{
	json_t *o = status_head(engine), *services = json_array();
	size_t i, j;

	for (i = 0; i < engine->conf->service_count; i++) {
		const struct service *s = &engine->services[i];
		json_t *service = status_service_head(s), *list = json_array();

		for (j = 0; j < s->conf->destination_count; j++)
			json_array_append_new(
			    list, status_destination(&s->destinations[j]));
		json_object_set_new(service, "destinations", list);
		json_array_append_new(services, service);
	}
	json_object_set_new(o, "services", services);
	return o;
}

static void
services_count_their_servers(void **state)
{
	json_t *service;

	(void)state;
	fake_server(B)->answers = false;
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	service = status_service_head(&engine->services[0]);
	assert_string_equal(
	    json_string_value(json_object_get(service, "id")), WEB);
	assert_int_equal(number(service, "destinations_total"), 2);
	assert_int_equal(number(service, "destinations_up"), 1);
	assert_int_equal(number(service, "healthy"), 1);
	json_decref(service);
}

/* A service of so many servers, as A is: 10.0.0.1 to 10.0.0.N. */
static void
start_with(unsigned count)
{
	char servers[2048] = "", *conf;
	size_t len = 0;
	unsigned i;

	for (i = 1; i <= count; i++)
		len += (size_t)snprintf(servers + len, sizeof(servers) - len,
		    "%s\"10.0.0.%u\"", i > 1 ? "," : "", i);
	conf = xasprintf("{\"name\": \"web\", \"virtual\": \"" VIP
			 "\", \"servers\": [%s], \"policy\": {\"80\": "
			 "{\"checks\": []}}}," DNS,
	    servers);
	start(conf);
	free(conf);
}

/* The text of all pieces, a new reference to what it says. */
static json_t *
read_text(const struct status_form *form, unsigned *pieces)
{
	struct evbuffer *out = evbuffer_new();
	struct status_cursor cursor = {0};
	enum status_step step;
	json_t *document;
	size_t before;

	for (*pieces = 0, step = STATUS_MORE; step == STATUS_MORE; ++*pieces) {
		before = evbuffer_get_length(out);
		step = status_text_step(engine, &cursor, form, out);
		assert_true(evbuffer_get_length(out) > before);
	}
	assert_int_equal(step, STATUS_END);
	document = json_loadb((char *)evbuffer_pullup(out, -1),
	    evbuffer_get_length(out), 0, NULL);
	assert_non_null(document);
	evbuffer_free(out);
	return document;
}

/* Order aside, which is not that of a whole document. */
/* What grows while two documents are made. */
static void
leave_out_time(json_t *document)
{
	static const char *const names[] = {"process", "time", "uptime"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(json_object_del(document, names[i]), 0);
}

static void
assert_same(json_t *a, json_t *b)
{
	json_t *service;
	size_t i;

	json_array_foreach(json_object_get(a, "services"), i, service) {
		leave_out_checks(service);
		leave_out_checks(
		    json_array_get(json_object_get(b, "services"), i));
	}
	leave_out_time(a);
	leave_out_time(b);
	assert_true(json_equal(a, b));
	json_decref(a);
	json_decref(b);
}

/* The beginning, 45 servers in three pieces, another service, the end. */
static void
text_comes_in_pieces(void **state)
{
	unsigned pieces;
	json_t *text;

	(void)state;
	start_with(45);
	text = read_text(&status_form_whole, &pieces);
	assert_int_equal(pieces, 1 + 3 + 1 + 1);
	assert_same(text, whole_document());
}

static void
text_of_no_service_is_whole(void **state)
{
	unsigned pieces;

	(void)state;
	start("");
	assert_same(read_text(&status_form_whole, &pieces), whole_document());
}

/* A piece each: counters of a service's servers are added up for it. */
static void
heads_leave_out_servers(void **state)
{
	json_t *heads, *whole, *service;
	unsigned pieces;
	size_t i;

	(void)state;
	start_with(45);
	heads = read_text(&status_form_heads, &pieces);
	assert_int_equal(pieces, 1 + 1 + 1 + 1);
	whole = whole_document();
	json_array_foreach(json_object_get(whole, "services"), i, service) {
		assert_int_equal(json_object_del(service, "destinations"), 0);
	}
	leave_out_time(whole);
	leave_out_time(heads);
	assert_true(json_equal(heads, whole));
	json_decref(heads);
	json_decref(whole);
}

static void
a_reload_ends_the_text(void **state)
{
	const struct status_form *forms[] = {
	    &status_form_whole, &status_form_heads};
	struct evbuffer *out = evbuffer_new();
	struct status_cursor c;
	size_t i;

	(void)state;
	start(SERVICE_WEB);
	for (i = 0; i < 2; i++) {
		c = (struct status_cursor){0};
		assert_int_equal(
		    status_text_step(engine, &c, forms[i], out), STATUS_MORE);
		assert_int_equal(engine_reload(engine), 0);
		assert_int_equal(status_text_step(engine, &c, forms[i], out),
		    STATUS_CHANGED);
	}
	evbuffer_free(out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(services_count_their_servers),
	    TEST(text_comes_in_pieces),
	    TEST(text_of_no_service_is_whole),
	    TEST(heads_leave_out_servers),
	    TEST(a_reload_ends_the_text),
	};

	return run_engine_tests(tests);
}
