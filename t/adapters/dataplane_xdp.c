/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane's services: what is in the maps after each change, what
 * is taken over, also from a predecessor that died half-way, and where packets
 * go meanwhile.
 */

#include <arpa/inet.h>
#include <netinet/in.h>

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "adapters/dataplane_xdp.h"
#include "bpf/abi.h"
#include "xdp_lab.h"

#define VIP  "192.0.2.1"
#define VIP2 "192.0.2.2"

static void
drop(struct dataplane *dataplane, const char *vip, uint16_t port)
{
	struct service_key key = lab_key(vip, port);

	dataplane->ops->service_remove(dataplane, &key);
}

static void
test_set(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 4);
	struct vc5_destination destination;
	uint32_t index;

	(void)state;
	assert_false(lab_filtered(VIP));
	service->sticky = true;
	service->scheduler = SCHEDULER_RENDEZVOUS;
	service->destinations[0].state = DESTINATION_DRAINING; /* .4 */
	service->destinations[1].state = DESTINATION_DOWN;     /* .3 */
	memset(service->destinations[2].mac, 0, 6);	       /* .2 */
	lab_set(dataplane, service);
	index = lab_index_of(VIP, 80);
	assert_int_not_equal(index, 0);
	assert_true(lab_filtered(VIP));
	assert_int_equal(lab_hash_count("vips"), 1);
	assert_int_equal(lab_service_at(index).flags, VC5_STICKY);
	assert_int_equal(lab_service_at(index).scheduler, SCHEDULER_RENDEZVOUS);
	/* Only the one that is up, and whose address is known, is chosen. */
	assert_int_equal(
	    lab_slots_of(index, lab_destination_of(index, 1)), VC5_SLOTS);
	destination = lab_destination_at(lab_destination_of(index, 1));
	assert_int_equal(destination.state, VC5_UP);
	assert_int_equal(destination.generation, 1);
	assert_int_equal(destination.ifindex, 1);
	assert_memory_equal(&destination.mac, "\2\0\0\0\0\1\0\0", 8);
	assert_memory_equal(&destination.source_mac, "\2\0\0\0\1\0\0\0", 8);
	assert_int_equal(lab_destination_at(lab_destination_of(index, 4)).state,
	    VC5_DRAINING);
	assert_int_equal(
	    lab_destination_at(lab_destination_of(index, 3)).state, VC5_DOWN);
	assert_int_equal(
	    lab_destination_at(lab_destination_of(index, 2)).mac, 0);
	lab_service_free(service);
	dataplane->ops->stop(dataplane);
}

/* A tunnel to .1 with everything that one can have. */
static void
make_tunnel(struct dataplane_destination *is)
{
	is->delivery = (struct delivery){
	    .kind = DELIVERY_GUE, .port = 6080, .checksum = true};
	is->source = lab_addr("10.0.0.254");
	is->vlan = 20;
	is->mtu = 1500;
}

static void
test_tunnels(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 3);
	struct dataplane_destination *is = service->destinations;
	struct vc5_destination to;
	uint32_t index;

	(void)state;
	make_tunnel(&is[2]); /* .1 */
	is[1].delivery =
	    (struct delivery){.kind = DELIVERY_DSCP, .code_point = 12}; /* .2 */
	is[1].mtu = 70000;
	is[0].address = lab_addr("2001:db8::3");
	is[0].delivery.kind = DELIVERY_GRE;
	assert_int_equal(
	    prefix_parse("2001:db8:9::/64", &is[0].delivery.source), 0);
	is[0].source = lab_addr("2001:db8::fe");
	is[0].mtu = 1400;
	lab_set(dataplane, service);
	index = lab_index_of(VIP, 80);
	to = lab_destination_at(lab_destination_of(index, 1));
	assert_int_equal(to.kind, VC5_GUE);
	assert_int_equal(to.port, htons(6080));
	assert_int_equal(to.checksum, 1);
	assert_int_equal(to.vlan, VC5_TAGGED | 20);
	assert_int_equal(to.mtu, 1500 - 32);
	assert_int_equal(to.source_length, 0);
	assert_memory_equal(
	    to.source, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\xfe", 16);
	to = lab_destination_at(lab_destination_of(index, 2));
	assert_int_equal(to.kind, VC5_DSCP);
	assert_int_equal(to.code_point, 12);
	assert_int_equal(to.vlan, 0);
	assert_int_equal(to.mtu, 65535);
	to = lab_destination_at(lab_destination_of(index, 3));
	assert_int_equal(to.kind, VC5_GRE);
	assert_int_equal(to.source_length, 64);
	assert_memory_equal(to.source, "\x20\x01\x0d\xb8\0\x09\0\0\0", 9);
	assert_int_equal(to.mtu, 1400 - 44);
	lab_service_free(service);
	dataplane->ops->stop(dataplane);
}

