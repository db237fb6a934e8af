/* SPDX-License-Identifier: ISC */

/*
 * An idle connection to bgpd's control socket, whose end of file says that
 * bgpd has gone; it is made again for as long as it takes.
 */

#ifndef ADAPTERS_BGP_LINK_H
#define ADAPTERS_BGP_LINK_H

#include <stdbool.h>

struct bgp_link;
struct event_base;

enum bgp_link_state {
	BGP_LINK_TRYING, /* nothing is known yet */
	BGP_LINK_UP,
	BGP_LINK_ABSENT, /* there is no bgpd at the socket */
	BGP_LINK_DENIED, /* we may not use the socket */
	BGP_LINK_FAILED, /* another reason: bgpd may well be running */
};

/*
 * Connect from the event loop, again after 0.1 s doubling to 5 s.  The
 * callback tells every change of state; why is for people, "" if up.
 */
struct bgp_link *bgp_link_new(struct event_base *, const char *path,
    void (*)(void *arg, enum bgp_link_state, const char *why), void *arg);
void bgp_link_free(struct bgp_link *);

/*
 * Is bgpd there now?  Asks the kernel, so that it may know more than the
 * callback has told.
 */
bool bgp_link_alive(const struct bgp_link *);

#endif
