// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "probe.h"
#include "revision.h"
#include "worker.h"
#include "workload.h"

#define BATCH_PAGES	64
#define CHARGE_BATCHES	5

uint64_t probe_batches(unsigned int nr)
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
	uint64_t size = probe_batches(CHARGE_BATCHES);
	int status = worker_run(cgroup, workload_touch_job, &size,
				STEP_TIMEOUT_MS);

	if (status < 0)
		return status;
	return status ? -ECHILD : 0;
}
