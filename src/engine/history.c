/* SPDX-License-Identifier: ISC */

/*
 * The history: a ring of events, and what people are told of it.
 */

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xmalloc.h"
#include "engine/history.h"
#include "engine/private.h"

struct history_event {
	uint64_t number; /* from 1 on, of all that ever happened */
	int64_t at;	 /* ms since the epoch */
	enum history_kind kind;
	char subject[HISTORY_SUBJECT_LEN];
	char from[HISTORY_STATE_LEN], to[HISTORY_STATE_LEN];
	char reason[HISTORY_REASON_LEN];
};

struct history {
	struct history_event *events; /* number n is at n % capacity */
	size_t capacity;
	int64_t began;	/* ms since the epoch */
	uint64_t total; /* events that were added, ever */
	TAILQ_HEAD(history_taps, history_tap) taps;
};

static const char *const kind_names[] = {
    [HISTORY_CHECK] = "check",
    [HISTORY_DESTINATION] = "destination",
    [HISTORY_VIP] = "vip",
    [HISTORY_BGP] = "bgp",
    [HISTORY_OVERRIDE] = "override",
    [HISTORY_RELOAD] = "reload",
    [HISTORY_BLOCK] = "block",
};

struct history *
history_new(size_t capacity)
{
	struct history *h = xcalloc(1, sizeof(*h));

	h->began = history_now();
	h->capacity = capacity;
	h->events = xcalloc(capacity, sizeof(*h->events));
	TAILQ_INIT(&h->taps);
	return h;
}

void
history_free(struct history *h)
{
	if (h == NULL)
		return;
	free(h->events);
	free(h);
}

int64_t
history_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_t *
event_json(const struct history_event *event)
{
	return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:o}", "number",
	    (json_int_t)event->number, "at", (json_int_t)event->at, "kind",
	    kind_names[event->kind], "subject", status_text(event->subject),
	    "from", status_text(event->from), "to", status_text(event->to),
	    "reason", status_text(event->reason));
}

void
history_tap_add(struct history *h, struct history_tap *tap)
{
	TAILQ_INSERT_TAIL(&h->taps, tap, entry);
}

void
history_tap_remove(struct history *h, struct history_tap *tap)
{
	TAILQ_REMOVE(&h->taps, tap, entry);
}

static void
tell_taps(struct history *h, const struct history_event *event)
{
	struct history_tap *tap, *next;
	json_t *json;

	if (TAILQ_EMPTY(&h->taps))
		return;
	json = event_json(event);
	for (tap = TAILQ_FIRST(&h->taps); tap != NULL; tap = next) {
		next = TAILQ_NEXT(tap, entry);
		tap->event(tap->arg, json);
	}
	json_decref(json);
}

void
history_add(struct engine *e, enum history_kind kind, const char *subject,
    const char *from, const char *to, const char *reason)
{
	struct history *h = e->history;
	struct history_event *event = &h->events[++h->total % h->capacity];

	event->number = h->total;
	event->at = history_now();
	event->kind = kind;
	snprintf(event->subject, sizeof(event->subject), "%s", subject);
	snprintf(event->from, sizeof(event->from), "%s", from);
	snprintf(event->to, sizeof(event->to), "%s", to);
	snprintf(event->reason, sizeof(event->reason), "%s", reason);
	tell_taps(h, event);
}

void
history_add_destination(const struct destination *d, enum history_kind kind,
    const char *what, const char *from, const char *to, const char *reason)
{
	const struct conf_service *s = d->service->conf;
	char subject[HISTORY_SUBJECT_LEN];
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	snprintf(subject, sizeof(subject), "%s %s %s%s%s", s->name,
	    service_key_format(&s->key, key),
	    addr_format(&d->conf->address, server), what != NULL ? " " : "",
	    what != NULL ? what : "");
	history_add(d->service->engine, kind, subject, from, to, reason);
}

/* Is it a part of a name or an address? */
static bool
goes_on(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("._-", c));
}

/* Not within another word, as 10.0.0.1 is in 10.0.0.10. */
bool
history_is_about(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = text; (at = strstr(at, word)) != NULL; at++)
		if ((at == text || !goes_on(at[-1])) && !goes_on(at[len]))
			return true;
	return false;
}

/* The number of the oldest event that is kept. */
static uint64_t
oldest_of(const struct history *h)
{
	return h->total > h->capacity ? h->total - h->capacity + 1 : 1;
}

/* The number of the oldest event that is to be looked at, or told. */
static uint64_t
first_of(const struct history *h, const char *subject, size_t limit)
{
	uint64_t number = h->total, oldest = oldest_of(h);
	size_t found = 0;

	for (; number >= oldest; number--)
		if ((subject == NULL ||
			history_is_about(
			    h->events[number % h->capacity].subject,
			    subject)) &&
		    ++found == limit)
			return number;
	return oldest;
}

static json_t *
list_from(const struct history *h, const char *subject, uint64_t number)
{
	json_t *list = json_array();

	for (; number <= h->total; number++) {
		const struct history_event *event =
		    &h->events[number % h->capacity];

		if (subject == NULL ||
		    history_is_about(event->subject, subject))
			json_array_append_new(list, event_json(event));
	}
	return list;
}

json_t *
history_json(const struct history *h, const char *subject, size_t limit)
{
	return list_from(h, subject, first_of(h, subject, limit));
}

int64_t
history_began(const struct history *h)
{
	return h->began;
}

uint64_t
history_total(const struct history *h)
{
	return h->total;
}

json_t *
history_after(const struct history *h, const char *subject, uint64_t number,
    uint64_t *missed)
{
	uint64_t oldest = oldest_of(h);

	*missed = number + 1 < oldest ? oldest - number - 1 : 0;
	return list_from(h, subject, *missed > 0 ? oldest : number + 1);
}

json_t *
console_history(struct engine *e, const json_t *request)
{
	const json_t *subject = json_object_get(request, "subject");
	const json_t *limit = json_object_get(request, "limit");

	if (subject != NULL &&
	    (!json_is_string(subject) || json_string_length(subject) == 0))
		return json_pack("{s:s}", "error", "subject is not a word");
	if (limit != NULL &&
	    (!json_is_integer(limit) || json_integer_value(limit) < 1))
		return json_pack(
		    "{s:s}", "error", "limit is not a number from 1 on");
	return json_pack("{s:o, s:I, s:I}", "history",
	    history_json(e->history, json_string_value(subject),
		(size_t)json_integer_value(limit)),
	    "capacity", (json_int_t)e->history->capacity, "total",
	    (json_int_t)e->history->total);
}
