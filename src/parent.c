/* SPDX-License-Identifier: ISC */

/*
 * The parent process: signals, what the engine says, and the switch.
 */

#include <event2/event.h>

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <libutil.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "base/log.h"
#include "base/monotime.h"
#include "core/conf.h"
#include "core/lifeline.h"
#include "parent.h"
#include "parent_private.h"

/* A timer that comes so late has been kept from running. */
#define LATE 200 /* ms */

/* The switch. */

static void
arm(struct parent *p)
{
	uint64_t now = monotime_ms();
	struct timeval tv;

	p->due = deadman_due(&p->deadman);
	if (p->due == DEADMAN_NEVER) {
		event_del(p->step);
		return;
	}
	tv = monotime_timeval(p->due > now ? p->due - now : 0);
	event_add(p->step, &tv);
}

static void
act(struct parent *p, enum deadman_action action)
{
	switch (action) {
	case DEADMAN_NOTHING:
		break;
	case DEADMAN_KILL:
		parent_kill(p);
		break;
	case DEADMAN_WITHDRAW:
		parent_withdraw(p);
		break;
	case DEADMAN_FORK:
		log_notice("starting a fresh engine");
		parent_fork(p);
		break;
	case DEADMAN_DONE:
		event_base_loopbreak(p->base);
		break;
	}
}

void
parent_step(struct parent *p)
{
	enum deadman_action action;

	/* The places of withdrawals that are under way stay where they are. */
	if (p->withdrawing == 0)
		announced_tidy(&p->announced);
	do {
		action = deadman_next(&p->deadman, monotime_ms());
		act(p, action);
	} while (action != DEADMAN_NOTHING && action != DEADMAN_DONE);
	arm(p);
}

/* Before anybody is judged, what has been said meanwhile is listened to. */
static void
step_due(int fd, short what, void *arg)
{
	struct parent *p = arg;
	uint64_t now = monotime_ms();

	(void)fd;
	(void)what;
	if (now > p->due + LATE)
		deadman_paused(&p->deadman, now - p->due);
	parent_heard(p, PARENT_MESSAGES);
	parent_step(p);
}

/* What the engine says. */

static void
work(struct parent *p)
{
	struct pidfh *pidfile = p->pidfile;

	if (p->up)
		return;
	p->up = true;
	if (pidfile != NULL)
		pidfile_write(pidfile);
	if (p->ready == -1)
		return;
	background_detach();
	log_open("vc5d", 0, p->options->verbosity);
	log_never_wait();
	background_ready(p->ready);
	p->ready = -1;
}

static void
sign_of_life(struct parent *p)
{
	bool first = deadman_beat(&p->deadman, monotime_ms());

	parent_notice_beat(p, first);
	if (!first)
		return;
	p->past.wary = false;
	parent_withdraw_end(p);
	if (p->past.deaths > 0)
		log_notice("the fresh engine, process %d, has taken over",
		    (int)p->engine);
}

static void
hear(struct parent *p, const struct lifeline_message *m)
{
	switch (m->type) {
	case LIFELINE_HELLO:
		work(p);
		break;
	case LIFELINE_BEAT:
		sign_of_life(p);
		break;
	case LIFELINE_BUSY:
		deadman_busy(&p->deadman, m->busy, monotime_ms());
		parent_notice_busy(p, m->busy);
		break;
	case LIFELINE_CONFIGURED:
		parent_configured(p, m->digest);
		break;
	case LIFELINE_ANNOUNCED:
		sign_of_life(p);
		if (!announced_hear(&p->announced, m))
			log_debug(
			    "a bgpd that is not configured: %s", m->socket);
		break;
	default:
		parent_notice_hear(p, m);
		break;
	}
}

