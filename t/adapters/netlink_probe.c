/* SPDX-License-Identifier: ISC */

/*
 * The probes' way out: that it is made, found again, put back and removed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include <net/if.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink_probe.h"

#define RULE "fwmark 0x5c000000/0xffff0000 lookup 22083"

static unsigned
occurrences(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return (count);
}

static void
assert_installed(struct lab *lab)
{
	static const char *const commands[][2] = {
	    {"ip -4 -o rule", "ip -4 route show table 22083"},
	    {"ip -6 -o rule", "ip -6 route show table 22083"},
	};
	const char *text;
	size_t i;

	for (i = 0; i < (lab_has_ipv6() ? 2 : 1); i++) {
		text = lab_output(lab, commands[i][0]);
		assert_int_equal(occurrences(text, "22083:\t"), 1);
		assert_int_equal(occurrences(text, RULE), 1);
		text = lab_output(lab, commands[i][1]);
		assert_int_equal(occurrences(text, "\n"), 2);
		assert_int_equal(occurrences(text, "default dev " DEVICE), 1);
		assert_int_equal(occurrences(text, "unreachable default"), 1);
	}
	text = lab_output(lab, "ip -o link show dev " DEVICE);
	assert_non_null(strstr(text, "@" DEVICE "p:"));
	assert_non_null(strstr(text, "NOARP"));
	assert_non_null(strstr(text, ",UP"));
	text = lab_output(lab, "ip -o addr show dev " DEVICE);
	assert_string_equal(text, "");
	text = lab_output(lab, "ip -o addr show dev " DEVICE "p");
	assert_string_equal(text, "");
}

static void
assert_nothing_left(struct lab *lab)
{
	assert_string_equal(
	    lab_output(lab,
		"(ip link show; ip rule; ip -6 rule; "
		"ip route show table all; ip -6 route show table all) | "
		"grep -e 22083 -e " DEVICE),
	    "");
}

static bool
rule_is_back(struct lab *lab)
{
	return (strstr(lab_output(lab, "ip rule"), "22083:") != NULL);
}

static unsigned
routes(struct lab *lab, const char *what)
{
	return (occurrences(lab_output(lab,
				"(ip route show table 22083; "
				"ip -6 route show table 22083) 2>/dev/null"),
	    what));
}

static bool
refusals_are_back(struct lab *lab)
{
	return (routes(lab, "unreachable default") == (lab_has_ipv6() ? 2 : 1));
}

static bool
routes_are_back(struct lab *lab)
{
	return (refusals_are_back(lab) &&
	    routes(lab, "default dev " DEVICE) == (lab_has_ipv6() ? 2 : 1));
}

static void
it_is_made_once_and_removed(void **state)
{
	struct lab *lab = *state;
	int ifindex = probe_path_up(lab);

	assert_int_equal(ifindex, if_nametoindex(DEVICE));
	assert_in_range(ifindex, 1, 1000);
	assert_installed(lab);
	assert_int_equal(probe_path_up(lab), ifindex);
	assert_installed(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
}

static void
what_a_predecessor_left_is_reused(void **state)
{
	struct lab *lab = *state;
	int ifindex = probe_path_up(lab);

	/* Not ours: another mark, another mask, another table. */
	lab_run(lab->host,
	    "ip rule add fwmark 0x5d000000/0xffff0000 lookup 22083 pref 901;"
	    "ip rule add fwmark 0x5c000000/0xff000000 lookup 22083 pref 902;"
	    "ip rule add fwmark 0x5c000000/0xffff0000 lookup 102 pref 903");
	/* Too much of ours. */
	lab_run(lab->host,
	    "for i in $(seq 20); do ip rule add fwmark 0x5c000000/0xffff0000 "
	    "lookup 22083 pref $((1000 + i)); done; ip link set " DEVICE
	    " down; ip rule del pref 22083");
	assert_int_equal(probe_path_up(lab), ifindex);
	assert_installed(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 901"), 0);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 902"), 0);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 903"), 0);
	assert_nothing_left(lab);
}

