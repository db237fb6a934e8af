/* SPDX-License-Identifier: ISC */

/*
 * The clock for deadlines and ages: milliseconds of CLOCK_MONOTONIC, which
 * never jumps.
 */

#ifndef BASE_MONOTIME_H
#define BASE_MONOTIME_H

#include <stdint.h>

struct timeval;

uint64_t monotime_ms(void);
/* The same clock in microseconds, for who compares it with others' times. */
uint64_t monotime_us(void);
/* Microseconds that this thread has had the processor for, ever. */
uint64_t monotime_cpu_us(void);

/* A duration for libevent's timers. */
struct timeval monotime_timeval(uint64_t ms);

#endif
