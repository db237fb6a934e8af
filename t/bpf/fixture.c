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

#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "fixture.h"

#define USUAL 1024 /* entries of the flow table */

/* All that were loaded; kept until the process ends. */
static struct fixture *loaded;

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
	    {skeleton->maps.sources4, VC5_SOURCES4},
	    {skeleton->maps.sources6, 1U << VC5_SOURCE6_BITS},
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(
		    bpf_map__set_max_entries(sizes[i].map, sizes[i].entries),
		    0);
	assert_int_equal(bpf_map__set_value_size(skeleton->maps.tables,
			     fixture->slots * sizeof(uint16_t)),
	    0);
}

/* The maps that are looked at directly, and where they are then. */
static size_t
mapped_maps(struct fixture *fixture, struct bpf_map *maps[], void **memory[])
{
	const struct vc5d_bpf *skeleton = fixture->skeleton;
	const struct {
		struct bpf_map *map;
		void **memory;
	} all[] = {
	    {skeleton->maps.control, (void **)&fixture->control},
	    {skeleton->maps.flows, (void **)&fixture->flows},
	    {skeleton->maps.tuples, (void **)&fixture->tuples},
	    {skeleton->maps.destinations, (void **)&fixture->destinations},
	    {skeleton->maps.services, (void **)&fixture->services},
	    {skeleton->maps.tables, &fixture->others[0]},
	    {skeleton->maps.destination_counters, &fixture->others[1]},
	    {skeleton->maps.service_counters, &fixture->others[2]},
	    {skeleton->maps.drop_counters, &fixture->others[3]},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		maps[i] = all[i].map;
		memory[i] = all[i].memory;
	}
	return i;
}

static void
hash_clear(const struct bpf_map *map)
{
	uint8_t key[64];

	if (map == NULL)
		return;
	while (bpf_map_get_next_key(bpf_map__fd(map), NULL, key) == 0)
		bpf_map_delete_elem(bpf_map__fd(map), key);
}

/* The programs' variables. */
static void
variables_clear(const struct bpf_object *object)
{
	const char *name;
	struct bpf_map *map;
	size_t size;
	void *memory;

	bpf_object__for_each_map(map, object)
	{
		name = bpf_map__name(map);
		if (strlen(name) < 4 ||
		    strcmp(name + strlen(name) - 4, ".bss") != 0)
			continue;
		memory = (void *)(uintptr_t)bpf_map__initial_value(map, &size);
		assert_non_null(memory);
		memset(memory, 0, size);
	}
}

/* As it was when it was loaded. */
static void
clear(struct fixture *fixture)
{
	const struct bpf_object *object = fixture->skeleton->obj;
	struct bpf_map *maps[16];
	void **memory[16];
	size_t count = mapped_maps(fixture, maps, memory), i;

	for (i = 0; i < count; i++)
		memset(*memory[i], 0, map_bytes(maps[i]));
	hash_clear(fixture->skeleton->maps.service_index);
	hash_clear(fixture->skeleton->maps.vips);
	hash_clear(bpf_object__find_map_by_name(object, "fragments"));
	hash_clear(fixture->skeleton->maps.blocked4);
	hash_clear(fixture->skeleton->maps.blocked6);
	variables_clear(object);
}

/* All of a file. */
static void *
slurp(const char *name, size_t *size)
{
	FILE *file = fopen(name, "r");
	uint8_t *bytes;

	if (file == NULL)
		fail_msg("%s: %s", name, strerror(errno));
	fseek(file, 0, SEEK_END);
	*size = ftell(file);
	rewind(file);
	bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static struct vc5d_bpf *
open_skeleton(void)
{
	const char *name = getenv("VC5_BPF_OBJECT");
	struct vc5d_bpf *skeleton;
	size_t size;

	if (name == NULL)
		return vc5d_bpf__open();
	/* vc5d_bpf__open() with other bytes, which must outlive it */
	skeleton = calloc(1, sizeof(*skeleton));
	if (skeleton == NULL)
		return NULL;
	if (vc5d_bpf__create_skeleton(skeleton) != 0) {
		free(skeleton);
		return NULL;
	}
	skeleton->skeleton->data = slurp(name, &size);
	skeleton->skeleton->data_sz = size;
	if (bpf_object__open_skeleton(skeleton->skeleton, NULL) == 0)
		return skeleton;
	vc5d_bpf__destroy(skeleton);
	return NULL;
}

/*
 * Another failure than that of a kernel without BPF is one; all other tests
 * would say it at length.
 */
static void
cannot_load(void)
{
	if (loaded == NULL && (errno == ENOSYS || errno == EPERM)) {
		printf("1..0 # SKIP can't load BPF programs: %s\n",
		    strerror(errno));
		exit(0);
	}
	printf(
	    "Bail out!  The programs can't be loaded: %s\n", strerror(errno));
	exit(1);
}

static struct fixture *
load(uint32_t entries, uint32_t slots)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct bpf_map *maps[16];
	void **memory[16];
	size_t count, i;

	assert_non_null(fixture);
	fixture->entries = entries;
	fixture->slots = slots;
	fixture->cpus = libbpf_num_possible_cpus();
	fixture->skeleton = open_skeleton();
	assert_non_null(fixture->skeleton);
	fixture->skeleton->rodata->entries = entries;
	fixture->skeleton->rodata->slots = slots;
	fixture->skeleton->rodata->cpus = fixture->cpus;
	fixture->skeleton->rodata->probe_mark = PROBE_MARK;
	set_sizes(fixture);
	if (vc5d_bpf__load(fixture->skeleton) != 0)
		cannot_load();
	count = mapped_maps(fixture, maps, memory);
	for (i = 0; i < count; i++)
		*memory[i] = map_open(maps[i]);
	return fixture;
}

