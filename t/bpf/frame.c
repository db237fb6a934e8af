/* SPDX-License-Identifier: ISC */

/*
 * See frame.h.
 */

#include <string.h>

#include "frame.h"

#define TCP 6
#define UDP 17

static void
put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* RFC 1071, over an IP header: its checksum is set. */
static void
checksum(uint8_t *ip)
{
	uint32_t sum = 0;
	int i;

	put16(ip + 10, 0);
	for (i = 0; i < (ip[0] & 15) * 4; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum & 0xffff);
}

static size_t
make_transport(uint8_t *at, const struct frame_spec *spec)
{
	put16(at, spec->client_port != 0 ? spec->client_port : 40000);
	put16(at + 2, spec->port != 0 ? spec->port : 80);
	if (spec->protocol == UDP) {
		put16(at + 4, 8 + spec->payload);
		put16(at + 6, 0xbeef);
		return 8;
	}
	put32(at + 4, 0x01020304);
	put32(at + 8, 0x05060708);
	at[12] = 5 << 4;
	at[13] = spec->flags != 0 ? spec->flags : SYN;
	put16(at + 14, 0xfaf0);
	put32(at + 16, 0xbeef0000);
	return 20;
}

void
frame_make(struct frame *frame, const struct frame_spec *spec)
{
	size_t header = 20 + spec->options, total, i;
	uint8_t *ip;

	for (i = 0; i < sizeof(frame->bytes); i++)
		frame->bytes[i] = (i * 7 + 3) & 0xff;
	memcpy(frame->bytes, "\x02\x00\x00\x00\xaa\x01", 6);
	memcpy(frame->bytes + 6, "\x02\x00\x00\x00\xbb\x02", 6);
	put16(frame->bytes + 12, 0x0800);
	ip = frame->bytes + FRAME_IP;
	ip[0] = 4 << 4 | header / 4;
	ip[1] = 0x28;
	put16(ip + 4, spec->id);
	put16(ip + 6, spec->fragment);
	ip[8] = spec->ttl != 0 ? spec->ttl : 64;
	ip[9] = spec->protocol != 0 ? spec->protocol : TCP;
	put32(ip + 12, spec->client != 0 ? spec->client : CLIENT);
	put32(ip + 16, spec->vip != 0 ? spec->vip : VIP);
	memset(ip + 20, 1, spec->options); /* no-operation */
	total = header + make_transport(ip + header, spec) + spec->payload;
	put16(ip + 2, total);
	checksum(ip);
	frame->length = FRAME_IP + total + spec->padding;
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
