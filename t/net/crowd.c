/* SPDX-License-Identifier: ISC */

/*
 * A crowd of honest clients: many long connections, on which each asks for "/"
 * time and again, and a stream of brief ones, that ask once.  What is broken
 * stays so: nobody connects again in silence.
 *
 *	crowd [-a ADDRESS]... [-i MS] [-n LONG] [-r RATE] [-s BRIEF] VIP PORT
 *
 *	-a	connect from this address; from several in turn
 *	-i	milliseconds between the requests of a connection (500)
 *	-n	how many long connections (2000)
 *	-r	how many of them are opened in a second (500)
 *	-s	how many brief ones are begun in a second (20)
 *
 * Prints JSON, an object a line: each second "status", and whatever happens
 * that should not, when it happens, with the connection's address, port, age
 * and server, times in seconds of the monotonic clock.  SIGUSR1 has it list all
 * long connections that are there, each as an event "open", and then say
 * "listed", which is as "status".  SIGTERM ends it: then all answers that are
 *still due are waited for, up to 30 seconds, and the last line is "end", which
 *is as "status".
 *
 * In a status, "open" long connections have been "opened" and not been broken;
 * "waiting" ones have had no answer for 5 seconds; "gap" is the longest time
 * that any answer took that came since the last status, or is still due;
 * "since" is when the request was sent that is the
 * earliest of the latest that each open connection has an answer to.  "failed"
 * counts broken long connections by what broke them, "brief_failed" the brief
 * ones.
 */

#include <sys/resource.h>
#include <sys/time.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/monotime.h"
#include "crowd_client.h"

#define ADDRESSES_MOST 64
#define TICK	       10    /* ms */
#define END_PATIENCE   30000 /* ms */

/* Of long connections, and of brief ones. */
struct tally {
	uint64_t begun;
	uint64_t counts[CLIENT_EVENTS];
	uint64_t gap; /* the longest since the last status, ms */
	struct clients clients;
	unsigned rate; /* begun in a second */
	uint64_t most;
	uint64_t due; /* so many should have begun, in 1/1000 */
};

static struct crowd crowd = {.interval = 500};
static struct addr addresses[ADDRESSES_MOST];
static size_t address_count, address_next;
static struct tally lasting = {.rate = 500, .most = 2000};
static struct tally brief = {.rate = 20, .most = UINT64_MAX};
static uint64_t ticked, end_at;

static double
seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

static struct tally *
tally_of(const struct client *client)
{
	return client->brief ? &brief : &lasting;
}

static void
say_event(const struct client *client, enum client_event event)
{
	char address[ADDR_STRLEN];
	uint64_t now = monotime_ms();

	printf("{\"event\": \"%s\", \"time\": %.3f, \"brief\": %s, "
	       "\"address\": \"%s\", \"port\": %u, \"age\": %.3f, "
	       "\"gap\": %.3f, \"backend\": \"%s\"}\n",
	    client_event_name(event), seconds(now),
	    client->brief ? "true" : "false",
	    client->address.family != 0 ? addr_format(&client->address, address)
					: "",
	    client->port,
	    client->opened != 0 ? seconds(now - client->opened) : 0,
	    seconds(
		event == CLIENT_STALLED ? now - client->asked : client->gap),
	    client->backend);
}

static void
happened(struct client *client, enum client_event event)
{
	struct tally *tally = tally_of(client);

	tally->counts[event]++;
	if (event == CLIENT_ANSWERED && client->gap > tally->gap)
		tally->gap = client->gap;
	if (event > CLIENT_FINISHED)
		say_event(client, event);
	if (event < CLIENT_RESET && event != CLIENT_FINISHED)
		return;
	TAILQ_REMOVE(&tally->clients, client, entry);
	client_free(client);
}

static void
begin(struct tally *tally)
{
	static const struct addr any;
	const struct addr *from = &any;
	struct client *client;

	if (address_count > 0)
		from = &addresses[address_next++ % address_count];
	tally->begun++;
	client = client_new(&crowd, from, tally == &brief);
	TAILQ_INSERT_TAIL(&tally->clients, client, entry);
	client_start(client);
}

static void
begin_due(struct tally *tally, uint64_t ms)
{
	tally->due += ms * tally->rate;
	while (tally->due >= 1000 && tally->begun < tally->most) {
		tally->due -= 1000;
		begin(tally);
	}
}

static uint64_t
broken(const struct tally *tally)
{
	uint64_t count = 0;
	int event;

	for (event = CLIENT_RESET; event < CLIENT_EVENTS; event++)
		count += tally->counts[event];
	return count;
}

static void
say_failures(const char *name, const struct tally *tally)
{
	int event;

	printf("\"%s\": {\"all\": %ju", name, (uintmax_t)broken(tally));
	for (event = CLIENT_RESET; event < CLIENT_EVENTS; event++)
		printf(", \"%s\": %ju", client_event_name(event),
		    (uintmax_t)tally->counts[event]);
	printf("}");
}

/* What is to be seen of connections one by one, of the long ones. */
struct survey {
	uint64_t open, waiting, unanswered, since, gap;
};

