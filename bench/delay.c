// SPDX-License-Identifier: GPL-2.0
/*
 * How long is the delay, compared with the milliseconds that BPF asks for?
 *
 *   memcg_bpf.delay.<pid>	memory.max = CG_LIMIT
 *   `-- delayed		ops: OVER_HIGH_MS, while the worker counts
 *
 * A worker touches anonymous memory in batches of 64 pages, and the kernel asks
 * about once in each.  The delay is measured in two places: memory.pressure, in
 * which the kernel counts how long the task was stalled, and the clock of the
 * task itself, around each batch.  Both are divided by the number of delays that
 * BPF asked for, or of the questions where it asked for none: that is the
 * control, and what a batch takes without a delay.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "common_options.h"
#include "delay.h"
#include "probe.h"
#include "require.h"
#include "worker.h"
#include "workload.h"

/* MEMCG_CHARGE_BATCH */
#define BATCH_PAGES	64

/* before the ops say anything: what a new task touches anyway */
#define WARM_UP_BATCHES	2

static struct {
	unsigned int over_high_ms;
	uint64_t cg_limit;
	unsigned int events;
} opt;

static struct option_desc options[] = {
	OPT_OVER_HIGH_MS(&opt.over_high_ms, 0, "0,5,10,11,20,50,100,200,500,1000,2000,3000,5000",
			 "delay that BPF asks for", .list = true),
	OPT_CG_LIMIT(&opt.cg_limit, "memory.max of the cgroup's parent", .list = true),
	OPT_UINT("EVENTS", &opt.events, 1, 1000, "3",
		 "batches that a trial touches, and so delays"),
	OPT_END()
};

static const struct bench_column columns[] = {
	{ "psi_ms", "ms", "stall in memory.pressure for each delay", RESULT_WORSE_EITHER },
	{ "task_ms", "ms", "time of the task for each delay, with the touching of 64 pages",
	  RESULT_WORSE_EITHER },
	{ "expected_ms", "ms", "what the interface promises: 0 up to HZ/100, at most 2000",
	  NO_RESULT },
	{ "error_ms", "ms",
	  "psi_ms - expected_ms; timers of the kernel are up to an eighth late by design",
	  RESULT },
	{ "calls", NULL, "how often the kernel asked", NO_RESULT },
	{ "delays", NULL, "how often BPF asked for a delay", NO_RESULT },
	{ "stall_us", "us", "all of the stall", NO_RESULT },
	{}
};

/* The worker's part, in memory that it shares with the trial. */
struct job {
	struct probe *probe;
	const char *cgroup;
	int64_t task_ns;
	int64_t stall_us;
	struct probe_stats before, after;
};

static void touch(volatile char *map, uint64_t pages)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t i;

	for (i = 0; i < pages; i++)
		map[i * page] = 1;
}

/*
 * Counters are read while BPF asks for nothing: to read a file is to be charged
 * for it.
 */
static int work(void *arg)
{
	uint64_t batch = BATCH_PAGES * sysconf(_SC_PAGESIZE), n, i;
	struct probe_answer delay = { .delay_ms = opt.over_high_ms };
	struct probe_answer none = {};
	struct job *job = arg;
	int64_t begin_ns, stall_us;
	char *map;

	n = WARM_UP_BATCHES + opt.events;
	map = workload_map(n * batch);
	if (!map)
		return 1;
	touch(map, WARM_UP_BATCHES * BATCH_PAGES);

	stall_us = cg_memory_stall_us(job->cgroup);
	job->before = probe_stats(job->probe, cg_id(job->cgroup));
	if (stall_us < 0 || probe_answer(job->probe, job->cgroup, delay))
		return 1;
	for (i = WARM_UP_BATCHES; i < n; i++) {
		begin_ns = clock_ns();
		touch(map + i * batch, BATCH_PAGES);
		job->task_ns += clock_ns() - begin_ns;
	}
	if (probe_answer(job->probe, job->cgroup, none))
		return 1;
	job->after = probe_stats(job->probe, cg_id(job->cgroup));
	job->stall_us = cg_memory_stall_us(job->cgroup) - stall_us;
	return 0;
}

static int report(struct bench_trial *trial, const struct job *job)
{
	double expected_ms = delay_stall_us(opt.over_high_ms) / 1000.0;
	uint64_t calls = job->after.calls[PROBE_DELAY] -
			 job->before.calls[PROBE_DELAY];
	uint64_t delays = job->after.delays - job->before.delays;
	uint64_t n = opt.over_high_ms ? delays : calls;
	double psi_ms;

	if (!n) {
		fprintf(stderr, "the kernel did not ask for a delay in %u batches of %d pages\n",
			opt.events, BATCH_PAGES);
		return -ENODATA;
	}

	psi_ms = job->stall_us / 1000.0 / n;
	bench_set(trial, "psi_ms", "%.4f", psi_ms);
	bench_set(trial, "task_ms", "%.4f", job->task_ns / 1e6 / n);
	bench_set(trial, "expected_ms", "%.0f", expected_ms);
	bench_set(trial, "error_ms", "%.4f", psi_ms - expected_ms);
	bench_set(trial, "calls", "%" PRIu64, calls);
	bench_set(trial, "delays", "%" PRIu64, delays);
	bench_set(trial, "stall_us", "%" PRId64, job->stall_us);
	return 0;
}

static int run_job(struct bench_trial *trial, struct job *job, char *cgroup)
{
	int link, ret, status = 0, timeout_ms;
	pid_t pid;

	ret = cg_write(trial->tb.cgroup, "memory.max", "%" PRIu64,
		       opt.cg_limit);
	if (!ret)
		ret = testbed_add_cgroup(&trial->tb, cgroup, "delayed");
	if (ret)
		return ret;

	link = probe_attach(job->probe, cgroup, 0);
	if (link < 0) {
		fprintf(stderr, "cannot attach to %s: %s\n", cgroup,
			strerror(-link));
		return link;
	}
	job->cgroup = cgroup;
	/* every charge may be delayed */
	timeout_ms = STEP_TIMEOUT_MS + opt.events * 2 * MAX_DELAY_MS;
	pid = worker_start(cgroup, 0, work, job);
	ret = pid < 0 ? pid :
		worker_wait_stalled(pid, cgroup, timeout_ms, &status);
	if (status)
		fprintf(stderr, "the worker ended with %s\n",
			worker_status(status));
	if (ret >= 0)
		ret = !ret ? -ETIMEDOUT : status ? -ECHILD : 0;
	close(link);
	if (ret)
		return ret;
	return report(trial, job);
}

static int delay_trial(struct bench_trial *trial)
{
	char cgroup[PATH_MAX];
	struct job *job;
	int ret;

	job = worker_share(sizeof(*job));
	if (!job)
		return -errno;
	job->probe = probe_load();
	if (!job->probe)
		return -errno;

	ret = run_job(trial, job, cgroup);
	probe__destroy(job->probe);
	munmap(job, sizeof(*job));
	return ret;
}

const struct bench bench_delay = {
	.name = "delay",
	.help = "configured against measured delay of get_high_delay_ms",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_PSI,
	.options = options,
	.columns = columns,
	.default_trials = "6",
	.trial = delay_trial,
};
