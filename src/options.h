/* SPDX-License-Identifier: ISC */

/*
 * What the command line says.
 */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "base/log.h"

struct options {
	const char *file; /* absolute, once a process goes to the background */
	const char *pidfile; /* NULL = none */
	bool foreground, check_only;
	enum log_verbosity verbosity;
};

#endif
