/* SPDX-License-Identifier: ISC */

/*
 * How long the data plane takes for a packet: bpf/bench.bpf.c run by the
 * kernel, rounds of all cases one after the other, medians.
 */

#include <sys/mman.h>
#include <sys/random.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/abi.h"
#include "bpf/bench.skel.h"

#define ENTRIES	     (4U << 20)
#define PREFILLED    1000000
#define DESTINATIONS 16
#define LOOPBACK     1 /* the ifindex at which test runs' packets come in */
#define FRAME	     64

#define VIP   0xc0000201 /* 192.0.2.1 */
#define OTHER 0xc0000263

enum body {
	BODY_NULL,
	BODY_SWAP,
	BODY_MEMORY,
	BODY_STEER
};

/* What the flow table is at the beginning of a case. */
enum table {
	TABLE_ANY,
	TABLE_EMPTY,
	TABLE_SAME,   /* it has the flows of the case before, that come again */
	TABLE_FILLED, /* PREFILLED confirmed flows */
};

enum expected {
	EXPECT_SENT,
	EXPECT_PASSED,
	EXPECT_FOUND,	 /* sent, by flows that were there */
	EXPECT_INSERTED, /* sent, each by a new flow */
};

struct bench_case {
	const char *name;
	enum body body;
	enum table table;
	uint32_t flows; /* at random; 0 = the next one each time */
	uint32_t destination;
	uint8_t protocol, tcp_flags;
	enum expected expected;
};

#define TCP(flags) VIP, IPPROTO_TCP, flags

