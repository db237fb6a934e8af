/* SPDX-License-Identifier: ISC */

/*
 * What the tests of checks share: see check_harness.h.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <dirent.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"
#include "check_server.h"

struct event_base *base;

static void
record(void *arg, const struct check_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->inside |= outcome->starting;
	outcome->result = *result;
}

static char get[] = "GET", path[] = "/status?a=b";
static struct conf_range expect_200[] = {{200, 200}};

struct conf_check
make_conf(enum check_type type, uint16_t port)
{
	return (struct conf_check){
	    .type = type,
	    .port = port,
	    .interval = PATIENT,
	    .timeout = PATIENT,
	    .rise = 1,
	    .fall = 1,
	    .method = get,
	    .path = path,
	    .expect = expect_200,
	    .expect_count = 1,
	};
}

struct check *
start(const struct conf_check *conf, const struct check_target *target,
    struct outcome *outcome)
{
	struct check_target default_target = {.vip = loopback(AF_INET)};
	struct check *check;

	memset(outcome, 0, sizeof(*outcome));
	outcome->starting = true;
	check = check_start(
	    base, conf, target ? target : &default_target, record, outcome);
	outcome->starting = false;
	return check;
}

static void
guard_ready(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(*(unsigned *)arg)--;
}

bool
wait_until(bool (*holds)(const void *), const void *arg, unsigned seconds)
{
	static const struct timeval second = {.tv_sec = 1};
	struct event *guard;

	/* One that this process was kept from running in is none. */
	guard = event_new(base, -1, EV_PERSIST, guard_ready, &seconds);
	event_add(guard, &second);
	while (!holds(arg) && seconds > 0)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(guard);
	return holds(arg);
}

bool
has_result(const void *arg)
{
	return ((const struct outcome *)arg)->calls > 0;
}

bool
has_accepted(const void *arg)
{
	return server_seen(arg)->accepted > 0;
}

bool
has_sent(const void *arg)
{
	return server_seen(arg)->sent >= strlen(OK);
}

bool
has_gone(const void *arg)
{
	return server_seen(arg)->ended + server_seen(arg)->reset > 0;
}

void
turn(unsigned ms)
{
	struct timeval tv = {.tv_usec = ms * 1000};

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static const struct check_result *
finish(struct outcome *outcome)
{
	assert_false(outcome->inside);
	assert_int_equal(outcome->calls, 0);
	assert_true(wait_until(has_result, outcome, GUARD));
	assert_int_equal(outcome->calls, 1);
	return &outcome->result;
}

void
expect_result(
    struct outcome *outcome, enum check_outcome wanted, const char *detail)
{
	const struct check_result *result = finish(outcome);
	const char *c;

	if (result->outcome != wanted || strstr(result->detail, detail) == NULL)
		print_error("# %s: %s\n", check_outcome_name(result->outcome),
		    result->detail);
	assert_int_equal(result->outcome, wanted);
	assert_non_null(strstr(result->detail, detail));
	for (c = result->detail; *c != '\0'; c++)
		assert_in_range(*c, ' ', '~');
	/* How much longer is the machine's affair. */
	assert_true(
	    result->duration >= (wanted == CHECK_TIMEOUT ? TIMEOUT * 1000 : 1));
}

unsigned
fd_count(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	return base == NULL ? -1 : 0;
}

int
teardown(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

int
full_listener(uint16_t *port, int fillers[8])
{
	struct addr address = loopback(AF_INET);
	struct sockaddr_storage ss;
	struct pollfd pfd = {.events = POLLOUT};
	int fd = loopback_socket(AF_INET, 0, port);
	socklen_t length = addr_to_sockaddr(&address, *port, &ss);
	size_t i;

	memset(fillers, -1, 8 * sizeof(int));
	for (i = 0; i < 8; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&ss, length);
		pfd.fd = fillers[i];
		if (poll(&pfd, 1, 100) == 0)
			return fd;
	}
	fail_msg("the listener takes everything");
	return -1;
}

void
close_all(int fd, int fillers[8])
{
	size_t i;

	close(fd);
	for (i = 0; i < 8; i++)
		if (fillers[i] != -1)
			close(fillers[i]);
}
