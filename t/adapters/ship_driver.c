/* SPDX-License-Identifier: ISC */

/*
 * Shipping and webhooks without an engine; their tests drive it from outside.
 *
 *	ship_driver CONFIGURATION
 *
 * takes "logging" of a configuration file, and then lines at standard input:
 *
 *	put N TEXT	N documents {"n": 1.., "message": TEXT}
 *	raise ID TEXT, over ID TEXT
 *			news of an alert of severity high, to all webhooks
 *	hurry		as at the end of vc5d
 *	reload		the file again
 *	status		a line of JSON: what both have counted, "told" (what the
 *			callbacks said last), and "late" (the most ms that a
 *			timer of 10 ms was late for since the last one)
 *	end
 */

#include <event2/event.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "adapters/logship.h"
#include "adapters/webhook.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/conf.h"

#define HOOKS	 4
#define INTERVAL 10 /* ms */

static const char *file;
static struct event_base *base;
static struct conf *conf;
static struct logship *ship;
static struct webhook *hooks[HOOKS];
static size_t hook_count;
static char told[512];		/* by the callbacks */
static uint64_t expected, late; /* ms */
static unsigned number;		/* of documents */

static void
load(void)
{
	struct conf_errors errors = {0};

	conf = conf_load(file, &errors);
	if (conf == NULL)
		fatalx("%s", errors.lines[0]);
}

static void
problem(void *arg, const char *error)
{
	snprintf(told, sizeof(told), "%s: %s", (const char *)arg,
	    error != NULL ? error : "good");
}

static void
begin(void)
{
	const struct conf_logging *c = &conf->logging;
	size_t i;

	if (c->elasticsearch.url_count > 0)
		ship = logship_new(
		    base, &c->elasticsearch, problem, (void *)"ship");
	hook_count = c->webhook_count < HOOKS ? c->webhook_count : HOOKS;
	for (i = 0; i < hook_count; i++)
		hooks[i] = webhook_new(
		    base, &c->webhooks[i], "lb1", problem, c->webhooks[i].name);
}

static void
reload(void)
{
	struct conf *was = conf;
	size_t i;

	load();
	if (ship != NULL)
		logship_follow(ship, &conf->logging.elasticsearch);
	for (i = 0; i < hook_count; i++)
		webhook_follow(hooks[i], &conf->logging.webhooks[i],
		    conf->logging.webhooks[i].name);
	conf_free(was);
}

static json_t *
ship_json(void)
{
	struct logship_status s;
	json_t *o;
	size_t i;

	if (ship == NULL)
		return json_null();
	logship_status(ship, &s);
	o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "server",
	    s.server, "error", s.error, "last_error", s.last_error, "queued",
	    (json_int_t)s.queued, "bytes", (json_int_t)s.queued_bytes, "sent",
	    (json_int_t)s.sent, "retried", (json_int_t)s.retried, "requests",
	    (json_int_t)s.requests, "failures", (json_int_t)s.failures);
	for (i = 0; i < LOGSHIP_DROPS; i++)
		json_object_set_new(o, logship_drop_names[i],
		    json_integer((json_int_t)s.dropped[i]));
	return o;
}

static json_t *
hook_json(const struct webhook *hook)
{
	struct webhook_status s;

	webhook_status(hook, &s);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "error",
	    s.error, "pending", (json_int_t)s.pending, "sent",
	    (json_int_t)s.sent, "told", (json_int_t)s.told, "cancelled",
	    (json_int_t)s.cancelled, "refused", (json_int_t)s.refused, "lost",
	    (json_int_t)s.lost, "failures", (json_int_t)s.failures);
}

static void
print_status(void)
{
	json_t *o = json_object(), *list = json_array();
	size_t i;

	json_object_set_new(o, "ship", ship_json());
	for (i = 0; i < hook_count; i++)
		json_array_append_new(list, hook_json(hooks[i]));
	json_object_set_new(o, "hooks", list);
	json_object_set_new(o, "told", json_string(told));
	json_object_set_new(o, "late", json_integer((json_int_t)late));
	late = 0;
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

static void
put(const char *arguments)
{
	unsigned long count = strtoul(arguments, NULL, 10);
	const char *text = strchr(arguments, ' ');

	for (; count > 0; count--) {
		json_t *o = json_pack("{s:i, s:s, s:s}", "n", (int)++number,
		    "@timestamp", "2026-11-29T00:00:00.000Z", "message",
		    text != NULL ? text + 1 : "");

		logship_put(ship, json_dumps(o, JSON_COMPACT));
		json_decref(o);
	}
}

static void
tell(char *arguments, bool over)
{
	char *text = strchr(arguments, ' ');
	struct alert_news news = {.id = arguments,
	    .text = text != NULL ? text + 1 : "",
	    .severity = ALERT_HIGH,
	    .over = over,
	    .at = 1795330327123};
	size_t i;

	if (text != NULL)
		*text = '\0';
	for (i = 0; i < hook_count; i++)
		webhook_tell(hooks[i], &news);
}

static void
obey(char *line)
{
	if (strncmp(line, "put ", 4) == 0)
		put(line + 4);
	else if (strncmp(line, "raise ", 6) == 0)
		tell(line + 6, false);
	else if (strncmp(line, "over ", 5) == 0)
		tell(line + 5, true);
	else if (strcmp(line, "hurry") == 0)
		logship_hurry(ship);
	else if (strcmp(line, "reload") == 0)
		reload();
	else if (strcmp(line, "status") == 0)
		print_status();
	else
		event_base_loopbreak(base);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	static char text[65536];
	static size_t len;
	ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
	char *newline, *line = text;

	(void)what;
	(void)arg;
	if (n <= 0) {
		event_base_loopbreak(base);
		return;
	}
	len += (size_t)n;
	text[len] = '\0';
	for (; (newline = strchr(line, '\n')) != NULL; line = newline + 1) {
		*newline = '\0';
		obey(line);
	}
	len = strlen(line);
	memmove(text, line, len + 1);
}

/* ms that this process has waited for a processor; 0 if nobody says. */
static uint64_t
starved(void)
{
	FILE *statistics = fopen("/proc/self/schedstat", "re");
	unsigned long long ns = 0;

	if (statistics == NULL)
		return 0;
	if (fscanf(statistics, "%*u %llu", &ns) != 1)
		ns = 0;
	fclose(statistics);
	return ns / 1000000;
}

/* What keeps the loop from running shows, unless others had the processors. */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	static uint64_t before;
	uint64_t now = monotime_ms(), all = starved(), waited = all - before;

	(void)fd;
	(void)what;
	(void)arg;
	before = all;
	if (now > expected + waited && now - expected - waited > late)
		late = now - expected - waited;
	expected = now + INTERVAL;
}

int
main(int argc, char **argv)
{
	struct timeval interval = {.tv_usec = INTERVAL * 1000};
	struct event *input, *tick;
	size_t i;

	if (argc != 2)
		fatalx("usage: ship_driver CONFIGURATION");
	signal(SIGPIPE, SIG_IGN);
	log_open("ship_driver", 1, LOG_VERBOSE);
	file = argv[1];
	base = event_base_new();
	load();
	begin();
	fcntl(0, F_SETFL, O_NONBLOCK);
	input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, NULL);
	tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	expected = monotime_ms() + INTERVAL;
	event_add(input, NULL);
	event_add(tick, &interval);
	event_base_dispatch(base);
	logship_free(ship);
	for (i = 0; i < hook_count; i++)
		webhook_free(hooks[i]);
	event_free(input);
	event_free(tick);
	event_base_free(base);
	conf_free(conf);
	return 0;
}
