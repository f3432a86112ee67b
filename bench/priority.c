// SPDX-License-Identifier: GPL-2.0
/*
 * HIGH and LOW do the same work at the same time.  How long does each take?
 *
 *   memcg_bpf.priority.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   |-- high			ops: those of PAIR, while HIGH faults
 *   `-- low			ops: OVER_HIGH_MS, while HIGH faults
 *
 * The work is to write a file of FILE_SIZE and to read it 5 times (over_high) or
 * 50 times (the other two).  PAIR says which ops HIGH has: none (over_high),
 * below_low or below_min.  With OPS=none nothing is attached to either, though
 * the program that watches HIGH's faults runs: that is the control.
 *
 * With the default sizes both files fit in CG_LIMIT.  Then nothing is reclaimed,
 * nobody asks about protection, and the three pairs measure the same: see the
 * column protect_calls.  CG_LIMIT=100M makes the difference.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "bench.h"
#include "cgroup.h"
#include "delay.h"
#include "delay_stats.h"
#include "file_job.h"
#include "params.h"
#include "require.h"
#include "trigger.h"
#include "worker.h"

/* how long to wait for one of the two, before the other has its turn */
#define SLICE_MS 250

enum pair { OVER_HIGH, BELOW_LOW, BELOW_MIN };

static const char * const pairs[] = {
	[OVER_HIGH] = "over_high",
	[BELOW_LOW] = "below_low_over_high",
	[BELOW_MIN] = "below_min_over_high",
	NULL
};

enum { OPS_NONE, OPS_BPF };

static const char * const ops_words[] = {
	[OPS_NONE] = "none", [OPS_BPF] = "bpf", NULL
};

static struct bench_param params_of_priority[] = {
	{
		.name = "PAIR", .help = "the published test",
		.kind = BENCH_WORD, .words = pairs, .factor = true,
		.text = "over_high,below_low_over_high,below_min_over_high",
	}, {
		.name = "OPS", .help = "what is attached",
		.kind = BENCH_WORD, .words = ops_words, .factor = true,
		.text = "none,bpf",
	}, {
		.name = "CG_LIMIT",
		.help = "memory.max of the parent of HIGH and LOW",
		.kind = BENCH_SIZE, .min = 32 << 20, .max = UINT64_MAX,
		.factor = true, .text = "256M",
	}, {
		.name = "OVER_HIGH_MS", .unit = "ms",
		.help = "delay that LOW's ops ask for",
		.kind = BENCH_UINT, .max = 60000, .factor = true,
		.text = "2000",
	}, {
		.name = "FILE_SIZE", .help = "size of the file of each",
		.kind = BENCH_SIZE, .min = 1 << 20, .max = UINT64_MAX,
		.text = "64M",
	}, {
		.name = "THRESHOLD",
		.help = "page faults of HIGH a second above which it is busy",
		.kind = BENCH_UINT, .max = 1000000, .text = "1",
	}, {
		.name = "PASSES",
		.help = "how often each reads its file; 0: as published, 5 or 50 times",
		.kind = BENCH_UINT, .max = 100000, .text = "0",
	},
	{}
};

static struct bench_param * const pair = &params_of_priority[0];
static struct bench_param * const ops = &params_of_priority[1];
static struct bench_param * const cg_limit = &params_of_priority[2];
static struct bench_param * const over_high_ms = &params_of_priority[3];
static struct bench_param * const file_size = &params_of_priority[4];
static struct bench_param * const threshold = &params_of_priority[5];
static struct bench_param * const passes = &params_of_priority[6];

static const struct bench_column columns[] = {
	{ "high_s", "s", "HIGH's work took", RESULT_WORSE_MORE },
	{ "low_s", "s", "LOW's work took", RESULT },
	{ "ratio", NULL, "low_s / high_s", RESULT },
	{ "diff_s", "s", "low_s - high_s", RESULT },
	{ "excess_s", "s",
	  "diff_s less one delay as configured, clamped to 2 s; what is published as the error",
	  RESULT },
	{ "high_stall_s", "s", "HIGH was stalled on memory (memory.pressure)", NO_RESULT },
	{ "low_stall_s", "s", "LOW was stalled on memory", NO_RESULT },
	{ "low_calls", NULL, "how often the kernel asked for a delay of LOW", NO_RESULT },
	{ "low_delays", NULL, "how often BPF asked for one", NO_RESULT },
	{ "protect_calls", NULL, "how often the kernel asked whether HIGH is protected",
	  NO_RESULT },
	{ "protect_yes", NULL, "how often BPF said yes", NO_RESULT },
	{ "high_pgsteal", NULL, "pages that reclaim took from HIGH", NO_RESULT },
	{ "low_pgsteal", NULL, "pages that reclaim took from LOW", NO_RESULT },
	{ "high_faults", NULL, "page faults of HIGH", NO_RESULT },
	{}
};

struct rival {
	char cgroup[PATH_MAX];
	struct file_job *job;
	int link;
	pid_t pid;
};

static int validate(void)
{
	unsigned int i;

	for (i = 0; i < cg_limit->nr_levels; i++) {
		/* a task and its file's pages in use must fit */
		if (cg_limit->levels[i].number >= bench_number(file_size))
			continue;
		fprintf(stderr, "FILE_SIZE=%s: want at most CG_LIMIT, which is %s\n",
			bench_text(file_size), cg_limit->levels[i].text);
		return -EINVAL;
	}
	return 0;
}

static unsigned int max_passes(void)
{
	if (bench_number(passes))
		return bench_number(passes);
	return bench_number(pair) == OVER_HIGH ? 5 : 50;
}

