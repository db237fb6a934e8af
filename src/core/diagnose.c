/* SPDX-License-Identifier: ISC */

/*
 * See diagnose.h.  A table of faults, the surest first; the first that explains
 * what was seen is it.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "core/diagnose.h"

/* Of ICMP (RFC 792, RFC 1812) and ICMPv6 (RFC 4443). */
enum {
	UNREACHABLE4 = 3,
	REDIRECT4 = 5,
	EXCEEDED4 = 11,
	UNREACHABLE6 = 1,
	EXCEEDED6 = 3,
	NET4_PROHIBITED = 9,
	HOST4_PROHIBITED = 10,
	PROHIBITED4 = 13,
	PROHIBITED6 = 1,
	POLICY6 = 5,
	REJECT6 = 6,
};

static bool
is_tunnel(const struct diagnose_facts *f)
{
	return f->delivery.kind != DELIVERY_LAYER2 &&
	    f->delivery.kind != DELIVERY_DSCP;
}

static bool
is_prohibited(const struct diagnose_facts *f)
{
	uint8_t code = f->icmp.code;

	if (f->icmp.family == AF_INET)
		return f->icmp.type == UNREACHABLE4 &&
		    (code == NET4_PROHIBITED || code == HOST4_PROHIBITED ||
			code == PROHIBITED4);
	return f->icmp.type == UNREACHABLE6 &&
	    (code == PROHIBITED6 || code == POLICY6 || code == REJECT6);
}

static bool
firewall_says_so(const struct diagnose_facts *f, char *text)
{
	char from[ADDR_STRLEN];

	if (!f->icmp.heard || !is_prohibited(f))
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "a firewall: %s says that what is sent to the %s is "
	    "administratively prohibited",
	    addr_format(&f->icmp.from, from), f->icmp.outer ? "server" : "VIP");
	return true;
}

static bool
tunnel_is_refused(const struct diagnose_facts *f, char *text)
{
	char from[ADDR_STRLEN], port[24] = "";
	const struct delivery *d = &f->delivery;

	if (!f->icmp.heard || !f->icmp.outer || !is_tunnel(f))
		return false;
	if (d->kind == DELIVERY_FOU || d->kind == DELIVERY_GUE)
		snprintf(port, sizeof(port), " at UDP port %u", d->port);
	snprintf(text, DIAGNOSE_LEN,
	    "the tunnel is not terminated: %s refuses what is sent by %s%s "
	    "(ICMP type %u code %u)",
	    addr_format(&f->icmp.from, from), delivery_kind_name(d->kind), port,
	    f->icmp.type, f->icmp.code);
	return true;
}

/* Who passes on, or returns, what is sent to the VIP, does not have it. */
static bool
vip_is_forwarded(const struct diagnose_facts *f, char *text)
{
	char from[ADDR_STRLEN];
	uint8_t type = f->icmp.type;

	if (!f->icmp.heard || f->icmp.outer ||
	    (f->icmp.family == AF_INET
		    ? type != REDIRECT4 && type != EXCEEDED4 &&
			(type != UNREACHABLE4 || f->icmp.code > 1)
		    : type != EXCEEDED6 &&
			(type != UNREACHABLE6 ||
			    (f->icmp.code != 0 && f->icmp.code != 3))))
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "the VIP is not on the server's loopback: %s takes it for "
	    "another host's (ICMP type %u code %u)",
	    addr_format(&f->icmp.from, from), type, f->icmp.code);
	return true;
}

static bool
service_is_elsewhere(const struct diagnose_facts *f, char *text)
{
	if (f->vip_check != DIAGNOSE_REFUSED || f->own_check != DIAGNOSE_PASSED)
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "the service listens at the server's own address only, not at "
	    "the VIP; or a firewall refuses what is sent to the VIP");
	return true;
}

static bool
firewall_drops(const struct diagnose_facts *f, char *text)
{
	char port[24] = "";

	if (f->vip_check != DIAGNOSE_SILENT ||
	    f->own_check != DIAGNOSE_PASSED || f->vip_echo != DIAGNOSE_PASSED)
		return false;
	if (f->port != 0)
		snprintf(port, sizeof(port), " port %u", f->port);
	snprintf(text, DIAGNOSE_LEN,
	    "a firewall: the server has the VIP, which answers an echo "
	    "request, but what is sent to its%s is dropped",
	    f->port != 0 ? port : " service");
	return true;
}

