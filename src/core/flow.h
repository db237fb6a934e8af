/* SPDX-License-Identifier: ISC */

/*
 * A flow: one client's 5-tuple, the server that it stays with, and how long
 * it has been quiet.
 */

#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include <stdint.h>

#include "core/service.h"

enum flow_state {
	FLOW_EMBRYONIC, /* one packet came, which anybody can have forged */
	FLOW_CONFIRMED,
	FLOW_CLOSED, /* a FIN or RST went by */
};

struct flow {
	struct service_key service;
	struct addr client;   /* of the VIP's family */
	uint16_t client_port; /* host order */
	struct addr server;
	enum flow_state state;
	uint32_t idle; /* seconds since its last packet */
};

#endif
