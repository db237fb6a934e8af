/* SPDX-License-Identifier: ISC */

/*
 * What the control sockets show to who looks: the status in parts, what happens
 * as it happens; and that the read-only one does no more.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"
#include "fakes_control.h"

#define DNS                                        \
	"{\"name\": \"dns\", \"virtual\": \"" VIP6 \
	"\", \"servers\": [\"2001:db8:1::1\"], \"policy\": {\"53\": {}}}"
#define LOOKING "\"control_readonly\": \"/run/look.sock\", "

static const char both[] = SERVICE_WEB ", " DNS;

static void
start_both(void)
{
	more = LOOKING;
	start(both);
	wait_for(record.control != NULL && record.control_readonly != NULL);
}

/* Lines of a reply, each of which is JSON; the caller frees the list. */
static json_t *
lines_of(const char *text)
{
	json_t *list = json_array(), *line;
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		line = json_loadb(text, (size_t)(end - text), 0, NULL);
		assert_non_null(line);
		json_array_append_new(list, line);
	}
	assert_string_equal(text, "");
	return list;
}

static void
assert_reply(const char *request, const char *expected)
{
	assert_string_equal(fake_ask(request), expected);
}

/* The names of services that are told of, and how many servers of them. */
static void
assert_services(const char *request, const char *expected)
{
	json_t *lines = lines_of(fake_ask(request)), *line, *service;
	char got[512] = "";
	size_t i, count = json_array_size(lines);

	json_array_foreach(lines, i, line) {
		if ((service = json_object_get(line, "service")) == NULL)
			continue;
		(void)strlcat(got,
		    json_string_value(json_object_get(service, "name")),
		    sizeof(got));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " %zu ",
		    json_array_size(json_object_get(service, "destinations")));
	}
	assert_string_equal(got, expected);
	line = json_array_get(lines, count - 1);
	assert_int_equal(json_integer_value(json_object_get(line, "end")),
	    (long long)count - 1);
	json_decref(lines);
}

static void
the_status_comes_in_parts(void **state)
{
	json_t *document, *services;

	(void)state;
	start_both();
	world.counters_take = 4; /* as of many servers */
	document = json_loads(fake_ask("{'command': 'status'}"), 0, NULL);
	services = json_object_get(document, "services");
	assert_int_equal(json_array_size(services), 2);
	assert_int_equal(json_array_size(json_object_get(
			     json_array_get(services, 0), "destinations")),
	    2);
	assert_true(fake_control.parts > 2);
	assert_false(fake_control.broken);
	json_decref(document);
	document = json_loads(
	    fake_ask("{'command': 'status', 'part': 'head'}"), 0, NULL);
	services = json_object_get(document, "services");
	assert_int_equal(json_array_size(services), 2);
	assert_true(fake_control.parts > 2);
	assert_null(
	    json_object_get(json_array_get(services, 0), "destinations"));
	assert_non_null(json_object_get(document, "bgp"));
	json_decref(document);
}

/* Of the first service's first destination. */
static bool
has_member(const char *request, const char *key)
{
	json_t *lines = lines_of(fake_ask(request));
	const json_t *service =
	    json_object_get(json_array_get(lines, 0), "service");
	const json_t *destination =
	    json_array_get(json_object_get(service, "destinations"), 0);
	bool has = json_object_get(destination, key) != NULL;

	json_decref(lines);
	return has;
}

static void
counters_alone_can_be_had(void **state)
{
	static const char *const brief[] = {"address", "state", "order",
	    "weight", "weight_now", "packets", "bytes", "flows"};
	size_t i;

	(void)state;
	start_both();
#define COUNTERS "{'command': 'status', 'part': 'services', 'brief': true}"
	for (i = 0; i < sizeof(brief) / sizeof(brief[0]); i++)
		assert_true(has_member(COUNTERS, brief[i]));
	assert_false(has_member(COUNTERS, "checks"));
	assert_false(has_member(COUNTERS, "mac"));
}

