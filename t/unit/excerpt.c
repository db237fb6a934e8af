/* SPDX-License-Identifier: ISC */

/*
 * Excerpts: what becomes of bytes, and where they end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/excerpt.h"

static void
bytes_are_escaped(void **state)
{
	static const char bytes[] = "a~ \"\\\r\n\t\0\x7f\xff\x1b";
	char text[64] = "";

	(void)state;
	excerpt_append(text, sizeof(text), bytes, sizeof(bytes) - 1);
	assert_string_equal(text, "a~ \\\"\\\\\\r\\n\\t\\x00\\x7f\\xff\\x1b");
}

static void
parts_follow_each_other(void **state)
{
	char text[64] = "";

	(void)state;
	excerpt_append(text, sizeof(text), "GET ", 4);
	excerpt_append(text, sizeof(text), "", 0);
	excerpt_append(text, sizeof(text), "/\r\n", 3);
	assert_string_equal(text, "GET /\\r\\n");
}

/* In memory of its exact size, for ASan to see; nothing comes after a gap. */
static void
what_has_no_room_is_dropped(void **state)
{
	size_t size, i;
	char *text;

	(void)state;
	for (size = 1; size < 20; size++) {
		text = calloc(size, 1);
		for (i = 0; i < 9; i++)
			excerpt_append(text, size, i % 2 ? "\xff" : "b", 1);
		assert_true(strlen(text) < size);
		assert_memory_equal(text, "b\\xffb\\xffb\\xffb\\xffb",
		    strlen(text) < 21 ? strlen(text) : 21);
		free(text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_escaped),
	    cmocka_unit_test(parts_follow_each_other),
	    cmocka_unit_test(what_has_no_room_is_dropped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
