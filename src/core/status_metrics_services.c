/* SPDX-License-Identifier: ISC */

/*
 * The metric families of services, and those of their destinations.  A
 * service's name is not unique, so that VIP, port and protocol are labels too.
 */

#include <stdio.h>
#include <string.h>

#include "core/status_family.h"
#include "core/status_value.h"

/* One series a state, 1 for the one that it is in. */
static void
put_destination_states(FILE *out, const struct family *family,
    const json_t *service, const json_t *destination)
{
	static const char *const states[] = {"up", "draining", "down"};
	const char *state = status_string(destination, "state");
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		put_name(out, family);
		put_destination_labels(out, service, destination);
		fprintf(out, ",state=\"%s\"} %d\n", states[i],
		    strcmp(state, states[i]) == 0);
	}
}

static void
sample_destination_states(
    FILE *out, const struct family *family, const json_t *service)
{
	each_destination(out, family, service, put_destination_states);
}

static const struct family of_services[] = {
    {"service_ok", "gauge",
	"Are at least as many destinations up as are needed.", sample_service,
	"ok"},
    {"service_destinations_up", "gauge", "Destinations that are up.",
	sample_service, "up"},
    {"service_destinations_needed", "gauge",
	"Destinations below which the VIP is withdrawn.", sample_service,
	"need"},
};

static const struct family of_destinations[] = {
    {"destination_state", "gauge",
	"State of the destination: 1 for the one that it is in.",
	sample_destination_states, NULL},
    {"destination_healthy", "gauge", "Do all of its checks pass.",
	sample_destinations, "healthy"},
    {"destination_weight", "gauge", "Its share of new flows.",
	sample_destinations, "weight"},
    {"destination_mtu_bytes", "gauge",
	"Largest packet on the way to the destination; 0 if not known.",
	sample_destinations, "mtu"},
};

const struct family *
status_service_families(size_t *count)
{
	*count = sizeof(of_services) / sizeof(of_services[0]);
	return of_services;
}

const struct family *
status_destination_families(size_t *count)
{
	*count = sizeof(of_destinations) / sizeof(of_destinations[0]);
	return of_destinations;
}
