/* SPDX-License-Identifier: ISC */

/*
 * See fakes_state.h.
 */

#include "fakes_state.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/control.h"
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

int64_t
control_peer(const struct control *control)
{
	(void)control;
	return fake_state_file.peer;
}
