/* SPDX-License-Identifier: ISC */

/*
 * A message as a line of JSON: see log_json.h.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* strvis(3) is the same everywhere; the warning is about another function. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include <jansson.h>

#include "base/log_json.h"
#include "base/xmalloc.h"

const char *
log_level_name(int priority)
{
	static const char *const names[] = {"emergency", "alert", "critical",
	    "error", "warning", "notice", "info", "debug"};

	return names[priority & 7];
}

const char *
log_time(int64_t at, char buf[LOG_TIME_STRLEN])
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(buf, LOG_TIME_STRLEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(
	    buf + len, LOG_TIME_STRLEN - len, ".%03uZ", (unsigned)(at % 1000));
	return buf;
}

json_t *
log_json_string(const char *text)
{
	json_t *string = json_string(text);
	char *safe;

	if (string != NULL)
		return string;
	safe = xcalloc(4, strlen(text) + 1);
	strvis(safe, text, VIS_OCTAL | VIS_NL);
	string = json_string(safe);
	free(safe);
	return string;
}

char *
log_json_line(
    int64_t at, int priority, const char *program, int pid, const char *text)
{
	char stamp[LOG_TIME_STRLEN], *line;
	json_t *o = json_pack("{s:s, s:s, s:o, s:s, s:s, s:i}", "@timestamp",
	    log_time(at, stamp), "log.level", log_level_name(priority),
	    "message", log_json_string(text), "ecs.version", LOG_ECS_VERSION,
	    "service.name", program, "process.pid", pid);

	line = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return line != NULL ? line : xstrdup("{}");
}
