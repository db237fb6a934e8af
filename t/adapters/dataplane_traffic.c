/* SPDX-License-Identifier: ISC */

/*
 * Bytes of what leaves: those that came, and those of the headers that each
 * packet was encapsulated in when it left; and of what does not leave.
 */

#include <bpf/libbpf.h>

#include "xdp_lab.h"

#define VIP  "192.0.2.1"
#define SIZE 100 /* bytes of a frame */

/* Packets come for the server 10.0.0.last, on some CPU. */
static void
arrive(uint8_t last, uint32_t cpu, uint64_t packets)
{
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
	uint32_t index =
	    lab_destination_of(lab_index_of(VIP, 80), last) * cpus + cpu % cpus;
	struct vc5_destination_counters counters;

	lab_get("destination_counters", index, &counters);
	counters.packets += packets;
	counters.bytes += packets * SIZE;
	lab_put("destination_counters", index, &counters);
}

/* Of the service, or of a server of it. */
static struct dataplane_counters
count(struct dataplane *dataplane, const char *server)
{
	struct service_key key = lab_key(VIP, 80);
	struct dataplane_counters counters;
	struct addr address;

	if (server != NULL)
		address = lab_addr(server);
	assert_int_equal(dataplane->ops->counters(dataplane, &key,
			     server == NULL ? NULL : &address, &counters),
	    0);
	return counters;
}

static void
assert_added(struct dataplane *dataplane, const char *server, uint64_t bytes)
{
	struct dataplane_counters c = count(dataplane, server);

	assert_int_equal(c.bytes, c.packets * SIZE);
	assert_int_equal(c.tx_bytes - c.bytes, bytes);
}

static void
deliver(struct dataplane *dataplane, struct dataplane_service *service,
    enum delivery_kind kind)
{
	for (size_t i = 0; i < service->destination_count; i++)
		service->destinations[i].delivery.kind = kind;
	lab_set(dataplane, service);
}

/* What left before a change of the delivery had the headers of before. */
static void
test_kinds(void **state)
{
	static const struct {
		enum delivery_kind kind;
		uint64_t overhead;
	} kinds[] = {{DELIVERY_IPIP, 20}, {DELIVERY_GRE, 24},
	    {DELIVERY_DSCP, 0}, {DELIVERY_FOU, 28}, {DELIVERY_GUE, 32},
	    {DELIVERY_LAYER2, 0}};
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 2);
	uint64_t added = 0;

	(void)state;
	lab_set(dataplane, service);
	arrive(1, 0, 1000);
	assert_added(dataplane, "10.0.0.1", 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		deliver(dataplane, service, kinds[i].kind);
		assert_added(dataplane, "10.0.0.1", added);
		arrive(1, 0, i + 3);
		arrive(1, 1, 5);
		added += (i + 8) * kinds[i].overhead;
		assert_added(dataplane, "10.0.0.1", added);
		/* The same again is no change. */
		deliver(dataplane, service, kinds[i].kind);
		assert_added(dataplane, "10.0.0.1", added);
	}
	assert_added(dataplane, "10.0.0.2", 0);
	assert_added(dataplane, NULL, added);
	lab_service_free(service);
	lab_log();
	dataplane->ops->stop(dataplane);
}

static void
test_ipv6(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 1);

	(void)state;
	service->destinations[0].address = lab_addr("2001:db8::a00:1");
	deliver(dataplane, service, DELIVERY_GRE);
	arrive(1, 0, 10);
	assert_added(dataplane, "2001:db8::a00:1", 440);
	lab_service_free(service);
	lab_log();
	dataplane->ops->stop(dataplane);
}

/* Neither another daemon nor a server that goes takes anything back. */
static void
test_kept(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 2);

	(void)state;
	deliver(dataplane, service, DELIVERY_IPIP);
	arrive(1, 0, 10);
	arrive(2, 0, 100);
	deliver(dataplane, service, DELIVERY_LAYER2);
	arrive(1, 0, 7);
	dataplane = lab_again(dataplane);
	assert_added(dataplane, "10.0.0.1", 200);
	assert_added(dataplane, NULL, 2200);
	/* Destinations are in reverse order: 10.0.0.1 goes. */
	service->destination_count = 1;
	lab_set(dataplane, service);
	assert_added(dataplane, NULL, 2200);
	assert_int_equal(count(dataplane, NULL).packets, 117);
	/* Who has its index next begins with nothing. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 16), 0);
	for (uint8_t i = 3; i <= 16; i++)
		arrive(i, 0, 1);
	assert_added(dataplane, NULL, 2200);
	lab_service_free(service);
	lab_log();
	dataplane->ops->stop(dataplane);
}

/* What did not leave: by its reason, of whatever CPU. */
static void
test_lost(void **state)
{
	static const struct vc5_drop_counters first = {
	    .packets[VC5_DROP_TTL] = 2,
	    .bytes[VC5_DROP_TTL] = 200,
	    .answers = {[VC5_ANSWER_ECHO] = 3, [VC5_ANSWER_TTL] = 2},
	    .echo_bytes = 300};
	static const struct vc5_service_counters service = {
	    .no_destination = 4, .no_destination_bytes = 400};
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
	struct dataplane *dataplane = lab_dataplane();
	const struct dataplane_reason *reasons;
	size_t found;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 1), 0);
	lab_put("drop_counters", cpus - 1, &first);
	lab_put("service_counters", lab_index_of(VIP, 80) * cpus + cpus - 1,
	    &service);
	reasons = dataplane->ops->drops(dataplane, &found);
	assert_int_equal(reasons[VC5_DROP_TTL].bytes, 200);
	assert_int_equal(reasons[VC5_DROP_FAULT].bytes, 0);
	reasons = dataplane->ops->answers(dataplane, &found);
	assert_int_equal(reasons[VC5_ANSWER_ECHO].bytes, 300);
	assert_false(reasons[VC5_ANSWER_ECHO].about_drops);
	assert_true(reasons[VC5_ANSWER_TTL].about_drops);
	assert_true(reasons[VC5_ANSWER_TOO_BIG].about_drops);
	assert_int_equal(count(dataplane, NULL).no_destination, 4);
	assert_int_equal(count(dataplane, NULL).no_destination_bytes, 400);
	lab_log();
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_kinds),
	    LAB_TEST(test_ipv6),
	    LAB_TEST(test_kept),
	    LAB_TEST(test_lost),
	};

	return lab_run_tests(tests);
}
