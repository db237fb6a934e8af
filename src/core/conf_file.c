/* SPDX-License-Identifier: ISC */

/*
 * The keys of the top level.
 */

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define SOCKET_PATH_MAX 107 /* sun_path, less its NUL */
#define FILE_PATH_MAX	1023

static const struct conf_limits socket_limits = {1, SOCKET_PATH_MAX};
static const struct conf_limits path_limits = {1, FILE_PATH_MAX};
static const struct conf_limits stop_delay_limits = {0, 3600 * 1000};
static const struct conf_limits dead_man_limits = {0, 3600 * 1000};
static const struct conf_limits icmp_limits = {0, 65535};
const struct conf_limits conf_percent_limits = {0, 100};
/* The table's number is the rule's priority, which must precede main's. */
static const struct conf_limits table_limits = {1, 32765};

static const char *const unserved_words[] = {"drop", "pass", NULL};
static const char *const isolation_words[] = {"withdraw", "hold", NULL};

bool
conf_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t len = strspn(name, allowed);

	return len >= 1 && len <= 63 && name[len] == '\0';
}

void
conf_read_name(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_string(r, json);
	char **out = member;

	(void)key;
	if (name == NULL)
		return;
	if (!conf_name_valid(name)) {
		conf_error(r,
		    "%s is not a name: 1 to 63 of the characters "
		    "A-Z a-z 0-9 _ . -",
		    conf_quote(r, name));
		return;
	}
	free(*out);
	*out = xstrdup(name);
}

/* As the kernel's dev_valid_name(), less what nobody could type. */
const char *
conf_device(struct conf_reader *r, json_t *json, size_t max)
{
	const char *name = conf_string(r, json), *c;

	if (name == NULL)
		return NULL;
	for (c = name; *c > ' ' && *c <= '~' && *c != '/' && *c != ':'; c++)
		;
	if (*c == '\0' && c > name && (size_t)(c - name) <= max &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return name;
	conf_error(r, "%s is not a device name of 1 to %zu characters",
	    conf_quote(r, name), max);
	return NULL;
}

static void
read_interface(struct conf_reader *r, json_t *json, struct conf *conf)
{
	const char *name = conf_device(r, json, IFNAMSIZ - 1);
	size_t i;

	if (name == NULL)
		return;
	for (i = 0; i < conf->interface_count; i++) {
		if (strcmp(conf->interfaces[i], name) == 0) {
			conf_error(r, "%s is already in the list",
			    conf_quote(r, name));
			return;
		}
	}
	conf->interfaces[conf->interface_count++] = xstrdup(name);
}

#define INTERFACES_MAX 256

static void
read_interfaces(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;
	size_t i, mark, count = json_array_size(json);
	json_t *item;

	(void)key;
	if (json_is_array(json) && (count == 0 || count > INTERFACES_MAX)) {
		conf_error(r, "must have 1 to %d names", INTERFACES_MAX);
		return;
	}
	conf->interfaces = xcalloc(count + 1, sizeof(*conf->interfaces));
	if (json_is_string(json)) {
		read_interface(r, json, conf);
	} else if (json_is_array(json)) {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			read_interface(r, item, conf);
			conf_leave(r, mark);
		}
	} else {
		conf_error_type(r, json, "a name or an array of them");
	}
}

static void
read_probe_device(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = member;
	const char *name = conf_device(r, json, IFNAMSIZ - 2);

	(void)key;
	if (name == NULL)
		return;
	free(conf->probe.device);
	conf->probe.device = xstrdup(name);
}

static void
read_probe_mark(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = member;
	long long mark = json_integer_value(json);
	const char *text;

	(void)key;
	if (json_is_string(json)) {
		text = json_string_value(json);
		if (strncmp(text, "0x", 2) != 0 || strlen(text) > 10 ||
		    text[2] == '\0' ||
		    text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] !=
			'\0') {
			conf_error(r,
			    "%s is not a hexadecimal number such "
			    "as \"0x56430000\"",
			    conf_quote(r, text));
			return;
		}
		mark = strtoll(text, NULL, 16);
	} else if (!json_is_integer(json)) {
		conf_error_type(r, json, "an integer or a hexadecimal string");
		return;
	}
	if (mark < 0x10000 || mark > 0xffff0000LL || (mark & 0xffff) != 0)
		conf_error(r,
		    "%lld (0x%llx) is not in the range 0x10000 to "
		    "0xffff0000 with its low 16 bits zero",
		    mark, (unsigned long long)mark);
	else
		conf->probe.mark = (uint32_t)mark;
}

static void
read_probe_table(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = member;
	int64_t table;

	(void)key;
	if (!conf_integer(r, json, &table_limits, &table))
		return;
	if (table >= 253 && table <= 255)
		conf_error(r, "tables 253 to 255 are the system's own");
	else
		conf->probe.table = (uint32_t)table;
}

static void
read_probe(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"device", read_probe_device, 0, NULL},
	    {"mark", read_probe_mark, 0, NULL},
	    {"table", read_probe_table, 0, NULL},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	(void)conf_read_object(
	    r, json, keys, ((struct conf_draft *)member)->conf);
}

/* What "bgp" has at the top level. */
struct bgp_draft {
	bool enabled;
	char *socket, *program;
	struct conf_bgp_draft vips;
};

