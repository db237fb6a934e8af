/* SPDX-License-Identifier: ISC */

/*
 * The fixture's services and destinations.
 */

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "fixture.h"

void
fixture_table(struct fixture *fixture, uint32_t service, uint16_t destination)
{
	static uint16_t slots[VC5_SLOTS_MAX];
	uint32_t i;

	for (i = 0; i < fixture->slots; i++)
		slots[i] = destination;
	fixture_table_set(fixture, fixture->services[service].table, slots);
}

void
fixture_table_set(
    struct fixture *fixture, uint32_t index, const uint16_t *slots)
{
	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(fixture->skeleton->maps.tables),
		&index, slots, BPF_ANY),
	    0);
}

void
fixture_index_set(struct fixture *fixture, uint32_t service)
{
	assert_int_equal(
	    bpf_map_update_elem(
		bpf_map__fd(fixture->skeleton->maps.service_index),
		&fixture->services[service].key, &service, BPF_ANY),
	    0);
}

void
fixture_index_remove(struct fixture *fixture, uint32_t service)
{
	assert_int_equal(bpf_map_delete_elem(
			     bpf_map__fd(fixture->skeleton->maps.service_index),
			     &fixture->services[service].key),
	    0);
}

static void
mapped(uint8_t address[16], uint32_t ipv4)
{
	uint32_t network = htonl(ipv4);

	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, &network, sizeof(network));
}

static void
filter_set(struct fixture *fixture, const uint8_t address[16])
{
	uint32_t bit = vc5_filter_bit(address);

	fixture->control->filter[bit / 64] |= 1ULL << (bit % 64);
}

void
fixture_filter_set(struct fixture *fixture, uint32_t address)
{
	uint8_t bytes[16];

	mapped(bytes, address);
	filter_set(fixture, bytes);
}

void
fixture_block(
    struct fixture *fixture, bool ipv6, const uint8_t *address, uint32_t length)
{
	const struct bpf_map *map = ipv6 ? fixture->skeleton->maps.blocked6
					 : fixture->skeleton->maps.blocked4;
	const struct vc5_octets none = {0};
	struct vc5_prefix6 key = {.length = length};

	memcpy(key.address, address, ipv6 ? 16 : 4);
	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(map), &key, &none, BPF_NOEXIST), 0);
	fixture->control->flags |= ipv6 ? VC5_BLOCKING6 : VC5_BLOCKING4;
	fixture->control->look = UINT32_MAX;
}

void
fixture_vip_set(struct fixture *fixture, const uint8_t vip[16], uint32_t value)
{
	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(fixture->skeleton->maps.vips), vip,
		&value, BPF_ANY),
	    0);
}

static void
add_service(struct fixture *fixture, uint32_t index,
    const struct frame_spec *spec, uint32_t flags, uint16_t destination)
{
	struct vc5_service *service = &fixture->services[index];

	frame_vip(service->key.vip, spec);
	service->key.port = htons(spec->port);
	service->key.protocol = spec->protocol;
	service->flags = flags;
	service->idle = spec->protocol == UDP ? VC5_IDLE_UDP : VC5_IDLE_TCP;
	service->table = 2 * index;
	fixture_index_set(fixture, index);
	fixture_table(fixture, index, destination);
}

void
fixture_add(struct fixture *fixture, uint32_t index, uint16_t service)
{
	struct vc5_destination *destination = &fixture->destinations[index];

	memcpy(&destination->mac, fixture_mac(index), 6);
	memcpy(&destination->source_mac, fixture_source(index), 6);
	destination->generation = 1;
	destination->service = service;
	fixture_deliver(fixture, index, &(struct fixture_delivery){0});
	destination->state = VC5_UP;
}

/* Of VIP or the IPv6 one: services beginning at an index, destinations too. */
static void
add_services(
    struct fixture *fixture, bool ipv6, uint32_t service, uint32_t destination)
{
	const struct frame_spec http = {
	    .ipv6 = ipv6, .protocol = TCP, .port = 80};
	const struct frame_spec sticky = {
	    .ipv6 = ipv6, .protocol = TCP, .port = 443};
	const struct frame_spec dns = {
	    .ipv6 = ipv6, .protocol = UDP, .port = 53};
	uint8_t vip[16];
	uint32_t i;

	frame_vip(vip, &http);
	fixture_vip_set(fixture, vip, VC5_VIP_ANSWERS);
	filter_set(fixture, vip);
	for (i = 0; i < 4; i++)
		fixture_add(fixture, destination + i, service);
	fixture_add(fixture, destination + 4, service + 1);
	fixture_add(fixture, destination + 5, service + 1);
	fixture_add(fixture, destination + 6, service + 2);
	add_service(fixture, service, &http, 0, destination);
	add_service(fixture, service + 1, &sticky, VC5_STICKY, destination + 4);
	add_service(fixture, service + 2, &dns, 0, destination + 6);
}

/*
 * Destinations 1 to 4 are HTTP's, 5 and 6 STICKY's, 7 is DNS's; those of IPv6
 * are 8 to 11, 12 and 13, 14.
 */
void
fixture_configure(struct fixture *fixture)
{
	uint32_t i;

	fixture->control->abi = VC5_ABI;
	fixture->control->clock = NOW;
	fixture->control->icmp_limit = 1000;
	for (i = 0; i < VC5_KEY_WORDS; i++)
		fixture->control->key[i] = 0x9e3779b97f4a7c15 * (i + 1);
	add_services(fixture, false, HTTP, 1);
	add_services(fixture, true, HTTP6, 8);
}

uint32_t
fixture_destination(const struct frame_spec *spec)
{
	uint32_t first = spec->ipv6 ? 8 : 1;

	return first + (spec->port == 53 ? 6 : spec->port == 443 ? 4 : 0);
}

/* Of the servers' network: the network's number and a host's. */
static void
network_address(uint8_t address[16], bool ipv6, uint8_t network, uint8_t host)
{
	memset(address, 0, 16);
	if (ipv6) {
		memcpy(address, "\xfd\x00\x00\x10", 4);
		address[5] = network;
	} else {
		memset(address + 10, 0xff, 2);
		address[12] = 10;
		address[13] = network;
	}
	address[15] = host;
}

void
fixture_deliver(struct fixture *fixture, uint32_t index,
    const struct fixture_delivery *delivery)
{
	struct vc5_destination *destination = &fixture->destinations[index];

	destination->ifindex = delivery->elsewhere ? ELSEWHERE : LOOPBACK;
	destination->kind = delivery->kind;
	destination->vlan = delivery->vlan;
	destination->mtu = delivery->mtu != 0 ? delivery->mtu : 1500;
	destination->code_point = delivery->code_point;
	destination->checksum = delivery->checksum;
	network_address(destination->address, delivery->ipv6, 1, index);
	network_address(destination->source, delivery->ipv6, 9,
	    delivery->source_length != 0 ? 0 : 5);
	destination->source_length = delivery->source_length;
	if (delivery->kind == VC5_FOU)
		destination->port = htons(5555);
	else if (delivery->kind == VC5_GUE)
		destination->port = htons(6080);
}
