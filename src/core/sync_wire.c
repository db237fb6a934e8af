/* SPDX-License-Identifier: ISC */

/*
 * Reading sync datagrams: see sync_wire.h.  A datagram is checked from its
 * first byte to its last before anybody sees a record of it, so that the
 * functions that hand records out have nothing left to check.
 */

#include <netinet/in.h>
#include <sys/socket.h>

#include <string.h>

#include "core/sync_bytes.h"
#include "core/sync_wire.h"

/* Flags that each type may have; no such type, no entry. */
static const struct {
	bool known;
	uint16_t flags;
	const char *name;
} types[] = {
    [SYNC_HELLO] = {true, SYNC_HELLO_LEARNING | SYNC_HELLO_LEAVING, "hello"},
    [SYNC_FLOWS] = {true, 0, "flows"},
    [SYNC_VIEW] = {true, 0, "view"},
    [SYNC_REQUEST] = {true, 0, "request"},
    [SYNC_BULK] = {true, SYNC_BULK_LAST, "bulk"},
    [SYNC_REFUSAL] = {true, 0, "refusal"},
};

static const char *fault_names[SYNC_FAULTS] = {
    [SYNC_SOUND] = "sound",
    [SYNC_TRUNCATED] = "truncated",
    [SYNC_TOO_LONG] = "too_long",
    [SYNC_FOREIGN] = "foreign",
    [SYNC_OTHER_VERSION] = "version",
    [SYNC_UNKNOWN_TYPE] = "type",
    [SYNC_MALFORMED] = "malformed",
};

static bool
known(unsigned type)
{
	return type < sizeof(types) / sizeof(types[0]) && types[type].known;
}

const char *
sync_fault_name(enum sync_fault fault)
{
	return fault < SYNC_FAULTS ? fault_names[fault] : "unknown";
}

const char *
sync_type_name(unsigned type)
{
	return known(type) ? types[type].name : "unknown";
}

bool
sync_is_to_all(unsigned type)
{
	return type == SYNC_HELLO || type == SYNC_FLOWS || type == SYNC_VIEW;
}

static bool
epoch_is_sound(uint64_t epoch)
{
	return epoch > 0 && epoch <= SYNC_EPOCH_MAX;
}

static void
read_header(const uint8_t *datagram, struct sync_header *out)
{
	out->type = datagram[AT_TYPE];
	out->flags = get16(datagram + AT_FLAGS);
	out->cluster = get32(datagram + AT_CLUSTER);
	out->key = get32(datagram + AT_KEY);
	out->sender = get64(datagram + AT_SENDER);
	out->epoch = get64(datagram + AT_EPOCH);
	out->sequence = get64(datagram + AT_SEQUENCE);
}

/* What version it is of can be told from 5 bytes, the rest from a header. */
enum sync_fault
sync_peek(const uint8_t *datagram, size_t len, struct sync_header *out)
{
	if (len <= AT_VERSION)
		return SYNC_TRUNCATED;
	if (memcmp(datagram + AT_MAGIC, SYNC_MAGIC, 4) != 0)
		return SYNC_FOREIGN;
	if (datagram[AT_VERSION] != SYNC_VERSION)
		return SYNC_OTHER_VERSION;
	if (len < SYNC_HEADER_LEN + SYNC_TAG_LEN)
		return SYNC_TRUNCATED;
	if (len > SYNC_DATAGRAM_MAX)
		return SYNC_TOO_LONG;
	read_header(datagram, out);
	if (!known(out->type))
		return SYNC_UNKNOWN_TYPE;
	if ((out->flags & ~types[out->type].flags) != 0 || out->sender == 0 ||
	    !epoch_is_sound(out->epoch) || out->sequence == 0)
		return SYNC_MALFORMED;
	return SYNC_SOUND;
}

static void
read_identity(const uint8_t *at, struct sync_identity *out)
{
	out->id = get64(at);
	out->epoch = get64(at + 8);
}

void
sync_hello_peer(
    const struct sync_hello *hello, unsigned i, struct sync_listed *out)
{
	const uint8_t *at = hello->bytes + i * LISTED_LEN;

	read_identity(at, &out->who);
	out->beat = get32(at + 16);
}

static bool
name_is_sound(const uint8_t *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return len > 0 && len <= SYNC_NAME_MAX;
}

