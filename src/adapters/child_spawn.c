/* SPDX-License-Identifier: ISC */

/*
 * See child_spawn.h.  The daemon can have much memory mapped, which fork(2)
 * would take its time to copy the tables of.  So the child shares it until it
 * executes the program, as with vfork(2), and until then does nothing but
 * system calls.  posix_spawn(3) does the same, but knows neither users nor
 * namespaces.
 */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "adapters/child_spawn.h"

#define STACK_SIZE  65536
#define DESCRIPTORS 1024 /* that the user's program may have: select(2)'s */
#define EXIT_FAILED 127

/* What goes on at the child's stack is no concern of ASan's. */
#define ON_THAT_STACK __attribute__((no_sanitize("address"), noinline))

/* In memory that parent and child share. */
struct work {
	const struct child_spawn *spawn;
	int error; /* why there is no program */
};

/*
 * Not shared, and so not those of this process.  The C library's function
 * leaves out two of its own, which who started this process may have ignored.
 */
ON_THAT_STACK static void
reset_signals(void)
{
	static const uint8_t all_default[64]; /* the kernel's sigaction */
	int i;

	for (i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, all_default, NULL, NSIG / 8);
}

ON_THAT_STACK static int
set_descriptors(const int fds[3])
{
	int i;

	for (i = 0; i < 3; i++)
		if (fds[i] == i ? fcntl(i, F_SETFD, 0) == -1
				: dup2(fds[i], i) == -1)
			return -1;
	return (int)syscall(SYS_close_range, 3U, UINT_MAX, 0U);
}

/*
 * By system calls: the C library would change the user of all threads of this
 * process.  The order is that in which each is still allowed.
 */
ON_THAT_STACK static int
become(const struct child_user *user)
{
	const struct rlimit core = {0, 0};
	const struct rlimit files = {DESCRIPTORS, DESCRIPTORS};

	if (chdir("/") == -1 || setrlimit(RLIMIT_CORE, &core) == -1 ||
	    setrlimit(RLIMIT_NOFILE, &files) == -1 ||
	    syscall(SYS_setgroups, 0, NULL) == -1 ||
	    syscall(SYS_setresgid, user->gid, user->gid, user->gid) == -1 ||
	    syscall(SYS_setresuid, user->uid, user->uid, user->uid) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	return 0;
}

ON_THAT_STACK static int
run(void *arg)
{
	struct work *work = arg;
	const struct child_spawn *spawn = work->spawn;
	sigset_t none;

	reset_signals();
	sigemptyset(&none);
	if ((spawn->enter == NULL || spawn->enter(spawn->enter_arg) == 0) &&
	    (spawn->user != NULL ? setsid() : setpgid(0, 0)) != -1 &&
	    set_descriptors(spawn->fds) != -1 &&
	    (spawn->user == NULL || become(spawn->user) == 0) &&
	    sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execve(spawn->argv[0], spawn->argv, spawn->environment);
	work->error = errno;
	_exit(EXIT_FAILED);
}

/*
 * A change of the user makes memory undumpable, for what may be in it; and it
 * was this process's memory as well.
 */
static void
restore_dumpable(int before)
{
	if (before == 1 && prctl(PR_GET_DUMPABLE) != 1)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int
child_spawn(const struct child_spawn *spawn, pid_t *pid, int *pidfd)
{
	/* The child has left it when this function goes on. */
	static _Alignas(16) uint8_t stack[STACK_SIZE];
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
	int error, dumpable = prctl(PR_GET_DUMPABLE);
	struct work work = {.spawn = spawn};
	sigset_t all, before;

	if (spawn->user != NULL)
		flags |= CLONE_NEWPID;
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	*pid = clone(run, stack + sizeof(stack), flags, &work, pidfd);
	error = *pid == -1 ? errno : work.error;
	sigprocmask(SIG_SETMASK, &before, NULL);
	restore_dumpable(dumpable);
	if (error == 0)
		return 0;
	if (*pid != -1) {
		waitpid(*pid, NULL, 0);
		close(*pidfd);
	}
	errno = error;
	return -1;
}
