/* SPDX-License-Identifier: ISC */

/*
 * Established connections under a flood: none changes its server, whatever
 * comes and whatever servers come and go meanwhile.  Says how many packets
 * that were, and how fast.
 *
 * siege [-m millions]: of packets in each part of the flood, 20 by default.
 */

#include <sys/mman.h>
#include <sys/random.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/abi.h"
#include "bpf/siege.skel.h"

#define CONNECTIONS 100000
#define ENTRIES	    (1U << 20) /* the default */
#define CHUNK	    50000      /* packets of a run: some 20 ms */
#define CHANGES	    10	       /* that there must be at least */
#define SERVERS	    12
#define BASE	    8 /* those that have connections */
#define SERVICE	    1
#define LOOPBACK    1
#define FRAME	    64

static struct siege_bpf *skeleton;
static struct vc5_control *control;
static struct vc5_destination *destinations;
static struct vc5_service *services;
static struct vc5_drop_counters *counters;
static uint8_t *tables;
static int cpus, tests, failures;

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
	failures += !good;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *
map_open(struct bpf_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (bpf_map__value_size(map) + 7U) / 8 * 8 *
	    (size_t)bpf_map__max_entries(map);
	void *memory = mmap(NULL, (size + page - 1) / page * page,
	    PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		err(1, "mmap: map %s", bpf_map__name(map));
	return memory;
}

static void
size_maps(void)
{
	const struct {
		struct bpf_map *map;
		uint32_t count;
	} sizes[] = {
	    {skeleton->maps.flows, ENTRIES / VC5_WAYS},
	    {skeleton->maps.tuples, ENTRIES},
	    {skeleton->maps.destinations, SERVERS + 1},
	    {skeleton->maps.services, SERVICE + 1},
	    {skeleton->maps.tables, 2 * (SERVICE + 1)},
	    {skeleton->maps.destination_counters, (SERVERS + 1U) * cpus},
	    {skeleton->maps.service_counters, (SERVICE + 1U) * cpus},
	    {skeleton->maps.drop_counters, cpus},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (bpf_map__set_max_entries(sizes[i].map, sizes[i].count) != 0)
			err(1, "size of a map");
}

static void
load(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	cpus = libbpf_num_possible_cpus();
	skeleton = siege_bpf__open();
	if (skeleton == NULL || cpus < 1)
		err(1, "siege.bpf.o");
	skeleton->rodata->entries = ENTRIES;
	skeleton->rodata->cpus = cpus;
	size_maps();
	if (siege_bpf__load(skeleton) != 0) {
		if (errno == ENOSYS || errno == EPERM) {
			printf("1..0 # SKIP can't load BPF programs: %s\n",
			    strerror(errno));
			exit(0);
		}
		err(1, "siege.bpf.o: load");
	}
	control = map_open(skeleton->maps.control);
	destinations = map_open(skeleton->maps.destinations);
	services = map_open(skeleton->maps.services);
	counters = map_open(skeleton->maps.drop_counters);
	tables = map_open(skeleton->maps.tables);
}

static void
set_state(uint32_t server, enum vc5_destination_state state)
{
	__atomic_store_n(&destinations[server].state, state, __ATOMIC_RELEASE);
}

/* The other half of the service's table has these servers, then it is used. */
static void
use_servers(const uint32_t *servers, size_t count)
{
	const size_t stride = (VC5_SLOTS * sizeof(uint16_t) + 7) / 8 * 8;
	uint32_t idle = services[SERVICE].table ^ 1;
	uint16_t *slots = (uint16_t *)(void *)(tables + idle * stride);

	for (uint32_t i = 0; i < VC5_SLOTS; i++)
		slots[i] = (uint16_t)servers[i % count];
	__atomic_store_n(&services[SERVICE].table, idle, __ATOMIC_RELEASE);
}

/*
 * Always the same: with one of 100 keys a connection or two of so many find no
 * place in the table, and go by the hash table.
 */
static void
make_key(void)
{
	uint64_t state = 1;

	for (int i = 0; i < VC5_KEY_WORDS; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		control->key[i] = state ^ state >> 29;
	}
}

static void
configure(void)
{
	static const uint32_t base[BASE] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct vc5_service *service = &services[SERVICE];
	const uint32_t index = SERVICE, answers = 0;
	struct timespec now;
	uint32_t bit;

	make_key();
	clock_gettime(CLOCK_MONOTONIC, &now);
	control->clock = (uint32_t)now.tv_sec + 100000;
	memcpy(service->key.vip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
	service->key.port = htons(80);
	service->key.protocol = 6;
	service->table = 2 * SERVICE;
	service->idle = VC5_IDLE_TCP;
	bit = vc5_filter_bit(service->key.vip);
	control->filter[bit / 64] |= 1ULL << bit % 64;
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.service_index),
		&service->key, &index, BPF_ANY) != 0 ||
	    bpf_map_update_elem(bpf_map__fd(skeleton->maps.vips),
		service->key.vip, &answers, BPF_ANY) != 0)
		err(1, "maps of services");
	for (uint32_t i = 1; i <= SERVERS; i++) {
		memcpy(&destinations[i].mac, "\2\0\0\0\0", 5);
		((uint8_t *)&destinations[i].mac)[5] = (uint8_t)i;
		destinations[i].source_mac = destinations[i].mac;
		destinations[i].ifindex = LOOPBACK;
		destinations[i].generation = 1;
		destinations[i].mtu = 1500;
		destinations[i].service = SERVICE;
		destinations[i].state = i <= BASE ? VC5_UP : VC5_DOWN;
	}
	use_servers(base, BASE);
}

