/* SPDX-License-Identifier: ISC */

/*
 * Checks that end after a millisecond, as the world says; see fakes.h.
 */

#include <event2/event.h>

#include <stdlib.h>

#include "adapters/check.h"
#include "base/xmalloc.h"
#include "fakes.h"

struct check {
	struct event *event;
	check_cb *callback;
	void *arg;
	struct fake_server *server;
	enum check_type type;
};

static void
check_later(struct check *c)
{
	struct timeval delay = {.tv_usec = 1000};

	event_add(c->event, &delay);
}

static void
check_done(evutil_socket_t fd, short what, void *arg)
{
	struct check *c = arg, copy = *c;
	struct check_result r = world.report;

	(void)fd;
	(void)what;
	r.outcome = world.outcome;
	if (c->type != CHECK_AGENT) {
		r.agent.state = CHECK_ADVICE_NONE;
		r.agent.weight = -1;
	}
	if (r.outcome == CHECK_PASSED &&
	    (!c->server->answers || world.fails[c->type]))
		r.outcome = CHECK_REFUSED;
	if (c->server->uncheckable)
		r.outcome = CHECK_LOCAL_ERROR;
	if (c->server->holds) {
		check_later(c);
		return;
	}
	check_cancel(c);
	copy.callback(copy.arg, &r);
}

struct check *
check_start(struct event_base *base, const struct conf_check *conf,
    const struct check_target *target, check_cb *callback, void *arg)
{
	struct check *c = xcalloc(1, sizeof(*c));

	if (target->mark == 0 || target->mark > world.server_count)
		abort();
	c->server = &world.servers[target->mark - 1];
	c->server->probes++;
	c->type = conf->type;
	c->server->probed_from = target->source;
	c->callback = callback;
	c->arg = arg;
	c->event = event_new(base, -1, 0, check_done, c);
	check_later(c);
	record.probes_running++;
	return c;
}

void
check_move(struct check *c, const struct conf_check *conf, void *arg)
{
	(void)conf;
	c->arg = arg;
}

void
check_cancel(struct check *c)
{
	if (c == NULL)
		return;
	record.probes_running--;
	event_free(c->event);
	free(c);
}

void
check_set_limit(unsigned limit)
{
	record.probe_limit = limit;
}

const char *
check_exec_problem(void)
{
	return world.exec_problem;
}

void
check_load(struct check_load *load)
{
	*load = world.load;
}

const char *
check_outcome_name(enum check_outcome outcome)
{
	return outcome == CHECK_PASSED ? "passed" : "failed";
}
