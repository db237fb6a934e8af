/* SPDX-License-Identifier: ISC */

/*
 * What has happened, for people: the last events of each change of state, in
 * memory that is allocated once.  The oldest make room for new ones.
 */

#ifndef ENGINE_HISTORY_H
#define ENGINE_HISTORY_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define HISTORY_SUBJECT_LEN 192 /* with the NUL; what is longer is cut off */
#define HISTORY_STATE_LEN   32
#define HISTORY_REASON_LEN  768

struct destination;
struct engine;
struct history;

enum history_kind {
	HISTORY_CHECK,
	HISTORY_DESTINATION,
	HISTORY_VIP,
	HISTORY_BGP,
	HISTORY_OVERRIDE,
	HISTORY_RELOAD,
	HISTORY_BLOCK
};

struct history *history_new(size_t capacity);
void history_free(struct history *);

/*
 * Note that subject, words such as a service's name and key and a server's
 * address, went from one state to another, and why.  Everything is copied.
 */
void history_add(struct engine *, enum history_kind, const char *subject,
    const char *from, const char *to, const char *reason);

/* The same of a destination, or of a check of it if what is not NULL. */
void history_add_destination(const struct destination *, enum history_kind,
    const char *what, const char *from, const char *to, const char *reason);

/* Now, in ms since the epoch, as events have it. */
int64_t history_now(void);

/*
 * Somebody who is told of each event, as history_json() has it (borrowed),
 * after it was added.
 */
struct history_tap {
	TAILQ_ENTRY(history_tap) entry; /* of the history */
	void (*event)(void *arg, const json_t *event);
	void *arg;
};

/* The tap is borrowed until it is removed, which it may do while told. */
void history_tap_add(struct history *, struct history_tap *);
void history_tap_remove(struct history *, struct history_tap *);

/*
 * The last limit events, 0 for all, whose subject has a word like this, NULL
 * for any: an array of objects as core/status.h has them, the newest last.
 */
json_t *history_json(const struct history *, const char *subject, size_t limit);

/*
 * When the numbers of events began with 1, in ms since the epoch: an engine's
 * are not those of the one before.  And how many events there were.
 */
int64_t history_began(const struct history *);
uint64_t history_total(const struct history *);
/*
 * The same events from behind this number on.  *missed: of all subjects, those
 * behind it that are not kept any more.
 */
json_t *history_after(const struct history *, const char *subject,
    uint64_t number, uint64_t *missed);

/* Does a subject have a word like this, and not within another? */
bool history_is_about(const char *subject, const char *word);

/* The control socket's command "history" (adapters/control.h). */
json_t *console_history(struct engine *, const json_t *request);

#endif