/* A client's packet, but for what the programs write. */
static void
make_template(void)
{
	uint8_t frame[FRAME] = {2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 1, 8, 0};
	uint8_t *ip = frame + 14;

	ip[0] = 0x45;
	ip[3] = 40; /* bytes */
	ip[8] = 64; /* TTL */
	ip[9] = 6;  /* TCP */
	memcpy(ip + 16, "\xc0\0\2\1", 4);
	ip[32] = 5 << 4; /* length of the TCP header */
	memcpy(skeleton->bss->template, frame, sizeof(frame));
}

static void
run(struct bpf_program *program, uint32_t iterations)
{
	uint8_t frame[FRAME] = {0};
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = frame,
	    .data_size_in = sizeof(frame),
	    .repeat = 1};

	skeleton->bss->iterations = iterations;
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) != 0)
		err(1, "BPF_PROG_TEST_RUN");
}

/* Every connection sends a packet: how many came to another server? */
static uint64_t
strayed(void)
{
	uint64_t moved = skeleton->bss->moved, kept = skeleton->bss->kept;

	skeleton->bss->first = 0;
	run(skeleton->progs.siege_check, CONNECTIONS);
	kept = skeleton->bss->kept - kept;
	moved = skeleton->bss->moved - moved;
	if (kept + moved != CONNECTIONS)
		errx(1, "%ju packets were sent", (uintmax_t)(kept + moved));
	return moved;
}

static uint64_t
taken(enum vc5_rank rank)
{
	uint64_t sum = 0;

	for (int cpu = 0; cpu < cpus; cpu++)
		sum += counters[cpu].taken[rank];
	return sum;
}

struct flood {
	uint64_t packets;
	uint8_t flags[2];
	bool done;
};

