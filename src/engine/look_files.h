/* SPDX-License-Identifier: ISC */

/*
 * Files, programs, users and groups that a configuration names, and that this
 * host has not, or not as they are needed: for vc5d -n.
 */

#ifndef ENGINE_LOOK_FILES_H
#define ENGINE_LOOK_FILES_H

struct conf;

/* A line about each, without a newline; the same one maybe several times. */
void look_at_files(
    const struct conf *, void (*say)(void *arg, const char *line), void *arg);

#endif
