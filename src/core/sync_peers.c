/* SPDX-License-Identifier: ISC */

/*
 * The other instances: see sync_peers.h.
 */

#include "core/sync_peers.h"

static const char *verdict_names[SYNC_VERDICTS] = {
    [SYNC_ACCEPTED] = "accepted",
    [SYNC_ECHO] = "echo",
    [SYNC_OWN_ID] = "own_id",
    [SYNC_REPLAYED] = "replayed",
    [SYNC_OLD_EPOCH] = "old_epoch",
    [SYNC_UNVERIFIED] = "unverified",
    [SYNC_NOT_FOR_US] = "not_for_us",
    [SYNC_TOO_MANY] = "too_many",
};

static const char *state_names[SYNC_PEER_STATES] = {
    [SYNC_PEER_UNVERIFIED] = "unverified",
    [SYNC_PEER_UP] = "up",
    [SYNC_PEER_SILENT] = "silent",
    [SYNC_PEER_LEFT] = "left",
};

const char *
sync_verdict_name(enum sync_verdict verdict)
{
	return verdict < SYNC_VERDICTS ? verdict_names[verdict] : "unknown";
}

const char *
sync_peer_state_name(enum sync_peer_state state)
{
	return state < SYNC_PEER_STATES ? state_names[state] : "unknown";
}
