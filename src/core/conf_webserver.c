/* SPDX-License-Identifier: ISC */

/*
 * Where, and to whom, the web console is served: "webserver".
 */

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define USERS_MAX 64
#define HASH_MAX  383 /* CRYPT_OUTPUT_SIZE, less its NUL */

static const struct conf_limits path_limits = {1, 1023};
static const struct conf_limits per_address_limits = {8, 64};

/* "ADDR:PORT", "[ADDR6]:PORT", ":PORT" */
static bool
parse_endpoint(struct conf_reader *r, const char *text, struct addr *address,
    uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *wrong;
	char *host;
	size_t len;

	if (colon == NULL)
		return false;
	*port = (uint16_t)strtonum(colon + 1, 1, 65535, &wrong);
	if (wrong != NULL || colon[1] < '1' || colon[1] > '9')
		return false;
	len = (size_t)(colon - text);
	if (len == 0)
		return addr_parse("0.0.0.0", address) == 0;
	host = conf_alloc(r, len + 1, 1);
	memcpy(host, text, len);
	if (*host != '[')
		return addr_parse(host, address) == 0 &&
		    address->family == AF_INET;
	if (host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return addr_parse(host + 1, address) == 0 &&
	    address->family == AF_INET6;
}

static void
read_listen(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_webserver *web = member;
	const char *text = conf_string(r, json);
	struct addr address;
	uint16_t port;

	(void)key;
	if (text == NULL)
		return;
	if (!parse_endpoint(r, text, &address, &port)) {
		conf_error(r, "%s is not ADDRESS:PORT, [IPV6]:PORT or :PORT",
		    conf_quote(r, text));
		return;
	}
	web->address = address;
	web->port = port;
}

/*
 * As crypt(3) writes them: "$", the method, and so on.  What is none could be
 * a password, and is not repeated.
 */
static const char *
read_hash(struct conf_reader *r, json_t *json)
{
	const char *hash = conf_string(r, json), *c;

	if (hash == NULL)
		return NULL;
	for (c = hash; *c > ' ' && *c <= '~' && *c != ':'; c++)
		;
	if (*c == '\0' && hash[0] == '$' && hash[1] != '\0' &&
	    strchr(hash + 1, '$') != NULL && strlen(hash) <= HASH_MAX)
		return hash;
	conf_error(r,
	    "is not a password's hash as of crypt(3), such as "
	    "\"openssl passwd -6\" prints");
	return NULL;
}

static void
read_users(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_webserver *web = member;
	size_t mark, count = json_object_size(json);
	const char *name, *hash;
	json_t *value;

	(void)key;
	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return;
	if (count == 0 || count > USERS_MAX) {
		conf_error(r, "must have 1 to %d names", USERS_MAX);
		return;
	}
	web->users = xcalloc(count, sizeof(*web->users));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		if (!conf_name_valid(name))
			conf_error_key(r,
			    "is not a name: 1 to 63 of the "
			    "characters A-Z a-z 0-9 _ . -");
		else if ((hash = read_hash(r, value)) != NULL)
			web->users[web->user_count++] = (struct conf_user){
			    .name = xstrdup(name), .hash = xstrdup(hash)};
		conf_leave(r, mark);
	}
}

bool
conf_webserver_open(const struct conf_webserver *web)
{
	return web->users == NULL && web->users_file == NULL &&
	    web->token_file == NULL;
}

/* What others can reach is not to be for everybody, nor in clear. */
static void
check_access(struct conf_reader *r, const struct conf_webserver *web)
{
	char address[ADDR_STRLEN];
	const char *what;

	if (web->insecure || addr_is_loopback(&web->address))
		return;
	if (conf_webserver_open(web) && web->certificate == NULL)
		what = "\"certificate\", and \"users\", \"users_file\" or "
		       "\"token_file\"";
	else if (conf_webserver_open(web))
		what = "\"users\", \"users_file\" or \"token_file\"";
	else if (web->certificate == NULL)
		what = "\"certificate\"";
	else
		return;
	conf_error(r,
	    "others can reach %s, so it needs %s; or \"insecure\": true, if "
	    "something else keeps them out",
	    addr_format(&web->address, address), what);
}

static void
read_object(struct conf_reader *r, json_t *json, struct conf_webserver *web)
{
	static const struct conf_key keys[] = {
	    {"listen", read_listen, 0, NULL},
	    {"certificate", conf_read_path,
		offsetof(struct conf_webserver, certificate), &path_limits},
	    {"key", conf_read_path, offsetof(struct conf_webserver, key),
		&path_limits},
	    {"users", read_users, 0, NULL},
	    {"users_file", conf_read_path,
		offsetof(struct conf_webserver, users_file), &path_limits},
	    {"token_file", conf_read_path,
		offsetof(struct conf_webserver, token_file), &path_limits},
	    {"per_address", conf_read_unsigned,
		offsetof(struct conf_webserver, per_address),
		&per_address_limits},
	    {"insecure", conf_read_bool,
		offsetof(struct conf_webserver, insecure), NULL},
	    {NULL, NULL, 0, NULL},
	};

	(void)conf_read_object(r, json, keys, web);
	if (json_object_get(json, "key") != NULL &&
	    json_object_get(json, "certificate") == NULL)
		conf_error_missing(r, "certificate");
}

void
conf_read_webserver(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_webserver *web =
	    &((struct conf_draft *)member)->conf->webserver;

	(void)key;
	if (json_is_boolean(json)) {
		web->enabled = json_is_true(json);
		return;
	}
	if (json_is_string(json))
		read_listen(r, json, web, NULL);
	else if (json_is_object(json))
		read_object(r, json, web);
	else
		conf_error_type(
		    r, json, "\"ADDRESS:PORT\", true, false or an object");
	check_access(r, web);
}

bool
conf_webserver_equal(
    const struct conf_webserver *a, const struct conf_webserver *b)
{
	return a->enabled == b->enabled && a->port == b->port &&
	    addr_compare(&a->address, &b->address) == 0;
}

void
conf_webserver_clear(struct conf_webserver *web)
{
	while (web->user_count > 0) {
		free(web->users[--web->user_count].name);
		free(web->users[web->user_count].hash);
	}
	free(web->users);
	free(web->certificate);
	free(web->key);
	free(web->users_file);
	free(web->token_file);
}
