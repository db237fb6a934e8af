/* SPDX-License-Identifier: ISC */

/*
 * The parent's engine: started, watched, told, killed.
 */

#include <event2/event.h>

#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotime.h"
#include "core/lifeline.h"
#include "parent_private.h"
#include "serve.h"

#define MESSAGES 64   /* that are taken at once */
#define SWEEP	 100  /* ms */
#define CHILDREN 8192 /* bytes of process ids */

/* The new process: nothing of the parent's is left open in it. */
static void __attribute__((noreturn)) become_engine(struct parent *p, int fd)
{
	sigset_t none;

	setproctitle("engine");
	log_close();
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
	log_open(
	    "vc5d", p->options->foreground || !p->up, p->options->verbosity);
	/* Who starts vc5d is to see all that keeps it from starting. */
	if (p->up)
		log_never_wait();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	p->past.announced = &p->announced;
	exit(serve(p->options, p->conf, fd, p->up, &p->past));
}

static void
engine_exited(int fd, short what, void *arg)
{
	struct parent *p = arg;
	int status = 0;

	(void)fd;
	(void)what;
	if (waitpid(p->engine, &status, WNOHANG) != p->engine)
		return;
	/* What it said last counts. */
	parent_heard(p, PARENT_MESSAGES);
	event_free(p->exited);
	event_free(p->heard);
	event_free(p->room);
	close(p->pidfd);
	close(p->line);
	p->exited = p->heard = p->room = NULL;
	p->engine = 0;
	parent_lost(p, status);
}

static void
engine_heard(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_heard(arg, MESSAGES);
	parent_step(arg);
}

/* False if there is no room now. */
static bool
tell(struct parent *p, int type)
{
	const struct lifeline_message m = {.type = (enum lifeline_type)type};
	uint8_t buf[LIFELINE_LEN];
	size_t len = lifeline_encode(&m, buf);

	if (send(p->line, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
		return true;
	log_debug("the engine does not listen");
	return errno != EAGAIN;
}

static void
has_room(int fd, short what, void *arg)
{
	struct parent *p = arg;

	(void)fd;
	(void)what;
	while (p->owed > 0 && tell(p, LIFELINE_STOP))
		p->owed--;
	if (p->owed > 0)
		event_add(p->room, NULL);
}

static void
watch(struct parent *p, pid_t pid, int line)
{
	p->engine = pid;
	p->line = line;
	p->silent = false;
	p->owed = 0;
	if ((p->pidfd = pidfd_open(pid, 0)) == -1)
		fatal("pidfd_open");
	p->exited = event_new(
	    p->base, p->pidfd, EV_READ | EV_PERSIST, engine_exited, p);
	p->heard =
	    event_new(p->base, line, EV_READ | EV_PERSIST, engine_heard, p);
	p->room = event_new(p->base, line, EV_WRITE, has_room, p);
	if (p->exited == NULL || p->heard == NULL || p->room == NULL)
		fatalx("no memory for events");
	event_add(p->exited, NULL);
	event_add(p->heard, NULL);
}

void
parent_fork(struct parent *p)
{
	uint64_t now = monotime_ms();
	int fds[2] = {-1, -1};
	pid_t pid = -1;

	deadman_started(&p->deadman, now);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0)
		pid = fork();
	if (pid == 0)
		become_engine(p, fds[1]);
	if (pid == -1)
		log_warn("starting an engine");
	if (fds[1] != -1)
		close(fds[1]);
	if (pid != -1) {
		watch(p, pid, fds[0]);
		parent_notice_started(p);
		return;
	}
	if (fds[0] != -1)
		close(fds[0]);
	deadman_died(&p->deadman, now);
	if (!p->up)
		exit(1);
}

void
parent_kill(struct parent *p)
{
	log_warnx("the engine, process %d, shows no sign of life: killing it",
	    (int)p->engine);
	p->silent = true;
	kill(p->engine, SIGKILL);
}

void
parent_tell(struct parent *p, int type)
{
	if (p->engine == 0)
		return;
	if (type == LIFELINE_STOP) {
		p->owed++;
		has_room(-1, 0, p);
	} else {
		tell(p, type);
	}
}

/* This process's children: it inherits those of the engine. */
static size_t
children(char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	FILE *file;

	snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if ((file = fopen(path, "re")) == NULL)
		return 0;
	len = fread(text, 1, size - 1, file);
	fclose(file);
	text[len] = '\0';
	return len;
}

static bool
is_own(const struct parent *p, pid_t pid)
{
	return pid == p->engine || parent_withdraws_by(p, pid);
}

static void
sweep_again(int fd, short what, void *p)
{
	(void)fd;
	(void)what;
	parent_sweep(p);
}

/* Wait for those that have ended, or have them end: are there any left? */
static bool
reap(struct parent *p, bool end_them)
{
	char text[CHILDREN], *at = text, *end;
	bool some = false;
	pid_t pid;

	if (children(text, sizeof(text)) == 0)
		return false;
	for (;; at = end) {
		pid = (pid_t)strtol(at, &end, 10);
		if (end == at || pid <= 1)
			return some;
		if (*end != ' ' || is_own(p, pid))
			continue;
		some = true;
		if (end_them) {
			kill(-pid, SIGKILL); /* a group that it leads */
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, WNOHANG);
	}
}

void
parent_reap(struct parent *p)
{
	reap(p, false);
}

void
parent_sweep(struct parent *p)
{
	const struct timeval soon = monotime_timeval(SWEEP);

	if (!reap(p, true))
		return;
	if (p->sweep == NULL)
		p->sweep = evtimer_new(p->base, sweep_again, p);
	if (p->sweep != NULL)
		evtimer_add(p->sweep, &soon);
}
