/* SPDX-License-Identifier: ISC */

/*
 * Reading to the end: see slurp.h.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/slurp.h"
#include "base/xmalloc.h"

char *
slurp(int fd, size_t most, size_t *len)
{
	char *text = xcalloc(1, most + 2);
	ssize_t n;

	for (*len = 0; *len <= most; *len += (size_t)n) {
		n = read(fd, text + *len, most + 1 - *len);
		if (n == 0)
			return text;
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			break;
	}
	if (*len > most)
		errno = EFBIG;
	free(text);
	return NULL;
}
