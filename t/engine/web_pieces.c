/* SPDX-License-Identifier: ISC */

/*
 * What the web console is served with where it takes many turns of the event
 * loop to make.
 */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/web.h"
#include "fakes_web.h"

static unsigned turns; /* see count_turns() */

static void
a_reload_breaks_what_is_under_way(void **state)
{
	static const char *const urls[] = {
	    "/status.json", "/overview.json", ("/service.json?id=" MANY_KEY)};
	struct http_cursor cursors[3] = {0};
	size_t i;

	(void)state;
	start_many(45);
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    fake_web_step(urls[i], &cursors[i]), HTTP_STEP_MORE);
	assert_int_equal(engine_reload(engine), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    fake_web_step(urls[i], &cursors[i]), HTTP_STEP_BROKEN);
}

/* Once a view is under way, have another configuration. */
static void
reload_another(unsigned pieces)
{
	if (pieces != 2)
		return;
	write_conf("{\"name\": \"other\", \"virtual\": \"" VIP
		   "\", \"servers\": [\"" B "\"], \"policy\": {\"81\": {}}}");
	assert_int_equal(engine_reload(engine), 0);
}

static const char *const views[] = {"/metrics", "/status.html"};

static void
is_of_the_other(const char *url, const char *accepts, const char *name)
{
	enum http_step step;
	char *view;

	fake_web.accepts = accepts;
	write_conf(SERVICE_WEB);
	assert_int_equal(engine_reload(engine), 0);
	view = fake_web_text(url, &step, reload_another);
	assert_int_equal(step, HTTP_STEP_END);
	assert_non_null(strstr(view, name));
	assert_null(strstr(view, A));
	free(view);
}

static void
views_are_of_one_configuration(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	is_of_the_other("/metrics", NULL, "service=\"other\"");
	is_of_the_other(
	    "/metrics", "application/openmetrics-text", "service=\"other\"");
	is_of_the_other("/status.html", NULL, "<span class=\"name\">other<");
}

static void
reload_again(unsigned pieces)
{
	(void)pieces;
	assert_int_equal(engine_reload(engine), 0);
}

static void
endless_reloads_leave_no_view(void **state)
{
	enum http_step step;
	size_t i;
	char *view;

	(void)state;
	start_many(45);
	for (i = 0; i < 2; i++) {
		view = fake_web_text(views[i], &step, reload_again);
		assert_int_equal(step, HTTP_STEP_BROKEN);
		assert_string_equal(view, "");
		free(view);
	}
}

/* Those who do not read keep theirs. */
static void
views_are_few(void **state)
{
	struct http_cursor cursors[5] = {0};
	size_t i;

	(void)state;
	start(SERVICE_WEB);
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    fake_web_step(views[i % 2], &cursors[i]), HTTP_STEP_MORE);
	assert_int_equal(
	    fake_web_step("/metrics", &cursors[4]), HTTP_STEP_BROKEN);
	fake_web_end(&cursors[1]);
	assert_int_equal(
	    fake_web_step("/metrics", &cursors[4]), HTTP_STEP_MORE);
	for (i = 0; i < 5; i++)
		fake_web_end(&cursors[i]);
}

static unsigned
count_of(const char *all, const char *part)
{
	unsigned count = 0;

	for (; (all = strstr(all, part)) != NULL; all++)
		count++;
	return count;
}

/* Does each line belong to the family whose heading came last, and once? */
static void
families_are_together(const char *all)
{
	char name[128] = "", heading[256], *copy = xstrdup(all), *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (sscanf(line, "# TYPE %127s", name) == 1) {
			snprintf(heading, sizeof(heading), "# TYPE %s ", name);
			assert_int_equal(count_of(all, heading), 1);
		} else if (*line != '\0' && *line != '#') {
			assert_memory_equal(line, name, strlen(name));
		}
	}
	free(copy);
}

static void
metrics_of_many_have_families_in_one_piece(void **state)
{
	char *view;

	(void)state;
	start_many(45);
	view = fake_web_text("/metrics", NULL, NULL);
	families_are_together(view);
	assert_int_equal(count_of(view, "\nvc5_destination_healthy{"), 47);
	assert_int_equal(count_of(view, "\nvc5_service_ok{"), 2);
	assert_int_equal(count_of(view, "# EOF"), 0);
	free(view);
	fake_web.accepts = "application/openmetrics-text";
	view = fake_web_text("/metrics", NULL, NULL);
	families_are_together(view);
	assert_int_equal(count_of(view, "# EOF"), 1);
	assert_string_equal(view + strlen(view) - 7, "\n# EOF\n");
	free(view);
}

