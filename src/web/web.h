/* SPDX-License-Identifier: ISC */

/*
 * The web console's files, built into the program: made from those in this
 * directory by embed.sh.  They are constant, and never freed.
 */

#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stddef.h>

struct web_file {
	const char *path; /* of its URL: "/", "/console.css" */
	const char *type; /* Content-Type, with the character set of a text */
	const unsigned char *data;
	size_t length; /* bytes; never 0 */
};

extern const struct web_file web_files[];
extern const size_t web_file_count;

#endif
