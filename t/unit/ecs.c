/* SPDX-License-Identifier: ISC */

/*
 * Documents for Elasticsearch, and lines of JSON in the log.  Each document is
 * added to the file that VC5_ECS_RECORD names, a line of JSON, for those who
 * want to know what is sent.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/log_json.h"
#include "core/ecs.h"

#define AT INT64_C(1795330327123)

static const struct ecs_origin origin = {
    .hostname = "lb1", .version = "0.1", .data_stream = "logs-vc5d-edge"};

/* All that each has, in order. */
#define START(dataset, kind)                                                 \
	"{\"@timestamp\":\"2026-11-22T06:52:07.123Z\",\"ecs\":{\"version\":" \
	"\"8.11.0\"},\"data_stream\":{\"type\":\"logs\",\"dataset\":"        \
	"\"vc5d\",\"namespace\":\"edge\"},\"observer\":{\"hostname\":"       \
	"\"lb1\",\"product\":\"vc5d\",\"type\":\"load-balancer\","           \
	"\"version\":\"0.1\"},"

/* Done with a document. */
static void
release(json_t *document)
{
	const char *path = getenv("VC5_ECS_RECORD");
	FILE *file;

	if (path != NULL) {
		file = fopen(path, "a");
		assert_non_null(file);
		json_dumpf(document, file, JSON_COMPACT);
		fputc('\n', file);
		fclose(file);
	}
	json_decref(document);
}

static void
assert_document(json_t *document, const char *expected)
{
	char *text = json_dumps(document, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	release(document);
}

static void
a_line(void **state)
{
	(void)state;
	assert_document(ecs_line(&origin, AT, LOG_WARNING, "a \"b\"\x1b\xff"),
	    START("vc5d.log",
		"event") "\"service\":{\"name\":\"vc5d\",\"type\":\"vc5d\"},"
			 "\"event\":{\"module\":\"vc5d\",\"dataset\":"
			 "\"vc5d.log\",\"kind\":\"event\"},\"log\":{\"level\":"
			 "\"warning\"},\"message\":\"a \\\"b\\\"\\\\033"
			 "\\\\377\"}");
}

static json_t *
event(const char *kind, const char *subject, const char *from, const char *to)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "number",
	    (json_int_t)7, "at", (json_int_t)AT, "kind", kind, "subject",
	    subject, "from", from, "to", to, "reason", "timeout: x");
}

/* "a.b.c" of a document, as text. */
static const char *
at(const json_t *document, const char *path)
{
	static char text[256];
	const json_t *value = document;
	char *copy = strdup(path), *rest = copy, *name;

	while ((name = strsep(&rest, ".")) != NULL)
		value = json_object_get(value, name);
	free(copy);
	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(
		    text, sizeof(text), "%d", (int)json_integer_value(value));
	else if (json_is_array(value))
		snprintf(text, sizeof(text), "[%s]",
		    json_string_value(json_array_get(value, 0)));
	return text;
}

static void
a_transition_of_a_check(void **state)
{
	json_t *in = event("check",
		   "web [2001:db8::1]:443/tcp 10.0.0.1 https:443", "up",
		   "down"),
	       *o = ecs_history(&origin, in);

	(void)state;
	assert_string_equal(at(o, "service.name"), "web");
	assert_string_equal(at(o, "destination.ip"), "2001:db8::1");
	assert_string_equal(at(o, "destination.port"), "443");
	assert_string_equal(at(o, "server.ip"), "10.0.0.1");
	assert_string_equal(at(o, "server.port"), "443");
	assert_string_equal(at(o, "network.transport"), "tcp");
	assert_string_equal(at(o, "event.dataset"), "vc5d.history");
	assert_string_equal(at(o, "event.category"), "[network]");
	assert_string_equal(at(o, "event.type"), "[info]");
	assert_string_equal(at(o, "event.action"), "check-down");
	assert_string_equal(at(o, "event.outcome"), "failure");
	assert_string_equal(at(o, "event.sequence"), "7");
	assert_string_equal(at(o, "event.reason"), "timeout: x");
	assert_string_equal(at(o, "log.level"), "warning");
	assert_string_equal(at(o, "vc5d.from"), "up");
	assert_string_equal(at(o, "vc5d.to"), "down");
	assert_string_equal(at(o, "vc5d.check"), "https:443");
	assert_string_equal(at(o, "message"),
	    "check web [2001:db8::1]:443/tcp 10.0.0.1 https:443: up to down: "
	    "timeout: x");
	json_decref(in);
	release(o);
}

