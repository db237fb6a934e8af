/* SPDX-License-Identifier: ISC */

/*
 * The self-test of a destination whose check of the VIP fails: what else can be
 * seen of the server is found out, and which fault of its set-up that looks
 * like becomes part of the reason.  It never changes what is up or down.
 */

#ifndef ENGINE_SELFTEST_H
#define ENGINE_SELFTEST_H

struct prober;

/*
 * A check has failed and the destination is down: test it, unless that was done
 * a moment ago, or too many tests are under way; then a later failure will.
 */
void selftest_failed(struct prober *);
/* It has passed: what was the matter is no more. */
void selftest_passed(struct prober *);
/* After a reload: what was found out is still so. */
void selftest_carry(struct prober *, const struct prober *was);
void selftest_cancel(struct prober *);

#endif
