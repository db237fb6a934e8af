/* SPDX-License-Identifier: ISC */

/*
 * When something that packets could see may be used for something else.
 *
 * A BPF program runs in an RCU read-side section: a packet that read an index
 * before it was replaced still uses it until its program ends, for
 * microseconds, or for longer where a hypervisor takes the CPU away.  What was
 * replaced is therefore only reused after a grace period.
 *
 * The kernel waits for one before an update of a map of maps returns, for
 * just this purpose (since Linux 4.20); no other system call promises as much
 * of BPF programs.  It takes some milliseconds, so it is done as late as can
 * be: what is given up is marked with the number of the present grace period,
 * and only who reuses it within the same one has to wait, for all.
 */

#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

int
xdp_grace_open(struct xdp *xdp)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	const uint32_t size = sizeof(uint32_t);

	xdp->graces = 1;
	xdp->grace_inner = bpf_map_create(
	    BPF_MAP_TYPE_ARRAY, "vc5_inner", size, size, 1, NULL);
	if (xdp->grace_inner < 0)
		goto fail;
	options.inner_map_fd = (uint32_t)xdp->grace_inner;
	xdp->grace_outer = bpf_map_create(
	    BPF_MAP_TYPE_ARRAY_OF_MAPS, "vc5_outer", size, size, 1, &options);
	if (xdp->grace_outer >= 0)
		return 0;
fail:
	log_warn("can't make a BPF map of maps");
	return -1;
}

void
xdp_grace_close(struct xdp *xdp)
{
	if (xdp->grace_outer >= 0)
		close(xdp->grace_outer);
	if (xdp->grace_inner >= 0)
		close(xdp->grace_inner);
	xdp->grace_outer = xdp->grace_inner = -1;
}

void
xdp_grace(struct xdp *xdp)
{
	const uint32_t zero = 0;

	if (bpf_map_update_elem(
		xdp->grace_outer, &zero, &xdp->grace_inner, BPF_ANY) < 0)
		log_warn("can't wait for a grace period of the BPF programs");
	xdp->graces++;
}

void
xdp_grace_since(struct xdp *xdp, uint64_t given_up)
{
	if (given_up == xdp->graces)
		xdp_grace(xdp);
}

void
xdp_pool_init(struct xdp_pool *pool, uint32_t size)
{
	*pool = (struct xdp_pool){.size = size};
	pool->ring = xcalloc(size, sizeof(*pool->ring));
}

void
xdp_pool_clear(struct xdp_pool *pool)
{
	free(pool->ring);
	*pool = (struct xdp_pool){0};
}

void
xdp_pool_put(struct xdp_pool *pool, uint16_t index, uint64_t given_up)
{
	uint32_t tail = (pool->head + pool->count++) % pool->size;

	pool->ring[tail].index = index;
	pool->ring[tail].given_up = given_up;
}

uint16_t
xdp_pool_take(struct xdp *xdp, struct xdp_pool *pool)
{
	uint32_t head = pool->head;

	pool->head = (head + 1) % pool->size;
	pool->count--;
	xdp_grace_since(xdp, pool->ring[head].given_up);
	return pool->ring[head].index;
}
