/* SPDX-License-Identifier: ISC */

/*
 * See log_reader.h.
 */

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "log_reader.h"

int
standard_error(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_return_code(dup2(fds[1], 2), 0);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return fds[0];
}

int
syslogd(void)
{
	const struct sockaddr_un sun = {
	    .sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) == -1)
		return -1;
	return fd;
}

const char *
drain(int fd)
{
	static char text[1 << 17];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

void
in_a_child(int (*function)(void))
{
	int status = 0;
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(function());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP) {
		print_message("no mount namespace can be made here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}
