/* SPDX-License-Identifier: ISC */

/*
 * The functions that the files of this directory have for each other, by file;
 * the state that they share is in state.h.
 */

#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include "engine/state.h"

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
/* destination_look() at all; only_new: that the kernel has said nothing about.
 */
void services_look(struct engine *, bool only_new);
/*
 * Judge all: those that have no checks, and those whose checks are others than
 * they were.
 */
void services_evaluate(struct engine *);

/* destination.c */

/* See how it is reached, and whether it can be; say so if that changed. */
void destination_look(struct destination *);
/* Is it reached now, and as it should be? */
bool
destination_usable(const struct destination *, const struct netlink_nexthop *);
/* Work out anew whether a destination is healthy, and what follows. */
void destination_evaluate(struct destination *);
/*
 * The steps of that.  Who is in maintenance may fail its checks: that it is
 * out is by intention, unless it was out anyway when that began.
 */
void destination_excuse(struct destination *);
/* Its state becomes what follows from what is known of it. */
void destination_settle(struct destination *);
/* The one function that tells of a transition. */
void destination_tell(const struct destination *, enum destination_state from);

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
/* At a stop: is none announced any more, so far as it is up to us? */
bool vips_all_withdrawn(const struct engine *);
/* Is there somebody who would see VIPs leave? */
bool vips_are_seen(const struct engine *);
/* Why it is what it is, in buf, which is returned. */
const char *vip_explain(const struct vip *, char buf[VIP_REASON_LEN]);
/* Find out which VIPs are this host's own, or whether those still are. */
void vips_look(struct engine *, bool only_local);

/* vips_left.c */

/*
 * After a reload, of the VIPs of before: those that are gone are announced as
 * leaving for as long as they are to be.  When the last of them is withdrawn,
 * monotonic ms; 0 if none that is gone was announced.
 */
uint64_t
vips_forget(struct engine *, const struct conf *was, const struct vip *);
/* True if one has left, or has come back. */
bool vips_left_update(struct engine *, uint64_t now);
void vips_left_free(struct engine *);

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

/* console_request.c */

/*
 * What is wrong with the members of a request beside "command", to be freed, or
 * NULL: such as the command does not know, and values of another type.
 */
char *console_wrong(const char *command, const json_t *request);
/*
 * A string of a request, NULL if it has none; of another type it is *wrong,
 * which is then to be freed.
 */
const char *console_text(const json_t *request, const char *key, char **wrong);
/* The same of a number, 0 if there is none. */
json_int_t console_number(const json_t *request, const char *key, char **wrong);

/*
 * flows.c, explain.c: what the console answers, a new reference, to a request
 * as adapters/control.h has it.
 */

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
/* Checks that this host can't make. */
void verdict_problems(const struct engine *, json_t *list);
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

/* A string of whatever bytes, made fit for JSON: a new reference. */
json_t *status_text(const char *);

#endif
