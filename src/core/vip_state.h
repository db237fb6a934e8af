/* SPDX-License-Identifier: ISC */

/*
 * When a VIP is announced, and as what: a state machine for each VIP, which is
 * told how its services are and what time it is.  It knows neither BGP nor any
 * clock; all times are in ms of one that never goes back.
 *
 * A VIP is withdrawn as soon as servers that failed leave a service less than
 * it needs, and is announced again when all services have had "need_up" and
 * no wait is left.  What is withdrawn by intention leaves gracefully.
 */

#ifndef CORE_VIP_STATE_H
#define CORE_VIP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"

enum vip_phase {
	VIP_WITHDRAWN, /* something is in the way */
	/* Nothing is but time. */
	VIP_LEARNING,
	VIP_SETTLING, /* healthy_for */
	VIP_HELD_DOWN,
	/* It is announced. */
	VIP_ANNOUNCED,
	VIP_DEGRADED,
	VIP_LEAVING, /* until it is withdrawn */
};

#define VIP_PHASES 7

/* What is in the way, or nearly so: of several, the last of these. */
enum vip_reason {
	VIP_FINE,
	VIP_FEW,	  /* a service is degraded */
	VIP_UNTRIED,	  /* its servers have not all been tried yet */
	VIP_DRAINED,	  /* too many of them were taken out */
	VIP_SHORT,	  /* too many of them have failed */
	VIP_UNAPPLIED,	  /* the data plane doesn't have it */
	VIP_SERVICE_DOWN, /* by order */
	VIP_ORDERED,	  /* the VIP itself is out by order */
	VIP_STOPPING,
	VIP_LOCAL, /* the VIP is an address of this host */
};

/* A service of the VIP. */
struct vip_service {
	bool decided; /* all servers were tried, and telling the data plane */
	bool applied; /* the data plane has it */
	bool ordered_down;
	unsigned total, up; /* servers */
	unsigned drained;   /* that would be up, but for somebody's intention */
	unsigned undecided; /* that may be up, and were not tried yet */
	unsigned need;	    /* of those that are up, to stay */
	unsigned need_up;   /* to come back */
	unsigned below;	    /* degraded with fewer up; 0 = never */
	bool met; /* the machine's own; kept by the caller between updates */
};

struct vip_input {
	const struct conf_announcing *conf;
	struct vip_service *const *services;
	size_t service_count;
	bool local;	  /* the VIP is an address of this host */
	bool ordered_out; /* not to be announced, by order */
	bool stopping;
	bool learning;	  /* flows are still learnt from others */
	bool graceful;	  /* somebody is there to see it leave */
	uint64_t started; /* from which conf->learn counts */
};

struct vip_state {
	enum vip_phase phase;
	enum vip_reason reason;
	size_t service;	      /* that the reason is about, if it is about one */
	uint64_t until;	      /* when to look again; 0 = at a change */
	bool degraded;	      /* also while it leaves */
	unsigned failures;    /* withdrawals in a row, for the hold-down */
	uint64_t withdrawals; /* all of them */
	/* Only for vip_state.c: */
	bool good, well; /* no service is short, none is degraded */
	uint64_t good_since, well_since;
	uint64_t announced_since, withdrawn_at, leaving_since;
};

/* A predecessor announces it: that goes on unless something is in the way. */
void vip_state_adopt(struct vip_state *, uint64_t now);

/* True if the phase or the set of attributes is another one than before. */
bool
vip_state_update(struct vip_state *, const struct vip_input *, uint64_t now);

/* Is it to be announced, and with which attributes? */
bool vip_state_wanted(const struct vip_state *);
enum conf_attributes vip_state_attributes(const struct vip_state *);

/* "withdrawn", "learning", "settling", "held down", "announced", ... */
const char *vip_phase_name(enum vip_phase);

#define VIP_REASON_LEN 256

/*
 * Why it is what it is, in buf, which is returned.  service and its name are
 * those that the reason is about; NULL if it is about none.
 */
const char *
vip_state_explain(const struct vip_state *, const struct vip_service *service,
    const char *name, char buf[VIP_REASON_LEN]);
/* Is the reason about a service? */
bool vip_reason_has_service(enum vip_reason);

#endif
