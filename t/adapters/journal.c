/* SPDX-License-Identifier: ISC */

/*
 * A journal: lines that are said to be in it are, whatever happens to the
 * process, the disk or the file.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/journal.h"
#include "base/xmalloc.h"

#define KILLS 40 /* in test_killed */

static char directory[] = "/tmp/vc5-journal-XXXXXX";
static char *path, *fresh;
static struct journal *j;

/* Takes what is wrong. */
static void
must(char *wrong)
{
	if (wrong != NULL)
		fail_msg("%s", wrong);
}

/* The same, of what must be wrong. */
static void
must_fail(char *wrong, const char *why)
{
	assert_non_null(wrong);
	if (strstr(wrong, why) == NULL)
		fail_msg("%s", wrong);
	free(wrong);
}

static char *
add(const char *line)
{
	return journal_append(j, line, strlen(line));
}

static void
begin(const char *text)
{
	must(journal_begin(j));
	must(journal_put(j, text, strlen(text)));
}

static void
rewrite(const char *text)
{
	begin(text);
	must(journal_end(j));
}

static void
write_bytes(const void *bytes, size_t len, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void
write_raw(const char *text, int flags)
{
	write_bytes(text, strlen(text), flags);
}

/* What another one reads. */
static void
assert_lines(const char *expected, bool expect_torn)
{
	struct journal *other = journal_new(path);
	char *text;
	size_t len;
	bool torn;

	must(journal_read(other, &text, &len, &torn));
	assert_non_null(text);
	assert_int_equal(len, strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(torn, expect_torn);
	free(text);
	journal_free(other);
}

/* Forget all, and read the file. */
static void
again(void)
{
	char *text;
	size_t len;
	bool torn;

	journal_free(j);
	j = journal_new(path);
	must(journal_read(j, &text, &len, &torn));
	free(text);
}

static int
setup(void **state)
{
	(void)state;
	unlink(path);
	j = journal_new(path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	journal_free(j);
	unlink(path);
	unlink(fresh);
	return 0;
}

static void
test_lines(void **state)
{
	char *text;
	size_t len;
	bool torn;

	(void)state;
	must(journal_read(j, &text, &len, &torn));
	assert_null(text);
	assert_true(journal_is_broken(j));
	must_fail(add("a\n"), "written anew first");
	rewrite("a\n");
	assert_false(journal_is_broken(j));
	must(add("b\n"));
	must(add("c\n"));
	assert_lines("a\nb\nc\n", false);
	again();
	must(add("d\n"));
	assert_lines("a\nb\nc\nd\n", false);
	rewrite("x\n");
	must(add("y\n"));
	assert_lines("x\ny\n", false);
}

static void
test_lines_while_rewritten(void **state)
{
	(void)state;
	rewrite("a\n");
	begin("1\n");
	assert_true(journal_is_rewritten(j));
	must(add("b\n"));
	assert_lines("a\nb\n", false);
	must(journal_put(j, "2\n", 2));
	must(add("c\n"));
	assert_lines("a\nb\nc\n", false);
	must(journal_end(j));
	assert_false(journal_is_rewritten(j));
	assert_lines("1\n2\nb\nc\n", false);
	must(add("d\n"));
	begin("3\n");
	journal_abandon(j);
	must(add("e\n"));
	assert_lines("1\n2\nb\nc\nd\ne\n", false);
}

static void
test_torn(void **state)
{
	(void)state;
	rewrite("a\n");
	write_raw("b\ncut o", O_APPEND);
	assert_lines("a\nb\n", true);
	again();
	must(add("c\n"));
	assert_lines("a\nb\nc\n", false);
	write_raw("cut", O_TRUNC);
	assert_lines("", true);
	again();
	must(add("d\n"));
	assert_lines("d\n", false);
}

/* Power failed when the file had grown, and before its data was written. */
static void
test_torn_by_power(void **state)
{
	static const char zeros[5000];

	(void)state;
	rewrite("a\n");
	write_bytes(zeros, 1, O_APPEND);
	assert_lines("a\n", true);
	write_bytes(zeros, sizeof(zeros), O_APPEND);
	assert_lines("a\n", true);
	again();
	must(add("b\n"));
	assert_lines("a\nb\n", false);
	/* Of the last line, a part was. */
	write_raw("cut", O_APPEND);
	write_bytes(zeros, sizeof(zeros), O_APPEND);
	assert_lines("a\nb\n", true);
	again();
	must(add("c\n"));
	assert_lines("a\nb\nc\n", false);
	write_bytes(zeros, sizeof(zeros), O_TRUNC);
	assert_lines("", true);
	again();
	must(add("d\n"));
	assert_lines("d\n", false);
}

/* What is believed to be kept must not be in a file that nobody finds. */
static void
test_others_meddle(void **state)
{
	(void)state;
	rewrite("a\n");
	assert_int_equal(unlink(path), 0);
	must_fail(add("b\n"), "No such file");
	assert_true(journal_is_broken(j));
	rewrite("a\n");
	write_raw("z\n", O_APPEND);
	must_fail(add("b\n"), "Stale");
	assert_true(journal_is_broken(j));
	rewrite("a\n");
	assert_int_equal(unlink(path), 0);
	write_raw("a\n", O_EXCL);
	write_raw("a\n", O_APPEND);
	must_fail(add("b\n"), "Stale");
	rewrite("a\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	must_fail(add("b\n"), path);
	assert_int_equal(unlink(path), 0);
	rewrite("a\n");
	must(add("b\n"));
	assert_lines("a\nb\n", false);
}

static bool
mount_small(const char *options)
{
	return mount("none", directory, "tmpfs", 0, options) == 0;
}

/* Lines until it fails: how many; what is wrong in *wrong. */
static unsigned
fill(char **wrong)
{
	char line[101];
	unsigned count = 0;

	memset(line, 'x', sizeof(line) - 1);
	line[99] = '\n';
	line[100] = '\0';
	while ((*wrong = add(line)) == NULL && count < 100000)
		count++;
	return count;
}

static void
in_full_file_system(void)
{
	char *wrong, *text;
	unsigned count;
	size_t len;
	bool torn;

	rewrite("a\n");
	count = fill(&wrong);
	must_fail(wrong, "No space left");
	assert_in_range(count, 10, 1000);
	/* All that were said to be kept are, and nothing else. */
	assert_false(journal_is_broken(j));
	must(journal_read(j, &text, &len, &torn));
	assert_int_equal(len, 2 + 100 * count);
	assert_false(torn);
	free(text);
	must_fail(journal_begin(j) != NULL ? xstrdup("No space left")
					   : journal_put(j, "b\n", 2),
	    "No space left");
	journal_abandon(j);
	must(journal_read(j, &text, &len, &torn));
	assert_int_equal(len, 2 + 100 * count);
	free(text);
	/* What makes room makes it work again. */
	assert_int_equal(
	    mount("none", directory, NULL, MS_REMOUNT, "size=1m"), 0);
	must(add("b\n"));
	assert_int_equal(
	    mount("none", directory, NULL, MS_REMOUNT | MS_RDONLY, "size=1m"),
	    0);
	must_fail(add("c\n"), "Read-only");
	must_fail(journal_begin(j), "Read-only");
	assert_false(journal_is_broken(j));
	assert_int_equal(
	    mount("none", directory, NULL, MS_REMOUNT, "size=1m"), 0);
	must(add("c\n"));
}

static void
test_full(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    !mount_small("size=32k")) {
		print_message("# no file systems can be mounted here\n");
		skip();
	}
	in_full_file_system();
	journal_free(j);
	j = NULL;
	assert_int_equal(umount(directory), 0);
}

/* All that are before a number. */
static void
begin_anew(unsigned end)
{
	char line[16];
	unsigned i;

	must(journal_begin(j));
	for (i = 0; i < end; i++) {
		snprintf(line, sizeof(line), "%u\n", i);
		must(journal_put(j, line, strlen(line)));
	}
}

/*
 * Numbers, each told when it is kept; now and then all are written anew, in
 * parts.  The pipe is as the control socket's reply.
 */
static void
keep_numbers(int told, unsigned from)
{
	char line[16];
	unsigned i;

	for (i = from;; i++) {
		snprintf(line, sizeof(line), "%u\n", i);
		if (i % 8 == 0)
			begin_anew(i);
		if (i % 8 == 4 && journal_is_rewritten(j))
			must(journal_end(j));
		snprintf(line, sizeof(line), "%u\n", i);
		must(journal_append(j, line, strlen(line)));
		if (write(told, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

/* Are all numbers below it in the file? */
static void
assert_kept(unsigned count)
{
	bool *seen = xcalloc(count + 2, sizeof(*seen)), torn;
	char *text, *line, *next;
	unsigned i;
	size_t len;

	must(journal_read(j, &text, &len, &torn));
	assert_non_null(text);
	for (next = text;
	     (line = strsep(&next, "\n")) != NULL && *line != '\0';)
		if ((i = (unsigned)strtoul(line, NULL, 10)) < count + 2)
			seen[i] = true;
	for (i = 0; i < count; i++)
		if (!seen[i])
			fail_msg("%u of %u is lost", i, count);
	free(text);
	free(seen);
}

/* The last number that was told by who is killed after so many us, plus one. */
static unsigned
kill_after(unsigned us, unsigned from)
{
	unsigned number, count = from;
	int told[2], status;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(told[0]);
		keep_numbers(told[1], from);
	}
	close(told[1]);
	/* Once it is under way, at any moment. */
	if (read(told[0], &number, sizeof(number)) == sizeof(number))
		count = number + 1;
	usleep(us);
	kill(pid, SIGKILL);
	while (read(told[0], &number, sizeof(number)) == sizeof(number))
		count = number + 1;
	close(told[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return count;
}

static void
test_killed(void **state)
{
	unsigned i, count = 0;

	(void)state;
	srandom(7);
	rewrite("");
	for (i = 0; i < KILLS; i++) {
		count = kill_after((unsigned)random() % 3000, count);
		again();
		assert_kept(count);
		/* One that was not told may be there, and is told again. */
	}
	assert_in_range(count, KILLS, 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_lines_while_rewritten, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_torn_by_power, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_others_meddle, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	path = xasprintf("%s/journal", directory);
	fresh = xasprintf("%s.new", path);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("journal", tests, NULL, NULL);
	free(path);
	free(fresh);
	rmdir(directory);
	return failed;
}
