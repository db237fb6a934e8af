/* SPDX-License-Identifier: ISC */

/*
 * Replies to orders: see console_reply.h.
 */

#include <stdlib.h>

#include "base/log_json.h"
#include "engine/console_reply.h"

json_t *
console_refuse(json_t *lines, bool guard)
{
	return json_pack(
	    "{s:b, s:o, s:b}", "ok", 0, "errors", lines, "guard", guard);
}

json_t *
console_refuse_line(char *line, bool guard)
{
	json_t *lines = json_pack("[o]", log_json_string(line));

	free(line);
	return console_refuse(lines, guard);
}

json_t *
console_agree(char *line, json_t *warnings)
{
	json_t *reply = json_pack("{s:b, s:o, s:o}", "ok", 1, "message",
	    log_json_string(line), "warnings",
	    warnings != NULL ? json_incref(warnings) : json_array());

	free(line);
	return reply;
}
