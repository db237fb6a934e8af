/* SPDX-License-Identifier: ISC */

/*
 * A data plane that keeps what it was told in the record; see fakes.h.
 */

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "fakes.h"
#include "fakes_sources.h"

struct dataplane_service *
fake_service(const char *text)
{
	char buf[SERVICE_KEY_STRLEN];
	size_t i;

	for (i = 0; i < record.service_count; i++)
		if (strcmp(service_key_format(&record.services[i].key, buf),
			text) == 0)
			return &record.services[i];
	return NULL;
}

static struct dataplane_destination *
find_destination(struct dataplane_service *s, const struct addr *a)
{
	size_t i;

	for (i = 0; s != NULL && i < s->destination_count; i++)
		if (addr_compare(&s->destinations[i].address, a) == 0)
			return &s->destinations[i];
	return NULL;
}

enum destination_state
fake_state(const char *key, const char *server)
{
	struct addr a = fake_address(server);
	struct dataplane_destination *d =
	    find_destination(fake_service(key), &a);

	return d == NULL ? (enum destination_state) - 1 : d->state;
}

static struct dataplane_service *
find_service(const struct service_key *key)
{
	size_t i;

	for (i = 0; i < record.service_count; i++)
		if (service_key_compare(&record.services[i].key, key) == 0)
			return &record.services[i];
	return NULL;
}

static int
service_set(struct dataplane *dp, const struct dataplane_service *s)
{
	struct dataplane_service *mine = find_service(&s->key);
	size_t size = s->destination_count * sizeof(*s->destinations);

	(void)dp;
	record.sets++;
	usleep(world.set_takes * 1000);
	if (world.set_fails)
		return -1;
	if (mine == NULL) {
		if (record.service_count == FAKE_SERVICES)
			abort();
		record.answers[record.service_count] = false;
		mine = &record.services[record.service_count++];
	} else
		free(mine->destinations);
	*mine = *s;
	mine->destinations = xcalloc(1, size);
	memcpy(mine->destinations, s->destinations, size);
	return 0;
}

static void
service_remove(struct dataplane *dp, const struct service_key *key)
{
	struct dataplane_service *mine = find_service(key);

	(void)dp;
	if (mine == NULL)
		abort();
	record.removes++;
	free(mine->destinations);
	*mine = record.services[--record.service_count];
	record.answers[mine - record.services] =
	    record.answers[record.service_count];
}

static void
service_each(struct dataplane *dp,
    void (*function)(const struct dataplane_service *, void *), void *arg)
{
	size_t i;

	(void)dp;
	for (i = 0; i < record.service_count; i++)
		function(&record.services[i], arg);
}

static void
former_each(struct dataplane *dp, void (*function)(const struct addr *, void *),
    void *arg)
{
	(void)dp;
	(void)function;
	(void)arg;
}

bool
fake_attached(const char *name)
{
	size_t i;

	for (i = 0; i < FAKE_PORTS; i++)
		if (strcmp(record.attached[i], name) == 0)
			return true;
	return false;
}

void
fake_leave_attached(const char *name)
{
	size_t i = 0;

	if (fake_attached(name))
		return;
	while (record.attached[i][0] != '\0')
		if (++i == FAKE_PORTS)
			abort();
	snprintf(record.attached[i], sizeof(record.attached[i]), "%s", name);
}

static int
interface_attach(struct dataplane *dp, const char *name, int ifindex,
    enum xdp_mode mode, bool *native)
{
	(void)dp;
	(void)ifindex;
	record.attaches++;
	if (world.attach_fails ||
	    (world.bond_fails && strcmp(name, "eth0") == 0))
		return -1;
	fake_leave_attached(name);
	*native = mode != XDP_GENERIC && !world.only_generic;
	return 0;
}

static void
interface_detach(struct dataplane *dp, const char *name)
{
	size_t i;

	(void)dp;
	for (i = 0; i < FAKE_PORTS; i++)
		if (strcmp(record.attached[i], name) == 0)
			record.attached[i][0] = '\0';
}

static bool
interface_is_attached(struct dataplane *dp, const char *name)
{
	(void)dp;
	return fake_attached(name);
}

static void
interface_detach_others(struct dataplane *dp, char *const *names, size_t count)
{
	size_t i, j;

	(void)dp;
	for (i = 0; i < FAKE_PORTS; i++) {
		for (j = 0; j < count; j++)
			if (strcmp(record.attached[i], names[j]) == 0)
				break;
		if (j == count)
			record.attached[i][0] = '\0';
	}
}

static void
settings_set(struct dataplane *dp, const struct dataplane_settings *settings)
{
	(void)dp;
	record.settings = *settings;
}

/* As the real one, of VIPs only. */
static void
vip_answers(struct dataplane *dp, const struct addr *vip, bool answers)
{
	size_t i;

	(void)dp;
	for (i = 0; i < record.service_count; i++)
		if (addr_compare(&record.services[i].key.vip, vip) == 0)
			record.answers[i] = answers;
}

bool
fake_answers(const char *key)
{
	const struct dataplane_service *s = fake_service(key);

	return s != NULL && record.answers[s - record.services];
}

static int
probe_attach(struct dataplane *dp, int ifindex, int peer)
{
	(void)peer;
	(void)dp;
	(void)ifindex;
	return 0;
}

/* The mark is the server's number, from 1. */
static int
probe_mark(struct dataplane *dp, const struct service_key *key,
    const struct addr *a, uint32_t *mark)
{
	(void)dp;
	if (find_destination(find_service(key), a) == NULL)
		return -1;
	*mark = (uint32_t)(fake_server_at(a) - world.servers) + 1;
	return 0;
}

