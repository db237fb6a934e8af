/* SPDX-License-Identifier: ISC */

/*
 * The views of the status document: metrics and page, of a document with
 * everything in it that a careless view would fall for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/status.h"
#include "core/status_accept.h"
#include "core/status_metrics_text.h"
#include "core/status_value.h"

static json_t *
load(const char *name)
{
	char *path = xasprintf("%s/%s", DATADIR, name);
	json_error_t error;
	json_t *json;

	json = json_load_file(path, 0, &error);
	if (json == NULL)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	free(path);
	return json;
}

static char *
read_file(const char *name)
{
	char *path = xasprintf("%s/%s", DATADIR, name);
	char *text = xcalloc(1, 1 << 20);
	FILE *file;

	if ((file = fopen(path, "r")) == NULL)
		fail_msg("cannot read %s", path);
	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	fclose(file);
	free(path);
	return text;
}

static void
assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("not found: %s", part);
}

static void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("found: %s", part);
}

/* The difference shows as the first line that differs. */
static void
assert_same_lines(const char *got, const char *expected)
{
	size_t i, line = 0;

	for (i = 0; got[i] != '\0' && got[i] == expected[i]; i++) {
		if (got[i] == '\n')
			line = i + 1;
	}
	if (got[i] != expected[i])
		fail_msg("got      %.*s\nexpected %.*s",
		    (int)strcspn(got + line, "\n"), got + line,
		    (int)strcspn(expected + line, "\n"), expected + line);
}

static void
metrics_are_exact(void **state)
{
	json_t *json = load("status.json");
	char *expected = read_file("status.metrics");
	char *text = status_metrics(json);

	(void)state;
	assert_same_lines(text, expected);
	free(text);
	free(expected);
	json_decref(json);
}

/* Each destination by itself, in pieces of a few bytes. */
static void
metrics_in_pieces_are_the_same(void **state)
{
	json_t *json = load("status.json"), *service, *destination, *part;
	char *expected = read_file("status.metrics");
	struct metrics *m = metrics_new(false);
	size_t i, j, length, at = 0;
	const char *piece;

	(void)state;
	json_array_foreach(json_object_get(json, "services"), i, service) {
		json_array_foreach(
		    json_object_get(service, "destinations"), j, destination) {
			part = json_copy(service);
			json_object_set_new(part, "destinations",
			    json_pack("[O]", destination));
			metrics_add_service(m, part, j == 0);
			json_decref(part);
		}
	}
	json_object_del(json, "services");
	metrics_add_document(m, json);
	assert_int_equal(metrics_length(m), strlen(expected));
	while ((piece = metrics_take(m, 7, &length)) != NULL) {
		assert_in_range(length, 1, 7);
		assert_memory_equal(piece, expected + at, length);
		at += length;
	}
	assert_int_equal(at, strlen(expected));
	metrics_free(m);
	free(expected);
	json_decref(json);
}

/* The same samples; other names of families of counters, and an end. */
static void
openmetrics_differ_in_heads(void **state)
{
	json_t *json = load("status.json");
	char *text = status_openmetrics(json);
	const char *end = "\n# EOF\n";

	(void)state;
	assert_contains(text,
	    "# HELP vc5_config_reloads Configurations that replaced another "
	    "one.\n# TYPE vc5_config_reloads counter\n"
	    "vc5_config_reloads_total 3\n");
	assert_contains(text,
	    "# TYPE process_cpu_seconds counter\n"
	    "process_cpu_seconds_total 123.456789\n");
	assert_contains(text, "# TYPE vc5_problems gauge\nvc5_problems 2\n");
	assert_lacks(text, "_total counter");
	assert_string_equal(text + strlen(text) - strlen(end), end);
	free(text);
	json_decref(json);
}

