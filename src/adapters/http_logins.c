/* SPDX-License-Identifier: ISC */

/*
 * Logins by password.  To compare one takes long, so what was found is kept for
 * as long as it is asked for again: that a password was right, so that who got
 * in stays in whatever others do, and that one was wrong, so that who goes on
 * sending an old one guesses only once.  What is kept are digests under a key
 * of this process.  Requests with the same password wait for one comparison.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "adapters/http_auth_files.h"
#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/attempts.h"
#include "core/pace.h"

#define REMEMBERED  64
#define REMEMBER_MS (10 * 60 * 1000) /* since it was asked for last */

struct memory {
	struct {
		uint8_t digest[HTTP_DIGEST_LEN];
		uint64_t until; /* monotonic ms */
	} list[REMEMBERED];
};

/* A request that waits for a comparison. */
struct wait {
	LIST_ENTRY(wait) entry;
	void (*decided)(void *arg, enum http_verdict);
	void *arg; /* NULL = nobody wants to know any more */
};

/* A password that is or will be compared. */
struct check {
	LIST_ENTRY(check) entry;
	struct http_logins *logins;
	struct addr from; /* of who asked first */
	bool known;	  /* there is such a user */
	bool over;	  /* those who wait are being told */
	uint8_t digest[HTTP_DIGEST_LEN];
	LIST_HEAD(, wait) waits;
};

struct http_logins {
	struct http_verify *verify;
	struct attempts *attempts;
	uint8_t key[HTTP_DIGEST_LEN];
	struct memory right, wrong;
	LIST_HEAD(, check) checks;
	struct pace_rate telling;
	uint64_t untold; /* wrong ones since the last that was logged */
	struct http_counters counters;
};

struct http_logins *
http_logins_new(struct event_base *base)
{
	struct http_logins *logins = xcalloc(1, sizeof(*logins));

	LIST_INIT(&logins->checks);
	if (RAND_bytes(logins->key, sizeof(logins->key)) != 1)
		fatalx("webserver: no random numbers");
	logins->verify = http_verify_new(base);
	logins->attempts = attempts_new();
	logins->telling = (struct pace_rate){.per_minute = 12, .burst = 5};
	return logins;
}

static void
check_free(struct check *check)
{
	struct wait *wait;

	while ((wait = LIST_FIRST(&check->waits)) != NULL) {
		LIST_REMOVE(wait, entry);
		free(wait);
	}
	LIST_REMOVE(check, entry);
	free(check);
}

void
http_logins_free(struct http_logins *logins)
{
	struct check *check;

	if (logins == NULL)
		return;
	http_verify_free(logins->verify);
	while ((check = LIST_FIRST(&logins->checks)) != NULL)
		check_free(check);
	attempts_free(logins->attempts);
	OPENSSL_cleanse(logins, sizeof(*logins));
	free(logins);
}

/* Neither hashes nor passwords have newlines: no two make the same text. */
static void
digest_of(const struct http_logins *logins, const struct http_login *login,
    uint8_t digest[HTTP_DIGEST_LEN])
{
	char *text =
	    xasprintf("%s\n%s\n%s", login->name, login->hash, login->password);
	unsigned len = HTTP_DIGEST_LEN;

	if (HMAC(EVP_sha256(), logins->key, sizeof(logins->key),
		(const uint8_t *)text, strlen(text), digest, &len) == NULL)
		fatalx("webserver: OpenSSL has no HMAC-SHA-256");
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}

/* It was asked for: if it is known, for a while longer. */
static bool
recall(struct memory *memory, const uint8_t digest[HTTP_DIGEST_LEN])
{
	uint64_t now = monotime_ms();
	bool found = false;
	size_t i;

	for (i = 0; i < REMEMBERED; i++) {
		if (memory->list[i].until <= now ||
		    CRYPTO_memcmp(
			memory->list[i].digest, digest, HTTP_DIGEST_LEN) != 0)
			continue;
		memory->list[i].until = now + REMEMBER_MS;
		found = true;
	}
	return found;
}

/* In place of the one that was asked for longest ago. */
static void
remember(struct memory *memory, const uint8_t digest[HTTP_DIGEST_LEN])
{
	size_t i, oldest = 0;

	for (i = 1; i < REMEMBERED; i++)
		if (memory->list[i].until < memory->list[oldest].until)
			oldest = i;
	memcpy(memory->list[oldest].digest, digest, HTTP_DIGEST_LEN);
	memory->list[oldest].until = monotime_ms() + REMEMBER_MS;
}

/*
 * Once in a while, as there may be very many; of one source ever less often, so
 * that others are told as well.  Neither name nor password is, as people write
 * the one in place of the other.
 */
static void
tell_wrong(struct http_logins *logins, const struct addr *from)
{
	uint64_t now = monotime_ms();
	unsigned failures = attempts_failures(logins->attempts, from, now);
	char address[ADDR_STRLEN] = "somebody", *others;

	if ((failures & (failures - 1)) != 0 ||
	    pace_wait(&logins->telling, now) > 0) {
		logins->untold++;
		return;
	}
	pace_spend(&logins->telling, now);
	if (from->family != 0)
		addr_format(from, address);
	others = logins->untold == 0
	    ? xstrdup("")
	    : xasprintf("; %llu others since that was told last",
		  (unsigned long long)logins->untold);
	log_warnx("webserver: wrong credentials from %s%s%s", address,
	    failures > 1 ? ", time and again" : "", others);
	logins->untold = 0;
	free(others);
}

void
http_logins_refused(struct http_logins *logins, const struct addr *from)
{
	logins->counters.wrong++;
	tell_wrong(logins, from);
}

