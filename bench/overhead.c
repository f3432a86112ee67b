// SPDX-License-Identifier: GPL-2.0
/*
 * What does a charge cost, with ops and without, and on a kernel without any?
 *
 *   memcg_bpf.overhead.<pid>	memory.max = LIMIT, for CHARGE=reclaim only
 *   |-- charged		ops: OPS; TASKS tasks
 *   `-- other			ops, if OPS=elsewhere
 *
 * Each task, alone on its processor, does the same over and over: see charge.h.  All
 * begin together.
 *
 * The level of OPS is what the trial has that others have not.  Those that begin
 * with unpatched need a kernel of their own, KERNEL=: the same results are gone on
 * with on one after the other.  What ends in again is the same once more; what the two
 * differ by is what this bench cannot tell from nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "bench.h"
#include "bpf_stats.h"
#include "cgroup.h"
#include "charge.h"
#include "clock.h"
#include "overhead_ops.h"
#include "require.h"
#include "worker.h"

#define MAX_TASKS	16
#define LONGEST_TICK_NS	10000000LL	/* HZ=100 */

enum kernel { PATCHED, UNPATCHED, UNPATCHED_AGAIN };

static const char * const kernels[] = {
	[PATCHED] = "patched", [UNPATCHED] = "unpatched",
	[UNPATCHED_AGAIN] = "unpatched_again", NULL
};

#define MAP_OF(ops) offsetof(struct overhead, maps.ops)

/* What one callback costs is seen where it is called. */
#define ONLY(charge) (1U << CHARGE_##charge)
#define EACH ((1U << CHARGE_NR) - 1)

/* What is attached, where, and the map of it in the skeleton, or 0. */
static const struct attached {
	const char *word;
	size_t map;
	unsigned int charges;	/* wanted with these */
	unsigned int can;	/* and if the kernel has them */
	bool elsewhere;
	bool alone;		/* wanted with one task only */
	enum kernel kernel;
} attached[] = {
	{ .word = "unpatched", .charges = EACH, .kernel = UNPATCHED },
	{ .word = "unpatched_again", .charges = EACH, .kernel = UNPATCHED_AGAIN },
	{ .word = "none", .charges = EACH },
	{ .word = "none_again", .charges = EACH },
	{ .word = "elsewhere", .charges = EACH, .map = MAP_OF(all_ops), .elsewhere = true,
	  .alone = true },
	{ .word = "empty", .charges = EACH, .map = MAP_OF(empty_ops), .alone = true },
	{ .word = "online", .charges = ONLY(ANON), .map = MAP_OF(online_ops), .alone = true },
	{ .word = "offline", .charges = ONLY(ANON), .map = MAP_OF(offline_ops),
	  .alone = true },
	{ .word = "below_low", .charges = ONLY(RECLAIM), .map = MAP_OF(below_low_ops),
	  .alone = true },
	{ .word = "below_min", .charges = ONLY(RECLAIM), .map = MAP_OF(below_min_ops),
	  .alone = true },
	{ .word = "delay", .charges = EACH & ~ONLY(UNMAP), .map = MAP_OF(delay_ops),
	  .alone = true },
	{ .word = "uncharged", .charges = EACH & ~ONLY(ANON), .map = MAP_OF(uncharged_ops),
	  .can = CAN_UNCHARGED, .alone = true },
	{ .word = "all", .charges = EACH, .map = MAP_OF(all_ops) },
	{}
};

#define UNPATCHED_LEVELS "unpatched,unpatched_again,"
#define DEFAULT_OPS								\
	"none,none_again,elsewhere,empty,online,offline,below_low,below_min,"	\
	"delay,uncharged,all"

static struct {
	struct charge_work work;
	unsigned int tasks;
	unsigned int ops;	/* index in attached */
	unsigned int repeat;
	uint64_t limit;
	unsigned int cpu;
	unsigned int warm_up;
	enum kernel kernel;
} opt;

