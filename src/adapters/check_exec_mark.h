/* SPDX-License-Identifier: ISC */

/*
 * Having a command's connections to the VIP take the way of probes: BPF
 * programs (bpf/command.bpf.c) mark and bind its sockets as it connects them.
 * They see the processes of this process's cgroup, and ask for the PID
 * namespace that the command is process 1 of.  They end with this process.
 */

#ifndef ADAPTERS_CHECK_EXEC_MARK_H
#define ADAPTERS_CHECK_EXEC_MARK_H

#include "adapters/check.h"

struct exec_mark;

/*
 * For one command.  NULL if the target has no mark, or if that can't be done
 * on this host, which is tried once and then logged.
 */
struct exec_mark *exec_mark_new(const struct check_target *);

/*
 * In the command's own process, which shares this one's memory, when it is in
 * its PID namespace: 0, or -1 with errno set.  The argument is the mark.
 */
int exec_mark_enter(void *);

/*
 * The command is over: to be called before its process is waited for, or at
 * once then, as the next namespace can get the same number.  NULL is accepted.
 */
void exec_mark_free(struct exec_mark *);

/* Where to look for cgroups in place of /proc/self; for tests. */
void exec_mark_set_proc(const char *directory);

#endif
