/* SPDX-License-Identifier: ISC */

/*
 * A configuration as it is written, between having been read from the file
 * and being expanded to services and VIPs.  Only for conf*.c.  All of it is
 * kept by the reader or borrowed from the JSON tree.
 */

#ifndef CORE_CONF_PARTS_H
#define CORE_CONF_PARTS_H

#include "core/conf_check.h"
#include "core/conf_reader.h"

/* A share, and the path that gave it: NULL if it is the default. */
struct conf_sourced_share {
	struct conf_share value;
	const char *where;
};

/* A delivery, and the path that gave it: NULL if it is the default. */
struct conf_sourced_delivery {
	struct delivery value;
	const char *where;
	bool bad; /* it was said what is wrong with it */
};

/* Whether flows are kept, as one key says; shared by all that inherit it. */
struct conf_track {
	bool value;
	bool udp;	   /* a service of UDP inherits it */
	const char *where; /* path; NULL if it is the default */
};

/* Keys that the next level down inherits: copied, then overwritten. */
struct conf_scope {
	struct conf_check_scope check;
	struct conf_sourced_share need, need_up; /* need_up unset: as need */
	enum alert_severity priority;
	unsigned max_out; /* percent */
	struct conf_sourced_delivery delivery;
	enum scheduler scheduler;
	bool sticky;
	struct conf_track *track; /* NULL = the default */
	unsigned idle;		  /* ms; 0 = the protocol's default */
	unsigned slow_start;	  /* ms */
};

extern const struct conf_scope conf_scope_defaults;

/* Rows for the table of an object that has a scope at offset base. */
#define CONF_SERVICE_KEYS(base)                                              \
	{"need", conf_read_need, (base) + offsetof(struct conf_scope, need), \
	    NULL},                                                           \
	    {"need_up", conf_read_need,                                      \
		(base) + offsetof(struct conf_scope, need_up), NULL},        \
	    {"priority", conf_read_word,                                     \
		(base) + offsetof(struct conf_scope, priority),              \
		alert_severity_names},                                       \
	    {"max_out", conf_read_unsigned,                                  \
		(base) + offsetof(struct conf_scope, max_out),               \
		&conf_percent_limits},                                       \
	    {"delivery", conf_read_delivery,                                 \
		(base) + offsetof(struct conf_scope, delivery), NULL},       \
	    {"scheduler", conf_read_word,                                    \
		(base) + offsetof(struct conf_scope, scheduler),             \
		conf_scheduler_names},                                       \
	    {"track", conf_read_track,                                       \
		(base) + offsetof(struct conf_scope, track), NULL},          \
	    {"idle", conf_read_seconds,                                      \
		(base) + offsetof(struct conf_scope, idle),                  \
		&conf_idle_limits},                                          \
	    {"slow_start", conf_read_slow_start,                             \
		(base) + offsetof(struct conf_scope, slow_start), NULL},     \
	{                                                                    \
		"sticky", conf_read_bool,                                    \
		    (base) + offsetof(struct conf_scope, sticky), NULL       \
	}

extern const struct conf_limits conf_idle_limits;
extern const struct conf_limits conf_percent_limits;
extern const char *const conf_scheduler_names[];
extern const char *const conf_xdp_mode_names[];

conf_read_fn conf_read_need;	   /* struct conf_sourced_share */
conf_read_fn conf_read_share;	   /* struct conf_share */
conf_read_fn conf_read_track;	   /* struct conf_track * */
conf_read_fn conf_read_slow_start; /* unsigned, ms */
conf_read_fn conf_read_delivery;   /* struct conf_sourced_delivery */

struct conf_draft;

/* Attributes as they are written. */
struct conf_attributes_draft {
	const struct conf_draft *draft; /* for the names of communities */
	struct conf_bgp_attributes values;
	bool own_communities, own_prepend; /* they are given */
};

/* Whatever is not given is as when a VIP is not degraded. */
struct conf_degraded_draft {
	struct conf_attributes_draft attributes;
	struct conf_share below;
};

/* What "bgp" says of VIPs: the next level down inherits it. */
struct conf_bgp_draft {
	struct conf_attributes_draft attributes;
	struct conf_degraded_draft degraded;
	struct conf_sourced hold_down, hold_down_max; /* ms */
	unsigned healthy_for, learn, graceful_shutdown;
};

extern const struct conf_bgp_draft conf_bgp_defaults;

