/* SPDX-License-Identifier: ISC */

/*
 * The parent withdraws what nobody answers for any more.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/child.h"
#include "base/log.h"
#include "base/monotime.h"
#include "core/bgpctl.h"
#include "core/lifeline.h"
#include "parent_private.h"

static const struct child_options bgpctl_options = {
    .time = 5000,
    .output = 64 << 10,
    .error = 64 << 10,
};

static void withdraw_next(struct parent *);

/* Said once for all the attempts of a withdrawal. */
static void
complain(struct parent *p, const struct announced_place *place, const char *why)
{
	p->failed = true;
	if (!p->complained)
		log_warnx("%s -s %s: network bulk delete: %s; trying again",
		    place->program, place->socket, why);
	p->complained = true;
}

static void
bgpctl_done(void *arg, const struct child_result *result)
{
	struct parent *p = arg;
	struct announced_place *place = &p->announced.places[p->place++];

	p->bgpctl = NULL;
	if (result->ok && p->early)
		log_debug("it may be announced again until the engine is dead");
	else if (result->ok && place->version == p->version)
		announced_forget(place);
	else if (result->ok)
		p->failed = true; /* there is more */
	else
		complain(p, place, result->error);
	withdraw_next(p);
}

/* False if it can't be run. */
static bool
withdraw_at(struct parent *p, const struct announced_place *place)
{
	char **argv =
	    bgpctl_argv(place->program, place->socket, BGPCTL_DELETE, NULL);
	char *input = bgpctl_input(place->vips, place->count);
	struct child_options options = bgpctl_options;

	options.input = input;
	p->version = place->version;
	p->bgpctl = child_start(p->base, argv, &options, bgpctl_done, p);
	if (p->bgpctl == NULL)
		complain(p, place, strerror(errno));
	free(input);
	bgpctl_argv_free(argv);
	return p->bgpctl != NULL;
}

/* One place after the other. */
static void
withdraw_next(struct parent *p)
{
	const struct announced_place *place;

	for (; p->place < p->announced.place_count; p->place++) {
		place = &p->announced.places[p->place];
		if (place->count > 0 && withdraw_at(p, place))
			return;
	}
	deadman_withdrawn(&p->deadman, !p->failed, monotime_ms());
	if (!p->failed) {
		log_notice("bgpd was told to withdraw them");
		p->complained = false;
	}
	parent_tell(p, LIFELINE_LOOK);
	parent_step(p);
}

void
parent_withdraw(struct parent *p)
{
	size_t count = announced_count(&p->announced);

	p->place = 0;
	p->early = p->deadman.engine == DEADMAN_KILLED;
	p->failed = false;
	if (count == 0) {
		deadman_withdrawn(&p->deadman, true, monotime_ms());
		return;
	}
	if (!p->complained)
		log_warnx("no engine steers: withdrawing %zu VIPs", count);
	withdraw_next(p);
}

void
parent_withdraw_end(struct parent *p)
{
	p->complained = false;
	if (p->bgpctl == NULL)
		return;
	child_abandon(p->bgpctl);
	p->bgpctl = NULL;
	deadman_withdrawn(&p->deadman, false, monotime_ms());
	parent_tell(p, LIFELINE_LOOK);
}
