/* SPDX-License-Identifier: ISC */

/*
 * Severities of alerts: see alert.h.
 */

#include <stddef.h>

#include "core/alert.h"

const char *const alert_severity_names[] = {
    [ALERT_CRITICAL] = "critical",
    [ALERT_HIGH] = "high",
    [ALERT_MEDIUM] = "medium",
    [ALERT_LOW] = "low",
    [ALERT_SEVERITIES] = NULL,
};
