/* SPDX-License-Identifier: ISC */

/*
 * Conditions that last and that somebody should look at: raised when they
 * begin and cleared when they end, each of which is logged once.
 */

#ifndef ENGINE_ALERTS_H
#define ENGINE_ALERTS_H

#include <sys/queue.h>

#include <stdbool.h>

#include <jansson.h>

#include "core/alert.h"
#include "core/alert_message.h"

struct alerts;
struct engine;

struct alerts *alerts_new(void);
void alerts_free(struct alerts *);

/*
 * Somebody who is told of each alert when it is logged: that it is raised, or
 * worse, or over.  News are borrowed for the call, in which no alert may be
 * raised; the tap is until it is removed.
 */
struct alert_tap {
	TAILQ_ENTRY(alert_tap) entry; /* of the alerts */
	void (*alert)(void *arg, const struct alert_news *);
	void *arg;
};
void alert_tap_add(struct engine *, struct alert_tap *);
void alert_tap_remove(struct engine *, struct alert_tap *);

/*
 * The condition that id names, such as "vip 192.0.2.1", is so.  Raised again
 * it has its new text and severity, and only a worse one is logged.
 */
void alert_raise(struct engine *, const char *id, enum alert_severity,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* It is over, for the reason given; nothing if it was not raised. */
void alert_clear(struct engine *, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool alert_is_raised(const struct engine *, const char *id);

/* Tell a tap of all that are raised, as it was told when they were, or worse.
 */
void alert_tell_raised(const struct engine *, const struct alert_tap *);

/* "alerts" of the status document, the worst first: a new reference. */
json_t *alerts_json(const struct engine *);

#endif
