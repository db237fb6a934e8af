/* SPDX-License-Identifier: ISC */

/*
 * What the engine and its parent process tell each other: messages of a
 * socket that keeps their boundaries.  The parent acts as root on what it is
 * told, so a message is either whole and as it should be, or nothing.
 */

#ifndef CORE_LIFELINE_H
#define CORE_LIFELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

#define LIFELINE_LEN	4096 /* bytes of a message at most */
#define LIFELINE_VIPS	128  /* in a message at most */
#define LIFELINE_SOCKET 108  /* bytes of a path, with its NUL */

enum lifeline_type {
	/* the engine's */
	LIFELINE_HELLO,	     /* what can fail at a start has not */
	LIFELINE_BEAT,	     /* the event loop runs */
	LIFELINE_BUSY,	     /* it won't for so many ms */
	LIFELINE_CONFIGURED, /* which configuration it runs on */
	LIFELINE_ANNOUNCED,  /* a part of what a bgpd may be announcing */
	LIFELINE_FIGURES,    /* how it is, for people */
	LIFELINE_RELOADING,  /* the configuration's file is about to be read */
	LIFELINE_RELOADED,   /* it is in force, or was refused */
	/* the parent's */
	LIFELINE_STOP,	 /* another one: wait for less, or nothing */
	LIFELINE_RELOAD, /* read the configuration's file */
	LIFELINE_LOOK,	 /* what bgpd announces was changed */
	LIFELINE_TYPES
};

struct lifeline_figures {
	uint32_t vips;	    /* of the configuration */
	uint32_t announced; /* of them; LIFELINE_NO_BGP = none is to be */
	uint32_t problems;  /* that the status document names */
};

#define LIFELINE_NO_BGP UINT32_MAX

struct lifeline_message {
	enum lifeline_type type;
	uint32_t busy; /* ms */

	/* LIFELINE_ANNOUNCED: a list comes in parts */
	bool first, last;
	char socket[LIFELINE_SOCKET]; /* bgpd's: an absolute path */
	struct addr vips[LIFELINE_VIPS];
	size_t count;

	struct lifeline_figures figures; /* LIFELINE_FIGURES */

	bool refused; /* LIFELINE_RELOADED */

	uint64_t digest; /* LIFELINE_CONFIGURED: as conf's */
};

/* The length of the message in buf. */
size_t
lifeline_encode(const struct lifeline_message *, uint8_t buf[LIFELINE_LEN]);

/* 0, or -1 if that is no message; *out is then undefined. */
int
lifeline_decode(const uint8_t *buf, size_t len, struct lifeline_message *out);

#endif
