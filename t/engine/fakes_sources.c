/* SPDX-License-Identifier: ISC */

/*
 * See fakes_sources.h.
 */

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fakes_sources.h"

struct fake_sources fake_sources;

void
fakes_sources_reset(void)
{
	memset(&fake_sources, 0, sizeof(fake_sources));
}

static struct prefix
parse(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) == -1)
		abort();
	return prefix;
}

static struct fake_blocked *
find(const struct prefix *prefix)
{
	size_t i;

	for (i = 0; i < fake_sources.blocked_count; i++)
		if (prefix_compare(&fake_sources.blocked[i].prefix, prefix) ==
		    0)
			return &fake_sources.blocked[i];
	return NULL;
}

struct fake_blocked *
fake_blocked(const char *text)
{
	struct prefix prefix = parse(text);

	return find(&prefix);
}

void
fake_leave_blocked(const char *text)
{
	fake_sources.blocked[fake_sources.blocked_count++] =
	    (struct fake_blocked){.prefix = parse(text)};
}

void
fake_source(const char *prefix, uint64_t packets, uint32_t quiet)
{
	fake_sources.list[fake_sources.count++] =
	    (struct source){.prefix = parse(prefix),
		.packets = packets,
		.octets = 100 * packets,
		.quiet = quiet};
}

static bool
is_full(int family)
{
	size_t i, count = 0;

	for (i = 0; i < fake_sources.blocked_count; i++)
		count +=
		    fake_sources.blocked[i].prefix.address.family == family;
	return count >= FAKE_BLOCKED;
}

int
fake_block(struct dataplane *dp, const struct prefix *prefix)
{
	(void)dp;
	if (fake_sources.fails || is_full(prefix->address.family)) {
		fake_sources.refused++;
		return -1;
	}
	if (find(prefix) != NULL)
		return 0;
	fake_sources.blocks++;
	fake_sources.blocked[fake_sources.blocked_count++] =
	    (struct fake_blocked){.prefix = *prefix};
	return 0;
}

int
fake_unblock(struct dataplane *dp, const struct prefix *prefix)
{
	struct fake_blocked *found = find(prefix);

	(void)dp;
	if (found == NULL)
		return 0;
	fake_sources.unblocks++;
	*found = fake_sources.blocked[--fake_sources.blocked_count];
	return 0;
}

void
fake_blocked_each(struct dataplane *dp,
    void (*tell)(const struct prefix *, void *), void *arg)
{
	size_t i;

	(void)dp;
	for (i = 0; i < fake_sources.blocked_count; i++)
		tell(&fake_sources.blocked[i].prefix, arg);
}

bool
fake_blocked_counters(struct dataplane *dp, const struct prefix *prefix,
    uint64_t *packets, uint64_t *octets)
{
	const struct fake_blocked *found = find(prefix);

	(void)dp;
	if (found == NULL)
		return false;
	*packets = found->packets;
	*octets = 60 * found->packets;
	return true;
}

void
fake_sources_each(struct dataplane *dp,
    void (*tell)(const struct source *, void *), void *arg)
{
	size_t i;

	(void)dp;
	fake_sources.searches++;
	poll(NULL, 0, (int)fake_sources.slow);
	for (i = 0; i < fake_sources.count; i++)
		tell(&fake_sources.list[i], arg);
}

void
fake_sources_get(struct dataplane *dp, struct dataplane_sources *out)
{
	(void)dp;
	*out = (struct dataplane_sources){
	    .since = 1000, .sampling = 256, .other_packets = 512};
}
