/* SPDX-License-Identifier: ISC */

/*
 * The maps: sized, pinned or taken over from a predecessor, and mapped into
 * our memory.  What a predecessor left and doesn't suit us is kept until ours
 * are ready: a start that fails loses nothing.
 */

#include <sys/mman.h>
#include <sys/random.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* By enum xdp_map: elements are the limit, times, over, times the CPUs. */
static const struct {
	const char *name;
	enum xdp_limit limit;
	uint32_t times, over;
	bool per_cpu;
} maps[XDP_MAPS] = {
    [XDP_MAP_CONTROL] = {"control", XDP_ONE, 1, 1, false},
    [XDP_MAP_FLOWS] = {"flows", XDP_FLOWS, 1, VC5_WAYS, false},
    [XDP_MAP_DESTINATIONS] = {"destinations", XDP_DESTINATIONS, 1, 1, false},
    [XDP_MAP_SERVICES] = {"services", XDP_SERVICES, 1, 1, false},
    [XDP_MAP_TABLES] = {"tables", XDP_SERVICES, 2, 1, false},
    [XDP_MAP_DESTINATION_COUNTERS] = {"destination_counters", XDP_DESTINATIONS,
	1, 1, true},
    [XDP_MAP_SERVICE_COUNTERS] = {"service_counters", XDP_SERVICES, 1, 1, true},
    [XDP_MAP_DROP_COUNTERS] = {"drop_counters", XDP_ONE, 1, 1, true},
    [XDP_MAP_TUPLES] = {"tuples", XDP_FLOWS, 1, 1, false},
    [XDP_MAP_SOURCES4] = {"sources4", XDP_ONE, VC5_SOURCES4, 1, false},
    [XDP_MAP_SOURCES6] = {"sources6", XDP_ONE, 1U << VC5_SOURCE6_BITS, 1,
	false},
    [XDP_MAP_SERVICE_INDEX] = {"service_index", XDP_SERVICES, 1, 1, false},
    [XDP_MAP_VIPS] = {"vips", XDP_SERVICES, 1, 1, false},
    [XDP_MAP_BLOCKED4] = {"blocked4", XDP_ONE, VC5_BLOCKED, 1, false},
    [XDP_MAP_BLOCKED6] = {"blocked6", XDP_ONE, VC5_BLOCKED, 1, false},
};

static const char *const limit_names[XDP_LIMITS] = {
    [XDP_ONE] = "the rest",
    [XDP_FLOWS] = "limits.flows",
    [XDP_SERVICES] = "limits.services",
    [XDP_DESTINATIONS] = "limits.destinations",
};

static uint32_t
elements(const struct xdp *xdp, enum xdp_map map)
{
	uint32_t count =
	    xdp->limits[maps[map].limit] / maps[map].over * maps[map].times;

	return maps[map].per_cpu ? count * xdp->cpus : count;
}

static struct bpf_map *
map_of(const struct xdp *xdp, enum xdp_map map)
{
	return bpf_object__find_map_by_name(xdp->object, maps[map].name);
}

/* Elements of arrays begin at multiples of 8 bytes. */
static size_t
stride(const struct xdp *xdp, enum xdp_map map)
{
	return (bpf_map__value_size(map_of(xdp, map)) + 7U) & ~(size_t)7;
}

char *
xdp_maps_memory(const struct xdp *xdp)
{
	size_t bytes[XDP_LIMITS] = {0};
	char *text = NULL, *longer;

	for (unsigned i = 0; i < XDP_MAPS; i++)
		bytes[maps[i].limit] += elements(xdp, i) * stride(xdp, i);
	for (unsigned i = XDP_FLOWS; i < XDP_LIMITS; i++) {
		longer = xasprintf("%s%s%s takes %zu MB", text ? text : "",
		    text ? ", " : "", limit_names[i], (bytes[i] >> 20) + 1);
		free(text);
		text = longer;
	}
	return text;
}

/* Is the map behind a pin of the kind and size that the object's map is? */
static bool
same_kind(int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	    info.type == bpf_map__type(map) &&
	    info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map) &&
	    info.map_flags == bpf_map__map_flags(map);
}

static int
open_pin(const struct xdp *xdp, const char *name)
{
	char *path = xdp_pin_path(xdp, "maps", name);
	int fd = bpf_obj_get(path);

	free(path);
	return fd;
}