static void
test_change_of_delivery(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 1);
	struct dataplane_destination *is = service->destinations;
	struct vc5_destination to, kept;
	uint32_t index, at;

	(void)state;
	lab_set(dataplane, service);
	index = lab_index_of(VIP, 80);
	at = lab_destination_of(index, 1);
	assert_int_equal(lab_destination_at(at).mtu, 1500);
	make_tunnel(is);
	lab_set(dataplane, service);
	to = lab_destination_at(at);
	assert_int_equal(to.kind, VC5_GUE);
	assert_int_equal(to.generation, 1);
	assert_int_not_equal(to.mac, 0);
	/* Not known for now: all of the way is kept. */
	is->ifindex = 0;
	is->vlan = 0;
	is->mtu = 0;
	is->source = (struct addr){0};
	lab_set(dataplane, service);
	kept = lab_destination_at(at);
	assert_memory_equal(&kept, &to, sizeof(to));
	/* But it is no way for another kind. */
	is->delivery = (struct delivery){.kind = DELIVERY_IPIP};
	lab_set(dataplane, service);
	to = lab_destination_at(at);
	assert_int_equal(to.kind, VC5_IPIP);
	assert_int_equal(to.mac, 0);
	assert_int_equal(to.ifindex, 0);
	assert_int_equal(to.port, 0);
	assert_int_equal(to.checksum, 0);
	assert_int_equal(lab_slots_of(index, at), 0);
	lab_service_free(service);
	dataplane->ops->stop(dataplane);
}

/* What the map of VIPs says; -1 if it is not there. */
static int
vip_value(const char *vip)
{
	struct addr addr = lab_addr(vip);
	uint32_t value = 99;
	uint8_t key[16];
	int map = lab_map("vips"), result;

	addr_to_mapped(&addr, key);
	result = bpf_map_lookup_elem(map, key, &value);
	close(map);
	return result == 0 ? (int)value : -1;
}

static void
test_answering_vips(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct addr vip = lab_addr(VIP);

	(void)state;
	/* Not a VIP yet. */
	dataplane->ops->vip_answers(dataplane, &vip, true);
	assert_int_equal(vip_value(VIP), -1);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 1), 0);
	assert_int_equal(vip_value(VIP), 0);
	dataplane->ops->vip_answers(dataplane, &vip, true);
	assert_int_equal(vip_value(VIP), VC5_VIP_ANSWERS);
	/* Neither another service nor another daemon changes it. */
	assert_int_equal(lab_set_many(dataplane, VIP, 81, 1), 0);
	assert_int_equal(vip_value(VIP), VC5_VIP_ANSWERS);
	dataplane = lab_again(dataplane);
	assert_int_equal(vip_value(VIP), VC5_VIP_ANSWERS);
	drop(dataplane, VIP, 81);
	assert_int_equal(vip_value(VIP), VC5_VIP_ANSWERS);
	dataplane->ops->vip_answers(dataplane, &vip, false);
	assert_int_equal(vip_value(VIP), 0);
	lab_log();
	dataplane->ops->stop(dataplane);
}

static void
test_settings(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	static struct vc5_control control;
	struct dataplane_settings settings = {true, 12345, 256};

	(void)state;
	dataplane->ops->settings_set(dataplane, &settings);
	lab_get("control", 0, &control);
	assert_int_equal(control.flags, VC5_UNSERVED_PASS);
	assert_int_equal(control.icmp_limit, 12345);
	settings = (struct dataplane_settings){false, 0, 256};
	dataplane->ops->settings_set(dataplane, &settings);
	lab_get("control", 0, &control);
	assert_int_equal(control.flags, 0);
	assert_int_equal(control.icmp_limit, 0);
	dataplane->ops->stop(dataplane);
}

