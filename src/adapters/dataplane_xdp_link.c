/* SPDX-License-Identifier: ISC */

/*
 * Where the programs are attached: XDP links, each pinned as its interface's
 * name, and the probes' tc filter and XDP link.
 */

#include <net/if.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_link.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"

#define KIND	   "links"
#define PROBE_KIND "probe"
#define PROBE_PIN  "out"

/* A program, where it goes, and the pin of its link. */
struct attachment {
	int program;
	int ifindex;
	const char *name; /* of the interface */
	const char *path;
};

#define REFUSED                                                              \
	"its driver refuses, as for an MTU that is too large: lower it, or " \
	"set \"xdp\" to \"generic\" or \"auto\""

/* What to do about it, by errno. */
static const struct {
	int error;
	bool native; /* only the native mode can have it */
	const char *remedy;
} remedies[] = {
    {EPERM, false, "needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"},
    {ENODEV, false, "there is no such interface: correct \"interfaces\""},
    {EOPNOTSUPP, true,
	"its driver has no native mode: set \"xdp\" to \"generic\" or "
	"\"auto\""},
    {EINVAL, true, REFUSED},
    {ERANGE, true, REFUSED},
    {ENOSPC, true, REFUSED},
    {ENOMEM, true, "not enough memory, or queues of the interface"},
};

/* Those of another mode would be no better. */
static bool
is_final(int error)
{
	return error == EBUSY || error == EEXIST || error == ENODEV ||
	    error == EPERM;
}

static void
explain(const char *name, int ifindex, enum xdp_mode mode, int error)
{
	const char *remedy = "";
	uint32_t id = 0;

	if (error == EBUSY || error == EEXIST) {
		bpf_xdp_query_id(ifindex, 0, &id);
		log_warnx("%s: another XDP program (id %u) is attached: end "
			  "what attached it, or \"ip link set dev %s xdp off\"",
		    name, id, name);
		return;
	}
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].error == error &&
		    (mode != XDP_GENERIC || !remedies[i].native))
			remedy = remedies[i].remedy;
	log_warnx("%s: can't attach XDP in %s mode: %s%s%s", name,
	    conf_xdp_mode_name(mode), strerror(error),
	    remedy[0] == '\0' ? "" : ": ", remedy);
}

static bool
is_native(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return bpf_xdp_query(ifindex, 0, &query) == 0 &&
	    query.attach_mode == XDP_ATTACHED_DRV;
}

static uint32_t
program_id(int program)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &len) < 0 ? 0 : info.id;
}

/*
 * The program of a link that is there already is changed in one step: no
 * packet is lost.  Auto is content with the mode that it finds, since there
 * is none without a gap to the other.
 */
static int
link_update(
    const struct attachment *to, int link, enum xdp_mode mode, bool *native)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);

	/* The link of an interface that has gone has index 0. */
	if (bpf_obj_get_info_by_fd(link, &info, &len) < 0 ||
	    info.type != BPF_LINK_TYPE_XDP || to->ifindex == 0 ||
	    info.xdp.ifindex != (uint32_t)to->ifindex)
		return -1;
	*native = is_native(to->ifindex);
	if (mode != XDP_AUTO && *native != (mode == XDP_NATIVE))
		return -1;
	if (info.prog_id == program_id(to->program))
		return 0;
	return bpf_link_update(link, to->program, NULL) < 0 ? -1 : 0;
}

/* A new link of one mode: its descriptor, or -1 and errno. */
static int
link_create(const struct attachment *to, bool native)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
	    .flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	char name[IF_NAMESIZE];
	int link, error;

	link = bpf_link_create(to->program, to->ifindex, BPF_XDP, &options);
	if (link >= 0)
		return link;
	/* The kernel makes no difference here. */
	error = errno;
	if (error == EINVAL &&
	    if_indextoname((unsigned)to->ifindex, name) == NULL)
		error = ENODEV;
	errno = error;
	return -1;
}

static int
link_new(const struct attachment *to, enum xdp_mode mode, bool *native)
{
	int link, result = -1;

	*native = mode != XDP_GENERIC;
	link = link_create(to, *native);
	if (link < 0 && mode == XDP_AUTO && !is_final(errno)) {
		log_notice("%s: no native XDP (%s): generic mode, which is "
			   "slower",
		    to->name, strerror(errno));
		*native = false;
		mode = XDP_GENERIC;
		link = link_create(to, false);
	}
	if (link < 0) {
		explain(to->name, to->ifindex, mode, errno);
		return -1;
	}
	/* Without a pin the link would end with this process. */
	if (bpf_obj_pin(link, to->path) < 0)
		log_warn(
		    "%s: can't pin the XDP link at %s", to->name, to->path);
	else
		result = 0;
	close(link);
	return result;
}

