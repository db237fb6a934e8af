/* SPDX-License-Identifier: ISC */

/*
 * See oracle.h.
 */

#include <string.h>

#include <arpa/inet.h>

#include "oracle.h"
#include "view.h"

#define IPIP 4
#define IPV6 41
#define GRE  47

#define OUTER_TTL      64
#define ANSWER_CLASS   0xc0 /* RFC 1812, section 4.3.2.5 */
#define FIRST_PORT     49152
#define QUOTED4	       548
#define QUOTED6	       1232
#define DESTINATION_V4 16 /* offsets of the addresses in IP headers */
#define DESTINATION_V6 24

/* Where a frame is being written. */
struct writer {
	struct frame *frame;
	const struct vc5_destination *destination;
	const struct frame *seen;
};

static bool
is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static bool
is_tunnel(const struct vc5_destination *destination)
{
	return destination->kind != VC5_LAYER2 && destination->kind != VC5_DSCP;
}

static size_t
shim_length(const struct vc5_destination *destination)
{
	switch (destination->kind) {
	case VC5_GRE:
		return 4;
	case VC5_FOU:
		return 8;
	case VC5_GUE:
		return 12;
	default:
		return 0;
	}
}

size_t
oracle_overhead(const struct vc5_destination *destination)
{
	if (!is_tunnel(destination))
		return 0;
	return (is_ipv4(destination->address) ? 20 : 40) +
	    shim_length(destination);
}

/*
 * A checksum by which a sum that was before (the old checksum included) stays
 * the same modulo 0xffff, when the rest of it is after now.  It never comes
 * out as 0xffff, as it never does from RFC 1071.
 */
static uint16_t
checksum_for(uint16_t before, uint16_t after)
{
	return (before % 0xffff + 0xffff - after % 0xffff) % 0xffff;
}

/* Change bytes of a packet, and have its checksums follow. */
struct sums {
	uint16_t header, transport;
};

static uint16_t
transport_sum(const struct view *view, const uint8_t *bytes)
{
	size_t length = view->total - view->header;
	uint16_t sum = 0;

	if (view->protocol != ICMP)
		sum = sum_pseudo(bytes + view->ip, view->protocol, length);
	return sum_words(bytes + view->ip + view->header, length, sum);
}

static uint16_t
header_sum(const struct view *view, const uint8_t *bytes)
{
	return sum_words(bytes + view->ip, (bytes[view->ip] & 15) * 4, 0);
}

static struct sums
sums_of(const struct view *view, const uint8_t *bytes)
{
	return (struct sums){
	    header_sum(view, bytes), transport_sum(view, bytes)};
}

static void
header_restore(
    const struct view *view, uint8_t *bytes, const struct sums *before)
{
	uint8_t *at = bytes + view->ip + 10;

	if (view->ipv6)
		return;
	put16(at, 0);
	put16(at, checksum_for(before->header, header_sum(view, bytes)));
}

static void
transport_restore(
    const struct view *view, uint8_t *bytes, const struct sums *before)
{
	size_t at = view_checksum_at(view);
	uint16_t value;

	if (at == 0 || view->later || at + 2 > view->ip + view->total ||
	    (view->protocol == UDP && get16(bytes + at) == 0))
		return;
	put16(bytes + at, 0);
	value = checksum_for(before->transport, transport_sum(view, bytes));
	put16(bytes + at, value == 0 && view->protocol == UDP ? 0xffff : value);
}

static void
decrement(const struct view *view, uint8_t *bytes)
{
	struct sums before = sums_of(view, bytes);

	bytes[view->ip + (view->ipv6 ? 7 : 8)]--;
	header_restore(view, bytes, &before);
}

static uint8_t
traffic_class(const struct view *view, const uint8_t *bytes)
{
	const uint8_t *ip = bytes + view->ip;

	return view->ipv6 ? (get32(ip) >> 20) & 0xff : ip[1];
}

