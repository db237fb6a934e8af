/* SPDX-License-Identifier: ISC */

/*
 * Metric families: what one is, and how its samples are written.
 */

#ifndef CORE_STATUS_FAMILY_H
#define CORE_STATUS_FAMILY_H

#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

struct family;

/*
 * Writes a family's samples.  What they are of is the status document, but for
 * its "services"; or one of these, of families of services; or one, with some
 * of its "destinations", of families of these.  Which it is, the table says
 * that the family is in: see status_metrics_text.c.
 */
typedef void sample_fn(FILE *, const struct family *, const json_t *of);

struct family {
	const char *name; /* less the prefix "vc5_"; "process_..." is whole */
	const char *type;
	const char *help;
	sample_fn *samples;
	const char *key; /* of the value, where the function wants one */
};

/* What comes before the name. */
const char *family_prefix(const struct family *);

/* A sample is the name, labels in braces if it has any, and the value. */
void put_name(FILE *, const struct family *);
/* The value of a label is escaped. */
void put_label(FILE *, const char *name, const char *value);
void put_value(FILE *, const json_t *);
/* A sample with one label. */
void put_labelled(FILE *, const struct family *, const char *label,
    const char *text, const json_t *value);

/* Labels that name a service, or a destination; braces are the caller's. */
void put_service_labels(FILE *, const json_t *service);
void put_destination_labels(
    FILE *, const json_t *service, const json_t *destination);

typedef void destination_fn(FILE *, const struct family *,
    const json_t *service, const json_t *destination);
void each_destination(
    FILE *, const struct family *, const json_t *service, destination_fn *);

/* Samples of a service, or of its destinations, of what has the key there. */
sample_fn sample_service, sample_destinations;

/* Those of the data plane and VIPs, and of bgpd, in status_metrics.c. */
const struct family *status_main_families(size_t *count);
const struct family *status_bgp_families(size_t *count);
/* Those of packets, all, services' and destinations': status_metrics_traffic.c.
 */
const struct family *status_traffic_families(size_t *count);
const struct family *status_traffic_service_families(size_t *count);
const struct family *status_traffic_destination_families(size_t *count);
/* Those of the process, in status_metrics_process.c. */
const struct family *status_process_families(size_t *count);
/* Those of services and destinations, in status_metrics_services.c. */
const struct family *status_service_families(size_t *count);
const struct family *status_destination_families(size_t *count);
/*
 * Those of health checks: of a service's, of a destination's, and of all
 * together; in status_metrics_checks.c.
 */
const struct family *status_check_service_families(size_t *count);
const struct family *status_check_destination_families(size_t *count);
const struct family *status_check_families(size_t *count);
/* Those of sync, in status_metrics_sync.c. */
const struct family *status_sync_families(size_t *count);
/* Those of run-time orders, in status_metrics_orders.c. */
const struct family *status_order_families(size_t *count);
/* Those of the web console's server, in status_metrics_web.c. */
const struct family *status_web_families(size_t *count);
/* Those of what is sent elsewhere, in status_metrics_shipping.c. */
const struct family *status_shipping_families(size_t *count);

#endif