static void
other_transitions(void **state)
{
	json_t *in = event("vip", "192.0.2.1", "announced", "held down"),
	       *o = ecs_history(&origin, in);

	(void)state;
	assert_string_equal(at(o, "destination.ip"), "192.0.2.1");
	assert_string_equal(at(o, "server.ip"), "");
	assert_string_equal(at(o, "event.action"), "vip-held-down");
	json_decref(in);
	release(o);
	in = event("reload", "/etc/vc5d.conf", "", "reloaded");
	o = ecs_history(&origin, in);
	assert_string_equal(at(o, "event.category"), "[configuration]");
	assert_string_equal(at(o, "event.outcome"), "success");
	assert_string_equal(at(o, "service.name"), "vc5d");
	assert_string_equal(at(o, "vc5d.subject"), "/etc/vc5d.conf");
	json_decref(in);
	release(o);
	/* What doesn't look as expected has no addresses, and no harm. */
	in = event("destination", "x y", "", "");
	o = ecs_history(&origin, in);
	assert_string_equal(at(o, "destination.ip"), "");
	assert_string_equal(at(o, "event.outcome"), "unknown");
	json_decref(in);
	release(o);
}

static void
an_alert(void **state)
{
	const struct alert_news news = {.id = "vip 192.0.2.1",
	    .text = "withdrawn",
	    .severity = ALERT_CRITICAL,
	    .at = AT};
	json_t *o = ecs_alert(&origin, &news);

	(void)state;
	assert_string_equal(at(o, "event.kind"), "alert");
	assert_string_equal(at(o, "event.action"), "alert-raised");
	assert_string_equal(at(o, "event.severity"), "4");
	assert_string_equal(at(o, "log.level"), "critical");
	assert_string_equal(at(o, "message"), "withdrawn");
	assert_string_equal(at(o, "vc5d.alert"), "vip 192.0.2.1");
	release(o);
}

static void
a_probe(void **state)
{
	struct service_key key = {.port = 53, .protocol = IPPROTO_UDP};
	struct addr server;
	const struct ecs_probe probe = {.service = "ns",
	    .key = &key,
	    .server = &server,
	    .check = "dns:53",
	    .state = "up",
	    .outcome = "timeout",
	    .detail = "no answer",
	    .duration = 2000123};
	json_t *o;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.53", &key.vip), 0);
	assert_int_equal(addr_parse("10.0.0.53", &server), 0);
	o = ecs_probe(&origin, AT, &probe);
	assert_string_equal(at(o, "message"),
	    "ns 192.0.2.53:53/udp: dns:53 check of 10.0.0.53: timeout: no "
	    "answer");
	assert_string_equal(at(o, "event.duration"), "2000123000");
	assert_string_equal(at(o, "event.outcome"), "failure");
	assert_string_equal(at(o, "event.action"), "probe");
	assert_string_equal(at(o, "server.ip"), "10.0.0.53");
	assert_string_equal(at(o, "network.transport"), "udp");
	assert_string_equal(at(o, "vc5d.state"), "up");
	release(o);
}

static void
a_line_of_json(void **state)
{
	char *line = log_json_line(AT, LOG_ERR, "vc5d", 42, "a\n\"b\"\xff");

	(void)state;
	assert_string_equal(line,
	    "{\"@timestamp\":\"2026-11-22T06:52:07.123Z\",\"log.level\":"
	    "\"error\",\"message\":\"a\\\\012\\\"b\\\"\\\\377\","
	    "\"ecs.version\":\"8.11.0\",\"service.name\":\"vc5d\","
	    "\"process.pid\":42}");
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line),
	    cmocka_unit_test(a_transition_of_a_check),
	    cmocka_unit_test(other_transitions),
	    cmocka_unit_test(an_alert),
	    cmocka_unit_test(a_probe),
	    cmocka_unit_test(a_line_of_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
