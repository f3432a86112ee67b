// SPDX-License-Identifier: GPL-2.0
/*
 * HIGH is to be protected while it works.  While it does not, LOW is to have the memory.
 * How well, and how soon, do BPF and processes of user space achieve that?
 *
 *   memcg_bpf.protect.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0, or max (anon)
 *   |-- high			STRATEGY: memory.low, or ops
 *   `-- low			always works
 *
 * Each reads pages of SIZE bytes of its own in random order: of a file without a block on
 * the disk, whose pages come from the kernel (sparse), of a file on the disk (disk), or of
 * anonymous memory, which is swapped to the disk (anon).  Or stress-ng writes anonymous
 * memory, as in the RFC's cover letter (stress_ng).  Both together do not fit in
 * CG_LIMIT.  HIGH has all of its pages when it begins, LOW has none.  HIGH works all the
 * time (active), never (idle), or in bursts of ACTIVE_MS, with pauses of IDLE_MS.  With
 * STRATEGY
 *
 *   none	nothing protects it
 *   static	memory.low is SIZE
 *   bpf	below_low says yes for HOLD_MS after HIGH has had more than THRESHOLD
 *		faults in HOLD_MS, and memory.low is 0
 *   bpf_min	below_min says yes, as below_low with bpf
 *   bpf_owned	as bpf, and memory.low is OWNED, which another program has set
 *   poll_*	a process of user space, outside of these cgroups, reads HIGH's faults
 *		(pgfault of memory.stat) at that interval, and sets memory.low to SIZE or 0
 *   psi	the same process, woken up by memory.pressure of HIGH
 *
 * none_again is the control: its difference from none is noise.  The program that
 * watches HIGH's faults runs with each strategy, since it also tells when HIGH began to
 * fault again after a pause.  reaction_ms is the time from there until reclaim would spare
 * HIGH: the ops say yes, or memory.low is set.  How often a process looks makes little
 * difference where HIGH never changes, so the longer intervals are measured with bursts
 * only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "bench.h"
#include "bpf_stats.h"
#include "cgroup.h"
#include "clock.h"
#include "contender.h"
#include "protect_daemon.h"
#include "protect_stress_ng.h"
#include "protect_work.h"
#include "require.h"
#include "swap.h"
#include "trigger.h"
#include "worker.h"

enum memory { SPARSE, DISK, ANON, STRESS_NG };

static const char * const memories[] = {
	[SPARSE] = "sparse", [DISK] = "disk", [ANON] = "anon",
	[STRESS_NG] = "stress_ng", NULL
};

enum activity { ACTIVE, IDLE, BURSTS };

static const char * const activities[] = {
	[ACTIVE] = "active", [IDLE] = "idle", [BURSTS] = "bursts", NULL
};

enum strategy {
	NONE, NONE_AGAIN, STATIC, BPF, BPF_MIN, BPF_OWNED, POLL_10, POLL_100, POLL_1000, PSI
};

static const char * const strategies[] = {
	[NONE] = "none", [NONE_AGAIN] = "none_again", [STATIC] = "static", [BPF] = "bpf",
	[BPF_MIN] = "bpf_min", [BPF_OWNED] = "bpf_owned", [POLL_10] = "poll_10ms", [POLL_100] = "poll_100ms",
	[POLL_1000] = "poll_1000ms", [PSI] = "psi", NULL
};

static struct {
	unsigned int memory;
	unsigned int activity;
	unsigned int strategy;
	uint64_t cg_limit;
	uint64_t size;
	uint64_t owned;
	unsigned int active_ms;
	unsigned int idle_ms;
	unsigned int hold_ms;
	unsigned int threshold;
	unsigned int duration_ms;
} opt;

static struct option_desc options[] = {
	OPT_WORD("MEMORY", &opt.memory, memories, "sparse", "what they read", .list = true),
	OPT_WORD("ACTIVITY", &opt.activity, activities, "active,idle,bursts",
		 "when HIGH works", .list = true),
	OPT_WORD("STRATEGY", &opt.strategy, strategies,
		 "none,none_again,static,bpf,bpf_min,bpf_owned,poll_10ms,poll_100ms,poll_1000ms,psi",
		 "what protects HIGH", .list = true),
	OPT_SIZE("CG_LIMIT", &opt.cg_limit, 32 << 20, 1ULL << 40, "48M",
		 "memory.max of the parent of HIGH and LOW"),
	OPT_SIZE("SIZE", &opt.size, 4 << 20, 1ULL << 40, "32M",
		 "what each of them reads"),
	OPT_SIZE("OWNED", &opt.owned, 0, 1ULL << 40, "4M",
		 "memory.low of HIGH that is not the benchmark's, for STRATEGY=bpf_owned"),
	OPT_UINT("ACTIVE_MS", &opt.active_ms, 1, 60000, "400",
		 "how long HIGH works, for ACTIVITY=bursts", .unit = "ms"),
	OPT_UINT("IDLE_MS", &opt.idle_ms, 1, 60000, "400",
		 "how long it sleeps then", .unit = "ms"),
	OPT_UINT("HOLD_MS", &opt.hold_ms, 10, 60000, "100",
		 "how long it is protected after its last faults; a second in the RFC",
		 .unit = "ms"),
	OPT_UINT("THRESHOLD", &opt.threshold, 0, 1000000, "1",
		 "page faults of HIGH in HOLD_MS above which it is protected"),
	OPT_UINT("DURATION_MS", &opt.duration_ms, 100, 3600000, "1600",
		 "how long they are measured", .unit = "ms"),
	OPT_END()
};

static const struct bench_column columns[] = {
	{ "high_pages", "pages", "HIGH read, unless it is idle; with stress_ng its bogo operations",
	  RESULT_WORSE_LESS },
	{ "low_pages", "pages", "LOW read; with stress_ng its bogo operations",
	  RESULT_WORSE_LESS },
	{ "high_steal", "pages", "HIGH lost (pgsteal of memory.stat)", RESULT },
	{ "high_refaults", "pages", "HIGH lost and wanted back (workingset_refault)", RESULT },
	{ "reaction_ms", "ms",
	  "from HIGH's first fault after a pause until it is protected, mean", RESULT },
	{ "reactions", NULL, "after how many pauses that was", NO_RESULT },
	{ "cpu_daemon_s", "s", "processor time of the process that protects", RESULT },
	{ "cpu_bpf_s", "s", "run time of the BPF programs that protect", RESULT },
	{ "writes", NULL, "how often memory.low was written", NO_RESULT },
	{ "protect_calls", NULL, "how often the kernel asked whether HIGH is protected",
	  NO_RESULT },
	{ "protect_yes", NULL, "how often BPF said yes", NO_RESULT },
	{}
};

enum { HIGH, LOW, NR_RIVALS };

/* All that a trial is about. */
struct protect {
	struct contender who[NR_RIVALS];
	struct protect_work *work[NR_RIVALS];
	struct trigger *trigger;
	struct protect_daemon daemon;
	int64_t steal, refaults;	/* HIGH's before */
	int64_t daemon_ns;
	char swap[SWAP_PATH_MAX];
};

