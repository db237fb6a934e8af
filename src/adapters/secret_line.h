/* SPDX-License-Identifier: ISC */

/*
 * Secrets of one line: a password, a key, a header's value, a URL.
 */

#ifndef ADAPTERS_SECRET_LINE_H
#define ADAPTERS_SECRET_LINE_H

#define SECRET_LINE_MAX 4096 /* bytes of the file */

/*
 * The only line of a file (secret_file.h), printable ASCII and not empty,
 * without its newline: for secret_line_free().  NULL, with what is wrong in
 * *error, which is the caller's and begins with path.
 */
char *secret_line_read(const char *path, char **error);

/* Overwrites it first; NULL is accepted. */
void secret_line_free(char *);

#endif
