/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane and what is around it: interfaces and their modes, the
 * probes' device, the pin directory, faults and what is said about them.
 */

#include <sys/stat.h>
#include <sys/wait.h>

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "adapters/dataplane_xdp.h"
#include "xdp_lab.h"

static int
attach(struct dataplane *dataplane, const char *name, enum xdp_mode mode,
    bool *native)
{
	return dataplane->ops->interface_attach(
	    dataplane, name, (int)if_nametoindex(name), mode, native);
}

static uint32_t
program_of(const char *name)
{
	uint32_t id = 0;

	bpf_xdp_query_id((int)if_nametoindex(name), 0, &id);
	return id;
}

/* Of the pinned link: its id, or 0 if there is none. */
static uint32_t
link_of(const char *pin)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/links/%s", lab_options().pin_directory,
	    pin);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info.id;
}

static void
test_modes(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	bool native = false;

	(void)state;
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	assert_true(native);
	assert_int_equal(attach(dataplane, "vb", XDP_NATIVE, &native), 0);
	assert_true(native);
	assert_string_equal(lab_log(), "");
	assert_int_equal(attach(dataplane, "vb", XDP_GENERIC, &native), 0);
	assert_false(native);
	/* A bridge has no native mode. */
	assert_int_equal(attach(dataplane, "br", XDP_NATIVE, &native), -1);
	assert_logged("br: can't attach XDP in native mode: Operation not "
		      "supported: its driver has no native mode: set \"xdp\" "
		      "to \"generic\" or \"auto\"");
	assert_int_equal(attach(dataplane, "br", XDP_AUTO, &native), 0);
	assert_false(native);
	assert_logged("br: no native XDP (Operation not supported): generic");
	/* Auto is content with what there is. */
	assert_int_equal(attach(dataplane, "br", XDP_AUTO, &native), 0);
	assert_false(native);
	assert_string_equal(lab_log(), "");
	dataplane->ops->stop(dataplane);
	assert_int_equal(program_of("va"), 0);
	assert_int_equal(program_of("vb"), 0);
	assert_int_equal(program_of("br"), 0);
}

/*
 * A frame of this length takes several buffers: the driver has only programs
 * attached that can do with the first.
 */
static void
test_jumbo_mtu(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	bool native = false;

	(void)state;
	lab_run("ip link set va mtu 9000");
	lab_run("ip link set vb mtu 9000");
	assert_int_equal(attach(dataplane, "va", XDP_NATIVE, &native), 0);
	assert_true(native);
	dataplane->ops->stop(dataplane);
	lab_run("ip link set va mtu 1500");
	lab_run("ip link set vb mtu 1500");
}

static void
test_link_outlives_the_daemon(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint32_t link, program;
	bool native;

	(void)state;
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	link = link_of("va");
	program = program_of("va");
	assert_int_not_equal(link, 0);
	/* Again is harmless. */
	assert_int_equal(attach(dataplane, "va", XDP_NATIVE, &native), 0);
	assert_int_equal(link_of("va"), link);
	assert_int_equal(program_of("va"), program);
	dataplane->ops->close(dataplane);
	assert_int_equal(program_of("va"), program);

	dataplane = lab_dataplane();
	assert_int_equal(program_of("va"), program);
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	assert_true(native);
	assert_int_equal(link_of("va"), link);
	assert_int_not_equal(program_of("va"), program);
	assert_int_not_equal(program_of("va"), 0);
	/* Another mode needs another link. */
	assert_int_equal(attach(dataplane, "va", XDP_GENERIC, &native), 0);
	assert_int_not_equal(link_of("va"), link);
	dataplane->ops->stop(dataplane);
}

static void
test_detach(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	char va[] = "va", *keep[] = {va};
	bool native;

	(void)state;
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	assert_int_equal(attach(dataplane, "vb", XDP_AUTO, &native), 0);
	assert_int_equal(attach(dataplane, "br.7", XDP_AUTO, &native), 0);
	assert_int_not_equal(link_of("br:7"), 0);
	assert_true(dataplane->ops->interface_is_attached(dataplane, "br.7"));
	assert_false(dataplane->ops->interface_is_attached(dataplane, "br"));
	dataplane->ops->interface_detach_others(dataplane, keep, 1);
	assert_int_not_equal(program_of("va"), 0);
	assert_int_equal(program_of("vb"), 0);
	assert_int_equal(program_of("br.7"), 0);
	assert_int_equal(link_of("br:7"), 0);
	dataplane->ops->interface_detach(dataplane, "va");
	assert_int_equal(program_of("va"), 0);
	dataplane->ops->interface_detach(dataplane, "va");
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	dataplane->ops->stop(dataplane);
}

