/* SPDX-License-Identifier: ISC */

/*
 * The log as lines of JSON, whatever a message has in it, and how much of it
 * there is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/log.h"
#include "log_reader.h"

static int saved, reader;

static int
setup(void **state)
{
	(void)state;
	saved = dup(2);
	reader = standard_error();
	log_open("test", 1, LOG_NORMAL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_set_json(false);
	log_open("test", 1, LOG_NORMAL);
	dup2(saved, 2);
	close(saved);
	close(reader);
	return 0;
}

/* The message of a line, which must be all there is: copied. */
static const char *
message_of(const char *line)
{
	static char text[2048];
	json_t *o;

	if (strchr(line, '\n') != line + strlen(line) - 1)
		fail_msg("not a line: %s", line);
	o = json_loads(line, 0, NULL);
	if (o == NULL)
		fail_msg("not JSON: %s", line);
	snprintf(text, sizeof(text), "%s",
	    json_string_value(json_object_get(o, "message")));
	json_decref(o);
	return text;
}

static void
each_message_is_a_line(void **state)
{
	char text[4096];

	(void)state;
	log_set_json(true);
	log_warnx("a \"b\"\n\x1b[31m%s", "\xc3\xa4");
	assert_string_equal(
	    message_of(drain(reader)), "a \"b\"\n\x1b[31m\xc3\xa4");
	log_never_wait();
	log_notice("not waited for");
	assert_string_equal(message_of(drain(reader)), "not waited for");
	/* Each of these takes six characters. */
	memset(text, 1, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_warnx("%s", text);
	assert_int_equal(strlen(message_of(drain(reader))), 1023);
	log_set_json(false);
	log_warnx("text again");
	assert_non_null(strstr(drain(reader), " test: text again\n"));
}

static void
verbosity_is_changed(void **state)
{
	(void)state;
	log_debug("one");
	log_set_verbosity(LOG_VERBOSE);
	assert_int_equal(log_get_verbosity(), LOG_VERBOSE);
	log_debug("two");
	log_set_verbosity(LOG_NORMAL);
	log_debug("three");
	assert_non_null(strstr(drain(reader), "test: two\n"));
	assert_string_equal(drain(reader), "");
}

/* In a /dev of one's own: the exit status. */
static int
log_to_syslogd(void)
{
	const char *text;
	int fd = syslogd(), i;

	if (fd == -1)
		return SKIP;
	log_open("test", 0, LOG_NORMAL);
	log_set_json(true);
	for (i = 0; i < 2; i++) { /* by syslog(3), and by ourselves */
		log_warnx("to syslogd");
		text = strchr(drain(fd), '{');
		if (text == NULL ||
		    strstr(text, "\"message\":\"to syslogd\"") == NULL)
			return i + 1;
		log_never_wait();
	}
	return 0;
}

static void
syslogd_gets_json(void **state)
{
	(void)state;
	in_a_child(log_to_syslogd);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_message_is_a_line),
	    TEST(verbosity_is_changed),
	    cmocka_unit_test(syslogd_gets_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