static void
accept_chooses_the_format(void **state)
{
	static const struct {
		const char *accept;
		bool openmetrics;
	} cases[] = {
	    {NULL, false},
	    {"", false},
	    {"*/*", false},
	    {"text/html, */*;q=0.8", false},
	    {"application/openmetrics-text", true},
	    {"Application/OpenMetrics-Text;Version=1.0.0", true},
	    {"application/openmetrics-text; version=0.0.1", false},
	    {"application/openmetrics-text; version=1.0.0; charset=utf-8",
		true},
	    /* What Prometheus 2.42 sends. */
	    {"application/openmetrics-text;version=1.0.0,"
	     "application/openmetrics-text;version=0.0.1;q=0.75,"
	     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		true},
	    {"application/openmetrics-text;q=0.5,text/plain", false},
	    {"application/openmetrics-text;q=0.5,text/plain;q=0.5", true},
	    {"application/openmetrics-text;q=0,*/*;q=0", false},
	    {"application/openmetrics-text;q=x", false},
	    {"application/openmetrics-text;q=", false},
	    {"application/openmetrics-text;q=0.0001", false},
	    {"application/openmetrics-text;q=9", true},
	    {"text/plain;q=0.9 , application/openmetrics-text ;q=0.95", true},
	    {",,;;,=;q=1,application/openmetrics-text,", true},
	    {"application/openmetrics-textual", false},
	};
	char *long_range = xcalloc(1, 4096);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (status_accepts_openmetrics(cases[i].accept) !=
		    cases[i].openmetrics)
			fail_msg("not judged so: %s", cases[i].accept);
	memset(long_range, ';', 4095);
	assert_false(status_accepts_openmetrics(long_range));
	free(long_range);
}

static void
metrics_escape_labels(void **state)
{
	json_t *json = load("status.json");
	char *text = status_metrics(json);

	(void)state;
	assert_contains(text,
	    "\nvc5_service_ok{service=\"d\xc3\xb6ns "
	    "\\\"a\\\\b\\\"\\n\",vip=\"2001:db8::53\","
	    "port=\"53\",protocol=\"udp\"} 1\n");
	free(text);
	json_decref(json);
}

static void
views_survive_nothing(void **state)
{
	json_t *json = json_object();
	char *text;

	(void)state;
	text = status_metrics(json);
	assert_contains(text, "vc5_bgp_connected 0\n");
	free(text);
	text = status_page(json);
	assert_contains(text, "No problems");
	free(text);
	json_decref(json);
}

/* Wrong types all over: a view may show nonsense, but not fail. */
static void
views_survive_wrong_types(void **state)
{
	static const char *const documents[] = {
	    "{\"services\": 1, \"vips\": {}, \"bgp\": [], \"config\": null}",
	    "{\"services\": [1, null, \"x\", {\"destinations\": [[]]}]}",
	    "{\"services\": [{\"destinations\": [{\"checks\": [7]}]}]}",
	    "{\"alerts\": [null, {\"since\": \"x\", \"severity\": 1}]}",
	    "{\"problems\": [null, 5], \"time\": 9223372036854775807}",
	    "{\"uptime\": -5, \"time\": -9223372036854775808, \"drops\": [1]}",
	    "{\"config\": {\"errors\": [{}], \"loaded\": \"x\"}}",
	    "{\"bgp\": {\"enabled\": true, \"neighbours\": [3, {}]}}",
	    "{\"interfaces\": [\"eth0\"], \"flows\": [], \"hostname\": 3}",
	};
	json_t *json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		json = json_loads(documents[i], 0, NULL);
		assert_non_null(json);
		free(status_metrics(json));
		free(status_page(json));
		json_decref(json);
	}
}

static void
page_escapes(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "Main site &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; "
	    "&amp; &quot;more&quot;");
	assert_lacks(text, "<script");
	assert_contains(
	    text, "HTTP 503 &#xFFFD;[31m&quot;no\\more&quot;\n&lt;b&gt;");
	assert_lacks(text, "\x1b");
	assert_contains(text, "rack router &lt;a&gt;");
	assert_contains(text, "d\xc3\xb6ns &quot;a\\b&quot;\n</span></h3>");
	free(text);
	json_decref(json);
}

