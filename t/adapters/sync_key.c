/* SPDX-License-Identifier: ISC */

/*
 * The keys of sync: what a file of them has to be, what is derived, and tags;
 * and the token bucket.  The expected digests were made by Python's hmac.
 */

#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "adapters/sync_key.h"
#include "adapters/sync_rate.h"

#define KEY_ONE "0123456789abcdef0123456789abcdef"
#define KEY_TWO "fedcba9876543210fedcba9876543210"

static const uint8_t text[] = "what is signed";
#define TEXT_LEN (sizeof(text) - 1)

static struct sync_keys *
parse(const char *file, const char *cluster)
{
	char *error = NULL;
	struct sync_keys *k =
	    sync_keys_parse(file, strlen(file), "f", cluster, &error);

	if (k == NULL)
		fail_msg("%s", error);
	return k;
}

static void
test_derivation(void **state)
{
	static const struct {
		const char *key, *cluster;
		uint32_t id;
		uint8_t tag[SYNC_TAG_LEN];
	} cases[] = {
	    {KEY_ONE, "vc5d", 0xe9b31a97,
		{0x69, 0x1a, 0x55, 0xf2, 0x95, 0xe0, 0x74, 0xf0, 0xac, 0x54,
		    0x7e, 0xe2, 0x08, 0x96, 0x39, 0x32}},
	    {KEY_ONE, "other", 0x2acffea2,
		{0x9b, 0xdb, 0xe3, 0xc5, 0x16, 0x61, 0x93, 0x9e, 0xf4, 0x96,
		    0xde, 0xd0, 0xec, 0xc6, 0x44, 0xd2}},
	    {KEY_TWO, "vc5d", 0x8bdd80b2,
		{0x73, 0x05, 0x3e, 0xb1, 0xc1, 0x32, 0xf1, 0x31, 0x77, 0x2b,
		    0xe2, 0x3d, 0xa0, 0xb5, 0x1f, 0xf3}},
	    {KEY_TWO, "other", 0x2cf044aa,
		{0xf4, 0x7b, 0x76, 0xa1, 0x69, 0x78, 0x71, 0x34, 0xfb, 0x93,
		    0x38, 0x0e, 0xfa, 0xcd, 0xca, 0x5d}},
	};
	uint8_t tag[SYNC_TAG_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sync_keys *k = parse(cases[i].key, cases[i].cluster);

		assert_int_equal(sync_keys_id(k), cases[i].id);
		sync_keys_sign(k, text, TEXT_LEN, tag);
		assert_memory_equal(tag, cases[i].tag, SYNC_TAG_LEN);
		/* Nothing of the first one is in the second. */
		sync_keys_sign(k, text, TEXT_LEN, tag);
		assert_memory_equal(tag, cases[i].tag, SYNC_TAG_LEN);
		sync_keys_free(k);
	}
}

static void
test_rotation(void **state)
{
	struct sync_keys *old = parse(KEY_ONE "\n", "vc5d"),
			 *both = parse(KEY_TWO "\n" KEY_ONE "\n", "vc5d"),
			 *new = parse(KEY_TWO, "vc5d");
	uint8_t tag[SYNC_TAG_LEN];

	(void)state;
	sync_keys_sign(old, text, TEXT_LEN, tag);
	assert_int_equal(
	    sync_keys_verify(both, sync_keys_id(old), text, TEXT_LEN, tag),
	    SYNC_KEY_GOOD);
	assert_int_equal(
	    sync_keys_verify(new, sync_keys_id(old), text, TEXT_LEN, tag),
	    SYNC_KEY_UNKNOWN);
	sync_keys_sign(both, text, TEXT_LEN, tag);
	assert_int_equal(sync_keys_id(both), sync_keys_id(new));
	assert_int_equal(
	    sync_keys_verify(new, sync_keys_id(both), text, TEXT_LEN, tag),
	    SYNC_KEY_GOOD);
	sync_keys_free(old);
	sync_keys_free(both);
	sync_keys_free(new);
}

