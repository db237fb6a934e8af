/* SPDX-License-Identifier: ISC */

/*
 * One child process, run from the event loop without a shell: its input is
 * given at the start, its output collected up to a size, its time limited.
 */

#ifndef ADAPTERS_BGP_CHILD_H
#define ADAPTERS_BGP_CHILD_H

#include <stdbool.h>
#include <stddef.h>

struct bgp_child;
struct event_base;

struct bgp_child_limits {
	unsigned time;	      /* ms */
	size_t output, error; /* bytes on standard output and error */
};

struct bgp_child_result {
	bool ok;	    /* exited with 0, within the limits */
	const char *output; /* both end with a NUL that is not counted */
	size_t output_len;
	const char *error; /* printed, or else what went wrong: one line */
};

typedef void bgp_child_cb(void *arg, const struct bgp_child_result *);

/*
 * Start argv[0].  input is copied.  The callback comes once, from the event
 * loop; the child has ended then and the handle is gone after it.  NULL with
 * errno set if the program can't be run.
 */
struct bgp_child *
bgp_child_start(struct event_base *, char *const argv[], const char *input,
    const struct bgp_child_limits *, bgp_child_cb *, void *arg);

/* Its process id. */
int bgp_child_pid(const struct bgp_child *);

/* Kill it without a callback; NULL is accepted. */
void bgp_child_free(struct bgp_child *);

#endif
