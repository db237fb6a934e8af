/* SPDX-License-Identifier: ISC */

/*
 * Neighbours: who takes the packets of watched servers off the wire, and at
 * which MAC address; that is the server itself, or a gateway to many.
 * Addresses are resolved by the kernel (ARP, neighbour discovery) because we
 * ask it to:
 *
 * - with NTF_USE, "somebody wants to send", where there is no usable entry;
 * - by setting NUD_PROBE every few seconds where there is one.  The kernel
 *   then asks, unicast, whether it is still there.  A neighbour that moved
 *   without a word is found in some 8 seconds (VERIFY_TICKS and three
 *   probes of 1 s); left alone, an entry is trusted for 15 to 45 seconds.
 *
 * NTF_EXT_MANAGED (Linux 5.16) would have the kernel repeat NTF_USE by itself,
 * every 5 seconds: no earlier verification, entries that outlive a daemon that
 * crashed, and the timer is needed anyway.  So it is not used.
 */

#include <sys/socket.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* States in which the kernel itself would send to the address it has. */
#define STATES_VALID \
	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | STATES_FIXED)
/* States that are not the result of asking anybody. */
#define STATES_FIXED (NUD_PERMANENT | NUD_NOARP)
/* States in which the kernel is asking, or will not. */
#define STATES_LEAVE (NUD_INCOMPLETE | NUD_PROBE | STATES_FIXED)

/* The kernel's answer to who has an address. */
struct answer {
	uint16_t state; /* NUD_*, 0: nobody asked yet */
	bool has_mac;
	uint8_t mac[6];
};

static int
neighbour_compare(const struct neighbour *a, const struct neighbour *b)
{
	if (a->ifindex != b->ifindex)
		return (a->ifindex < b->ifindex ? -1 : 1);
	return (addr_compare(&a->addr, &b->addr));
}

RB_GENERATE(neighbours, neighbour, entry, neighbour_compare)

/* False if the message is not about a neighbour's own address. */
static bool
answer_parse(
    struct nlmsghdr *hdr, struct answer *out, int *ifindex, struct addr *addr)
{
	struct nlattr *attrs[NDA_MAX + 1];
	struct ndmsg *ndm;

	if (nlmsg_parse(hdr, sizeof(*ndm), attrs, NDA_MAX, NULL) < 0)
		return (false);
	ndm = nlmsg_data(hdr);
	if (netlink_addr_get(attrs[NDA_DST], ndm->ndm_family, addr) < 0 ||
	    (ndm->ndm_flags & NTF_PROXY))
		return (false);
	*out = (struct answer){0};
	*ifindex = ndm->ndm_ifindex;
	if (hdr->nlmsg_type == RTM_DELNEIGH)
		return (true);
	out->state = ndm->ndm_state;
	out->has_mac = (ndm->ndm_state & STATES_VALID) &&
	    attrs[NDA_LLADDR] != NULL &&
	    nla_len(attrs[NDA_LLADDR]) == sizeof(out->mac);
	if (out->has_mac)
		memcpy(out->mac, nla_data(attrs[NDA_LLADDR]), sizeof(out->mac));
	return (true);
}

static void
answer_read(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct addr addr;
	int ifindex;

	(void)nl;
	if (hdr->nlmsg_type == RTM_NEWNEIGH)
		answer_parse(hdr, arg, &ifindex, &addr);
}

static struct nl_msg *
neighbour_message(
    int type, int flags, const struct neighbour *neighbour, struct ndmsg ndm)
{
	struct nl_msg *msg;

	ndm.ndm_family = neighbour->addr.family;
	ndm.ndm_ifindex = neighbour->ifindex;
	msg = netlink_message(type, flags, &ndm, sizeof(ndm));
	nla_put(msg, NDA_DST, netlink_addr_size(&neighbour->addr),
	    neighbour->addr.bytes);
	return (msg);
}

/* What was last known of a MAC address stays until a better one is known. */
static void
neighbour_apply(struct netlink *nl, struct neighbour *neighbour,
    const struct answer *answer)
{
	struct watch *watch;

	neighbour->state = answer->state;
	neighbour->resolved = answer->has_mac;
	if (answer->has_mac)
		memcpy(neighbour->mac, answer->mac, sizeof(neighbour->mac));
	TAILQ_FOREACH(watch, &neighbour->watches, shared)
		netlink_watch_answered(nl, watch);
}

/* What is wrong for all of them alike is said once. */
static void
neighbour_refused(
    struct netlink *nl, const struct neighbour *neighbour, int error)
{
	const struct link *link = netlink_link(nl, neighbour->ifindex);
	bool lasting = error == EPERM || error == ENOBUFS;
	const char *name = link != NULL ? link->name : "netlink";
	char text[ADDR_STRLEN];

	addr_format(&neighbour->addr, text);
	if (!lasting || nl->refused == error) {
		log_debug("netlink: %s: cannot have the MAC address of %s "
			  "resolved: %s",
		    name, text, strerror(error));
		return;
	}
	nl->refused = error;
	errno = error;
	log_warn("%s: cannot have the MAC address of %s resolved%s", name, text,
	    error == ENOBUFS ? " (too many neighbours: raise "
			       "net.ipv4.neigh.default.gc_thresh3)"
			     : netlink_remedy(error));
}

