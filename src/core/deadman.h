/* SPDX-License-Identifier: ISC */

/*
 * The dead-man's switch: what the parent process is to do about an engine
 * that has died or fallen silent, by the times at which it heard of it.
 * Times are monotonic milliseconds.
 */

#ifndef CORE_DEADMAN_H
#define CORE_DEADMAN_H

#include <stdbool.h>
#include <stdint.h>

/* How long an engine may take to start: programs have to be verified. */
#define DEADMAN_START 120000
/* The most that an engine may be busy for. */
#define DEADMAN_BUSY 60000
/* How long it may be silent at the most while it stops, also if the switch is
 * off. */
#define DEADMAN_STOP 10000
/* The same from a further order to stop on, for who may say that it is busy. */
#define DEADMAN_STOP_AGAIN 3000
/* From having killed an engine to a withdrawal that doesn't wait for its death.
 */
#define DEADMAN_DEATH 200
/* From a withdrawal that failed to the next. */
#define DEADMAN_RETRY 1000
/* An engine that lived so long is not one that dies again and again. */
#define DEADMAN_STABLE	   60000
#define DEADMAN_DELAY	   500 /* from a second death to the start; doubled */
#define DEADMAN_DELAY_MOST 30000
#define DEADMAN_NEVER	   UINT64_MAX

enum deadman_action {
	DEADMAN_NOTHING,
	DEADMAN_KILL,	  /* the engine */
	DEADMAN_WITHDRAW, /* all VIPs: deadman_withdrawn() follows */
	DEADMAN_FORK,	  /* a fresh engine: deadman_started() follows */
	DEADMAN_DONE,	  /* all that a stop had to do */
};

enum deadman_engine {
	DEADMAN_NOBODY,
	DEADMAN_STARTING, /* its event loop does not run yet */
	DEADMAN_STEERING,
	DEADMAN_KILLED, /* but not dead yet */
};

struct deadman {
	unsigned
	    limit; /* ms that nobody may steer for; 0 = the switch is off */
	enum deadman_engine engine;
	bool stopping;	   /* there is to be no other engine */
	bool withdrawing;  /* a withdrawal is under way */
	bool again;	   /* it began too early: another one is to follow */
	uint64_t since;	   /* it steers */
	uint64_t silence;  /* when it is killed, if nothing is heard of it */
	uint64_t withdraw; /* when VIPs are to be withdrawn */
	uint64_t fork;	   /* when there is to be another engine */
	unsigned delay;	   /* ms, if that one dies, too */
};

void deadman_init(struct deadman *, unsigned limit);
/* From the next heartbeat on. */
void deadman_limit(struct deadman *, unsigned limit);

/* What has happened. */
void deadman_started(struct deadman *, uint64_t now);
/* True if that is the first sign of life: it has taken over. */
bool deadman_beat(struct deadman *, uint64_t now);
void deadman_busy(struct deadman *, unsigned ms, uint64_t now);
void deadman_died(struct deadman *, uint64_t now);
void deadman_withdrawn(struct deadman *, bool ok, uint64_t now);
void deadman_stop(struct deadman *, uint64_t now);
/* For so long this process itself did not run: nor may others have. */
void deadman_paused(struct deadman *, uint64_t ms);

/* The next thing to do, to be asked for until it is nothing. */
enum deadman_action deadman_next(struct deadman *, uint64_t now);
/* When to ask again, if nothing happens before; DEADMAN_NEVER. */
uint64_t deadman_due(const struct deadman *);

#endif
