// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "probe.h"
#include "revision.h"
#include "worker.h"
#include "workload.h"

/*
 * The kernel charges a page from a stock of the processor, which never has more
 * than a batch (MEMCG_CHARGE_BATCH) for a cgroup.  So the second batch that a
 * task touches on one processor is certain to need a charge, and each further
 * batch one more.
 */
#define BATCH_PAGES	64
#define WHOSE_BATCHES	2
#define WHOSE_TRIES	3
#define CHARGE_BATCHES	5

static uint64_t batches(unsigned int nr)
{
	return (uint64_t)nr * BATCH_PAGES * sysconf(_SC_PAGESIZE);
}

struct probe *probe_load(void)
{
	return probe_load_only(~0U);
}

struct probe *probe_load_only(unsigned int callbacks)
{
	struct probe *probe = probe__open();
	int ret;

	if (!probe)
		return NULL;

	if (!(callbacks & 1U << PROBE_ONLINE))
		probe->struct_ops.probe_ops->handle_cgroup_online = NULL;
	if (!(callbacks & 1U << PROBE_OFFLINE))
		probe->struct_ops.probe_ops->handle_cgroup_offline = NULL;
	if (!(callbacks & 1U << PROBE_BELOW_LOW))
		probe->struct_ops.probe_ops->below_low = NULL;
	if (!(callbacks & 1U << PROBE_BELOW_MIN))
		probe->struct_ops.probe_ops->below_min = NULL;
	if (!(callbacks & 1U << PROBE_DELAY))
		probe->struct_ops.probe_ops->get_high_delay_ms = NULL;

	ret = revision_fit(probe->obj) ?: probe__load(probe);
	if (ret) {
		probe__destroy(probe);
		errno = -ret;
		return NULL;
	}
	return probe;
}

int probe_attach(struct probe *probe, const char *cgroup, __u32 flags)
{
	return memcg_bpf_attach_path(probe->maps.probe_ops, cgroup, flags);
}

int probe_answer(struct probe *probe, const char *cgroup,
		 struct probe_answer answer)
{
	uint64_t id = cgroup ? cg_id(cgroup) : 0;

	return bpf_map__update_elem(probe->maps.answers, &id, sizeof(id),
				    &answer, sizeof(answer), BPF_ANY);
}

struct probe_stats probe_stats(struct probe *probe, uint64_t id)
{
	struct probe_stats stats = {};
	static bool told;

	if (probe->bss->lost && !told) {
		told = true;
		fprintf(stderr, "# probe: %llu calls for more than %d cgroups: raise PROBE_MAX_CGROUPS\n",
			(unsigned long long)probe->bss->lost,
			PROBE_MAX_CGROUPS);
	}
	bpf_map__lookup_elem(probe->maps.stats, &id, sizeof(id), &stats,
			     sizeof(stats), 0);
	return stats;
}

void probe_forget(struct probe *probe, uint64_t id)
{
	bpf_map__delete_elem(probe->maps.stats, &id, sizeof(id), 0);
}

uint64_t probe_total(struct probe *probe, enum probe_callback callback)
{
	return *(volatile __u64 *)&probe->bss->totals[callback];
}

int probe_charge(const char *cgroup)
{
	uint64_t size = batches(CHARGE_BATCHES);
	int status = worker_run(cgroup, workload_touch_job, &size,
				STEP_TIMEOUT_MS);

	if (status < 0)
		return status;
	return status ? -ECHILD : 0;
}

int probe_whose(struct probe *probes[], int nr, const char *cgroup)
{
	char *const cgroups[] = { (char *)cgroup };
	int whose, ret = probe_whose_each(probes, nr, cgroups, 1, &whose);

	return ret ? ret + PROBE_SEVERAL : whose;
}

struct whose_job {
	struct probe **probes;
	int nr;
	char *const *cgroups;
	int nr_cgroups;
	int *whose;	/* shared with the parent */
};

/* Find whose ops the worker's own cgroup has. */
static int whose_here(struct probe *probes[], int nr, uint64_t id,
		      volatile char *memory)
{
	struct {
		uint64_t here, total;
	} before[nr];
	uint64_t at, here, total, size = batches(WHOSE_BATCHES);
	long page = sysconf(_SC_PAGESIZE);
	int i, whose = PROBE_NOBODY;

	/* what another cgroup was charged for */
	madvise((void *)memory, size, MADV_DONTNEED);

	for (i = 0; i < nr; i++) {
		before[i].here = probe_stats(probes[i], id).calls[PROBE_DELAY];
		before[i].total = probe_total(probes[i], PROBE_DELAY);
	}

	for (at = 0; at < size; at += page)
		memory[at] = 1;

	for (i = 0; i < nr; i++) {
		here = probe_stats(probes[i], id).calls[PROBE_DELAY] -
			before[i].here;
		total = probe_total(probes[i], PROBE_DELAY) - before[i].total;
		if (!total)
			continue;
		if (whose != PROBE_NOBODY || here != total)
			return PROBE_SEVERAL;
		whose = i;
	}
	return whose;
}

static int whose_each_job(void *arg)
{
	struct whose_job *job = arg;
	char *memory = workload_map(batches(WHOSE_BATCHES));
	int i, tries, ret;

	if (!memory)
		return 1;

	for (i = 0; i < job->nr_cgroups; i++) {
		ret = cg_write(job->cgroups[i], "cgroup.procs", "0");
		if (ret) {
			fprintf(stderr, "# cannot enter cgroup %s: %s\n",
				job->cgroups[i], strerror(-ret));
			return 1;
		}
		/* The kernel may charge another cgroup meanwhile, but not each time. */
		for (tries = 0; tries < WHOSE_TRIES; tries++) {
			job->whose[i] = whose_here(job->probes, job->nr,
						   cg_id(job->cgroups[i]), memory);
			if (job->whose[i] != PROBE_SEVERAL)
				break;
		}
	}
	return 0;
}

int probe_whose_each(struct probe *probes[], int nr, char *const cgroups[],
		     int nr_cgroups, int whose[])
{
	size_t size = nr_cgroups * sizeof(*whose);
	struct whose_job job = {
		.probes = probes,
		.nr = nr,
		.cgroups = cgroups,
		.nr_cgroups = nr_cgroups,
	};
	int status;

	job.whose = worker_share(size);
	if (!job.whose)
		return -errno;

	status = worker_run(cgroups[0], whose_each_job, &job, STEP_TIMEOUT_MS);
	memcpy(whose, job.whose, size);
	munmap(job.whose, size);
	if (status < 0)
		return status;
	return status ? -ECHILD : 0;
}