static const struct bench_case cases[] = {
    {"null", BODY_NULL, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT},
    {"swap", BODY_SWAP, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT},
    {"memory", BODY_MEMORY, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT},
    {"not-vip", BODY_STEER, TABLE_ANY, 1000, OTHER, IPPROTO_TCP, TH_ACK,
	EXPECT_PASSED},
    {"syn-new", BODY_STEER, TABLE_EMPTY, 0, TCP(TH_SYN), EXPECT_INSERTED},
    {"insert", BODY_STEER, TABLE_EMPTY, 0, TCP(TH_ACK), EXPECT_INSERTED},
    {"confirm", BODY_STEER, TABLE_SAME, 0, TCP(TH_ACK), EXPECT_FOUND},
    {"established", BODY_STEER, TABLE_FILLED, 1, TCP(TH_ACK), EXPECT_FOUND},
    {"established", BODY_STEER, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_FOUND},
    {"established", BODY_STEER, TABLE_ANY, 262144, TCP(TH_ACK), EXPECT_FOUND},
    {"established", BODY_STEER, TABLE_ANY, PREFILLED, TCP(TH_ACK),
	EXPECT_FOUND},
    {"udp", BODY_STEER, TABLE_ANY, 1000, VIP, IPPROTO_UDP, 0, EXPECT_FOUND},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

struct bench {
	struct bench_bpf *skeleton;
	int cpus;
	struct vc5_bucket *flows;
	struct vc5_destination_counters *counters;
};

/* All destinations' counters together. */
static struct vc5_destination_counters
counters_sum(const struct bench *bench)
{
	struct vc5_destination_counters sum = {0};
	int i;

	for (i = 0; i < (DESTINATIONS + 1) * bench->cpus; i++) {
		sum.packets += bench->counters[i].packets;
		sum.flows += bench->counters[i].flows;
		sum.stateless += bench->counters[i].stateless;
	}
	return sum;
}

static void
template_set(struct bench *bench, const struct bench_case *kind)
{
	uint8_t frame[FRAME] = {0};
	struct ethhdr ethernet = {.h_dest = {2, 0, 0, 0, 0, 1},
	    .h_source = {2, 0, 0, 0, 0, 2},
	    .h_proto = htons(ETH_P_IP)};
	struct iphdr ip = {.version = 4,
	    .ihl = 5,
	    .tot_len = htons(kind->protocol == IPPROTO_TCP ? 40 : 48),
	    .frag_off = htons(IP_DF),
	    .ttl = 64,
	    .protocol = kind->protocol,
	    .daddr = htonl(kind->destination)};
	struct tcphdr tcp = {.th_off = 5, .th_flags = kind->tcp_flags};

	memcpy(frame, &ethernet, sizeof(ethernet));
	memcpy(frame + sizeof(ethernet), &ip, sizeof(ip));
	if (kind->protocol == IPPROTO_TCP)
		memcpy(
		    frame + sizeof(ethernet) + sizeof(ip), &tcp, sizeof(tcp));
	memcpy(bench->skeleton->bss->template, frame, sizeof(frame));
	bench->skeleton->bss->vip = ip.daddr;
}

/* One run: nanoseconds a packet. */
static double
run(struct bench *bench, const struct bench_case *kind, uint32_t iterations)
{
	struct bpf_program *const programs[] = {
	    [BODY_NULL] = bench->skeleton->progs.bench_null,
	    [BODY_SWAP] = bench->skeleton->progs.bench_swap,
	    [BODY_MEMORY] = bench->skeleton->progs.bench_memory,
	    [BODY_STEER] = bench->skeleton->progs.bench_steer};
	uint8_t frame[FRAME] = {0};
	struct bpf_test_run_opts options = {.sz = sizeof(options),
	    .data_in = frame,
	    .data_size_in = sizeof(frame),
	    .repeat = 1};
	struct timespec before, after;

	template_set(bench, kind);
	bench->skeleton->bss->flow_count = kind->flows;
	bench->skeleton->bss->iterations = iterations;
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (bpf_prog_test_run_opts(
		bpf_program__fd(programs[kind->body]), &options) != 0)
		err(1, "%s: BPF_PROG_TEST_RUN", kind->name);
	clock_gettime(CLOCK_MONOTONIC, &after);
	return ((after.tv_sec - before.tv_sec) * 1e9 +
		   (after.tv_nsec - before.tv_nsec)) /
	    iterations;
}

/* A figure for anything but what was meant is worse than none. */
static void
verify(const struct bench *bench, const struct bench_case *kind,
    uint32_t iterations, const struct vc5_destination_counters *before)
{
	struct vc5_destination_counters after = counters_sum(bench);
	uint64_t packets = after.packets - before->packets;
	uint64_t inserted = after.flows - before->flows;
	uint64_t stateless = after.stateless - before->stateless;
	bool pass = kind->expected == EXPECT_PASSED;
	bool count = kind->expected >= EXPECT_FOUND;
	/* Of many flows, some meet a bucket that is full of others. */
	uint64_t tolerated =
	    kind->flows == 1 || kind->flows == 1000 ? 0 : iterations / 50;
	uint64_t wanted = kind->expected == EXPECT_INSERTED ? iterations : 0;

	if (bench->skeleton->bss->sent != (pass ? 0 : iterations) ||
	    bench->skeleton->bss->passed != (pass ? iterations : 0) ||
	    bench->skeleton->bss->other != 0)
		errx(1,
		    "%s, %u flows: sent %llu, passed %llu, other %llu of %u",
		    kind->name, kind->flows,
		    (unsigned long long)bench->skeleton->bss->sent,
		    (unsigned long long)bench->skeleton->bss->passed,
		    (unsigned long long)bench->skeleton->bss->other,
		    iterations);
	if (packets != (count ? iterations : 0) || inserted < wanted ||
	    stateless + inserted - wanted > tolerated)
		errx(1,
		    "%s, %u flows: counted %ju packets, %ju new flows, "
		    "%ju stateless of %u",
		    kind->name, kind->flows, (uintmax_t)packets,
		    (uintmax_t)inserted, (uintmax_t)stateless, iterations);
}

/*
 * Flows from the first on.  Each is confirmed soon after its first packet, as
 * in life: later ones don't take its place.
 */
static void
prefill(struct bench *bench, uint8_t protocol, uint32_t flows)
{
	const struct bench_case first = {"prefill", BODY_STEER, TABLE_ANY, 0,
	    VIP, protocol, TH_SYN, EXPECT_SENT};
	struct bench_case second = first;
	uint32_t flow, chunk;

	second.tcp_flags = TH_ACK;
	for (flow = 0; flow < flows; flow += chunk) {
		chunk = flows - flow < 200 ? flows - flow : 200;
		bench->skeleton->bss->flow_number = flow;
		run(bench, &first, chunk);
		bench->skeleton->bss->flow_number = flow;
		run(bench, &second, chunk);
	}
}

static void
prepare(struct bench *bench, enum table table)
{
	/* New flows are none of those that are filled in. */
	bench->skeleton->bss->flow_number = 1ULL << 30;
	if (table != TABLE_EMPTY && table != TABLE_FILLED)
		return;
	memset(bench->flows, 0, ENTRIES / VC5_WAYS * sizeof(*bench->flows));
	if (table == TABLE_FILLED) {
		prefill(bench, IPPROTO_UDP, 1000);
		prefill(bench, IPPROTO_TCP, PREFILLED);
	}
}

static double
measure(struct bench *bench, const struct bench_case *kind, uint32_t iterations)
{
	struct vc5_destination_counters before;
	double ns;

	prepare(bench, kind->table);
	before = counters_sum(bench);
	ns = run(bench, kind, iterations);
	verify(bench, kind, iterations, &before);
	return ns;
}

static void *
map_open(struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t value = (bpf_map__value_size(map) + 7) / 8 * 8;
	size_t size = value * bpf_map__max_entries(map);
	void *memory;

	memory = mmap(NULL, (size + page - 1) / page * page,
	    PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		err(1, "mmap: map %s", bpf_map__name(map));
	return memory;
}

static void
load(struct bench *bench)
{
	struct bench_bpf *skeleton;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	bench->cpus = libbpf_num_possible_cpus();
	if (bench->cpus < 1 || (skeleton = bench_bpf__open()) == NULL)
		err(1, "bench.bpf.o");
	bench->skeleton = skeleton;
	skeleton->rodata->entries = ENTRIES;
	skeleton->rodata->cpus = bench->cpus;
	if (bpf_map__set_max_entries(
		skeleton->maps.flows, ENTRIES / VC5_WAYS) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.tuples, ENTRIES) != 0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.destinations, DESTINATIONS + 1) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.services, 4) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.tables, 8) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.service_index, 16) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.vips, 16) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.destination_counters,
		(DESTINATIONS + 1) * bench->cpus) != 0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.service_counters, 4 * bench->cpus) != 0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.drop_counters, bench->cpus) != 0)
		err(1, "bench.bpf.o: size of maps");
	if (bench_bpf__load(skeleton) != 0)
		err(1, "bench.bpf.o: load");
	bench->flows = map_open(skeleton->maps.flows);
	bench->counters = map_open(skeleton->maps.destination_counters);
}

