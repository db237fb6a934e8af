/* SPDX-License-Identifier: ISC */

/*
 * What the tests of the netlink adapter stand on: a host and a server in
 * network namespaces of their own, connected by a veth pair.
 *
 *     host: in0 10.9.0.1/24 fd09::1/64 - srv0 10.9.0.2/24 fd09::2/64 :server
 *
 * The virtual address 192.0.2.1 is on the server's loopback.
 */

#ifndef NETLINK_LAB_H
#define NETLINK_LAB_H

#include <stdbool.h>

#include "adapters/netlink.h"

#define LAB_HOST_MAC   "02:00:00:00:09:01"
#define LAB_SERVER_MAC "02:00:00:00:09:02"

/* What was called back; the last of each kind in full. */
struct lab {
	struct event_base *base;
	struct netlink *netlink;
	int host, server; /* namespaces */
	bool inside;	  /* of a call: no callback may come */
	unsigned nexthops, interfaces, addresses;
	unsigned batches; /* of nexthops */
	struct addr watched;
	struct netlink_nexthop nexthop;
	char interface_name[16];
	char interface_gone[16];
	/* What netlink_interface() said of the name, in the callback. */
	int interface_looked_up; /* its ifindex; 0 = no such interface */
	int gone_looked_up;
	struct netlink_interface interface;
	struct netlink_interface in0; /* as last told of it */
	struct addr address;
	bool address_present;
};

/* cmocka's setup and teardown of a test; *state is the struct lab. */
int lab_up(void **state);
int lab_down(void **state);

/* Ends the program, as skipped, where there can't be a lab. */
void lab_required(void);

/* Does the kernel have IPv6? */
bool lab_has_ipv6(void);
/* Leave out tests (a pattern), and say so, where there is no IPv6. */
void lab_needs_ipv6(const char *test);

/* Be in a namespace from now on. */
void lab_enter(int namespace);
/* Run a command in a namespace: its exit status. */
int
lab_run(int namespace, const char *, ...) __attribute__((format(printf, 2, 3)));
/* Output of a command in the host's namespace, until the next call. */
const char *lab_output(struct lab *, const char *command);

/* Let the loop run until the condition holds; false after milliseconds. */
bool lab_wait(struct lab *, bool (*)(struct lab *), unsigned milliseconds);
/*
 * Wait for the link to run, which the kernel may take a second to say, and
 * forget what was called back until then.
 */
void lab_settle(struct lab *);
/* Wait for an interface to be there and up; false after some seconds. */
bool lab_wait_interface(
    struct lab *, const char *name, struct netlink_interface *out);
/* Let it run that long, whatever happens. */
void lab_pass(struct lab *, unsigned milliseconds);
unsigned lab_elapsed(void); /* milliseconds that the last lab_wait() took */

/* Conditions: of the server that was told of last. */
bool lab_resolved(struct lab *);
bool lab_unresolved(struct lab *);
bool lab_unreachable(struct lab *); /* by any interface */

/* A raw socket at a device, for a protocol of linux/if_ether.h. */
int lab_packet_socket(const char *device, uint16_t protocol);

/* What is logged between the two; to be used before the next begin. */
void lab_log_begin(void);
const char *lab_log_end(void);

struct addr lab_addr(const char *);
void lab_mac(const char *, unsigned char[6]);

#endif
