/* SPDX-License-Identifier: ISC */

/*
 * Passwords against hashes of crypt(3), which are made to take long: so each is
 * compared in a process of its own, as a user who may do nothing, one after
 * the other, while the event loop goes on.  The first question is the one that
 * is being compared, if there is a child.
 */

#include <sys/prctl.h>
#include <sys/queue.h>

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/crypto.h>

#include "adapters/child.h"
#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define TIME		5000 /* ms that one may take */
#define INPUT_MAX	1024 /* hash, password, two newlines */
#define OUTPUT_MAX	16   /* bytes, more than either word's */
#define NOBODY		65534
#define FAILURE_TOLD_MS 10000 /* between messages of that */
#define RIGHT		"right\n"
#define WRONG		"wrong\n"

struct question {
	TAILQ_ENTRY(question) entry;
	bool trusted;
	char *input; /* hash and password, a line each */
	void (*answer)(void *arg, enum http_verdict);
	void *arg; /* NULL = nobody wants to know any more */
};

struct http_verify {
	struct event_base *base;
	struct child *child; /* for the first question; or NULL */
	struct event *next;
	TAILQ_HEAD(questions, question) questions;
};

static void
question_free(struct question *question)
{
	OPENSSL_cleanse(question->input, strlen(question->input));
	free(question->input);
	free(question);
}

/* The first question has its answer. */
static void
settle(struct http_verify *verify, enum http_verdict verdict)
{
	struct question *question = TAILQ_FIRST(&verify->questions);
	struct timeval now = {0};

	TAILQ_REMOVE(&verify->questions, question, entry);
	if (!TAILQ_EMPTY(&verify->questions))
		evtimer_add(verify->next, &now);
	if (question->arg != NULL)
		question->answer(question->arg, verdict);
	question_free(question);
}

/* Once in a while: whoever is kept out can have it tried very often. */
static void
tell_failure(const char *why)
{
	static uint64_t told;
	uint64_t now = monotime_ms();

	if (told != 0 && now - told < FAILURE_TOLD_MS)
		return;
	log_warnx("webserver: passwords can't be compared: %s", why);
	told = now;
}

/* Only who says that it is wrong has compared it. */
static void
ended(void *arg, const struct child_result *result)
{
	struct http_verify *verify = arg;

	verify->child = NULL;
	if (result->ok && strcmp(result->output, RIGHT) == 0) {
		settle(verify, HTTP_LET_IN);
	} else if (result->ok && strcmp(result->output, WRONG) == 0) {
		settle(verify, HTTP_KEPT_OUT);
	} else {
		tell_failure(result->error[0] != '\0'
			? result->error
			: "neither right nor wrong");
		settle(verify, HTTP_BUSY);
	}
}

static void
ask_next(evutil_socket_t fd, short what, void *arg)
{
	static const struct child_user nobody = {.uid = NOBODY, .gid = NOBODY};
	char path[] = "/proc/self/exe", option[] = HTTP_VERIFIER;
	char *argv[] = {path, option, NULL};
	struct http_verify *verify = arg;
	struct question *question = TAILQ_FIRST(&verify->questions);
	struct child_options options = {
	    .user = geteuid() == 0 ? &nobody : NULL,
	    .time = TIME,
	    .output = OUTPUT_MAX,
	    .error = 256,
	};

	(void)fd, (void)what;
	if (question == NULL || verify->child != NULL)
		return;
	options.input = question->input;
	verify->child =
	    child_start(verify->base, argv, &options, ended, verify);
	if (verify->child == NULL) {
		tell_failure(strerror(errno));
		settle(verify, HTTP_BUSY);
	}
}

struct http_verify *
http_verify_new(struct event_base *base)
{
	struct http_verify *verify = xcalloc(1, sizeof(*verify));

	verify->base = base;
	verify->next = evtimer_new(base, ask_next, verify);
	if (verify->next == NULL)
		fatalx("webserver: out of memory");
	TAILQ_INIT(&verify->questions);
	return verify;
}

void
http_verify_free(struct http_verify *verify)
{
	struct question *question;

	if (verify == NULL)
		return;
	if (verify->child != NULL)
		child_free(verify->child);
	while ((question = TAILQ_FIRST(&verify->questions)) != NULL) {
		TAILQ_REMOVE(&verify->questions, question, entry);
		question_free(question);
	}
	event_free(verify->next);
	free(verify);
}

/* Behind others that are trusted, and the one that is being compared. */
static void
enqueue(struct http_verify *verify, struct question *question)
{
	struct question *before = NULL, *q;

	TAILQ_FOREACH(q, &verify->questions, entry)
		if (!question->trusted || q->trusted ||
		    (verify->child != NULL &&
			q == TAILQ_FIRST(&verify->questions)))
			before = q;
	if (before != NULL)
		TAILQ_INSERT_AFTER(&verify->questions, before, question, entry);
	else
		TAILQ_INSERT_HEAD(&verify->questions, question, entry);
}

void
http_verify_ask(struct http_verify *verify, bool trusted, const char *hash,
    const char *password, void (*answer)(void *arg, enum http_verdict),
    void *arg)
{
	struct question *question = xcalloc(1, sizeof(*question));
	struct timeval now = {0};

	question->trusted = trusted;
	question->input = xasprintf("%s\n%s\n", hash, password);
	question->answer = answer;
	question->arg = arg;
	enqueue(verify, question);
	if (verify->child == NULL)
		evtimer_add(verify->next, &now);
}

bool
http_verify_cancel(struct http_verify *verify, void *arg, bool drop)
{
	struct question *question;

	TAILQ_FOREACH(question, &verify->questions, entry)
		if (question->arg == arg)
			break;
	if (question == NULL)
		return false;
	if (verify->child != NULL &&
	    question == TAILQ_FIRST(&verify->questions)) {
		if (drop)
			question->arg = NULL;
		return false;
	}
	TAILQ_REMOVE(&verify->questions, question, entry);
	question_free(question);
	return true;
}

/* The process that compares. */

/* A line of input without its newline; NULL if there is none. */
static char *
cut_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

/* Is it the password's?  -1 and errno set if crypt(3) has no such hashes. */
static int
is_hash_of(const char *hash, const char *password)
{
	static struct crypt_data data;
	const char *made;
	size_t len = strlen(hash);

	errno = EINVAL;
	made = crypt_r(password, hash, &data);
	/* In place of NULL there may be what is no hash, "*0". */
	if (made == NULL || *made != '$')
		return -1;
	/* It has the method and the salt of hash, and so the length. */
	if (strlen(made) != len) {
		errno = EINVAL;
		return -1;
	}
	return CRYPTO_memcmp(made, hash, len) == 0;
}

int
http_verifier(void)
{
	char input[INPUT_MAX] = "", *rest = input, *hash, *password;
	size_t len;
	int right;

	/* Others run as the same user: they are not to look, nor to write. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return 1;
	len = fread(input, 1, sizeof(input) - 1, stdin);
	input[len] = '\0';
	if ((hash = cut_line(&rest)) == NULL ||
	    (password = cut_line(&rest)) == NULL)
		return 1;
	if ((right = is_hash_of(hash, password)) == -1) {
		fprintf(stderr,
		    "crypt(3) can't make a hash as the user's: %s\n",
		    strerror(errno));
		return 1;
	}
	fputs(right ? RIGHT : WRONG, stdout);
	return fflush(stdout) != 0;
}
