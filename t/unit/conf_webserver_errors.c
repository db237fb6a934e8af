/* SPDX-License-Identifier: ISC */

/*
 * What is said about mistakes in "webserver": the exact lines.
 */

#include "t/unit/conf_cases.h"

/* Files with one part left open, which is on a line of its own. */
#define TOP(x)	     "{`interfaces`:`eth0`,`services`:[],\n`webserver`:" x "}"
#define NOT_ENDPOINT " is not ADDRESS:PORT, [IPV6]:PORT or :PORT\n"
#define SO_IT_NEEDS  "others can reach 192.0.2.1, so it needs "
#define OR_INSECURE  "; or `insecure`: true, if something else keeps them out\n"
#define NO_HASH                                                      \
	"is not a password's hash as of crypt(3), such as `openssl " \
	"passwd -6` prints\n"

static const struct conf_case cases[] = {
    {TOP("`localhost:80`"), "2:13: webserver: `localhost:80`" NOT_ENDPOINT},
    {TOP("`192.0.2.1`"), "2:13: webserver: `192.0.2.1`" NOT_ENDPOINT},
    {TOP("`192.0.2.1:0`"), "2:13: webserver: `192.0.2.1:0`" NOT_ENDPOINT},
    {TOP("`::1:80`"), "2:13: webserver: `::1:80`" NOT_ENDPOINT},
    {TOP("`[192.0.2.1]:80`"), "2:13: webserver: `[192.0.2.1]:80`" NOT_ENDPOINT},
    {TOP("{`listen`:`80`}"), "2:23: webserver.listen: `80`" NOT_ENDPOINT},
    {TOP("80"),
	"2:13: webserver: expected `ADDRESS:PORT`, true, false or an object, "
	"got the integer 80\n"},
    {TOP("{`listen`:true}"),
	"2:23: webserver.listen: expected a string, got true\n"},
    {TOP("{`liste`:``}"),
	"2:14: webserver.liste: unknown key, did you mean `listen`?\n"},
    {TOP("`192.0.2.1:80`"),
	"2:13: webserver: " SO_IT_NEEDS
	"`certificate`, and `users`, `users_file` or `token_file`" OR_INSECURE},
    {TOP("{`listen`:`192.0.2.1:80`,`insecure`:false}"),
	"2:13: webserver: " SO_IT_NEEDS
	"`certificate`, and `users`, `users_file` or `token_file`" OR_INSECURE},
    {TOP("`:80`"),
	"2:13: webserver: others can reach 0.0.0.0, so it needs "
	"`certificate`, and `users`, `users_file` or `token_file`" OR_INSECURE},
    {TOP("`[::]:80`"),
	"2:13: webserver: others can reach ::, so it needs "
	"`certificate`, and `users`, `users_file` or `token_file`" OR_INSECURE},
    {TOP("{`listen`:`192.0.2.1:80`,`token_file`:`/t`}"),
	"2:13: webserver: " SO_IT_NEEDS "`certificate`" OR_INSECURE},
    {TOP("{`listen`:`192.0.2.1:80`,`certificate`:`/c`}"),
	"2:13: webserver: " SO_IT_NEEDS
	"`users`, `users_file` or `token_file`" OR_INSECURE},
    {TOP("{`certificate`:`c.pem`,`key`:`/k`}"),
	"2:28: webserver.certificate: `c.pem` is not an absolute path\n"},
    {TOP("{`key`:`/k`}"),
	"2:13: webserver.certificate: is required, and missing\n"},
    {TOP("{`insecure`:1}"),
	"2:25: webserver.insecure: expected true or false, got the integer "
	"1\n"},
    {TOP("{`per_address`:7}"),
	"2:28: webserver.per_address: 7 is not in the range 8 to 64\n"},
    {TOP("{`per_address`:65}"),
	"2:28: webserver.per_address: 65 is not in the range 8 to 64\n"},
    {TOP("{`users`:{}}"), "2:22: webserver.users: must have 1 to 64 names\n"},
    {TOP("{`users`:[`ann`]}"),
	"2:22: webserver.users: expected an object, got an array\n"},
    {TOP("{`users`:{`ann:`:`$6$a$b`}}"),
	"2:23: webserver.users[`ann:`]: is not a name: 1 to 63 of the "
	"characters A-Z a-z 0-9 _ . -\n"},
    {TOP("{`users`:{`ann`:1}}"),
	"2:29: webserver.users.ann: expected a string, got the integer 1\n"},
    {TOP("{`users`:{`ann`:`swordfish`}}"),
	"2:29: webserver.users.ann: " NO_HASH},
    {TOP("{`users`:{`ann`:`$swordfish`}}"),
	"2:29: webserver.users.ann: " NO_HASH},
    {TOP("{`users`:{`ann`:`$6$a$b:c`}}"),
	"2:29: webserver.users.ann: " NO_HASH},
    {TOP("{`users`:{`ann`:`$6$a b$c`}}"),
	"2:29: webserver.users.ann: " NO_HASH},
};

int
main(void)
{
	return conf_cases_run(
	    "conf_webserver_errors", cases, sizeof(cases) / sizeof(cases[0]));
}
