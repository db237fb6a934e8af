/* SPDX-License-Identifier: ISC */

/*
 * Allocation that cannot fail: out of memory ends the program with a message.
 * (Linux overcommits: an allocation of the sizes used here that returns NULL
 * means that the address space limit is wrong, and no recovery is tested.)
 * What is returned is the caller's, to be given to free(3).
 */

#ifndef BASE_XMALLOC_H
#define BASE_XMALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
/* As reallocarray(3), overflow checked; what is new is not cleared. */
void *xreallocarray(void *, size_t count, size_t size);
char *xstrdup(const char *);
char *xasprintf(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
