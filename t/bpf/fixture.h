/* SPDX-License-Identifier: ISC */

/*
 * The BPF programs loaded with small maps, for one test: two TCP services and
 * a UDP one of VIP, destinations 1 to 4 of the first; the same of the IPv6
 * VIP.  All destinations are in layer 2 at first.
 *
 * With VC5_BPF_OBJECT in the environment the programs are those of that file,
 * rather than those that were built in: for t/bpf/mutate.t.
 */

#ifndef T_BPF_FIXTURE_H
#define T_BPF_FIXTURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/abi.h"
#include "frame.h"

#define LOOPBACK     1	/* the ifindex at which test runs' packets come in */
#define ELSEWHERE    77 /* another one */
#define HTTP	     1	/* service: VIP, TCP port 80 */
#define STICKY	     2	/* VIP, TCP port 443 */
#define DNS	     3	/* VIP, UDP port 53 */
#define HTTP6	     4	/* the same of IPv6 */
#define STICKY6	     5
#define DNS6	     6
#define SERVICES     7
#define DESTINATIONS 32
#define PROBE_MARK   0x56c50000
#define NOW	     (1U << 28) /* what the clock shows: far ahead */

struct vc5d_bpf;

struct fixture {
	struct vc5d_bpf *skeleton;
	int cpus;
	uint32_t entries, slots;
	struct vc5_control *control;
	struct vc5_bucket *flows;
	struct vc5_tuple *tuples;
	struct vc5_destination *destinations;
	struct vc5_service *services;
	void *others[4]; /* maps of tables and counters */
	bool busy;	 /* between fixture_new() and fixture_free() */
	struct fixture *next;
	const void *row; /* initial_state of the test: of a table of cases */
};

/* Exits with a TAP skip if BPF programs can't be loaded here. */
void fixture_require(void);

/*
 * A loaded one may be had again: verifying takes its time.  It is as new then.
 */
struct fixture *fixture_new(uint32_t entries);
/* With hash tables of so many slots. */
struct fixture *fixture_new_sized(uint32_t entries, uint32_t slots);
void fixture_free(struct fixture *);

/* setup and teardown of cmocka: a table of 1024 entries */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The services and destinations that a new one has. */
void fixture_configure(struct fixture *);
/* All slots of the table in use by a service, or of the other one. */
void fixture_table(struct fixture *, uint32_t service, uint16_t destination);
void fixture_table_set(struct fixture *, uint32_t index, const uint16_t *slots);
/* service_index leads, or doesn't, from a service's key to it. */
void fixture_index_set(struct fixture *, uint32_t service);
void fixture_index_remove(struct fixture *, uint32_t service);
/* Has the filter pass what is for this address. */
void fixture_filter_set(struct fixture *, uint32_t address);
/* Block a prefix of sources, and have all packets looked at for it. */
void fixture_block(
    struct fixture *, bool ipv6, const uint8_t *address, uint32_t length);
/* The value of a VIP's address: VC5_VIP_ANSWERS and so on. */
void fixture_vip_set(struct fixture *, const uint8_t vip[16], uint32_t);

/* How a destination is reached; zero stands for the usual. */
struct fixture_delivery {
	enum vc5_destination_kind kind;
	bool ipv6;     /* the server, and the host's address towards it */
	uint16_t vlan; /* VID and VC5_TAGGED */
	uint16_t mtu;  /* 1500 */
	bool checksum;
	uint8_t source_length; /* of a source prefix */
	uint8_t code_point;
	bool elsewhere; /* by another interface */
};

/* One more destination of a service; in layer 2. */
void fixture_add(struct fixture *, uint32_t destination, uint16_t service);
void fixture_deliver(
    struct fixture *, uint32_t destination, const struct fixture_delivery *);
/* Where the service of a packet sends it. */
uint32_t fixture_destination(const struct frame_spec *);

/* The address of a destination, and of the interface towards it. */
const uint8_t *fixture_mac(uint32_t destination);
const uint8_t *fixture_source(uint32_t destination);

/* Run a packet, in place: the verdict. */
int fixture_run(struct fixture *, struct frame *);
/* On the way into the probes' device, and out of its other end. */
int fixture_probe(struct fixture *, struct frame *, uint32_t mark);
int fixture_probe_out(struct fixture *, struct frame *);
/* The destination that a packet was sent to; 0 if it was not. */
uint32_t fixture_send(struct fixture *, const struct frame_spec *);
/* Like that: from a port, with TCP flags. */
uint32_t fixture_tcp(struct fixture *, uint16_t client_port, uint8_t flags);

struct vc5_destination_counters
fixture_counters(struct fixture *, uint32_t destination);
uint64_t fixture_no_destination(struct fixture *, uint32_t service);
uint64_t fixture_no_destination_bytes(struct fixture *, uint32_t service);
uint64_t fixture_drops(struct fixture *, enum vc5_drop);
uint64_t fixture_drop_bytes(struct fixture *, enum vc5_drop);
/* All reasons. */
uint64_t fixture_dropped(struct fixture *);
/* Entries given away, by the rank of what had been there. */
uint64_t fixture_taken(struct fixture *, enum vc5_rank);
uint64_t fixture_answers(struct fixture *, enum vc5_answer);
uint64_t fixture_echo_bytes(struct fixture *);

/* Have the fragments that are remembered be seconds older. */
void fixture_fragments_age(struct fixture *, uint32_t seconds);

/* The only flow in the table; NULL if there is none, or several. */
struct vc5_flow *fixture_flow(struct fixture *);
uint32_t fixture_flow_count(struct fixture *);

#endif
