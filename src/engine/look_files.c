/* SPDX-License-Identifier: ISC */

/*
 * See look_files.h.
 */

#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/http.h"
#include "adapters/local_group.h"
#include "adapters/secret_line.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "engine/look_files.h"

struct teller {
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Takes the line, which is NULL if nothing is wrong. */
static void
tell(const struct teller *teller, char *line)
{
	if (line != NULL)
		teller->say(teller->arg, line);
	free(line);
}

/* A file that can be used in a way of access(2). */
static char *
file_problem(const char *path, int mode)
{
	struct stat sb;

	if (stat(path, &sb) == -1 || access(path, mode) == -1)
		return xasprintf("%s: %s", path, strerror(errno));
	if (!S_ISREG(sb.st_mode))
		return xasprintf("%s: is not a regular file", path);
	return NULL;
}

/* A file of a secret; NULL is accepted, and fine. */
static char *
secret_problem(const char *path)
{
	char *error = NULL;

	if (path != NULL)
		secret_line_free(secret_line_read(path, &error));
	return error;
}

static char *
user_problem(const char *name)
{
	const struct passwd *entry = getpwnam(name);

	if (entry == NULL)
		return xasprintf(
		    "checks can't be made: user %s: there is none", name);
	if (entry->pw_uid == 0)
		return xasprintf("checks can't be made: user %s is root, as "
				 "whom no check is run",
		    name);
	return NULL;
}

static void
look_at_check(const struct conf_check *check, const struct teller *teller)
{
	if (check->type == CHECK_EXEC) {
		tell(teller, file_problem(check->exec.argv[0], X_OK));
		tell(teller, user_problem(check->exec.user));
	}
	if (check->tls_conf.verify && check->tls_conf.ca != NULL)
		tell(teller, file_problem(check->tls_conf.ca, R_OK));
}

static void
look_at_trust(const struct conf_trust *trust, const struct teller *teller)
{
	if (trust->verify && trust->ca != NULL)
		tell(teller, file_problem(trust->ca, R_OK));
}

static void
look_at_logging(const struct conf_logging *l, const struct teller *teller)
{
	size_t i;

	tell(teller, secret_problem(l->elasticsearch.password_file));
	tell(teller, secret_problem(l->elasticsearch.api_key_file));
	look_at_trust(&l->elasticsearch.trust, teller);
	for (i = 0; i < l->webhook_count; i++) {
		tell(teller, secret_problem(l->webhooks[i].url_file));
		tell(teller, secret_problem(l->webhooks[i].authorization_file));
		look_at_trust(&l->webhooks[i].trust, teller);
	}
}

void
look_at_files(const struct conf *conf, void (*say)(void *arg, const char *line),
    void *arg)
{
	const struct teller teller = {say, arg};
	const char *group = conf->control_readonly.group;
	size_t i, j;
	gid_t gid;

	if (conf->bgp.enabled)
		tell(&teller, file_problem(conf->bgp.program, X_OK));
	if (conf->webserver.enabled)
		tell(&teller, http_problem(&conf->webserver));
	if (group != NULL && local_group(group, &gid) == -1)
		tell(&teller,
		    xasprintf("control_readonly: there is no group \"%s\" in "
			      "/etc/group",
			group));
	look_at_logging(&conf->logging, &teller);
	for (i = 0; i < conf->service_count; i++)
		for (j = 0; j < conf->services[i].check_count; j++)
			look_at_check(&conf->services[i].checks[j], &teller);
}
