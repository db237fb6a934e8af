/* SPDX-License-Identifier: ISC */

/*
 * The parent process's state, shared by its files.
 */

#ifndef PARENT_PRIVATE_H
#define PARENT_PRIVATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "core/announced.h"
#include "core/deadman.h"
#include "core/lifeline.h"
#include "core/watchdog.h"
#include "engine/engine.h"
#include "options.h"

struct child;
struct event;
struct event_base;
struct pidfh;

enum parent_notice_state {
	NOTICE_STARTING,
	NOTICE_READY,
	NOTICE_RELOADING,
	NOTICE_STOPPING,
};

/* What the service manager is to know, and does. */
struct parent_notice {
	enum parent_notice_state state, told;
	char status[192]; /* the line that it was told */
	struct lifeline_figures figures;
	bool reloading; /* the engine has said so, and nothing since */
	bool refused;	/* the last reload was */
	bool dead;	/* no engine has taken over yet */
	uint64_t stop;	/* ms that a stop may take */
	struct watchdog watchdog;
	struct event *timer; /* the watchdog's period */
	struct event *again; /* to tell what it had no room for */
};

/* What is withdrawn at one place, which announced has the same index of. */
struct withdrawal {
	struct parent *parent;
	struct child *bgpctl; /* that runs; or NULL */
	unsigned version;     /* of the place's list, of which that was told */
};

struct parent {
	const struct options *options;
	struct event_base *base;
	struct pidfh *pidfile; /* NULL = none */
	struct conf *conf;     /* that an engine has run on last */
	int ready;	       /* who started vc5d waits; or -1 */
	bool up;	       /* an engine has said hello */
	int status;	       /* to exit with */
	unsigned stops;	       /* signals that said so */
	struct event *signals; /* of a signalfd */
	struct deadman deadman;
	struct event *step; /* when the switch is due */
	uint64_t due;	    /* that time; or DEADMAN_NEVER */
	struct announced announced;
	struct engine_origin past; /* of the engines that died */

	/* the engine that runs */
	pid_t engine; /* 0 = none */
	int pidfd, line;
	struct event *exited, *heard;
	struct event *room; /* to tell it what there was none for */
	unsigned owed;	    /* orders to stop */
	bool silent;	    /* it was killed for that */

	/* a withdrawal, at all places at the same time */
	struct withdrawal *withdrawals; /* one for each place, or none */
	size_t withdrawal_count;
	size_t withdrawing; /* bgpctls that run */
	bool early;	    /* it began before the engine was dead */
	bool failed;	    /* at one of the places */
	bool complained;

	struct parent_notice notice;

	struct event *sweep; /* what the engine had running is to end */
};

/* parent.c */

/* Do what the switch says, and see to it that it is asked again. */
void parent_step(struct parent *);
/* Listen to the engine, up to so many messages. */
void parent_heard(struct parent *, unsigned most);
#define PARENT_MESSAGES 1024 /* more than a socket can hold */
/* It has ended. */
void parent_lost(struct parent *, int status);

/* parent_configure.c */

/* This is the configuration from now on, and the parent's. */
void parent_adopt(struct parent *, struct conf *);
/* The engine runs on the text of this digest. */
void parent_configured(struct parent *, uint64_t digest);

/* parent_engine.c */

/* Start one.  The child does not return. */
void parent_fork(struct parent *);
void parent_kill(struct parent *);
/*
 * Tell it LIFELINE_STOP, RELOAD, LOOK; whether it listens is its affair.  One
 * to stop is told later if there is no room, behind many of the others.
 */
void parent_tell(struct parent *, int type);
/* End all that an engine that died had running. */
void parent_sweep(struct parent *);
/* Others' children, which became this process's, may have ended. */
void parent_reap(struct parent *);

/* parent_withdraw.c */

/* Withdraw all that is known to be announced. */
void parent_withdraw(struct parent *);
/* An engine has taken over: leave it to that. */
void parent_withdraw_end(struct parent *);
/* Is it a bgpctl of ours? */
bool parent_withdraws_by(const struct parent *, pid_t);

/* parent_notify.c: the service manager, if there is one, is told: */

void parent_notice_begin(struct parent *);
void parent_notice_end(struct parent *);
/* How long a stop takes, and the manager is to wait. */
void parent_notice_configure(struct parent *, const struct conf *);
/* An engine was started, which takes its time to show a sign of life. */
void parent_notice_started(struct parent *);
/* It has shown one; and is the first to, or another one than before. */
void parent_notice_beat(struct parent *, bool first);
/* For so many ms it shows none. */
void parent_notice_busy(struct parent *, unsigned ms);
/* It has died, and another one is to follow. */
void parent_notice_died(struct parent *);
/* What is begun or done; after NOTICE_STOPPING there is nothing else. */
void parent_notice_state(struct parent *, enum parent_notice_state);
/* What the engine has to say to it. */
void parent_notice_hear(struct parent *, const struct lifeline_message *);

#endif
