/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane, begun and ended; its parts are in files of their own
 * (dataplane_xdp_private.h).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "adapters/dataplane_xdp.h"
#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "bpf/vc5d.skel.h"

static void xdp_tick(struct dataplane *, uint64_t now);
static void xdp_stop(struct dataplane *);
static void xdp_close(struct dataplane *);

static const struct dataplane_ops ops = {
    .name = "xdp",
    .interface_attach = xdp_interface_attach,
    .interface_detach = xdp_interface_detach,
    .interface_is_attached = xdp_interface_is_attached,
    .interface_detach_others = xdp_interface_detach_others,
    .probe_attach = xdp_probe_attach,
    .probe_mark = xdp_probe_mark,
    .settings_set = xdp_settings_set,
    .vip_answers = xdp_vip_answers,
    .service_set = xdp_service_set,
    .service_remove = xdp_service_remove,
    .service_each = xdp_service_each,
    .former_each = xdp_former_each,
    .counters = xdp_counters,
    .drops = xdp_drops,
    .answers = xdp_answers,
    .block = xdp_block,
    .unblock = xdp_unblock,
    .blocked_each = xdp_blocked_each,
    .blocked_counters = xdp_blocked_counters,
    .sources_each = xdp_sources_each,
    .sources = xdp_sources,
    .flows = xdp_flows,
    .flows_tell = xdp_flows_tell,
    .flows_walk = xdp_flows_walk,
    .flow_learn = xdp_flow_learn,
    .explain = xdp_explain,
    .explain_without = xdp_explain_without,
    .table_digest = xdp_table_digest,
    .tick = xdp_tick,
    .stop = xdp_stop,
    .close = xdp_close,
};

static int libbpf_log(enum libbpf_print_level, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

/*
 * What libbpf has to say, the verifier's log among it, is for who looks for
 * the cause of a fault that we report ourselves.
 */
static int
libbpf_log(enum libbpf_print_level level, const char *format, va_list ap)
{
	char *text, *line, *next;

	(void)level;
	if (vasprintf(&text, format, ap) == -1)
		return 0;
	next = text;
	while ((line = strsep(&next, "\n")) != NULL)
		if (line[0] != '\0')
			log_debug("%s", line);
	free(text);
	return 0;
}

static void
explain_load(const struct xdp *xdp, int error)
{
	char *memory;

	switch (error) {
	case EPERM:
		log_warnx("can't load the BPF programs: needs root, or "
			  "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
		break;
	case ENOMEM:
		memory = xdp_maps_memory(xdp);
		log_warnx("not enough memory for the BPF maps: %s: lower them",
		    memory);
		free(memory);
		break;
	case ENOSYS:
		log_warnx("the kernel has no BPF (CONFIG_BPF_SYSCALL)");
		break;
	default:
		log_warnx("the kernel refuses the BPF programs: %s: vc5d needs "
			  "Linux 6.1 or newer (vc5d -dv shows the reason)",
		    strerror(error));
	}
}

/* Open, size and load the programs and maps. */
static int
load(struct xdp *xdp)
{
	const struct bpf_program *out;
	int error;

	xdp->skeleton = vc5d_bpf__open();
	if (xdp->skeleton == NULL) {
		log_warn("can't open the BPF programs");
		return -1;
	}
	xdp->object = xdp->skeleton->obj;
	xdp->skeleton->rodata->entries = xdp->limits[XDP_FLOWS];
	xdp->skeleton->rodata->slots = xdp->slots;
	xdp->skeleton->rodata->cpus = xdp->cpus;
	xdp->skeleton->rodata->probe_mark = xdp->mark;
	if (xdp_maps_prepare(xdp) == -1) {
		log_warn("can't set up the BPF maps");
		return -1;
	}
	error = vc5d_bpf__load(xdp->skeleton);
	if (error != 0) {
		explain_load(xdp, -error);
		return -1;
	}
	xdp->program = bpf_program__fd(xdp->skeleton->progs.vc5d_xdp);
	xdp->probe = bpf_program__fd(xdp->skeleton->progs.vc5d_probe);
	out = bpf_object__find_program_by_name(xdp->object, "vc5d_probe_out");
	xdp->probe_out = out == NULL ? -1 : bpf_program__fd(out);
	return 0;
}

/* Let go of everything. */
static void
release(struct xdp *xdp)
{
	xdp_services_clear(xdp);
	xdp_pool_clear(&xdp->free_services);
	xdp_pool_clear(&xdp->free_destinations);
	xdp_grace_close(xdp);
	xdp_maps_close(xdp);
	vc5d_bpf__destroy(xdp->skeleton);
	xdp_directory_close(xdp);
	xdp_shadow_close(xdp);
	free(xdp->table);
	free(xdp->counting);
	free(xdp->connections);
	free(xdp->unfit);
	free(xdp->former);
	free(xdp);
}

/* Never back: packets of new flows move it on, too. */
static void
clock_set(struct xdp *xdp, uint64_t now)
{
	uint32_t *clock = &xdp->control->clock;

	if ((int32_t)((uint32_t)now - *clock) > 0)
		__atomic_store_n(clock, (uint32_t)now, __ATOMIC_RELAXED);
}

static void
xdp_tick(struct dataplane *dataplane, uint64_t now)
{
	struct xdp *xdp = xdp_of(dataplane);

	clock_set(xdp, now);
	xdp_scan(xdp);
}

static void
xdp_stop(struct dataplane *dataplane)
{
	struct xdp *xdp = xdp_of(dataplane);

	xdp_interface_detach_others(dataplane, NULL, 0);
	xdp_probe_detach(xdp);
	xdp_unpin_maps(xdp);
	xdp_directory_remove(xdp, true);
	release(xdp);
}

static void
xdp_close(struct dataplane *dataplane)
{
	release(xdp_of(dataplane));
}

struct dataplane *
dataplane_xdp_open(const struct dataplane_xdp_options *options)
{
	struct xdp *xdp = xcalloc(1, sizeof(*xdp));
	struct timespec now;
	int cpus = libbpf_num_possible_cpus();

	libbpf_set_print(libbpf_log);
	xdp->base.ops = &ops;
	xdp->mark = options->mark;
	xdp->cpus = cpus > 0 ? (uint32_t)cpus : 1;
	xdp->slots = options->slots == 0 ? VC5_SLOTS : options->slots;
	xdp->table = xcalloc(xdp->slots, sizeof(*xdp->table));
	xdp->limits[XDP_ONE] = 1;
	xdp->limits[XDP_FLOWS] = options->flows;
	xdp->limits[XDP_SERVICES] = options->services + 1;
	xdp->limits[XDP_DESTINATIONS] = options->destinations + 1;
	xdp->counting = xcalloc(options->destinations + 1, sizeof(uint32_t));
	xdp->connections = xcalloc(options->destinations + 1, sizeof(uint32_t));
	xdp->lock = xdp->grace_outer = xdp->grace_inner = -1;
	RB_INIT(&xdp->model);
	xdp_pool_init(&xdp->free_services, options->services);
	xdp_pool_init(&xdp->free_destinations, options->destinations);
	if (xdp_directory_open(xdp, options->pin_directory) == -1 ||
	    load(xdp) == -1 || xdp_maps_open(xdp) == -1 ||
	    xdp_grace_open(xdp) == -1 || xdp_maps_pin(xdp) == -1) {
		xdp_directory_remove(xdp, false);
		release(xdp);
		return NULL;
	}
	xdp_adopt(xdp);
	xdp_blocked_adopt(xdp);
	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_set(xdp, (uint64_t)now.tv_sec);
	return &xdp->base;
}
