/* SPDX-License-Identifier: ISC */

/*
 * A flow table for tests; see sync_store.h.  Open addressing, and nothing is
 * ever removed but all at once.
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotime.h"
#include "base/xmalloc.h"
#include "sync_store.h"

#define WALK 65536 /* entries that a walk looks at, at most */
#define TELL 5	   /* calls that look at all entries, as the data plane's do */

struct entry {
	bool used, learnt;
	bool changed; /* to be told */
	struct flow flow;
	uint64_t last; /* ms: its last packet */
	uint64_t told; /* ms */
};

struct store {
	struct entry *entries;
	size_t capacity, count, closed, next;
	unsigned refresh, services, servers;
};

struct store *
store_new(size_t capacity, unsigned refresh)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->entries = xcalloc(capacity, sizeof(*s->entries));
	s->capacity = capacity;
	s->refresh = refresh;
	s->services = STORE_SERVICES;
	s->servers = STORE_SERVERS;
	return s;
}

void
store_free(struct store *s)
{
	free(s->entries);
	free(s);
}

void
store_tick(struct store *s)
{
	(void)s;
}

void
store_clear(struct store *s)
{
	memset(s->entries, 0, s->capacity * sizeof(*s->entries));
	s->count = s->closed = s->next = 0;
}

void
store_limit(struct store *s, unsigned services, unsigned servers)
{
	s->services = services;
	s->servers = servers;
}

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185U;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44dU;
	return x ^ x >> 33;
}

/* Every fourth one is IPv6. */
void
store_flow(size_t number, struct flow *f)
{
	unsigned service = number % STORE_SERVICES,
		 server = (unsigned)(mix(number) % STORE_SERVERS);
	bool six = service == STORE_SERVICES - 1;

	memset(f, 0, sizeof(*f));
	f->service.vip.family = f->client.family = f->server.family =
	    six ? AF_INET6 : AF_INET;
	if (six) {
		f->service.vip.bytes[0] = f->client.bytes[0] =
		    f->server.bytes[0] = 0xfd;
		f->service.vip.bytes[15] = 1;
		f->client.bytes[8] = 1;
		f->server.bytes[15] = (uint8_t)(server + 1);
	} else {
		memcpy(f->service.vip.bytes, "\xc0\x00\x02", 3);
		f->service.vip.bytes[3] = (uint8_t)(service + 1);
		memcpy(f->server.bytes, "\x0a\x01\x00", 3);
		f->server.bytes[3] = (uint8_t)(server + 1);
	}
	f->client.bytes[six ? 12 : 0] = 0x0b;
	f->client.bytes[six ? 13 : 1] = (uint8_t)(number >> 24);
	f->client.bytes[six ? 14 : 2] = (uint8_t)(number >> 16);
	f->client.bytes[six ? 15 : 3] = (uint8_t)(number >> 8);
	f->client_port = (uint16_t)(1024 + number % 256);
	f->service.port = 80;
	f->service.protocol = service == 1 ? IPPROTO_UDP : IPPROTO_TCP;
}

static uint64_t
hash(const struct flow *f)
{
	uint64_t words[2], h = f->client_port;

	memcpy(words, f->client.bytes, sizeof(words));
	h = mix(mix(h ^ words[0]) ^ words[1]);
	memcpy(words, f->service.vip.bytes, sizeof(words));
	h = mix(mix(h ^ words[0]) ^ words[1]);
	return mix(h ^ (uint64_t)f->service.port << 8 ^ f->service.protocol);
}

static bool
same(const struct flow *a, const struct flow *b)
{
	return a->client_port == b->client_port &&
	    addr_compare(&a->client, &b->client) == 0 &&
	    service_key_compare(&a->service, &b->service) == 0;
}

static struct entry *
find(struct store *s, const struct flow *f)
{
	size_t i = hash(f) & (s->capacity - 1);

	while (s->entries[i].used && !same(&s->entries[i].flow, f))
		i = (i + 1) & (s->capacity - 1);
	return &s->entries[i];
}

static void
insert(struct store *s, struct entry *n, const struct flow *f)
{
	if (++s->count > s->capacity / 4 * 3)
		errx(1, "too many flows");
	n->used = true;
	n->flow = *f;
	n->told = 0;
}