static struct option_desc options[] = {
	OPT_WORD("CHARGE", &opt.work.charge, charge_words,
		 "anon,file,kmem,reclaim,unmap,fork", "what is charged", .list = true),
	OPT_UINT("TASKS", &opt.tasks, 1, MAX_TASKS, NULL,
		 "tasks that do so at the same time, each on its processor",
		 .list = true, .by_default = "1,4, or 1 with fewer processors"),
	OPT_WORD("OPS", &opt.ops, attached,
		 DEFAULT_OPS,
		 "what is attached to the cgroup charged: nothing, nothing, all to another cgroup, ops without callbacks, one callback, all; or what runs on a KERNEL without the interface; the others are compared with the first",
		 .list = true),
	OPT_SIZE("REGION", &opt.work.region, 1 << 20, 1ULL << 40, "16M",
		 "memory that a task charges in one go"),
	OPT_UINT("REPEAT", &opt.repeat, 1, 100000, "20", "how often a trial does so"),
	OPT_UINT("PIPES", &opt.work.pipes, 1, CHARGE_MAX_PIPES, "500",
		 "pipes opened in one go, for CHARGE=kmem"),
	OPT_UINT("FORKS", &opt.work.forks, 1, 100000, "50",
		 "tasks made in one go, for CHARGE=fork"),
	OPT_SIZE("LIMIT", &opt.limit, 4 << 20, 1ULL << 40, "8M",
		 "memory.max, for CHARGE=reclaim"),
	OPT_UINT("CPU", &opt.cpu, 0, 4095, "0",
		 "the first of the allowed processors to run on"),
	OPT_UINT("WARM_UP", &opt.warm_up, 0, 1000, NULL,
		 "trials of each kind of charge that are not recorded, on each kernel before all others",
		 .by_default = "12, or 0 where the clock does not count instructions"),
	OPT_WORD("KERNEL", &opt.kernel, kernels, NULL,
		 "which of the levels of OPS this kernel is for, if kernels are compared: those of the interface, or one without it",
		 .by_default = "patched, and nothing is compared with it"),
	OPT_END()
};

enum { INSTRUCTIONS, NS };

/* Of a run whose instructions are counted they are what is judged. */
static struct bench_column columns[] = {
	[INSTRUCTIONS] = { "instructions", NULL,
	  "of all tasks, for each page, pipe (kmem) or task (fork), where something counts them: the fewest of REPEAT",
	  RESULT_COUNT_WORSE_MORE },
	[NS] = { "ns", "ns", "time for each that one task charges: the fastest of REPEAT",
	  RESULT_WORSE_MORE },
	{ "mean_ns", "ns", "the same, mean of REPEAT", RESULT },
	{ "calls_per_1000", NULL,
	  "callbacks that ran for 1000 of them, counted in a pass that is not measured",
	  NO_RESULT },
	{}
};

/* What the tasks share with the trial. */
struct job {
	pthread_barrier_t tasks;	/* of the tasks */
	pthread_barrier_t all;		/* of the tasks and the trial: the pass to warm up */
	struct {
		struct counter_point begin, end;
	} pass[MAX_TASKS];	/* the last one, of each task */
	int error;		/* of a task: negative errno */
	int64_t best_ns, sum_ns;
	double instructions;	/* of the pass with the fewest, or -1 */
	uint64_t callbacks;	/* of one pass */
};

/* Processors that may be used here. */
static unsigned int nr_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);
}

static int configure(void)
{
	struct option_desc *tasks = option_named(options, "TASKS");
	struct option_desc *ops = option_named(options, "OPS");
	struct option_desc *kernel = option_named(options, "KERNEL");
	struct option_desc *warm_up = option_named(options, "WARM_UP");

	if (!warm_up->text)
		option_set(warm_up, counter_source() == COUNTER_CLOCK ? "12" : "0", "");
	/* Whoever names the kernel compares some. */
	if (!kernel->text)
		option_set(kernel, kernels[PATCHED], "");
	else if (!ops->from)
		option_set(ops, UNPATCHED_LEVELS DEFAULT_OPS, "");

	if (counter_source() != COUNTER_NONE)
		columns[NS].result = RESULT;
	if (!tasks->text)
		option_set(tasks, nr_cpus() >= 4 ? "1,4" : "1", "");
	return 0;
}

