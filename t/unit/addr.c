/* SPDX-License-Identifier: ISC */

/*
 * Addresses, prefixes and service keys: text in, values, text out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/service.h"

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void
text_survives_a_round_trip(void **state)
{
	static const char *const texts[] = {
	    "192.0.2.1", "255.255.255.255", "2001:db8::1", "::"};
	char buf[ADDR_STRLEN];
	struct addr a, b;
	uint8_t mapped[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a = parsed(texts[i]);
		assert_string_equal(addr_format(&a, buf), texts[i]);
		addr_to_mapped(&a, mapped);
		addr_from_mapped(mapped, &b);
		assert_int_equal(addr_compare(&a, &b), 0);
	}
}

static void
sources_are_hosts_or_64s(void **state)
{
	static const struct {
		const char *address, *source;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"::ffff:192.0.2.1", "192.0.2.1"},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
	    {"fe80::1", "fe80::"},
	    {"::1", "::"},
	};
	struct addr a, source;
	char buf[ADDR_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = parsed(cases[i].address);
		addr_source(&a, &source);
		assert_string_equal(addr_format(&source, buf), cases[i].source);
	}
	a = parsed("255.255.255.255");
	addr_truncate(&a, 23, &source);
	assert_string_equal(addr_format(&source, buf), "255.255.254.0");
	addr_truncate(&a, 0, &source);
	assert_string_equal(addr_format(&source, buf), "0.0.0.0");
	addr_truncate(&a, 32, &source);
	assert_string_equal(addr_format(&source, buf), "255.255.255.255");
}

static void
socket_addresses_survive_a_round_trip(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1"};
	struct sockaddr_storage ss;
	struct addr a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a = parsed(texts[i]);
		addr_to_sockaddr(&a, 80, &ss);
		addr_from_sockaddr(&ss, &b);
		assert_int_equal(addr_compare(&a, &b), 0);
	}
	ss.ss_family = AF_UNIX;
	addr_from_sockaddr(&ss, &b);
	assert_int_equal(b.family, 0);
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {"", "192.0.2", "192.0.2.256",
	    "192.0.2.1 ", " 192.0.2.1", "192.0.2.01", "192.0.2.1/32",
	    "2001:db8::g", "example.com", "1"};
	struct addr a = {.family = 77};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(addr_parse(texts[i], &a), -1);
	assert_int_equal(a.family, 77);
}

static void
order_is_by_family_then_number(void **state)
{
	static const char *const texts[] = {
	    "9.0.0.0", "10.0.0.0", "10.0.0.1", "::2", "::1:0", "2001::"};
	struct addr a, b;
	size_t i;

	(void)state;
	for (i = 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a = parsed(texts[i - 1]);
		b = parsed(texts[i]);
		assert_true(addr_compare(&a, &b) < 0);
		assert_true(addr_compare(&b, &a) > 0);
	}
}

static void
only_unicast_can_serve(void **state)
{
	static const struct {
		const char *text;
		int unicast;
	} cases[] = {{"192.0.2.1", 1}, {"10.0.0.1", 1}, {"223.255.255.255", 1},
	    {"0.1.2.3", 0}, {"127.0.0.1", 0}, {"169.254.1.1", 0},
	    {"224.0.0.1", 0}, {"255.255.255.255", 0}, {"2001:db8::1", 1},
	    {"fd00::1", 1}, {"::", 0}, {"::1", 0}, {"fe80::1", 0},
	    {"ff02::1", 0}, {"::ffff:192.0.2.1", 0}};
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = parsed(cases[i].text);
		assert_int_equal(addr_is_unicast(&a), cases[i].unicast);
	}
}

static void
loopback_addresses_are_the_hosts_own(void **state)
{
	static const struct {
		const char *text;
		int loopback;
	} cases[] = {{"127.0.0.1", 1}, {"127.255.0.9", 1}, {"::1", 1},
	    {"128.0.0.1", 0}, {"10.0.0.127", 0}, {"::", 0}, {"::2", 0},
	    {"7f00::1", 0}, {"::ffff:127.0.0.1", 0}};
	struct addr a = {.family = 0};
	size_t i;

	(void)state;
	assert_int_equal(addr_is_loopback(&a), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = parsed(cases[i].text);
		assert_int_equal(addr_is_loopback(&a), cases[i].loopback);
	}
}

static void
socket_addresses_are_in_network_order(void **state)
{
	struct addr four = parsed("192.0.2.1"), six = parsed("2001:db8::1");
	struct sockaddr_storage ss;

	(void)state;
	assert_int_equal(
	    addr_to_sockaddr(&four, 80, &ss), sizeof(struct sockaddr_in));
	assert_int_equal(((struct sockaddr_in *)&ss)->sin_port, htons(80));
	assert_int_equal(
	    ((struct sockaddr_in *)&ss)->sin_addr.s_addr, htonl(0xc0000201));
	assert_int_equal(
	    addr_to_sockaddr(&six, 443, &ss), sizeof(struct sockaddr_in6));
	assert_int_equal(((struct sockaddr_in6 *)&ss)->sin6_port, htons(443));
}

static void
services_are_named_by_all_three(void **state)
{
	struct service_key a = {parsed("192.0.2.1"), 80, IPPROTO_TCP}, b = a;
	char buf[SERVICE_KEY_STRLEN];

	(void)state;
	assert_string_equal(service_key_format(&a, buf), "192.0.2.1:80/tcp");
	assert_int_equal(service_key_compare(&a, &b), 0);
	b.port = 81;
	assert_true(service_key_compare(&a, &b) < 0);
	b = a;
	b.protocol = IPPROTO_UDP;
	assert_true(service_key_compare(&a, &b) < 0);
	b.vip = parsed("2001:db8:1111:2222:3333:4444:5555:6666");
	b.port = 65535;
	assert_string_equal(service_key_format(&b, buf),
	    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535/udp");
}

static void
prefixes_are_blocks(void **state)
{
	static const struct {
		const char *text, *printed, *last, *inside, *outside;
	} cases[] = {
	    {"10.1.10.0/24", "10.1.10.0/24", "10.1.10.255", "10.1.10.7",
		"10.1.11.0"},
	    {"10.1.10.128/25", "10.1.10.128/25", "10.1.10.255", "10.1.10.128",
		"10.1.10.127"},
	    {"10.1.10.5/32", "10.1.10.5/32", "10.1.10.5", "10.1.10.5",
		"10.1.10.4"},
	    {"0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", "192.0.2.1", "::"},
	    {"10.0.0.0/7", "10.0.0.0/7", "11.255.255.255", "11.0.0.0",
		"12.0.0.0"},
	    {"FD00:10:0::/64", "fd00:10::/64", "fd00:10::ffff:ffff:ffff:ffff",
		"fd00:10::1", "fd00:10:0:1::"},
	    {"2001:db8::5/128", "2001:db8::5/128", "2001:db8::5", "2001:db8::5",
		"2001:db8::4"},
	    {"2001:db8::2/127", "2001:db8::2/127", "2001:db8::3", "2001:db8::3",
		"2001:db8::1"},
	    {"::/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"::", "0.0.0.0"},
	};
	char buf[PREFIX_STRLEN];
	struct prefix prefix;
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(prefix_parse(cases[i].text, &prefix), 0);
		assert_string_equal(
		    prefix_format(&prefix, buf), cases[i].printed);
		prefix_last(&prefix, &a);
		assert_string_equal(addr_format(&a, buf), cases[i].last);
		assert_true(prefix_contains(&prefix, &a));
		a = parsed(cases[i].inside);
		assert_true(prefix_contains(&prefix, &a));
		a = parsed(cases[i].outside);
		assert_false(prefix_contains(&prefix, &a));
	}
}

static void
what_is_no_prefix_is_refused(void **state)
{
	static const char *const texts[] = {"", "/", "/24", "10.0.0.0",
	    "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8",
	    "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/08", "10.0.0.0/8/8",
	    "10.0.0/8", "10.0.0.0/99999999999999999999", "10.0.0.0/x",
	    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8"};
	struct prefix prefix = {.length = 77};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(prefix_parse(texts[i], &prefix), -1);
		assert_int_equal(prefix_parse_host(texts[i], &prefix), -1);
	}
	assert_int_equal(prefix.length, 77);
}

/* Every length, of an address of ones: what is behind it is cleared. */
static void
bits_behind_the_length_are_not_of_a_prefix(void **state)
{
	char text[PREFIX_STRLEN];
	struct prefix prefix, ones;
	struct addr last;
	unsigned length, bit, set;

	(void)state;
	for (length = 0; length <= 32; length++) {
		snprintf(text, sizeof(text), "255.255.255.255/%u", length);
		assert_int_equal(
		    prefix_parse(text, &ones), length == 32 ? 0 : -1);
		assert_int_equal(prefix_parse_host(text, &prefix), 0);
		assert_int_equal(prefix.length, length);
		for (bit = set = 0; bit < 128; bit++)
			set +=
			    (prefix.address.bytes[bit / 8] >> (7 - bit % 8)) &
			    1;
		assert_int_equal(set, length);
		prefix_last(&prefix, &last);
		assert_string_equal(
		    addr_format(&last, text), "255.255.255.255");
	}
}

