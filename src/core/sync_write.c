/* SPDX-License-Identifier: ISC */

/*
 * Writing sync datagrams: see sync_write.h.  The room for the tag is kept free
 * from the beginning, so that what was once written never has to go.
 */

#include <sys/socket.h>

#include <netinet/in.h>

#include <string.h>

#include "core/sync_bytes.h"
#include "core/sync_write.h"

#define PAYLOAD_END (SYNC_DATAGRAM_MAX - SYNC_TAG_LEN)

static void
start(struct sync_writer *writer, uint8_t *buffer, enum sync_type type,
    size_t payload)
{
	memset(writer, 0, sizeof(*writer));
	writer->bytes = buffer;
	writer->type = type;
	writer->len = SYNC_HEADER_LEN + payload;
	memset(buffer, 0, writer->len);
}

/* Room for a record, cleared; NULL if there is none. */
static uint8_t *
extend(struct sync_writer *writer, size_t len)
{
	uint8_t *at = writer->bytes + writer->len;

	if (len > PAYLOAD_END - writer->len)
		return NULL;
	writer->len += len;
	return memset(at, 0, len);
}

size_t
sync_write_end(struct sync_writer *writer, const struct sync_header *header)
{
	uint8_t *at = writer->bytes;

	memcpy(at + AT_MAGIC, SYNC_MAGIC, 4);
	at[AT_VERSION] = SYNC_VERSION;
	at[AT_TYPE] = (uint8_t)writer->type;
	put16(at + AT_FLAGS, header->flags);
	put32(at + AT_CLUSTER, header->cluster);
	put32(at + AT_KEY, header->key);
	put64(at + AT_SENDER, header->sender);
	put64(at + AT_EPOCH, header->epoch);
	put64(at + AT_SEQUENCE, header->sequence);
	return writer->len;
}

static void
put_identity(uint8_t *at, const struct sync_identity *who)
{
	put64(at, who->id);
	put64(at + 8, who->epoch);
}

void
sync_write_hello(struct sync_writer *writer, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_hello *hello)
{
	size_t name = strnlen(hello->name, SYNC_NAME_MAX);
	uint8_t *at = buffer + SYNC_HEADER_LEN;

	start(writer, buffer, SYNC_HELLO, HELLO_LEN + name);
	put32(at, hello->beat);
	put32(at + 4, hello->flows);
	put64(at + 8, hello->digests.config);
	put64(at + 16, hello->digests.health);
	put64(at + 24, hello->digests.tables);
	at[32] = (uint8_t)name;
	memcpy(at + HELLO_LEN, hello->name, name);
}

bool
sync_write_listed(struct sync_writer *writer, const struct sync_listed *listed)
{
	uint8_t *at;

	if (writer->records == SYNC_PEERS_MAX ||
	    (at = extend(writer, LISTED_LEN)) == NULL)
		return false;
	put_identity(at, &listed->who);
	put32(at + 16, listed->beat);
	writer->records++;
	writer->bytes[SYNC_HEADER_LEN + 33] = (uint8_t)writer->records;
	return true;
}

void
sync_write_flows(struct sync_writer *writer, uint8_t buffer[SYNC_DATAGRAM_MAX])
{
	start(writer, buffer, SYNC_FLOWS, 0);
}

void
sync_write_bulk(struct sync_writer *writer, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_bulk *bulk)
{
	uint8_t *at = buffer + SYNC_HEADER_LEN;

	start(writer, buffer, SYNC_BULK, BULK_LEN);
	put_identity(at, &bulk->to);
	put32(at + 16, bulk->transfer);
	put64(at + 20, bulk->from);
	put64(at + 28, bulk->from);
}

void
sync_write_bulk_upto(struct sync_writer *writer, uint64_t cursor)
{
	put64(writer->bytes + SYNC_HEADER_LEN + 28, cursor);
}

bool
sync_flow_tellable(const struct flow *flow)
{
	return sync_key_is_sound(&flow->service) &&
	    flow->client.family == flow->service.vip.family &&
	    flow->server.family != 0 && addr_is_unicast(&flow->server) &&
	    (flow->state == FLOW_CONFIRMED || flow->state == FLOW_CLOSED);
}

static bool
same_group(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, GROUP_LEN - 2) == 0;
}

