/* SPDX-License-Identifier: ISC */

/*
 * Files and texts as such: what is none, the samples, and damaged ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "core/conf.h"

/* Just this is said about the text. */
static void
assert_refused(const char *json, size_t len, const char *expected)
{
	struct conf_errors errors = {NULL, 0};
	char *copy = xcalloc(len + 1, 1); /* for ASan to see the end */

	memcpy(copy, json, len);
	copy = xreallocarray(copy, len > 0 ? len : 1, 1);
	assert_null(conf_parse(copy, len, "f", &errors));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0], expected);
	conf_errors_clear(&errors);
	assert_null(errors.lines);
	free(copy);
}

static void
text_that_is_none_is_refused(void **state)
{
	static const char nul[] = "{\n\"a\0\":1}";
	static const char invalid[] = "{\n\"a\": \"\xff\"}";
	static const char surrogate[] = "{\n\"a\": \"\xed\xa0\x80\"}";
	static const char control[] = "{\n\"a\": \"x\ny\"}";
	static const char mark[] = "\xef\xbb\xbf{}";
	char *deep = xcalloc(5001, 1);

	(void)state;
	assert_refused("", 0, "f: is empty");
	assert_refused(" \t\r\n", 4, "f: is empty");
	assert_refused(nul, sizeof(nul) - 1,
	    "f:2:3: syntax error: a NUL byte, in what should be text");
	assert_refused(invalid, sizeof(invalid) - 1,
	    "f:2:6: syntax error: unable to decode byte 0xff near '\"'");
	assert_refused(surrogate, sizeof(surrogate) - 1,
	    "f:2:6: syntax error: unable to decode byte 0xed near '\"'");
	assert_refused(control, sizeof(control) - 1,
	    "f:2:7: syntax error: unexpected newline near '\"x'");
	assert_refused(mark, sizeof(mark) - 1,
	    "f:1:1: syntax error: a byte order mark, which JSON must not "
	    "have");
	memset(deep, '[', 5000);
	assert_refused(deep, 5000,
	    "f:1:2049: syntax error: maximum parsing depth reached near '['");
	free(deep);
}

static void
many_problems_are_cut_off(void **state)
{
	struct conf_errors errors = {NULL, 0};
	char *json = xcalloc(8 * 5000 + 100, 1), *end = json;
	size_t i;

	(void)state;
	end = stpcpy(end, "{\"services\":[],\"interfaces\":[]");
	for (i = 0; i < 3000; i++)
		end += sprintf(end, ",\"%zu\":0", i);
	stpcpy(end, "}");
	assert_null(conf_parse(json, strlen(json), "f", &errors));
	assert_int_equal(errors.count, 1001);
	assert_string_equal(
	    errors.lines[1000], "f: there are more errors than these 1000");
	conf_errors_clear(&errors);
	free(json);
}

/* A small file may not ask for any amount of memory or time. */
static void
huge_products_are_refused(void **state)
{
	struct conf_errors errors = {NULL, 0};
	char *json = xcalloc(2 << 20, 1), *end = json;
	size_t i;

	(void)state;
	end = stpcpy(end,
	    "{\"interfaces\":\"eth0\",\"services\":[{"
	    "\"name\":\"a\",\"virtual\":[\"192.0.2.1\"");
	for (i = 1; i < 10000; i++)
		end += sprintf(end, ",\"11.1.%zu.%zu\"", i / 250, i % 250 + 1);
	end = stpcpy(end, "],\"servers\":[\"10.0.0.1\"");
	for (i = 1; i < 10000; i++)
		end += sprintf(end, ",\"12.1.%zu.%zu\"", i / 250, i % 250 + 1);
	end = stpcpy(end, "],\"policy\":{\"1\":{}");
	for (i = 2; i < 65536; i++)
		end += sprintf(end, ",\"%zu\":{}", i);
	stpcpy(end, "}}]}");
	assert_null(conf_parse(json, strlen(json), "f", &errors));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0],
	    "f:1:33: services: 655350000 services (VIPs x ports) are more "
	    "than limits.services, 256");
	conf_errors_clear(&errors);
	free(json);
}

