/* SPDX-License-Identifier: ISC */

/*
 * The values of arguments: see argument.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/addr.h"
#include "core/endpoint.h"
#include "ctl/argument.h"

#define DURATION_DIGITS 9

long long
argument_duration(const char *text)
{
	static const struct {
		char letter;
		long long seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t digits = strspn(text, "0123456789"), i;

	if (digits == 0 || digits > DURATION_DIGITS)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text[digits] == units[i].letter &&
		    (text[digits] == '\0' || text[digits + 1] == '\0'))
			return strtoll(text, NULL, 10) * units[i].seconds;
	return -1;
}

static char *
check_number(const struct argument *argument, const char *value)
{
	const char *wrong;

	(void)strtonum(value, argument->low, argument->high, &wrong);
	if (wrong == NULL)
		return NULL;
	return xasprintf("%s: \"%s\" is not a number from %lld to %lld",
	    argument->word != NULL ? argument->word : argument->name, value,
	    argument->low, argument->high);
}

static char *
check_choice(const struct argument *argument, const char **value)
{
	const char *found = NULL;
	size_t i, matches = 0;

	for (i = 0; argument->choices[i] != NULL; i++) {
		if (strcmp(argument->choices[i], *value) == 0)
			return NULL;
		if (grammar_abbreviates(*value, argument->choices[i])) {
			found = argument->choices[i];
			matches++;
		}
	}
	if (matches != 1)
		return xasprintf(
		    "\"%s\" is none of %s", *value, argument->name);
	*value = found;
	return NULL;
}

static char *
check_address(const char *value)
{
	struct addr address;

	if (addr_parse(value, &address) == 0)
		return NULL;
	return xasprintf("\"%s\" is not an IP address", value);
}

static char *
check_prefix(const char *value)
{
	struct prefix prefix;
	struct addr address;

	if (addr_parse(value, &address) == 0 ||
	    prefix_parse_host(value, &prefix) == 0)
		return NULL;
	return xasprintf(
	    "\"%s\" is not an IP address or ADDRESS/LENGTH", value);
}

static char *
check_endpoint(const char *value)
{
	struct addr address;
	uint16_t port;

	if (endpoint_parse(value, &address, &port) == 0)
		return NULL;
	return xasprintf("\"%s\" is not ADDRESS:PORT or [IPV6]:PORT", value);
}

static char *
check_duration(const char *value)
{
	if (argument_duration(value) > 0)
		return NULL;
	return xasprintf(
	    "\"%s\" is not a time such as 90s, 10m, 12h or 7d", value);
}

char *
argument_check(const struct argument *argument, const char **value)
{
	if (**value == '\0')
		return xasprintf("an empty %s", argument->name);
	switch (argument->kind) {
	case ARGUMENT_SERVER:
	case ARGUMENT_VIP:
		return check_address(*value);
	case ARGUMENT_PREFIX:
		return check_prefix(*value);
	case ARGUMENT_ENDPOINT:
		return check_endpoint(*value);
	case ARGUMENT_NUMBER:
		return check_number(argument, *value);
	case ARGUMENT_DURATION:
		return check_duration(*value);
	case ARGUMENT_CHOICE:
		return check_choice(argument, value);
	default:
		return NULL;
	}
}
