/* SPDX-License-Identifier: ISC */

/*
 * The BGP adapter driven by lines on standard input, for bgp.py:
 *
 *	bgp_driver SOCKET BGPCTL
 *	want [ADDRESS[,community=C]...[,med=N][,localpref=N][,prepend=N]]...
 *	own ADDRESS
 *	program BGPCTL
 *	status		answered by a line of JSON
 *
 * It ends at the end of its input, without withdrawing anything.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <jansson.h>

#include "adapters/bgp.h"
#include "base/log.h"

#define MAX_NETWORKS	1024
#define MAX_COMMUNITIES 8

static struct bgp *bgp;
static struct event_base *base;
static json_int_t callbacks;

static struct addr
parse_address(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) == -1)
		errx(1, "%s: not an address", text);
	return a;
}

static void
parse_attribute(struct conf_bgp_attributes *attributes, char *text)
{
	char *value = strchr(text, '=');

	if (value == NULL)
		errx(1, "%s: not an attribute", text);
	*value++ = '\0';
	if (strcmp(text, "community") == 0)
		attributes->communities[attributes->community_count++] = value;
	else if (strcmp(text, "med") == 0)
		attributes->med = atoll(value);
	else if (strcmp(text, "localpref") == 0)
		attributes->local_pref = atoll(value);
	else if (strcmp(text, "prepend") == 0)
		attributes->prepend = (unsigned)atoi(value);
	else
		errx(1, "%s: unknown", text);
}

static void
do_want(char *text)
{
	static struct bgp_network list[MAX_NETWORKS];
	static struct conf_bgp_attributes attributes[MAX_NETWORKS];
	static char *communities[MAX_NETWORKS][MAX_COMMUNITIES];
	char *word, *part;
	size_t n;

	for (n = 0; (word = strsep(&text, " ")) != NULL;) {
		if (*word == '\0')
			continue;
		attributes[n] = (struct conf_bgp_attributes){
		    .communities = communities[n], .med = -1, .local_pref = -1};
		list[n].vip = parse_address(strsep(&word, ","));
		list[n].attributes = &attributes[n];
		while ((part = strsep(&word, ",")) != NULL)
			parse_attribute(&attributes[n], part);
		n++;
	}
	bgp_want(bgp, list, n);
}

static void
do_own(char *text)
{
	struct addr a = parse_address(text);

	bgp_own(bgp, &a);
}

static void
do_program(char *text)
{
	bgp_set_program(bgp, text);
}

static void
do_status(char *text)
{
	struct bgp_status status;
	json_t *announced = json_array(), *neighbours = json_array(), *root;
	char buf[ADDR_STRLEN];
	const struct bgp_neighbour *peer;
	size_t i;

	(void)text;
	bgp_status(bgp, &status);
	for (i = 0; i < status.announced_count; i++)
		json_array_append_new(announced,
		    json_string(addr_format(&status.announced[i], buf)));
	for (i = 0; i < status.neighbour_count; i++) {
		peer = &status.neighbours[i];
		json_array_append_new(neighbours,
		    json_pack("{ss ss sI ss sI sI sI}", "address",
			peer->address, "description", peer->description, "as",
			(json_int_t)peer->as, "state", peer->state, "uptime",
			(json_int_t)peer->uptime, "received",
			(json_int_t)peer->received, "announced",
			(json_int_t)peer->announced));
	}
	root = json_pack("{sb sb ss so so sI}", "connected", status.connected,
	    "settled", bgp_settled(bgp), "error", status.error, "announced",
	    announced, "neighbours", neighbours, "callbacks", callbacks);
	json_dumpf(root, stdout, JSON_COMPACT);
	json_decref(root);
	puts("");
	fflush(stdout);
}

static void
changed(void *arg)
{
	(void)arg;
	callbacks++;
}

static void
input(struct bufferevent *bev, void *arg)
{
	static const struct {
		const char *verb;
		void (*function)(char *);
	} verbs[] = {{"want", do_want}, {"own", do_own},
	    {"program", do_program}, {"status", do_status}};
	char *line, *rest;
	size_t i;

	(void)arg;
	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL,
		    EVBUFFER_EOL_LF)) != NULL) {
		rest = line;
		strsep(&rest, " ");
		for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strcmp(verbs[i].verb, line) == 0)
				verbs[i].function(rest);
		free(line);
	}
}

static void
ended(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	(void)arg;
	event_base_loopbreak(base);
}

int
main(int argc, char *argv[])
{
	struct bufferevent *bev;

	if (argc != 3)
		errx(1, "usage: bgp_driver socket bgpctl");
	log_open("bgp_driver", 1, LOG_VERBOSE);
	base = event_base_new();
	bgp = bgp_new(base, argv[1], argv[2]);
	bgp_set_callback(bgp, changed, NULL);
	bev = bufferevent_socket_new(base, 0, 0);
	bufferevent_setcb(bev, input, NULL, ended, NULL);
	bufferevent_enable(bev, EV_READ);
	event_base_dispatch(base);
	bgp_free(bgp);
	bufferevent_free(bev);
	event_base_free(base);
	return 0;
}
