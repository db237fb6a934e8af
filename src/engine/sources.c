/* SPDX-License-Identifier: ISC */

/*
 * Where packets come from: the document of prefixes, and the baseline, against
 * which those are new that are active now.
 *
 * To look through all that was counted takes some ms, so what anybody may ask
 * for is made every other second at most.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/state_file.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/sources.h"
#include "engine/prefixes.h"
#include "engine/private.h"

#define LISTED	8192  /* prefixes of either version of IP, if not asked */
#define MOST	65536 /* the same, at most */
#define ACTIVE	60    /* seconds: who was counted within is active */
#define KEPT_MS 2000
#define SHARE	20 /* a long list that takes t ms comes SHARE * t ms apart */

/* A document of LISTED prefixes, for whoever asks. */
struct kept {
	json_t *document;
	uint64_t made;	  /* monotonic ms */
	unsigned changes; /* blocks.changes, when it was */
};

struct sources {
	struct baseline baseline;
	char *path;		/* of the file that keeps it */
	char *problem;		/* why it could not be read; or NULL */
	struct kept all, fresh; /* fresh: only those that are new */
	uint64_t long_at; /* monotonic ms: when a list may be long again */
};

/* What is looked for, of one version of IP. */
struct family {
	int family; /* AF_INET or AF_INET6 */
	struct source_top top;
	size_t total, active, fresh; /* prefixes; fresh: new, and active */
	uint64_t packets, octets;
};

struct search {
	const struct baseline *baseline;
	bool only_new;
	struct family families[2];
};

void
sources_start(struct engine *e)
{
	struct sources *s = xcalloc(1, sizeof(*s));
	char *text, *wrong, *why = NULL;
	size_t len;

	e->sources = s;
	s->path = xasprintf("%s.prefixes", e->conf->state);
	wrong = state_file_read(s->path, &text, &len);
	if (wrong == NULL && text != NULL &&
	    (why = baseline_read(text, len, &s->baseline)) != NULL)
		wrong = xasprintf("%s: %s", s->path, why);
	if (wrong != NULL)
		log_warnx("the baseline of prefixes can't be read: %s", wrong);
	s->problem = wrong;
	free(why);
	free(text);
}

static void
forget_kept(struct sources *s)
{
	json_decref(s->all.document);
	json_decref(s->fresh.document);
	s->all.document = s->fresh.document = NULL;
}

void
sources_free(struct engine *e)
{
	if (e->sources == NULL)
		return;
	baseline_clear(&e->sources->baseline);
	forget_kept(e->sources);
	free(e->sources->path);
	free(e->sources->problem);
	free(e->sources);
}

static void
found(const struct source *source, void *arg)
{
	struct search *search = arg;
	struct family *f =
	    &search->families[source->prefix.address.family == AF_INET6];
	bool active = source->quiet <= ACTIVE;
	bool fresh = active && !baseline_has(search->baseline, &source->prefix);

	f->total++;
	f->active += active;
	f->fresh += fresh;
	f->packets += source->packets;
	f->octets += source->octets;
	if (fresh || !search->only_new)
		source_top_add(&f->top, source);
}

/* [prefix, packets, octets, seconds since the last] */
static json_t *
list_json(struct source_top *top)
{
	json_t *list = json_array();
	char prefix[PREFIX_STRLEN];
	size_t i;

	source_top_sort(top);
	for (i = 0; i < top->count; i++) {
		const struct source *s = &top->list[i];

		json_array_append_new(list,
		    json_pack("[s, I, I, I]", prefix_format(&s->prefix, prefix),
			(json_int_t)s->packets, (json_int_t)s->octets,
			(json_int_t)s->quiet));
	}
	return list;
}

static json_t *
family_json(struct family *f, const struct dataplane_sources *of, bool known)
{
	json_t *json =
	    json_pack("{s:i, s:i, s:I, s:I, s:I, s:o, s:I, s:I, s:o}", "length",
		f->family == AF_INET ? SOURCE4_LENGTH : SOURCE6_LENGTH,
		"sampling", (int)of->sampling, "since", (json_int_t)of->since,
		"total", (json_int_t)f->total, "active", (json_int_t)f->active,
		"new", known ? json_integer((json_int_t)f->fresh) : json_null(),
		"packets", (json_int_t)f->packets, "octets",
		(json_int_t)f->octets, "prefixes", list_json(&f->top));

	if (f->family == AF_INET6) {
		json_object_set_new(json, "other_packets",
		    json_integer((json_int_t)of->other_packets));
		json_object_set_new(json, "other_octets",
		    json_integer((json_int_t)of->other_octets));
	}
	return json;
}

static json_t *
baseline_json(const struct baseline *b)
{
	if (b->ipv4 == NULL)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "saved", (json_int_t)b->saved,
	    "ipv4", (json_int_t)b->ipv4_count, "ipv6",
	    (json_int_t)b->ipv6_count);
}

static json_t *
make(struct engine *e, bool only_new, size_t limit)
{
	struct dataplane_sources of;
	struct search search = {.baseline = &e->sources->baseline,
	    .only_new = only_new,
	    .families = {{.family = AF_INET}, {.family = AF_INET6}}};
	bool known = search.baseline->ipv4 != NULL;
	json_t *json;
	size_t i;

	for (i = 0; i < 2; i++)
		source_top_init(&search.families[i].top, limit);
	e->dataplane->ops->sources(e->dataplane, &of);
	e->dataplane->ops->sources_each(e->dataplane, found, &search);
	json = json_pack("{s:i, s:o, s:o, s:o, s:o, s:I}", "version", 1, "ipv4",
	    family_json(&search.families[0], &of, known), "ipv6",
	    family_json(&search.families[1], &of, known), "baseline",
	    baseline_json(search.baseline), "blocked", blocks_json(e),
	    "blocked_total", (json_int_t)blocklist_wanted(&e->blocks.set, 0));
	for (i = 0; i < 2; i++)
		source_top_clear(&search.families[i].top);
	return json;
}

