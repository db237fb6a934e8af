/* SPDX-License-Identifier: ISC */

/*
 * Secrets of one line: see secret_line.h.
 */

#include <string.h>

#include "adapters/secret_file.h"
#include "adapters/secret_line.h"
#include "base/xmalloc.h"

/* NULL, or what is wrong; the newline is taken off. */
static char *
line_error(const char *path, char *text, size_t len)
{
	size_t i, end = len;

	if (end > 0 && text[end - 1] == '\n')
		text[--end] = '\0';
	if (end == 0)
		return xasprintf("%s: is empty", path);
	for (i = 0; i < end; i++)
		if (text[i] < ' ' || text[i] > '~')
			return xasprintf("%s: character %zu is not printable "
					 "ASCII: one line is all it may have",
			    path, i + 1);
	return NULL;
}

char *
secret_line_read(const char *path, char **error)
{
	size_t len;
	char *text = secret_file_read(path, SECRET_LINE_MAX, &len, error);

	if (text == NULL || (*error = line_error(path, text, len)) == NULL)
		return text;
	secret_free(text, len);
	return NULL;
}

void
secret_line_free(char *text)
{
	if (text != NULL)
		secret_free(text, strlen(text));
}
