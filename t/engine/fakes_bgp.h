/* SPDX-License-Identifier: ISC */

/*
 * A bgpd that obeys at once, and has such neighbours as a test says.
 */

#ifndef T_ENGINE_FAKES_BGP_H
#define T_ENGINE_FAKES_BGP_H

#include <stdbool.h>
#include <stddef.h>

struct bgp_neighbour;

#define FAKE_BGPDS 8

struct fake_bgpd {
	const struct bgp_neighbour *neighbours;
	size_t neighbour_count;
	bool gone;
	unsigned looks;	       /* at any */
	char made[FAKE_BGPDS]; /* of each the address counts */
	unsigned count, freed; /* of these */
	char program[64];      /* that is to be run */
	void (*callback)(void *);
	void *arg;
};

extern struct fake_bgpd fake_bgpd;

/* What it shows from now on; NULL and 1: it has gone. */
void fake_bgpd_shows(const struct bgp_neighbour *, size_t count);

#endif
