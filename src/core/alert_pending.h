/* SPDX-License-Identifier: ISC */

/*
 * News of alerts that somebody has not been told yet, in their order; what was
 * raised and is over again before anybody was told never happened.
 */

#ifndef CORE_ALERT_PENDING_H
#define CORE_ALERT_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "core/alert_message.h"

#define ALERT_PENDING_MAX 256

struct alert_pending {
	struct alert_news news[ALERT_PENDING_MAX]; /* owns their texts */
	size_t count;
	size_t telling;		  /* the first of them are being told */
	uint64_t cancelled, lost; /* of all: by their opposite; no room */
};

/* Copied; zero at first. */
void alert_pending_add(struct alert_pending *, const struct alert_news *);
/* It is over, which is not to be told: what began it is not told either. */
void alert_pending_drop(struct alert_pending *, const char *id);
/* Those that are being told have been, or not: they are pending again. */
void alert_pending_told(struct alert_pending *);
void alert_pending_clear(struct alert_pending *);

#endif