static void
traffic_class_set(const struct view *view, uint8_t *bytes, uint8_t value)
{
	uint8_t *ip = bytes + view->ip;

	if (view->ipv6)
		put32(ip, (get32(ip) & 0xf00fffff) | (uint32_t)value << 20);
	else
		ip[1] = value;
}

/* Another destination address and code point. */
static void
rewrite(const struct view *view, uint8_t *bytes,
    const struct vc5_destination *destination)
{
	struct sums before = sums_of(view, bytes);
	uint8_t *ip = bytes + view->ip;

	traffic_class_set(view, bytes,
	    destination->code_point << 2 | (traffic_class(view, bytes) & 3));
	if (view->ipv6)
		memcpy(ip + DESTINATION_V6, destination->address, 16);
	else
		memcpy(ip + DESTINATION_V4, destination->address + 12, 4);
	header_restore(view, bytes, &before);
	/* ICMPv4 covers no addresses, and is as it was then. */
	transport_restore(view, bytes, &before);
}

static void
append(struct frame *frame, const void *bytes, size_t length)
{
	memcpy(frame->bytes + frame->length, bytes, length);
	frame->length += length;
}

static void
append16(struct frame *frame, uint16_t value)
{
	put16(frame->bytes + frame->length, value);
	frame->length += 2;
}

static void
append32(struct frame *frame, uint32_t value)
{
	append16(frame, value >> 16);
	append16(frame, value & 0xffff);
}

static void
append8(struct frame *frame, uint8_t value)
{
	append(frame, &value, 1);
}

static void
append_ethernet(struct writer *writer, const struct view *view, bool ipv6)
{
	const struct vc5_destination *destination = writer->destination;
	uint16_t priority = view->tagged ? view->tci & 0xf000 : 0;
	struct frame *frame = writer->frame;

	append(frame, &destination->mac, 6);
	append(frame, &destination->source_mac, 6);
	if (destination->vlan != 0) {
		append16(frame, 0x8100);
		append16(frame, priority | (destination->vlan & 0x0fff));
	}
	append16(frame, ipv6 ? 0x86dd : 0x0800);
}

/* The address or prefix that is configured, with what was seen behind it. */
static void
append_source(struct writer *writer, size_t skip)
{
	const struct vc5_destination *destination = writer->destination;
	const uint8_t *seen = writer->seen->bytes + writer->frame->length;
	unsigned fixed = destination->source_length, i, bit;
	uint8_t source[16];

	memcpy(source, destination->source, 16);
	for (i = skip; i < 16 && fixed != 0; i++)
		for (bit = 0; bit < 8; bit++)
			if ((i - skip) * 8 + bit >= fixed)
				source[i] |= seen[i - skip] & (0x80 >> bit);
	append(writer->frame, source + skip, 16 - skip);
}

static uint8_t
outer_protocol(const struct vc5_destination *destination, bool inner_ipv6)
{
	switch (destination->kind) {
	case VC5_IPIP:
		return inner_ipv6 ? IPV6 : IPIP;
	case VC5_GRE:
		return GRE;
	default:
		return UDP;
	}
}

static void
append_outer4(
    struct writer *writer, const struct view *view, const uint8_t *inner)
{
	const struct vc5_destination *destination = writer->destination;
	struct frame *frame = writer->frame;
	size_t start = frame->length;
	bool fragment = view->ipv6 || (inner[6] & 0x40);

	append8(frame, 0x45);
	append8(frame, view->ipv6 ? (get32(inner) >> 20) & 0xff : inner[1]);
	append16(frame, 20 + shim_length(destination) + view->total);
	append16(frame, view->ipv6 ? 0 : get16(inner + 4));
	append16(frame, fragment ? DONT_FRAGMENT : 0);
	append8(frame, OUTER_TTL);
	append8(frame, outer_protocol(destination, view->ipv6));
	append16(frame, 0);
	append_source(writer, 12);
	append(frame, destination->address + 12, 4);
	put16(
	    frame->bytes + start + 10, ~sum_words(frame->bytes + start, 20, 0));
}

