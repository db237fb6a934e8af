/* SPDX-License-Identifier: ISC */

/*
 * The check that an agent answers: a program on the server that says whether,
 * and how much, it can be used.  What it says is advice; the check passes
 * whenever that can be read.
 */

#include <errno.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/check_type.h"
#include "core/agent_reply.h"

#define SHOWN 80 /* bytes of its line */

struct agent {
	size_t sent;
	char line[AGENT_REPLY_MAX];
	size_t length;
};

static void
agent_send(struct check *check, struct agent *agent)
{
	const struct conf_bytes *bytes = &check_conf(check)->send;

	switch (check_send(check, bytes->data, bytes->length, &agent->sent)) {
	case 1:
		check_wait(check, EV_READ);
		break;
	case -1:
		check_fail(check, errno, "sending");
		break;
	}
}

static void
agent_connected(struct check *check)
{
	const struct conf_bytes *bytes = &check_conf(check)->send;

	check_sent(check, bytes->data, bytes->length);
	agent_send(check, check_state(check));
}

static void
agent_decide(struct check *check, const char *line, size_t length)
{
	static const enum check_advice advice[] = {
	    [AGENT_UNSAID] = CHECK_ADVICE_NONE,
	    [AGENT_UP] = CHECK_ADVICE_UP,
	    [AGENT_DRAIN] = CHECK_ADVICE_DRAIN,
	    [AGENT_DOWN] = CHECK_ADVICE_DOWN,
	};
	struct agent_reply reply;

	if (agent_reply_parse(line, length, &reply)) {
		check_advise(check, advice[reply.state], reply.weight);
		check_decide(check, CHECK_PASSED, "agent: %.*s",
		    (int)(length < SHOWN ? length : SHOWN), line);
	} else if (reply.wrong_length == 0) {
		check_decide(check, CHECK_BAD_ANSWER, "the agent says nothing");
	} else {
		check_decide(check, CHECK_BAD_ANSWER,
		    "the agent says \"%.*s\", which means nothing",
		    (int)(reply.wrong_length < SHOWN ? reply.wrong_length
						     : SHOWN),
		    reply.wrong);
	}
	check_finish(check);
}

/* A line ends in CR, LF, both, or the end of file. */
static void
agent_receive(struct check *check, struct agent *agent)
{
	size_t room = sizeof(agent->line) - agent->length, i;
	ssize_t got = check_read(check, agent->line + agent->length, room);

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1) {
		check_fail(check, errno, "waiting for the agent");
		return;
	}
	if (got == 0) {
		agent_decide(check, agent->line, agent->length);
		return;
	}
	for (i = agent->length; i < agent->length + (size_t)got; i++) {
		if (agent->line[i] == '\n' || agent->line[i] == '\r') {
			agent_decide(check, agent->line, i);
			return;
		}
	}
	agent->length += (size_t)got;
	if (agent->length == sizeof(agent->line))
		check_decide(check, CHECK_BAD_RESPONSE,
		    "the agent's line does not end within %d bytes",
		    AGENT_REPLY_MAX);
}

static void
agent_ready(struct check *check)
{
	struct agent *agent = check_state(check);

	if (agent->sent < check_conf(check)->send.length)
		agent_send(check, agent);
	else
		agent_receive(check, agent);
}

static void
agent_expired(struct check *check)
{
	const struct agent *agent = check_state(check);

	check_decide(check, CHECK_TIMEOUT,
	    "connected, no line of the agent in %u ms (%zu bytes received)",
	    check_conf(check)->timeout, agent->length);
}

const struct check_ops check_agent = {
    .state_size = sizeof(struct agent),
    .connected = agent_connected,
    .ready = agent_ready,
    .expired = agent_expired,
};
