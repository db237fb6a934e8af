/* SPDX-License-Identifier: ISC */

/*
 * What people are told of alerts: messages, their templates, and what is still
 * to be told.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/alert_message.h"
#include "core/alert_pending.h"
#include "core/template.h"

static const struct alert_news raised = {.id = "vip 192.0.2.1",
    .text = "withdrawn: web has 0 of 1",
    .severity = ALERT_HIGH,
    .at = 1795330327123};
static const struct alert_news over = {.id = "bgp 10.0.0.1",
    .text = "established again",
    .severity = ALERT_CRITICAL,
    .over = true,
    .at = 1795330328000};

static void
assert_message(enum webhook_type type, const char *template,
    const struct alert_news *news, size_t count, const char *expected)
{
	json_t *own = template != NULL ? json_loads(template, 0, NULL) : NULL;
	json_t *message = alert_message(type, own, "lb1", news, count);
	char *text = json_dumps(message, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(message);
	json_decref(own);
}

static void
messages_of_one(void **state)
{
	(void)state;
	assert_message(WEBHOOK_SLACK, NULL, &raised, 1,
	    "{\"text\":\"lb1: alert (high) vip 192.0.2.1\\n"
	    "withdrawn: web has 0 of 1\",\"mrkdwn\":false}");
	assert_message(WEBHOOK_JSON, NULL, &over, 1,
	    "{\"title\":\"lb1: alert (critical) bgp 10.0.0.1 is over\","
	    "\"text\":\"established again\",\"state\":\"over\","
	    "\"severity\":\"critical\",\"id\":\"bgp 10.0.0.1\",\"count\":\"1\","
	    "\"host\":\"lb1\",\"time\":\"2026-11-22T06:52:08.000Z\"}");
	assert_message(WEBHOOK_TEAMS, NULL, &raised, 1,
	    "{\"type\":\"message\",\"attachments\":[{\"contentType\":"
	    "\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,"
	    "\"content\":{\"$schema\":"
	    "\"http://adaptivecards.io/schemas/adaptive-card.json\",\"type\":"
	    "\"AdaptiveCard\",\"version\":\"1.2\",\"body\":[{\"type\":"
	    "\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\",\"text\":"
	    "\"lb1: alert (high) vip 192.0.2.1\",\"weight\":\"bolder\"}]},"
	    "{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\","
	    "\"text\":\"withdrawn: web has 0 of 1\"}]}]}}]}");
}

static void
messages_of_several(void **state)
{
	const struct alert_news both[] = {raised, over};
	struct alert_news many[ALERT_MESSAGE_LINES + 2];
	json_t *message;
	size_t i;

	(void)state;
	assert_message(WEBHOOK_JSON,
	    "{\"a\":\"{{title}}|{{state}}|{{severity}}|{{count}}\","
	    "\"b\":[\"{{text}}\",{\"{{id}}\":\"{{id}} {{time}}\"},7]}",
	    both, 2,
	    "{\"a\":\"lb1: 1 alert, 1 is over|mixed|critical|2\",\"b\":["
	    "\"(high) vip 192.0.2.1: withdrawn: web has 0 of 1\\n"
	    "(critical) bgp 10.0.0.1 is over: established again\","
	    "{\"{{id}}\":\"vip 192.0.2.1 2026-11-22T06:52:08.000Z\"},7]}");
	for (i = 0; i < ALERT_MESSAGE_LINES + 2; i++)
		many[i] = raised;
	message = alert_message(WEBHOOK_SLACK, NULL, "lb1", many, i);
	assert_non_null(
	    strstr(json_string_value(json_object_get(message, "text")),
		"\n... and 2 more"));
	json_decref(message);
}

/* Whatever an alert says, it stays within its string. */
static void
hostile_text_is_text(void **state)
{
	static const char text[] = "\"}],\"x\":\"<!channel> {{host}} "
				   "&<https://evil|click> \\ \xc3\xa4";
	const struct alert_news news = {
	    .id = "a", .text = text, .severity = ALERT_LOW, .at = 0};
	json_t *message, *own = json_pack("{s:s}", "a", "{{text}}");
	const char *said;

	(void)state;
	message = alert_message(WEBHOOK_JSON, own, "lb1", &news, 1);
	assert_string_equal(
	    json_string_value(json_object_get(message, "a")), text);
	assert_int_equal(json_object_size(message), 1);
	json_decref(message);
	json_decref(own);
	message = alert_message(WEBHOOK_SLACK, NULL, "lb1", &news, 1);
	said = json_string_value(json_object_get(message, "text"));
	assert_non_null(strstr(said,
	    "&lt;!channel&gt; {{host}} "
	    "&amp;&lt;https://evil|click&gt;"));
	assert_null(strchr(said, '<'));
	json_decref(message);
}

