/* SPDX-License-Identifier: ISC */

/*
 * The screen of vc5ctl top: the only user of ncurses.  A small screen shows
 * less of everything.
 */

#include <curses.h>
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "core/status_value.h"
#include "ctl/table.h"
#include "ctl/top.h"

#define HEADER	 5 /* lines above the rows, with their headings */
#define RATE	 9 /* columns */
#define OF_LEAST 8

enum {
	PAIR_BAD = 1,
	PAIR_GOOD
};

static SCREEN *screen;

/* Of a terminal that can't put things in their place, nothing is expected. */
static int
refuse(const char *why)
{
	warnx(
	    "top: %s; \"show services\" and \"monitor\" need no terminal", why);
	return -1;
}

static void
choose_colours(void)
{
	if (getenv("NO_COLOR") != NULL || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
}

/* What is wrong with the terminal; or NULL.  newterm(3) would print it. */
static const char *
terminal_problem(void)
{
	const char *place;
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return "this is no terminal";
	if (setupterm(NULL, STDOUT_FILENO, &error) == ERR)
		return "TERM is of no known terminal";
	place = tigetstr("cup");
	del_curterm(cur_term);
	if (place == NULL || place == (char *)-1)
		return "this terminal can't place text";
	return NULL;
}

int
top_screen_open(void)
{
	const char *problem = terminal_problem();

	if (problem != NULL)
		return refuse(problem);
	if ((screen = newterm(NULL, stdout, stdin)) == NULL)
		return refuse("the terminal can't be used");
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	curs_set(0);
	choose_colours();
	return 0;
}

void
top_screen_close(void)
{
	endwin();
	delscreen(screen);
}

size_t
top_screen_rows(void)
{
	return LINES > HEADER + 1 ? (size_t)(LINES - HEADER - 1) : 0;
}

/* A line, cut off at the screen's edge; everything in it is made safe. */
static void __attribute__((format(printf, 2, 3)))
put_line(int y, const char *format, ...)
{
	va_list ap;
	char *text, *safe;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		abort();
	va_end(ap);
	safe = safe_text(text);
	if (y < LINES)
		mvaddnstr(y, 0, safe, COLS);
	free(safe);
	free(text);
}

static void
draw_host(const struct top_view *view)
{
	char age[STATUS_AGE_STRLEN], time[STATUS_TIME_STRLEN];

	if (view->lost)
		attron(A_BOLD);
	put_line(0, "%s  %s  vc5d %s, up %s%s",
	    status_string(view->head, "hostname"),
	    status_time(status_number(view->head, "time"), time),
	    status_string(view->head, "version"),
	    status_age(status_number(view->head, "uptime"), age),
	    view->lost ? "  DOES NOT ANSWER: trying again" : "");
	attroff(A_BOLD);
}

static void
draw_rates(const struct top_view *view)
{
	char packets[TOP_RATE_STRLEN], bits[TOP_RATE_STRLEN];
	char made[TOP_RATE_STRLEN], drops[TOP_RATE_STRLEN];
	const json_t *flows = json_object_get(view->head, "flows");

	put_line(1,
	    "%s packets/s  %s bits/s  %s new flows/s  %s drops/s  "
	    "%" PRId64 " flows of %" PRId64,
	    top_rate_format(top_table_sum(view->table, TOP_PACKETS), packets),
	    top_rate_format(top_table_sum(view->table, TOP_BITS), bits),
	    top_rate_format(top_table_sum(view->table, TOP_FLOWS), made),
	    top_rate_format(view->drops, drops),
	    status_number(flows, "confirmed"),
	    status_number(flows, "capacity"));
}

static void
draw_states(const struct top_view *view)
{
	const json_t *vips = json_object_get(view->head, "vips");
	const json_t *services = json_object_get(view->head, "services");
	const json_t *bgp = json_object_get(view->head, "bgp");
	const json_t *neighbours = json_object_get(bgp, "neighbours");
	size_t alerts = json_array_size(json_object_get(view->head, "alerts"));

	put_line(2,
	    "VIPs announced %zu/%zu  services ok %zu/%zu  BGP sessions "
	    "%zu/%zu  alerts %zu",
	    status_count_true(vips, "announced"), json_array_size(vips),
	    status_count_true(services, "ok"), json_array_size(services),
	    status_count_string(neighbours, "state", "Established"),
	    json_array_size(neighbours), alerts);
}

/* Widths of columns that depend on what is in them. */
struct widths {
	int what, of, state, share;
};

static int
wider(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

static struct widths
measure(const struct top_view *view)
{
	struct widths w = {7, 7, 5, 6};
	const struct top_row *row;
	int left;
	size_t i;

	for (i = 0; i < view->table->count; i++) {
		row = &view->table->rows[i];
		w.what = wider(w.what, row->what);
		w.of = wider(w.of, row->of);
		w.state = wider(w.state, row->state);
		w.share = wider(w.share, row->share);
	}
	left = COLS - w.what - w.state - w.share - 4 - 3 * (RATE + 1);
	if (w.of > left)
		w.of = left < OF_LEAST ? OF_LEAST : left;
	return w;
}

static void
draw_headings(const struct top_view *view, const struct widths *w)
{
	static const char *const names[] = {
	    [TOP_BY_PACKETS] = "packets/s",
	    [TOP_BY_BITS] = "bits/s",
	    [TOP_BY_FLOWS] = "flows/s",
	    [TOP_BY_NAME] = "address",
	    [TOP_BY_STATE] = "state",
	};

	put_line(3, "%s by %s%s, every %u s",
	    view->destinations ? "Destinations" : "Services", names[view->sort],
	    view->reversed ? ", reversed" : "", view->interval);
	attron(A_REVERSE);
	put_line(4, "%-*s %-*.*s %-*s %*s %*s %*s %*s%*s", w->what,
	    view->destinations ? "BACKEND" : "SERVICE", w->of, w->of,
	    view->destinations ? "SERVICE" : "NAME", w->state, "STATE",
	    w->share, view->destinations ? "WEIGHT" : "UP", RATE, "PACKETS/s",
	    RATE, "BITS/s", RATE, "FLOWS/s", COLS, "");
	attroff(A_REVERSE);
}

/* What follows in a line, if it has not reached the edge, and up to that. */
static void __attribute__((format(printf, 2, 3)))
put_more(int y, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		abort();
	va_end(ap);
	if (getcury(stdscr) == y)
		addnstr(text, COLS - getcurx(stdscr));
	free(text);
}

static void
draw_row(int y, const struct top_row *row, const struct widths *w)
{
	char rates[TOP_RATES][TOP_RATE_STRLEN];
	attr_t attribute = row->good ? A_NORMAL : A_BOLD;
	size_t i;

	for (i = 0; i < TOP_RATES; i++)
		top_rate_format(row->rates[i], rates[i]);
	if (has_colors() && getenv("NO_COLOR") == NULL)
		attribute |= COLOR_PAIR(row->good ? PAIR_GOOD : PAIR_BAD);
	move(y, 0);
	clrtoeol();
	/* These are safe already: not once more. */
	put_more(y, "%-*s %-*.*s ", w->what, row->what, w->of, w->of, row->of);
	attron(attribute);
	put_more(y, "%-*s", w->state, row->state);
	attroff(attribute);
	put_more(y, " %*s %*s %*s %*s", w->share, row->share, RATE,
	    rates[TOP_PACKETS], RATE, rates[TOP_BITS], RATE, rates[TOP_FLOWS]);
}

static void
draw_keys(const struct top_view *view)
{
	put_line(LINES - 1, "%s",
	    view->help
		? "sort: p packets, b bits, f flows, n address, t state, r "
		  "reverse; arrows scroll; + - interval; space now; ? back"
		: "q quit  s services  d destinations  p b f n t sort  r "
		  "reverse  ? keys");
}

void
top_screen_draw(const struct top_view *view)
{
	size_t i, rows = top_screen_rows();
	struct widths w = measure(view);

	erase();
	draw_host(view);
	draw_rates(view);
	draw_states(view);
	draw_headings(view, &w);
	for (i = 0; i < rows && view->first + i < view->table->count; i++)
		draw_row(
		    (int)(HEADER + i), &view->table->rows[view->first + i], &w);
	if (LINES > HEADER)
		draw_keys(view);
	refresh();
}
