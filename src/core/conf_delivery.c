/* SPDX-License-Identifier: ISC */

/*
 * "delivery": how packets get to servers, as it is written.
 */

#include "core/conf_parts.h"

#define FOU_PORT 5555
#define GUE_PORT 6080 /* IANA: gue */

/* Sets of kinds. */
#define KIND(kind) (1U << (kind))
#define UDP_KINDS  (KIND(DELIVERY_FOU) | KIND(DELIVERY_GUE))
#define BARE_KINDS (KIND(DELIVERY_IPIP) | KIND(DELIVERY_GRE))
#define ALL_KINDS  (KIND(DELIVERY_KINDS) - 1)

struct delivery_draft {
	unsigned port, code_point;
	bool checksum;
	struct prefix source;
};

static const struct conf_limits port_limits = {1, 65535};
static const struct conf_limits code_point_limits = {1, 63};

static bool
is_unicast(const struct prefix *prefix)
{
	struct addr last;

	prefix_last(prefix, &last);
	return addr_is_unicast(&prefix->address) && addr_is_unicast(&last);
}

static void
read_source(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = conf_string(r, json);
	struct prefix prefix;

	(void)key;
	if (text == NULL || !conf_prefix(r, text, &prefix))
		return;
	if (is_unicast(&prefix))
		*(struct prefix *)member = prefix;
	else
		conf_error(r, "%s is not a block of unicast addresses", text);
}

static void
read_foreign(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)json;
	(void)member;
	conf_error_key(
	    r, "does not apply to delivery of type %s", (const char *)key->arg);
}

static const struct {
	struct conf_key key;
	unsigned kinds; /* that have it */
} rows[] = {
    {{"type", conf_read_nothing, 0, NULL}, ALL_KINDS},
    {{"port", conf_read_unsigned, offsetof(struct delivery_draft, port),
	 &port_limits},
	UDP_KINDS},
    {{"checksum", conf_read_bool, offsetof(struct delivery_draft, checksum),
	 NULL},
	UDP_KINDS},
    {{"source", read_source, offsetof(struct delivery_draft, source), NULL},
	BARE_KINDS},
    {{"code_point", conf_read_unsigned,
	 offsetof(struct delivery_draft, code_point), &code_point_limits},
	KIND(DELIVERY_DSCP)},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The kind that a string names, or DELIVERY_KINDS after an error. */
static enum delivery_kind
read_kind(struct conf_reader *r, json_t *json)
{
	const char *words[DELIVERY_KINDS + 1] = {NULL};
	const struct conf_key key = {"type", NULL, 0, words};
	unsigned kind;

	for (kind = 0; kind < DELIVERY_KINDS; kind++)
		words[kind] = delivery_kind_name((enum delivery_kind)kind);
	conf_read_word(r, json, &kind, &key);
	return (enum delivery_kind)kind;
}

static enum delivery_kind
read_type(struct conf_reader *r, json_t *json)
{
	json_t *type = json_object_get(json, "type");
	enum delivery_kind kind = DELIVERY_KINDS;
	size_t mark;

	if (type == NULL) {
		conf_error_missing(r, "type");
	} else {
		mark = conf_enter(r, "type");
		kind = read_kind(r, type);
		conf_leave(r, mark);
	}
	return kind;
}

/* A kind that isn't known may have every key. */
static void
read_keys(struct conf_reader *r, json_t *json, enum delivery_kind kind,
    struct delivery_draft *draft)
{
	struct conf_key keys[ROWS + 1] = {{NULL, NULL, 0, NULL}};
	size_t i;

	for (i = 0; i < ROWS; i++) {
		keys[i] = rows[i].key;
		if (kind == DELIVERY_KINDS || rows[i].kinds & KIND(kind))
			continue;
		keys[i].read = read_foreign;
		keys[i].arg = delivery_kind_name(kind);
	}
	(void)conf_read_object(r, json, keys, draft);
	if (kind == DELIVERY_DSCP &&
	    json_object_get(json, "code_point") == NULL)
		conf_error_missing(r, "code_point");
}

static void
make_delivery(enum delivery_kind kind, const struct delivery_draft *draft,
    struct delivery *out)
{
	bool udp = (KIND(kind) & UDP_KINDS) != 0;
	unsigned usual = kind == DELIVERY_FOU ? FOU_PORT : GUE_PORT;

	*out = (struct delivery){.kind = kind,
	    .checksum = udp && draft->checksum,
	    .code_point = (uint8_t)draft->code_point,
	    .source = draft->source};
	if (udp)
		out->port = (uint16_t)(draft->port > 0 ? draft->port : usual);
}

void
conf_read_delivery(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_sourced_delivery *out = member;
	struct delivery_draft draft = {.checksum = true};
	enum delivery_kind kind = DELIVERY_LAYER2;
	size_t before = r->problem_count;

	(void)key;
	if (json_is_string(json)) {
		kind = read_kind(r, json);
		if (kind == DELIVERY_DSCP)
			conf_error(r,
			    "dscp needs a code point: "
			    "{\"type\": \"dscp\", \"code_point\": 10}");
	} else if (json_is_object(json)) {
		kind = read_type(r, json);
		read_keys(r, json, kind, &draft);
	} else {
		conf_error_type(r, json, "a type or an object");
	}
	*out = (struct conf_sourced_delivery){
	    .where = conf_where(r), .bad = r->problem_count > before};
	if (!out->bad)
		make_delivery(kind, &draft, &out->value);
}
