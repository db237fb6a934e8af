/* SPDX-License-Identifier: ISC */

/*
 * What the engine's tests share: an engine on fakes (fakes.h), started with a
 * configuration of which the tests say the services and whatever is not as
 * usual.
 */

#ifndef T_ENGINE_HARNESS_H
#define T_ENGINE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>

#include "base/monotime.h"
#include "engine/engine.h"
#include "fakes.h"

#define VIP  "192.0.2.1"
#define VIP6 "2001:db8::1"
#define WEB  VIP ":80/tcp"
#define A    "10.0.0.1"
#define B    "10.0.0.2"

/* A service at VIP, port 80, with the servers A and B. */
#define SERVICE_WEB                                                        \
	"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A \
	"\", \"" B "\"], \"policy\": {\"80\": {}}}"

extern struct event_base *base;
extern struct engine *engine;
/* The configuration's. */
extern char file[];
/* More keys of it, with a comma behind; "" when a test begins. */
extern const char *more;
/* Its interfaces; ETH0 when a test begins. */
#define ETH0 "\"eth0\""
extern const char *listed;
/* What "bgp" is in it; {} when a test begins. */
extern const char *bgp_keys;

void write_conf(const char *services);
/* The same, and reload it, which must not be refused. */
void reload(const char *services);
/* Write the configuration, and make an engine, which is not started. */
void prepare(const char *services);
/* The same, and start it. */
void start(const char *services);
/*
 * Start with SERVICE_WEB and a service of so many servers, at most 60, that
 * have no checks: 2001:db8:1::1 and those behind it.
 */
#define MANY_KEY "[" VIP6 "]:53/udp"
void start_many(unsigned count);
/* A new reference. */
json_t *engine_document(void);
/* Is there a problem in the document which begins so? */
bool has_problem(const char *start);
/* What was logged since the last call has this; "" has all. */
bool was_logged(const char *part);

#define PATIENCE 10000 /* ms */
#define TURN	 2000  /* ms that a turn of the loop takes, at most */

/*
 * Run the event loop until it is so; the test fails if it never is.  What this
 * process was kept from running in does not count.
 */
#define wait_for(condition)                                                \
	do {                                                               \
		uint64_t before_ = monotime_ms(), now_, spent_ = 0;        \
                                                                           \
		while (!(condition)) {                                     \
			if (spent_ > PATIENCE)                             \
				fail_msg("never: %s", #condition);         \
			event_base_loop(base, EVLOOP_ONCE);                \
			now_ = monotime_ms();                              \
			spent_ +=                                          \
			    now_ - before_ < TURN ? now_ - before_ : TURN; \
			before_ = now_;                                    \
		}                                                          \
	} while (0)

int setup(void **state);
int teardown(void **state);

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

/* What main() returns. */
#define run_engine_tests(tests) \
	run_engine_tests_of(tests, sizeof(tests) / sizeof((tests)[0]))
int run_engine_tests_of(const struct CMUnitTest *, size_t count);

#endif
