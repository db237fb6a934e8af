/* SPDX-License-Identifier: ISC */

/*
 * How long the data plane takes for a packet: bpf/bench.bpf.c run by the
 * kernel, rounds of all cases one after the other, medians.
 */

#include <err.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench_world.h"
#include "bpf/bench.skel.h"

#define PREFILLED 1000000

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
	EXPECT_DROPPED,
};

struct bench_case {
	const char *name;
	enum body body;
	enum table table;
	uint32_t flows; /* at random; 0 = the next one each time */
	struct bench_frame frame;
	enum expected expected;
	struct bench_way way;
	const char *detail; /* to tell it from others of the name */
};

#define TCP(flags)                                            \
	{                                                     \
		.protocol = IPPROTO_TCP, .tcp_flags = (flags) \
	}
#define TCP6(flags)                                                        \
	{                                                                  \
		.six = true, .protocol = IPPROTO_TCP, .tcp_flags = (flags) \
	}
#define TAGGED                                                           \
	{                                                                \
		.protocol = IPPROTO_TCP, .tcp_flags = TH_ACK, .vlan = 10 \
	}
#define SIZED(size_)                                                          \
	{                                                                     \
		.protocol = IPPROTO_TCP, .tcp_flags = TH_ACK, .size = (size_) \
	}
#define UDP                             \
	{                               \
		.protocol = IPPROTO_UDP \
	}

/* An established flow in another delivery, or of another kind of frame. */
#define HOT(name, frame, detail, ...)                                \
	{                                                            \
		name, BODY_STEER, TABLE_ANY, 1, frame, EXPECT_FOUND, \
		    {__VA_ARGS__}, detail                            \
	}

/* The same with something else looked for in its source. */
#define SOURCE(expected, detail, ...)                                     \
	{                                                                 \
		"block", BODY_STEER, TABLE_ANY, 1, TCP(TH_ACK), expected, \
		    {.sources = {__VA_ARGS__}}, detail                    \
	}