static void
services_are_chosen(void **state)
{
	(void)state;
	start_both();
#define SERVICES "{'command': 'status', 'part': 'services'"
	assert_services(SERVICES "}", "web 2 dns 1 ");
	assert_services(SERVICES ", 'service': 'web'}", "web 2 ");
	assert_services(SERVICES ", 'service': '" VIP6 "'}", "dns 1 ");
	assert_services(SERVICES ", 'service': '" WEB "'}", "web 2 ");
	assert_services(SERVICES ", 'service': 'we'}", "");
	assert_services(SERVICES ", 'server': '" B "'}", "web 1 ");
	assert_services(SERVICES ", 'server': '2001:DB8:1:0::1'}", "dns 1 ");
	assert_services(SERVICES ", 'server': '10.9.9.9'}", "");
	assert_services(SERVICES ", 'service': 'dns', 'server': '" B "'}", "");
	assert_services(SERVICES ", 'brief': true}", "web 2 dns 1 ");
	assert_reply(SERVICES ", 'server': 'x'}",
	    "{\"error\":\"x is not an address\"}\n");
	assert_reply(SERVICES ", 'service': 7}",
	    "{\"error\":\"\\\"service\\\" is not a string\"}\n");
	assert_reply("{'command': 'status', 'part': 'all'}",
	    "{\"error\":\"all is not a part of the status\"}\n");
}

static void
reload_now(void)
{
	write_conf(both);
	assert_int_equal(engine_reload(engine), 0);
}

static void
a_reload_breaks_a_reply_off(void **state)
{
	(void)state;
	start_both();
	world.counters_take = 4;
	(void)fake_ask_slowly("{'command': 'status'}", reload_now);
	assert_true(fake_control.broken);
	(void)fake_ask_slowly(SERVICES "}", reload_now);
	assert_true(fake_control.broken);
	assert_services(SERVICES "}", "web 2 dns 1 ");
}

/* The key of the last line that was streamed, and a text in it. */
static void
assert_streamed(const char *key, const char *member, const char *text)
{
	json_t *lines = lines_of(fake_stream()), *line;

	line = json_array_get(lines, json_array_size(lines) - 1);
	assert_non_null(line);
	line = json_object_get(line, key);
	assert_non_null(line);
	assert_string_equal(
	    json_string_value(json_object_get(line, member)), text);
	json_decref(lines);
}

static void
what_happens_is_told(void **state)
{
	(void)state;
	start_both();
	assert_reply("{'command': 'monitor'}", "");
	assert_non_null(
	    strstr(fake_stream(), "{\"monitoring\":true,\"began\":"));
	history_add(engine, HISTORY_VIP, VIP, "a", "b", "why");
	assert_streamed("history", "subject", VIP);
	log_warnx("not asked for");
	assert_string_equal(fake_stream(), "");
	fake_stream_close();
	history_add(engine, HISTORY_VIP, VIP, "b", "a", "nobody looks");
}

/* The first line for who asks with this besides. */
static json_t *
begin_watching(const char *more_of_it)
{
	char request[256];
	json_t *lines, *line;

	snprintf(
	    request, sizeof(request), "{'command': 'monitor'%s}", more_of_it);
	assert_reply(request, "");
	lines = lines_of(fake_stream());
	assert_int_equal(json_array_size(lines), 1);
	line = json_incref(json_array_get(lines, 0));
	assert_true(json_is_true(json_object_get(line, "monitoring")));
	json_decref(lines);
	return line;
}

static json_int_t
number_of(const json_t *line, const char *key)
{
	assert_true(json_is_integer(json_object_get(line, key)));
	return json_integer_value(json_object_get(line, key));
}

/* How many events and alerts, and how many are not kept, it begins with. */
static void
assert_begins(const char *more_of_it, size_t events, size_t alerts, int missed)
{
	json_t *line = begin_watching(more_of_it);

	assert_int_equal(
	    json_array_size(json_object_get(line, "history")), events);
	assert_int_equal(
	    json_array_size(json_object_get(line, "alerts")), alerts);
	assert_int_equal(number_of(line, "missed"), missed);
	json_decref(line);
	fake_stream_close();
}

