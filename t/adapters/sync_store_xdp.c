/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane as the flow table of sync_driver, for contrib/bench: see
 * sync_store.h.  Flows are entered as learnt ones are.  They are kept alive by
 * a process beside, which stamps their entries as packets would, so that its
 * time is not counted as the adapter's.
 */

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "adapters/dataplane.h"
#include "adapters/dataplane_xdp.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "bpf/abi.h"
#include "sync_store.h"

#define SERVICES 16
#define SERVERS	 16 /* of each service */
#define IDLE	 900

struct store {
	struct dataplane *dataplane;
	struct vc5_bucket *buckets;
	struct vc5_control *control;
	size_t capacity;
	pid_t packets; /* the process; 0 = none */
};

static char root[256], pins[sizeof(root) + 8];

static void
make_service(struct store *s, unsigned number)
{
	struct dataplane_destination servers[SERVERS] = {0};
	struct dataplane_service service = {
	    .track = true,
	    .idle = IDLE,
	    .destinations = servers,
	    .destination_count = SERVERS,
	};
	struct flow f;
	unsigned i;

	for (i = 0; i < SERVERS; i++) {
		store_flow(number + (size_t)i * SERVICES, &f);
		servers[i].address = f.server;
		servers[i].state = DESTINATION_UP;
		servers[i].weight = 1;
		servers[i].ifindex = 1;
		servers[i].mac[0] = 2;
		servers[i].source_mac[0] = 2;
		servers[i].mtu = 1500;
	}
	service.key = f.service;
	if (s->dataplane->ops->service_set(s->dataplane, &service) == -1)
		errx(1, "service %u", number);
}

static void *
map_memory(const char *name, size_t size)
{
	char path[sizeof(pins) + 64];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/maps/%s", pins, name);
	if ((fd = bpf_obj_get(path)) < 0)
		err(1, "%s", path);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return memory;
}

struct store *
store_new(size_t capacity, unsigned refresh)
{
	struct dataplane_xdp_options options = {
	    .pin_directory = pins,
	    .mark = 0x56430000,
	    .flows = (uint32_t)capacity,
	    .services = SERVICES,
	    .destinations = SERVICES * SERVERS,
	};
	struct store *s = xcalloc(1, sizeof(*s));
	unsigned i;

	(void)refresh;
	/* Who started this removes what is left of it, should it be killed. */
	if (getcwd(root, sizeof(root) - 16) == NULL)
		err(1, "getcwd");
	strcat(root, "/xdp-XXXXXX");
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mkdtemp(root) == NULL ||
	    mount("bpf", root, "bpf", 0, "mode=0700") == -1)
		err(1, "a BPF filesystem");
	snprintf(pins, sizeof(pins), "%s/bench", root);
	if ((s->dataplane = dataplane_xdp_open(&options)) == NULL)
		errx(1, "no data plane");
	s->capacity = capacity;
	for (i = 0; i < SERVICES; i++)
		make_service(s, i);
	s->buckets = map_memory(
	    "flows", capacity / VC5_WAYS * sizeof(struct vc5_bucket));
	s->control = map_memory("control", sizeof(struct vc5_control));
	store_tick(s);
	return s;
}

void
store_free(struct store *s)
{
	if (s->packets != 0) {
		kill(s->packets, SIGTERM);
		waitpid(s->packets, NULL, 0);
	}
	s->dataplane->ops->stop(s->dataplane);
	umount2(root, MNT_DETACH);
	rmdir(root);
	free(s);
}

void
store_tick(struct store *s)
{
	s->dataplane->ops->tick(s->dataplane, monotime_ms() / 1000);
}

