/* SPDX-License-Identifier: ISC */

/*
 * Checks by a command: what it is given, what comes of it, and that nothing of
 * it stays.
 */

#include <sys/prctl.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"
#include "check_server.h"

static char shell[] = "/bin/sh", option[] = "-c", nobody[] = "nobody";

/* By which the processes of this test are known. */
static char mark[32];

/* How often a user was looked up that there is not. */
static unsigned asked_for_nobody;

/* In place of the C library's, so that it can be counted. */
struct passwd *
getpwnam(const char *name)
{
	static struct passwd entry;
	static char bytes[4096];
	struct passwd *found = NULL;

	getpwnam_r(name, &entry, bytes, sizeof(bytes), &found);
	asked_for_nobody += found == NULL;
	return found;
}

struct command {
	char *argv[4];
	struct conf_check conf;
};

static void
command_set(struct command *command, const char *script)
{
	command->argv[0] = shell;
	command->argv[1] = option;
	command->argv[2] = (char *)(uintptr_t)script;
	command->argv[3] = NULL;
	command->conf = make_conf(CHECK_EXEC, 53);
	command->conf.timeout = 10000;
	command->conf.exec.argv = command->argv;
	command->conf.exec.user = nobody;
}

static void
run(const char *script, enum check_outcome outcome, const char *detail,
    const char *output)
{
	struct check_target target = {
	    .vip = loopback(AF_INET), .protocol = IPPROTO_UDP};
	struct command command;
	struct outcome result;

	addr_parse("192.0.2.7", &target.server);
	command_set(&command, script);
	start(&command.conf, &target, &result);
	expect_result(&result, outcome, detail);
	if (output != NULL)
		assert_string_equal(result.result.received, output);
}

static void
test_outcomes(void **state)
{
	(void)state;
	run("true", CHECK_PASSED, "", "");
	run("echo fine; echo indeed >&2", CHECK_PASSED, "fine",
	    "fine\\nindeed\\n");
	run("exit 3", CHECK_BAD_EXIT, "exit status 3", "");
	run("echo 'no disk' >&2; exit 1", CHECK_BAD_EXIT,
	    "exit status 1: no disk", "no disk\\n");
	run("printf 'a\\033[31mb'; exit 1", CHECK_BAD_EXIT,
	    "exit status 1: a?[31mb", "a\\x1b[31mb");
	run("sh -c 'kill -9 $$'; exit $?", CHECK_BAD_EXIT, "exit status 137",
	    NULL);
	run("cat; echo read", CHECK_PASSED, "read", "read\\n");
}

/* More than is kept of it does no harm, nor does it block the command. */
static void
test_output(void **state)
{
	(void)state;
	run("dd if=/dev/zero bs=65536 count=64 2>/dev/null | tr '\\0' x; "
	    "exit 1",
	    CHECK_BAD_EXIT, "exit status 1: xxxx", NULL);
	run("printf '%%s%%n%%s'; exit 1", CHECK_BAD_EXIT,
	    "exit status 1: %s%n%s", NULL);
}

static void
test_environment(void **state)
{
	(void)state;
	run("echo $VC5_ADDRESS $VC5_VIP $VC5_PROTOCOL $VC5_PORT", CHECK_PASSED,
	    "192.0.2.7 127.0.0.1 udp 53", NULL);
	setenv("SECRET", "x", 1);
	run("env | grep -c '^SECRET'", CHECK_BAD_EXIT, "exit status 1: 0",
	    NULL);
	run("id -u; id -G", CHECK_PASSED, "65534", "65534\\n65534\\n");
	run("pwd", CHECK_PASSED, "/", "/\\n");
	run("echo $$", CHECK_PASSED, "1", "1\\n");
	run("grep -E '^(NoNewPrivs|SigBlk|SigIgn|CapPrm)' /proc/self/status",
	    CHECK_PASSED, "SigBlk:",
	    "SigBlk:\\t0000000000000000\\nSigIgn:\\t0000000000000000\\n"
	    "CapPrm:\\t0000000000000000\\nNoNewPrivs:\\t1\\n");
	run("cat /etc/shadow", CHECK_BAD_EXIT, "exit status 1", NULL);
}

/* Descriptors of this process, and also those that are not close-on-exec. */
static void
test_descriptors(void **state)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	run("ls /proc/self/fd", CHECK_PASSED, "0", "0\\n1\\n2\\n3\\n");
	close(fd);
}

static bool
is_marked(const char *pid)
{
	char path[300], line[256] = "";
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	if ((file = fopen(path, "r")) == NULL)
		return false;
	length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	return memmem(line, length, mark, strlen(mark)) != NULL;
}

/* Processes that are known by the mark. */
static unsigned
count_marked(void)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_marked(entry->d_name))
			count++;
	closedir(directory);
	return count;
}