static int prepare(struct bench_trial *trial, struct rival *r, const char *name)
{
	int ret = testbed_add_cgroup(&trial->tb, r->cgroup, name);

	r->link = -1;
	r->job = file_job_new(&trial->tb, name, max_passes());
	return ret ?: r->job ? 0 : -ENOMEM;
}

static int attach(struct over_high *trigger, struct rival *high,
		  struct rival *low)
{
	struct bpf_map *high_ops = bench_number(pair) == BELOW_LOW ?
		trigger->maps.high_low_ops : trigger->maps.high_min_ops;

	if (bench_number(ops) == OPS_NONE)
		return 0;
	low->link = memcg_bpf_attach_path(trigger->maps.low_ops, low->cgroup, 0);
	if (low->link < 0)
		return low->link;
	if (bench_number(pair) == OVER_HIGH)
		return 0;
	high->link = memcg_bpf_attach_path(high_ops, high->cgroup, 0);
	return high->link < 0 ? high->link : 0;
}

/* Wait a while for one of the two, if it still runs. */
static int wait_for(struct rival *r, const char *name)
{
	int status, ret;

	if (!r->pid)
		return 0;
	ret = worker_wait_stalled(r->pid, r->cgroup, SLICE_MS, &status);
	if (ret <= 0)
		return ret;
	r->pid = 0;
	if (!status)
		return 0;
	fprintf(stderr, "%s ended with %s\n", name, worker_status(status));
	return -ECHILD;
}

static int start(struct rival *r, unsigned int cpu)
{
	r->pid = worker_start(r->cgroup, cpu, file_job_run, r->job);
	return r->pid < 0 ? r->pid : 0;
}

/* By turns, so that memory.pressure of both is looked after. */
static int compete(struct rival *high, struct rival *low)
{
	int ret = start(high, 0);

	if (!ret)
		ret = start(low, 1);
	while (!ret && (high->pid || low->pid)) {
		ret = wait_for(high, "HIGH");
		if (!ret)
			ret = wait_for(low, "LOW");
	}
	return ret;
}

static int report(struct bench_trial *trial, struct over_high *trigger,
		  const struct rival *high, const struct rival *low)
{
	double high_s = high->job->ns / 1e9, low_s = low->job->ns / 1e9;
	double delay_s = bench_number(ops) == OPS_NONE ? 0 :
		delay_stall_us(bench_number(over_high_ms)) / 1e6;
	struct delay_stats delays = delay_stats_of(trigger->maps.delays, low->cgroup);

	bench_set(trial, "high_s", "%.6f", high_s);
	bench_set(trial, "low_s", "%.6f", low_s);
	bench_set(trial, "ratio", "%.4f", low_s / high_s);
	bench_set(trial, "diff_s", "%.6f", low_s - high_s);
	bench_set(trial, "excess_s", "%.6f", low_s - high_s - delay_s);
	bench_set(trial, "high_stall_s", "%.6f",
		  cg_memory_stall_us(high->cgroup) / 1e6);
	bench_set(trial, "low_stall_s", "%.6f",
		  cg_memory_stall_us(low->cgroup) / 1e6);
	bench_set(trial, "low_calls", "%llu", delays.calls);
	bench_set(trial, "low_delays", "%llu", delays.delays);
	bench_set(trial, "protect_calls", "%" PRIu64,
		  (uint64_t)trigger->bss->protect_calls);
	bench_set(trial, "protect_yes", "%" PRIu64,
		  (uint64_t)trigger->bss->protect_yes);
	bench_set(trial, "high_pgsteal", "%" PRId64,
		  cg_read_key(high->cgroup, "memory.stat", "pgsteal"));
	bench_set(trial, "low_pgsteal", "%" PRId64,
		  cg_read_key(low->cgroup, "memory.stat", "pgsteal"));
	bench_set(trial, "high_faults", "%" PRIu64,
		  (uint64_t)trigger->bss->high_faults);
	return 0;
}

static void detach(struct rival *r)
{
	if (r->link >= 0)
		close(r->link);
}

static int priority_trial(struct bench_trial *trial)
{
	struct rival high = { .link = -1 }, low = { .link = -1 };
	struct over_high *trigger = NULL;
	int ret;

	params.file_size = bench_number(file_size);
	params.threshold = bench_number(threshold);
	params.over_high_ms = bench_number(over_high_ms);

	ret = cg_write(trial->tb.cgroup, "memory.max", "%s",
		       bench_text(cg_limit));
	if (!ret)
		ret = prepare(trial, &high, "high");
	if (!ret)
		ret = prepare(trial, &low, "low");
	if (ret)
		return ret;
	cg_disable_swap(trial->tb.cgroup);

	trigger = trigger_load(high.cgroup);
	if (!trigger)
		return -errno;
	ret = attach(trigger, &high, &low);
	if (ret)
		fprintf(stderr, "cannot attach: %s\n", strerror(-ret));
	if (!ret)
		ret = compete(&high, &low);
	if (!ret)
		ret = report(trial, trigger, &high, &low);

	detach(&high);
	detach(&low);
	over_high__destroy(trigger);
	return ret;
}

const struct bench bench_priority = {
	.name = "priority",
	.help = "completion times of HIGH and LOW that do the same work, with ops and without",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_MEMCG_EVENTS |
			REQUIRE_PSI | REQUIRE_PAGE_CACHE,
	.params = params_of_priority,
	.columns = columns,
	.baseline = "ops=none",
	.default_trials = "8",
	.validate = validate,
	.trial = priority_trial,
};
