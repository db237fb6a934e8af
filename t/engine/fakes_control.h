/* SPDX-License-Identifier: ISC */

/*
 * A fake control socket: what a client would get.
 */

#ifndef T_ENGINE_FAKES_CONTROL_H
#define T_ENGINE_FAKES_CONTROL_H

#include <stdbool.h>

struct fake_control {
	bool broken;	/* the last reply ended early */
	unsigned parts; /* that it had, if it was made in parts */
	bool full;	/* there can be no more streams */
	bool refuses;	/* the read-only socket can't be made */
	const char *group;
	unsigned mode, listens, closes; /* of the read-only socket */
};

extern struct fake_control fake_control;

/*
 * Ask with a request in JSON, but for ' in place of ": the lines of the reply,
 * valid until the next call.  between is called after the first part; or NULL.
 */
const char *fake_ask(const char *request);
const char *fake_ask_readonly(const char *request);
const char *fake_ask_slowly(const char *request, void (*between)(void));

/* The lines that the stream had since the last call; likewise valid. */
const char *fake_stream(void);
/* The client goes. */
void fake_stream_close(void);

/* Forget all of that. */
void fake_control_reset(void);

#endif
