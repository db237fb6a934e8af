/* SPDX-License-Identifier: ISC */

/*
 * What the files of the XDP data plane share: the handle, the model of what
 * is in the maps, and each file's part for the others.
 *
 * The maps outlive the daemon, so they are the truth, and the model here is
 * read from them when they are taken over.  What may be reused only when no
 * packet can still be looking at it (an index, the idle half of a hash table)
 * remembers the grace period in which it was given up: see xdp_grace().
 */

#ifndef ADAPTERS_DATAPLANE_XDP_PRIVATE_H
#define ADAPTERS_DATAPLANE_XDP_PRIVATE_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/dataplane.h"
#include "bpf/abi.h"

struct bpf_object;
struct vc5d_bpf;
struct xdp_shadow;

/* What the sizes of maps depend on. */
enum xdp_limit {
	XDP_ONE,
	XDP_FLOWS,
	XDP_SERVICES,
	XDP_DESTINATIONS
};
#define XDP_LIMITS 4

enum xdp_map {
	XDP_MAP_CONTROL,
	XDP_MAP_FLOWS,
	XDP_MAP_DESTINATIONS,
	XDP_MAP_SERVICES,
	XDP_MAP_TABLES,
	XDP_MAP_DESTINATION_COUNTERS,
	XDP_MAP_SERVICE_COUNTERS,
	XDP_MAP_DROP_COUNTERS,
	XDP_MAP_TUPLES,
	XDP_MAP_SOURCES4,
	XDP_MAP_SOURCES6,
	XDP_MAP_SERVICE_INDEX, /* from here on not in our memory */
	XDP_MAP_VIPS,
	XDP_MAP_BLOCKED4,
	XDP_MAP_BLOCKED6,
};
#define XDP_MAPPED XDP_MAP_SERVICE_INDEX
#define XDP_MAPS   (XDP_MAP_BLOCKED6 + 1)

/* Free indexes, first in first out: each rests for as long as can be. */
struct xdp_pool {
	struct {
		uint16_t index;
		uint64_t given_up; /* grace period */
	} * ring;
	uint32_t size, head, count;
};

/* A destination as it is in the map at index. */
struct xdp_destination {
	struct dataplane_destination is;
	uint16_t index;
};

/* A service as it is in the maps at index. */
struct xdp_service {
	RB_ENTRY(xdp_service) entry;
	struct service_key key;
	enum scheduler scheduler;
	bool sticky, track;
	uint32_t idle; /* seconds */
	bool unsure;   /* taken over: its table may be of another state */
	bool coarse;   /* slots_refill(), of its table */
	uint16_t index;
	uint64_t flipped; /* grace period; 0 = the idle half is free to use */
	uint64_t digest;  /* of the table in use; 0 = not made yet */
	struct xdp_destination *destinations; /* by address */
	size_t destination_count;
};

RB_HEAD(xdp_services, xdp_service);

struct xdp {
	struct dataplane base; /* first */

	/* Options. */
	uint32_t mark, cpus;
	uint32_t limits[XDP_LIMITS]; /* elements: indexes begin at 1 */
	uint32_t slots;		     /* of a hash table */

	/* The pin directory. */
	char *directory;
	size_t existed; /* length of the part that was there before */
	int lock;	/* the directory itself, locked */

	/* The programs and maps. */
	struct vc5d_bpf *skeleton;
	struct bpf_object *object;     /* the skeleton's */
	int program, probe, probe_out; /* descriptors, the skeleton's */
	struct {
		void *address; /* NULL = not mapped */
		size_t length;
	} mappings[XDP_MAPPED];
	struct vc5_control *control;
	struct vc5_bucket *flows;
	struct vc5_tuple *tuples;
	struct vc5_destination *destinations;
	struct vc5_service *services;
	struct vc5_destination_counters *destination_counters;
	struct vc5_service_counters *service_counters;
	const struct vc5_drop_counters *drop_counters;
	struct vc5_source4 *sources4;
	struct vc5_sources6 *sources6;
	/* Descriptors, the skeleton's; blocked prefixes of IPv4 and IPv6. */
	int service_index, vips, blocked[2];

	/* The predecessor's maps. */
	bool reused;	     /* they are ours now */
	char *unfit;	     /* why not, if there are any */
	struct addr *former; /* its VIPs, when they are not */
	size_t former_count;

	/* Grace periods. */
	int grace_outer, grace_inner; /* descriptors of maps */
	uint64_t graces;	      /* number of the present one, from 1 */

	/* The model. */
	struct xdp_services model;
	struct xdp_pool free_services, free_destinations;

