/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane's part about sources: as many blocked prefixes as there
 * can be, what is taken over of a predecessor, and what was counted.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>

#include "xdp_lab.h"

#define MANY VC5_BLOCKED

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static int
block(struct dataplane *dataplane, const char *text)
{
	struct prefix p = prefix(text);

	return dataplane->ops->block(dataplane, &p);
}

static int
unblock(struct dataplane *dataplane, const char *text)
{
	struct prefix p = prefix(text);

	return dataplane->ops->unblock(dataplane, &p);
}

static bool
is_blocked(struct dataplane *dataplane, const char *text)
{
	struct prefix p = prefix(text);
	uint64_t packets, octets;

	return dataplane->ops->blocked_counters(
	    dataplane, &p, &packets, &octets);
}

static void
count(const struct prefix *found, void *arg)
{
	(void)found;
	++*(size_t *)arg;
}

static size_t
blocked(struct dataplane *dataplane)
{
	size_t all = 0;

	dataplane->ops->blocked_each(dataplane, count, &all);
	return all;
}

static struct vc5_control
control(void)
{
	static struct vc5_control seen;

	lab_get("control", 0, &seen);
	return seen;
}

static void
settle(struct dataplane *dataplane, unsigned sampling)
{
	const struct dataplane_settings settings = {
	    .unserved_pass = true, .icmp_limit = 5, .sampling = sampling};

	dataplane->ops->settings_set(dataplane, &settings);
}

/* Number so many of a family: of 24 bits, and of 56. */
static struct prefix
numbered(bool six, uint32_t number)
{
	struct prefix p = prefix(six ? "2001::/56" : "1.0.0.0/24");
	uint8_t *at = p.address.bytes + (six ? 4 : 0);

	at[0] = (uint8_t)(1 + (number >> 16));
	at[1] = (uint8_t)(number >> 8);
	at[2] = (uint8_t)number;
	return p;
}

/* While nothing is blocked, packets are looked at only to be counted. */
static void
test_flags(void **state)
{
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	settle(dataplane, 256);
	assert_int_equal(control().flags, VC5_UNSERVED_PASS);
	assert_int_equal(control().sample, (1 << 24) - 1);
	assert_int_equal(control().look, (1 << 24) - 1);
	assert_int_equal(block(dataplane, "192.0.2.0/24"), 0);
	assert_int_equal(block(dataplane, "192.0.2.0/24"), 0);
	assert_int_equal(block(dataplane, "192.0.2.0/25"), 0);
	assert_int_equal(control().flags, VC5_UNSERVED_PASS | VC5_BLOCKING4);
	assert_int_equal(control().look, UINT32_MAX);
	assert_int_equal(block(dataplane, "2001:db8::/32"), 0);
	settle(dataplane, 1);
	assert_int_equal(
	    control().flags, VC5_UNSERVED_PASS | VC5_BLOCKING4 | VC5_BLOCKING6);
	assert_int_equal(control().sample, UINT32_MAX);
	assert_int_equal(unblock(dataplane, "192.0.2.0/24"), 0);
	assert_int_equal(unblock(dataplane, "192.0.2.0/24"), 0);
	assert_int_equal(unblock(dataplane, "192.0.2.0/25"), 0);
	assert_int_equal(control().flags, VC5_UNSERVED_PASS | VC5_BLOCKING6);
	assert_int_equal(unblock(dataplane, "2001:db8::/32"), 0);
	settle(dataplane, 0);
	assert_int_equal(control().flags, VC5_UNSERVED_PASS);
	assert_int_equal(control().sample, 0);
	assert_int_equal(control().look, 0);
	lab_log();
	dataplane->ops->stop(dataplane);
}

static void
test_counters(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct prefix p = prefix("192.0.2.0/24");
	struct vc5_prefix4 key = {.length = 24};
	const struct vc5_octets counted = {7, 700};
	uint64_t packets, octets;
	int map = lab_map("blocked4");

	(void)state;
	memcpy(&key.address, p.address.bytes, 4);
	assert_int_equal(block(dataplane, "192.0.0.0/16"), 0);
	assert_false(is_blocked(dataplane, "192.0.0.0/24") &&
	    !is_blocked(dataplane, "192.0.0.0/16"));
	assert_int_equal(block(dataplane, "192.0.2.0/24"), 0);
	assert_int_equal(
	    bpf_map_update_elem(map, &key, &counted, BPF_EXIST), 0);
	close(map);
	/* Blocked once more, by whoever takes over: what was counted stays. */
	dataplane = lab_again(dataplane);
	assert_int_equal(block(dataplane, "192.0.2.0/24"), 0);
	assert_true(
	    dataplane->ops->blocked_counters(dataplane, &p, &packets, &octets));
	assert_int_equal(packets, 7);
	assert_int_equal(octets, 700);
	lab_log();
	dataplane->ops->stop(dataplane);
}

