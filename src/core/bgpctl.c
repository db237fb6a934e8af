/* SPDX-License-Identifier: ISC */

/*
 * The language of bgpctl(8), as found by trying with version 7.7:
 *
 * - "network bulk [attributes] add" and "network bulk delete" read prefixes
 *   from standard input.  They exit with 0 when the requests were sent, not
 *   when they were obeyed: a restricted socket swallows them in silence.
 *   Adding what is there changes its attributes; adding it with the same ones
 *   sends no UPDATE.  Deleting also removes a network of bgpd.conf.
 * - "network show" has an origin of "static" for a network of bgpd.conf and
 *   of "unknown" for one of bgpctl's, and no attributes.  With nothing to
 *   show it prints {}.
 * - "show rib detail neighbor LOCAL" is the part of the RIB that bgpd
 *   originates.  Its metric is 0 without a MED too.  A bgpd that has no
 *   neighbours at all says "no such neighbor".
 * - Failure of a request is {"status": "FAILED", "error": "..."} with exit
 *   status 0; errors before that are on standard error with exit status 1.
 */

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "core/bgpctl.h"

#define MAX_ARGUMENTS 16 /* beside two for each community */
#define NO_NEIGHBOURS "no such neighbor"

static const struct {
	const char *name;     /* for messages */
	const char *words[6]; /* of the command line, attributes left out */
	bool json;
} commands[] = {
    [BGPCTL_NETWORKS] = {"network show", {"network", "show"}, true},
    [BGPCTL_ROUTES] = {"show rib",
	{"show", "rib", "detail", "neighbor", "LOCAL"}, true},
    [BGPCTL_NEIGHBOURS] = {"show neighbor", {"show", "neighbor"}, true},
    [BGPCTL_ADD] = {"network bulk add", {"network", "bulk"}, false},
    [BGPCTL_DELETE] = {"network bulk delete", {"network", "bulk", "delete"},
	false},
};

const char *
bgpctl_command_name(enum bgpctl_command command)
{
	return commands[command].name;
}

static bool
is_large(const char *community)
{
	const char *colon = strchr(community, ':');

	return colon != NULL && strchr(colon + 1, ':') != NULL;
}

/* Append a keyword and its number, unless that is less than the least. */
static size_t
add_number(char **argv, size_t n, const char *word, int64_t value, int64_t min)
{
	if (value < min)
		return n;
	argv[n++] = xstrdup(word);
	argv[n++] = xasprintf("%lld", (long long)value);
	return n;
}

/* Attributes come between "bulk" and "add": anywhere else is an error. */
static size_t
add_attributes(char **argv, size_t n, const struct conf_bgp_attributes *bgp)
{
	size_t i;

	for (i = 0; i < bgp->community_count; i++) {
		argv[n++] =
		    xstrdup(is_large(bgp->communities[i]) ? "large-community"
							  : "community");
		argv[n++] = xstrdup(bgp->communities[i]);
	}
	n = add_number(argv, n, "med", bgp->med, 0);
	n = add_number(argv, n, "localpref", bgp->local_pref, 0);
	return add_number(argv, n, "prepend-self", bgp->prepend, 1);
}

char **
bgpctl_argv(const char *program, const char *socket,
    enum bgpctl_command command, const struct conf_bgp_attributes *bgp)
{
	size_t n = 0, communities = bgp != NULL ? bgp->community_count : 0;
	char **argv = xcalloc(MAX_ARGUMENTS + 2 * communities, sizeof(*argv));
	const char *const *word;

	argv[n++] = xstrdup(program);
	argv[n++] = xstrdup("-s");
	argv[n++] = xstrdup(socket);
	if (commands[command].json)
		argv[n++] = xstrdup("-j");
	for (word = commands[command].words; *word != NULL; word++)
		argv[n++] = xstrdup(*word);
	if (command == BGPCTL_ADD) {
		if (bgp != NULL)
			n = add_attributes(argv, n, bgp);
		argv[n] = xstrdup("add");
	}
	return argv;
}

