/* SPDX-License-Identifier: ISC */

/*
 * Tests that are a table: a packet, how its destination is reached, and what
 * should become of it, byte for byte.
 */

#ifndef T_BPF_CASES_H
#define T_BPF_CASES_H

#include "fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum outcome {
	OUTCOME_SENT,	  /* to the destination of its service */
	OUTCOME_PASSED,	  /* as it was */
	OUTCOME_DROPPED,  /* for a reason */
	OUTCOME_ECHOED,	  /* a ping was answered */
	OUTCOME_EXPIRED,  /* dropped; an ICMP time exceeded went back */
	OUTCOME_TOO_LONG, /* dropped; a too big, likewise */
};

/* A byte of the frame to change after it was made. */
struct patch {
	uint16_t offset; /* from the IP header on */
	uint8_t value;
	bool set;
};

struct packet_case {
	const char *name;
	struct frame_spec spec;
	enum outcome outcome;
	enum vc5_drop reason;
	struct fixture_delivery delivery;
	struct patch patches[4];
	/* What fixture_destination() doesn't know: of an ICMP error. */
	uint32_t destination;
};

/* For tables: what comes of the packet, */
#define SENT	     .outcome = OUTCOME_SENT
#define PASSED	     .outcome = OUTCOME_PASSED
#define ECHOED	     .outcome = OUTCOME_ECHOED
#define EXPIRED	     .outcome = OUTCOME_EXPIRED
#define TOO_LONG     .outcome = OUTCOME_TOO_LONG
#define DROPPED(why) .outcome = OUTCOME_DROPPED, .reason = why
/* how the destination is reached, */
#define VIA(...) .delivery = {__VA_ARGS__}
/* and which bytes are changed. */
#define PATCH(...) .patches = {__VA_ARGS__}
#define AT(offset_, value_)                                     \
	{                                                       \
		.offset = offset_, .value = value_, .set = true \
	}

/* The frames are equal; prints both if they are not. */
void assert_frames(const struct frame *seen, const struct frame *expected);

/* Run a case and see that what follows from it holds, counters included. */
void case_run(struct fixture *, const struct packet_case *);

/* The steps of that: the frame, */
void case_make(struct frame *, const struct packet_case *);
uint32_t case_destination(const struct packet_case *);
/* and what comes of it, or of another one, but for the counters. */
void
case_check(struct fixture *, const struct packet_case *, const struct frame *);

/*
 * Run a packet that must be sent to a destination, as the oracle has it: what
 * was seen, until the next call.
 */
const struct frame *
case_send(struct fixture *, const struct frame *, uint32_t destination);

/* case_run() as a test of cmocka. */
void case_test(void **state);

/* A name for a case, made like printf; never freed. */
const char *
case_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* main() of such a program: a table, and other tests. */
int cases_main(const char *group, const struct packet_case *, size_t count,
    const struct CMUnitTest *, size_t other_count);

#endif
