// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "cpu_time.h"

static bool is_kworker(const char *pid)
{
	char path[64], comm[32] = "";
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	in = fopen(path, "re");
	if (!in)
		return false;
	if (!fgets(comm, sizeof(comm), in))
		comm[0] = '\0';
	fclose(in);
	return !strncmp(comm, "kworker/", strlen("kworker/"));
}

/* 0 if the task has ended. */
static int64_t cpu_time_of_process(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		return 0;
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int64_t cpu_time_of_kworkers(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int64_t sum = 0;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		if (isdigit((unsigned char)entry->d_name[0]) && is_kworker(entry->d_name))
			sum += cpu_time_of_process(atoi(entry->d_name));
	}
	closedir(proc);
	return sum;
}

int64_t cpu_time_of_cgroup(const char *cgroup)
{
	int64_t us = cg_read_key(cgroup, "cpu.stat", "usage_usec");

	return us < 0 ? us : us * 1000;
}
