/* SPDX-License-Identifier: ISC */

/*
 * A VIP's state machine against a plain model of it, through tens of thousands
 * of random changes.  The machine goes on from one state to the next; the
 * model keeps no state but the whole of what has happened, and works out from
 * that, each time anew, what has to be.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vip_model.h"

#define LIVES	2000
#define SERVERS 6

static size_t now_index; /* of the last moment */

/* The world. */

static uint64_t seed;

/* Below limit: SplitMix64. */
static unsigned
any(unsigned limit)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (unsigned)((z ^ z >> 31) % limit);
}

static bool
once_in(unsigned times)
{
	return any(times) == 0;
}

static unsigned
some_time(void)
{
	static const unsigned times[] = {0, 0, 1, 50, 1000, 3000, 10000};

	return times[any(sizeof(times) / sizeof(times[0]))];
}

static void
any_conf(struct conf_announcing *conf)
{
	conf->hold_down = some_time();
	conf->hold_down_max = conf->hold_down * (1 + any(60));
	conf->healthy_for = some_time();
	conf->learn = some_time();
	conf->graceful_shutdown = some_time();
}

static void
any_need(struct vip_service *v)
{
	v->need = any(v->total + 1);
	v->need_up = v->need + any(v->total - v->need + 1);
	v->below = any(v->total + 3);
}

static void
any_servers(struct vip_service *v)
{
	v->up = once_in(4) ? any(v->total + 1) : v->total;
	v->drained = once_in(2) ? any(v->total - v->up + 1) : 0;
	v->undecided = v->decided ? 0 : any(v->total - v->up - v->drained + 1);
}

static void
any_service(struct moment *m, size_t i)
{
	struct vip_service *v = &m->services[i];

	memset(v, 0, sizeof(*v));
	v->total = 1 + any(SERVERS);
	v->decided = v->applied = !once_in(8);
	any_need(v);
	any_servers(v);
	m->born[i]++;
}

/* Something that the outside does. */
static void
any_change(struct moment *m)
{
	size_t i = any((unsigned)m->service_count);
	struct vip_service *v = &m->services[i];

	switch (any(24)) {
	case 0:
		any_conf(&m->conf);
		break;
	case 1:
		any_need(v);
		break;
	case 2:
		any_service(m, i);
		break;
	case 3:
		v->ordered_down = !v->ordered_down && once_in(6);
		break;
	case 4:
		m->in.ordered_out = !m->in.ordered_out && once_in(6);
		break;
	case 5:
		m->in.local = once_in(8);
		break;
	case 6:
		m->in.learning = once_in(8);
		break;
	case 7:
		any_servers(v);
		break;
	case 8:
		m->in.graceful = !once_in(4);
		break;
	case 9:
		v->applied = !once_in(8);
		v->decided = true;
		v->undecided = 0;
		break;
	case 10:
		break; /* only time passes */
	case 11:
		v->decided = false; /* as servers were added */
		any_servers(v);
		break;
	default:
		v->decided = true;
		v->applied = true;
		any_servers(v);
	}
}

static void
begin_life(uint64_t number, bool adopted)
{
	struct moment *m = &past[0];
	size_t i;

	seed = number;
	memset(past, 0, sizeof(past));
	m->time = m->in.started = any(2) * 1000000;
	m->service_count = 1 + any(SERVICES);
	m->in.graceful = true;
	any_conf(&m->conf);
	for (i = 0; i < m->service_count; i++)
		any_service(m, i);
	m->phase = adopted ? VIP_ANNOUNCED : VIP_WITHDRAWN;
	now_index = 0;
}

/* Both of them. */

static struct vip_state machine;
/* The machine's: "met" stays from one moment to the next. */
static struct vip_service services[SERVICES];
static unsigned born[SERVICES];

static bool
machine_at(const struct moment *m)
{
	struct vip_service *list[SERVICES];
	struct vip_input in = m->in;
	size_t i;

	for (i = 0; i < m->service_count; i++) {
		bool met = services[i].met && born[i] == m->born[i];

		services[i] = m->services[i];
		services[i].met = met;
		born[i] = m->born[i];
		list[i] = &services[i];
	}
	in.conf = &m->conf;
	in.services = list;
	in.service_count = m->service_count;
	return vip_state_update(&machine, &in, m->time);
}

/* Failures that were at least the sixth in a row. */
static unsigned rows;

