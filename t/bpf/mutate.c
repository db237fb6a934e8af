/* SPDX-License-Identifier: ISC */

/*
 * See mutate.h.
 */

#include <string.h>

#include "mutate.h"
#include "view.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LEAST	 14   /* bytes that BPF_PROG_TEST_RUN wants */
#define MOST	 9400 /* and what is not exceeded here */
#define HEAD	 160  /* where the headers are */
#define V6	 .ipv6 = true
#define DNS4	 .protocol = UDP, .port = 53

static const struct frame_spec tcp_reply4 = {.reply = true, .payload = 30};
static const struct frame_spec udp_reply4 = {.reply = true, DNS4};
static const struct frame_spec tcp_reply6 = {V6, .reply = true, .payload = 30};
static const struct frame_spec udp_reply6 = {
    V6, .reply = true, .extensions = "h", DNS4};

static const struct frame_spec specs[] = {
    {.flags = SYN},
    {.flags = ACK, .payload = 100},
    {.flags = ACK, .payload = 1460},
    {.flags = FIN | ACK, .padding = 6},
    {.flags = RST, .options = 8},
    {.port = 443, .options = 40},
    {.port = 81},
    {.vip = VIP + 5},
    {.protocol = 132, .payload = 12},
    {DNS4, .payload = 33},
    {DNS4, .payload = 512, .no_checksum = true},
    {DNS4, .fragment = DONT_FRAGMENT, .payload = 1400},
    {DNS4, .fragment = MORE_FRAGMENTS, .payload = 1400, .id = 5},
    {DNS4, .fragment = MORE_FRAGMENTS | 176, .payload = 1400, .id = 5},
    {DNS4, .fragment = 352, .payload = 80, .id = 5},
    {.fragment = MORE_FRAGMENTS, .payload = 60, .id = 6},
    {.fragment = 10, .payload = 60, .id = 6},
    {.protocol = ICMP, .icmp_type = 8, .payload = 56},
    {.protocol = ICMP, .icmp_type = 3, .icmp_code = 4, .quote = &tcp_reply4},
    {.protocol = ICMP, .icmp_type = 11, .quote = &udp_reply4, .quoted = 28},
    {.protocol = ICMP, .icmp_type = 0, .payload = 20},
    {.ttl = 1, .payload = 700},
    {.payload = 8000},
    {DNS4, .payload = 8000, .no_checksum = true},
    {.payload = 4000, .fragment = MORE_FRAGMENTS, .id = 9},
    {V6},
    {V6, .flags = ACK, .payload = 101},
    {V6, .flags = ACK, .payload = 1440},
    {V6, .port = 443, .padding = 3},
    {V6, .port = 81},
    {V6, .vip = 0x55},
    {V6, .protocol = 59},
    {V6, DNS4, .payload = 34},
    {V6, DNS4, .extensions = "hd", .payload = 35},
    {V6, .extensions = "hdrfa", .payload = 36},
    {V6, .extensions = "dddddd"},
    {V6, DNS4, .extensions = "f", .fragment = 1, .payload = 1200, .id = 7},
    {V6, DNS4, .extensions = "f", .fragment = 1209, .payload = 1200, .id = 7},
    {V6, DNS4, .extensions = "hf", .fragment = 2416, .payload = 20, .id = 7},
    {V6, .protocol = ICMPV6, .icmp_type = 128, .payload = 56},
    {V6, .protocol = ICMPV6, .icmp_type = 2, .quote = &tcp_reply6},
    {V6, .protocol = ICMPV6, .icmp_type = 1, .quote = &udp_reply6},
    {V6, .protocol = ICMPV6, .icmp_type = 135, .payload = 24},
    {V6, .ttl = 1, .payload = 1300},
    {V6, .payload = 5000},
};

static uint64_t state;
static struct frame frames[2 * COUNT(specs)]; /* the second half is tagged */

/* Vigna's splitmix64. */
static uint64_t
draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t
below(size_t limit)
{
	return limit == 0 ? 0 : (draw() >> 32) * limit >> 32;
}

void
mutate_seed(uint64_t seed)
{
	struct frame_spec spec;
	size_t i;

	state = seed;
	for (i = 0; i < COUNT(frames); i++) {
		spec = specs[i % COUNT(specs)];
		spec.tagged = i >= COUNT(specs);
		spec.tci = 0xb00a;
		frame_make(&frames[i], &spec);
	}
}

/* Somewhere in the headers, most often. */
static size_t
place(const struct frame *frame, size_t room)
{
	size_t end = frame->length;

	if (end > HEAD && draw() % 8 != 0)
		end = HEAD;
	return end > room ? below(end - room) : 0;
}

static void
change_bit(struct frame *frame)
{
	frame->bytes[place(frame, 1)] ^= 1 << draw() % 8;
}

static void
change_byte(struct frame *frame)
{
	static const uint8_t values[] = {0, 1, 2, 4, 6, 8, 17, 41, 43, 44, 45,
	    47, 51, 58, 59, 60, 63, 64, 80, 0x45, 0x46, 0x4f, 0x60, 127, 128,
	    129, 224, 254, 255};

	frame->bytes[place(frame, 1)] = values[below(sizeof(values))];
}

