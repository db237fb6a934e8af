/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show config and show version: what runs.
 */

#include <inttypes.h>
#include <stdio.h>

#include "config.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static json_t *
fetch_config(struct client *client, const char *argument, bool as_json)
{
	json_t *reply, *config;

	(void)argument, (void)as_json;
	reply = client_ask(client, json_pack("{s:s}", "command", "config"));
	if (reply == NULL)
		return NULL;
	config = json_incref(json_object_get(reply, "config"));
	json_decref(reply);
	return config;
}

/* JSON for people, too: it is what they wrote. */
static void
show_config(const json_t *config, const char *argument)
{
	(void)argument;
	json_dumpf(config, stdout,
	    JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_INDENT(4));
	putchar('\n');
}

static json_t *
fetch_version(struct client *client, const char *argument, bool as_json)
{
	json_t *reply, *version;

	(void)argument;
	if (!as_json)
		printf("vc5ctl %s\n", PACKAGE_VERSION);
	reply = client_ask(client, json_pack("{s:s}", "command", "version"));
	if (reply == NULL)
		return NULL;
	version =
	    json_pack("{s:s, s:O}", "vc5ctl", PACKAGE_VERSION, "vc5d", reply);
	json_decref(reply);
	return version;
}

static void
show_version(const json_t *version, const char *argument)
{
	const json_t *daemon = json_object_get(version, "vc5d");
	char started[STATUS_TIME_STRLEN];

	(void)argument;
	safe_printf("vc5d %s on %s, started %s",
	    status_string(daemon, "version"), status_string(daemon, "hostname"),
	    status_time(status_number(daemon, "started"), started));
	putchar('\n');
}

const struct view view_config = {NULL, fetch_config, show_config};
const struct view view_version = {NULL, fetch_version, show_version};