static void
append_outer6(
    struct writer *writer, const struct view *view, const uint8_t *inner)
{
	const struct vc5_destination *destination = writer->destination;
	struct frame *frame = writer->frame;
	uint32_t label = get32(writer->seen->bytes + frame->length) & 0xfffff;
	uint32_t class = view->ipv6 ? (get32(inner) >> 20) & 0xff : inner[1];

	append32(frame, 6U << 28 | class << 20 | label);
	append16(frame, shim_length(destination) + view->total);
	append8(frame, outer_protocol(destination, view->ipv6));
	append8(frame, OUTER_TTL);
	append_source(writer, 0);
	append(frame, destination->address, 16);
}

/* The checksum is yet to come. */
static void
append_shim(struct writer *writer, const struct view *view)
{
	const struct vc5_destination *destination = writer->destination;
	struct frame *frame = writer->frame;
	uint16_t port = get16(writer->seen->bytes + frame->length);

	if (destination->kind == VC5_IPIP)
		return;
	if (destination->kind == VC5_GRE) {
		append16(frame, 0);
		append16(frame, view->ipv6 ? 0x86dd : 0x0800);
		return;
	}
	append16(frame, port >= FIRST_PORT ? port : FIRST_PORT);
	append16(frame, ntohs(destination->port));
	append16(frame, shim_length(destination) + view->total);
	append16(frame, 0);
	if (destination->kind == VC5_GUE) {
		append8(frame, 0);
		append8(frame, view->ipv6 ? IPV6 : IPIP);
		append16(frame, 0);
	}
}

/*
 * The outer UDP checksum, which the inner one vouches for.  One that is wrong
 * makes this wrong too, and in a way that nobody needs to know.
 */
static void
outer_checksum(struct writer *writer, const struct view *view,
    const uint8_t *inner_frame, size_t outer)
{
	bool ipv4 = is_ipv4(writer->destination->address);
	uint8_t *ip = writer->frame->bytes + outer;
	size_t header = ipv4 ? 20 : 40;
	size_t length = shim_length(writer->destination) + view->total;
	uint8_t *check = ip + header + 6;
	const uint8_t *seen = writer->seen->bytes + outer + header + 6;
	bool summed = view_transport_summed(view, inner_frame);
	uint16_t value;

	if (!writer->destination->checksum || (!summed && ipv4))
		return;
	/* Behind extension headers it may be left alone. */
	if (ipv4 && view->extensions != 0 && get16(seen) == 0)
		return;
	value = ~sum_words(ip + header, length, sum_pseudo(ip, UDP, length));
	put16(check, value != 0 ? value : 0xffff);
	if (summed &&
	    !(view_header_right(view, inner_frame) &&
		view_transport_right(view, inner_frame)))
		put16(check, get16(seen));
}

void
oracle_send(struct frame *out, const struct frame *in,
    const struct vc5_destination *destination, const struct frame *seen)
{
	struct writer writer = {out, destination, seen};
	static struct frame changed;
	struct view view;
	bool ipv6;
	size_t outer;

	view_parse(&view, in->bytes, in->length);
	memcpy(changed.bytes, in->bytes, in->length);
	decrement(&view, changed.bytes);
	if (destination->kind == VC5_DSCP)
		rewrite(&view, changed.bytes, destination);
	ipv6 =
	    is_tunnel(destination) ? !is_ipv4(destination->address) : view.ipv6;
	out->length = 0;
	append_ethernet(&writer, &view, ipv6);
	outer = out->length;
	if (is_tunnel(destination)) {
		if (ipv6)
			append_outer6(&writer, &view, in->bytes + view.ip);
		else
			append_outer4(&writer, &view, in->bytes + view.ip);
		append_shim(&writer, &view);
	}
	append(out, changed.bytes + view.ip, in->length - view.ip);
	if (destination->kind == VC5_FOU || destination->kind == VC5_GUE)
		outer_checksum(&writer, &view, changed.bytes, outer);
}

