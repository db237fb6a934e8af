/* SPDX-License-Identifier: ISC */

/*
 * Packets of every kind, changed at random: the same ones from the same seed.
 */

#ifndef T_BPF_MUTATE_H
#define T_BPF_MUTATE_H

#include <stdint.h>

#include "frame.h"

void mutate_seed(uint64_t);
void mutate(struct frame *);

#endif
