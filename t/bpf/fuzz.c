/* SPDX-License-Identifier: ISC */

/*
 * Mutated packets: whatever comes in, what comes out is what an independent
 * parser and an oracle say, byte for byte, and nothing else.
 *
 *	fuzz [-n packets] [-s seed] [-o samples]
 *
 * Run by fuzz.t, which has scapy look at the samples.  A failure prints the
 * packet, and happens again with the same seed.
 */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"
#include "judge.h"
#include "mutate.h"
#include "oracle.h"

#define PACKETS	   2000000
#define FIRST_MORE 15 /* destinations beside those of the fixture */

#define FIRST_BUFFER 3000 /* bytes that are in it for certain */
#define OVER_IPV6    40	  /* more than its header: a tunnel over it */

/* What has come of the packets. */
enum count {
	COUNT_PASSED,
	COUNT_DROPPED,
	COUNT_BLOCKED,
	COUNT_SENT,
	COUNT_ECHOED,
	COUNT_EXPIRED,
	COUNT_TOO_LONG,
	COUNTS
};

static const char *const count_names[COUNTS] = {
    "passed", "dropped", "blocked", "sent", "echo", "expired", "too-big"};

static struct {
	struct fixture *fixture;
	uint64_t counts[COUNTS], kinds[VC5_DSCP + 1];
	FILE *samples;
	uint64_t sample_every[COUNTS];
} fuzz;

/* Every kind of delivery; "both" is for services of either version of IP. */
static const struct {
	struct fixture_delivery delivery;
	bool ipv4, ipv6;
} ways[] = {
    {{.kind = VC5_LAYER2}, true, true},
    {{.kind = VC5_LAYER2, .vlan = VC5_TAGGED | 20}, true, true},
    {{.kind = VC5_LAYER2, .elsewhere = true, .mtu = 9000}, true, true},
    {{.kind = VC5_IPIP, .mtu = 1480}, true, true},
    {{.kind = VC5_IPIP, .ipv6 = true, .source_length = 64}, true, true},
    {{.kind = VC5_GRE, .source_length = 16, .elsewhere = true}, true, true},
    {{.kind = VC5_GRE, .ipv6 = true, .vlan = VC5_TAGGED | 7}, true, true},
    {{.kind = VC5_FOU, .checksum = true}, true, true},
    {{.kind = VC5_FOU, .ipv6 = true, .checksum = true, .mtu = 600}, true, true},
    {{.kind = VC5_GUE, .checksum = true, .vlan = VC5_TAGGED | 7}, true, true},
    {{.kind = VC5_GUE, .ipv6 = true, .checksum = true, .mtu = 8900}, true,
	true},
    {{.kind = VC5_GUE, .ipv6 = true, .mtu = 100}, true, true},
    {{.kind = VC5_DSCP, .code_point = 10}, true, false},
    {{.kind = VC5_DSCP, .code_point = 50, .ipv6 = true}, false, true},
};

/* The next way that serves a version of IP, after the one given. */
static size_t
next_way(size_t way, bool ipv6)
{
	do
		way = (way + 1) % COUNT(ways);
	while (!(ipv6 ? ways[way].ipv6 : ways[way].ipv4));
	return way;
}

static bool
is_ipv6_service(uint32_t service)
{
	return service >= HTTP6;
}

/* All of the service's destinations take turns in its table. */
static void
spread(struct fixture *fixture, uint32_t service)
{
	static uint16_t slots[VC5_SLOTS];
	uint16_t members[DESTINATIONS];
	uint32_t i, count = 0;

	for (i = 1; i < DESTINATIONS; i++)
		if (fixture->destinations[i].service == service)
			members[count++] = i;
	for (i = 0; i < VC5_SLOTS; i++)
		slots[i] = members[i % count];
	fixture_table_set(fixture, fixture->services[service].table, slots);
}

