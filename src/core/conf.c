/* SPDX-License-Identifier: ISC */

/*
 * A configuration as a whole: its defaults, loading and release.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define FILE_MAX (16 << 20) /* bytes */

const char *const conf_scheduler_names[] = {
    [SCHEDULER_MAGLEV] = "maglev", [SCHEDULER_RENDEZVOUS] = "rendezvous", NULL};
const char *const conf_xdp_mode_names[] = {[XDP_AUTO] = "auto",
    [XDP_NATIVE] = "native",
    [XDP_GENERIC] = "generic",
    NULL};
const char *const conf_check_type_names[] = {[CHECK_TCP] = "tcp",
    [CHECK_SYN] = "syn",
    [CHECK_HTTP] = "http",
    [CHECK_HTTPS] = "https",
    [CHECK_DNS] = "dns",
    [CHECK_UDP] = "udp",
    [CHECK_ICMP] = "icmp",
    [CHECK_EXEC] = "exec",
    [CHECK_AGENT] = "agent",
    [CHECK_NONE] = "none",
    NULL};

const char *
conf_scheduler_name(enum scheduler scheduler)
{
	return conf_scheduler_names[scheduler];
}

const char *
conf_xdp_mode_name(enum xdp_mode mode)
{
	return conf_xdp_mode_names[mode];
}

const char *
conf_check_type_name(enum check_type type)
{
	return conf_check_type_names[type];
}

static struct conf *
conf_new(const char *file)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->file = xstrdup(file);
	conf->icmp_limit = 1000;
	conf->sampling = 256;
	conf->bgp.socket = xstrdup("/run/openbgpd/bgpd.sock.0");
	conf->bgp.program = xstrdup("/usr/sbin/bgpctl");
	conf->webserver.enabled = true;
	(void)addr_parse("127.0.0.1", &conf->webserver.address);
	conf->webserver.port = 9353;
	conf->webserver.per_address = 32;
	conf->control = xstrdup(RUNSTATEDIR "/vc5d.sock");
	conf->control_readonly.mode = 0660;
	conf->state = xstrdup(LOCALSTATEDIR "/lib/vc5d/overrides");
	conf->pin_directory = xstrdup("/sys/fs/bpf/vc5d");
	conf->stop_delay = 5000;
	conf->dead_man = 5000;
	conf->probe.device = xstrdup("vc5d0");
	conf->probe.mark = 0x56430000;
	conf->probe.table = 22083;
	conf->limits.flows = 1 << 20;
	conf->limits.services = 256;
	conf->limits.destinations = 4096;
	conf->limits.slots = 65537;
	conf->limits.history = 1000;
	conf->limits.probes = 16384;
	conf_logging_init(&conf->logging);
	(void)addr_parse("239.192.86.53", &conf->sync.group);
	conf->sync.port = 8653;
	conf->sync.ttl = 1;
	conf->sync.bandwidth = 20 * 1000 * 1000;
	conf->sync.cluster = xstrdup("vc5d");
	conf->sync.learn = 30 * 1000;
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	while (conf->interface_count > 0)
		free(conf->interfaces[--conf->interface_count]);
	while (conf->vlan_count > 0)
		free(conf->vlans[--conf->vlan_count].subnets);
	while (conf->service_count > 0)
		conf_service_clear(&conf->services[--conf->service_count]);
	while (conf->vip_count > 0)
		conf_bgp_clear(&conf->vips[--conf->vip_count]);
	free(conf->interfaces);
	free(conf->vlans);
	free(conf->services);
	free(conf->vips);
	free(conf->bgp.socket);
	free(conf->bgp.program);
	free(conf->sync.interface);
	free(conf->sync.key_file);
	free(conf->sync.cluster);
	free(conf->sync.instance);
	free(conf->block.file);
	conf_webserver_clear(&conf->webserver);
	conf_logging_clear(&conf->logging);
	free(conf->control);
	free(conf->control_readonly.path);
	free(conf->control_readonly.group);
	free(conf->state);
	free(conf->pin_directory);
	free(conf->probe.device);
	free(conf->masked);
	free(conf->file);
	free(conf);
}

void
conf_errors_clear(struct conf_errors *errors)
{
	while (errors->count > 0)
		free(errors->lines[--errors->count]);
	free(errors->lines);
	errors->lines = NULL;
}