void
parent_heard(struct parent *p, unsigned most)
{
	uint8_t buf[LIFELINE_LEN];
	struct lifeline_message m;
	ssize_t n;

	while (p->heard != NULL && most-- > 0) {
		n = recv(p->line, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		if (n == 0)
			event_del(p->heard); /* it has closed it, or died */
		if (n <= 0)
			return;
		if (lifeline_decode(buf, (size_t)n, &m) == 0)
			hear(p, &m);
	}
}

static void
give_reason(struct parent *p, int status)
{
	char *reason = p->past.reason;
	size_t size = sizeof(p->past.reason);

	if (p->silent)
		snprintf(reason, size,
		    "it showed no sign of life and was "
		    "killed");
	else if (WIFSIGNALED(status))
		snprintf(reason, size, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(reason, size, "exit status %d", WEXITSTATUS(status));
}

/* No other engine is to follow; but this one may have left VIPs announced. */
static void
end(struct parent *p, int status)
{
	p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	if (WIFSIGNALED(status))
		log_warnx("ended by signal %d", WTERMSIG(status));
	announced_orphan(&p->announced);
	if (announced_count(&p->announced) == 0) {
		event_base_loopbreak(p->base);
		return;
	}
	parent_sweep(p);
	deadman_stop(&p->deadman, monotime_ms());
	deadman_died(&p->deadman, monotime_ms());
	parent_step(p);
}

void
parent_lost(struct parent *p, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (clean || !p->up) {
		end(p, status);
		return;
	}
	p->status = 1;
	/* It may be what is in the file that it died of. */
	if (p->deadman.since == 0)
		p->past.wary = true;
	give_reason(p, status);
	log_warnx("the engine died: %s", p->past.reason);
	p->past.deaths++;
	p->past.died = time(NULL);
	parent_notice_died(p);
	announced_orphan(&p->announced);
	parent_sweep(p);
	deadman_died(&p->deadman, monotime_ms());
	parent_step(p);
}

/* Signals. */

/* An engine that is still starting reads what it is told when it has. */
static void
stop(struct parent *p)
{
	p->stops++;
	parent_notice_state(p, NOTICE_STOPPING);
	parent_tell(p, LIFELINE_STOP);
	if (p->engine != 0 && !p->up)
		kill(p->engine, SIGTERM);
	else if (p->engine != 0 && p->stops > 1 &&
	    p->deadman.engine == DEADMAN_STARTING)
		kill(p->engine, SIGKILL);
	deadman_stop(&p->deadman, monotime_ms());
	parent_step(p);
}

/* Whose end the engine tells; one that dies is followed by one that reads. */
static void
reload(struct parent *p)
{
	if (p->up)
		parent_notice_state(p, NOTICE_RELOADING);
	parent_tell(p, LIFELINE_RELOAD);
}

static void
signalled(int fd, short what, void *arg)
{
	struct signalfd_siginfo info;
	struct parent *p = arg;

	(void)what;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		parent_reap(p);
		return;
	}
	if (info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR2) {
		reload(p);
		return;
	}
	log_info("signal %s", strsignal((int)info.ssi_signo));
	stop(p);
}

static void
catch_signals(struct parent *p)
{
	static const int caught[] = {
	    SIGHUP, SIGUSR2, SIGTERM, SIGINT, SIGQUIT, SIGCHLD};
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaddset(&set, caught[i]);
	signal(SIGPIPE, SIG_IGN);
	/* It has other daemons open their logs anew, and would end this one. */
	signal(SIGUSR1, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) == -1)
		fatal("signals");
	p->signals = event_new(p->base, fd, EV_READ | EV_PERSIST, signalled, p);
	if (p->signals == NULL || event_add(p->signals, NULL) == -1)
		fatalx("no memory for signals");
}

/* Start. */

static struct pidfh *
claim_pidfile(const char *path)
{
	struct pidfh *pidfile;
	pid_t other;

	if (path == NULL)
		return NULL;
	pidfile = pidfile_open(path, 0644, &other);
	if (pidfile == NULL && other > 0)
		fatal("%s: vc5d is already running, process %d", path,
		    (int)other);
	if (pidfile == NULL && errno == EACCES)
		fatalx("%s: vc5d needs root", path);
	if (pidfile == NULL)
		fatal("%s", path);
	return pidfile;
}

static void
parent_clear(struct parent *p)
{
	if (p->pidfile != NULL)
		pidfile_remove(p->pidfile);
	if (p->sweep != NULL)
		event_free(p->sweep);
	parent_notice_end(p);
	close(event_get_fd(p->signals));
	event_free(p->signals);
	event_free(p->step);
	event_base_free(p->base);
	free(p->withdrawals);
	conf_free(p->conf);
	announced_clear(&p->announced);
}

int
parent_run(const struct options *options, struct conf *conf, int ready)
{
	struct parent p = {.options = options, .ready = ready};

	setproctitle("parent");
	p.pidfile = claim_pidfile(options->pidfile);
	if ((p.base = event_base_new()) == NULL)
		fatalx("no event loop");
	if ((p.step = evtimer_new(p.base, step_due, &p)) == NULL)
		fatalx("no memory for timers");
	if (options->foreground)
		log_never_wait();
	catch_signals(&p);
	parent_notice_begin(&p);
	/* What an engine that dies had running becomes this one's. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	deadman_init(&p.deadman, conf->dead_man);
	parent_adopt(&p, conf);
	parent_fork(&p);
	arm(&p);
	event_base_dispatch(p.base);
	parent_clear(&p);
	return p.status;
}