static void
configure(struct fixture *fixture)
{
	size_t way[2] = {0, 0};
	uint32_t i;
	bool ipv6;

	for (i = FIRST_MORE; i < DESTINATIONS; i++)
		fixture_add(fixture, i, 1 + i % (SERVICES - 1));
	for (i = 1; i < DESTINATIONS; i++) {
		ipv6 = is_ipv6_service(fixture->destinations[i].service);
		fixture_deliver(fixture, i, &ways[way[ipv6]].delivery);
		way[ipv6] = next_way(way[ipv6], ipv6);
	}
	for (i = 1; i < SERVICES; i++)
		spread(fixture, i);
	fixture->control->icmp_limit = 65535;
	for (i = 0; i < JUDGE_BLOCKED; i++)
		fixture_block(fixture, judge_blocked[i].ipv6,
		    judge_blocked[i].address, judge_blocked[i].length);
	fixture->control->sample = UINT32_MAX / 16;
}

static void
print_hex(FILE *file, const struct frame *frame)
{
	size_t i;

	for (i = 0; i < frame->length; i++)
		fprintf(file, "%02x", frame->bytes[i]);
}

/* A fault: the packet, and why it is one. */
static bool
fault(const char *why, int verdict, const struct frame *in,
    const struct frame *seen, const struct frame *expected)
{
	printf("# %s; verdict %d\n# in ", why, verdict);
	print_hex(stdout, in);
	printf("\n# out ");
	print_hex(stdout, seen);
	if (expected != NULL) {
		printf("\n# expected ");
		print_hex(stdout, expected);
	}
	printf("\n");
	return false;
}

