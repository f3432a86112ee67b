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
#include "common_options.h"
#include "contender.h"
#include "delay.h"
#include "delay_stats.h"
#include "file_job.h"
#include "require.h"
#include "trigger.h"

enum pair { OVER_HIGH, BELOW_LOW, BELOW_MIN };

static const char * const pairs[] = {
	[OVER_HIGH] = "over_high",
	[BELOW_LOW] = "below_low_over_high",
	[BELOW_MIN] = "below_min_over_high",
	NULL
};

enum ops { OPS_NONE, OPS_BPF };

static const char * const ops_words[] = {
	[OPS_NONE] = "none", [OPS_BPF] = "bpf", NULL
};

static struct {
	enum pair pair;
	enum ops ops;
	uint64_t cg_limit;
	unsigned int over_high_ms;
	uint64_t file_size;
	unsigned int threshold;
	unsigned int passes;
} opt;

static struct option_desc options[] = {
	OPT_WORD("PAIR", &opt.pair, pairs,
		 "over_high,below_low_over_high,below_min_over_high",
		 "the published test", .list = true),
	OPT_WORD("OPS", &opt.ops, ops_words, "none,bpf", "what is attached", .list = true),
	OPT_CG_LIMIT(&opt.cg_limit, HELP_RIVALS_CG_LIMIT, .list = true),
	OPT_OVER_HIGH_MS(&opt.over_high_ms, 0, "2000", HELP_RIVALS_OVER_HIGH_MS,
			 .list = true),
	OPT_FILE_SIZE(&opt.file_size, "64M"),
	OPT_THRESHOLD(&opt.threshold, "LOW is"),
	OPT_UINT("PASSES", &opt.passes, 0, 100000, "0",
		 "how often each reads its file; 0: as published, 5 or 50 times"),
	OPT_END()
};

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

enum { HIGH, LOW, NR_RIVALS };

struct rivals {
	struct contender who[NR_RIVALS];
	struct file_job *jobs[NR_RIVALS];
	int links[NR_RIVALS];
};

static int check_file_size(void)
{
	/* a task and its file's pages in use must fit */
	if (opt.file_size <= opt.cg_limit)
		return 0;
	fprintf(stderr, "FILE_SIZE=%" PRIu64 ": want at most CG_LIMIT, which is %" PRIu64 "\n",
		opt.file_size, opt.cg_limit);
	return -EINVAL;
}

static int validate(void)
{
	return bench_each_config(&bench_priority, check_file_size);
}

static unsigned int max_passes(void)
{
	if (opt.passes)
		return opt.passes;
	return opt.pair == OVER_HIGH ? 5 : 50;
}

static int prepare(struct bench_trial *trial, struct rivals *r)
{
	static const char * const names[NR_RIVALS] = { "HIGH", "LOW" };
	static const char * const cgroups[NR_RIVALS] = { "high", "low" };
	int i, ret;

	ret = cg_write(trial->tb.cgroup, "memory.max", "%" PRIu64, opt.cg_limit);
	if (ret) {
		fprintf(stderr, "cannot write memory.max of %s: %s\n", trial->tb.cgroup,
			strerror(-ret));
		return ret;
	}
	cg_disable_swap(trial->tb.cgroup);
	for (i = 0; i < NR_RIVALS; i++) {
		r->who[i].name = names[i];
		ret = testbed_add_cgroup(&trial->tb, r->who[i].cgroup, cgroups[i]);
		if (ret)
			return ret;
		r->jobs[i] = file_job_new(&trial->tb, cgroups[i], opt.file_size,
					  max_passes());
		if (!r->jobs[i])
			return -errno;
	}
	return 0;
}

static int attach_one(struct bpf_map *ops, struct rivals *r, int who)
{
	int link = memcg_bpf_attach_path(ops, r->who[who].cgroup, 0);

	if (link < 0) {
		fprintf(stderr, "cannot attach to %s: %s\n", r->who[who].cgroup,
			strerror(-link));
		return link;
	}
	r->links[who] = link;
	return 0;
}