static void
assert_same(uint64_t life)
{
	const struct moment *m = &past[now_index];

	if (machine.phase != m->phase || machine.until != m->until ||
	    machine.degraded != m->degraded)
		fail_msg("life %llu, moment %zu, %llu ms: the machine is %s"
			 "%s until %llu, the model %s%s until %llu",
		    (unsigned long long)life, now_index,
		    (unsigned long long)m->time, vip_phase_name(machine.phase),
		    machine.degraded ? " (degraded)" : "",
		    (unsigned long long)machine.until, vip_phase_name(m->phase),
		    m->degraded ? " (degraded)" : "",
		    (unsigned long long)m->until);
}

/* What has to be so whatever the model says. */
static void
assert_needs(const struct moment *m)
{
	size_t i;

	if (!vip_state_wanted(&machine))
		return;
	assert_false(m->in.local);
	for (i = 0; i < m->service_count; i++) {
		const struct vip_service *v = &m->services[i];

		assert_true(v->up + v->drained + v->undecided >= v->need);
		if (!v->decided)
			continue;
		assert_true(v->applied);
		assert_true(v->up >= v->need ||
		    (machine.phase == VIP_LEAVING &&
			v->up + v->drained >= v->need));
	}
	if (machine.phase != VIP_LEAVING)
		assert_false(model_ordered(now_index));
}

static void
step(uint64_t life, uint64_t time, bool change)
{
	bool told, announced = vip_state_wanted(&machine);
	enum conf_attributes set = vip_state_attributes(&machine);
	enum vip_phase phase = machine.phase;
	struct moment *m;

	past[now_index + 1] = past[now_index];
	m = &past[++now_index];
	m->time = time;
	if (change)
		any_change(m);
	model(now_index);
	told = machine_at(m);
	rows += m->failed && machine.failures > 5;
	assert_same(life);
	assert_needs(m);
	/* A transition is told if there is one, and only then. */
	assert_int_equal(told,
	    phase != machine.phase ||
		(announced && vip_state_wanted(&machine) &&
		    set != vip_state_attributes(&machine)));
	assert_false(machine_at(m));
	assert_same(life);
}

/* Nothing happens before the time that the machine names, and then it does. */
static void
wait_until(uint64_t life)
{
	uint64_t until = machine.until;
	enum vip_phase phase = machine.phase;
	bool degraded = machine.degraded;

	if (until - 1 > past[now_index].time) {
		step(life, until - 1, false);
		assert_int_equal(machine.phase, phase);
		assert_int_equal(machine.until, until);
	}
	step(life, until, false);
	assert_true(machine.phase != phase || machine.until != until ||
	    machine.degraded != degraded);
}

static void
live(uint64_t life)
{
	bool adopted = life % 3 == 0;
	size_t stop = MOMENTS - 10;
	uint64_t then;

	begin_life(life, adopted);
	memset(&machine, 0, sizeof(machine));
	memset(services, 0, sizeof(services));
	memset(born, 0, sizeof(born));
	if (adopted)
		vip_state_adopt(&machine, past[0].time);
	while (now_index < stop) {
		if (machine.until != 0 && once_in(3)) {
			wait_until(life);
			continue;
		}
		then = past[now_index].time + some_time();
		if (once_in(100))
			then += 1000000;
		/* As the engine, be there when the machine said so. */
		if (machine.until != 0 && then >= machine.until)
			wait_until(life);
		else
			step(life, then, true);
	}
	past[now_index].in.stopping = true;
	step(life, past[now_index].time, false);
	while (machine.until != 0)
		wait_until(life);
	assert_false(vip_state_wanted(&machine));
}

/* The lives must have had in them what they are for. */
static void
machine_and_model_agree(void **state)
{
	unsigned seen[VIP_PHASES] = {0}, failures = 0;
	bool poor = false;
	uint64_t life;
	size_t i;

	(void)state;
	for (life = 1; life <= LIVES; life++) {
		live(life);
		for (i = 1; i <= now_index; i++) {
			seen[past[i].phase]++;
			failures += past[i].failed;
		}
	}
	for (i = 0; i < VIP_PHASES; i++) {
		printf("# %s: %u moments\n", vip_phase_name((enum vip_phase)i),
		    seen[i]);
		if (seen[i] < 1000)
			poor = true;
	}
	printf("# %u failures, %u of them the sixth in a row or later\n",
	    failures, rows);
	assert_false(poor);
	assert_true(failures > 10000);
	assert_true(rows > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(machine_and_model_agree),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
