/* SPDX-License-Identifier: ISC */

/*
 * Announcing VIPs through OpenBGPD: bgpctl(8) run as a child from the event
 * loop, and an idle connection to bgpd's control socket whose end of file
 * says that bgpd has gone.  What should be announced is reconciled with what
 * bgpd says is; a network that nobody owned up to is left alone.
 */

#ifndef ADAPTERS_BGP_H
#define ADAPTERS_BGP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/addr.h"
#include "core/bgp_plan.h" /* struct bgp_network */
#include "core/bgpctl.h"   /* struct bgp_neighbour */

struct bgp;
struct event_base;

struct bgp_status {
	bool connected;	   /* bgpd's control socket is open */
	const char *error; /* what is wrong now, "" if nothing: for people */
	const struct addr *announced; /* of ours, as bgpd showed last */
	size_t announced_count;
	const struct bgp_neighbour *neighbours; /* as bgpd showed last */
	size_t neighbour_count;
	bool neighbours_known; /* it has shown them since it is connected */
};

/*
 * socket and program are copied.  Starts to connect from the event loop, and
 * goes on trying with back-off (up to 5 s); a failure is logged once when it
 * begins, with its remedy, and its end is logged.
 */
struct bgp *
bgp_new(struct event_base *, const char *socket, const char *program);
/*
 * Run another bgpctl from now on, soon if the one before could not do its work;
 * what one is doing is done to its end.  The string is copied.
 */
void bgp_set_program(struct bgp *, const char *program);
/* Ends what runs; does not withdraw anything. */
void bgp_free(struct bgp *);

/*
 * Networks that are ours to withdraw when they are not wanted, beside those
 * that were wanted once: VIPs of a predecessor that died.  Nothing is withdrawn
 * before the first bgp_want.
 */
void bgp_own(struct bgp *, const struct addr *vip);

/* All that should be announced from now on.  Deep-copied. */
void bgp_want(struct bgp *, const struct bgp_network *, size_t count);

/*
 * True when bgpd is known to announce just what is wanted, or can't be
 * reached (then it announces nothing).
 */
bool bgp_settled(const struct bgp *);

/* Valid until the event loop runs again. */
void bgp_status(const struct bgp *, struct bgp_status *);

/*
 * VIPs that bgpd may be announcing for us: for whoever has to withdraw them in
 * our place.  False if that is not known yet; valid until the loop runs again.
 */
bool bgp_exposed(const struct bgp *, const struct addr **, size_t *count);

/*
 * Have a function called whenever bgp_exposed() may say something else: before
 * bgpd is asked to announce, and after it has withdrawn.  It may call nothing
 * but bgp_exposed().
 */
void
bgp_set_guard(struct bgp *, void (*)(void *arg, const struct bgp *), void *arg);

/* Somebody has changed what bgpd announces: look at once. */
void bgp_look(struct bgp *);

/*
 * Have a function called from the event loop whenever bgp_settled() or
 * bgp_status() may have changed.  It may call anything of this header.
 */
void bgp_set_callback(struct bgp *, void (*)(void *arg), void *arg);

#endif
