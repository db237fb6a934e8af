/* SPDX-License-Identifier: ISC */

/*
 * Which of two text formats of metrics a client would rather have.
 */

#ifndef CORE_STATUS_ACCEPT_H
#define CORE_STATUS_ACCEPT_H

#include <stdbool.h>

/*
 * By its Accept header (RFC 9110, section 12.5.1), NULL = it sent none: true if
 * it names OpenMetrics 1.0.0, and nothing that Prometheus's older text format
 * matches with a greater weight.
 */
bool status_accepts_openmetrics(const char *accept);

#endif
