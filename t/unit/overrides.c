/* SPDX-License-Identifier: ISC */

/*
 * The set of run-time orders and the text that it is kept in: what is written
 * is read back, and nothing is read from a text that is damaged in any way.
 */

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/overrides.h"

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct override
about_backend(const char *server, const char *service, enum override_order o)
{
	struct override out = {.kind = OVERRIDE_BACKEND,
	    .order = o,
	    .address = address(server),
	    .since = 1795330327};

	strlcpy(out.service, service, sizeof(out.service));
	return out;
}

static struct override
about_service(const char *name)
{
	struct override out = {
	    .kind = OVERRIDE_SERVICE, .order = ORDER_DOWN, .uid = -1};

	strlcpy(out.service, name, sizeof(out.service));
	return out;
}

static struct service_key
web_key(void)
{
	return (struct service_key){
	    .vip = address("192.0.2.1"), .port = 80, .protocol = IPPROTO_TCP};
}

static void
add(struct overrides *all, struct override o)
{
	assert_true(overrides_set(all, &o));
}

static void
a_later_order_replaces_one_about_the_same(void **state)
{
	struct overrides all = {0};

	(void)state;
	add(&all, about_backend("10.0.0.1", "", ORDER_DRAIN));
	add(&all, about_backend("10.0.0.1", "web", ORDER_DRAIN));
	add(&all, about_backend("10.0.0.2", "", ORDER_DRAIN));
	add(&all, about_backend("10.0.0.1", "", ORDER_MAINT));
	assert_int_equal(all.count, 3);
	assert_int_equal(all.list[0].order, ORDER_MAINT);
	overrides_remove(&all, &all.list[0]);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].service, "web");
	overrides_clear(&all);
	assert_int_equal(all.count, 0);
}

static void
a_service_has_a_name_a_vip_and_a_key(void **state)
{
	static const char *const good[] = {
	    "", "web", "192.0.2.1", "192.0.2.1:80/tcp"};
	static const char *const bad[] = {"we", "webs", "192.0.2.2",
	    "192.0.2.1:80/udp", "192.0.2.1:81/tcp", "80"};
	struct service_key key = web_key();
	struct override o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		o = about_backend("10.0.0.1", good[i], ORDER_DRAIN);
		assert_true(override_has_service(&o, "web", &key));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o = about_backend("10.0.0.1", bad[i], ORDER_DRAIN);
		assert_false(override_has_service(&o, "web", &key));
	}
}

static void
what_takes_most_of_a_server_counts(void **state)
{
	struct addr one = address("10.0.0.1"), two = address("10.0.0.2");
	struct service_key key = web_key();
	struct overrides all = {0};

	(void)state;
	add(&all, about_backend("10.0.0.1", "web", ORDER_MAINT));
	add(&all, about_backend("10.0.0.1", "", ORDER_DRAIN));
	add(&all, about_backend("10.0.0.2", "mail", ORDER_DRAIN));
	assert_int_equal(
	    overrides_of_backend(&all, &one, "web", &key), ORDER_MAINT);
	assert_int_equal(
	    overrides_of_backend(&all, &one, "shop", &key), ORDER_DRAIN);
	assert_int_equal(
	    overrides_of_backend(&all, &two, "web", &key), ORDER_NONE);
	assert_int_equal(overrides_of_service(&all, "web", &key), ORDER_NONE);
	add(&all, about_service("192.0.2.1"));
	assert_int_equal(overrides_of_service(&all, "web", &key), ORDER_DOWN);
	assert_int_equal(overrides_of_vip(&all, &key.vip), ORDER_NONE);
	overrides_clear(&all);
}

static void
names_of_services_are_written_in_one_way(void **state)
{
	static const struct {
		const char *text, *read;
	} cases[] = {
	    {"web", "web"},
	    {"a_b.c-D9", "a_b.c-D9"},
	    {"2001:DB8:0::1", "2001:db8::1"},
	    {"[2001:DB8:0::1]:53/udp", "[2001:db8::1]:53/udp"},
	    {"192.0.2.1:80/tcp", "192.0.2.1:80/tcp"},
	    {"", NULL},
	    {"a b", NULL},
	    {"web/tcp", NULL},
	    {"192.0.2.1:80", NULL},
	    {"192.0.2.1:80/sctp", NULL},
	    {"192.0.2.1:0/tcp", NULL},
	    {"w\xc3\xa9"
	     "b",
		NULL},
	    {"\x1b[31m", NULL},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "a",
		NULL},
	};
	char buf[OVERRIDE_SUBJECT_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].read == NULL) {
			assert_int_equal(
			    override_read_service(cases[i].text, buf), -1);
			continue;
		}
		assert_int_equal(override_read_service(cases[i].text, buf), 0);
		assert_string_equal(buf, cases[i].read);
	}
}

