/* SPDX-License-Identifier: ISC */

/*
 * When VIPs are announced, and the path attributes with which they are.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define HOUR (3600 * 1000) /* ms */

const struct conf_limits conf_uint32_limits = {0, UINT32_MAX};
const struct conf_limits conf_wait_limits = {0, HOUR};
/* bgpctl(8) takes no more */
static const struct conf_limits prepend_limits = {0, 128};

const struct conf_bgp_draft conf_bgp_defaults = {
    .attributes.values = {.med = -1, .local_pref = -1},
    .degraded.attributes.values = {.med = -1, .local_pref = -1},
    .hold_down = {1000, NULL},
    .hold_down_max = {60000, NULL},
};

void
conf_read_prepend(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_attributes_draft *out = member;
	int64_t value;

	(void)key;
	if (!conf_integer(r, json, &prepend_limits, &value))
		return;
	out->values.prepend = (unsigned)value;
	out->own_prepend = true;
}

void
conf_read_wait(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_key seconds = {key->name, NULL, 0, &conf_wait_limits};
	struct conf_sourced *out = member;
	unsigned value = UINT32_MAX;

	conf_read_seconds(r, json, &value, &seconds);
	if (value != UINT32_MAX)
		*out = (struct conf_sourced){value, conf_where(r)};
}

void
conf_read_degraded(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"below", conf_read_share,
		offsetof(struct conf_degraded_draft, below), NULL},
	    CONF_ATTRIBUTES_KEYS(
		offsetof(struct conf_degraded_draft, attributes)),
	    {NULL, NULL, 0, NULL},
	};
	struct conf_bgp_draft *bgp = member;
	struct conf_degraded_draft draft = {
	    .attributes = {.draft = bgp->attributes.draft,
		.values = {.med = -1, .local_pref = -1}}};

	(void)key;
	if (!conf_read_object(r, json, keys, &draft))
		return;
	if (json_object_get(json, "below") == NULL)
		conf_error_missing(r, "below");
	bgp->degraded = draft;
}

void
conf_check_hold_down(struct conf_reader *r, const struct conf_bgp_draft *bgp)
{
	if (bgp->hold_down_max.where == NULL || bgp->hold_down.where == NULL ||
	    bgp->hold_down_max.value >= bgp->hold_down.value)
		return;
	conf_error_once(r, bgp->hold_down_max.where, bgp->hold_down.where,
	    "%g is less than hold_down, %g",
	    (double)bgp->hold_down_max.value / 1000,
	    (double)bgp->hold_down.value / 1000);
}

static void
attributes_copy(
    const struct conf_bgp_attributes *from, struct conf_bgp_attributes *out)
{
	size_t i;

	*out = *from;
	out->communities = xcalloc(from->community_count + 1, sizeof(char *));
	for (i = 0; i < from->community_count; i++)
		out->communities[i] = xstrdup(from->communities[i]);
}

static void
attributes_clear(struct conf_bgp_attributes *attributes)
{
	while (attributes->community_count > 0)
		free(attributes->communities[--attributes->community_count]);
	free(attributes->communities);
}

bool
conf_bgp_attributes_equal(
    const struct conf_bgp_attributes *a, const struct conf_bgp_attributes *b)
{
	size_t i;

	if (a->med != b->med || a->local_pref != b->local_pref ||
	    a->prepend != b->prepend ||
	    a->community_count != b->community_count)
		return false;
	for (i = 0; i < a->community_count; i++)
		if (strcmp(a->communities[i], b->communities[i]) != 0)
			return false;
	return true;
}

/* What is given for a degraded VIP takes the place of what is usual. */
static void
degrade(const struct conf_bgp_draft *bgp, struct conf_bgp_attributes *out)
{
	const struct conf_attributes_draft *own = &bgp->degraded.attributes;
	struct conf_bgp_attributes merged = bgp->attributes.values;

	if (own->own_communities) {
		merged.communities = own->values.communities;
		merged.community_count = own->values.community_count;
	}
	if (own->values.med != -1)
		merged.med = own->values.med;
	if (own->values.local_pref != -1)
		merged.local_pref = own->values.local_pref;
	if (own->own_prepend)
		merged.prepend = own->values.prepend;
	attributes_copy(&merged, out);
}

