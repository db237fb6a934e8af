/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane's maps outlive it: what is taken over from a
 * predecessor, also from one that died half-way, and what is discarded.
 */

#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>

#include "xdp_lab.h"

#define VIP  "192.0.2.1"
#define VIP2 "192.0.2.2"

#define KILLS 25

struct seen {
	unsigned services, destinations, same;
	const struct dataplane_service *wanted;
};

static bool
is_same(const struct dataplane_destination *a,
    const struct dataplane_destination *b)
{
	return addr_compare(&a->address, &b->address) == 0 &&
	    a->state == b->state && a->weight == b->weight &&
	    a->ifindex == b->ifindex && memcmp(a->mac, b->mac, 6) == 0 &&
	    memcmp(a->source_mac, b->source_mac, 6) == 0 &&
	    delivery_equal(&a->delivery, &b->delivery) && a->mtu == b->mtu &&
	    a->vlan == b->vlan && addr_compare(&a->source, &b->source) == 0;
}

static void
see(const struct dataplane_service *service, void *arg)
{
	struct seen *seen = arg;
	const struct dataplane_service *wanted = seen->wanted;
	size_t count = service->destination_count;

	seen->services++;
	seen->destinations += (unsigned)count;
	if (wanted == NULL || service->sticky != wanted->sticky ||
	    service->track != wanted->track || service->idle != wanted->idle ||
	    service_key_compare(&service->key, &wanted->key) != 0 ||
	    service->scheduler != wanted->scheduler)
		return;
	/* Theirs are sorted, ours the other way round. */
	for (size_t i = 0; i < count; i++)
		seen->same += is_same(&service->destinations[i],
		    &wanted->destinations[count - 1 - i]);
}

static void
test_take_over(void **state)
{
	struct vc5_bucket bucket = {.ways[2] = {.key = 7, .stamp = 1U << 31}};
	struct dataplane_service *service = lab_service(VIP, 80, 3);
	struct dataplane *dataplane = lab_dataplane();
	static struct vc5_control before, after;
	struct seen seen = {.wanted = service};
	uint32_t index, table, third, mark, mark_after;

	(void)state;
	service->sticky = true;
	service->track = false;
	service->idle = 33;
	service->scheduler = SCHEDULER_RENDEZVOUS;
	service->destinations[0].state = DESTINATION_DRAINING;
	service->destinations[1].state = DESTINATION_DOWN;
	service->destinations[1].weight = 17;
	service->destinations[0].delivery = (struct delivery){
	    .kind = DELIVERY_FOU, .port = 5555, .checksum = true};
	service->destinations[0].source = lab_addr("10.0.0.254");
	service->destinations[1].delivery.kind = DELIVERY_IPIP;
	assert_int_equal(prefix_parse("10.9.0.0/24",
			     &service->destinations[1].delivery.source),
	    0);
	service->destinations[2].delivery =
	    (struct delivery){.kind = DELIVERY_DSCP, .code_point = 63};
	service->destinations[2].vlan = 4094;
	lab_set(dataplane, service);
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 2), 0);
	lab_put("flows", 200, &bucket);
	lab_get("control", 0, &before);
	index = lab_index_of(VIP, 80);
	table = lab_service_at(index).table;
	third = lab_destination_of(index, 3);
	assert_int_equal(dataplane->ops->probe_mark(dataplane, &service->key,
			     &service->destinations[0].address, &mark),
	    0);
	assert_int_equal(mark, 0x56430000 | third);

	dataplane = lab_again(dataplane);
	assert_logged("took over 2 services with 5 destinations");
	dataplane->ops->service_each(dataplane, see, &seen);
	assert_int_equal(seen.services, 2);
	assert_int_equal(seen.destinations, 5);
	assert_int_equal(seen.same, 3);
	memset(&bucket, 0, sizeof(bucket));
	lab_get("flows", 200, &bucket);
	assert_int_equal(bucket.ways[2].key, 7);
	lab_get("control", 0, &after);
	assert_memory_equal(before.key, after.key, sizeof(before.key));
	lab_set(dataplane, service);
	assert_int_equal(lab_index_of(VIP, 80), index);
	assert_int_equal(lab_service_at(index).table, table);
	assert_int_equal(lab_destination_of(index, 3), third);
	assert_int_equal(lab_destination_at(third).generation, 1);
	assert_int_equal(dataplane->ops->probe_mark(dataplane, &service->key,
			     &service->destinations[0].address, &mark_after),
	    0);
	assert_int_equal(mark_after, mark);
	lab_service_free(service);
	dataplane->ops->stop(dataplane);
}

