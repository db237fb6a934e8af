/* SPDX-License-Identifier: ISC */

/*
 * Logging to syslog or standard error: see log.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/log.h"

static const char *log_name = "vc5d";
static int log_foreground = 1;
static enum log_verbosity log_verbosity = LOG_NORMAL;

void
log_open(const char *name, int foreground, enum log_verbosity verbosity)
{
	log_name = name;
	log_foreground = foreground;
	log_verbosity = verbosity;
	if (!foreground)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

static void log_write(int, int, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

/* One write to the stream a line, so that two writers' lines don't mix. */
static void
log_write(int priority, int error, const char *format, va_list ap)
{
	char text[1024], stamp[32];
	struct timespec now;
	struct tm tm;
	size_t len;

	if (priority > (int)log_verbosity)
		return;
	vsnprintf(text, sizeof(text), format, ap);
	len = strlen(text);
	if (error != 0 && len < sizeof(text))
		snprintf(
		    text + len, sizeof(text) - len, ": %s", strerror(error));
	if (!log_foreground) {
		syslog(priority, "%s", text);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ld %s: %s\n", stamp, now.tv_nsec / 1000000,
	    log_name, text);
}

#define LOG_BODY(priority, error)                           \
	do {                                                \
		int saved = errno;                          \
		va_list ap;                                 \
                                                            \
		va_start(ap, format);                       \
		log_write((priority), (error), format, ap); \
		va_end(ap);                                 \
		errno = saved;                              \
	} while (0)

void
log_warn(const char *format, ...)
{
	LOG_BODY(LOG_WARNING, errno);
}

void
log_warnx(const char *format, ...)
{
	LOG_BODY(LOG_WARNING, 0);
}

void
log_notice(const char *format, ...)
{
	LOG_BODY(LOG_NOTICE, 0);
}

void
log_info(const char *format, ...)
{
	LOG_BODY(LOG_INFO, 0);
}

void
log_debug(const char *format, ...)
{
	LOG_BODY(LOG_DEBUG, 0);
}

void
log_at(int priority, const char *format, ...)
{
	LOG_BODY(priority, 0);
}

void
fatal(const char *format, ...)
{
	LOG_BODY(LOG_CRIT, errno);
	exit(1);
}

void
fatalx(const char *format, ...)
{
	LOG_BODY(LOG_CRIT, 0);
	exit(1);
}
