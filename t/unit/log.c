/* SPDX-License-Identifier: ISC */

/*
 * The log: that nobody waits for who reads it, and that it writes to nothing
 * but the log.
 */

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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

#define SKIP 77

/* What is in a pipe or socket; it must not block. */
static const char *
drain(int fd)
{
	static char text[1 << 17];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

/* The pipe's other end, after standard error has become this one. */
static int
standard_error(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_return_code(dup2(fds[1], 2), 0);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return fds[0];
}

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

/* syslogd's socket, in a /dev of one's own; -1 if that can't be made. */
static int
syslogd(void)
{
	const struct sockaddr_un sun = {
	    .sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) == -1)
		return -1;
	return fd;
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
	int status = 0;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0)
		_exit(log_after_closing());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP) {
		print_message("no mount namespace can be made here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_nobody_reads_is_counted),
	    cmocka_unit_test(what_is_opened_later_is_not_the_log),
	    cmocka_unit_test(taps_are_told_what_was_logged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