static void
page_shows_the_last_probe(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "<details><summary>last probe</summary>connect 0.210 ms. "
	    "TLS 0.640 ms. first byte 0.380 ms. <div>Sent <code>GET /alive "
	    "HTTP/1.1\\r\\n</code></div><div>Received <code>HTTP/1.1 200 "
	    "&lt;OK&gt;\\r\\n</code></div></details>");
	assert_contains(text, "certificate expires in 6 days &lt;soon&gt;");
	free(text);
	json_decref(json);
}

static void
page_shows_what_happened_last_first(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);
	const char *last, *first;

	(void)state;
	last = strstr(text, "<td data-label=\"To\">withdrawn</td>");
	first = strstr(text, "<td data-label=\"To\">started</td>");
	assert_non_null(last);
	assert_non_null(first);
	assert_true(last < first);
	assert_contains(text, "bad status: HTTP &lt;503&gt;&#xFFFD;");
	free(text);
	json_decref(json);
}

static void
page_shows_problems_first(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);
	const char *problem, *vips;

	(void)state;
	assert_contains(text, "<title>(3) lb1 - vc5d</title>");
	problem = strstr(text, "<li>interface eth2 does not exist");
	vips = strstr(text, "<caption>VIPs</caption>");
	assert_non_null(problem);
	assert_non_null(vips);
	assert_true(problem < vips);
	assert_contains(text,
	    "<li>Reload refused: <code>/etc/vc5d.conf:12:7: services[2]"
	    ".policy.http: unknown key &quot;chekcs&quot;</code></li>");
	assert_lacks(text, "No problems");
	free(text);
	json_decref(json);
}

static void
page_shows_alerts(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "<tr><th scope=\"row\">vip 192.0.2.2</th>"
	    "<td data-label=\"Severity\"><span class=\"state bad\">critical"
	    "</span></td><td data-label=\"Since\">3m07s</td>"
	    "<td data-label=\"Text\">withdrawn: web &lt;192.0.2.2:443/tcp&gt; "
	    "needs 1, has 0</td></tr>");
	assert_contains(
	    text, "<span class=\"state warning\">medium</span></td>");
	free(text);
	json_object_set_new(json, "alerts", json_array());
	text = status_page(json);
	assert_lacks(text, "<caption>Alerts</caption>");
	free(text);
	json_decref(json);
}

static void
page_shows_what_is_ordered(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "<li>backend 10.1.0.12 drain in web, ordered 2026-11-22 05:52:07 "
	    "UTC by uid 0</li>");
	assert_contains(text, "there is no such backend &#xFFFD;&lt;b&gt;");
	assert_contains(
	    text, "<span class=\"state warning\">no, as ordered</span>");
	free(text);
	json_object_del(json, "overrides");
	text = status_page(json);
	assert_lacks(text, "Overrides");
	free(text);
	json_decref(json);
}

static void
page_says_states_in_words(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "<tr><th scope=\"row\">10.1.0.12</th><td data-label=\"State\">"
	    "<span class=\"state warning\">draining</span> "
	    "<span class=\"state warning\">drain</span> "
	    "<small>59m59s</small></td>");
	assert_contains(text,
	    "<tr><th scope=\"row\">2001:db8::53</th><td data-label=\"Wanted\">"
	    "<span class=\"state bad\">no, local address</span></td>"
	    "<td data-label=\"Announced\"><span class=\"state bad\">no</span>"
	    "</td><td data-label=\"State\"><span class=\"state bad\">withdrawn"
	    "</span> <small>it is an address of this host: remove it here"
	    "</small></td></tr>");
	assert_contains(text,
	    "<span class=\"state warning\">degraded</span> <small>d\xc3\xb6ns "
	    "&lt;a&gt; has 1 of 3 servers up</small>");
	assert_contains(text,
	    "<span class=\"state neutral\">not yet known</span>"
	    " <b>http 80</b>");
	assert_contains(text,
	    "<td data-label=\"Packets\" class=\"number\">"
	    "1&#8239;000&#8239;000</td>");
	assert_contains(
	    text, "<td data-label=\"Weight\" class=\"number\">0.25/1</td>");
	assert_contains(
	    text, "<td data-label=\"Weight\" class=\"number\">10</td>");
	free(text);
	json_decref(json);
}

