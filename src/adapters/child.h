/* SPDX-License-Identifier: ISC */

/*
 * A child process, run from the event loop without a shell: its input is given
 * at the start, its output collected up to a size, its time limited.
 */

#ifndef ADAPTERS_CHILD_H
#define ADAPTERS_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "adapters/child_spawn.h"

struct child;
struct event_base;

#define CHILD_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

struct child_options {
	const char *input;	       /* copied; NULL = none */
	char *const *environment;      /* NULL = a locale and a PATH */
	const struct child_user *user; /* see child_spawn.h; NULL = our own */
	int (*enter)(void *);	       /* see there as well; NULL = none */
	void *enter_arg;
	unsigned time;	      /* ms; 0 = without a limit */
	size_t output, error; /* bytes that are kept of each */
	bool merged;	      /* what are errors is output, too */
	bool chatty; /* what is more is dropped; else it is killed for it */
};

struct child_result {
	bool ok;	    /* exited with 0, within the limits */
	const char *output; /* both end with a NUL that is not counted */
	size_t output_len;
	const char *error; /* printed, or else what went wrong: one line */
};

typedef void child_cb(void *arg, const struct child_result *);

/*
 * Start argv[0].  The callback comes once, from the event loop; the child has
 * ended then and the handle is gone after it.  NULL with errno set if the
 * program can't be run.
 */
struct child *child_start(struct event_base *, char *const argv[],
    const struct child_options *, child_cb *, void *arg);

/* What it has written up to now, until the event loop runs again. */
const char *child_output(const struct child *, size_t *length);

/* Its process id. */
int child_pid(const struct child *);

/* Kill it without a callback, and wait for its end; NULL is accepted. */
void child_free(struct child *);

/* The same, but its end is waited for by the event loop. */
void child_abandon(struct child *);

#endif
