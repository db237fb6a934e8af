/* SPDX-License-Identifier: ISC */

/*
 * The check that a name server answers a question, by UDP or TCP.
 *
 * By UDP, what is not the answer to this query is passed over, as a resolver
 * has to do: it may be late or forged.  By TCP there is nothing else that
 * could come.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/check_datagram.h"
#include "adapters/check_type.h"
#include "base/xmalloc.h"
#include "core/dns.h"

#define PREFIX		  2 /* bytes of the length before a message (TCP) */
#define DATAGRAMS_AT_ONCE 16

struct dns_state {
	struct check_datagram datagram;
	struct dns_query query;
	char passed_over[DNS_DETAIL_LEN]; /* the last of those; or "" */
	/* by TCP */
	uint8_t request[PREFIX + DNS_QUERY_MAX];
	size_t sent;
	uint8_t *answer; /* with its prefix */
	size_t received;
};

static struct dns_expected
expected(const struct conf_check *conf)
{
	return (struct dns_expected){
	    .rcode = conf->dns.rcode,
	    .answer = conf->dns.answer,
	};
}

static void
decide(struct check *check, enum dns_verdict verdict, const char *detail)
{
	if (verdict == DNS_PASSED)
		check_decide(check, CHECK_PASSED, "%s", detail);
	else if (verdict == DNS_UNEXPECTED || verdict == DNS_TRUNCATED)
		check_decide(check, CHECK_BAD_ANSWER, "%s", detail);
	else
		check_decide(check, CHECK_BAD_RESPONSE, "%s", detail);
}

static void
dns_begin(struct check *check)
{
	struct dns_state *dns = check_state(check);
	const struct conf_check *conf = check_conf(check);

	if (dns_query_make(&dns->query, (uint16_t)arc4random_uniform(65536),
		conf->dns.name, conf->dns.type) == -1)
		check_decide(check, CHECK_LOCAL_ERROR, "\"%s\" is not a name",
		    conf->dns.name);
	else if (conf->dns.tcp)
		check_connect(check);
	else
		check_datagram_begin(&dns->datagram, check, dns->query.bytes,
		    dns->query.length, false);
}

static void
take_datagrams(struct check *check, struct dns_state *dns)
{
	const struct dns_expected wanted = expected(check_conf(check));
	char detail[DNS_DETAIL_LEN];
	enum dns_verdict verdict;
	const uint8_t *bytes;
	ssize_t length;
	unsigned i;

	for (i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		length = check_datagram_read(&dns->datagram, &bytes);
		if (length == -1)
			return;
		verdict = dns_judge(
		    &dns->query, bytes, (size_t)length, &wanted, detail);
		if (verdict != DNS_FOREIGN) {
			decide(check, verdict, detail);
			return;
		}
		memcpy(dns->passed_over, detail, sizeof(detail));
	}
}

static void
send_request(struct check *check, struct dns_state *dns)
{
	size_t length = PREFIX + dns->query.length;
	ssize_t sent;

	while (dns->sent < length) {
		sent = check_write(
		    check, dns->request + dns->sent, length - dns->sent);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno == EAGAIN) {
			check_wait(check, EV_WRITE);
			return;
		}
		if (sent == -1) {
			check_fail(check, errno, "sending the query");
			return;
		}
		dns->sent += (size_t)sent;
	}
	check_wait(check, EV_READ);
}

static void
dns_connected(struct check *check)
{
	struct dns_state *dns = check_state(check);

	dns->request[0] = (uint8_t)(dns->query.length >> 8);
	dns->request[1] = (uint8_t)dns->query.length;
	memcpy(dns->request + PREFIX, dns->query.bytes, dns->query.length);
	check_sent(check, dns->query.bytes, dns->query.length);
	send_request(check, dns);
}

/* So many bytes are to come, as far as is known by now. */
static size_t
answer_length(const struct dns_state *dns)
{
	if (dns->received < PREFIX)
		return PREFIX;
	return PREFIX + ((size_t)dns->answer[0] << 8 | dns->answer[1]);
}

static void
judge_stream(struct check *check, struct dns_state *dns)
{
	const struct dns_expected wanted = expected(check_conf(check));
	char detail[DNS_DETAIL_LEN];
	enum dns_verdict verdict;

	verdict = dns_judge(&dns->query, dns->answer + PREFIX,
	    dns->received - PREFIX, &wanted, detail);
	decide(check, verdict, detail);
}

/* The part of a message that has come may be as small as the sender likes. */
static void
take_stream(struct check *check, struct dns_state *dns)
{
	ssize_t got;

	if (dns->answer == NULL)
		dns->answer = xcalloc(1, PREFIX + UINT16_MAX);
	got = check_read(check, dns->answer + dns->received,
	    answer_length(dns) - dns->received);
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1)
		check_fail(check, errno, "reading the answer");
	else if (got == 0)
		check_decide(check, CHECK_CLOSED,
		    "after %zu bytes of an answer", dns->received);
	else if ((dns->received += (size_t)got) > PREFIX &&
	    dns->received == answer_length(dns))
		judge_stream(check, dns);
	else if (answer_length(dns) == PREFIX && dns->received == PREFIX)
		check_decide(check, CHECK_BAD_RESPONSE, "an empty answer");
}

static void
dns_ready(struct check *check)
{
	struct dns_state *dns = check_state(check);

	if (!check_conf(check)->dns.tcp)
		take_datagrams(check, dns);
	else if (dns->sent < PREFIX + dns->query.length)
		send_request(check, dns);
	else
		take_stream(check, dns);
}

static void
dns_expired(struct check *check)
{
	const struct dns_state *dns = check_state(check);
	bool other = dns->passed_over[0] != '\0';

	check_decide(check, CHECK_TIMEOUT, "no answer in %u ms%s%s",
	    check_conf(check)->timeout, other ? ", but " : "",
	    other ? dns->passed_over : "");
}

static void
dns_release(void *state)
{
	struct dns_state *dns = state;

	check_datagram_release(&dns->datagram);
	free(dns->answer);
}

const struct check_ops check_dns = {
    .state_size = sizeof(struct dns_state),
    .begin = dns_begin,
    .connected = dns_connected,
    .ready = dns_ready,
    .expired = dns_expired,
    .release = dns_release,
};