static void
set_state(struct store *s, struct entry *n, enum flow_state state)
{
	s->closed -= n->flow.state == FLOW_CLOSED;
	s->closed += state == FLOW_CLOSED;
	n->flow.state = state;
}

void
store_packet(struct store *s, size_t number, enum flow_state state)
{
	struct entry *n;
	struct flow f;

	store_flow(number, &f);
	n = find(s, &f);
	if (!n->used)
		insert(s, n, &f);
	n->changed = n->changed || n->told == 0 || n->flow.state != state;
	set_state(s, n, state);
	n->last = monotime_ms();
	n->learnt = false;
}

void
store_packets(struct store *s)
{
	size_t i;

	for (i = 0; i < s->capacity; i++)
		if (s->entries[i].used)
			s->entries[i].last = monotime_ms();
}

size_t
store_count(const struct store *s)
{
	return s->count;
}

size_t
store_closed(const struct store *s)
{
	return s->closed;
}

uint32_t
store_oldest(const struct store *s)
{
	uint64_t now = monotime_ms(), oldest = now;
	size_t i;

	for (i = 0; i < s->capacity; i++)
		if (s->entries[i].used && s->entries[i].last < oldest)
			oldest = s->entries[i].last;
	return (uint32_t)((now - oldest) / 1000);
}

uint64_t
store_digest(const struct store *s)
{
	uint64_t digest = 0;
	size_t i;

	for (i = 0; i < s->capacity; i++) {
		const struct flow *f = &s->entries[i].flow;

		if (s->entries[i].used)
			digest += mix(hash(f) ^
			    mix((uint64_t)f->state << 8 |
				f->server
				    .bytes[f->server.family == AF_INET6 ? 15
									: 3]));
	}
	return digest;
}

static bool
is_to_be_told(const struct store *s, const struct entry *n, uint64_t now)
{
	return n->changed || (n->last > n->told && now - n->told >= s->refresh);
}

void
store_tell(struct store *s, dataplane_flow_fn *fn, void *arg)
{
	uint64_t now = monotime_ms();
	struct dataplane_flow_note note = {0};
	size_t left = s->capacity / TELL + 1;

	for (; left > 0; left--, s->next = (s->next + 1) & (s->capacity - 1)) {
		struct entry *n = &s->entries[s->next];

		if (!n->used || !is_to_be_told(s, n, now))
			continue;
		n->flow.idle = (uint32_t)((now - n->last) / 1000);
		if (!fn(&n->flow, &note, arg))
			return;
		n->told = now;
		n->changed = false;
	}
}

void
store_walk(struct store *s, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *fn, void *arg)
{
	uint64_t now = monotime_ms();
	struct dataplane_flow_note note = {0};
	size_t left = WALK;

	for (; *cursor < s->capacity && left > 0; ++*cursor, left--) {
		struct entry *n = &s->entries[*cursor];

		n->flow.idle = (uint32_t)((now - n->last) / 1000);
		if (n->used && (within == 0 || n->flow.idle <= within) &&
		    !fn(&n->flow, &note, arg))
			return;
	}
	if (*cursor >= s->capacity)
		*cursor = DATAPLANE_WALK_END;
}

static enum dataplane_learnt
judge(const struct store *s, const struct flow *f)
{
	bool six = f->service.vip.family == AF_INET6;
	unsigned service =
	    six ? STORE_SERVICES - 1 : f->service.vip.bytes[3] - 1U;

	if (service >= s->services || f->service.port != 80)
		return LEARNT_NO_SERVICE;
	if (f->server.bytes[six ? 15 : 3] - 1U >= s->servers)
		return LEARNT_NO_SERVER;
	return LEARNT_NEW;
}

enum dataplane_learnt
store_learn(struct store *s, const struct flow *f)
{
	enum dataplane_learnt result = judge(s, f);
	uint64_t last = monotime_ms() - f->idle * UINT64_C(1000);
	struct entry *n;

	if (result != LEARNT_NEW)
		return result;
	n = find(s, f);
	if (!n->used) {
		insert(s, n, f);
		s->closed += f->state == FLOW_CLOSED;
	} else if (last < n->last && f->state == n->flow.state)
		return LEARNT_OLDER;
	else {
		set_state(s, n, f->state);
		result = LEARNT_REFRESHED;
	}
	n->last = last;
	n->told = monotime_ms();
	n->learnt = true;
	n->changed = false;
	return result;
}
