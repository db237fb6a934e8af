/* SPDX-License-Identifier: ISC */

/*
 * The engine's run-time state, shared by the files of this directory.
 *
 * The tree engine -> service -> destination -> prober mirrors the
 * configuration and points into it; a reload builds a new tree, carries over
 * what is known, and releases the old one together with its configuration.
 */

#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

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
	char *socket, *program;
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

/* engine.c */

/* Have the difference applied as soon as the event loop runs again. */
void engine_reconcile_soon(struct engine *);
/* Apply the difference now. */
void engine_reconcile(struct engine *);
/* What the configuration says of the data plane as a whole. */
void engine_apply_settings(struct engine *);
/* Is it time?  If so the next time is set, ever later up to a minute. */
bool retry_due(struct retry *, uint64_t now);
/* What happens for the first time, or again, may be tried at once. */
void retry_reset(struct retry *);

/* services.c */

/* NULL if there is none. */
struct service *service_find(const struct engine *, const struct service_key *);
struct vip *vip_find(const struct engine *, const struct addr *);
struct destination *
destination_find(const struct service *, const struct addr *);
/*
 * Build the tree for conf, carrying over what is known from the engine's
 * present one, if it has one.  Not yet checking.
 */
void services_build(struct engine *, struct conf *, struct service **services,
    struct vip **vips);
void services_free(
    struct engine *, const struct conf *, struct service *, struct vip *);
/* At start: take over what a predecessor left in the data plane. */
void services_adopt(struct engine *);
/* Tell the data plane of a service: 0, or -1 to be tried again. */
int service_apply(struct service *);
/* Remove from the data plane what the configuration no longer has. */
void services_remove_others(struct engine *);
/* See how it is reached, and whether it can be; say so if that changed. */
void destination_look(struct destination *);
/* The same of all; only_new: that the kernel has said nothing about. */
void services_look(struct engine *, bool only_new);
/* Work out anew whether a destination is healthy, and what follows. */
void destination_evaluate(struct destination *);
/*
 * Judge all: those that have no checks, and those whose checks are others than
 * they were.
 */
void services_evaluate(struct engine *);

/* nexthops.c */

/* The tree is another one. */
void nexthops_index(struct engine *);
/* The first in by_address of that address or a later one. */
size_t nexthops_first(const struct engine *, const struct addr *server);
/* What netlink reports: a server's next hop, and that this was all for now. */
void nexthop_changed(
    void *engine, const struct addr *server, const struct netlink_nexthop *);
void nexthops_told(void *engine);

/* ramp.c */

/* The destination is up, and was not: its weight is to rise. */
void ramp_begin(struct destination *);
void ramp_end(struct destination *);
/* Those that rise may have got to another step. */
void ramp_advance(struct engine *, uint64_t now);
/* How much of its weight a destination has: 1 to 100. */
unsigned ramp_percent(const struct destination *);

/* vips.c */

/* Work out which VIPs are wanted, and have that announced if it changed. */
void vips_update(struct engine *);
/*
 * After a reload, of the VIPs of before: those that are gone are announced as
 * leaving for as long as they are to be.  When the last of them is withdrawn,
 * monotonic ms; 0 if none that is gone was announced.
 */
uint64_t
vips_forget(struct engine *, const struct conf *was, const struct vip *);
/* At a stop: is none announced any more, so far as it is up to us? */
bool vips_all_withdrawn(const struct engine *);
void vips_left_free(struct engine *);
/* Why it is what it is, in buf, which is returned. */
const char *vip_explain(const struct vip *, char buf[VIP_REASON_LEN]);
/* Find out which VIPs are this host's own, or whether those still are. */
void vips_look(struct engine *, bool only_local);

/* announce.c */

/* Tell bgpd which VIPs are wanted. */
void announce_want(struct engine *);
/* Begin to announce, if the configuration says so. */
void announce_begin(struct engine *);
/* After a reload: the configuration's bgpd may be another one. */
void announce_follow(struct engine *);
/* Have all withdrawn that a bgpd announces, but for which that goes on. */
void announce_retire(struct engine *, const struct bgpd *);
/* Is just what is wanted announced, as far as can be known? */
bool announce_settled(struct engine *);
void announce_end(struct engine *);