static int attach(struct trigger *trigger, struct rivals *r)
{
	struct bpf_map *high_ops = opt.pair == BELOW_LOW ?
		trigger->maps.high_low_ops : trigger->maps.high_min_ops;
	int ret;

	if (opt.ops == OPS_NONE)
		return 0;
	ret = attach_one(trigger->maps.low_ops, r, LOW);
	if (ret || opt.pair == OVER_HIGH)
		return ret;
	return attach_one(high_ops, r, HIGH);
}

static int compete(struct rivals *r)
{
	int i, ret;

	for (i = 0; i < NR_RIVALS; i++) {
		ret = contender_start(&r->who[i], i, file_job_run, r->jobs[i]);
		if (ret)
			return ret;
	}
	return contenders_finish(r->who, NR_RIVALS, -1);
}

static void report(struct bench_trial *trial, struct trigger *trigger,
		   const struct rivals *r)
{
	const char *high = r->who[HIGH].cgroup, *low = r->who[LOW].cgroup;
	double high_s = r->jobs[HIGH]->ns / 1e9, low_s = r->jobs[LOW]->ns / 1e9;
	double delay_s = opt.ops == OPS_NONE ? 0 :
		delay_stall_us(opt.over_high_ms) / 1e6;
	struct delay_stats delays = delay_stats_of(trigger->maps.delays, low);

	bench_set(trial, "high_s", "%.6f", high_s);
	bench_set(trial, "low_s", "%.6f", low_s);
	bench_set(trial, "ratio", "%.4f", low_s / high_s);
	bench_set(trial, "diff_s", "%.6f", low_s - high_s);
	bench_set(trial, "excess_s", "%.6f", low_s - high_s - delay_s);
	bench_set(trial, "high_stall_s", "%.6f",
		  cg_memory_stall_us(high) / 1e6);
	bench_set(trial, "low_stall_s", "%.6f",
		  cg_memory_stall_us(low) / 1e6);
	bench_set(trial, "low_calls", "%llu", delays.calls);
	bench_set(trial, "low_delays", "%llu", delays.delays);
	bench_set(trial, "protect_calls", "%" PRIu64,
		  (uint64_t)trigger->bss->protect_calls);
	bench_set(trial, "protect_yes", "%" PRIu64,
		  (uint64_t)trigger->bss->protect_yes);
	bench_set(trial, "high_pgsteal", "%" PRId64,
		  cg_read_key(high, "memory.stat", "pgsteal"));
	bench_set(trial, "low_pgsteal", "%" PRId64,
		  cg_read_key(low, "memory.stat", "pgsteal"));
	bench_set(trial, "high_faults", "%" PRIu64,
		  (uint64_t)trigger->bss->high_faults);
}

static void detach(const struct rivals *r)
{
	int i;

	for (i = 0; i < NR_RIVALS; i++) {
		if (r->links[i] >= 0)
			close(r->links[i]);
	}
}

static int priority_trial(struct bench_trial *trial)
{
	struct rivals r = { .links = { -1, -1 } };
	const struct trigger_options when = {
		.threshold = opt.threshold,
		.delay_ms = opt.over_high_ms,
	};
	struct trigger *trigger;
	int ret;

	ret = prepare(trial, &r);
	if (ret)
		return ret;

	trigger = trigger_load(r.who[HIGH].cgroup, &when);
	if (!trigger) {
		ret = -errno;
		fprintf(stderr, "cannot load the trigger: %s\n", strerror(-ret));
		return ret;
	}
	ret = attach(trigger, &r);
	if (ret)
		goto out;
	ret = compete(&r);
	if (!ret)
		report(trial, trigger, &r);
out:
	detach(&r);
	trigger__destroy(trigger);
	return ret;
}

const struct bench bench_priority = {
	.name = "priority",
	.help = "completion times of HIGH and LOW that do the same work, with ops and without",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_MEMCG_EVENTS |
			REQUIRE_PSI | REQUIRE_PAGE_CACHE,
	.options = options,
	.columns = columns,
	.baseline = "ops=none",
	.default_trials = "8",
	.validate = validate,
	.trial = priority_trial,
};
