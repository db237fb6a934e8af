/* SPDX-License-Identifier: ISC */

/*
 * Path attributes: what is wanted against what bgpctl(8) shows.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xmalloc.h"
#include "core/bgpctl.h"

/* RFC 1997, RFC 3765, RFC 7999, RFC 8326; bgpctl ignores their case. */
static const struct {
	const char *name;
	uint32_t low; /* after 65535: */
} well_known[] = {
    {"GRACEFUL_SHUTDOWN", 0},
    {"BLACKHOLE", 666},
    {"NO_EXPORT", 65281},
    {"NO_ADVERTISE", 65282},
    {"NO_EXPORT_SUBCONFED", 65283},
    {"NO_PEER", 65284},
};

struct community {
	unsigned parts; /* 2, or 3 for a large one */
	uint32_t part[3];
};

/* 0, or -1 if it is not a community of known value. */
static int
parse_community(const char *text, struct community *out)
{
	unsigned long value;
	char *end;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
		if (strcasecmp(text, well_known[i].name) == 0) {
			*out = (struct community){
			    2, {65535, well_known[i].low, 0}};
			return 0;
		}
	while (out->parts < 3 && *text >= '0' && *text <= '9') {
		errno = 0;
		value = strtoul(text, &end, 10);
		if (errno != 0 || value > UINT32_MAX)
			return -1;
		out->part[out->parts++] = (uint32_t)value;
		if (*end == '\0')
			return out->parts >= 2 ? 0 : -1;
		if (*end != ':')
			return -1;
		text = end + 1;
	}
	return -1;
}

/* Is every community of a also in b, as far as their values are known? */
static bool
communities_within(
    const struct conf_bgp_attributes *a, const struct conf_bgp_attributes *b)
{
	struct community one, other;
	size_t i, j;

	for (i = 0; i < a->community_count; i++) {
		if (parse_community(a->communities[i], &one) == -1)
			return true;
		for (j = 0; j < b->community_count; j++)
			if (parse_community(b->communities[j], &other) == -1 ||
			    memcmp(&one, &other, sizeof(one)) == 0)
				break;
		if (j == b->community_count)
			return false;
	}
	return true;
}

bool
bgpctl_attributes_match(const struct conf_bgp_attributes *wanted,
    const struct conf_bgp_attributes *shown)
{
	int64_t med = wanted->med == -1 ? 0 : wanted->med;
	int64_t local_pref =
	    wanted->local_pref == -1 ? BGPCTL_LOCAL_PREF : wanted->local_pref;

	return med == shown->med && local_pref == shown->local_pref &&
	    wanted->prepend == shown->prepend &&
	    communities_within(wanted, shown) &&
	    communities_within(shown, wanted);
}

void
bgpctl_attributes_copy(
    struct conf_bgp_attributes *to, const struct conf_bgp_attributes *from)
{
	size_t i;

	*to = *from;
	to->communities =
	    xcalloc(from->community_count + 1, sizeof(*to->communities));
	for (i = 0; i < from->community_count; i++)
		to->communities[i] = xstrdup(from->communities[i]);
}

void
bgpctl_attributes_clear(struct conf_bgp_attributes *bgp)
{
	size_t i;

	for (i = 0; i < bgp->community_count; i++)
		free(bgp->communities[i]);
	free(bgp->communities);
	*bgp = (struct conf_bgp_attributes){.med = -1, .local_pref = -1};
}
