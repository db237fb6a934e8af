/* SPDX-License-Identifier: ISC */

/*
 * What lets somebody in somewhere, taken out of what people are shown: the
 * configuration, and what checks have sent and received.  It is found by where
 * it stands and what it is called, so that it has to be called something like
 * that; or known, and found wherever it stands.
 */

#ifndef CORE_REDACT_H
#define CORE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define REDACTED "********"

struct conf_check;

/* Is what has this name a secret: a header field, say, or an option? */
bool redact_is_secret(const char *name);

/* All of these return a text to free(3). */

/*
 * A path, or a URL, in which the values of its query are replaced; of a part
 * without a name, all of it.
 */
char *redact_query(const char *path);
/*
 * An argument of a command, behind another one or NULL: "--token=x", and what
 * stands behind "--password".
 */
char *redact_argument(const char *before, const char *argument);
/*
 * What is sent as text, in which all but the first word of each line is
 * replaced; in other bytes, what looks like text.
 */
char *redact_sent(const void *bytes, size_t count, size_t *length);

/*
 * Replace what the check sends to be let in wherever it is in a text, escaped
 * as in C, as servers like to repeat what they were sent.  So is the beginning
 * of it at the text's end, which was cut off.  size is that of text, which gets
 * shorter rather than have no room.
 */
void redact_known(const struct conf_check *, char *text, size_t size);

#endif
