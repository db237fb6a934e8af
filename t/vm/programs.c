/* SPDX-License-Identifier: ISC */

/*
 * All BPF programs that this kernel has loaded, one a line: the name, and how
 * many instructions the verifier went through before it believed in it.
 * bpftool of Debian 12 doesn't tell.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <bpf/bpf.h>

static int
show(uint32_t id)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int status, fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1; /* it has just gone */
	status = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (status == 0)
		printf("%s %u\n", info.name, info.verified_insns);
	close(fd);
	return status;
}

int
main(void)
{
	uint32_t id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0)
		if (show(id) != 0) {
			fprintf(stderr, "programs: program %u: %s\n", id,
			    strerror(errno));
			return 1;
		}
	if (errno != ENOENT) {
		fprintf(stderr, "programs: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
