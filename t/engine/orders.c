/* SPDX-License-Identifier: ISC */

/*
 * Run-time orders: that they are followed, outlive reloads and restarts, are
 * shown.
 */

#include "ordering.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/overrides.h"
#include "fakes_state.h"

static const char web[] = SERVICE_OF("web", "80", FOUR);
static const char both[] =
    SERVICE_OF("web", "80", FOUR) "," SERVICE_OF("mail", "25", FOUR);

/* The daemon is killed, and another one started. */
static void
restart(const char *services)
{
	engine_free(engine);
	engine = NULL;
	event_base_free(base);
	record.wanted_count = 0;
	start(services);
}

/* How many overrides the document has; the text of the last in *text. */
static size_t
overrides(char **text)
{
	json_t *document = engine_document();
	const json_t *list = json_object_get(document, "overrides");
	size_t count = json_array_size(list);

	if (text != NULL)
		*text = xstrdup(json_string_value(
		    json_object_get(json_array_get(list, count - 1), "text")));
	json_decref(document);
	return count;
}

static void
a_backend_drains_and_is_ready_again(void **state)
{
	(void)state;
	fake_state_file.peer = 1000;
	start_up(both);
	must("backend", A, "drain");
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
	wait_for(fake_state(MAIL, A) == DESTINATION_DRAINING);
	assert_int_equal(fake_state(WEB, B), DESTINATION_UP);
	assert_true(was_logged("override: backend " A ": drain, by uid 1000"));
	must("backend", A, "maint");
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_int_equal(overrides(NULL), 1);
	must("backend", A, "ready");
	wait_for(all_up(WEB));
	assert_int_equal(overrides(NULL), 0);
	assert_true(was_logged("override: backend " A ": ready, by uid 1000"));
}

static void
an_order_can_be_limited_to_a_service(void **state)
{
	json_t *reply;

	(void)state;
	start_up(both);
	wait_for(all_up(MAIL));
	reply = order("backend", A, "maint", "mail", false);
	assert_true(is_true(reply, "ok"));
	json_decref(reply);
	wait_for(fake_state(MAIL, A) == DESTINATION_DOWN);
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	must("backend", A, "drain");
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
	assert_int_equal(fake_state(MAIL, A), DESTINATION_DOWN);
	/* What is about all services is not taken back for one. */
	reply = order("backend", A, "ready", "web", false);
	assert_false(is_true(reply, "ok"));
	json_decref(reply);
	reply = order("backend", A, "ready", "mail", false);
	assert_true(is_true(reply, "ok"));
	assert_int_equal(
	    json_array_size(json_object_get(reply, "warnings")), 1);
	json_decref(reply);
	wait_for(fake_state(MAIL, A) == DESTINATION_DRAINING);
	must("backend", A, "ready");
	wait_for(all_up(WEB) && all_up(MAIL));
}

static void
a_service_that_is_ordered_down_takes_its_vip_along(void **state)
{
	(void)state;
	start_up(both);
	must("service", "mail", "down");
	wait_for(!fake_wanted(VIP));
	assert_true(all_up(WEB));
	must_not("service", VIP, "up", "still in force: service mail down");
	must("service", "mail", "up");
	wait_for(fake_wanted(VIP));
	must("service", VIP, "down");
	wait_for(!fake_wanted(VIP));
	must("service", VIP, "up");
	wait_for(fake_wanted(VIP));
	must("service", WEB, "down");
	wait_for(!fake_wanted(VIP));
	must("service", WEB, "up");
	wait_for(fake_wanted(VIP));
}

