/* SPDX-License-Identifier: ISC */

/*
 * The engine's run-time state, shared by the files of this directory.
 *
 * The tree engine -> service -> destination -> prober mirrors the
 * configuration and points into it; a reload builds a new tree, carries over
 * what is known, and releases the old one together with its configuration.
 */

#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "adapters/check.h"
#include "adapters/dataplane.h"
#include "core/conf.h"
#include "core/diagnose.h"
#include "core/health.h"
#include "core/histogram.h"
#include "core/isolation.h"
#include "core/overrides.h"
#include "core/vip_state.h"
#include "engine/engine.h"
#include "engine/prefixes.h"
#include "engine/way.h"

struct alerts;
struct bgp;
struct check;
struct control;
struct event;
struct event_base;
struct history;
struct http;
struct neighbour;
struct netlink;
struct rates;
struct web;
struct netlink_nexthop;
struct sync;
struct sync_keys;

struct engine;
struct destination;
struct service;
struct ship;

/* Something that is tried again until it works. */
struct retry {
	uint64_t at;	   /* monotonic ms, of the next try */
	unsigned interval; /* ms, doubled after each failure */
};

/* What is kept of a probe's result; texts are NULL instead of "". */
struct kept_result {
	enum check_outcome outcome;
	uint64_t duration;	      /* microseconds */
	uint32_t phase[CHECK_PHASES]; /* likewise; 0 = it didn't happen */
	char *detail, *sent, *received, *warning;
	/* What an agent said last. */
	enum check_advice advice;
	int advice_weight; /* percent */
};

/* What a service's probes have been. */
struct probe_record {
	struct histogram phases[CHECK_PHASES];
	uint64_t transitions[2];      /* of checks, to each enum health_state */
	uint64_t passed, passed_time; /* how many, and how long, microseconds */
};

/* One check of one destination, time and again. */
struct prober {
	struct destination *destination;
	const struct conf_check *conf;
	struct health health;
	struct isolation_check isolation;
	struct event *timer;   /* for the next start */
	struct check *running; /* NULL between probes */
	bool placed;	       /* it has its place in the interval */
	uint64_t due;	       /* monotonic ms, when it was to start */
	uint64_t started;      /* monotonic ms, of the last probe */
	uint64_t finished;     /* likewise; 0 = no result yet */
	uint64_t since; /* likewise: state is what it is; 0 = from before */
	struct kept_result result;    /* the last one */
	struct selftest *selftest;    /* under way; or NULL */
	uint64_t selftest_at;	      /* monotonic ms, of the last; 0 = none */
	char diagnosis[DIAGNOSE_LEN]; /* what its failure looks like; or "" */
};

struct destination {
	struct service *service;
	const struct conf_destination *conf;
	struct prober *probers;	   /* as many as its service has checks */
	bool healthy;		   /* every check is up, or it has none */
	enum check_advice advice;  /* the strictest of its agents' */
	unsigned advice_weight;	   /* percent, 1 to 100: the least of theirs */
	bool looked;		   /* the kernel has said how it is reached */
	enum override_order order; /* ORDER_NONE, ORDER_DRAIN or ORDER_MAINT */
	bool excused; /* in maintenance, and it has been healthy since then */
	char problem[WAY_PROBLEM_LEN];	     /* why it can't be; or "" */
	char probe_problem[WAY_PROBLEM_LEN]; /* why it can't be checked */
	uint64_t since; /* monotonic ms: state is what it is */
	enum destination_state state;
	bool cold;	/* it was down: when it is up, it is to rise */
	bool rising;	/* its weight is a part of the configured one */
	uint64_t risen; /* monotonic ms: since when it rises */
	unsigned step;	/* of that, as the data plane was told */
};

struct service {
	struct engine *engine;
	const struct conf_service *conf;
	struct destination *destinations; /* as many as conf says */
	struct probe_record probes;
	unsigned up;	    /* destinations that get new flows */
	bool ordered_down;  /* its VIP is not to be announced */
	bool applied;	    /* the data plane has it, as it is or was */
	bool dirty;	    /* it has not been told of a change */
	bool stepped;	    /* nor of a step of slow start, which can wait */
	struct retry retry; /* of telling it */
	uint64_t table;	    /* digest of its hash table, unless it is stale */
	bool table_stale;
	struct vip_service of_vip; /* what its VIP's state depends on */
};

struct vip {
	const struct conf_vip *conf;
	bool local;	  /* an address of this host: it can't be balanced */
	bool wanted;	  /* it is to be announced, as state has it */
	bool ordered_out; /* it is not to be announced */
	bool
	    replies_stale; /* whether checks' answers get in may have changed */
	struct vip_state state;
	const struct service *culprit; /* that state.service is; or NULL */
	unsigned culprit_up;	       /* servers of that, when last seen */
};

/* One that is no longer configured, and is announced as leaving till then. */
struct left_vip {
	struct addr address;
	uint64_t until; /* monotonic ms */
	struct conf_bgp_attributes attributes;
};