static void
change_word(struct frame *frame)
{
	static const uint16_t values[] = {0, 1, 53, 80, 443, 1480, 1500, 0x0800,
	    0x8100, 0x86dd, 0x88a8, 0x2000, 0x1fff, 0x4000, 0x8000, 0x7fff,
	    0xfffe, 0xffff};
	size_t at = place(frame, 2) & ~1UL;

	put16(frame->bytes + at,
	    draw() % 4 == 0 ? draw() : values[below(COUNT(values))]);
}

static void
change_random(struct frame *frame)
{
	frame->bytes[place(frame, 1)] = draw();
}

static void
cut(struct frame *frame)
{
	frame->length = LEAST + below(frame->length - LEAST + 1);
}

static void
extend(struct frame *frame)
{
	size_t more = below(draw() % 16 == 0 ? 2000 : 64);

	while (more-- > 0 && frame->length < MOST)
		frame->bytes[frame->length++] = draw();
}

/* The length in the IP header: of another, or a little wrong. */
static void
change_length(struct frame *frame)
{
	struct view view;
	uint8_t *at;

	if (view_parse(&view, frame->bytes, frame->length) == VIEW_OTHER)
		return;
	at = frame->bytes + view.ip + (view.ipv6 ? 4 : 2);
	if (draw() % 2 == 0)
		put16(at, get16(at) + below(17) - 8);
	else
		put16(at, below(frame->length + 4));
}

/* Bytes of another packet. */
static void
splice(struct frame *frame)
{
	const struct frame *other = &frames[below(COUNT(frames))];
	size_t length = 1 + below(64), at = place(frame, length), from;

	from = draw() % 2 == 0 ? at : place(other, length);
	if (at + length > frame->length || from + length > other->length)
		return;
	memcpy(frame->bytes + at, other->bytes + from, length);
}

/* All after a place moves, by a tag or an option or so. */
static void
shift(struct frame *frame)
{
	size_t at = place(frame, 0), by = 1 + below(12);

	by = draw() % 2 == 0 ? by & ~3UL : by;
	if (at < 12)
		at = 12;
	if (draw() % 2 == 0) {
		if (frame->length + by > MOST || at > frame->length)
			return;
		memmove(frame->bytes + at + by, frame->bytes + at,
		    frame->length - at);
		frame->length += by;
	} else if (at + by < frame->length && frame->length - by >= LEAST) {
		memmove(frame->bytes + at, frame->bytes + at + by,
		    frame->length - at - by);
		frame->length -= by;
	}
}

static void
change_client(struct frame *frame)
{
	struct view view;
	uint8_t *ip;

	if (view_parse(&view, frame->bytes, frame->length) != VIEW_OK)
		return;
	ip = frame->bytes + view.ip;
	put16(ip + (view.ipv6 ? 22 : 14), draw() % 4096);
	if (view.protocol == TCP || view.protocol == UDP)
		put16(ip + view.header, draw());
}

static void
change_ttl(struct frame *frame)
{
	struct view view;

	if (view_parse(&view, frame->bytes, frame->length) == VIEW_OK)
		frame->bytes[view.ip + (view.ipv6 ? 7 : 8)] = draw() % 4;
}

/* Right the checksums, as far as there is something to be righted. */
static void
right(struct frame *frame)
{
	struct view view;
	uint8_t *ip = frame->bytes;
	size_t at, length;
	uint16_t sum = 0;

	if (view_parse(&view, frame->bytes, frame->length) != VIEW_OK)
		return;
	ip += view.ip;
	if (!view.ipv6) {
		put16(ip + 10, 0);
		put16(ip + 10, ~sum_words(ip, view.header, 0));
	}
	at = view_checksum_at(&view);
	length = view.total - view.header;
	if (!view_transport_summed(&view, frame->bytes) || length < 8)
		return;
	put16(frame->bytes + at, 0);
	if (view.protocol != ICMP)
		sum = sum_pseudo(ip, view.protocol, length);
	sum = ~sum_words(ip + view.header, length, sum);
	put16(
	    frame->bytes + at, sum == 0 && view.protocol == UDP ? 0xffff : sum);
}

void
mutate(struct frame *frame)
{
	static void (*const changes[])(struct frame *) = {change_bit,
	    change_byte, change_word, change_random, cut, extend, change_length,
	    splice, shift, change_ttl, change_bit, change_byte};
	const struct frame *seed = &frames[below(COUNT(frames))];
	size_t count = draw() % 8 == 0 ? 0 : 1 + below(draw() % 4 == 0 ? 8 : 2);

	memcpy(frame->bytes, seed->bytes, seed->length);
	frame->length = seed->length;
	change_client(frame);
	while (count-- > 0)
		changes[below(COUNT(changes))](frame);
	if (draw() % 8 != 0)
		right(frame);
}
