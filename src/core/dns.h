/* SPDX-License-Identifier: ISC */

/*
 * DNS for health checks (RFC 1035): one question made, one answer judged.
 * Nothing that a server says is believed, but for what was asked.
 */

#ifndef CORE_DNS_H
#define CORE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER    12
#define DNS_NAME_MAX  255 /* bytes of a name in a message */
#define DNS_QUERY_MAX (DNS_HEADER + DNS_NAME_MAX + 4)

/* A query, and what its answer is known by. */
struct dns_query {
	uint8_t bytes[DNS_QUERY_MAX];
	size_t length;
};

/*
 * Ask for the records of a type of a name: "www.example.org", with or without
 * a last dot, or "." for the root.  0, or -1 if it is not a name.
 */
int dns_query_make(
    struct dns_query *, uint16_t id, const char *name, uint16_t type);

/* What has to come. */
struct dns_expected {
	int rcode; /* -1 = any */
	/*
	 * The data of one of the records, as in a zone file ("192.0.2.1", "10
	 * mail.example.org"; of a TXT record its text, of a type that is not
	 * known here "\# 2 00ff"), but without abbreviations; NULL = any or
	 * none.  Names are compared without regard to case or a last dot.
	 */
	const char *answer;
};

enum dns_verdict {
	DNS_PASSED,
	DNS_UNEXPECTED, /* an answer, but another one */
	DNS_TRUNCATED,	/* and what is missing may be what is expected */
	DNS_FOREIGN,	/* not the answer to this query */
	DNS_MALFORMED,	/* not to be understood */
};

#define DNS_DETAIL_LEN 128

/*
 * Judge what came.  detail says in printable ASCII what it is: "NOERROR, 1
 * record: 192.0.2.1".
 */
enum dns_verdict dns_judge(const struct dns_query *, const uint8_t *bytes,
    size_t length, const struct dns_expected *, char detail[DNS_DETAIL_LEN]);

/* "NOERROR", ...: static storage; or NULL if it has no name here. */
const char *dns_rcode_name(unsigned rcode);

#endif
