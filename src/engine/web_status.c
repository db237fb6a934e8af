/* SPDX-License-Identifier: ISC */

/*
 * What the status document has of the web console's server.
 */

#include "adapters/http.h"
#include "engine/private.h"
#include "engine/web.h"

json_t *
web_status(const struct engine *e)
{
	struct http_counters c = {0};

	if (e->http != NULL)
		http_counters(e->http, &c);
	return json_pack("{s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I}", "logins",
	    "right", (json_int_t)c.right, "wrong", (json_int_t)c.wrong, "early",
	    (json_int_t)c.early, "busy", (json_int_t)c.busy, "connections",
	    (json_int_t)c.connections, "listeners", (json_int_t)c.listeners,
	    "refused", (json_int_t)c.refused);
}
