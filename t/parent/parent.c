/* SPDX-License-Identifier: ISC */

/*
 * The parent process's dealings with an engine that does not listen, with
 * several bgpds, by a shell script in the place of bgpctl, and with the file.
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include <signal.h>

#include "adapters/child.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "core/lifeline.h"
#include "parent_private.h"
#include "serve.h"

#define ORDERS 5000 /* more than a socket has room for */

static char conf_file[64];
static const struct options options = {.foreground = true, .file = conf_file};
static struct parent parent;
static char directory[] = "/tmp/vc5d-parent-XXXXXX", program[64];
static int ended; /* the engine's status; -1 = it runs */

/* In the place of parent.c, and of parent_notify.c. */

void
parent_step(struct parent *p)
{
	(void)p;
}

void
parent_heard(struct parent *p, unsigned most)
{
	(void)p;
	(void)most;
}

void
parent_lost(struct parent *p, int status)
{
	(void)p;
	ended = status;
}

void
parent_notice_started(struct parent *p)
{
	(void)p;
}

void
parent_notice_configure(struct parent *p, const struct conf *conf)
{
	(void)p;
	(void)conf;
}

/* The engine: stands still, and then reads on until it was told to stop. */
int
serve(const struct options *o, struct conf *conf, int fd, bool ready,
    const struct engine_origin *origin)
{
	struct lifeline_message m;
	uint8_t buf[LIFELINE_LEN];
	unsigned stops = 0, others = 0;
	ssize_t n;

	(void)o;
	(void)conf;
	(void)ready;
	(void)origin;
	raise(SIGSTOP);
	while (stops < 2 && (n = read(fd, buf, sizeof(buf))) > 0) {
		if (lifeline_decode(buf, (size_t)n, &m) == -1)
			return 2;
		stops += m.type == LIFELINE_STOP;
		others += m.type != LIFELINE_STOP && stops == 0;
	}
	return stops == 2 && others > 0 && others < ORDERS ? 0 : 1;
}

