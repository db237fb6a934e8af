/* SPDX-License-Identifier: ISC */

/*
 * vc5d: options, the configuration, and then the parent process.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "adapters/http.h"
#include "background.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/conf.h"
#include "notify.h"
#include "options.h"
#include "parent.h"
#include "serve.h"

#define DEFAULT_FILE SYSCONFDIR "/vc5d.conf"

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
			log_bare(LOG_ERR, errors.lines[i]);
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

int
main(int argc, char **argv, char **environment)
{
	struct options o = {.file = DEFAULT_FILE, .verbosity = LOG_NORMAL};
	struct conf *conf;
	int ready = -1, status;
	char *file;

	if (argc == 2 && strcmp(argv[1], HTTP_VERIFIER) == 0)
		return http_verifier();
	setproctitle_init(argc, argv, environment);
	notify_init();
	parse_options(argc, argv, &o);
	log_open("vc5d", 1, o.verbosity);
	conf = load_conf(o.file);
	if (o.check_only) {
		/* Others may not ask the kernel for all that it takes. */
		if (geteuid() == 0)
			serve_look(conf);
		printf("configuration OK\n");
		conf_free(conf);
		return 0;
	}
	make_absolute(conf);
	log_set_json(conf->logging.json);
	o.file = file = xstrdup(conf->file);
	if (!o.foreground)
		ready = background_begin();
	status = parent_run(&o, conf, ready);
	free(file);
	return status;
}
