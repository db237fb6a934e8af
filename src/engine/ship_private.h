/* SPDX-License-Identifier: ISC */

/*
 * What ship.c and ship_status.c share.
 */

#ifndef ENGINE_SHIP_PRIVATE_H
#define ENGINE_SHIP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "engine/alerts.h"
#include "engine/history.h"

/* Ids of alerts: what can't be told where. */
#define ELASTICSEARCH_ALERT "elasticsearch"
#define WEBHOOK_ALERT	    "webhook " /* and its name */

struct engine;
struct logship;
struct ship;
struct webhook;

struct ship_hook {
	struct ship *ship;
	struct webhook *webhook;
	char *name;
};

struct ship {
	struct engine *engine;
	struct log_tap line;
	struct history_tap event;
	struct alert_tap alert;
	struct logship *elasticsearch; /* NULL = off */
	struct ship_hook *hooks;       /* as the configuration has them */
	size_t hook_count;
	bool quiet; /* what is said now is not for Elasticsearch */
	char hostname[256];
};

#endif
