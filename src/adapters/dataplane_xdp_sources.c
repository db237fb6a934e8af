/* SPDX-License-Identifier: ISC */

/*
 * Sources of packets: those that are blocked, in tries that only programs and
 * we write, and what was counted of all.  A prefix that is blocked costs a
 * packet nothing while there is none: control->look has only those looked at
 * that are to be counted.
 */

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value_) \
	__atomic_store_n(&(field), value_, __ATOMIC_RELAXED)

/* A key of either trie; IPv4's is the shorter one. */
union trie_key {
	struct vc5_prefix4 four;
	struct vc5_prefix6 six;
};

static unsigned
family_of(const struct prefix *prefix)
{
	return prefix->address.family == AF_INET6;
}

static void
key_from(const struct prefix *prefix, union trie_key *key)
{
	memset(key, 0, sizeof(*key));
	key->four.length = prefix->length;
	if (family_of(prefix) == 0)
		memcpy(&key->four.address, prefix->address.bytes,
		    sizeof(key->four.address));
	else
		memcpy(key->six.address, prefix->address.bytes,
		    sizeof(key->six.address));
}

static void
key_to(const union trie_key *key, unsigned family, struct prefix *prefix)
{
	memset(prefix, 0, sizeof(*prefix));
	prefix->length = (uint8_t)key->four.length;
	prefix->address.family = family == 0 ? AF_INET : AF_INET6;
	if (family == 0)
		memcpy(prefix->address.bytes, &key->four.address,
		    sizeof(key->four.address));
	else
		memcpy(prefix->address.bytes, key->six.address,
		    sizeof(key->six.address));
}

/* Is anything of a family blocked? */
static bool
is_blocking(const struct xdp *xdp, unsigned family)
{
	union trie_key first;

	return bpf_map_get_next_key(xdp->blocked[family], NULL, &first) == 0;
}

/* Have packets looked at as what is blocked, and counted, needs it. */
static void
look_set(struct xdp *xdp)
{
	struct vc5_control *control = xdp->control;
	uint16_t flags = control->flags & VC5_UNSERVED_PASS;

	if (is_blocking(xdp, 0))
		flags |= VC5_BLOCKING4;
	if (is_blocking(xdp, 1))
		flags |= VC5_BLOCKING6;
	STORE(control->flags, flags);
	STORE(control->look,
	    flags & (VC5_BLOCKING4 | VC5_BLOCKING6) ? UINT32_MAX
						    : control->sample);
}

void
xdp_sampling_set(struct xdp *xdp, unsigned sampling)
{
	struct vc5_control *control = xdp->control;
	uint32_t sample = 0;

	if (sampling != 0)
		sample = (uint32_t)((1ULL << 32) / sampling - 1);
	if (control->since == 0 || control->sample != sample) {
		/* What was counted meant something else. */
		STORE(control->sample, 0);
		look_set(xdp);
		memset(xdp->sources4, 0, VC5_SOURCES4 * sizeof(*xdp->sources4));
		memset(xdp->sources6, 0,
		    (1U << VC5_SOURCE6_BITS) * sizeof(*xdp->sources6));
		memset(&control->others6, 0, sizeof(control->others6));
		control->since = time(NULL);
	}
	STORE(control->sample, sample);
	look_set(xdp);
}

void
xdp_blocked_adopt(struct xdp *xdp)
{
	look_set(xdp);
}

static bool
is_told(const struct xdp *xdp, unsigned family)
{
	return (xdp->control->flags &
		   (family == 0 ? VC5_BLOCKING4 : VC5_BLOCKING6)) != 0;
}

int
xdp_block(struct dataplane *dataplane, const struct prefix *prefix)
{
	const struct vc5_octets none = {0};
	struct xdp *xdp = xdp_of(dataplane);
	unsigned family = family_of(prefix);
	char text[PREFIX_STRLEN];
	union trie_key key;

	key_from(prefix, &key);
	if (bpf_map_update_elem(
		xdp->blocked[family], &key, &none, BPF_NOEXIST) < 0) {
		if (errno == EEXIST)
			return 0;
		log_warn("can't block %s", prefix_format(prefix, text));
		return -1;
	}
	if (!is_told(xdp, family))
		look_set(xdp);
	return 0;
}