/* Rows for the table of an object that has attributes at offset base. */
#define CONF_ATTRIBUTES_KEYS(base)                                             \
	{"communities", conf_read_communities, (base), NULL},                  \
	    {"med", conf_read_int64,                                           \
		(base) + offsetof(struct conf_attributes_draft, values.med),   \
		&conf_uint32_limits},                                          \
	    {"local_pref", conf_read_int64,                                    \
		(base) +                                                       \
		    offsetof(struct conf_attributes_draft, values.local_pref), \
		&conf_uint32_limits},                                          \
	{                                                                      \
		"prepend", conf_read_prepend, (base), NULL                     \
	}

/* ... or all that "bgp" says of VIPs. */
#define CONF_BGP_KEYS(base)                                                 \
	CONF_ATTRIBUTES_KEYS(                                               \
	    (base) + offsetof(struct conf_bgp_draft, attributes)),          \
	    {"degraded", conf_read_degraded, (base), NULL},                 \
	    {"hold_down", conf_read_wait,                                   \
		(base) + offsetof(struct conf_bgp_draft, hold_down), NULL}, \
	    {"hold_down_max", conf_read_wait,                               \
		(base) + offsetof(struct conf_bgp_draft, hold_down_max),    \
		NULL},                                                      \
	    {"healthy_for", conf_read_seconds,                              \
		(base) + offsetof(struct conf_bgp_draft, healthy_for),      \
		&conf_wait_limits},                                         \
	    {"learn", conf_read_seconds,                                    \
		(base) + offsetof(struct conf_bgp_draft, learn),            \
		&conf_wait_limits},                                         \
	{                                                                   \
		"graceful_shutdown", conf_read_seconds,                     \
		    (base) +                                                \
		    offsetof(struct conf_bgp_draft, graceful_shutdown),     \
		    &conf_wait_limits                                       \
	}

extern const struct conf_limits conf_uint32_limits, conf_wait_limits;

conf_read_fn conf_read_communities; /* struct conf_attributes_draft */
conf_read_fn conf_read_prepend;	    /* struct conf_attributes_draft */
conf_read_fn conf_read_degraded;    /* struct conf_bgp_draft */
conf_read_fn conf_read_wait;	    /* struct conf_sourced, ms */

/* The top-level "communities"; member: struct conf_draft. */
conf_read_fn conf_read_named_communities;

struct conf_named_community {
	const char *name, *value;
};

/* Complain about a limit of the hold-down that is below it. */
void conf_check_hold_down(struct conf_reader *, const struct conf_bgp_draft *);
/* Make a VIP's, to be released by conf_bgp_clear. */
void conf_bgp_make(const struct conf_bgp_draft *, struct conf_vip *);
void conf_bgp_clear(struct conf_vip *);
bool
conf_bgp_equal(const struct conf_bgp_draft *, const struct conf_bgp_draft *);

struct conf_server {
	struct conf_destination destination; /* its delivery isn't known yet */
	struct conf_sourced_delivery delivery; /* where NULL = inherited */
	const char *where;
};

struct conf_server_list {
	const char *name;	     /* of a shared list, else NULL */
	const char *where;	     /* path */
	struct conf_server *servers; /* by address; only the good ones */
	size_t count;
	size_t listed;		       /* with the bad ones */
	struct conf_server_list *next; /* of all in the file */
};

/* A prefix of "vlans". */
struct conf_subnet {
	struct prefix prefix;
	uint16_t id; /* of the VLAN; 0 = bad */
	const char *where;
	/* What is around it most closely, in the same array; or NULL. */
	const struct conf_subnet *around;
};

/* A list of servers, in place or by the name of a shared one. */
const struct conf_server_list *
conf_read_servers(struct conf_reader *, json_t *, struct conf_draft *);
/* The top-level "servers"; member: struct conf_draft. */
conf_read_fn conf_read_shared_servers;

/* What a key of "policy" stands for. */
struct conf_port {
	uint16_t port;
	bool tcp, udp;
	enum check_type check; /* if nothing else is said */
};

/* Read the key; false after saying what is wrong. */
bool
conf_port_parse(struct conf_reader *, const char *key, struct conf_port *out);

struct conf_policy {
	struct conf_draft *draft;
	const char *where;
	struct conf_scope scope;
	struct conf_port port;
	const struct conf_server_list *servers; /* NULL = bad or missing */
	bool own_servers;			/* the policy has the key */
	struct conf_check_draft *checks;
	size_t check_count;
	bool own_checks;
};