/* Have the kernel verify the address that it has, or ask for one. */
static void
neighbour_resolve(struct netlink *nl, const struct neighbour *neighbour)
{
	static const struct ndmsg use = {.ndm_flags = NTF_USE};
	static const struct ndmsg probe = {.ndm_state = NUD_PROBE};
	int rc = -ENOENT;

	if (neighbour->state & STATES_LEAVE)
		return;
	/* Without an address given, the kernel keeps what it has. */
	if (neighbour->state & STATES_VALID)
		rc = netlink_ask(nl,
		    neighbour_message(RTM_NEWNEIGH, 0, neighbour, probe), NULL,
		    NULL);
	/* Not valid any more, or never was. */
	if (rc == -EINVAL || rc == -ENOENT)
		rc = netlink_ask(nl,
		    neighbour_message(
			RTM_NEWNEIGH, NLM_F_CREATE, neighbour, use),
		    NULL, NULL);
	if (rc < 0)
		neighbour_refused(nl, neighbour, -rc);
}

static void
neighbour_refresh(struct netlink *nl, struct neighbour *neighbour, bool verify)
{
	static const struct ndmsg ndm = {0};
	struct answer answer = {0};
	int rc;

	rc = netlink_ask(nl, neighbour_message(RTM_GETNEIGH, 0, neighbour, ndm),
	    answer_read, &answer);
	/* That the question failed says nothing about the neighbour. */
	if (rc == 0 || rc == -ENOENT)
		neighbour_apply(nl, neighbour, &answer);
	if (verify || !(neighbour->state & STATES_VALID))
		neighbour_resolve(nl, neighbour);
}

static void
question_queue(struct netlink *nl, struct neighbour *neighbour, bool verify)
{
	neighbour->verify |= verify;
	if (neighbour->asking)
		return;
	neighbour->asking = true;
	TAILQ_INSERT_TAIL(&nl->questions, neighbour, question);
}

void
netlink_neighbours_work(struct netlink *nl)
{
	struct neighbour *neighbour;
	bool verify;

	while ((neighbour = TAILQ_FIRST(&nl->questions)) != NULL) {
		TAILQ_REMOVE(&nl->questions, neighbour, question);
		verify = neighbour->verify;
		neighbour->asking = neighbour->verify = false;
		neighbour_refresh(nl, neighbour, verify);
	}
}

bool
netlink_neighbour_asked(const struct neighbour *neighbour)
{
	return (neighbour->state & (STATES_VALID | NUD_INCOMPLETE));
}

void
netlink_neighbours_tick(struct netlink *nl)
{
	struct neighbour *neighbour;
	bool due;

	RB_FOREACH(neighbour, neighbours, &nl->neighbours) {
		due = (nl->ticks + neighbour->phase) % VERIFY_TICKS == 0;
		if (due || !netlink_neighbour_asked(neighbour))
			question_queue(nl, neighbour, due);
	}
}

/* Was anybody told that there is an answer? */
static bool
neighbour_relied_on(const struct neighbour *neighbour)
{
	const struct watch *watch;

	TAILQ_FOREACH(watch, &neighbour->watches, shared) {
		if (watch->reported.resolved)
			return (true);
	}
	return (false);
}

void
netlink_neighbour_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	struct neighbour *neighbour, key = {0};
	struct answer answer;

	if (!answer_parse(hdr, &answer, &key.ifindex, &key.addr) ||
	    (neighbour = RB_FIND(neighbours, &nl->neighbours, &key)) == NULL)
		return;
	neighbour_apply(nl, neighbour, &answer);
	/* Forgotten (flushed, for one) is not failed: ask without delay. */
	if (hdr->nlmsg_type == RTM_DELNEIGH && neighbour_relied_on(neighbour)) {
		question_queue(nl, neighbour, false);
		netlink_schedule(nl, false);
	}
}

static struct neighbour *
neighbour_get(struct netlink *nl, int ifindex, const struct addr *addr)
{
	struct neighbour *neighbour;
	struct neighbour key = {.ifindex = ifindex, .addr = *addr};

	neighbour = RB_FIND(neighbours, &nl->neighbours, &key);
	if (neighbour != NULL)
		return (neighbour);
	neighbour = xcalloc(1, sizeof(*neighbour));
	neighbour->ifindex = ifindex;
	neighbour->addr = *addr;
	neighbour->phase = nl->neighbour_count++;
	TAILQ_INIT(&neighbour->watches);
	RB_INSERT(neighbours, &nl->neighbours, neighbour);
	/* What the kernel has may be old. */
	question_queue(nl, neighbour, true);
	return (neighbour);
}

void
netlink_neighbour_join(struct netlink *nl, struct watch *watch, int ifindex,
    const struct addr *addr)
{
	struct neighbour *neighbour = neighbour_get(nl, ifindex, addr);

	question_queue(nl, neighbour, false);
	if (watch->neighbour == neighbour)
		return;
	netlink_neighbour_leave(nl, watch);
	watch->neighbour = neighbour;
	TAILQ_INSERT_TAIL(&neighbour->watches, watch, shared);
}

void
netlink_neighbour_leave(struct netlink *nl, struct watch *watch)
{
	struct neighbour *neighbour = watch->neighbour;

	if (neighbour == NULL)
		return;
	watch->neighbour = NULL;
	TAILQ_REMOVE(&neighbour->watches, watch, shared);
	if (!TAILQ_EMPTY(&neighbour->watches))
		return;
	if (neighbour->asking)
		TAILQ_REMOVE(&nl->questions, neighbour, question);
	RB_REMOVE(neighbours, &nl->neighbours, neighbour);
	free(neighbour);
}
