/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * What the BPF programs and the daemon share: the maps' layouts.  Included by
 * both sides; nothing but <linux/types.h> is needed.
 *
 * Integers are in host order unless said otherwise; addresses are 16 bytes in
 * network order, IPv4 mapped into IPv6 (::ffff:a.b.c.d).
 *
 * Ordering between the two sides: each field that packets read while it may
 * change is one naturally aligned word of at most 8 bytes, written in one
 * store.  A destination's index is given to another server only after its
 * state went to DOWN and its generation was raised; the state is written
 * last.
 */

#ifndef BPF_ABI_H
#define BPF_ABI_H

#include <linux/types.h>

/* Raised when any layout below changes: older pinned maps are discarded. */
#define VC5_ABI 5

/* Slots of a service's hash table, a prime: as usual, and at most. */
#define VC5_SLOTS     65537
#define VC5_SLOTS_MAX 655373
#define VC5_WAYS      4 /* flows of a bucket: one cache line */

/*
 * A flow.  key is the 64-bit fingerprint of the 5-tuple XORed with
 * destination in both halves: two CPUs that write the same way at the same
 * time can leave a flow that nobody finds, never one that goes astray.
 */
struct vc5_flow {
	__u64 key;
	__u32 destination; /* index in the low 16 bits, generation above */
	__u32 stamp;	   /* state in the top 2 bits, seconds below */
};

#define VC5_STAMP_SHIFT	  30
#define VC5_STAMP_SECONDS ((1U << VC5_STAMP_SHIFT) - 1)

enum vc5_flow_state {
	VC5_FLOW_FREE, /* all of the entry is zero */
	VC5_FLOW_EMBRYONIC,
	VC5_FLOW_CONFIRMED,
	VC5_FLOW_CLOSED, /* a FIN or RST went by */
};

/*
 * Free ways are taken from the first on, and are never free again.  A flow
 * whose bucket is full of live ones has its entry in the other bucket of the
 * pair, vc5_other_bucket(); that one is only looked at if the last way of the
 * first is in use.
 */
struct vc5_bucket {
	struct vc5_flow ways[VC5_WAYS];
} __attribute__((aligned(64)));

/*
 * Who a flow belongs to, at the index (bucket * VC5_WAYS + way) of its entry:
 * for people.  Written when the flow ceases to be embryonic, never read on
 * the packet path: of an embryonic flow it is somebody else's.
 */
struct vc5_tuple {
	__u8 client[16];
	__be16 port;   /* the client's */
	__u16 service; /* index */
	__u32 created; /* seconds, as in the stamp; and VC5_LEARNT */
};

/* In created: the entry was made by the daemon, by what others told. */
#define VC5_LEARNT (1U << VC5_STAMP_SHIFT)

/*
 * Seconds after which a flow that sent nothing may be replaced: what services
 * usually have, and a closed flow of any.  No service has less than that.
 */
#define VC5_IDLE_TCP	900
#define VC5_IDLE_UDP	120
#define VC5_IDLE_CLOSED 10

/* How readily an entry is given to another flow: the higher, the sooner. */
enum vc5_rank {
	VC5_RANK_LIVE, /* never */
	VC5_RANK_EMBRYONIC,
	VC5_RANK_IDLE,
	VC5_RANK_CLOSED,
	VC5_RANK_GONE, /* its destination is */
	VC5_RANK_FREE,
};

enum vc5_destination_state {
	VC5_DOWN, /* also: not in use */
	VC5_DRAINING,
	VC5_UP,
};

enum vc5_destination_kind {
	VC5_LAYER2, /* rewrite the Ethernet header */
	VC5_IPIP,
	VC5_GRE,
	VC5_FOU,
	VC5_GUE,
	VC5_DSCP, /* rewrite the destination's address */
};

/* In a destination's vlan, beside the VID: its frames have a tag. */
#define VC5_TAGGED 0x1000

/* Index 0 is never used: a slot of 0 means none. */
struct vc5_destination {
	__u64 mac; /* of the next hop: 6 bytes, then 2 zero; 0 = unknown */
	__u64 source_mac; /* of the interface, likewise */
	__u32 ifindex;	  /* where it goes out */
	__u16 generation;
	__u8 state;	  /* enum vc5_destination_state */
	__u8 kind;	  /* enum vc5_destination_kind */
	__u16 service;	  /* index */
	__u16 vlan;	  /* VID and VC5_TAGGED; 0 = untagged */
	__u16 mtu;	  /* of a client's IP packet, encapsulation aside */
	__u8 code_point;  /* VC5_DSCP: of the server's packets */
	__u8 checksum;	  /* VC5_FOU, VC5_GUE: 1 = outer UDP has one */
	__u8 address[16]; /* of the server */
	__u8 source[16];  /* outer, of tunnels: the host's, or the prefix */
	/* the second cache line */
	__be16 port;	    /* VC5_FOU, VC5_GUE: outer UDP destination */
	__u8 source_length; /* of the prefix that source is; 0 = an address */
	__u8 zero;
	__u32 weight; /* kept for who takes the maps over */
	__u8 reserved[56];
} __attribute__((aligned(64)));