/* What no event tells of. */
static bool
wait_looking(bool (*holds)(const void *), const void *arg)
{
	unsigned i;

	for (i = 0; i < GUARD * 100; i++) {
		if (holds(arg))
			return true;
		turn(10);
	}
	return false;
}

static bool
three_are_marked(const void *arg)
{
	(void)arg;
	return count_marked() >= 3;
}

static bool
none_is_marked(const void *arg)
{
	(void)arg;
	return count_marked() == 0;
}

/* Everything is closed again, and the commands were waited for. */
static bool
all_is_closed(const void *before)
{
	return fd_count() == *(const unsigned *)before &&
	    waitpid(-1, NULL, WNOHANG) == -1;
}

/*
 * A command with a child and one that has got away: into a session of its own,
 * deaf to signals, its parent dead.
 */
static void
spawn_family(struct command *command, char *script, size_t size)
{
	snprintf(script, size,
	    "(trap '' TERM HUP INT; setsid sh -c 'sleep 1000; : %s' &) & "
	    "sh -c 'sleep 1000; : %s' & sleep 1000; : %s",
	    mark, mark, mark);
	command_set(command, script);
}

static void
test_timeout(void **state)
{
	struct command command;
	struct outcome result;
	char script[512];
	unsigned before = fd_count();

	(void)state;
	spawn_family(&command, script, sizeof(script));
	command.conf.timeout = 3000;
	start(&command.conf, NULL, &result);
	assert_true(wait_looking(three_are_marked, NULL));
	assert_true(wait_until(has_result, &result, GUARD));
	assert_int_equal(result.result.outcome, CHECK_TIMEOUT);
	assert_string_equal(result.result.detail, "killed after 3000 ms");
	assert_true(wait_looking(none_is_marked, NULL));
	assert_true(wait_looking(all_is_closed, &before));
}

/* What the command leaves running goes when it ends by itself. */
static void
test_left_behind(void **state)
{
	char script[256];

	(void)state;
	snprintf(script, sizeof(script),
	    "setsid sh -c 'sleep 1000; : %s' >/dev/null 2>&1 & echo done",
	    mark);
	run(script, CHECK_PASSED, "done", "done\\n");
	assert_int_equal(count_marked(), 0);
}

static void
test_cancelled(void **state)
{
	struct command command;
	struct outcome result;
	char script[512];
	struct check *check;
	unsigned before = fd_count();

	(void)state;
	spawn_family(&command, script, sizeof(script));
	check = start(&command.conf, NULL, &result);
	assert_true(wait_looking(three_are_marked, NULL));
	check_cancel(check);
	assert_true(wait_looking(none_is_marked, NULL));
	assert_int_equal(result.calls, 0);
	assert_true(wait_looking(all_is_closed, &before));
}

static void
test_impossible(void **state)
{
	static char nowhere[] = "/nonexistent/check", root[] = "root",
		    unknown[] = "no-such-user";
	struct command command;
	struct outcome result;
	unsigned i;

	(void)state;
	command_set(&command, "true");
	command.argv[0] = nowhere;
	start(&command.conf, NULL, &result);
	expect_result(&result, CHECK_LOCAL_ERROR,
	    "can't run /nonexistent/check: No such file or directory");
	command_set(&command, "true");
	command.conf.exec.user = unknown;
	for (i = 0; i < 3; i++) {
		start(&command.conf, NULL, &result);
		assert_true(wait_until(has_result, &result, GUARD));
		assert_int_equal(result.result.outcome, CHECK_LOCAL_ERROR);
		assert_string_equal(
		    result.result.detail, "user no-such-user: there is none");
	}
	assert_int_equal(asked_for_nobody, 1);
	command.conf.exec.user = root;
	start(&command.conf, NULL, &result);
	expect_result(&result, CHECK_LOCAL_ERROR, "user root is root");
	assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* If this process dies, its commands don't go on. */
static void
test_orphaned(void **state)
{
	struct command command;
	struct outcome result;
	char script[512];
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		event_reinit(base);
		spawn_family(&command, script, sizeof(script));
		start(&command.conf, NULL, &result);
		wait_looking(three_are_marked, NULL);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(wait_looking(none_is_marked, NULL));
}

static const char *
missing(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return "needs root";
	if ((pid = fork()) == 0)
		_exit(unshare(CLONE_NEWPID) == -1);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return "PID namespaces can't be had here";
	return NULL;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_outcomes),
	    TEST(test_output),
	    TEST(test_environment),
	    TEST(test_descriptors),
	    TEST(test_timeout),
	    TEST(test_left_behind),
	    TEST(test_cancelled),
	    TEST(test_impossible),
	    TEST(test_orphaned),
	};

	if (missing() != NULL) {
		printf("1..0 # SKIP %s\n", missing());
		return 0;
	}
	snprintf(mark, sizeof(mark), "vc5d-exec-%d", (int)getpid());
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
