/* SPDX-License-Identifier: ISC */

/*
 * See ordering.h.
 */

#include "ordering.h"

#include <string.h>

json_t *
ask(json_t *request)
{
	json_t *reply = record.control(record.control_arg, request);

	json_decref(request);
	assert_non_null(reply);
	return reply;
}

json_t *
order(const char *kind, const char *name, const char *word, const char *service,
    bool force)
{
	return ask(json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "command",
	    "override", "kind", kind, "name", name, "order", word, "service",
	    service, "force", force));
}

bool
is_true(const json_t *reply, const char *key)
{
	return json_is_true(json_object_get(reply, key));
}

void
must(const char *kind, const char *name, const char *word)
{
	json_t *reply = order(kind, name, word, "", false);

	if (!is_true(reply, "ok"))
		fail_msg("%s", json_dumps(reply, 0));
	json_decref(reply);
}

/* It is refused, and a line of why has this. */
void
must_not(const char *kind, const char *name, const char *word, const char *why)
{
	json_t *reply = order(kind, name, word, "", false), *line;
	bool found = false;
	size_t i;

	assert_false(is_true(reply, "ok"));
	json_array_foreach(json_object_get(reply, "errors"), i, line) {
		found = found || strstr(json_string_value(line), why) != NULL;
	}
	if (!found)
		fail_msg("%s", json_dumps(reply, 0));
	json_decref(reply);
}

void
force(const char *kind, const char *name, const char *word)
{
	json_t *reply = order(kind, name, word, "", true);

	assert_true(is_true(reply, "ok"));
	json_decref(reply);
}

bool
all_up(const char *key)
{
	return fake_state(key, A) == DESTINATION_UP &&
	    fake_state(key, B) == DESTINATION_UP &&
	    fake_state(key, C) == DESTINATION_UP &&
	    fake_state(key, D) == DESTINATION_UP;
}

void
start_up(const char *services)
{
	start(services);
	wait_for(fake_wanted(VIP) && all_up(WEB));
}