/* What the data plane is attached to: an interface, or a member of a bond. */
struct port {
	char name[16]; /* IFNAMSIZ */
	int ifindex;   /* 0 = there is none of this name */
	bool attached, native;
	bool tags; /* VLAN tags are left in frames, as well as can be had */
	struct retry retry;
};

/* One of the configuration's interfaces. */
struct interface {
	struct port port;
	bool up, bond;
	bool by_member; /* a bond that its members stand in for */
	struct port *members;
	size_t member_count;
};

/* A bgpd and our dealings with it. */
struct bgpd {
	struct bgp *bgp; /* NULL = none */
	char *socket;
};

/* Run-time orders, and the file that keeps them. */
struct orders {
	struct overrides set;
	char *problem;	    /* why the file may have others; or NULL */
	struct retry retry; /* of writing it */
	char **idle;	    /* ids of alerts of those that do nothing */
	size_t idle_count;
};

/* What is found out for the first time; see first.c. */
enum first_verdict {
	FIRST_PASSES, /* a check does */
	FIRST_FAILS,
	FIRST_UP, /* a destination is */
};

struct first_verdicts {
	unsigned lines;	  /* that were logged in this second */
	unsigned more[3]; /* of which there was none */
};

enum engine_phase {
	ENGINE_RUNNING,
	ENGINE_LEAVING, /* VIPs are, before they are withdrawn */
	ENGINE_WITHDRAWING,
	ENGINE_FORWARDING
};

struct engine {
	struct event_base *base;
	struct dataplane *dataplane;
	struct conf *conf;
	struct netlink *netlink;
	struct bgpd bgpd;     /* where VIPs are announced */
	struct bgpd *retired; /* where they were, until they are withdrawn */
	size_t retired_count;
	struct http *http;		  /* NULL = off, or to be tried again */
	struct control *control;	  /* NULL = to be tried again */
	struct control *control_readonly; /* NULL = off, or the same */
	struct control *asked;		  /* that which a request came by */
	struct retry http_retry, control_retry, readonly_retry;
	struct rates *rates;	     /* rates.h */
	struct web *web;	     /* web.h */
	struct sync *sync;	     /* NULL = off */
	struct sync_keys *sync_keys; /* for it, not yet in use; or NULL */
	bool view_stale;   /* others are to be told how services look here */
	bool view_partial; /* some is worked out for that, and some is not */

	struct service *services;	   /* as conf->services */
	struct vip *vips;		   /* as conf->vips */
	struct vip_service **vip_services; /* room for those of any VIP */
	struct destination **by_address;   /* of all services; see nexthops.c */
	size_t by_address_count;
	struct left_vip *left;
	size_t left_count;
	struct orders orders;
	struct blocks blocks;	   /* prefixes whose packets are dropped */
	struct retry blocks_retry; /* of keeping those that were ordered */
	struct sources *sources; /* what is known of where packets come from */
	/* Do all checks fail, and because of this host's link? */
	struct {
		struct isolation all;
		bool declared;	/* it has had, or would have had, effects */
		uint64_t since; /* monotonic ms: declared */
	} isolation;
	struct interface *interfaces;
	size_t interface_count; /* the next conf's, at a reload, is another */
	int *strays;		/* ifindexes that were warned of */
	size_t stray_count;	/* see interfaces_watch() */
	bool tagged;		/* packets have VLAN tags */
	bool addresses_stale;	/* this host's own have changed */
	bool answers_stale; /* the data plane may not know who answers pings */

	int probe_ifindex; /* of the device that probes leave by; -1 = none */
	struct retry probe_retry;

	struct alerts *alerts;	 /* alerts.h */
	struct history *history; /* of what has happened */
	struct ship *ship;	 /* ship.h: who is told of that elsewhere */
	/* Probes by type and outcome. */
	uint64_t results[CHECK_NONE][CHECK_LOCAL_ERROR + 1];
	struct first_verdicts first;
	unsigned spread;     /* ms, of many probes that might begin now */
	unsigned pace;	     /* probes that may begin within 10 ms */
	uint64_t pace_at;    /* monotonic time, in these */
	unsigned begun;	     /* that have, then */
	uint64_t put_off;    /* probes that had to wait, ever */
	uint64_t put_off_at; /* monotonic ms, when that last grew; 0 = never */
	struct neighbour *neighbours; /* of bgpd, see neighbours.c */
	size_t neighbour_count;
	struct engine_origin origin; /* lifeline NULL: there is no parent */

	struct event *reconcile; /* activated when something is dirty */
	struct event *tick;	 /* each second */
	struct event *stop;	 /* while stopping */
	struct event *look;	 /* when VIPs' states change by time */
	enum engine_phase phase;
	uint64_t deadline; /* monotonic ms: the end of the stop's phase */
	uint64_t removal;  /* likewise: services that are gone go; 0 = none */

	uint64_t started;	   /* monotonic ms */
	int64_t born;		   /* seconds since the epoch: started */
	int64_t loaded;		   /* seconds since the epoch, of conf */
	uint64_t reloads;	   /* good ones */
	struct conf_errors errors; /* of the last reload */
};

#endif