/* What each way of dying leaves behind. */
static void
test_take_over_half_done(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct vc5_destination orphan = {.state = VC5_UP, .service = 7};
	struct vc5_service_key stray = {.port = htons(99), .protocol = 6};
	static struct vc5_control control;
	uint32_t index, value = 5;
	struct seen seen = {0};
	int map;

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	index = lab_index_of(VIP, 80);
	/* A service that was not entered yet, the others' leftovers. */
	map = lab_map("service_index");
	{
		struct vc5_service_key key = lab_service_at(index).key;

		assert_int_equal(bpf_map_delete_elem(map, &key), 0);
	}
	assert_int_equal(bpf_map_update_elem(map, &stray, &value, 0), 0);
	close(map);
	map = lab_map("vips");
	assert_int_equal(bpf_map_update_elem(map, &stray, &value, 0), 0);
	close(map);
	orphan.generation = 65535;
	lab_put("destinations", 9, &orphan);
	lab_get("control", 0, &control);
	memset(control.filter, 0x55, sizeof(control.filter));
	lab_put("control", 0, &control);

	dataplane = lab_again(dataplane);
	assert_int_equal(lab_index_of(VIP, 80), index);
	assert_int_equal(lab_hash_count("service_index"), 1);
	assert_int_equal(lab_hash_count("vips"), 1);
	assert_int_equal(lab_destination_at(9).state, VC5_DOWN);
	assert_int_equal(lab_destination_at(9).service, 0);
	assert_int_equal(lab_destination_at(9).generation, 1);
	assert_true(lab_filtered(VIP));
	lab_get("control", 0, &control);
	for (size_t i = 0, bits = 0; i < VC5_FILTER_BITS / 64; i++) {
		bits += (size_t)__builtin_popcountll(control.filter[i]);
		assert_true(bits <= 1);
	}
	dataplane->ops->service_each(dataplane, see, &seen);
	assert_int_equal(seen.services, 1);
	assert_int_equal(seen.destinations, 2);
	lab_log();
	/* The table is made again: it may be of before. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 15), 0);
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 1), 0);
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 2), -1);
	assert_logged("1 more destinations than the 0 free ones");
	dataplane->ops->stop(dataplane);
}

/* What is said of maps of the next layout. */
static const char *
other_layout(void)
{
	static char text[256];

	snprintf(text, sizeof(text),
	    "flow table of an earlier vc5d discarded: it is of layout %d, "
	    "this is %d; its VIPs can't be read: withdraw those that are no "
	    "longer configured",
	    VC5_ABI + 1, VC5_ABI);
	return text;
}

static void
test_discard(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane = lab_dataplane();
	static struct vc5_control control;
	struct seen seen = {0};

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	lab_get("control", 0, &control);
	control.abi = VC5_ABI + 1;
	lab_put("control", 0, &control);
	dataplane = lab_again(dataplane);
	assert_logged(other_layout());
	dataplane->ops->service_each(dataplane, see, &seen);
	assert_int_equal(seen.services, 0);
	dataplane->ops->close(dataplane);

	options.flows = 2048;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_logged("discarded: limits.flows was 1024, is 2048");
	dataplane->ops->close(dataplane);
	options.slots = 251;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_logged("discarded: limits.slots was 65537, is 251");
	dataplane->ops->close(dataplane);
	options.slots = 0;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_logged("discarded: limits.slots was 251, is 65537");
	dataplane->ops->close(dataplane);
	options.services = 9;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_logged("discarded: limits.services has changed");
	dataplane->ops->close(dataplane);
	lab_run("rm %s/maps/vips", options.pin_directory);
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_logged("discarded: its map vips is not there");
	dataplane->ops->close(dataplane);
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_string_equal(lab_log(), "");
	dataplane->ops->stop(dataplane);
}

static void
count_former(const struct addr *vip, void *arg)
{
	struct addr first = lab_addr(VIP), second = lab_addr(VIP2);
	unsigned *former = arg;

	former[0] += addr_compare(vip, &first) == 0;
	former[1] += addr_compare(vip, &second) == 0;
	former[2]++;
}

/* How often each VIP is reported, and how many are. */
static void
assert_former(
    struct dataplane *dataplane, unsigned first, unsigned second, unsigned all)
{
	unsigned former[3] = {0};

	dataplane->ops->former_each(dataplane, count_former, former);
	assert_int_equal(former[0], first);
	assert_int_equal(former[1], second);
	assert_int_equal(former[2], all);
}

static void
test_former_vips(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane = lab_dataplane();
	static struct vc5_control control;
	struct seen seen = {0};

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 2), 0);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	assert_int_equal(lab_set_many(dataplane, VIP2, 81, 0), 0);
	assert_former(dataplane, 0, 0, 0);
	dataplane = lab_again(dataplane);
	assert_former(dataplane, 0, 0, 0);
	dataplane->ops->close(dataplane);
	lab_log();

	options.services = 4;
	options.destinations = 5;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_null(strstr(lab_log(), "can't be read"));
	dataplane->ops->service_each(dataplane, see, &seen);
	assert_int_equal(seen.services, 0);
	assert_former(dataplane, 1, 1, 2);
	assert_former(dataplane, 1, 1, 2);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	dataplane->ops->close(dataplane);
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_former(dataplane, 0, 0, 0);
	dataplane->ops->close(dataplane);
	/* Also when something else is wrong with it. */
	lab_run("rm %s/maps/vips", options.pin_directory);
	dataplane = lab_dataplane();
	assert_former(dataplane, 1, 0, 1);

	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	lab_get("control", 0, &control);
	control.abi = VC5_ABI + 1;
	lab_put("control", 0, &control);
	lab_log();
	dataplane = lab_again(dataplane);
	assert_logged(other_layout());
	assert_former(dataplane, 0, 0, 0);
	dataplane->ops->stop(dataplane);
}

