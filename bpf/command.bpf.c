/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Commands of health checks connect to the VIP as probes do: marked for the
 * server that is checked, and bound to the address that probes come from.  Both
 * are run in connect(2), before a route is looked up; bpf_setsockopt() is
 * allowed there since Linux 5.8.
 *
 * Whose command it is, its PID namespace says, which it can't leave and which
 * all that it starts is in, or in one beneath.
 */

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <asm/socket.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "command.h"

#define AF_INET	 2
#define AF_INET6 10

/* Namespaces beneath each other that are looked at. */
#define LEVELS 4

#define ALLOW  1
#define REFUSE 0 /* EPERM */

/* Of the kernel's types what is read: libbpf finds where it is. */
#pragma clang attribute push( \
    __attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct pid_namespace *parent; /* NULL = the first */
	struct ns_common ns;
};

struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
};

struct task_struct {
	struct nsproxy *nsproxy;
};

#pragma clang attribute pop

/* Entries are there as long as their commands run. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VC5_COMMANDS);
	__type(key, __u32);
	__type(value, struct vc5_command);
} commands SEC(".maps");

/* Of the process that connects; NULL if it is not a command's. */
static __always_inline const struct vc5_command *
command_of_caller(void)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	const struct pid_namespace *space;
	const struct vc5_command *command;
	__u32 number;
	int i;

	space = BPF_CORE_READ(task, nsproxy, pid_ns_for_children);
	for (i = 0; i < LEVELS; i++) {
		if (space == NULL)
			return NULL;
		number = BPF_CORE_READ(space, ns.inum);
		command = bpf_map_lookup_elem(&commands, &number);
		if (command != NULL)
			return command;
		space = BPF_CORE_READ(space, parent);
	}
	return NULL;
}

/*
 * The way back: a socket can be connected to the VIP, and then elsewhere.  A
 * packet that would take another server's way is none of the check.
 */
static __always_inline int
set_mark(struct bpf_sock_addr *ctx, __u32 mark)
{
	return bpf_setsockopt(ctx, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ==
		0
	    ? ALLOW
	    : REFUSE;
}

static __always_inline int
leave_alone(struct bpf_sock_addr *ctx, const struct vc5_command *command)
{
	const struct bpf_sock *socket = ctx->sk;

	return socket != NULL && socket->mark == command->mark
	    ? set_mark(ctx, 0)
	    : ALLOW;
}

/* What is bound already stays so: the error is of no account. */
SEC("cgroup/connect4")
int
vc5d_connect4(struct bpf_sock_addr *ctx)
{
	const struct vc5_command *command = command_of_caller();
	struct sockaddr_in source = {.sin_family = AF_INET};

	if (command == NULL)
		return ALLOW;
	if (command->vip[0] != 0 || command->vip[1] != 0 ||
	    command->vip[2] != bpf_htonl(0xffff) ||
	    command->vip[3] != ctx->user_ip4)
		return leave_alone(ctx, command);
	if (command->bound) {
		source.sin_addr.s_addr = command->source[3];
		bpf_bind(ctx, (struct sockaddr *)&source, sizeof(source));
	}
	return set_mark(ctx, command->mark);
}

/* Also for IPv4 by a socket of IPv6: its addresses are mapped as well. */
SEC("cgroup/connect6")
int
vc5d_connect6(struct bpf_sock_addr *ctx)
{
	const struct vc5_command *command = command_of_caller();
	struct sockaddr_in6 source = {.sin6_family = AF_INET6};

	if (command == NULL)
		return ALLOW;
	if (command->vip[0] != ctx->user_ip6[0] ||
	    command->vip[1] != ctx->user_ip6[1] ||
	    command->vip[2] != ctx->user_ip6[2] ||
	    command->vip[3] != ctx->user_ip6[3])
		return leave_alone(ctx, command);
	if (command->bound) {
		source.sin6_addr.s6_addr32[0] = command->source[0];
		source.sin6_addr.s6_addr32[1] = command->source[1];
		source.sin6_addr.s6_addr32[2] = command->source[2];
		source.sin6_addr.s6_addr32[3] = command->source[3];
		bpf_bind(ctx, (struct sockaddr *)&source, sizeof(source));
	}
	return set_mark(ctx, command->mark);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
