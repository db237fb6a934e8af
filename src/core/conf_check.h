/* SPDX-License-Identifier: ISC */

/*
 * Health checks as they are written: the keys that they inherit, and those of
 * their own.  Only for conf*.c; included by conf_parts.h.
 */

#ifndef CORE_CONF_CHECK_H
#define CORE_CONF_CHECK_H

#include "core/conf_reader.h"

/* A number, and the path that gave it: NULL if it is the default. */
struct conf_sourced {
	unsigned value;
	const char *where;
};

/* What the next level down inherits: copied, then overwritten. */
struct conf_check_scope {
	/* ms; 0 = the default, which depends on the interval */
	struct conf_sourced interval, fast_interval, timeout;
	unsigned rise, fall;
	bool log_probes;
	/* http, https */
	const char *host; /* NULL = the VIP */
	const char *path, *method;
	const struct conf_range *expect;
	size_t expect_count; /* 0 = any */
	const struct conf_header *headers;
	size_t header_count;
	bool keep_alive;
	const char *body, *body_where; /* NULL = any */
	bool body_regex;
	unsigned body_within; /* bytes */
	/* TLS */
	const char *sni; /* NULL = host */
	bool verify;
	bool verify_given;	   /* some level has the key */
	const char *ca, *ca_where; /* NULL = the system's */
	unsigned expiry;	   /* days */
};

struct conf_check_draft {
	struct conf_check_scope scope;
	enum check_type type;
	unsigned port;
	bool tls;
	struct {
		unsigned transport; /* as conf_transport_names */
		const char *name;
		unsigned type;
		int rcode;
		const char *answer;
	} dns;
	struct conf_bytes send, receive;
	const char **argv; /* ends with NULL */
	const char *user;
};

/* Rows for the table of an object that has a conf_check_scope at base. */
#define CONF_CHECK_ROW(base, name, read, member, arg)                       \
	{                                                                   \
		name, read,                                                 \
		    (base) + offsetof(struct conf_check_scope, member), arg \
	}

#define CONF_TIMING_KEYS(base)                                                 \
	CONF_CHECK_ROW(base, "interval", conf_read_period, interval, NULL),    \
	    CONF_CHECK_ROW(                                                    \
		base, "fast_interval", conf_read_period, fast_interval, NULL), \
	    CONF_CHECK_ROW(base, "timeout", conf_read_period, timeout, NULL),  \
	    CONF_CHECK_ROW(                                                    \
		base, "rise", conf_read_unsigned, rise, &conf_results_limits), \
	    CONF_CHECK_ROW(                                                    \
		base, "fall", conf_read_unsigned, fall, &conf_results_limits), \
	    CONF_CHECK_ROW(                                                    \
		base, "log_probes", conf_read_bool, log_probes, NULL)

#define CONF_HTTP_KEYS(base)                                                \
	CONF_CHECK_ROW(base, "host", conf_read_host, host, NULL),           \
	    CONF_CHECK_ROW(base, "path", conf_read_url_path, path, NULL),   \
	    CONF_CHECK_ROW(base, "method", conf_read_method, method, NULL), \
	    {"expect", conf_read_expect, base, NULL},                       \
	    {"headers", conf_read_headers, base, NULL},                     \
	    CONF_CHECK_ROW(                                                 \
		base, "keep_alive", conf_read_bool, keep_alive, NULL),      \
	    {"body", conf_read_body, base, NULL},                           \
	    {"body_regex", conf_read_body_regex, base, NULL},               \
	    CONF_CHECK_ROW(base, "body_within", conf_read_unsigned,         \
		body_within, &conf_within_limits)

#define CONF_TLS_KEYS(base)                                            \
	CONF_CHECK_ROW(base, "sni", conf_read_sni, sni, NULL),         \
	    {"verify", conf_read_verify, base, NULL},                  \
	    {"ca", conf_read_ca, base, NULL},                          \
	    CONF_CHECK_ROW(base, "expiry", conf_read_unsigned, expiry, \
		&conf_expiry_limits)

extern const struct conf_limits conf_results_limits, conf_within_limits,
    conf_expiry_limits;
extern const char *const conf_check_type_names[];
/* UDP, TCP and, as nobody can write it, that of the service. */
extern const char *const conf_transport_names[];
enum {
	CONF_TRANSPORT_UDP,
	CONF_TRANSPORT_TCP,
	CONF_TRANSPORT_SERVICE
};

conf_read_fn conf_read_period;	   /* struct conf_sourced */
conf_read_fn conf_read_host;	   /* const char * */
conf_read_fn conf_read_url_path;   /* const char * */
conf_read_fn conf_read_method;	   /* const char * */
conf_read_fn conf_read_sni;	   /* const char * */
conf_read_fn conf_read_expect;	   /* struct conf_check_scope */
conf_read_fn conf_read_headers;	   /* struct conf_check_scope */
conf_read_fn conf_read_body;	   /* struct conf_check_scope */
conf_read_fn conf_read_body_regex; /* struct conf_check_scope */
conf_read_fn conf_read_verify;	   /* struct conf_check_scope */
conf_read_fn conf_read_ca;	   /* struct conf_check_scope */
conf_read_fn conf_read_dns_name;   /* const char * */
conf_read_fn conf_read_dns_type;   /* unsigned */
conf_read_fn conf_read_dns_rcode;  /* int */
conf_read_fn conf_read_text;	   /* const char *; arg: conf_limits */
conf_read_fn conf_read_bytes;	   /* struct conf_bytes, borrowed */
conf_read_fn conf_read_command;	   /* struct conf_check_draft */
conf_read_fn conf_read_user;	   /* const char * */

/* A string of printable ASCII without spaces, not empty; or NULL. */
const char *conf_graphic(struct conf_reader *, json_t *, size_t max);

/* What inherited keys make of an interval and what was left open. */
unsigned conf_timeout_of(const struct conf_check_scope *);
unsigned conf_fast_interval_of(const struct conf_check_scope *);
/* Complain about times that don't go together. */
void conf_check_times(struct conf_reader *, const struct conf_check_scope *);
/* Complain about a body that can't come. */
void conf_check_body(struct conf_reader *, const struct conf_check_scope *);
/* Complain about certificates that nobody would look at. */
void conf_check_tls(struct conf_reader *, const struct conf_check_scope *);

/*
 * Checks with what they inherit; service_port is their default port.  None, if
 * there is nothing but one of type none.
 */
struct conf_check_draft *conf_read_checks(struct conf_reader *, json_t *,
    const struct conf_check_scope *, uint16_t service_port, size_t *count);
/* A check that nobody has written. */
struct conf_check_draft conf_check_usual(
    enum check_type, const struct conf_check_scope *, uint16_t port);
/*
 * Make the real thing, for a service of an IP protocol; to be released by
 * conf_check_clear.
 */
void conf_check_make(
    const struct conf_check_draft *, uint8_t protocol, struct conf_check *);
void conf_check_clear(struct conf_check *);

#endif