static bool
peers_are_sound(const struct sync_hello *hello)
{
	struct sync_listed listed;
	unsigned i;

	for (i = 0; i < hello->peers; i++) {
		sync_hello_peer(hello, i, &listed);
		if (listed.who.id == 0 || !epoch_is_sound(listed.who.epoch))
			return false;
	}
	return hello->peers <= SYNC_PEERS_MAX;
}

static bool
read_hello(const uint8_t *at, size_t len, struct sync_message *message)
{
	struct sync_hello *out = &message->hello;
	size_t name;

	if (len < HELLO_LEN)
		return false;
	out->beat = get32(at);
	out->flows = get32(at + 4);
	out->digests.config = get64(at + 8);
	out->digests.health = get64(at + 16);
	out->digests.tables = get64(at + 24);
	name = at[32];
	out->peers = at[33];
	if (get16(at + 34) != 0 || out->beat == 0 ||
	    len != HELLO_LEN + name + out->peers * (size_t)LISTED_LEN ||
	    !name_is_sound(at + HELLO_LEN, name))
		return false;
	memcpy(out->name, at + HELLO_LEN, name);
	out->name[name] = '\0';
	out->bytes = at + HELLO_LEN + name;
	return peers_are_sound(out);
}

static size_t
flow_len(const struct flow *flow)
{
	return flow->service.vip.family == AF_INET6 ? FLOW6_LEN : FLOW4_LEN;
}

bool
sync_key_is_sound(const struct service_key *key)
{
	return (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP) &&
	    key->port != 0 && key->vip.family != 0 &&
	    addr_is_unicast(&key->vip);
}

/* VIP, port, protocol, family, server: but for the count of flows. */
static bool
read_group(const uint8_t *at, struct flow *out)
{
	memset(out, 0, sizeof(*out));
	addr_from_mapped(at, &out->service.vip);
	out->service.port = get16(at + 16);
	out->service.protocol = at[18];
	addr_from_mapped(at + 20, &out->server);
	return sync_key_is_sound(&out->service) &&
	    addr_is_unicast(&out->server) &&
	    at[19] == (out->service.vip.family == AF_INET6 ? 6 : 4);
}

static bool
flows_are_sound(const uint8_t *at, unsigned count, size_t len)
{
	unsigned i, state;

	for (i = 0; i < count; i++, at += len) {
		state = get16(at + len - 2) >> WIRE_STATE_BITS;
		if (state != WIRE_CONFIRMED && state != WIRE_CLOSED)
			return false;
	}
	return count > 0;
}

/* Groups up to the datagram's end; none is right for BULK alone. */
static bool
read_groups(const uint8_t *at, size_t len, struct sync_flows *out)
{
	const uint8_t *end = at + len;
	struct flow group;
	unsigned count;
	size_t each;

	memset(out, 0, sizeof(*out));
	out->bytes = at;
	out->end = end;
	while (at < end) {
		if ((size_t)(end - at) < GROUP_LEN || !read_group(at, &group))
			return false;
		count = get16(at + GROUP_LEN - 2);
		each = flow_len(&group);
		at += GROUP_LEN;
		if ((size_t)(end - at) < count * each ||
		    !flows_are_sound(at, count, each))
			return false;
		at += count * each;
	}
	return true;
}

static bool
read_flows(const uint8_t *at, size_t len, struct sync_message *message)
{
	return len > 0 && read_groups(at, len, &message->flows);
}

bool
sync_flow_next(struct sync_flows *flows, struct flow *out)
{
	const uint8_t *at = flows->bytes;
	size_t address;

	if (at == flows->end)
		return false;
	if (flows->left == 0) {
		read_group(at, &flows->group);
		flows->left = get16(at + GROUP_LEN - 2);
		at += GROUP_LEN;
	}
	*out = flows->group;
	address = flow_len(out) - 4;
	out->client.family = out->service.vip.family;
	memcpy(out->client.bytes, at, address);
	out->client_port = get16(at + address);
	out->idle = get16(at + address + 2) & SYNC_IDLE_MAX;
	out->state =
	    get16(at + address + 2) >> WIRE_STATE_BITS == WIRE_CONFIRMED
	    ? FLOW_CONFIRMED
	    : FLOW_CLOSED;
	flows->bytes = at + address + 4;
	flows->left--;
	return true;
}

/* VIP, protocol, a zero, port: in the order that keys are compared in. */
static void
read_key(const uint8_t *at, struct service_key *out)
{
	memset(out, 0, sizeof(*out));
	addr_from_mapped(at, &out->vip);
	out->protocol = at[16];
	out->port = get16(at + 18);
}

