/* SPDX-License-Identifier: ISC */

/*
 * "webserver", and the configuration as people may see it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

/* Backquotes stand for double quotes; keys has a comma at its end. */
static struct conf *
good(const char *keys)
{
	char *json = xasprintf("{%s`interfaces`:`eth0`,`services`:[]}", keys);
	struct conf_errors errors = {NULL, 0};
	struct conf *conf;
	char *c;

	for (c = json; (c = strchr(c, '`')) != NULL; c++)
		*c = '"';
	conf = conf_parse(json, strlen(json), "f", &errors);
	if (errors.count > 0)
		fail_msg("%s", errors.lines[0]);
	free(json);
	return conf;
}

static void
assert_listens(const struct conf *conf, const char *address, uint16_t port)
{
	char text[ADDR_STRLEN];

	assert_true(conf->webserver.enabled);
	assert_string_equal(
	    addr_format(&conf->webserver.address, text), address);
	assert_int_equal(conf->webserver.port, port);
}

static void
it_has_several_forms(void **state)
{
	static const struct {
		const char *keys, *address;
		uint16_t port;
	} forms[] = {
	    {"", "127.0.0.1", 9353},
	    {"`webserver`:true,", "127.0.0.1", 9353},
	    {"`webserver`:`127.255.0.1:1`,", "127.255.0.1", 1},
	    {"`webserver`:`[::1]:65535`,", "::1", 65535},
	    {"`webserver`:{},", "127.0.0.1", 9353},
	    {"`webserver`:{`listen`:`[::]:80`,`insecure`:true},", "::", 80},
	    {"`webserver`:{`listen`:`:80`,`insecure`:true},", "0.0.0.0", 80},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		conf = good(forms[i].keys);
		assert_listens(conf, forms[i].address, forms[i].port);
		assert_true(conf_webserver_open(&conf->webserver));
		conf_free(conf);
	}
	conf = good("`webserver`:false,");
	assert_false(conf->webserver.enabled);
	conf_free(conf);
}

static void
access_is_read(void **state)
{
	struct conf *conf =
	    good("`webserver`:{`listen`:`192.0.2.9:443`,`certificate`:`/c`,"
		 "`key`:`/k`,`users`:{`ann`:`$y$j9T$x$y`,`bob`:`$6$s$h`},"
		 "`users_file`:`/u`,`token_file`:`/t`,"
		 "`per_address`:64},");
	const struct conf_webserver *web = &conf->webserver;

	(void)state;
	assert_listens(conf, "192.0.2.9", 443);
	assert_string_equal(web->certificate, "/c");
	assert_string_equal(web->key, "/k");
	assert_int_equal(web->user_count, 2);
	assert_string_equal(web->users[0].name, "ann");
	assert_string_equal(web->users[0].hash, "$y$j9T$x$y");
	assert_string_equal(web->users[1].name, "bob");
	assert_string_equal(web->users_file, "/u");
	assert_string_equal(web->token_file, "/t");
	assert_int_equal(web->per_address, 64);
	assert_false(web->insecure);
	assert_false(conf_webserver_open(web));
	conf_free(conf);
}

static void
one_way_in_is_enough(void **state)
{
	static const char *const ways[] = {
	    "`users`:{`ann`:`$y$j9T$x$y`}",
	    "`users_file`:`/u`",
	    "`token_file`:`/t`",
	};
	struct conf *conf;
	char *keys;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		keys = xasprintf("`webserver`:{`listen`:`:443`,"
				 "`certificate`:`/c`,%s},",
		    ways[i]);
		conf = good(keys);
		assert_false(conf_webserver_open(&conf->webserver));
		conf_free(conf);
		free(keys);
	}
}

/* Is it the same server, as far as listening goes? */
static void
assert_same(const char *a, const char *b, bool same)
{
	struct conf *one = good(a), *other = good(b);

	assert_int_equal(
	    conf_webserver_equal(&one->webserver, &other->webserver), same);
	conf_free(one);
	conf_free(other);
}

static void
differences_are_seen(void **state)
{
	(void)state;
	assert_same("", "`webserver`:true,", true);
	assert_same(
	    "`webserver`:`127.0.0.1:1`,", "`webserver`:`127.0.0.1:2`,", false);
	assert_same(
	    "`webserver`:`127.0.0.1:1`,", "`webserver`:`127.0.0.2:1`,", false);
	assert_same("`webserver`:{`certificate`:`/a`},",
	    "`webserver`:{`certificate`:`/b`},", true);
	assert_same("`webserver`:{`certificate`:`/a`,`key`:`/b`},", "", true);
	assert_same("`webserver`:{`per_address`:8},", "", true);
	assert_same("`webserver`:{`token_file`:`/a`},", "", true);
}

