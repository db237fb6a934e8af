/* SPDX-License-Identifier: ISC */

/*
 * The world and the record of fakes.h, and what is asked of them.
 */

#include <stdlib.h>
#include <string.h>

#include "fakes.h"
#include "fakes_sources.h"

struct fake_world world;
struct fake_record record;

struct addr
fake_address(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) == -1)
		abort();
	return a;
}

void
fakes_reset(void)
{
	size_t i;

	for (i = 0; i < record.service_count; i++)
		free(record.services[i].destinations);
	fakes_sources_reset();
	memset(&record, 0, sizeof(record));
	memset(&world, 0, sizeof(world));
	world.ifindex = world.wire = 2;
	world.bgpd_answers = true;
}

struct fake_server *
fake_server_at(const struct addr *a)
{
	size_t i;

	for (i = 0; i < world.server_count; i++)
		if (addr_compare(&world.servers[i].address, a) == 0)
			return &world.servers[i];
	if (world.server_count == FAKE_SERVERS)
		abort();
	world.servers[i] = (struct fake_server){.address = *a,
	    .answers = true,
	    .resolved = true,
	    .mac = i,
	    .mtu = 1500};
	world.server_count++;
	return &world.servers[i];
}

struct fake_server *
fake_server(const char *text)
{
	struct addr a = fake_address(text);

	return fake_server_at(&a);
}

bool
fake_wanted(const char *vip)
{
	struct addr a = fake_address(vip);
	size_t i;

	for (i = 0; i < record.wanted_count; i++)
		if (addr_compare(&record.wanted[i], &a) == 0)
			return true;
	return false;
}

const char *
fake_attributes(const char *vip)
{
	struct addr a = fake_address(vip);
	size_t i;

	for (i = 0; i < record.wanted_count; i++)
		if (addr_compare(&record.wanted[i], &a) == 0)
			return record.wanted_as[i];
	return "-";
}
