/* SPDX-License-Identifier: ISC */

/*
 * What an operator has ordered at run time, against the configuration: a
 * service down, a server drained or in maintenance, a VIP withdrawn.  The set
 * of these, and the text in which it is kept.
 *
 * An order names what it is about as the operator did, and is kept whether or
 * not the configuration has such a thing.
 */

#ifndef CORE_OVERRIDES_H
#define CORE_OVERRIDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/service.h"

#define OVERRIDES_MAX 4096
#define OVERRIDE_SUBJECT_LEN                             \
	64 /* bytes: a name of the file's has 63 at most \
	    */

enum override_kind {
	OVERRIDE_SERVICE,
	OVERRIDE_BACKEND,
	OVERRIDE_VIP
};
#define OVERRIDE_KINDS 3

/* Of a server, the later ones take more from it. */
enum override_order {
	ORDER_NONE,
	ORDER_DOWN,    /* a service: its VIP is withdrawn */
	ORDER_DRAIN,   /* a server: no new flows */
	ORDER_MAINT,   /* a server: no flows at all */
	ORDER_WITHDRAW /* a VIP */
};

struct override {
	enum override_kind kind;
	enum override_order order; /* one that goes with kind */
	struct addr address;	   /* a server's or VIP; else family 0 */
	/*
	 * Services by their name, their VIP, or VIP, port and protocol, in the
	 * one way that these are written; "" = all services of a server.
	 */
	char service[OVERRIDE_SUBJECT_LEN];
	int64_t since; /* seconds since the epoch */
	int64_t uid;   /* of who ordered it; -1 = not known */
	bool forced;   /* in spite of what spoke against it */
};

struct overrides {
	struct override *list; /* in the order of their being ordered */
	size_t count;
};

void overrides_clear(struct overrides *);

/* What is about the same thing, or NULL. */
const struct override *
overrides_find(const struct overrides *, const struct override *like);
/* Add it, in place of what was about the same thing.  False: there are too
 * many. */
bool overrides_set(struct overrides *, const struct override *);
/* Take back what is about the same thing, if there is anything. */
void overrides_remove(struct overrides *, const struct override *like);
/* An independent copy. */
void overrides_copy(const struct overrides *, struct overrides *out);

/* Is it about that service? */
bool override_has_service(
    const struct override *, const char *name, const struct service_key *);
/* What is ordered, taking everything together. */
enum override_order overrides_of_service(
    const struct overrides *, const char *name, const struct service_key *);
enum override_order overrides_of_backend(const struct overrides *,
    const struct addr *, const char *name, const struct service_key *);
enum override_order
overrides_of_vip(const struct overrides *, const struct addr *);

/*
 * Read what names services into buf, as it is to be written: 0, or -1 if it
 * can be neither a name, an address, nor VIP, port and protocol.
 */
int override_read_service(const char *, char buf[OVERRIDE_SUBJECT_LEN]);

/* "service", "backend", "vip"; "down", "drain", "maint", "withdraw". */
const char *override_kind_name(enum override_kind);
const char *override_order_name(enum override_order);
/* -1 if it is none. */
int override_kind_read(const char *);
/* ORDER_NONE if it is no order of that kind. */
enum override_order override_order_read(enum override_kind, const char *);

/* The kind's subject as text in buf, which is returned. */
const char *
override_subject(const struct override *, char buf[OVERRIDE_SUBJECT_LEN]);

/* The text in which they are kept: free(3) it. */
char *overrides_write(const struct overrides *, size_t *len);
/*
 * Read such a text into an empty set: NULL, or what is wrong with it: free(3)
 * that.  It is all or nothing.
 */
char *overrides_read(const char *text, size_t len, struct overrides *out);

#endif
