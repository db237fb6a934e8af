/* SPDX-License-Identifier: ISC */

/*
 * A VIP's state machine, an example of each rule.  Times are in ms.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/vip_state.h"

static struct conf_announcing conf;
static struct vip_service a, b;
static struct vip_service *const services[] = {&a, &b};
static struct vip_input in;
static struct vip_state vip;
static bool changed;

static int
setup(void **state)
{
	static const struct vip_service service = {.decided = true,
	    .applied = true,
	    .total = 4,
	    .up = 4,
	    .need = 1,
	    .need_up = 1};

	(void)state;
	conf =
	    (struct conf_announcing){.hold_down = 1000, .hold_down_max = 60000};
	a = b = service;
	in = (struct vip_input){.conf = &conf,
	    .services = services,
	    .service_count = 2,
	    .graceful = true};
	memset(&vip, 0, sizeof(vip));
	return 0;
}

/* The phase at a time, and when to look again. */
static void
expect_at(uint64_t now, enum vip_phase phase, uint64_t until)
{
	changed = vip_state_update(&vip, &in, now);
	assert_string_equal(vip_phase_name(vip.phase), vip_phase_name(phase));
	assert_int_equal(vip.until, until);
}

static void
expect_reason(const struct vip_service *service, const char *reason)
{
	char text[VIP_REASON_LEN];

	assert_int_equal(vip_reason_has_service(vip.reason), service != NULL);
	if (service != NULL)
		assert_ptr_equal(services[vip.service], service);
	assert_string_equal(
	    vip_state_explain(&vip, service, "web", text), reason);
}

static void
waits_for_all_services(void **state)
{
	(void)state;
	b.decided = false;
	expect_at(0, VIP_WITHDRAWN, 0);
	expect_reason(&b, "the servers of web have not all been tried yet");
	b.decided = true;
	b.up = 0;
	expect_at(10, VIP_WITHDRAWN, 0);
	expect_reason(&b, "web needs 1 servers, has 0");
	b.up = 1;
	expect_at(20, VIP_ANNOUNCED, 0);
	assert_true(changed);
	expect_reason(NULL, "its services have what they need");
	expect_at(20, VIP_ANNOUNCED, 0);
	assert_false(changed);
}

static void
new_service_takes_nothing_away(void **state)
{
	(void)state;
	expect_at(0, VIP_ANNOUNCED, 0);
	b = (struct vip_service){
	    .total = 1, .need = 1, .need_up = 1, .undecided = 1};
	expect_at(10, VIP_ANNOUNCED, 0);
	b.decided = b.applied = true;
	expect_at(20, VIP_WITHDRAWN, 0);
}

static void
untried_servers_that_are_too_few_save_nothing(void **state)
{
	(void)state;
	expect_at(0, VIP_ANNOUNCED, 0);
	b = (struct vip_service){.total = 3,
	    .need = 2,
	    .need_up = 2,
	    .applied = true,
	    .up = 1,
	    .undecided = 1};
	expect_at(10, VIP_ANNOUNCED, 0);
	b.up = 0;
	expect_at(20, VIP_WITHDRAWN, 0);
	assert_int_equal(vip.reason, VIP_SHORT);
	b.drained = 1;
	expect_at(30, VIP_WITHDRAWN, 0);
	assert_int_equal(vip.reason, VIP_UNTRIED);
}

static void
failure_withdraws_at_once(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	expect_at(0, VIP_ANNOUNCED, 0);
	a.up = 0;
	expect_at(1000, VIP_WITHDRAWN, 0);
	/* A first time costs nothing more. */
	a.up = 1;
	expect_at(1001, VIP_ANNOUNCED, 0);
	a.applied = false;
	expect_at(1002, VIP_WITHDRAWN, 0);
	expect_reason(&a, "the data plane does not have web: see the log");
}

