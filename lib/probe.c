// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "probe.h"
#include "worker.h"
#include "workload.h"

/* far above what it takes on an emulated machine */
#define CHARGE_TIMEOUT_MS 60000

struct probe *probe_load(void)
{
	return probe__open_and_load();
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

	bpf_map__lookup_elem(probe->maps.stats, &id, sizeof(id), &stats,
			     sizeof(stats), 0);
	return stats;
}

uint64_t probe_total(struct probe *probe, enum probe_callback callback)
{
	uint64_t id, total = 0;
	void *prev = NULL;

	while (!bpf_map__get_next_key(probe->maps.stats, prev, &id, sizeof(id))) {
		total += probe_stats(probe, id).calls[callback];
		prev = &id;
	}
	return total;
}

int probe_charge(const char *cgroup)
{
	uint64_t size = PROBE_CHARGE;
	int status = worker_run(cgroup, workload_touch_job, &size,
				CHARGE_TIMEOUT_MS);

	if (status < 0)
		return status;
	return status ? -ECHILD : 0;
}

int probe_whose(struct probe *probes[], int nr, const char *cgroup)
{
	struct {
		uint64_t here, total;
	} before[nr];
	uint64_t id = cg_id(cgroup), here, total;
	int i, ret, whose = PROBE_NOBODY;

	for (i = 0; i < nr; i++) {
		before[i].here = probe_stats(probes[i], id).calls[PROBE_DELAY];
		before[i].total = probe_total(probes[i], PROBE_DELAY);
	}

	ret = probe_charge(cgroup);
	if (ret)
		return ret + PROBE_SEVERAL;

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
