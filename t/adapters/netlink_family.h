/* SPDX-License-Identifier: ISC */

/*
 * The two versions of IP in the lab of netlink_lab.h, for tests that are the
 * same in both, but for the addresses.
 */

#ifndef NETLINK_FAMILY_H
#define NETLINK_FAMILY_H

#include "netlink_lab.h"

#define OTHER_MAC "02:00:00:00:09:99"

/* A test in one lab, and in two of them: of IPv4, and of IPv6. */
#define TEST(f) cmocka_unit_test_setup_teardown(f, ipv4_up, lab_down)
#define BOTH(f)                                         \
	{#f ", IPv4", f, ipv4_up, lab_down, NULL},      \
	{                                               \
#f ", IPv6", f, ipv6_up, lab_down, NULL \
	}

struct family {
	const char *option; /* of ip(8) */
	const char *sysctl; /* net.... */
	const char *nodad;  /* an address of IPv6 can be used at once */
	const char *server, *own, *length;
	const char *late, *far;	   /* servers, too */
	const char *wide, *narrow; /* routes to the latter */
	const char *unrelated[2];
};

extern const struct family ipv4, ipv6;
extern const struct family *family; /* of this test */

/* cmocka's setup: the lab, and the family of the test. */
int ipv4_up(void **state);
int ipv6_up(void **state);

/* Watch a server; wait until it is known where its packets go. */
void watch(struct lab *, const char *server);
void watch_resolved(struct lab *, const char *server);

#endif
