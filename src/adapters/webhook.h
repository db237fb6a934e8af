/* SPDX-License-Identifier: ISC */

/*
 * Telling people of alerts, and that they are over, by posting messages to a
 * URL: not more often than its rate allows.  What comes together, or has to
 * wait, is told in one message.
 */

#ifndef ADAPTERS_WEBHOOK_H
#define ADAPTERS_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "core/alert_message.h"
#include "core/conf_logging.h"

struct event_base;
struct webhook;

struct webhook_status {
	size_t pending;	    /* alerts, or ends of such, that were not told */
	uint64_t sent;	    /* messages that were taken */
	uint64_t told;	    /* alerts, and ends of such, in them */
	uint64_t cancelled; /* that were over before they were told */
	uint64_t refused;   /* that were lost, as the message was refused */
	uint64_t lost;	    /* that were lost for want of room */
	uint64_t failures;  /* of requests */
	const char *error;  /* what is wrong now; "" = nothing is */
};

/* What is wrong, and has been for several tries; NULL when all is well. */
typedef void webhook_cb(void *arg, const char *error);

/* The configuration is borrowed until another follows; host is copied. */
struct webhook *webhook_new(struct event_base *, const struct conf_webhook *,
    const char *host, webhook_cb *, void *arg);
/* arg takes the place of the one of before. */
void webhook_follow(struct webhook *, const struct conf_webhook *, void *arg);
void webhook_free(struct webhook *);
const char *webhook_name(const struct webhook *);

/* Copied; ignored if it is not severe enough, or over and nobody asks. */
void webhook_tell(struct webhook *, const struct alert_news *);
/* Valid until the event loop runs again. */
void webhook_status(const struct webhook *, struct webhook_status *);

#endif
