/* SPDX-License-Identifier: ISC */

/*
 * See bench_world.h.
 */

#include <sys/mman.h>
#include <sys/random.h>

#include <err.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench_world.h"
#include "bpf/bench.skel.h"

#define SMALL 64 /* bytes of an Ethernet frame */
#define LARGE 80 /* as many as the programs write at most */

static const uint8_t vip4[16] = {
    [10] = 0xff, [11] = 0xff, [12] = 192, 0, 2, 1}; /* 192.0.2.1 */
static const uint8_t other4[16] = {
    [10] = 0xff, [11] = 0xff, [12] = 192, 0, 2, 99};
static const uint8_t vip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t other6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 99};

/* By index, from 1 on. */
static const struct {
	const uint8_t *vip;
	uint8_t protocol;
} services[] = {{vip4, IPPROTO_TCP}, {vip4, IPPROTO_UDP}, {vip6, IPPROTO_TCP}};
#define SERVICES (sizeof(services) / sizeof(services[0]))

static void *
map_open(struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t value = (bpf_map__value_size(map) + 7) / 8 * 8;
	size_t size = value * bpf_map__max_entries(map);
	void *memory;

	memory = mmap(NULL, (size + page - 1) / page * page,
	    PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		err(1, "mmap: map %s", bpf_map__name(map));
	return memory;
}

void
bench_load(struct bench *bench)
{
	struct bench_bpf *skeleton;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	bench->cpus = libbpf_num_possible_cpus();
	if (bench->cpus < 1 || (skeleton = bench_bpf__open()) == NULL)
		err(1, "bench.bpf.o");
	bench->skeleton = skeleton;
	skeleton->rodata->entries = ENTRIES;
	skeleton->rodata->cpus = bench->cpus;
	if (bpf_map__set_max_entries(
		skeleton->maps.flows, ENTRIES / VC5_WAYS) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.tuples, ENTRIES) != 0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.destinations, DESTINATIONS + 1) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.services, SERVICES + 1) !=
		0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.tables, 2 * (SERVICES + 1)) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.service_index, 16) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.vips, 16) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.destination_counters,
		(DESTINATIONS + 1) * bench->cpus) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.service_counters,
		(SERVICES + 1) * bench->cpus) != 0 ||
	    bpf_map__set_max_entries(skeleton->maps.sources4, VC5_SOURCES4) !=
		0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.sources6, 1U << VC5_SOURCE6_BITS) != 0 ||
	    bpf_map__set_max_entries(
		skeleton->maps.drop_counters, bench->cpus) != 0)
		err(1, "bench.bpf.o: size of maps");
	if (bench_bpf__load(skeleton) != 0)
		err(1, "bench.bpf.o: load");
	bench->destinations = map_open(skeleton->maps.destinations);
	bench->flows = map_open(skeleton->maps.flows);
	bench->counters = map_open(skeleton->maps.destination_counters);
	bench->control = map_open(skeleton->maps.control);
}

static void
configure_service(struct bench *bench, uint32_t index)
{
	struct vc5_service *service = map_open(bench->skeleton->maps.services);
	struct vc5_service_key *key = &service[index].key;
	uint32_t bit, one = 1;
	struct vc5_control *control = map_open(bench->skeleton->maps.control);

	memcpy(key->vip, services[index - 1].vip, sizeof(key->vip));
	key->port = htons(80);
	key->protocol = services[index - 1].protocol;
	service[index].table = 2 * index;
	service[index].idle =
	    key->protocol == IPPROTO_UDP ? VC5_IDLE_UDP : VC5_IDLE_TCP;
	bit = vc5_filter_bit(key->vip);
	control->filter[bit / 64] |= 1ULL << (bit % 64);
	if (bpf_map_update_elem(
		bpf_map__fd(bench->skeleton->maps.service_index), key, &index,
		BPF_ANY) != 0 ||
	    bpf_map_update_elem(bpf_map__fd(bench->skeleton->maps.vips),
		key->vip, &one, BPF_ANY) != 0)
		err(1, "maps of services");
}

