/* SPDX-License-Identifier: ISC */

/*
 * What a failed check looks like: which fault of a server's set-up for direct
 * return explains what was seen of it.  Pure; the engine finds out the facts.
 */

#ifndef CORE_DIAGNOSE_H
#define CORE_DIAGNOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/delivery.h"

/* What came of a probe. */
enum diagnose_answer {
	DIAGNOSE_UNKNOWN, /* it was not made, or says nothing */
	DIAGNOSE_PASSED,
	DIAGNOSE_REFUSED,
	DIAGNOSE_SILENT,
	DIAGNOSE_UNREACHABLE,
	DIAGNOSE_OTHER, /* an answer, but not the one that was wanted */
};

struct diagnose_facts {
	struct delivery delivery;
	struct addr vip, server;
	uint16_t port; /* of the check; 0 = none */
	/* The check: of the VIP through the data path, and of the server. */
	enum diagnose_answer vip_check, own_check;
	/*
	 * Echo requests: to the VIP through the data path, to the server's own
	 * address by the same way, and to that as anybody sends it.
	 */
	enum diagnose_answer vip_echo, own_echo_by_path, own_echo;
	/* An ICMP error about a packet to the VIP, or to the tunnel's end. */
	struct {
		bool heard;
		bool outer;	/* about the tunnel's packet */
		uint8_t family; /* of ICMP */
		uint8_t type, code;
		struct addr from;
	} icmp;
	/* Who answered when asked for the VIP's MAC address. */
	bool claimed;
	uint8_t claimed_mac[6], server_mac[6];
};

#define DIAGNOSE_LEN 256

/*
 * One or two sentences without a full stop, in printable ASCII; "" if it looks
 * like the server is just not well.
 */
void diagnose(const struct diagnose_facts *, char text[DIAGNOSE_LEN]);

#endif
