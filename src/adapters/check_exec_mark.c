/* SPDX-License-Identifier: ISC */

/*
 * The way of commands' packets, see check_exec_mark.h.
 *
 * A cgroup for each command would say whose a socket is, too.  But to move a
 * process into one can take the kernel's grace period, for which everything
 * would wait; and cgroups have to be made, and removed again by whoever comes
 * after a crash.  A PID namespace is there anyway.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "adapters/check_exec_mark.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "bpf/command.h"
#include "bpf/command.skel.h"

/* The line of /proc/self/cgroup that is about cgroup2 (cgroups(7)). */
#define CGROUP2_LINE "0::"

struct exec_mark {
	struct vc5_command command;
	int map;
	uint32_t name_space; /* the map's key; 0 = it has no entry */
};

static const char *proc = "/proc/self";
static struct command_bpf *programs; /* NULL = not loaded */
static bool tried;

/* The first line of a file of /proc that begins so, without that; or NULL. */
static char *
line_after(const char *file, const char *begin)
{
	char path[PATH_MAX], *line = NULL, *found = NULL;
	size_t size = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", proc, file);
	if ((stream = fopen(path, "re")) == NULL)
		return NULL;
	while (found == NULL && getline(&line, &size, stream) != -1)
		if (strncmp(line, begin, strlen(begin)) == 0) {
			line[strcspn(line, "\n")] = '\0';
			found = xstrdup(line + strlen(begin));
		}
	free(line);
	fclose(stream);
	return found;
}

/* Where cgroup2 is mounted, or NULL. */
static char *
cgroup2_mount(void)
{
	char path[PATH_MAX], *found = NULL;
	const struct mntent *mount;
	FILE *mounts;

	snprintf(path, sizeof(path), "%s/mounts", proc);
	if ((mounts = setmntent(path, "re")) == NULL)
		return NULL;
	while (found == NULL && (mount = getmntent(mounts)) != NULL)
		if (strcmp(mount->mnt_type, "cgroup2") == 0)
			found = xstrdup(mount->mnt_dir);
	endmntent(mounts);
	return found;
}

/*
 * This process's cgroup.  In a container the path can be one of the host's, of
 * which there is only the end here: then it is the mount itself, or beneath it.
 * One that begins with ".." is not beneath it.
 */
static int
cgroup_open(const char *mount, const char *name)
{
	char *path;
	int fd;

	if (strncmp(name, "/..", 3) == 0) {
		errno = EXDEV;
		return -1;
	}
	path = xasprintf("%s%s", mount, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	return fd != -1 || errno != ENOENT
	    ? fd
	    : open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The same; -1 with what is missing in *problem. */
static int
own_cgroup(const char **problem)
{
	char *mount = cgroup2_mount(),
	     *name = line_after("cgroup", CGROUP2_LINE);
	int fd = -1;

	*problem = "no cgroup2 is mounted";
	if (mount != NULL && name != NULL) {
		fd = cgroup_open(mount, name);
		*problem = strerror(errno);
	}
	free(mount);
	free(name);
	return fd;
}

static int
attach(struct command_bpf *skeleton, int cgroup)
{
	skeleton->links.vc5d_connect4 =
	    bpf_program__attach_cgroup(skeleton->progs.vc5d_connect4, cgroup);
	if (skeleton->links.vc5d_connect4 == NULL)
		return -1;
	skeleton->links.vc5d_connect6 =
	    bpf_program__attach_cgroup(skeleton->progs.vc5d_connect6, cgroup);
	return skeleton->links.vc5d_connect6 == NULL ? -1 : 0;
}

/* Loaded and attached; NULL with what went wrong in *problem. */
static struct command_bpf *
load(const char **problem)
{
	struct command_bpf *skeleton;
	int cgroup = own_cgroup(problem);

	if (cgroup == -1)
		return NULL;
	skeleton = command_bpf__open_and_load();
	if (skeleton == NULL || attach(skeleton, cgroup) == -1) {
		*problem = strerror(errno);
		command_bpf__destroy(skeleton);
		skeleton = NULL;
	}
	close(cgroup);
	return skeleton;
}

static char unloaded[128]; /* why they could not be, when that was tried */

static bool
is_loaded(void)
{
	const char *problem;

	if (tried)
		return programs != NULL;
	tried = true;
	programs = load(&problem);
	if (programs == NULL)
		snprintf(unloaded, sizeof(unloaded), "%s", problem);
	if (programs == NULL)
		log_warnx("checks by commands (\"exec\"): what they send to "
			  "the VIP goes where this host's routes lead, maybe "
			  "not to the server: %s",
		    problem);
	return programs != NULL;
}

const char *
check_exec_problem(void)
{
	return tried && programs == NULL ? unloaded : NULL;
}

struct exec_mark *
exec_mark_new(const struct check_target *target)
{
	struct exec_mark *mark;

	if (target->mark == 0 || target->direct || !is_loaded())
		return NULL;
	mark = xcalloc(1, sizeof(*mark));
	mark->map = bpf_map__fd(programs->maps.commands);
	mark->command.mark = target->mark;
	addr_to_mapped(&target->vip, (uint8_t *)mark->command.vip);
	mark->command.bound = target->source.family == target->vip.family;
	if (mark->command.bound)
		addr_to_mapped(
		    &target->source, (uint8_t *)mark->command.source);
	return mark;
}

/* On the child's stack, which is no concern of ASan's. */
__attribute__((no_sanitize("address"), noinline)) int
exec_mark_enter(void *arg)
{
	struct exec_mark *mark = arg;
	struct stat status;
	uint32_t number;

	if (stat("/proc/self/ns/pid", &status) == -1)
		return -1;
	number = (uint32_t)status.st_ino;
	if (bpf_map_update_elem(mark->map, &number, &mark->command, BPF_ANY) !=
	    0)
		return -1;
	mark->name_space = number;
	return 0;
}

void
exec_mark_free(struct exec_mark *mark)
{
	if (mark == NULL)
		return;
	if (mark->name_space != 0)
		bpf_map_delete_elem(mark->map, &mark->name_space);
	free(mark);
}

void
exec_mark_set_proc(const char *directory)
{
	command_bpf__destroy(programs);
	programs = NULL;
	tried = false;
	proc = directory;
}