/* Each service has its share of the destinations. */
static void
configure_tables(struct bench *bench)
{
	uint8_t *tables = map_open(bench->skeleton->maps.tables);
	size_t stride = (VC5_SLOTS * sizeof(uint16_t) + 7) / 8 * 8;
	uint16_t *table;
	uint32_t i, slot;

	for (i = 0; i < DESTINATIONS; i++) {
		struct vc5_destination *to = &bench->destinations[i + 1];

		memcpy(&to->mac, "\x02\0\0\0\0", 5);
		((uint8_t *)&to->mac)[5] = i + 1;
		to->source_mac = to->mac;
		to->generation = 1;
		to->state = VC5_UP;
		to->service = 1 + i % SERVICES;
	}
	for (i = 0; i < SERVICES; i++) {
		table = (uint16_t *)(tables + 2 * (i + 1) * stride);
		for (slot = 0; slot < VC5_SLOTS; slot++)
			table[slot] =
			    1 + i + slot % (DESTINATIONS / SERVICES) * SERVICES;
	}
}

void
bench_configure(struct bench *bench)
{
	struct vc5_control *control = map_open(bench->skeleton->maps.control);
	const struct bench_way plain = {0};
	struct timespec now;
	uint32_t i;

	if (getrandom(control->key, sizeof(control->key), 0) < 0)
		err(1, "getrandom");
	clock_gettime(CLOCK_MONOTONIC, &now);
	control->clock = now.tv_sec;
	for (i = 1; i <= SERVICES; i++)
		configure_service(bench, i);
	configure_tables(bench);
	bench_set_way(bench, &plain);
	bench->skeleton->bss->client_base = 0x0a000000;
	bench->skeleton->bss->ports_base = 1024 << 16 | 80;
}

static void
mapped(uint8_t address[16], uint32_t ipv4)
{
	uint32_t network = htonl(ipv4);

	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, &network, sizeof(network));
}

void
bench_set_way(struct bench *bench, const struct bench_way *way)
{
	uint32_t i;

	for (i = 1; i <= DESTINATIONS; i++) {
		struct vc5_destination *to = &bench->destinations[i];

		to->kind = way->kind;
		to->checksum = way->checksum;
		to->port = htons(6080);
		to->mtu = 9000;
		to->ifindex = way->redirect ? ELSEWHERE : LOOPBACK;
		to->vlan = way->vlan == 0 ? 0 : VC5_TAGGED | way->vlan;
		mapped(to->address, 0xc6336400 + i);
		mapped(to->source, 0xc63364fe);
		if (way->outer6) {
			memcpy(to->address, vip6, sizeof(to->address));
			memcpy(to->source, vip6, sizeof(to->source));
			to->address[14] = 1;
			to->source[14] = 2;
		}
	}
}

static void
block(struct bench *bench, uint32_t address, uint32_t length)
{
	struct vc5_prefix4 key = {.length = length, .address = htonl(address)};
	const struct vc5_octets none = {0};

	if (bpf_map_update_elem(bpf_map__fd(bench->skeleton->maps.blocked4),
		&key, &none, BPF_ANY) != 0)
		err(1, "map of blocked prefixes");
}

/* The clients' own network, and the same of IPv6: 10.0.0.0/8. */
#define CLIENTS 10

/* From anywhere but there, and of any length that a list may have. */
static void
block_others(struct bench *bench, uint32_t count)
{
	uint64_t random = 1;
	uint32_t address, length;

	while (count > 0) {
		random = random * 6364136223846793005 + 1442695040888963407;
		length = 20 + (random >> 58) % 13;
		address = random >> 24;
		address &= ~0U << (32 - length);
		if (address >> 24 == CLIENTS)
			continue;
		block(bench, address, length);
		count--;
	}
}

static void
unblock_all(struct bench *bench)
{
	int map = bpf_map__fd(bench->skeleton->maps.blocked4);
	struct vc5_prefix4 key;

	while (bpf_map_get_next_key(map, NULL, &key) == 0)
		bpf_map_delete_elem(map, &key);
}

