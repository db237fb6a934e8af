/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl monitor: what happens, a line each, until vc5d ends or it is
 * interrupted.
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static json_t *
make_request(const struct command *command)
{
	const char *subject = command->values[MONITOR_ABOUT];
	json_t *request = json_pack("{s:s, s:b}", "command", "monitor", "log",
	    command->values[MONITOR_LOG] != NULL);

	if (subject != NULL)
		json_object_set_new(request, "subject", json_string(subject));
	return request;
}

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
print_line(const json_t *line)
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
static void
print_json(const json_t *line)
{
	json_dumpf(line, stdout, JSON_ENSURE_ASCII | JSON_COMPACT);
	putchar('\n');
}

int
show_monitor(struct client *client, const struct command *command, bool as_json)
{
	json_t *line = client_ask(client, make_request(command));

	if (line == NULL)
		return client_failure(client);
	json_decref(line);
	client_wait_forever(client);
	(void)client_be_quiet(client, true);
	/* Flushed where it would be waited, so that a pipe gets it at once. */
	while ((line = client_next(client)) != NULL) {
		if (as_json)
			print_json(line);
		else
			print_line(line);
		json_decref(line);
		if (!client_buffered(client) && fflush(stdout) == EOF)
			return CTL_ERROR;
	}
	warnx("vc5d has ended, or closed the connection");
	return CTL_UNREACHABLE;
}