/* What was ordered since is to be seen at once; others may have the old one. */
static json_t *
with_changes(struct engine *e, json_t *old)
{
	json_t *document = json_copy(old);

	json_object_set_new(document, "blocked", blocks_json(e));
	json_object_set_new(document, "blocked_total",
	    json_integer((json_int_t)blocklist_wanted(&e->blocks.set, 0)));
	return document;
}

/* The one that is kept, made anew if it is old: borrowed. */
static json_t *
keep(struct engine *e, struct kept *kept, bool only_new)
{
	uint64_t now = monotime_ms();
	json_t *old = kept->document;

	if (old == NULL || now >= kept->made + KEPT_MS) {
		kept->document = make(e, only_new, LISTED);
		kept->made = now;
	} else if (kept->changes != e->blocks.changes) {
		kept->document = with_changes(e, old);
	} else {
		return old;
	}
	kept->changes = e->blocks.changes;
	json_decref(old);
	return kept->document;
}

json_t *
engine_prefixes(struct engine *e)
{
	return json_incref(keep(e, &e->sources->all, false));
}

static void
save_one(const struct source *source, void *arg)
{
	baseline_add(arg, &source->prefix);
}

json_t *
console_baseline(struct engine *e, const json_t *request)
{
	struct sources *s = e->sources;
	struct baseline fresh;
	char *text, *wrong;
	json_t *reply;
	size_t len;

	(void)request;
	baseline_init(&fresh, time(NULL));
	e->dataplane->ops->sources_each(e->dataplane, save_one, &fresh);
	baseline_finish(&fresh);
	text = baseline_write(&fresh, &len);
	parent_excuse(e);
	wrong = state_file_write(s->path, text, len);
	free(text);
	if (wrong != NULL) {
		reply = json_pack(
		    "{s:b, s:[o]}", "ok", 0, "errors", status_text(wrong));
		baseline_clear(&fresh);
		free(wrong);
		return reply;
	}
	baseline_clear(&s->baseline);
	s->baseline = fresh;
	forget_kept(s);
	log_notice("baseline saved: %zu prefixes of IPv4, %zu of IPv6",
	    fresh.ipv4_count, fresh.ipv6_count);
	return json_pack("{s:b, s:o}", "ok", 1, "message",
	    json_sprintf("saved %zu prefixes of IPv4 and %zu of IPv6",
		fresh.ipv4_count, fresh.ipv6_count));
}

/*
 * Anybody who may look may ask for a long list, and many at a time: to make and
 * to write those must not keep us from all else.
 */
static json_t *
make_long(struct engine *e, bool only_new, size_t limit)
{
	struct sources *s = e->sources;
	uint64_t now = monotime_ms();
	json_t *document;

	if (now < s->long_at)
		return json_pack("{s:s}", "error",
		    "a list as long was asked for a moment ago, and takes "
		    "time: ask again in some seconds");
	document = make(e, only_new, limit);
	s->long_at = now + SHARE * (monotime_ms() - now);
	return document;
}

static json_t *
cut_family(json_t *family, size_t limit)
{
	const json_t *all = json_object_get(family, "prefixes");
	json_t *copy = json_copy(family), *list = json_array();
	size_t i;

	for (i = 0; i < limit && i < json_array_size(all); i++)
		json_array_append(list, json_array_get(all, i));
	json_object_set_new(copy, "prefixes", list);
	return copy;
}

/* A document of no more than so many prefixes: a new reference. */
static json_t *
cut(json_t *document, size_t limit)
{
	json_t *copy = json_copy(document);

	json_object_set_new(
	    copy, "ipv4", cut_family(json_object_get(document, "ipv4"), limit));
	json_object_set_new(
	    copy, "ipv6", cut_family(json_object_get(document, "ipv6"), limit));
	return copy;
}

json_t *
console_prefixes(struct engine *e, const json_t *request)
{
	char *wrong = NULL;
	json_int_t limit = console_number(request, "limit", &wrong);
	bool only_new = json_is_true(json_object_get(request, "new"));
	json_t *reply, *document;

	if (wrong == NULL && (limit < 0 || limit > MOST))
		wrong =
		    xasprintf("\"limit\" is not in the range 0 to %d", MOST);
	if (wrong == NULL && only_new && e->sources->baseline.ipv4 == NULL)
		wrong = xasprintf("no baseline was saved: save one while "
				  "traffic is as it should be%s%s",
		    e->sources->problem == NULL ? "" : "; ",
		    e->sources->problem == NULL ? "" : e->sources->problem);
	if (wrong != NULL) {
		reply = json_pack("{s:o}", "error", status_text(wrong));
		free(wrong);
		return reply;
	}
	if (limit > LISTED)
		return make_long(e, only_new, (size_t)limit);
	document =
	    keep(e, only_new ? &e->sources->fresh : &e->sources->all, only_new);
	return cut(document, limit == 0 ? LISTED : (size_t)limit);
}