void
bench_set_sources(struct bench *bench, const struct bench_sources *sources)
{
	bool blocking = sources->blocked != 0 || sources->everybody;

	unblock_all(bench);
	block_others(bench, sources->blocked);
	if (sources->everybody)
		block(bench, (uint32_t)CLIENTS << 24, 8);
	bench->control->sample = sources->unsampled ? 0 : (1U << 24) - 1;
	bench->control->flags = blocking ? VC5_BLOCKING4 : 0;
	bench->control->look = blocking ? UINT32_MAX : bench->control->sample;
}

static uint32_t
put_ethernet(uint8_t *frame, const struct bench_frame *kind)
{
	struct ethhdr ethernet = {.h_dest = {2, 0, 0, 0, 0, 1},
	    .h_source = {2, 0, 0, 0, 0, 2},
	    .h_proto = htons(kind->six ? ETH_P_IPV6 : ETH_P_IP)};
	uint16_t tag[2] = {htons(kind->vlan), ethernet.h_proto};

	if (kind->vlan != 0)
		ethernet.h_proto = htons(ETH_P_8021Q);
	memcpy(frame, &ethernet, sizeof(ethernet));
	if (kind->vlan == 0)
		return sizeof(ethernet);
	memcpy(frame + sizeof(ethernet), tag, sizeof(tag));
	return sizeof(ethernet) + sizeof(tag);
}

/* The IP header: its length.  The client's address is written by each pass. */
static uint32_t
put_ip(uint8_t *at, const struct bench_frame *kind, uint32_t size)
{
	struct iphdr ip = {.version = 4,
	    .ihl = 5,
	    .tot_len = htons(size),
	    .frag_off = htons(IP_DF),
	    .ttl = 64,
	    .protocol = kind->protocol};
	struct ip6_hdr ip6 = {0};

	if (!kind->six) {
		memcpy(&ip.daddr, (kind->other ? other4 : vip4) + 12, 4);
		memcpy(at, &ip, sizeof(ip));
		return sizeof(ip);
	}
	ip6.ip6_flow = htonl(6U << 28);
	ip6.ip6_plen = htons(size - sizeof(ip6));
	ip6.ip6_nxt = kind->protocol;
	ip6.ip6_hlim = 64;
	memcpy(&ip6.ip6_src, "\x20\x01\x0d\xb8\0\5", 6);
	memcpy(&ip6.ip6_dst, kind->other ? other6 : vip6, 16);
	memcpy(at, &ip6, sizeof(ip6));
	return sizeof(ip6);
}

/* Bytes that a way adds before a frame. */
static int
growth(const struct bench_frame *kind, const struct bench_way *way)
{
	static const int shims[] = {
	    [VC5_GRE] = 4, [VC5_FOU] = 8, [VC5_GUE] = 12, [VC5_DSCP] = 0};
	int tags = (way->vlan != 0) - (kind->vlan != 0);

	if (way->kind == VC5_LAYER2 || way->kind == VC5_DSCP)
		return 4 * tags;
	return 4 * tags + (way->outer6 ? 40 : 20) + shims[way->kind];
}

uint32_t
bench_set_frame(struct bench *bench, const struct bench_frame *kind,
    const struct bench_way *way, uint8_t frame[FRAME_MAX])
{
	const struct tcphdr tcp = {.th_off = 5, .th_flags = kind->tcp_flags};
	const uint16_t udp_length = htons(8);
	uint32_t before, header, size = kind->size;
	struct bench_bpf__bss *bss = bench->skeleton->bss;

	if (size == 0)
		size = (kind->six ? 40 : 20) +
		    (kind->protocol == IPPROTO_TCP ? 20 : 8);
	memset(frame, 0, FRAME_MAX);
	before = put_ethernet(frame, kind);
	header = put_ip(frame + before, kind, size);
	if (kind->protocol == IPPROTO_TCP)
		memcpy(frame + before + header, &tcp, sizeof(tcp));
	else
		memcpy(frame + before + header + 4, &udp_length, 2);
	memcpy(bss->template, frame, sizeof(bss->template));
	bss->client_at = before + (kind->six ? 20 : 12);
	bss->ports_at = before + header;
	bss->small = before + size <= SMALL;
	bss->grows = growth(kind, way);
	bss->resized = bss->grows != 0;
	size += before;
	if (bss->small)
		return SMALL;
	return size < LARGE ? LARGE : size;
}
