/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl top: ask, work out rates, show, wait for a key or the next time.
 */

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotime.h"
#include "core/status_value.h"
#include "ctl/client.h"
#include "ctl/show.h"
#include "ctl/top.h"

#define INTERVAL     1 /* s */
#define INTERVAL_MAX 60
#define PATIENCE     5	/* s without an answer */
#define SPARE	     4	/* times as long as an answer took, none is wanted */
#define IDLE_MAX     50 /* times that a terminal gave nothing, at once */

struct top {
	struct client *client;
	const char *service; /* that only is shown; or NULL */
	struct top_view view;
	json_t *head;
	int64_t drops;	   /* that were counted at the last time */
	uint64_t next;	   /* monotonic ms, when it is asked again */
	uint64_t asked_at; /* likewise: the last time */
};

static volatile sig_atomic_t ended;

static void
on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

/* Before ncurses looks at them: it leaves alone what is handled. */
static void
handle_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static json_t *
ask_services(const struct top *top)
{
	json_t *services;

	if (top->service != NULL || top->view.destinations)
		return fetch_counters(top->client, top->service);
	services = json_object_get(top->head, "services");
	return json_incref(services);
}

static int64_t
count_drops(const json_t *head)
{
	const json_t *drop;
	int64_t count = 0;
	size_t i;

	json_array_foreach(json_object_get(head, "drops"), i, drop) {
		count += status_number(drop, "packets");
	}
	return count;
}

/* The table of now in place of the one of before. */
static void
take_services(struct top *top, const json_t *services, uint64_t now)
{
	struct top_view *view = &top->view;
	struct top_table *table =
	    top_table_new(services, view->destinations, now);

	top_table_rate(table, view->table);
	top_table_free(view->table);
	top_table_sort(table, view->sort, view->reversed);
	view->table = table;
}

static void
take_drops(struct top *top, uint64_t now)
{
	int64_t drops = count_drops(top->head);
	double seconds = (double)(now - top->asked_at) / 1000;

	top->view.drops = top->asked_at == 0 || drops < top->drops
	    ? -1
	    : (double)(drops - top->drops) / seconds;
	top->drops = drops;
	top->asked_at = now;
}

/* A large document takes its time, and vc5d has other things to do. */
static void
leave_alone(struct top *top, uint64_t asked)
{
	uint64_t now = monotime_ms(), rest = SPARE * (now - asked);

	if (top->next < now + rest)
		top->next = now + rest;
}

/* 0, or -1 if vc5d did not answer. */
static int
ask(struct top *top)
{
	uint64_t now = monotime_ms();
	json_t *head = fetch_head(top->client), *services;

	top->next = now + top->view.interval * 1000;
	top->view.lost = head == NULL;
	if (head == NULL)
		return -1;
	json_decref(top->head);
	top->view.head = top->head = head;
	take_drops(top, now);
	if ((services = ask_services(top)) == NULL) {
		top->view.lost = true;
		return -1;
	}
	take_services(top, services, monotime_ms());
	json_decref(services);
	leave_alone(top, now);
	return 0;
}

/* Other rows: their rates are not known yet. */
static void
show_destinations(struct top *top, bool destinations)
{
	if (top->view.destinations == destinations)
		return;
	top->view.destinations = destinations;
	top->view.first = 0;
	top_table_free(top->view.table);
	top->view.table = top_table_new(NULL, destinations, monotime_ms());
	top->next = 0;
}

static void
sort_by(struct top *top, enum top_sort sort, bool reversed)
{
	top->view.sort = sort;
	top->view.reversed = reversed;
	top_table_sort(top->view.table, sort, reversed);
}

static void
scroll_by(struct top_view *view, long rows)
{
	size_t fit = top_screen_rows(), last = 0;

	if (view->table->count > fit)
		last = view->table->count - fit;
	if (rows < 0 && (size_t)-rows > view->first)
		view->first = 0;
	else
		view->first += (size_t)rows;
	if (view->first > last)
		view->first = last;
}

static void
change_interval(struct top *top, int by)
{
	unsigned interval = top->view.interval + (unsigned)by;

	if (interval >= 1 && interval <= INTERVAL_MAX)
		top->view.interval = interval;
	top->next = 0;
}