	/* Reports. */
	struct dataplane_reason reasons[VC5_DROPS], answers[VC5_ANSWERS];
	uint32_t scanned; /* buckets, of the scan that is on */
	uint32_t round;	  /* whole scans so far: not all of them count */
	struct dataplane_flows scanning, scan; /* now, the last whole one */
	/* Likewise, live confirmed flows by their destination's index. */
	uint32_t *counting, *connections;
	bool told; /* flows_tell() has moved it on in this second */

	/* What others know of each entry; NULL until there are others. */
	struct xdp_shadow *shadow;
	uint32_t *refresh; /* room for a list of entries */

	int probe_ifindex; /* 0 = none */
	uint16_t *table;   /* room to build one in */
};

static inline struct xdp *
xdp_of(struct dataplane *dataplane)
{
	return (struct xdp *)(void *)dataplane;
}

/* dataplane_xdp_directory.c */

/* Make and lock the pin directory.  0, or -1 after having logged why. */
int xdp_directory_open(struct xdp *, const char *path);
/*
 * Remove what is empty of it, and the parents that came with it; if it was
 * there before, only when whole.
 */
void xdp_directory_remove(struct xdp *, bool whole);
/* Unlock it. */
void xdp_directory_close(struct xdp *);
/* The path of a pin: release it with free(3). */
char *xdp_pin_path(const struct xdp *, const char *kind, const char *name);
/* Call for each pin of a kind ("maps", "links"); name is as xdp_pin_path's. */
void xdp_pins_each(struct xdp *, const char *kind,
    void (*)(struct xdp *, const char *name, void *), void *);
void xdp_unpin_maps(struct xdp *);

/* dataplane_xdp_maps.c */

/* The object is not loaded yet: size its maps, find what it can reuse. */
int xdp_maps_prepare(struct xdp *);
/* The object was loaded: map its maps, and make new ones ready. */
int xdp_maps_open(struct xdp *);
/* All is well: pin new maps in the place of what a predecessor left. */
int xdp_maps_pin(struct xdp *);
void xdp_maps_close(struct xdp *);
/*
 * A pinned array, if its elements have the size: its descriptor, to be
 * closed, and their number; else -1.
 */
int xdp_maps_open_array(
    const struct xdp *, const char *name, size_t size, uint32_t *count);
/* "limits.flows takes 40 MB, ...": release it with free(3). */
char *xdp_maps_memory(const struct xdp *);
/* A hash table: as many slots as they have. */
uint16_t *xdp_table(const struct xdp *, uint32_t index);

/* dataplane_xdp_grace.c */

int xdp_grace_open(struct xdp *);
void xdp_grace_close(struct xdp *);
/* Wait until no packet sees what was replaced before: some ms. */
void xdp_grace(struct xdp *);
/* The same, if what was given up then may still be seen. */
void xdp_grace_since(struct xdp *, uint64_t given_up);

void xdp_pool_init(struct xdp_pool *, uint32_t size);
void xdp_pool_clear(struct xdp_pool *);
/* given_up 0: it was not in use. */
void xdp_pool_put(struct xdp_pool *, uint16_t index, uint64_t given_up);
/* An index that no packet sees; the pool must have one. */
uint16_t xdp_pool_take(struct xdp *, struct xdp_pool *);

/* dataplane_xdp_store.c: each store in its order */

/* Make an entry of an index that was free. */
void xdp_destination_make(
    struct xdp *, const struct xdp_destination *, uint16_t service);
/*
 * If a change of an entry in use takes more than one store of its way, have
 * packets take it for unresolved meanwhile.  True if packets may still see it
 * as it was: there has to be a grace period before the change.
 */
bool xdp_destination_close(struct xdp *, const struct xdp_destination *);
/* Change what differs of a closed entry, save its state. */
void xdp_destination_change(struct xdp *, const struct xdp_destination *);
void
xdp_destination_state(struct xdp *, uint16_t index, enum destination_state);
/* What a destination is, as the maps have it. */
void xdp_destination_read(
    const struct xdp *, uint16_t index, struct xdp_destination *);
/* Bytes that its packets are encapsulated in. */
unsigned xdp_destination_overhead(const struct xdp *, uint16_t index);
/* Nothing may point to it any more. */
void xdp_destination_free(struct xdp *, uint16_t index);
/* Have packets find a service, which is complete. */
int xdp_service_hook(struct xdp *, const struct xdp_service *);
void xdp_service_unhook(struct xdp *, struct xdp_service *);
void xdp_vip_answers(struct dataplane *, const struct addr *vip, bool);
bool xdp_vip_has_answers(const struct xdp *, const struct addr *vip);
void xdp_settings_set(struct dataplane *, const struct dataplane_settings *);
void xdp_service_key(const struct service_key *, struct vc5_service_key *);
struct xdp_service *xdp_service_find(struct xdp *, const struct service_key *);
const struct xdp_destination *
xdp_destination_find(const struct xdp_service *, const struct addr *);
int xdp_service_compare(const struct xdp_service *, const struct xdp_service *);
RB_PROTOTYPE(xdp_services, xdp_service, entry, xdp_service_compare)

