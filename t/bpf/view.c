/* SPDX-License-Identifier: ISC */

/*
 * See view.h.
 */

#include <string.h>

#include "frame.h"
#include "view.h"

/* Bytes of a transport header that must be there. */
static size_t
least(uint8_t protocol)
{
	return protocol == TCP ? 20 : protocol == UDP ? 8 : 0;
}

static enum view_kind
view_ipv4(struct view *view, const uint8_t *ip, size_t room)
{
	uint16_t fragment = get16(ip + 6);

	view->header = (ip[0] & 15) * 4;
	view->total = get16(ip + 2);
	view->protocol = ip[9];
	view->id = get16(ip + 4);
	view->later = (fragment & 0x1fff) != 0;
	view->first = !view->later && (fragment & MORE_FRAGMENTS) != 0;
	if (ip[0] >> 4 != 4 || view->header < 20 ||
	    view->total < view->header || view->total > room)
		return VIEW_MALFORMED;
	if (!view->later && view->total - view->header < least(view->protocol))
		return VIEW_MALFORMED;
	return VIEW_OK;
}

/* How long an extension header is; 0 if it is none. */
static size_t
extension_length(uint8_t protocol, const uint8_t *at)
{
	switch (protocol) {
	case 0:	 /* hop-by-hop */
	case 43: /* routing */
	case 60: /* destination options */
		return 8 + 8 * (size_t)at[1];
	case 44: /* fragment */
		return 8;
	case 51: /* AH */
		return 8 + 4 * (size_t)at[1];
	default:
		return 0;
	}
}

bool
view_is_extension(uint8_t protocol)
{
	static const uint8_t zero[2];

	return extension_length(protocol, zero) != 0;
}

static enum view_kind
view_ipv6(struct view *view, const uint8_t *ip, size_t room)
{
	const uint8_t *at;
	uint8_t protocol;

	view->header = 40;
	view->total = 40 + get16(ip + 4);
	view->protocol = ip[6];
	if (ip[0] >> 4 != 6 || view->total > room)
		return VIEW_MALFORMED;
	while (!view->later && view_is_extension(view->protocol)) {
		at = ip + view->header;
		protocol = view->protocol;
		if (view->extensions == VIEW_EXTENSIONS ||
		    view->header + 8 > view->total)
			return VIEW_MALFORMED;
		view->extensions++;
		view->header += extension_length(protocol, at);
		if (view->header > view->total ||
		    view->header > 40 + VIEW_EXTENSION_BYTES)
			return VIEW_MALFORMED;
		view->protocol = at[0];
		if (protocol != 44)
			continue;
		view->id = get32(at + 4);
		view->later = (get16(at + 2) & 0xfff8) != 0;
		view->first |= !view->later && (get16(at + 2) & 1) != 0;
	}
	if (!view->later && view->total - view->header < least(view->protocol))
		return VIEW_MALFORMED;
	return VIEW_OK;
}

enum view_kind
view_parse_packet(struct view *view, const uint8_t *bytes, size_t length,
    size_t at, bool ipv6)
{
	const uint8_t *ip = bytes + at;

	view->ip = at;
	view->ipv6 = ipv6;
	if (length < at + (ipv6 ? 40 : 20))
		return VIEW_OTHER;
	if (ipv6) {
		memcpy(view->source, ip + 8, 16);
		memcpy(view->target, ip + 24, 16);
		return view_ipv6(view, ip, length - at);
	}
	memset(view->source + 10, 0xff, 2);
	memset(view->target + 10, 0xff, 2);
	memcpy(view->source + 12, ip + 12, 4);
	memcpy(view->target + 12, ip + 16, 4);
	return view_ipv4(view, ip, length - at);
}

enum view_kind
view_parse(struct view *view, const uint8_t *bytes, size_t length)
{
	uint16_t type;
	size_t ip = FRAME_IP;

	memset(view, 0, sizeof(*view));
	if (length < FRAME_IP_TAGGED)
		return VIEW_OTHER;
	type = get16(bytes + 12);
	if (type == 0x8100) {
		view->tagged = true;
		view->tci = get16(bytes + 14);
		type = get16(bytes + 16);
		ip = FRAME_IP_TAGGED;
	}
	if (type != 0x0800 && type != 0x86dd)
		return VIEW_OTHER;
	return view_parse_packet(view, bytes, length, ip, type == 0x86dd);
}

size_t
view_checksum_at(const struct view *view)
{
	size_t at = view->ip + view->header;

	switch (view->protocol) {
	case TCP:
		return at + 16;
	case UDP:
		return at + 6;
	case ICMP:
		return view->ipv6 ? 0 : at + 2;
	case ICMPV6:
		return view->ipv6 ? at + 2 : 0;
	default:
		return 0;
	}
}

bool
view_header_right(const struct view *view, const uint8_t *bytes)
{
	if (view->ipv6)
		return true;
	return sum_words(bytes + view->ip, (bytes[view->ip] & 15) * 4, 0) ==
	    0xffff;
}

bool
view_has_checksum(const struct view *view, const uint8_t *bytes)
{
	size_t at = view_checksum_at(view);

	if (at == 0 || view->first || view->later)
		return false;
	return view->protocol != UDP || get16(bytes + at) != 0;
}

/* UDP may be shorter than what is in the packet: RFC 9868. */
bool
view_transport_summed(const struct view *view, const uint8_t *bytes)
{
	return view_has_checksum(view, bytes) &&
	    (view->protocol != UDP ||
		get16(bytes + view->ip + view->header + 4) ==
		    view->total - view->header);
}

bool
view_transport_right(const struct view *view, const uint8_t *bytes)
{
	size_t length = view->total - view->header;
	uint16_t sum = 0;

	if (length < 8)
		return false;
	if (view->protocol != ICMP)
		sum = sum_pseudo(bytes + view->ip, view->protocol, length);
	return sum_words(bytes + view->ip + view->header, length, sum) ==
	    0xffff;
}
