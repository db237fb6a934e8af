/* SPDX-License-Identifier: ISC */

/*
 * The status document's values: see status_value.h.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/xmalloc.h"
#include "core/status_value.h"

const char *
status_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

int64_t
status_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool
status_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

size_t
status_count_true(const json_t *list, const char *key)
{
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach(list, i, item) {
		count += status_true(item, key);
	}
	return count;
}

size_t
status_count_string(const json_t *list, const char *key, const char *text)
{
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach(list, i, item) {
		count += strcmp(status_string(item, key), text) == 0;
	}
	return count;
}

char *
status_service_key(const json_t *service)
{
	const char *vip = status_string(service, "vip");

	return xasprintf(strchr(vip, ':') != NULL ? "[%s]:%" PRId64 "/%s"
						  : "%s:%" PRId64 "/%s",
	    vip, status_number(service, "port"),
	    status_string(service, "protocol"));
}

const char *
status_weight(const json_t *destination, char buf[STATUS_WEIGHT_STRLEN])
{
	const json_t *now = json_object_get(destination, "weight_now");
	int64_t weight = status_number(destination, "weight");

	if (json_is_real(now) && json_real_value(now) < (double)weight)
		snprintf(buf, STATUS_WEIGHT_STRLEN, "%g/%" PRId64,
		    json_real_value(now), weight);
	else
		snprintf(buf, STATUS_WEIGHT_STRLEN, "%" PRId64, weight);
	return buf;
}

const char *
status_age(int64_t seconds, char buf[STATUS_AGE_STRLEN])
{
	static const struct {
		int64_t major, minor; /* seconds of each unit */
		char units[2];
	} scales[] = {
	    {86400, 3600, "dh"},
	    {3600, 60, "hm"},
	    {60, 1, "ms"},
	};
	size_t i;

	for (i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		if (seconds < scales[i].major)
			continue;
		snprintf(buf, STATUS_AGE_STRLEN, "%" PRId64 "%c%02" PRId64 "%c",
		    seconds / scales[i].major, scales[i].units[0],
		    seconds % scales[i].major / scales[i].minor,
		    scales[i].units[1]);
		return buf;
	}
	snprintf(
	    buf, STATUS_AGE_STRLEN, "%" PRId64 "s", seconds > 0 ? seconds : 0);
	return buf;
}

const char *
status_time(int64_t epoch, char buf[STATUS_TIME_STRLEN])
{
	time_t when = epoch;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(buf, STATUS_TIME_STRLEN, "%Y-%m-%d %H:%M:%S UTC", &tm) ==
		0)
		snprintf(buf, STATUS_TIME_STRLEN, "%" PRId64, epoch);
	return buf;
}