static void
take_scroll_key(struct top *top, int key)
{
	long page = (long)top_screen_rows();

	switch (key) {
	case KEY_DOWN:
	case 'j':
		scroll_by(&top->view, 1);
		break;
	case KEY_UP:
	case 'k':
		scroll_by(&top->view, -1);
		break;
	case KEY_NPAGE:
		scroll_by(&top->view, page);
		break;
	case KEY_PPAGE:
		scroll_by(&top->view, -page);
		break;
	case KEY_HOME:
		top->view.first = 0;
		break;
	case KEY_END:
		scroll_by(&top->view, (long)top->view.table->count);
		break;
	default:
		scroll_by(&top->view, 0); /* the screen may have shrunk */
		break;
	}
}

/* False: that was all. */
static bool
take_key(struct top *top, int key)
{
	static const char sorts[] = {
	    [TOP_BY_PACKETS] = 'p',
	    [TOP_BY_BITS] = 'b',
	    [TOP_BY_FLOWS] = 'f',
	    [TOP_BY_NAME] = 'n',
	    [TOP_BY_STATE] = 't',
	};
	const char *sort = NULL;

	if (key > 0 && key < 128)
		sort = memchr(sorts, key, sizeof(sorts));
	if (sort != NULL)
		sort_by(top, (enum top_sort)(sort - sorts), false);
	else if (key == 'q')
		return false;
	else if (key == 's' || key == 'd')
		show_destinations(top, key == 'd');
	else if (key == 'r')
		sort_by(top, top->view.sort, !top->view.reversed);
	else if (key == '+' || key == '-')
		change_interval(top, key == '+' ? 1 : -1);
	else if (key == ' ')
		top->next = 0;
	else if (key == '?')
		top->view.help = !top->view.help;
	else
		take_scroll_key(top, key);
	return true;
}

/* The next key; ERR when it is time, or when the terminal is gone. */
static int
wait_key(const struct top *top, unsigned *idle)
{
	uint64_t now = monotime_ms();
	int key;

	timeout(top->next > now ? (int)(top->next - now) : 0);
	key = getch();
	if (key == ERR && monotime_ms() < top->next)
		++*idle;
	else
		*idle = 0;
	return key;
}

static void
run(struct top *top)
{
	unsigned idle = 0;
	int key;

	while (!ended && idle < IDLE_MAX) {
		if (monotime_ms() >= top->next) {
			(void)ask(top);
			scroll_by(&top->view, 0);
		}
		top_screen_draw(&top->view);
		key = wait_key(top, &idle);
		if (key != ERR && !take_key(top, key))
			return;
	}
}

/* null = not known yet */
static json_t *
rate_json(const struct top_row *row, enum top_rate rate)
{
	return row->rates[rate] < 0 ? json_null() : json_real(row->rates[rate]);
}

/* For programs, what the screen shows: a line each time, until it is ended. */
static void
print_rows(const struct top *top)
{
	json_t *rows = json_array(), *line;
	const struct top_row *row;
	size_t i;

	for (i = 0; i < top->view.table->count; i++) {
		row = &top->view.table->rows[i];
		json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}",
			top->view.destinations ? "backend" : "service",
			row->what, top->view.destinations ? "service" : "name",
			row->of, "state", row->state, "packets",
			rate_json(row, TOP_PACKETS), "bits",
			rate_json(row, TOP_BITS), "flows",
			rate_json(row, TOP_FLOWS)));
	}
	line = json_pack("{s:O, s:o}", "time",
	    json_object_get(top->head, "time"), "rates", rows);
	json_dumpf(line, stdout,
	    JSON_ENSURE_ASCII | JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

/* The first time, nothing can be said of rates. */
static int
print_lines_of(struct top *top)
{
	uint64_t now;

	while (!ended && !ferror(stdout)) {
		now = monotime_ms();
		(void)poll(
		    NULL, 0, top->next > now ? (int)(top->next - now) : 0);
		if (ended || ask(top) == -1)
			break;
		print_rows(top);
	}
	return ended ? CTL_OK : client_failure(top->client);
}

int
show_top(struct client *client, const struct command *command, bool as_json)
{
	struct top top = {.client = client,
	    .service = command->values[0],
	    .view = {.interval = INTERVAL}};
	int result = CTL_OK;

	top.view.destinations = top.service != NULL;
	client_set_timeout(client, PATIENCE);
	handle_signals();
	if (ask(&top) == -1) {
		result = client_failure(client);
	} else if (as_json) {
		result = print_lines_of(&top);
	} else if (top_screen_open() == -1) {
		result = CTL_ERROR;
	} else {
		(void)client_be_quiet(client, true);
		run(&top);
		top_screen_close();
	}
	top_table_free(top.view.table);
	json_decref(top.head);
	return result;
}