static int
counters(struct dataplane *dp, const struct service_key *key,
    const struct addr *a, struct dataplane_counters *out)
{
	(void)dp;
	(void)key;
	(void)a;
	usleep(world.counters_take * 1000);
	*out = world.counters;
	out->packets++;
	return 0;
}

static const struct dataplane_reason *
drops(struct dataplane *dp, size_t *count)
{
	static struct dataplane_reason reasons[] = {
	    {.name = "ttl", .help = ""}};

	(void)dp;
	reasons[0].packets = 3 + world.lost;
	reasons[0].bytes = world.lost_bytes;
	*count = 1;
	return reasons;
}

static const struct dataplane_reason *
answers(struct dataplane *dp, size_t *count)
{
	static struct dataplane_reason kinds[] = {
	    {.name = "echo_reply", .help = ""},
	    {.name = "time_exceeded", .help = "", .about_drops = true}};

	(void)dp;
	kinds[0].packets = 4 + world.lost;
	kinds[0].bytes = world.lost_bytes;
	kinds[1].packets = world.lost;
	*count = 2;
	return kinds;
}

static void
flows(struct dataplane *dp, struct dataplane_flows *out)
{
	(void)dp;
	*out = (struct dataplane_flows){
	    .capacity = 1024, .confirmed = world.counters.connections};
}

static void
flows_tell(struct dataplane *dp, dataplane_flow_fn *tell, void *arg)
{
	(void)dp;
	(void)tell;
	(void)arg;
}

/* Every third was learnt; a call looks at 1,500. */
static void
flows_walk(struct dataplane *dp, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *tell, void *arg)
{
	uint64_t end = *cursor + 1500;
	struct dataplane_flow_note note = {.created = 7};

	(void)dp;
	(void)within;
	for (; *cursor < end && *cursor < world.flow_count; ++*cursor) {
		note.learnt = *cursor % 3 == 2;
		if (!tell(&world.flows[*cursor], &note, arg))
			return;
	}
	if (*cursor >= world.flow_count)
		*cursor = DATAPLANE_WALK_END;
}

static enum dataplane_learnt
flow_learn(struct dataplane *dp, const struct flow *flow)
{
	(void)dp;
	return find_service(&flow->service) == NULL ? LEARNT_NO_SERVICE
						    : LEARNT_NEW;
}

static int
explain(struct dataplane *dp, const struct service_key *key,
    const struct addr *client, uint16_t port, struct dataplane_explanation *out)
{
	const struct dataplane_service *s = find_service(key);

	(void)dp;
	(void)client;
	(void)port;
	*out = (struct dataplane_explanation){.slots = 65537};
	if (s == NULL)
		return -1;
	if (world.explanation.slots > 0)
		*out = world.explanation;
	out->tracked = s->track;
	if (world.explanation.slots == 0 && s->destination_count > 0)
		out->chosen = s->destinations[0].address;
	return 0;
}

static int
explain_without(struct dataplane *dp, const struct service_key *key,
    uint32_t slot, const struct addr *gone, struct addr *chosen)
{
	const struct dataplane_service *s = find_service(key);
	size_t i;

	(void)dp;
	(void)slot;
	*chosen = (struct addr){0};
	if (s == NULL)
		return -1;
	for (i = 0; i < s->destination_count; i++)
		if (addr_compare(&s->destinations[i].address, gone) != 0) {
			*chosen = s->destinations[i].address;
			break;
		}
	return 0;
}

static uint64_t
table_digest(struct dataplane *dp, const struct service_key *key)
{
	const struct dataplane_service *s = find_service(key);

	(void)dp;
	record.digests++;
	usleep(world.digest_takes * 1000);
	return s == NULL ? 0 : 1 + s->destination_count;
}

static void
tick(struct dataplane *dp, uint64_t now)
{
	(void)dp;
	(void)now;
	record.ticks++;
}

static void
stop(struct dataplane *dp)
{
	(void)dp;
	record.stops++;
	memset(record.attached, 0, sizeof(record.attached));
}

static void
close_it(struct dataplane *dp)
{
	(void)dp;
}

struct dataplane *
fake_dataplane(void)
{
	static const struct dataplane_ops ops = {
	    .name = "fake",
	    .interface_attach = interface_attach,
	    .interface_detach = interface_detach,
	    .interface_is_attached = interface_is_attached,
	    .interface_detach_others = interface_detach_others,
	    .probe_attach = probe_attach,
	    .probe_mark = probe_mark,
	    .settings_set = settings_set,
	    .vip_answers = vip_answers,
	    .service_set = service_set,
	    .service_remove = service_remove,
	    .service_each = service_each,
	    .former_each = former_each,
	    .counters = counters,
	    .drops = drops,
	    .answers = answers,
	    .block = fake_block,
	    .unblock = fake_unblock,
	    .blocked_each = fake_blocked_each,
	    .blocked_counters = fake_blocked_counters,
	    .sources_each = fake_sources_each,
	    .sources = fake_sources_get,
	    .flows = flows,
	    .flows_tell = flows_tell,
	    .flows_walk = flows_walk,
	    .flow_learn = flow_learn,
	    .explain = explain,
	    .explain_without = explain_without,
	    .table_digest = table_digest,
	    .tick = tick,
	    .stop = stop,
	    .close = close_it,
	};
	static struct dataplane dp = {&ops};

	return &dp;
}

void
fake_leave(const char *vip, uint16_t port, const char *server,
    enum destination_state state)
{
	struct dataplane_destination d = {
	    .address = fake_address(server), .state = state, .ifindex = 2};
	struct dataplane_service s = {
	    .key = {fake_address(vip), port, IPPROTO_TCP},
	    .answers = true,
	    .destinations = &d,
	    .destination_count = 1,
	};

	service_set(NULL, &s);
	record.sets = 0;
}
