// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "page_cache.h"
#include "worker.h"
#include "workload.h"

struct fill {
	const char *path;
	uint64_t size;
};

static int write_file(void *arg)
{
	const struct fill *fill = arg;
	int ret = workload_write_file(fill->path, fill->size);

	if (ret)
		fprintf(stderr, "# cannot write %s: %s\n", fill->path, strerror(-ret));
	return ret ? 1 : 0;
}

int page_cache_fill(const char *cgroup, const char *path, uint64_t size)
{
	struct fill fill = { .path = path, .size = size };
	int ret = worker_run(cgroup, write_file, &fill, STEP_TIMEOUT_MS);

	/* More than 0 is the status of a worker that failed. */
	return ret > 0 ? -ECHILD : ret;
}
