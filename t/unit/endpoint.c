/* SPDX-License-Identifier: ISC */

/*
 * Addresses with ports, as people write them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/endpoint.h"

static void
what_is_one_is_read_and_written_back(void **state)
{
	static const struct {
		const char *text, *back;
		uint16_t port;
	} cases[] = {
	    {"192.0.2.1:80", "192.0.2.1:80", 80},
	    {"192.0.2.1:65535", "192.0.2.1:65535", 65535},
	    {"[2001:db8::1]:1", "[2001:db8::1]:1", 1},
	    {"[2001:DB8:0::1]:443", "[2001:db8::1]:443", 443},
	    {"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535",
		"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535", 65535},
	};
	char text[ENDPOINT_STRLEN];
	struct addr address;
	uint16_t port;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    endpoint_parse(cases[i].text, &address, &port), 0);
		assert_int_equal(port, cases[i].port);
		assert_string_equal(
		    endpoint_format(&address, port, text), cases[i].back);
	}
}

static void
what_is_none_is_refused(void **state)
{
	static const char *const cases[] = {"", ":", ":80", "192.0.2.1",
	    "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:080", "192.0.2.1:65536",
	    "192.0.2.1:+80", "192.0.2.1: 80", "192.0.2.1:80x", "192.0.2:80",
	    "2001:db8::1:80", "[2001:db8::1]", "[2001:db8::1]80", "[]:80",
	    "[192.0.2.1]:80", "[2001:db8::1:80", "2001:db8::1]:80", "[:80",
	    "localhost:80",
	    "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff:0000:1111:2222]:80"};
	struct addr address = {0};
	uint16_t port = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(endpoint_parse(cases[i], &address, &port), -1);
		assert_int_equal(address.family, 0);
		assert_int_equal(port, 7);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_one_is_read_and_written_back),
	    cmocka_unit_test(what_is_none_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
