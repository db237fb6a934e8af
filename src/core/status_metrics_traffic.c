/* SPDX-License-Identifier: ISC */

/*
 * Metric families of the packets for VIPs: see status_metrics.c.
 */

#include "core/status_family.h"
#include "core/status_value.h"

static void
sample_traffic(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "traffic"), family->key));
}

static void
sample_drops(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *drop;
	size_t i;

	json_array_foreach(json_object_get(status, "drops"), i, drop) {
		put_labelled(out, family, "reason",
		    status_string(drop, "reason"),
		    json_object_get(drop, family->key));
	}
}

static void
sample_answers(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *answer;
	size_t i;

	json_array_foreach(json_object_get(status, "answers"), i, answer) {
		put_labelled(out, family, "kind", status_string(answer, "kind"),
		    json_object_get(answer, family->key));
	}
}

static const struct family families[] = {
    {"received_packets_total", "counter",
	"Packets for VIPs that came from clients.", sample_traffic,
	"rx_packets"},
    {"received_bytes_total", "counter",
	"Bytes of packets for VIPs that came from clients.", sample_traffic,
	"rx_bytes"},
    {"sent_packets_total", "counter", "Packets sent on to destinations.",
	sample_traffic, "tx_packets"},
    {"sent_bytes_total", "counter",
	"Bytes sent on to destinations, encapsulation included.",
	sample_traffic, "tx_bytes"},
    {"dropped_packets_total", "counter",
	"Packets for a VIP that were dropped, by reason.", sample_drops,
	"packets"},
    {"dropped_bytes_total", "counter",
	"Bytes of packets for a VIP that were dropped, by reason.",
	sample_drops, "bytes"},
    {"icmp_answers_total", "counter",
	"ICMP packets that were made for a VIP and sent to clients, by kind.",
	sample_answers, "packets"},
};

static const struct family of_services[] = {
    {"service_packets_total", "counter",
	"Packets sent to the service's destinations.", sample_service,
	"packets"},
    {"service_bytes_total", "counter",
	"Bytes of packets sent to the service's destinations, as they came.",
	sample_service, "bytes"},
    {"service_sent_bytes_total", "counter",
	"Bytes sent to the service's destinations, encapsulation included.",
	sample_service, "tx_bytes"},
    {"service_flows_total", "counter",
	"Flows that were entered in the flow table.", sample_service, "flows"},
    {"service_connections", "gauge",
	"Flows that are confirmed and not idle, as they were counted last.",
	sample_service, "connections"},
    {"service_stateless_packets_total", "counter",
	"Packets sent by hash, without an entry in the flow table.",
	sample_service, "stateless"},
    {"service_no_destination_packets_total", "counter",
	"Packets dropped because no destination was up.", sample_service,
	"no_destination"},
    {"service_no_destination_bytes_total", "counter",
	"Bytes dropped because no destination was up.", sample_service,
	"no_destination_bytes"},
};

static const struct family of_destinations[] = {
    {"destination_packets_total", "counter", "Packets sent to the destination.",
	sample_destinations, "packets"},
    {"destination_bytes_total", "counter",
	"Bytes of packets sent to the destination, as they came.",
	sample_destinations, "bytes"},
    {"destination_sent_bytes_total", "counter",
	"Bytes sent to the destination, encapsulation included.",
	sample_destinations, "tx_bytes"},
    {"destination_flows_total", "counter",
	"Flows that were entered in the flow table.", sample_destinations,
	"flows"},
    {"destination_connections", "gauge",
	"Flows that are confirmed and not idle, as they were counted last.",
	sample_destinations, "connections"},
    {"destination_stateless_packets_total", "counter",
	"Packets sent by hash, without an entry in the flow table.",
	sample_destinations, "stateless"},
};

const struct family *
status_traffic_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}

const struct family *
status_traffic_service_families(size_t *count)
{
	*count = sizeof(of_services) / sizeof(of_services[0]);
	return of_services;
}

const struct family *
status_traffic_destination_families(size_t *count)
{
	*count = sizeof(of_destinations) / sizeof(of_destinations[0]);
	return of_destinations;
}
