/* SPDX-License-Identifier: ISC */

/*
 * What this process takes: see process.h, and proc(5).
 */

#include <sys/resource.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/process.h"

static uint64_t
microseconds(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

/* Two numbers of pages: all of the address space, and what is resident. */
static void
read_memory(struct process_usage *usage)
{
	uint64_t pages, resident;
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *file;

	if ((file = fopen("/proc/self/statm", "re")) == NULL)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &pages, &resident) == 2) {
		usage->virtual = pages * size;
		usage->resident = resident * size;
	}
	fclose(file);
}

static void
count_descriptors(struct process_usage *usage)
{
	struct dirent *entry;
	DIR *directory;

	if ((directory = opendir("/proc/self/fd")) == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		usage->descriptors += entry->d_name[0] != '.';
	closedir(directory);
	/* The one that the directory was read by. */
	usage->descriptors--;
}

void
process_usage(struct process_usage *usage)
{
	struct rusage used;
	struct rlimit limit;

	memset(usage, 0, sizeof(*usage));
	if (getrusage(RUSAGE_SELF, &used) == 0)
		usage->cpu =
		    microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		usage->descriptors_limit = limit.rlim_cur;
	read_memory(usage);
	count_descriptors(usage);
}