/*
 * The way to the server works, as its own address shows; so what does not is
 * the VIP.
 */
static bool
vip_is_missing(const struct diagnose_facts *f, char *text)
{
	if (f->vip_check == DIAGNOSE_REFUSED ||
	    f->own_echo_by_path != DIAGNOSE_PASSED ||
	    f->vip_echo == DIAGNOSE_PASSED)
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "the VIP is not on the server's loopback: by the same way%s its "
	    "own address answers an echo request and the VIP does not",
	    is_tunnel(f) ? ", the tunnel," : "");
	return true;
}

/* A kernel without the tunnel says so, if it may; the filter is silent. */
static bool
tunnel_swallows(const struct diagnose_facts *f, char *text)
{
	bool answers =
	    f->own_check == DIAGNOSE_PASSED || f->own_echo == DIAGNOSE_PASSED;

	if (!is_tunnel(f) || !answers || f->vip_check != DIAGNOSE_SILENT ||
	    f->vip_echo == DIAGNOSE_PASSED)
		return false;
	if (f->own_echo_by_path == DIAGNOSE_SILENT &&
	    f->own_echo == DIAGNOSE_PASSED)
		snprintf(text, DIAGNOSE_LEN,
		    "rp_filter: the server drops what comes out of the tunnel, "
		    "even for its own address (it has to be 0, or 2 if that "
		    "does, at the tunnel's interface); or nothing terminates "
		    "the tunnel, without a word");
	else
		snprintf(text, DIAGNOSE_LEN,
		    "nothing comes back through the tunnel: it is not "
		    "terminated, or rp_filter drops what comes out of it, or "
		    "the VIP is not on the server's loopback");
	return true;
}

static bool
code_point_is_lost(const struct diagnose_facts *f, char *text)
{
	if (f->delivery.kind != DELIVERY_DSCP ||
	    f->own_check != DIAGNOSE_PASSED ||
	    f->vip_check == DIAGNOSE_PASSED || f->vip_check == DIAGNOSE_OTHER)
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "the server does not give packets of code point %u the VIP as "
	    "their destination again, or does not have the VIP",
	    f->delivery.code_point);
	return true;
}

/* Nothing tells whether the VIP is there. */
static bool
vip_is_silent(const struct diagnose_facts *f, char *text)
{
	if (f->own_check != DIAGNOSE_PASSED ||
	    (f->vip_check != DIAGNOSE_SILENT &&
		f->vip_check != DIAGNOSE_UNREACHABLE))
		return false;
	snprintf(text, DIAGNOSE_LEN,
	    "the server answers at its own address and not at the VIP, which "
	    "is not on its loopback; or rp_filter or a firewall drops what is "
	    "sent to it");
	return true;
}

/* The leak is a fault of its own, whatever else is wrong. */
static void
add_leak(const struct diagnose_facts *f, char *text)
{
	const uint8_t *m = f->claimed_mac;
	bool own = memcmp(m, f->server_mac, sizeof(f->server_mac)) == 0;
	size_t used = strlen(text);

	if (!f->claimed)
		return;
	snprintf(text + used, DIAGNOSE_LEN - used,
	    "%s%s %02x:%02x:%02x:%02x:%02x:%02x answers %s for the VIP%s",
	    used > 0 ? "; " : "",
	    own ? "ARP leak: the server," : "ARP leak:", m[0], m[1], m[2], m[3],
	    m[4], m[5],
	    f->vip.family == AF_INET ? "ARP" : "neighbour discovery",
	    f->vip.family == AF_INET ? " (arp_ignore)" : "");
}

void
diagnose(const struct diagnose_facts *facts, char text[DIAGNOSE_LEN])
{
	static bool (*const faults[])(const struct diagnose_facts *, char *) = {
	    firewall_says_so, tunnel_is_refused, vip_is_forwarded,
	    service_is_elsewhere, firewall_drops, vip_is_missing,
	    tunnel_swallows, code_point_is_lost, vip_is_silent};
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i](facts, text))
			break;
	add_leak(facts, text);
}