/* Limits that can't be had cost nothing that a predecessor left. */
static void
test_failure_keeps(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 2), 0);
	dataplane->ops->close(dataplane);
	options.flows = 2; /* no bucket: the kernel makes no such map */
	assert_null(dataplane_xdp_open(&options));
	assert_logged("the kernel refuses");
	dataplane = lab_dataplane();
	assert_logged("took over 1 services with 2 destinations");
	assert_former(dataplane, 0, 0, 0);
	dataplane->ops->stop(dataplane);
}

/* Changes at random until it is killed. */
static void
change_for_ever(unsigned seed)
{
	struct dataplane *dataplane = lab_dataplane();
	struct service_key key;
	uint16_t port;

	srand(seed);
	for (;;) {
		port = (uint16_t)(80 + rand() % 4);
		key = lab_key(rand() % 2 == 0 ? VIP : VIP2, port);
		if (rand() % 3 == 0)
			dataplane->ops->service_remove(dataplane, &key);
		else
			lab_set_many(dataplane, rand() % 2 == 0 ? VIP : VIP2,
			    port, (uint8_t)(rand() % 5));
	}
}

static void
collect(const struct dataplane_service *service, void *arg)
{
	struct service_key *keys = arg;

	while (keys->protocol != 0)
		keys++;
	*keys = service->key;
}

/* What is in the maps, and what packets find, is what is reported. */
static void
assert_sound(struct dataplane *dataplane)
{
	struct service_key keys[9] = {0};
	struct seen seen = {0};
	unsigned used = 0;

	dataplane->ops->service_each(dataplane, see, &seen);
	dataplane->ops->service_each(dataplane, collect, keys);
	assert_int_equal(lab_hash_count("service_index"), seen.services);
	for (uint32_t i = 1; i <= lab_options().destinations; i++)
		used += lab_destination_at(i).service != 0 ||
		    lab_destination_at(i).state != VC5_DOWN;
	assert_int_equal(used, seen.destinations);
	for (size_t i = 0; keys[i].protocol != 0; i++)
		dataplane->ops->service_remove(dataplane, &keys[i]);
	assert_int_equal(lab_hash_count("service_index"), 0);
	assert_int_equal(lab_hash_count("vips"), 0);
	assert_false(lab_filtered(VIP));
	assert_false(lab_filtered(VIP2));
	/* No index was lost. */
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 16), 0);
	for (uint16_t port = 81; port < 88; port++)
		assert_int_equal(lab_set_many(dataplane, VIP, port, 0), 0);
	for (uint16_t port = 80; port < 88; port++)
		dataplane->ops->service_remove(
		    dataplane, &(struct service_key){lab_addr(VIP), port, 6});
}

static void
test_take_over_killed(void **state)
{
	struct dataplane *dataplane;
	pid_t pid;
	int status;

	(void)state;
	for (unsigned i = 0; i < KILLS; i++) {
		pid = fork();
		if (pid == 0)
			change_for_ever(i);
		/* At any moment: there is no condition to wait for. */
		usleep(1000 + (useconds_t)rand() % 79000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		dataplane = lab_dataplane();
		assert_sound(dataplane);
		dataplane->ops->close(dataplane);
	}
	lab_log();
	dataplane = lab_dataplane();
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_take_over),
	    LAB_TEST(test_take_over_half_done),
	    LAB_TEST(test_take_over_killed),
	    LAB_TEST(test_discard),
	    LAB_TEST(test_former_vips),
	    LAB_TEST(test_failure_keeps),
	};

	return lab_run_tests(tests);
}