static int validate(void)
{
	if (opt.size < opt.cg_limit && opt.cg_limit < 2 * opt.size)
		return 0;
	fprintf(stderr, "SIZE=%" PRIu64 " CG_LIMIT=%" PRIu64 ": want a limit in which one of two fits\n",
		opt.size, opt.cg_limit);
	return -EINVAL;
}

static bool is_bpf(void)
{
	return opt.strategy == BPF || opt.strategy == BPF_MIN || opt.strategy == BPF_OWNED;
}

/* In milliseconds; 0 for pressure. */
static unsigned int poll_ms(void)
{
	switch (opt.strategy) {
	case POLL_10:
		return 10;
	case POLL_100:
		return 100;
	case POLL_1000:
		return 1000;
	default:
		return 0;
	}
}

static bool is_daemon(void)
{
	return poll_ms() || opt.strategy == PSI;
}

static bool wanted(void)
{
	/* stress-ng makes no pauses */
	if (opt.activity == BURSTS)
		return opt.memory != STRESS_NG;
	return poll_ms() <= 10;
}

static bool is_swapped(void)
{
	return opt.memory == ANON || opt.memory == STRESS_NG;
}

/* Who is idle holds its memory, and has nothing to run. */
static bool by_stress_ng(int i)
{
	return opt.memory == STRESS_NG && !(i == HIGH && opt.activity == IDLE);
}

