/* SPDX-License-Identifier: ISC */

/*
 * What the XDP data plane says will happen to a packet, against what happens;
 * and the digests that instances compare their hash tables by.
 */

#include <stdlib.h>
#include <unistd.h>

#include <netinet/in.h>

#include "xdp_lab.h"
#include "xdp_sender.h"

#define VIP	"192.0.2.1"
#define SERVERS 5
#define CLIENTS 200

/* The only service, one of whose servers (by its number, or 0) drains. */
static void
set(struct dataplane *dataplane, uint8_t servers, uint8_t draining)
{
	struct dataplane_service *service = lab_service(VIP, 80, servers);

	for (uint8_t i = 0; i < servers; i++)
		if (service->destinations[i].address.bytes[3] == draining)
			service->destinations[i].state = DESTINATION_DRAINING;
	lab_set(dataplane, service);
	lab_service_free(service);
}

static struct dataplane_explanation
explain(struct dataplane *dataplane, uint16_t port)
{
	const struct service_key key = lab_key(VIP, 80);
	const struct addr client = lab_addr("198.51.100.1");
	struct dataplane_explanation is;

	assert_int_equal(
	    dataplane->ops->explain(dataplane, &key, &client, port, &is), 0);
	return is;
}

static uint8_t
sends(int program, uint16_t port, uint8_t flags)
{
	const struct service_key key = lab_key(VIP, 80);
	const struct addr client = lab_addr("198.51.100.1");

	return sender_send(program, &key, &client, port, flags);
}

static void
test_explain(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	const struct addr client = lab_addr("198.51.100.1");
	struct service_key key = lab_key(VIP, 80);
	int program = sender_attach(dataplane);
	struct dataplane_explanation is;

	(void)state;
	set(dataplane, SERVERS, 0);
	is = explain(dataplane, 1024);
	assert_true(is.tracked);
	assert_false(is.found);
	assert_int_equal(is.ways_used, 0);
	assert_int_equal(is.slots, 65537);
	assert_true(is.slot < is.slots);
	assert_true(is.bucket < 1024 / VC5_WAYS);
	assert_int_equal(sends(program, 1024, TH_SYN), is.chosen.bytes[3]);
	is = explain(dataplane, 1024);
	assert_true(is.found);
	assert_int_equal(is.ways_used, 1);
	assert_int_equal(is.flow.state, FLOW_EMBRYONIC);
	assert_int_equal(addr_compare(&is.flow.server, &is.chosen), 0);
	assert_int_equal(addr_compare(&is.flow.client, &client), 0);
	assert_int_equal(is.flow.client_port, 1024);
	sends(program, 1024, TH_ACK);
	assert_int_equal(explain(dataplane, 1024).flow.state, FLOW_CONFIRMED);
	sends(program, 1024, TH_RST);
	assert_int_equal(explain(dataplane, 1024).flow.state, FLOW_CLOSED);
	/* Nothing is said of what isn't there. */
	key.port = 81;
	assert_int_equal(
	    dataplane->ops->explain(dataplane, &key, &client, 1024, &is), -1);
	key.port = 80;
	is.chosen = lab_addr("2001:db8::1");
	assert_int_equal(
	    dataplane->ops->explain(dataplane, &key, &is.chosen, 1024, &is),
	    -1);
	/* Nobody is up. */
	set(dataplane, 1, 1);
	is = explain(dataplane, 1025);
	assert_int_equal(is.chosen.family, 0);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* What would be without a server is what then is. */
static void
test_without(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	const struct service_key key = lab_key(VIP, 80);
	struct addr gone = lab_addr("10.0.0.3"), would[CLIENTS];
	unsigned moved = 0, stayed = 0;
	struct dataplane_explanation is;

	(void)state;
	set(dataplane, SERVERS, 0);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		is = explain(dataplane, i);
		assert_int_equal(dataplane->ops->explain_without(dataplane,
				     &key, is.slot, &gone, &would[i]),
		    0);
		assert_int_not_equal(addr_compare(&would[i], &gone), 0);
		if (addr_compare(&would[i], &is.chosen) == 0)
			stayed++;
		else
			moved++;
	}
	assert_true(moved > CLIENTS / 10 && stayed > CLIENTS / 2);
	set(dataplane, SERVERS, 3);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		is = explain(dataplane, i);
		assert_int_equal(addr_compare(&is.chosen, &would[i]), 0);
	}
	assert_int_equal(dataplane->ops->explain_without(
			     dataplane, &key, is.slots, &gone, &would[0]),
	    -1);
	dataplane->ops->stop(dataplane);
}

static uint64_t
digest(struct dataplane *dataplane)
{
	const struct service_key key = lab_key(VIP, 80);

	return dataplane->ops->table_digest(dataplane, &key);
}

/* The same servers, whatever their indexes are; not others, nor other states.
 */
static void
test_digest(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint64_t five, four;

	(void)state;
	assert_int_equal(digest(dataplane), 0);
	set(dataplane, SERVERS, 0);
	five = digest(dataplane);
	assert_int_not_equal(five, 0);
	assert_true(digest(dataplane) == five);
	set(dataplane, SERVERS, 2);
	assert_true(digest(dataplane) != five);
	set(dataplane, SERVERS - 1, 0);
	four = digest(dataplane);
	assert_true(four != five);
	/* Server 5 comes back by another index. */
	set(dataplane, SERVERS, 0);
	assert_true(digest(dataplane) == five);
	dataplane = lab_again(dataplane);
	assert_true(digest(dataplane) == five);
	dataplane->ops->stop(dataplane);
}

/* Tables of another size, by which everything goes. */
static void
test_size(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane;
	struct dataplane_explanation is;
	uint8_t servers = SERVERS;
	uint64_t usual;
	int program;

	(void)state;
	dataplane = lab_dataplane();
	set(dataplane, servers, 0);
	usual = digest(dataplane);
	dataplane->ops->stop(dataplane);
	options.slots = 251;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	set(dataplane, servers, 0);
	assert_true(digest(dataplane) != usual);
	program = sender_attach(dataplane);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		is = explain(dataplane, i);
		assert_int_equal(is.slots, 251);
		assert_true(is.slot < 251);
		assert_int_equal(sends(program, i, TH_RST), is.chosen.bytes[3]);
	}
	close(program);
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_explain),
	    LAB_TEST(test_without),
	    LAB_TEST(test_digest),
	    LAB_TEST(test_size),
	};

	return lab_run_tests(tests);
}
