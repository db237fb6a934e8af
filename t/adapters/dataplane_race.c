/* SPDX-License-Identifier: ISC */

/*
 * Flows are learnt, and told of, while packets write to the same entries of
 * the XDP data plane.
 */

#include <sys/prctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "xdp_lab.h"
#include "xdp_sender.h"

#define VIP	 "192.0.2.1"
#define SERVERS	 3
#define CROWD	 60 /* flows for 32 entries */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The flow of client number n. */
static struct flow
flow_of(unsigned n)
{
	struct flow flow = {
	    .service = lab_key(VIP, 80),
	    .client = lab_addr("10.9.0.0"),
	    .client_port = (uint16_t)(1024 + n),
	    .server = lab_addr("10.0.0.1"),
	    .state = FLOW_CONFIRMED,
	};

	flow.client.bytes[3] = (uint8_t)n;
	return flow;
}

/* Whom the hash table has for a flow, by the last byte of the address. */
static uint8_t
chosen(struct dataplane *dataplane, const struct flow *flow)
{
	struct dataplane_explanation explanation;

	assert_int_equal(dataplane->ops->explain(dataplane, &flow->service,
			     &flow->client, flow->client_port, &explanation),
	    0);
	return explanation.chosen.bytes[3];
}

/* Packets of the crowd, for ever: each to its own server or the hash's. */
static void
pass_for_ever(int program, const uint8_t *own, const uint8_t *by_hash)
{
	static const uint8_t flags[] = {TH_SYN, TH_ACK, TH_ACK, TH_ACK, TH_RST};
	struct flow flow;
	uint8_t server;
	unsigned n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++) {
		n = (unsigned)rand() % CROWD;
		flow = flow_of(n);
		server = sender_send(program, &flow.service, &flow.client,
		    flow.client_port, flags[i % COUNT(flags)]);
		if (server != own[n] && server != by_hash[n])
			_exit(1);
	}
}

/* What is told is right: servers has those that were told, those by hash. */
static bool
check_told(
    const struct flow *flow, const struct dataplane_flow_note *note, void *arg)
{
	const uint8_t(*servers)[CROWD] = arg;
	unsigned n = flow->client_port - 1024U;

	(void)note;
	assert_true(n < CROWD);
	assert_true(flow->server.bytes[3] == servers[0][n] ||
	    flow->server.bytes[3] == servers[1][n]);
	assert_int_equal(flow->client.bytes[3], n);
	return true;
}

/*
 * Packets and what others tell write to the same few entries, and there are
 * more flows than entries: none ever goes where it doesn't belong.
 */
static void
test_beside_packets(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	unsigned learnt[LEARNT_RESULTS] = {0};
	struct dataplane *dataplane;
	uint8_t servers[2][CROWD];
	struct flow flow;
	int program, status;
	pid_t child;

	(void)state;
	options.flows = 8 * VC5_WAYS;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	program = sender_attach(dataplane);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, SERVERS), 0);
	for (unsigned n = 0; n < CROWD; n++) {
		flow = flow_of(n);
		servers[1][n] = chosen(dataplane, &flow);
		servers[0][n] = (uint8_t)(servers[1][n] % SERVERS + 1);
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		pass_for_ever(program, servers[0], servers[1]);
	for (unsigned i = 0; i < 300000; i++) {
		flow = flow_of((unsigned)rand() % CROWD);
		flow.server.bytes[3] = servers[0][flow.client_port - 1024];
		flow.state = rand() % 8 == 0 ? FLOW_CLOSED : FLOW_CONFIRMED;
		learnt[dataplane->ops->flow_learn(dataplane, &flow)]++;
		if (i % 1000 == 0)
			dataplane->ops->flows_tell(
			    dataplane, check_told, servers);
	}
	/* It goes on: nothing was wrong. */
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(learnt[LEARNT_NEW] > 0 && learnt[LEARNT_MOVED] > 0);
	assert_int_equal(learnt[LEARNT_NO_SERVER] + learnt[LEARNT_DOWN], 0);
	close(program);
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {LAB_TEST(test_beside_packets)};

	return lab_run_tests(tests);
}
