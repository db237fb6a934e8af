/* SPDX-License-Identifier: ISC */

/*
 * TLS of checks: whom to ask for, and what to make of certificates.
 */

#include <ctype.h>
#include <string.h>

#include "core/conf_check.h"

#define SNI_MAX	    253
#define CA_PATH_MAX 1023

const struct conf_limits conf_expiry_limits = {0, 3650};

/* RFC 6066, section 3: a name, and never an address. */
void
conf_read_sni(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_graphic(r, json, SNI_MAX), *c;
	struct addr address;

	(void)key;
	if (name == NULL)
		return;
	for (c = name; isalnum((unsigned char)*c) || strchr("-_.", *c); c++)
		if (*c == '\0')
			break;
	if (*c != '\0' || addr_parse(name, &address) == 0)
		conf_error(
		    r, "%s is not the name of a host", conf_quote(r, name));
	else
		*(const char **)member = name;
}

void
conf_read_verify(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_check_scope *scope = member;

	conf_read_bool(r, json, &scope->verify, key);
	scope->verify_given = true;
}

void
conf_read_ca(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_check_scope *scope = member;
	const char *path = conf_graphic(r, json, CA_PATH_MAX);

	(void)key;
	if (path == NULL)
		return;
	if (*path != '/') {
		conf_error(
		    r, "%s is not an absolute path", conf_quote(r, path));
		return;
	}
	scope->ca = path;
	scope->ca_where = conf_where(r);
}

/* Who names a CA expects that it is asked. */
void
conf_check_tls(struct conf_reader *r, const struct conf_check_scope *scope)
{
	if (scope->ca != NULL && !scope->verify_given)
		conf_error_once(r, scope->ca_where, NULL,
		    "has no effect without \"verify\": true");
}