void
sync_view_service(
    const struct sync_view *view, unsigned i, struct sync_service *out)
{
	const uint8_t *at = view->bytes + i * SERVICE_LEN;

	read_key(at, &out->key);
	out->config = get32(at + KEY_LEN);
	out->health = get32(at + KEY_LEN + 4);
	out->tables = get32(at + KEY_LEN + 8);
}

/* A limit of a view: a key, or "none", which is filled with a byte. */
static bool
read_limit(const uint8_t *at, uint8_t none, struct service_key *out)
{
	unsigned i;

	for (i = 0; i < KEY_LEN && at[i] == none; i++)
		;
	memset(out, 0, sizeof(*out));
	if (i == KEY_LEN)
		return true;
	read_key(at, out);
	return sync_key_is_sound(out) && at[17] == 0;
}

/* Each service's key above the one before it, and within the limits. */
static bool
services_are_sound(
    const uint8_t *after, const uint8_t *at, unsigned count, const uint8_t *to)
{
	struct service_key key;
	unsigned i;

	for (i = 0; i < count; i++, after = at, at += SERVICE_LEN) {
		read_key(at, &key);
		if (!sync_key_is_sound(&key) || at[17] != 0 ||
		    memcmp(after, at, KEY_LEN) >= 0)
			return false;
	}
	return memcmp(after, to, KEY_LEN) <= (count == 0 ? -1 : 0);
}

static bool
read_view(const uint8_t *at, size_t len, struct sync_message *message)
{
	struct sync_view *out = &message->view;

	if (len < VIEW_LEN)
		return false;
	out->services = get16(at + 2 * KEY_LEN);
	out->bytes = at + VIEW_LEN;
	return get16(at + 2 * KEY_LEN + 2) == 0 &&
	    len == VIEW_LEN + out->services * (size_t)SERVICE_LEN &&
	    read_limit(at, 0, &out->after) &&
	    read_limit(at + KEY_LEN, 0xff, &out->upto) &&
	    services_are_sound(at, out->bytes, out->services, at + KEY_LEN);
}

static bool
read_to(const uint8_t *at, struct sync_identity *to, uint32_t *transfer)
{
	read_identity(at, to);
	*transfer = get32(at + 16);
	return to->id != 0 && epoch_is_sound(to->epoch);
}

static bool
read_request(const uint8_t *at, size_t len, struct sync_message *message)
{
	struct sync_request *out = &message->request;

	if (len != REQUEST_LEN)
		return false;
	out->window = get16(at + 20);
	out->since = get32(at + 24);
	out->cursor = get64(at + 28);
	return read_to(at, &out->to, &out->transfer) && out->window != 0 &&
	    get16(at + 22) == 0;
}

static bool
read_bulk(const uint8_t *at, size_t len, struct sync_message *message)
{
	struct sync_bulk *out = &message->bulk;

	if (len < BULK_LEN)
		return false;
	out->from = get64(at + 20);
	out->upto = get64(at + 28);
	return read_to(at, &out->to, &out->transfer) &&
	    read_groups(at + BULK_LEN, len - BULK_LEN, &out->flows);
}

static bool
read_refusal(const uint8_t *at, size_t len, struct sync_message *message)
{
	struct sync_refusal *out = &message->refusal;

	if (len != REFUSAL_LEN)
		return false;
	out->reason = get16(at + 20);
	return read_to(at, &out->to, &out->transfer) && out->reason != 0 &&
	    get16(at + 22) == 0;
}

static bool (*const readers[])(
    const uint8_t *, size_t, struct sync_message *) = {
    [SYNC_HELLO] = read_hello,
    [SYNC_FLOWS] = read_flows,
    [SYNC_VIEW] = read_view,
    [SYNC_REQUEST] = read_request,
    [SYNC_BULK] = read_bulk,
    [SYNC_REFUSAL] = read_refusal,
};

enum sync_fault
sync_read(const uint8_t *datagram, size_t len, struct sync_message *out)
{
	enum sync_fault fault = sync_peek(datagram, len, &out->header);

	if (fault != SYNC_SOUND)
		return fault;
	return readers[out->header.type](datagram + SYNC_HEADER_LEN,
		   len - SYNC_HEADER_LEN - SYNC_TAG_LEN, out)
	    ? SYNC_SOUND
	    : SYNC_MALFORMED;
}