/* The pin of an interface that was made anew is of no use. */
static void
test_interface_made_anew(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	uint32_t link;
	bool native;

	(void)state;
	lab_run("ip link add vx type veth peer name vy");
	assert_int_equal(attach(dataplane, "vx", XDP_AUTO, &native), 0);
	link = link_of("vx");
	lab_run("ip link del vx");
	assert_false(dataplane->ops->interface_is_attached(dataplane, "vx"));
	assert_int_equal(attach(dataplane, "vx", XDP_AUTO, &native), -1);
	assert_logged("vx: can't attach XDP in auto mode: No such device: "
		      "there is no such interface");
	lab_run("ip link add vx type veth peer name vy");
	assert_int_equal(attach(dataplane, "vx", XDP_AUTO, &native), 0);
	assert_int_not_equal(link_of("vx"), link);
	assert_int_not_equal(program_of("vx"), 0);
	dataplane->ops->stop(dataplane);
	lab_run("ip link del vx");
}

static void
test_other_program(void **state)
{
	struct bpf_insn pass[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	struct dataplane *dataplane = lab_dataplane();
	int program, ifindex = (int)if_nametoindex("va");
	char text[64];
	bool native;

	(void)state;
	program =
	    bpf_prog_load(BPF_PROG_TYPE_XDP, "other", "GPL", pass, 2, NULL);
	assert_true(program >= 0);
	assert_int_equal(
	    bpf_xdp_attach(ifindex, program, XDP_FLAGS_DRV_MODE, NULL), 0);
	snprintf(text, sizeof(text),
	    "va: another XDP program (id %u) is attached", program_of("va"));
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), -1);
	assert_logged(text);
	assert_int_equal(attach(dataplane, "va", XDP_GENERIC, &native), -1);
	assert_logged(text);
	assert_int_equal(bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	close(program);
	dataplane->ops->stop(dataplane);
}

static int
probe_query(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
	    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 1);

	return bpf_tc_query(&hook, &options) == 0 ? (int)options.prog_id : -1;
}

static void
test_probe(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int ifindex = (int)if_nametoindex("va"), first;

	(void)state;
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, ifindex, ifindex), 0);
	first = probe_query(ifindex);
	assert_true(first > 0);
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, ifindex, ifindex), 0);
	assert_int_equal(probe_query(ifindex), first);
	dataplane->ops->close(dataplane);
	assert_int_equal(probe_query(ifindex), first);
	dataplane = lab_dataplane();
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, ifindex, ifindex), 0);
	assert_true(probe_query(ifindex) > first);
	assert_string_equal(lab_log(), "");
	dataplane->ops->stop(dataplane);
	lab_run("! tc qdisc show dev va | grep -q clsact");
	dataplane = lab_dataplane();
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, 4711, 4711), -1);
	assert_logged("interface 4711: can't attach");
	dataplane->ops->stop(dataplane);
}

/* Of what is attached to an interface in generic mode: 0 if nothing. */
static uint32_t
generic_of(const char *name)
{
	uint32_t id = 0;

	bpf_xdp_query_id((int)if_nametoindex(name), XDP_FLAGS_SKB_MODE, &id);
	return id;
}

/* At the other end of the probes' device is what sends them. */
static void
test_probe_peer(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int device = (int)if_nametoindex("va"), first;
	int peer = (int)if_nametoindex("vb");

	(void)state;
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, device, peer), 0);
	first = (int)generic_of("vb");
	assert_int_not_equal(first, 0);
	/* It is no interface of the configuration, to be detached. */
	dataplane->ops->interface_detach_others(dataplane, NULL, 0);
	assert_int_equal(generic_of("vb"), first);
	dataplane->ops->close(dataplane);
	assert_int_equal(generic_of("vb"), first);
	dataplane = lab_dataplane();
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, device, peer), 0);
	assert_int_not_equal(generic_of("vb"), 0);
	assert_int_not_equal(generic_of("vb"), first);
	/* Made anew, the pair has another peer. */
	lab_run("ip link add vx type veth peer name vy");
	assert_int_equal(
	    dataplane->ops->probe_attach(dataplane, (int)if_nametoindex("vx"),
		(int)if_nametoindex("vy")),
	    0);
	assert_int_not_equal(generic_of("vy"), 0);
	assert_int_equal(generic_of("vb"), 0);
	assert_string_equal(lab_log(), "");
	dataplane->ops->stop(dataplane);
	assert_int_equal(generic_of("vy"), 0);
	lab_run("ip link del vx && tc qdisc del dev va clsact");
}

static void
assert_empty(const char *directory)
{
	lab_run(
	    "test -z \"$(find %s -mindepth 1 ! -name '*.debug')\"", directory);
}

