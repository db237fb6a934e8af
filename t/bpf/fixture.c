/* SPDX-License-Identifier: ISC */

/*
 * See fixture.h.
 */

#include <sys/mman.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "fixture.h"

static size_t
value_size(const struct bpf_map *map)
{
	return (bpf_map__value_size(map) + 7) / 8 * 8;
}

static size_t
map_bytes(const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (value_size(map) * bpf_map__max_entries(map) + page - 1) / page *
	    page;
}

static void *
map_open(const struct bpf_map *map)
{
	void *memory = mmap(NULL, map_bytes(map), PROT_READ | PROT_WRITE,
	    MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		fail_msg("mmap %s: %s", bpf_map__name(map), strerror(errno));
	return memory;
}

/* Elements of a map that is looked at now and then. */
static void
element(const struct bpf_map *map, uint32_t index, void *value)
{
	assert_int_equal(
	    bpf_map_lookup_elem(bpf_map__fd(map), &index, value), 0);
}

static void
mapped(uint8_t address[16], uint32_t ipv4)
{
	uint32_t network = htonl(ipv4);

	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, &network, sizeof(network));
}

void
fixture_require(void)
{
	struct vc5d_bpf *skeleton;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root to load BPF programs\n");
		exit(0);
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	skeleton = vc5d_bpf__open();
	/* Another failure than that of a kernel without BPF is one. */
	if (skeleton != NULL && vc5d_bpf__load(skeleton) != 0 &&
	    (errno == ENOSYS || errno == EPERM)) {
		printf("1..0 # SKIP can't load BPF programs: %s\n",
		    strerror(errno));
		exit(0);
	}
	vc5d_bpf__destroy(skeleton);
}

static void
set_sizes(struct fixture *fixture)
{
	struct vc5d_bpf *skeleton = fixture->skeleton;
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
	    {skeleton->maps.flows, fixture->entries / VC5_WAYS},
	    {skeleton->maps.tuples, fixture->entries},
	    {skeleton->maps.destinations, DESTINATIONS},
	    {skeleton->maps.services, SERVICES},
	    {skeleton->maps.tables, 2 * SERVICES},
	    {skeleton->maps.service_index, SERVICES},
	    {skeleton->maps.vips, SERVICES},
	    {skeleton->maps.destination_counters, DESTINATIONS * fixture->cpus},
	    {skeleton->maps.service_counters, SERVICES * fixture->cpus},
	    {skeleton->maps.drop_counters, fixture->cpus},
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(
		    bpf_map__set_max_entries(sizes[i].map, sizes[i].entries),
		    0);
}

static void
add_service(struct fixture *fixture, uint32_t index, uint16_t port,
    uint8_t protocol, uint32_t flags, uint16_t destination)
{
	struct vc5_service *service = &fixture->services[index];

	mapped(service->key.vip, VIP);
	service->key.port = htons(port);
	service->key.protocol = protocol;
	service->flags = flags;
	service->table = 2 * index;
	fixture_index_set(fixture, index);
	fixture_table(fixture, index, destination);
}

static void
add_destination(struct fixture *fixture, uint32_t index, uint16_t service)
{
	struct vc5_destination *destination = &fixture->destinations[index];

	memcpy(&destination->mac, fixture_mac(index), 6);
	memcpy(&destination->source_mac, fixture_source(index), 6);
	destination->ifindex = LOOPBACK;
	destination->generation = 1;
	destination->service = service;
	destination->mtu = 1500;
	destination->state = VC5_UP;
}

