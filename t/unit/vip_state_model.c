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

#include "core/vip_state.h"

#define LIVES	 2000
#define MOMENTS	 400 /* of each life, at most */
#define SERVICES 3
#define SERVERS	 6

/* What was so at a moment, and what the model made of it. */
struct moment {
	uint64_t time;
	struct conf_announcing conf;
	struct vip_service services[SERVICES];
	bool met[SERVICES];
	unsigned born[SERVICES]; /* services are renewed by reloads */
	size_t service_count;
	struct vip_input in;
	enum vip_phase phase;
	bool degraded;
	bool failed; /* withdrawn at this moment, as servers failed */
	uint64_t until;
};

static struct moment past[MOMENTS + 1]; /* past[0]: before the first */
static size_t now_index;

static bool
is_wanted(enum vip_phase phase)
{
	return phase == VIP_ANNOUNCED || phase == VIP_DEGRADED ||
	    phase == VIP_LEAVING;
}

/* The model. */

/* It had need_up once, or was carried, and has had what it needs since. */
static bool
model_met(size_t n, size_t service)
{
	const struct vip_service *v;
	size_t i;

	for (i = n; i > 0; i--) {
		if (past[i].born[service] != past[n].born[service])
			return false;
		v = &past[i].services[service];
		if (!v->decided)
			continue;
		if (v->up < v->need)
			return false;
		if (v->up >= v->need_up || is_wanted(past[i - 1].phase))
			return true;
	}
	return false;
}

enum fitness {
	FIT,
	SHORT_BY_INTENTION,
	BROKEN,
	UNKNOWN
};

static enum fitness
model_fitness(size_t n, size_t service)
{
	const struct vip_service *v = &past[n].services[service];

	if (!v->decided)
		return UNKNOWN;
	if (!v->applied)
		return BROKEN;
	if (model_met(n, service))
		return FIT;
	return v->up < v->need && v->up + v->drained >= v->need
	    ? SHORT_BY_INTENTION
	    : BROKEN;
}

static bool
model_any(size_t n, enum fitness fitness)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (model_fitness(n, i) == fitness)
			return true;
	return false;
}

static bool
model_good(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (model_fitness(n, i) != FIT)
			return false;
	return !past[n].in.local;
}

static bool
model_low(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++) {
		const struct vip_service *v = &past[n].services[i];

		if (v->decided && v->up < v->total && v->up < v->below)
			return true;
	}
	return false;
}

/* Since when it has been so without interruption. */
static uint64_t
model_since(size_t n, bool (*is_so)(size_t))
{
	while (n > 1 && is_so(n - 1))
		n--;
	return past[n].time;
}

static bool
model_not_low(size_t n)
{
	return !model_low(n);
}

/* 2, 4, 8, ... times as long, for those failures that belong together. */
static uint64_t
model_held_until(size_t n)
{
	const struct conf_announcing *conf = &past[n].conf;
	uint64_t announced = 0, last = 0, times = 1;
	unsigned row = 0;
	size_t i;

	for (i = 1; i < n; i++) {
		if (is_wanted(past[i].phase) && !is_wanted(past[i - 1].phase))
			announced = past[i].time;
		if (!past[i].failed)
			continue;
		if (past[i].time - announced >= past[i].conf.hold_down_max)
			row = 0;
		row++;
		last = past[i].time;
	}
	if (row < 2)
		return 0;
	for (; row > 2 && times < 1000000; row--)
		times *= 2;
	times *= conf->hold_down;
	return last +
	    (times < conf->hold_down_max ? times : conf->hold_down_max);
}

static bool
model_ordered(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (past[n].services[i].ordered_down)
			return true;
	return past[n].in.ordered_out || past[n].in.stopping;
}

/* Since when it has been leaving without interruption, up to now. */
static uint64_t
model_leaving_since(size_t n)
{
	size_t i = n;

	while (i > 1 && past[i - 1].phase == VIP_LEAVING)
		i--;
	return past[i].time;
}

static void
model_stay(size_t n)
{
	struct moment *m = &past[n];
	uint64_t leave, well;

	m->until = 0;
	if (m->in.local || model_any(n, BROKEN)) {
		m->phase = VIP_WITHDRAWN;
		m->failed = !m->in.local;
		return;
	}
	well = model_since(n, model_not_low) + m->conf.healthy_for;
	m->degraded = model_low(n) ||
	    (past[n - 1].degraded && (model_any(n, UNKNOWN) || m->time < well));
	m->phase = m->degraded ? VIP_DEGRADED : VIP_ANNOUNCED;
	if (m->degraded && !model_low(n) && !model_any(n, UNKNOWN))
		m->until = well;
	if (!model_ordered(n) && !model_any(n, SHORT_BY_INTENTION))
		return;
	leave = model_leaving_since(n);
	if (m->in.graceful)
		leave += m->conf.graceful_shutdown;
	m->phase = m->time < leave ? VIP_LEAVING : VIP_WITHDRAWN;
	m->until = m->time < leave ? leave : 0;
}

static void
model_return(size_t n)
{
	struct moment *m = &past[n];
	uint64_t learnt = m->in.started + m->conf.learn;
	uint64_t settled, held = model_held_until(n);

	m->until = 0;
	m->phase = VIP_WITHDRAWN;
	if (!model_good(n) || model_ordered(n))
		return;
	settled = model_since(n, model_good) + m->conf.healthy_for;
	if (m->in.learning || m->time < learnt) {
		m->phase = VIP_LEARNING;
		m->until = m->time < learnt ? learnt : 0;
	} else if (m->time < settled || m->time < held) {
		m->phase = settled >= held ? VIP_SETTLING : VIP_HELD_DOWN;
		m->until = settled >= held ? settled : held;
	} else {
		m->phase = model_low(n) ? VIP_DEGRADED : VIP_ANNOUNCED;
	}
}

/* What has to be at the moment n, of which only the world is known. */
static void
model(size_t n)
{
	past[n].failed = past[n].degraded = false;
	if (is_wanted(past[n - 1].phase))
		model_stay(n);
	else
		model_return(n);
	if (past[n].phase == VIP_DEGRADED)
		past[n].degraded = true;
	else if (past[n].phase != VIP_LEAVING)
		past[n].degraded = false;
}

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
		break;
	case 10:
		break; /* only time passes */
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