int
xdp_maps_open_array(
    const struct xdp *xdp, const char *name, size_t size, uint32_t *count)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	int fd = open_pin(xdp, name);

	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ||
	    info.type != BPF_MAP_TYPE_ARRAY || info.value_size != size) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*count = info.max_entries;
	return fd;
}

/* What the pinned maps' control element says: NULL if it suits us. */
static char *
wrong_control(const struct xdp *xdp)
{
	struct vc5_control *control = xcalloc(1, sizeof(*control));
	const uint32_t zero = 0;
	char *wrong = NULL;
	uint32_t count;
	int fd = xdp_maps_open_array(
	    xdp, maps[XDP_MAP_CONTROL].name, sizeof(*control), &count);

	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, control) < 0)
		wrong = xasprintf("can't read it: %s", strerror(errno));
	else if (control->abi == 0)
		wrong = xstrdup("it was never finished");
	else if (control->abi != VC5_ABI)
		wrong = xasprintf(
		    "it is of layout %u, this is %u", control->abi, VC5_ABI);
	else if (control->entries != xdp->limits[XDP_FLOWS])
		wrong = xasprintf("limits.flows was %u, is %u",
		    control->entries, xdp->limits[XDP_FLOWS]);
	else if (control->slots != xdp->slots)
		wrong = xasprintf(
		    "limits.slots was %u, is %u", control->slots, xdp->slots);
	else if (control->cpus != xdp->cpus)
		wrong = xasprintf(
		    "%u CPUs were possible, now %u", control->cpus, xdp->cpus);
	if (fd >= 0)
		close(fd);
	free(control);
	return wrong;
}

static const char *
limit_of(const char *name)
{
	for (unsigned i = 0; i < XDP_MAPS; i++)
		if (strcmp(maps[i].name, name) == 0 && maps[i].limit != XDP_ONE)
			return limit_names[maps[i].limit];
	return "its layout";
}

/*
 * Why the maps that a predecessor left can't be used: release it with
 * free(3); NULL if they can be, or if there are none (*found false).
 */
static char *
wrong_pins(const struct xdp *xdp, bool *found)
{
	const char *missing = NULL, *changed = NULL;
	struct bpf_map *map;
	int fd;

	*found = false;
	bpf_object__for_each_map(map, xdp->object)
	{
		if (bpf_map__is_internal(map))
			continue;
		fd = open_pin(xdp, bpf_map__name(map));
		if (fd < 0) {
			missing = bpf_map__name(map);
			continue;
		}
		*found = true;
		if (changed == NULL && !same_kind(fd, map))
			changed = bpf_map__name(map);
		close(fd);
	}
	if (!*found)
		return NULL;
	if (missing != NULL)
		return xasprintf("its map %s is not there", missing);
	if (changed == NULL ||
	    strcmp(changed, maps[XDP_MAP_CONTROL].name) != 0) {
		char *wrong = wrong_control(xdp);

		if (wrong != NULL)
			return wrong;
	}
	return changed == NULL ? NULL
			       : xasprintf("%s has changed", limit_of(changed));
}

int
xdp_maps_prepare(struct xdp *xdp)
{
	struct bpf_map *map;
	bool found;
	char *path;
	int result = 0;

	for (unsigned i = 0; i < XDP_MAPS; i++)
		if (bpf_map__set_max_entries(map_of(xdp, i), elements(xdp, i)) <
		    0)
			return -1;
	if (bpf_map__set_value_size(
		map_of(xdp, XDP_MAP_TABLES), xdp->slots * sizeof(uint16_t)) < 0)
		return -1;
	xdp->unfit = wrong_pins(xdp, &found);
	xdp->reused = found && xdp->unfit == NULL;
	bpf_object__for_each_map(map, xdp->object)
	{
		if (bpf_map__is_internal(map) || !xdp->reused)
			continue;
		path = xdp_pin_path(xdp, "maps", bpf_map__name(map));
		if (bpf_map__set_pin_path(map, path) < 0)
			result = -1;
		free(path);
	}
	return result;
}

static int
map_memory(struct xdp *xdp, enum xdp_map map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), length;
	void *address;

	length = elements(xdp, map) * stride(xdp, map);
	length = (length + page - 1) & ~(page - 1);
	address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
	    bpf_map__fd(map_of(xdp, map)), 0);
	if (address == MAP_FAILED) {
		log_warn("can't map the BPF map %s", maps[map].name);
		return -1;
	}
	xdp->mappings[map].address = address;
	xdp->mappings[map].length = length;
	return 0;
}

