// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

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

	ret = probe__load(probe);
	if (ret) {
		probe__destroy(probe);
		errno = -ret;
		return NULL;
	}
	return probe;
}

int probe_attach(struct probe *probe, const char *cgroup, __u32 flags)
{
	int cgroup_fd = cg_open(cgroup), link_fd;

	if (cgroup_fd < 0)
		return cgroup_fd;
	link_fd = memcg_bpf_attach(probe->maps.probe_ops, cgroup_fd, flags);
	close(cgroup_fd);
	return link_fd;
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
