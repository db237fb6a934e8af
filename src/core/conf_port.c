/* SPDX-License-Identifier: ISC */

/*
 * The keys of "policy": names of services, ports and protocols.  The names
 * are IANA's, in a table of our own and not /etc/services, so that a file
 * means the same everywhere.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

enum {
	TCP = 1,
	UDP = 2
};

static const struct {
	const char *name;
	uint16_t port;
	uint8_t protocols; /* when none is given */
} names[] = {
    {"http", 80, TCP},
    {"https", 443, TCP},
    {"domain", 53, TCP | UDP},
    {"domain-s", 853, TCP},
    {"ssh", 22, TCP},
    {"smtp", 25, TCP},
    {"submission", 587, TCP},
    {"submissions", 465, TCP},
    {"pop3", 110, TCP},
    {"pop3s", 995, TCP},
    {"imap", 143, TCP},
    {"imaps", 993, TCP},
    {"ldap", 389, TCP},
    {"ldaps", 636, TCP},
    {"kerberos", 88, TCP | UDP},
    {"radius", 1812, UDP},
    {"radius-acct", 1813, UDP},
    {"ntp", 123, UDP},
    {"snmp", 161, UDP},
    {"syslog", 514, UDP},
    {"syslog-tls", 6514, TCP},
    {"sip", 5060, TCP | UDP},
    {"sips", 5061, TCP},
    {"mqtt", 1883, TCP},
    {"secure-mqtt", 8883, TCP},
    {"mysql", 3306, TCP},
    {"postgresql", 5432, TCP},
    {"http-alt", 8080, TCP},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* Protocols that are known by their names, and not by their ports. */
static const struct {
	const char *name;
	enum check_type check;
} usual[] = {
    {"http", CHECK_HTTP},
    {"https", CHECK_HTTPS},
    {"domain", CHECK_DNS},
};

static enum check_type
usual_check(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i].name, name) == 0)
			return usual[i].check;
	return CHECK_TCP;
}

static void
unknown_name(struct conf_reader *r, const char *name)
{
	const char *words[NAMES + 1], *nearest;
	size_t i;

	for (i = 0; i < NAMES; i++)
		words[i] = names[i].name;
	words[NAMES] = NULL;
	nearest = conf_nearest(name, words);
	if (nearest != NULL)
		conf_error_key(r,
		    "unknown service name %s, did you mean \"%s\"?",
		    conf_quote(r, name), nearest);
	else
		conf_error_key(r,
		    "unknown service name %s; a port can be "
		    "given as \"8080\" or \"53/udp\"",
		    conf_quote(r, name));
}

static bool
parse_number(struct conf_reader *r, const char *text, struct conf_port *out)
{
	long port = 0;

	if (strlen(text) <= 5)
		port = strtol(text, NULL, 10);
	if (port < 1 || port > 65535 || *text == '0') {
		conf_error_key(r, "%s is not a port in the range 1 to 65535",
		    conf_quote(r, text));
		return false;
	}
	out->port = (uint16_t)port;
	out->tcp = true;
	return true;
}

static bool
parse_name(struct conf_reader *r, const char *name, struct conf_port *out)
{
	size_t i;

	if (*name != '\0' && name[strspn(name, "0123456789")] == '\0')
		return parse_number(r, name, out);
	for (i = 0; i < NAMES; i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		out->port = names[i].port;
		out->tcp = names[i].protocols & TCP;
		out->udp = names[i].protocols & UDP;
		out->check = usual_check(name);
		return true;
	}
	unknown_name(r, name);
	return false;
}

bool
conf_port_parse(struct conf_reader *r, const char *key, struct conf_port *out)
{
	const char *slash = strchr(key, '/'), *protocol;
	char *name;

	memset(out, 0, sizeof(*out));
	if (slash == NULL)
		return parse_name(r, key, out);
	name = conf_keep(r, xasprintf("%.*s", (int)(slash - key), key));
	if (!parse_name(r, name, out))
		return false;
	protocol = slash + 1;
	out->tcp = strcmp(protocol, "tcp") == 0;
	out->udp = strcmp(protocol, "udp") == 0;
	if (out->tcp || out->udp)
		return true;
	conf_error_key(r, "unknown protocol %s, it must be tcp or udp",
	    conf_quote(r, protocol));
	return false;
}
