/* SPDX-License-Identifier: ISC */

/*
 * The log: that nobody waits for who reads it, that it writes to nothing but
 * the log, and what systemd's journal is told.
 */

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "log_reader.h"

static void
what_nobody_reads_is_counted(void **state)
{
	int saved = dup(2), reader, i;
	const char *text;

	(void)state;
	reader = standard_error();
	log_open("test", 1, LOG_NORMAL);
	log_never_wait();
	/* More than a pipe holds, in lines shorter than that of the loss. */
	for (i = 0; i < 5000; i++)
		log_warnx("message %d", i);
	log_debug("not to be logged at all");
	text = drain(reader);
	assert_non_null(strstr(text, "message 0\n"));
	assert_null(strstr(text, "message 4999\n"));
	assert_null(strstr(text, "lost"));
	for (i = 0; *text != '\0'; text++)
		i += *text == '\n';
	log_warnx("now it is read");
	text = drain(reader);
	assert_int_equal(
	    strtol(strstr(text, "test: ") + 6, NULL, 10), 5000 - i);
	text = strstr(text, " messages before this were lost\n");
	assert_non_null(text);
	assert_non_null(strstr(text, "test: now it is read\n"));
	log_warnx("once is enough");
	assert_null(strstr(drain(reader), "lost"));
	log_open("test", 1, LOG_NORMAL);
	dup2(saved, 2);
	close(saved);
	close(reader);
}

/* Close all descriptors, but this one, as a fresh engine does. */
static void
close_all_but(int fd)
{
	log_close();
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
}

#define FILES 8

static int
log_after_closing(void)
{
	int files[FILES], i, fd = syslogd();
	struct stat before[FILES], after;

	if (fd == -1)
		return SKIP;
	log_open("test", 0, LOG_NORMAL);
	log_warnx("by syslog(3)");
	if (strstr(drain(fd), "by syslog(3)") == NULL)
		return 1;
	close_all_but(fd);
	log_open("test", 0, LOG_NORMAL);
	for (i = 0; i < FILES; i++) {
		files[i] = open("/proc/self/status", O_RDONLY);
		if (fstat(files[i], &before[i]) == -1)
			return 2;
	}
	log_warnx("by a fresh process");
	if (strstr(drain(fd), "by a fresh process") == NULL)
		return 3;
	for (i = 0; i < FILES; i++)
		if (fstat(files[i], &after) == -1 ||
		    after.st_mode != before[i].st_mode)
			return 4; /* it is the log's now */
	return 0;
}

static void
what_is_opened_later_is_not_the_log(void **state)
{
	(void)state;
	in_a_child(log_after_closing);
}

/* What a tap was told; it logs, and goes when told to. */
struct told {
	struct log_tap tap;
	char text[256]; /* "PRIORITY MESSAGE" and so on, a line each */
	bool leaves;
};

static void
note_line(void *arg, int priority, const char *text)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len, "%d %s\n",
	    priority, text);
	log_info("a tap that logs");
	if (told->leaves)
		log_tap_remove(&told->tap);
}

static void
taps_are_told_what_was_logged(void **state)
{
	struct told first = {.tap = {.line = note_line, .arg = &first}};
	struct told second = {.tap = {.line = note_line, .arg = &second}};
	int saved = dup(2), reader = standard_error();
	const char *text;

	(void)state;
	log_open("test", 1, LOG_NORMAL);
	log_tap_add(&first.tap);
	log_tap_add(&second.tap);
	first.leaves = true;
	log_warnx("%s one", "message");
	log_debug("too verbose");
	errno = ENOENT;
	log_warn("second");
	assert_int_equal(errno, ENOENT);
	log_tap_remove(&second.tap);
	log_info("nobody hears this");
	text = drain(reader);
	dup2(saved, 2);
	close(saved);
	close(reader);
	assert_string_equal(first.text, "4 message one\n");
	assert_string_equal(second.text,
	    "4 message one\n4 second: No such file or directory\n");
	assert_non_null(strstr(text, "test: a tap that logs\n"));
}

/* As systemd.exec(5) has it. */
static void
set_journal_stream(int fd, unsigned more)
{
	char text[64];
	struct stat st;

	assert_return_code(fstat(fd, &st), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + more);
	setenv("JOURNAL_STREAM", text, 1);
}

/* Standard error is a pair of sockets' one end, as the journal's is. */
static int
journal(void)
{
	int fds[2];

	assert_return_code(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_return_code(dup2(fds[1], 2), 0);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return fds[0];
}

static void
the_journal_is_told_priorities(void **state)
{
	int saved = dup(2), reader = journal();
	char text[512], bare[512];

	(void)state;
	set_journal_stream(2, 0);
	log_open("test", 1, LOG_VERBOSE);
	log_warnx("a %s", "warning");
	log_never_wait();
	log_at(3, "an error\n<0>or two");
	log_debug("a detail");
	log_set_json(true);
	log_notice("JSON");
	log_set_json(false);
	strlcpy(text, drain(reader), sizeof(text));
	log_bare(3, "for who starts it");
	strlcpy(bare, drain(reader), sizeof(bare));
	/* Some other program's, which this one's environment is of. */
	set_journal_stream(2, 1);
	log_open("test", 1, LOG_NORMAL);
	log_warnx("no journal");
	log_bare(3, "bare");
	unsetenv("JOURNAL_STREAM");
	log_open("test", 1, LOG_NORMAL);
	log_warnx("none at all");
	dup2(saved, 2);
	close(saved);
	assert_memory_equal(
	    text, "<4>a warning\n<3>an error <0>or two\n<7>a detail\n<5>{", 51);
	assert_string_equal(text + strlen(text) - 2, "}\n");
	assert_string_equal(bare, "<3>for who starts it\n");
	strlcpy(text, drain(reader), sizeof(text));
	close(reader);
	assert_null(strstr(text, "<4>"));
	assert_non_null(strstr(text, " test: no journal\nbare\n"));
	assert_non_null(strstr(text, " test: none at all\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_nobody_reads_is_counted),
	    cmocka_unit_test(what_is_opened_later_is_not_the_log),
	    cmocka_unit_test(taps_are_told_what_was_logged),
	    cmocka_unit_test(the_journal_is_told_priorities),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
