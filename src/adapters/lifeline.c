/* SPDX-License-Identifier: ISC */

/*
 * The engine's end of the socket to its parent process; see lifeline.h.
 *
 * A heartbeat that finds no room in the socket is lost, as the parent does
 * not listen anyway.  What it must not miss is kept until there is room.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/lifeline.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/lifeline.h"

/* What a bgpd may be announcing. */
struct list {
	struct list *next;
	char *socket;
	struct addr *vips;
	size_t count;
	size_t told; /* so many of them */
	bool stale;  /* not all was told */
};

/* In the place of a message's type. */
#define UNKNOWN (LIFELINE_TYPES + 1)
#define NOTHING (LIFELINE_TYPES + 2)
#define LOST	(LIFELINE_TYPES + 3)

struct lifeline {
	int fd;
	struct event *readable, *writable, *beat;
	struct event *owed; /* a beat, as soon as the loop runs again */
	struct list *lists;
	bool configured; /* to be told before the lists: */
	uint64_t digest;
	bool figured; /* figures have been told: */
	struct lifeline_figures figures;
	const struct lifeline_callbacks *callbacks;
	void *arg;
};

/* False if there is no room now. */
static bool
tell(struct lifeline *l, const struct lifeline_message *m)
{
	uint8_t buf[LIFELINE_LEN];
	size_t len = lifeline_encode(m, buf);

	/* If the parent has gone the end of file says so. */
	return send(l->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) != -1 ||
	    errno != EAGAIN;
}

static bool
tell_plain(struct lifeline *l, enum lifeline_type type)
{
	const struct lifeline_message m = {.type = type};

	return tell(l, &m);
}

/* The next part of a list. */
static bool
tell_part(struct lifeline *l, struct list *list)
{
	struct lifeline_message m = {.type = LIFELINE_ANNOUNCED};
	size_t left = list->count - list->told;

	m.count = left < LIFELINE_VIPS ? left : LIFELINE_VIPS;
	m.first = list->told == 0;
	m.last = m.count == left;
	snprintf(m.socket, sizeof(m.socket), "%s", list->socket);
	if (m.count > 0)
		memcpy(
		    m.vips, &list->vips[list->told], m.count * sizeof(*m.vips));
	if (!tell(l, &m))
		return false;
	list->told += m.count;
	list->stale = !m.last;
	return true;
}

static bool
tell_lists(struct lifeline *l)
{
	struct list *list;

	for (list = l->lists; list != NULL; list = list->next)
		while (list->stale)
			if (!tell_part(l, list))
				return false;
	return true;
}

static bool
tell_configured(struct lifeline *l)
{
	const struct lifeline_message m = {
	    .type = LIFELINE_CONFIGURED, .digest = l->digest};

	return tell(l, &m);
}

/* All that was not told yet, as far as there is room. */
static void
catch_up(struct lifeline *l)
{
	if (l->configured)
		l->configured = !tell_configured(l);
	if (l->configured || !tell_lists(l))
		event_add(l->writable, NULL);
}

static void
has_room(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	catch_up(arg);
}

/* The callback may have ended the lifeline: it is the last that is done. */
static void
obey(struct lifeline *l, int type)
{
	if (type == LIFELINE_STOP)
		l->callbacks->stop(l->arg);
	else if (type == LIFELINE_RELOAD)
		l->callbacks->reload(l->arg);
	else if (type == LIFELINE_LOOK)
		l->callbacks->look(l->arg);
}