int
xdp_unblock(struct dataplane *dataplane, const struct prefix *prefix)
{
	struct xdp *xdp = xdp_of(dataplane);
	unsigned family = family_of(prefix);
	char text[PREFIX_STRLEN];
	union trie_key key;

	key_from(prefix, &key);
	if (bpf_map_delete_elem(xdp->blocked[family], &key) < 0) {
		if (errno == ENOENT)
			return 0;
		log_warn("can't unblock %s", prefix_format(prefix, text));
		return -1;
	}
	if (!is_blocking(xdp, family))
		look_set(xdp);
	return 0;
}

void
xdp_blocked_each(struct dataplane *dataplane,
    void (*found)(const struct prefix *, void *), void *arg)
{
	struct xdp *xdp = xdp_of(dataplane);
	union trie_key key, *last;
	struct prefix prefix;
	unsigned family;

	for (family = 0; family < 2; family++) {
		last = NULL;
		while (bpf_map_get_next_key(xdp->blocked[family], last, &key) ==
		    0) {
			key_to(&key, family, &prefix);
			found(&prefix, arg);
			last = &key;
		}
	}
}

/* The trie finds the longest prefix of the key: itself, if it is there. */
bool
xdp_blocked_counters(struct dataplane *dataplane, const struct prefix *prefix,
    uint64_t *packets, uint64_t *octets)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct vc5_octets counted;
	union trie_key key;

	key_from(prefix, &key);
	if (bpf_map_lookup_elem(
		xdp->blocked[family_of(prefix)], &key, &counted) < 0)
		return false;
	*packets = counted.packets;
	*octets = counted.octets;
	return true;
}

static unsigned
sampling_of(const struct xdp *xdp)
{
	uint32_t sample = xdp->control->sample;

	return sample == 0 ? 0 : (unsigned)((1ULL << 32) / (sample + 1ULL));
}

static void
put_counted(const struct xdp *xdp, const struct vc5_octets *counted,
    uint32_t seen, struct source *out)
{
	uint32_t quiet = LOAD(xdp->control->clock) - seen;

	out->packets = LOAD(counted->packets) * sampling_of(xdp);
	out->octets = LOAD(counted->octets) * sampling_of(xdp);
	/* Another CPU's clock may have been ahead. */
	out->quiet = (int32_t)quiet < 0 ? 0 : quiet;
}

static void
source4_get(const struct xdp *xdp, uint32_t index, struct source *out)
{
	uint32_t first = index << (32 - VC5_SOURCE4_LENGTH);

	memset(out, 0, sizeof(*out));
	out->prefix.address.family = AF_INET;
	out->prefix.length = VC5_SOURCE4_LENGTH;
	for (unsigned i = 0; i < 4; i++)
		out->prefix.address.bytes[i] = (uint8_t)(first >> (24 - 8 * i));
	put_counted(xdp, &xdp->sources4[index].counted,
	    LOAD(xdp->sources4[index].seen), out);
}

static void
source6_get(
    const struct xdp *xdp, const struct vc5_source6 *from, struct source *out)
{
	uint64_t bits = LOAD(from->prefix);

	memset(out, 0, sizeof(*out));
	out->prefix.address.family = AF_INET6;
	out->prefix.length = VC5_SOURCE6_LENGTH;
	for (unsigned i = 0; i < VC5_SOURCE6_LENGTH / 8; i++)
		out->prefix.address.bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
	put_counted(xdp, &from->counted, LOAD(from->seen), out);
}

void
xdp_sources_each(struct dataplane *dataplane,
    void (*found)(const struct source *, void *), void *arg)
{
	const struct xdp *xdp = xdp_of(dataplane);
	const struct vc5_source6 *six = xdp->sources6[0].ways;
	struct source source;

	for (uint32_t i = 0; i < VC5_SOURCES4; i++) {
		if (LOAD(xdp->sources4[i].counted.packets) == 0)
			continue;
		source4_get(xdp, i, &source);
		found(&source, arg);
	}
	for (uint32_t i = 0; i < VC5_WAYS << VC5_SOURCE6_BITS; i++, six++) {
		if (LOAD(six->counted.packets) == 0)
			continue;
		source6_get(xdp, six, &source);
		found(&source, arg);
	}
}

void
xdp_sources(struct dataplane *dataplane, struct dataplane_sources *out)
{
	const struct xdp *xdp = xdp_of(dataplane);

	out->since = xdp->control->since;
	out->sampling = sampling_of(xdp);
	out->other_packets =
	    LOAD(xdp->control->others6.packets) * out->sampling;
	out->other_octets = LOAD(xdp->control->others6.octets) * out->sampling;
}
