/* SPDX-License-Identifier: ISC */

/*
 * Going to the background: whoever started vc5d waits until it is known to
 * work, and has seen on standard error why if it doesn't.
 */

#ifndef BACKGROUND_H
#define BACKGROUND_H

/*
 * Returns in a new process, in a session of its own.  The one that was started
 * waits for background_ready(), or ends as the new one does.  The result is a
 * descriptor for background_ready().
 */
int background_begin(void);
void background_ready(int fd);

/* Leave the terminal and the directory alone from now on. */
void background_detach(void);

#endif
