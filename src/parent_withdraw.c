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
#include "base/xmalloc.h"
#include "core/bgpctl.h"
#include "core/lifeline.h"
#include "parent_private.h"

static const struct child_options bgpctl_options = {
    .time = 5000,
    .output = 64 << 10,
    .error = 64 << 10,
};

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

/* No place is waited for any more. */
static void
withdrawn(struct parent *p)
{
	deadman_withdrawn(&p->deadman, !p->failed, monotime_ms());
	if (!p->failed) {
		log_notice("bgpd was told to withdraw them");
		p->complained = false;
	}
	parent_tell(p, LIFELINE_LOOK);
	parent_step(p);
}

static void
bgpctl_done(void *arg, const struct child_result *result)
{
	struct withdrawal *w = arg;
	struct parent *p = w->parent;
	struct announced_place *place =
	    &p->announced.places[w - p->withdrawals];

	w->bgpctl = NULL;
	p->withdrawing--;
	if (result->ok && p->early)
		log_debug("it may be announced again until the engine is dead");
	else if (result->ok && place->version == w->version)
		announced_forget(place);
	else if (result->ok)
		p->failed = true; /* there is more */
	else
		complain(p, place, result->error);
	if (p->withdrawing == 0)
		withdrawn(p);
}

static void
withdraw_at(struct withdrawal *w, const struct announced_place *place)
{
	char **argv =
	    bgpctl_argv(place->program, place->socket, BGPCTL_DELETE, NULL);
	char *input = bgpctl_input(place->vips, place->count);
	struct child_options options = bgpctl_options;

	options.input = input;
	w->version = place->version;
	w->bgpctl =
	    child_start(w->parent->base, argv, &options, bgpctl_done, w);
	if (w->bgpctl == NULL)
		complain(w->parent, place, strerror(errno));
	else
		w->parent->withdrawing++;
	free(input);
	bgpctl_argv_free(argv);
}

/* At places that the configuration has, or at those that it had before. */
static void
withdraw_everywhere(struct parent *p, bool configured)
{
	const struct announced_place *place;
	size_t i;

	for (i = 0; i < p->withdrawal_count; i++) {
		place = &p->announced.places[i];
		if (place->count > 0 && place->configured == configured)
			withdraw_at(&p->withdrawals[i], place);
	}
}

static void
withdrawals_make(struct parent *p)
{
	size_t i;

	free(p->withdrawals);
	p->withdrawal_count = p->announced.place_count;
	p->withdrawals =
	    xcalloc(p->withdrawal_count + 1, sizeof(*p->withdrawals));
	for (i = 0; i < p->withdrawal_count; i++)
		p->withdrawals[i].parent = p;
}

void
parent_withdraw(struct parent *p)
{
	size_t count = announced_count(&p->announced);

	p->early = p->deadman.engine == DEADMAN_KILLED;
	p->failed = false;
	if (count == 0) {
		deadman_withdrawn(&p->deadman, true, monotime_ms());
		return;
	}
	if (!p->complained)
		log_warnx("no engine steers: withdrawing %zu VIPs", count);
	withdrawals_make(p);
	/* None waits for another, but the one that clients come by is first. */
	withdraw_everywhere(p, true);
	withdraw_everywhere(p, false);
	if (p->withdrawing == 0)
		deadman_withdrawn(&p->deadman, false, monotime_ms());
}

void
parent_withdraw_end(struct parent *p)
{
	size_t i;

	p->complained = false;
	if (p->withdrawing == 0)
		return;
	for (i = 0; i < p->withdrawal_count; i++) {
		child_abandon(p->withdrawals[i].bgpctl);
		p->withdrawals[i].bgpctl = NULL;
	}
	p->withdrawing = 0;
	deadman_withdrawn(&p->deadman, false, monotime_ms());
	parent_tell(p, LIFELINE_LOOK);
}

bool
parent_withdraws_by(const struct parent *p, pid_t pid)
{
	size_t i;

	for (i = 0; i < p->withdrawal_count; i++)
		if (p->withdrawals[i].bgpctl != NULL &&
		    child_pid(p->withdrawals[i].bgpctl) == pid)
			return true;
	return false;
}
