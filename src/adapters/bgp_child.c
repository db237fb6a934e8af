/* SPDX-License-Identifier: ISC */

/*
 * One child process, run from the event loop; see bgp_child.h.
 *
 * Its end is a readable pidfd (Linux 5.3), not SIGCHLD, which belongs to the
 * whole program.  Its input is a memory file, which needs no feeding and
 * can't block or raise SIGPIPE.  It leads a process group, so that what it
 * may have started ends with it.
 */

#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/bgp_child.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define READ_SIZE 16384 /* bytes at a time */

/* What the child writes to one of its descriptors. */
struct stream {
	struct bgp_child *child;
	struct event *event; /* NULL after end of file */
	int fd;
	char *bytes;	       /* NUL-terminated */
	size_t len, size, max; /* size is what is allocated */
};

struct bgp_child {
	pid_t pid; /* 0 before it runs and after it was waited for */
	int pidfd;
	struct event *exited, *deadline;
	struct stream output, error;
	char why[96]; /* it was killed, or "" */
	bgp_child_cb *cb;
	void *arg;
};

static void
stream_close(struct stream *s)
{
	if (s->event != NULL)
		event_free(s->event);
	s->event = NULL;
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

static void
child_kill(struct bgp_child *child, const char *why)
{
	if (child->why[0] == '\0')
		snprintf(child->why, sizeof(child->why), "%s", why);
	kill(-child->pid, SIGKILL);
}

/* Take what there is; false at the end or when there is no more for now. */
static bool
stream_read(struct stream *s)
{
	char buf[READ_SIZE];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		stream_close(s);
		return false;
	}
	if (s->len + (size_t)n > s->max) {
		child_kill(s->child, "it printed too much");
		stream_close(s);
		return false;
	}
	if (s->len + (size_t)n >= s->size) {
		s->size = 2 * s->size + READ_SIZE;
		s->bytes = xreallocarray(s->bytes, s->size, 1);
	}
	memcpy(s->bytes + s->len, buf, (size_t)n);
	s->len += (size_t)n;
	s->bytes[s->len] = '\0';
	return true;
}

static void
stream_ready(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stream_read(arg);
}

static void
child_overdue(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	child_kill(arg, "it did not end in time");
}

/* The first line of what it said, or else how it ended, within buf. */
static const char *
describe(struct bgp_child *child, int status, char *buf, size_t len)
{
	char *text = child->error.bytes;

	if (child->why[0] != '\0')
		return child->why;
	text[strcspn(text, "\n")] = '\0';
	if (text[0] != '\0')
		return text;
	if (WIFSIGNALED(status))
		snprintf(buf, len, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(buf, len, "exit status %d", WEXITSTATUS(status));
	return buf;
}

static void
child_exited(int fd, short what, void *arg)
{
	struct bgp_child *child = arg;
	struct bgp_child_result result;
	char buf[32] = "";
	int status = -1;

	(void)fd;
	(void)what;
	/* Its descendants could hold the pipes open: don't wait for those. */
	while (child->output.fd != -1 && stream_read(&child->output))
		continue;
	while (child->error.fd != -1 && stream_read(&child->error))
		continue;
	kill(-child->pid, SIGKILL);
	if (waitpid(child->pid, &status, 0) == -1)
		status = W_EXITCODE(255, 0); /* SIGCHLD is ignored */
	child->pid = 0;
	result.ok = status == 0 && child->why[0] == '\0';
	result.error = describe(child, status, buf, sizeof(buf));
	result.output = child->output.bytes;
	result.output_len = child->output.len;
	child->cb(child->arg, &result);
	bgp_child_free(child);
}

/* A pipe whose reading end is ours; the writing end is returned, or -1. */
static int
stream_open(struct stream *s, struct bgp_child *child, size_t max)
{
	int fds[2];

	s->child = child;
	s->max = max;
	s->size = 1;
	s->bytes = xcalloc(s->size, 1);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	s->fd = fds[0];
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) == -1) {
		close(fds[1]);
		return -1;
	}
	return fds[1];
}

/* A file in memory with text in it, at its beginning; or -1. */
static int
input_open(const char *text)
{
	size_t len = strlen(text);
	int fd = memfd_create("bgpctl", MFD_CLOEXEC);

	if (fd == -1)
		return -1;
	if (write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* 0 or an error number, as posix_spawn(3). */
static int
spawn(pid_t *pid, char *const argv[], const int fds[3])
{
	char *env[] = {(char[]){"LC_ALL=C"},
	    (char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int i, error = 0;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&actions);
	for (i = 0; i < 3 && error == 0; i++)
		error = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (error == 0)
		error =
		    posix_spawn(pid, argv[0], &actions, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Run the program and open its pidfd.  0, or -1 with errno set. */
static int
child_run(struct bgp_child *child, char *const argv[], const int fds[3])
{
	int error = spawn(&child->pid, argv, fds);

	if (error != 0) {
		child->pid = 0;
		errno = error;
		return -1;
	}
	child->pidfd = pidfd_open(child->pid, 0);
	return child->pidfd == -1 ? -1 : 0;
}

static void
child_watch(struct bgp_child *child, struct event_base *base, unsigned time)
{
	struct timeval tv = monotime_timeval(time);
	struct stream *streams[] = {&child->output, &child->error};
	size_t i;

	for (i = 0; i < 2; i++) {
		streams[i]->event = event_new(base, streams[i]->fd,
		    EV_READ | EV_PERSIST, stream_ready, streams[i]);
		event_add(streams[i]->event, NULL);
	}
	child->exited =
	    event_new(base, child->pidfd, EV_READ, child_exited, child);
	event_add(child->exited, NULL);
	child->deadline = evtimer_new(base, child_overdue, child);
	evtimer_add(child->deadline, &tv);
}

struct bgp_child *
bgp_child_start(struct event_base *base, char *const argv[], const char *input,
    const struct bgp_child_limits *limits, bgp_child_cb *cb, void *arg)
{
	struct bgp_child *child = xcalloc(1, sizeof(*child));
	int i, error, fds[3] = {-1, -1, -1}, r = -1;

	child->cb = cb;
	child->arg = arg;
	child->pidfd = child->output.fd = child->error.fd = -1;
	fds[0] = input_open(input);
	fds[1] = stream_open(&child->output, child, limits->output);
	fds[2] = stream_open(&child->error, child, limits->error);
	if (fds[0] != -1 && fds[1] != -1 && fds[2] != -1)
		r = child_run(child, argv, fds);
	error = errno;
	for (i = 0; i < 3; i++)
		if (fds[i] != -1)
			close(fds[i]);
	if (r == 0) {
		child_watch(child, base, limits->time);
		return child;
	}
	bgp_child_free(child);
	errno = error;
	return NULL;
}

int
bgp_child_pid(const struct bgp_child *child)
{
	return (int)child->pid;
}

void
bgp_child_free(struct bgp_child *child)
{
	if (child == NULL)
		return;
	if (child->pid != 0) {
		kill(-child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	if (child->exited != NULL)
		event_free(child->exited);
	if (child->deadline != NULL)
		event_free(child->deadline);
	stream_close(&child->output);
	stream_close(&child->error);
	free(child->output.bytes);
	free(child->error.bytes);
	if (child->pidfd != -1)
		close(child->pidfd);
	free(child);
}