/*
 * A clock that counts the instructions of all processors counts those of idle ones, too.
 * So each number of tasks has a machine of its own, and the others are left out.
 */
static bool tasks_fit(void)
{
	return opt.tasks == nr_cpus() || counter_source() != COUNTER_CLOCK;
}

static int check_tasks(void)
{
	if (opt.tasks <= nr_cpus() || !tasks_fit())
		return 0;
	fprintf(stderr, "TASKS=%u: want at most %u, the processors that may be used here\n",
		opt.tasks, nr_cpus());
	return -EINVAL;
}

static int validate(void)
{
	const rlim_t nr = 2 * opt.work.pipes + 64;
	const struct rlimit files = { nr, nr };

	if (opt.limit >= opt.work.region) {
		fprintf(stderr, "LIMIT=%" PRIu64 ": want less than REGION, which is %" PRIu64 "\n",
			opt.limit, opt.work.region);
		return -EINVAL;
	}
	if (setrlimit(RLIMIT_NOFILE, &files) && errno != EPERM) {
		fprintf(stderr, "PIPES=%u: cannot have so many files open: %s\n",
			opt.work.pipes, strerror(errno));
		return -EINVAL;
	}
	return bench_each_config(&bench_overhead, check_tasks);
}

static const char *missing(void)
{
	const char *text = require(REQUIRE_MEMCG_BPF_OPS);

	if (opt.kernel == PATCHED)
		return text;
	return text ? NULL : "this kernel has memcg_bpf_ops: boot one without, or leave KERNEL= out";
}

static bool wanted(void)
{
	const struct attached *a = &attached[opt.ops];

	return tasks_fit() && a->kernel == opt.kernel &&
		a->charges & 1U << opt.work.charge &&
		(!a->alone || opt.tasks == 1) && (!a->can || revision_can(a->can));
}

/*
 * Each trial has a cgroup of its own.  The first of them leave free objects in slabs for the
 * next, down to some 2 % fewer instructions, until the lists of such slabs are full.  The
 * same number of trials before the first round, of each charge with any one of OPS, makes
 * that the same on all kernels.
 */
static unsigned int warm_up_times(void)
{
	static bool seen[CHARGE_NR][MAX_TASKS + 1];
	bool *this = &seen[opt.work.charge][opt.tasks];

	if (*this)
		return 0;
	*this = true;
	return opt.warm_up;
}

/*
 * Instructions of the last pass, or -1.  A clock that counts them is exact where the
 * processors are never idle, when it jumps to the next timer.
 */
static double instructions_of_pass(const struct job *job, int64_t ns)
{
	double sum = 0;
	unsigned int i;

	if (counter_source() == COUNTER_CLOCK)
		return ns / counter_ns_per_instruction();
	for (i = 0; i < opt.tasks; i++) {
		if (job->pass[i].begin.instructions < 0 || job->pass[i].end.instructions < 0)
			return -1;
		sum += job->pass[i].end.instructions - job->pass[i].begin.instructions;
	}
	return sum;
}

/* A pass is from where the first task begins to where the last one ends. */
static void note_pass(struct job *job)
{
	int64_t begin = job->pass[0].begin.ns, end = job->pass[0].end.ns;
	double instructions;
	unsigned int i;

	for (i = 1; i < opt.tasks; i++) {
		if (job->pass[i].begin.ns < begin)
			begin = job->pass[i].begin.ns;
		if (job->pass[i].end.ns > end)
			end = job->pass[i].end.ns;
	}
	job->sum_ns += end - begin;
	if (!job->best_ns || end - begin < job->best_ns)
		job->best_ns = end - begin;
	instructions = instructions_of_pass(job, end - begin);
	if (!job->instructions || instructions < job->instructions)
		job->instructions = instructions;
}

struct task {
	struct job *job;
	unsigned int nr;
	const char *cgroup;
	char file[PATH_MAX];
};

