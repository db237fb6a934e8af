/* SPDX-License-Identifier: ISC */

/*
 * See judge.h.
 */

#include <string.h>

#include "fixture.h"
#include "judge.h"

#define ECHO4 8
#define ECHO6 128

/* Near the clients that the fuzzer has, and far from them. */
const struct judge_prefix judge_blocked[JUDGE_BLOCKED] = {
    {false, 24, {198, 51, 8}},
    {false, 27, {198, 51, 3, 32}},
    {false, 32, {198, 51, 5, 70}},
    {false, 5, {128}},
    {true, 120, {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c, [14] = 8}},
    {true, 128, {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c, [14] = 4, 4}},
    {true, 3, {0x40}},
};

static bool
is_in(const struct judge_prefix *prefix, const uint8_t *address)
{
	unsigned bit;

	for (bit = 0; bit < prefix->length; bit++)
		if ((prefix->address[bit / 8] ^ address[bit / 8]) >>
			(7 - bit % 8) &
		    1)
			return false;
	return true;
}

static bool
is_blocked(const struct view *view)
{
	size_t i;

	for (i = 0; i < JUDGE_BLOCKED; i++)
		if (judge_blocked[i].ipv6 == view->ipv6 &&
		    is_in(&judge_blocked[i],
			view->source + (view->ipv6 ? 0 : 12)))
			return true;
	return false;
}

static const uint8_t *
vip_address(bool ipv6)
{
	static uint8_t addresses[2][16];
	static bool made;
	int i;

	for (i = 0; !made && i < 2; i++)
		frame_vip(addresses[i], &(struct frame_spec){.ipv6 = i});
	made = true;
	return addresses[ipv6];
}

static bool
is_vip(const uint8_t address[16], bool ipv6)
{
	return memcmp(address, vip_address(ipv6), 16) == 0;
}

/* 0 if there is none. */
static uint32_t
service_of(bool ipv6, uint8_t protocol, uint16_t port)
{
	if (protocol == TCP && port == 80)
		return ipv6 ? HTTP6 : HTTP;
	if (protocol == TCP && port == 443)
		return ipv6 ? STICKY6 : STICKY;
	if (protocol == UDP && port == 53)
		return ipv6 ? DNS6 : DNS;
	return 0;
}

/* An address that an error may be sent to: RFC 1122, 3.2.2; RFC 4443, 2.4. */
static bool
is_host(const uint8_t address[16], bool ipv6)
{
	static const uint8_t zero[15];

	if (!ipv6)
		return address[12] != 0 && address[12] != 127 &&
		    address[12] < 224;
	return address[0] != 0xff &&
	    (memcmp(address, zero, 15) != 0 || address[15] > 1);
}

static void
drop(struct verdict *verdict, enum vc5_drop reason)
{
	verdict->judgement = JUDGED_DROP;
	verdict->reason = reason;
}

static void
send_to(struct verdict *verdict, uint32_t service, enum vc5_drop otherwise)
{
	if (service == 0) {
		drop(verdict, otherwise);
		return;
	}
	verdict->judgement = JUDGED_SEND;
	verdict->service = service;
}

/*
 * The service that a quoted packet came from, of which there may be less than
 * it says.
 */
static uint32_t
quoted_service(const struct view *outer, const uint8_t *bytes)
{
	size_t at = outer->ip + outer->header + 8;
	size_t end = outer->ip + outer->total, length;
	uint8_t copy[2048];
	struct view view;

	length = end > at ? end - at : 0;
	if (length > sizeof(copy))
		length = sizeof(copy);
	memset(copy, 0, sizeof(copy));
	memcpy(copy, bytes + at, length);
	if (length < (outer->ipv6 ? 40 : 20))
		return 0;
	/* As if all of it was there. */
	put16(copy + (outer->ipv6 ? 4 : 2), outer->ipv6 ? 1900 : 1940);
	memset(&view, 0, sizeof(view));
	if (view_parse_packet(&view, copy, sizeof(copy), 0, outer->ipv6) !=
		VIEW_OK ||
	    view.later || (view.protocol != TCP && view.protocol != UDP) ||
	    length < view.header + 4 || !is_vip(view.source, outer->ipv6))
		return 0;
	return service_of(
	    outer->ipv6, view.protocol, get16(copy + view.header));
}

/* Can it be answered, from one host to one other? */
static bool
is_single(const uint8_t *bytes, const struct view *view)
{
	return ((bytes[0] | bytes[6]) & 1) == 0 &&
	    is_host(view->source, view->ipv6);
}

static void
judge_icmp(struct verdict *verdict, const uint8_t *bytes)
{
	const struct view *view = &verdict->view;
	uint8_t type = bytes[view->ip + view->header];
	bool error, obsolete;

	if (view->total < view->header + 8) {
		drop(verdict, VC5_DROP_MALFORMED);
		return;
	}
	error = view->ipv6 ? type >= 1 && type <= 4
			   : type == 3 || type == 11 || type == 12;
	obsolete = !view->ipv6 && (type == 4 || type == 5);
	if (type == (view->ipv6 ? ECHO6 : ECHO4)) {
		verdict->judgement = JUDGED_ECHO;
		if (!is_single(bytes, view))
			drop(verdict, VC5_DROP_ICMP);
	} else if (obsolete)
		drop(verdict, VC5_DROP_ICMP);
	else if (error)
		send_to(verdict, quoted_service(view, bytes), VC5_DROP_ICMP);
}

static void
judge_transport(struct verdict *verdict, const uint8_t *bytes)
{
	const struct view *view = &verdict->view;
	uint16_t port = get16(bytes + view->ip + view->header + 2);

	verdict->answerable = is_single(bytes, view);
	send_to(verdict, service_of(view->ipv6, view->protocol, port),
	    VC5_DROP_UNSERVED);
}

void
judge(struct verdict *verdict, const struct frame *frame)
{
	struct view *view = &verdict->view;
	enum view_kind kind;

	memset(verdict, 0, sizeof(*verdict));
	verdict->judgement = JUDGED_PASS;
	kind = view_parse(view, frame->bytes, frame->length);
	if (kind == VIEW_OTHER || !is_vip(view->target, view->ipv6) ||
	    frame->bytes[0] & 1)
		return;
	if (is_blocked(view))
		drop(verdict, VC5_DROP_BLOCKED);
	else if (kind == VIEW_MALFORMED)
		drop(verdict, VC5_DROP_MALFORMED);
	else if (view->later) {
		if (view->protocol == TCP || view->protocol == UDP ||
		    (view->ipv6 && view_is_extension(view->protocol)))
			verdict->judgement = JUDGED_FRAGMENT;
	} else if (view->protocol == TCP || view->protocol == UDP)
		judge_transport(verdict, frame->bytes);
	else if (view->protocol == (view->ipv6 ? ICMPV6 : ICMP) && !view->first)
		judge_icmp(verdict, frame->bytes);
}