static struct survey
survey(void)
{
	struct survey found = {.since = monotime_ms(), .gap = lasting.gap};
	uint64_t now = monotime_ms();
	const struct client *client;

	TAILQ_FOREACH(client, &lasting.clients, entry) {
		found.open += client->opened != 0;
		found.waiting += client->stalled;
		if (client->state != CLIENT_RESTING) {
			found.unanswered++;
			if (now - client->asked > found.gap)
				found.gap = now - client->asked;
		}
		if (client->served < found.since)
			found.since = client->served;
	}
	return found;
}

static void
say_status(const char *event)
{
	struct survey found = survey();

	printf("{\"event\": \"%s\", \"time\": %.3f, \"begun\": %ju, "
	       "\"opened\": %ju, \"open\": %ju, \"answered\": %ju, "
	       "\"waiting\": %ju, \"unanswered\": %ju, \"stalled\": %ju, "
	       "\"changed\": %ju, \"gap\": %.3f, \"since\": %.3f, ",
	    event, seconds(monotime_ms()), (uintmax_t)lasting.begun,
	    (uintmax_t)lasting.counts[CLIENT_OPENED], (uintmax_t)found.open,
	    (uintmax_t)lasting.counts[CLIENT_ANSWERED],
	    (uintmax_t)found.waiting, (uintmax_t)found.unanswered,
	    (uintmax_t)lasting.counts[CLIENT_STALLED],
	    (uintmax_t)lasting.counts[CLIENT_CHANGED], seconds(found.gap),
	    seconds(found.since));
	say_failures("failed", &lasting);
	printf(", \"brief_begun\": %ju, \"brief_finished\": %ju, "
	       "\"brief_stalled\": %ju, \"brief_gap\": %.3f, ",
	    (uintmax_t)brief.begun, (uintmax_t)brief.counts[CLIENT_FINISHED],
	    (uintmax_t)brief.counts[CLIENT_STALLED], seconds(brief.gap));
	say_failures("brief_failed", &brief);
	printf("}\n");
	fflush(stdout);
	lasting.gap = brief.gap = 0;
}

static void
status_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	say_status("status");
}

/* Who is connected to whom. */
static void
list(evutil_socket_t fd, short what, void *arg)
{
	char text[ADDR_STRLEN];
	const struct client *client;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(client, &lasting.clients, entry)
		if (client->backend[0] != '\0')
			printf("{\"event\": \"open\", \"address\": \"%s\", "
			       "\"port\": %u, \"backend\": \"%s\"}\n",
			    addr_format(&client->address, text), client->port,
			    client->backend);
	say_status("listed");
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	uint64_t now = monotime_ms();

	(void)fd;
	(void)what;
	(void)arg;
	if (!crowd.ending) {
		begin_due(&lasting, now - ticked);
		begin_due(&brief, now - ticked);
	} else if (now >= end_at ||
	    (survey().unanswered == 0 && TAILQ_EMPTY(&brief.clients))) {
		event_base_loopbreak(crowd.base);
	}
	ticked = now;
}

static void
terminate(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (crowd.ending) {
		event_base_loopbreak(crowd.base);
		return;
	}
	crowd.ending = true;
	end_at = monotime_ms() + END_PATIENCE;
}

static unsigned
number(const char *text, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > most)
		errx(1, "%s: not a number from 0 to %u", text, most);
	return (unsigned)value;
}

static void
address(const char *text, struct addr *out)
{
	if (addr_parse(text, out) == -1)
		errx(1, "%s: not an address", text);
}

static void
options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "a:i:n:r:s:")) != -1) {
		switch (option) {
		case 'a':
			if (address_count == ADDRESSES_MOST)
				errx(1, "too many addresses");
			address(optarg, &addresses[address_count++]);
			break;
		case 'i':
			crowd.interval = number(optarg, 3600000);
			break;
		case 'n':
			lasting.most = number(optarg, 1000000);
			break;
		case 'r':
			lasting.rate = number(optarg, 1000000);
			break;
		case 's':
			brief.rate = number(optarg, 100000);
			break;
		default:
			exit(1);
		}
	}
	if (argc - optind != 2)
		errx(1, "usage: see the source");
	address(argv[optind], &crowd.vip);
	crowd.port = (uint16_t)number(argv[optind + 1], UINT16_MAX);
}

/* A descriptor for each connection, and some for everything else. */
static void
descriptors(void)
{
	rlim_t need = (rlim_t)lasting.most + 2048;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = need;
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "can't have %ju descriptors", (uintmax_t)need);
}

static void
periodically(uint64_t ms, event_callback_fn function)
{
	struct timeval period = monotime_timeval(ms);

	event_add(
	    event_new(crowd.base, -1, EV_PERSIST, function, NULL), &period);
}

int
main(int argc, char **argv)
{
	options(argc, argv);
	descriptors();
	TAILQ_INIT(&lasting.clients);
	TAILQ_INIT(&brief.clients);
	crowd.base = event_base_new();
	crowd.happened = happened;
	event_add(evsignal_new(crowd.base, SIGTERM, terminate, NULL), NULL);
	event_add(evsignal_new(crowd.base, SIGUSR1, list, NULL), NULL);
	ticked = monotime_ms();
	periodically(TICK, tick);
	periodically(1000, status_due);
	event_base_dispatch(crowd.base);
	say_status("end");
	return 0;
}
