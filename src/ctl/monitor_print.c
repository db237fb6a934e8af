/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl monitor: its lines, for people or as JSON.
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/status_value.h"
#include "ctl/monitor.h"
#include "ctl/table.h"

static void
print_time(const json_t *object)
{
	int64_t at = status_number(object, "at");
	char text[STATUS_TIME_STRLEN];

	printf("%s ", status_time(at / 1000, text));
}

static void
print_event(const json_t *event)
{
	const char *from = status_string(event, "from");
	const char *reason = status_string(event, "reason");

	print_time(event);
	safe_printf("%s %s: %s%s%s%s%s", status_string(event, "kind"),
	    status_string(event, "subject"), from, *from != '\0' ? " -> " : "",
	    status_string(event, "to"), *reason != '\0' ? ": " : "", reason);
	putchar('\n');
}

static void
print_alert(const json_t *alert)
{
	print_time(alert);
	safe_printf("alert (%s) %s%s: %s", status_string(alert, "severity"),
	    status_string(alert, "id"),
	    status_true(alert, "over") ? " is over" : "",
	    status_string(alert, "text"));
	putchar('\n');
}

static void
print_log(const json_t *line)
{
	print_time(line);
	safe_printf("log %s: %s", status_string(line, "priority"),
	    status_string(line, "text"));
	putchar('\n');
}

static void
print_text(const json_t *line)
{
	const json_t *event = json_object_get(line, "history");
	const json_t *alert = json_object_get(line, "alert");
	const json_t *log = json_object_get(line, "log");

	if (event != NULL)
		print_event(event);
	if (alert != NULL)
		print_alert(alert);
	if (log != NULL)
		print_log(log);
	if (json_object_get(line, "dropped") != NULL)
		printf("%" PRId64 " lines are missing: they came faster than "
		       "they could be shown\n",
		    status_number(line, "dropped"));
}

/* One line each, on a terminal, too. */
void
monitor_print(const json_t *line, bool as_json)
{
	if (!as_json) {
		print_text(line);
		return;
	}
	json_dumpf(line, stdout, JSON_ENSURE_ASCII | JSON_COMPACT);
	putchar('\n');
}

long long
monitor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A state of the connection, and what else is to be said of it; taken. */
static void
print_connection(const char *state, json_t *more)
{
	json_t *line = json_pack("{s:{s:I, s:s}}", "connection", "at",
	    (json_int_t)monitor_now(), "state", state);

	json_object_update(json_object_get(line, "connection"), more);
	monitor_print(line, true);
	json_decref(line);
	json_decref(more);
}

void
monitor_print_lost(bool as_json, bool all)
{
	char at[STATUS_TIME_STRLEN];

	if (as_json)
		print_connection("lost", json_object());
	fflush(stdout);
	if (!as_json)
		warnx("%s lost: vc5d has ended, or closed the connection%s",
		    status_time(time(NULL), at), all ? "" : "; trying again");
}

void
monitor_print_again(bool as_json, bool restarted, long long missed)
{
	char at[STATUS_TIME_STRLEN];

	if (as_json)
		print_connection("again",
		    json_pack("{s:b, s:I}", "restarted", restarted, "missed",
			(json_int_t)missed));
	fflush(stdout);
	if (as_json)
		return;
	warnx("%s again: %s", status_time(time(NULL), at),
	    restarted ? "vc5d was started anew; what it did last before that "
			"may be missing"
		      : "it is the same vc5d");
	if (missed > 0)
		warnx("%lld events are missing: more have happened than "
		      "\"limits.history\" keeps",
		    missed);
}