static void
test_change_only_what_differs(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 3);
	uint32_t index, table, first;

	(void)state;
	lab_set(dataplane, service);
	index = lab_index_of(VIP, 80);
	table = lab_service_at(index).table;
	first = lab_destination_of(index, 1);
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table);
	/* A new MAC address needs no new table. */
	service->destinations[2].mac[5] = 99;
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table);
	assert_memory_equal(&(uint64_t){lab_destination_at(first).mac},
	    "\2\0\0\0\0\x63\0\0", 8);
	/* Not known for now: nothing changes. */
	memset(service->destinations[2].mac, 0, 6);
	service->destinations[2].ifindex = 0;
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table);
	assert_int_equal(lab_destination_at(first).ifindex, 1);
	assert_memory_equal(&(uint64_t){lab_destination_at(first).mac},
	    "\2\0\0\0\0\x63\0\0", 8);
	lab_table_same(index, table & 1);
	lab_table_same(index, ~table & 1);
	service->destinations[2].weight = 5;
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table ^ 1);
	/* Packets that saw the old one are not disturbed. */
	assert_true(lab_table_same(index, table & 1));
	assert_false(lab_table_same(index, ~table & 1));
	assert_in_range(lab_slots_of(index, first), VC5_SLOTS * 69 / 100,
	    VC5_SLOTS * 73 / 100);
	service->destinations[2].state = DESTINATION_DOWN;
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table);
	assert_int_equal(lab_slots_of(index, first), 0);
	assert_int_equal(lab_destination_at(first).state, VC5_DOWN);
	service->destinations[2].state = DESTINATION_DRAINING;
	lab_set(dataplane, service);
	assert_int_equal(lab_service_at(index).table, table);
	assert_int_equal(lab_destination_at(first).state, VC5_DRAINING);
	assert_int_equal(lab_destination_at(first).generation, 1);
	lab_service_free(service);
	dataplane->ops->stop(dataplane);
}

static void
test_remove_destination(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint32_t index, third;
	struct vc5_destination gone;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 3), 0);
	index = lab_index_of(VIP, 80);
	third = lab_destination_of(index, 3);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	gone = lab_destination_at(third);
	assert_int_equal(gone.state, VC5_DOWN);
	assert_int_equal(gone.service, 0);
	assert_int_equal(gone.generation, 2);
	assert_int_equal(lab_slots_of(index, third), 0);
	/* Its index is the last to be used again. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 3), 0);
	assert_int_not_equal(lab_destination_of(index, 3), third);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 16), 0);
	assert_int_equal(lab_destination_at(third).service, index);
	assert_int_equal(lab_destination_at(third).generation, 2);
	dataplane->ops->stop(dataplane);
}

static void
test_remove_service(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint32_t index;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	assert_int_equal(lab_set_many(dataplane, VIP, 443, 2), 0);
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 2), 0);
	index = lab_index_of(VIP, 443);
	drop(dataplane, VIP, 443);
	drop(dataplane, VIP, 443);
	assert_int_equal(lab_index_of(VIP, 443), 0);
	assert_int_equal(lab_service_at(index).key.protocol, 0);
	assert_int_equal(lab_destination_of(index, 1), 0);
	assert_true(lab_filtered(VIP));
	assert_int_equal(lab_hash_count("vips"), 2);
	drop(dataplane, VIP, 80);
	assert_false(lab_filtered(VIP));
	assert_true(lab_filtered(VIP2));
	assert_int_equal(lab_hash_count("vips"), 1);
	assert_int_equal(lab_hash_count("service_index"), 1);
	dataplane->ops->stop(dataplane);
}

static void
test_capacity(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint16_t port;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 10), 0);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 17), -1);
	assert_logged(VIP ":80/tcp: not applied: 1 more destinations than the "
			  "6 free ones of limits.destinations = 16: raise "
			  "limits.destinations and restart");
	/* What was is left as it was. */
	assert_int_not_equal(lab_destination_of(lab_index_of(VIP, 80), 10), 0);
	assert_int_equal(lab_set_many(dataplane, VIP, 81, 7), -1);
	assert_int_equal(lab_index_of(VIP, 81), 0);
	lab_log();
	for (port = 81; port < 88; port++)
		assert_int_equal(lab_set_many(dataplane, VIP, port, 0), 0);
	assert_int_equal(lab_set_many(dataplane, VIP, port, 0), -1);
	assert_logged(VIP ":88/tcp: not balanced: there are limits.services = "
			  "8 services already: raise limits.services");
	drop(dataplane, VIP, 80);
	assert_int_equal(lab_set_many(dataplane, VIP, port, 16), 0);
	dataplane->ops->stop(dataplane);
}

static void
add_packets(uint32_t destination, uint32_t cpu, uint64_t packets)
{
	struct vc5_destination_counters counters = {
	    .packets = packets, .bytes = packets * 100, .flows = 3};
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();

	lab_put(
	    "destination_counters", destination * cpus + cpu % cpus, &counters);
}

