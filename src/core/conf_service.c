/* SPDX-License-Identifier: ISC */

/*
 * The entries of "services" and their policies, as they are written.
 */

#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define DESCRIPTION_MAX 1000

static void
read_name(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_string(r, json);

	(void)key;
	if (name == NULL)
		return;
	if (conf_name_valid(name))
		*(const char **)member = name;
	else
		conf_error(r,
		    "%s is not a name: 1 to 63 of the characters "
		    "A-Z a-z 0-9 _ . -",
		    conf_quote(r, name));
}

static void
read_description(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = conf_string(r, json), *c;

	(void)key;
	if (text == NULL)
		return;
	for (c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			conf_error(r, "must not contain control characters");
			return;
		}
	}
	if (c - text > DESCRIPTION_MAX)
		conf_error(r, "is longer than %d bytes", DESCRIPTION_MAX);
	else
		*(const char **)member = text;
}

static void
read_virtual(struct conf_reader *r, json_t *json, struct conf_entry *entry)
{
	struct conf_virtual *out = &entry->virtuals[entry->virtual_count];
	const char *text = conf_string(r, json);

	if (text == NULL || !conf_address(r, text, &out->address))
		return;
	out->where = conf_where(r);
	entry->virtual_count++;
}

static void
read_virtuals(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_entry *entry = member;
	size_t i, mark;
	json_t *item;

	(void)key;
	entry->virtuals =
	    conf_alloc(r, json_array_size(json), sizeof(*entry->virtuals));
	if (json_is_string(json)) {
		read_virtual(r, json, entry);
	} else if (!json_is_array(json)) {
		conf_error_type(r, json, "an address or an array of them");
	} else if (json_array_size(json) == 0) {
		conf_error(r, "must have at least one address");
	} else {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			read_virtual(r, item, entry);
			conf_leave(r, mark);
		}
	}
}

static void
read_entry_servers(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_entry *entry = member;

	(void)key;
	entry->servers = conf_read_servers(r, json, entry->draft);
}

static void
read_policy_servers(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_policy *policy = member;

	(void)key;
	policy->servers = conf_read_servers(r, json, policy->draft);
	policy->own_servers = true;
}

static void
read_policy_checks(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_policy *policy = member;

	(void)key;
	policy->checks = conf_read_checks(r, json, &policy->scope.check,
	    policy->port.port, &policy->check_count);
	policy->own_checks = true;
}

/* checks last: they inherit from the others. */
static const struct conf_key policy_keys[] = {
    {"servers", read_policy_servers, 0, NULL},
    CONF_SERVICE_KEYS(offsetof(struct conf_policy, scope)),
    CONF_TIMING_KEYS(offsetof(struct conf_policy, scope.check)),
    CONF_HTTP_KEYS(offsetof(struct conf_policy, scope.check)),
    CONF_TLS_KEYS(offsetof(struct conf_policy, scope.check)),
    {"checks", read_policy_checks, 0, NULL},
    {NULL, NULL, 0, NULL},
};

/* The check that nobody wrote, where there is one, has inherited keys. */
static void
check_usual(struct conf_reader *r, const struct conf_policy *policy)
{
	const struct conf_port *port = &policy->port;

	if (port->tcp || port->check == CHECK_DNS)
		conf_check_times(r, &policy->scope.check);
	if (port->tcp && port->check == CHECK_HTTPS)
		conf_check_tls(r, &policy->scope.check);
	if (port->tcp &&
	    (port->check == CHECK_HTTP || port->check == CHECK_HTTPS))
		conf_check_body(r, &policy->scope.check);
}

/* True if the key stands for a port; what is wrong inside is reported. */
static bool
read_policy(struct conf_reader *r, const char *name, json_t *json,
    struct conf_entry *entry, struct conf_policy *policy)
{
	bool named = conf_port_parse(r, name, &policy->port);

	policy->draft = entry->draft;
	policy->where = conf_where(r);
	policy->scope = entry->scope;
	/* "http:" with nothing after it, in YAML, is null in JSON */
	if (!json_is_null(json))
		(void)conf_read_object(r, json, policy_keys, policy);
	if (!policy->own_servers) {
		policy->servers = entry->servers;
		entry->lacks_servers = true;
	}
	conf_check_need(r, policy);
	if (!policy->own_checks)
		check_usual(r, policy);
	return named;
}

static void
read_policies(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_entry *entry = member;
	const char *name;
	json_t *value;
	size_t mark;

	(void)key;
	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return;
	if (json_object_size(json) == 0)
		conf_error(r, "must have at least one key, such as \"http\"");
	entry->policies =
	    conf_alloc(r, json_object_size(json), sizeof(*entry->policies));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		if (read_policy(r, name, value, entry,
			&entry->policies[entry->policy_count]))
			entry->policy_count++;
		conf_leave(r, mark);
	}
}

static const struct conf_key entry_bgp_keys[] = {
    CONF_BGP_KEYS(0),
    {NULL, NULL, 0, NULL},
};

static void
read_entry_bgp(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)key;
	(void)conf_read_object(r, json, entry_bgp_keys, member);
	conf_check_hold_down(r, member);
}

/* policy last: it inherits from the others. */
static const struct conf_key entry_keys[] = {
    {"name", read_name, offsetof(struct conf_entry, name), NULL},
    {"description", read_description, offsetof(struct conf_entry, description),
	NULL},
    {"virtual", read_virtuals, 0, NULL},
    {"servers", read_entry_servers, 0, NULL},
    {"bgp", read_entry_bgp, offsetof(struct conf_entry, bgp), NULL},
    CONF_SERVICE_KEYS(offsetof(struct conf_entry, scope)),
    CONF_TIMING_KEYS(offsetof(struct conf_entry, scope.check)),
    CONF_HTTP_KEYS(offsetof(struct conf_entry, scope.check)),
    CONF_TLS_KEYS(offsetof(struct conf_entry, scope.check)),
    {"policy", read_policies, 0, NULL},
    {NULL, NULL, 0, NULL},
};

static void
read_entry(struct conf_reader *r, json_t *json, struct conf_entry *entry)
{
	static const char *const required[] = {"name", "virtual", "policy"};
	size_t i;

	if (!conf_read_object(r, json, entry_keys, entry))
		return;
	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (json_object_get(json, required[i]) == NULL)
			conf_error_missing(r, required[i]);
	if (json_object_get(json, "servers") == NULL &&
	    (entry->lacks_servers || entry->policy_count == 0))
		conf_error_missing(r, "servers");
}

void
conf_read_services(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_draft *draft = member;
	struct conf_entry *entry;
	size_t i, mark;
	json_t *item;

	(void)key;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return;
	draft->entries =
	    conf_alloc(r, json_array_size(json), sizeof(*draft->entries));
	json_array_foreach(json, i, item) {
		entry = &draft->entries[draft->entry_count++];
		*entry = (struct conf_entry){.draft = draft,
		    .description = "",
		    .scope = draft->scope,
		    .bgp = draft->bgp};
		mark = conf_enter_index(r, i);
		read_entry(r, item, entry);
		conf_leave(r, mark);
	}
}
