/* SPDX-License-Identifier: ISC */

/*
 * How long the event loop of a program that knows nothing of this works at a
 * time: loaded before it (ld.so(8), LD_PRELOAD), this stands between libevent
 * and epoll_wait(2), and measures from its return to the next call: a turn.
 *
 * Each process keeps its figures in a file that VC5_TURNS begins the name of,
 * behind which comes its number; whoever reads them may set them to 0.
 */

#include <sys/epoll.h>
#include <sys/mman.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LONG_NS 20000000 /* of a turn that is counted apart */

/* In that order and of that size: t/engine/turns_bench.py reads it. */
struct figures {
	uint64_t turns;
	uint64_t long_turns;
	uint64_t cpu; /* nanoseconds of the processor: the longest turn */
	uint64_t all; /* likewise: all turns */
};

static struct figures *figures;
static pid_t owner; /* of the figures: who forks begins anew */
static uint64_t begun;

static uint64_t
processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
open_figures(void)
{
	const char *name = getenv("VC5_TURNS");
	char path[256];
	void *map;
	int fd;

	owner = getpid();
	figures = NULL;
	begun = 0;
	snprintf(
	    path, sizeof(path), "%s.%d", name != NULL ? name : "", (int)owner);
	if (name == NULL ||
	    (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) == -1)
		return;
	if (ftruncate(fd, sizeof(*figures)) == 0) {
		map = mmap(NULL, sizeof(*figures), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			figures = map;
	}
	close(fd);
}

static void
note_turn(uint64_t cpu)
{
	figures->turns++;
	figures->all += cpu;
	if (cpu > LONG_NS)
		figures->long_turns++;
	if (cpu > figures->cpu)
		figures->cpu = cpu;
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	static int (*real)(int, struct epoll_event *, int, int);
	int result;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	if (owner != getpid())
		open_figures();
	if (figures != NULL && begun != 0)
		note_turn(processor_time() - begun);
	result = real(fd, events, max, timeout);
	begun = processor_time();
	return result;
}
