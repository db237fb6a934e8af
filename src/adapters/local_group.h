/* SPDX-License-Identifier: ISC */

/*
 * Groups of this host, as in group(5): who is asked for them by getgrnam(3) may
 * be a directory service in the network, which the event loop can't wait for.
 */

#ifndef ADAPTERS_LOCAL_GROUP_H
#define ADAPTERS_LOCAL_GROUP_H

#include <sys/types.h>

/*
 * The group's number; a name of digits that no group has is a number itself, as
 * is a directory service's group.  0, or -1 if there is none.
 */
int local_group(const char *name, gid_t *gid);

#endif
