/* SPDX-License-Identifier: ISC */

/*
 * What is said about mistakes in "logging" and "log_probes".  The exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which is on a line of its own. */
#define TOP(x)	   "{`interfaces`:`eth0`,`services`:[],\n" x "}"
#define LOGGING(x) TOP("`logging`:{" x "}")
#define ES(x)	   LOGGING("`elasticsearch`:{" x "}")
/* With what it needs. */
#define ES_WITH(x)   ES("`urls`:`https://es1`," x)
#define HOOKS(x)     LOGGING("`webhooks`:[" x "]")
#define HOOK(x)	     HOOKS("{" x "}")
#define HOOK_WITH(x) HOOK("`name`:`a`,`url`:`https://h/x`," x)

static const struct conf_case cases[] = {
    {TOP("`logging`:true"), "2:11: logging: expected an object, got true\n"},
    {LOGGING("`level`:`debug`"),
	"2:20: logging.level: `debug` is not one of: brief, verbose\n"},
    {LOGGING("`level`:7"),
	"2:20: logging.level: expected a string, got the integer 7\n"},
    {LOGGING("`format`:`xml`"),
	"2:21: logging.format: `xml` is not one of: text, json\n"},
    {LOGGING("`elastic`:{}"), "2:12: logging.elastic: unknown key\n"},
    {LOGGING("`webhook`:[]"),
	"2:12: logging.webhook: unknown key, did you mean `webhooks`?\n"},
    {ES(""), "2:28: logging.elasticsearch.urls: is required, and missing\n"},
    {ES("`urls`:7"),
	"2:36: logging.elasticsearch.urls: expected a URL or an array of "
	"them, got the integer 7\n"},
    {ES("`urls`:[]"),
	"2:36: logging.elasticsearch.urls: must have 1 to 16 URLs\n"},
    {ES("`urls`:[`es1:9200`,`ftp://es2`]"),
	"2:37: logging.elasticsearch.urls[0]: does not begin with "
	"http:// or https://\n"
	"2:48: logging.elasticsearch.urls[1]: does not begin with "
	"http:// or https://\n"},
    {ES("`urls`:`https://`"),
	"2:36: logging.elasticsearch.urls: has no host in it, such "
	"as es1.example.net, 10.0.0.1 or [2001:db8::1]\n"},
    {ES("`urls`:`https://[10.0.0.1]`"),
	"2:36: logging.elasticsearch.urls: has no host "
	"in it, such as es1.example.net, 10.0.0.1 or [2001:db8::1]\n"},
    {ES("`urls`:`https://2001:db8::1`"),
	"2:36: logging.elasticsearch.urls: has a port "
	"that is not in the range 1 to 65535\n"},
    {ES("`urls`:`https://es1:0`"),
	"2:36: logging.elasticsearch.urls: has a port that is "
	"not in the range 1 to 65535\n"},
    {ES("`urls`:`https://es1:99999`"),
	"2:36: logging.elasticsearch.urls: has a port that "
	"is not in the range 1 to 65535\n"},
    {ES("`urls`:`https://me:secret@es1`"),
	"2:36: logging.elasticsearch.urls: has a user "
	"in it: there are keys for that\n"},
    {ES("`urls`:`https://es1/a?b`"),
	"2:36: logging.elasticsearch.urls: has a query, "
	"which can't be\n"},
    {ES("`urls`:`https://es1/#a`"),
	"2:36: logging.elasticsearch.urls: has a fragment, "
	"which servers never see\n"},
    {ES("`urls`:`https://es1/a b`"),
	"2:36: logging.elasticsearch.urls: has a character "
	"that is not printable ASCII, or a space\n"},
    {ES_WITH("`data_stream`:`vc5d`"),
	"2:64: logging.elasticsearch.data_stream: `vc5d` is not the name of a "
	"data stream such as `logs-vc5d-default`\n"},
    {ES_WITH("`data_stream`:`logs-Vc5d-x`"),
	"2:64: logging.elasticsearch.data_stream: `logs-Vc5d-x` is not the "
	"name of a data stream such as `logs-vc5d-default`\n"},
    {ES_WITH("`data_stream`:`logs-a-b-c`"),
	"2:64: logging.elasticsearch.data_stream: `logs-a-b-c` is not the "
	"name of a data stream such as `logs-vc5d-default`\n"},
    {ES_WITH("`user`:`me`"),
	"2:28: logging.elasticsearch.password_file: is required, and "
	"missing\n"},
    {ES_WITH("`password_file`:`/p`"),
	"2:28: logging.elasticsearch.user: is required, and missing\n"},
    {ES_WITH("`user`:`a:b`,`password_file`:`/p`"),
	"2:28: logging.elasticsearch.user: is required, and missing\n"
	"2:57: logging.elasticsearch.user: `a:b` has a colon in it\n"},
    {ES_WITH("`user`:`me`,`password_file`:`/p`,`api_key_file`:`/k`"),
	"2:12: logging.elasticsearch: can't have both a user and an "
	"`api_key_file`\n"},
    {ES_WITH("`api_key_file`:`k`"),
	"2:65: logging.elasticsearch.api_key_file: `k` is not an absolute "
	"path\n"},
    {ES("`urls`:[`http://127.0.0.1`,`http://es1`],`api_key_file`:`/k`"),
	"2:36: logging.elasticsearch.urls: credentials would be sent to es1 "
	"without encryption: use https\n"},
    {ES_WITH("`verify`:false,`ca`:`/ca`"),
	"2:12: logging.elasticsearch: `ca` has no effect without `verify`\n"},
    {ES_WITH("`batch`:0,`interval`:0,`timeout`:`3m`"),
	"2:58: logging.elasticsearch.batch: 0 is not in the range 1 to 5000\n"
	"2:71: logging.elasticsearch.interval: 0 is not in the range 0.1 to 60 "
	"seconds\n"
	"2:83: logging.elasticsearch.timeout: 180 is not in the range 1 to 120 "
	"seconds\n"},
    {ES_WITH("`queue`:{`documents`:1,`bytes`:1,`x`:1}"),
	"2:71: logging.elasticsearch.queue.documents: 1 is not in the range "
	"100 to 1000000\n"
	"2:81: logging.elasticsearch.queue.bytes: 1 is not in the range "
	"1048576 to 1073741824\n"
	"2:83: logging.elasticsearch.queue.x: unknown key\n"},
    {HOOKS("7"),
	"2:24: logging.webhooks[0]: expected an object, got the integer 7\n"},
    {HOOK(""),
	"2:24: logging.webhooks[0].name: is required, and missing\n"
	"2:24: logging.webhooks[0].url: is required, and missing\n"},
    {HOOK("`name`:`a b`,`url_file`:`u`"),
	"2:32: logging.webhooks[0].name: `a b` is not a name: 1 to 63 of the "
	"characters A-Z a-z 0-9 _ . -\n"
	"2:49: logging.webhooks[0].url_file: `u` is not an absolute path\n"},
    {HOOK("`name`:`a`,`url`:`https//h/secret`"),
	"2:42: logging.webhooks[0].url: does not begin with http:// or "
	"https://\n"},
    {HOOK_WITH("`url_file`:`/u`"),
	"2:24: logging.webhooks[0]: can't have both a `url` and a "
	"`url_file`\n"},
    {HOOK_WITH("`type`:`irc`"),
	"2:63: logging.webhooks[0].type: `irc` is not one of: slack, teams, "
	"json\n"},
    {HOOK_WITH("`type`:`slack`,`template`:{}"),
	"2:24: logging.webhooks[0]: `template` has no effect with this "
	"`type`: only with `json`\n"},
    {HOOK_WITH("`template`:`{{text}}`"),
	"2:67: logging.webhooks[0].template: expected an object or an array, "
	"got the string `{{text}}`\n"},
    {HOOK_WITH("`template`:{`a`:[1,{`b`:`{{text}} {{wrong}}`}]}"),
	"2:80: logging.webhooks[0].template.a[1].b: {{wrong}} is none of the "
	"fields title, text, state, severity, id, count, host and time\n"},
    {HOOK_WITH("`severity`:`worst`,`rate`:0"),
	"2:67: logging.webhooks[0].severity: `worst` is not one of: critical, "
	"high, medium, low\n"
	"2:82: logging.webhooks[0].rate: 0 is not in the range 1 to 600\n"},
    {HOOK_WITH("`recovery`:1"),
	"2:67: logging.webhooks[0].recovery: expected true or false, got the "
	"integer 1\n"},
    {HOOK_WITH("`verify`:false,`ca`:`/ca`"),
	"2:24: logging.webhooks[0]: `ca` has no effect without `verify`\n"},
    {HOOK("`name`:`a`,`url`:`http://h`,`authorization_file`:`/a`"),
	"2:24: logging.webhooks[0]: credentials would be sent to h without "
	"encryption: use https\n"},
    {HOOKS("{`name`:`a`,`url`:`https://h`},{`name`:`a`,`url`:`https://i`}"),
	"2:55: logging.webhooks[1]: there is another one named `a`\n"},
    {TOP("`log_probes`:`all`"),
	"2:14: log_probes: expected true or false, got the string `all`\n"},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_logging_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