static void
need_up_brings_back(void **state)
{
	(void)state;
	a.need = 2;
	a.need_up = 4;
	a.up = 3;
	expect_at(0, VIP_WITHDRAWN, 0);
	expect_reason(&a, "web needs 4 servers to come back, has 3");
	a.up = 4;
	expect_at(1, VIP_ANNOUNCED, 0);
	a.up = 2;
	expect_at(2, VIP_ANNOUNCED, 0);
	a.up = 1;
	expect_at(3, VIP_WITHDRAWN, 0);
	a.up = 3;
	expect_at(4, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(5, VIP_ANNOUNCED, 0);
	/* Who has stayed well need not come back when another one failed. */
	a.up = 2;
	b.up = 0;
	expect_at(100000, VIP_WITHDRAWN, 0);
	b.up = 1;
	expect_at(200000, VIP_ANNOUNCED, 0);
}

static void
predecessors_vip_stays(void **state)
{
	(void)state;
	conf.learn = 10000;
	conf.healthy_for = 10000;
	a.need_up = 4;
	a.up = 2;
	vip_state_adopt(&vip, 0);
	expect_at(0, VIP_ANNOUNCED, 0);
	assert_false(changed);
	a.up = 0;
	expect_at(1, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(2, VIP_LEARNING, 10000);
}

static void
hold_down_doubles(void **state)
{
	static const uint64_t holds[] = {
	    0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	uint64_t now = 0;
	size_t i;

	(void)state;
	expect_at(now, VIP_ANNOUNCED, 0);
	for (i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		a.up = 0;
		now += 100;
		expect_at(now, VIP_WITHDRAWN, 0);
		a.up = 4;
		if (holds[i] > 0) {
			expect_at(now, VIP_HELD_DOWN, now + holds[i]);
			now += holds[i];
			expect_at(now - 1, VIP_HELD_DOWN, now);
		}
		expect_at(now, VIP_ANNOUNCED, 0);
	}
	/* It has stayed for as long as the longest: that is forgotten. */
	a.up = 0;
	now += 60000;
	expect_at(now, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(now, VIP_ANNOUNCED, 0);
	assert_int_equal(vip.withdrawals, 10);
}

static void
hold_down_counts_from_the_withdrawal(void **state)
{
	(void)state;
	expect_at(0, VIP_ANNOUNCED, 0);
	vip.failures = 3;
	a.up = 0;
	expect_at(100, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(3000, VIP_HELD_DOWN, 4100);
	expect_reason(NULL, "it was withdrawn 4 times in a row");
	/* A reload may know better. */
	conf.hold_down = 100;
	expect_at(3000, VIP_ANNOUNCED, 0);
	conf.hold_down = 0;
	a.up = 0;
	expect_at(3001, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(3001, VIP_ANNOUNCED, 0);
}

static void
healthy_for_is_without_interruption(void **state)
{
	(void)state;
	conf.healthy_for = 5000;
	expect_at(0, VIP_SETTLING, 5000);
	expect_reason(
	    NULL, "its services have not had what they need for long enough");
	b.up = 0;
	expect_at(4999, VIP_WITHDRAWN, 0);
	b.up = 4;
	expect_at(6000, VIP_SETTLING, 11000);
	expect_at(11000, VIP_ANNOUNCED, 0);
}

static void
later_wait_counts(void **state)
{
	(void)state;
	conf.healthy_for = 1000;
	vip.failures = 1;
	vip_state_adopt(&vip, 0);
	a.up = 0;
	expect_at(0, VIP_WITHDRAWN, 0);
	a.up = 4;
	vip.failures = 4;
	expect_at(100, VIP_HELD_DOWN, 4000);
	vip.failures = 2;
	expect_at(101, VIP_SETTLING, 1100);
}

static void
learning_delays_what_is_new(void **state)
{
	(void)state;
	conf.learn = 3000;
	in.started = 1000;
	in.learning = true;
	expect_at(1000, VIP_LEARNING, 4000);
	expect_reason(NULL, "it is new, and vc5d learns");
	expect_at(4000, VIP_LEARNING, 0);
	in.learning = false;
	expect_at(4500, VIP_ANNOUNCED, 0);
}

static void
degraded_has_other_attributes(void **state)
{
	(void)state;
	a.below = 3;
	expect_at(0, VIP_ANNOUNCED, 0);
	assert_int_equal(vip_state_attributes(&vip), ATTRIBUTES_NORMAL);
	a.up = 2;
	expect_at(1, VIP_DEGRADED, 0);
	assert_true(changed);
	assert_int_equal(vip_state_attributes(&vip), ATTRIBUTES_DEGRADED);
	expect_reason(&a, "web has 2 of 4 servers up");
	a.up = 3;
	expect_at(2, VIP_ANNOUNCED, 0);
	/* Who has no more than that is not degraded with all of them. */
	b = (struct vip_service){.decided = true,
	    .applied = true,
	    .total = 1,
	    .up = 1,
	    .below = 2,
	    .need = 1,
	    .need_up = 1};
	expect_at(3, VIP_ANNOUNCED, 0);
	b.need = b.need_up = 0;
	b.up = 0;
	expect_at(4, VIP_DEGRADED, 0);
}

static void
degraded_lasts_until_it_is_well_for_long_enough(void **state)
{
	(void)state;
	conf.healthy_for = 2000;
	a.below = 3;
	vip_state_adopt(&vip, 0);
	a.up = 2;
	expect_at(0, VIP_DEGRADED, 0);
	a.up = 3;
	expect_at(100, VIP_DEGRADED, 2100);
	expect_reason(
	    NULL, "its services have not had enough servers for long enough");
	a.up = 2;
	expect_at(2000, VIP_DEGRADED, 0);
	a.up = 4;
	expect_at(3000, VIP_DEGRADED, 5000);
	expect_at(4999, VIP_DEGRADED, 5000);
	expect_at(5000, VIP_ANNOUNCED, 0);
}

static void
order_lets_it_leave(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	expect_at(0, VIP_ANNOUNCED, 0);
	in.ordered_out = true;
	expect_at(10, VIP_LEAVING, 5010);
	expect_reason(NULL, "as ordered");
	assert_int_equal(vip_state_attributes(&vip), ATTRIBUTES_LEAVING);
	assert_true(vip_state_wanted(&vip));
	/* Taken back. */
	in.ordered_out = false;
	expect_at(20, VIP_ANNOUNCED, 0);
	a.ordered_down = true;
	expect_at(30, VIP_LEAVING, 5030);
	expect_reason(&a, "web is down as ordered");
	expect_at(5030, VIP_WITHDRAWN, 0);
	a.ordered_down = false;
	/* An intention is no failure: nothing is held down. */
	expect_at(5031, VIP_ANNOUNCED, 0);
	assert_int_equal(vip.failures, 0);
}

static void
failure_ends_leaving(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	a.below = 3;
	expect_at(0, VIP_ANNOUNCED, 0);
	in.stopping = true;
	expect_at(10, VIP_LEAVING, 5010);
	a.up = 2;
	expect_at(20, VIP_LEAVING, 5010);
	assert_true(changed);
	assert_int_equal(
	    vip_state_attributes(&vip), ATTRIBUTES_DEGRADED_LEAVING);
	a.up = 0;
	expect_at(30, VIP_WITHDRAWN, 0);
	a.up = 4;
	expect_at(40, VIP_WITHDRAWN, 0);
	expect_reason(NULL, "vc5d stops");
}

static void
draining_is_an_intention(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	a.need = a.need_up = 2;
	expect_at(0, VIP_ANNOUNCED, 0);
	a.up = 1;
	a.drained = 1;
	expect_at(10, VIP_LEAVING, 5010);
	expect_reason(&a,
	    "web needs 2 servers, has 1, and 1 that drain or are in "
	    "maintenance");
	a.drained = 0;
	expect_at(20, VIP_WITHDRAWN, 0);
}

static void
nobody_sees_it_leave(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	in.graceful = false;
	expect_at(0, VIP_ANNOUNCED, 0);
	in.ordered_out = true;
	expect_at(10, VIP_WITHDRAWN, 0);
}

static void
local_address_withdraws(void **state)
{
	(void)state;
	conf.graceful_shutdown = 5000;
	expect_at(0, VIP_ANNOUNCED, 0);
	in.local = true;
	expect_at(10, VIP_WITHDRAWN, 0);
	expect_reason(NULL, "it is an address of this host: remove it here");
	assert_int_equal(vip.failures, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(waits_for_all_services, setup),
	    cmocka_unit_test_setup(new_service_takes_nothing_away, setup),
	    cmocka_unit_test_setup(
		untried_servers_that_are_too_few_save_nothing, setup),
	    cmocka_unit_test_setup(failure_withdraws_at_once, setup),
	    cmocka_unit_test_setup(need_up_brings_back, setup),
	    cmocka_unit_test_setup(predecessors_vip_stays, setup),
	    cmocka_unit_test_setup(hold_down_doubles, setup),
	    cmocka_unit_test_setup(hold_down_counts_from_the_withdrawal, setup),
	    cmocka_unit_test_setup(healthy_for_is_without_interruption, setup),
	    cmocka_unit_test_setup(later_wait_counts, setup),
	    cmocka_unit_test_setup(learning_delays_what_is_new, setup),
	    cmocka_unit_test_setup(degraded_has_other_attributes, setup),
	    cmocka_unit_test_setup(
		degraded_lasts_until_it_is_well_for_long_enough, setup),
	    cmocka_unit_test_setup(order_lets_it_leave, setup),
	    cmocka_unit_test_setup(failure_ends_leaving, setup),
	    cmocka_unit_test_setup(draining_is_an_intention, setup),
	    cmocka_unit_test_setup(nobody_sees_it_leave, setup),
	    cmocka_unit_test_setup(local_address_withdraws, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