/* dataplane_xdp_adopt.c */

/* Read the model from the maps; end or undo what a crash left half done. */
void xdp_adopt(struct xdp *);
/*
 * Read the VIPs in pinned maps that are not taken over: 0, or -1 if that can't
 * be done.
 */
int xdp_former_read(struct xdp *);
void xdp_former_each(
    struct dataplane *, void (*)(const struct addr *, void *), void *);

/* dataplane_xdp_service.c */

int xdp_service_set(struct dataplane *, const struct dataplane_service *);
void xdp_service_remove(struct dataplane *, const struct service_key *);
void xdp_service_each(struct dataplane *,
    void (*)(const struct dataplane_service *, void *), void *);
int xdp_probe_mark(struct dataplane *, const struct service_key *,
    const struct addr *, uint32_t *mark);
/* Fill xdp->table for so many destinations; coarse as for slots_refill(). */
void xdp_table_fill(struct xdp *, const struct xdp_destination *, size_t count,
    enum scheduler, bool *coarse);
/* Forget the model; the maps are left alone. */
void xdp_services_clear(struct xdp *);

/* dataplane_xdp_link.c */

int xdp_interface_attach(struct dataplane *, const char *name, int ifindex,
    enum xdp_mode, bool *native);
void xdp_interface_detach(struct dataplane *, const char *name);
bool xdp_interface_is_attached(struct dataplane *, const char *name);
void xdp_interface_detach_others(
    struct dataplane *, char *const *names, size_t count);
int xdp_probe_attach(struct dataplane *, int ifindex, int peer);
void xdp_probe_detach(struct xdp *);

/* dataplane_xdp_report.c */

int xdp_counters(struct dataplane *, const struct service_key *,
    const struct addr *, struct dataplane_counters *);
const struct dataplane_reason *xdp_drops(struct dataplane *, size_t *count);
const struct dataplane_reason *xdp_answers(struct dataplane *, size_t *count);
void xdp_flows(struct dataplane *, struct dataplane_flows *);
/* The way to a destination takes other headers from here on. */
void xdp_counters_settle(struct xdp *, uint16_t index);
/* Keep a destination's counters for its service; clear them for the next. */
void xdp_counters_retire(struct xdp *, uint16_t service, uint16_t index);
void xdp_counters_clear_service(struct xdp *, uint16_t service);

/* dataplane_xdp_flows.c */

/* Once a second: look at the next part of the flow table, if nobody does. */
void xdp_scan(struct xdp *);
/* Others know of an entry what it says. */
void xdp_shadow_set(struct xdp *, uint32_t index, const struct vc5_flow *);
size_t xdp_shadow_bytes(const struct xdp *);
void xdp_shadow_close(struct xdp *);
void xdp_flows_tell(struct dataplane *, dataplane_flow_fn *, void *);
void xdp_flows_walk(struct dataplane *, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *, void *);

/* dataplane_xdp_sources.c */

/* Go on blocking what a predecessor has. */
void xdp_blocked_adopt(struct xdp *);
/* Count one packet in so many by its source. */
void xdp_sampling_set(struct xdp *, unsigned sampling);
int xdp_block(struct dataplane *, const struct prefix *);
int xdp_unblock(struct dataplane *, const struct prefix *);
void xdp_blocked_each(
    struct dataplane *, void (*)(const struct prefix *, void *), void *);
bool xdp_blocked_counters(struct dataplane *, const struct prefix *,
    uint64_t *packets, uint64_t *octets);
void xdp_sources_each(
    struct dataplane *, void (*)(const struct source *, void *), void *);
void xdp_sources(struct dataplane *, struct dataplane_sources *);

/* dataplane_xdp_learn.c */

enum dataplane_learnt xdp_flow_learn(struct dataplane *, const struct flow *);

/* dataplane_xdp_explain.c */

int xdp_explain(struct dataplane *, const struct service_key *,
    const struct addr *client, uint16_t port, struct dataplane_explanation *);
int xdp_explain_without(struct dataplane *, const struct service_key *,
    uint32_t slot, const struct addr *gone, struct addr *chosen);
uint64_t xdp_table_digest(struct dataplane *, const struct service_key *);

#endif