static void
assert_not_loaded(const char *path, const char *expected)
{
	struct conf_errors errors = {NULL, 0};

	assert_null(conf_load(path, &errors));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0], expected);
	conf_errors_clear(&errors);
}

static void
write_file(const char *path, const char *text, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	if (size > 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void
files_that_are_none_are_refused(void **state)
{
	char directory[] = "/tmp/vc5d-conf.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_not_loaded("missing", "missing: No such file or directory");
	assert_not_loaded("a\nb", "a\\nb: No such file or directory");
	assert_not_loaded(".", ".: is a directory");
	assert_not_loaded("/dev/null", "/dev/null: is not a regular file");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_not_loaded("fifo", "fifo: is not a regular file");
	write_file("empty", "", 0);
	assert_not_loaded("empty", "empty: is empty");
	write_file("large", "{", (16 << 20) + 1);
	assert_not_loaded("large", "large: is larger than 16 MiB");
	write_file("padded", "{", 16 << 20);
	assert_not_loaded("padded",
	    "padded:1:2: syntax error: a NUL byte, in what should be text");
	write_file("bad", "{\"services\":[],\n\"interfaces\":1}", 0);
	assert_not_loaded("bad",
	    "bad:2:14: interfaces: expected a name or "
	    "an array of them, got the integer 1");
	assert_int_equal(unlink("fifo") | unlink("empty") | unlink("large") |
		unlink("padded") | unlink("bad"),
	    0);
	assert_int_equal(chdir("/") | rmdir(directory), 0);
}

/* root reads everything: this is for who isn't. */
static void
unreadable_file_is_refused(void **state)
{
	char path[] = "/tmp/vc5d-conf.XXXXXX";
	char *expected = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	if (geteuid() == 65534)
		expected = xasprintf("%s: Permission denied", path);
	else if (chmod(path, 0) == 0)
		expected = xasprintf("%s: Permission denied", path);
	assert_not_loaded(path, expected);
	(void)seteuid(getuid());
	unlink(path);
	free(expected);
}

static struct conf *
load_sample(void)
{
	struct conf_errors errors = {NULL, 0};
	struct conf *conf = conf_load(SAMPLE, &errors);

	if (conf == NULL)
		fail_msg("%s", errors.lines[0]);
	return conf;
}

static void
sample_is_good(void **state)
{
	struct conf *conf = load_sample();

	(void)state;
	assert_string_equal(conf->file, SAMPLE);
	assert_int_equal(conf->service_count, 6);
	assert_int_equal(conf->vip_count, 3);
	assert_true(conf->bgp.enabled);
	conf_free(conf);
}

#define TEXT_SIZE (1 << 20)

static char *
read_text(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	char *text = xcalloc(TEXT_SIZE, 1);

	assert_non_null(file);
	*len = fread(text, 1, TEXT_SIZE - 1, file);
	assert_true(feof(file));
	fclose(file);
	return text;
}

/* A literal display of the manual that begins with "{" is a file. */
static void
examples_of_the_manual_are_good(void **state)
{
	static const char begin[] = "\n.Bd -literal -offset indent\n{";
	size_t len, count = 0;
	char *manual = read_text(MANUAL, &len), *c = manual, *end;
	struct conf_errors errors = {NULL, 0};

	(void)state;
	while ((c = strstr(c, begin)) != NULL) {
		c += strlen(begin) - 1;
		end = strstr(c, ".Ed");
		assert_non_null(end);
		conf_free(conf_parse(c, (size_t)(end - c), "f", &errors));
		if (errors.count > 0)
			fail_msg("%s", errors.lines[0]);
		count++;
	}
	assert_int_equal(count, 6);
	free(manual);
}

/* xorshift: the same mutations on every run */
static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Change a few places: a byte, a token, or a piece moved elsewhere. */
static size_t
mutate(char *text, size_t len, uint32_t *seed)
{
	static const char tokens[] = "{}[],:\"\\0-1e.*/tn \n\xff";
	size_t at = next_random(seed) % len, from, size;

	switch (next_random(seed) % 4) {
	case 0:
		text[at] = (char)next_random(seed);
		return len;
	case 1:
		text[at] = tokens[next_random(seed) % (sizeof(tokens) - 1)];
		return len;
	case 2: /* cut out */
		size = next_random(seed) % 20;
		size = size < len - at ? size : len - at - 1;
		memmove(text + at, text + at + size, len - at - size);
		return len - size;
	default: /* copied over */
		from = next_random(seed) % len;
		size = next_random(seed) % 40;
		size = size < len - at ? size : len - at;
		size = size < len - from ? size : len - from;
		memmove(text + at, text + from, size);
		return len;
	}
}

static void
assert_well_formed(const char *line)
{
	const char *c;

	assert_memory_equal(line, "f:", 2);
	for (c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			fail_msg("not printable: %s", line);
}

/* How many of the mutations of a good text are refused. */
static size_t
refused_mutations(const char *sample, size_t sample_len)
{
	uint32_t seed = 22083;
	size_t i, j, len, times, refused = 0;
	struct conf_errors errors = {NULL, 0};
	struct conf *conf;
	char *text;

	for (i = 0; i < 6000; i++) {
		text = xcalloc(sample_len, 1);
		memcpy(text, sample, sample_len);
		len = sample_len;
		times = 1 + next_random(&seed) % 3;
		for (j = 0; j < times; j++)
			len = mutate(text, len, &seed);
		conf = conf_parse(text, len, "f", &errors);
		assert_int_equal(conf == NULL, errors.count > 0);
		refused += conf == NULL;
		for (j = 0; j < errors.count; j++)
			assert_well_formed(errors.lines[j]);
		conf_errors_clear(&errors);
		conf_free(conf);
		free(text);
	}
	return refused;
}

/* Every way of being delivered to. */
static const char deliveries[] =
    "{\"interfaces\":\"eth0\",\"delivery\":\"gre\","
    "\"unserved\":\"pass\",\"icmp_limit\":0,"
    "\"vlans\":{\"1\":\"10.0.0.0/24\",\"4094\":[\"10.0.0.0/23\","
    "\"fd00:1::/64\"]},\"servers\":{\"web\":[\"10.1.0.1\","
    "{\"address\":\"10.0.1.2\",\"delivery\":\"layer2\"},"
    "{\"address\":\"fd00:1::2\",\"delivery\":{\"type\":\"fou\","
    "\"port\":1,\"checksum\":false}}]},\"services\":[{\"name\":\"a\","
    "\"virtual\":[\"192.0.2.1\",\"2001:db8::1\"],\"servers\":\"web\","
    "\"delivery\":\"gue\",\"policy\":{\"80\":{},\"81\":{\"servers\":"
    "[\"10.1.0.2\"],\"delivery\":{\"type\":\"ipip\",\"source\":"
    "\"10.9.0.0/24\"}}}},{\"name\":\"b\",\"virtual\":\"192.0.2.2\","
    "\"servers\":[\"10.1.0.3\"],\"delivery\":{\"type\":\"dscp\","
    "\"code_point\":9},\"policy\":{\"82\":null}},{\"name\":\"c\","
    "\"virtual\":\"192.0.2.3\",\"servers\":[\"10.1.0.3\"],"
    "\"delivery\":{\"type\":\"dscp\",\"code_point\":8},"
    "\"policy\":{\"82\":null}}]}";

static void
mutations_do_no_harm(void **state)
{
	struct conf_errors errors = {NULL, 0};
	size_t len;
	char *sample = read_text(SAMPLE, &len);
	struct conf *conf =
	    conf_parse(deliveries, strlen(deliveries), "f", &errors);

	(void)state;
	/* or it does not try what it seems to */
	assert_non_null(conf);
	conf_free(conf);
	assert_in_range(refused_mutations(sample, len), 3000, 5999);
	assert_in_range(
	    refused_mutations(deliveries, strlen(deliveries)), 3000, 5999);
	free(sample);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_that_is_none_is_refused),
	    cmocka_unit_test(many_problems_are_cut_off),
	    cmocka_unit_test(huge_products_are_refused),
	    cmocka_unit_test(files_that_are_none_are_refused),
	    cmocka_unit_test(unreadable_file_is_refused),
	    cmocka_unit_test(sample_is_good),
	    cmocka_unit_test(examples_of_the_manual_are_good),
	    cmocka_unit_test(mutations_do_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf_text", tests, NULL, NULL);
}
