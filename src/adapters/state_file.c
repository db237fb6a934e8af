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

/* 0, or -1 with errno. */
static int
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	return fsync(fd);
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

static int
replace(const char *path, const char *fresh, const char *directory,
    const char *text, size_t len)
{
	int fd, result, error;

	if ((fd = open_new(fresh, directory)) == -1)
		return -1;
	result = write_all(fd, text, len);
	error = errno;
	if (close(fd) == -1 && result == 0) {
		result = -1;
		error = errno;
	}
	if (result == 0 && rename(fresh, path) == 0)
		return sync_directory(directory);
	if (result == 0)
		error = errno;
	unlink(fresh);
	errno = error;
	return -1;
}

char *
state_file_write(const char *path, const char *text, size_t len)
{
	char *fresh = xasprintf("%s.new", path);
	char *directory = directory_of(path), *wrong = NULL;

	if (replace(path, fresh, directory, text, len) == -1)
		wrong = trouble(path);
	free(fresh);
	free(directory);
	return wrong;
}
