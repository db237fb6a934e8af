/* SPDX-License-Identifier: ISC */

/*
 * Logging: syslog(3) in normal operation, standard error in the foreground.
 * Where that is systemd's journal, a line begins with its priority ("<4>"), as
 * of sd-daemon(3), in place of the time and the program.  A message is one
 * line, without a newline at its end, and names the thing it is about.  Not
 * thread safe: vc5d has one thread.
 */

#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <sys/queue.h>

#include <stdarg.h>
#include <stdbool.h>

/* Highest priority number, as of syslog(3), that is still logged. */
enum log_verbosity {
	LOG_NORMAL = 6,
	LOG_VERBOSE = 7
};

/*
 * Start logging as name (borrowed for the process's life): to standard error
 * if foreground, unless that is /dev/null, else to syslog's daemon facility.
 */
void log_open(const char *name, int foreground, enum log_verbosity);

/*
 * Nothing of the log is left open: before descriptors are closed by the dozen.
 * log_open() follows.
 */
void log_close(void);

/*
 * From now on a message that would have to wait for its reader is lost, and the
 * next one that is not says how many were: for a process that nothing may keep
 * waiting.
 */
void log_never_wait(void);

/* From now on, in place of what log_open() was told. */
void log_set_verbosity(enum log_verbosity);
enum log_verbosity log_get_verbosity(void);

/* Lines of JSON (log_json.h) instead of text, or not: not so at first. */
void log_set_json(bool);

/*
 * Somebody who is told of each message that the verbosity lets through, after
 * it was logged.  What it logs itself is logged, but told to no tap.  text is
 * one line of any bytes, borrowed for the call; priority is syslog(3)'s.
 */
struct log_tap {
	TAILQ_ENTRY(log_tap) entry; /* of the log */
	void (*line)(void *arg, int priority, const char *text);
	void *arg;
};

/* The tap is borrowed until it is removed, which it may do while told. */
void log_tap_add(struct log_tap *);
void log_tap_remove(struct log_tap *);

/* The *x forms say what they are given; the others add strerror(errno). */
void log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
/* At a priority of syslog(3)'s. */
void
log_at(int priority, const char *, ...) __attribute__((format(printf, 2, 3)));

/*
 * A line for who has started the program, on standard error whatever
 * log_open() was told: as it is, but for the priority that the journal takes.
 */
void log_bare(int priority, const char *text);

/* Log at priority critical and exit 1: only at start, never in operation. */
void fatal(const char *, ...) __attribute__((noreturn, format(printf, 1, 2)));
void fatalx(const char *, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
