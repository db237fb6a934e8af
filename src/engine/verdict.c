/* SPDX-License-Identifier: ISC */

/*
 * Verdicts: what the results of probes mean.  Each is counted and the last one
 * kept; one that changes a check's state is told, once, with all that is known
 * of the probe; and what agents and certificates say takes effect.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/selftest.h"
#include "engine/ship.h"

#define RESULT_LEN     192 /* outcome and detail */
#define TRANSCRIPT_LEN HISTORY_REASON_LEN
#define UNABLE_SHOWN   20 /* past so many problems there is no use in more */

/* "http:80", "icmp". */
static const char *
what_of(const struct prober *p, char buf[32])
{
	const char *type = conf_check_type_name(p->conf->type);

	if (p->conf->port == 0)
		snprintf(buf, 32, "%s", type);
	else
		snprintf(buf, 32, "%s:%d", type, (int)p->conf->port);
	return buf;
}

static const char *
text(const char *kept)
{
	return kept != NULL ? kept : "";
}

/* "timeout: no connection in 2000 ms". */
static const char *
result_of(const struct prober *p, char buf[RESULT_LEN])
{
	const char *detail = text(p->result.detail);

	snprintf(buf, RESULT_LEN, "%s%s%s",
	    check_outcome_name(p->result.outcome), *detail ? ": " : "", detail);
	return buf;
}

const char *
verdict_phase_name(enum check_phase phase)
{
	static const char *const names[CHECK_PHASES] = {
	    [CHECK_PHASE_CONNECT] = "connect",
	    [CHECK_PHASE_TLS] = "tls",
	    [CHECK_PHASE_FIRST_BYTE] = "first_byte",
	};

	return names[phase];
}

/*
 * "bad status: HTTP 503; connect 0.3 ms, first byte 1.2 ms; sent "GET ...";
 * received "HTTP/1.1 503 ..."".
 */
static const char *
transcript_of(const struct prober *p, char buf[TRANSCRIPT_LEN])
{
	static const char *const names[CHECK_PHASES] = {
	    "connect", "TLS", "first byte"};
	const struct kept_result *r = &p->result;
	char result[RESULT_LEN];
	const char *before = "; ";
	FILE *out = fmemopen(buf, TRANSCRIPT_LEN, "w");
	size_t i;

	if (out == NULL)
		fatal("fmemopen");
	fputs(result_of(p, result), out);
	for (i = 0; i < CHECK_PHASES; i++) {
		if (r->phase[i] == 0)
			continue;
		fprintf(out, "%s%s %u.%03u ms", before, names[i],
		    r->phase[i] / 1000, r->phase[i] % 1000);
		before = ", ";
	}
	if (r->sent != NULL)
		fprintf(out, "; sent \"%s\"", r->sent);
	if (r->received != NULL)
		fprintf(out, "; received \"%s\"", r->received);
	fclose(out);
	buf[TRANSCRIPT_LEN - 1] = '\0';
	return buf;
}

/* The one place that tells of a check's transition. */
static void
tell_transition(const struct prober *p, const char *from)
{
	struct service *s = p->destination->service;
	bool up = p->health.state == HEALTH_UP;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN], what[32];
	char transcript[TRANSCRIPT_LEN];

	s->probes.transitions[p->health.state]++;
	transcript_of(p, transcript);
	if (p->since != 0 ||
	    first_verdict(s->engine, up ? FIRST_PASSES : FIRST_FAILS))
		log_notice("%s %s: %s check of %s %s: %s", s->conf->name,
		    service_key_format(&s->conf->key, key),
		    conf_check_type_name(p->conf->type),
		    addr_format(&p->destination->conf->address, server),
		    up ? "passes" : "fails", transcript);
	history_add_destination(p->destination, HISTORY_CHECK, what_of(p, what),
	    from, health_state_name(p->health.state), transcript);
}

