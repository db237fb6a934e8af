/* SPDX-License-Identifier: ISC */

/*
 * Health checks: which keys each type of them has, and what they become.
 */

#include <string.h>

#include "core/conf_parts.h"

static const struct conf_range ok_status[] = {{200, 200}};

const struct conf_scope conf_scope_defaults = {
    .check =
	{
	    .path = "/",
	    .method = "GET",
	    .expect = ok_status,
	    .expect_count = 1,
	    .body_within = 64 * 1024,
	    .interval = {2000, NULL},
	    .rise = 2,
	    .fall = 3,
	},
    .need = {{1, false}, NULL},
    .priority = ALERT_HIGH,
    .max_out = 50,
    .scheduler = SCHEDULER_MAGLEV,
};

static const struct conf_limits port_limits = {1, 65535};
static const struct conf_limits answer_limits = {1, 255};

#define OF(type)       (1U << (type))
#define OF_HTTP	       (OF(CHECK_HTTP) | OF(CHECK_HTTPS))
#define OF_TLS	       (OF(CHECK_TCP) | OF(CHECK_HTTPS))
#define OF_BYTES       (OF(CHECK_TCP) | OF(CHECK_UDP))
#define OF_PORT	       (OF_ANY & ~OF(CHECK_ICMP))
#define OF_ANY	       (OF(CHECK_NONE) - 1)
#define MEMBER(member) offsetof(struct conf_check_draft, member)

static const struct conf_key timing_keys[] = {
    CONF_TIMING_KEYS(MEMBER(scope)), {NULL, NULL, 0, NULL}};
static const struct conf_key http_keys[] = {
    CONF_HTTP_KEYS(MEMBER(scope)), {NULL, NULL, 0, NULL}};
static const struct conf_key tls_keys[] = {
    CONF_TLS_KEYS(MEMBER(scope)), {NULL, NULL, 0, NULL}};
static const struct conf_key port_keys[] = {
    {"port", conf_read_unsigned, MEMBER(port), &port_limits},
    {NULL, NULL, 0, NULL}};
static const struct conf_key tcp_keys[] = {
    {"tls", conf_read_bool, MEMBER(tls), NULL}, {NULL, NULL, 0, NULL}};
static const struct conf_key bytes_keys[] = {
    {"send", conf_read_bytes, MEMBER(send), NULL},
    {"expect", conf_read_bytes, MEMBER(receive), NULL}, {NULL, NULL, 0, NULL}};
static const struct conf_key agent_keys[] = {
    {"send", conf_read_bytes, MEMBER(send), NULL}, {NULL, NULL, 0, NULL}};
static const struct conf_key dns_keys[] = {
    {"name", conf_read_dns_name, MEMBER(dns.name), NULL},
    {"query", conf_read_dns_type, MEMBER(dns.type), NULL},
    {"transport", conf_read_word, MEMBER(dns.transport), conf_transport_names},
    {"rcode", conf_read_dns_rcode, MEMBER(dns.rcode), NULL},
    {"answer", conf_read_text, MEMBER(dns.answer), &answer_limits},
    {NULL, NULL, 0, NULL}};
static const struct conf_key exec_keys[] = {
    {"command", conf_read_command, 0, NULL},
    {"user", conf_read_user, MEMBER(user), NULL}, {NULL, NULL, 0, NULL}};

static const struct {
	unsigned types; /* that have these keys */
	const struct conf_key *keys;
} groups[] = {
    {OF_PORT, port_keys},
    {OF_ANY, timing_keys},
    {OF_HTTP, http_keys},
    {OF(CHECK_TCP), tcp_keys},
    {OF_TLS, tls_keys},
    {OF_BYTES, bytes_keys},
    {OF(CHECK_AGENT), agent_keys},
    {OF(CHECK_DNS), dns_keys},
    {OF(CHECK_EXEC), exec_keys},
};

#define GROUPS	 (sizeof(groups) / sizeof(groups[0]))
#define KEYS_MAX 64

static void
read_foreign(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)json;
	(void)member;
	conf_error_key(
	    r, "does not apply to a check of type %s", (const char *)key->arg);
}

static bool
has_key(const struct conf_key *table, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	return false;
}