static void
mapped(uint8_t address[16], uint32_t ipv4)
{
	uint32_t network = htonl(ipv4);

	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, &network, sizeof(network));
}

/* A TCP and a UDP service of the VIP, at services 1 and 2. */
static void
configure_service(struct bench *bench, uint32_t index, uint8_t protocol)
{
	struct vc5_service *service = map_open(bench->skeleton->maps.services);
	struct vc5_service_key *key = &service[index].key;

	mapped(key->vip, VIP);
	key->port = htons(80);
	key->protocol = protocol;
	service[index].table = 2 * index;
	if (bpf_map_update_elem(
		bpf_map__fd(bench->skeleton->maps.service_index), key, &index,
		BPF_ANY) != 0)
		err(1, "map service_index");
}

/* Half of the destinations for each service. */
static void
configure_destinations(struct bench *bench)
{
	struct vc5_destination *destination =
	    map_open(bench->skeleton->maps.destinations);
	uint8_t *tables = map_open(bench->skeleton->maps.tables), mac[6] = {2};
	size_t stride = (sizeof(struct vc5_table) + 7) / 8 * 8;
	struct vc5_table *table;
	uint32_t i, slot;

	for (i = 1; i <= DESTINATIONS; i++) {
		mac[5] = i;
		memcpy(&destination[i].mac, mac, sizeof(mac));
		memcpy(&destination[i].source_mac, mac, sizeof(mac));
		destination[i].ifindex = LOOPBACK;
		destination[i].generation = 1;
		destination[i].mtu = 1500;
		destination[i].state = VC5_UP;
		destination[i].service = 1 + i % 2;
	}
	for (i = 1; i <= 2; i++) {
		table = (struct vc5_table *)(tables + 2 * i * stride);
		for (slot = 0; slot < VC5_SLOTS; slot++)
			table->slots[slot] = 1 +
			    (slot % (DESTINATIONS / 2) * 2 + i) % DESTINATIONS;
	}
}

