/* SPDX-License-Identifier: ISC */

/*
 * File descriptors: how many a configuration takes, and may vc5d have them.
 */

#include <sys/resource.h>

#include "base/xmalloc.h"
#include "engine/engine.h"
#include "engine/private.h"

#define OTHERS	 256 /* maps, netlink, bgpd, sync, those who ask, the log */
#define PER_EXEC 3   /* of a command: its output, its end, its start */

static rlim_t
needed_for_probes(const struct conf *conf)
{
	const struct conf_check *check;
	rlim_t most = 0, each = 1;
	size_t i, j;

	for (i = 0; i < conf->service_count; i++) {
		const struct conf_service *s = &conf->services[i];

		most += s->check_count * s->destination_count;
		for (j = 0; j < s->check_count; j++) {
			check = &s->checks[j];
			if (check->type == CHECK_EXEC)
				each = PER_EXEC;
		}
	}
	if (most > conf->limits.probes)
		most = conf->limits.probes;
	return most * each;
}

/* As high as it may be; beyond the hard limit where vc5d may. */
static rlim_t
raise_limit(rlim_t needed)
{
	struct rlimit limit, raised;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	raised.rlim_cur = raised.rlim_max =
	    limit.rlim_max > needed ? limit.rlim_max : needed;
	if (limit.rlim_cur >= raised.rlim_cur ||
	    setrlimit(RLIMIT_NOFILE, &raised) == 0)
		return raised.rlim_cur;
	raised.rlim_cur = raised.rlim_max = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
		return raised.rlim_cur;
	return limit.rlim_cur;
}

int
engine_raise_descriptors(const struct conf *conf, char **error)
{
	rlim_t probes = needed_for_probes(conf);
	rlim_t needed = probes + OTHERS, allowed = raise_limit(needed);

	if (allowed >= needed)
		return 0;
	*error = xasprintf(
	    "%s: needs %llu open files, %llu of them for health checks, and "
	    "the limit is %llu: raise it (LimitNOFILE= of systemd, ulimit -n), "
	    "or lower limits.probes",
	    conf->file, (unsigned long long)needed, (unsigned long long)probes,
	    (unsigned long long)allowed);
	return -1;
}
