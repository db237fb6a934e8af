/* SPDX-License-Identifier: ISC */

/*
 * The check that a connection can be made, by TCP alone or with TLS, and that
 * the server sends on it what is expected.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/check_type.h"
#include "base/xmalloc.h"

#define WITHIN (64 * 1024) /* bytes of the answer that are searched */
#define PIECE  2048	   /* bytes that are read at once */

struct tcp_state {
	size_t sent;
	/* The end of what came, in which what is expected may begin. */
	char *window;
	size_t held;
	size_t received;
};

static void
tcp_send(struct check *check, struct tcp_state *tcp)
{
	const struct conf_check *conf = check_conf(check);

	switch (
	    check_send(check, conf->send.data, conf->send.length, &tcp->sent)) {
	case 0:
		return;
	case -1:
		/* What it said before it closed may be what is expected. */
		if (conf->receive.length > 0)
			break;
		check_fail(check, errno, "sending");
		return;
	}
	tcp->sent = conf->send.length;
	if (conf->receive.length > 0) {
		check_wait(check, EV_READ);
		return;
	}
	check_decide(check, CHECK_PASSED, "connected%s, and sent %zu bytes",
	    conf->tls ? ", with TLS" : "", conf->send.length);
	check_finish(check);
}

static void
tcp_connected(struct check *check)
{
	const struct conf_check *conf = check_conf(check);
	struct tcp_state *tcp = check_state(check);

	if (conf->send.length > 0 || conf->receive.length > 0) {
		tcp->window = xcalloc(conf->receive.length + PIECE, 1);
		check_sent_text(check, conf->send.data, conf->send.length);
		tcp_send(check, tcp);
		return;
	}
	check_decide(
	    check, CHECK_PASSED, "connected%s", conf->tls ? ", with TLS" : "");
	if (conf->tls)
		check_finish(check);
}

static bool
tcp_search(const struct conf_check *conf, struct tcp_state *tcp, size_t got)
{
	const struct conf_bytes *wanted = &conf->receive;
	size_t keep = wanted->length - 1;

	tcp->received += got;
	tcp->held += got;
	if (memmem(tcp->window, tcp->held, wanted->data, wanted->length) !=
	    NULL)
		return true;
	if (tcp->held > keep) {
		memmove(tcp->window, tcp->window + (tcp->held - keep), keep);
		tcp->held = keep;
	}
	return false;
}

static void
tcp_receive(struct check *check, struct tcp_state *tcp)
{
	ssize_t got = check_read(check, tcp->window + tcp->held, PIECE);

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1) {
		check_fail(check, errno, "waiting for what is expected");
	} else if (got == 0) {
		check_decide(check,
		    tcp->received == 0 ? CHECK_CLOSED : CHECK_BAD_ANSWER,
		    "closed by the server after %zu bytes, without what is "
		    "expected",
		    tcp->received);
	} else if (tcp_search(check_conf(check), tcp, (size_t)got)) {
		check_decide(check, CHECK_PASSED, "answered as expected");
		check_finish(check);
	} else if (tcp->received >= WITHIN) {
		check_decide(check, CHECK_BAD_ANSWER,
		    "what is expected is not in the first %d bytes", WITHIN);
	}
}

static void
tcp_ready(struct check *check)
{
	struct tcp_state *tcp = check_state(check);

	if (tcp->sent < check_conf(check)->send.length)
		tcp_send(check, tcp);
	else
		tcp_receive(check, tcp);
}

static void
tcp_expired(struct check *check)
{
	const struct tcp_state *tcp = check_state(check);

	check_decide(check, CHECK_TIMEOUT,
	    "connected, what is expected did not come in %u ms (%zu bytes "
	    "received)",
	    check_conf(check)->timeout, tcp->received);
}

static void
tcp_release(void *state)
{
	struct tcp_state *tcp = state;

	free(tcp->window);
}

const struct check_ops check_tcp = {
    .state_size = sizeof(struct tcp_state),
    .connected = tcp_connected,
    .ready = tcp_ready,
    .expired = tcp_expired,
    .release = tcp_release,
};
