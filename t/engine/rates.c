/* SPDX-License-Identifier: ISC */

/*
 * How much there is to do a second, by counters that grow.  Time goes on as the
 * tests say.
 */

#include <unistd.h>

#include "harness.h"

#include "base/monotime.h"
#include "core/series.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/status_parts.h"

static json_int_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static double
rate(const json_t *rates, const char *key)
{
	const json_t *value = json_object_get(rates, key);

	assert_true(json_is_real(value));
	return json_real_value(value);
}

/* Takes the reference. */
static void
assert_rate(json_t *rates, const char *key, double value)
{
	double is = rate(rates, key);

	json_decref(rates);
	if (is != value)
		fail_msg("%s is %g, not %g", key, is, value);
}

static void
tick(uint64_t *now, unsigned ms)
{
	*now += ms;
	rates_tick(engine, *now);
}

/* Ten packets to each server, of 100 bytes, and 20 more of headers. */
static void
ten_packets(void)
{
	world.counters.packets += 10;
	world.counters.bytes += 1000;
	world.counters.tx_bytes += 1200;
}

static void
rates_are_differences_of_counters(void **state)
{
	uint64_t now = monotime_ms() + 100000;
	json_t *rates;

	(void)state;
	start(SERVICE_WEB);
	tick(&now, 1000);
	tick(&now, 2000);
	world.counters.flows += 10;
	ten_packets();
	tick(&now, 2000);
	rates =
	    rates_of_destination(engine, &engine->services[0].destinations[1]);
	assert_true(rate(rates, "packets") == 5);
	assert_true(rate(rates, "bits") == 4000);
	assert_true(rate(rates, "flows") == 5);
	assert_true(rate(rates, "rx_packets") == 5);
	assert_true(rate(rates, "rx_bits") == 4000);
	assert_true(rate(rates, "tx_packets") == 5);
	assert_true(rate(rates, "tx_bits") == 4800);
	json_decref(rates);
	rates = rates_of_service(engine, &engine->services[0]);
	assert_true(rate(rates, "packets") == 10);
	assert_true(rate(rates, "bits") == 8000);
	assert_true(rate(rates, "tx_bits") == 9600);
	json_decref(rates);
	rates = rates_of_all(engine);
	assert_true(rate(rates, "packets") == 10);
	assert_true(rate(rates, "tx_packets") == 10);
	assert_true(rate(rates, "tx_bits") == 9600);
	assert_true(rate(rates, "new_flows") == 10);
	assert_true(rate(rates, "drops") == 0);
	json_decref(rates);
	world.counters.packets = 0; /* they have begun anew */
	tick(&now, 1000);
	assert_rate(rates_of_all(engine), "packets", 0);
}

/* A packet that is dropped and answered came once. */
static void
what_is_lost_came_in(void **state)
{
	uint64_t now = monotime_ms() + 100000;
	json_t *rates;

	(void)state;
	start(SERVICE_WEB);
	tick(&now, 1000);
	tick(&now, 1000);
	ten_packets();
	world.lost += 6;
	world.lost_bytes += 600;
	tick(&now, 2000);
	rates = rates_of_all(engine);
	assert_true(rate(rates, "drops") == 3);
	assert_true(rate(rates, "rx_packets") == 10 + 3 + 3);
	assert_true(rate(rates, "rx_bits") == 8000 + 2400 + 2400);
	assert_true(rate(rates, "tx_packets") == 10);
	assert_true(rate(rates, "tx_bits") == 9600);
	json_decref(rates);
	/* The service lost others, of which it is told less often. */
	world.counters.no_destination += 8;
	world.counters.no_destination_bytes += 800;
	tick(&now, 1000);
	tick(&now, 1000);
	rates = rates_of_service(engine, &engine->services[0]);
	assert_true(rate(rates, "rx_packets") > 0);
	assert_true(rate(rates, "rx_packets") * 800 == rate(rates, "rx_bits"));
	assert_true(rate(rates, "tx_packets") == 0);
	json_decref(rates);
}

