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

struct fake_state fake_state_file;

void
fakes_state_reset(void)
{
	free(fake_state_file.text);
	memset(&fake_state_file, 0, sizeof(fake_state_file));
}

char *
state_file_read(const char *path, char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	if (fake_state_file.read_fails)
		return xasprintf("%s: Input/output error", path);
	if (fake_state_file.text == NULL)
		return NULL;
	*text = xstrdup(fake_state_file.text);
	*len = strlen(*text);
	return NULL;
}

char *
state_file_write(const char *path, const char *text, size_t len)
{
	fake_state_file.writes++;
	if (fake_state_file.write_fails)
		return xasprintf("%s: No space left on device", path);
	free(fake_state_file.text);
	fake_state_file.text = xcalloc(1, len + 1);
	memcpy(fake_state_file.text, text, len);
	return NULL;
}

int64_t
control_peer(const struct control *control)
{
	(void)control;
	return fake_state_file.peer;
}
