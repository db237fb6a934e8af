/* SPDX-License-Identifier: ISC */

/*
 * Views of the status document: see show.h.
 */

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/show.h"

/* NULL after having said that there is no such thing. */
static json_t *
select_part(const struct view *view, json_t *status, const char *argument)
{
	json_t *part = status;

	if (view->select != NULL)
		return view->select(status, argument);
	if (view->key != NULL &&
	    (part = json_object_get(status, view->key)) == NULL) {
		warnx("vc5d's reply has no \"%s\"", view->key);
		return NULL;
	}
	return json_incref(part);
}

int
show_status(struct client *client, const struct command *command, bool as_json)
{
	const struct view *view = command->token->view;
	const char *argument = command->values[0];
	json_t *status, *part;

	status = client_ask(client, json_pack("{s:s}", "command", "status"));
	if (status == NULL)
		return client_failure(client);
	part = select_part(view, status, argument);
	json_decref(status);
	if (part == NULL)
		return CTL_ERROR;
	if (as_json)
		show_json(part);
	else
		view->show(part, argument);
	json_decref(part);
	return CTL_OK;
}

void
show_json(const json_t *json)
{
	size_t flags = JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	flags |= isatty(STDOUT_FILENO) ? JSON_INDENT(4) : JSON_COMPACT;
	json_dumpf(json, stdout, flags);
	putchar('\n');
}