static int add_rival(struct bench_trial *trial, struct protect *p, int i)
{
	static const char * const names[NR_RIVALS] = { "HIGH", "LOW" };
	static const char * const cgroups[NR_RIVALS] = { "high", "low" };
	struct protect_work *work = worker_share(sizeof(*work));

	if (!work)
		return -errno;
	if (!is_swapped() || by_stress_ng(i))
		snprintf(work->file, sizeof(work->file), "%s/%s", trial->tb.dir, cgroups[i]);
	work->size = opt.size;
	work->sparse = opt.memory == SPARSE;
	work->seed = i;
	if (i == HIGH) {
		work->warm = true;
		work->active_ms = opt.activity == IDLE ? 0 : opt.active_ms;
		work->idle_ms = opt.activity == ACTIVE ? 0 : opt.idle_ms;
	}
	p->work[i] = work;
	p->who[i].name = names[i];
	return testbed_add_cgroup(&trial->tb, p->who[i].cgroup, cgroups[i]);
}

/* LOW first: it makes its file and drops the pages, before HIGH takes its memory. */
static int start_rivals(struct protect *p)
{
	int i, ret = 0;

	for (i = LOW; !ret && i >= HIGH; i--) {
		ret = contender_start(&p->who[i], i, by_stress_ng(i) ?
				      protect_stress_ng_run : protect_work_run,
				      p->work[i]);
		if (!ret)
			ret = contenders_wait(p->who, NR_RIVALS, p->work[i]->ready,
					      STEP_TIMEOUT_MS);
		if (!ret && !p->work[i]->ready)
			ret = -ECHILD;
		if (ret)
			fprintf(stderr, "%s does not begin: %s\n", p->who[i].name,
				strerror(-ret));
	}
	return ret;
}

static int prepare(struct bench_trial *trial, struct protect *p)
{
	const char *why;
	int i, ret;

	ret = cg_write(trial->tb.cgroup, "memory.max", "%" PRIu64, opt.cg_limit);
	if (ret)
		return ret;
	if (!is_swapped()) {
		cg_disable_swap(trial->tb.cgroup);
	} else {
		why = swap_start(&trial->tb, p->swap, 2 * opt.size);
		if (why) {
			fprintf(stderr, "%s\n", why);
			return -EOPNOTSUPP;
		}
	}
	for (i = 0; i < NR_RIVALS; i++) {
		ret = add_rival(trial, p, i);
		if (ret)
			return ret;
	}
	return start_rivals(p);
}

static int attach(const struct protect *p)
{
	struct bpf_map *ops = opt.strategy == BPF_MIN ? p->trigger->maps.high_min_ops :
		p->trigger->maps.high_low_ops;
	int link = memcg_bpf_attach_path(ops, p->who[HIGH].cgroup, 0);

	if (link < 0)
		fprintf(stderr, "cannot attach: %s\n", strerror(-link));
	return link < 0 ? link : 0;
}

/* Begin to protect HIGH.  Until here it is unprotected with each strategy. */
static int protect(struct protect *p)
{
	const struct trigger_options when = {
		.threshold = opt.threshold, .window_ms = opt.hold_ms,
		.rest_ms = opt.idle_ms / 2,
	};
	const char *high = p->who[HIGH].cgroup;

	p->trigger = trigger_load(high, &when);
	if (!p->trigger)
		return -errno;
	if (opt.strategy == STATIC)
		return cg_write(high, "memory.low", "%" PRIu64, opt.size);
	if (opt.strategy == BPF_OWNED) {
		int ret = cg_write(high, "memory.low", "%" PRIu64, opt.owned);

		if (ret)
			return ret;
	}
	if (is_bpf())
		return attach(p);
	if (!is_daemon())
		return 0;
	p->daemon = (struct protect_daemon) {
		.cgroup = high, .low = opt.size, .threshold = opt.threshold,
		.hold_ms = opt.hold_ms, .poll_ms = poll_ms(),
		.first_fault_ns = &p->trigger->bss->first_fault_ns,
	};
	return protect_daemon_start(&p->daemon);
}

static int64_t refaults_of(const char *cgroup)
{
	return cg_read_key(cgroup, "memory.stat", "workingset_refault_file") +
		cg_read_key(cgroup, "memory.stat", "workingset_refault_anon");
}

