/* SPDX-License-Identifier: ISC */

/*
 * Starting a program: what a child gets of this process, which is little.
 */

#ifndef ADAPTERS_CHILD_SPAWN_H
#define ADAPTERS_CHILD_SPAWN_H

#include <sys/types.h>

#include <stdbool.h>

/* Whom a program runs as. */
struct child_user {
	uid_t uid;
	gid_t gid;
};

struct child_spawn {
	char *const *argv; /* argv[0] is its path */
	char *const *environment;
	int fds[3]; /* its standard input, output and error */
	/*
	 * If not NULL: as this user, without other groups, without the means to
	 * become another, and killed when this process dies.  It is process 1
	 * of a PID namespace of its own, so that all that it has started ends
	 * with it, whatever that has done to get away.  Otherwise it leads a
	 * process group.
	 */
	const struct child_user *user;
	/*
	 * If not NULL: called by the child, in its namespace and still with all
	 * rights, but with this process's memory and a small stack.  0, or -1
	 * with errno set if it is not to run.
	 */
	int (*enter)(void *);
	void *enter_arg;
};

/*
 * 0, and its process id and a descriptor of that, which is the caller's; or -1
 * with errno set, also if the program can't be executed.
 */
int child_spawn(const struct child_spawn *, pid_t *pid, int *pidfd);

#endif
