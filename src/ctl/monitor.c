/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl monitor: what happens, a line each, until it is interrupted.  When the
 * connection is lost it is made anew, and what was missed is told then.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/status_value.h"
#include "ctl/client.h"
#include "ctl/monitor.h"

#define RETRY_MIN 100  /* ms from one attempt to the next, doubling */
#define RETRY_MAX 2000 /* ms */

struct monitor {
	struct client *client;
	const struct command *command;
	bool as_json;
	/* What was told, so that nothing is told twice: */
	bool resumes;	/* there is something to go on behind */
	int64_t began;	/* ms since the epoch: the numbering of events */
	int64_t number; /* of the last event */
	json_t *alerts; /* those raised, by id */
};

/* The reply, which also says where it begins; NULL as client_ask(). */
static json_t *
ask(const struct monitor *m)
{
	const char *subject = m->command->values[MONITOR_ABOUT];
	json_t *request = json_pack("{s:s, s:b}", "command", "monitor", "log",
	    m->command->values[MONITOR_LOG] != NULL);

	if (subject != NULL)
		json_object_set_new(request, "subject", json_string(subject));
	if (m->resumes) {
		json_object_set_new(request, "began", json_integer(m->began));
		json_object_set_new(request, "after", json_integer(m->number));
	}
	return client_ask(m->client, request);
}

static void
tell(const struct monitor *m, const char *key, const json_t *value)
{
	json_t *line = json_pack("{s:O}", key, value);

	monitor_print(line, m->as_json);
	json_decref(line);
}

static void
note_alert(struct monitor *m, const json_t *alert)
{
	const char *id = status_string(alert, "id");

	if (status_true(alert, "over"))
		json_object_del(m->alerts, id);
	else
		json_object_set(m->alerts, id, (json_t *)(uintptr_t)alert);
}

/* From now on it is known what there was at the beginning. */
static void
note_start(struct monitor *m, const json_t *reply)
{
	const json_t *alert;
	size_t i;

	m->resumes = true;
	m->began = status_number(reply, "began");
	m->number = status_number(reply, "total");
	json_object_clear(m->alerts);
	json_array_foreach(json_object_get(reply, "alerts"), i, alert) {
		note_alert(m, alert);
	}
}

/* Nobody reads any more what is written to standard output. */
#define GONE (POLLERR | POLLHUP | POLLNVAL)

/* Wait for so many ms, or until it is so. */
static bool
nobody_reads(unsigned ms)
{
	struct pollfd fd = {.fd = STDOUT_FILENO};

	return poll(&fd, 1, (int)ms) > 0 && (fd.revents & GONE) != 0;
}

/* False if nobody would read it. */
static bool
wait_for_line(const struct monitor *m)
{
	struct pollfd fds[] = {
	    {.fd = client_descriptor(m->client), .events = POLLIN},
	    {.fd = STDOUT_FILENO},
	};

	if (client_buffered(m->client))
		return true;
	if (fflush(stdout) == EOF)
		return false;
	while (poll(fds, 2, -1) == -1 && errno == EINTR)
		continue;
	return (fds[1].revents & GONE) == 0;
}

/* True when the connection is lost, false when it makes no sense to go on. */
static bool
follow(struct monitor *m)
{
	json_t *line;

	client_wait_forever(m->client);
	while (wait_for_line(m)) {
		if ((line = client_next(m->client)) == NULL)
			return true;
		monitor_print(line, m->as_json);
		if (json_object_get(line, "history") != NULL)
			m->number = status_number(
			    json_object_get(line, "history"), "number");
		if (json_object_get(line, "alert") != NULL)
			note_alert(m, json_object_get(line, "alert"));
		json_decref(line);
	}
	return false;
}

/* The reply, or NULL if it makes no sense to go on. */
static json_t *
ask_again(struct monitor *m)
{
	unsigned delay = RETRY_MIN;
	json_t *reply;

	(void)client_be_quiet(m->client, true);
	while ((reply = ask(m)) == NULL &&
	    client_failure(m->client) == CTL_UNREACHABLE &&
	    !nobody_reads(delay))
		delay = delay * 2 < RETRY_MAX ? delay * 2 : RETRY_MAX;
	if (reply == NULL && client_failure(m->client) == CTL_ERROR) {
		/* It was refused: so that it is said why. */
		(void)client_be_quiet(m->client, false);
		reply = ask(m);
	}
	return reply;
}

/* The same vc5d has raised, or told to be over, those alerts meanwhile. */
static void
compare_alerts(const struct monitor *m, const json_t *raised)
{
	json_t *known = json_deep_copy(m->alerts), *alert;
	const json_t *before;
	const char *id;
	size_t i;

	json_array_foreach(raised, i, alert) {
		before = json_object_get(known, status_string(alert, "id"));
		if (before == NULL ||
		    status_number(before, "at") != status_number(alert, "at"))
			tell(m, "alert", alert);
		json_object_del(known, status_string(alert, "id"));
	}
	json_object_foreach(known, id, alert) {
		json_object_set_new(alert, "at", json_integer(monitor_now()));
		json_object_set_new(alert, "over", json_true());
		json_object_set_new(alert, "text",
		    json_string("it ended while nothing was heard"));
		tell(m, "alert", alert);
	}
	json_decref(known);
}

static void
catch_up(struct monitor *m, const json_t *reply)
{
	bool restarted = status_number(reply, "began") != m->began;
	const json_t *event;
	size_t i;

	monitor_print_again(
	    m->as_json, restarted, status_number(reply, "missed"));
	json_array_foreach(json_object_get(reply, "history"), i, event) {
		tell(m, "history", event);
	}
	/* What the one before has raised, this one does not know of. */
	if (restarted)
		json_object_clear(m->alerts);
	compare_alerts(m, json_object_get(reply, "alerts"));
}

static int
run(struct monitor *m)
{
	bool once = m->command->values[MONITOR_ONCE] != NULL;
	json_t *reply = ask(m);

	while (reply != NULL) {
		if (m->resumes)
			catch_up(m, reply);
		note_start(m, reply);
		json_decref(reply);
		(void)client_be_quiet(m->client, true);
		if (!follow(m))
			return CTL_ERROR;
		monitor_print_lost(m->as_json, once);
		if (once)
			return CTL_UNREACHABLE;
		reply = ask_again(m);
	}
	return nobody_reads(0) ? CTL_ERROR : client_failure(m->client);
}

int
show_monitor(struct client *client, const struct command *command, bool as_json)
{
	struct monitor m = {.client = client,
	    .command = command,
	    .as_json = as_json,
	    .alerts = json_object()};
	int result = run(&m);

	json_decref(m.alerts);
	return result;
}