static void
fill(struct overrides *all)
{
	struct override vip = {.kind = OVERRIDE_VIP,
	    .order = ORDER_WITHDRAW,
	    .address = address("2001:db8::1"),
	    .since = 1,
	    .uid = 1000,
	    .forced = true};

	add(all, about_backend("10.0.0.1", "", ORDER_MAINT));
	add(all, about_backend("10.0.0.1", "192.0.2.1:80/tcp", ORDER_DRAIN));
	add(all, about_service("web"));
	add(all, vip);
}

static void
what_is_written_is_read(void **state)
{
	struct overrides all = {0}, again = {0};
	char *text, *wrong;
	size_t i, len;

	(void)state;
	fill(&all);
	text = overrides_write(&all, &len);
	wrong = overrides_read(text, len, &again);
	assert_null(wrong);
	assert_int_equal(again.count, all.count);
	for (i = 0; i < all.count; i++) {
		const struct override *a = &all.list[i], *b = &again.list[i];

		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->order, b->order);
		assert_int_equal(addr_compare(&a->address, &b->address), 0);
		assert_string_equal(a->service, b->service);
		assert_int_equal(a->since, b->since);
		assert_int_equal(a->uid, b->uid);
		assert_int_equal(a->forced, b->forced);
	}
	free(text);
	overrides_clear(&all);
	overrides_clear(&again);
	text = overrides_write(&all, &len);
	assert_null(overrides_read(text, len, &again));
	assert_int_equal(again.count, 0);
	free(text);
	overrides_clear(&again);
}

/* Nothing is taken from it, and what is wrong is said. */
static void
refused(const char *text, size_t len, const char *part)
{
	struct overrides all = {0};
	char *wrong = overrides_read(text, len, &all);

	if (wrong == NULL)
		fail_msg("taken: %.*s", (int)len, text);
	if (strstr(wrong, part) == NULL)
		fail_msg("\"%s\" for: %s", wrong, text);
	assert_int_equal(all.count, 0);
	assert_null(all.list);
	free(wrong);
}

static void
a_text_that_is_cut_off_is_refused(void **state)
{
	struct overrides all = {0};
	size_t len, i;
	char *text;

	(void)state;
	fill(&all);
	text = overrides_write(&all, &len);
	/* Of the last bytes, one is only the end of the line. */
	for (i = 0; i < len - 1; i++)
		refused(text, i, "");
	free(text);
	overrides_clear(&all);
}

/* A byte that changes may say something else, but never ends badly. */
static void
bytes_that_changed_do_no_harm(void **state)
{
	struct overrides all = {0}, read = {0};
	char *text, *wrong, was;
	size_t len, i;
	int bit;

	(void)state;
	fill(&all);
	text = overrides_write(&all, &len);
	for (i = 0; i < len; i++)
		for (bit = 0; bit < 8; bit++) {
			was = text[i];
			text[i] = (char)(text[i] ^ 1 << bit);
			wrong = overrides_read(text, len, &read);
			if (wrong != NULL)
				assert_int_equal(read.count, 0);
			else
				assert_int_equal(read.count, all.count);
			free(wrong);
			overrides_clear(&read);
			text[i] = was;
		}
	free(text);
	overrides_clear(&all);
}

#define ONE(kind, name, service, order, rest)                 \
	"{\"version\": 1, \"overrides\": [{\"kind\": \"" kind \
	"\", \"name\": \"" name "\", \"service\": \"" service \
	"\", \"order\": \"" order "\", " rest "}]}"
#define REST "\"since\": 1, \"uid\": 0, \"forced\": false"