/* A thread: the flood, in runs. */
static void *
flood_run(void *arg)
{
	struct flood *flood = arg;
	uint64_t left = flood->packets;
	uint32_t chunk;

	memcpy(skeleton->bss->flood_flags, flood->flags, 2);
	for (; left > 0; left -= chunk) {
		chunk = left < CHUNK ? (uint32_t)left : CHUNK;
		if (getrandom(&skeleton->bss->seed, sizeof(skeleton->bss->seed),
			0) < 0)
			err(1, "getrandom");
		run(skeleton->progs.siege_flood, chunk);
	}
	__atomic_store_n(&flood->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool
comes(unsigned number, uint32_t server)
{
	return number >> (server - BASE) & 1;
}

/*
 * One change of the servers: those beyond BASE come and go; one of the others
 * drains, and is up again.  Who is in the table is up.
 */
static void
change(unsigned number)
{
	uint32_t in[SERVERS], drains = 1 + number % BASE;
	size_t count = 0;

	for (uint32_t i = 1; i <= SERVERS; i++) {
		if (i <= BASE ? i == drains : !comes(number, i))
			continue;
		set_state(i, VC5_UP);
		in[count++] = i;
	}
	use_servers(in, count);
	set_state(drains, VC5_DRAINING);
	for (uint32_t i = BASE + 1; i <= SERVERS; i++)
		if (!comes(number, i) && destinations[i].state == VC5_UP) {
			set_state(i, VC5_DOWN);
			destinations[i].generation++;
		}
}

/* The number of connections that went astray in a part of the flood. */
static uint64_t
part(const char *name, struct flood *flood, bool changes)
{
	uint64_t before = skeleton->bss->lost, bad;
	double begin = seconds(), took;
	unsigned number = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, flood_run, flood) != 0)
		err(1, "pthread_create");
	while (changes && !__atomic_load_n(&flood->done, __ATOMIC_ACQUIRE)) {
		change(number++);
		usleep(1000);
	}
	pthread_join(thread, NULL);
	took = seconds() - begin;
	bad = strayed();
	printf("# %s: %.1f million packets in %.1f s (%.1f million a second), "
	       "%u changes of servers, %ju packets lost; of %u connections "
	       "%ju moved\n",
	    name, (double)flood->packets / 1e6, took,
	    (double)flood->packets / took / 1e6, number,
	    (uintmax_t)(skeleton->bss->lost - before), CONNECTIONS,
	    (uintmax_t)bad);
	if (changes && number < CHANGES)
		errx(1, "only %u changes of servers", number);
	return bad;
}

int
main(int argc, char **argv)
{
	uint64_t millions = 20;
	struct flood syns = {.flags = {0x02, 0x02}};
	struct flood acks = {.flags = {0x10, 0x10}};
	struct flood both = {.flags = {0x02, 0x10}};

	if (argc == 3 && strcmp(argv[1], "-m") == 0)
		millions = strtoull(argv[2], NULL, 10);
	else if (argc != 1)
		errx(2, "usage: siege [-m millions]");
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root to load BPF programs\n");
		return 0;
	}
	load();
	configure();
	make_template();
	syns.packets = acks.packets = both.packets = millions * 1000000;
	run(skeleton->progs.siege_establish, CONNECTIONS);
	ok(skeleton->bss->kept == CONNECTIONS && strayed() == 0 &&
		taken(VC5_RANK_LIVE) == 0,
	    "the connections are established, each with an entry");
	ok(part("SYNs", &syns, false) == 0, "SYNs from anywhere move none");
	ok(part("ACKs", &acks, false) == 0, "nor do stray ACKs");
	ok(skeleton->bss->sent == 2 * millions * 1000000 &&
		skeleton->bss->lost == 0,
	    "each packet of the flood went to a server");
	ok(part("both", &both, true) == 0,
	    "nor do both, with servers that come and go");
	printf("# entries given away: %ju embryonic, %ju idle, %ju closed, "
	       "%ju gone; buckets full of live ones: %ju\n",
	    (uintmax_t)taken(VC5_RANK_EMBRYONIC),
	    (uintmax_t)taken(VC5_RANK_IDLE), (uintmax_t)taken(VC5_RANK_CLOSED),
	    (uintmax_t)taken(VC5_RANK_GONE), (uintmax_t)taken(VC5_RANK_LIVE));
	printf("1..%d\n", tests);
	siege_bpf__destroy(skeleton);
	return failures != 0;
}
