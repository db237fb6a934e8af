/* SPDX-License-Identifier: ISC */

/*
 * The configuration as it is in the file, checked and with every default and
 * inherited key filled in; vc5d.conf(5) describes it.  Never changed once it
 * has been loaded, and apart from all run-time state.
 */

#ifndef CORE_CONF_H
#define CORE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/alert.h"
#include "core/conf_logging.h"
#include "core/delivery.h"
#include "core/service.h"

enum xdp_mode {
	XDP_AUTO,
	XDP_NATIVE,
	XDP_GENERIC
};
enum scheduler {
	SCHEDULER_MAGLEV,
	SCHEDULER_RENDEZVOUS
};
enum check_type {
	CHECK_TCP,
	CHECK_SYN,
	CHECK_HTTP,
	CHECK_HTTPS,
	CHECK_DNS,
	CHECK_UDP,
	CHECK_ICMP,
	CHECK_EXEC,
	CHECK_AGENT,
	CHECK_NONE /* in the file only: a service then has no check */
};

struct conf_range {
	unsigned low, high; /* inclusive */
};

/* May hold NULs. */
struct conf_bytes {
	uint8_t *data;
	size_t length; /* 0 = none */
};

struct conf_header {
	char *name, *value;
};

/* A number of a service's servers, or a percentage of them. */
struct conf_share {
	unsigned value;
	bool percent;
};

/*
 * One probe of a destination; all of a destination's must pass.  What a type
 * does not have is zero.
 */
struct conf_check {
	enum check_type type;
	uint16_t port;		/* host order */
	unsigned interval;	/* ms from one start to the next */
	unsigned fast_interval; /* the same while changing state */
	unsigned timeout;	/* ms for the whole probe, <= interval */
	unsigned rise;		/* passes in a row that make it up */
	unsigned fall;		/* failures in a row that make it down */
	bool log_probes;	/* all results, else transitions only */
	/* http, https */
	char *method;		   /* "GET", "HEAD", ... */
	char *host;		   /* Host header; NULL = the VIP */
	char *path;		   /* begins with '/' */
	struct conf_range *expect; /* status codes that pass */
	size_t expect_count;
	bool expect_any; /* any status passes */
	struct conf_header *headers;
	size_t header_count;
	bool keep_alive; /* no "Connection: close" is sent */
	struct {
		char *text;		 /* NULL = any body */
		bool regex;		 /* text is a regular expression */
		struct pattern *pattern; /* what it compiles to; or NULL */
		size_t within; /* bytes of the body that are looked at */
	} body;
	bool tls; /* https: always */
	struct {
		char *sni; /* server name; NULL = host, if that is a name */
		bool verify;
		char *ca;	 /* file; NULL = the system's */
		unsigned expiry; /* days before which is warned; 0 = never */
	} tls_conf;
	struct {
		bool tcp;
		char *name;
		uint16_t type; /* of resource record */
		int rcode;
		char *answer; /* NULL = any */
	} dns;
	struct conf_bytes send, receive; /* tcp, udp */
	struct {
		char **argv; /* ends with NULL */
		char *user;
	} exec;
};

struct conf_destination {
	struct addr address; /* of the server */
	unsigned weight;     /* 0 to 1000; share of new flows; 0 = none */
	bool draining;	     /* "ADDR*": keeps flows, gets no new ones */
	struct delivery delivery;
	uint16_t vlan; /* layer2, with "vlans": the VID it is in; else 0 */
};

/* One VIP, protocol and port: an entry of "services" makes several. */
struct conf_service {
	struct service_key key;
	char *name;	   /* of the entry, not unique */
	char *description; /* never NULL */
	enum scheduler scheduler;
	bool sticky;	     /* hash the client's address only */
	bool track;	     /* flows are kept; false: UDP, by hash alone */
	unsigned idle;	     /* s without a packet after which a flow may go */
	unsigned slow_start; /* ms to full weight after coming up; 0 = none */
	unsigned need;	  /* up destinations below which the VIP is withdrawn */
	unsigned need_up; /* those that bring it back: at least need */
	enum alert_severity priority; /* of alerts about its VIP */
	unsigned max_out; /* % of its servers that orders may take out */
	struct conf_check *checks;
	size_t check_count; /* 0: up while its next hop is known */
	struct conf_destination *destinations; /* by address */
	size_t destination_count;
};

/* Path attributes with which a VIP is announced. */
struct conf_bgp_attributes {
	char **communities; /* "65000:1", "65000:1:2" or well-known name */
	size_t community_count;
	int64_t med;	    /* 0 to 2^32-1; -1 = unset */
	int64_t local_pref; /* 0 to 2^32-1; -1 = unset */
	unsigned prepend;   /* extra times that our own AS is prepended */
};

/* What a VIP is announced as, each with path attributes of its own. */
enum conf_attributes {
	ATTRIBUTES_NORMAL,
	ATTRIBUTES_DEGRADED,
	ATTRIBUTES_LEAVING, /* with GRACEFUL_SHUTDOWN, RFC 8326 */
	ATTRIBUTES_DEGRADED_LEAVING
};

#define ATTRIBUTES_SETS 4

/* When a VIP is announced, and as what; times in ms. */
struct conf_announcing {
	unsigned hold_down; /* of the second failure; each more doubles it */
	unsigned hold_down_max;
	unsigned healthy_for;	    /* before it is announced */
	unsigned learn;		    /* after the start, likewise */
	unsigned graceful_shutdown; /* leaving, before it is withdrawn */
	struct conf_share below;    /* degraded with fewer up; 0 = never */
};

