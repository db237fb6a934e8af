/* SPDX-License-Identifier: ISC */

/*
 * Files that hold secrets: read only if nobody else may read or write them.
 */

#ifndef ADAPTERS_SECRET_FILE_H
#define ADAPTERS_SECRET_FILE_H

#include <stddef.h>

/*
 * All of a regular file, of at most max bytes, that is its owner's alone, who
 * is the user that vc5d runs as: *len bytes and a NUL, for secret_free().
 * NULL with a complete line in *error, which is the caller's.
 */
char *secret_file_read(const char *path, size_t max, size_t *len, char **error);

/* Overwrites it first; NULL is accepted. */
void secret_free(char *text, size_t len);

#endif