struct fixture *
fixture_new(uint32_t entries)
{
	return fixture_new_sized(entries, VC5_SLOTS);
}

struct fixture *
fixture_new_sized(uint32_t entries, uint32_t slots)
{
	struct fixture *fixture;

	for (fixture = loaded; fixture != NULL; fixture = fixture->next)
		if (fixture->entries == entries && fixture->slots == slots &&
		    !fixture->busy)
			break;
	if (fixture == NULL) {
		fixture = load(entries, slots);
		fixture->next = loaded;
		loaded = fixture;
	} else
		clear(fixture);
	fixture->busy = true;
	fixture->row = NULL;
	fixture_configure(fixture);
	return fixture;
}

void
fixture_free(struct fixture *fixture)
{
	fixture->busy = false;
}

void
fixture_require(void)
{
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root to load BPF programs\n");
		exit(0);
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	fixture_free(fixture_new(USUAL));
}

int
fixture_setup(void **state)
{
	struct fixture *fixture = fixture_new(USUAL);

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

static int
run(const struct bpf_program *program, struct frame *frame)
{
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = frame->bytes,
	    .data_size_in = frame->length,
	    .data_out = frame->bytes,
	    .data_size_out = sizeof(frame->bytes),
	    .repeat = 1};

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) != 0)
		fail_msg("BPF_PROG_TEST_RUN: %s", strerror(errno));
	frame->length = options.data_size_out;
	return options.retval;
}

int
fixture_run(struct fixture *fixture, struct frame *frame)
{
	return run(fixture->skeleton->progs.vc5d_xdp, frame);
}

int
fixture_probe_out(struct fixture *fixture, struct frame *frame)
{
	return run(fixture->skeleton->progs.vc5d_probe_out, frame);
}

int
fixture_probe(struct fixture *fixture, struct frame *frame, uint32_t mark)
{
	struct __sk_buff context = {.mark = mark};
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = frame->bytes,
	    .data_size_in = frame->length,
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

/*
 * Counters of all CPUs, the first of which has them at an index: size bytes of
 * 64-bit words, and of nothing else.
 */
static void
sum_counters(const struct fixture *fixture, const struct bpf_map *map,
    uint32_t index, uint64_t *sum, size_t size)
{
	uint64_t one[64];
	int cpu;
	size_t i;

	assert_true(size <= sizeof(one) && size == value_size(map));
	memset(sum, 0, size);
	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		element(map, index + cpu, one);
		for (i = 0; i < size / sizeof(*one); i++)
			sum[i] += one[i];
	}
}

static struct vc5_drop_counters
dropped(struct fixture *fixture)
{
	struct vc5_drop_counters sum;

	sum_counters(fixture, fixture->skeleton->maps.drop_counters, 0,
	    (uint64_t *)&sum, sizeof(sum));
	return sum;
}

struct vc5_destination_counters
fixture_counters(struct fixture *fixture, uint32_t destination)
{
	struct vc5_destination_counters sum;

	sum_counters(fixture, fixture->skeleton->maps.destination_counters,
	    destination * fixture->cpus, (uint64_t *)&sum, sizeof(sum));
	return sum;
}

static struct vc5_service_counters
unsent(struct fixture *fixture, uint32_t service)
{
	struct vc5_service_counters sum;

	sum_counters(fixture, fixture->skeleton->maps.service_counters,
	    service * fixture->cpus, (uint64_t *)&sum, sizeof(sum));
	return sum;
}

uint64_t
fixture_no_destination(struct fixture *fixture, uint32_t service)
{
	return unsent(fixture, service).no_destination;
}

uint64_t
fixture_no_destination_bytes(struct fixture *fixture, uint32_t service)
{
	return unsent(fixture, service).no_destination_bytes;
}

uint64_t
fixture_drops(struct fixture *fixture, enum vc5_drop reason)
{
	return dropped(fixture).packets[reason];
}

uint64_t
fixture_drop_bytes(struct fixture *fixture, enum vc5_drop reason)
{
	return dropped(fixture).bytes[reason];
}

uint64_t
fixture_dropped(struct fixture *fixture)
{
	struct vc5_drop_counters sum = dropped(fixture);
	uint64_t packets = 0;
	int reason;

	for (reason = 0; reason < VC5_DROPS; reason++)
		packets += sum.packets[reason];
	return packets;
}

uint64_t
fixture_taken(struct fixture *fixture, enum vc5_rank rank)
{
	return dropped(fixture).taken[rank];
}

uint64_t
fixture_answers(struct fixture *fixture, enum vc5_answer kind)
{
	return dropped(fixture).answers[kind];
}

uint64_t
fixture_echo_bytes(struct fixture *fixture)
{
	return dropped(fixture).echo_bytes;
}

void
fixture_fragments_age(struct fixture *fixture, uint32_t seconds)
{
	const struct bpf_map *map =
	    bpf_object__find_map_by_name(fixture->skeleton->obj, "fragments");
	struct vc5_fragment_key key, *previous = NULL;
	struct vc5_fragment fragment;

	assert_non_null(map);
	while (bpf_map_get_next_key(bpf_map__fd(map), previous, &key) == 0) {
		previous = &key;
		assert_int_equal(
		    bpf_map_lookup_elem(bpf_map__fd(map), &key, &fragment), 0);
		fragment.seen -= seconds;
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &key,
				     &fragment, BPF_EXIST),
		    0);
	}
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
