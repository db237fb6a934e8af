/* SPDX-License-Identifier: ISC */

/*
 * What the file says of logging: how much and in which form, the Elasticsearch
 * that documents are sent to, and the webhooks that are told of alerts.
 * Secrets are in files of their own.
 */

#ifndef CORE_CONF_LOGGING_H
#define CORE_CONF_LOGGING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/alert.h"
#include "core/alert_message.h"
#include "core/url.h"

enum conf_log_level {
	CONF_LOG_UNSET, /* as the command line says */
	CONF_LOG_BRIEF,
	CONF_LOG_VERBOSE
};

/* How a server is believed to be the one that is meant. */
struct conf_trust {
	bool verify;
	char *ca; /* file; NULL = what the system trusts */
};

struct conf_elasticsearch {
	struct url *urls; /* tried in this order; each with its path */
	size_t url_count; /* 0 = off */
	char *data_stream;
	char *user, *password_file; /* both, or both NULL */
	char *api_key_file;	    /* NULL = none */
	struct conf_trust trust;
	unsigned batch;	   /* documents of a request, at most */
	unsigned interval; /* ms that a document waits for others */
	unsigned timeout;  /* ms for a whole request */
	unsigned queue_documents, queue_bytes; /* that may wait */
};

struct conf_webhook {
	char *name; /* unique */
	enum webhook_type type;
	struct url url;		      /* host NULL: it is in url_file */
	char *url_file;		      /* NULL = none */
	char *authorization_file;     /* of the header's value; NULL = none */
	json_t *template;	      /* NULL = the usual one */
	enum alert_severity severity; /* the least that is told */
	bool recovery;		      /* told when it is over, too */
	unsigned rate;		      /* messages a minute */
	struct conf_trust trust;
	unsigned timeout; /* ms for a whole request */
};

struct conf_logging {
	enum conf_log_level level;
	bool json; /* lines of JSON, else text */
	struct conf_elasticsearch elasticsearch;
	struct conf_webhook *webhooks;
	size_t webhook_count;
};

void conf_logging_init(struct conf_logging *);
void conf_logging_clear(struct conf_logging *);

bool conf_elasticsearch_equal(
    const struct conf_elasticsearch *, const struct conf_elasticsearch *);
bool
conf_webhook_equal(const struct conf_webhook *, const struct conf_webhook *);

#endif
