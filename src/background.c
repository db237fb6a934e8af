/* SPDX-License-Identifier: ISC */

/*
 * Going to the background; see background.h.
 */

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "background.h"
#include "base/log.h"

/* The process that was started ends here. */
static void __attribute__((noreturn)) await(int fd, pid_t pid)
{
	int status;
	ssize_t n;
	char byte;

	while ((n = read(fd, &byte, 1)) == -1 && errno == EINTR)
		continue;
	if (n == 1)
		_exit(0);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			_exit(1);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0
		? WEXITSTATUS(status)
		: 1);
}

int
background_begin(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal("pipe");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid != 0) {
		close(fds[1]);
		await(fds[0], pid);
	}
	close(fds[0]);
	setsid();
	return fds[1];
}

void
background_ready(int fd)
{
	const char byte = 0;

	if (write(fd, &byte, 1) == -1)
		log_warn("telling who started vc5d that it works");
	close(fd);
}

void
background_detach(void)
{
	int i, null = open("/dev/null", O_RDWR);

	if (chdir("/") == -1 || null == -1)
		log_warn("leaving the terminal");
	for (i = 0; null != -1 && i < 3; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
}