const char *
verdict_reason(const struct destination *d, char buf[VERDICT_REASON_LEN])
{
	size_t i, count = d->service->conf->check_count;
	char what[32], result[RESULT_LEN];
	const struct prober *p;

	buf[0] = '\0';
	if (d->healthy)
		return buf;
	for (i = 0; i < count; i++) {
		p = &d->probers[i];
		if (p->health.state == HEALTH_UP)
			continue;
		if (p->finished == 0)
			snprintf(buf, VERDICT_REASON_LEN,
			    "%s has no result yet", what_of(p, what));
		else
			snprintf(buf, VERDICT_REASON_LEN, "%s: %s%s%s",
			    what_of(p, what), result_of(p, result),
			    p->diagnosis[0] ? "; it looks like " : "",
			    p->diagnosis);
		return buf;
	}
	snprintf(buf, VERDICT_REASON_LEN, "%s",
	    d->problem[0] ? d->problem : "its next hop is not known");
	return buf;
}

static void
keep_text(char **kept, const char *now)
{
	if (strcmp(text(*kept), now) == 0)
		return;
	free(*kept);
	*kept = *now != '\0' ? xstrdup(now) : NULL;
}

/* Most results have few texts, and the same ones each time. */
static void
keep(struct prober *p, const struct check_result *result)
{
	struct kept_result *r = &p->result;

	r->outcome = result->outcome;
	r->duration = result->duration;
	memcpy(r->phase, result->phase, sizeof(r->phase));
	keep_text(&r->detail, result->detail);
	keep_text(&r->sent, result->sent);
	keep_text(&r->received, result->received);
	if (result->agent.state != CHECK_ADVICE_NONE)
		r->advice = result->agent.state;
	if (result->agent.weight >= 0)
		r->advice_weight = result->agent.weight;
	p->finished = monotime_ms();
}

static void
count(struct prober *p, const struct check_result *result)
{
	struct service *s = p->destination->service;
	size_t i;

	s->engine->results[p->conf->type][result->outcome]++;
	if (result->outcome == CHECK_PASSED) {
		s->probes.passed++;
		s->probes.passed_time += result->duration;
	}
	for (i = 0; i < CHECK_PHASES; i++)
		if (result->phase[i] != 0)
			histogram_add(&s->probes.phases[i], result->phase[i]);
}

/* To be freed. */
static char *
certificate_id(const struct prober *p)
{
	const struct service *s = p->destination->service;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	return xasprintf("certificate %s %s %s", s->conf->name,
	    service_key_format(&s->conf->key, key),
	    addr_format(&p->destination->conf->address, server));
}

/*
 * What a certificate is warned of is an alert while it is so.  All checks of a
 * server share one: who finds that another has cleared it raises it again.
 */
static void
warn_of(struct prober *p, const char *warning, const char *cleared)
{
	struct engine *e = p->destination->service->engine;
	bool same = strcmp(text(p->result.warning), warning) == 0;
	char *id;

	if (same && *warning == '\0')
		return;
	id = certificate_id(p);
	if (!same)
		keep_text(&p->result.warning, warning);
	if (*warning == '\0')
		alert_clear(e, id, "%s", cleared);
	else if (!same || !alert_is_raised(e, id))
		alert_raise(e, id, ALERT_LOW, "%s", warning);
	free(id);
}

/* The alert of a service that has got another name gets another id. */
static void
rename_alert(const struct prober *p, const struct prober *from)
{
	struct engine *e = p->destination->service->engine;
	char *id, *was;

	if (p->result.warning == NULL)
		return;
	id = certificate_id(p);
	was = certificate_id(from);
	if (strcmp(id, was) != 0) {
		alert_clear(e, was, "it has another name");
		alert_raise(e, id, ALERT_LOW, "%s", p->result.warning);
	}
	free(was);
	free(id);
}

void
verdict_advise(struct destination *d)
{
	enum check_advice state = CHECK_ADVICE_NONE;
	int weight = 100;
	size_t i;

	for (i = 0; i < d->service->conf->check_count; i++) {
		const struct kept_result *r = &d->probers[i].result;

		if (r->advice > state)
			state = r->advice;
		if (d->probers[i].conf->type == CHECK_AGENT &&
		    r->advice_weight < weight)
			weight = r->advice_weight;
	}
	if (weight == 0 && state < CHECK_ADVICE_DRAIN)
		state = CHECK_ADVICE_DRAIN;
	d->advice = state;
	d->advice_weight = weight > 1 ? (unsigned)weight : 1;
}

