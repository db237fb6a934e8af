/* SPDX-License-Identifier: ISC */

/*
 * Whether a service's flows are kept and for how long, and how a server that
 * comes back gets its share of them.
 */

#include <netinet/in.h>

#include "core/conf_parts.h"

#define IDLE_TCP 900 /* s */
#define IDLE_UDP 120

/*
 * Instances tell each other in 14 bits for how many seconds a flow has been
 * idle.  A flow that is closed stays for 10 s, so none goes sooner.
 */
const struct conf_limits conf_idle_limits = {10 * 1000, 16383 * 1000};

/* Steps shorter than a second would be too many new hash tables. */
#define SLOW_START_MIN 1000 /* ms */
static const struct conf_limits slow_start_limits = {0, 3600 * 1000};

void
conf_read_track(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_track *track = conf_alloc(r, 1, sizeof(*track));

	track->value = true;
	conf_read_bool(r, json, &track->value, key);
	track->where = conf_where(r);
	*(struct conf_track **)member = track;
}

void
conf_read_slow_start(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_key seconds = {
	    key->name, NULL, 0, &slow_start_limits};
	unsigned *out = member;

	conf_read_seconds(r, json, out, &seconds);
	if (*out > 0 && *out < SLOW_START_MIN)
		conf_error(r,
		    "%g is neither 0, which means none, nor in the "
		    "range 1 to 3600 seconds",
		    *out / 1000.0);
}

void
conf_flows_make(const struct conf_policy *policy, struct conf_service *out)
{
	const struct conf_scope *scope = &policy->scope;
	bool udp = out->key.protocol == IPPROTO_UDP;

	out->track = !udp || scope->track == NULL || scope->track->value;
	if (scope->idle > 0)
		out->idle = (scope->idle + 999) / 1000;
	else
		out->idle = udp ? IDLE_UDP : IDLE_TCP;
	out->slow_start = scope->slow_start;
}

/* The key by which a policy does without flows, or NULL. */
static struct conf_track *
untracked(const struct conf_policy *policy)
{
	struct conf_track *track = policy->scope.track;

	return track == NULL || track->value ? NULL : track;
}

static void
note_udp(const struct conf_entry *entry)
{
	struct conf_track *track;
	size_t i;

	for (i = 0; i < entry->policy_count; i++) {
		track = untracked(&entry->policies[i]);
		if (track != NULL && entry->policies[i].port.udp)
			track->udp = true;
	}
}

static void
check_tracks(struct conf_reader *r, const struct conf_entry *entry)
{
	const struct conf_track *track;
	size_t i;

	for (i = 0; i < entry->policy_count; i++) {
		track = untracked(&entry->policies[i]);
		if (track != NULL && !track->udp)
			conf_error_once(r, track->where, NULL,
			    "TCP can't go without flows, as its connections "
			    "would break when servers come or go: only UDP "
			    "can");
	}
}

/*
 * Only datagrams can do without: a TCP connection would be broken whenever
 * its slot gets another server.  A key that both inherit counts for UDP, so
 * what is wrong is one that TCP alone inherits.
 */
void
conf_check_tracks(struct conf_reader *r, const struct conf_draft *draft)
{
	size_t i;

	for (i = 0; i < draft->entry_count; i++)
		note_udp(&draft->entries[i]);
	for (i = 0; i < draft->entry_count; i++)
		check_tracks(r, &draft->entries[i]);
}
