/* SPDX-License-Identifier: ISC */

/*
 * nginx for the tests of checks: HTTP and HTTPS on loopback, with certificates
 * of all kinds, in a directory of its own.
 */

#ifndef T_CHECK_NGINX_H
#define T_CHECK_NGINX_H

#include <stdbool.h>
#include <stdint.h>

enum nginx_server {
	NGINX_PLAIN,
	NGINX_GOOD,    /* good.example, 127.0.0.1 and ::1, for 100 days */
	NGINX_SOON,    /* the same for 6 days */
	NGINX_EXPIRED, /* the same, 3 days ago */
	NGINX_OTHER,   /* other.example */
	NGINX_SELF,    /* the same as good, but of nobody that is trusted */
	NGINX_COUNT
};

struct nginx {
	char directory[64]; /* with ca.pem, and what is served in www/ */
	uint16_t ports[NGINX_COUNT]; /* of 127.0.0.1 and of ::1 */
	bool ipv6;
	int pid;
};

/* 0, or -1 with a message why it can't be. */
int nginx_start(struct nginx *);
/* What it logged, at level info, beyond its start; to free. */
char *nginx_log(const struct nginx *);
void nginx_stop(struct nginx *);

#endif