static void
what_was_missed_is_told_then(void **state)
{
	char from[128], web[160], elsewhere[128];
	json_t *line;
	int i;

	(void)state;
	start_both();
	line = begin_watching("");
	assert_null(json_object_get(line, "history"));
	snprintf(from, sizeof(from), ", 'began': %lld, 'after': %lld",
	    (long long)number_of(line, "began"),
	    (long long)number_of(line, "total"));
	snprintf(web, sizeof(web), "%s, 'subject': 'web'", from);
	snprintf(elsewhere, sizeof(elsewhere), ", 'began': 7, 'after': %lld",
	    (long long)number_of(line, "total"));
	i = (int)number_of(line, "total");
	fake_stream_close();
	history_add(engine, HISTORY_VIP, VIP, "a", "b", "why");
	history_add(engine, HISTORY_CHECK, "web " WEB, "a", "b", "why");
	alert_raise(engine, "test", ALERT_LOW, "why");
	assert_begins(
	    from, 2, json_array_size(json_object_get(line, "alerts")) + 1, 0);
	assert_begins(web, 1, 0, 0);
	assert_begins(elsewhere, (size_t)i + 2,
	    json_array_size(json_object_get(line, "alerts")) + 1, 0);
	alert_clear(engine, "test", "good");
	for (i = 0; i < 1003; i++)
		history_add(engine, HISTORY_VIP, VIP, "a", "b", "why");
	assert_begins(
	    from, 1000, json_array_size(json_object_get(line, "alerts")), 5);
	assert_begins(", 'after': 100000", 1000,
	    json_array_size(json_object_get(line, "alerts")),
	    (int)number_of(line, "total") + 5);
	assert_reply("{'command': 'monitor', 'after': 'x'}",
	    "{\"error\":\"\\\"after\\\" is not an integer\"}\n");
	json_decref(line);
}

static void
lines_of_the_log_are_told(void **state)
{
	(void)state;
	start_both();
	assert_reply("{'command': 'monitor', 'log': true}", "");
	(void)fake_stream();
	log_warnx("seen \x1b[31m");
	assert_streamed("log", "text", "seen \x1b[31m");
	log_notice("seen");
	assert_streamed("log", "priority", "notice");
	fake_stream_close();
	log_warnx("nobody looks");
}

static void
one_subject_can_be_watched(void **state)
{
	(void)state;
	start_both();
	assert_reply("{'command': 'monitor', 'subject': 'web'}", "");
	(void)fake_stream();
	history_add(engine, HISTORY_VIP, VIP, "a", "b", "why");
	history_add(engine, HISTORY_CHECK, "webs " WEB, "a", "b", "why");
	assert_string_equal(fake_stream(), "");
	history_add(engine, HISTORY_CHECK, "web " WEB, "a", "b", "why");
	assert_streamed("history", "subject", "web " WEB);
	fake_stream_close();
	assert_reply("{'command': 'monitor', 'subject': 7}",
	    "{\"error\":\"\\\"subject\\\" is not a string\"}\n");
}

static void
alerts_are_told(void **state)
{
	(void)state;
	start_both();
	assert_reply("{'command': 'monitor', 'subject': '" VIP "'}", "");
	(void)fake_stream();
	alert_raise(engine, "other", ALERT_LOW, "not asked for");
	assert_string_equal(fake_stream(), "");
	alert_raise(engine, "vip " VIP, ALERT_HIGH, "why \x1b");
	assert_streamed("alert", "severity", "high");
	alert_raise(engine, "vip " VIP, ALERT_LOW, "no worse");
	assert_string_equal(fake_stream(), "");
	alert_clear(engine, "vip " VIP, "good");
	assert_streamed("alert", "text", "good");
	fake_stream_close();
	alert_clear(engine, "other", "nobody looks");
}

static void
only_so_many_can_watch(void **state)
{
	(void)state;
	start_both();
	fake_control.full = true;
	assert_reply("{'command': 'monitor'}",
	    "{\"error\":\"too many do that already\"}\n");
}

static void
an_engine_may_end_while_it_is_watched(void **state)
{
	(void)state;
	start_both();
	assert_reply("{'command': 'monitor', 'log': true}", "");
}