static void
read_bgp(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"enabled", conf_read_bool, offsetof(struct bgp_draft, enabled),
		NULL},
	    {"socket", conf_read_path, offsetof(struct bgp_draft, socket),
		&socket_limits},
	    {"bgpctl", conf_read_path, offsetof(struct bgp_draft, program),
		&path_limits},
	    CONF_BGP_KEYS(offsetof(struct bgp_draft, vips)),
	    {NULL, NULL, 0, NULL},
	};
	struct conf_draft *draft = member;
	struct conf *conf = draft->conf;
	struct bgp_draft bgp = {.enabled = true,
	    .socket = conf->bgp.socket,
	    .program = conf->bgp.program,
	    .vips = draft->bgp};

	(void)key;
	(void)conf_read_object(r, json, keys, &bgp);
	conf->bgp.enabled = bgp.enabled;
	conf->bgp.socket = bgp.socket;
	conf->bgp.program = bgp.program;
	conf_check_hold_down(r, &bgp.vips);
	draft->bgp = bgp.vips;
}

static void
read_xdp(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_word(r, json, &conf->xdp, key);
}

static void
read_unserved(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;
	unsigned word = 0;

	conf_read_word(r, json, &word, key);
	conf->unserved_pass = word == 1;
}

static void
read_icmp_limit(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_unsigned(r, json, &conf->icmp_limit, key);
}

static void
read_stop_delay(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_seconds(r, json, &conf->stop_delay, key);
}

/* What is off for a moment now and then is no reason to withdraw. */
#define DEAD_MAN_LEAST 1000 /* ms */

static void
read_dead_man(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;
	unsigned ms = conf->dead_man;

	conf_read_seconds(r, json, &ms, key);
	if (ms > 0 && ms < DEAD_MAN_LEAST)
		conf_error(r, "must be at least 1 second, or 0 to turn it off");
	else
		conf->dead_man = ms;
}

static void
read_control(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_path(r, json, &conf->control, key);
}

static void
read_state(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_path(r, json, &conf->state, key);
}

static void
read_isolation(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;
	unsigned word = conf->isolation_hold;

	conf_read_word(r, json, &word, key);
	conf->isolation_hold = word == 1;
}

static void
read_pin_directory(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf *conf = ((struct conf_draft *)member)->conf;

	conf_read_path(r, json, &conf->pin_directory, key);
}

/*
 * services last: they inherit from the others, and refer to servers, which
 * are in vlans.
 */
static const struct conf_key file_keys[] = {
    {"interfaces", read_interfaces, 0, NULL},
    {"xdp", read_xdp, 0, conf_xdp_mode_names},
    {"vlans", conf_read_vlans, 0, NULL},
    {"unserved", read_unserved, 0, unserved_words},
    {"icmp_limit", read_icmp_limit, 0, &icmp_limits},
    {"webserver", conf_read_webserver, 0, NULL},
    {"control", read_control, 0, &socket_limits},
    {"control_readonly", conf_read_control_readonly, 0, NULL},
    {"state", read_state, 0, &path_limits},
    {"isolation", read_isolation, 0, isolation_words},
    {"pin_directory", read_pin_directory, 0, &path_limits},
    {"stop_delay", read_stop_delay, 0, &stop_delay_limits},
    {"dead_man", read_dead_man, 0, &dead_man_limits},
    {"probe", read_probe, 0, NULL},
    {"limits", conf_read_limits, 0, NULL},
    {"logging", conf_read_logging, 0, NULL},
    {"prefixes", conf_read_prefixes, 0, NULL},
    {"block", conf_read_block, 0, NULL},
    {"sync", conf_read_sync, 0, NULL},
    {"communities", conf_read_named_communities, 0, NULL},
    {"bgp", read_bgp, 0, NULL},
    CONF_SERVICE_KEYS(offsetof(struct conf_draft, scope)),
    CONF_TIMING_KEYS(offsetof(struct conf_draft, scope.check)),
    CONF_HTTP_KEYS(offsetof(struct conf_draft, scope.check)),
    CONF_TLS_KEYS(offsetof(struct conf_draft, scope.check)),
    {"servers", conf_read_shared_servers, 0, NULL},
    {"services", conf_read_services, 0, NULL},
    {NULL, NULL, 0, NULL},
};

/* The probes' device is made by vc5d, and is not one to attach to. */
static void
check_interfaces(struct conf_reader *r, const struct conf *conf)
{
	const char *device = conf->probe.device, *name;
	size_t i, len = strlen(device);

	for (i = 0; i < conf->interface_count; i++) {
		name = conf->interfaces[i];
		if (strncmp(name, device, len) == 0 &&
		    (name[len] == '\0' || strcmp(name + len, "p") == 0))
			conf_error_at(r, "interfaces", NULL,
			    "\"%s\" is the device of the probes "
			    "(probe.device)",
			    name);
	}
}

void
conf_read_file(struct conf_reader *r, json_t *json, struct conf *conf)
{
	struct conf_draft draft = {.conf = conf,
	    .scope = conf_scope_defaults,
	    .bgp = conf_bgp_defaults};

	draft.bgp.attributes.draft = &draft;
	if (!conf_read_object(r, json, file_keys, &draft))
		return;
	if (json_object_get(json, "interfaces") == NULL)
		conf_error_missing(r, "interfaces");
	if (json_object_get(json, "services") == NULL)
		conf_error_missing(r, "services");
	check_interfaces(r, conf);
	conf_expand(r, &draft);
}