/* Destinations 1 to 4 are HTTP's, 5 and 6 STICKY's, 7 is DNS's. */
static void
configure(struct fixture *fixture)
{
	uint8_t vip[16];
	uint32_t i, one = 1;

	fixture->control->clock = NOW;
	for (i = 0; i < VC5_KEY_WORDS; i++)
		fixture->control->key[i] = 0x9e3779b97f4a7c15 * (i + 1);
	mapped(vip, VIP);
	assert_int_equal(
	    bpf_map_update_elem(
		bpf_map__fd(fixture->skeleton->maps.vips), vip, &one, BPF_ANY),
	    0);
	fixture_filter_set(fixture, VIP);
	for (i = 1; i <= 4; i++)
		add_destination(fixture, i, HTTP);
	add_destination(fixture, 5, STICKY);
	add_destination(fixture, 6, STICKY);
	add_destination(fixture, 7, DNS);
	add_service(fixture, HTTP, 80, 6, 0, 1);
	add_service(fixture, STICKY, 443, 6, VC5_STICKY, 5);
	add_service(fixture, DNS, 53, 17, 0, 7);
}

struct fixture *
fixture_new(uint32_t entries)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->entries = entries;
	fixture->cpus = libbpf_num_possible_cpus();
	fixture->skeleton = vc5d_bpf__open();
	assert_non_null(fixture->skeleton);
	fixture->skeleton->rodata->entries = entries;
	fixture->skeleton->rodata->cpus = fixture->cpus;
	fixture->skeleton->rodata->probe_mark = PROBE_MARK;
	set_sizes(fixture);
	assert_int_equal(vc5d_bpf__load(fixture->skeleton), 0);
	fixture->control = map_open(fixture->skeleton->maps.control);
	fixture->flows = map_open(fixture->skeleton->maps.flows);
	fixture->tuples = map_open(fixture->skeleton->maps.tuples);
	fixture->destinations = map_open(fixture->skeleton->maps.destinations);
	fixture->services = map_open(fixture->skeleton->maps.services);
	configure(fixture);
	return fixture;
}

void
fixture_free(struct fixture *fixture)
{
	const struct vc5d_bpf *skeleton = fixture->skeleton;

	munmap(fixture->control, map_bytes(skeleton->maps.control));
	munmap(fixture->flows, map_bytes(skeleton->maps.flows));
	munmap(fixture->tuples, map_bytes(skeleton->maps.tuples));
	munmap(fixture->destinations, map_bytes(skeleton->maps.destinations));
	munmap(fixture->services, map_bytes(skeleton->maps.services));
	vc5d_bpf__destroy(fixture->skeleton);
	free(fixture);
}

int
fixture_setup(void **state)
{
	struct fixture *fixture = fixture_new(1024);

	fixture->row = *state;
	*state = fixture;
	return 0;
}

int
fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

void
fixture_table(struct fixture *fixture, uint32_t service, uint16_t destination)
{
	static struct vc5_table table;
	uint32_t i;

	for (i = 0; i < VC5_SLOTS; i++)
		table.slots[i] = destination;
	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(fixture->skeleton->maps.tables),
		&fixture->services[service].table, &table, BPF_ANY),
	    0);
}

void
fixture_table_set(
    struct fixture *fixture, uint32_t index, const struct vc5_table *table)
{
	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(fixture->skeleton->maps.tables),
		&index, table, BPF_ANY),
	    0);
}

void
fixture_index_set(struct fixture *fixture, uint32_t service)
{
	assert_int_equal(
	    bpf_map_update_elem(
		bpf_map__fd(fixture->skeleton->maps.service_index),
		&fixture->services[service].key, &service, BPF_ANY),
	    0);
}

void
fixture_index_remove(struct fixture *fixture, uint32_t service)
{
	assert_int_equal(bpf_map_delete_elem(
			     bpf_map__fd(fixture->skeleton->maps.service_index),
			     &fixture->services[service].key),
	    0);
}

void
fixture_filter_set(struct fixture *fixture, uint32_t address)
{
	uint8_t bytes[16];
	uint32_t bit;

	mapped(bytes, address);
	bit = vc5_filter_bit(bytes);
	fixture->control->filter[bit / 64] |= 1ULL << (bit % 64);
}

const uint8_t *
fixture_mac(uint32_t destination)
{
	static uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44};

	mac[5] = destination;
	return mac;
}

const uint8_t *
fixture_source(uint32_t destination)
{
	static uint8_t mac[6] = {0x06, 0x99, 0x88, 0x77, 0x66};

	mac[5] = 0xf0 + destination;
	return mac;
}

