/* SPDX-License-Identifier: ISC */

/*
 * What people don't get to see of a probe: what lets it in.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/check_private.h"
#include "core/redact.h"

void
check_sent_text(struct check *check, const void *bytes, size_t count)
{
	size_t length;
	char *text = redact_sent(bytes, count, &length);

	check_sent(check, text, length);
	free(text);
}

/* A server may repeat what it was sent. */
void
check_redact(const struct conf_check *conf, struct check_result *result)
{
	redact_known(conf, result->received, sizeof(result->received));
	redact_known(conf, result->detail, sizeof(result->detail));
	redact_known(conf, result->warning, sizeof(result->warning));
}