struct vc5_service_key {
	__u8 vip[16];
	__be16 port;
	__u8 protocol;
	__u8 zero;
};

#define VC5_STICKY    0x1 /* hash the client's address only */
#define VC5_UNTRACKED 0x2 /* make no entries in the flow table */

/* Index 0 is never used. */
struct vc5_service {
	__u32 table; /* the hash table in use: 2 * index, or that + 1 */
	__u32 flags;
	__u32 scheduler; /* enum scheduler; kept for who takes over */
	struct vc5_service_key key; /* protocol 0: not in use */
	__u32 idle; /* seconds until a quiet flow may be replaced */
	__u8 reserved[28];
};

/* A service's hash table is an array of __u16: destinations' indexes. */

/* At index (destination * CPUs + CPU). */
struct vc5_destination_counters {
	__u64 packets, bytes;
	__u64 flows;	 /* entries made */
	__u64 stateless; /* packets sent with no entry */
	/*
	 * Bytes of the headers that encapsulation put before the first so many
	 * of the packets; before the others as many as the destination's kind
	 * takes now.  The daemon's, for the first CPU.
	 */
	__u64 added, added_packets;
	__u64 reserved[2];
};

/* At index (service * CPUs + CPU). */
struct vc5_service_counters {
	__u64 no_destination, no_destination_bytes; /* packets dropped */
	/* Of destinations that it had: the daemon's, for the first CPU */
	struct {
		__u64 packets, bytes, flows, stateless, added;
	} gone;
	__u64 reserved;
};

/* Why a packet was dropped. */
enum vc5_drop {
	VC5_DROP_MALFORMED,
	VC5_DROP_FRAGMENT, /* a later one, whose first was not seen */
	VC5_DROP_TTL,
	VC5_DROP_UNSERVED,
	VC5_DROP_NO_DESTINATION,
	VC5_DROP_UNRESOLVED, /* the destination's MAC address is not known */
	VC5_DROP_TOO_BIG,
	VC5_DROP_ICMP,	  /* to a VIP, and about nothing that it serves */
	VC5_DROP_LIMIT,	  /* pings beyond the limit */
	VC5_DROP_FAULT,	  /* no room for headers, or no sum of a jumbo frame */
	VC5_DROP_BLOCKED, /* for a VIP, and from a source that is blocked */
	VC5_DROPS
};

/* ICMP packets that were made, and sent back instead of what came. */
enum vc5_answer {
	VC5_ANSWER_ECHO,
	VC5_ANSWER_TTL,
	VC5_ANSWER_TOO_BIG,
	VC5_ANSWERS
};

/* At index CPU: what is counted of no service. */
struct vc5_drop_counters {
	__u64 packets[16]; /* by enum vc5_drop */
	__u64 answers[8];  /* by enum vc5_answer */
	/* How many were made in the second that is on: errors, pings. */
	__u64 second;
	__u64 made[2];
	/*
	 * Entries that new flows were given, by the rank of what had been
	 * there; VC5_RANK_LIVE: there was none to give.
	 */
	__u64 taken[VC5_RANK_FREE];
	/* Of the frames of those packets: dropped, or pings answered. */
	__u64 bytes[16]; /* by enum vc5_drop */
	__u64 echo_bytes;
	__u64 reserved[7]; /* whole cache lines */
};

/* Of an address in the map of VIPs. */
#define VC5_VIP_ANSWERS 0x1 /* pings */

/* The first fragment of an IP packet went to a destination. */
struct vc5_fragment_key {
	__u8 source[16], vip[16];
	__be32 id;
	__u8 protocol; /* IPv6: of the fragment header */
	__u8 zero[3];
};

struct vc5_fragment {
	__u32 destination; /* index and generation */
	__u32 entropy;	   /* of its flow, for outer headers */
	__u32 seen;	   /* seconds */
};

#define VC5_FRAGMENTS	     16384 /* remembered at a time */
#define VC5_FRAGMENT_SECONDS 30	   /* RFC 791, section 3.2; Linux's too */

/*
 * Where packets for VIPs come from: those that are picked to be counted, one in
 * so many (sample, below), are by the first bits of their source address.
 */
struct vc5_octets {
	__u64 packets, octets; /* octets of frames */
};

