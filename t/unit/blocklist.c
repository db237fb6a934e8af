/* SPDX-License-Identifier: ISC */

/*
 * The list of blocked prefixes, files of them, and the text that orders are
 * kept in.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/blocklist.h"

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static void
order(struct blocklist *b, const char *text, int64_t until)
{
	struct prefix p = prefix(text);
	struct blocked *entry = blocklist_add(b, &p);

	entry->ordered = true;
	entry->since = 1000;
	entry->until = until;
	entry->uid = -1;
}

/* The file has these; NULL ends them. */
static void
set_file(struct blocklist *b, const char *first, ...)
{
	struct prefix_list list = {0};
	const char *text;
	struct prefix p;
	va_list ap;

	va_start(ap, first);
	for (text = first; text != NULL; text = va_arg(ap, const char *)) {
		p = prefix(text);
		prefix_list_add(&list, &p);
	}
	va_end(ap);
	prefix_list_sort(&list);
	blocklist_set_file(b, &list);
	prefix_list_clear(&list);
}

/* "PREFIX f" for the file, "o" for an order, "a" for applied; in order. */
static const char *
show(const struct blocklist *b)
{
	static char text[1024];
	char buf[PREFIX_STRLEN];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < b->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %s%s%s", i == 0 ? "" : ", ",
		    prefix_format(&b->list[i].prefix, buf),
		    b->list[i].in_file ? "f" : "",
		    b->list[i].ordered ? "o" : "",
		    b->list[i].applied ? "a" : "");
	return text;
}

static void
test_merge(void **state)
{
	struct blocklist b = {0};
	struct prefix_list applied = {0};
	struct prefix p;

	(void)state;
	order(&b, "192.0.2.0/24", 0);
	order(&b, "10.0.0.0/8", 0);
	order(&b, "2001:db8::/32", 0);
	set_file(&b, "10.0.0.0/8", "10.0.0.0/16", "203.0.113.0/24", NULL);
	assert_string_equal(show(&b),
	    "10.0.0.0/8 fo, 10.0.0.0/16 f, 192.0.2.0/24 o, 203.0.113.0/24 f, "
	    "2001:db8::/32 o");
	/* In any order, some twice. */
	p = prefix("203.0.113.0/24");
	prefix_list_add(&applied, &p);
	p = prefix("1.0.0.0/8");
	prefix_list_add(&applied, &p);
	prefix_list_add(&applied, &p);
	blocklist_set_applied(&b, &applied);
	prefix_list_clear(&applied);
	assert_string_equal(show(&b),
	    "1.0.0.0/8 a, 10.0.0.0/8 fo, 10.0.0.0/16 f, 192.0.2.0/24 o, "
	    "203.0.113.0/24 fa, 2001:db8::/32 o");
	set_file(&b, "10.0.0.0/8", NULL);
	blocklist_compact(&b);
	assert_string_equal(show(&b),
	    "1.0.0.0/8 a, 10.0.0.0/8 fo, 192.0.2.0/24 o, 203.0.113.0/24 a, "
	    "2001:db8::/32 o");
	assert_int_equal(blocklist_wanted(&b, 0), 3);
	assert_int_equal(blocklist_wanted(&b, AF_INET), 2);
	assert_int_equal(blocklist_wanted(&b, AF_INET6), 1);
	assert_int_equal(blocklist_ordered(&b), 3);
	p = prefix("10.0.0.0/8");
	assert_true(blocked_is_wanted(blocklist_find(&b, &p)));
	p = prefix("10.0.0.0/9");
	assert_null(blocklist_find(&b, &p));
	blocklist_clear(&b);
	assert_int_equal(b.count, 0);
	set_file(&b, NULL, NULL);
	assert_int_equal(b.count, 0);
	blocklist_clear(&b);
}

static void
test_expire(void **state)
{
	struct blocklist b = {0};

	(void)state;
	order(&b, "10.0.0.0/8", 0);
	order(&b, "11.0.0.0/8", 2000);
	order(&b, "12.0.0.0/8", 1500);
	set_file(&b, "12.0.0.0/8", NULL);
	assert_int_equal(blocklist_next_end(&b), 1500);
	assert_int_equal(blocklist_expire(&b, 1499), 0);
	assert_int_equal(blocklist_expire(&b, 1500), 1);
	assert_int_equal(blocklist_next_end(&b), 2000);
	assert_int_equal(blocklist_expire(&b, 5000), 1);
	assert_int_equal(blocklist_next_end(&b), 0);
	blocklist_compact(&b);
	assert_string_equal(show(&b), "10.0.0.0/8 o, 12.0.0.0/8 f");
	blocklist_clear(&b);
}