/*
 * RFC 8326: the community asks neighbours to prefer any other path, and a
 * local preference of 0 does the same within our own AS.
 */
static void
leave(const struct conf_bgp_attributes *from, struct conf_bgp_attributes *out)
{
	static const char name[] = "GRACEFUL_SHUTDOWN";
	bool added = false;
	size_t i, j = 0;

	*out = *from;
	out->local_pref = 0;
	out->communities = xcalloc(from->community_count + 2, sizeof(char *));
	for (i = 0; i < from->community_count; i++) {
		const char *community = from->communities[i];

		if (strcmp(community, name) == 0 ||
		    strcmp(community, "65535:0") == 0)
			continue;
		if (!added && strcmp(community, name) > 0) {
			out->communities[j++] = xstrdup(name);
			added = true;
		}
		out->communities[j++] = xstrdup(community);
	}
	if (!added)
		out->communities[j++] = xstrdup(name);
	out->community_count = j;
}

void
conf_bgp_make(const struct conf_bgp_draft *bgp, struct conf_vip *vip)
{
	unsigned most = bgp->hold_down_max.value;

	attributes_copy(&bgp->attributes.values, &vip->bgp[ATTRIBUTES_NORMAL]);
	degrade(bgp, &vip->bgp[ATTRIBUTES_DEGRADED]);
	leave(&vip->bgp[ATTRIBUTES_NORMAL], &vip->bgp[ATTRIBUTES_LEAVING]);
	leave(&vip->bgp[ATTRIBUTES_DEGRADED],
	    &vip->bgp[ATTRIBUTES_DEGRADED_LEAVING]);
	vip->announcing = (struct conf_announcing){
	    .hold_down = bgp->hold_down.value,
	    .hold_down_max = most,
	    .healthy_for = bgp->healthy_for,
	    .learn = bgp->learn,
	    .graceful_shutdown = bgp->graceful_shutdown,
	    .below = bgp->degraded.below,
	};
	/* Of the two, the one that is given counts. */
	if (bgp->hold_down.where == NULL && most < bgp->hold_down.value)
		vip->announcing.hold_down = most;
	else if (most < bgp->hold_down.value)
		vip->announcing.hold_down_max = bgp->hold_down.value;
}

void
conf_bgp_clear(struct conf_vip *vip)
{
	size_t i;

	for (i = 0; i < ATTRIBUTES_SETS; i++)
		attributes_clear(&vip->bgp[i]);
}

static bool
announcing_equal(
    const struct conf_announcing *a, const struct conf_announcing *b)
{
	return a->hold_down == b->hold_down &&
	    a->hold_down_max == b->hold_down_max &&
	    a->healthy_for == b->healthy_for && a->learn == b->learn &&
	    a->graceful_shutdown == b->graceful_shutdown &&
	    a->below.value == b->below.value &&
	    a->below.percent == b->below.percent;
}

bool
conf_bgp_equal(const struct conf_bgp_draft *a, const struct conf_bgp_draft *b)
{
	struct conf_vip x = {0}, y = {0};
	bool equal;

	conf_bgp_make(a, &x);
	conf_bgp_make(b, &y);
	equal = announcing_equal(&x.announcing, &y.announcing) &&
	    conf_bgp_attributes_equal(
		&x.bgp[ATTRIBUTES_NORMAL], &y.bgp[ATTRIBUTES_NORMAL]) &&
	    conf_bgp_attributes_equal(
		&x.bgp[ATTRIBUTES_DEGRADED], &y.bgp[ATTRIBUTES_DEGRADED]);
	conf_bgp_clear(&x);
	conf_bgp_clear(&y);
	return equal;
}
