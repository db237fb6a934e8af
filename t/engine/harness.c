/* SPDX-License-Identifier: ISC */

/*
 * See harness.h.  What is logged goes to a file, and on to standard error
 * when a test is over.
 */

#include "harness.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "fakes_control.h"
#include "fakes_ship.h"
#include "fakes_state.h"
#include "fakes_web.h"

char file[] = "/tmp/vc5d-engine-XXXXXX";
struct event_base *base;
struct engine *engine;
const char *more = "", *listed = ETH0, *bgp_keys = "{}";

static int log_fd, error_fd;
static off_t log_read;

void
write_conf(const char *services)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fprintf(f,
	    "{\"interfaces\": [%s], \"bgp\": %s, \"stop_delay\": 0.2,"
	    " \"interval\": 0.1, \"timeout\": 0.1, \"rise\": 2, \"fall\": 3,"
	    " %s \"services\": [%s]}",
	    listed, bgp_keys, more, services);
	assert_int_equal(fclose(f), 0);
}

void
reload(const char *services)
{
	write_conf(services);
	assert_int_equal(engine_reload(engine), 0);
}

void
prepare(const char *services)
{
	struct conf_errors errors = {0};
	struct conf *conf;

	write_conf(services);
	conf = conf_load(file, &errors);
	if (conf == NULL)
		fail_msg("%s", errors.lines[0]);
	base = event_base_new();
	assert_non_null(base);
	engine = engine_new(base, fake_dataplane(), conf);
	assert_non_null(engine);
}

void
start(const char *services)
{
	prepare(services);
	engine_start(engine);
}

#define MANY                                                                 \
	"{\"name\": \"many\", \"virtual\": \"" VIP6 "\", \"servers\": [%s]," \
	"\"policy\": {\"53/udp\": {\"checks\": []}}}"

void
start_many(unsigned count)
{
	char servers[2048] = "", *many, *conf;
	size_t len = 0;
	unsigned i;

	for (i = 1; i <= count; i++)
		len += (size_t)snprintf(servers + len, sizeof(servers) - len,
		    "%s\"2001:db8:1::%x\"", i > 1 ? "," : "", i);
	many = xasprintf(MANY, servers);
	conf = xasprintf("%s,%s", SERVICE_WEB, many);
	start(conf);
	free(conf);
	free(many);
}

json_t *
engine_document(void)
{
	json_t *document =
	    json_loads(fake_ask("{'command': 'status'}"), 0, NULL);

	assert_non_null(document);
	return document;
}

bool
has_problem(const char *text)
{
	json_t *document = engine_document(), *line;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(document, "problems"), i, line) {
		if (strncmp(json_string_value(line), text, strlen(text)) == 0)
			found = true;
	}
	json_decref(document);
	return found;
}

bool
was_logged(const char *part)
{
	struct stat st;
	bool found;
	char *text;
	size_t count;

	assert_int_equal(fstat(log_fd, &st), 0);
	count = (size_t)(st.st_size - log_read);
	text = xcalloc(1, count + 1);
	assert_int_equal(pread(log_fd, text, count, log_read), count);
	log_read += (off_t)count;
	/* Whole lines, so that those of TAP stay whole as well. */
	if (write(error_fd, text, count) != (ssize_t)count)
		abort();
	found = strstr(text, part) != NULL;
	free(text);
	return found;
}

int
setup(void **state)
{
	(void)state;
	more = "";
	listed = ETH0;
	bgp_keys = "{}";
	fakes_reset();
	fakes_state_reset();
	fake_control_reset();
	fake_ship_reset();
	fake_web_reset();
	return 0;
}

int
teardown(void **state)
{
	(void)state;
	engine_free(engine);
	engine = NULL;
	event_base_free(base);
	was_logged("");
	if (record.probes_running != 0)
		return -1;
	fakes_reset();
	fakes_state_reset();
	fake_control_reset();
	fake_ship_reset();
	fake_web_reset();
	return 0;
}

int
run_engine_tests_of(const struct CMUnitTest *tests, size_t count)
{
	int fd, failed;

	error_fd = dup(STDERR_FILENO);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	if (error_fd == -1 || log_fd == -1 || dup2(log_fd, STDERR_FILENO) == -1)
		return 1;
	log_open("engine", 1, LOG_NORMAL);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if ((fd = mkstemp(file)) == -1)
		return 1;
	close(fd);
	failed = _cmocka_run_group_tests("engine", tests, count, NULL, NULL);
	unlink(file);
	return failed;
}
