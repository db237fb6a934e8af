/* SPDX-License-Identifier: ISC */

/*
 * What the tests of checks share: probes of loopback, and their outcomes.
 */

#ifndef T_CHECK_HARNESS_H
#define T_CHECK_HARNESS_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "adapters/check.h"

#define OK	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TIMEOUT 250  /* ms, of checks that are to find it over */
#define PATIENT 5000 /* ms, of others: this process may have to wait */
#define GUARD	10   /* seconds in which a test must be over */

/* With a loop of events of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What came of a probe. */
struct outcome {
	unsigned calls;
	bool starting; /* check_start has not returned yet */
	bool inside;   /* it called back from inside */
	struct check_result result;
};

extern struct event_base *base;

int setup(void **state);
int teardown(void **state);

/* A GET of "/status?a=b" that expects 200, or a connect, within PATIENT. */
struct conf_check make_conf(enum check_type, uint16_t port);

/* NULL for a target is 127.0.0.1 without more. */
struct check *
start(const struct conf_check *, const struct check_target *, struct outcome *);

/* Wait for the result and compare it; the detail must contain the text. */
void
expect_result(struct outcome *, enum check_outcome wanted, const char *detail);

/* Turn the event loop until a condition holds: false if it never does. */
bool wait_until(bool (*holds)(const void *), const void *arg, unsigned seconds);
bool has_result(const void *outcome);
/* Of a struct server. */
bool has_accepted(const void *server);
bool has_sent(const void *server);
bool has_gone(const void *server);

/* Turn the event loop for some time, to see that nothing happens. */
void turn(unsigned ms);

/* Open descriptors of this process. */
unsigned fd_count(void);

/* A listening socket whose queue is full: it drops what comes. */
int full_listener(uint16_t *port, int fillers[8]);
void close_all(int fd, int fillers[8]);

#endif
