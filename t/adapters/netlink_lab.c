/* SPDX-License-Identifier: ISC */

/*
 * The lab of the netlink adapter's tests.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "netlink_lab.h"

#define TURN 20 /* ms that one takes, at most */

static int home = -1;		 /* the namespace in which we were started */
static int saved_stderr, log_fd; /* while the log is captured */
static unsigned elapsed;

static void
on_nexthop(
    void *arg, const struct addr *server, const struct netlink_nexthop *nexthop)
{
	struct lab *lab = arg;

	assert_false(lab->inside);
	lab->nexthops++;
	lab->watched = *server;
	lab->nexthop = *nexthop;
}

static void
on_interface(
    void *arg, const char *name, const struct netlink_interface *interface)
{
	struct netlink_interface now = {0};
	struct lab *lab = arg;

	netlink_interface(lab->netlink, name, &now);
	lab->interface_looked_up = now.ifindex;
	lab->interfaces++;
	snprintf(lab->interface_name, sizeof(lab->interface_name), "%s", name);
	lab->interface = *interface;
	if (strcmp(name, "in0") == 0)
		lab->in0 = *interface;
	if (interface->ifindex != 0)
		return;
	lab->gone_looked_up = now.ifindex;
	snprintf(lab->interface_gone, sizeof(lab->interface_gone), "%s", name);
}

static void
on_address(void *arg, const struct addr *address, bool present)
{
	struct lab *lab = arg;

	/* IPv6 makes addresses of its own, when it likes. */
	if (address->family != AF_INET)
		return;
	lab->addresses++;
	lab->address = *address;
	lab->address_present = present;
}

static int
namespace_new(void)
{
	int fd;

	assert_return_code(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, 0);
	return (fd);
}

void
lab_enter(int namespace)
{
	assert_return_code(setns(namespace, CLONE_NEWNET), 0);
}

bool
lab_has_ipv6(void)
{
	return (access("/proc/sys/net/ipv6", F_OK) == 0);
}

void
lab_needs_ipv6(const char *test)
{
	if (lab_has_ipv6())
		return;
	printf("# skip: %s: this kernel has no IPv6\n", test);
	cmocka_set_skip_filter(test);
}

void
lab_required(void)
{
	if (geteuid() != 0)
		puts("1..0 # SKIP network namespaces need root");
	else if (unshare(CLONE_NEWNET) < 0)
		puts("1..0 # SKIP this kernel has no network namespaces");
	else if (system(
		     "ip link add lab0 type veth peer name lab1 2>/dev/null") !=
	    0)
		puts("1..0 # SKIP needs ip(8) and veth devices");
	else
		return;
	exit(0);
}

int
lab_run(int namespace, const char *format, ...)
{
	char command[512];
	va_list ap;
	int here, rc;

	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	lab_enter(namespace);
	rc = system(command);
	lab_enter(here);
	close(here);
	return (rc);
}

const char *
lab_output(struct lab *lab, const char *command)
{
	static char text[16384];
	size_t n;
	FILE *pipe;

	lab_enter(lab->host);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(text, 1, sizeof(text) - 1, pipe);
	text[n] = '\0';
	pclose(pipe);
	return (text);
}

static void
wire(struct lab *lab)
{
	static const char *const host[] = {
	    "ip link set lo up",
	    ("ip link set in0 address " LAB_HOST_MAC),
	    /* A link-local address, the source of its questions, at once. */
	    "sysctl -qw net.ipv6.conf.in0.accept_dad=0 2>/dev/null || :",
	    "ip addr add 10.9.0.1/24 dev in0",
	    "ip addr add fd09::1/64 dev in0 nodad 2>/dev/null || :",
	    "ip link set in0 up",
	    /* Asks three times, each this long after the other. */
	    "sysctl -qw net.ipv4.neigh.in0.retrans_time_ms=100",
	    ("sysctl -qw net.ipv6.neigh.in0.retrans_time_ms=100 "
	     "net.ipv6.conf.in0.keep_addr_on_down=1 2>/dev/null || :"),
	};
	static const char *const server[] = {
	    "ip link set lo up",
	    "sysctl -qw net.ipv6.conf.srv0.accept_dad=0 2>/dev/null || :",
	    ("ip link set srv0 address " LAB_SERVER_MAC),
	    "ip addr add 10.9.0.2/24 dev srv0",
	    "ip addr add fd09::2/64 dev srv0 nodad 2>/dev/null || :",
	    "ip addr add 192.0.2.1/32 dev lo",
	    "ip link set srv0 up",
	};
	size_t i;

	assert_int_equal(lab_run(lab->host,
			     "ip link add in0 type veth peer name srv0 netns "
			     "/proc/%d/fd/%d",
			     getpid(), lab->server),
	    0);
	for (i = 0; i < sizeof(server) / sizeof(server[0]); i++)
		assert_int_equal(lab_run(lab->server, "%s", server[i]), 0);
	for (i = 0; i < sizeof(host) / sizeof(host[0]); i++)
		assert_int_equal(lab_run(lab->host, "%s", host[i]), 0);
}

