/* SPDX-License-Identifier: ISC */

/*
 * See delivery.h.
 */

#include <sys/socket.h>

#include "core/delivery.h"

/* By kind: bytes between the outer IP header and the client's packet. */
static const struct {
	const char *name;
	unsigned shim;
} kinds[DELIVERY_KINDS] = {
    [DELIVERY_LAYER2] = {"layer2", 0},
    [DELIVERY_IPIP] = {"ipip", 0},
    [DELIVERY_GRE] = {"gre", 4},
    [DELIVERY_FOU] = {"fou", 8},
    [DELIVERY_GUE] = {"gue", 12},
    [DELIVERY_DSCP] = {"dscp", 0},
};

const char *
delivery_kind_name(enum delivery_kind kind)
{
	return kinds[kind].name;
}

bool
delivery_equal(const struct delivery *a, const struct delivery *b)
{
	return a->kind == b->kind && a->port == b->port &&
	    a->checksum == b->checksum && a->code_point == b->code_point &&
	    prefix_compare(&a->source, &b->source) == 0;
}

unsigned
delivery_overhead(const struct delivery *delivery, const struct addr *server)
{
	if (delivery->kind == DELIVERY_LAYER2 ||
	    delivery->kind == DELIVERY_DSCP)
		return 0;
	return (server->family == AF_INET ? 20 : 40) +
	    kinds[delivery->kind].shim;
}

bool
delivery_is_onlink(const struct delivery *delivery)
{
	return delivery->kind == DELIVERY_LAYER2;
}
