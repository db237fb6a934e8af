/* SPDX-License-Identifier: ISC */

/*
 * Ways to deliver: their names, what they cost, and which are the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/delivery.h"

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

/* RFC 791, 8200: 20 and 40; RFC 2784: 4; RFC 768: 8; GUE: 4 more. */
static void
overhead_is_all_headers_but_ethernet(void **state)
{
	static const struct {
		enum delivery_kind kind;
		const char *name;
		unsigned four, six;
		bool onlink;
	} kinds[] = {
	    {DELIVERY_LAYER2, "layer2", 0, 0, true},
	    {DELIVERY_IPIP, "ipip", 20, 40, false},
	    {DELIVERY_GRE, "gre", 24, 44, false},
	    {DELIVERY_FOU, "fou", 28, 48, false},
	    {DELIVERY_GUE, "gue", 32, 52, false},
	    {DELIVERY_DSCP, "dscp", 0, 0, false},
	};
	struct addr four = address("10.2.0.1"), six = address("2001:db8::1");
	struct delivery delivery;
	size_t i;

	(void)state;
	assert_int_equal(sizeof(kinds) / sizeof(kinds[0]), DELIVERY_KINDS);
	for (i = 0; i < DELIVERY_KINDS; i++) {
		delivery = (struct delivery){.kind = kinds[i].kind};
		assert_string_equal(
		    delivery_kind_name(delivery.kind), kinds[i].name);
		assert_int_equal(
		    delivery_overhead(&delivery, &four), kinds[i].four);
		assert_int_equal(
		    delivery_overhead(&delivery, &six), kinds[i].six);
		assert_int_equal(
		    delivery_is_onlink(&delivery), kinds[i].onlink);
	}
}

static void
equality_sees_each_member(void **state)
{
	const struct delivery all[] = {
	    {.kind = DELIVERY_LAYER2},
	    {.kind = DELIVERY_IPIP},
	    {.kind = DELIVERY_IPIP, .source = prefix("10.0.0.0/8")},
	    {.kind = DELIVERY_IPIP, .source = prefix("10.0.0.0/9")},
	    {.kind = DELIVERY_IPIP, .source = prefix("11.0.0.0/8")},
	    {.kind = DELIVERY_IPIP, .source = prefix("a00::/8")},
	    {.kind = DELIVERY_GRE},
	    {.kind = DELIVERY_GUE, .port = 6080},
	    {.kind = DELIVERY_GUE, .port = 6081},
	    {.kind = DELIVERY_GUE, .port = 6080, .checksum = true},
	    {.kind = DELIVERY_FOU, .port = 6080},
	    {.kind = DELIVERY_DSCP, .code_point = 1},
	    {.kind = DELIVERY_DSCP, .code_point = 2},
	};
	size_t i, j, count = sizeof(all) / sizeof(all[0]);
	struct delivery copy;

	(void)state;
	for (i = 0; i < count; i++) {
		copy = all[i];
		for (j = 0; j < count; j++)
			assert_int_equal(
			    delivery_equal(&copy, &all[j]), i == j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(overhead_is_all_headers_but_ethernet),
	    cmocka_unit_test(equality_sees_each_member),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
