/* SPDX-License-Identifier: ISC */

/*
 * What the benchmark measures in: the programs loaded with large maps, two
 * VIPs with services, and destinations that are set up as a case needs them.
 */

#ifndef T_BPF_BENCH_WORLD_H
#define T_BPF_BENCH_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi.h"

#define ENTRIES	     (4U << 20)
#define DESTINATIONS 24
#define LOOPBACK     1 /* the ifindex at which test runs' packets come in */
#define ELSEWHERE    77

struct bench_bpf;

struct bench {
	struct bench_bpf *skeleton;
	int cpus;
	struct vc5_bucket *flows;
	struct vc5_destination *destinations;
	struct vc5_destination_counters *counters;
	struct vc5_control *control;
};

/* A client's packet. */
struct bench_frame {
	bool six;
	bool other;	   /* for an address that is no VIP */
	uint8_t protocol;  /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t tcp_flags; /* of TCP */
	uint16_t vlan;	   /* VID of its tag; 0 = none */
	uint16_t size;	   /* of the IP packet; 0 = the smallest */
};

/* What is looked for in the source of a packet; zero stands for the usual. */
struct bench_sources {
	uint32_t blocked; /* prefixes; 0 = none */
	bool unsampled;	  /* else one in 256 is counted */
	bool everybody;	  /* all clients are blocked, besides */
};

/* How it leaves. */
struct bench_way {
	enum vc5_destination_kind kind;
	bool checksum; /* an outer UDP header has one */
	bool outer6;   /* the server's address is an IPv6 one */
	uint16_t vlan; /* VID of the tag; 0 = none */
	bool redirect; /* by another interface */
	struct bench_sources sources;
};

/* Bytes of a frame as they are handed to BPF_PROG_TEST_RUN. */
#define FRAME_MAX 2048

void bench_load(struct bench *);
/* Services and destinations; the latter in layer 2. */
void bench_configure(struct bench *);
/* Hand frames of a kind to the programs: the length of one, in frame. */
uint32_t bench_set_frame(struct bench *, const struct bench_frame *,
    const struct bench_way *, uint8_t frame[FRAME_MAX]);
void bench_set_way(struct bench *, const struct bench_way *);
void bench_set_sources(struct bench *, const struct bench_sources *);

#endif
