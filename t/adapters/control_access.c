/* SPDX-License-Identifier: ISC */

/*
 * Who may connect to a control socket: its group and mode.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/control.h"
#include "base/log.h"

static struct event_base *base;
static char path[64];

static json_t *
handler(void *arg, const json_t *request)
{
	(void)arg, (void)request;
	return NULL;
}

static struct control *
open_socket(const char *group, mode_t mode)
{
	const struct control_options options = {
	    .path = path, .group = group, .mode = mode, .handler = handler};

	return control_new(base, &options);
}

static struct stat
socket_stat(void)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	return st;
}

static void
modes_are_exact(void **state)
{
	static const mode_t modes[] = {0600, 0660, 0666, 0640};
	struct control *control;
	mode_t mask = umask(077);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		control = open_socket(NULL, modes[i]);
		assert_non_null(control);
		assert_int_equal(socket_stat().st_mode & 07777, modes[i]);
		assert_int_equal(socket_stat().st_gid, getegid());
		control_free(control);
	}
	assert_int_equal(umask(mask), 077);
}

static void
it_belongs_to_a_group(void **state)
{
	struct group *group = getgrnam("nogroup");
	struct control *control;

	(void)state;
	if (geteuid() != 0 || group == NULL) {
		print_message("only root can give a file away\n");
		skip();
	}
	control = open_socket("nogroup", 0660);
	assert_non_null(control);
	assert_int_equal(socket_stat().st_gid, group->gr_gid);
	assert_int_equal(socket_stat().st_mode & 07777, 0660);
	control_free(control);
}

/* A directory service's. */
static void
it_belongs_to_a_number(void **state)
{
	struct control *control;

	(void)state;
	if (geteuid() != 0) {
		skip();
		return;
	}
	control = open_socket("54321", 0660);
	assert_non_null(control);
	assert_int_equal(socket_stat().st_gid, 54321);
	control_free(control);
}

static void
without_its_group_there_is_none(void **state)
{
	(void)state;
	assert_null(open_socket("there-is-no-such-group", 0660));
	assert_null(open_socket("4294967295", 0660));
	assert_null(open_socket("99999999999", 0660));
	assert_null(open_socket("-1", 0660));
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modes_are_exact),
	    cmocka_unit_test(it_belongs_to_a_group),
	    cmocka_unit_test(it_belongs_to_a_number),
	    cmocka_unit_test(without_its_group_there_is_none),
	};
	int failed;

	log_open("control_access", 1, LOG_VERBOSE);
	snprintf(path, sizeof(path), "/tmp/vc5t-access-%d", (int)getpid());
	base = event_base_new();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
