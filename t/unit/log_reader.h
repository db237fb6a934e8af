/* SPDX-License-Identifier: ISC */

/*
 * Whoever reads a log: of standard error by a pipe, and of syslog(3).
 */

#ifndef LOG_READER_H
#define LOG_READER_H

/* A pipe's end to read from, after standard error has become the other one. */
int standard_error(void);

/* syslogd's socket, in a /dev of one's own; -1 if that can't be made. */
int syslogd(void);

/* All that is there to be read, until the next call; it doesn't wait. */
const char *drain(int fd);

#define SKIP 77 /* a status: it can't be done here */

/* Run it in a process of its own; the test fails if it doesn't return 0. */
void in_a_child(int (*function)(void));

#endif
