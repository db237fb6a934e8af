/* SPDX-License-Identifier: ISC */

/*
 * An Elasticsearch and webhooks that take everything, and keep it.
 */

#ifndef T_ENGINE_FAKES_SHIP_H
#define T_ENGINE_FAKES_SHIP_H

#include <jansson.h>

#include "adapters/logship.h"
#include "adapters/webhook.h"

#define FAKE_HOOKS 4

struct fake_hook {
	const struct conf_webhook *conf; /* NULL = none */
	webhook_cb *cb;
	void *arg;
	const char *error; /* of its status */
	unsigned told;
	char last[256]; /* "high id: text", "high id is over: text" */
};

struct fake_ship {
	const struct conf_elasticsearch *conf; /* NULL = off */
	logship_cb *cb;
	void *arg;
	json_t *documents; /* an array of all that were put */
	const char *error; /* of its status */
	bool hurried;
	struct fake_hook hooks[FAKE_HOOKS];
};

extern struct fake_ship fake_ship;

void fake_ship_reset(void);
/* The last document whose event.dataset is this; or NULL.  Borrowed. */
const json_t *fake_ship_last(const char *dataset);
/* How many have this in their message. */
size_t fake_ship_count(const char *part);
/* Of this name; or NULL. */
struct fake_hook *fake_hook(const char *name);

#endif