static void
configure(struct bench *bench)
{
	struct vc5_control *control = map_open(bench->skeleton->maps.control);
	uint8_t vip[16];
	uint32_t bit, one = 1;
	struct timespec now;

	mapped(vip, VIP);
	bit = vc5_filter_bit(vip);
	control->filter[bit / 64] |= 1ULL << (bit % 64);
	if (bpf_map_update_elem(bpf_map__fd(bench->skeleton->maps.vips), vip,
		&one, BPF_ANY) != 0)
		err(1, "map vips");
	if (getrandom(control->key, sizeof(control->key), 0) < 0)
		err(1, "getrandom");
	clock_gettime(CLOCK_MONOTONIC, &now);
	control->clock = now.tv_sec;
	configure_service(bench, 1, IPPROTO_TCP);
	configure_service(bench, 2, IPPROTO_UDP);
	configure_destinations(bench);
	bench->skeleton->bss->client_base = 0x0a000000;
	bench->skeleton->bss->ports_base = 1024 << 16 | 80;
}

static int
compare(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

/* Sorts the values. */
static double
quantile(double *values, int count, double q)
{
	qsort(values, count, sizeof(*values), compare);
	return values[(int)(q * (count - 1) + 0.5)];
}

static uint32_t
verified_instructions(const struct bench *bench)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(
		bpf_program__fd(bench->skeleton->progs.bench_once), &info,
		&length) != 0)
		return 0;
	return info.verified_insns;
}

static void
report(
    const struct bench *bench, double *ns, double *net, int rounds, bool json)
{
	size_t i;

	if (!json)
		printf("%-12s %9s %9s %9s %9s\n", "case", "flows", "ns",
		    "net ns", "spread");
	for (i = 0; i < CASES; i++) {
		double *all = ns + i * rounds, *less = net + i * rounds;
		double spread =
		    quantile(all, rounds, 0.75) - quantile(all, rounds, 0.25);

		printf(json ? "{\"case\": \"%s\", \"flows\": %u, \"ns\": %.1f, "
			      "\"net_ns\": %.1f, \"spread\": %.1f}\n"
			    : "%-12s %9u %9.1f %9.1f %9.1f\n",
		    cases[i].name, cases[i].flows, quantile(all, rounds, 0.5),
		    quantile(less, rounds, 0.5), spread);
	}
	if (json)
		printf("{\"case\": \"verifier\", \"instructions\": %u}\n",
		    verified_instructions(bench));
	else
		printf("\nMedians of %d rounds; net of the null case of the "
		       "same round;\nspread: between the quartiles.  The "
		       "verifier processed %u instructions.\n",
		    rounds, verified_instructions(bench));
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: bench [--json] [-n packets] [-r rounds]\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct bench bench = {0};
	int option, round, rounds = 11, packets = 1000000;
	bool json = false;
	double *ns, *net;
	size_t i;

	while ((option = getopt_long(argc, argv, "jn:r:", options, NULL)) != -1)
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'n':
			packets = atoi(optarg);
			break;
		case 'r':
			rounds = atoi(optarg);
			break;
		default:
			usage();
		}
	/* bpf_loop() makes 2^23 passes at most; new flows must fit. */
	if (optind != argc || rounds < 1 || packets < 1 || packets > 1 << 21)
		usage();
	if (geteuid() != 0)
		errx(1, "must be run as root: it loads BPF programs");
	load(&bench);
	configure(&bench);
	ns = calloc(CASES * rounds, sizeof(*ns));
	net = calloc(CASES * rounds, sizeof(*net));
	if (ns == NULL || net == NULL)
		err(1, NULL);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < CASES; i++) {
			ns[i * rounds + round] =
			    measure(&bench, &cases[i], packets);
			net[i * rounds + round] =
			    ns[i * rounds + round] - ns[round];
		}
	report(&bench, ns, net, rounds, json);
	free(net);
	free(ns);
	bench_bpf__destroy(bench.skeleton);
	return 0;
}
