/* SPDX-License-Identifier: ISC */

/*
 * See xdp_sender.h.
 */

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "xdp_lab.h"
#include "xdp_sender.h"

#define FRAME_MAX 128

int
sender_attach(struct dataplane *dataplane)
{
	int ifindex = (int)if_nametoindex("va"), program;
	uint32_t id = 0;
	bool native;

	assert_int_equal(dataplane->ops->interface_attach(
			     dataplane, "va", ifindex, XDP_AUTO, &native),
	    0);
	bpf_xdp_query_id(ifindex, 0, &id);
	program = bpf_prog_get_fd_by_id(id);
	assert_true(program >= 0);
	return program;
}

/* The IP header: its length. */
static size_t
put_ip(uint8_t *at, const struct service_key *service,
    const struct addr *client, size_t payload)
{
	struct iphdr ip = {
	    .version = 4,
	    .ihl = 5,
	    .ttl = 64,
	    .protocol = service->protocol,
	    .tot_len = htons((uint16_t)(sizeof(ip) + payload)),
	};
	struct ip6_hdr ip6 = {0};

	if (service->vip.family == AF_INET) {
		memcpy(&ip.saddr, client->bytes, sizeof(ip.saddr));
		memcpy(&ip.daddr, service->vip.bytes, sizeof(ip.daddr));
		memcpy(at, &ip, sizeof(ip));
		return sizeof(ip);
	}
	ip6.ip6_flow = htonl(6U << 28);
	ip6.ip6_plen = htons((uint16_t)payload);
	ip6.ip6_nxt = service->protocol;
	ip6.ip6_hlim = 64;
	memcpy(&ip6.ip6_src, client->bytes, sizeof(ip6.ip6_src));
	memcpy(&ip6.ip6_dst, service->vip.bytes, sizeof(ip6.ip6_dst));
	memcpy(at, &ip6, sizeof(ip6));
	return sizeof(ip6);
}

uint8_t
sender_send(int program, const struct service_key *service,
    const struct addr *client, uint16_t port, uint8_t flags)
{
	const struct tcphdr tcp = {
	    .th_sport = htons(port),
	    .th_dport = htons(service->port),
	    .th_off = 5,
	    .th_flags = flags,
	};
	const struct udphdr udp = {
	    .uh_sport = htons(port),
	    .uh_dport = htons(service->port),
	    .uh_ulen = htons(sizeof(udp)),
	};
	bool is_tcp = service->protocol == IPPROTO_TCP;
	size_t payload = is_tcp ? sizeof(tcp) : sizeof(udp), length;
	uint8_t frame[FRAME_MAX] = {2, 0, 0, 0, 1, 0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
	    .data_out = frame, .data_size_out = sizeof(frame), .repeat = 1);

	frame[12] = service->vip.family == AF_INET ? 0x08 : 0x86;
	frame[13] = service->vip.family == AF_INET ? 0x00 : 0xdd;
	length = sizeof(struct ethhdr);
	length += put_ip(frame + length, service, client, payload);
	memcpy(frame + length, is_tcp ? (const void *)&tcp : &udp, payload);
	options.data_size_in = (uint32_t)(length + payload);
	assert_int_equal(bpf_prog_test_run_opts(program, &options), 0);
	return options.retval == XDP_TX ? frame[5] : 0;
}