static void
templates_are_left_alone_otherwise(void **state)
{
	static const struct template_field field = {"a", "{{b}}"};
	static const char *const names[] = {"a", NULL};
	size_t length;
	json_t *in = json_pack(
		   "[s, s, s, n, b]", "{{a}}{{a}}{{", "{{b}} }}", "{{{a}}}", 1),
	       *out = template_render(in, &field, 1);
	char *text = json_dumps(out, JSON_COMPACT);

	(void)state;
	assert_string_equal(
	    text, "[\"{{b}}{{b}}{{\",\"{{b}} }}\",\"{{{b}}}\",null,true]");
	assert_null(template_unknown("{{a}} {{a", names, &length));
	assert_memory_equal(
	    template_unknown("{{a}} {{bc}}", names, &length), "bc", 2);
	assert_int_equal(length, 2);
	assert_non_null(template_unknown("{{}}", names, &length));
	free(text);
	json_decref(in);
	json_decref(out);
}

static void
what_was_over_before_is_not_told(void **state)
{
	struct alert_pending *p = xcalloc(1, sizeof(*p));
	struct alert_news end = raised;

	(void)state;
	end.over = true;
	alert_pending_add(p, &raised);
	alert_pending_add(p, &over);
	alert_pending_add(p, &end);
	assert_int_equal(p->count, 1);
	assert_string_equal(p->news[0].id, over.id);
	assert_int_equal(p->cancelled, 2);
	/* But what is being told is not taken back. */
	alert_pending_add(p, &raised);
	p->telling = 2;
	alert_pending_add(p, &end);
	assert_int_equal(p->count, 3);
	alert_pending_told(p);
	assert_int_equal(p->count, 1);
	assert_true(p->news[0].over);
	alert_pending_clear(p);
	free(p);
}

static void
what_is_over_need_not_be_told(void **state)
{
	struct alert_pending *p = xcalloc(1, sizeof(*p));

	(void)state;
	alert_pending_add(p, &raised);
	alert_pending_drop(p, over.id);
	assert_int_equal(p->count, 1);
	alert_pending_drop(p, raised.id);
	assert_int_equal(p->count, 0);
	assert_int_equal(p->cancelled, 1);
	free(p);
}

static void
what_got_worse_is_told_once(void **state)
{
	struct alert_pending *p = xcalloc(1, sizeof(*p));
	struct alert_news worse = raised;

	(void)state;
	worse.severity = ALERT_CRITICAL;
	worse.text = "burning";
	alert_pending_add(p, &raised);
	alert_pending_add(p, &worse);
	assert_int_equal(p->count, 1);
	assert_string_equal(p->news[0].text, "burning");
	alert_pending_clear(p);
	free(p);
}

static void
what_is_pending_has_a_bound(void **state)
{
	struct alert_pending *p = xcalloc(1, sizeof(*p));
	struct alert_news news = raised;
	char id[16];
	int i;

	(void)state;
	news.id = id;
	for (i = 0; i < ALERT_PENDING_MAX + 10; i++) {
		snprintf(id, sizeof(id), "%d", i);
		alert_pending_add(p, &news);
	}
	assert_int_equal(p->count, ALERT_PENDING_MAX);
	assert_int_equal(p->lost, 10);
	alert_pending_clear(p);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_of_one),
	    cmocka_unit_test(messages_of_several),
	    cmocka_unit_test(hostile_text_is_text),
	    cmocka_unit_test(templates_are_left_alone_otherwise),
	    cmocka_unit_test(what_was_over_before_is_not_told),
	    cmocka_unit_test(what_is_over_need_not_be_told),
	    cmocka_unit_test(what_got_worse_is_told_once),
	    cmocka_unit_test(what_is_pending_has_a_bound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
