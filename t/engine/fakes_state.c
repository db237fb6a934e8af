/* SPDX-License-Identifier: ISC */

/*
 * See fakes_state.h.
 */

#include "fakes_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/control.h"
#include "adapters/journal.h"
#include "adapters/state_file.h"
#include "base/xmalloc.h"

struct fake_state fake_state_file, fake_blocked_file, fake_baseline_file;

static void
reset(struct fake_state *file)
{
	free(file->text);
	memset(file, 0, sizeof(*file));
}

void
fakes_state_reset(void)
{
	reset(&fake_state_file);
	reset(&fake_blocked_file);
	reset(&fake_baseline_file);
}

static struct fake_state *
file_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot != NULL && strcmp(dot, ".blocked") == 0)
		return &fake_blocked_file;
	if (dot != NULL && strcmp(dot, ".prefixes") == 0)
		return &fake_baseline_file;
	return &fake_state_file;
}

char *
state_file_read(const char *path, char **text, size_t *len)
{
	const struct fake_state *file = file_of(path);

	*text = NULL;
	*len = 0;
	if (file->read_fails)
		return xasprintf("%s: Input/output error", path);
	if (file->text == NULL)
		return NULL;
	*text = xstrdup(file->text);
	*len = strlen(*text);
	return NULL;
}

char *
state_file_write(const char *path, const char *text, size_t len)
{
	struct fake_state *file = file_of(path);

	file->writes++;
	if (file->write_fails)
		return xasprintf("%s: No space left on device", path);
	free(file->text);
	file->text = xcalloc(1, len + 1);
	memcpy(file->text, text, len);
	return NULL;
}

/* The file of blocked prefixes, by lines. */
struct journal {
	bool broken, rewritten;
	char *fresh; /* lines of what it is rewritten to */
};

struct journal *
journal_new(const char *path)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	assert_ptr_equal(file_of(path), &fake_blocked_file);
	j->broken = true;
	return j;
}

void
journal_abandon(struct journal *j)
{
	free(j->fresh);
	j->fresh = NULL;
	j->rewritten = false;
}

void
journal_free(struct journal *j)
{
	if (j != NULL)
		journal_abandon(j);
	free(j);
}

char *
journal_read(struct journal *j, char **text, size_t *len, bool *torn)
{
	char *wrong = state_file_read("state.blocked", text, len), *newline;

	*torn = false;
	j->broken = wrong != NULL || *text == NULL;
	if (j->broken)
		return wrong;
	newline = strrchr(*text, '\n');
	*torn = newline == NULL || newline[1] != '\0';
	if (newline != NULL)
		newline[1] = '\0';
	*len = newline == NULL ? 0 : strlen(*text);
	return NULL;
}

bool
journal_is_broken(const struct journal *j)
{
	return j->broken;
}

static void
add_text(char **to, const char *text, size_t len)
{
	char *longer =
	    xasprintf("%s%.*s", *to != NULL ? *to : "", (int)len, text);

	free(*to);
	*to = longer;
}

static char *
full_disk(void)
{
	return fake_blocked_file.write_fails
	    ? xstrdup("state.blocked: No space left on device")
	    : NULL;
}

char *
journal_append(struct journal *j, const char *line, size_t len)
{
	char *wrong = full_disk();

	assert_false(j->broken);
	fake_blocked_file.writes++;
	if (wrong != NULL)
		return wrong;
	if (fake_blocked_file.gone) {
		fake_blocked_file.gone = false;
		j->broken = true;
		return xstrdup("state.blocked: No such file or directory");
	}
	add_text(&fake_blocked_file.text, line, len);
	if (j->rewritten)
		add_text(&j->fresh, line, len);
	return NULL;
}

char *
journal_begin(struct journal *j)
{
	journal_abandon(j);
	fake_blocked_file.rewrites++;
	j->rewritten = !fake_blocked_file.write_fails;
	return full_disk();
}

char *
journal_put(struct journal *j, const char *lines, size_t len)
{
	char *wrong = full_disk();

	assert_true(j->rewritten);
	fake_blocked_file.slices++;
	if (wrong == NULL)
		add_text(&j->fresh, lines, len);
	else
		journal_abandon(j);
	return wrong;
}

char *
journal_end(struct journal *j)
{
	free(fake_blocked_file.text);
	fake_blocked_file.text = j->fresh;
	j->fresh = NULL;
	j->rewritten = j->broken = false;
	return NULL;
}

bool
journal_is_rewritten(const struct journal *j)
{
	return j->rewritten;
}

int64_t
control_peer(const struct control *control)
{
	(void)control;
	return fake_state_file.peer;
}