static void
assert_masked(const char *keys, const char *expected)
{
	struct conf *conf = good(keys);
	json_t *masked = conf_masked(conf);
	char *text, *c;

	json_object_del(masked, "interfaces");
	json_object_del(masked, "services");
	text = json_dumps(masked, JSON_COMPACT);
	for (c = text; (c = strchr(c, '"')) != NULL; c++)
		*c = '`';
	assert_string_equal(text, expected);
	free(text);
	json_decref(masked);
	conf_free(conf);
}

static void
secrets_are_masked(void **state)
{
	(void)state;
	assert_masked(
	    "`stop_delay`:2,`path`:`/a`,", "{`stop_delay`:2,`path`:`/a`}");
	assert_masked("`webserver`:{`users`:{`ann`:`$6$s$h`},"
		      "`token_file`:`/t`,`certificate`:`/c`,`key`:`/k`},",
	    "{`webserver`:{`users`:{`ann`:`********`},`token_file`:`/t`,"
	    "`certificate`:`/c`,`key`:`/k`}}");
	assert_masked("`headers`:{`Authorization`:`Basic YTpi`,`Accept`:`*`,"
		      "`X-API-Key`:`k`,`set-cookies`:`c`},",
	    "{`headers`:{`Authorization`:`********`,`Accept`:`*`,"
	    "`X-API-Key`:`********`,`set-cookies`:`********`}}");
}

/* Keys that conf_parse() does not know as yet, or knows elsewhere. */
static void
assert_mask(const char *json, const char *expected)
{
	char *wanted = xstrdup(expected), *text = xstrdup(json), *c, *masked;
	json_t *value;

	for (c = text; (c = strchr(c, '`')) != NULL; c++)
		*c = '"';
	for (c = wanted; (c = strchr(c, '`')) != NULL; c++)
		*c = '"';
	value = json_loads(text, 0, NULL);
	assert_non_null(value);
	masked = conf_mask(value);
	assert_string_equal(masked, wanted);
	free(masked);
	json_decref(value);
	free(text);
	free(wanted);
}

static void
secrets_anywhere_are_masked(void **state)
{
	(void)state;
	assert_mask("{`a`:[{`send`:`AUTH x\\\\r\\\\n`,`receive`:`+OK`}]}",
	    "{`a`:[{`send`:`********`,`receive`:`+OK`}]}");
	assert_mask("{`Password`:1,`secret`:{`a`:[`b`,null]},`API_key`:`k`}",
	    "{`Password`:`********`,`secret`:{`a`:[`********`,`********`]},"
	    "`API_key`:`********`}");
	assert_mask("{`password_file`:`/p`,`api_key_file`:`/k`}",
	    "{`password_file`:`/p`,`api_key_file`:`/k`}");
	assert_mask("{`description`:`see https://me:pw@h/p?q`}",
	    "{`description`:`see https://********@h/p?********`}");
	assert_mask("{`addresses`:[`https://u:p@e1:9200/x`,`http://e2`]}",
	    "{`addresses`:[`https://********@e1:9200/x`,`http://e2`]}");
	assert_mask("{`webhooks`:[{`url`:`https://hooks.slack.com/services/T`,"
		    "`name`:`a`},{`url`:`http://u@h`},{`url`:`http://h/`}]}",
	    "{`webhooks`:[{`url`:`https://hooks.slack.com/********`,"
	    "`name`:`a`},{`url`:`http://********@h`},"
	    "{`url`:`http://h/********`}]}");
	assert_mask("{`path`:`/a?token=x&b&c=`,`x`:{`path`:`/run/a.sock`}}",
	    "{`path`:`/a?token=********&********&c=********`,"
	    "`x`:{`path`:`/run/a.sock`}}");
	assert_mask("{`description`:`see http://h/p?a=b, and so on`}",
	    "{`description`:`see http://h/p?a=******** and so on`}");
	assert_mask("{`headers`:{`A`:`bearer x`,`B`:`basics`,`X-Session`:`s`}}",
	    "{`headers`:{`A`:`********`,`B`:`basics`,`X-Session`:`********`}}");
	assert_mask(
	    "{`command`:[`/c`,`--password`,`x`,`--token=y`,`-v`,`-n`,`z`,"
	    "`http://u@h/?q=1`,`--auth`,`--all`,1]}",
	    "{`command`:[`/c`,`--password`,`********`,`--token=********`,`-v`,"
	    "`-n`,`z`,`http://********@h/?q=********`,`--auth`,`--all`,1]}");
	assert_mask("{`webhooks`:[{`headers`:{`X-Token`:`t`,`A`:`b://c/d`}}]}",
	    "{`webhooks`:[{`headers`:{`X-Token`:`********`,`A`:`b://c/d`}}]}");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_has_several_forms),
	    cmocka_unit_test(access_is_read),
	    cmocka_unit_test(one_way_in_is_enough),
	    cmocka_unit_test(differences_are_seen),
	    cmocka_unit_test(secrets_are_masked),
	    cmocka_unit_test(secrets_anywhere_are_masked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf_webserver", tests, NULL, NULL);
}
