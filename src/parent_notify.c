/* SPDX-License-Identifier: ISC */

/*
 * What the service manager is told: whether vc5d is ready, a line about how it
 * is, and for a watchdog that the engine answers.  What it has no room for it
 * is told later, as it is by then.
 */

#include <event2/event.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotime.h"
#include "core/conf.h"
#include "core/lifeline.h"
#include "notify.h"
#include "parent_private.h"

#define AGAIN	   200	 /* ms */
#define STOP_SPARE 30000 /* ms, for bgpd and whoever else is slow */

static const char *
plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static void
put_figures(const struct parent_notice *n, char *text, size_t size)
{
	const struct lifeline_figures *f = &n->figures;
	char vips[64], problems[32] = "no problems";

	if (f->announced == LIFELINE_NO_BGP)
		snprintf(vips, sizeof(vips), "%u VIP%s, without BGP", f->vips,
		    plural(f->vips));
	else if (f->announced == f->vips)
		snprintf(vips, sizeof(vips), "%u VIP%s announced", f->vips,
		    plural(f->vips));
	else
		snprintf(vips, sizeof(vips), "%u of %u VIP%s announced",
		    f->announced, f->vips, plural(f->vips));
	if (f->problems > 0)
		snprintf(problems, sizeof(problems), "%u problem%s",
		    f->problems, plural(f->problems));
	snprintf(text, size, "%s, %s%s", vips, problems,
	    n->refused ? "; the last reload was refused" : "");
}

/* The line that people see. */
static void
put_status(const struct parent *p, char *text, size_t size)
{
	static const char *const plain[] = {
	    [NOTICE_STARTING] = "starting",
	    [NOTICE_RELOADING] = "reloading",
	    [NOTICE_STOPPING] = "stopping: VIPs are withdrawn",
	};
	const struct parent_notice *n = &p->notice;

	if (n->state != NOTICE_READY)
		snprintf(text, size, "%s", plain[n->state]);
	else if (n->dead)
		snprintf(text, size,
		    "the engine died (%s); packets are forwarded as before, "
		    "until another one has started",
		    p->past.reason);
	else
		put_figures(n, text, size);
}

/* Variables that say what is begun or done. */
static void
put_state(const struct parent *p, char *text, size_t size)
{
	switch (p->notice.state) {
	case NOTICE_STARTING:
		break;
	case NOTICE_READY:
		/* The one that was started is not this one in background. */
		snprintf(text, size, "READY=1\nMAINPID=%d\n", (int)getpid());
		break;
	case NOTICE_RELOADING:
		/*
		 * systemd (253) takes one for the reload that it asked for if
		 * the time is not before that of its own signal.
		 */
		snprintf(text, size, "RELOADING=1\nMONOTONIC_USEC=%llu\n",
		    (unsigned long long)monotime_us());
		break;
	case NOTICE_STOPPING:
		snprintf(text, size, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu\n",
		    (unsigned long long)p->notice.stop * 1000);
		break;
	}
}

/* All that has changed since it was told last. */
static void
tell(struct parent *p)
{
	const struct timeval again = monotime_timeval(AGAIN);
	struct parent_notice *n = &p->notice;
	char state[64] = "", status[192], text[320];

	if (!notify_wanted())
		return;
	put_status(p, status, sizeof(status));
	if (n->told == n->state && strcmp(status, n->status) == 0)
		return;
	if (n->told != n->state)
		put_state(p, state, sizeof(state));
	snprintf(text, sizeof(text), "%sSTATUS=%s", state, status);
	if (!notify_send(text)) {
		event_add(n->again, &again);
		return;
	}
	n->told = n->state;
	snprintf(n->status, sizeof(n->status), "%s", status);
}

static void
tell_again(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

/* One that is lost is no harm: others follow before it is missed. */
static void
ping(void)
{
	notify_send("WATCHDOG=1");
}

static void
watchdog_due(int fd, short what, void *arg)
{
	struct parent *p = arg;

	(void)fd;
	(void)what;
	if (watchdog_tick(&p->notice.watchdog, monotime_ms()))
		ping();
}

void
parent_notice_begin(struct parent *p)
{
	struct parent_notice *n = &p->notice;
	struct timeval period;

	watchdog_init(&n->watchdog, notify_watchdog());
	n->again = evtimer_new(p->base, tell_again, p);
	n->timer = event_new(p->base, -1, EV_PERSIST, watchdog_due, p);
	if (n->again == NULL || n->timer == NULL)
		fatalx("no memory for timers");
	period = monotime_timeval(n->watchdog.period);
	if (n->watchdog.period != 0)
		event_add(n->timer, &period);
	tell(p);
}

void
parent_notice_end(struct parent *p)
{
	event_free(p->notice.again);
	event_free(p->notice.timer);
}

void
parent_notice_configure(struct parent *p, const struct conf *conf)
{
	unsigned leave, longest = 0;
	size_t i;

	for (i = 0; i < conf->vip_count; i++) {
		leave = conf->vips[i].announcing.graceful_shutdown;
		if (leave > longest)
			longest = leave;
	}
	p->notice.stop = (uint64_t)longest + conf->stop_delay + STOP_SPARE;
}

void
parent_notice_started(struct parent *p)
{
	watchdog_excuse(&p->notice.watchdog, DEADMAN_START, monotime_ms());
}

void
parent_notice_busy(struct parent *p, unsigned ms)
{
	if (ms > DEADMAN_BUSY)
		ms = DEADMAN_BUSY;
	watchdog_excuse(&p->notice.watchdog, ms, monotime_ms());
}

void
parent_notice_died(struct parent *p)
{
	watchdog_excuse(&p->notice.watchdog, 0, monotime_ms());
	p->notice.dead = true;
	tell(p);
}

void
parent_notice_state(struct parent *p, enum parent_notice_state state)
{
	if (p->notice.state != NOTICE_STOPPING)
		p->notice.state = state;
	tell(p);
}

/* A loop that runs has done with its reload, also if it could not say so. */
void
parent_notice_beat(struct parent *p, bool first)
{
	struct parent_notice *n = &p->notice;

	if (watchdog_beat(&n->watchdog, monotime_ms()))
		ping();
	if (!first && !n->reloading)
		return;
	n->reloading = false;
	n->dead = false;
	parent_notice_state(p, NOTICE_READY);
}

static void
reloaded(struct parent *p, bool refused)
{
	p->notice.refused = refused;
	p->notice.reloading = false;
	parent_notice_state(p, NOTICE_READY);
}

void
parent_notice_hear(struct parent *p, const struct lifeline_message *m)
{
	switch (m->type) {
	case LIFELINE_FIGURES:
		p->notice.figures = m->figures;
		tell(p);
		break;
	case LIFELINE_RELOADING:
		p->notice.reloading = true;
		parent_notice_state(p, NOTICE_RELOADING);
		break;
	case LIFELINE_RELOADED:
		reloaded(p, m->refused);
		break;
	default:
		break;
	}
}