static bool
equal(const struct frame *a, const struct frame *b)
{
	return a->length == b->length &&
	    memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* One in so many is for scapy, if what came in was without fault. */
static void
count(enum count what, const struct verdict *verdict, const struct frame *in,
    const struct frame *seen)
{
	uint64_t number = fuzz.counts[what]++;
	const struct view *view = &verdict->view;

	if (fuzz.samples == NULL || what < COUNT_SENT ||
	    number % fuzz.sample_every[what] != 0 ||
	    !view_header_right(view, in->bytes) ||
	    (view_has_checksum(view, in->bytes) &&
		!(view_transport_summed(view, in->bytes) &&
		    view_transport_right(view, in->bytes))))
		return;
	fprintf(fuzz.samples, "%s ", count_names[what]);
	print_hex(fuzz.samples, in);
	fprintf(fuzz.samples, " ");
	print_hex(fuzz.samples, seen);
	fprintf(fuzz.samples, "\n");
}

/* The destination that a frame is addressed to; 0 if it is none. */
static uint32_t
addressee(const struct frame *seen)
{
	uint32_t index = seen->bytes[5];

	if (index == 0 || index >= DESTINATIONS ||
	    memcmp(seen->bytes, fixture_mac(index), 6) != 0 ||
	    memcmp(seen->bytes + 6, fixture_source(index), 6) != 0)
		return 0;
	return index;
}

/* Could it be the service's, or that of a VIP when service is 0? */
static bool
is_candidate(
    const struct vc5_destination *destination, const struct verdict *verdict)
{
	if (verdict->service != 0)
		return destination->service == verdict->service;
	return is_ipv6_service(destination->service) == verdict->view.ipv6;
}

static unsigned
hop_limit(const struct verdict *verdict, const struct frame *in)
{
	return in->bytes[verdict->view.ip + (verdict->view.ipv6 ? 7 : 8)];
}

static bool
check_sent(const struct verdict *verdict, int action, const struct frame *in,
    const struct frame *seen)
{
	const struct vc5_destination *destination =
	    &fuzz.fixture->destinations[addressee(seen)];
	static struct frame expected;

	if (!is_candidate(destination, verdict))
		return fault("sent to another service", action, in, seen, NULL);
	if (hop_limit(verdict, in) <= 1)
		return fault("sent with TTL 0", action, in, seen, NULL);
	if (verdict->view.total > destination->mtu)
		return fault("sent beyond the MTU", action, in, seen, NULL);
	if ((action == XDP_TX) != (destination->ifindex == LOOPBACK))
		return fault(
		    "sent by the wrong interface", action, in, seen, NULL);
	oracle_send(&expected, in, destination, seen);
	if (!equal(seen, &expected))
		return fault("sent amiss", action, in, seen, &expected);
	fuzz.kinds[destination->kind]++;
	count(COUNT_SENT, verdict, in, seen);
	return true;
}

/* Some destination that the packet may have been for is too narrow for it. */
static bool
is_too_long(const struct verdict *verdict, const struct frame *in,
    const struct frame *seen)
{
	const struct vc5_destination *destination;
	static struct frame expected;
	uint32_t i;

	for (i = 1; i < DESTINATIONS; i++) {
		destination = &fuzz.fixture->destinations[i];
		if (!is_candidate(destination, verdict) ||
		    verdict->view.total <= destination->mtu)
			continue;
		if (seen == NULL)
			return true;
		oracle_too_big(&expected, in, destination->mtu);
		if (equal(seen, &expected))
			return true;
	}
	return false;
}

/*
 * What is in several buffers and has no sum is not summed, and so can't be sent
 * through some tunnels over IPv6.
 */
static bool
is_beyond_summing(const struct verdict *verdict, const struct frame *in)
{
	const struct vc5_destination *destination;
	uint32_t i;

	if (in->length < FIRST_BUFFER ||
	    (view_transport_summed(&verdict->view, in->bytes) &&
		verdict->view.extensions == 0))
		return false;
	for (i = 1; i < DESTINATIONS; i++) {
		destination = &fuzz.fixture->destinations[i];
		if (is_candidate(destination, verdict) &&
		    destination->checksum &&
		    oracle_overhead(destination) > OVER_IPV6)
			return true;
	}
	return false;
}

static bool
check_answer(const struct verdict *verdict, const struct frame *in,
    const struct frame *seen)
{
	static struct frame expected;

	if (!verdict->answerable)
		return fault("answered", XDP_TX, in, seen, NULL);
	if (hop_limit(verdict, in) > 1) {
		if (!is_too_long(verdict, in, seen))
			return fault(
			    "sent to nobody known", XDP_TX, in, seen, NULL);
		count(COUNT_TOO_LONG, verdict, in, seen);
		return true;
	}
	oracle_time_exceeded(&expected, in);
	if (!equal(seen, &expected))
		return fault("answered amiss", XDP_TX, in, seen, &expected);
	count(COUNT_EXPIRED, verdict, in, seen);
	return true;
}

/* May go to a destination. */
static bool
check_sendable(const struct verdict *verdict, int action,
    const struct frame *in, const struct frame *seen)
{
	if (action == XDP_TX || action == XDP_REDIRECT) {
		if (addressee(seen) != 0)
			return check_sent(verdict, action, in, seen);
		if (action == XDP_TX)
			return check_answer(verdict, in, seen);
	}
	if (action != XDP_DROP)
		return fault("not sent", action, in, seen, NULL);
	if (verdict->judgement == JUDGED_SEND && hop_limit(verdict, in) > 1 &&
	    !is_too_long(verdict, in, NULL) && !is_beyond_summing(verdict, in))
		return fault("dropped", action, in, seen, NULL);
	count(COUNT_DROPPED, verdict, in, seen);
	return true;
}

static bool
check_echo(const struct verdict *verdict, int action, const struct frame *in,
    const struct frame *seen)
{
	static struct frame expected;

	if (action == XDP_DROP) {
		count(COUNT_DROPPED, verdict, in, seen);
		return true;
	}
	oracle_echo(&expected, in);
	if (action != XDP_TX || !equal(seen, &expected))
		return fault("ping amiss", action, in, seen, &expected);
	count(COUNT_ECHOED, verdict, in, seen);
	return true;
}

static bool
check_untouched(const struct verdict *verdict, int action,
    const struct frame *in, const struct frame *seen)
{
	bool drop = verdict->judgement == JUDGED_DROP;

	if (action != (drop ? XDP_DROP : XDP_PASS))
		return fault(drop ? "not dropped" : "not passed", action, in,
		    seen, NULL);
	if (!equal(in, seen))
		return fault("changed", action, in, seen, NULL);
	if (drop && verdict->reason == VC5_DROP_BLOCKED)
		count(COUNT_BLOCKED, verdict, in, seen);
	else
		count(drop ? COUNT_DROPPED : COUNT_PASSED, verdict, in, seen);
	return true;
}

static bool
check(const struct frame *in)
{
	static struct frame seen;
	struct verdict verdict;
	uint64_t drops = 0;
	int action;

	memcpy(seen.bytes, in->bytes, in->length);
	seen.length = in->length;
	judge(&verdict, in);
	if (verdict.judgement == JUDGED_DROP)
		drops = fixture_drops(fuzz.fixture, verdict.reason);
	action = fixture_run(fuzz.fixture, &seen);
	switch (verdict.judgement) {
	case JUDGED_ECHO:
		return check_echo(&verdict, action, in, &seen);
	case JUDGED_SEND:
	case JUDGED_FRAGMENT:
		return check_sendable(&verdict, action, in, &seen);
	case JUDGED_DROP:
		if (fixture_drops(fuzz.fixture, verdict.reason) != drops + 1)
			return fault("not counted, or as something else",
			    action, in, &seen, NULL);
		break;
	default:
		break;
	}
	return check_untouched(&verdict, action, in, &seen);
}

static bool
run(uint64_t packets, uint64_t seed)
{
	static struct frame in;
	uint64_t i;

	mutate_seed(seed);
	for (i = 0; i < packets; i++) {
		mutate(&in);
		if (!check(&in)) {
			printf("# packet %llu of seed %llu\n",
			    (unsigned long long)i, (unsigned long long)seed);
			return false;
		}
		/* A minute in the life of flows. */
		if (i % 4096 == 0)
			fuzz.fixture->control->clock++;
	}
	return true;
}

/* All that can happen has happened, and not once by chance. */
static void
report(uint64_t packets)
{
	size_t i;

	for (i = 0; i < COUNTS; i++)
		printf("%s %zu - %llu packets: %s\n",
		    fuzz.counts[i] > packets / 2000 ? "ok" : "not ok", 2 + i,
		    (unsigned long long)fuzz.counts[i], count_names[i]);
	for (i = 0; i <= VC5_DSCP; i++)
		printf("%s %zu - %llu packets of kind %zu\n",
		    fuzz.kinds[i] > packets / 1000 ? "ok" : "not ok",
		    2 + COUNTS + i, (unsigned long long)fuzz.kinds[i], i);
}

static void
open_samples(const char *name, uint64_t packets)
{
	/* Packets of all for one sample: some are rarer than others. */
	static const unsigned parts[COUNTS] = {[COUNT_SENT] = 2000,
	    [COUNT_ECHOED] = 20000,
	    [COUNT_EXPIRED] = 2000,
	    [COUNT_TOO_LONG] = 3000};
	size_t i;

	fuzz.samples = fopen(name, "w");
	if (fuzz.samples == NULL)
		err(1, "%s", name);
	for (i = COUNT_SENT; i < COUNTS; i++)
		fuzz.sample_every[i] = packets / parts[i] + 1;
}

int
main(int argc, char *argv[])
{
	uint64_t packets = PACKETS, seed = 1;
	const char *samples = NULL;
	bool good;
	int option;

	while ((option = getopt_long(argc, argv, "n:s:o:", NULL, NULL)) != -1)
		switch (option) {
		case 'n':
			packets = strtoull(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			samples = optarg;
			break;
		default:
			fprintf(stderr,
			    "usage: fuzz [-n packets] [-s seed] "
			    "[-o samples]\n");
			return 2;
		}
	fixture_require();
	if (samples != NULL)
		open_samples(samples, packets);
	fuzz.fixture = fixture_new(4096);
	configure(fuzz.fixture);
	printf("1..%zu\n", (size_t)1 + COUNTS + VC5_DSCP + 1);
	good = run(packets, seed);
	printf("%s 1 - %llu packets with seed %llu\n", good ? "ok" : "not ok",
	    (unsigned long long)packets, (unsigned long long)seed);
	report(packets);
	if (fuzz.samples != NULL && fclose(fuzz.samples) != 0)
		err(1, "%s", samples);
	return good ? 0 : 1;
}