/* The next message's type; NOTHING if there is none, or LOST. */
static int
next_message(const struct lifeline *l)
{
	struct lifeline_message m;
	uint8_t buf[LIFELINE_LEN];
	ssize_t n = recv(l->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return NOTHING;
	if (n <= 0)
		return LOST;
	return lifeline_decode(buf, (size_t)n, &m) == 0 ? (int)m.type : UNKNOWN;
}

/*
 * Orders to reload that follow each other are one, as the file is read but
 * now; and before an order to stop there is no use in any.
 */
static void
has_message(int fd, short what, void *arg)
{
	struct lifeline *l = arg;
	int type = next_message(l), next;

	(void)fd;
	(void)what;
	while (type == LIFELINE_RELOAD && (next = next_message(l)) != NOTHING) {
		if (next == LIFELINE_LOOK)
			l->callbacks->look(l->arg);
		else if (next != UNKNOWN)
			type = next;
	}
	if (type == LOST) {
		event_del(l->readable);
		event_del(l->writable);
		l->callbacks->lost(l->arg);
	} else {
		obey(l, type);
	}
}

static void
beat(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_plain(arg, LIFELINE_BEAT);
}

struct lifeline *
lifeline_new(struct event_base *base, int fd,
    const struct lifeline_callbacks *callbacks, void *arg)
{
	struct lifeline *l = xcalloc(1, sizeof(*l));

	l->fd = fd;
	l->callbacks = callbacks;
	l->arg = arg;
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, has_message, l);
	l->writable = event_new(base, fd, EV_WRITE, has_room, l);
	l->beat = event_new(base, -1, EV_PERSIST, beat, l);
	l->owed = event_new(base, -1, 0, beat, l);
	if (l->readable == NULL || l->writable == NULL || l->beat == NULL ||
	    l->owed == NULL)
		fatalx("no memory for the lifeline");
	event_add(l->readable, NULL);
	return l;
}

void
lifeline_free(struct lifeline *l)
{
	struct list *list;

	if (l == NULL)
		return;
	while ((list = l->lists) != NULL) {
		l->lists = list->next;
		free(list->socket);
		free(list->vips);
		free(list);
	}
	event_free(l->readable);
	event_free(l->writable);
	event_free(l->beat);
	event_free(l->owed);
	close(l->fd);
	free(l);
}

void
lifeline_hello(struct lifeline *l)
{
	if (l != NULL)
		tell_plain(l, LIFELINE_HELLO);
}

void
lifeline_beat(struct lifeline *l, unsigned period)
{
	struct timeval tv = monotime_timeval(period);

	if (l != NULL)
		event_add(l->beat, &tv);
}

void
lifeline_busy(struct lifeline *l, unsigned ms)
{
	const struct lifeline_message m = {.type = LIFELINE_BUSY, .busy = ms};

	if (l == NULL)
		return;
	tell(l, &m);
	/* Not the other event, whose time to come this would put off. */
	event_active(l->owed, EV_TIMEOUT, 0);
}

void
lifeline_figures(struct lifeline *l, const struct lifeline_figures *figures)
{
	const struct lifeline_message m = {
	    .type = LIFELINE_FIGURES, .figures = *figures};

	if (l == NULL ||
	    (l->figured && memcmp(&l->figures, figures, sizeof(*figures)) == 0))
		return;
	l->figures = *figures;
	l->figured = tell(l, &m);
}

void
lifeline_reloading(struct lifeline *l)
{
	if (l != NULL)
		tell_plain(l, LIFELINE_RELOADING);
}

void
lifeline_reloaded(struct lifeline *l, bool refused)
{
	const struct lifeline_message m = {
	    .type = LIFELINE_RELOADED, .refused = refused};

	if (l != NULL)
		tell(l, &m);
}

void
lifeline_configured(struct lifeline *l, uint64_t digest)
{
	if (l == NULL)
		return;
	l->digest = digest;
	l->configured = true;
	catch_up(l);
}

static struct list *
list_get(struct lifeline *l, const char *socket)
{
	struct list *list;

	for (list = l->lists; list != NULL; list = list->next)
		if (strcmp(list->socket, socket) == 0)
			return list;
	list = xcalloc(1, sizeof(*list));
	list->socket = xstrdup(socket);
	list->stale = true;
	list->next = l->lists;
	l->lists = list;
	return list;
}

static bool
list_is(const struct list *list, const struct addr *vips, size_t count)
{
	size_t i;

	for (i = 0; i < count && count == list->count; i++)
		if (addr_compare(&vips[i], &list->vips[i]) != 0)
			return false;
	return count == list->count;
}

void
lifeline_announced(struct lifeline *l, const char *socket,
    const struct addr *vips, size_t count)
{
	struct list *list;

	if (l == NULL)
		return;
	list = list_get(l, socket);
	if (!list->stale && list_is(list, vips, count))
		return;
	free(list->vips);
	list->vips = xcalloc(count + 1, sizeof(*vips));
	if (count > 0)
		memcpy(list->vips, vips, count * sizeof(*vips));
	list->count = count;
	list->told = 0;
	list->stale = true;
	catch_up(l);
}
