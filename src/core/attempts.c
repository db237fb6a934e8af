/* SPDX-License-Identifier: ISC */

/*
 * See attempts.h.
 */

#include <sys/socket.h>

#include <stddef.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/attempts.h"

#define FREE_FAILURES 4			    /* that cost no waiting */
#define FIRST_WAIT    1000		    /* ms, doubled each time */
#define LONGEST_WAIT  60000		    /* ms */
#define FORGET_MS     (15 * 60 * 1000)	    /* after the last failure */
#define TRUST_MS      (24 * 60 * 60 * 1000) /* after it got in last */
#define NETWORK_BITS4 24
#define NETWORK_BITS6 48

struct source {
	struct addr address; /* family 0: free */
	unsigned pending;    /* places that it has */
	unsigned failures;   /* of late */
	uint64_t failed;     /* monotonic ms, last; 0 = never */
	uint64_t got_in;     /* likewise */
};

struct attempts {
	struct source list[ATTEMPTS_SOURCES];
	unsigned pending; /* of all */
};

struct attempts *
attempts_new(void)
{
	return xcalloc(1, sizeof(struct attempts));
}

void
attempts_free(struct attempts *a)
{
	free(a);
}

static struct addr
network_of(const struct addr *from)
{
	struct addr network;

	addr_truncate(from,
	    from->family == AF_INET6 ? NETWORK_BITS6 : NETWORK_BITS4, &network);
	return network;
}

static struct source *
find(const struct attempts *a, const struct addr *from)
{
	struct addr source;
	size_t i;

	addr_source(from, &source);
	for (i = 0; i < ATTEMPTS_SOURCES; i++)
		if (addr_compare(&a->list[i].address, &source) == 0)
			return (struct source *)&a->list[i];
	return NULL;
}

static bool
is_trusted(const struct source *s, uint64_t now)
{
	return s->got_in != 0 && now - s->got_in < TRUST_MS;
}

/* Is s to be forgotten before other? */
static bool
goes_before(const struct source *s, const struct source *other, uint64_t now)
{
	bool trusted = is_trusted(s, now);

	if (s->pending > 0 || other->pending > 0)
		return s->pending == 0;
	if (trusted != is_trusted(other, now))
		return !trusted;
	return trusted ? s->got_in < other->got_in : s->failed < other->failed;
}

/* Fewer have places than are known: so one without can go. */
static struct source *
add(struct attempts *a, const struct addr *from, uint64_t now)
{
	struct source *oldest = &a->list[0];
	size_t i;

	for (i = 1; i < ATTEMPTS_SOURCES; i++)
		if (goes_before(&a->list[i], oldest, now))
			oldest = &a->list[i];
	*oldest = (struct source){0};
	addr_source(from, &oldest->address);
	return oldest;
}

static unsigned
failures_of(const struct source *s, uint64_t now)
{
	return s->failed != 0 && now - s->failed < FORGET_MS ? s->failures : 0;
}

/* ms from now on. */
static uint64_t
wait_of(const struct source *s, uint64_t now)
{
	unsigned failures = failures_of(s, now);
	uint64_t wait = FIRST_WAIT;

	if (failures <= FREE_FAILURES)
		return 0;
	while (--failures > FREE_FAILURES && wait < LONGEST_WAIT)
		wait *= 2;
	if (wait > LONGEST_WAIT)
		wait = LONGEST_WAIT;
	return s->failed + wait > now ? s->failed + wait - now : 0;
}

/* Places of those in the same network who are not trusted. */
static unsigned
pending_of_network(
    const struct attempts *a, const struct addr *from, uint64_t now)
{
	struct addr network = network_of(from), other;
	unsigned count = 0;
	size_t i;

	for (i = 0; i < ATTEMPTS_SOURCES; i++) {
		const struct source *s = &a->list[i];

		if (s->pending == 0 || is_trusted(s, now))
			continue;
		other = network_of(&s->address);
		if (addr_compare(&other, &network) == 0)
			count += s->pending;
	}
	return count;
}

static enum attempt
judge(const struct attempts *a, const struct addr *from,
    const struct source *known, uint64_t now, unsigned *seconds)
{
	uint64_t wait = known != NULL ? wait_of(known, now) : 0;
	bool trusted = known != NULL && is_trusted(known, now);

	*seconds = (unsigned)((wait + 999) / 1000);
	if (wait > 0)
		return ATTEMPT_EARLY;
	*seconds = 1;
	if (known != NULL && known->pending >= ATTEMPTS_OF_SOURCE)
		return ATTEMPT_EARLY;
	if (!trusted && pending_of_network(a, from, now) >= ATTEMPTS_OF_NETWORK)
		return ATTEMPT_EARLY;
	*seconds = 5;
	if (a->pending >=
	    (trusted ? ATTEMPTS_PLACES : ATTEMPTS_PLACES - ATTEMPTS_RESERVED))
		return ATTEMPT_CROWDED;
	return ATTEMPT_BEGUN;
}

enum attempt
attempts_begin(struct attempts *a, const struct addr *from, uint64_t now,
    unsigned *seconds)
{
	struct source *s = find(a, from);
	enum attempt verdict = judge(a, from, s, now, seconds);

	if (verdict != ATTEMPT_BEGUN)
		return verdict;
	if (s == NULL)
		s = add(a, from, now);
	s->pending++;
	a->pending++;
	return ATTEMPT_BEGUN;
}

/* One too many: the one that got in longest ago is trusted no more. */
static void
bound_trust(struct attempts *a, uint64_t now)
{
	struct source *oldest = NULL;
	size_t i, count = 0;

	for (i = 0; i < ATTEMPTS_SOURCES; i++) {
		struct source *s = &a->list[i];

		if (!is_trusted(s, now))
			continue;
		count++;
		if (oldest == NULL || s->got_in < oldest->got_in)
			oldest = s;
	}
	if (count > ATTEMPTS_TRUSTED)
		oldest->got_in = 0;
}

/*
 * Who gets in is not forgiven what went wrong before: he could guess another's
 * password between two logins of his own.
 */
void
attempts_end(struct attempts *a, const struct addr *from, uint64_t now,
    enum attempt_end end)
{
	struct source *s = find(a, from);

	if (s == NULL || s->pending == 0)
		return;
	s->pending--;
	a->pending--;
	if (end == ATTEMPT_WRONG) {
		s->failures = failures_of(s, now) + 1;
		s->failed = now;
	} else if (end == ATTEMPT_RIGHT) {
		s->got_in = now;
		bound_trust(a, now);
	}
}

bool
attempts_is_trusted(
    const struct attempts *a, const struct addr *from, uint64_t now)
{
	const struct source *s = find(a, from);

	return s != NULL && is_trusted(s, now);
}

unsigned
attempts_failures(
    const struct attempts *a, const struct addr *from, uint64_t now)
{
	const struct source *s = find(a, from);

	return s != NULL ? failures_of(s, now) : 0;
}
