/* SPDX-License-Identifier: ISC */

/*
 * IPv4 and IPv6 addresses as values: see addr.h.
 */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"

#define SOURCE_BITS6 64

static const uint8_t mapped_prefix[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int
addr_parse(const char *text, struct addr *out)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.family = AF_INET;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.family = AF_INET6;
	else
		return -1;
	*out = a;
	return 0;
}

const char *
addr_format(const struct addr *a, char buf[ADDR_STRLEN])
{
	if (a->family == 0 ||
	    inet_ntop(a->family, a->bytes, buf, ADDR_STRLEN) == NULL)
		memcpy(buf, "none", sizeof("none"));
	return buf;
}

int
addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

void
addr_to_mapped(const struct addr *a, uint8_t mapped[16])
{
	if (a->family == AF_INET) {
		memcpy(mapped, mapped_prefix, sizeof(mapped_prefix));
		memcpy(mapped + sizeof(mapped_prefix), a->bytes, 4);
	} else
		memcpy(mapped, a->bytes, sizeof(a->bytes));
}

void
addr_from_mapped(const uint8_t mapped[16], struct addr *out)
{
	memset(out, 0, sizeof(*out));
	if (memcmp(mapped, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		out->family = AF_INET;
		memcpy(out->bytes, mapped + sizeof(mapped_prefix), 4);
	} else {
		out->family = AF_INET6;
		memcpy(out->bytes, mapped, sizeof(out->bytes));
	}
}

unsigned
addr_bits(const struct addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

void
addr_truncate(const struct addr *a, unsigned bits, struct addr *out)
{
	unsigned i;

	*out = *a;
	for (i = bits / 8; i < sizeof(out->bytes); i++)
		out->bytes[i] &=
		    i == bits / 8 ? (uint8_t) ~(0xff >> bits % 8) : 0;
}

void
addr_source(const struct addr *a, struct addr *out)
{
	*out = *a;
	if (a->family == AF_INET6)
		addr_from_mapped(a->bytes, out);
	if (out->family == AF_INET6)
		addr_truncate(a, SOURCE_BITS6, out);
}

int
addr_is_loopback(const struct addr *address)
{
	static const uint8_t six[16] = {[15] = 1};

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return address->family == AF_INET6 &&
	    memcmp(address->bytes, six, sizeof(six)) == 0;
}

void
addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	if (ss->ss_family == AF_INET) {
		out->family = AF_INET;
		memcpy(
		    out->bytes, &((const struct sockaddr_in *)ss)->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		out->family = AF_INET6;
		memcpy(out->bytes,
		    &((const struct sockaddr_in6 *)ss)->sin6_addr,
		    sizeof(out->bytes));
	}
}

unsigned
addr_to_sockaddr(
    const struct addr *a, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (a->family == AF_INET) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, a->bytes, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, a->bytes, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* RFC 6890: "this network", loopback, link local, multicast, reserved. */
static int
unicast4(const uint8_t *b)
{
	return b[0] != 0 && b[0] != 127 && b[0] < 224 &&
	    !(b[0] == 169 && b[1] == 254);
}

int
addr_is_unicast(const struct addr *a)
{
	struct in6_addr six;

	if (a->family == AF_INET)
		return unicast4(a->bytes);
	memcpy(&six, a->bytes, sizeof(six));
	return !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_LOOPBACK(&six) &&
	    !IN6_IS_ADDR_LINKLOCAL(&six) && !IN6_IS_ADDR_MULTICAST(&six) &&
	    !IN6_IS_ADDR_V4MAPPED(&six);
}

int
prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	unsigned whole = prefix->length / 8, rest = prefix->length % 8;
	const uint8_t *bytes = prefix->address.bytes;

	if (prefix->address.family != addr->family ||
	    memcmp(bytes, addr->bytes, whole) != 0)
		return 0;
	return rest == 0 ||
	    (bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0;
}

/* The bits of byte i of an address that are behind the length. */
static uint8_t
free_bits(const struct prefix *prefix, unsigned i)
{
	if (i >= addr_bits(&prefix->address) / 8 || prefix->length >= 8 * i + 8)
		return 0;
	return prefix->length <= 8 * i
	    ? 0xff
	    : (uint8_t)(0xff >> (prefix->length - 8 * i));
}

int
prefix_parse_host(const char *text, struct prefix *out)
{
	struct prefix prefix = {0};
	const char *slash = strchr(text, '/'), *wrong;
	char address[ADDR_STRLEN];
	size_t len = slash == NULL ? 0 : (size_t)(slash - text);
	unsigned i;

	/* As inet_pton(3): no sign, space or leading zero. */
	if (len == 0 || len >= sizeof(address) || slash[1] < '0' ||
	    slash[1] > '9' || (slash[1] == '0' && slash[2] != '\0'))
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (addr_parse(address, &prefix.address) == -1)
		return -1;
	prefix.length =
	    (uint8_t)strtonum(slash + 1, 0, addr_bits(&prefix.address), &wrong);
	if (wrong != NULL)
		return -1;
	for (i = 0; i < sizeof(prefix.address.bytes); i++)
		prefix.address.bytes[i] &= (uint8_t)~free_bits(&prefix, i);
	*out = prefix;
	return 0;
}

int
prefix_parse(const char *text, struct prefix *out)
{
	char address[ADDR_STRLEN];
	struct prefix prefix;
	struct addr whole;
	size_t len = strcspn(text, "/");

	if (prefix_parse_host(text, &prefix) == -1)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (addr_parse(address, &whole) == -1 ||
	    addr_compare(&whole, &prefix.address) != 0)
		return -1;
	*out = prefix;
	return 0;
}

void
prefix_last(const struct prefix *prefix, struct addr *out)
{
	unsigned i;

	*out = prefix->address;
	for (i = 0; i < sizeof(out->bytes); i++)
		out->bytes[i] |= free_bits(prefix, i);
}

const char *
prefix_format(const struct prefix *prefix, char buf[PREFIX_STRLEN])
{
	char address[ADDR_STRLEN];

	snprintf(buf, PREFIX_STRLEN, "%s/%u",
	    addr_format(&prefix->address, address), prefix->length);
	return buf;
}

int
prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = addr_compare(&a->address, &b->address);

	return order != 0 ? order
			  : (a->length > b->length) - (a->length < b->length);
}