/* The keys of a type, and those of others that it must not have. */
static void
make_table(enum check_type type, struct conf_key table[KEYS_MAX])
{
	const struct conf_key *key;
	size_t i, count = 0;

	table[count++] = (struct conf_key){"type", conf_read_nothing, 0, NULL};
	for (i = 0; i < GROUPS; i++)
		if (groups[i].types & OF(type))
			for (key = groups[i].keys; key->name != NULL; key++)
				table[count++] = *key;
	for (i = 0; i < GROUPS; i++)
		for (key = groups[i].keys; key->name != NULL; key++)
			if (!has_key(table, count, key->name))
				table[count++] =
				    (struct conf_key){key->name, read_foreign,
					0, conf_check_type_names[type]};
	table[count] = (struct conf_key){NULL, NULL, 0, NULL};
}

static void
require(struct conf_reader *r, json_t *json, const char *key)
{
	if (json_object_get(json, key) == NULL)
		conf_error_missing(r, key);
}

/* A check's own keys for TLS, without TLS. */
static void
check_plain_tcp(struct conf_reader *r, json_t *json)
{
	const struct conf_key *key;
	size_t mark;

	for (key = tls_keys; key->name != NULL; key++) {
		if (json_object_get(json, key->name) == NULL)
			continue;
		mark = conf_enter(r, key->name);
		conf_error_key(r, "needs \"tls\": true");
		conf_leave(r, mark);
	}
}

/* What can't be seen from a single key. */
static void
check_whole(
    struct conf_reader *r, json_t *json, const struct conf_check_draft *check)
{
	conf_check_times(r, &check->scope);
	if (check->type == CHECK_UDP)
		require(r, json, "send");
	if (check->type == CHECK_EXEC)
		require(r, json, "command");
	if (check->type == CHECK_AGENT)
		require(r, json, "port");
	if (check->type == CHECK_TCP && !check->tls)
		check_plain_tcp(r, json);
	if (check->type == CHECK_HTTP || check->type == CHECK_HTTPS)
		conf_check_body(r, &check->scope);
	if (check->type == CHECK_HTTPS || check->tls)
		conf_check_tls(r, &check->scope);
}

static bool
read_type(struct conf_reader *r, json_t *json, unsigned *type)
{
	static const struct conf_key type_key = {
	    "type", NULL, 0, conf_check_type_names};
	json_t *name;
	size_t mark;

	*type = UINT32_MAX;
	if ((name = json_object_get(json, "type")) == NULL) {
		conf_error_missing(r, "type");
	} else {
		mark = conf_enter(r, "type");
		conf_read_word(r, name, type, &type_key);
		conf_leave(r, mark);
	}
	return *type != UINT32_MAX;
}

/* True if there is a check to be made of it. */
static bool
read_check(struct conf_reader *r, json_t *json, bool only,
    struct conf_check_draft *check)
{
	struct conf_key table[KEYS_MAX];
	unsigned type;

	if (!conf_expect(r, json, JSON_OBJECT, "an object") ||
	    !read_type(r, json, &type))
		return false;
	check->type = type;
	make_table(type, table);
	conf_read_object(r, json, table, check);
	if (type == CHECK_NONE && !only)
		conf_error(r, "a check of type none must be the only one");
	if (type == CHECK_NONE)
		return false;
	check_whole(r, json, check);
	return true;
}

struct conf_check_draft
conf_check_usual(
    enum check_type type, const struct conf_check_scope *scope, uint16_t port)
{
	struct conf_check_draft usual = {
	    .type = type,
	    .scope = *scope,
	    .port = port,
	    .user = "nobody",
	};

	usual.dns.transport = CONF_TRANSPORT_SERVICE;
	usual.dns.name = ".";
	usual.dns.type = 2; /* NS */
	return usual;
}

struct conf_check_draft *
conf_read_checks(struct conf_reader *r, json_t *json,
    const struct conf_check_scope *scope, uint16_t service_port, size_t *count)
{
	struct conf_check_draft *checks;
	json_t *item;
	size_t i, mark;

	*count = 0;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return NULL;
	checks = conf_alloc(r, json_array_size(json), sizeof(*checks));
	json_array_foreach(json, i, item) {
		checks[*count] =
		    conf_check_usual(CHECK_NONE, scope, service_port);
		mark = conf_enter_index(r, i);
		*count += read_check(
		    r, item, json_array_size(json) == 1, &checks[*count]);
		conf_leave(r, mark);
	}
	return checks;
}