/* What was read, or all that was wrong. */
static char *
read_file(const char *text, size_t len)
{
	struct conf_errors errors = {0};
	struct prefix_list list;
	struct blocklist b = {0};
	char *said = xstrdup(""), *more;
	size_t i;

	memset(&list, 0, sizeof(list));
	blocklist_read(text, len, "list", &list, &errors);
	if (errors.count > 0)
		assert_int_equal(list.count, 0);
	for (i = 0; i < errors.count; i++) {
		more = xasprintf("%s%s\n", said, errors.lines[i]);
		free(said);
		said = more;
	}
	blocklist_set_file(&b, &list);
	more = xasprintf("%s%s", said, show(&b));
	free(said);
	blocklist_clear(&b);
	prefix_list_clear(&list);
	conf_errors_clear(&errors);
	return more;
}

static void
test_file(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
	    {"", ""},
	    {"\n\n# nothing\n   \t\r\n#", ""},
	    {"192.0.2.0/24", "192.0.2.0/24 f"},
	    {"2001:db8::/32\r\n10.1.2.3 # one\n\t192.0.2.0/24\t\n10.1.2.3/32\n",
		"10.1.2.3/32 f, 192.0.2.0/24 f, 2001:db8::/32 f"},
	    {"10.0.0.0/8\n10.0.0.1/8\n",
		"list:2: \"10.0.0.1/8\" has bits set behind its length\n"},
	    {"0.0.0.0/0\n::/0",
		"list:1: \"0.0.0.0/0\" would block everybody\n"
		"list:2: \"::/0\" would block everybody\n"},
	    {"0.0.0.0/1", "0.0.0.0/1 f"},
	    {"::ffff:10.1.2.3\n::ffff:10.1.0.0/112\n::fffe:0:0/96\n"
	     "::fffe:0:0/95\n",
		"10.1.0.0/16 f, 10.1.2.3/32 f, ::fffe:0:0/95 f, "
		"::fffe:0:0/96 f"},
	    {"::ffff:0:0/96",
		"list:1: \"::ffff:0:0/96\" would block everybody\n"},
	    {"spam\n10.0.0.0/33\n10.0.0/8\n",
		"list:1: \"spam\" is neither a prefix nor an address\n"
		"list:2: \"10.0.0.0/33\" is neither a prefix nor an address\n"
		"list:3: \"10.0.0/8\" is neither a prefix nor an address\n"},
	    {"10.0.0.0/8 11.0.0.0/8",
		"list:1: \"10.0.0.0/8\" is followed by something: one prefix "
		"a line\n"},
	    {"\x1b[2J\"\n",
		"list:1: \"\\x1b[2J\\\"\" is neither a prefix nor an "
		"address\n"},
	};
	char line[400], *seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		seen = read_file(cases[i].text, strlen(cases[i].text));
		assert_string_equal(seen, cases[i].seen);
		free(seen);
	}
	memset(line, 'a', sizeof(line));
	seen = read_file(line, sizeof(line));
	assert_string_equal(
	    seen, "list:1: \"\" is a line too long to be a prefix\n");
	free(seen);
	seen = read_file("10.0.0.0/8\0spam", 15);
	assert_string_equal(seen,
	    "list:1: \"10.0.0.0/8\" is followed by something: one prefix a "
	    "line\n");
	free(seen);
}

/* So many lines that are wrong, or right: how many lines are said. */
static size_t
lines_said(size_t count, const char *format, struct conf_errors *errors)
{
	struct prefix_list list = {0};
	char *text = xcalloc(count + 1, 64);
	size_t i, len = 0;

	for (i = 0; i < count; i++)
		len += (size_t)sprintf(text + len, "%s%zu.%zu.%zu.0/24\n",
		    format, 1 + i / 65536, i / 256 % 256, i % 256);
	blocklist_read(text, len, "list", &list, errors);
	free(text);
	len = list.count;
	prefix_list_clear(&list);
	return len;
}

