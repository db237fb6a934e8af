/* SPDX-License-Identifier: ISC */

/*
 * The status document: one JSON object that the engine makes and that
 * /status.json, the status page, /metrics and vc5ctl(8) are all views of.
 *
 *	version		string, vc5d's
 *	api		integer, STATUS_API: of this description
 *	hostname	string
 *	time		integer, seconds since the epoch
 *	started		integer, seconds since the epoch
 *	uptime		integer, seconds
 *	dataplane	string, "xdp"
 *	engine		{ watched (bool): there is a parent process,
 *			  restarts (of the engine by it), died (seconds since
 *			  the epoch, the last one; or 0), reason (of that; "") }
 *	process		{ cpu (microseconds used), resident, virtual (bytes),
 *			  descriptors, descriptors_limit }, of the engine
 *	config		{ file, loaded (epoch seconds), reloads (integer),
 *			  errors [string], empty when the last reload was good }
 *	interfaces	[ { name, attached (bool), native (bool), up (bool),
 *			  members [ { name, attached, native } ] of a bond } ]
 *	flows		{ capacity, embryonic, confirmed, closed, idle,
 *			  memory (bytes), full (new flows that found only
 *			  live ones in their place), evicted { embryonic,
 *			  idle, closed, gone }: entries given to new flows }
 *	drops		[ { reason, help, packets, bytes } ]
 *	answers		[ { kind, help, packets } ], ICMP made for VIPs
 *	traffic		{ rx_packets, rx_bytes (for VIPs), tx_packets, tx_bytes
 *			  (to destinations, encapsulation included) }, since the
 *			  start
 *	problems	[ string ], what is wrong now and what to do about it
 *	alerts		[ { id, severity ("critical", "high", "medium",
 *			  "low"), since (seconds), text } ], what lasts
 *			  and somebody should look at, the worst first
 *	vips		[ { address, wanted (bool): it is to be announced,
 *			  announced (bool): bgpd announces it,
 *			  local (bool): it is an address of this host,
 *			  order ("withdraw", as ordered, or ""),
 *			  state ("withdrawn", "learning", "settling",
 *			  "held down", "announced", "degraded", "leaving"),
 *			  reason, left (seconds until that changes by itself;
 *			  null = it doesn't), attributes ("normal", "degraded",
 *			  "leaving", "degraded, leaving"; null = not wanted),
 *			  priority (a severity), withdrawals (how many) } ]
 *	services	[ { id ("192.0.2.1:80/tcp"), name, description, vip,
 *			  port, protocol ("tcp"), scheduler, sticky (bool),
 *			  track (bool), idle (seconds), slow_start (seconds),
 *			  need, need_up, up (how many get new flows), ok (bool):
 *			  up >= need, order ("down", as ordered, or ""), max_out
 *			  (percent), destinations_total, destinations_up (those
 *			  in state "up"), healthy (those that are),
 *			  packets, bytes (as they came), tx_bytes (as they
 *			  left), flows, stateless, connections (active flows,
 *			  now), no_destination, no_destination_bytes,
 *			  destinations [ { address, state ("up", "draining",
 *			    "down"), healthy (bool), weight, weight_now
 *			    (a number: less while it rises), order ("drain",
 *			    "maint", as ordered, or ""), delivery
 *			    ("layer2"), interface (string or null: no route),
 *			    vlan (of the tag; 0 = none), mtu (of the way; 0 =
 *			    not known), gateway (address or null), mac (of
 *			    server or gateway; string or null), problem (why
 *			    it can't be reached or checked; ""), since
 *			    (seconds in this state), packets, bytes, tx_bytes,
 *			    flows, stateless, connections,
 *			    checks [ { type, port, state ("up", "down"),
 *			      decided (bool), outcome (string or null), detail,
 *			      duration (microseconds), age (seconds since),
 *			      passed, failed; and, as far as there is any:
 *			      since (seconds in this state), streak (results in
 *			      a row against it), next (milliseconds until the
 *			      next probe), phases { connect, tls, first_byte }
 *			      (microseconds that each took), sent, received (how
 *			      they began, escaped as in C), warning, diagnosis
 *			      (which fault its failure looks like) } ] } ],
 *			  transitions { up, down } (of its checks, to there),
 *			  latency { connect, tls, first_byte }, each { count,
 *			    sum (microseconds), buckets [ [ bound
 *			    (microseconds), how many took no longer ] ] } } ]
 *	probes		{ limit, running, waiting (health checks, now), put_off
 *			  (how many had to wait, ever),
 *			  results [ { type, outcome, count } ], of all probes }
 *	history		[ { number (from 1 on), at (milliseconds since the
 *			  epoch), kind ("check", "destination", "vip", "bgp",
 *			  "override", "reload", "block"), subject (a service's
 *			  name and key, a server, a check; a VIP; a file; a
 *			  prefix), from, to (states; ""), reason }, the last
 *			  20 events ]
 *	blocked		{ ipv4, ipv6 }: prefixes of sources, how many
 *	overrides	[ { kind ("service", "backend", "vip"), name,
 *			  service (of a backend, where it is limited to that;
 *			  ""), order, since (epoch seconds), uid (of who
 *			  ordered it, or null), forced (bool), reach (how many
 *			  things of the configuration it is about), text } ]
 *	shipping	{ level ("brief", "verbose"): what the log has,
 *			  elasticsearch (null = off) { server (URL), error (what
 *			  is wrong; ""), last_error (that there was; ""),
 *			  queued, queued_bytes, sent, retried (documents),
 *			  requests, failures, dropped [ { reason, count } ] },
 *			  webhooks [ { name, error (what is wrong; ""), pending,
 *			    told, cancelled (alerts and ends of such: that wait;
 *			    that were told; that were over before), sent
 *			    (messages), failures, dropped [ { reason,
 *			    count } ] } ] }
 *	webserver	{ logins { right, wrong, early, busy } (requests with
 *			  credentials that were not let in before, by what came
 *			  of them), connections, listeners (now), refused (of
 *			  either, as there were too many) }
 *	isolation	{ mode ("withdraw", "hold"), isolated (bool): all
 *			  checks began to fail at once, since (seconds) }
 *	bgp		{ enabled (bool), connected (bool), error (string),
 *			  announced [ address ],
 *			  neighbours [ { address, description, as, state,
 *			    error (why a session ended last; ""), hold_time
 *			    (seconds), flaps (sessions that were lost),
 *			    uptime, received, announced } ] }
 *	sync		{ enabled (bool); the rest only if it is:
 *			  cluster, instance (names), interface, group
 *			  (address), port, problem (why nothing is sent; ""),
 *			  learning (bool): VIPs that are new wait for flows,
 *			  seconds (how long it has run),
 *			  sent { datagrams, bytes, flows },
 *			  received { datagrams, bytes, flows }: those taken,
 *			  dropped [ { reason, help, packets } ],
 *			  learnt [ { result, help, flows } ]: what became of
 *			    the flows that were received,
 *			  deferred (how often flows to tell had to wait for
 *			    bandwidth),
 *			  peers [ { name, id (16 hex digits), address, state
 *			    ("unverified", "up", "silent", "left"), learning
 *			    (bool), age (seconds since it was heard), lost
 *			    (its datagrams that never came), flows (in its
 *			    table), alarm (bool): it differs in configuration
 *			    or tables, and has for long, differs [ { what
 *			      ("configuration", "health", "tables"), services
 *			      [ string ], as far as they are known } ] } ] }
 */

#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <jansson.h>

/* Greater once something is no more what it was; what is new leaves it. */
#define STATUS_API 1

/*
 * The document as metrics, in Prometheus's text format, version 0.0.4, or as
 * OpenMetrics 1.0.0: free(3) it.  core/status_metrics_text.h has the same for a
 * document that comes in pieces.
 */
char *status_metrics(const json_t *status);
char *status_openmetrics(const json_t *status);

/*
 * The document as an HTML page that needs nothing else: free(3) it.  In pieces:
 * core/status_page.h.
 */
char *status_page(const json_t *status);

#endif