/* Who has failed goes on to the barrier: the others wait there. */
static void do_pass(struct task *task, int counter, pthread_barrier_t *barrier)
{
	struct charge_work work = opt.work;
	struct job *job = task->job;
	int ret;

	work.file = task->file;
	pthread_barrier_wait(barrier);
	ret = charge_do(&work, counter, &job->pass[task->nr].begin,
			&job->pass[task->nr].end);
	if (ret)
		__atomic_store_n(&job->error, ret, __ATOMIC_RELAXED);
	pthread_barrier_wait(barrier);
}

/*
 * Recent kernels keep what several cgroups have charged in advance in slots of each
 * processor, and search them at each charge.  Which slot a cgroup gets depends on the
 * trials before.  To lower memory.high below what is charged, by no more than that, empties
 * the slots and reclaims nothing: the next to charge gets the first of them.  This is for a
 * task that has charged memory and objects of the kernel.
 */
static int empty_slots(const char *charged)
{
	const int64_t usage = cg_read_number(charged, "memory.current");
	const int64_t page = sysconf(_SC_PAGESIZE);
	int ret;

	if (usage < page)
		return usage < 0 ? usage : 0;
	ret = cg_write(charged, "memory.high", "%" PRId64, usage - page);
	return ret ? ret : cg_write(charged, "memory.high", "max");
}

/*
 * A clock that counts instructions counts those of the tick, too.  Passes may be as long as
 * a few ticks are, to the instruction, and then all have one more than they need.  So they
 * begin at times that differ by parts of a tick, and the fewest instructions are those of
 * a pass with as few ticks as there can be.
 */
static void shift_phase(unsigned int pass)
{
	int64_t until = clock_ns() + pass * LONGEST_TICK_NS / opt.repeat;

	while (counter_source() == COUNTER_CLOCK && clock_ns() < until)
		;
}

static int work(void *arg)
{
	struct task *task = arg;
	struct job *job = task->job;
	int counter = counter_open(), ret = 0;
	unsigned int i;

	do_pass(task, counter, &job->all);
	if (!task->nr)
		ret = empty_slots(task->cgroup);
	if (ret)
		__atomic_store_n(&job->error, ret, __ATOMIC_RELAXED);
	for (i = 0; i < opt.repeat; i++) {
		shift_phase(i);
		do_pass(task, counter, &job->tasks);
		if (!task->nr)
			note_pass(job);
	}
	return 0;
}

/* Return: the ops to be attached, or NULL. */
static struct bpf_map *ops_of(struct overhead *skel)
{
	size_t map = attached[opt.ops].map;

	return map ? *(struct bpf_map **)((char *)skel + map) : NULL;
}

static void report(struct bench_trial *trial, const struct job *job)
{
	double n = charge_units(&opt.work);

	if (job->instructions >= 0)
		bench_set(trial, "instructions", "%.3f", job->instructions / n / opt.tasks);
	bench_set(trial, "ns", "%.3f", job->best_ns / n);
	bench_set(trial, "mean_ns", "%.3f", job->sum_ns / n / opt.repeat);
	bench_set(trial, "calls_per_1000", "%.3f", job->callbacks * 1000 / n / opt.tasks);
}

/* They wait for the pass to warm up. */
static int start_tasks(struct bench_trial *trial, struct job *job, const char *cgroup,
		       pid_t *pids)
{
	struct task task = { .job = job, .cgroup = cgroup };

	for (task.nr = 0; task.nr < opt.tasks; task.nr++) {
		if (snprintf(task.file, sizeof(task.file), "%s/file%u", trial->tb.dir,
			     task.nr) >= (int)sizeof(task.file))
			return -ENAMETOOLONG;
		pids[task.nr] = worker_start(cgroup, opt.cpu + task.nr, work, &task);
		if (pids[task.nr] < 0)
			return pids[task.nr];
	}
	return 0;
}