static void
a_vip_is_withdrawn_and_not_announced_without_need(void **state)
{
	json_t *reply;

	(void)state;
	start_up(web);
	must("vip", VIP, "withdraw");
	wait_for(!fake_wanted(VIP));
	world.outcome = CHECK_REFUSED;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN &&
	    fake_state(WEB, B) == DESTINATION_DOWN &&
	    fake_state(WEB, C) == DESTINATION_DOWN &&
	    fake_state(WEB, D) == DESTINATION_DOWN);
	reply = order("vip", VIP, "announce", "", false);
	assert_true(is_true(reply, "ok"));
	assert_non_null(strstr(json_string_value(json_array_get(
				   json_object_get(reply, "warnings"), 0)),
	    VIP " is not announced: "));
	json_decref(reply);
	wait_for(fake_server(A)->probes > 3 && record.probes_running == 0);
	assert_false(fake_wanted(VIP));
	world.outcome = CHECK_PASSED;
	wait_for(fake_wanted(VIP));
}

static void
orders_outlive_reload_and_restart(void **state)
{
	(void)state;
	start_up(web);
	must("backend", A, "drain");
	must("backend", B, "maint");
	must("vip", VIP, "withdraw");
	wait_for(!fake_wanted(VIP) && fake_state(WEB, B) == DESTINATION_DOWN);
	reload(both);
	wait_for(fake_state(MAIL, C) == DESTINATION_UP);
	assert_int_equal(fake_state(WEB, A), DESTINATION_DRAINING);
	assert_int_equal(fake_state(WEB, B), DESTINATION_DOWN);
	assert_int_equal(fake_state(MAIL, B), DESTINATION_DOWN);
	assert_false(fake_wanted(VIP));
	restart(both);
	wait_for(fake_state(WEB, C) == DESTINATION_UP &&
	    fake_state(WEB, A) == DESTINATION_DRAINING);
	wait_for(fake_server(B)->probes > 5);
	assert_int_equal(fake_state(WEB, B), DESTINATION_DOWN);
	assert_false(fake_wanted(VIP));
	assert_int_equal(overrides(NULL), 3);
	must("backend", A, "ready");
	must("backend", B, "ready");
	must("vip", VIP, "announce");
	wait_for(all_up(WEB) && fake_wanted(VIP));
}

static void
what_is_gone_stays_ordered_and_is_shown(void **state)
{
	char *text;

	(void)state;
	start_up(web);
	must("backend", D, "maint");
	wait_for(fake_state(WEB, D) == DESTINATION_DOWN);
	reload(SERVICE_OF("web", "80", "\"" A "\", \"" B "\""));
	assert_int_equal(overrides(&text), 1);
	assert_non_null(strstr(text, "there is no such backend"));
	free(text);
	reload(web);
	wait_for(fake_state(WEB, C) == DESTINATION_UP);
	wait_for(fake_server(D)->probes > 3);
	assert_int_equal(fake_state(WEB, D), DESTINATION_DOWN);
	must("backend", D, "ready");
	wait_for(all_up(WEB));
}

static bool
is_alert(const char *id)
{
	json_t *document = engine_document(), *alert;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(document, "alerts"), i, alert) {
		found = found ||
		    strcmp(json_string_value(json_object_get(alert, "id")),
			id) == 0;
	}
	json_decref(document);
	return found;
}

/* As when a service is renamed: the order yields, but not silently. */
static void
an_order_that_reaches_nothing_is_an_alert(void **state)
{
	static const char id[] = "override backend " A " in web";

	(void)state;
	start_up(web);
	json_decref(order("backend", A, "maint", "web", false));
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_false(is_alert(id));
	reload(SERVICE_OF("www", "80", FOUR));
	assert_true(is_alert(id));
	assert_true(was_logged("override backend " A " in web: does nothing"));
	assert_int_equal(engine_reload(engine), 0);
	assert_false(was_logged("does nothing"));
	restart(SERVICE_OF("www", "80", FOUR));
	wait_for(record.control != NULL);
	assert_true(is_alert(id));
	reload(web);
	assert_false(is_alert(id));
	reload(SERVICE_OF("www", "80", FOUR));
	assert_true(is_alert(id));
	json_decref(order("backend", A, "ready", "web", true));
	assert_false(is_alert(id));
}

