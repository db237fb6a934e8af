/* SPDX-License-Identifier: ISC */

/*
 * A bad network between a probe and a real server, both on loopback: it passes
 * bytes on in small pieces, and from some byte on no more.
 */

#ifndef T_CHECK_PROXY_H
#define T_CHECK_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct proxy;

struct proxy_script {
	size_t piece; /* bytes to the client at once; 0 = as they come */
	size_t stop;  /* bytes to the client in all; 0 = all */
	bool cut;     /* then close the connection; else be silent */
	size_t
	    flip; /* which byte to the client is inverted, from 1; 0 = none */
};

/* To a port of 127.0.0.1. */
struct proxy *
proxy_new(struct event_base *, uint16_t server, const struct proxy_script *);
uint16_t proxy_port(const struct proxy *);
/* Bytes that went to clients. */
size_t proxy_passed(const struct proxy *);
void proxy_free(struct proxy *);

#endif
