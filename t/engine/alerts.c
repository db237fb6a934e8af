/* SPDX-License-Identifier: ISC */

/*
 * Alerts: logged once at either end, and in the status document meanwhile.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/alerts.h"

/* "severity id: text" of the alert in this place; "" if there is none. */
static const char *
alert_at(size_t i)
{
	static char line[256];
	json_t *document = engine_document(),
	       *alert = json_array_get(json_object_get(document, "alerts"), i);
	const char *severity, *id, *text;
	json_int_t since;

	line[0] = '\0';
	if (alert != NULL) {
		assert_int_equal(
		    json_unpack(alert, "{s:s, s:s, s:s, s:I}", "severity",
			&severity, "id", &id, "text", &text, "since", &since),
		    0);
		assert_in_range(since, 0, 60);
		snprintf(line, sizeof(line), "%s %s: %s", severity, id, text);
	}
	json_decref(document);
	return line;
}

static void
start_quietly(void)
{
	start(SERVICE_WEB);
	wait_for(record.control != NULL && fake_wanted(VIP));
	assert_string_equal(alert_at(0), "");
	was_logged("");
}

static void
alerts_are_logged_once(void **state)
{
	(void)state;
	start_quietly();
	alert_raise(engine, "one", ALERT_HIGH, "%d of %d", 1, 2);
	assert_true(was_logged("alert (high) one: 1 of 2\n"));
	assert_true(alert_is_raised(engine, "one"));
	assert_string_equal(alert_at(0), "high one: 1 of 2");
	alert_raise(engine, "one", ALERT_HIGH, "%d of %d", 2, 2);
	assert_false(was_logged("one"));
	assert_string_equal(alert_at(0), "high one: 2 of 2");
	alert_clear(engine, "one", "by %s", "itself");
	assert_true(was_logged("alert (high) one is over: by itself\n"));
	assert_string_equal(alert_at(0), "");
	alert_clear(engine, "one", "again");
	assert_false(was_logged("one"));
	assert_false(alert_is_raised(engine, "one"));
}

static void
only_what_gets_worse_is_logged_again(void **state)
{
	(void)state;
	start_quietly();
	alert_raise(engine, "one", ALERT_MEDIUM, "so so");
	assert_true(was_logged("alert (medium) one: so so\n"));
	alert_raise(engine, "one", ALERT_LOW, "better");
	assert_false(was_logged("one"));
	assert_string_equal(alert_at(0), "low one: better");
	alert_raise(engine, "one", ALERT_CRITICAL, "burning");
	assert_true(was_logged("alert (critical) one: burning\n"));
}

static void
the_worst_come_first(void **state)
{
	(void)state;
	start_quietly();
	alert_raise(engine, "b", ALERT_LOW, "x");
	alert_raise(engine, "d", ALERT_CRITICAL, "x");
	alert_raise(engine, "a", ALERT_MEDIUM, "x");
	alert_raise(engine, "c", ALERT_CRITICAL, "x");
	assert_string_equal(alert_at(0), "critical c: x");
	assert_string_equal(alert_at(1), "critical d: x");
	assert_string_equal(alert_at(2), "medium a: x");
	assert_string_equal(alert_at(3), "low b: x");
	assert_string_equal(alert_at(4), "");
}

/* What other programs print can't forge a line of the log. */
static void
hostile_text_is_made_harmless(void **state)
{
	(void)state;
	start_quietly();
	alert_raise(engine, "x\ny", ALERT_LOW, "a\nb\x1b[31m%s\xff", "%n%s");
	assert_true(
	    was_logged("alert (low) x\\012y: a\\012b\\033[31m%n%s\\377\n"));
	assert_string_equal(
	    alert_at(0), "low x\\012y: a\\012b\\033[31m%n%s\\377");
	alert_clear(engine, "x\ny", "\r");
	assert_true(was_logged("alert (low) x\\012y is over: \\015\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(alerts_are_logged_once),
	    TEST(only_what_gets_worse_is_logged_again),
	    TEST(the_worst_come_first),
	    TEST(hostile_text_is_made_harmless),
	};

	return run_engine_tests(tests);
}
