/* SPDX-License-Identifier: ISC */

/*
 * Views of the status document: see show.h.
 */

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/show.h"

#define FETCH_TRIES 3

json_t *
fetch_head(struct client *client)
{
	return client_ask(client,
	    json_pack("{s:s, s:s}", "command", "status", "part", "head"));
}

/* Takes the request; NULL if the reply is not whole. */
static json_t *
fetch_lines(struct client *client, json_t *request)
{
	json_t *services = json_array(), *line = client_ask(client, request);

	while (line != NULL && json_object_get(line, "end") == NULL) {
		json_array_append(services, json_object_get(line, "service"));
		json_decref(line);
		line = client_next(client);
	}
	if (line == NULL) {
		json_decref(services);
		return NULL;
	}
	json_decref(line);
	return services;
}

/*
 * Takes the request.  A reload ends what vc5d was about to say: then it is
 * asked again.
 */
static json_t *
fetch_whole(struct client *client, json_t *request)
{
	bool quiet = client_be_quiet(client, true);
	json_t *services = NULL;
	int i;

	for (i = 1; services == NULL && i <= FETCH_TRIES; i++) {
		if (i == FETCH_TRIES)
			(void)client_be_quiet(client, quiet);
		services = fetch_lines(client, json_incref(request));
	}
	(void)client_be_quiet(client, quiet);
	json_decref(request);
	return services;
}

static json_t *
request_services(const char *service)
{
	json_t *request =
	    json_pack("{s:s, s:s}", "command", "status", "part", "services");

	if (service != NULL)
		json_object_set_new(request, "service", json_string(service));
	return request;
}

json_t *
fetch_services(struct client *client, const char *service, const char *server)
{
	json_t *request = request_services(service);

	if (server != NULL)
		json_object_set_new(request, "server", json_string(server));
	return fetch_whole(client, request);
}

json_t *
fetch_counters(struct client *client, const char *service)
{
	json_t *request = request_services(service);

	json_object_set_new(request, "brief", json_true());
	return fetch_whole(client, request);
}

static json_t *
fetch_part(struct client *client, const char *key)
{
	json_t *head = fetch_head(client), *part;

	if (head == NULL)
		return NULL;
	if ((part = json_incref(json_object_get(head, key))) == NULL)
		warnx("vc5d's reply has no \"%s\"", key);
	json_decref(head);
	return part;
}

int
show_status(struct client *client, const struct command *command, bool as_json)
{
	const struct view *view = command->token->view;
	const char *argument = command->values[0];
	json_t *part;

	part = view->fetch != NULL ? view->fetch(client, argument, as_json)
				   : fetch_part(client, view->key);
	if (part == NULL)
		return client_failure(client);
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