static void
test_counters(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct service_key key = lab_key(VIP, 80);
	struct addr second = lab_addr("10.0.0.2");
	struct vc5_drop_counters drops = {
	    .packets = {1, 2, 3, 4, 5, 6}, .answers = {7, 8, 9}};
	const struct dataplane_reason *reasons;
	struct dataplane_counters counters;
	uint32_t index;
	size_t count;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	index = lab_index_of(VIP, 80);
	add_packets(lab_destination_of(index, 1), 0, 1000);
	add_packets(lab_destination_of(index, 2), 0, 10);
	add_packets(lab_destination_of(index, 2), 1, 20);
	assert_int_equal(
	    dataplane->ops->counters(dataplane, &key, &second, &counters), 0);
	assert_in_range(counters.packets, 20, 30);
	count = counters.packets;
	assert_int_equal(
	    dataplane->ops->counters(dataplane, &key, NULL, &counters), 0);
	assert_int_equal(counters.packets, 1000 + count);
	assert_int_equal(counters.bytes, 100 * (1000 + count));
	/* One goes: what it has done stays its service's, whoever asks. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 1), 0);
	dataplane = lab_again(dataplane);
	assert_int_equal(
	    dataplane->ops->counters(dataplane, &key, NULL, &counters), 0);
	assert_int_equal(counters.packets, 1000 + count);
	assert_int_equal(
	    dataplane->ops->counters(dataplane, &key, &second, &counters), -1);
	/* The next one at its index begins at nothing. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 16), 0);
	for (uint8_t i = 2; i <= 16; i++) {
		second.bytes[3] = i;
		assert_int_equal(dataplane->ops->counters(
				     dataplane, &key, &second, &counters),
		    0);
		assert_int_equal(counters.packets, 0);
	}
	lab_put("drop_counters", 0, &drops);
	reasons = dataplane->ops->drops(dataplane, &count);
	assert_int_equal(count, VC5_DROPS);
	assert_string_equal(reasons[1].name, "fragment");
	assert_int_equal(reasons[1].packets, 2);
	for (size_t i = 0; i < count; i++)
		assert_non_null(reasons[i].name);
	reasons = dataplane->ops->answers(dataplane, &count);
	assert_int_equal(count, VC5_ANSWERS);
	assert_string_equal(reasons[2].name, "too_big");
	assert_int_equal(reasons[2].packets, 9);
	lab_log();
	dataplane->ops->stop(dataplane);
}

static uint32_t
stamp(enum vc5_flow_state state, uint64_t seconds)
{
	return (uint32_t)state << VC5_STAMP_SHIFT |
	    ((uint32_t)seconds & VC5_STAMP_SECONDS);
}

static void
test_flows(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct vc5_bucket bucket = {0};
	struct dataplane_flows flows;
	static struct vc5_control control;
	struct timespec now;
	uint32_t word;
	uint64_t t;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	t = (uint64_t)now.tv_sec + 5000;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 1), 0);
	word = lab_destination_of(lab_index_of(VIP, 80), 1) | 1U << 16;
	bucket.ways[0] = (struct vc5_flow){
	    1, word, stamp(VC5_FLOW_CONFIRMED, t - VC5_IDLE_TCP)};
	bucket.ways[1] = (struct vc5_flow){
	    1, word, stamp(VC5_FLOW_CONFIRMED, t - VC5_IDLE_TCP - 1)};
	bucket.ways[2] =
	    (struct vc5_flow){1, word, stamp(VC5_FLOW_EMBRYONIC, t + 1)};
	lab_put("flows", 255, &bucket);
	bucket.ways[2] =
	    (struct vc5_flow){1, word, stamp(VC5_FLOW_CLOSED, t - 1)};
	bucket.ways[3] = (struct vc5_flow){
	    1, word + (1U << 16), stamp(VC5_FLOW_CONFIRMED, t)};
	lab_put("flows", 0, &bucket);
	dataplane->ops->tick(dataplane, t);
	dataplane->ops->flows(dataplane, &flows);
	assert_int_equal(flows.capacity, 1024);
	assert_int_equal(flows.confirmed, 2);
	assert_int_equal(flows.idle, 3);
	assert_int_equal(flows.embryonic, 1);
	assert_int_equal(flows.closed, 1);
	lab_get("control", 0, &control);
	assert_int_equal(control.clock, (uint32_t)t);
	dataplane->ops->tick(dataplane, t - 1);
	lab_get("control", 0, &control);
	assert_int_equal(control.clock, (uint32_t)t);
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_set),
	    LAB_TEST(test_tunnels),
	    LAB_TEST(test_change_of_delivery),
	    LAB_TEST(test_answering_vips),
	    LAB_TEST(test_settings),
	    LAB_TEST(test_change_only_what_differs),
	    LAB_TEST(test_remove_destination),
	    LAB_TEST(test_remove_service),
	    LAB_TEST(test_capacity),
	    LAB_TEST(test_counters),
	    LAB_TEST(test_flows),
	};

	return lab_run_tests(tests);
}