static void
test_many(void **state)
{
	struct conf_errors errors = {0};

	(void)state;
	assert_int_equal(lines_said(BLOCKLIST_MAX, "", &errors), BLOCKLIST_MAX);
	assert_int_equal(errors.count, 0);
	assert_int_equal(lines_said(BLOCKLIST_MAX + 1, "", &errors), 0);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0],
	    "list: 100001 prefixes of IPv4 and 0 of IPv6: there is room for "
	    "100000 of each");
	conf_errors_clear(&errors);
	assert_int_equal(lines_said(1000, "x", &errors), 0);
	assert_int_equal(errors.count, 21);
	assert_string_equal(
	    errors.lines[20], "list: and 980 more lines are wrong");
	conf_errors_clear(&errors);
}

/* All lines of a list, as they are written. */
static char *
all_lines(const struct blocklist *b, size_t *len)
{
	char *text = blocklist_orders_head(len), *line, *longer;
	size_t i;

	for (i = 0; i < b->count; i++) {
		line = blocklist_orders_line(&b->list[i], len);
		longer = xasprintf("%s%s", text, line);
		free(text);
		free(line);
		text = longer;
	}
	*len = strlen(text);
	return text;
}

static void
test_orders(void **state)
{
	struct blocklist b = {0}, again = {0};
	char *text, *wrong, *cut;
	size_t len, i;
	bool old;

	(void)state;
	order(&b, "10.0.0.0/8", 0);
	order(&b, "2001:db8::/32", 2000);
	b.list[0].uid = 1000;
	b.list[0].forced = true;
	text = all_lines(&b, &len);
	assert_null(blocklist_orders_read(text, len, 1999, &again, &old));
	assert_false(old);
	assert_string_equal(show(&again), "10.0.0.0/8 o, 2001:db8::/32 o");
	assert_int_equal(again.list[0].uid, 1000);
	assert_true(again.list[0].forced);
	assert_int_equal(again.list[1].until, 2000);
	assert_int_equal(again.list[1].since, 1000);
	assert_int_equal(again.list[1].uid, -1);
	blocklist_clear(&again);
	assert_null(blocklist_orders_read(text, len, 2000, &again, &old));
	assert_string_equal(show(&again), "10.0.0.0/8 o");
	blocklist_clear(&again);
	/* Damaged in any way, nothing of it is read. */
	for (i = 0; i < len; i++) {
		cut = xstrdup(text);
		cut[i] = '\x01';
		wrong = blocklist_orders_read(cut, len, 0, &again, &old);
		if (wrong == NULL)
			fail_msg("read: %s", cut);
		assert_int_equal(again.count, 0);
		free(wrong);
		free(cut);
	}
	free(text);
	blocklist_clear(&b);
}

#define HEAD "{\"version\": 2}\n"
#define LINE(prefix, since)                                                 \
	"{\"prefix\": \"" prefix "\", \"since\": " since ", \"until\": 0, " \
	"\"uid\": 0, \"forced\": false}\n"
#define RELEASE(prefix) "{\"prefix\": \"" prefix "\"}\n"

static void
test_last_line_counts(void **state)
{
	static const char text[] =
	    HEAD LINE("10.0.0.0/8", "1") RELEASE("10.0.0.0/8")
		LINE("10.1.0.0/16", "1") RELEASE("10.2.0.0/16")
		    LINE("10.3.0.0/16", "1") RELEASE("10.3.0.0/16")
			LINE("10.3.0.0/16", "7") LINE("10.1.0.0/16", "5");
	struct blocklist b = {0};
	bool old;

	(void)state;
	assert_null(blocklist_orders_read(text, strlen(text), 10, &b, &old));
	assert_string_equal(show(&b), "10.1.0.0/16 o, 10.3.0.0/16 o");
	assert_int_equal(b.list[0].since, 5);
	assert_int_equal(b.list[1].since, 7);
	blocklist_clear(&b);
	assert_null(blocklist_orders_read(HEAD, strlen(HEAD), 10, &b, &old));
	assert_int_equal(b.count, 0);
	blocklist_clear(&b);
}

