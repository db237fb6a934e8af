/* SPDX-License-Identifier: ISC */

/*
 * IPv4 and IPv6 addresses as values: comparable, printable, without a port.
 */

#ifndef CORE_ADDR_H
#define CORE_ADDR_H

#include <stddef.h>
#include <stdint.h>

#define ADDR_STRLEN 46 /* INET6_ADDRSTRLEN */

struct sockaddr_storage;

struct addr {
	uint8_t family;	   /* AF_INET or AF_INET6; 0 = none */
	uint8_t bytes[16]; /* network order; IPv4 in the first 4, rest zero */
};

/*
 * Read a numeric address (inet_pton(3) syntax, nothing around it) into *out.
 * 0, or -1 when it is not one; *out is then unchanged.
 */
int addr_parse(const char *, struct addr *out);

/* The address as text in buf, which is returned. */
const char *addr_format(const struct addr *, char buf[ADDR_STRLEN]);

/* Order: IPv4 before IPv6, then numerically.  As memcmp(3). */
int addr_compare(const struct addr *, const struct addr *);

/* 16 bytes in network order, IPv4 mapped (RFC 4291, section 2.5.5.2). */
void addr_to_mapped(const struct addr *, uint8_t mapped[16]);
void addr_from_mapped(const uint8_t mapped[16], struct addr *out);

/* Length of the prefix that is one host: 32 or 128. */
unsigned addr_bits(const struct addr *);

/* The same with all bits behind the first so many cleared. */
void addr_truncate(const struct addr *, unsigned bits, struct addr *out);

/*
 * Who it is, for counting: an IPv4 address, mapped or not, is itself; an IPv6
 * one is its /64, as whoever has one address can have all of these.
 */
void addr_source(const struct addr *, struct addr *out);

/* Fill in a socket address; port in host order; returns its length. */
unsigned addr_to_sockaddr(
    const struct addr *, uint16_t port, struct sockaddr_storage *out);

/* The other way round, without the port; family 0 if it is of another one. */
void addr_from_sockaddr(const struct sockaddr_storage *, struct addr *out);

/* Does it never leave the host?  Nonzero if so. */
int addr_is_loopback(const struct addr *);

/*
 * Can clients be served at it: not the unspecified, a loopback, link-local,
 * multicast or broadcast address.  Nonzero if so.
 */
int addr_is_unicast(const struct addr *);

/* A block of addresses: those whose first bits are those of address. */
struct prefix {
	struct addr address; /* family 0 = none; bits behind the length are 0 */
	uint8_t length;	     /* bits */
};

/*
 * Read "ADDRESS/LENGTH" into *out.  0, or -1 when it is not one, or has bits
 * set behind its length; *out is then unchanged.
 */
int prefix_parse(const char *, struct prefix *out);
/* The same, but bits behind the length are cleared. */
int prefix_parse_host(const char *, struct prefix *out);

#define PREFIX_STRLEN (ADDR_STRLEN + 4)

/* The prefix as text in buf, which is returned. */
const char *prefix_format(const struct prefix *, char buf[PREFIX_STRLEN]);

/* Nonzero if the address is in it. */
int prefix_contains(const struct prefix *, const struct addr *);

/* The last address of the block. */
void prefix_last(const struct prefix *, struct addr *out);

/* Order: by address, then the shorter first.  As memcmp(3). */
int prefix_compare(const struct prefix *, const struct prefix *);

#endif