static void
what_is_not_understood_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
	    {"", "line"},
	    {"{}", "has no \"version\""},
	    {"[]", "has no \"version\""},
	    {"{\"version\": 2, \"overrides\": []}", "is of version 2"},
	    {"{\"version\": \"1\", \"overrides\": []}", "has no \"version\""},
	    {"{\"version\": 1}", "keys"},
	    {"{\"version\": 1, \"overrides\": {}}", "keys"},
	    {"{\"version\": 1, \"overrides\": [], \"more\": 1}", "keys"},
	    {"{\"version\": 1, \"version\": 1, \"overrides\": []}",
		"duplicate"},
	    {"{\"version\": 1, \"overrides\": [1]}", "overrides[0] is not an"},
	    {"{\"version\": 1, \"overrides\": [{}]}", "overrides[0] is not"},
	    {"{\"version\": 1, \"overrides\": []} x", "line"},
	    {ONE("peer", "web", "", "down", REST), "\"kind\""},
	    {ONE("service", "web", "", "drain", REST), "\"order\""},
	    {ONE("service", "web", "", "none", REST), "\"order\""},
	    {ONE("service", "web", "web", "down", REST), "no service"},
	    {ONE("service", "w b", "", "down", REST), "no service"},
	    {ONE("service", "", "", "down", REST), "no service"},
	    {ONE("backend", "web", "", "drain", REST), "no address"},
	    {ONE("backend", "10.0.0.1", "w b", "drain", REST), "none"},
	    {ONE("backend", "10.0.0.1", "", "withdraw", REST), "\"order\""},
	    {ONE("vip", "10.0.0.1", "web", "withdraw", REST), "none"},
	    {ONE("vip", "10.0.0.1\\u0000", "", "withdraw", REST), "line"},
	    {ONE("vip", "10.0.0.1", "", "withdraw",
		 "\"since\": -1, \"uid\": 0, \"forced\": false"),
		"\"since\""},
	    {ONE("vip", "10.0.0.1", "", "withdraw",
		 "\"since\": 1.5, \"uid\": 0, \"forced\": false"),
		"\"since\""},
	    {ONE("vip", "10.0.0.1", "", "withdraw",
		 "\"since\": 1, \"uid\": 4294967296, \"forced\": false"),
		"\"uid\""},
	    {ONE("vip", "10.0.0.1", "", "withdraw",
		 "\"since\": 1, \"uid\": 0, \"forced\": 1"),
		"\"forced\""},
	    {ONE("vip", "10.0.0.1", "", "withdraw", REST ", \"till\": 1"),
		"keys"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, strlen(cases[i].text), cases[i].part);
	refused("\0", 1, "line");
}

static char *
text_of_many(unsigned count)
{
	char *list = xstrdup(""), *longer;
	unsigned i;

	for (i = 0; i < count; i++) {
		longer = xasprintf("%s%s{\"kind\": \"service\", \"name\": "
				   "\"s%u\", \"service\": \"\", \"order\": "
				   "\"down\", " REST "}",
		    list, i > 0 ? "," : "", i);
		free(list);
		list = longer;
	}
	longer = xasprintf("{\"version\": 1, \"overrides\": [%s]}", list);
	free(list);
	return longer;
}

static void
there_are_never_too_many(void **state)
{
	struct override more = about_service("more");
	struct overrides all = {0};
	char *text = text_of_many(OVERRIDES_MAX);

	(void)state;
	assert_null(overrides_read(text, strlen(text), &all));
	free(text);
	assert_int_equal(all.count, OVERRIDES_MAX);
	assert_false(overrides_set(&all, &more));
	assert_true(overrides_set(&all, &all.list[7]));
	overrides_clear(&all);
	text = text_of_many(OVERRIDES_MAX + 1);
	refused(text, strlen(text), "more than");
	free(text);
}

static void
twice_about_the_same_is_refused(void **state)
{
	static const char text[] =
	    "{\"version\": 1, \"overrides\": ["
	    "{\"kind\": \"vip\", \"name\": \"2001:db8::1\", \"service\": \"\","
	    " \"order\": \"withdraw\", " REST "},"
	    "{\"kind\": \"vip\", \"name\": \"2001:DB8:0::1\", \"service\": "
	    "\"\", \"order\": \"withdraw\", " REST "}]}";

	(void)state;
	refused(text, sizeof(text) - 1, "overrides[1] is about the same");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_later_order_replaces_one_about_the_same),
	    cmocka_unit_test(a_service_has_a_name_a_vip_and_a_key),
	    cmocka_unit_test(what_takes_most_of_a_server_counts),
	    cmocka_unit_test(names_of_services_are_written_in_one_way),
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(a_text_that_is_cut_off_is_refused),
	    cmocka_unit_test(bytes_that_changed_do_no_harm),
	    cmocka_unit_test(what_is_not_understood_is_refused),
	    cmocka_unit_test(there_are_never_too_many),
	    cmocka_unit_test(twice_about_the_same_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
