/* SPDX-License-Identifier: ISC */

/*
 * What "logging" and "log_probes" become.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"

/* Backquotes stand for double quotes. */
static struct conf *
load(const char *text)
{
	struct conf_errors errors = {0};
	char *copy = xstrdup(text), *c;
	struct conf *conf;

	for (c = copy; (c = strchr(c, '`')) != NULL; c++)
		*c = '"';
	conf = conf_parse(copy, strlen(copy), "f", &errors);
	if (conf == NULL)
		fail_msg("%s", errors.lines[0]);
	free(copy);
	return conf;
}

#define TOP(x) "{`interfaces`:`eth0`,`services`:[]" x "}"

static void
nothing_is_shipped_unless_it_is_said(void **state)
{
	struct conf *conf = load(TOP(""));

	(void)state;
	assert_int_equal(conf->logging.level, CONF_LOG_UNSET);
	assert_false(conf->logging.json);
	assert_int_equal(conf->logging.elasticsearch.url_count, 0);
	assert_int_equal(conf->logging.webhook_count, 0);
	conf_free(conf);
}

static void
elasticsearch_has_defaults(void **state)
{
	struct conf *conf =
	    load(TOP(",`logging`:{`elasticsearch`:{`urls`:`https://es1`}}"));
	const struct conf_elasticsearch *es = &conf->logging.elasticsearch;

	(void)state;
	assert_int_equal(es->url_count, 1);
	assert_true(es->urls[0].tls);
	assert_string_equal(es->urls[0].host, "es1");
	assert_int_equal(es->urls[0].port, 443);
	assert_string_equal(es->urls[0].path, "");
	assert_string_equal(es->data_stream, "logs-vc5d-default");
	assert_null(es->user);
	assert_null(es->api_key_file);
	assert_true(es->trust.verify);
	assert_null(es->trust.ca);
	assert_int_equal(es->batch, 500);
	assert_int_equal(es->interval, 1000);
	assert_int_equal(es->timeout, 10000);
	assert_int_equal(es->queue_documents, 10000);
	assert_int_equal(es->queue_bytes, 16777216);
	conf_free(conf);
}

#define ALL                                                                  \
	",`logging`:{`level`:`verbose`,`format`:`json`,`elasticsearch`:{"    \
	"`urls`:[`http://127.0.0.1:9200/es/`,`https://[2001:db8::1]:9243`]," \
	"`data_stream`:`logs-lb.edge-prod_1`,`user`:`vc5d`,"                 \
	"`password_file`:`/p`,`ca`:`/ca`,`batch`:5,`interval`:`200ms`,"      \
	"`timeout`:3,`queue`:{`documents`:100,`bytes`:1048576}},"            \
	"`webhooks`:[{`name`:`a`,`type`:`slack`,`url_file`:`/u`},"           \
	"{`name`:`b`,`url`:`https://h/x?y=z`,`authorization_file`:`/t`,"     \
	"`template`:{`x`:`{{text}}`},`severity`:`high`,`recovery`:false,"    \
	"`rate`:60,`verify`:false,`timeout`:2}]}"

static void
all_keys_are_taken(void **state)
{
	struct conf *conf = load(TOP(ALL));
	const struct conf_elasticsearch *es = &conf->logging.elasticsearch;
	const struct conf_webhook *w = conf->logging.webhooks;

	(void)state;
	assert_int_equal(conf->logging.level, CONF_LOG_VERBOSE);
	assert_true(conf->logging.json);
	assert_int_equal(es->url_count, 2);
	assert_false(es->urls[0].tls);
	assert_string_equal(es->urls[0].path, "/es");
	assert_string_equal(es->urls[1].host, "2001:db8::1");
	assert_int_equal(es->urls[1].port, 9243);
	assert_string_equal(es->data_stream, "logs-lb.edge-prod_1");
	assert_string_equal(es->user, "vc5d");
	assert_string_equal(es->password_file, "/p");
	assert_string_equal(es->trust.ca, "/ca");
	assert_int_equal(es->batch, 5);
	assert_int_equal(es->interval, 200);
	assert_int_equal(es->queue_documents, 100);
	assert_int_equal(conf->logging.webhook_count, 2);
	assert_int_equal(w[0].type, WEBHOOK_SLACK);
	assert_string_equal(w[0].url_file, "/u");
	assert_true(w[0].recovery && w[0].trust.verify);
	assert_int_equal(w[0].severity, ALERT_LOW);
	assert_int_equal(w[0].rate, 6);
	assert_int_equal(w[1].type, WEBHOOK_JSON);
	assert_string_equal(w[1].url.path, "/x?y=z");
	assert_non_null(w[1].template);
	assert_int_equal(w[1].severity, ALERT_HIGH);
	assert_false(w[1].recovery || w[1].trust.verify);
	conf_free(conf);
}

static void
what_is_equal_is_told(void **state)
{
	struct conf *a = load(TOP(ALL)), *b = load(TOP(ALL)),
		    *other = load(TOP(",`logging`:{`elasticsearch`:{`urls`:"
				      "`https://es1`}}"));

	(void)state;
	assert_true(conf_elasticsearch_equal(
	    &a->logging.elasticsearch, &b->logging.elasticsearch));
	assert_false(conf_elasticsearch_equal(
	    &a->logging.elasticsearch, &other->logging.elasticsearch));
	assert_true(conf_webhook_equal(
	    &a->logging.webhooks[1], &b->logging.webhooks[1]));
	assert_false(conf_webhook_equal(
	    &a->logging.webhooks[0], &a->logging.webhooks[1]));
	json_object_set_new(
	    b->logging.webhooks[1].template, "x", json_string("other"));
	assert_false(conf_webhook_equal(
	    &a->logging.webhooks[1], &b->logging.webhooks[1]));
	conf_free(a);
	conf_free(b);
	conf_free(other);
}

/* Of a service's only check. */
#define SERVICE(entry, policy, check)                                       \
	"`services`:[{`name`:`a`,`virtual`:`192.0.2.1`,`servers`:["         \
	"`10.0.0.1`]," entry "`policy`:{`80`:{" policy "`checks`:[{`type`:" \
	"`tcp`" check "}]}}}]}"

static bool
logs_probes(const char *text)
{
	struct conf *conf = load(text);
	bool logs = conf->services[0].checks[0].log_probes;

	conf_free(conf);
	return logs;
}

static void
each_level_can_log_probes(void **state)
{
	(void)state;
	assert_false(logs_probes("{`interfaces`:`eth0`," SERVICE("", "", "")));
	assert_true(logs_probes(
	    "{`interfaces`:`eth0`,`log_probes`:true," SERVICE("", "", "")));
	assert_true(logs_probes(
	    "{`interfaces`:`eth0`," SERVICE("`log_probes`:true,", "", "")));
	assert_true(logs_probes(
	    "{`interfaces`:`eth0`," SERVICE("", "`log_probes`:true,", "")));
	assert_true(logs_probes(
	    "{`interfaces`:`eth0`," SERVICE("", "", ",`log_probes`:true")));
	assert_false(
	    logs_probes("{`interfaces`:`eth0`,`log_probes`:true," SERVICE(
		"", "`log_probes`:false,", "")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_shipped_unless_it_is_said),
	    cmocka_unit_test(elasticsearch_has_defaults),
	    cmocka_unit_test(all_keys_are_taken),
	    cmocka_unit_test(what_is_equal_is_told),
	    cmocka_unit_test(each_level_can_log_probes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
