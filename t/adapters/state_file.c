/* SPDX-License-Identifier: ISC */

/*
 * The file that outlives the daemon: replaced as a whole or not at all, its
 * owner's alone, and never mistaken for one that is not there.
 */

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/state_file.h"
#include "base/xmalloc.h"

static char directory[] = "/tmp/vc5d-state-XXXXXX";
static char *inner, *path, *fresh;

static int
prepare(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	inner = xasprintf("%s/vc5d", directory);
	path = xasprintf("%s/overrides", inner);
	fresh = xasprintf("%s.new", path);
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	unlink(fresh);
	unlink(path);
	rmdir(inner);
	rmdir(directory);
	free(inner);
	free(path);
	free(fresh);
	memcpy(strrchr(directory, '-') + 1, "XXXXXX", 6);
	return 0;
}

static void
must_write(const char *text)
{
	char *wrong = state_file_write(path, text, strlen(text));

	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void
must_read(const char *expected)
{
	char *text, *wrong;
	size_t len;

	wrong = state_file_read(path, &text, &len);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_non_null(text);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
	free(text);
}

/* It is refused, with this in what is said. */
static void
must_not_read(const char *part)
{
	char *text, *wrong;
	size_t len;

	wrong = state_file_read(path, &text, &len);
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, part));
	assert_null(text);
	free(wrong);
}

static void
a_file_and_its_directory_are_made_for_their_owner(void **state)
{
	struct stat st;

	(void)state;
	must_write("one\n");
	must_read("one\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(inner, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	must_write("");
	must_read("");
	assert_int_equal(access(fresh, F_OK), -1);
}

static void
no_file_is_nothing_wrong(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_null(state_file_read(path, &text, &len));
	assert_null(text);
}

static void
what_a_killed_writer_left_is_in_nobodys_way(void **state)
{
	FILE *f;

	(void)state;
	must_write("one\n");
	assert_non_null(f = fopen(fresh, "w"));
	fputs("half of ano", f);
	fclose(f);
	must_read("one\n");
	must_write("two\n");
	must_read("two\n");
	/* Nor is a link followed that somebody put there. */
	assert_int_equal(symlink("/dev/null", fresh), 0);
	must_write("three\n");
	must_read("three\n");
}

static void
a_file_that_cannot_be_replaced_stays(void **state)
{
	char *wrong;

	(void)state;
	must_write("one\n");
	assert_int_equal(mkdir(fresh, 0700), 0);
	wrong = state_file_write(path, "two\n", 4);
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, path));
	free(wrong);
	must_read("one\n");
	assert_int_equal(rmdir(fresh), 0);
}

static void
a_full_disk_is_an_error(void **state)
{
	char *wrong;

	(void)state;
	wrong = state_file_write("/dev/full/overrides", "two\n", 4);
	assert_non_null(wrong);
	free(wrong);
	wrong = state_file_write("/proc/vc5d/overrides", "two\n", 4);
	assert_non_null(wrong);
	free(wrong);
}

static void
what_is_no_plain_file_is_refused(void **state)
{
	(void)state;
	must_write("one\n");
	assert_int_equal(chmod(path, 0620), 0);
	must_not_read("others than its owner may write it");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	must_not_read("symbolic links");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	must_not_read("is not a regular file");
	assert_int_equal(unlink(path), 0);
	must_write("one\n");
	assert_int_equal(truncate(path, STATE_FILE_MAX + 1), 0);
	must_not_read("File too large");
}

static void
somebody_elses_file_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("# only root can give a file away\n");
		skip();
	}
	must_write("one\n");
	assert_int_equal(chown(path, 65534, 65534), 0);
	must_not_read("belongs to another user");
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, prepare, clean_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_and_its_directory_are_made_for_their_owner),
	    TEST(no_file_is_nothing_wrong),
	    TEST(what_a_killed_writer_left_is_in_nobodys_way),
	    TEST(a_file_that_cannot_be_replaced_stays),
	    TEST(a_full_disk_is_an_error),
	    TEST(what_is_no_plain_file_is_refused),
	    TEST(somebody_elses_file_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