/* orders.c */

/* Read the file: NULL, or why it can't be, free(3) it. */
char *orders_read(const char *path, struct overrides *out);
/*
 * At start: what was ordered before.  0, or -1 after having logged that it
 * can't be known: nothing may be announced that was ordered not to be.
 */
int orders_load(struct engine *);
/* What is ordered of a part of a tree that is being made. */
void orders_of_destination(struct destination *);
void orders_of_service(struct service *);
void orders_of_vip(const struct engine *, struct vip *);
/*
 * From now on these are the orders, and are kept; the set is the engine's.
 * NULL, or why they can't be kept, free(3) it: nothing has changed then,
 * except with force, by which they are in force until vc5d ends.
 */
char *orders_replace(struct engine *, struct overrides *, bool force);
/* Try again to keep what could not be. */
void orders_retry(struct engine *, uint64_t now);
void orders_free(struct engine *);

/* orders_status.c */

/* How many things of the configuration an order is about. */
size_t orders_reach(const struct engine *, const struct override *);
/* Raise alerts of those about nothing, as after a reload; clear others. */
void orders_watch(struct engine *);
/* An order in words, for a person: free(3) it. */
char *orders_text(const struct engine *, const struct override *);
/* "overrides" of the status document: a new reference. */
json_t *orders_json(const struct engine *);
void orders_problems(const struct engine *, json_t *list);
/* The name of an order; "" for none. */
const char *orders_name(enum override_order);

/* guard.c */

/* Add a line for each service that a server can't be taken out of just so. */
void guard_judge(const struct engine *, const struct override *, json_t *lines);
/* Log where the configuration, and orders, take out more than is allowed. */
void guard_warn(const struct engine *);

/* isolation.c */

/* A check has a result. */
void isolation_note(struct prober *, bool passed);
/*
 * A check has just gone down by its last result: true if it doesn't, since it
 * is this host's link that fails, and servers are to be held.
 */
bool isolation_excuses(struct prober *);
/* Are servers held? */
bool isolation_holds(const struct engine *);
/* After a reload: checks came and went. */
void isolation_follow(struct engine *);
/* "isolation" of the status document: a new reference. */
json_t *isolation_json(const struct engine *);

/* orders_console.c: as flows.c */

json_t *console_override(struct engine *, const json_t *request);
/* neighbours.c */

/* Watch the neighbours of the bgpd that there is now. */
void neighbours_follow(struct engine *);
/* How often a session with it was lost. */
uint64_t neighbour_flaps(const struct engine *, const char *address);
/* Of each there is, by index from 0 on; NULL behind the last. */
const char *neighbour_address(const struct engine *, size_t index);
void neighbours_free(struct engine *);

/* parent.c */

/* Tell the parent of the bgpds there are, and of the configuration. */
void parent_follow(struct engine *);
/* Have withdrawn what who was before has announced, and is not ours. */
void parent_inherit(struct engine *);
/* The loop won't run for a while: that is no reason to be killed. */
void parent_excuse(struct engine *);
/* The file is in force. */
void parent_reloaded(struct engine *);
/* ... if it is not, since a start. */
void parent_problems(const struct engine *, json_t *list);
/* How it is, for who asks the service manager. */
void parent_tell_figures(const struct engine *);
/* "engine" of the status document: a new reference. */
json_t *parent_json(const struct engine *);

/* sync.c */

/*
 * The keys that the configuration names, NULL if it names none: 0, or -1 with
 * a complete line in *error, which is the caller's.
 */
int engine_sync_keys(const struct conf *, struct sync_keys **, char **error);
/* Sync as the configuration says from now on, with e->sync_keys. */
void engine_sync_follow(struct engine *);
/* Tell others how services look here, if that has changed. */
void engine_sync_see(struct engine *);
/* Do new VIPs have to wait for flows of others? */
bool engine_sync_learning(const struct engine *);
/* End it, and tell others so. */
void engine_sync_end(struct engine *);
/* Release it; others will miss this instance. */
void engine_sync_free(struct engine *);

/* sync_status.c */

