/* SPDX-License-Identifier: ISC */

/*
 * A child process, run from the event loop; see child.h.
 *
 * Its end is a readable pidfd (Linux 5.4), not SIGCHLD, which belongs to the
 * whole program.  Its input is a memory file, which needs no feeding and
 * can't block or raise SIGPIPE.
 */

#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/child.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define READ_SIZE    16384 /* bytes at a time */
#define FINISH_READS 1024  /* after its end */

/* What the child writes to one of its descriptors. */
struct stream {
	struct child *child;
	struct event *event; /* NULL after end of file */
	int fd;
	char *bytes;	       /* NUL-terminated */
	size_t len, size, max; /* size is what is allocated */
};

struct child {
	pid_t pid; /* 0 before it runs and after it was waited for */
	int pidfd;
	bool leads;  /* a process group, not a namespace */
	bool chatty; /* as in the options */
	struct event *exited, *deadline;
	struct stream output, error; /* no error if it is merged */
	char why[96];		     /* it was killed, or "" */
	child_cb *cb;		     /* NULL = abandoned */
	void *arg;
	LIST_ENTRY(child) entry; /* of those */
};

static LIST_HEAD(, child) abandoned = LIST_HEAD_INITIALIZER(abandoned);

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
child_kill(struct child *child, const char *why)
{
	if (child->why[0] == '\0')
		snprintf(child->why, sizeof(child->why), "%s", why);
	kill(child->leads ? -child->pid : child->pid, SIGKILL);
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
		if (!s->child->chatty) {
			child_kill(s->child, "it printed too much");
			stream_close(s);
			return false;
		}
		n = (ssize_t)(s->max - s->len);
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

/*
 * What it has written by its end.  Its descendants could hold the pipe open,
 * and go on writing: those are not waited for.
 */
static void
stream_finish(struct stream *s)
{
	unsigned i;

	for (i = 0; i < FINISH_READS && s->fd != -1; i++)
		if (!stream_read(s))
			return;
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
describe(struct child *child, int status, char *buf, size_t len)
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
	struct child *child = arg;
	struct child_result result;
	char buf[32] = "";
	int status = -1;

	(void)fd;
	(void)what;
	stream_finish(&child->output);
	stream_finish(&child->error);
	if (child->leads)
		kill(-child->pid, SIGKILL);
	if (waitpid(child->pid, &status, 0) == -1)
		status = W_EXITCODE(255, 0); /* SIGCHLD is ignored */
	child->pid = 0;
	if (child->cb == NULL) {
		LIST_REMOVE(child, entry);
		child_free(child);
		return;
	}
	result.ok = status == 0 && child->why[0] == '\0';
	result.error = describe(child, status, buf, sizeof(buf));
	result.output = child->output.bytes;
	result.output_len = child->output.len;
	child->cb(child->arg, &result);
	child_free(child);
}

/* A pipe whose reading end is ours; the writing end is returned, or -1. */
static int
stream_open(struct stream *s, struct child *child, size_t max)
{
	int fds[2];

	s->child = child;
	s->max = max;
	s->size = 1;
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
	size_t len;
	int fd;

	if (text == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	len = strlen(text);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	if (write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
close_all(const int *fds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

static void
child_watch(struct child *child, struct event_base *base, unsigned time)
{
	struct timeval tv = monotime_timeval(time);
	struct stream *streams[] = {&child->output, &child->error};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (streams[i]->fd == -1)
			continue;
		streams[i]->event = event_new(base, streams[i]->fd,
		    EV_READ | EV_PERSIST, stream_ready, streams[i]);
		event_add(streams[i]->event, NULL);
	}
	child->exited =
	    event_new(base, child->pidfd, EV_READ, child_exited, child);
	event_add(child->exited, NULL);
	if (time == 0)
		return;
	child->deadline = evtimer_new(base, child_overdue, child);
	evtimer_add(child->deadline, &tv);
}

/* 0, or -1 with errno set. */
static int
child_run(struct child *child, char *const argv[],
    const struct child_options *options)
{
	static char locale[] = "LC_ALL=C", path[] = "PATH=" CHILD_PATH;
	static char *const environment[] = {locale, path, NULL};
	struct child_spawn spawn = {
	    .argv = argv,
	    .environment = options->environment != NULL ? options->environment
							: environment,
	    .user = options->user,
	    .enter = options->enter,
	    .enter_arg = options->enter_arg,
	};
	int error, r = -1;

	spawn.fds[0] = input_open(options->input);
	spawn.fds[1] = stream_open(&child->output, child, options->output);
	spawn.fds[2] = options->merged
	    ? spawn.fds[1]
	    : stream_open(&child->error, child, options->error);
	if (spawn.fds[0] != -1 && spawn.fds[1] != -1 && spawn.fds[2] != -1)
		r = child_spawn(&spawn, &child->pid, &child->pidfd);
	error = errno;
	if (r == -1) {
		child->pid = 0;
		child->pidfd = -1;
	}
	close_all(spawn.fds, options->merged ? 2 : 3);
	errno = error;
	return r;
}

struct child *
child_start(struct event_base *base, char *const argv[],
    const struct child_options *options, child_cb *cb, void *arg)
{
	struct child *child = xcalloc(1, sizeof(*child));
	int error;

	child->leads = options->user == NULL;
	child->chatty = options->chatty;
	child->cb = cb;
	child->arg = arg;
	child->pidfd = child->output.fd = child->error.fd = -1;
	child->output.bytes = xcalloc(1, 1);
	child->error.bytes = xcalloc(1, 1);
	if (child_run(child, argv, options) == 0) {
		child_watch(child, base, options->time);
		return child;
	}
	error = errno;
	child_free(child);
	errno = error;
	return NULL;
}

const char *
child_output(const struct child *child, size_t *length)
{
	*length = child->output.len;
	return child->output.bytes;
}

int
child_pid(const struct child *child)
{
	return (int)child->pid;
}

/* All but what its end is waited for by. */
static void
child_quieten(struct child *child)
{
	if (child->deadline != NULL)
		event_free(child->deadline);
	child->deadline = NULL;
	stream_close(&child->output);
	stream_close(&child->error);
}

void
child_free(struct child *child)
{
	if (child == NULL)
		return;
	if (child->pid != 0) {
		child_kill(child, "");
		waitpid(child->pid, NULL, 0);
	}
	child_quieten(child);
	if (child->exited != NULL)
		event_free(child->exited);
	free(child->output.bytes);
	free(child->error.bytes);
	if (child->pidfd != -1)
		close(child->pidfd);
	free(child);
}

void
child_abandon(struct child *child)
{
	if (child == NULL)
		return;
	child_kill(child, "");
	child_quieten(child);
	child->cb = NULL;
	LIST_INSERT_HEAD(&abandoned, child, entry);
}
