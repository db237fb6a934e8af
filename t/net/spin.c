/* SPDX-License-Identifier: ISC */

/*
 * spin PID: have a process of somebody else's loop for ever, without doing it
 * any other harm, as a fault in its program would.  An instruction that jumps
 * to itself takes the place of the one that it is at.  Exits with 77 where
 * that can't be done.
 */

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <err.h>
#include <stdlib.h>

#define SKIP 77

#if defined(__x86_64__)

/* What it waits for in the kernel is over then: it is to be in its program. */
static void
interrupt(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1)
		err(SKIP, "ptrace");
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		errx(1, "process %d does not stop", (int)pid);
}

int
main(int argc, char *argv[])
{
	const long loop = 0xfeeb; /* jmp . */
	struct user_regs_struct regs;
	pid_t pid;
	long word;

	if (argc != 2)
		errx(1, "usage: spin pid");
	pid = (pid_t)atoi(argv[1]);
	interrupt(pid);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == -1)
		err(1, "registers");
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)regs.rip, NULL);
	word = (word & ~0xffffL) | loop;
	if (ptrace(PTRACE_POKETEXT, pid, (void *)regs.rip, (void *)word) == -1)
		err(1, "instruction");
	regs.orig_rax = (unsigned long long)-1; /* no system call again */
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) == -1 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL) == -1)
		err(1, "detach");
	return 0;
}

#else

int
main(void)
{
	errx(SKIP, "not for this processor");
}

#endif