static void
what_others_take_away_is_put_back(void **state)
{
	struct lab *lab = *state;
	FILE *monitor;
	char line[256];

	probe_path_up(lab);
	lab_run(lab->host, "ip rule del pref 22083");
	lab_log_begin();
	assert_true(lab_wait(lab, rule_is_back, 3000));
	assert_non_null(strstr(lab_log_end(), "somebody removed"));
	lab_run(lab->host, "ip route flush table 22083");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	lab_run(lab->host,
	    "ip route del unreachable default table 22083; "
	    "ip -6 route del unreachable default table 22083 2>/dev/null");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	lab_run(lab->host, "ip link set " DEVICE " down");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	assert_installed(lab);
	/* And then it is left at that. */
	lab_pass(lab, 2500);
	monitor = popen("timeout 3 ip -o monitor link route rule", "r");
	assert_non_null(monitor);
	lab_pass(lab, 3200);
	assert_null(fgets(line, sizeof(line), monitor));
	pclose(monitor);
}

static void
a_device_of_others_is_left_alone(void **state)
{
	static const char *const others[] = {
	    "ip link add " DEVICE " type bridge",
	    "ip link add " DEVICE "p type bridge",
	    "ip link add " DEVICE " type veth peer name other0",
	};
	struct lab *lab = *state;
	const char *text;
	size_t i;
	int peer;

	for (i = 0; i < LENGTH(others); i++) {
		if (lab_run(lab->host, "%s 2>/dev/null", others[i]) != 0)
			continue;
		lab_log_begin();
		assert_int_equal(probe_path_up(lab), -1);
		text = lab_log_end();
		assert_non_null(strstr(text, DEVICE));
		assert_non_null(strstr(text, "probe.device"));
		netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
		assert_int_equal(lab_run(lab->host,
				     "ip link del " DEVICE " 2>/dev/null || "
				     "ip link del " DEVICE "p"),
		    0);
	}
	lab_log_begin();
	assert_int_equal(netlink_probe_path_add(lab->netlink, "fifteen-letters",
			     MARK, TABLE, &peer),
	    -1);
	assert_non_null(strstr(lab_log_end(), "probe.device"));
}

static void
without_ipv6_there_is_ipv4(void **state)
{
	struct lab *lab = *state;

	lab_run(lab->host,
	    "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
	    "net.ipv6.conf.default.disable_ipv6=1");
	lab_log_begin();
	assert_in_range(probe_path_up(lab), 1, 1000);
	assert_string_equal(lab_log_end(), "");
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
}

static void
without_the_right_it_says_what_it_needs(void **state)
{
	struct lab *lab = *state;
	int status;
	pid_t pid;

	lab_log_begin();
	if ((pid = fork()) == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(probe_path_up(lab) == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_non_null(strstr(lab_log_end(), "CAP_NET_ADMIN"));
	assert_int_equal(status, 0);
}

static void
what_stays_without_the_device_is_kept(void **state)
{
	struct lab *lab = *state;

	assert_int_not_equal(probe_path_up(lab), -1);
	lab_run(lab->host,
	    "ip link del " DEVICE "; ip rule del pref 22083; "
	    "ip route flush table 22083; ip -6 route flush table 22083");
	assert_true(lab_wait(lab, refusals_are_back, 3000));
	assert_true(lab_wait(lab, rule_is_back, 3000));
	assert_int_equal(routes(lab, "\n"), lab_has_ipv6() ? 2 : 1);
	/* And it is found when there is a device again. */
	assert_int_not_equal(probe_path_up(lab), -1);
	assert_installed(lab);
	lab_run(lab->host, "ip link del " DEVICE);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(it_is_made_once_and_removed),
	    TEST(what_a_predecessor_left_is_reused),
	    TEST(what_others_take_away_is_put_back),
	    TEST(a_device_of_others_is_left_alone),
	    TEST(without_ipv6_there_is_ipv4),
	    TEST(without_the_right_it_says_what_it_needs),
	    TEST(what_stays_without_the_device_is_kept),
	};

	lab_required();
	lab_needs_ipv6("without_ipv6_*");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