void
bgpctl_argv_free(char **argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

char *
bgpctl_input(const struct addr *list, size_t count)
{
	const size_t line = ADDR_STRLEN + sizeof("/128\n");
	size_t i, used = 0;
	char buf[ADDR_STRLEN], *text = xcalloc(count + 1, line);

	for (i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, line, "%s/%u\n",
		    addr_format(&list[i], buf), addr_bits(&list[i]));
	return text;
}

/*
 * The array that a command printed under a key, borrowed from *root, or NULL:
 * without an error when there is just nothing to show.
 */
static json_t *
load_array(const char *text, size_t len, const char *key, json_t **root,
    char error[BGPCTL_ERROR_LEN])
{
	json_error_t e;
	json_t *array;
	const char *status = NULL, *why = "no reason given";

	error[0] = '\0';
	*root = json_loadb(text, len, 0, &e);
	if (*root == NULL) {
		snprintf(error, BGPCTL_ERROR_LEN, "not JSON, line %d: %.99s",
		    e.line, e.text);
		return NULL;
	}
	json_unpack(*root, "{s?s, s?s}", "status", &status, "error", &why);
	if (status != NULL && strcmp(status, "FAILED") == 0) {
		snprintf(error, BGPCTL_ERROR_LEN, "%s", why);
		return NULL;
	}
	array = json_object_get(*root, key);
	if (json_is_array(array) ||
	    (json_is_object(*root) && json_object_size(*root) == 0))
		return array;
	snprintf(error, BGPCTL_ERROR_LEN, "it has no list \"%s\"", key);
	return NULL;
}

static const char *
get_string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static int64_t
get_number(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* "192.0.2.1/32"; -1 if it is another kind of prefix. */
static int
parse_host(const char *prefix, struct addr *out)
{
	const char *slash = strchr(prefix, '/');
	char address[ADDR_STRLEN], bits[8];

	if (slash == NULL || (size_t)(slash - prefix) >= sizeof(address))
		return -1;
	memcpy(address, prefix, (size_t)(slash - prefix));
	address[slash - prefix] = '\0';
	if (addr_parse(address, out) == -1)
		return -1;
	snprintf(bits, sizeof(bits), "%u", addr_bits(out));
	return strcmp(slash + 1, bits) == 0 ? 0 : -1;
}

int
bgpctl_parse_networks(const char *text, size_t len,
    struct bgpctl_network **list, size_t *count, char error[BGPCTL_ERROR_LEN])
{
	json_t *root, *entry;
	json_t *array = load_array(text, len, "fib", &root, error);
	struct bgpctl_network *network;
	const char *origin;
	size_t i;

	*list = xcalloc(json_array_size(array) + 1, sizeof(**list));
	*count = 0;
	json_array_foreach(array, i, entry) {
		network = &(*list)[*count];
		if (parse_host(
			get_string(entry, "prefix"), &network->address) == -1)
			continue;
		origin = get_string(entry, "origin");
		network->configured = strcmp(origin, "static") == 0 ||
		    strcmp(origin, "connected") == 0;
		(*count)++;
	}
	json_decref(root);
	return error[0] == '\0' ? 0 : -1;
}

/* Add an array of strings to the communities. */
static void
take_communities(struct conf_bgp_attributes *bgp, const json_t *array)
{
	const json_t *entry;
	size_t i;

	if (json_array_size(array) == 0)
		return;
	bgp->communities = xreallocarray(bgp->communities,
	    bgp->community_count + json_array_size(array),
	    sizeof(*bgp->communities));
	json_array_foreach(array, i, entry)
		if (json_is_string(entry))
			bgp->communities[bgp->community_count++] =
			    xstrdup(json_string_value(entry));
}

/*
 * How often our AS is in the path of what originates here.  A bgpd that has
 * just been started and has not read its AS yet has prepended 0, which routers
 * refuse (RFC 7607): that is not what anybody wants.
 */
static unsigned
count_prepended(const char *path)
{
	unsigned count = 0;
	size_t len;

	for (path += strspn(path, " "); *path != '\0';
	     path += len, path += strspn(path, " ")) {
		len = strcspn(path, " ");
		if (len == 1 && *path == '0')
			return UINT_MAX;
		count++;
	}
	return count;
}

int
bgpctl_parse_routes(const char *text, size_t len, struct bgpctl_route **list,
    size_t *count, char error[BGPCTL_ERROR_LEN])
{
	json_t *root, *entry;
	json_t *array = load_array(text, len, "rib", &root, error);
	struct conf_bgp_attributes *bgp;
	size_t i;

	*count = 0;
	*list = NULL;
	if (strcmp(error, NO_NEIGHBOURS) == 0) {
		json_decref(root);
		return 0;
	}
	*list = xcalloc(json_array_size(array) + 1, sizeof(**list));
	json_array_foreach(array, i, entry) {
		if (parse_host(get_string(entry, "prefix"),
			&(*list)[*count].address) == -1)
			continue;
		bgp = &(*list)[(*count)++].attributes;
		take_communities(bgp, json_object_get(entry, "communities"));
		take_communities(
		    bgp, json_object_get(entry, "large_communities"));
		bgp->med = get_number(entry, "metric", 0);
		bgp->local_pref =
		    get_number(entry, "localpref", BGPCTL_LOCAL_PREF);
		bgp->prepend = count_prepended(get_string(entry, "aspath"));
	}
	json_decref(root);
	return error[0] == '\0' ? 0 : -1;
}

static uint64_t
get_counter(const json_t *object, const char *key)
{
	int64_t value = get_number(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

/* Whatever bgpd knows of the end of a session, the most telling first. */
static char *
neighbour_error(const json_t *entry)
{
	static const struct {
		const char *key, *words;
	} errors[] = {
	    {"my_shutdown_reason", "shut down here"},
	    {"last_shutdown_reason", "shut down by the neighbour"},
	    {"last_error_received", "received"},
	    {"last_error_sent", "sent"},
	};
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		text = get_string(entry, errors[i].key);
		if (*text != '\0')
			return xasprintf("%s: %.200s", errors[i].words, text);
	}
	return xstrdup("");
}

/* That of the session, or else what is offered for one. */
static unsigned
neighbour_hold_time(const json_t *entry)
{
	const json_t *session = json_object_get(entry, "session");
	int64_t time;

	if (session == NULL)
		session = json_object_get(entry, "config");
	time = get_number(session, "holdtime", 0);
	return time > 0 && time <= UINT16_MAX ? (unsigned)time : 0;
}

int
bgpctl_parse_neighbours(const char *text, size_t len,
    struct bgp_neighbour **list, size_t *count, char error[BGPCTL_ERROR_LEN])
{
	json_t *root, *entry;
	json_t *array = load_array(text, len, "neighbors", &root, error);
	const json_t *prefixes;
	struct bgp_neighbour *peer;
	size_t i;

	if (strcmp(error, NO_NEIGHBOURS) == 0)
		error[0] = '\0';
	*list = xcalloc(json_array_size(array) + 1, sizeof(**list));
	*count = json_array_size(array);
	json_array_foreach(array, i, entry) {
		peer = &(*list)[i];
		prefixes = json_object_get(
		    json_object_get(entry, "stats"), "prefixes");
		peer->address = xstrdup(get_string(entry, "remote_addr"));
		peer->description = xstrdup(get_string(entry, "description"));
		peer->as =
		    (uint32_t)strtoul(get_string(entry, "remote_as"), NULL, 10);
		peer->state = xstrdup(get_string(entry, "state"));
		peer->error = neighbour_error(entry);
		peer->hold_time = neighbour_hold_time(entry);
		/* -1 if it never was up */
		peer->uptime = get_counter(entry, "last_updown_sec");
		peer->received = get_counter(prefixes, "received");
		peer->announced = get_counter(prefixes, "sent");
	}
	json_decref(root);
	return error[0] == '\0' ? 0 : -1;
}

void
bgpctl_routes_free(struct bgpctl_route *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		bgpctl_attributes_clear(&list[i].attributes);
	free(list);
}

void
bgpctl_neighbours_free(struct bgp_neighbour *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(list[i].address);
		free(list[i].description);
		free(list[i].error);
		free(list[i].state);
	}
	free(list);
}
