/* SPDX-License-Identifier: ISC */

/*
 * The configuration that the parent process knows: the one that the engine
 * runs on, read by this process itself, which trusts no path that the engine
 * could name.  It is kept for the next engine, as the file may be a broken one
 * by then.
 */

#include <sys/stat.h>

#include "base/log.h"
#include "core/conf.h"
#include "core/lifeline.h"
#include "parent_private.h"

void
parent_adopt(struct parent *p, struct conf *conf)
{
	conf_free(p->conf);
	p->conf = conf;
	announced_configure(&p->announced, conf);
	parent_notice_configure(p, conf);
	log_set_json(conf->logging.json);
	deadman_limit(&p->deadman, conf->dead_man);
}

/* Not from anything that it would have to wait for. */
static struct conf *
read_file(const char *file)
{
	struct conf_errors errors = {0};
	struct conf *conf = NULL;
	struct stat st;

	if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
		conf = conf_load(file, &errors);
	conf_errors_clear(&errors);
	return conf;
}

void
parent_configured(struct parent *p, uint64_t digest)
{
	struct conf *conf;

	if (digest == p->conf->digest)
		return;
	if ((conf = read_file(p->options->file)) == NULL) {
		log_warnx("%s: the parent process can't read it, and knows "
			  "of the VIPs of before only",
		    p->options->file);
		return;
	}
	if (conf->digest == digest) {
		parent_adopt(p, conf);
		return;
	}
	/* The engine tells of it again then. */
	log_info("%s has changed since the engine read it: once more",
	    p->options->file);
	conf_free(conf);
	parent_tell(p, LIFELINE_RELOAD);
}
