/* SPDX-License-Identifier: ISC */

/*
 * What may become of any frame at all, by the fixture's VIPs and services:
 * for the fuzzer.  It shares nothing with the BPF programs.
 */

#ifndef T_BPF_JUDGE_H
#define T_BPF_JUDGE_H

#include <stdbool.h>

#include "bpf/abi.h"
#include "frame.h"
#include "view.h"

enum judgement {
	JUDGED_PASS,
	JUDGED_DROP, /* for a reason */
	JUDGED_SEND, /* to a destination of a service, if it may go on */
	JUDGED_ECHO, /* the ping is answered, or beyond the limit */
	/* A fragment: to where its first went, or dropped. */
	JUDGED_FRAGMENT,
};

struct verdict {
	enum judgement judgement;
	enum vc5_drop reason;
	uint32_t service; /* index in the fixture */
	bool answerable;  /* an error may be sent about it */
	struct view view;
};

/* Prefixes of sources that are taken to be blocked: those of either version. */
struct judge_prefix {
	bool ipv6;
	uint8_t length, address[16]; /* IPv4: the first 4 bytes */
};

#define JUDGE_BLOCKED 7
extern const struct judge_prefix judge_blocked[JUDGE_BLOCKED];

void judge(struct verdict *, const struct frame *);

#endif