static void
test_forged(void **state)
{
	struct sync_keys *k = parse(KEY_ONE, "vc5d");
	uint8_t changed[TEXT_LEN], tag[SYNC_TAG_LEN];
	uint32_t id = sync_keys_id(k);
	size_t i;

	(void)state;
	sync_keys_sign(k, text, TEXT_LEN, tag);
	for (i = 0; i < TEXT_LEN * 8; i++) {
		memcpy(changed, text, TEXT_LEN);
		changed[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(
		    sync_keys_verify(k, id, changed, TEXT_LEN, tag),
		    SYNC_KEY_FORGED);
	}
	for (i = 0; i < SYNC_TAG_LEN * 8; i++) {
		tag[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(sync_keys_verify(k, id, text, TEXT_LEN, tag),
		    SYNC_KEY_FORGED);
		tag[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(
	    sync_keys_verify(k, id, text, TEXT_LEN - 1, tag), SYNC_KEY_FORGED);
	assert_int_equal(
	    sync_keys_verify(k, id, text, TEXT_LEN, tag), SYNC_KEY_GOOD);
	assert_int_equal(
	    sync_keys_verify(k, id + 1, text, TEXT_LEN, tag), SYNC_KEY_UNKNOWN);
	sync_keys_free(k);
}

static void
test_bad_text(void **state)
{
	static const struct {
		const char *file, *error;
	} cases[] = {
	    {"",
		"f:1: the key has 0 characters: it needs 32 to 256 (openssl "
		"rand -hex 32 makes one)"},
	    {KEY_ONE "\n\n",
		"f:2: the key has 0 characters: it needs 32 to 256 (openssl "
		"rand -hex 32 makes one)"},
	    {"0123456789abcdef0123456789abcde",
		"f:1: the key has 31 characters: it needs 32 to 256 (openssl "
		"rand -hex 32 makes one)"},
	    {KEY_ONE " \n",
		"f:1:33: a key is printable characters without spaces"},
	    {KEY_ONE "\n" KEY_TWO "\r\n",
		"f:2:33: a key is printable characters without spaces"},
	    {"\xc3\xa9" KEY_ONE,
		"f:1:1: a key is printable characters without spaces"},
	    {KEY_ONE "\n" KEY_TWO "\n" KEY_ONE "\n",
		"f: more than 2 lines: the first is the key to send with, the "
		"second another to accept"},
	};
	char longest[258], *error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error = NULL;
		assert_null(sync_keys_parse(
		    cases[i].file, strlen(cases[i].file), "f", "vc5d", &error));
		assert_string_equal(error, cases[i].error);
		free(error);
	}
	memset(longest, 'k', sizeof(longest));
	error = NULL;
	assert_null(sync_keys_parse(longest, 257, "f", "vc5d", &error));
	free(error);
	error = NULL;
	sync_keys_free(sync_keys_parse(longest, 256, "f", "vc5d", &error));
	assert_null(error);
	assert_null(sync_keys_parse(KEY_ONE "\0", 33, "f", "vc5d", &error));
	free(error);
}

/* Who may read it decides, whatever is in it. */

static char path[] = "/tmp/vc5t-key-XXXXXX";

static void
expect_refused(const char *error_wanted)
{
	char *error = NULL, *wanted;

	assert_null(sync_keys_load(path, "vc5d", &error));
	assert_int_not_equal(
	    asprintf(&wanted, "%s: %s", path, error_wanted), -1);
	assert_memory_equal(error, wanted, strlen(wanted));
	free(wanted);
	free(error);
}

static void
test_file(void **state)
{
	char *error = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, KEY_ONE "\n", 33), 33);
	sync_keys_free(sync_keys_load(path, "vc5d", &error));
	assert_null(error);
	assert_int_equal(fchmod(fd, 0640), 0);
	expect_refused("others may use it (mode 0640)");
	assert_int_equal(fchmod(fd, 0602), 0);
	expect_refused("others may use it (mode 0602)");
	assert_int_equal(fchmod(fd, 0400), 0);
	sync_keys_free(sync_keys_load(path, "vc5d", &error));
	assert_null(error);
	if (geteuid() == 0) {
		assert_int_equal(fchown(fd, 4711, (gid_t)-1), 0);
		expect_refused("belongs to user 4711, and must to 0");
		assert_int_equal(fchown(fd, 0, (gid_t)-1), 0);
	}
	assert_int_equal(ftruncate(fd, 1025), 0);
	expect_refused("longer than 1024 bytes");
	close(fd);
	assert_int_equal(unlink(path), 0);
	expect_refused("No such file or directory");
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused("not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused("not a regular file");
	assert_int_equal(rmdir(path), 0);
}

/* Send 1000-byte datagrams as fast as allowed for some time, each ms. */
static uint64_t
send_all(struct sync_rate *r, uint64_t *now, unsigned ms)
{
	uint64_t sent = 0, end = *now + ms;

	for (; *now < end; ++*now)
		while (sync_rate_allows(r, 1000, *now)) {
			sync_rate_spend(r, 1000);
			sent += 1000;
		}
	return sent;
}

static void
test_rate(void **state)
{
	struct sync_rate r;
	uint64_t now = 5000;

	(void)state;
	sync_rate_init(&r, 8000000, now); /* 1 MB/s */
	assert_in_range(send_all(&r, &now, 1000), 1198000, 1200000);
	assert_in_range(send_all(&r, &now, 10000), 9990000, 10010000);
	/* No more gathers than the burst, however long it takes. */
	now += 1000000;
	assert_in_range(send_all(&r, &now, 100), 290000, 301000);
	/* What was sent without asking is saved later. */
	sync_rate_spend(&r, 1000000);
	assert_int_equal(send_all(&r, &now, 900), 0);
	assert_in_range(send_all(&r, &now, 1100), 990000, 1010000);
	sync_rate_set(&r, 80000000, now);
	assert_in_range(send_all(&r, &now, 1000), 9900000, 10010000);
	/* Slow: what a millisecond brings is less than a byte. */
	sync_rate_init(&r, 4000, now);
	send_all(&r, &now, 100);
	assert_in_range(send_all(&r, &now, 100000), 49000, 51000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_derivation),
	    cmocka_unit_test(test_rotation),
	    cmocka_unit_test(test_forged),
	    cmocka_unit_test(test_bad_text),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
