/* SPDX-License-Identifier: ISC */

/*
 * What people are told of sync: what others do, in the log, and counters.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/sync_private.h"
#include "base/log.h"

/* In the order of enum sync_fault. */
static const char *const fault_help[SYNC_FAULTS] = {
    [SYNC_TRUNCATED] = "Datagrams shorter than header and tag.",
    [SYNC_TOO_LONG] = "Datagrams longer than any may be.",
    [SYNC_FOREIGN] = "Datagrams of another protocol.",
    [SYNC_OTHER_VERSION] = "Datagrams of another version of the protocol.",
    [SYNC_UNKNOWN_TYPE] = "Datagrams of an unknown type.",
    [SYNC_MALFORMED] = "Datagrams with lengths or values that can't be.",
};

static const char *const verdict_help[SYNC_VERDICTS] = {
    [SYNC_ECHO] = "Datagrams of this instance that came back.",
    [SYNC_OWN_ID] = "Datagrams of a namesake, or of this instance's past.",
    [SYNC_REPLAYED] = "Datagrams that were received before, or are too old.",
    [SYNC_OLD_EPOCH] = "Datagrams of a peer's past.",
    [SYNC_UNVERIFIED] = "Datagrams not yet proven to be no recording.",
    [SYNC_NOT_FOR_US] = "Datagrams meant for another instance.",
    [SYNC_TOO_MANY] = "Datagrams of more peers than there can be.",
};

static const struct {
	const char *name, *help;
} other_drops[] = {
    {"cluster", "Datagrams of another cluster."},
    {"key", "Datagrams with a key that is not known here."},
    {"forged", "Datagrams whose tag is not that of their key."},
    {"unasked", "Flows of a transfer that was not or is no longer asked for."},
    {"overrun", "Datagrams that the kernel had no room for."},
};

static const struct {
	const char *name, *help;
} results[LEARNT_RESULTS] = {
    [LEARNT_NEW] = {"new", "Flows that were not known."},
    [LEARNT_REFRESHED] = {"refreshed", "Flows that were known, as they were."},
    [LEARNT_MOVED] = {"moved", "Flows that were known with another server."},
    [LEARNT_OLDER] = {"older", "Flows of which newer was known."},
    [LEARNT_NO_SERVICE] = {"no_service",
	"Flows of services that are not configured here."},
    [LEARNT_UNTRACKED] = {"untracked",
	"Flows of services that keep no flows here."},
    [LEARNT_NO_SERVER] = {"no_server",
	"Flows of servers that their service does not have here."},
    [LEARNT_DOWN] = {"down", "Flows of servers that are down here."},
    [LEARNT_FULL] = {"full", "Flows that there was no place for."},
};

/* Nothing is counted as taken, so the first of each kind have no name. */
void
sync_report_init(struct sync *s)
{
	struct sync_count *drop = s->drops;
	unsigned i;

	for (i = 0; i < SYNC_FAULTS; i++, drop++) {
		drop->name = sync_fault_name((enum sync_fault)i);
		drop->help = fault_help[i];
	}
	for (i = 0; i < SYNC_VERDICTS; i++, drop++) {
		drop->name = sync_verdict_name((enum sync_verdict)i);
		drop->help = verdict_help[i];
	}
	for (i = 0; i < sizeof(other_drops) / sizeof(other_drops[0]); i++) {
		drop->name = other_drops[i].name;
		drop++->help = other_drops[i].help;
	}
	for (i = 0; i < LEARNT_RESULTS; i++) {
		s->learnt[i].name = results[i].name;
		s->learnt[i].help = results[i].help;
	}
}

const char *
sync_kind_name(enum sync_kind kind)
{
	static const char *const names[SYNC_KINDS] = {
	    [SYNC_KIND_CONFIG] = "configuration",
	    [SYNC_KIND_HEALTH] = "health",
	    [SYNC_KIND_TABLES] = "tables",
	};

	return names[kind];
}

bool
sync_differs_in(const struct sync_differing *d, enum sync_kind kind)
{
	return (d->what &
		   (1U << kind | SYNC_DIFFERS_MISSING | SYNC_DIFFERS_EXTRA)) !=
	    0;
}

char *
sync_difference(const struct sync_peer *peer, enum sync_kind kind)
{
	char key[SERVICE_KEY_STRLEN], *text = NULL;
	const char *before = " of ";
	size_t size;
	unsigned i;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		fatal("open_memstream");
	fputs(sync_kind_name(kind), out);
	for (i = 0; i < peer->named; i++) {
		if (!sync_differs_in(&peer->differing[i], kind))
			continue;
		fprintf(out, "%s%s", before,
		    service_key_format(&peer->differing[i].key, key));
		before = ", ";
	}
	if (peer->named == SYNC_NAMED)
		fputs(" and maybe more", out);
	if (fclose(out) != 0)
		fatal("out of memory");
	return text;
}

static void
log_difference(const struct sync_peer *peer, enum sync_kind kind)
{
	char *what = sync_difference(peer, kind);

	log_warnx("sync: %s has other %s than this instance: connections "
		  "break when packets take another way",
	    peer->name, what);
	free(what);
}

static void
report_own(struct sync *s, enum sync_event event)
{
	if (event == SYNC_EVENT_DUPLICATE) {
		s->namesake = true;
		log_warnx("sync: another instance is called %s too: give "
			  "each a name with sync.instance",
		    s->settings.instance);
	} else if (event == SYNC_EVENT_UNIQUE) {
		s->namesake = false;
		log_notice("sync: no other instance is called %s any more",
		    s->settings.instance);
	} else if (event == SYNC_EVENT_RAISED)
		log_info("sync: begun anew: others remember a later start of "
			 "%s than its clock says",
		    s->settings.instance);
}

void
sync_report_event(enum sync_event event, const struct sync_peer *peer,
    enum sync_kind kind, void *arg)
{
	char address[ADDR_STRLEN];

	if (peer == NULL) {
		report_own(arg, event);
		return;
	}
	addr_format(&peer->from, address);
	switch (event) {
	case SYNC_EVENT_UP:
		log_notice("sync: %s (%s) is up", peer->name, address);
		break;
	case SYNC_EVENT_UNVERIFIED:
		log_warnx("sync: %s (%s) does not hear this instance",
		    peer->name, address);
		break;
	case SYNC_EVENT_RESTARTED:
		log_notice(
		    "sync: %s (%s) was started anew", peer->name, address);
		break;
	case SYNC_EVENT_SILENT:
		log_warnx("sync: nothing was heard of %s (%s) for %d s",
		    peer->name, address, SYNC_SILENCE / 1000);
		break;
	case SYNC_EVENT_LEFT:
		log_notice("sync: %s (%s) has left", peer->name, address);
		break;
	case SYNC_EVENT_DIFFERS:
		log_difference(peer, kind);
		break;
	case SYNC_EVENT_AGREES:
		log_notice("sync: %s has the same %s as this instance again",
		    peer->name, sync_kind_name(kind));
		break;
	default:
		break;
	}
}

void
sync_status(struct sync *s, struct sync_status *out)
{
	s->drops[DROP_OVERRUN].count =
	    s->lost + sync_socket_overruns(s->socket);
	out->instance = s->settings.instance;
	out->problem = sync_socket_problem(s->socket);
	out->namesake = s->namesake;
	out->learning = !s->join.done;
	out->since = s->since;
	out->sent = s->sent;
	out->received = s->received;
	out->deferred = s->deferred;
	out->drops = s->drops;
	out->drop_count = SYNC_DROPS;
	out->learnt = s->learnt;
	out->learnt_count = LEARNT_RESULTS;
	out->peers = s->peers;
}