/* True if the destination is to be judged anew. */
static bool
take_advice(struct prober *p)
{
	struct destination *d = p->destination;
	const struct service *s = d->service;
	enum check_advice state = d->advice;
	unsigned weight = d->advice_weight;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	verdict_advise(d);
	if (d->advice == state && d->advice_weight == weight)
		return false;
	if (d->advice_weight != weight) {
		log_info("%s %s: destination %s gets %u %% of its weight, as "
			 "its agent says",
		    s->conf->name, service_key_format(&s->conf->key, key),
		    addr_format(&d->conf->address, server), d->advice_weight);
		d->service->stepped = true;
	}
	return true;
}

/* What says something about the server. */
static void
judge(struct prober *p, const struct check_result *result)
{
	const char *was = health_name(&p->health);
	bool was_up = p->health.state == HEALTH_UP;
	bool passed = result->outcome == CHECK_PASSED, changed, advised;

	keep(p, result);
	if (passed)
		warn_of(p, result->warning, "the certificate is good again");
	isolation_note(p, passed);
	changed =
	    health_result(&p->health, passed, p->conf->rise, p->conf->fall);
	if (changed && was_up && !passed && isolation_excuses(p))
		changed = false;
	advised = p->conf->type == CHECK_AGENT && take_advice(p);
	if (changed) {
		tell_transition(p, was);
		p->since = p->finished;
	}
	if (changed || advised)
		destination_evaluate(p->destination);
	if (passed)
		selftest_passed(p);
	else if (p->health.state == HEALTH_DOWN)
		selftest_failed(p);
}

/* What says something about this host: the server stays what it was. */
static void
excuse(struct prober *p, const struct check_result *result)
{
	const struct service *s = p->destination->service;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	if (p->finished == 0 || p->result.outcome != CHECK_LOCAL_ERROR)
		log_warnx("%s %s: can't check %s, which stays %s: %s",
		    s->conf->name, service_key_format(&s->conf->key, key),
		    addr_format(&p->destination->conf->address, server),
		    health_state_name(p->health.state), result->detail);
	keep(p, result);
}

/*
 * The last probe was none, for a reason of this host's: so its server stays
 * what it was, whatever has become of it.  What is wrong with the way of all
 * probes, or with that to a server, is a problem already.
 */
static bool
is_unable(const struct prober *p)
{
	const struct destination *d = p->destination;

	return p->finished != 0 && p->result.outcome == CHECK_LOCAL_ERROR &&
	    d->probe_problem[0] == '\0' &&
	    d->service->engine->probe_ifindex != -1;
}

static json_t *
unable_line(const struct prober *p)
{
	const struct service *s = p->destination->service;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	return json_sprintf("%s %s: the %s check of %s, which stays %s, can't "
			    "be made: %s",
	    s->conf->name, service_key_format(&s->conf->key, key),
	    conf_check_type_name(p->conf->type),
	    addr_format(&p->destination->conf->address, server),
	    health_state_name(p->health.state), p->result.detail);
}

static size_t
service_unable(const struct service *s, size_t count, json_t *list)
{
	size_t i, j;

	for (i = 0; i < s->conf->destination_count; i++)
		for (j = 0; j < s->conf->check_count; j++) {
			const struct prober *p = &s->destinations[i].probers[j];

			if (is_unable(p) && count++ < UNABLE_SHOWN)
				json_array_append_new(list, unable_line(p));
		}
	return count;
}

void
verdict_problems(const struct engine *e, json_t *list)
{
	size_t i, count = 0;

	for (i = 0; i < e->conf->service_count; i++)
		count = service_unable(&e->services[i], count, list);
	if (count > UNABLE_SHOWN)
		json_array_append_new(list,
		    json_sprintf("... and %zu checks more like these",
			count - UNABLE_SHOWN));
}

void
verdict(struct prober *p, const struct check_result *result)
{
	count(p, result);
	if (result->outcome == CHECK_LOCAL_ERROR)
		excuse(p, result);
	else
		judge(p, result);
	if (p->conf->log_probes)
		ship_probe(p, result);
}

void
verdict_move(struct prober *p, struct prober *from)
{
	p->finished = from->finished;
	p->since = from->since;
	p->result = from->result;
	from->result = (struct kept_result){.advice_weight = 100};
	rename_alert(p, from);
}

void
verdict_clear(struct prober *p)
{
	warn_of(p, "", "it is no longer checked");
	free(p->result.detail);
	free(p->result.sent);
	free(p->result.received);
}