/* Run the event loop until it is so; the test fails if it never is. */
#define wait_for(condition)                                        \
	do {                                                       \
		uint64_t limit_ = monotime_ms() + 10000;           \
                                                                   \
		while (!(condition)) {                             \
			if (monotime_ms() > limit_)                \
				fail_msg("never: %s", #condition); \
			event_base_loop(parent.base, EVLOOP_ONCE); \
		}                                                  \
	} while (0)

static void
turn(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static struct event *ticks; /* so that a wait comes to its end */

static int
setup(void **state)
{
	const struct timeval often = monotime_timeval(20);

	(void)state;
	memset(&parent, 0, sizeof(parent));
	parent.options = &options;
	parent.up = true;
	parent.base = event_base_new();
	assert_non_null(parent.base);
	ticks = event_new(parent.base, -1, EV_PERSIST, turn, NULL);
	event_add(ticks, &often);
	deadman_init(&parent.deadman, 2000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	parent_withdraw_end(&parent);
	free(parent.withdrawals);
	conf_free(parent.conf);
	announced_clear(&parent.announced);
	event_free(ticks);
	event_base_free(parent.base);
	return 0;
}

static void
stop_is_kept_until_there_is_room(void **state)
{
	unsigned i;
	int status;

	(void)state;
	ended = -1;
	parent_fork(&parent);
	assert_int_equal(
	    waitpid(parent.engine, &status, WUNTRACED), parent.engine);
	assert_true(WIFSTOPPED(status));
	for (i = 0; i < ORDERS; i++)
		parent_tell(&parent, LIFELINE_RELOAD);
	parent_tell(&parent, LIFELINE_STOP);
	parent_tell(&parent, LIFELINE_STOP);
	assert_int_equal(parent.owed, 2);
	kill(parent.engine, SIGCONT);
	wait_for(ended != -1);
	assert_int_equal(ended, 0);
	assert_int_equal(parent.owed, 0);
}

/* VIPs that a bgpd announces. */
static struct announced_place *
place_add(const char *socket, bool configured)
{
	struct announced *a = &parent.announced;
	struct announced_place *place;

	a->places =
	    xreallocarray(a->places, a->place_count + 1, sizeof(*a->places));
	place = &a->places[a->place_count++];
	memset(place, 0, sizeof(*place));
	place->socket = xstrdup(socket);
	place->program = xstrdup(program);
	place->configured = configured;
	place->vips = xcalloc(2, sizeof(*place->vips));
	place->count = 2;
	addr_parse("192.0.2.1", &place->vips[0]);
	addr_parse("2001:db8::1", &place->vips[1]);
	return place;
}

static void
path_of(const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", directory, name);
}

static bool
is_there(const char *name)
{
	char path[128];

	path_of(name, path);
	return access(path, F_OK) == 0;
}

static void
touch(const char *name)
{
	char path[128];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

/* One that hangs keeps no other waiting. */
static void
all_bgpds_are_told_at_the_same_time(void **state)
{
	size_t i;

	(void)state;
	place_add("/hangs", false);
	place_add("/former", false);
	place_add("/now", true);
	parent_withdraw(&parent);
	assert_int_equal(parent.withdrawing, 3);
	for (i = 0; i < 3; i++)
		assert_true(parent_withdraws_by(
		    &parent, child_pid(parent.withdrawals[i].bgpctl)));
	wait_for(is_there("now") && is_there("former") && is_there("hangs"));
	wait_for(parent.withdrawing == 1);
	assert_int_equal(announced_count(&parent.announced), 2);
	assert_int_equal(parent.announced.places[0].count, 2);
	touch("go");
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 0);
	assert_true(parent.deadman.withdraw == DEADMAN_NEVER);
	assert_false(parent_withdraws_by(&parent, getpid()));
}

/* Until it is dead the engine may announce them again. */
static void
what_began_too_early_is_done_again(void **state)
{
	(void)state;
	place_add("/now", true);
	parent.deadman.engine = DEADMAN_KILLED;
	parent_withdraw(&parent);
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 2);
	parent.deadman.engine = DEADMAN_NOBODY;
	parent_withdraw(&parent);
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 0);
}

/* What was told of meanwhile was not withdrawn. */
static void
what_came_meanwhile_is_withdrawn_then(void **state)
{
	struct announced_place *place = place_add("/now", true);

	(void)state;
	parent_withdraw(&parent);
	place->version++;
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 2);
	assert_true(parent.deadman.withdraw != DEADMAN_NEVER);
	parent_withdraw(&parent);
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 0);
	assert_true(parent.deadman.withdraw == DEADMAN_NEVER);
}

static void
what_failed_is_tried_again(void **state)
{
	struct announced_place *place = place_add("/fails", true);

	(void)state;
	place_add("/former", false);
	parent_withdraw(&parent);
	wait_for(parent.withdrawing == 0);
	assert_int_equal(announced_count(&parent.announced), 2);
	assert_true(parent.deadman.withdraw != DEADMAN_NEVER);
	free(parent.announced.places[0].program);
	parent.announced.places[0].program = xstrdup("/nonexistent/bgpctl");
	place = &parent.announced.places[0];
	parent_withdraw(&parent);
	assert_int_equal(parent.withdrawing, 0);
	assert_int_equal(place->count, 2);
	assert_true(parent.deadman.withdraw != DEADMAN_NEVER);
}

/* Each has another VIP. */
static void
write_conf(unsigned last)
{
	FILE *file = fopen(options.file, "w");

	assert_non_null(file);
	fprintf(file,
	    "{\"interfaces\": \"eth0\", \"dead_man\": %u, \"services\": [{"
	    "\"name\": \"web\", \"virtual\": \"192.0.2.%u\", \"policy\": "
	    "{\"80\": {}}, \"servers\": [\"10.0.0.1\"]}]}",
	    last, last);
	fclose(file);
}

