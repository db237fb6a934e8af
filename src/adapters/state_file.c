/* SPDX-License-Identifier: ISC */

/*
 * A file that is replaced as a whole: see state_file.h.  Written to another
 * name first, that is on the disk before it takes the file's place; and that it
 * did is on the disk, too, before anybody relies on it.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/state_file.h"
#include "base/slurp.h"
#include "base/xmalloc.h"

static char *
trouble(const char *path)
{
	return xasprintf("%s: %s", path, strerror(errno));
}

char *
state_file_read(const char *path, char **text, size_t *len)
{
	char *wrong = NULL;
	struct stat st;
	int fd;

	*text = NULL;
	*len = 0;
	/* Not to wait for a writer of a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? NULL : trouble(path);
	if (fstat(fd, &st) == -1)
		wrong = trouble(path);
	else if (!S_ISREG(st.st_mode))
		wrong = xasprintf("%s: is not a regular file", path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		wrong = xasprintf("%s: belongs to another user", path);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		wrong =
		    xasprintf("%s: others than its owner may write it", path);
	else if ((*text = slurp(fd, STATE_FILE_MAX, len)) == NULL)
		wrong = trouble(path);
	close(fd);
	return wrong;
}

int
state_file_put(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	return 0;
}

/* The directory that a file is in: free(3) it. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory;

	if (slash == NULL)
		return xstrdup(".");
	directory = xstrdup(path);
	directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}

/* An old one may be left by who was killed; nobody else's is used. */
static int
open_new(const char *path, const char *directory)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd;

	if (unlink(path) == -1 && errno == ENOENT &&
	    mkdir(directory, 0700) == -1 && errno != EEXIST)
		return -1;
	fd = open(path, flags, 0600);
	return fd;
}

static int
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (fd == -1)
		return -1;
	result = fsync(fd);
	/* Some file systems can't, nor need to. */
	if (result == -1 && errno == EINVAL)
		result = 0;
	close(fd);
	return result;
}

/* Beside the file, under another name: free(3) it. */
static char *
fresh_of(const char *path)
{
	return xasprintf("%s.new", path);
}

int
state_file_begin(const char *path)
{
	char *fresh = fresh_of(path), *directory = directory_of(path);
	int fd = open_new(fresh, directory), error = errno;

	free(fresh);
	free(directory);
	errno = error;
	return fd;
}

void
state_file_abandon(const char *path, int fd)
{
	char *fresh = fresh_of(path);
	int error = errno;

	close(fd);
	unlink(fresh);
	free(fresh);
	errno = error;
}

int
state_file_finish(const char *path, int fd)
{
	char *fresh = fresh_of(path), *directory = directory_of(path);
	int result = fsync(fd) == 0 ? rename(fresh, path) : -1, error;

	if (result == -1)
		state_file_abandon(path, fd);
	else
		result = close(fd) == 0 ? sync_directory(directory) : -1;
	error = errno;
	free(fresh);
	free(directory);
	errno = error;
	return result;
}

char *
state_file_write(const char *path, const char *text, size_t len)
{
	int fd = state_file_begin(path);

	if (fd == -1)
		return trouble(path);
	if (state_file_put(fd, text, len) == -1) {
		state_file_abandon(path, fd);
		return trouble(path);
	}
	return state_file_finish(path, fd) == -1 ? trouble(path) : NULL;
}