/* They never go back, also when the data plane's begin anew. */
static void
totals_grow(void **state)
{
	uint64_t now = monotime_ms() + 100000;
	json_t *totals;
	unsigned i;

	(void)state;
	world.counters.packets = world.counters.bytes = 1000000;
	start(SERVICE_WEB);
	tick(&now, 1000);
	tick(&now, 1000);
	for (i = 0; i < 3; i++) {
		ten_packets();
		world.lost += 5;
		world.lost_bytes += 500;
		tick(&now, 1000);
	}
	world.counters.packets = world.counters.bytes =
	    world.counters.tx_bytes = 0;
	tick(&now, 1000);
	totals = rates_totals(engine);
	assert_int_equal(number(totals, "rx_packets"), 60 + 2 * 15);
	assert_int_equal(number(totals, "rx_bytes"), 6000 + 2 * 1500);
	assert_int_equal(number(totals, "tx_packets"), 60);
	assert_int_equal(number(totals, "tx_bytes"), 7200);
	json_decref(totals);
}

/* What comes while it happens is counted, too. */
static void
a_reload_loses_no_packets(void **state)
{
	uint64_t now = monotime_ms() + 100000;
	json_t *totals;

	(void)state;
	start(SERVICE_WEB);
	tick(&now, 1000);
	tick(&now, 1000);
	ten_packets();
	assert_int_equal(engine_reload(engine), 0);
	tick(&now, 1000);
	assert_rate(
	    rates_of_destination(engine, &engine->services[0].destinations[0]),
	    "packets", 10);
	assert_rate(rates_of_service(engine, &engine->services[0]), "tx_bits",
	    2 * 9600);
	totals = rates_totals(engine);
	assert_int_equal(number(totals, "rx_packets"), 20);
	json_decref(totals);
}

static json_t *
last_point(const json_t *body, const char *metric)
{
	const json_t *list =
	    json_object_get(json_object_get(body, "series"), metric);

	assert_int_equal(json_array_size(list), number(body, "points"));
	return json_array_get(list, json_array_size(list) - 1);
}

static void
assert_last(const json_t *body, const char *metric, double value)
{
	double is = json_real_value(last_point(body, metric));

	if (is != value)
		fail_msg("%s is %g, not %g", metric, is, value);
}

/* Time goes on faster than it does, so that the last step is now. */
static void
an_hour_is_kept_also_by_a_reload(void **state)
{
	uint64_t step;
	json_t *body;

	(void)state;
	/* All of what follows is in one step. */
	while (monotime_ms() % 10000 > 6000)
		usleep(50000);
	start(SERVICE_WEB);
	step = monotime_ms() / 10000 * 10000;
	rates_tick(engine, step - 10000);
	rates_tick(engine, step - 5000);
	ten_packets();
	world.counters.connections = 7;
	world.lost += 50;
	world.lost_bytes += 5000;
	rates_tick(engine, step - 1000);
	rates_tick(engine, step);
	body = rates_series(engine, NULL);
	assert_last(body, "packets", 2);
	assert_last(body, "bits", 1600);
	assert_last(body, "drops", 5);
	assert_last(body, "rx_packets", 2 + 5 + 5);
	assert_last(body, "rx_bits", 1600 + 8000);
	assert_last(body, "tx_packets", 2);
	assert_last(body, "tx_bits", 1920);
	assert_last(body, "connections", 7);
	assert_true(json_is_null(last_point(body, "latency")));
	json_decref(body);
	assert_int_equal(engine_reload(engine), 0);
	body = rates_series(engine, &engine->services[0]);
	assert_int_equal(number(body, "step"), 10);
	assert_last(body, "packets", 2);
	assert_last(body, "rx_bits", 1600);
	assert_last(body, "tx_bits", 1920);
	assert_last(body, "connections", 2 * 7);
	assert_true(json_is_real(last_point(body, "destinations_up")));
	json_decref(body);
}

/* Steps also come when nothing was sent to anybody. */
static void
a_step_begins_anew(void **state)
{
	uint64_t step = monotime_ms() / 10000 * 10000;
	json_t *body;

	(void)state;
	start(SERVICE_WEB);
	rates_tick(engine, step - 20000);
	rates_tick(engine, step - 15000);
	ten_packets();
	world.lost += 50;
	rates_tick(engine, step - 10000);
	rates_tick(engine, step - 5000);
	rates_tick(engine, step);
	body = rates_series(engine, NULL);
	assert_last(body, "packets", 0);
	assert_last(body, "drops", 0);
	assert_last(body, "rx_packets", 0);
	json_decref(body);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(rates_are_differences_of_counters),
	    TEST(what_is_lost_came_in),
	    TEST(totals_grow),
	    TEST(a_reload_loses_no_packets),
	    TEST(an_hour_is_kept_also_by_a_reload),
	    TEST(a_step_begins_anew),
	};

	return run_engine_tests(tests);
}
