/* SPDX-License-Identifier: ISC */

/*
 * vc5d: options, signals, start.
 */

#include <event2/event.h>

#include <errno.h>
#include <libutil.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/dataplane.h"
#include "adapters/dataplane_xdp.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/conf.h"
#include "engine/engine.h"

#define DEFAULT_FILE SYSCONFDIR "/vc5d.conf"

struct options {
	const char *file, *pidfile;
	bool foreground, check_only;
	enum log_verbosity verbosity;
};

static void
usage(void)
{
	fprintf(stderr, "usage: vc5d [-dnVv] [-f file] [-p pidfile]\n");
	exit(1);
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	int ch;

	while ((ch = getopt(argc, argv, "df:np:Vv")) != -1) {
		switch (ch) {
		case 'd':
			o->foreground = true;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'n':
			o->check_only = true;
			break;
		case 'p':
			o->pidfile = optarg;
			break;
		case 'V':
			printf("vc5d %s\n", PACKAGE_VERSION);
			exit(0);
		case 'v':
			o->verbosity = LOG_VERBOSE;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

/* The configuration, or the end: its errors go where the user looks. */
static struct conf *
load_conf(const char *file)
{
	struct conf_errors errors = {0};
	struct conf *conf;
	size_t i;

	conf = conf_load(file, &errors);
	if (conf == NULL) {
		for (i = 0; i < errors.count; i++)
			fprintf(stderr, "%s\n", errors.lines[i]);
		conf_errors_clear(&errors);
		exit(1);
	}
	return conf;
}

/* A relative name would mean another file once daemon(3) has changed to "/". */
static void
make_absolute(struct conf *conf)
{
	char *directory, *path;

	if (conf->file[0] == '/' || (directory = getcwd(NULL, 0)) == NULL)
		return;
	path = xasprintf("%s/%s", directory, conf->file);
	free(directory);
	free(conf->file);
	conf->file = path;
}

/* Many servers are probed at the same time. */
static void
raise_descriptor_limit(const struct conf *conf)
{
	char *error;

	if (engine_raise_descriptors(conf, &error) == -1)
		fatalx("%s", error);
}

static struct pidfh *
claim_pidfile(const char *path)
{
	struct pidfh *pidfile;
	pid_t other;

	if (path == NULL)
		return NULL;
	pidfile = pidfile_open(path, 0644, &other);
	if (pidfile == NULL && other > 0)
		fatal("%s: vc5d is already running, process %d", path,
		    (int)other);
	if (pidfile == NULL && errno == EACCES)
		fatalx("%s: vc5d needs root", path);
	if (pidfile == NULL)
		fatal("%s", path);
	return pidfile;
}

static void
reload(evutil_socket_t signal, short what, void *engine)
{
	(void)signal;
	(void)what;
	engine_reload(engine);
}

static void
stop(evutil_socket_t signal, short what, void *engine)
{
	(void)what;
	log_info("signal %s", strsignal((int)signal));
	engine_stop(engine);
}

static const struct {
	int number;
	event_callback_fn handle;
} signals[] = {
    {SIGHUP, reload},
    {SIGUSR2, reload},
    {SIGTERM, stop},
    {SIGINT, stop},
    {SIGQUIT, stop},
};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/*
 * Whoever started vc5d waits until it is known to work, and has seen on
 * standard error why if it doesn't.
 */
static void
go_to_background(struct event_base *base, enum log_verbosity verbosity)
{
	if (daemon(0, 0) == -1)
		fatal("daemon");
	if (event_reinit(base) == -1)
		fatalx("event loop: can't go to the background");
	log_open("vc5d", 0, verbosity);
}

static void
serve(struct event_base *base, struct engine *engine)
{
	struct event *events[SIGNALS];
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < SIGNALS; i++) {
		events[i] = evsignal_new(
		    base, signals[i].number, signals[i].handle, engine);
		if (events[i] == NULL || event_add(events[i], NULL) == -1)
			fatalx("no memory for signals");
	}
	engine_start(engine);
	event_base_dispatch(base);
	for (i = 0; i < SIGNALS; i++)
		event_free(events[i]);
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

int
main(int argc, char **argv)
{
	struct options o = {.file = DEFAULT_FILE, .verbosity = LOG_NORMAL};
	struct dataplane *dataplane;
	struct event_base *base;
	struct engine *engine;
	struct pidfh *pidfile;
	struct conf *conf;
	int status = 1;

	parse_options(argc, argv, &o);
	log_open("vc5d", 1, o.verbosity);
	conf = load_conf(o.file);
	if (o.check_only) {
		/* Others may not ask the kernel for all that it takes. */
		if (geteuid() == 0)
			engine_look(conf);
		printf("configuration OK\n");
		conf_free(conf);
		return 0;
	}
	make_absolute(conf);
	raise_descriptor_limit(conf);
	pidfile = claim_pidfile(o.pidfile);
	if ((base = event_base_new()) == NULL)
		fatalx("no event loop");
	if ((dataplane = open_dataplane(conf)) == NULL) {
		conf_free(conf);
		goto done;
	}
	if ((engine = engine_new(base, dataplane, conf)) == NULL)
		goto done;
	if (!o.foreground)
		go_to_background(base, o.verbosity);
	if (pidfile != NULL)
		pidfile_write(pidfile);
	serve(base, engine);
	engine_free(engine);
	status = 0;
done:
	event_base_free(base);
	if (pidfile != NULL)
		pidfile_remove(pidfile);
	return status;
}