static void
what_there_is_not_is_ordered_with_force_only(void **state)
{
	(void)state;
	start_up(web);
	must_not("backend", "10.9.9.9", "drain", "there is no backend");
	must_not("service", "wbe", "down", "there is no service wbe");
	must_not("vip", "192.0.2.9", "withdraw", "there is no vip");
	must_not("vip", "192.0.2.9", "announce", "neither an order");
	must("vip", VIP, "announce");
	assert_int_equal(overrides(NULL), 0);
	force("vip", "192.0.2.9", "withdraw");
	assert_int_equal(overrides(NULL), 1);
	must("vip", "192.0.2.9", "announce");
	assert_int_equal(overrides(NULL), 0);
}

static void
an_order_that_cannot_be_kept_is_refused(void **state)
{
	(void)state;
	start_up(web);
	must("backend", B, "drain");
	wait_for(fake_state(WEB, B) == DESTINATION_DRAINING);
	fake_state_file.write_fails = true;
	must_not("backend", A, "drain", "No space left on device");
	must_not("backend", B, "ready", "No space left on device");
	wait_for(fake_server(A)->probes > 3);
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_int_equal(fake_state(WEB, B), DESTINATION_DRAINING);
	assert_true(has_problem("overrides can't be kept"));
	force("backend", A, "drain");
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
	assert_true(has_problem("overrides can't be kept"));
	fake_state_file.write_fails = false;
	wait_for(!has_problem("overrides"));
	restart(web);
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
}

static void
vc5_does_not_start_with_a_damaged_file(void **state)
{
	struct conf_errors errors = {0};

	(void)state;
	base = event_base_new();
	fake_state_file.text = xstrdup("{\"version\": 1, \"overr");
	write_conf(web);
	assert_null(
	    engine_new(base, fake_dataplane(), conf_load(file, &errors)));
	assert_true(was_logged("not started: what was ordered to be out"));
	fake_state_file.read_fails = true;
	assert_null(
	    engine_new(base, fake_dataplane(), conf_load(file, &errors)));
	assert_true(was_logged("Input/output error"));
}

/* Is that said about the packet? */
static bool
explained(const char *part)
{
	json_t *reply = ask(json_pack("{s:s, s:s, s:s}", "command", "explain",
		   "source", "198.51.100.7:4711", "destination", VIP ":80")),
	       *fact;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(reply, "facts"), i, fact) {
		found = found ||
		    strstr(json_string_value(json_object_get(fact, "text")),
			part) != NULL;
	}
	json_decref(reply);
	return found;
}

static void
orders_are_a_part_of_what_explains(void **state)
{
	(void)state;
	start_up(web);
	assert_false(explained("order"));
	must("vip", VIP, "withdraw");
	wait_for(!fake_wanted(VIP));
	assert_true(explained(VIP " is a VIP, withdrawn: as ordered"));
	must("service", "web", "down");
	assert_true(explained("4 of 4 servers up, ordered down"));
}

/* What was ordered, by a model without any cleverness. */
static enum override_order ordered[2][4]; /* 0: in all services, 1: mail */

static enum destination_state
expected(bool mail, size_t server)
{
	static const enum destination_state states[] = {
	    [ORDER_NONE] = DESTINATION_UP,
	    [ORDER_DRAIN] = DESTINATION_DRAINING,
	    [ORDER_MAINT] = DESTINATION_DOWN,
	};
	enum override_order order = ordered[0][server];

	if (mail && ordered[1][server] > order)
		order = ordered[1][server];
	return states[order];
}

static const char *const servers[] = {A, B, C, D};

static bool
is_as_expected(void)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (fake_state(WEB, servers[i]) != expected(false, i) ||
		    fake_state(MAIL, servers[i]) != expected(true, i))
			return false;
	return true;
}

