/* SPDX-License-Identifier: ISC */

/*
 * What checks ask name servers for.
 */

#include <string.h>
#include <strings.h>

#include "core/conf_check.h"

#define NAME_MAX_LENGTH	 254 /* with the last dot; RFC 1035, section 2.3.4 */
#define LABEL_MAX_LENGTH 63

static const struct conf_limits type_limits = {1, 65535};
static const struct conf_limits rcode_limits = {0, 15};

const char *const conf_transport_names[] = {
    [CONF_TRANSPORT_UDP] = "udp", [CONF_TRANSPORT_TCP] = "tcp", NULL};

struct number {
	const char *name;
	int value;
};

/* IANA: Resource Record (RR) TYPEs; those that are asked for. */
static const struct number types[] = {
    {"A", 1},
    {"NS", 2},
    {"CNAME", 5},
    {"SOA", 6},
    {"PTR", 12},
    {"MX", 15},
    {"TXT", 16},
    {"AAAA", 28},
    {"SRV", 33},
    {"NAPTR", 35},
    {"DS", 43},
    {"DNSKEY", 48},
    {"SVCB", 64},
    {"HTTPS", 65},
    {"CAA", 257},
    {NULL, 0},
};

static const struct number rcodes[] = {
    {"any", -1},
    {"NOERROR", 0},
    {"FORMERR", 1},
    {"SERVFAIL", 2},
    {"NXDOMAIN", 3},
    {"NOTIMP", 4},
    {"REFUSED", 5},
    {NULL, 0},
};

/* An integer, or one of the names, in either case. */
static bool
read_number(struct conf_reader *r, json_t *json, const struct number *names,
    const struct conf_limits *limits, int *out)
{
	const char *name = json_string_value(json);
	int64_t value;

	if (name == NULL && !json_is_integer(json)) {
		conf_error_type(r, json, "a name or an integer");
		return false;
	}
	if (name == NULL) {
		if (!conf_integer(r, json, limits, &value))
			return false;
		*out = (int)value;
		return true;
	}
	for (; names->name != NULL; names++) {
		if (strcasecmp(names->name, name) == 0) {
			*out = names->value;
			return true;
		}
	}
	return false;
}

static bool
name_valid(const char *name)
{
	size_t label;

	if (strcmp(name, ".") == 0)
		return true;
	while (*name != '\0') {
		label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX_LENGTH)
			return false;
		name += label;
		name += *name == '.';
	}
	return true;
}

void
conf_read_dns_name(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_graphic(r, json, NAME_MAX_LENGTH);
	size_t length;

	(void)key;
	if (name == NULL)
		return;
	length = strlen(name);
	if (!name_valid(name) || strchr(name, '\\') != NULL ||
	    length - (name[length - 1] == '.') >= NAME_MAX_LENGTH)
		conf_error(r, "%s is not a domain name", conf_quote(r, name));
	else
		*(const char **)member = name;
}

void
conf_read_dns_type(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int type = -1;

	(void)key;
	if (read_number(r, json, types, &type_limits, &type))
		*(unsigned *)member = (unsigned)type;
	else if (json_is_string(json))
		conf_error(r,
		    "%s is not a known type, such as A, AAAA, NS, SOA or TXT; "
		    "others can be given by number",
		    conf_quote(r, json_string_value(json)));
}

void
conf_read_dns_rcode(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)key;
	if (!read_number(r, json, rcodes, &rcode_limits, member) &&
	    json_is_string(json))
		conf_error(r,
		    "%s is not \"any\" or one of: NOERROR, FORMERR, SERVFAIL, "
		    "NXDOMAIN, NOTIMP, REFUSED",
		    conf_quote(r, json_string_value(json)));
}

void
conf_read_text(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_limits *limits = key->arg;
	const char *text = conf_string(r, json);
	size_t length;

	if (text == NULL)
		return;
	length = strlen(text);
	if (length < (size_t)limits->low || length > (size_t)limits->high)
		conf_error(r, "must have %lld to %lld bytes",
		    (long long)limits->low, (long long)limits->high);
	else
		*(const char **)member = text;
}
