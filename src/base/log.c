/* SPDX-License-Identifier: ISC */

/*
 * Logging to syslog or standard error: see log.h.
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_json.h"

static const char *log_name = "vc5d";
static int log_foreground = 1;
static enum log_verbosity log_verbosity = LOG_NORMAL;
static bool log_json;	 /* lines of JSON, else text */
static bool log_journal; /* standard error is systemd's journal */

/* A message of JSON may need six characters for each. */
#define LINE_LEN 8192
static TAILQ_HEAD(log_taps, log_tap) taps = TAILQ_HEAD_INITIALIZER(taps);

/* Where messages go that are not waited for. */
static struct {
	int fd; /* -1 = such messages are lost; or to be tried again */
	bool on, is_socket;
	unsigned long lost; /* messages, and nobody was told */
} unwaited = {.fd = -1};

void
log_close(void)
{
	if (unwaited.fd != -1)
		close(unwaited.fd);
	unwaited.fd = -1;
	unwaited.on = false;
	unwaited.lost = 0;
	/* openlog(3) believes that what it opened once is still open. */
	closelog();
}

/*
 * systemd.exec(5): JOURNAL_STREAM has the device and inode number of standard
 * error, if that is the journal.  A child that inherits the variable may have
 * another one.
 */
static bool
error_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(2, &st) == -1)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

/* Is standard error /dev/null, by whatever name? */
static bool
error_is_null(void)
{
	struct stat st, null;

	return fstat(2, &st) == 0 && S_ISCHR(st.st_mode) &&
	    stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev;
}

void
log_open(const char *name, int foreground, enum log_verbosity verbosity)
{
	log_close();
	log_name = name;
	log_foreground = foreground && !error_is_null();
	log_verbosity = verbosity;
	log_journal = log_foreground && error_is_journal();
	if (!log_foreground)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_verbosity(enum log_verbosity verbosity)
{
	log_verbosity = verbosity;
}

enum log_verbosity
log_get_verbosity(void)
{
	return log_verbosity;
}

void
log_set_json(bool json)
{
	log_json = json;
}

/* syslog(3)'s, but not blocking. */
static int
open_syslog(void)
{
	struct sockaddr_un sun = {
	    .sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * Not to wait is a property of what was opened, which others have too: so a
 * pipe or terminal is opened once more.  A file lets nobody wait.
 */
static int
open_error(void)
{
	struct stat st;

	if (fstat(2, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return open("/proc/self/fd/2",
		    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fcntl(2, F_DUPFD_CLOEXEC, 3);
}

void
log_never_wait(void)
{
	struct stat st;

	if (unwaited.fd != -1)
		close(unwaited.fd);
	unwaited.on = true;
	unwaited.fd = log_foreground ? open_error() : open_syslog();
	unwaited.is_socket = unwaited.fd != -1 &&
	    fstat(unwaited.fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* False if it was not taken. */
static bool
put_unwaited(const char *text, size_t len)
{
	if (unwaited.fd == -1)
		return false;
	if (unwaited.is_socket)
		return send(unwaited.fd, text, len,
			   MSG_DONTWAIT | MSG_NOSIGNAL) != -1;
	return write(unwaited.fd, text, len) != -1;
}

/* A line for syslogd (RFC 3164); which may have been started again. */
static bool
put_syslog(int priority, const char *text)
{
	char line[LINE_LEN], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	len = snprintf(line, sizeof(line), "<%d>%s %s[%d]: %s",
	    LOG_DAEMON | priority, stamp, log_name, (int)getpid(), text);
	if (put_unwaited(line, (size_t)len))
		return true;
	if (unwaited.fd != -1 && errno == EAGAIN)
		return false;
	log_never_wait();
	return put_unwaited(line, (size_t)len);
}

/*
 * The journal knows when and who, and takes the priority from the line's
 * beginning, as of sd-daemon(3); also in front of JSON.
 */
static int
format_error(int priority, const char *text, char line[LINE_LEN])
{
	char stamp[32];
	struct timespec now;
	struct tm tm;

	if (log_journal)
		return snprintf(line, LINE_LEN, "<%d>%s\n", priority, text);
	if (log_json)
		return snprintf(line, LINE_LEN, "%s\n", text);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	return snprintf(line, LINE_LEN, "%s.%03ld %s: %s\n", stamp,
	    now.tv_nsec / 1000000, log_name, text);
}

/* One write to the stream a line, so that two writers' lines don't mix. */
static bool
put_error(int priority, const char *text)
{
	char line[LINE_LEN];
	int len = format_error(priority, text, line);

	if (unwaited.on)
		return put_unwaited(line, (size_t)len);
	return fputs(line, stderr) != EOF;
}

static bool
put_line(int priority, const char *text)
{
	if (log_foreground)
		return put_error(priority, text);
	if (unwaited.on)
		return put_syslog(priority, text);
	syslog(priority, "%s", text);
	return true;
}

void
log_bare(int priority, const char *text)
{
	if (log_journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "%s\n", text);
}

static int64_t
epoch_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
put(int priority, const char *text)
{
	char *json;
	bool done;

	if (!log_json)
		return put_line(priority, text);
	json =
	    log_json_line(epoch_ms(), priority, log_name, (int)getpid(), text);
	done = put_line(priority, json);
	free(json);
	return done;
}

/* Who reads again is told first what it has missed. */
static void
tell_lost(void)
{
	char text[64];

	if (unwaited.lost == 0)
		return;
	snprintf(text, sizeof(text), "%lu messages before this were lost",
	    unwaited.lost);
	if (put(LOG_WARNING, text))
		unwaited.lost = 0;
}

void
log_tap_add(struct log_tap *tap)
{
	TAILQ_INSERT_TAIL(&taps, tap, entry);
}

void
log_tap_remove(struct log_tap *tap)
{
	TAILQ_REMOVE(&taps, tap, entry);
}

/* A tap that logs would otherwise hear itself, without end. */
static void
tell_taps(int priority, const char *text)
{
	static bool telling;
	struct log_tap *tap, *next;

	if (telling)
		return;
	telling = true;
	for (tap = TAILQ_FIRST(&taps); tap != NULL; tap = next) {
		next = TAILQ_NEXT(tap, entry);
		tap->line(tap->arg, priority, text);
	}
	telling = false;
}

/* Else what is told could begin a line of its own making; JSON has "\n". */
static void
make_one_line(char *text)
{
	while ((text = strchr(text, '\n')) != NULL)
		*text = ' ';
}

static void log_write(int, int, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

static void
log_write(int priority, int error, const char *format, va_list ap)
{
	char text[1024];
	size_t len;

	if (priority > (int)log_verbosity)
		return;
	vsnprintf(text, sizeof(text), format, ap);
	len = strlen(text);
	if (error != 0 && len < sizeof(text))
		snprintf(
		    text + len, sizeof(text) - len, ": %s", strerror(error));
	if (!log_json)
		make_one_line(text);
	tell_lost();
	if (!put(priority, text))
		unwaited.lost++;
	tell_taps(priority, text);
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