static void
order_something(unsigned number)
{
	static const char *const words[] = {"ready", "drain", "maint"};
	size_t server = number % 4, word = number / 4 % 3;
	bool mail = number / 12 % 2;
	json_t *reply;

	reply = order(
	    "backend", servers[server], words[word], mail ? "mail" : "", true);
	if (word > 0)
		ordered[mail][server] = word == 1 ? ORDER_DRAIN : ORDER_MAINT;
	else
		ordered[mail][server] = ORDER_NONE;
	if (word == 0 && !mail)
		ordered[1][server] = ORDER_NONE;
	json_decref(reply);
}

static void
any_orders_in_any_order_do_as_a_model_says(void **state)
{
	unsigned step;

	(void)state;
	srandom(5);
	start_up(both);
	wait_for(all_up(MAIL));
	for (step = 1; step <= 300; step++) {
		order_something((unsigned)random());
		if (step % 20 == 0)
			assert_int_equal(engine_reload(engine), 0);
		if (step % 100 == 0)
			restart(both);
		wait_for(is_as_expected());
	}
}

static void
a_request_that_makes_no_sense_is_an_error(void **state)
{
	static const char *const requests[] = {
	    "{}",
	    "{\"kind\": 1, \"name\": \"web\", \"order\": \"down\"}",
	    "{\"kind\": \"service\", \"name\": [], \"order\": \"down\"}",
	    "{\"kind\": \"service\", \"name\": \"web\", \"order\": {}}",
	    "{\"kind\": \"service\", \"name\": \"web\", \"order\": \"drain\"}",
	    "{\"kind\": \"service\", \"name\": \"web\", \"order\": \"ready\"}",
	    "{\"kind\": \"service\", \"name\": \"w b\", \"order\": \"down\"}",
	    "{\"kind\": \"service\", \"name\": \"web\", \"order\": \"down\","
	    " \"service\": \"web\"}",
	    "{\"kind\": \"service\", \"name\": \"web\", \"order\": \"down\","
	    " \"force\": \"no\"}",
	    "{\"kind\": \"backend\", \"name\": \"web\", \"order\": \"drain\"}",
	    "{\"kind\": \"backend\", \"name\": \"10.0.0.1\", \"order\": "
	    "\"drain\", \"service\": 1}",
	    "{\"kind\": \"vip\", \"name\": \"192.0.2.1\", \"order\": \"none\"}",
	    "{\"kind\": \"vip\", \"name\": \"192.0.2.1\", \"order\": "
	    "\"withdraw\", \"service\": \"web\"}",
	    "{\"kind\": \"peer\", \"name\": \"web\", \"order\": \"down\"}",
	};
	json_t *request, *reply;
	size_t i;

	(void)state;
	start_up(web);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		request = json_loads(requests[i], 0, NULL);
		json_object_set_new(
		    request, "command", json_string("override"));
		reply = ask(request);
		if (!json_is_string(json_object_get(reply, "error")))
			fail_msg("taken: %s", requests[i]);
		json_decref(reply);
	}
	assert_int_equal(fake_state_file.writes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_backend_drains_and_is_ready_again),
	    TEST(an_order_can_be_limited_to_a_service),
	    TEST(a_service_that_is_ordered_down_takes_its_vip_along),
	    TEST(a_vip_is_withdrawn_and_not_announced_without_need),
	    TEST(orders_outlive_reload_and_restart),
	    TEST(what_is_gone_stays_ordered_and_is_shown),
	    TEST(an_order_that_reaches_nothing_is_an_alert),
	    TEST(what_there_is_not_is_ordered_with_force_only),
	    TEST(an_order_that_cannot_be_kept_is_refused),
	    TEST(vc5_does_not_start_with_a_damaged_file),
	    TEST(orders_are_a_part_of_what_explains),
	    TEST(any_orders_in_any_order_do_as_a_model_says),
	    TEST(a_request_that_makes_no_sense_is_an_error),
	};

	return run_engine_tests(tests);
}
