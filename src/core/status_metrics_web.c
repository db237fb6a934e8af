/* SPDX-License-Identifier: ISC */

/*
 * The metric families of the web console's server: who logs in, and who is
 * connected.
 */

#include "core/status_family.h"
#include "core/status_value.h"

static void
sample_logins(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const results[] = {
	    "right", "wrong", "early", "busy"};
	const json_t *logins =
	    json_object_get(json_object_get(status, "webserver"), "logins");
	size_t i;

	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		put_labelled(out, family, "result", results[i],
		    json_object_get(logins, results[i]));
}

static void
sample_webserver(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "webserver"), family->key));
}

static const struct family families[] = {
    {"web_logins_total", "counter",
	"Requests with credentials that were not let in before: right, wrong, "
	"early (after wrong ones of the same address), busy (too many at a "
	"time, or they could not be compared).",
	sample_logins, NULL},
    {"web_connections", "gauge", "Connections to the web console and its data.",
	sample_webserver, "connections"},
    {"web_listeners", "gauge",
	"Connections of consoles that follow what happens.", sample_webserver,
	"listeners"},
    {"web_refused_total", "counter",
	"Connections and listeners of whom there were too many.",
	sample_webserver, "refused"},
};

const struct family *
status_web_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
