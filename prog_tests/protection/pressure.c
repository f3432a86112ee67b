// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "page_cache.h"
#include "params.h"
#include "pressure.h"
#include "worker.h"
#include "workload.h"

#define RECLAIM_STEPS	16

int pressure_create(struct pressure *p, const char *name)
{
	int ret;

	p->link = -1;
	ret = testbed_create(&p->tb, name);
	if (ret)
		return ret;
	cg_disable_swap(p->tb.cgroup);
	ret = testbed_add_cgroup(&p->tb, p->high, "high");
	if (!ret)
		ret = testbed_add_cgroup(&p->tb, p->low, "low");
	if (ret)
		return ret;

	p->probe = probe_load();
	return p->probe ? 0 : -errno;
}

const char *pressure_swap(struct pressure *p, uint64_t size)
{
	cg_write(p->tb.cgroup, "memory.swap.max", "max");
	return swap_start(&p->tb, p->swap, size);
}

int pressure_destroy(struct pressure *p)
{
	int ret, destroyed;

	if (p->probe && p->link >= 0)
		close(p->link);
	probe__destroy(p->probe);
	ret = swap_stop(p->swap);
	destroyed = testbed_destroy(&p->tb);
	return ret ?: destroyed;
}

/* The file is named like the cgroup that it is charged to. */
int pressure_file(const struct pressure *p, const char *cgroup, char *file)
{
	return snprintf(file, PATH_MAX, "%s/%s", p->tb.dir,
			strrchr(cgroup, '/') + 1) < PATH_MAX ?
		0 : -ENAMETOOLONG;
}

int pressure_fill(const struct pressure *p, const char *cgroup)
{
	char file[PATH_MAX];
	int ret = pressure_file(p, cgroup, file);

	if (ret)
		return ret;
	return page_cache_fill(cgroup, file, params.file_size);
}

int pressure_drop(const struct pressure *p, const char *cgroup)
{
	char file[PATH_MAX];
	int ret = pressure_file(p, cgroup, file);

	if (!ret && unlink(file))
		ret = -errno;
	return ret;
}

int pressure_reclaim(const char *cgroup, uint64_t size)
{
	int i, ret = 0;

	for (i = 0; !ret && i < RECLAIM_STEPS; i++)
		ret = cg_write(cgroup, "memory.reclaim", "%" PRIu64,
			       size / RECLAIM_STEPS);
	return ret;
}

int pressure_charge(const char *cgroup, uint64_t size)
{
	return worker_run(cgroup, workload_touch_job, &size, STEP_TIMEOUT_MS);
}

struct pressure_counts pressure_counts(const char *cgroup)
{
	return (struct pressure_counts) {
		.bytes = cg_read_number(cgroup, "memory.current"),
		.scanned = cg_read_key(cgroup, "memory.stat", "pgscan"),
		.stolen = cg_read_key(cgroup, "memory.stat", "pgsteal"),
		.low = cg_read_key(cgroup, "memory.events", "low"),
	};
}

struct pressure_counts pressure_since(const char *cgroup,
				      struct pressure_counts before)
{
	struct pressure_counts now = pressure_counts(cgroup);

	return (struct pressure_counts) {
		.bytes = before.bytes - now.bytes,
		.scanned = now.scanned - before.scanned,
		.stolen = now.stolen - before.stolen,
		.low = now.low - before.low,
	};
}