static void
on_nexthops_told(void *arg)
{
	struct lab *lab = arg;

	assert_false(lab->inside);
	lab->batches++;
}

int
lab_up(void **state)
{
	static const struct netlink_callbacks callbacks = {
	    .nexthop = on_nexthop,
	    .nexthops_told = on_nexthops_told,
	    .interface = on_interface,
	    .address = on_address,
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	lab->server = namespace_new();
	lab->host = namespace_new();
	wire(lab);
	log_open("test", 1, LOG_NORMAL);
	lab->base = event_base_new();
	lab->netlink = netlink_new(lab->base, &callbacks, lab);
	assert_non_null(lab->netlink);
	*state = lab;
	return (0);
}

int
lab_down(void **state)
{
	struct lab *lab = *state;

	netlink_free(lab->netlink);
	event_base_free(lab->base);
	lab_enter(home);
	close(lab->host);
	close(lab->server);
	free(lab);
	return (0);
}

static bool
running(struct lab *lab)
{
	struct netlink_interface interface;

	return (netlink_interface(lab->netlink, "in0", &interface) == 0 &&
	    interface.up);
}

void
lab_settle(struct lab *lab)
{
	assert_true(lab_wait(lab, running, 3000));
	lab->interfaces = lab->addresses = 0;
}

bool
lab_wait_interface(
    struct lab *lab, const char *name, struct netlink_interface *out)
{
	int i;

	for (i = 0; i < 300; i++) {
		if (netlink_interface(lab->netlink, name, out) == 0 && out->up)
			return (true);
		event_base_loop(lab->base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 10);
	}
	return (false);
}

static unsigned
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

bool
lab_wait(struct lab *lab, bool (*holds)(struct lab *), unsigned limit)
{
	unsigned before = milliseconds(), now;
	bool held;

	elapsed = 0;
	do {
		event_base_loop(lab->base, EVLOOP_NONBLOCK);
		/* What this process was kept from running in does not count. */
		now = milliseconds();
		elapsed += now - before < TURN ? now - before : TURN;
		before = now;
		if (!(held = holds(lab)))
			poll(NULL, 0, 1);
	} while (!held && elapsed < limit);
	return (held);
}

static bool
never(struct lab *lab)
{
	(void)lab;
	return (false);
}

void
lab_pass(struct lab *lab, unsigned limit)
{
	lab_wait(lab, never, limit);
}

bool
lab_resolved(struct lab *lab)
{
	return (lab->nexthop.resolved);
}

bool
lab_unresolved(struct lab *lab)
{
	return (!lab->nexthop.resolved);
}

bool
lab_unreachable(struct lab *lab)
{
	return (lab->nexthops > 0 && lab->nexthop.ifindex == 0);
}

int
lab_packet_socket(const char *device, uint16_t protocol)
{
	struct sockaddr_ll at = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(protocol),
	    .sll_ifindex = if_nametoindex(device),
	};
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), errno);
	return (fd);
}

unsigned
lab_elapsed(void)
{
	return (elapsed);
}

void
lab_log_begin(void)
{
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_return_code(log_fd, 0);
	dup2(log_fd, STDERR_FILENO);
}

const char *
lab_log_end(void)
{
	static char text[8192];
	ssize_t n;

	fflush(stderr);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	n = pread(log_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(log_fd);
	return (text);
}

struct addr
lab_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return (addr);
}

void
lab_mac(const char *text, unsigned char mac[6])
{
	assert_int_equal(sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0],
			     &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]),
	    6);
}
