/* SPDX-License-Identifier: ISC */

/*
 * See frame.h.
 */

#include <string.h>

#include "frame.h"

#define HOP_BY_HOP   0
#define ROUTING	     43
#define FRAGMENT     44
#define AH	     51
#define DESTINATIONS 60

#define QUOTE_MAX 2048

uint16_t
get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

void
put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

uint16_t
sum_words(const uint8_t *bytes, size_t length, uint16_t sum)
{
	uint32_t wide = sum;
	size_t i;

	for (i = 0; i < length; i += 2)
		wide += bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
	while (wide >> 16 != 0)
		wide = (wide & 0xffff) + (wide >> 16);
	return wide;
}

uint16_t
sum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t length)
{
	uint8_t tail[8] = {0};

	put32(tail, length);
	tail[7] = protocol;
	if (ip[0] >> 4 == 4)
		return sum_words(ip + 12, 8, sum_words(tail, 8, 0));
	return sum_words(ip + 8, 32, sum_words(tail, 8, 0));
}

/* The checksum of an IPv4 header. */
static void
checksum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, ~sum_words(ip, (ip[0] & 15) * 4, 0));
}

static uint8_t
protocol_of(const struct frame_spec *spec)
{
	return spec->protocol != 0 ? spec->protocol : TCP;
}

void
frame_client(uint8_t address[16], const struct frame_spec *spec)
{
	uint32_t low = spec->ipv6 ? CLIENT6 : CLIENT;

	memset(address, 0, 16);
	if (spec->ipv6)
		memcpy(address, "\x20\x01\x0d\xb8\x00\x0c", 6);
	else
		memset(address + 10, 0xff, 2);
	put32(address + 12, spec->client != 0 ? spec->client : low);
}

void
frame_vip(uint8_t address[16], const struct frame_spec *spec)
{
	uint32_t low = spec->ipv6 ? VIP6 : VIP;

	memset(address, 0, 16);
	if (spec->ipv6)
		memcpy(address, "\x20\x01\x0d\xb8", 4);
	else
		memset(address + 10, 0xff, 2);
	put32(address + 12, spec->vip != 0 ? spec->vip : low);
}

static void
make_addresses(uint8_t *at, const struct frame_spec *spec)
{
	size_t length = spec->ipv6 ? 16 : 4, skip = 16 - length;
	uint8_t client[16], vip[16];

	frame_client(client, spec);
	frame_vip(vip, spec);
	memcpy(at, (spec->reply ? vip : client) + skip, length);
	memcpy(at + length, (spec->reply ? client : vip) + skip, length);
}

static void
make_ports(uint8_t *at, const struct frame_spec *spec)
{
	put16(at + (spec->reply ? 2 : 0),
	    spec->client_port != 0 ? spec->client_port : 40000);
	put16(at + (spec->reply ? 0 : 2), spec->port != 0 ? spec->port : 80);
}

static void
make_tcp(uint8_t *at, const struct frame_spec *spec)
{
	make_ports(at, spec);
	put32(at + 4, 0x01020304);
	put32(at + 8, 0x05060708);
	at[12] = 5 << 4;
	at[13] = spec->flags != 0 ? spec->flags : SYN;
	put16(at + 14, 0xfaf0);
	put32(at + 16, 0);
}

static void
make_udp(uint8_t *at, const struct frame_spec *spec)
{
	make_ports(at, spec);
	put16(at + 4, 8 + spec->payload);
	put16(at + 6, 0);
}

static void
make_icmp(uint8_t *at, const struct frame_spec *spec)
{
	at[0] = spec->icmp_type;
	at[1] = spec->icmp_code;
	put16(at + 2, 0);
	put32(at + 4, spec->icmp_word);
}

/* The packet that an ICMP error is about: bytes of it. */
static size_t
make_quote(uint8_t *at, const struct frame_spec *spec)
{
	uint8_t whole[QUOTE_MAX];
	size_t length;

	if (spec->quote == NULL)
		return 0;
	memset(whole, 0x5a, sizeof(whole));
	length = frame_make_packet(whole, spec->quote);
	if (spec->quoted != 0 && spec->quoted < length)
		length = spec->quoted;
	memcpy(at, whole, length);
	return length;
}