/* Detach what is pinned as an interface's. */
static void
link_end(int link, const char *path)
{
	bpf_link_detach(link);
	close(link);
	if (unlink(path) == -1)
		log_warn("can't remove %s", path);
}

/* Attach, or go on with what is pinned. */
static int
attach(const struct attachment *to, enum xdp_mode mode, bool *native)
{
	int link = bpf_obj_get(to->path);

	if (link >= 0 && link_update(to, link, mode, native) == 0) {
		close(link);
		return 0;
	}
	if (link >= 0)
		link_end(link, to->path);
	return link_new(to, mode, native);
}

static void
detach(struct xdp *xdp, const char *kind, const char *name)
{
	char *path = xdp_pin_path(xdp, kind, name);
	int link = bpf_obj_get(path);

	if (link >= 0)
		link_end(link, path);
	else if (errno != ENOENT)
		log_warn("%s: can't open the XDP link at %s", name, path);
	free(path);
}

int
xdp_interface_attach(struct dataplane *dataplane, const char *name, int ifindex,
    enum xdp_mode mode, bool *native)
{
	struct xdp *xdp = xdp_of(dataplane);
	char *path = xdp_pin_path(xdp, KIND, name);
	struct attachment to = {xdp->program, ifindex, name, path};
	int result = attach(&to, mode, native);

	free(path);
	return result;
}

void
xdp_interface_detach(struct dataplane *dataplane, const char *name)
{
	detach(xdp_of(dataplane), KIND, name);
}

bool
xdp_interface_is_attached(struct dataplane *dataplane, const char *name)
{
	char *path = xdp_pin_path(xdp_of(dataplane), KIND, name);
	unsigned ifindex = if_nametoindex(name);
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	int link = bpf_obj_get(path);
	bool attached;

	free(path);
	if (link < 0)
		return false;
	attached = ifindex != 0 &&
	    bpf_obj_get_info_by_fd(link, &info, &len) == 0 &&
	    info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex;
	close(link);
	return attached;
}

struct others {
	char *const *names;
	size_t count;
};

static void
detach_other(struct xdp *xdp, const char *name, void *arg)
{
	const struct others *keep = arg;

	for (size_t i = 0; i < keep->count; i++)
		if (strcmp(keep->names[i], name) == 0)
			return;
	xdp_interface_detach(&xdp->base, name);
}

void
xdp_interface_detach_others(
    struct dataplane *dataplane, char *const *names, size_t count)
{
	struct others keep = {names, count};

	xdp_pins_each(xdp_of(dataplane), KIND, detach_other, &keep);
}

/* The device is vc5d's own: so is its clsact qdisc, and the first handle. */
#define PROBE_HOOK(ifindex_)                                \
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex_, \
	    .attach_point = BPF_TC_EGRESS)

/* What marks probes with where they go, on their way out of the device. */
static int
attach_marker(struct xdp *xdp, int ifindex)
{
	PROBE_HOOK(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 1,
	    .prog_fd = xdp->probe, .flags = BPF_TC_F_REPLACE);
	libbpf_print_fn_t print;
	int result;

	/* libbpf reports the qdisc that is there already as a fault. */
	print = libbpf_set_print(NULL);
	result = bpf_tc_hook_create(&hook);
	libbpf_set_print(print);
	if (result == 0 || result == -EEXIST)
		result = bpf_tc_attach(&hook, &options);
	if (result < 0) {
		errno = -result;
		log_warn("interface %d: can't attach the health checks' tc "
			 "program (is the kernel without clsact?)",
		    ifindex);
		return -1;
	}
	xdp->probe_ifindex = ifindex;
	return 0;
}

/*
 * What sends them there, as the data plane would, where they come in at the
 * other end: in generic mode, since probes are sk_buffs already.
 */
static int
attach_sender(struct xdp *xdp, int peer)
{
	char name[IF_NAMESIZE] = "the probes' peer";
	char *path = xdp_pin_path(xdp, PROBE_KIND, PROBE_PIN);
	struct attachment to = {xdp->probe_out, peer, name, path};
	bool native;
	int result;

	if_indextoname((unsigned)peer, name);
	result = attach(&to, XDP_GENERIC, &native);
	free(path);
	return result;
}

int
xdp_probe_attach(struct dataplane *dataplane, int ifindex, int peer)
{
	struct xdp *xdp = xdp_of(dataplane);

	if (attach_marker(xdp, ifindex) == -1)
		return -1;
	return xdp->probe_out == -1 ? 0 : attach_sender(xdp, peer);
}

void
xdp_probe_detach(struct xdp *xdp)
{
	PROBE_HOOK(xdp->probe_ifindex);
	libbpf_print_fn_t print;

	detach(xdp, PROBE_KIND, PROBE_PIN);
	if (xdp->probe_ifindex == 0)
		return;
	/* The device may have gone before. */
	print = libbpf_set_print(NULL);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
	libbpf_set_print(print);
	xdp->probe_ifindex = 0;
}