#define REFUSED "{\"error\":\"refused: this socket is for looking only\"}\n"

static void
who_looks_changes_nothing(void **state)
{
	static const char *const changes[] = {
	    "{'command': 'reload'}",
	    "{'command': 'override', 'kind': 'vip', 'name': '" VIP
	    "', 'order': 'withdraw'}",
	    "{'command': 'log', 'level': 'verbose'}",
	};
	static const char *const looks[] = {
	    "{'command': 'config'}",
	    "{'command': 'explain', 'source': '198.51.100.7:1', "
	    "'destination': '" VIP ":80'}",
	    "{'command': 'flows'}",
	    "{'command': 'history'}",
	    "{'command': 'log'}",
	    "{'command': 'status'}",
	    "{'command': 'version'}",
	};
	size_t i;

	(void)state;
	start_both();
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_string_equal(fake_ask_readonly(changes[i]), REFUSED);
	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		assert_int_not_equal(
		    strncmp(fake_ask_readonly(looks[i]), "{\"error\":", 9), 0);
	assert_string_equal(fake_ask_readonly("{'command': 'monitor'}"), "");
	assert_string_equal(fake_ask_readonly("{'command': 'fly'}"),
	    "{\"error\":\"unknown command\"}\n");
	fake_stream_close();
}

static void
the_readonly_socket_follows_a_reload(void **state)
{
	(void)state;
	start_both();
	assert_int_equal(fake_control.listens, 1);
	assert_int_equal(fake_control.mode, 0660);
	assert_null(fake_control.group);
	reload_now();
	assert_int_equal(fake_control.closes, 0);
	more = "\"control_readonly\": {\"path\": \"/run/look.sock\", "
	       "\"group\": \"adm\", \"mode\": \"640\"}, ";
	reload_now();
	assert_int_equal(fake_control.closes, 1);
	wait_for(fake_control.listens == 2);
	assert_int_equal(fake_control.mode, 0640);
	assert_string_equal(fake_control.group, "adm");
	more = "";
	reload_now();
	assert_int_equal(fake_control.closes, 2);
}

static void
a_readonly_socket_that_is_missing_is_a_problem(void **state)
{
	(void)state;
	start_both();
	assert_false(has_problem("the control socket for looking"));
	fake_control.refuses = true;
	more = "\"control_readonly\": {\"path\": \"/run/look.sock\", "
	       "\"group\": \"nobody-has-this\"}, ";
	reload_now();
	wait_for(has_problem("the control socket for looking only is not"));
	fake_control.refuses = false;
	wait_for(!has_problem("the control socket for looking"));
}

static void
config_and_version_are_told(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	reply = json_loads(fake_ask("{'command': 'config'}"), 0, NULL);
	assert_string_equal(
	    json_string_value(json_object_get(
		json_object_get(reply, "config"), "control_readonly")),
	    "/run/look.sock");
	json_decref(reply);
	reply = json_loads(fake_ask("{'command': 'version'}"), 0, NULL);
	assert_true(json_is_string(json_object_get(reply, "version")));
	assert_true(json_is_string(json_object_get(reply, "hostname")));
	assert_true(json_is_integer(json_object_get(reply, "started")));
	json_decref(reply);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(the_status_comes_in_parts),
	    TEST(counters_alone_can_be_had),
	    TEST(services_are_chosen),
	    TEST(a_reload_breaks_a_reply_off),
	    TEST(what_happens_is_told),
	    TEST(lines_of_the_log_are_told),
	    TEST(what_was_missed_is_told_then),
	    TEST(one_subject_can_be_watched),
	    TEST(alerts_are_told),
	    TEST(only_so_many_can_watch),
	    TEST(an_engine_may_end_while_it_is_watched),
	    TEST(who_looks_changes_nothing),
	    TEST(the_readonly_socket_follows_a_reload),
	    TEST(a_readonly_socket_that_is_missing_is_a_problem),
	    TEST(config_and_version_are_told),
	};

	return run_engine_tests(tests);
}
