/* SPDX-License-Identifier: ISC */

/*
 * The C side of sync_codec.py: each line of standard input is a cluster's
 * name, a line of a key file, and a datagram in hexadecimal; each line of
 * standard output what the reader makes of it, as JSON, and the same datagram
 * as the writer makes it of that, in hexadecimal; or what is wrong with it.
 */

#include <sys/socket.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sync_key.h"
#include "base/log.h"
#include "core/sync_write.h"

static void
print_identity(const struct sync_identity *who)
{
	printf("[%" PRIu64 ", %" PRIu64 "]", who->id, who->epoch);
}

static void
print_address(const struct addr *address, unsigned port)
{
	char text[ADDR_STRLEN];

	addr_format(address, text);
	printf(address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

static void
print_flows(struct sync_flows flows)
{
	char service[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	const char *between = "";
	struct flow f;

	printf("\"flows\": [");
	for (; sync_flow_next(&flows, &f); between = ", ") {
		printf("%s{\"service\": \"%s\", \"client\": \"", between,
		    service_key_format(&f.service, service));
		print_address(&f.client, f.client_port);
		printf("\", \"server\": \"%s\", \"state\": \"%s\", "
		       "\"idle\": %" PRIu32 "}",
		    addr_format(&f.server, server),
		    f.state == FLOW_CLOSED ? "closed" : "confirmed", f.idle);
	}
	printf("]");
}

static void
write_flows(struct sync_writer *w, struct sync_flows flows)
{
	struct flow f;

	while (sync_flow_next(&flows, &f))
		if (!sync_write_flow(w, &f))
			fatalx("a flow that was read can't be written");
}

static void
hello(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	const struct sync_hello *h = &m->hello;
	struct sync_listed listed;
	unsigned i;

	printf("\"beat\": %" PRIu32 ", \"flows\": %" PRIu32
	       ", \"digests\": [%" PRIu64 ", %" PRIu64 ", %" PRIu64
	       "], \"name\": \"",
	    h->beat, h->flows, h->digests.config, h->digests.health,
	    h->digests.tables);
	for (i = 0; h->name[i] != '\0'; i++)
		printf(strchr("\"\\", h->name[i]) != NULL ? "\\%c" : "%c",
		    h->name[i]);
	printf("\", \"peers\": [");
	sync_write_hello(w, buffer, h);
	for (i = 0; i < h->peers; i++) {
		sync_hello_peer(h, i, &listed);
		printf("%s[%" PRIu64 ", %" PRIu64 ", %" PRIu32 "]",
		    i == 0 ? "" : ", ", listed.who.id, listed.who.epoch,
		    listed.beat);
		sync_write_listed(w, &listed);
	}
	printf("]");
}

static void
flows(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	print_flows(m->flows);
	sync_write_flows(w, buffer);
	write_flows(w, m->flows);
}

static void
print_key(const char *name, const struct service_key *key)
{
	char text[SERVICE_KEY_STRLEN];

	if (key->vip.family == 0)
		printf("\"%s\": null, ", name);
	else
		printf("\"%s\": \"%s\", ", name, service_key_format(key, text));
}

/* Only whole views can be written. */
static void
view(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	struct sync_service services[64];
	char key[SERVICE_KEY_STRLEN];
	size_t next = 0;
	unsigned i;

	print_key("after", &m->view.after);
	print_key("upto", &m->view.upto);
	printf("\"services\": [");
	for (i = 0; i < m->view.services; i++) {
		sync_view_service(&m->view, i, &services[i]);
		printf("%s[\"%s\", %" PRIu32 ", %" PRIu32 ", %" PRIu32 "]",
		    i == 0 ? "" : ", ",
		    service_key_format(&services[i].key, key),
		    services[i].config, services[i].health, services[i].tables);
	}
	printf("]");
	sync_write_view(w, buffer, services, i, &next);
}

static void
request(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	printf("\"to\": ");
	print_identity(&m->request.to);
	printf(", \"transfer\": %" PRIu32
	       ", \"window\": %u, \"since\": %" PRIu32 ", \"cursor\": %" PRIu64,
	    m->request.transfer, m->request.window, m->request.since,
	    m->request.cursor);
	sync_write_request(w, buffer, &m->request);
}

static void
bulk(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	printf("\"to\": ");
	print_identity(&m->bulk.to);
	printf(", \"transfer\": %" PRIu32 ", \"from\": %" PRIu64
	       ", \"upto\": %" PRIu64 ", ",
	    m->bulk.transfer, m->bulk.from, m->bulk.upto);
	print_flows(m->bulk.flows);
	sync_write_bulk(w, buffer, &m->bulk);
	write_flows(w, m->bulk.flows);
	sync_write_bulk_upto(w, m->bulk.upto);
}

static void
refusal(const struct sync_message *m, struct sync_writer *w, uint8_t *buffer)
{
	printf("\"to\": ");
	print_identity(&m->refusal.to);
	printf(", \"transfer\": %" PRIu32 ", \"reason\": %u",
	    m->refusal.transfer, m->refusal.reason);
	sync_write_refusal(w, buffer, &m->refusal);
}

static void (*const types[])(
    const struct sync_message *, struct sync_writer *, uint8_t *) = {
    [SYNC_HELLO] = hello,
    [SYNC_FLOWS] = flows,
    [SYNC_VIEW] = view,
    [SYNC_REQUEST] = request,
    [SYNC_BULK] = bulk,
    [SYNC_REFUSAL] = refusal,
};

static void
show(const struct sync_message *m, struct sync_keys *keys)
{
	const struct sync_header *h = &m->header;
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_writer w;
	size_t i, len;

	printf("{");
	types[h->type](m, &w, buffer);
	printf(", \"type\": \"%s\", \"flags\": %u, \"cluster\": %" PRIu32
	       ", \"key\": %" PRIu32 ", \"sender\": %" PRIu64
	       ", \"epoch\": %" PRIu64 ", \"sequence\": %" PRIu64 "} ",
	    sync_type_name(h->type), h->flags, h->cluster, h->key, h->sender,
	    h->epoch, h->sequence);
	len = sync_write_end(&w, h);
	sync_keys_sign(keys, buffer, len, buffer + len);
	for (i = 0; i < len + SYNC_TAG_LEN; i++)
		printf("%02x", buffer[i]);
	printf("\n");
}

static size_t
from_hex(const char *text, uint8_t *out, size_t max)
{
	size_t len = 0;
	unsigned byte;

	for (; len < max && sscanf(text, "%2x", &byte) == 1; text += 2)
		out[len++] = (uint8_t)byte;
	return len;
}

static void
answer(char *line)
{
	const char *cluster = strtok(line, " "), *key = strtok(NULL, " "),
		   *hex = strtok(NULL, " \n");
	uint8_t bytes[2 * SYNC_DATAGRAM_MAX];
	enum sync_key_verdict verdict;
	struct sync_message m;
	struct sync_keys *keys;
	enum sync_fault fault;
	char *error = NULL;
	size_t len;

	keys = sync_keys_parse(key, strlen(key), "key", cluster, &error);
	if (keys == NULL)
		fatalx("%s", error);
	len = from_hex(hex != NULL ? hex : "", bytes, sizeof(bytes));
	fault = sync_read(bytes, len, &m);
	if (fault != SYNC_SOUND)
		printf("%s\n", sync_fault_name(fault));
	else if ((verdict = sync_keys_verify(keys, m.header.key, bytes,
		      len - SYNC_TAG_LEN, bytes + len - SYNC_TAG_LEN)) !=
	    SYNC_KEY_GOOD)
		printf("%s\n", verdict == SYNC_KEY_UNKNOWN ? "key" : "tag");
	else
		show(&m, keys);
	sync_keys_free(keys);
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;

	log_open("sync_codec", 1, LOG_NORMAL);
	while (getline(&line, &size, stdin) != -1)
		answer(line);
	free(line);
	return 0;
}
