/* SPDX-License-Identifier: ISC */

/*
 * Addresses and service keys: text in, values, text out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_survives_a_round_trip),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(order_is_by_family_then_number),
	    cmocka_unit_test(only_unicast_can_serve),
	    cmocka_unit_test(socket_addresses_are_in_network_order),
	    cmocka_unit_test(services_are_named_by_all_three),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
