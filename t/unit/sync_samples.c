/* SPDX-License-Identifier: ISC */

/*
 * Sync datagrams for tests: see sync_samples.h.
 */

#include <sys/socket.h>

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/sync_bytes.h"
#include "sync_samples.h"

static void
address(const char *text, unsigned i, struct addr *out)
{
	unsigned last;

	assert_int_equal(addr_parse(text, out), 0);
	last = out->family == AF_INET ? 3 : 15;
	out->bytes[last] = (uint8_t)(out->bytes[last] + i);
	out->bytes[last - 1] = (uint8_t)(out->bytes[last - 1] + i / 256);
}

static void
flow(struct flow *out, unsigned i, const char *vip, const char *client,
    const char *server)
{
	memset(out, 0, sizeof(*out));
	address(vip, 0, &out->service.vip);
	out->service.port = 443;
	out->service.protocol = IPPROTO_TCP;
	address(client, i, &out->client);
	out->client_port = (uint16_t)(40000 + i);
	address(server, 0, &out->server);
	out->state = i % 3 == 2 ? FLOW_CLOSED : FLOW_CONFIRMED;
	out->idle = i;
}

void
sample_flow4(struct flow *out, unsigned i)
{
	flow(out, i, "192.0.2.10", "198.51.100.1", "10.1.0.1");
}

void
sample_flow6(struct flow *out, unsigned i)
{
	flow(out, i, "2001:db8::10", "2001:db8:c::1", "fd00::1");
}

size_t
sample_flows(struct flow flows[SAMPLE_FLOWS], enum sample_flows kind)
{
	unsigned i;

	for (i = 0; i < SAMPLE_FLOWS; i++) {
		if (kind == SAMPLE_SIX || (kind >= SAMPLE_MIXED && i % 8 < 4))
			sample_flow6(&flows[i], i);
		else
			sample_flow4(&flows[i], i);
		if (kind == SAMPLE_SCATTERED)
			flows[i].server.bytes[3] = (uint8_t)(i + 1);
		if (kind == SAMPLE_MIXED && i % 2 == 0)
			flows[i].service.protocol = IPPROTO_UDP;
		if (kind == SAMPLE_TUNNELS)
			address(i % 8 < 4 ? "10.1.0.1" : "fd00::1", i / 8,
			    &flows[i].server);
	}
	return SAMPLE_FLOWS;
}

void
sample_services(struct sync_service *services, size_t count)
{
	size_t i;

	memset(services, 0, count * sizeof(*services));
	for (i = 0; i < count; i++) {
		address("192.0.2.1", (unsigned)i / 4, &services[i].key.vip);
		services[i].key.protocol =
		    i % 4 < 2 ? IPPROTO_TCP : IPPROTO_UDP;
		services[i].key.port = (uint16_t)(i % 2 == 0 ? 80 : 443);
		services[i].config = (uint32_t)i;
		services[i].health = 0x80000000 + (uint32_t)i;
		services[i].tables = UINT32_MAX - (uint32_t)i;
	}
}

size_t
sample_end(struct sync_writer *writer, const struct sync_header *header)
{
	static const struct sync_header usual = {.cluster = 0xc1c2c3c4,
	    .key = 0xd1d2d3d4,
	    .sender = SAMPLE_SENDER,
	    .epoch = SAMPLE_EPOCH,
	    .sequence = 7};
	size_t covered =
	    sync_write_end(writer, header == NULL ? &usual : header);

	memset(writer->bytes + covered, 0, SYNC_TAG_LEN);
	return covered + SYNC_TAG_LEN;
}

size_t
sample_hello(uint8_t buffer[SYNC_DATAGRAM_MAX], unsigned peers,
    const struct sync_header *header)
{
	struct sync_hello hello = {.beat = 17,
	    .flows = 1000000,
	    .digests = {0xc0c1, 0xf0f1, UINT64_MAX},
	    .name = SAMPLE_NAME};
	struct sync_listed listed;
	struct sync_writer writer;
	unsigned i;

	sync_write_hello(&writer, buffer, &hello);
	for (i = 0; i < peers; i++) {
		listed.who.id = 1000 + i;
		listed.who.epoch = 5000 + i;
		listed.beat = i;
		assert_true(sync_write_listed(&writer, &listed));
	}
	return sample_end(&writer, header);
}

size_t
sample_flows_datagram(
    uint8_t buffer[SYNC_DATAGRAM_MAX], const struct flow *flows, size_t *count)
{
	struct sync_writer writer;
	size_t i;

	sync_write_flows(&writer, buffer);
	for (i = 0; i < *count && sync_write_flow(&writer, &flows[i]); i++)
		;
	*count = i;
	return sample_end(&writer, NULL);
}

size_t
sample_view(uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_service *services, size_t count, size_t *next)
{
	struct sync_writer writer;

	sync_write_view(&writer, buffer, services, count, next);
	return sample_end(&writer, NULL);
}

size_t
sample_request(uint8_t buffer[SYNC_DATAGRAM_MAX])
{
	struct sync_request request = {.to = {SAMPLE_TO, SAMPLE_TO_EPOCH},
	    .transfer = 0xfeedf00d,
	    .window = 32,
	    .since = 8,
	    .cursor = 0x0102030405060708};
	struct sync_writer writer;

	sync_write_request(&writer, buffer, &request);
	return sample_end(&writer, NULL);
}

size_t
sample_bulk(
    uint8_t buffer[SYNC_DATAGRAM_MAX], const struct flow *flows, size_t count)
{
	static const struct sync_header last = {.flags = SYNC_BULK_LAST,
	    .sender = SAMPLE_SENDER,
	    .epoch = SAMPLE_EPOCH,
	    .sequence = 7};
	struct sync_bulk bulk = {.to = {SAMPLE_TO, SAMPLE_TO_EPOCH},
	    .transfer = 0xfeedf00d,
	    .from = 65536};
	struct sync_writer writer;
	size_t i;

	sync_write_bulk(&writer, buffer, &bulk);
	for (i = 0; i < count; i++)
		assert_true(sync_write_flow(&writer, &flows[i]));
	sync_write_bulk_upto(&writer, UINT64_MAX);
	return sample_end(&writer, &last);
}

size_t
sample_refusal(uint8_t buffer[SYNC_DATAGRAM_MAX])
{
	struct sync_refusal refusal = {.to = {SAMPLE_TO, SAMPLE_TO_EPOCH},
	    .transfer = 0xfeedf00d,
	    .reason = SYNC_REASON_BUSY};
	struct sync_writer writer;

	sync_write_refusal(&writer, buffer, &refusal);
	return sample_end(&writer, NULL);
}

void
sample_assert_flow(const struct flow *flow, const struct flow *wanted)
{
	assert_int_equal(
	    service_key_compare(&flow->service, &wanted->service), 0);
	assert_int_equal(addr_compare(&flow->client, &wanted->client), 0);
	assert_int_equal(flow->client_port, wanted->client_port);
	assert_int_equal(addr_compare(&flow->server, &wanted->server), 0);
	assert_int_equal(flow->state, wanted->state);
	assert_int_equal(flow->idle, wanted->idle);
}