void
store_flow(size_t number, struct flow *f)
{
	memset(f, 0, sizeof(*f));
	f->service.vip.family = f->client.family = f->server.family = AF_INET;
	memcpy(f->service.vip.bytes, "\xc0\x00\x02", 3);
	f->service.vip.bytes[3] = (uint8_t)(number % SERVICES + 1);
	f->service.port = 443;
	f->service.protocol = IPPROTO_TCP;
	memcpy(f->server.bytes, "\x0a\x01\x00", 3);
	f->server.bytes[3] = (uint8_t)(number / SERVICES % SERVERS + 1);
	f->client.bytes[0] = 100;
	f->client.bytes[1] = (uint8_t)(number >> 18);
	f->client.bytes[2] = (uint8_t)(number >> 10);
	f->client.bytes[3] = (uint8_t)(number >> 2);
	f->client_port = (uint16_t)(1024 + number % 4);
	f->state = FLOW_CONFIRMED;
}

void
store_packet(struct store *s, size_t number, enum flow_state state)
{
	struct flow f;

	store_flow(number, &f);
	f.state = state;
	s->dataplane->ops->flow_learn(s->dataplane, &f);
}

/* What packets of all flows that are confirmed do, each second. */
static void
stamp_all(const struct store *s)
{
	uint32_t now = __atomic_load_n(&s->control->clock, __ATOMIC_RELAXED);
	uint32_t stamp = (uint32_t)VC5_FLOW_CONFIRMED << VC5_STAMP_SHIFT |
	    (now & VC5_STAMP_SECONDS);
	size_t i;

	for (i = 0; i < s->capacity; i++) {
		struct vc5_flow *f =
		    &s->buckets[i / VC5_WAYS].ways[i % VC5_WAYS];
		uint32_t is = __atomic_load_n(&f->stamp, __ATOMIC_RELAXED);

		if (is >> VC5_STAMP_SHIFT == VC5_FLOW_CONFIRMED)
			__atomic_compare_exchange_n(&f->stamp, &is, stamp,
			    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

void
store_packets(struct store *s)
{
	if (s->packets != 0)
		return;
	if ((s->packets = fork()) != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	for (;;) {
		stamp_all(s);
		sleep(1);
	}
}

void
store_limit(struct store *s, unsigned services, unsigned servers)
{
	(void)s;
	(void)services;
	(void)servers;
}

void
store_clear(struct store *s)
{
	memset(
	    s->buckets, 0, s->capacity / VC5_WAYS * sizeof(struct vc5_bucket));
}

static bool
digest_one(
    const struct flow *f, const struct dataplane_flow_note *note, void *arg)
{
	uint64_t hash = 0xcbf29ce484222325U ^ f->state;
	const uint8_t bytes[] = {f->service.vip.bytes[3], f->server.bytes[3],
	    f->client.bytes[1], f->client.bytes[2], f->client.bytes[3],
	    (uint8_t)f->client_port};
	size_t i;

	(void)note;
	for (i = 0; i < sizeof(bytes); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3U;
	*(uint64_t *)arg += hash;
	return true;
}

static void
walk_all(const struct store *s, dataplane_flow_fn *fn, void *arg)
{
	uint64_t cursor = 0;

	while (cursor != DATAPLANE_WALK_END)
		s->dataplane->ops->flows_walk(
		    s->dataplane, &cursor, 0, fn, arg);
}

size_t
store_count(const struct store *s)
{
	struct dataplane_flows flows = {0};

	s->dataplane->ops->flows(s->dataplane, &flows);
	return flows.confirmed;
}

size_t
store_closed(const struct store *s)
{
	struct dataplane_flows flows = {0};

	s->dataplane->ops->flows(s->dataplane, &flows);
	return flows.closed;
}

uint32_t
store_oldest(const struct store *s)
{
	(void)s;
	return 0;
}

uint64_t
store_digest(const struct store *s)
{
	uint64_t digest = 0;

	walk_all(s, digest_one, &digest);
	return digest;
}

void
store_tell(struct store *s, dataplane_flow_fn *fn, void *arg)
{
	s->dataplane->ops->flows_tell(s->dataplane, fn, arg);
}

void
store_walk(struct store *s, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *fn, void *arg)
{
	s->dataplane->ops->flows_walk(s->dataplane, cursor, within, fn, arg);
}

enum dataplane_learnt
store_learn(struct store *s, const struct flow *flow)
{
	return s->dataplane->ops->flow_learn(s->dataplane, flow);
}