/* Offset of the checksum; 0 for protocols without. */
static size_t
checksum_offset(uint8_t protocol)
{
	switch (protocol) {
	case TCP:
		return 16;
	case UDP:
		return 6;
	case ICMP:
	case ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static void
finish_transport(
    uint8_t *ip, uint8_t *at, size_t length, const struct frame_spec *spec)
{
	uint8_t protocol = protocol_of(spec);
	size_t offset = checksum_offset(protocol);
	uint16_t sum = 0, value;

	if (offset == 0 || (protocol == UDP && spec->no_checksum))
		return;
	if (protocol != ICMP)
		sum = sum_pseudo(ip, protocol, length);
	value = ~sum_words(at, length, sum);
	/* A fragment's is of the whole packet: nothing to rely upon. */
	if (spec->fragment & (spec->ipv6 ? 0xfff9 : 0x3fff))
		value ^= 0x1234;
	put16(at + offset, protocol == UDP && value == 0 ? 0xffff : value);
}

/* Headers and payload after IP: their length. */
static size_t
make_transport(uint8_t *ip, uint8_t *at, const struct frame_spec *spec)
{
	size_t length;

	switch (protocol_of(spec)) {
	case UDP:
		make_udp(at, spec);
		length = 8;
		break;
	case ICMP:
	case ICMPV6:
		make_icmp(at, spec);
		length = 8;
		length += make_quote(at + length, spec);
		break;
	default:
		make_tcp(at, spec);
		length = 20;
	}
	length += spec->payload;
	finish_transport(ip, at, length, spec);
	return length;
}

static size_t
make_ipv4(uint8_t *ip, const struct frame_spec *spec)
{
	size_t header = 20 + spec->options, total;

	ip[0] = 4 << 4 | header / 4;
	ip[1] = spec->tos != 0 ? spec->tos : 0x28;
	put16(ip + 4, spec->id);
	put16(ip + 6, spec->fragment);
	ip[8] = spec->ttl != 0 ? spec->ttl : 64;
	ip[9] = protocol_of(spec);
	make_addresses(ip + 12, spec);
	memset(ip + 20, 1, spec->options); /* no-operation */
	total = header + make_transport(ip, ip + header, spec);
	put16(ip + 2, total);
	checksum(ip);
	return total;
}

/* The protocol number of an extension header. */
static uint8_t
extension_protocol(char kind)
{
	switch (kind) {
	case 'h':
	case 'H':
		return HOP_BY_HOP;
	case 'd':
		return DESTINATIONS;
	case 'r':
		return ROUTING;
	case 'f':
		return FRAGMENT;
	default:
		return AH;
	}
}

static size_t
make_extension(
    uint8_t *at, char kind, uint8_t next, const struct frame_spec *spec)
{
	size_t length = kind == 'H' || kind == 'a' ? 24 : 8;

	memset(at, 0, length);
	at[0] = next;
	switch (kind) {
	case 'f':
		put16(at + 2, spec->fragment);
		put32(at + 4, spec->id);
		break;
	case 'a': /* in units of 4 bytes, minus 2: RFC 4302, section 2.2 */
		at[1] = length / 4 - 2;
		put32(at + 4, 0x11223344);
		put32(at + 8, 1);
		break;
	case 'r': /* type 4, no segment left */
		at[2] = 4;
		break;
	default: /* an option that is padding */
		at[1] = length / 8 - 1;
		at[2] = 1;
		at[3] = length - 4;
	}
	return length;
}

static size_t
make_extensions(uint8_t *ip, const struct frame_spec *spec)
{
	const char *kind = spec->extensions != NULL ? spec->extensions : "";
	uint8_t *at = ip + 40;

	ip[6] = *kind != 0 ? extension_protocol(*kind) : protocol_of(spec);
	for (; *kind != 0; kind++)
		at += make_extension(at, *kind,
		    kind[1] != 0 ? extension_protocol(kind[1])
				 : protocol_of(spec),
		    spec);
	return at - ip;
}

static size_t
make_ipv6(uint8_t *ip, const struct frame_spec *spec)
{
	uint32_t class = spec->tos != 0 ? spec->tos : 0x28;
	size_t header, total;

	put32(ip, 6U << 28 | class << 20 | 0x54321);
	ip[7] = spec->ttl != 0 ? spec->ttl : 64;
	make_addresses(ip + 8, spec);
	header = make_extensions(ip, spec);
	total = header + make_transport(ip, ip + header, spec);
	put16(ip + 4, total - 40);
	return total;
}

size_t
frame_make_packet(uint8_t *ip, const struct frame_spec *spec)
{
	return spec->ipv6 ? make_ipv6(ip, spec) : make_ipv4(ip, spec);
}

void
frame_make(struct frame *frame, const struct frame_spec *spec)
{
	size_t ip = spec->tagged ? FRAME_IP_TAGGED : FRAME_IP, i, end;

	end = 300 + (size_t)spec->payload + spec->padding;
	end += spec->quote != NULL ? QUOTE_MAX : 0;
	for (i = 0; i < end && i < sizeof(frame->bytes); i++)
		frame->bytes[i] = (i * 7 + 3) & 0xff;
	memcpy(frame->bytes, "\x02\x00\x00\x00\xaa\x01", 6);
	memcpy(frame->bytes + 6, "\x02\x00\x00\x00\xbb\x02", 6);
	if (spec->tagged) {
		put16(frame->bytes + 12, 0x8100);
		put16(frame->bytes + 14, spec->tci);
	}
	put16(frame->bytes + ip - 2, spec->ipv6 ? 0x86dd : 0x0800);
	frame->length =
	    ip + frame_make_packet(frame->bytes + ip, spec) + spec->padding;
}

size_t
frame_ip(const struct frame *frame)
{
	return get16(frame->bytes + 12) == 0x8100 ? FRAME_IP_TAGGED : FRAME_IP;
}

void
frame_forward(
    struct frame *frame, const uint8_t mac[6], const uint8_t source[6])
{
	memcpy(frame->bytes, mac, 6);
	memcpy(frame->bytes + 6, source, 6);
	frame->bytes[FRAME_IP + 8]--;
	checksum(frame->bytes + FRAME_IP);
}