/* Orders that are over are lines for a while, and don't count. */
static void
test_many_lines(void **state)
{
	struct blocklist b = {0};
	struct blocked one = {.ordered = true, .since = 1, .uid = 0};
	char *text = NULL, *line, *wrong;
	size_t size, len, i;
	FILE *out = open_memstream(&text, &size);
	bool old;

	(void)state;
	one.prefix.address.family = AF_INET;
	one.prefix.length = 32;
	fputs(HEAD, out);
	for (i = 0; i < 2 * BLOCKLIST_ORDERS_MAX; i++) {
		one.prefix.address.bytes[1] = (uint8_t)(i >> 8);
		one.prefix.address.bytes[2] = (uint8_t)i;
		one.until = i % 2 == 0 ? 5 : 0;
		line = blocklist_orders_line(&one, &len);
		fputs(line, out);
		free(line);
	}
	fclose(out);
	assert_null(blocklist_orders_read(text, size, 5, &b, &old));
	assert_int_equal(b.count, BLOCKLIST_ORDERS_MAX);
	blocklist_clear(&b);
	wrong = blocklist_orders_read(text, size, 4, &b, &old);
	assert_string_equal(wrong, "has more than 10000 prefixes");
	free(wrong);
	free(text);
}

static void
test_behind(void **state)
{
	struct blocklist b = {0};

	(void)state;
	assert_int_equal(blocklist_behind(&b, NULL), 0);
	order(&b, "10.0.0.0/8", 0);
	order(&b, "10.2.0.0/16", 0);
	assert_int_equal(blocklist_behind(&b, NULL), 0);
	assert_int_equal(blocklist_behind(&b, &b.list[0].prefix), 1);
	assert_int_equal(blocklist_behind(&b, &b.list[1].prefix), 2);
	b.list[0].prefix.length = 7;
	assert_int_equal(blocklist_behind(&b, &b.list[1].prefix), 2);
	blocklist_clear(&b);
}

static void
test_orders_refused(void **state)
{
#define ORDER(prefix, since, until, uid, forced)                           \
	"{\"prefix\": " prefix ", \"since\": " since ", \"until\": " until \
	", \"uid\": " uid ", \"forced\": " forced "}"
#define LIST(x) "{\"version\": 1, \"blocked\": [" x "]}"
	static const struct {
		const char *text, *wrong;
	} cases[] = {
	    {"{", "line 1: "},
	    {"[]", "is not an object with the keys"},
	    {"{\"version\": 3, \"blocked\": []}",
		"is of version 3, and 2 is known here"},
	    {"{\"version\": 3}\n", "is of version 3, and 2 is known here"},
	    {HEAD "\n", "line 2: "},
	    {HEAD LINE("10.0.0.0/8", "1") "5\n", "line 3"},
	    {HEAD "{\"prefix\": \"10.0.0.1/8\"}\n", "has no \"prefix\""},
	    {HEAD "{\"prefix\": \"10.0.0.0/8\", \"since\": 1}\n",
		"line 2 is not an object"},
	    {LIST("5"), "blocked[0] is not an object"},
	    {LIST(ORDER("5", "1", "0", "0", "false")), "has no \"prefix\""},
	    {LIST(ORDER("\"10.0.0.1/8\"", "1", "0", "0", "false")),
		"has no \"prefix\""},
	    {LIST(ORDER("\"10.0.0.0/8\"", "-1", "0", "0", "false")),
		"has no \"since\""},
	    {LIST(ORDER("\"10.0.0.0/8\"", "1", "-1", "0", "false")),
		"has no \"until\""},
	    {LIST(ORDER("\"10.0.0.0/8\"", "1", "0", "-2", "false")),
		"has no \"uid\""},
	    {LIST(ORDER("\"10.0.0.0/8\"", "1", "0", "0", "0")),
		"has no \"forced\""},
	    {LIST("{\"prefix\": \"10.0.0.0/8\"}"),
		"blocked[0] is not an object"},
	};
	struct blocklist b = {0};
	char *wrong;
	bool old;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wrong = blocklist_orders_read(
		    cases[i].text, strlen(cases[i].text), 0, &b, &old);
		assert_non_null(wrong);
		if (strstr(wrong, cases[i].wrong) == NULL)
			fail_msg("%s: %s", cases[i].text, wrong);
		assert_int_equal(b.count, 0);
		free(wrong);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_expire),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_orders),
	    cmocka_unit_test(test_last_line_counts),
	    cmocka_unit_test(test_many_lines),
	    cmocka_unit_test(test_behind),
	    cmocka_unit_test(test_orders_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("blocklist", tests, NULL, NULL);
}
