/* SPDX-License-Identifier: ISC */

/*
 * In place of the adapter to bgpd: see fakes_bgp.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/bgp.h"
#include "fakes.h"
#include "fakes_bgp.h"

struct fake_bgpd fake_bgpd;

struct bgp *
bgp_new(struct event_base *base, const char *socket, const char *program)
{
	(void)base;
	(void)socket;
	bgp_set_program(NULL, program);
	/* Each is another one, and none is looked into. */
	return (struct bgp *)&fake_bgpd.made[fake_bgpd.count++ % FAKE_BGPDS];
}

void
bgp_set_program(struct bgp *bgp, const char *program)
{
	(void)bgp;
	snprintf(fake_bgpd.program, sizeof(fake_bgpd.program), "%s", program);
}

void
bgp_free(struct bgp *bgp)
{
	(void)bgp;
	fake_bgpd.freed++;
}

void
bgp_own(struct bgp *bgp, const struct addr *vip)
{
	(void)bgp;
	if (record.owned_count < FAKE_VIPS)
		record.owned[record.owned_count++] = *vip;
}

static void
describe_attributes(const struct conf_bgp_attributes *attributes,
    char text[FAKE_ATTRIBUTES_LEN])
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < attributes->community_count; i++)
		len += (size_t)snprintf(text + len, FAKE_ATTRIBUTES_LEN - len,
		    "%s ", attributes->communities[i]);
	snprintf(text + len, FAKE_ATTRIBUTES_LEN - len, "med %d pref %d",
	    (int)attributes->med, (int)attributes->local_pref);
}

void
bgp_want(struct bgp *bgp, const struct bgp_network *networks, size_t count)
{
	size_t i;

	(void)bgp;
	record.wants++;
	if (count > FAKE_VIPS)
		abort();
	for (i = 0; i < count; i++) {
		record.wanted[i] = networks[i].vip;
		describe_attributes(
		    networks[i].attributes, record.wanted_as[i]);
	}
	record.wanted_count = count;
	if (count < record.wanted_least)
		record.wanted_least = count;
}

bool
bgp_settled(const struct bgp *bgp)
{
	(void)bgp;
	return world.bgpd_answers;
}

void
bgp_status(const struct bgp *bgp, struct bgp_status *out)
{
	(void)bgp;
	memset(out, 0, sizeof(*out));
	out->connected = !fake_bgpd.gone;
	out->error = fake_bgpd.gone ? "gone" : "";
	out->neighbours = fake_bgpd.neighbours;
	out->neighbour_count = fake_bgpd.neighbour_count;
	out->neighbours_known = !fake_bgpd.gone;
	out->announced = record.wanted;
	out->announced_count = record.wanted_count;
}

/* bgpd obeys at once. */
bool
bgp_exposed(const struct bgp *bgp, const struct addr **vips, size_t *count)
{
	(void)bgp;
	*vips = record.wanted;
	*count = record.wanted_count;
	return true;
}

void
bgp_set_guard(
    struct bgp *bgp, void (*guard)(void *, const struct bgp *), void *arg)
{
	guard(arg, bgp);
}

void
bgp_look(struct bgp *bgp)
{
	(void)bgp;
	fake_bgpd.looks++;
}

void
bgp_set_callback(struct bgp *bgp, void (*callback)(void *), void *arg)
{
	(void)bgp;
	fake_bgpd.callback = callback;
	fake_bgpd.arg = arg;
}

void
fake_bgpd_shows(const struct bgp_neighbour *list, size_t count)
{
	fake_bgpd.gone = list == NULL && count > 0;
	fake_bgpd.neighbours = list;
	fake_bgpd.neighbour_count = list == NULL ? 0 : count;
	fake_bgpd.callback(fake_bgpd.arg);
}
