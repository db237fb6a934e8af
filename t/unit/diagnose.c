/* SPDX-License-Identifier: ISC */

/*
 * What failures look like: a table of what is seen of a server, and of what is
 * said then.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/diagnose.h"

#define P DIAGNOSE_PASSED
#define R DIAGNOSE_REFUSED
#define S DIAGNOSE_SILENT
#define U DIAGNOSE_UNKNOWN
#define N DIAGNOSE_UNREACHABLE
#define O DIAGNOSE_OTHER

#define L2  DELIVERY_LAYER2
#define TUN DELIVERY_IPIP

static const struct {
	enum delivery_kind kind;
	/* The check, of VIP and server; echo to VIP, server by path, server. */
	enum diagnose_answer vip, own, vip_echo, path_echo, own_echo;
	int icmp; /* IP version of an error that was heard; 0 = none */
	bool outer;
	uint8_t type, code;
	const char *text; /* how it begins */
} cases[] = {
    /* The server is not well: that is no matter of its set-up. */
    {L2, S, S, S, S, S, 0, 0, 0, 0, ""},
    {L2, R, R, P, P, P, 0, 0, 0, 0, ""},
    {L2, O, P, P, P, P, 0, 0, 0, 0, ""},
    {TUN, S, S, S, S, S, 0, 0, 0, 0, ""},
    {TUN, R, R, P, P, P, 0, 0, 0, 0, ""},
    {L2, U, U, U, U, U, 0, 0, 0, 0, ""},
    /* The VIP is not there. */
    {L2, S, P, S, P, P, 0, 0, 0, 0, "the VIP is not on the server's loopback"},
    {L2, S, R, S, P, P, 0, 0, 0, 0, "the VIP is not on the server's loopback"},
    {TUN, S, P, S, P, P, 0, 0, 0, 0,
	"the VIP is not on the server's loopback: by the same way, the tunnel"},
    {L2, N, P, N, P, P, 4, 0, 3, 1,
	"the VIP is not on the server's loopback: 10.0.0.9 takes it for"},
    {L2, S, P, S, P, P, 4, 0, 5, 1,
	"the VIP is not on the server's loopback: 10.0.0.9 takes it for"},
    {L2, S, P, S, P, P, 4, 0, 11, 0,
	"the VIP is not on the server's loopback: 10.0.0.9 takes it for"},
    {L2, S, P, S, P, P, 6, 0, 1, 3,
	"the VIP is not on the server's loopback: 10.0.0.9 takes it for"},
    /* It may be there, but nothing answers an echo request. */
    {L2, S, P, S, S, S, 0, 0, 0, 0, "the server answers at its own address"},
    {L2, S, P, U, U, U, 0, 0, 0, 0, "the server answers at its own address"},
    /* It is there. */
    {L2, S, P, P, P, P, 0, 0, 0, 0, "a firewall: the server has the VIP"},
    {TUN, S, P, P, P, P, 0, 0, 0, 0, "a firewall: the server has the VIP"},
    {L2, R, P, P, P, P, 0, 0, 0, 0, "the service listens at the server's own"},
    {TUN, R, P, S, S, S, 0, 0, 0, 0, "the service listens at the server's"},
    {L2, N, P, N, P, P, 4, 0, 3, 13, "a firewall: 10.0.0.9 says that what"},
    {L2, N, P, N, P, P, 4, 0, 3, 10, "a firewall: 10.0.0.9 says that what"},
    {L2, N, P, N, P, P, 6, 0, 1, 1, "a firewall: 10.0.0.9 says that what"},
    {TUN, S, P, S, S, P, 4, 1, 3, 13, "a firewall: 10.0.0.9 says that what"},
    /* The tunnel. */
    {TUN, S, P, S, S, P, 4, 1, 3, 2, "the tunnel is not terminated: 10.0.0.9"},
    {TUN, S, S, S, S, P, 4, 1, 3, 3, "the tunnel is not terminated: 10.0.0.9"},
    {DELIVERY_FOU, S, P, S, S, P, 4, 1, 3, 3,
	"the tunnel is not terminated: 10.0.0.9 refuses what is sent by fou at "
	"UDP port 5555 (ICMP type 3 code 3)"},
    {TUN, S, P, S, S, P, 0, 0, 0, 0, "rp_filter: the server drops what comes"},
    {TUN, S, R, S, S, P, 0, 0, 0, 0, "rp_filter: the server drops what comes"},
    {TUN, S, P, S, U, P, 0, 0, 0, 0, "nothing comes back through the tunnel"},
    {TUN, S, P, S, S, S, 0, 0, 0, 0, "nothing comes back through the tunnel"},
    {DELIVERY_DSCP, S, P, S, U, P, 0, 0, 0, 0,
	"the server does not give packets of code point 7 the VIP"},
};

