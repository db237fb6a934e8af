/* SPDX-License-Identifier: ISC */

/*
 * Telling a service manager; see notify.h.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "notify.h"

static struct sockaddr_un manager;
static socklen_t manager_len; /* 0 = there is none */
static unsigned watchdog;     /* ms */

/* A path, or the name of an abstract socket, which has @ in place of a NUL. */
static void
take_socket(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name == NULL ? 0 : strlen(name);

	if (len == 0)
		return;
	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(manager.sun_path)) {
		log_warnx("NOTIFY_SOCKET is not the name of a socket that can "
			  "be sent to: the service manager is told nothing");
		return;
	}
	manager.sun_family = AF_UNIX;
	memcpy(manager.sun_path, name, len);
	manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		manager.sun_path[0] = '\0';
	else
		manager_len++;
}

/* A whole number in the environment; 0 if it is none. */
static unsigned long long
take_number(const char *variable)
{
	const char *text = getenv(variable);
	unsigned long long value;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : value;
}

static void
take_watchdog(void)
{
	unsigned long long ms = take_number("WATCHDOG_USEC") / 1000;

	/* It may be somebody else's, whose environment was inherited. */
	if (getenv("WATCHDOG_PID") != NULL &&
	    take_number("WATCHDOG_PID") != (unsigned long long)getpid())
		return;
	watchdog = ms < UINT_MAX ? (unsigned)ms : UINT_MAX;
}

void
notify_init(void)
{
	take_socket();
	if (manager_len != 0)
		take_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

bool
notify_wanted(void)
{
	return manager_len != 0;
}

unsigned
notify_watchdog(void)
{
	return watchdog;
}

/* Addressed each time, as the manager may have made its socket anew. */
bool
notify_send(const char *lines)
{
	static bool complained;
	ssize_t n = -1;
	int fd;

	if (manager_len == 0)
		return true;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1)
		n = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		    (const struct sockaddr *)&manager, manager_len);
	if (n == -1 && errno != EAGAIN && !complained)
		log_warn("telling the service manager; trying again");
	complained = n == -1 && (complained || errno != EAGAIN);
	if (fd != -1)
		close(fd);
	return n != -1;
}
