/* SPDX-License-Identifier: ISC */

/*
 * How bad it is that a condition lasts which somebody should look at.
 */

#ifndef CORE_ALERT_H
#define CORE_ALERT_H

/* From the worst on. */
enum alert_severity {
	ALERT_CRITICAL,
	ALERT_HIGH,
	ALERT_MEDIUM,
	ALERT_LOW
};

#define ALERT_SEVERITIES 4

/* "critical", "high", "medium", "low"; NULL ends them. */
extern const char *const alert_severity_names[];

#endif
