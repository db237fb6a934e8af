/* SPDX-License-Identifier: ISC */

/*
 * A whole file in memory.
 */

#ifndef BASE_SLURP_H
#define BASE_SLURP_H

#include <stddef.h>

/*
 * All that can be read from fd, with a NUL behind it: free(3) it; *len is
 * without that.  NULL with errno, EFBIG if there are more than most bytes.
 */
char *slurp(int fd, size_t most, size_t *len);

#endif