static struct conf *
load(void)
{
	struct conf_errors errors = {0};
	struct conf *conf = conf_load(options.file, &errors);

	if (conf == NULL)
		fail_msg("%s", errors.lines[0]);
	return conf;
}

static bool
knows(unsigned last)
{
	return parent.announced.allowed_count == 1 &&
	    parent.announced.allowed[0].bytes[3] == last &&
	    parent.conf->vips[0].address.bytes[3] == last &&
	    parent.deadman.limit == last * 1000;
}

/* How many orders to reload the engine has. */
static unsigned
reloads(int line)
{
	uint8_t buf[LIFELINE_LEN];
	struct lifeline_message m;
	unsigned count = 0;
	ssize_t n;

	while ((n = recv(line, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		assert_int_equal(lifeline_decode(buf, (size_t)n, &m), 0);
		count += m.type == LIFELINE_RELOAD;
	}
	return count;
}

/* Both are to know the same text, whenever the file is changed. */
static void
the_engines_configuration_is_the_parents(void **state)
{
	struct conf *of_engine;
	int line[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line), 0);
	parent.engine = getpid();
	parent.line = line[0];
	write_conf(1);
	parent_adopt(&parent, load());
	assert_true(knows(1));
	/* What it has it need not read. */
	assert_int_equal(truncate(options.file, 0), 0);
	parent_configured(&parent, parent.conf->digest);
	assert_true(knows(1));
	/* The engine has read the file before it was changed once more. */
	write_conf(2);
	of_engine = load();
	write_conf(3);
	parent_configured(&parent, of_engine->digest);
	conf_free(of_engine);
	assert_true(knows(1));
	assert_int_equal(reloads(line[1]), 1);
	of_engine = load();
	parent_configured(&parent, of_engine->digest);
	conf_free(of_engine);
	assert_true(knows(3));
	/* One that can't be read is not waited for. */
	assert_int_equal(truncate(options.file, 0), 0);
	parent_configured(&parent, 1);
	assert_true(knows(3));
	assert_int_equal(reloads(line[1]), 0);
	unlink(options.file);
	assert_int_equal(mkfifo(options.file, 0600), 0);
	parent_configured(&parent, 1);
	assert_true(knows(3));
	unlink(options.file);
	parent.engine = 0;
	close(line[0]);
	close(line[1]);
}

/* bgpctl -s SOCKET network bulk delete, with addresses at its input. */
static void
write_program(void)
{
	FILE *file;

	snprintf(program, sizeof(program), "%s/bgpctl", directory);
	snprintf(conf_file, sizeof(conf_file), "%s/conf", directory);
	file = fopen(program, "w");
	assert_non_null(file);
	fprintf(file,
	    "#!/bin/sh\n"
	    "test \"$1 $3 $4 $5\" = '-s network bulk delete' || exit 1\n"
	    "test \"$(wc -w)\" -ge 2 || exit 1\n"
	    "test $2 != /fails || exit 1\n"
	    ": >%s$2\n"
	    "until test $2 != /hangs || test -e %s/go; do sleep 0.02; done\n",
	    directory, directory);
	fclose(file);
	assert_int_equal(chmod(program, 0755), 0);
}

static void
remove_all(void)
{
	static const char *const names[] = {
	    "bgpctl", "now", "former", "hangs", "go"};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path);
		unlink(path);
	}
	rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(stop_is_kept_until_there_is_room),
	    TEST(all_bgpds_are_told_at_the_same_time),
	    TEST(what_began_too_early_is_done_again),
	    TEST(what_came_meanwhile_is_withdrawn_then),
	    TEST(what_failed_is_tried_again),
	    TEST(the_engines_configuration_is_the_parents),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	write_program();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("parent", tests, NULL, NULL);
	remove_all();
	return failed;
}
