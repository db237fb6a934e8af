/* SPDX-License-Identifier: ISC */

/*
 * The check that a UDP server answers a datagram; or, where nothing is
 * expected, that nobody says that there is no such server.
 */

#include <string.h>

#include "adapters/check_datagram.h"
#include "adapters/check_type.h"

struct udp_state {
	struct check_datagram datagram;
};

static void
udp_begin(struct check *check)
{
	struct udp_state *udp = check_state(check);
	const struct conf_bytes *bytes = &check_conf(check)->send;

	/* Without anything to send: an empty datagram. */
	check_datagram_begin(&udp->datagram, check,
	    bytes->length > 0 ? bytes->data : (const uint8_t *)"",
	    bytes->length, true);
}

static void
udp_ready(struct check *check)
{
	struct udp_state *udp = check_state(check);
	const struct conf_bytes *expected = &check_conf(check)->receive;
	const uint8_t *bytes;
	ssize_t length = check_datagram_read(&udp->datagram, &bytes);

	if (length == -1)
		return;
	if (expected->length == 0 ||
	    memmem(bytes, (size_t)length, expected->data, expected->length) !=
		NULL)
		check_decide(
		    check, CHECK_PASSED, "an answer of %zd bytes", length);
	else
		check_decide(check, CHECK_BAD_ANSWER,
		    "%zd bytes without what is expected", length);
}

static void
udp_expired(struct check *check)
{
	const struct conf_check *conf = check_conf(check);

	if (conf->receive.length > 0)
		check_decide(
		    check, CHECK_TIMEOUT, "no answer in %u ms", conf->timeout);
	else
		check_decide(
		    check, CHECK_PASSED, "no error in %u ms", conf->timeout);
}

static void
udp_release(void *state)
{
	struct udp_state *udp = state;

	check_datagram_release(&udp->datagram);
}

const struct check_ops check_udp = {
    .state_size = sizeof(struct udp_state),
    .begin = udp_begin,
    .ready = udp_ready,
    .expired = udp_expired,
    .release = udp_release,
};
