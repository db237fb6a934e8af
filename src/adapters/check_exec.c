/* SPDX-License-Identifier: ISC */

/*
 * The check that a command of the operator's ends with status 0.  It runs as a
 * user who may do nothing else here, is told in its environment what to look
 * at, and is gone with everything that it has started when the probe is over.
 */

#include <sys/queue.h>

#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/check_exec_mark.h"
#include "adapters/check_type.h"
#include "adapters/child.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/redact.h"

#define OUTPUT_MAX 4096 /* bytes that are kept */
#define LINE_MAX   80	/* of which so many are the reason */
#define VARIABLES  8
#define MISSING_MS 60000 /* that a user is believed not to exist */

struct exec_state {
	struct child *child;	/* NULL = it does not run */
	struct exec_mark *mark; /* NULL = it goes by this host's routes */
	char *environment[VARIABLES + 1];
	size_t variables;
};

/*
 * A user that was looked up, as that may take its time: where a server is asked
 * that does not answer, everything waits for it.
 */
struct user {
	SLIST_ENTRY(user) entry;
	char *name;
	struct child_user ids;
	bool found;
	int error;	 /* if not: errno, or 0 if there is none */
	uint64_t looked; /* when, by monotime_ms() */
};

static SLIST_HEAD(, user) users = SLIST_HEAD_INITIALIZER(users);

static void
look_up(struct user *user)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user->name);
	user->found = entry != NULL;
	user->error = errno;
	user->looked = monotime_ms();
	if (entry != NULL)
		user->ids = (struct child_user){
		    .uid = entry->pw_uid, .gid = entry->pw_gid};
}

static struct user *
user_of(const char *name)
{
	struct user *user;

	SLIST_FOREACH(user, &users, entry)
		if (strcmp(user->name, name) == 0)
			return user;
	user = xcalloc(1, sizeof(*user));
	user->name = xstrdup(name);
	look_up(user);
	SLIST_INSERT_HEAD(&users, user, entry);
	return user;
}

/* NULL with errno set, to 0 if there is none of the name. */
static const struct child_user *
find_user(const char *name)
{
	struct user *user = user_of(name);

	if (!user->found && monotime_ms() - user->looked >= MISSING_MS)
		look_up(user);
	errno = user->error;
	return user->found ? &user->ids : NULL;
}

/* The same, after a decision if it is NULL. */
static const struct child_user *
check_user(struct check *check)
{
	const char *name = check_conf(check)->exec.user;
	const struct child_user *user = find_user(name);

	if (user == NULL)
		check_decide(check, CHECK_LOCAL_ERROR, "user %s: %s", name,
		    errno == 0 ? "there is none" : strerror(errno));
	else if (user->uid == 0) {
		check_decide(check, CHECK_LOCAL_ERROR,
		    "user %s is root, as whom no check is run", name);
		user = NULL;
	}
	return user;
}

static void
set_variable(struct exec_state *exec, const char *name, const char *value)
{
	exec->environment[exec->variables++] = xasprintf("%s=%s", name, value);
}

static void
make_environment(struct check *check, struct exec_state *exec)
{
	const struct check_target *target = check_target(check);
	char text[ADDR_STRLEN];

	set_variable(exec, "PATH", CHILD_PATH);
	set_variable(exec, "LC_ALL", "C");
	set_variable(exec, "VC5_ADDRESS", addr_format(&target->server, text));
	set_variable(exec, "VC5_VIP", addr_format(&target->vip, text));
	set_variable(exec, "VC5_PROTOCOL",
	    target->protocol == IPPROTO_UDP ? "udp" : "tcp");
	snprintf(text, sizeof(text), "%u", check_conf(check)->port);
	set_variable(exec, "VC5_PORT", text);
	snprintf(text, sizeof(text), "%u", check_conf(check)->timeout);
	set_variable(exec, "VC5_TIMEOUT", text);
}

/* How long the first line is, and not more than is wanted. */
static int
first_line(const char *text)
{
	size_t length = strcspn(text, "\r\n");

	return (int)(length < LINE_MAX ? length : LINE_MAX);
}

static void
exec_unmark(struct exec_state *exec)
{
	exec_mark_free(exec->mark);
	exec->mark = NULL;
}

static void
exec_ended(void *arg, const struct child_result *result)
{
	struct check *check = arg;
	struct exec_state *exec = check_state(check);
	int length = first_line(result->output);

	exec->child = NULL;
	exec_unmark(exec);
	check_received(check, result->output, result->output_len);
	if (result->ok)
		check_decide(check, CHECK_PASSED, "%.*s", length,
		    length > 0 ? result->output : "");
	else
		check_decide(check, CHECK_BAD_EXIT, "%s%s%.*s", result->error,
		    length > 0 ? ": " : "", length, result->output);
}

static void
note_command(struct check *check, char *const argv[])
{
	char *shown;
	size_t i;

	for (i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			check_sent(check, " ", 1);
		shown = redact_argument(i > 0 ? argv[i - 1] : NULL, argv[i]);
		check_sent(check, shown, strlen(shown));
		free(shown);
	}
}

static void
exec_begin(struct check *check)
{
	struct exec_state *exec = check_state(check);
	char *const *argv = check_conf(check)->exec.argv;
	struct child_options options = {
	    .environment = exec->environment,
	    .output = OUTPUT_MAX,
	    .merged = true,
	    .chatty = true,
	};

	options.user = check_user(check);
	if (options.user == NULL)
		return;
	make_environment(check, exec);
	note_command(check, argv);
	exec->mark = exec_mark_new(check_target(check));
	if (exec->mark != NULL) {
		options.enter = exec_mark_enter;
		options.enter_arg = exec->mark;
	}
	exec->child =
	    child_start(check_base(check), argv, &options, exec_ended, check);
	if (exec->child == NULL)
		check_decide(check, CHECK_LOCAL_ERROR, "can't run %s: %s",
		    argv[0], strerror(errno));
}

static void
exec_expired(struct check *check)
{
	const struct exec_state *exec = check_state(check);
	const char *output;
	size_t length;

	output = child_output(exec->child, &length);
	check_received(check, output, length);
	check_decide(check, CHECK_TIMEOUT, "killed after %u ms",
	    check_conf(check)->timeout);
}

static void
exec_release(void *state)
{
	struct exec_state *exec = state;

	child_abandon(exec->child);
	exec_unmark(exec);
	while (exec->variables > 0)
		free(exec->environment[--exec->variables]);
}

const struct check_ops check_exec = {
    .state_size = sizeof(struct exec_state),
    .begin = exec_begin,
    .expired = exec_expired,
    .release = exec_release,
};
