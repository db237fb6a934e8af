/* SPDX-License-Identifier: ISC */

/*
 * The language of bgpctl(8): its command lines, and what it prints with -j.
 * Written after bgpctl 7.7; bytes in, structs out.
 */

#ifndef CORE_BGPCTL_H
#define CORE_BGPCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/conf.h"

#define BGPCTL_ERROR_LEN 160

#define BGPCTL_LOCAL_PREF 100 /* bgpd's own, not configurable */

enum bgpctl_command {
	BGPCTL_NETWORKS,   /* what bgpd announces on its own behalf */
	BGPCTL_ROUTES,	   /* the same, with its path attributes */
	BGPCTL_NEIGHBOURS, /* its peers */
	BGPCTL_ADD,	   /* announce, or change, what is in the input */
	BGPCTL_DELETE,	   /* withdraw what is in the input */
};

/* A network of one host. */
struct bgpctl_network {
	struct addr address;
	bool configured; /* by bgpd.conf, not by some bgpctl */
};

struct bgpctl_route {
	struct addr address;
	/* as in force: local_pref and med are never -1 */
	struct conf_bgp_attributes attributes;
};

struct bgp_neighbour {
	char *address, *description; /* never NULL */
	char *error; /* why a session ended last, "" if not known */
	uint32_t as;
	char *state;	    /* "Established", ... as bgpd names it */
	uint64_t uptime;    /* seconds in that state, or 0 */
	uint64_t received;  /* prefixes */
	uint64_t announced; /* prefixes, as bgpd counts them */
	unsigned
	    hold_time; /* seconds without a message that end it; 0 = none */
};

/* "network show", ...: for messages.  Static storage. */
const char *bgpctl_command_name(enum bgpctl_command);

/*
 * An argument vector that ends with NULL; attributes are for BGPCTL_ADD, NULL
 * if there are none.  To be given to bgpctl_argv_free.
 */
char **bgpctl_argv(const char *program, const char *socket, enum bgpctl_command,
    const struct conf_bgp_attributes *);
void bgpctl_argv_free(char **);

/* What BGPCTL_ADD and BGPCTL_DELETE read; free(3) it. */
char *bgpctl_input(const struct addr *, size_t count);

/*
 * Read what a command printed.  0, or -1 with the reason in error; the lists
 * are the caller's to free.  Networks that are not of one host are left out.
 * The list of routes is NULL if bgpd does not tell, for want of neighbours.
 */
int bgpctl_parse_networks(const char *text, size_t len,
    struct bgpctl_network **, size_t *count, char error[BGPCTL_ERROR_LEN]);
int bgpctl_parse_routes(const char *text, size_t len, struct bgpctl_route **,
    size_t *count, char error[BGPCTL_ERROR_LEN]);
int bgpctl_parse_neighbours(const char *text, size_t len,
    struct bgp_neighbour **, size_t *count, char error[BGPCTL_ERROR_LEN]);

void bgpctl_routes_free(struct bgpctl_route *, size_t count);
void bgpctl_neighbours_free(struct bgp_neighbour *, size_t count);

/*
 * Are attributes that were shown what is wanted?  Also true where bgpctl
 * can't tell: a MED of 0 looks like none, and "neighbor-as:1" like anything.
 */
bool bgpctl_attributes_match(const struct conf_bgp_attributes *wanted,
    const struct conf_bgp_attributes *shown);

void bgpctl_attributes_copy(
    struct conf_bgp_attributes *to, const struct conf_bgp_attributes *from);
void bgpctl_attributes_clear(struct conf_bgp_attributes *);

#endif
