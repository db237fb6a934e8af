/* SPDX-License-Identifier: ISC */

/*
 * The codec of sync datagrams: what is written is read again, and what can't
 * have been written is refused as a whole.
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

#include "sync_samples.h"

static void
a_header_comes_back(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_header header = {.type = SYNC_BULK,
			       .flags =
				   SYNC_HELLO_LEAVING | SYNC_HELLO_LEARNING,
			       .cluster = 0x01020304,
			       .key = 0xf0e0d0c0,
			       .sender = 0x1122334455667788,
			       .epoch = SYNC_EPOCH_MAX,
			       .sequence = UINT64_MAX},
			   out;
	size_t len = sample_hello(buffer, 0, &header);

	(void)state;
	assert_int_equal(sync_peek(buffer, len, &out), SYNC_SOUND);
	assert_int_equal(out.type, SYNC_HELLO);
	assert_int_equal(out.flags, header.flags);
	assert_int_equal(out.cluster, header.cluster);
	assert_int_equal(out.key, header.key);
	assert_int_equal(out.sender, header.sender);
	assert_int_equal(out.epoch, header.epoch);
	assert_int_equal(out.sequence, header.sequence);
}

/* Without peers, with one, and with as many as there may be. */
static void
a_hello_comes_back(void **state)
{
	static const unsigned counts[] = {0, 1, SYNC_PEERS_MAX};
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_message message;
	struct sync_listed listed;
	unsigned i, j;
	size_t len;

	(void)state;
	for (i = 0; i < 3; i++) {
		len = sample_hello(buffer, counts[i], NULL);
		assert_int_equal(sync_read(buffer, len, &message), SYNC_SOUND);
		assert_int_equal(message.hello.beat, 17);
		assert_int_equal(message.hello.flows, 1000000);
		assert_int_equal(message.hello.digests.config, 0xc0c1);
		assert_int_equal(message.hello.digests.health, 0xf0f1);
		assert_int_equal(message.hello.digests.tables, UINT64_MAX);
		assert_string_equal(message.hello.name, SAMPLE_NAME);
		assert_int_equal(message.hello.peers, counts[i]);
		for (j = 0; j < counts[i]; j++) {
			sync_hello_peer(&message.hello, j, &listed);
			assert_int_equal(listed.who.id, 1000 + j);
			assert_int_equal(listed.who.epoch, 5000 + j);
			assert_int_equal(listed.beat, j);
		}
	}
}

static void
a_hello_has_room_for_the_longest(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_hello hello = {.beat = 1};
	struct sync_listed listed = {.who = {1, 1}};
	struct sync_message message;
	struct sync_writer writer;
	unsigned i;

	(void)state;
	memset(hello.name, 'n', SYNC_NAME_MAX);
	sync_write_hello(&writer, buffer, &hello);
	for (i = 0; i < SYNC_PEERS_MAX; i++)
		assert_true(sync_write_listed(&writer, &listed));
	assert_false(sync_write_listed(&writer, &listed));
	assert_int_equal(
	    sync_read(buffer, sample_end(&writer, NULL), &message), SYNC_SOUND);
	assert_int_equal(message.hello.peers, SYNC_PEERS_MAX);
	assert_string_equal(message.hello.name, hello.name);
}

/* All that was written, and nothing else. */
static void
assert_flows(struct sync_flows *flows, const struct flow *wanted, size_t count)
{
	struct flow flow;
	size_t i;

	for (i = 0; i < count; i++) {
		assert_true(sync_flow_next(flows, &flow));
		sample_assert_flow(&flow, &wanted[i]);
	}
	assert_false(sync_flow_next(flows, &flow));
	assert_false(sync_flow_next(flows, &flow));
}

/* IPv4, IPv6, mixed, in groups and each a group of its own. */
static void
flows_come_back(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct flow flows[SAMPLE_FLOWS];
	struct sync_message message;
	enum sample_flows kind;
	size_t count, len;

	(void)state;
	for (kind = 0; kind < SAMPLE_KINDS; kind++) {
		count = sample_flows(flows, kind);
		len = sample_flows_datagram(buffer, flows, &count);
		assert_true(count > 0);
		assert_int_equal(sync_read(buffer, len, &message), SYNC_SOUND);
		assert_int_equal(message.header.type, SYNC_FLOWS);
		assert_flows(&message.flows, flows, count);
	}
}

/* A datagram full of one group: 1400 - 40 - 16 - 38 = 1306 bytes of flows. */
static void
full_datagrams_are_full(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct flow flows[SAMPLE_FLOWS];
	size_t count;

	(void)state;
	count = sample_flows(flows, SAMPLE_FOUR);
	assert_int_equal(
	    sample_flows_datagram(buffer, flows, &count), 94 + 163 * 8);
	assert_int_equal(count, 163);
	count = sample_flows(flows, SAMPLE_SIX);
	assert_int_equal(
	    sample_flows_datagram(buffer, flows, &count), 94 + 65 * 20);
	assert_int_equal(count, 65);
	/* Each with a server of its own: 1344 / (38 + 8). */
	count = sample_flows(flows, SAMPLE_SCATTERED);
	assert_int_equal(
	    sample_flows_datagram(buffer, flows, &count), 56 + 29 * 46);
	assert_int_equal(count, 29);
}

