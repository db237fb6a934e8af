/* SPDX-License-Identifier: ISC */

/*
 * Certificates for the tests of TLS: good ones and others, made here.
 */

#ifndef T_CHECK_CERTIFICATE_H
#define T_CHECK_CERTIFICATE_H

struct certificate_wish {
	const char *name;     /* of the files: NAME.pem, certificate and key */
	const char *alt_name; /* "DNS:a.example,IP:127.0.0.1"; NULL = a CA */
	int days;	      /* until its end, from now; may be past */
	const char *issuer;   /* its name; NULL = itself */
};

/* Make one in a directory: 0, or -1. */
int certificate_make(const char *directory, const struct certificate_wish *);

#endif
