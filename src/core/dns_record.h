/* SPDX-License-Identifier: ISC */

/*
 * The records of a DNS message, as text.  Lengths and compression pointers of
 * whatever bytes never lead out of the message, nor in circles.
 */

#ifndef CORE_DNS_RECORD_H
#define CORE_DNS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name has 1004 characters, if all of its bytes are escaped. */
#define DNS_RECORD_LEN 1280

struct dns_message {
	const uint8_t *bytes;
	size_t length;
};

struct dns_record {
	uint16_t type, class;
	size_t at, length; /* of its data, in the message */
};

/* The record at *at, which moves on to the next.  0, or -1: malformed. */
int
dns_record_read(const struct dns_message *, size_t *at, struct dns_record *);

/*
 * Its data as in a zone file, in printable ASCII; longer than there is room,
 * it is cut off.  0, or -1: malformed.
 */
int dns_record_text(const struct dns_message *, const struct dns_record *,
    char text[DNS_RECORD_LEN]);

/* Does the text of data of this type say what is expected? */
bool dns_record_equal(uint16_t type, const char *text, const char *expected);

#endif
