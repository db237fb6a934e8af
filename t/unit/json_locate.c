/* SPDX-License-Identifier: ISC */

/*
 * Positions of paths in JSON texts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/json_locate.h"

static const char text[] = "{ \"a\": 1,\n"
			   "\t\"list\": [true,\n"
			   "  {\"b c\": \"x\\\"]}\", \"\\u00e9\": null},\n"
			   "  [ [], -1.5e3 ] ],\n"
			   "\"\xc3\xa9\": \"\xe2\x82\xac\", \"z\":{}}\n";

static const struct {
	const char *path;
	struct json_position key, value;
} places[] = {
    {"", {0, 0}, {1, 1}},
    {"a", {1, 3}, {1, 8}},
    {"list", {2, 2}, {2, 10}},
    {"list[0]", {0, 0}, {2, 11}},
    {"list[1]", {0, 0}, {3, 3}},
    {"list[1][\"b c\"]", {3, 4}, {3, 11}},
    {"list[1][\"\\xc3\\xa9\"]", {3, 20}, {3, 30}},
    {"list[2]", {0, 0}, {4, 3}},
    {"list[2][0]", {0, 0}, {4, 5}},
    {"list[2][1]", {0, 0}, {4, 9}},
    {"[\"\\xc3\\xa9\"]", {5, 1}, {5, 6}},
    {"z", {5, 11}, {5, 15}},
    {"list[3]", {0, 0}, {0, 0}},
    {"y", {0, 0}, {0, 0}},
    {"z", {5, 11}, {5, 15}},
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static void
paths_are_found(void **state)
{
	struct json_query queries[PLACES];
	json_t *json = json_loads(text, 0, NULL);
	size_t i;

	(void)state;
	assert_non_null(json); /* what is scanned has to be JSON */
	json_decref(json);
	for (i = 0; i < PLACES; i++)
		queries[i].path = places[i].path;
	json_locate(text, strlen(text), queries, PLACES, NULL, NULL);
	for (i = 0; i < PLACES; i++) {
		assert_string_equal(queries[i].path, places[i].path);
		assert_int_equal(queries[i].key.line, places[i].key.line);
		assert_int_equal(queries[i].key.column, places[i].key.column);
		assert_int_equal(queries[i].value.line, places[i].value.line);
		assert_int_equal(
		    queries[i].value.column, places[i].value.column);
	}
}

static void
note(void *arg, const char *path, struct json_position position,
    struct json_position first)
{
	char **notes = arg;
	char *more = xasprintf("%s%s %u:%u %u:%u\n", *notes, path,
	    position.line, position.column, first.line, first.column);

	free(*notes);
	*notes = more;
}

static void
duplicates_are_found(void **state)
{
	static const char json[] = "{\"a\": {\"x\":1, \"y\":2, \"x\":3},\n"
				   "\"b\":[{\"k\":0},{\"k\":0,\"k\":1}],\n"
				   "\"\\u0061\":5, \"a\":6, \"A\":7}";
	struct json_query query = {"a", {0, 0}, {0, 0}};
	char *notes = xstrdup("");

	(void)state;
	json_locate(json, strlen(json), &query, 1, note, &notes);
	assert_string_equal(notes,
	    "a.x 1:22 1:8\n"
	    "b[1].k 2:21 2:15\n"
	    "a 3:1 1:2\n"
	    "a 3:13 1:2\n");
	/* the last one, as in the tree */
	assert_int_equal(query.value.line, 3);
	assert_int_equal(query.value.column, 17);
	free(notes);
}

static void
paths_are_built_and_cut(void **state)
{
	struct json_path path = {NULL, 0, 0};
	size_t mark;

	(void)state;
	assert_string_equal(json_path_text(&path), "");
	json_path_key(&path, "services");
	json_path_index(&path, 12);
	mark = path.length;
	json_path_key(&path, "my-list_2");
	assert_string_equal(path.text, "services[12].my-list_2");
	json_path_cut(&path, mark);
	json_path_key(&path, "53/udp");
	json_path_key(&path, "");
	assert_string_equal(path.text, "services[12][\"53/udp\"][\"\"]");
	json_path_cut(&path, 0);
	assert_string_equal(json_path_text(&path), "");
	json_path_key(&path, "-a");
	json_path_key(&path, "2a");
	assert_string_equal(path.text, "[\"-a\"][\"2a\"]");
	json_path_clear(&path);
}

static void
bytes_are_escaped(void **state)
{
	char *escaped = json_escape("a\n\t\r\"\\\x01\x7f\xff\0z", 11);

	(void)state;
	assert_string_equal(escaped, "a\\n\\t\\r\\\"\\\\\\x01\\x7f\\xff\\x00z");
	free(escaped);
}

/* It is given only what jansson accepted, and still does not trust it. */
static void
what_is_no_json_does_no_harm(void **state)
{
	struct json_query query = {"a", {0, 0}, {0, 0}};
	size_t i, len = strlen(text), depth = 100000;
	char *copy, *deep;
	json_t *json;

	(void)state;
	for (i = 0; i <= len; i++) { /* exactly i bytes, for ASan to see */
		copy = xcalloc(i > 0 ? i : 1, 1);
		memcpy(copy, text, i);
		json_locate(copy, i, &query, 1, NULL, NULL);
		free(copy);
	}
	for (i = 0; i < len; i++) {
		copy = xstrdup(text);
		copy[i] = "\"{[,:}]\\\0x"[i % 10];
		json_locate(copy, len, &query, 1, NULL, NULL);
		free(copy);
	}
	deep = xcalloc(depth, 1);
	memset(deep, '[', depth);
	json_locate(deep, depth, &query, 1, NULL, NULL);
	assert_int_equal(query.value.line, 0);
	json = json_loadb(deep, depth, 0, NULL);
	assert_null(json);
	free(deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_found),
	    cmocka_unit_test(duplicates_are_found),
	    cmocka_unit_test(paths_are_built_and_cut),
	    cmocka_unit_test(bytes_are_escaped),
	    cmocka_unit_test(what_is_no_json_does_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("json_locate", tests, NULL, NULL);
}