static void
test_stop_leaves_nothing(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	char path[128];
	struct dataplane *dataplane;
	bool native;

	(void)state;
	snprintf(path, sizeof(path), "%s/deep/er", lab_directory());
	options.pin_directory = path;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	assert_int_equal(attach(dataplane, "va", XDP_AUTO, &native), 0);
	assert_int_equal(access(path, F_OK), 0);
	dataplane->ops->stop(dataplane);
	assert_int_equal(program_of("va"), 0);
	assert_empty(lab_directory());
	assert_string_equal(lab_log(), "");
}

/* Of what was there before, all but what was made is left. */
static void
test_failure_leaves_nothing(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	char path[128];

	(void)state;
	options.flows = 2; /* no bucket: the kernel makes no such map */
	assert_null(dataplane_xdp_open(&options));
	assert_int_equal(access(options.pin_directory, F_OK), -1);
	assert_int_equal(mkdir(options.pin_directory, 0700), 0);
	assert_null(dataplane_xdp_open(&options));
	assert_int_equal(access(options.pin_directory, F_OK), 0);
	assert_empty(options.pin_directory);
	assert_int_equal(rmdir(options.pin_directory), 0);
	assert_logged("the kernel refuses");
	snprintf(path, sizeof(path), "%s/deep/v1.2", lab_directory());
	options.pin_directory = path;
	assert_null(dataplane_xdp_open(&options));
	assert_logged("allows no dot");
	assert_empty(lab_directory());
}

static void
test_one_at_a_time(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	assert_null(dataplane_xdp_open(&options));
	assert_logged("/lab is in use by another vc5d: stop it, or set a "
		      "\"pin_directory\" of this one's own");
	dataplane->ops->close(dataplane);
	dataplane = lab_dataplane();
	dataplane->ops->stop(dataplane);
}

static void
test_directory(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	char path[128];

	(void)state;
	options.pin_directory = "/proc/vc5t/pins";
	assert_null(dataplane_xdp_open(&options));
	assert_logged("/proc/vc5t/pins: not on a BPF filesystem: set "
		      "\"pin_directory\" to a directory under /sys/fs/bpf");
	options.pin_directory = "pins";
	assert_null(dataplane_xdp_open(&options));
	assert_logged("pins: \"pin_directory\" must begin with a slash");
	snprintf(path, sizeof(path), "%s/v1.2", lab_directory());
	options.pin_directory = path;
	assert_null(dataplane_xdp_open(&options));
	assert_logged("v1.2: a BPF filesystem allows no dot in names");
}

/* In the mount namespace of a child: nothing is left of it. */
static void
test_directory_mounted(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (system("mount -t sysfs sysfs /sys") != 0)
			_exit(2);
		options.pin_directory = "/sys/fs/bpf/vc5t";
		dataplane = dataplane_xdp_open(&options);
		if (dataplane == NULL)
			_exit(3);
		dataplane->ops->stop(dataplane);
		_exit(access("/sys/fs/bpf/vc5t", F_OK) == 0 ? 4 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	lab_run("umount -R /sys/fs/bpf; umount /sys");
	assert_int_equal(status, 0);
	assert_logged("mounted a BPF filesystem at /sys/fs/bpf");
}

static void
test_not_root(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (setresuid(65534, 65534, 65534) == -1)
			_exit(2);
		_exit(dataplane_xdp_open(&options) != NULL ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_logged("needs root");
}

static void
test_no_memory(void **state)
{
	struct dataplane_xdp_options options = lab_options();

	(void)state;
	options.flows = 1U << 31; /* 32 GB, refused at once */
	assert_null(dataplane_xdp_open(&options));
	assert_logged("not enough memory for the BPF maps: limits.flows takes "
		      "81921 MB, limits.services takes 3 MB, "
		      "limits.destinations takes 1 MB: lower them");
	assert_int_equal(access(options.pin_directory, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_modes),
	    LAB_TEST(test_jumbo_mtu),
	    LAB_TEST(test_link_outlives_the_daemon),
	    LAB_TEST(test_detach),
	    LAB_TEST(test_interface_made_anew),
	    LAB_TEST(test_other_program),
	    LAB_TEST(test_probe),
	    LAB_TEST(test_probe_peer),
	    LAB_TEST(test_stop_leaves_nothing),
	    LAB_TEST(test_failure_leaves_nothing),
	    LAB_TEST(test_one_at_a_time),
	    LAB_TEST(test_directory),
	    LAB_TEST(test_directory_mounted),
	    LAB_TEST(test_not_root),
	    LAB_TEST(test_no_memory),
	};

	/* It asks for 80 GB. */
	if ((double)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) > 75e9) {
		printf("# skip: test_no_memory: this machine has too much\n");
		cmocka_set_skip_filter("test_no_memory");
	}
	return lab_run_tests(tests);
}
