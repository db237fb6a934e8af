/* SPDX-License-Identifier: ISC */

/*
 * Where something is posted to: the parts of an "http" or "https" URL
 * (RFC 3986), as far as a server's address and a path go.
 */

#ifndef CORE_URL_H
#define CORE_URL_H

#include <stdbool.h>
#include <stdint.h>

struct url {
	bool tls;
	char *host;    /* a name or an address, the latter without brackets */
	uint16_t port; /* host order */
	char *path;    /* "" or begins with '/'; with the query */
};

#define URL_MAX 2048 /* characters */

/*
 * NULL, and the parts in *out, for url_clear(); or what is wrong with text, in
 * static storage.
 */
const char *url_parse(const char *text, struct url *out);
void url_clear(struct url *);

/* Does what is sent there stay on this host? */
bool url_is_loopback(const struct url *);
/* "https://[2001:db8::1]:9200", for people: without the path.  free(3) it. */
char *url_server(const struct url *);

#endif
