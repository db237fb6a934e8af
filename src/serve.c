/* SPDX-License-Identifier: ISC */

/*
 * The engine's process; see serve.h.
 */

#include <event2/event.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/dataplane.h"
#include "adapters/dataplane_xdp.h"
#include "adapters/lifeline.h"
#include "background.h"
#include "base/log.h"
#include "core/conf.h"
#include "engine/engine.h"
#include "options.h"
#include "serve.h"

struct served {
	struct event_base *base;
	struct engine *engine;
	struct lifeline *lifeline;
	bool stopping;
	bool asked; /* by the parent, to stop */
};

/*
 * Signals are the parent's affair.  A terminal or a service manager may send
 * them to all processes, so here one to stop counts once at most: a second one
 * would end the waiting for routers.
 */

static void
stop_once(struct served *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	engine_stop(s->engine);
}

static void
stop_signal(evutil_socket_t number, short what, void *served)
{
	(void)what;
	log_info("signal %s", strsignal((int)number));
	stop_once(served);
}

static void
parent_stops(void *served)
{
	struct served *s = served;

	if (s->asked)
		engine_stop(s->engine);
	else
		stop_once(s);
	s->asked = true;
}

static void
parent_reloads(void *served)
{
	engine_reload(((struct served *)served)->engine);
}

static void
parent_looks(void *served)
{
	engine_look_at_bgpd(((struct served *)served)->engine);
}

static void
parent_gone(void *served)
{
	log_warnx("the parent process is gone");
	stop_once(served);
}

/* NULL, and the first of the errors, which are logged. */
static struct conf *
load_conf(const char *file, char *why, size_t size)
{
	struct conf_errors errors = {0};
	struct conf *conf;
	size_t i;

	conf = conf_load(file, &errors);
	for (i = 0; conf == NULL && i < errors.count; i++)
		log_warnx("%s", errors.lines[i]);
	if (conf == NULL)
		snprintf(why, size, "%s", errors.lines[0]);
	conf_errors_clear(&errors);
	return conf;
}

/*
 * An engine that comes after another one: on what is in the file, as at a
 * start, but VIPs don't go because that is being edited just now.  The other
 * configuration is released.
 */
static struct conf *
choose_conf(const char *file, struct conf *last, struct engine_origin *own)
{
	struct conf *now = load_conf(file, own->refused, sizeof(own->refused));

	if (now != NULL && (now->digest == last->digest || !own->wary)) {
		conf_free(last);
		return now;
	}
	if (now != NULL)
		snprintf(own->refused, sizeof(own->refused),
		    "%s: an engine that was started with it died", file);
	log_warnx(
	    "%s is not used: the configuration of before stays in force", file);
	conf_free(now);
	return last;
}

static struct dataplane *
open_dataplane(const struct conf *conf)
{
	struct dataplane_xdp_options options = {
	    .pin_directory = conf->pin_directory,
	    .mark = conf->probe.mark,
	    .flows = conf->limits.flows,
	    .slots = conf->limits.slots,
	    .services = conf->limits.services,
	    .destinations = conf->limits.destinations,
	};

	return dataplane_xdp_open(&options);
}

/* All that can fail at a start. */
static struct engine *
prepare(struct event_base *base, struct conf *conf)
{
	struct dataplane *dataplane = open_dataplane(conf);

	if (dataplane != NULL)
		return engine_new(base, dataplane, conf);
	conf_free(conf);
	return NULL;
}

static const int stop_signals[] = {SIGTERM, SIGINT, SIGQUIT};

#define STOP_SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

static void
steer(struct served *s)
{
	struct event *events[STOP_SIGNALS];
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	for (i = 0; i < STOP_SIGNALS; i++) {
		events[i] =
		    evsignal_new(s->base, stop_signals[i], stop_signal, s);
		if (events[i] == NULL || event_add(events[i], NULL) == -1)
			fatalx("no memory for signals");
	}
	engine_start(s->engine);
	event_base_dispatch(s->base);
	for (i = 0; i < STOP_SIGNALS; i++)
		event_free(events[i]);
}

int
serve(const struct options *o, struct conf *conf, int fd, bool ready,
    const struct engine_origin *origin)
{
	static const struct lifeline_callbacks callbacks = {
	    .stop = parent_stops,
	    .reload = parent_reloads,
	    .look = parent_looks,
	    .lost = parent_gone,
	};
	struct engine_origin own = *origin;
	struct served s = {0};
	char *error;

	if (ready)
		conf = choose_conf(o->file, conf, &own);
	if (engine_raise_descriptors(conf, &error) == -1)
		fatalx("%s", error);
	if ((s.base = event_base_new()) == NULL)
		fatalx("no event loop");
	s.engine = prepare(s.base, conf);
	if (s.engine != NULL) {
		s.lifeline = lifeline_new(s.base, fd, &callbacks, &s);
		own.lifeline = s.lifeline;
		engine_set_origin(s.engine, &own);
		lifeline_hello(s.lifeline);
		if (!ready && !o->foreground) {
			background_detach();
			log_open("vc5d", 0, o->verbosity);
		}
		log_never_wait();
		steer(&s);
		engine_free(s.engine);
		lifeline_free(s.lifeline);
		/* Lookups that were cancelled have one more turn to take. */
		event_base_loop(s.base, EVLOOP_NONBLOCK);
	}
	event_base_free(s.base);
	return s.engine == NULL;
}

void
serve_look(const struct conf *conf)
{
	char *problem = dataplane_xdp_directory_problem(conf->pin_directory);

	engine_look(conf, problem);
	free(problem);
}
