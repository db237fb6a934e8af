/* SPDX-License-Identifier: ISC */

/*
 * A plain model of a VIP's state machine: it keeps no state but the whole of
 * what has happened, and works out from that, each time anew, what has to be.
 */

#ifndef T_UNIT_VIP_MODEL_H
#define T_UNIT_VIP_MODEL_H

#include "core/vip_state.h"

#define MOMENTS	 400 /* that there can be, after the first */
#define SERVICES 3

/* What was so at a moment; from phase on, what the model made of it. */
struct moment {
	uint64_t time;
	struct conf_announcing conf;
	struct vip_service services[SERVICES];
	unsigned born[SERVICES]; /* services are renewed by reloads */
	size_t service_count;
	struct vip_input in; /* but for conf and services */
	enum vip_phase phase;
	bool degraded;
	bool failed; /* withdrawn at this moment, as servers failed */
	uint64_t until;
};

/* past[0] is before the first. */
extern struct moment past[MOMENTS + 1];

/* What has to be at the moment n, of which only the world is known. */
void model(size_t n);
/* Is somebody's order in the way at that moment? */
bool model_ordered(size_t n);

#endif
