/* SPDX-License-Identifier: ISC */

/*
 * Picking the sources that send most, and the baseline.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/sources.h"

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static void
test_top(void **state)
{
	struct source source = {.prefix = prefix("10.0.0.0/20")};
	struct source_top top;
	unsigned i;

	(void)state;
	source_top_init(&top, 10);
	/* Each of 0 to 999 once, in a mixed order. */
	for (i = 0; i < 1000; i++) {
		source.packets = i * 617 % 1000;
		source_top_add(&top, &source);
	}
	source_top_sort(&top);
	assert_int_equal(top.count, 10);
	for (i = 0; i < 10; i++)
		assert_int_equal(top.list[i].packets, 999 - i);
	source_top_clear(&top);
	source_top_init(&top, 0);
	source_top_add(&top, &source);
	source_top_sort(&top);
	assert_int_equal(top.count, 0);
	source_top_clear(&top);
}

static void
test_few(void **state)
{
	struct source one = {.prefix = prefix("10.1.0.0/20"), .packets = 5};
	struct source other = {.prefix = prefix("10.0.0.0/20"), .packets = 5};
	struct source_top top;

	(void)state;
	source_top_init(&top, 10);
	source_top_add(&top, &one);
	source_top_add(&top, &other);
	source_top_sort(&top);
	assert_int_equal(top.count, 2);
	/* Equals are in the order of their addresses. */
	assert_int_equal(prefix_compare(&top.list[0].prefix, &other.prefix), 0);
	source_top_clear(&top);
}

static void
add(struct baseline *b, const char *text)
{
	struct prefix p = prefix(text);

	baseline_add(b, &p);
}

static bool
has(const struct baseline *b, const char *text)
{
	struct prefix p = prefix(text);

	return baseline_has(b, &p);
}

static void
fill(struct baseline *b)
{
	baseline_init(b, 1795330327);
	add(b, "0.0.0.0/20");
	add(b, "10.0.16.0/20");
	add(b, "255.255.240.0/20");
	add(b, "10.0.16.0/20");
	add(b, "2001:db8:5::/48");
	add(b, "2001:db8:1::/48");
	add(b, "2001:db8:5::/48");
	baseline_finish(b);
}

static void
check(const struct baseline *b)
{
	assert_int_equal(b->saved, 1795330327);
	assert_int_equal(b->ipv4_count, 3);
	assert_int_equal(b->ipv6_count, 2);
	assert_true(has(b, "0.0.0.0/20"));
	assert_true(has(b, "10.0.16.0/20"));
	assert_true(has(b, "255.255.240.0/20"));
	assert_true(has(b, "2001:db8:1::/48"));
	assert_true(has(b, "2001:db8:5::/48"));
	assert_false(has(b, "0.0.16.0/20"));
	assert_false(has(b, "10.0.0.0/20"));
	assert_false(has(b, "255.255.224.0/20"));
	assert_false(has(b, "2001:db8:2::/48"));
	assert_false(has(b, "::/48"));
}

static void
test_baseline(void **state)
{
	struct baseline b, again;
	char *text;
	size_t len;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_false(has(&b, "10.0.16.0/20"));
	assert_false(has(&b, "2001:db8:1::/48"));
	fill(&b);
	check(&b);
	text = baseline_write(&b, &len);
	assert_true(len <= 2 << 20);
	assert_null(baseline_read(text, len, &again));
	check(&again);
	free(text);
	baseline_clear(&again);
	baseline_clear(&b);
	assert_null(b.ipv4);
}

/* As many as there can be, in a text that the file has room for. */
static void
test_full(void **state)
{
	struct prefix p = prefix("2001:db8:1::/48");
	struct baseline b, again;
	char *text;
	size_t len, i;

	(void)state;
	baseline_init(&b, 1);
	for (i = 0; i < 65536; i++) {
		p.address.bytes[2] = (uint8_t)(i >> 8);
		p.address.bytes[5] = (uint8_t)i;
		baseline_add(&b, &p);
	}
	p = prefix("0.0.0.0/20");
	for (i = 0; i < 1 << 20; i++) {
		p.address.bytes[0] = (uint8_t)(i >> 12);
		p.address.bytes[1] = (uint8_t)(i >> 4);
		p.address.bytes[2] = (uint8_t)(i << 4);
		baseline_add(&b, &p);
	}
	baseline_finish(&b);
	text = baseline_write(&b, &len);
	assert_in_range(len, 1 << 20, 2 << 20);
	assert_null(baseline_read(text, len, &again));
	assert_int_equal(again.ipv4_count, 1 << 20);
	assert_int_equal(again.ipv6_count, 65536);
	free(text);
	baseline_clear(&again);
	baseline_clear(&b);
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {"", "[]", "{\"version\": 2}",
	    "{\"version\": 1}", "{\"version\": 1, \"saved\": -1}",
	    "{\"version\": 1, \"saved\": 1}",
	    "{\"version\": 1, \"saved\": 1, \"ipv4\": \"00\", \"ipv6\": []}"};
	struct baseline b;
	char *text, *wrong, *at;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wrong = baseline_read(cases[i], strlen(cases[i]), &b);
		assert_non_null(wrong);
		assert_null(b.ipv4);
		free(wrong);
	}
	fill(&b);
	text = baseline_write(&b, &len);
	baseline_clear(&b);
	at = strstr(text, "::/48");
	memcpy(at, "::/47", 5);
	wrong = baseline_read(text, len, &b);
	assert_string_equal(wrong, "has no \"ipv6\" as it should be");
	free(wrong);
	memcpy(at, "::/48", 5);
	at = strstr(text, "000");
	*at = 'g';
	wrong = baseline_read(text, len, &b);
	assert_string_equal(wrong, "has no \"ipv4\" as it should be");
	free(wrong);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_top),
	    cmocka_unit_test(test_few),
	    cmocka_unit_test(test_baseline),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
