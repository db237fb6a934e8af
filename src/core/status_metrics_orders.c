/* SPDX-License-Identifier: ISC */

/*
 * The metric families of what was ordered at run time, and of what keeps
 * servers as they were.
 */

#include "core/status_family.h"
#include "core/status_value.h"

static void
sample_overrides(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const kinds[] = {"service", "backend", "vip"};
	const json_t *list = json_object_get(status, "overrides");
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		put_name(out, family);
		fprintf(out, "{kind=\"%s\"} %zu\n", kinds[i],
		    status_count_string(list, "kind", kinds[i]));
	}
}

static void
sample_blocked(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const versions[] = {"ipv4", "ipv6"};
	const json_t *blocked = json_object_get(status, "blocked");
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		put_name(out, family);
		fprintf(out, "{family=\"%s\"} %lld\n", versions[i],
		    (long long)status_number(blocked, versions[i]));
	}
}

static void
sample_isolated(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "isolation"), family->key));
}

static const struct family families[] = {
    {"overrides", "gauge",
	"Orders of vc5ctl that are in force, by what they are about.",
	sample_overrides, NULL},
    {"blocked_prefixes", "gauge",
	"Prefixes of sources whose packets for VIPs are dropped.",
	sample_blocked, NULL},
    {"isolated", "gauge",
	"Did all checks begin to fail at once, as when this host's link fails.",
	sample_isolated, "isolated"},
};

const struct family *
status_order_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