static const struct addr nine = {AF_INET, {10, 0, 0, 9}};

static void
make_facts(size_t i, struct diagnose_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->delivery.kind = cases[i].kind;
	f->delivery.port = 5555;
	f->delivery.code_point = 7;
	f->vip.family = AF_INET;
	f->port = 80;
	f->vip_check = cases[i].vip;
	f->own_check = cases[i].own;
	f->vip_echo = cases[i].vip_echo;
	f->own_echo_by_path = cases[i].path_echo;
	f->own_echo = cases[i].own_echo;
	f->icmp.heard = cases[i].icmp != 0;
	f->icmp.outer = cases[i].outer;
	f->icmp.family = cases[i].icmp == 4 ? AF_INET : AF_INET6;
	f->icmp.type = cases[i].type;
	f->icmp.code = cases[i].code;
	f->icmp.from = nine;
}

static void
test_faults(void **state)
{
	struct diagnose_facts facts;
	char text[DIAGNOSE_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_facts(i, &facts);
		diagnose(&facts, text);
		if (cases[i].text[0] == '\0' ? text[0] != '\0'
					     : strncmp(text, cases[i].text,
						   strlen(cases[i].text)) != 0)
			fail_msg("%zu: \"%s\"", i, text);
	}
}

/* The leak is said with and without another fault, of whomever. */
static void
test_leak(void **state)
{
	struct diagnose_facts facts;
	char text[DIAGNOSE_LEN];

	(void)state;
	make_facts(0, &facts);
	facts.claimed = true;
	memcpy(facts.claimed_mac, "\2\0\0\0\0\1", 6);
	diagnose(&facts, text);
	assert_string_equal(text,
	    "ARP leak: 02:00:00:00:00:01 answers ARP for the VIP "
	    "(arp_ignore)");
	memcpy(facts.server_mac, "\2\0\0\0\0\1", 6);
	facts.vip.family = AF_INET6;
	diagnose(&facts, text);
	assert_string_equal(text,
	    "ARP leak: the server, 02:00:00:00:00:01 answers neighbour "
	    "discovery for the VIP");
	facts.vip_check = DIAGNOSE_REFUSED;
	facts.own_check = DIAGNOSE_PASSED;
	diagnose(&facts, text);
	assert_non_null(strstr(text, "own address only"));
	assert_non_null(strstr(text, "; ARP leak: the server"));
}

/* All that can be seen, in every combination, fits and can be shown. */
static void
test_all(void **state)
{
	struct diagnose_facts f;
	char text[DIAGNOSE_LEN + 1];
	unsigned i, kind;
	const char *c;

	(void)state;
	for (kind = 0; kind < DELIVERY_KINDS; kind++)
		for (i = 0; i < 6 * 6 * 6 * 6 * 6 * 2; i++) {
			make_facts(0, &f);
			f.delivery.kind = (enum delivery_kind)kind;
			f.vip_check = i % 6;
			f.own_check = i / 6 % 6;
			f.vip_echo = i / 36 % 6;
			f.own_echo_by_path = i / 216 % 6;
			f.own_echo = i / 1296 % 6;
			f.claimed = i / 7776;
			f.icmp.heard = i % 5 == 0;
			f.icmp.type = i % 12;
			f.icmp.outer = i % 7 == 0;
			text[DIAGNOSE_LEN] = 'x';
			diagnose(&f, text);
			assert_int_equal(text[DIAGNOSE_LEN], 'x');
			assert_true(strlen(text) < DIAGNOSE_LEN);
			for (c = text; *c != '\0'; c++)
				assert_in_range(*c, ' ', '~');
		}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_leak),
	    cmocka_unit_test(test_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