static int wait_for_tasks(const struct job *job, const pid_t *pids)
{
	unsigned int i;
	int ret, status;

	for (i = 0; i < opt.tasks; i++) {
		ret = worker_wait(pids[i], -1, &status);
		if (ret < 0 || status) {
			fprintf(stderr, "a task ended with %s\n",
				ret < 0 ? strerror(-ret) : worker_status(status));
			return ret < 0 ? ret : -ECHILD;
		}
	}
	if (job->error)
		fprintf(stderr, "cannot charge %s: %s\n", charge_words[opt.work.charge],
			strerror(-job->error));
	return job->error;
}

/* One pass, in which the kernel counts the callbacks that it runs. */
static int warm_up(struct job *job, struct overhead *skel)
{
	struct bpf_stats before, after;
	int counting = skel ? bpf_stats_start() : -1, ret = 0;

	if (skel)
		ret = counting < 0 ? counting : bpf_stats_of(skel->obj, &before);
	if (ret)
		return ret;
	pthread_barrier_wait(&job->all);
	pthread_barrier_wait(&job->all);
	if (!skel)
		return 0;
	ret = bpf_stats_of(skel->obj, &after);
	if (!ret)
		job->callbacks = after.calls - before.calls;
	close(counting);
	return ret;
}

/* Return: the link, 0 if nothing is to be attached, or a negative errno. */
static int attach(struct overhead *skel, const char *charged, const char *other)
{
	struct bpf_map *map = ops_of(skel);
	int link;

	if (!map)
		return 0;
	link = memcg_bpf_attach_path(map, attached[opt.ops].elsewhere ? other : charged, 0);
	if (link < 0)
		fprintf(stderr, "cannot attach %s: %s\n", attached[opt.ops].word,
			strerror(-link));
	return link;
}

/*
 * The tasks are started before anything is loaded: on a kernel without the interface they
 * are to be the same, down to the memory that a fork copies.
 */
static int run_job(struct bench_trial *trial, struct job *job)
{
	char charged[PATH_MAX], other[PATH_MAX];
	struct overhead *skel = NULL;
	pid_t pids[MAX_TASKS];
	int ret, link = 0;

	ret = testbed_add_cgroup(&trial->tb, charged, "charged");
	if (!ret)
		ret = testbed_add_cgroup(&trial->tb, other, "other");
	if (!ret && opt.work.charge == CHARGE_RECLAIM)
		ret = cg_write(trial->tb.cgroup, "memory.max", "%" PRIu64, opt.limit);
	if (!ret)
		ret = start_tasks(trial, job, charged, pids);
	if (ret)
		return ret;

	if (opt.kernel == PATCHED) {
		skel = overhead_ops_load();
		if (!skel)
			return -errno;
		link = attach(skel, charged, other);
	}
	ret = link < 0 ? link : warm_up(job, skel);
	if (!ret)
		ret = wait_for_tasks(job, pids);
	if (!ret)
		report(trial, job);
	if (link > 0)
		close(link);
	overhead__destroy(skel);
	return ret;
}

static int overhead_trial(struct bench_trial *trial)
{
	pthread_barrierattr_t shared;
	struct job *job;
	int ret;

	job = worker_share(sizeof(*job));
	if (!job)
		return -errno;
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	ret = pthread_barrier_init(&job->tasks, &shared, opt.tasks);
	if (!ret)
		ret = pthread_barrier_init(&job->all, &shared, opt.tasks + 1);
	if (ret)
		return -ret;
	/* The trial is a process of its own: what is left of it ends with that. */
	return run_job(trial, job);
}

const struct bench bench_overhead = {
	.name = "overhead",
	.help = "cost of a charge, with nothing attached, empty ops, each callback",
	.requirements = REQUIRE_PAGE_CACHE,
	.missing = missing,
	.options = options,
	.columns = columns,
	.baseline = "ops",
	.kernel = "KERNEL",
	/* some 40 comparisons: with fewer than 7 no rank test can show a difference */
	.default_trials = "8",
	.configure = configure,
	.validate = validate,
	.wanted = wanted,
	.warm_up = warm_up_times,
	.trial = overhead_trial,
};