/* Complain about what its servers can't fulfil. */
void conf_check_need(struct conf_reader *, const struct conf_policy *);
/* What a service of so many servers needs. */
void conf_need_make(
    const struct conf_scope *, size_t servers, struct conf_service *out);

struct conf_virtual {
	struct addr address;
	const char *where;
	const struct conf_entry *entry;
	size_t order; /* in the file */
};

/* An entry of "services". */
struct conf_entry {
	struct conf_draft *draft;
	const char *name, *description; /* name NULL = bad */
	struct conf_scope scope;
	struct conf_bgp_draft bgp;
	struct conf_virtual *virtuals;
	size_t virtual_count;
	const struct conf_server_list *servers; /* NULL = bad or missing */
	struct conf_policy *policies;
	size_t policy_count;
	bool lacks_servers; /* a policy relies on this level's, in vain */
};

struct conf_draft {
	struct conf *conf; /* what is being made */
	struct conf_scope scope;
	struct conf_bgp_draft bgp;
	struct conf_named_community *communities;
	size_t community_count;
	struct conf_server_list **shared; /* by name */
	size_t shared_count;
	struct conf_server_list *lists; /* all of them */
	struct conf_entry *entries;
	size_t entry_count;
	struct conf_subnet *subnets; /* of all VLANs, by prefix */
	size_t subnet_count;
	bool vlans_bad; /* it was said what is wrong with them */
};

/* What brings packets to a server of a policy. */
const struct conf_sourced_delivery *
conf_delivery_of(const struct conf_server *, const struct conf_policy *);
/* Complain about servers that can't be reached as it is wanted. */
void conf_check_deliveries(struct conf_reader *, const struct conf_draft *);

/* What a service does with flows, by what its policy inherits. */
void conf_flows_make(const struct conf_policy *, struct conf_service *);
/* Complain where flows are not to be kept and have to. */
void conf_check_tracks(struct conf_reader *, const struct conf_draft *);

conf_read_fn conf_read_control_readonly; /* member: struct conf_draft */
conf_read_fn conf_read_limits;		 /* member: struct conf_draft */
/* Complain about services that have more servers than slots. */
void conf_check_slots(struct conf_reader *, const struct conf_draft *);
conf_read_fn conf_read_sync;	 /* member: struct conf_draft */
conf_read_fn conf_read_block;	 /* member: struct conf_draft */
conf_read_fn conf_read_prefixes; /* member: struct conf_draft */

conf_read_fn conf_read_webserver; /* member: struct conf_draft */
void conf_webserver_clear(struct conf_webserver *);
conf_read_fn conf_read_logging;	 /* member: struct conf_draft */
conf_read_fn conf_read_webhooks; /* member: struct conf_logging */
/* An object of the same struct: arg is its table. */
conf_read_fn conf_read_part;
extern const struct conf_limits conf_timeout_limits;
/* A URL, in place of *out; false after saying what is wrong. */
bool conf_url(struct conf_reader *, json_t *, struct url *out);
void conf_webhook_clear(struct conf_webhook *);
bool conf_same_text(const char *, const char *);
bool conf_same_url(const struct url *, const struct url *);
bool conf_same_trust(const struct conf_trust *, const struct conf_trust *);

conf_read_fn conf_read_vlans; /* member: struct conf_draft */
/* The VID of the longest prefix that an address is in; 0 = in none. */
uint16_t conf_vlan_find(const struct conf_draft *, const struct addr *);

/* ^[A-Za-z0-9_.-]{1,63}$ */
bool conf_name_valid(const char *);
conf_read_fn conf_read_name; /* such a name; member: char * to free */
/* A network device's, of at most max characters; NULL if it can't be one. */
const char *conf_device(struct conf_reader *, json_t *, size_t max);

/* The text for conf_masked(): free(3) it. */
char *conf_mask(const json_t *);
/* The whole of the file, into a new configuration's members. */
void conf_read_file(struct conf_reader *, json_t *, struct conf *);
conf_read_fn conf_read_services; /* member: struct conf_draft */
/* From entries to services and VIPs, with all checks between them. */
void conf_expand(struct conf_reader *, struct conf_draft *);
void conf_service_clear(struct conf_service *);

#endif
