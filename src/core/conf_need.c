/* SPDX-License-Identifier: ISC */

/*
 * How many of its servers a service needs: numbers and percentages.
 */

#include <stdlib.h>
#include <string.h>

#include "core/conf_parts.h"

static const struct conf_limits count_limits = {0, 65535};

unsigned
conf_share_of(const struct conf_share *share, size_t total)
{
	if (!share->percent)
		return share->value;
	return (unsigned)((total * share->value + 99) / 100);
}

/* "0%" to "100%". */
static bool
parse_percent(const char *text, unsigned *percent)
{
	size_t len = strspn(text, "0123456789");

	if (len < 1 || len > 3 || strcmp(text + len, "%") != 0)
		return false;
	*percent = (unsigned)strtoul(text, NULL, 10);
	return *percent <= 100;
}

/* False after saying what is wrong. */
static bool
read_share(struct conf_reader *r, json_t *json, struct conf_share *out)
{
	int64_t count;

	out->percent = json_is_string(json);
	if (out->percent) {
		if (parse_percent(json_string_value(json), &out->value))
			return true;
		conf_error(r, "%s is not a percentage, \"0%%\" to \"100%%\"",
		    conf_quote(r, json_string_value(json)));
		return false;
	}
	if (!json_is_integer(json)) {
		conf_error_type(r, json, "an integer or a percentage");
		return false;
	}
	if (!conf_integer(r, json, &count_limits, &count))
		return false;
	out->value = (unsigned)count;
	return true;
}

void
conf_read_share(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_share share;

	(void)key;
	if (read_share(r, json, &share))
		*(struct conf_share *)member = share;
}

void
conf_read_need(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_sourced_share *out = member;
	struct conf_share share;

	(void)key;
	if (read_share(r, json, &share))
		*out = (struct conf_sourced_share){share, conf_where(r)};
}

static void
check_count(struct conf_reader *r, const struct conf_sourced_share *share,
    const struct conf_policy *policy)
{
	const struct conf_share *need = &share->value;

	/* The default can't be more: no list is empty. */
	if (!need->percent && need->value > policy->servers->listed)
		conf_error_at(r, share->where, NULL,
		    "%u is more than the number of servers of %s, %zu",
		    need->value, policy->where, policy->servers->listed);
}

void
conf_check_need(struct conf_reader *r, const struct conf_policy *policy)
{
	const struct conf_scope *scope = &policy->scope;
	unsigned need, need_up;

	if (policy->servers == NULL)
		return;
	check_count(r, &scope->need, policy);
	if (scope->need_up.where == NULL)
		return;
	check_count(r, &scope->need_up, policy);
	need = conf_share_of(&scope->need.value, policy->servers->listed);
	need_up = conf_share_of(&scope->need_up.value, policy->servers->listed);
	if (need_up < need)
		conf_error_at(r, scope->need_up.where, scope->need.where,
		    "%u is less than what %s needs, %u", need_up, policy->where,
		    need);
}

void
conf_need_make(
    const struct conf_scope *scope, size_t servers, struct conf_service *out)
{
	out->need = conf_share_of(&scope->need.value, servers);
	out->need_up = scope->need_up.where == NULL
	    ? out->need
	    : conf_share_of(&scope->need_up.value, servers);
}
