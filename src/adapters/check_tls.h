/* SPDX-License-Identifier: ISC */

/*
 * TLS of probes; private to check_stream.c and check_tls*.c, but for the
 * contexts, which whoever connects to a server may use.
 */

#ifndef ADAPTERS_CHECK_TLS_H
#define ADAPTERS_CHECK_TLS_H

#include <stdbool.h>
#include <sys/types.h>

struct check;
struct ssl_ctx_st;

/*
 * The context of all clients that verify by the same file (NULL = what the
 * system trusts), or that don't: borrowed, an SSL made of it has a reference
 * of its own.  What is trusted is read again once it has changed.  NULL, with
 * why it can't be had, in static storage.
 */
struct ssl_ctx_st *
check_tls_context(bool verify, const char *file, const char **why);

/*
 * After the connection stands: shake hands, and go on by check_stream_stand or
 * a decision.
 */
void check_tls_begin(struct check *);

/* As check_read and check_write. */
ssize_t check_tls_read(struct check *, void *, size_t);
ssize_t check_tls_write(struct check *, const void *, size_t);
/* Bytes were received that the socket doesn't have any more. */
bool check_tls_pending(const struct check *);
/* Tell the server that nothing more will come. */
void check_tls_close(struct check *);
void check_tls_release(struct check *);

#endif