static void
swap(uint8_t *a, uint8_t *b, size_t length)
{
	uint8_t kept[16];

	memcpy(kept, a, length);
	memcpy(a, b, length);
	memcpy(b, kept, length);
}

void
oracle_echo(struct frame *out, const struct frame *in)
{
	struct sums before;
	struct view view;
	uint8_t *ip;

	view_parse(&view, in->bytes, in->length);
	memcpy(out->bytes, in->bytes, in->length);
	out->length = in->length;
	before = sums_of(&view, out->bytes);
	ip = out->bytes + view.ip;
	swap(out->bytes, out->bytes + 6, 6);
	if (view.ipv6)
		swap(ip + 8, ip + 24, 16);
	else
		swap(ip + 12, ip + 16, 4);
	ip[view.ipv6 ? 7 : 8] = 64;
	ip[view.header] = view.ipv6 ? 129 : 0;
	header_restore(&view, out->bytes, &before);
	transport_restore(&view, out->bytes, &before);
}

static void
append_answer4(struct frame *out, const uint8_t *packet, size_t quoted)
{
	size_t start = out->length;

	append8(out, 0x45);
	append8(out, ANSWER_CLASS);
	append16(out, 28 + quoted);
	append16(out, 0);
	append16(out, DONT_FRAGMENT);
	append8(out, 64);
	append8(out, ICMP);
	append16(out, 0);
	append(out, packet + 16, 4);
	append(out, packet + 12, 4);
	put16(out->bytes + start + 10, ~sum_words(out->bytes + start, 20, 0));
}

static void
append_answer6(struct frame *out, const uint8_t *packet, size_t quoted)
{
	append32(out, 6U << 28 | ANSWER_CLASS << 20);
	append16(out, 8 + quoted);
	append8(out, ICMPV6);
	append8(out, 64);
	append(out, packet + 24, 16);
	append(out, packet + 8, 16);
}

/* An ICMP error about a packet: its type and code, and the word after it. */
static void
answer(struct frame *out, const struct frame *in, uint16_t type, uint32_t word)
{
	size_t icmp, ip, quoted, most;
	const uint8_t *packet;
	struct view view;
	uint16_t sum = 0;

	view_parse(&view, in->bytes, in->length);
	packet = in->bytes + view.ip;
	most = view.ipv6 ? QUOTED6 : QUOTED4;
	quoted = (view.total < most ? view.total : most) / 4 * 4;
	out->length = 0;
	append(out, in->bytes + 6, 6);
	append(out, in->bytes, 6);
	append(out, in->bytes + 12, view.ip - 12);
	ip = out->length;
	if (view.ipv6)
		append_answer6(out, packet, quoted);
	else
		append_answer4(out, packet, quoted);
	icmp = out->length;
	append16(out, type);
	append16(out, 0);
	append32(out, word);
	append(out, packet, quoted);
	if (view.ipv6)
		sum = sum_pseudo(out->bytes + ip, ICMPV6, 8 + quoted);
	put16(out->bytes + icmp + 2,
	    ~sum_words(out->bytes + icmp, 8 + quoted, sum));
}

static bool
frame_is_ipv6(const struct frame *frame)
{
	return get16(frame->bytes + frame_ip(frame) - 2) == 0x86dd;
}

void
oracle_time_exceeded(struct frame *out, const struct frame *in)
{
	answer(out, in, frame_is_ipv6(in) ? 3 << 8 : 11 << 8, 0);
}

void
oracle_too_big(struct frame *out, const struct frame *in, uint16_t mtu)
{
	answer(out, in, frame_is_ipv6(in) ? 2 << 8 : 3 << 8 | 4, mtu);
}