static int compete(struct protect *p)
{
	const char *high = p->who[HIGH].cgroup;
	int i;

	p->steal = cg_read_key(high, "memory.stat", "pgsteal");
	p->refaults = refaults_of(high);
	for (i = 0; i < NR_RIVALS; i++) {
		p->work[i]->begin_ns = clock_ns();
		p->work[i]->end_ns = p->work[i]->begin_ns + opt.duration_ms * 1000000LL;
		p->work[i]->go = true;
	}
	return contenders_finish(p->who, NR_RIVALS, opt.duration_ms + STEP_TIMEOUT_MS);
}

static void report_reactions(struct bench_trial *trial, uint64_t nr, uint64_t ns_sum)
{
	if (opt.activity != BURSTS)
		return;
	bench_set(trial, "reactions", "%" PRIu64, nr);
	if (nr)
		bench_set(trial, "reaction_ms", "%.6f", ns_sum / 1e6 / nr);
}

static int report_bpf(struct bench_trial *trial, const struct protect *p)
{
	const struct trigger__bss *seen = p->trigger->bss;
	struct bpf_stats stats;
	int ret = bpf_stats_of(p->trigger->obj, &stats);

	if (ret)
		return ret;
	bench_set(trial, "cpu_bpf_s", "%.6f", stats.run_time_ns / 1e9);
	bench_set(trial, "protect_calls", "%" PRIu64, (uint64_t)seen->protect_calls);
	bench_set(trial, "protect_yes", "%" PRIu64, (uint64_t)seen->protect_yes);
	report_reactions(trial, seen->reactions, seen->reaction_ns_sum);
	return 0;
}

static void report_daemon(struct bench_trial *trial, const struct protect *p)
{
	bench_set(trial, "cpu_daemon_s", "%.6f", p->daemon_ns / 1e9);
	bench_set(trial, "writes", "%u", p->daemon.shared->writes);
	report_reactions(trial, p->daemon.shared->reactions,
			 p->daemon.shared->reaction_ns_sum);
}

static int report(struct bench_trial *trial, const struct protect *p)
{
	const char *high = p->who[HIGH].cgroup;

	if (opt.activity != IDLE) {
		bench_set(trial, "high_pages", "%" PRIu64, p->work[HIGH]->pages);
		bench_set(trial, "high_refaults", "%" PRId64,
			  refaults_of(high) - p->refaults);
	}
	bench_set(trial, "low_pages", "%" PRIu64, p->work[LOW]->pages);
	bench_set(trial, "high_steal", "%" PRId64,
		  cg_read_key(high, "memory.stat", "pgsteal") - p->steal);
	if (opt.strategy == STATIC)
		bench_set(trial, "writes", "1");
	if (is_daemon())
		report_daemon(trial, p);
	return is_bpf() ? report_bpf(trial, p) : 0;
}

static int run(struct bench_trial *trial, struct protect *p)
{
	int ret;

	ret = prepare(trial, p);
	if (ret)
		return ret;
	ret = protect(p);
	if (ret)
		return ret;
	ret = compete(p);
	if (is_daemon())
		p->daemon_ns = protect_daemon_stop(&p->daemon);
	if (p->daemon_ns < 0)
		return p->daemon_ns;
	if (ret)
		return ret;
	/* The trial is a process of its own: the link and the programs end with it. */
	return report(trial, p);
}

static int protect_trial(struct bench_trial *trial)
{
	struct protect p = {};
	int stats = bpf_stats_start();
	int ret, err = 0;

	if (stats < 0) {
		fprintf(stderr, "the run time of BPF programs is not measured: %s\n",
			strerror(-stats));
		return stats;
	}
	ret = run(trial, &p);
	if (*p.swap)
		err = swap_stop(p.swap);
	close(stats);
	return ret ? ret : err;
}

static const char *missing(void)
{
	return opt.memory == STRESS_NG ? protect_stress_ng_missing() : NULL;
}

const struct bench bench_protect = {
	.name = "protect",
	.help = "protection that follows the work of HIGH, by BPF and by user space",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_MEMCG_EVENTS | REQUIRE_PSI |
		REQUIRE_PAGE_CACHE | REQUIRE_TWO_CPUS,
	.options = options,
	.columns = columns,
	.baseline = "strategy=none",
	/* twenty comparisons: with fewer no rank test can show a difference */
	.default_trials = "7",
	.validate = validate,
	.missing = missing,
	.wanted = wanted,
	.trial = protect_trial,
};