static const struct bench_case cases[] = {
    {"null", BODY_NULL, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT, {0}, ""},
    {"swap", BODY_SWAP, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT, {0}, ""},
    {"memory", BODY_MEMORY, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_SENT, {0}, ""},
    {"not-vip", BODY_STEER, TABLE_ANY, 1000,
	{.other = true, .protocol = IPPROTO_TCP, .tcp_flags = TH_ACK},
	EXPECT_PASSED, {0}, ""},
    {"syn-new", BODY_STEER, TABLE_EMPTY, 0, TCP(TH_SYN), EXPECT_INSERTED, {0},
	""},
    {"insert", BODY_STEER, TABLE_EMPTY, 0, TCP(TH_ACK), EXPECT_INSERTED, {0},
	""},
    {"confirm", BODY_STEER, TABLE_SAME, 0, TCP(TH_ACK), EXPECT_FOUND, {0}, ""},
    {"established", BODY_STEER, TABLE_FILLED, 1, TCP(TH_ACK), EXPECT_FOUND, {0},
	""},
    {"established", BODY_STEER, TABLE_ANY, 1000, TCP(TH_ACK), EXPECT_FOUND, {0},
	""},
    {"established", BODY_STEER, TABLE_ANY, 262144, TCP(TH_ACK), EXPECT_FOUND,
	{0}, ""},
    {"established", BODY_STEER, TABLE_ANY, PREFILLED, TCP(TH_ACK), EXPECT_FOUND,
	{0}, ""},
    {"udp", BODY_STEER, TABLE_ANY, 1000, UDP, EXPECT_FOUND, {0}, ""},
    HOT("redirect", TCP(TH_ACK), "", .redirect = true),
    HOT("vlan", TAGGED, "rewrite", .vlan = 20),
    HOT("vlan", TAGGED, "same", .vlan = 10),
    HOT("vlan", TCP(TH_ACK), "push", .vlan = 20),
    HOT("vlan", TAGGED, "pop", .vlan = 0),
    {"ipv6", BODY_STEER, TABLE_ANY, 1, TCP6(TH_ACK), EXPECT_FOUND, {0}, ""},
    {"ipv6", BODY_STEER, TABLE_ANY, 1000, TCP6(TH_ACK), EXPECT_FOUND, {0}, ""},
    HOT("ipip", TCP(TH_ACK), "40 bytes", .kind = VC5_IPIP),
    HOT("ipip", SIZED(1400), "1400 bytes", .kind = VC5_IPIP),
    HOT("ipip", TCP6(TH_ACK), "6in4", .kind = VC5_IPIP),
    HOT("ipip", TCP(TH_ACK), "4in6", .kind = VC5_IPIP, .outer6 = true),
    HOT("gre", TCP(TH_ACK), "40 bytes", .kind = VC5_GRE),
    HOT("gre", SIZED(1400), "1400 bytes", .kind = VC5_GRE),
    HOT("fou", TCP(TH_ACK), "40 bytes", .kind = VC5_FOU),
    HOT("gue", TCP(TH_ACK), "40 bytes", .kind = VC5_GUE),
    HOT("gue", SIZED(1400), "1400 bytes", .kind = VC5_GUE),
    HOT("gue", TCP(TH_ACK), "40, checksum", .kind = VC5_GUE, .checksum = true),
    HOT("gue", SIZED(1400), "1400, checksum", .kind = VC5_GUE,
	.checksum = true),
    HOT("gue", TCP(TH_ACK), "over IPv6", .kind = VC5_GUE, .checksum = true,
	.outer6 = true),
    HOT("dscp", TCP(TH_ACK), "", .kind = VC5_DSCP),
    HOT("sampling", TCP(TH_ACK), "off", .sources.unsampled = true),
    HOT("sampling", TCP(TH_ACK), "on", 0),
    SOURCE(EXPECT_FOUND, "1 other", .blocked = 1),
    SOURCE(EXPECT_FOUND, "1000 others", .blocked = 1000),
    SOURCE(EXPECT_FOUND, "100000 others", .blocked = 100000),
    SOURCE(EXPECT_FOUND, "1, no sampling", .blocked = 1, .unsampled = true),
    SOURCE(EXPECT_DROPPED, "dropped, of 1", .everybody = true),
    SOURCE(EXPECT_DROPPED, "of 100000", .everybody = true, .blocked = 99999),
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

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

static double
elapsed(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1e9 +
	    (to->tv_nsec - from->tv_nsec);
}

/*
 * One run: nanoseconds a packet, of the processor's time that this thread had:
 * others may be using it as well.
 */
static double
run_body(struct bench *bench, const struct bench_case *kind, enum body body,
    uint32_t iterations)
{
	struct bpf_program *const programs[] = {
	    [BODY_NULL] = bench->skeleton->progs.bench_null,
	    [BODY_SWAP] = bench->skeleton->progs.bench_swap,
	    [BODY_MEMORY] = bench->skeleton->progs.bench_memory,
	    [BODY_STEER] = bench->skeleton->progs.bench_steer};
	uint8_t frame[FRAME_MAX];
	struct bpf_test_run_opts options = {
	    .sz = sizeof(options), .data_in = frame, .repeat = 1};
	struct timespec before, after;

	options.data_size_in =
	    bench_set_frame(bench, &kind->frame, &kind->way, frame);
	bench->skeleton->bss->flow_count = kind->flows;
	bench->skeleton->bss->iterations = iterations;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	if (bpf_prog_test_run_opts(bpf_program__fd(programs[body]), &options) !=
	    0)
		err(1, "%s: BPF_PROG_TEST_RUN", kind->name);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	return elapsed(&before, &after) / iterations;
}

static double
run(struct bench *bench, const struct bench_case *kind, uint32_t iterations)
{
	return run_body(bench, kind, kind->body, iterations);
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
	bool drop = kind->expected == EXPECT_DROPPED;
	bool count = kind->expected >= EXPECT_FOUND && !drop;
	/* Of many flows, some meet a bucket that is full of others. */
	uint64_t tolerated =
	    kind->flows == 1 || kind->flows == 1000 ? 0 : iterations / 50;
	uint64_t wanted = kind->expected == EXPECT_INSERTED ? iterations : 0;

	if (bench->skeleton->bss->sent != (pass || drop ? 0 : iterations) ||
	    bench->skeleton->bss->passed != (pass ? iterations : 0) ||
	    bench->skeleton->bss->other != (drop ? iterations : 0))
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
prefill(struct bench *bench, struct bench_frame frame, uint32_t flows)
{
	struct bench_case first = {.name = "prefill", .body = BODY_STEER};
	struct bench_case second;
	uint32_t flow, chunk;

	first.frame = frame;
	second = first;
	first.frame.tcp_flags = TH_SYN;
	second.frame.tcp_flags = TH_ACK;
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
	const struct bench_frame tcp = TCP(0), tcp6 = TCP6(0), udp = UDP;

	/* New flows are none of those that are filled in. */
	bench->skeleton->bss->flow_number = 1ULL << 30;
	if (table != TABLE_EMPTY && table != TABLE_FILLED)
		return;
	memset(bench->flows, 0, ENTRIES / VC5_WAYS * sizeof(*bench->flows));
	if (table == TABLE_FILLED) {
		prefill(bench, udp, 1000);
		prefill(bench, tcp6, 1000);
		prefill(bench, tcp, PREFILLED);
	}
}

/* What a case took, and what the same took with a program that does nothing. */
static void
measure(struct bench *bench, const struct bench_case *kind, uint32_t iterations,
    double *ns, double *net)
{
	const struct bench_sources usual = {0};
	const struct bench_way plain = {0};
	struct vc5_destination_counters before;
	double null;

	bench_set_sources(bench, &usual);
	bench_set_way(bench, &plain);
	prepare(bench, kind->table);
	bench_set_way(bench, &kind->way);
	bench_set_sources(bench, &kind->way.sources);
	null = run_body(bench, kind, BODY_NULL, iterations);
	before = counters_sum(bench);
	*ns = run(bench, kind, iterations);
	verify(bench, kind, iterations, &before);
	*net = kind->body == BODY_NULL ? 0 : *ns - null;
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

static bool
is_wanted(const struct bench_case *kind, const char *pattern)
{
	return pattern == NULL || fnmatch(pattern, kind->name, 0) == 0;
}

static void
report(const struct bench *bench, double *ns, double *net, int rounds,
    const char *pattern, bool json)
{
	size_t i;

	if (!json)
		printf("%-12s %-15s %8s %8s %8s %8s\n", "case", "", "flows",
		    "ns", "net ns", "spread");
	for (i = 0; i < CASES; i++) {
		double *all = ns + i * rounds, *less = net + i * rounds;
		double spread;

		if (!is_wanted(&cases[i], pattern))
			continue;
		spread =
		    quantile(less, rounds, 0.75) - quantile(less, rounds, 0.25);
		printf(json ? "{\"case\": \"%s\", \"detail\": \"%s\", "
			      "\"flows\": %u, \"ns\": %.1f, "
			      "\"net_ns\": %.1f, \"spread\": %.1f}\n"
			    : "%-12s %-15s %8u %8.1f %8.1f %8.1f\n",
		    cases[i].name, cases[i].detail, cases[i].flows,
		    quantile(all, rounds, 0.5), quantile(less, rounds, 0.5),
		    spread);
	}
	if (json)
		printf("{\"case\": \"verifier\", \"instructions\": %u}\n",
		    verified_instructions(bench));
	else
		printf("\nMedians of %d rounds; net of a program that does "
		       "nothing to the same packets,\nrun just before; spread: "
		       "between the quartiles of that.  The verifier\n"
		       "processed %u instructions.\n",
		    rounds, verified_instructions(bench));
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr,
	    "usage: bench [--json] [-c case] [-n packets] "
	    "[-r rounds]\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct bench bench = {0};
	int option, round, rounds = 11, packets = 1000000;
	const char *pattern = NULL;
	bool json = false;
	double *ns, *net;
	size_t i;

	while (
	    (option = getopt_long(argc, argv, "c:jn:r:", options, NULL)) != -1)
		switch (option) {
		case 'c':
			pattern = optarg;
			break;
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
	bench_load(&bench);
	bench_configure(&bench);
	prepare(&bench, TABLE_FILLED);
	ns = calloc(CASES * rounds, sizeof(*ns));
	net = calloc(CASES * rounds, sizeof(*net));
	if (ns == NULL || net == NULL)
		err(1, NULL);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < CASES; i++)
			if (is_wanted(&cases[i], pattern))
				measure(&bench, &cases[i], packets,
				    &ns[i * rounds + round],
				    &net[i * rounds + round]);
	report(&bench, ns, net, rounds, pattern, json);
	free(net);
	free(ns);
	bench_bpf__destroy(bench.skeleton);
	return 0;
}
