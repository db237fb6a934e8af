/* SPDX-License-Identifier: ISC */

/*
 * What should become of a frame, by code that shares nothing with the BPF
 * programs: every checksum is a sum over all that it covers.
 */

#ifndef T_BPF_ORACLE_H
#define T_BPF_ORACLE_H

#include <stdbool.h>

#include "bpf/abi.h"
#include "frame.h"

/*
 * As it leaves for a destination.  What comes from the secret hash of the flow
 * (the outer source port, flow label, bits of the source address) is taken
 * from the frame that was seen, if it is in its range.
 *
 * Checksums that were wrong stay so, by as much.
 */
void oracle_send(struct frame *out, const struct frame *in,
    const struct vc5_destination *, const struct frame *seen);

/* The answers to what came in. */
void oracle_echo(struct frame *out, const struct frame *in);
void oracle_time_exceeded(struct frame *out, const struct frame *in);
void oracle_too_big(struct frame *out, const struct frame *in, uint16_t mtu);

/* Bytes that a destination's kind puts before a packet. */
size_t oracle_overhead(const struct vc5_destination *);

#endif
