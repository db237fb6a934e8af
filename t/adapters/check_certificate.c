/* SPDX-License-Identifier: ISC */

/*
 * Certificates for the tests of TLS: see check_certificate.h.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "check_certificate.h"

#define DAY (24 * 60 * 60L)

static FILE *
open_file(const char *directory, const char *name, const char *mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.pem", directory, name);
	return fopen(path, mode);
}

static bool
read_issuer(
    const char *directory, const char *name, X509 **certificate, EVP_PKEY **key)
{
	FILE *file = open_file(directory, name, "re");

	if (file == NULL)
		return false;
	*certificate = PEM_read_X509(file, NULL, NULL, NULL);
	*key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return *certificate != NULL && *key != NULL;
}

static bool
add_extension(X509 *certificate, int kind, const char *value)
{
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, NULL, kind, value);
	bool added =
	    extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

static bool
fill(X509 *certificate, EVP_PKEY *key, const struct certificate_wish *wish,
    X509_NAME *issuer)
{
	static long serial;
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -100 * DAY);
	/* an hour more, so that the whole days don't change meanwhile */
	X509_gmtime_adj(X509_getm_notAfter(certificate),
	    wish->days * DAY + (wish->days < 0 ? -3600 : 3600));
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)wish->name, -1, -1, 0);
	X509_set_issuer_name(certificate, issuer == NULL ? subject : issuer);
	X509_set_pubkey(certificate, key);
	if (wish->alt_name == NULL)
		return add_extension(
		    certificate, NID_basic_constraints, "critical,CA:TRUE");
	return add_extension(certificate, NID_subject_alt_name, wish->alt_name);
}

static bool
save(const char *directory, const char *name, X509 *certificate, EVP_PKEY *key)
{
	FILE *file = open_file(directory, name, "we");
	bool saved;

	if (file == NULL)
		return false;
	saved = PEM_write_X509(file, certificate) == 1 &&
	    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
	return fclose(file) == 0 && saved;
}

int
certificate_make(const char *directory, const struct certificate_wish *wish)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *issuer_key = NULL;
	X509 *certificate = X509_new(), *issuer = NULL;
	bool made = false;

	if (wish->issuer == NULL ||
	    read_issuer(directory, wish->issuer, &issuer, &issuer_key))
		made = fill(certificate, key, wish,
			   issuer == NULL ? NULL
					  : X509_get_subject_name(issuer)) &&
		    X509_sign(certificate,
			issuer_key == NULL ? key : issuer_key,
			EVP_sha256()) > 0 &&
		    save(directory, wish->name, certificate, key);
	X509_free(certificate);
	X509_free(issuer);
	EVP_PKEY_free(key);
	EVP_PKEY_free(issuer_key);
	return made ? 0 : -1;
}
