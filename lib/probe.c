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

const char * const probe_callback_names[PROBE_NR_CALLBACKS] = {
	[PROBE_ONLINE] = "handle_cgroup_online",
	[PROBE_OFFLINE] = "handle_cgroup_offline",
	[PROBE_BELOW_LOW] = "below_low",
	[PROBE_BELOW_MIN] = "below_min",
	[PROBE_DELAY] = "get_high_delay_ms or memcg_charged",
};

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

	ret = revision_load(probe->skeleton);
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
	static bool warned;

	if (probe->bss->lost && !warned) {
		warned = true;
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
	/* The BPF program changes it, and callers poll it. */
	return *(volatile __u64 *)&probe->bss->totals[callback];
}

uint64_t probe_calls(struct probe *probe)
{
	uint64_t sum = 0;
	int callback;

	for (callback = 0; callback < PROBE_NR_CALLBACKS; callback++)
		sum += probe_total(probe, callback);
	return sum;
}

int probe_charge(const char *cgroup)
{
	uint64_t size = probe_batches(CHARGE_BATCHES);
	int ret = worker_run(cgroup, workload_touch_job, &size, STEP_TIMEOUT_MS);

	/* More than 0 is the status of a worker that failed. */
	return ret > 0 ? -ECHILD : ret;
}
