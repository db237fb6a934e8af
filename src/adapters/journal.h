/* SPDX-License-Identifier: ISC */

/*
 * A file that grows by a line for each change, so that a change costs the same
 * however many there were, and that is written anew now and then, some at a
 * time.  Whenever the machine stops, a line is in it or not: a last one that
 * was torn off is dropped, and so are zeros, as a file system leaves where the
 * file had grown and the data was not written.
 */

#ifndef ADAPTERS_JOURNAL_H
#define ADAPTERS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

struct journal;

/* The path is copied; nothing is read. */
struct journal *journal_new(const char *path);
void journal_free(struct journal *);

/*
 * All lines, in *text and *len, which is the caller's to free(3), and whether a
 * torn one is left out of them: NULL, or what is wrong: free(3) it.  *text is
 * NULL if there is no such file.
 */
char *journal_read(struct journal *, char **text, size_t *len, bool *torn);

/*
 * Add a line, of which len bytes end with a newline: when NULL is returned it
 * is on the disk.  Else what is wrong, free(3) it, and it is not in the file,
 * unless that has to be written anew.
 */
char *journal_append(struct journal *, const char *line, size_t len);
/* Has it to be written anew, or for the first time, before lines are added? */
bool journal_is_broken(const struct journal *);

/*
 * Write it anew: begin, put lines, on the disk each time, end.  NULL, or what
 * is wrong, free(3) it, and all is as it was before.  Lines that are added
 * meanwhile are added to either.
 */
char *journal_begin(struct journal *);
char *journal_put(struct journal *, const char *lines, size_t len);
char *journal_end(struct journal *);
/* Has it begun, and not come to an end? */
bool journal_is_rewritten(const struct journal *);
void journal_abandon(struct journal *);

#endif