static void
page_says_how_servers_are_reached(void **state)
{
	json_t *json = load("status.json");
	char *text = status_page(json);

	(void)state;
	assert_contains(text,
	    "<td data-label=\"Next hop\">gue bond0.20 VLAN 20 "
	    "<small>by 10.2.0.1 02:00:00:00:01:12</small></td>");
	assert_contains(text,
	    "<small>not resolved</small><div><span class=\"state bad\">no "
	    "route to the server</span></div></td>");
	assert_contains(text,
	    "<td data-label=\"Members\">eth3 <small>attached</small>, eth4"
	    "</td>");
	assert_contains(text, "<caption>ICMP made for VIPs</caption>");
	free(text);
	json_decref(json);
}

static void
page_says_what_other_instances_do(void **state)
{
	json_t *json = load("status.json"), *sync;
	char *text = status_page(json);

	(void)state;
	assert_contains(text, "sharing flows</span> as lb1 of east &lt;1&gt;");
	assert_contains(text,
	    "<span class=\"state bad\">configuration</span>: "
	    "192.0.2.1:80/tcp, [2001:db8::53]:53/udp</div>");
	assert_contains(text,
	    "<span class=\"state bad\">silent</span> "
	    "<small>heard 1h06m ago, learning</small>");
	assert_contains(text, ">lb&lt;3&gt;<");
	assert_lacks(text, "lb<3>");
	free(text);
	sync = json_object_get(json, "sync");
	json_object_set_new(sync, "problem", json_string("no <cable>"));
	text = status_page(json);
	assert_contains(text, "<span class=\"state bad\">no &lt;cable&gt;<");
	free(text);
	json_object_set_new(sync, "enabled", json_false());
	text = status_page(json);
	assert_lacks(text, "<h2>Sync</h2>");
	free(text);
	text = status_metrics(json);
	assert_contains(text, "\nvc5_sync_enabled 0\n");
	assert_lacks(text, "\nvc5_sync_learning ");
	free(text);
	json_decref(json);
}

static void
ages_and_times(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} ages[] = {
	    {-1, "0s"},
	    {0, "0s"},
	    {59, "59s"},
	    {60, "1m00s"},
	    {3599, "59m59s"},
	    {3600, "1h00m"},
	    {86399, "23h59m"},
	    {86400, "1d00h"},
	    {INT64_MAX, "106751991167300d15h"},
	};
	char buf[STATUS_AGE_STRLEN], when[STATUS_TIME_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		assert_string_equal(
		    status_age(ages[i].seconds, buf), ages[i].text);
	assert_string_equal(status_time(0, when), "1970-01-01 00:00:00 UTC");
	assert_string_equal(
	    status_time(1795330327, when), "2026-11-22 06:52:07 UTC");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metrics_are_exact),
	    cmocka_unit_test(metrics_in_pieces_are_the_same),
	    cmocka_unit_test(openmetrics_differ_in_heads),
	    cmocka_unit_test(accept_chooses_the_format),
	    cmocka_unit_test(metrics_escape_labels),
	    cmocka_unit_test(views_survive_nothing),
	    cmocka_unit_test(views_survive_wrong_types),
	    cmocka_unit_test(page_escapes),
	    cmocka_unit_test(page_shows_problems_first),
	    cmocka_unit_test(page_shows_alerts),
	    cmocka_unit_test(page_shows_the_last_probe),
	    cmocka_unit_test(page_shows_what_happened_last_first),
	    cmocka_unit_test(page_shows_what_is_ordered),
	    cmocka_unit_test(page_says_states_in_words),
	    cmocka_unit_test(page_says_how_servers_are_reached),
	    cmocka_unit_test(page_says_what_other_instances_do),
	    cmocka_unit_test(ages_and_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
