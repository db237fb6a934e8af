/* SPDX-License-Identifier: ISC */

/*
 * bgpd's neighbours: sessions that are lost are alerts.
 */

#include <string.h>

#include "adapters/bgp.h"
#include "engine/alerts.h"
#include "engine/private.h"
#include "fakes_bgp.h"
#include "harness.h"

#define ONE "10.0.0.1"

/* A neighbour in a state for so many seconds. */
static void
shows(const char *state, uint64_t uptime)
{
	struct bgp_neighbour n = {
	    .address = (char[]){ONE},
	    .description = (char[]){""},
	    .error = (char[]){"received: Cease"},
	    .state = (char *)(uintptr_t)state,
	    .uptime = uptime,
	};

	fake_bgpd_shows(&n, 1);
	fake_bgpd.neighbour_count = 0;
}

/* Is it raised? */
static bool
alerted(const char *id)
{
	return alert_is_raised(engine, id);
}

static uint64_t
flaps(void)
{
	return neighbour_flaps(engine, ONE);
}

static void
a_lost_session_is_an_alert(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	shows("Active", 0);
	assert_false(alerted("bgp " ONE)); /* it never was there */
	shows("Established", 0);
	assert_false(alerted("bgp " ONE));
	shows("Established", 10);
	assert_int_equal(flaps(), 0);
	shows("Idle", 0);
	assert_true(alerted("bgp " ONE));
	assert_true(was_logged("the session is lost, and Idle now; received: "
			       "Cease"));
	shows("Active", 5);
	assert_true(alerted("bgp " ONE));
	assert_int_equal(flaps(), 1);
	shows("Established", 1);
	assert_false(alerted("bgp " ONE));
}

static void
a_flap_between_looks_is_seen(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	shows("Established", 100);
	shows("Established", 3);
	assert_int_equal(flaps(), 1);
	assert_false(alerted("bgp " ONE));
	assert_true(was_logged("established again"));
}

static void
who_is_removed_is_no_alert(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	shows("Established", 100);
	shows("Active", 3);
	assert_true(alerted("bgp " ONE));
	fake_bgpd_shows((const struct bgp_neighbour *)&flaps, 0);
	assert_false(alerted("bgp " ONE));
	assert_true(was_logged("no longer has this neighbour"));
}

static void
a_bgpd_that_has_gone_is_an_alert(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	shows("Established", 100);
	fake_bgpd_shows(NULL, 1);
	assert_true(alerted("bgpd"));
	assert_true(alerted("bgp " ONE));
	shows("Connect", 0);
	assert_false(alerted("bgpd"));
	assert_true(alerted("bgp " ONE));
	shows("Established", 0);
	assert_false(alerted("bgp " ONE));
	assert_int_equal(flaps(), 1);
}

/* Its events in the history, the newest last: "from>to". */
static void
the_history_has_it(void **state)
{
	json_t *document, *event, *list;
	size_t i, count = 0;

	(void)state;
	start(SERVICE_WEB);
	shows("OpenSent", 0);
	shows("Established", 0);
	shows("Idle", 0);
	shows("Connect", 0);
	document = engine_document();
	list = json_object_get(document, "history");
	json_array_foreach(list, i, event) {
		if (strcmp(json_string_value(json_object_get(event, "kind")),
			"bgp") != 0)
			continue;
		count++;
		assert_string_equal(
		    json_string_value(json_object_get(event, "subject")), ONE);
	}
	json_decref(document);
	assert_int_equal(count, 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_lost_session_is_an_alert),
	    TEST(a_flap_between_looks_is_seen),
	    TEST(who_is_removed_is_no_alert),
	    TEST(a_bgpd_that_has_gone_is_an_alert),
	    TEST(the_history_has_it),
	};

	return run_engine_tests(tests);
}
