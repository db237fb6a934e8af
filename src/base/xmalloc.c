/* SPDX-License-Identifier: ISC */

/*
 * Allocation that cannot fail: see xmalloc.h.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (p == NULL)
		fatal("allocating %zu times %zu bytes", count, size);
	return p;
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count ? count : 1, size ? size : 1);

	if (p == NULL)
		fatal("allocating %zu times %zu bytes", count, size);
	return p;
}

char *
xstrdup(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		fatal("allocating %zu bytes", strlen(s) + 1);
	return p;
}

char *
xasprintf(const char *format, ...)
{
	va_list ap;
	char *p;
	int len;

	va_start(ap, format);
	len = vasprintf(&p, format, ap);
	va_end(ap);
	if (len == -1)
		fatal("allocating a string");
	return p;
}