/* A virtual IP: every address that a service has, once. */
struct conf_vip {
	struct addr address;
	enum alert_severity priority; /* the worst of its services' */
	struct conf_bgp_attributes bgp[ATTRIBUTES_SETS];
	struct conf_announcing announcing;
};

/* A VLAN of the trunk, or a network of an interface of its own. */
struct conf_vlan {
	uint16_t id;		/* 1 to 4094 */
	struct prefix *subnets; /* at least one */
	size_t subnet_count;
};

struct conf_user {
	char *name, *hash; /* as of crypt(3) */
};

/* The web console: where it is, and who may see it. */
struct conf_webserver {
	bool enabled;
	struct addr address;
	uint16_t port;	   /* host order */
	char *certificate; /* file: HTTPS; NULL = HTTP */
	char *key;	   /* file; NULL = that of the certificate */
	struct conf_user *users;
	size_t user_count;
	char *users_file, *token_file; /* NULL = none */
	unsigned per_address;	       /* connections; half as many that last */
	bool insecure; /* so is fine what others can reach, or overhear */
};

struct conf {
	char *file;
	uint64_t digest;   /* of its text: another one if that is another */
	char *masked;	   /* what is in it, as conf_masked() has it: JSON */
	char **interfaces; /* at least one, each once */
	size_t interface_count;
	enum xdp_mode xdp;
	struct conf_vlan *vlans; /* by id, each once; may be none */
	size_t vlan_count;
	bool unserved_pass;  /* a VIP's ports without a service: else drop */
	unsigned icmp_limit; /* ICMP packets a second and CPU made for VIPs */
	unsigned sampling;   /* a packet in so many is counted by its source */
	struct {
		char *file; /* of prefixes to drop what comes from; or NULL */
	} block;
	struct conf_service *services; /* by key, each once */
	size_t service_count;
	struct conf_vip *vips; /* by address, each once */
	size_t vip_count;
	struct {
		bool enabled;  /* false: announce nothing */
		char *socket;  /* bgpd's control socket */
		char *program; /* bgpctl(8) */
	} bgp;
	struct conf_webserver webserver;
	/* Flows are told to other instances, and learnt from them. */
	struct {
		bool enabled;
		char *interface;
		struct addr group;  /* multicast */
		uint16_t port;	    /* host order */
		unsigned ttl;	    /* hops; IPv6 too */
		uint64_t bandwidth; /* bits a second that are sent at most */
		char *key_file;
		char *cluster;	/* those of one name hear each other */
		char *instance; /* NULL = the host's name */
		unsigned learn; /* ms that joining may take at most */
	} sync;
	struct conf_logging logging;
	char *control; /* path of vc5ctl's socket */
	/* A second one, by which nothing can be changed. */
	struct {
		char *path;    /* NULL = there is none */
		char *group;   /* that it belongs to; NULL = the process's */
		unsigned mode; /* who may connect, as of chmod(2) */
	} control_readonly;
	char *state;	     /* path of the file that keeps what was ordered */
	bool isolation_hold; /* when all checks fail at once; else withdraw */
	char *pin_directory; /* under bpffs */
	unsigned stop_delay; /* ms of forwarding after withdrawal at stop */
	unsigned dead_man;   /* ms that nobody may steer for; 0 = any time */
	struct {
		char *device;	/* veth for probes; its peer gets a "p" added */
		uint32_t mark;	/* SO_MARK base; low 16 bits zero */
		uint32_t table; /* routing table and rule priority */
	} probe;
	struct {
		uint32_t flows;	       /* a power of two, entries */
		uint32_t services;     /* at most 65535 */
		uint32_t destinations; /* at most 65535 */
		uint32_t slots;	       /* of a service's hash table: a prime */
		uint32_t history;      /* events that are kept */
		uint32_t probes;       /* at once */
	} limits;
};

/* What is wrong with a file, one complete line each, in the file's order. */
struct conf_errors {
	char **lines;
	size_t count;
};

/*
 * Read and check a file: the configuration, to be given to conf_free, or NULL
 * with everything that was found wrong added to *errors (initialised to zero
 * by the caller, released by conf_errors_clear).  Nothing is logged.
 */
struct conf *conf_load(const char *path, struct conf_errors *errors);

/* The same of a text in memory; name stands for the file in messages. */
struct conf *conf_parse(
    const char *text, size_t len, const char *name, struct conf_errors *);

/*
 * The file's JSON, with asterisks for secrets: passwords and their hashes,
 * tokens, header fields that carry such, what "send" says, who a URL says asks,
 * and all of a webhook's URL behind the host.  A new reference.
 */
json_t *conf_masked(const struct conf *);

void conf_free(struct conf *);
void conf_errors_clear(struct conf_errors *);

/* How many of so many servers it is: a percentage is rounded up. */
unsigned conf_share_of(const struct conf_share *, size_t total);

const char *conf_scheduler_name(enum scheduler);
const char *conf_xdp_mode_name(enum xdp_mode);
const char *conf_check_type_name(enum check_type);
bool conf_check_equal(const struct conf_check *, const struct conf_check *);
/* Is anybody let in who can connect? */
bool conf_webserver_open(const struct conf_webserver *);
/* Do they listen at the same place, or both nowhere? */
bool conf_webserver_equal(
    const struct conf_webserver *, const struct conf_webserver *);
bool conf_bgp_attributes_equal(
    const struct conf_bgp_attributes *, const struct conf_bgp_attributes *);

#endif