static void
put_group(uint8_t group[GROUP_LEN], const struct flow *flow)
{
	memset(group, 0, GROUP_LEN);
	addr_to_mapped(&flow->service.vip, group);
	put16(group + 16, flow->service.port);
	group[18] = flow->service.protocol;
	group[19] = flow->service.vip.family == AF_INET6 ? 6 : 4;
	addr_to_mapped(&flow->server, group + 20);
}

/* Room for a flow in the present group, or in a new one. */
static uint8_t *
extend_group(struct sync_writer *writer, const struct flow *flow, size_t len)
{
	uint8_t group[GROUP_LEN], *at, *count;

	put_group(group, flow);
	if (writer->group != 0 &&
	    same_group(writer->bytes + writer->group, group))
		at = extend(writer, len);
	else {
		at = extend(writer, GROUP_LEN + len);
		if (at == NULL)
			return NULL;
		writer->group = (size_t)(at - writer->bytes);
		memcpy(at, group, GROUP_LEN);
		at += GROUP_LEN;
	}
	if (at == NULL)
		return NULL;
	count = writer->bytes + writer->group + GROUP_LEN - 2;
	put16(count, (uint16_t)(get16(count) + 1));
	return at;
}

bool
sync_write_flow(struct sync_writer *writer, const struct flow *flow)
{
	size_t address = addr_bits(&flow->client) / 8;
	uint32_t idle = flow->idle < SYNC_IDLE_MAX ? flow->idle : SYNC_IDLE_MAX;
	uint32_t state =
	    flow->state == FLOW_CLOSED ? WIRE_CLOSED : WIRE_CONFIRMED;
	uint8_t *at;

	if (!sync_flow_tellable(flow) ||
	    (at = extend_group(writer, flow, address + 4)) == NULL)
		return false;
	memcpy(at, flow->client.bytes, address);
	put16(at + address, flow->client_port);
	put16(at + address + 2, (uint16_t)(state << WIRE_STATE_BITS | idle));
	writer->records++;
	return true;
}

static void
put_key(uint8_t *at, const struct service_key *key)
{
	addr_to_mapped(&key->vip, at);
	at[16] = key->protocol;
	at[17] = 0;
	put16(at + 18, key->port);
}

int
sync_service_order(const struct service_key *a, const struct service_key *b)
{
	uint8_t left[KEY_LEN], right[KEY_LEN];

	put_key(left, a);
	put_key(right, b);
	return memcmp(left, right, KEY_LEN);
}

static void
put_service(uint8_t *at, const struct sync_service *service)
{
	put_key(at, &service->key);
	put32(at + KEY_LEN, service->config);
	put32(at + KEY_LEN + 4, service->health);
	put32(at + KEY_LEN + 8, service->tables);
}

void
sync_write_view(struct sync_writer *writer, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_service *services, size_t count, size_t *next)
{
	uint8_t *limits = buffer + SYNC_HEADER_LEN, *at;

	start(writer, buffer, SYNC_VIEW, VIEW_LEN);
	if (*next > 0)
		put_key(limits, &services[*next - 1].key);
	for (; *next < count; ++*next, writer->records++) {
		if ((at = extend(writer, SERVICE_LEN)) == NULL)
			break;
		put_service(at, &services[*next]);
	}
	if (*next < count)
		put_key(limits + KEY_LEN, &services[*next - 1].key);
	else
		memset(limits + KEY_LEN, 0xff, KEY_LEN);
	put16(limits + 2 * KEY_LEN, (uint16_t)writer->records);
}

static uint8_t *
start_to(struct sync_writer *writer, uint8_t *buffer, enum sync_type type,
    size_t len, const struct sync_identity *to)
{
	start(writer, buffer, type, len);
	put_identity(buffer + SYNC_HEADER_LEN, to);
	return buffer + SYNC_HEADER_LEN;
}

void
sync_write_request(struct sync_writer *writer,
    uint8_t buffer[SYNC_DATAGRAM_MAX], const struct sync_request *request)
{
	uint8_t *at =
	    start_to(writer, buffer, SYNC_REQUEST, REQUEST_LEN, &request->to);

	put32(at + 16, request->transfer);
	put16(at + 20, request->window);
	put32(at + 24, request->since);
	put64(at + 28, request->cursor);
}

void
sync_write_refusal(struct sync_writer *writer,
    uint8_t buffer[SYNC_DATAGRAM_MAX], const struct sync_refusal *refusal)
{
	uint8_t *at =
	    start_to(writer, buffer, SYNC_REFUSAL, REFUSAL_LEN, &refusal->to);

	put32(at + 16, refusal->transfer);
	put16(at + 20, refusal->reason);
}
