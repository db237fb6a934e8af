/* SPDX-License-Identifier: ISC */

/*
 * The pin directory: found or made on a BPF filesystem, and locked, since two
 * daemons that write to the same maps would spoil each other's work.
 */

#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/dataplane_xdp.h"
#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define BPFFS "/sys/fs/bpf"

static const char *const kinds[] = {"maps", "links", "probe"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool
is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 &&
	    (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* Cut the last component off: false when only the root is left. */
static bool
cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/* The part of a path that is there already: release it with free(3). */
static char *
existing(const char *path)
{
	char *part = xstrdup(path);

	while (access(part, F_OK) == -1 && cut(part))
		;
	return access(part, F_OK) == -1 ? (free(part), xstrdup("/")) : part;
}

static bool
is_under(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/');
}

/* Is a directory, or will it be if it is made, on a BPF filesystem? */
static bool
is_on_bpffs(const char *path)
{
	char *part = existing(path);
	bool good = is_bpffs(part);

	free(part);
	return good;
}

char *
dataplane_xdp_directory_problem(const char *path)
{
	if (is_on_bpffs(path) || is_under(path, BPFFS))
		return NULL;
	return xasprintf("%s: not on a BPF filesystem: set \"pin_directory\" "
			 "to a directory under %s, or mount one there (mount "
			 "-t bpf bpf DIRECTORY)",
	    path, BPFFS);
}

/* Mounted at its usual place if need be. */
static int
want_bpffs(const char *path)
{
	char *problem;

	if (is_on_bpffs(path))
		return 0;
	if ((problem = dataplane_xdp_directory_problem(path)) != NULL) {
		log_warnx("%s", problem);
		free(problem);
		return -1;
	}
	if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		"mode=0700") == -1) {
		log_warn("can't mount a BPF filesystem at %s: needs root, or "
			 "mount it before (mount -t bpf bpf %s)",
		    BPFFS, BPFFS);
		return -1;
	}
	log_notice("mounted a BPF filesystem at %s", BPFFS);
	return 0;
}

static int
make_directory(const char *path)
{
	char *parent;
	int result = 0;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	parent = xstrdup(path);
	if (errno == ENOENT && cut(parent))
		result = make_directory(parent);
	free(parent);
	if (result == 0 && mkdir(path, 0700) == -1 && errno != EEXIST)
		result = -1;
	return result;
}

static int
make_all(const struct xdp *xdp)
{
	char *path;
	int result = 0;

	for (size_t i = 0; i < KINDS && result == 0; i++) {
		path = xdp_pin_path(xdp, kinds[i], NULL);
		result = make_directory(path);
		free(path);
	}
	if (result == 0)
		return 0;
	/* The filesystem keeps dots for itself. */
	if (errno == EPERM && strchr(xdp->directory, '.') != NULL)
		log_warnx("%s: a BPF filesystem allows no dot in names: set "
			  "\"pin_directory\" to one without",
		    xdp->directory);
	else if (errno == EPERM || errno == EACCES)
		log_warn("can't make %s: needs root", xdp->directory);
	else
		log_warn("can't make %s", xdp->directory);
	return -1;
}

/* 1 when locked, 0 when it has gone meanwhile, -1 after having logged why. */
static int
lock(struct xdp *xdp)
{
	struct stat ours, there;

	xdp->lock = open(xdp->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (xdp->lock == -1) {
		if (errno == ENOENT)
			return 0;
		log_warn("can't open %s: needs root", xdp->directory);
		return -1;
	}
	if (flock(xdp->lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			log_warnx("%s is in use by another vc5d: stop it, or "
				  "set a \"pin_directory\" of this one's own",
			    xdp->directory);
		else
			log_warn("can't lock %s", xdp->directory);
		return -1;
	}
	/* Who held the lock before may have removed the directory. */
	if (fstat(xdp->lock, &ours) == 0 && stat(xdp->directory, &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		return 1;
	close(xdp->lock);
	xdp->lock = -1;
	return 0;
}

int
xdp_directory_open(struct xdp *xdp, const char *path)
{
	char *part;
	int locked = 0;

	xdp->directory = xstrdup(path);
	if (path[0] != '/') {
		log_warnx(
		    "%s: \"pin_directory\" must begin with a slash", path);
		return -1;
	}
	if (want_bpffs(path) == -1)
		return -1;
	part = existing(path);
	xdp->existed = strlen(part);
	free(part);
	while (locked == 0) {
		if (make_all(xdp) == -1)
			return -1;
		locked = lock(xdp);
	}
	return locked == 1 && make_all(xdp) == 0 ? 0 : -1;
}

void
xdp_directory_remove(struct xdp *xdp, bool whole)
{
	char *path;

	if (xdp->existed == 0)
		return; /* nothing was made */
	/* Without the lock they may be what another daemon is about to use. */
	for (size_t i = 0; i < KINDS && xdp->lock != -1; i++) {
		path = xdp_pin_path(xdp, kinds[i], NULL);
		rmdir(path);
		free(path);
	}
	path = xstrdup(xdp->directory);
	if (whole || strlen(path) > xdp->existed)
		do
			rmdir(path);
		while (cut(path) && strlen(path) > xdp->existed);
	free(path);
}

void
xdp_directory_close(struct xdp *xdp)
{
	if (xdp->lock != -1)
		close(xdp->lock);
	xdp->lock = -1;
	free(xdp->directory);
	xdp->directory = NULL;
}

/*
 * Interfaces' names may have dots (eth0.100), pins may not; the other way
 * round for colons.
 */
static void
swap(char *name, char from, char to)
{
	for (; *name != '\0'; name++)
		if (*name == from)
			*name = to;
}

char *
xdp_pin_path(const struct xdp *xdp, const char *kind, const char *name)
{
	char *path, *pin;

	if (name == NULL)
		return xasprintf("%s/%s", xdp->directory, kind);
	pin = xstrdup(name);
	swap(pin, '.', ':');
	path = xasprintf("%s/%s/%s", xdp->directory, kind, pin);
	free(pin);
	return path;
}

void
xdp_pins_each(struct xdp *xdp, const char *kind,
    void (*each)(struct xdp *, const char *, void *), void *arg)
{
	char *path = xdp_pin_path(xdp, kind, NULL), **names = NULL;
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	free(path);
	if (directory == NULL)
		return;
	/* Read first: what is called may remove them. */
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		names = xreallocarray(names, count + 1, sizeof(*names));
		names[count] = xstrdup(entry->d_name);
		swap(names[count++], ':', '.');
	}
	closedir(directory);
	for (size_t i = 0; i < count; i++) {
		each(xdp, names[i], arg);
		free(names[i]);
	}
	free(names);
}

static void
unpin_map(struct xdp *xdp, const char *name, void *arg)
{
	char *path = xdp_pin_path(xdp, "maps", name);

	(void)arg;
	if (unlink(path) == -1)
		log_warn("can't remove %s", path);
	free(path);
}

void
xdp_unpin_maps(struct xdp *xdp)
{
	xdp_pins_each(xdp, "maps", unpin_map, NULL);
}
