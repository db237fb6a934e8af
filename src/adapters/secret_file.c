/* SPDX-License-Identifier: ISC */

/*
 * See secret_file.h.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/secret_file.h"
#include "base/xmalloc.h"

void
secret_free(char *text, size_t len)
{
	if (text == NULL)
		return;
	explicit_bzero(text, len);
	free(text);
}

/* May anybody else read or have written what is in the file? */
static char *
file_error(const char *path, const struct stat *st, size_t max)
{
	if (!S_ISREG(st->st_mode))
		return xasprintf("%s: not a regular file", path);
	if (st->st_uid != geteuid())
		return xasprintf("%s: belongs to user %u, and must to %u, whom "
				 "vc5d runs as: chown %u %s",
		    path, st->st_uid, geteuid(), geteuid(), path);
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return xasprintf("%s: others may use it (mode %04o), and "
				 "only its owner must: chmod 600 %s",
		    path, (unsigned)st->st_mode & 07777, path);
	if (st->st_size > (off_t)max)
		return xasprintf("%s: longer than %zu bytes", path, max);
	return NULL;
}

/* All of a file: its length, or -1 and errno. */
static ssize_t
read_all(int fd, char *buf, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max && (n = read(fd, buf + len, max - len)) != 0)
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			return -1;
	return (ssize_t)len;
}

static char *
load(int fd, const char *path, size_t max, size_t *len, char **error)
{
	struct stat st;
	ssize_t n;
	char *text;

	if (fstat(fd, &st) == -1) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return NULL;
	}
	if ((*error = file_error(path, &st, max)) != NULL)
		return NULL;
	text = xcalloc(1, max + 1);
	if ((n = read_all(fd, text, max)) == -1) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		secret_free(text, max);
		return NULL;
	}
	*len = (size_t)n;
	return text;
}

char *
secret_file_read(const char *path, size_t max, size_t *len, char **error)
{
	/* Nothing that is no file, a FIFO say, holds us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text;

	if (fd == -1) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return NULL;
	}
	text = load(fd, path, max, len, error);
	close(fd);
	return text;
}
