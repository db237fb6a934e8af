/* SPDX-License-Identifier: ISC */

/*
 * Sources of packets: "prefixes", how they are counted, and "block", those to
 * drop.
 */

#include "core/conf_parts.h"

#define FILE_PATH_MAX 1023

static const struct conf_limits path_limits = {1, FILE_PATH_MAX};
static const struct conf_limits sampling_limits = {0, 65536};

void
conf_read_prefixes(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"sampling", conf_read_unsigned, offsetof(struct conf, sampling),
		&sampling_limits},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	(void)conf_read_object(
	    r, json, keys, ((struct conf_draft *)member)->conf);
}

void
conf_read_block(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"file", conf_read_path, offsetof(struct conf, block.file),
		&path_limits},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	(void)conf_read_object(
	    r, json, keys, ((struct conf_draft *)member)->conf);
}