/* A line about the file: of a place in it if line is not 0. */
static void
add_file_error(struct conf_errors *errors, const char *name, unsigned line,
    unsigned column, const char *message)
{
	char *file = json_escape(name, strlen(name));
	char *text = json_escape(message, strlen(message));
	char *c;

	/* Only what can't be shown has to be escaped here. */
	for (c = text; (c = strchr(c, '\\')) != NULL; c++)
		if (c[1] == '"' || c[1] == '\\')
			memmove(c, c + 1, strlen(c));
	if (line == 0)
		conf_error_line(errors, xasprintf("%s: %s", file, text));
	else
		conf_error_line(errors,
		    xasprintf("%s:%u:%u: syntax error: %s", file, line,
			column > 0 ? column : 1, text));
	free(file);
	free(text);
}

static void
add_nul_error(struct conf_errors *errors, const char *name, const char *text,
    const char *nul)
{
	unsigned line = 1;
	const char *start = text, *c;

	for (c = text; c < nul; c++) {
		if (*c == '\n') {
			line++;
			start = c + 1;
		}
	}
	add_file_error(errors, name, line, (unsigned)(nul - start) + 1,
	    "a NUL byte, in what should be text");
}

static bool
is_blank(const char *text, size_t len)
{
	while (len > 0 && memchr(" \t\r\n", text[len - 1], 4) != NULL)
		len--;
	return len == 0;
}

static json_t *
parse_json(
    const char *text, size_t len, const char *name, struct conf_errors *errors)
{
	const char *nul = memchr(text, '\0', len);
	json_error_t error;
	json_t *json;

	if (is_blank(text, len)) {
		add_file_error(errors, name, 0, 0, "is empty");
		return NULL;
	}
	if (nul != NULL) {
		add_nul_error(errors, name, text, nul);
		return NULL;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		add_file_error(errors, name, 1, 1,
		    "a byte order mark, which JSON must not have");
		return NULL;
	}
	/* Duplicate keys are found later, all of them: see json_locate.h */
	json = json_loadb(text, len, 0, &error);
	if (json == NULL)
		add_file_error(errors, name, (unsigned)error.line,
		    (unsigned)error.column,
		    strstr(error.text, "JSON_ALLOW_NUL") == NULL
			? error.text
			: "\\u0000 is not allowed");
	return json;
}

/* FNV-1a, of 64 bits. */
static uint64_t
digest_of(const char *text, size_t len)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < len; i++)
		digest = (digest ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return digest;
}

struct conf *
conf_parse(
    const char *text, size_t len, const char *name, struct conf_errors *errors)
{
	struct conf_reader reader = {.file = name};
	size_t before = errors->count;
	struct conf *conf;
	json_t *json;

	if ((json = parse_json(text, len, name, errors)) == NULL)
		return NULL;
	conf = conf_new(name);
	conf->digest = digest_of(text, len);
	conf_read_file(&reader, json, conf);
	conf_reader_finish(&reader, text, len, errors);
	if (errors->count == before)
		conf->masked = conf_mask(json);
	json_decref(json);
	if (errors->count > before) {
		conf_free(conf);
		return NULL;
	}
	return conf;
}

/* Up to max bytes, or -1 with errno. */
static ssize_t
read_all(int fd, char *text, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max && (n = read(fd, text + len, max - len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

struct conf *
conf_load(const char *path, struct conf_errors *errors)
{
	struct conf *conf = NULL;
	char *text = NULL;
	struct stat st;
	ssize_t len;
	/* Not to wait for a writer of a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1 || fstat(fd, &st) == -1) {
		add_file_error(errors, path, 0, 0, strerror(errno));
		goto cleanup;
	}
	if (!S_ISREG(st.st_mode)) {
		add_file_error(errors, path, 0, 0,
		    S_ISDIR(st.st_mode) ? "is a directory"
					: "is not a regular file");
		goto cleanup;
	}
	text = xcalloc(1, FILE_MAX + 2);
	len = read_all(fd, text, FILE_MAX + 1);
	if (len == -1)
		add_file_error(errors, path, 0, 0, strerror(errno));
	else if (len > FILE_MAX)
		add_file_error(errors, path, 0, 0, "is larger than 16 MiB");
	else
		conf = conf_parse(text, (size_t)len, path, errors);
cleanup:
	if (fd != -1)
		close(fd);
	free(text);
	return conf;
}
