/* SPDX-License-Identifier: ISC */

/*
 * The metric families of what was ordered at run time.
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

static const struct family families[] = {
    {"overrides", "gauge",
	"Orders of vc5ctl that are in force, by what they are about.",
	sample_overrides, NULL},
};

const struct family *
status_order_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
