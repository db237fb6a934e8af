/* SPDX-License-Identifier: ISC */

/*
 * Stand-ins for all that the engine talks to: a data plane, and the functions
 * of the other adapters, which the tests link in place of the real ones.
 * What the engine did is recorded here; what the world does is set here.
 */

#ifndef T_ENGINE_FAKES_H
#define T_ENGINE_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "adapters/check.h"
#include "adapters/dataplane.h"
#include "core/addr.h"

#define FAKE_SERVICES	    8
#define FAKE_SERVERS	    64
#define FAKE_VIPS	    8
#define FAKE_MEMBERS	    3
#define FAKE_PORTS	    4
#define FAKE_FLOWS	    2048
#define FAKE_ATTRIBUTES_LEN 128

/* What the world does. */
struct fake_server {
	struct addr address;
	bool answers;		 /* its checks pass */
	bool resolved;		 /* it answers to ARP */
	uint8_t mac;		 /* last byte */
	unsigned probes;	 /* sent to it */
	bool holds;		 /* its checks don't end */
	bool uncheckable;	 /* this host can't make them */
	bool lost;		 /* there is no route to it */
	struct addr gateway;	 /* on the way; family 0 = none */
	struct addr probed_from; /* the last time */
	uint16_t vlan;
	uint32_t mtu;
};

struct fake_world {
	struct fake_server servers[FAKE_SERVERS];
	size_t server_count;
	struct addr local; /* an address of the host; family 0 = none */
	int ifindex;	   /* of eth0; 0 = there is none */
	int master;	   /* of which eth0 is a member; 0 = none */
	int wire;	   /* ifindex of what servers are reached by */
	bool only_generic; /* eth0 has no native mode */
	bool attach_fails, set_fails, listen_fails, bgpd_answers;
	unsigned set_takes;		   /* ms, that the data plane needs */
	unsigned digest_takes;		   /* likewise, for a table's digest */
	unsigned counters_take;		   /* likewise, for counters */
	bool no_probe_path;		   /* it can't be made */
	bool no_source;			   /* the host has no address */
	bool bond;			   /* eth0 is one */
	bool bond_fails;		   /* eth0 can't be attached to */
	const char *members[FAKE_MEMBERS]; /* of it; NULL = none */
	enum check_outcome
	    outcome; /* of all checks; CHECK_PASSED: each its own */
	struct check_result report; /* of all probes, but for the outcome */
	struct check_load load;	    /* of probes */
	const char *exec_problem;   /* of commands' ways; or NULL */
	bool fails[CHECK_NONE];	    /* checks of this type, of all servers */
	struct dataplane_counters counters; /* of each, and one packet more */
	uint64_t lost, lost_bytes; /* packets dropped, and pings answered */
	struct flow flows[FAKE_FLOWS];
	size_t flow_count;
	struct dataplane_explanation explanation; /* slots 0: the usual one */
};

/* What the engine did. */
struct fake_record {
	struct dataplane_service services[FAKE_SERVICES];
	size_t service_count;
	unsigned sets, removes, attaches, ticks, stops, digests;
	char attached[FAKE_PORTS][16]; /* interfaces; "" = none */
	unsigned tags_kept;
	unsigned replies_checked;
	struct dataplane_settings settings;
	bool answers[FAKE_SERVICES]; /* pings, of the service's VIP */
	struct addr wanted[FAKE_VIPS];
	char wanted_as[FAKE_VIPS][FAKE_ATTRIBUTES_LEN];
	size_t wanted_count;
	size_t wanted_least; /* the smallest count that was wanted */
	unsigned wants;
	struct addr owned[FAKE_VIPS];
	size_t owned_count;
	unsigned probes_running, probe_limit;
	bool probe_path;
	unsigned listens;
	json_t *(*control)(void *, const json_t *);
	json_t *(*control_readonly)(void *, const json_t *);
	void *control_arg;
};

extern struct fake_world world;
extern struct fake_record record;

/* Forget everything; eth0 exists, bgpd answers. */
void fakes_reset(void);

struct addr fake_address(const char *);
/* Whom nobody has asked for yet is made: one that answers. */
struct fake_server *fake_server(const char *address);
struct fake_server *fake_server_at(const struct addr *);
/* As it was last set; NULL if it is not there. */
struct dataplane_service *fake_service(const char *key);
enum destination_state fake_state(const char *key, const char *server);
bool fake_wanted(const char *vip);
/* "65000:1 NO_EXPORT med 5 pref 0" and the like; "-" if it is not wanted. */
const char *fake_attributes(const char *vip);
/* Does the VIP of a service answer pings? */
bool fake_answers(const char *key);
bool fake_attached(const char *name);
/* As a predecessor would have done. */
void fake_leave_attached(const char *name);

struct dataplane *fake_dataplane(void);
/* Put a service in, as a predecessor would have left it. */
void fake_leave(
    const char *vip, uint16_t port, const char *server, enum destination_state);

/* Have the engine told of a change. */
void fake_nexthop_changed(const char *server);
/* The same, with more to be told behind it. */
void fake_nexthop_is_changing(const char *server);
void fake_interface_changed(const char *name);
void fake_probe_path_gone(void);
void fake_address_changed(const char *address, bool present);

#endif