static void
test_many(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct prefix p;
	uint32_t i, six;

	(void)state;
	settle(dataplane, 256);
	for (six = 0; six < 2; six++)
		for (i = 0; i < MANY; i++) {
			p = numbered(six, i);
			if (dataplane->ops->block(dataplane, &p) == -1)
				fail_msg("%u of IPv%u", i, six ? 6 : 4);
		}
	assert_int_equal(block(dataplane, "198.51.100.0/24"), -1);
	assert_logged("can't block 198.51.100.0/24");
	assert_int_equal(blocked(dataplane), 2 * MANY);
	dataplane = lab_again(dataplane);
	settle(dataplane, 256);
	assert_int_equal(
	    control().flags, VC5_UNSERVED_PASS | VC5_BLOCKING4 | VC5_BLOCKING6);
	assert_int_equal(blocked(dataplane), 2 * MANY);
	assert_true(is_blocked(dataplane, "1.0.0.0/24"));
	assert_false(is_blocked(dataplane, "77.0.0.0/24"));
	for (i = 0; i < MANY; i++) {
		p = numbered(false, i);
		assert_int_equal(dataplane->ops->unblock(dataplane, &p), 0);
	}
	assert_int_equal(blocked(dataplane), MANY);
	assert_int_equal(control().flags, VC5_UNSERVED_PASS | VC5_BLOCKING6);
	lab_log();
	dataplane->ops->stop(dataplane);
}

/* The last that was found, and how many there were. */
struct found {
	struct source last[2];
	size_t count;
};

static void
find(const struct source *source, void *arg)
{
	struct found *found = arg;

	found->last[source->prefix.address.family == AF_INET6] = *source;
	found->count++;
}

static void
put_sources(void)
{
	struct vc5_source4 four = {
	    .counted = {3, 300}, .seen = control().clock - 20};
	struct vc5_sources6 six = {0};

	six.ways[2].prefix = 0x20010db800050000 | VC5_SOURCE6_USED;
	six.ways[2].counted = (struct vc5_octets){5, 500};
	six.ways[2].seen = control().clock + 3;
	/* 203.0.112.0/20 */
	lab_put("sources4", 203U << 12 | 7, &four);
	lab_put("sources6", (1U << VC5_SOURCE6_BITS) - 1, &six);
}

static void
test_sources(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	char text[PREFIX_STRLEN];
	struct dataplane_sources of;
	struct found found = {0};

	(void)state;
	settle(dataplane, 256);
	put_sources();
	dataplane = lab_again(dataplane);
	settle(dataplane, 256);
	dataplane->ops->sources(dataplane, &of);
	assert_int_equal(of.sampling, 256);
	assert_true(of.since > 0);
	dataplane->ops->sources_each(dataplane, find, &found);
	assert_int_equal(found.count, 2);
	assert_string_equal(
	    prefix_format(&found.last[0].prefix, text), "203.0.112.0/20");
	assert_int_equal(found.last[0].packets, 3 * 256);
	assert_int_equal(found.last[0].octets, 300 * 256);
	assert_in_range(found.last[0].quiet, 20, 60);
	assert_string_equal(
	    prefix_format(&found.last[1].prefix, text), "2001:db8:5::/48");
	assert_int_equal(found.last[1].packets, 5 * 256);
	assert_int_equal(found.last[1].quiet, 0);
	/* Of another sampling it would mean something else. */
	settle(dataplane, 100);
	dataplane->ops->sources(dataplane, &of);
	assert_int_equal(of.sampling, 100);
	found.count = 0;
	dataplane->ops->sources_each(dataplane, find, &found);
	assert_int_equal(found.count, 0);
	lab_log();
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_flags),
	    LAB_TEST(test_counters),
	    LAB_TEST(test_many),
	    LAB_TEST(test_sources),
	};

	return lab_run_tests(tests);
}
