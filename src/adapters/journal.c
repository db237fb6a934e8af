/* SPDX-License-Identifier: ISC */

/*
 * See journal.h.  The file is opened for each line, and must be the one that
 * was written last: what somebody else has put in its place, or removed, is
 * found before a change is believed to be kept.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/journal.h"
#include "adapters/state_file.h"
#include "base/xmalloc.h"

struct journal {
	char *path;
	bool broken;  /* no line can be added */
	ino_t inode;  /* of the file, if it isn't */
	off_t size;   /* bytes: its lines */
	off_t length; /* of the file; more, if a line was torn off */
	int fd;	      /* of what it is written anew to; -1 = it is not */
	struct {
		char *text;
		size_t len;
	} late; /* lines that were added meanwhile */
};

static char *
trouble(const struct journal *j)
{
	return xasprintf("%s: %s", j->path, strerror(errno));
}

struct journal *
journal_new(const char *path)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->path = xstrdup(path);
	j->broken = true;
	j->fd = -1;
	return j;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	journal_abandon(j);
	free(j->path);
	free(j);
}

/* What is at the path now is the file, of so many bytes that are lines. */
static void
adopt(struct journal *j, off_t size)
{
	struct stat st;

	j->broken = stat(j->path, &st) == -1 || st.st_size < size;
	if (j->broken)
		return;
	j->inode = st.st_ino;
	j->length = st.st_size;
	j->size = size;
}

char *
journal_read(struct journal *j, char **text, size_t *len, bool *torn)
{
	char *wrong = state_file_read(j->path, text, len);
	const char *newline;

	*torn = false;
	j->broken = true;
	if (wrong != NULL || *text == NULL)
		return wrong;
	newline = memrchr(*text, '\n', *len);
	/* When power fails, it may be zeros that are behind the last line. */
	*torn = *len > 0 && (newline == NULL || newline + 1 != *text + *len);
	if (*torn)
		*len = newline == NULL ? 0 : (size_t)(newline + 1 - *text);
	(*text)[*len] = '\0';
	adopt(j, (off_t)*len);
	return NULL;
}

bool
journal_is_broken(const struct journal *j)
{
	return j->broken;
}

/* Is it the file that is known?  Without what was torn off. */
static int
check(const struct journal *j, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_ino != j->inode ||
	    st.st_size != j->length) {
		errno = ESTALE;
		return -1;
	}
	return j->length != j->size ? ftruncate(fd, j->size) : 0;
}

/* What is wrong is in errno; the line is taken back, if that can be. */
static int
append(struct journal *j, int fd, const char *line, size_t len)
{
	int error;

	if (j->size + (off_t)len > STATE_FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (state_file_put(fd, line, len) == 0 && fdatasync(fd) == 0)
		return 0;
	error = errno;
	if (ftruncate(fd, j->size) == -1 || fdatasync(fd) == -1)
		j->broken = true;
	errno = error;
	return -1;
}

/* It will be in the file that takes this one's place, too. */
static void
add_late(struct journal *j, const char *line, size_t len)
{
	j->late.text = xreallocarray(j->late.text, j->late.len + len, 1);
	memcpy(j->late.text + j->late.len, line, len);
	j->late.len += len;
}

char *
journal_append(struct journal *j, const char *line, size_t len)
{
	const int flags =
	    O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	char *wrong = NULL;
	int fd;

	if (j->broken)
		return xasprintf("%s: has to be written anew first", j->path);
	fd = open(j->path, flags);
	if (fd == -1 || check(j, fd) == -1) {
		/* Gone, or another one: EROFS, say, is neither. */
		j->broken = errno == ENOENT || errno == ESTALE;
		wrong = trouble(j);
	} else if (append(j, fd, line, len) == -1) {
		j->length = j->size;
		wrong = trouble(j);
	} else {
		j->size += (off_t)len;
		j->length = j->size;
		if (j->fd != -1)
			add_late(j, line, len);
	}
	if (fd != -1)
		close(fd);
	return wrong;
}

bool
journal_is_rewritten(const struct journal *j)
{
	return j->fd != -1;
}

static void
forget(struct journal *j)
{
	j->fd = -1;
	free(j->late.text);
	j->late.text = NULL;
	j->late.len = 0;
}

void
journal_abandon(struct journal *j)
{
	if (j->fd != -1)
		state_file_abandon(j->path, j->fd);
	forget(j);
}

char *
journal_begin(struct journal *j)
{
	journal_abandon(j);
	j->fd = state_file_begin(j->path);
	return j->fd == -1 ? trouble(j) : NULL;
}

char *
journal_put(struct journal *j, const char *lines, size_t len)
{
	char *wrong;

	if (state_file_put(j->fd, lines, len) == 0 && fdatasync(j->fd) == 0)
		return NULL;
	wrong = trouble(j);
	journal_abandon(j);
	return wrong;
}

char *
journal_end(struct journal *j)
{
	char *wrong = NULL;
	struct stat st;

	if (j->late.len > 0)
		wrong = journal_put(j, j->late.text, j->late.len);
	if (wrong != NULL)
		return wrong;
	if (fstat(j->fd, &st) == -1)
		st.st_size = 0;
	if (state_file_finish(j->path, j->fd) == -1) {
		wrong = trouble(j);
		/* Which of the two it is can't be known. */
		j->broken = true;
	} else {
		adopt(j, st.st_size);
	}
	forget(j);
	return wrong;
}