/* "sync" of the status document: a new reference. */
json_t *engine_sync_json(const struct engine *);
void engine_sync_problems(const struct engine *, json_t *list);

/* console_monitor.c, console_status.c: as flows.c */

json_t *console_monitor(struct engine *, const json_t *request);
json_t *console_status(struct engine *, const json_t *request);

/* console.c */

/* Listen for people, where that is not done yet and worth another try. */
void console_listen(struct engine *, uint64_t now);
void console_follow(struct engine *, const struct conf *was);

/*
 * flows.c, explain.c: what the console answers, a new reference, to a request
 * as adapters/control.h has it.
 */

/*
 * A string of a request, NULL if it has none; of another type it is *wrong,
 * which is then to be freed.
 */
const char *console_text(const json_t *request, const char *key, char **wrong);
/* The same of a number, 0 if there is none. */
json_int_t console_number(const json_t *request, const char *key, char **wrong);
json_t *console_flows(struct engine *, const json_t *request);
json_t *console_explain(struct engine *, const json_t *request);
/* "embryonic", "confirmed", "closed". */
const char *flow_state_name(enum flow_state);

/* probers.c */

void probers_init(struct destination *);
/* What is known from before a reload. */
void probers_carry(struct destination *, struct destination *was);
/* Begin all, in so far as they don't go on. */
void probers_start(struct engine *);
/* Note whether probes have to wait, each second. */
void probers_watch(struct engine *, uint64_t now);
void probers_problems(const struct engine *, json_t *list);
/* Probe at once: something that stood in the way may be gone. */
void probers_kick(struct destination *);
void probers_clear(struct destination *);

/* first.c */

/* Is a line to be logged of it, or only its number? */
bool first_verdict(struct engine *, enum first_verdict);
/* Tell their number, each second. */
void first_verdicts_tell(struct engine *);

/* verdict.c */

/* A probe came to an end. */
void verdict(struct prober *, const struct check_result *);
/* Why a destination is not healthy, in buf, which is returned; "" if it is. */
#define VERDICT_REASON_LEN 512
const char *
verdict_reason(const struct destination *, char buf[VERDICT_REASON_LEN]);
/* Work out anew what its agents want of a destination. */
void verdict_advise(struct destination *);
/* At a reload: what is known of a check that goes on. */
void verdict_move(struct prober *, struct prober *from);
void verdict_clear(struct prober *);
/* "connect", "tls", "first_byte". */
const char *verdict_phase_name(enum check_phase);

/* interfaces.c */

/*
 * Attach to those of the engine's configuration.  What was attached to before
 * a reload stays so, and is taken from old, which is NULL at start.
 */
void interfaces_build(struct engine *, struct interface *old, size_t old_count);
void interfaces_update(struct engine *, const char *name);
/* Try again to attach where it did not work. */
void interfaces_retry(struct engine *, uint64_t now);
/* Detach what is not in the configuration; what may be needed stays. */
void interfaces_detach_others(struct engine *);
/* Detach from all: they are attached to in another way next. */
void interfaces_detach(struct engine *, struct interface *, size_t count);
/* Packets have tags from now on: have interfaces leave them where they are. */
void interfaces_keep_tags(struct engine *);
/* Warn, once, of each that servers are reached by and packets may not be. */
void interfaces_watch(struct engine *);
void interfaces_free(struct interface *, size_t count);
/* Is the data plane attached to all of it? */
bool interface_is_attached(const struct interface *);
bool interface_is_native(const struct interface *);

/* status_checks.c: parts of the status document, new references. */

json_t *status_check(const struct prober *);
/* "probes". */
json_t *status_probes(const struct engine *);
/* Add what a service's probes have been. */
void status_set_probes(json_t *, const struct service *);

/* status_problems.c */

/* "problems" of the status document; bgp_error is bgpd's, or NULL. */
json_t *status_problems(const struct engine *, const char *bgp_error);

/* status.c */

/* The status document (core/status.h), a new reference. */
json_t *engine_status(void *engine);
/* What it says of a destination, likewise. */
json_t *status_destination(const struct destination *);
/* A string of whatever bytes, made fit for JSON: a new reference. */
json_t *status_text(const char *);

#endif