static void
what_has_no_words_is_not_written(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct flow good, bad[9];
	struct sync_writer writer;
	size_t i;

	(void)state;
	sample_flow4(&good, 1);
	for (i = 0; i < 9; i++)
		bad[i] = good;
	bad[0].state = FLOW_EMBRYONIC;
	bad[1].client.family = AF_INET6;
	bad[2].client.family = 0;
	bad[3].server.family = 0;
	bad[4].service.port = 0;
	bad[5].service.protocol = IPPROTO_SCTP;
	bad[6].service.vip.bytes[0] = 224;
	bad[7].server.bytes[0] = 127;
	bad[8].service.vip.family = bad[8].client.family = 0;
	sync_write_flows(&writer, buffer);
	for (i = 0; i < 9; i++) {
		assert_false(sync_flow_tellable(&bad[i]));
		assert_false(sync_write_flow(&writer, &bad[i]));
	}
	assert_int_equal(writer.records, 0);
	assert_true(sync_write_flow(&writer, &good));
}

static void
long_idle_times_are_told_as_the_longest(void **state)
{
	static const uint32_t idle[] = {0, 1, 16382, 16383, 16384, UINT32_MAX};
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_message message;
	struct flow flow;
	size_t i, one, len;

	(void)state;
	for (i = 0; i < 6; i++) {
		sample_flow4(&flow, 1);
		flow.idle = idle[i];
		one = 1;
		len = sample_flows_datagram(buffer, &flow, &one);
		assert_int_equal(sync_read(buffer, len, &message), SYNC_SOUND);
		assert_true(sync_flow_next(&message.flows, &flow));
		assert_int_equal(flow.idle, i < 3 ? idle[i] : SYNC_IDLE_MAX);
		assert_int_equal(flow.state, FLOW_CONFIRMED);
	}
}

static void
views_come_back_in_parts(void **state)
{
	static const size_t counts[] = {0, 1, 40, 41, 82, 100};
	struct sync_service services[100], service;
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct service_key before;
	struct sync_message m;
	size_t i, next, seen, len;
	unsigned j;

	(void)state;
	sample_services(services, 100);
	for (i = 0; i < 6; i++) {
		next = seen = 0;
		memset(&before, 0, sizeof(before));
		do {
			len = sample_view(buffer, services, counts[i], &next);
			assert_int_equal(sync_read(buffer, len, &m), 0);
			assert_memory_equal(
			    &m.view.after, &before, sizeof(before));
			before = m.view.upto;
			for (j = 0; j < m.view.services; j++, seen++) {
				sync_view_service(&m.view, j, &service);
				assert_memory_equal(
				    &service, &services[seen], sizeof(service));
			}
			assert_int_equal(seen, next);
		} while (next < counts[i]);
		assert_int_equal(before.vip.family, 0);
		assert_int_equal(seen, counts[i]);
	}
}

static void
requests_and_refusals_come_back(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_message m;

	(void)state;
	assert_int_equal(
	    sync_read(buffer, sample_request(buffer), &m), SYNC_SOUND);
	assert_int_equal(m.header.type, SYNC_REQUEST);
	assert_int_equal(m.request.to.id, SAMPLE_TO);
	assert_int_equal(m.request.to.epoch, SAMPLE_TO_EPOCH);
	assert_int_equal(m.request.transfer, 0xfeedf00d);
	assert_int_equal(m.request.window, 32);
	assert_int_equal(m.request.since, 8);
	assert_int_equal(m.request.cursor, 0x0102030405060708);
	assert_int_equal(
	    sync_read(buffer, sample_refusal(buffer), &m), SYNC_SOUND);
	assert_int_equal(m.header.type, SYNC_REFUSAL);
	assert_int_equal(m.refusal.to.id, SAMPLE_TO);
	assert_int_equal(m.refusal.to.epoch, SAMPLE_TO_EPOCH);
	assert_int_equal(m.refusal.transfer, 0xfeedf00d);
	assert_int_equal(m.refusal.reason, SYNC_REASON_BUSY);
}

/* The last part of a transfer may have no flows. */
static void
bulks_come_back(void **state)
{
	static const size_t counts[] = {0, 1, 100};
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct flow flows[SAMPLE_FLOWS];
	struct sync_message m;
	size_t i, count, len;

	(void)state;
	sample_flows(flows, SAMPLE_FOUR);
	for (i = 0; i < 3; i++) {
		count = counts[i];
		len = sample_bulk(buffer, flows, count);
		assert_int_equal(sync_read(buffer, len, &m), SYNC_SOUND);
		assert_int_equal(m.header.flags, SYNC_BULK_LAST);
		assert_int_equal(m.bulk.to.id, SAMPLE_TO);
		assert_int_equal(m.bulk.to.epoch, SAMPLE_TO_EPOCH);
		assert_int_equal(m.bulk.transfer, 0xfeedf00d);
		assert_int_equal(m.bulk.from, 65536);
		assert_int_equal(m.bulk.upto, UINT64_MAX);
		assert_flows(&m.bulk.flows, flows, count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_comes_back),
	    cmocka_unit_test(a_hello_comes_back),
	    cmocka_unit_test(a_hello_has_room_for_the_longest),
	    cmocka_unit_test(flows_come_back),
	    cmocka_unit_test(full_datagrams_are_full),
	    cmocka_unit_test(what_has_no_words_is_not_written),
	    cmocka_unit_test(long_idle_times_are_told_as_the_longest),
	    cmocka_unit_test(views_come_back_in_parts),
	    cmocka_unit_test(requests_and_refusals_come_back),
	    cmocka_unit_test(bulks_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
