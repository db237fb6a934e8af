/* SPDX-License-Identifier: ISC */

/*
 * What the data plane counts: read from memory that the programs write.
 */

#include <string.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static const struct dataplane_reason reasons[VC5_DROPS] = {
    [VC5_DROP_MALFORMED] = {.name = "malformed",
	.help = "Packets for a VIP whose headers are wrong or cut off."},
    [VC5_DROP_FRAGMENT] = {.name = "fragment",
	.help = "Later fragments for a VIP whose first one was not seen."},
    [VC5_DROP_TTL] = {.name = "ttl",
	.help = "Packets for a VIP whose TTL ran out."},
    [VC5_DROP_UNSERVED] = {.name = "unserved",
	.help = "Packets for a VIP to a port or protocol without a service."},
    [VC5_DROP_NO_DESTINATION] = {.name = "no_destination",
	.help = "Packets for a service without a destination that is up."},
    [VC5_DROP_UNRESOLVED] = {.name = "unresolved",
	.help = "Packets for a destination whose MAC address is not known."},
    [VC5_DROP_TOO_BIG] = {.name = "too_big",
	.help =
	    "Packets for a VIP larger than the MTU on the way to its server."},
    [VC5_DROP_ICMP] = {.name = "icmp",
	.help = "ICMP errors to a VIP about nothing that it serves."},
    [VC5_DROP_LIMIT] = {.name = "icmp_limit",
	.help = "Pings of a VIP beyond the limit (icmp_limit)."},
    [VC5_DROP_FAULT] = {.name = "fault",
	.help = "Packets that could not be changed as they should."},
    [VC5_DROP_BLOCKED] = {.name = "blocked",
	.help = "Packets for a VIP from a source that is blocked."},
};

static const struct dataplane_reason answers[VC5_ANSWERS] = {
    [VC5_ANSWER_ECHO] = {.name = "echo_reply",
	.help = "Answers to pings of a VIP."},
    [VC5_ANSWER_TTL] = {.name = "time_exceeded",
	.help = "Time exceeded, about packets for a VIP whose TTL ran out.",
	.about_drops = true},
    [VC5_ANSWER_TOO_BIG] = {.name = "too_big",
	.help = "Too big, about packets for a VIP that don't fit the MTU.",
	.about_drops = true},
};

/* Bytes that encapsulation has put before so many packets. */
static uint64_t
added(const struct xdp *xdp, uint16_t index, uint64_t packets)
{
	const struct vc5_destination_counters *first =
	    &xdp->destination_counters[index * xdp->cpus];

	return first->added +
	    (packets - first->added_packets) *
	    xdp_destination_overhead(xdp, index);
}

static void
add_destination(
    const struct xdp *xdp, uint16_t index, struct dataplane_counters *sum)
{
	const struct vc5_destination_counters *line =
	    &xdp->destination_counters[index * xdp->cpus];
	uint64_t packets = 0, bytes = 0;

	for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++, line++) {
		packets += READ(line->packets);
		bytes += READ(line->bytes);
		sum->flows += READ(line->flows);
		sum->stateless += READ(line->stateless);
	}
	sum->packets += packets;
	sum->bytes += bytes;
	sum->tx_bytes += bytes + added(xdp, index, packets);
	sum->connections += xdp->connections[index];
}

static void
add_service(const struct xdp *xdp, const struct xdp_service *service,
    struct dataplane_counters *sum)
{
	const struct vc5_service_counters *line =
	    &xdp->service_counters[service->index * xdp->cpus];

	sum->packets = line->gone.packets;
	sum->bytes = line->gone.bytes;
	sum->tx_bytes = line->gone.bytes + line->gone.added;
	sum->flows = line->gone.flows;
	sum->stateless = line->gone.stateless;
	for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++, line++) {
		sum->no_destination += READ(line->no_destination);
		sum->no_destination_bytes += READ(line->no_destination_bytes);
	}
	for (size_t i = 0; i < service->destination_count; i++)
		add_destination(xdp, service->destinations[i].index, sum);
}

int
xdp_counters(struct dataplane *dataplane, const struct service_key *key,
    const struct addr *address, struct dataplane_counters *counters)
{
	struct xdp *xdp = xdp_of(dataplane);
	const struct xdp_service *service = xdp_service_find(xdp, key);
	const struct xdp_destination *destination;

	memset(counters, 0, sizeof(*counters));
	if (service != NULL && address == NULL) {
		add_service(xdp, service, counters);
		return 0;
	}
	destination =
	    service == NULL ? NULL : xdp_destination_find(service, address);
	if (destination == NULL) {
		log_debug("no counters: not in the data plane");
		return -1;
	}
	add_destination(xdp, destination->index, counters);
	return 0;
}

