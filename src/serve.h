/* SPDX-License-Identifier: ISC */

/*
 * The engine's process: all that vc5d is, but for the parent.
 */

#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>

struct announced;
struct conf;
struct engine_origin;
struct options;

/*
 * Serve until the parent says stop, or ends.  fd is the socket to it; the
 * configuration becomes the engine's; ready: that the parent's output has left
 * the terminal, and the configuration is the last that was in force: that in
 * the file is used, if it can be.  Returns the exit status.
 */
int serve(const struct options *, struct conf *, int fd, bool ready,
    const struct engine_origin *);

/* Say on standard error what of it can't work on this host: engine_look(). */
void serve_look(const struct conf *);

#endif
