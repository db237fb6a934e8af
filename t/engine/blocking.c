/* SPDX-License-Identifier: ISC */

/*
 * See blocking.h.
 */

#include "blocking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/prefixes.h"
#include "engine/private.h"
#include "fakes_control.h"

char list_path[] = "/tmp/vc5-blocks-XXXXXX";
static char with_file[128];

json_t *
send_order(const char *command, const char *prefix, int seconds, bool force)
{
	json_t *request =
	    json_pack("{s:s, s:s}", "command", command, "prefix", prefix);

	if (force)
		json_object_set_new(request, "force", json_true());
	if (seconds != 0)
		json_object_set_new(request, "for", json_integer(seconds));
	return ask(request);
}

void
must_do(const char *command, const char *prefix, int seconds, bool forced)
{
	json_t *reply = send_order(command, prefix, seconds, forced);

	if (!is_true(reply, "ok"))
		fail_msg("%s %s: %s", command, prefix, json_dumps(reply, 0));
	json_decref(reply);
}

void
must_refuse(
    const char *command, const char *prefix, int seconds, const char *why)
{
	json_t *reply = send_order(command, prefix, seconds, false);
	char *text = json_dumps(reply, JSON_ENCODE_ANY);

	if (is_true(reply, "ok") || strstr(text, why) == NULL)
		fail_msg("%s %s: %s", command, prefix, text);
	free(text);
	json_decref(reply);
}

void
restart(void)
{
	engine_free(engine);
	engine = NULL;
	event_base_free(base);
	start(SERVICE_WEB);
}

void
run_once(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

const struct blocked *
blocked_set(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return blocklist_find(&engine->blocks.set, &prefix);
}

json_t *
prefixes(bool only_new, int limit)
{
	char request[80];
	json_error_t error;
	json_t *reply;

	snprintf(request, sizeof(request),
	    "{'command': 'prefixes', 'new': %s, 'limit': %d}",
	    only_new ? "true" : "false", limit);
	reply = json_loads(fake_ask(request), JSON_REJECT_DUPLICATES, &error);
	if (reply == NULL)
		fail_msg("%s", error.text);
	return reply;
}

json_int_t
number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

void
write_list(const char *text)
{
	FILE *out = fopen(list_path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

void
use_list(const char *text)
{
	write_list(text);
	snprintf(with_file, sizeof(with_file),
	    "\"block\": {\"file\": \"%s\"}, ", list_path);
	more = with_file;
}

void
make_list(void)
{
	int fd = mkstemp(list_path);

	if (fd == -1)
		abort();
	close(fd);
}
