/* SPDX-License-Identifier: ISC */

/*
 * The control socket's file: who left it, and who may connect.
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "adapters/control_private.h"
#include "adapters/local_group.h"
#include "base/log.h"

/*
 * Remove the socket file that a predecessor left.  0, or -1 after having
 * logged why it stays.
 */
static int
remove_stale(const struct sockaddr_un *sun)
{
	const char *path = sun->sun_path;
	int error, fd, result;
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		log_warn("control socket %s", path);
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_warnx("control socket %s: is there already and not a "
			  "socket: remove it, or choose another path",
		    path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		log_warn("control socket %s: socket", path);
		return -1;
	}
	result = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	error = errno;
	close(fd);
	if (result == -1 && error == ECONNREFUSED) {
		if (unlink(path) == 0 || errno == ENOENT)
			return 0;
		log_warn("control socket %s: unlink", path);
	} else if (result == 0 || error == EAGAIN) {
		log_warnx("control socket %s: another process listens at it: "
			  "is vc5d running already?",
		    path);
	} else {
		log_warnx("control socket %s: %s", path, strerror(error));
	}
	return -1;
}

/* 0 with the group's id, or -1 after having logged that there is none. */
static int
find_group(const struct control_options *options, gid_t *id)
{
	*id = getegid();
	if (options->group == NULL || local_group(options->group, id) == 0)
		return 0;
	log_warnx("control socket %s: there is no group \"%s\" in /etc/group",
	    options->path, options->group);
	return -1;
}

/*
 * Make the socket, for its owner alone, as a file of a group's.  To be of that
 * group meanwhile takes CAP_SETGID, which commands of checks need as well;
 * chown(2) takes CAP_CHOWN, by which any file could be had.
 */
static int
bind_of_group(int fd, const struct sockaddr_un *sun, gid_t group)
{
	gid_t own = getegid();
	bool other = group != own && setegid(group) == 0;
	mode_t mask = umask(0177);
	int result = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	int saved = errno;

	umask(mask);
	if (other && setegid(own) == -1)
		log_warn("control socket %s: setegid", sun->sun_path);
	errno = saved;
	return result;
}

/*
 * Who may connect: it is opened to others once it belongs to their group.  0,
 * or -1 after having logged why not.
 */
static int
set_access(const struct control_options *options, gid_t group)
{
	const char *path = options->path;
	struct stat st;

	/* It could not be made so, or its directory's group counts. */
	if (options->group != NULL && stat(path, &st) == 0 &&
	    st.st_gid != group && chown(path, (uid_t)-1, group) == -1) {
		log_warn("control socket %s: chown", path);
		return -1;
	}
	if (chmod(path, options->mode) == -1) {
		log_warn("control socket %s: chmod", path);
		return -1;
	}
	return 0;
}

int
control_listen(const struct control_options *options)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const char *path = options->path;
	gid_t group;
	int fd;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		log_warnx("control socket %s: the path is longer than %zu "
			  "bytes",
		    path, sizeof(sun.sun_path) - 1);
		return -1;
	}
	if (find_group(options, &group) == -1 || remove_stale(&sun) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		log_warn("control socket %s: socket", path);
		return -1;
	}
	if (bind_of_group(fd, &sun, group) == -1) {
		log_warnx("control socket %s: bind: %s%s", path,
		    strerror(errno),
		    errno == ENOENT ? ": make its directory first" : "");
		close(fd);
		return -1;
	}
	if (set_access(options, group) == 0) {
		if (listen(fd, CONTROL_CLIENTS) == 0)
			return fd;
		log_warn("control socket %s: listen", path);
	}
	unlink(path);
	close(fd);
	return -1;
}
