/* SPDX-License-Identifier: ISC */

/*
 * What the status document (core/status.h) says of health checks.  There can
 * be tens of thousands, so that what is nothing is left out.
 */

#include "base/monotime.h"
#include "engine/private.h"
#include "engine/status_parts.h"

static void
set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, status_text(text));
}

static void
set_phases(json_t *o, const struct kept_result *r)
{
	json_t *phases = json_object();
	size_t i;

	for (i = 0; i < CHECK_PHASES; i++)
		if (r->phase[i] != 0)
			status_set_integer(
			    phases, verdict_phase_name(i), r->phase[i]);
	if (json_object_size(phases) > 0)
		json_object_set(o, "phases", phases);
	json_decref(phases);
}

/* When what; as far as it has happened. */
static void
set_times(json_t *o, const struct prober *p)
{
	uint64_t now = monotime_ms();

	status_set_integer(
	    o, "age", p->finished != 0 ? (now - p->finished) / 1000 : 0);
	if (p->since != 0)
		status_set_integer(o, "since", (now - p->since) / 1000);
	if (p->running == NULL && p->due > now)
		status_set_integer(o, "next", p->due - now);
}

json_t *
status_check(const struct prober *p)
{
	const struct kept_result *r = &p->result;
	bool done = p->finished != 0;
	json_t *o = json_pack("{s:s, s:i, s:s, s:b, s:s?, s:s}", "type",
	    conf_check_type_name(p->conf->type), "port", (int)p->conf->port,
	    "state", health_state_name(p->health.state), "decided",
	    p->health.decided, "outcome",
	    done ? check_outcome_name(r->outcome) : NULL, "detail",
	    r->detail != NULL ? r->detail : "");

	status_set_integer(o, "duration", r->duration);
	status_set_integer(o, "passed", p->health.passed);
	status_set_integer(o, "failed", p->health.failed);
	if (p->health.streak > 0)
		status_set_integer(o, "streak", p->health.streak);
	set_times(o, p);
	set_phases(o, r);
	if (p->diagnosis[0] != '\0')
		set_text(o, "diagnosis", p->diagnosis);
	set_text(o, "sent", r->sent);
	set_text(o, "received", r->received);
	set_text(o, "warning", r->warning);
	return o;
}

static json_t *
histogram_json(const struct histogram *h)
{
	json_t *buckets = json_array();
	uint64_t below = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		below += h->counts[i];
		json_array_append_new(buckets,
		    json_pack("[I, I]", (json_int_t)histogram_bound(i),
			(json_int_t)below));
	}
	return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)h->count,
	    "sum", (json_int_t)h->sum, "buckets", buckets);
}

void
status_set_probes(json_t *o, const struct service *s)
{
	json_t *latency = json_object();
	size_t i;

	for (i = 0; i < CHECK_PHASES; i++)
		if (s->probes.phases[i].count > 0)
			json_object_set_new(latency, verdict_phase_name(i),
			    histogram_json(&s->probes.phases[i]));
	json_object_set_new(o, "latency", latency);
	json_object_set_new(o, "transitions",
	    json_pack("{s:I, s:I}", "up",
		(json_int_t)s->probes.transitions[HEALTH_UP], "down",
		(json_int_t)s->probes.transitions[HEALTH_DOWN]));
}

static json_t *
results_json(const struct engine *e)
{
	json_t *list = json_array();
	size_t i, j;

	for (i = 0; i < CHECK_NONE; i++) {
		for (j = 0; j <= CHECK_LOCAL_ERROR; j++) {
			if (e->results[i][j] == 0)
				continue;
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:I}", "type",
				conf_check_type_name(i), "outcome",
				check_outcome_name(j), "count",
				(json_int_t)e->results[i][j]));
		}
	}
	return list;
}

json_t *
status_probes(const struct engine *e)
{
	struct check_load load;

	check_load(&load);
	return json_pack("{s:i, s:i, s:i, s:I, s:o}", "limit",
	    (int)e->conf->limits.probes, "running", (int)load.running,
	    "waiting", (int)load.waiting, "put_off", (json_int_t)load.put_off,
	    "results", results_json(e));
}