/* The layout's number is written last: without it nobody takes them over. */
static int
make_ready(struct xdp *xdp)
{
	unsigned char *key = (unsigned char *)xdp->control->key;
	size_t done = 0;
	ssize_t n;

	while (done < sizeof(xdp->control->key)) {
		n = getrandom(key + done, sizeof(xdp->control->key) - done, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			log_warn("no random numbers");
			return -1;
		}
		done += (size_t)n;
	}
	xdp->control->entries = xdp->limits[XDP_FLOWS];
	xdp->control->slots = xdp->slots;
	xdp->control->cpus = xdp->cpus;
	__atomic_store_n(&xdp->control->abi, VC5_ABI, __ATOMIC_RELEASE);
	return 0;
}

int
xdp_maps_open(struct xdp *xdp)
{
	for (unsigned i = 0; i < XDP_MAPPED; i++)
		if (map_memory(xdp, i) == -1)
			return -1;
	xdp->control = xdp->mappings[XDP_MAP_CONTROL].address;
	xdp->flows = xdp->mappings[XDP_MAP_FLOWS].address;
	xdp->tuples = xdp->mappings[XDP_MAP_TUPLES].address;
	xdp->destinations = xdp->mappings[XDP_MAP_DESTINATIONS].address;
	xdp->services = xdp->mappings[XDP_MAP_SERVICES].address;
	xdp->destination_counters =
	    xdp->mappings[XDP_MAP_DESTINATION_COUNTERS].address;
	xdp->service_counters = xdp->mappings[XDP_MAP_SERVICE_COUNTERS].address;
	xdp->drop_counters = xdp->mappings[XDP_MAP_DROP_COUNTERS].address;
	xdp->sources4 = xdp->mappings[XDP_MAP_SOURCES4].address;
	xdp->sources6 = xdp->mappings[XDP_MAP_SOURCES6].address;
	xdp->blocked[0] = bpf_map__fd(map_of(xdp, XDP_MAP_BLOCKED4));
	xdp->blocked[1] = bpf_map__fd(map_of(xdp, XDP_MAP_BLOCKED6));
	xdp->service_index = bpf_map__fd(map_of(xdp, XDP_MAP_SERVICE_INDEX));
	xdp->vips = bpf_map__fd(map_of(xdp, XDP_MAP_VIPS));
	return xdp->control->abi == 0 ? make_ready(xdp) : 0;
}

/* Its VIPs are what we need of it: bgpd may go on announcing them. */
static void
discard(struct xdp *xdp)
{
	const char *unread = "";

	if (xdp_former_read(xdp) == -1)
		unread = "; its VIPs can't be read: withdraw those that are "
			 "no longer configured (bgpctl network delete)";
	log_notice("flow table of an earlier vc5d discarded: %s%s", xdp->unfit,
	    unread);
}

int
xdp_maps_pin(struct xdp *xdp)
{
	struct bpf_map *map;
	char *path;
	int result = 0;

	if (xdp->reused)
		return 0;
	if (xdp->unfit != NULL)
		discard(xdp);
	xdp_unpin_maps(xdp);
	bpf_object__for_each_map(map, xdp->object)
	{
		if (bpf_map__is_internal(map) || result == -1)
			continue;
		path = xdp_pin_path(xdp, "maps", bpf_map__name(map));
		result = bpf_map__pin(map, path) < 0 ? -1 : 0;
		if (result == -1)
			log_warn("can't make %s", path);
		free(path);
	}
	if (result == -1)
		xdp_unpin_maps(xdp);
	return result;
}

void
xdp_maps_close(struct xdp *xdp)
{
	for (unsigned i = 0; i < XDP_MAPPED; i++)
		if (xdp->mappings[i].address != NULL)
			munmap(
			    xdp->mappings[i].address, xdp->mappings[i].length);
}

uint16_t *
xdp_table(const struct xdp *xdp, uint32_t index)
{
	char *first = xdp->mappings[XDP_MAP_TABLES].address;

	return (uint16_t *)(void *)(first +
	    index * ((xdp->slots * sizeof(uint16_t) + 7) & ~(size_t)7));
}
