/* SPDX-License-Identifier: ISC */

/*
 * What interfaces do on behalf of the kernel, such as segmentation, checksums
 * and VLAN tags, and what they are to leave alone.  Features are known by
 * their names, as ethtool -k says them with other words.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/netlink_private.h"
#include "base/xmalloc.h"

/* More than any kernel has: 64 now, in blocks of 32. */
#define FEATURES_MAX 1024
#define BLOCK_BITS   32
#define BLOCKS_MAX   (FEATURES_MAX / BLOCK_BITS)

/* The features of an interface. */
struct features {
	int fd;
	struct ifreq request; /* has its name */
	unsigned count, blocks;
	struct ethtool_gstrings *names;
};

static int
features_ask(struct features *f, void *command)
{
	f->request.ifr_data = command;
	return (ioctl(f->fd, SIOCETHTOOL, &f->request));
}

static int
features_count(struct features *f)
{
	struct ethtool_sset_info *set;
	uint32_t count;
	int rc;

	set = xcalloc(1, sizeof(*set) + sizeof(set->data[0]));
	set->cmd = ETHTOOL_GSSET_INFO;
	set->sset_mask = 1ULL << ETH_SS_FEATURES;
	rc = features_ask(f, set);
	count = set->sset_mask != 0 ? set->data[0] : 0;
	free(set);
	if (rc < 0)
		return (-1);
	if (count == 0 || count > FEATURES_MAX) {
		errno = EOPNOTSUPP;
		return (-1);
	}
	f->count = count;
	f->blocks = (count + BLOCK_BITS - 1) / BLOCK_BITS;
	return (0);
}

static int
features_open(struct features *f, const char *name)
{
	*f = (struct features){0};
	if (strlen(name) >= sizeof(f->request.ifr_name)) {
		errno = ENODEV;
		f->fd = -1;
		return (-1);
	}
	memcpy(f->request.ifr_name, name, strlen(name) + 1);
	f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (f->fd == -1 || features_count(f) < 0)
		return (-1);
	f->names =
	    xcalloc(1, sizeof(*f->names) + (size_t)f->count * ETH_GSTRING_LEN);
	f->names->cmd = ETHTOOL_GSTRINGS;
	f->names->string_set = ETH_SS_FEATURES;
	f->names->len = f->count;
	return (features_ask(f, f->names));
}

static void
features_close(struct features *f)
{
	int error = errno;

	free(f->names);
	if (f->fd != -1)
		close(f->fd);
	errno = error;
}

static bool
feature_matches(
    const struct features *f, unsigned i, const char *const *patterns)
{
	const uint8_t *at = f->names->data + (size_t)i * ETH_GSTRING_LEN;
	char name[ETH_GSTRING_LEN + 1] = {0};

	memcpy(name, at, ETH_GSTRING_LEN);
	for (; *patterns != NULL; patterns++) {
		if (fnmatch(*patterns, name, 0) == 0)
			return (true);
	}
	return (false);
}

/* Those that are active and match: their number, or -1. */
static int
features_active(struct features *f, const char *const *patterns,
    uint32_t active[BLOCKS_MAX])
{
	struct ethtool_gfeatures *get;
	uint32_t bit;
	unsigned i;
	int n = -1;

	memset(active, 0, BLOCKS_MAX * sizeof(*active));
	get = xcalloc(1, sizeof(*get) + f->blocks * sizeof(get->features[0]));
	get->cmd = ETHTOOL_GFEATURES;
	get->size = f->blocks;
	if (features_ask(f, get) < 0)
		goto cleanup;
	for (i = n = 0; i < f->count; i++) {
		bit = 1U << (i % BLOCK_BITS);
		if (!(get->features[i / BLOCK_BITS].active & bit) ||
		    !feature_matches(f, i, patterns))
			continue;
		active[i / BLOCK_BITS] |= bit;
		n++;
	}
cleanup:
	free(get);
	return (n);
}

static int
features_clear(struct features *f, const uint32_t which[BLOCKS_MAX])
{
	struct ethtool_sfeatures *set;
	unsigned i;
	int rc;

	set = xcalloc(1, sizeof(*set) + f->blocks * sizeof(set->features[0]));
	set->cmd = ETHTOOL_SFEATURES;
	set->size = f->blocks;
	for (i = 0; i < f->blocks; i++)
		set->features[i].valid = which[i];
	rc = features_ask(f, set);
	free(set);
	return (rc);
}

int
netlink_features_off(const char *name, const char *const *patterns)
{
	uint32_t active[BLOCKS_MAX];
	struct features f;
	int n, rc = -1;

	if (features_open(&f, name) < 0 ||
	    (n = features_active(&f, patterns, active)) < 0)
		goto cleanup;
	if (n == 0) {
		rc = 0;
		goto cleanup;
	}
	if (features_clear(&f, active) < 0 ||
	    (n = features_active(&f, patterns, active)) < 0)
		goto cleanup;
	rc = 1;
	if (n != 0) {
		/* The driver does not have it changed. */
		errno = EOPNOTSUPP;
		rc = -1;
	}
cleanup:
	features_close(&f);
	return (rc);
}

int
netlink_keep_tags(const char *name)
{
	static const char *const patterns[] = {"rx-vlan-hw-parse", NULL};

	return (netlink_features_off(name, patterns));
}
