// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "rlimits.h"

/*
 * The tests with most descriptors need some 200.  The sizes of maps and files are those
 * that the user has asked for; what limits these are cgroups and disks.
 */
static const struct {
	int resource;
	rlim_t need;
	const char *name;
	const char *remedy;
} needs[] = {
	{ RLIMIT_NOFILE, 1024, "open files", "ulimit -n 1024" },
	{ RLIMIT_STACK, 1 << 20, "the stack", "ulimit -s 8192" },
	{ RLIMIT_AS, RLIM_INFINITY, "virtual memory", "ulimit -v unlimited" },
	{ RLIMIT_DATA, RLIM_INFINITY, "the data segment", "ulimit -d unlimited" },
	{ RLIMIT_FSIZE, RLIM_INFINITY, "the size of files", "ulimit -f unlimited" },
	{ RLIMIT_CPU, RLIM_INFINITY, "processor time", "ulimit -t unlimited" },
};

/* RLIM_INFINITY is the largest number. */
static int raise_to(int resource, rlim_t need)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return -errno;
	if (limit.rlim_cur >= need)
		return 0;
	limit.rlim_cur = need;
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	return setrlimit(resource, &limit) ? -errno : 0;
}

const char *rlimits_raise(void)
{
	static char reason[256];
	size_t i;
	int ret;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		ret = raise_to(needs[i].resource, needs[i].need);
		if (!ret)
			continue;
		snprintf(reason, sizeof(reason),
			 "the resource limit of %s is too low, and cannot be raised (%s): %s, as root of the machine",
			 needs[i].name, strerror(-ret), needs[i].remedy);
		return reason;
	}
	return NULL;
}