/* What came of a comparison. */
static void
conclude(struct check *check, enum http_verdict verdict)
{
	static const enum attempt_end ends[] = {
	    [HTTP_LET_IN] = ATTEMPT_RIGHT,
	    [HTTP_KEPT_OUT] = ATTEMPT_WRONG,
	    [HTTP_BUSY] = ATTEMPT_GIVEN_UP,
	};
	struct http_logins *logins = check->logins;

	attempts_end(
	    logins->attempts, &check->from, monotime_ms(), ends[verdict]);
	if (verdict == HTTP_LET_IN) {
		logins->counters.right++;
		remember(&logins->right, check->digest);
	} else if (verdict == HTTP_KEPT_OUT) {
		remember(&logins->wrong, check->digest);
		http_logins_refused(logins, &check->from);
	} else {
		logins->counters.busy++;
	}
}

/* Tell those who wait.  What they do may have others not want to know. */
static void
tell_waits(struct check *check, enum http_verdict verdict)
{
	struct wait *wait;

	check->over = true;
	LIST_FOREACH(wait, &check->waits, entry)
		if (wait->arg != NULL)
			wait->decided(wait->arg, verdict);
	check_free(check);
}

static void
answered(void *arg, enum http_verdict verdict)
{
	struct check *check = arg;

	if (verdict == HTTP_LET_IN && !check->known)
		verdict = HTTP_KEPT_OUT;
	conclude(check, verdict);
	tell_waits(check, verdict);
}

static void
give_up(struct check *check)
{
	attempts_end(check->logins->attempts, &check->from, monotime_ms(),
	    ATTEMPT_GIVEN_UP);
}

void
http_logins_put_off(struct http_logins *logins)
{
	struct check *check;

	while ((check = LIST_FIRST(&logins->checks)) != NULL) {
		(void)http_verify_cancel(logins->verify, check, true);
		give_up(check);
		tell_waits(check, HTTP_BUSY);
	}
}

/* A place in the queue; or why there is none. */
static enum http_verdict
take_place(struct http_logins *logins, const struct addr *from, bool *trusted,
    unsigned *seconds)
{
	uint64_t now = monotime_ms();

	*trusted = attempts_is_trusted(logins->attempts, from, now);
	switch (attempts_begin(logins->attempts, from, now, seconds)) {
	case ATTEMPT_EARLY:
		logins->counters.early++;
		return HTTP_EARLY;
	case ATTEMPT_CROWDED:
		logins->counters.busy++;
		return HTTP_BUSY;
	default:
		return HTTP_UNDECIDED;
	}
}

static struct check *
begin(struct http_logins *logins, const struct http_login *login,
    const uint8_t digest[HTTP_DIGEST_LEN], bool trusted)
{
	struct check *check = xcalloc(1, sizeof(*check));

	check->logins = logins;
	check->from = login->asker->from;
	check->known = login->known;
	memcpy(check->digest, digest, HTTP_DIGEST_LEN);
	LIST_INIT(&check->waits);
	LIST_INSERT_HEAD(&logins->checks, check, entry);
	http_verify_ask(logins->verify, trusted, login->hash, login->password,
	    answered, check);
	return check;
}

/* The one that looks at the same password already; or NULL. */
static struct check *
find(const struct http_logins *logins, const uint8_t digest[HTTP_DIGEST_LEN])
{
	struct check *check;

	LIST_FOREACH(check, &logins->checks, entry)
		if (!check->over &&
		    CRYPTO_memcmp(check->digest, digest, HTTP_DIGEST_LEN) == 0)
			return check;
	return NULL;
}

static void
wait_for(struct check *check, const struct http_asker *asker)
{
	struct wait *wait = xcalloc(1, sizeof(*wait));

	wait->decided = asker->decided;
	wait->arg = asker->arg;
	LIST_INSERT_HEAD(&check->waits, wait, entry);
}

enum http_verdict
http_logins_judge(struct http_logins *logins, const struct http_login *login,
    unsigned *seconds)
{
	uint8_t digest[HTTP_DIGEST_LEN];
	enum http_verdict verdict;
	struct check *check;
	bool trusted;

	digest_of(logins, login, digest);
	if (recall(&logins->right, digest))
		return HTTP_LET_IN;
	if (recall(&logins->wrong, digest)) {
		logins->counters.wrong++;
		return HTTP_KEPT_OUT;
	}
	if ((check = find(logins, digest)) == NULL) {
		verdict =
		    take_place(logins, &login->asker->from, &trusted, seconds);
		if (verdict != HTTP_UNDECIDED)
			return verdict;
		check = begin(logins, login, digest, trusted);
	}
	wait_for(check, login->asker);
	return HTTP_UNDECIDED;
}

static bool
is_awaited(const struct check *check)
{
	const struct wait *wait;

	LIST_FOREACH(wait, &check->waits, entry)
		if (wait->arg != NULL)
			return true;
	return false;
}

/* One that is not under way yet, and nobody waits for, needs no place. */
static void
release(struct check *check)
{
	if (check->over || is_awaited(check) ||
	    !http_verify_cancel(check->logins->verify, check, false))
		return;
	give_up(check);
	check_free(check);
}

static bool
stop_waiting(struct check *check, const void *arg)
{
	struct wait *wait;

	LIST_FOREACH(wait, &check->waits, entry) {
		if (wait->arg != arg)
			continue;
		wait->arg = NULL;
		return true;
	}
	return false;
}

void
http_logins_forget(struct http_logins *logins, void *arg)
{
	struct check *check;

	LIST_FOREACH(check, &logins->checks, entry) {
		if (stop_waiting(check, arg)) {
			release(check);
			return;
		}
	}
}

void
http_logins_counters(
    const struct http_logins *logins, struct http_counters *out)
{
	*out = logins->counters;
}