/* At index (the prefix): all there are. */
#define VC5_SOURCE4_LENGTH 20
#define VC5_SOURCES4	   (1U << VC5_SOURCE4_LENGTH)
struct vc5_source4 {
	struct vc5_octets counted;
	__u32 seen; /* seconds, of the clock below: last counted */
	__u32 zero;
};

/*
 * Of IPv6 those that send most, in buckets by a hash; the others together in
 * others6.
 */
#define VC5_SOURCE6_LENGTH 48
#define VC5_SOURCE6_BITS   14 /* of the number of a bucket */
#define VC5_SOURCE6_USED   1
#define VC5_SOURCE6_QUIET  600 /* seconds until a place is free to be taken */
struct vc5_source6 {
	__u64 prefix; /* in the upper 48 bits, and VC5_SOURCE6_USED; or 0 */
	struct vc5_octets counted;
	__u32 seen;
	__u32 credit; /* others of the bucket that it outlives */
};

struct vc5_sources6 {
	struct vc5_source6 ways[VC5_WAYS];
} __attribute__((aligned(64)));

/*
 * Keys of the tries of prefixes from which packets are dropped; the value is a
 * struct vc5_octets, of what was.
 */
#define VC5_BLOCKED 100000 /* entries of either, at most */
struct vc5_prefix4 {
	__u32 length;
	__be32 address;
};
struct vc5_prefix6 {
	__u32 length;
	__u8 address[16];
};

/* Words of key for the hash of a 5-tuple. */
#define VC5_KEY_WORDS	36
#define VC5_FILTER_BITS 65536

#define VC5_UNSERVED_PASS 0x1 /* a VIP's ports without a service */
#define VC5_BLOCKING4	  0x2 /* prefixes of IPv4 are blocked */
#define VC5_BLOCKING6	  0x4 /* the same of IPv6 */

/* The one element of the control map. */
struct vc5_control {
	__u32 abi;	  /* VC5_ABI */
	__u32 entries;	  /* of the flow table: what the maps were made for */
	__u32 cpus;	  /* per-CPU lines in the counters */
	__u16 flags;	  /* VC5_UNSERVED_PASS, VC5_BLOCKING4 and 6 */
	__u16 icmp_limit; /* ICMP errors, and pings, made a second and CPU */
	__u32 slots;	  /* of a hash table: what the maps were made for */
	/* A packet's source is looked at if a random number isn't above it. */
	__u32 look;
	/* Random and secret: keys of the flow table's fingerprint and index */
	__u64 key[VC5_KEY_WORDS];
	/* Seconds; moved on by the daemon, and by packets of new flows */
	__u32 clock __attribute__((aligned(64)));
	__u32 asked;  /* jiffies when such a packet last asked the time */
	__u32 sample; /* the same as look for counting it; 0 = none is */
	/*
	 * Destination addresses that may be a VIP, by vc5_filter_bit(): most
	 * other packets are passed on one bit.
	 */
	__u64 filter[VC5_FILTER_BITS / 64] __attribute__((aligned(64)));
	/* The daemon's: as in struct vc5_drop_counters, by learnt flows. */
	__u64 taken[VC5_RANK_FREE] __attribute__((aligned(64)));
	/* Counted of sources of IPv6 that have no entry. */
	struct vc5_octets others6 __attribute__((aligned(64)));
	__s64 since; /* the epoch, in seconds: sources are counted */
};

/* Both are in memory that processors fetch as one. */
static inline __u32
vc5_other_bucket(__u32 bucket)
{
	return bucket ^ 1;
}

/* The bucket of a source's prefix: multiply-shift, by a secret key. */
static inline __u32
vc5_source6_bucket(const __u64 key[VC5_KEY_WORDS], __u64 prefix)
{
	return (__u32)((prefix * (key[0] | 1)) >> (64 - VC5_SOURCE6_BITS));
}

/* The third word of a mapped IPv4 address: bytes 0, 0, 0xff, 0xff. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VC5_MAPPED 0xffff0000U
#else
#define VC5_MAPPED 0x0000ffffU
#endif

/*
 * Bit of the filter for an address.  An IPv4 address (network order) costs
 * one multiplication; any other is folded into 32 bits first, in such a way
 * that a mapped one gives the same bit.
 */
static inline __u32
vc5_filter_bit4(__be32 address)
{
	return ((__u32)address * 0x9e3779b1U) >> 16;
}

static inline __u32
vc5_filter_bit6(const __u32 words[4])
{
	return vc5_filter_bit4(words[3] ^
	    ((words[2] ^ VC5_MAPPED) * 0x85ebca6bU) ^ (words[1] * 0xc2b2ae35U) ^
	    (words[0] * 0x27d4eb2fU));
}

static inline __u32
vc5_filter_bit(const __u8 address[16])
{
	__u32 words[4];

	__builtin_memcpy(words, address, sizeof(words));
	return vc5_filter_bit6(words);
}

#endif
