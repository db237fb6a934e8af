/* SPDX-License-Identifier: ISC */

/*
 * The parent process: it has the pid file, gets the signals, and starts the
 * engine, again whenever that dies.  It is the dead-man's switch: when nobody
 * steers for too long, it withdraws what is announced.  It does nothing that
 * could keep it waiting: not for the engine, nor for bgpctl, nor for a log.
 */

#ifndef PARENT_H
#define PARENT_H

struct conf;
struct options;

/*
 * Takes the configuration over.  ready: for background_ready(), or -1.
 * Returns the exit status, in the parent alone.
 */
int parent_run(const struct options *, struct conf *, int ready);

#endif