void
xdp_counters_settle(struct xdp *xdp, uint16_t index)
{
	struct vc5_destination_counters *first =
	    &xdp->destination_counters[index * xdp->cpus];
	struct dataplane_counters sum = {0};

	add_destination(xdp, index, &sum);
	first->added = sum.tx_bytes - sum.bytes;
	first->added_packets = sum.packets;
}

void
xdp_counters_retire(struct xdp *xdp, uint16_t service, uint16_t index)
{
	struct dataplane_counters sum = {0};
	struct vc5_service_counters *line;

	add_destination(xdp, index, &sum);
	if (service < xdp->limits[XDP_SERVICES]) {
		line = &xdp->service_counters[service * xdp->cpus];
		line->gone.packets += sum.packets;
		line->gone.bytes += sum.bytes;
		line->gone.flows += sum.flows;
		line->gone.stateless += sum.stateless;
		line->gone.added += sum.tx_bytes - sum.bytes;
	}
	xdp->connections[index] = xdp->counting[index] = 0;
	memset(&xdp->destination_counters[index * xdp->cpus], 0,
	    xdp->cpus * sizeof(*xdp->destination_counters));
}

void
xdp_counters_clear_service(struct xdp *xdp, uint16_t service)
{
	memset(&xdp->service_counters[service * xdp->cpus], 0,
	    xdp->cpus * sizeof(*xdp->service_counters));
}

const struct dataplane_reason *
xdp_drops(struct dataplane *dataplane, size_t *count)
{
	struct xdp *xdp = xdp_of(dataplane);

	for (size_t i = 0; i < VC5_DROPS; i++) {
		xdp->reasons[i] = reasons[i];
		for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++) {
			xdp->reasons[i].packets +=
			    READ(xdp->drop_counters[cpu].packets[i]);
			xdp->reasons[i].bytes +=
			    READ(xdp->drop_counters[cpu].bytes[i]);
		}
	}
	*count = VC5_DROPS;
	return xdp->reasons;
}

const struct dataplane_reason *
xdp_answers(struct dataplane *dataplane, size_t *count)
{
	struct xdp *xdp = xdp_of(dataplane);

	for (size_t i = 0; i < VC5_ANSWERS; i++) {
		xdp->answers[i] = answers[i];
		for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++)
			xdp->answers[i].packets +=
			    READ(xdp->drop_counters[cpu].answers[i]);
	}
	for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++)
		xdp->answers[VC5_ANSWER_ECHO].bytes +=
		    READ(xdp->drop_counters[cpu].echo_bytes);
	*count = VC5_ANSWERS;
	return xdp->answers;
}

/* Entries given away, by the rank of what had been there. */
static uint64_t
taken(const struct xdp *xdp, enum vc5_rank rank)
{
	uint64_t sum = READ(xdp->control->taken[rank]);

	for (uint32_t cpu = 0; cpu < xdp->cpus; cpu++)
		sum += READ(xdp->drop_counters[cpu].taken[rank]);
	return sum;
}

void
xdp_flows(struct dataplane *dataplane, struct dataplane_flows *flows)
{
	static const enum vc5_rank ranks[EVICTED_REASONS] = {
	    [EVICTED_EMBRYONIC] = VC5_RANK_EMBRYONIC,
	    [EVICTED_IDLE] = VC5_RANK_IDLE,
	    [EVICTED_CLOSED] = VC5_RANK_CLOSED,
	    [EVICTED_GONE] = VC5_RANK_GONE,
	};
	struct xdp *xdp = xdp_of(dataplane);

	*flows = xdp->scan;
	flows->capacity = xdp->limits[XDP_FLOWS];
	for (size_t i = 0; i < EVICTED_REASONS; i++)
		flows->evicted[i] = taken(xdp, ranks[i]);
	flows->full = taken(xdp, VC5_RANK_LIVE);
	flows->memory = xdp->mappings[XDP_MAP_FLOWS].length +
	    xdp->mappings[XDP_MAP_TUPLES].length + xdp_shadow_bytes(xdp);
}