int
fixture_run(struct fixture *fixture, struct frame *frame)
{
	struct frame in = *frame;
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = in.bytes,
	    .data_size_in = in.length,
	    .data_out = frame->bytes,
	    .data_size_out = sizeof(frame->bytes),
	    .repeat = 1};

	if (bpf_prog_test_run_opts(
		bpf_program__fd(fixture->skeleton->progs.vc5d_xdp), &options) !=
	    0)
		fail_msg("BPF_PROG_TEST_RUN: %s", strerror(errno));
	frame->length = options.data_size_out;
	return options.retval;
}

int
fixture_probe(struct fixture *fixture, struct frame *frame, uint32_t mark)
{
	struct frame in = *frame;
	struct __sk_buff context = {.mark = mark};
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = in.bytes,
	    .data_size_in = in.length,
	    .data_out = frame->bytes,
	    .data_size_out = sizeof(frame->bytes),
	    .ctx_in = &context,
	    .ctx_size_in = sizeof(context),
	    .repeat = 1};

	if (bpf_prog_test_run_opts(
		bpf_program__fd(fixture->skeleton->progs.vc5d_probe),
		&options) != 0)
		fail_msg("BPF_PROG_TEST_RUN: %s", strerror(errno));
	frame->length = options.data_size_out;
	return options.retval;
}

uint32_t
fixture_send(struct fixture *fixture, const struct frame_spec *spec)
{
	struct frame frame;
	int verdict;

	frame_make(&frame, spec);
	verdict = fixture_run(fixture, &frame);
	if (verdict != XDP_TX && verdict != XDP_REDIRECT)
		return 0;
	return frame.bytes[5];
}

uint32_t
fixture_tcp(struct fixture *fixture, uint16_t client_port, uint8_t flags)
{
	const struct frame_spec spec = {
	    .client_port = client_port, .flags = flags};

	return fixture_send(fixture, &spec);
}

struct vc5_destination_counters
fixture_counters(struct fixture *fixture, uint32_t destination)
{
	struct vc5_destination_counters one, sum = {0};
	int cpu;

	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		element(fixture->skeleton->maps.destination_counters,
		    destination * fixture->cpus + cpu, &one);
		sum.packets += one.packets;
		sum.bytes += one.bytes;
		sum.flows += one.flows;
		sum.stateless += one.stateless;
	}
	return sum;
}

uint64_t
fixture_no_destination(struct fixture *fixture, uint32_t service)
{
	struct vc5_service_counters one;
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		element(fixture->skeleton->maps.service_counters,
		    service * fixture->cpus + cpu, &one);
		sum += one.no_destination;
	}
	return sum;
}

uint64_t
fixture_drops(struct fixture *fixture, enum vc5_drop reason)
{
	struct vc5_drop_counters one;
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		element(fixture->skeleton->maps.drop_counters, cpu, &one);
		sum += one.packets[reason];
	}
	return sum;
}

uint64_t
fixture_dropped(struct fixture *fixture)
{
	uint64_t sum = 0;
	int reason;

	for (reason = 0; reason < VC5_DROPS; reason++)
		sum += fixture_drops(fixture, reason);
	return sum;
}

static struct vc5_flow *
flow_at(struct fixture *fixture, uint32_t entry)
{
	return &fixture->flows[entry / VC5_WAYS].ways[entry % VC5_WAYS];
}

uint32_t
fixture_flow_count(struct fixture *fixture)
{
	uint32_t entry, count = 0;

	for (entry = 0; entry < fixture->entries; entry++)
		count += flow_at(fixture, entry)->stamp != 0;
	return count;
}

struct vc5_flow *
fixture_flow(struct fixture *fixture)
{
	struct vc5_flow *found = NULL;
	uint32_t entry;

	for (entry = 0; entry < fixture->entries; entry++)
		if (flow_at(fixture, entry)->stamp != 0) {
			if (found != NULL)
				return NULL;
			found = flow_at(fixture, entry);
		}
	return found;
}
