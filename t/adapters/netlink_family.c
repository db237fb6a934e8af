/* SPDX-License-Identifier: ISC */

/*
 * See netlink_family.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netlink_family.h"

const struct family ipv4 = {"-4", "ipv4", "", "10.9.0.2", "10.9.0.1", "24",
    "10.9.0.77", "198.51.100.7", "198.51.0.0/16", "198.51.100.0/23",
    {"198.51.100.0/24", "203.0.113.0/24"}};

const struct family ipv6 = {"-6", "ipv6", "nodad", "fd09::2", "fd09::1", "64",
    "fd09::77", "2001:db8:7::7", "2001:db8::/32", "2001:db8:7::/48",
    {"2001:db8:8::/48", "2001:db8:9::/48"}};

const struct family *family;

int
ipv4_up(void **state)
{
	family = &ipv4;
	return (lab_up(state));
}

int
ipv6_up(void **state)
{
	family = &ipv6;
	return (lab_up(state));
}

void
watch(struct lab *lab, const char *text)
{
	struct addr addr = lab_addr(text);

	lab->inside = true;
	netlink_watch(lab->netlink, &addr);
	lab->inside = false;
}

void
watch_resolved(struct lab *lab, const char *text)
{
	watch(lab, text);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	print_message("# %s resolved in %u ms\n", text, lab_elapsed());
}
