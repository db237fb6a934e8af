/* SPDX-License-Identifier: ISC */

/*
 * The beginning of a stream of bytes as text that can be shown anywhere.
 */

#ifndef CORE_EXCERPT_H
#define CORE_EXCERPT_H

#include <stddef.h>

/*
 * Append bytes to the string in buf, escaped as in C (\r, \n, \t, \", \\,
 * otherwise \xNN), so that it is printable ASCII.  What there is no room for
 * is dropped, as is all after it; size is that of buf.
 */
void excerpt_append(char *buf, size_t size, const void *bytes, size_t count);

#endif
