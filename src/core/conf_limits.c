/* SPDX-License-Identifier: ISC */

/*
 * The sizes of tables: "limits".
 */

#include "core/conf_parts.h"

static const struct conf_limits index_limits = {1, 65535};
static const struct conf_limits history_limits = {1, 10000};
static const struct conf_limits flow_limits = {1024, 1 << 28};
/* Both are primes. */
static const struct conf_limits slot_limits = {251, 655373};

static void
read_flows(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int64_t flows;

	(void)key;
	if (!conf_integer(r, json, &flow_limits, &flows))
		return;
	if ((flows & (flows - 1)) != 0)
		conf_error(r, "%lld is not a power of two", (long long)flows);
	else
		*(uint32_t *)member = (uint32_t)flows;
}

/* Of an odd number. */
static bool
is_prime(uint32_t number)
{
	uint32_t divisor;

	for (divisor = 3; divisor * divisor <= number; divisor += 2)
		if (number % divisor == 0)
			return false;
	return true;
}

static void
read_slots(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int64_t slots;
	uint32_t prime;

	(void)key;
	if (!conf_integer(r, json, &slot_limits, &slots))
		return;
	for (prime = (uint32_t)slots | 1; !is_prime(prime); prime += 2)
		;
	if (prime != (uint32_t)slots)
		conf_error(r, "%lld is not a prime; the next one is %u",
		    (long long)slots, prime);
	else
		*(uint32_t *)member = prime;
}

void
conf_read_limits(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"flows", read_flows, offsetof(struct conf, limits.flows), NULL},
	    {"services", conf_read_unsigned,
		offsetof(struct conf, limits.services), &index_limits},
	    {"destinations", conf_read_unsigned,
		offsetof(struct conf, limits.destinations), &index_limits},
	    {"slots", read_slots, offsetof(struct conf, limits.slots), NULL},
	    {"history", conf_read_unsigned,
		offsetof(struct conf, limits.history), &history_limits},
	    {"probes", conf_read_unsigned, offsetof(struct conf, limits.probes),
		&index_limits},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	(void)conf_read_object(
	    r, json, keys, ((struct conf_draft *)member)->conf);
}

void
conf_check_slots(struct conf_reader *r, const struct conf_draft *draft)
{
	const struct conf_server_list *list;
	uint32_t slots = draft->conf->limits.slots;

	for (list = draft->lists; list != NULL; list = list->next)
		if (list->listed > slots)
			conf_error_at(r, list->where, NULL,
			    "%zu servers are more than limits.slots, %u: "
			    "some would get nothing",
			    list->listed, slots);
}
