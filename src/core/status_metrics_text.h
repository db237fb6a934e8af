/* SPDX-License-Identifier: ISC */

/*
 * Metrics of a status document that comes in pieces, since that of many
 * servers takes long to make.
 *
 * Both formats want all samples of a family in one place ("as one single
 * group", says Prometheus's; OpenMetrics 1.0.0, section "Overall Structure",
 * forbids to interleave them), and a server has samples in many families.  So
 * the text of each family is kept apart while services come, and they are put
 * one behind the other in the end.  What a server has in different families is
 * thus of one moment; servers are of different ones, as long apart as the
 * making took.
 */

#ifndef CORE_STATUS_METRICS_TEXT_H
#define CORE_STATUS_METRICS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct metrics;

/* As OpenMetrics, or in Prometheus's own format. */
struct metrics *metrics_new(bool openmetrics);
/* NULL is accepted. */
void metrics_free(struct metrics *);

/* The document, whose "services" are not looked at: once. */
void metrics_add_document(struct metrics *, const json_t *status);
/*
 * One of its "services", with some of its "destinations": first is said of
 * those with which the service comes for the first time.
 */
void metrics_add_service(struct metrics *, const json_t *service, bool first);

/* All has been added: bytes of the text. */
size_t metrics_length(const struct metrics *);
/*
 * Then, the next piece of it, of at most so many bytes, and of any number but
 * 0: valid until the next call.  NULL at the end.
 */
const char *metrics_take(struct metrics *, size_t max, size_t *length);

#endif
