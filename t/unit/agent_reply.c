/* SPDX-License-Identifier: ISC */

/*
 * What agents answer, and what it is taken for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/agent_reply.h"

static const struct {
	const char *line;
	enum agent_state state;
	int weight;
} good[] = {
    {"up", AGENT_UP, -1},
    {"UP\t", AGENT_UP, -1},
    {"ready", AGENT_UP, -1},
    {"up ready 75%", AGENT_UP, 75},
    {"ready,up,75%", AGENT_UP, 75},
    {"drain", AGENT_DRAIN, -1},
    {"up drain", AGENT_DRAIN, -1},
    {"drain up", AGENT_DRAIN, -1},
    {"drain ready", AGENT_UP, -1},
    {"down", AGENT_DOWN, -1},
    {"down drain", AGENT_DOWN, -1},
    {"ready down", AGENT_DOWN, -1},
    {"maint", AGENT_DOWN, -1},
    {"maint up", AGENT_DOWN, -1},
    {"stopped", AGENT_DOWN, -1},
    {"failed #disk full, 99% used", AGENT_DOWN, -1},
    {"down#now", AGENT_DOWN, -1},
    {"0%", AGENT_UNSAID, 0},
    {"100%", AGENT_UNSAID, 100},
    {"101%", AGENT_UNSAID, 100},
    {"99999999999999999999%", AGENT_UNSAID, 100},
    {"50% 60%", AGENT_UNSAID, 60},
    {" , up , ", AGENT_UP, -1},
    {"up maxconn:20", AGENT_UP, -1},
};

static const struct {
	const char *line, *wrong;
} bad[] = {
    {"", ""},
    {" \t,", ""},
    {"#up", ""},
    {"upp", "upp"},
    {"u", "u"},
    {"up no", "no"},
    {"%", "%"},
    {"-1%", "-1%"},
    {"5 %", "5"},
    {"5.5%", "5.5%"},
    {"50", "50"},
    {"maxconn:", "maxconn:"},
    {"HTTP/1.1 200 OK", "HTTP/1.1"},
    {"\xff\x01", "\xff\x01"},
};

/* From memory of its own, without a NUL, for ASan to see. */
static bool
parse(const char *line, struct agent_reply *reply, char wrong[64])
{
	size_t length = strlen(line);
	char *copy = malloc(length > 0 ? length : 1);
	bool parsed;

	memcpy(copy, line, length);
	parsed = agent_reply_parse(copy, length, reply);
	memcpy(wrong, reply->wrong, reply->wrong_length);
	wrong[reply->wrong_length] = '\0';
	free(copy);
	return parsed;
}

static void
good_lines_are_understood(void **state)
{
	struct agent_reply reply;
	char wrong[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!parse(good[i].line, &reply, wrong))
			fail_msg("%s: %s", good[i].line, wrong);
		assert_int_equal(reply.state, good[i].state);
		assert_int_equal(reply.weight, good[i].weight);
	}
}

static void
bad_lines_are_named(void **state)
{
	struct agent_reply reply;
	char wrong[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(parse(bad[i].line, &reply, wrong));
		assert_string_equal(wrong, bad[i].wrong);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_lines_are_understood),
	    cmocka_unit_test(bad_lines_are_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
