/* SPDX-License-Identifier: ISC */

/*
 * What interfaces do to frames, and that they stop when told to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include <errno.h>
#include <unistd.h>

#include "adapters/netlink_private.h"
#include "netlink_lab.h"

static void
tags_are_kept(void **state)
{
	struct lab *lab = *state;

	(void)lab;
	/* A veth device says that it takes tags out of frames. */
	assert_int_equal(netlink_keep_tags("in0"), 1);
	assert_int_equal(netlink_keep_tags("in0"), 0);
}

static void
where_nobody_takes_them_nothing_changes(void **state)
{
	struct lab *lab = *state;

	lab_run(lab->host, "ip link add br0 type bridge");
	assert_int_equal(netlink_keep_tags("lo"), 0);
	assert_int_equal(netlink_keep_tags("br0"), 0);
}

static void
without_the_interface_it_cant_be(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(netlink_keep_tags("none0"), -1);
	assert_int_equal(errno, ENODEV);
	errno = 0;
	assert_int_equal(netlink_keep_tags("sixteen-letters-"), -1);
	assert_int_equal(errno, ENODEV);
}

/* The loopback interface does not let go of its checksums. */
static void
what_is_fixed_is_told(void **state)
{
	static const char *const fixed[] = {"tx-checksum-ip-generic", NULL};
	static const char *const nothing[] = {"tx-no-such-*", NULL};

	(void)state;
	errno = 0;
	assert_int_equal(netlink_features_off("lo", fixed), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(netlink_features_off("lo", nothing), 0);
}

static void
without_the_right_it_cant_be(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(netlink_keep_tags("in0") == -1 && errno == EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(netlink_keep_tags("in0"), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(tags_are_kept),
	    TEST(where_nobody_takes_them_nothing_changes),
	    TEST(without_the_interface_it_cant_be),
	    TEST(what_is_fixed_is_told),
	    TEST(without_the_right_it_cant_be),
	};

	lab_required();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