static void
the_page_of_many_is_whole(void **state)
{
	char *view;

	(void)state;
	start_many(45);
	view = fake_web_text("/status.html", NULL, NULL);
	assert_int_equal(count_of(view, "<caption>Destinations of "), 2);
	assert_int_equal(
	    count_of(view, "</section>"), count_of(view, "<section"));
	assert_int_equal(count_of(view, "<th scope=\"row\">2001:db8:1::"), 45);
	assert_non_null(strstr(view, "45 of 45 up"));
	assert_non_null(strstr(view, "</html>\n"));
	free(view);
}

/* As there can be thousands, the counters of each of which are read. */
static void
an_overview_is_made_in_pieces(void **state)
{
	const char *const ports =
	    "\"1/udp\": {\"checks\": []}, \"2/udp\": {\"checks\": []}, "
	    "\"3/udp\": {\"checks\": []},"
	    "\"4/udp\": {\"checks\": []}, \"5/udp\": {\"checks\": []}, "
	    "\"6/udp\": {\"checks\": []}";
	char *conf = xasprintf("{\"name\": \"six\", \"virtual\": \"" VIP6
			       "\", \"servers\": [\"2001:db8:1::1\"],"

			       "\"policy\": {%s}}",
	    ports);
	json_t *body;
	unsigned pieces;

	(void)state;
	start(conf);
	free(conf);
	body = fake_web_get("/overview.json", NULL, &pieces);
	assert_true(pieces > 6);
	assert_int_equal(json_array_size(json_object_get(body, "services")), 6);
	assert_string_equal(
	    json_string_value(json_object_get(
		json_array_get(json_object_get(body, "services"), 5), "id")),
	    "[2001:db8::1]:6/udp");
	json_decref(body);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct timeval now = {0};
	struct event **event = arg;

	(void)fd, (void)what;
	turns++;
	evtimer_add(*event, &now);
}

/* Counts turns of the event loop, from now on. */
static struct event *
count_turns(void)
{
	static struct event *event;
	struct timeval now = {0};

	event = evtimer_new(base, on_turn, &event);
	turns = 0;
	evtimer_add(event, &now);
	return event;
}

/* Each step takes milliseconds, and so a turn to itself. */
static void
events_are_made_over_many_turns(void **state)
{
	struct event *counting;

	(void)state;
	start_many(45);
	fake_web_listen(0);
	fake_web.service = MANY_KEY;
	world.counters_take = 4;
	counting = count_turns();
	web_tick(engine, monotime_ms());
	wait_for(fake_web_count("overview") == 1);
	assert_true(turns >= 2);
	turns = 0;
	wait_for(fake_web_count("service") == 1);
	assert_true(turns >= 2);
	assert_int_equal(json_array_size(json_object_get(
			     fake_web_last("service")->data, "destinations")),
	    45);
	event_free(counting);
}

/* What was made of it is of the configuration of before. */
static void
a_reload_begins_events_anew(void **state)
{
	const json_t *services;

	(void)state;
	start_many(45);
	fake_web_listen(0);
	world.counters_take = 4;
	web_tick(engine, monotime_ms());
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(fake_web_count("overview"), 0);
	world.counters_take = 0;
	write_conf(SERVICE_WEB);
	assert_int_equal(engine_reload(engine), 0);
	wait_for(fake_web_count("overview") == 1);
	services = json_object_get(fake_web_last("overview")->data, "services");
	assert_int_equal(json_array_size(services), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_reload_breaks_what_is_under_way),
	    TEST(views_are_of_one_configuration),
	    TEST(endless_reloads_leave_no_view),
	    TEST(views_are_few),
	    TEST(metrics_of_many_have_families_in_one_piece),
	    TEST(the_page_of_many_is_whole),
	    TEST(an_overview_is_made_in_pieces),
	    TEST(events_are_made_over_many_turns),
	    TEST(a_reload_begins_events_anew),
	};

	return run_engine_tests(tests);
}
