/* SPDX-License-Identifier: ISC */

/*
 * The engine's end of the socket to its parent process: what it makes of the
 * parent's orders.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "adapters/lifeline.h"
#include "core/lifeline.h"

static struct event_base *base;
static struct lifeline *lifeline;
static int parent;	 /* its end */
static char journal[64]; /* what was asked for */

static void
note(const char *what)
{
	strcat(journal, what);
}

static void
stop(void *arg)
{
	(void)arg;
	note("S");
}

static void
reload(void *arg)
{
	(void)arg;
	note("R");
}

static void
look(void *arg)
{
	(void)arg;
	note("L");
}

static void
lost(void *arg)
{
	(void)arg;
	note("X");
}

static const struct lifeline_callbacks callbacks = {
    .stop = stop,
    .reload = reload,
    .look = look,
    .lost = lost,
};

static int
setup(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	base = event_base_new();
	assert_non_null(base);
	parent = fds[0];
	lifeline = lifeline_new(base, fds[1], &callbacks, NULL);
	journal[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	lifeline_free(lifeline);
	event_base_free(base);
	if (parent != -1)
		close(parent);
	return 0;
}

/* "?" is what is no message. */
static void
say(char what)
{
	struct lifeline_message m = {
	    .type = what == 'S' ? LIFELINE_STOP
		: what == 'R'	? LIFELINE_RELOAD
				: LIFELINE_LOOK,
	};
	uint8_t buf[LIFELINE_LEN] = {0xff};
	size_t len = what == '?' ? 1 : lifeline_encode(&m, buf);

	assert_int_equal(send(parent, buf, len, 0), len);
}

/* What waits in the socket when the engine listens comes to that. */
static void
expect(const char *said, const char *heard)
{
	for (; *said != '\0'; said++)
		say(*said);
	while (event_base_loop(base, EVLOOP_NONBLOCK) == 0 &&
	    strlen(journal) < strlen(heard))
		continue;
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_string_equal(journal, heard);
	journal[0] = '\0';
}

static void
each_order_is_heard(void **state)
{
	(void)state;
	expect("S", "S");
	expect("R", "R");
	expect("L", "L");
	expect("SS", "SS");
	expect("LSLR", "LSLR");
	expect("?R?", "R");
}

/* The type of what the engine says next; LIFELINE_TYPES if that is nothing. */
static enum lifeline_type
hear(void)
{
	struct lifeline_message m;
	uint8_t buf[LIFELINE_LEN];
	ssize_t len = recv(parent, buf, sizeof(buf), MSG_DONTWAIT);

	if (len == -1)
		return LIFELINE_TYPES;
	assert_int_equal(lifeline_decode(buf, (size_t)len, &m), 0);
	return m.type;
}

static void
who_was_busy_gives_a_sign_at_once(void **state)
{
	(void)state;
	lifeline_beat(lifeline, 600000);
	lifeline_busy(lifeline, 1000);
	lifeline_beat(lifeline, 500000);
	assert_int_equal(hear(), LIFELINE_BUSY);
	assert_int_equal(hear(), LIFELINE_TYPES);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(hear(), LIFELINE_BEAT);
	assert_int_equal(hear(), LIFELINE_TYPES);
}

/* The file is read but once. */
static void
reloads_in_a_row_are_one(void **state)
{
	(void)state;
	expect("RRRRRRRR", "R");
	expect("RR?RLR", "LR");
}

static void
reload_before_a_stop_is_dropped(void **state)
{
	(void)state;
	expect("RRRS", "S");
	expect("RRLRRS", "LS");
	expect("RSRS", "SS");
	expect("RSR", "SR");
}

static void
reload_of_a_parent_that_is_gone_is_dropped(void **state)
{
	(void)state;
	say('R');
	close(parent);
	parent = -1;
	expect("", "X");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(each_order_is_heard),
	    TEST(who_was_busy_gives_a_sign_at_once),
	    TEST(reloads_in_a_row_are_one),
	    TEST(reload_before_a_stop_is_dropped),
	    TEST(reload_of_a_parent_that_is_gone_is_dropped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lifeline", tests, NULL, NULL);
}
