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

#include <event2/buffer.h>

#include "adapters/control.h"
#include "adapters/state_file.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/sources.h"
#include "engine/prefixes.h"
#include "engine/private.h"
#include "engine/sources_text.h"

#define LISTED	8192  /* prefixes of either version of IP, if not asked */
#define MOST	65536 /* the same, at most */
#define ACTIVE	60    /* seconds: who was counted within is active */
#define KEPT_MS 2000
#define SHARE	20 /* a long list that takes t ms comes SHARE * t ms apart */

/* A document of LISTED prefixes, for whoever asks. */
struct kept {
	json_t *document;
	struct sources_text *text;
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
	sources_text_free(s->all.text);
	sources_text_free(s->fresh.text);
	memset(&s->all, 0, sizeof(s->all));
	memset(&s->fresh, 0, sizeof(s->fresh));
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

/* What was ordered since it was made is to be seen at once. */
static void
add_changes(struct engine *e, json_t *document)
{
	json_object_set_new(document, "blocked", blocks_json(e));
	json_object_set_new(document, "blocked_total",
	    json_integer((json_int_t)blocklist_wanted(&e->blocks.set, 0)));
}

/* The one that is kept, made anew if it is old. */
static const struct sources_text *
keep(struct engine *e, bool only_new)
{
	struct kept *kept = only_new ? &e->sources->fresh : &e->sources->all;
	uint64_t now = monotime_ms();

	if (kept->document == NULL || now >= kept->made + KEPT_MS) {
		json_decref(kept->document);
		kept->document = make(e, only_new, LISTED);
		kept->made = now;
	} else if (kept->changes != e->blocks.changes) {
		add_changes(e, kept->document);
	} else {
		return kept->text;
	}
	sources_text_free(kept->text);
	kept->text = sources_text_new(kept->document);
	kept->changes = e->blocks.changes;
	return kept->text;
}

void
engine_prefixes(struct engine *e, struct evbuffer *out)
{
	sources_text_append(keep(e, false), LISTED, out);
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

static enum control_more
all_of_it(void *arg, struct evbuffer *out)
{
	evbuffer_add_buffer(out, arg);
	return CONTROL_LAST;
}

static void
free_text(void *arg)
{
	evbuffer_free(arg);
}

/* A text that is there already takes the place of a reply: NULL. */
static json_t *
reply_with(struct engine *e, const struct sources_text *document, size_t limit)
{
	static const struct control_parts parts = {all_of_it, free_text};
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		fatalx("no memory for a list of prefixes");
	sources_text_append(document, limit, text);
	evbuffer_add(text, "\n", 1);
	control_reply_in_parts(e->asked, &parts, text);
	return NULL;
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
	struct sources_text *text;
	json_t *document;

	if (now < s->long_at)
		return json_pack("{s:s}", "error",
		    "a list as long was asked for a moment ago, and takes "
		    "time: ask again in some seconds");
	document = make(e, only_new, limit);
	text = sources_text_new(document);
	json_decref(document);
	reply_with(e, text, limit);
	sources_text_free(text);
	s->long_at = now + SHARE * (monotime_ms() - now);
	return NULL;
}

json_t *
console_prefixes(struct engine *e, const json_t *request)
{
	char *wrong = NULL;
	json_int_t limit = console_number(request, "limit", &wrong);
	bool only_new = json_is_true(json_object_get(request, "new"));
	json_t *reply;

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
	return reply_with(
	    e, keep(e, only_new), limit == 0 ? LISTED : (size_t)limit);
}
