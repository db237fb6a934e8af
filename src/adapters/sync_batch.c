/* SPDX-License-Identifier: ISC */

/*
 * Flows put together by service and server; see sync_batch.h.  The groups are
 * found by hashing, so that a flow costs the same however many there are.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/sync_batch.h"
#include "base/xmalloc.h"

#define SLOTS	   4096 /* a power of two */
#define GROUPS_MAX (SLOTS / 2)
#define NONE	   UINT32_MAX

/* Bytes in a datagram, with a share of its headers. */
#define GROUP_COST     41
#define FLOW_COST_IPV4 9
#define FLOW_COST_IPV6 22

struct group {
	uint32_t first, last; /* flows; those between by next[] */
};

struct sync_batch {
	struct flow *flows;
	uint32_t *next; /* of a flow: the one behind it in its group, or NONE */
	size_t count, max;
	struct group groups[GROUPS_MAX];
	size_t group_count;
	uint16_t slots[SLOTS]; /* 1 + index of the group there; 0 = empty */
	size_t group;	       /* that is read now */
	uint32_t flow;	       /* likewise; NONE = the group's first */
};

struct sync_batch *
sync_batch_new(size_t max)
{
	struct sync_batch *b = xcalloc(1, sizeof(*b));

	b->flows = xcalloc(max, sizeof(*b->flows));
	b->next = xcalloc(max, sizeof(*b->next));
	b->max = max;
	b->flow = NONE;
	return b;
}

void
sync_batch_free(struct sync_batch *b)
{
	if (b == NULL)
		return;
	free(b->flows);
	free(b->next);
	free(b);
}

bool
sync_batch_has_room(const struct sync_batch *b)
{
	return b->count < b->max && b->group_count < GROUPS_MAX;
}

void
sync_batch_clear(struct sync_batch *b)
{
	if (b->group_count > 0)
		memset(b->slots, 0, sizeof(b->slots));
	b->count = b->group_count = b->group = 0;
	b->flow = NONE;
}

/* Multiply, and fold what gets high back in. */
static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 32;
}

static uint64_t
mix_address(uint64_t hash, const struct addr *a)
{
	uint64_t words[2];

	memcpy(words, a->bytes, sizeof(words));
	return mix(mix(hash, words[0]), words[1]);
}

static size_t
slot_of(const struct flow *f)
{
	uint64_t hash = (uint64_t)f->service.port << 8 | f->service.protocol;

	hash = mix_address(hash, &f->service.vip);
	hash = mix_address(hash, &f->server);
	return hash & (SLOTS - 1);
}

static bool
same_group(const struct flow *a, const struct flow *b)
{
	return a->service.port == b->service.port &&
	    a->service.protocol == b->service.protocol &&
	    memcmp(&a->server, &b->server, sizeof(a->server)) == 0 &&
	    memcmp(&a->service.vip, &b->service.vip, sizeof(a->server)) == 0;
}

static struct group *
find_group(struct sync_batch *b, const struct flow *f, bool *made)
{
	size_t slot = slot_of(f);
	struct group *g;

	*made = false;
	for (; b->slots[slot] != 0; slot = (slot + 1) & (SLOTS - 1)) {
		g = &b->groups[b->slots[slot] - 1];
		if (same_group(&b->flows[g->first], f))
			return g;
	}
	*made = true;
	g = &b->groups[b->group_count++];
	b->slots[slot] = (uint16_t)b->group_count;
	return g;
}

size_t
sync_batch_add(struct sync_batch *b, const struct flow *f)
{
	uint32_t i = (uint32_t)b->count;
	struct group *g;
	bool made;

	g = find_group(b, f, &made);
	b->flows[i] = *f;
	b->next[i] = NONE;
	if (made)
		g->first = i;
	else
		b->next[g->last] = i;
	g->last = i;
	b->count++;
	return (made ? GROUP_COST : 0) +
	    (f->client.family == AF_INET ? FLOW_COST_IPV4 : FLOW_COST_IPV6);
}

const struct flow *
sync_batch_peek(const struct sync_batch *b)
{
	if (b->group == b->group_count)
		return NULL;
	return &b->flows[b->flow != NONE ? b->flow : b->groups[b->group].first];
}

void
sync_batch_advance(struct sync_batch *b)
{
	uint32_t i = b->flow != NONE ? b->flow : b->groups[b->group].first;

	b->flow = b->next[i];
	if (b->flow == NONE)
		b->group++;
}
