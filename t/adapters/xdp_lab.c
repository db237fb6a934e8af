/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane's tests' surroundings: see xdp_lab.h.
 */

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "xdp_lab.h"

static char root[] = "/tmp/vc5t-xdp-XXXXXX", pins[64];
static int log_fd = -1;
static off_t log_read;

/*
 * Leave the process in the namespaces.  The reason why the tests can't run
 * here, or NULL.
 */
static const char *
lab_open(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == -1)
		return "can't make namespaces";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mkdtemp(root) == NULL)
		return "can't make a directory";
	if (mount("bpf", root, "bpf", 0, "mode=0700") == -1) {
		rmdir(root);
		return "can't mount a BPF filesystem";
	}
	snprintf(pins, sizeof(pins), "%s/lab", root);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(dup2(log_fd, STDERR_FILENO) == STDERR_FILENO);
	log_open("t", 1, LOG_NORMAL);
	lab_run("ip link set lo up && "
		"ip link add va type veth peer name vb && "
		"ip link add name br type bridge && "
		"ip link add name br.7 type bridge && "
		"ip link set va up && ip link set vb up");
	return NULL;
}

void
lab_run(const char *format, ...)
{
	char command[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s", command);
}

const char *
lab_directory(void)
{
	return root;
}

struct dataplane_xdp_options
lab_options(void)
{
	return (struct dataplane_xdp_options){
	    .pin_directory = pins,
	    .mark = 0x56430000,
	    .flows = 1024,
	    .services = 8,
	    .destinations = 16,
	};
}

int
lab_setup(void **state)
{
	(void)state;
	lab_log();
	return 0;
}

/* What was logged and not asked for helps who looks at a failure. */
int
lab_teardown(void **state)
{
	char *text = strdup(lab_log()), *line, *rest = text;

	(void)state;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			printf("# %s\n", line);
	free(text);
	if (access(pins, F_OK) == -1)
		return 0;
	/* A failed test stopped before its end: the next begins anew. */
	lab_run("find %s -depth -delete", pins);
	return 0;
}

const char *
lab_log(void)
{
	static char text[65536];
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, log_read);

	assert_true(n >= 0);
	text[n] = '\0';
	log_read += n;
	return text;
}

int
lab_map(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/maps/%s", pins, name);
	return bpf_obj_get(path);
}

void
lab_get(const char *map, uint32_t index, void *value)
{
	int fd = lab_map(map);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &index, value), 0);
	close(fd);
}

void
lab_put(const char *map, uint32_t index, const void *value)
{
	int fd = lab_map(map);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &index, value, BPF_ANY), 0);
	close(fd);
}

size_t
lab_hash_count(const char *map)
{
	char key[64];
	void *last = NULL;
	size_t count = 0;
	int fd = lab_map(map);

	assert_true(fd >= 0);
	for (; bpf_map_get_next_key(fd, last, key) == 0; last = key)
		count++;
	close(fd);
	return count;
}

struct addr
lab_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

struct service_key
lab_key(const char *vip, uint16_t port)
{
	return (struct service_key){lab_addr(vip), port, IPPROTO_TCP};
}

struct dataplane_destination
lab_destination(const char *address, uint8_t last)
{
	return (struct dataplane_destination){
	    .address = lab_addr(address),
	    .state = DESTINATION_UP,
	    .weight = 1,
	    .ifindex = 1, /* lo, where BPF_PROG_TEST_RUN's packets arrive */
	    .mac = {2, 0, 0, 0, 0, last},
	    .source_mac = {2, 0, 0, 0, 1, 0},
	    .mtu = 1500,
	};
}

struct dataplane *
lab_dataplane(void)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane = dataplane_xdp_open(&options);

	assert_non_null(dataplane);
	return dataplane;
}

struct dataplane_service *
lab_service(const char *vip, uint16_t port, uint8_t count)
{
	struct dataplane_service *service = calloc(1, sizeof(*service));
	char text[16];

	service->key = lab_key(vip, port);
	service->track = true;
	service->destinations =
	    calloc(count + 1U, sizeof(*service->destinations));
	service->destination_count = count;
	/* Not in the order of their addresses. */
	for (uint8_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", count - i);
		service->destinations[i] =
		    lab_destination(text, (uint8_t)(count - i));
	}
	return service;
}

void
lab_service_free(struct dataplane_service *service)
{
	free(service->destinations);
	free(service);
}

struct dataplane *
lab_again(struct dataplane *dataplane)
{
	dataplane->ops->close(dataplane);
	return lab_dataplane();
}

void
lab_set(struct dataplane *dataplane, const struct dataplane_service *service)
{
	assert_int_equal(dataplane->ops->service_set(dataplane, service), 0);
}

int
lab_set_many(
    struct dataplane *dataplane, const char *vip, uint16_t port, uint8_t count)
{
	struct dataplane_service *service = lab_service(vip, port, count);
	int result = dataplane->ops->service_set(dataplane, service);

	lab_service_free(service);
	return result;
}

/* The index that packets find: 0 if none. */
uint32_t
lab_index_of(const char *vip, uint16_t port)
{
	struct service_key name = lab_key(vip, port);
	struct vc5_service_key key = {
	    .port = htons(port), .protocol = IPPROTO_TCP};
	uint32_t index = 0;
	int fd = lab_map("service_index");

	addr_to_mapped(&name.vip, key.vip);
	if (bpf_map_lookup_elem(fd, &key, &index) != 0)
		index = 0;
	close(fd);
	return index;
}

bool
lab_filtered(const char *vip)
{
	static struct vc5_control control;
	struct addr addr = lab_addr(vip);
	uint8_t mapped[16];
	uint32_t bit;

	addr_to_mapped(&addr, mapped);
	bit = vc5_filter_bit(mapped);
	lab_get("control", 0, &control);
	return control.filter[bit / 64] >> bit % 64 & 1;
}

struct vc5_service
lab_service_at(uint32_t index)
{
	struct vc5_service service;

	lab_get("services", index, &service);
	return service;
}

struct vc5_destination
lab_destination_at(uint32_t index)
{
	struct vc5_destination destination;

	lab_get("destinations", index, &destination);
	return destination;
}

/* The index of a destination in use, by the last byte of its address. */
uint32_t
lab_destination_of(uint32_t service, uint8_t last)
{
	struct vc5_destination destination;

	for (uint32_t i = 1; i <= lab_options().destinations; i++) {
		destination = lab_destination_at(i);
		if (destination.service == service &&
		    destination.address[15] == last)
			return i;
	}
	return 0;
}

/* How many slots of the table in use have the value. */
unsigned
lab_slots_of(uint32_t service, uint32_t value)
{
	static uint16_t slots[VC5_SLOTS];
	unsigned count = 0;

	lab_get("tables", lab_service_at(service).table, slots);
	for (unsigned i = 0; i < VC5_SLOTS; i++)
		count += slots[i] == value;
	return count;
}

bool
lab_table_same(uint32_t service, unsigned half)
{
	static uint16_t tables[2][VC5_SLOTS], table[VC5_SLOTS];
	bool same;

	lab_get("tables", 2 * service + half, table);
	same = memcmp(table, tables[half], sizeof(table)) == 0;
	memcpy(tables[half], table, sizeof(table));
	return same;
}

int
lab_main(const struct CMUnitTest *tests, size_t count)
{
	const char *reason = lab_open();
	int failed;

	if (reason != NULL) {
		printf("1..0 # SKIP %s\n", reason);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("xdp", tests, count, NULL, NULL);
	umount2(root, MNT_DETACH);
	rmdir(root);
	return failed;
}
