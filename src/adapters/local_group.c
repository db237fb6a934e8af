/* SPDX-License-Identifier: ISC */

/*
 * See local_group.h.
 */

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/local_group.h"
#include "base/xmalloc.h"

#define GROUPS	 "/etc/group"
#define GID_LAST 4294967294 /* (gid_t)-1 is none */

static int
by_number(const char *name, gid_t *gid)
{
	const char *wrong;
	long long number;

	if (name[strspn(name, "0123456789")] != '\0')
		return -1;
	number = strtonum(name, 0, GID_LAST, &wrong);
	if (wrong != NULL)
		return -1;
	*gid = (gid_t)number;
	return 0;
}

int
local_group(const char *name, gid_t *gid)
{
	FILE *in = fopen(GROUPS, "re");
	const struct group *entry = NULL;

	while (in != NULL && (entry = fgetgrent(in)) != NULL)
		if (strcmp(entry->gr_name, name) == 0)
			break;
	if (in != NULL)
		fclose(in);
	if (entry == NULL)
		return by_number(name, gid);
	*gid = entry->gr_gid;
	return 0;
}