static void
prefixes_order_by_address_then_length(void **state)
{
	static const char *const texts[] = {"0.0.0.0/0", "9.0.0.0/8",
	    "10.0.0.0/8", "10.0.0.0/9", "10.1.0.0/16", "::/0", "::/1",
	    "fd00::/8"};
	struct prefix a, b;
	size_t i;

	(void)state;
	for (i = 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(prefix_parse(texts[i - 1], &a), 0);
		assert_int_equal(prefix_parse(texts[i], &b), 0);
		assert_true(prefix_compare(&a, &b) < 0);
		assert_true(prefix_compare(&b, &a) > 0);
		assert_int_equal(prefix_compare(&a, &a), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_survives_a_round_trip),
	    cmocka_unit_test(sources_are_hosts_or_64s),
	    cmocka_unit_test(socket_addresses_survive_a_round_trip),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(order_is_by_family_then_number),
	    cmocka_unit_test(only_unicast_can_serve),
	    cmocka_unit_test(loopback_addresses_are_the_hosts_own),
	    cmocka_unit_test(socket_addresses_are_in_network_order),
	    cmocka_unit_test(services_are_named_by_all_three),
	    cmocka_unit_test(prefixes_are_blocks),
	    cmocka_unit_test(what_is_no_prefix_is_refused),
	    cmocka_unit_test(bits_behind_the_length_are_not_of_a_prefix),
	    cmocka_unit_test(prefixes_order_by_address_then_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
