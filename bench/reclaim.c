// SPDX-License-Identifier: GPL-2.0
/*
 * A task uses more memory than its limit.  Who reclaims, and whose processor time is it?
 *
 *   memcg_bpf.reclaim.<pid>	without a limit
 *   |-- writer			makes the file, and is done
 *   `-- worker			memory.max = MAX, memory.swap.max = max; the task;
 *				STRATEGY: ops, or memory.high = THRESHOLD, or neither
 *
 * The task goes ROUNDS times through SIZE bytes, of a file or of anonymous memory,
 * which is swapped.  With STRATEGY
 *
 *   none	it reclaims by itself, at memory.max
 *   high	it reclaims by itself, at memory.high
 *   bpf	a kworker reclaims: ops see what is charged, and start a bpf_wq
 *   poll	a process of user space reclaims, by memory.reclaim: it reads memory.current
 *		every POLL_MS
 *   psi	the same process, woken up by memory.pressure
 *
 * All but the first reclaim what is above THRESHOLD, and bpf, poll and psi a third
 * more.  none_again is the control: its difference from none is noise.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "async_reclaim.h"
#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "cpu_time.h"
#include "page_cache.h"
#include "reclaim_daemon.h"
#include "require.h"
#include "size.h"
#include "swap.h"
#include "worker.h"
#include "workload.h"

enum workload { FILE_CACHE, ANON };

static const char * const workloads[] = {
	[FILE_CACHE] = "file", [ANON] = "anon", NULL
};

enum strategy { NONE, NONE_AGAIN, HIGH, BPF, POLL, PSI };

static const char * const strategies[] = {
	[NONE] = "none", [NONE_AGAIN] = "none_again", [HIGH] = "high", [BPF] = "bpf",
	[POLL] = "poll", [PSI] = "psi", NULL
};

static struct {
	unsigned int workload;
	unsigned int strategy;
	uint64_t max;
	uint64_t threshold;
	uint64_t size;
	unsigned int rounds;
	unsigned int poll_ms;
} opt;

static struct option_desc options[] = {
	OPT_WORD("WORKLOAD", &opt.workload, workloads, "file,anon",
		 "what the memory is", .list = true),
	OPT_WORD("STRATEGY", &opt.strategy, strategies, "none,none_again,high,bpf,poll,psi",
		 "who reclaims", .list = true),
	OPT_SIZE("MAX", &opt.max, 8 << 20, 1ULL << 40, "32M", "memory.max"),
	OPT_SIZE("THRESHOLD", &opt.threshold, 4 << 20, 1ULL << 40, "20M",
		 "what is above it is reclaimed, with all strategies but none"),
	OPT_SIZE("SIZE", &opt.size, 8 << 20, 1ULL << 40, "64M", "memory that the task goes through"),
	OPT_UINT("ROUNDS", &opt.rounds, 1, 1000, "2", "how often it does"),
	OPT_UINT("POLL_MS", &opt.poll_ms, 1, 60000, "10",
		 "between two looks, for STRATEGY=poll", .unit = "ms"),
	OPT_END()
};

static const struct bench_column columns[] = {
	{ "completion_s", "s", "the task took", RESULT_WORSE_MORE },
	{ "stall_s", "s", "it was stalled on memory (memory.pressure, some)", RESULT_WORSE_MORE },
	{ "events_max", NULL, "it came to memory.max (memory.events)", RESULT_WORSE_MORE },
	{ "events_high", NULL, "it came to memory.high", NO_RESULT },
	{ "peak_bytes", "bytes", "memory.peak", RESULT },
	{ "steal", "pages", "were reclaimed, by whomever (pgsteal of memory.stat)", NO_RESULT },
	{ "steal_bpf", "pages", "the kfunc said it had reclaimed", NO_RESULT },
	{ "reclaims", NULL, "how often the daemon wrote memory.reclaim, or the kworker ran",
	  NO_RESULT },
	{ "cpu_worker_s", "s", "processor time of the task's cgroup (cpu.stat)", RESULT },
	{ "cpu_kworkers_s", "s", "processor time of kworkers, which no cgroup is charged with",
	  RESULT },
	{ "cpu_daemon_s", "s", "processor time of the daemon", RESULT },
	{ "cpu_all_s", "s", "the three together", RESULT_WORSE_MORE },
	{ "cpu_elsewhere", NULL, "part of that which the task's cgroup is not charged with", RESULT },
	{}
};

/* the task's part, in memory that it shares with the trial */
struct job {
	char file[PATH_MAX + 8];
	int64_t ns;
};

static bool is_daemon(void)
{
	return opt.strategy == POLL || opt.strategy == PSI;
}

/* What is counted, before and after. */
struct counts {
	int64_t max, high, steal, stall_us, worker_ns, kworkers_ns;
};

static int validate(void)
{
	if (opt.threshold >= opt.max || opt.max >= opt.size) {
		fprintf(stderr, "THRESHOLD=%" PRIu64 " MAX=%" PRIu64 " SIZE=%" PRIu64 ": want each less than the next\n",
			opt.threshold, opt.max, opt.size);
		return -EINVAL;
	}
	return 0;
}

/* Only STRATEGY=bpf needs memcg_bpf_ops. */
static const char *missing(void)
{
	const char *text, *broken = NULL;

	if (opt.strategy != BPF)
		return NULL;
	text = require(REQUIRE_MEMCG_BPF_OPS) ?:
		require_capabilities(CAN_CHARGED_PAGES | CAN_UNCHARGED | CAN_RECLAIM,
				     &broken);
	return text ?: broken;
}

static int go_through(const struct job *job)
{
	unsigned int round;
	int ret = 0;
	char *map;

	for (round = 0; opt.workload == FILE_CACHE && !ret && round < opt.rounds; round++)
		ret = workload_read_file(job->file);
	if (opt.workload == FILE_CACHE)
		return ret;

	map = workload_map(opt.size);
	if (!map)
		return -errno;
	for (round = 0; round < opt.rounds; round++)
		workload_touch_map(map, opt.size);
	return 0;
}

static int work(void *arg)
{
	struct job *job = arg;
	int64_t begin_ns = clock_ns();
	int ret;

	ret = go_through(job);
	job->ns = clock_ns() - begin_ns;
	if (ret)
		fprintf(stderr, "the task cannot go through its memory: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}

static struct counts count(const char *cgroup)
{
	return (struct counts) {
		.max = cg_read_key(cgroup, "memory.events", "max"),
		.high = cg_read_key(cgroup, "memory.events", "high"),
		.steal = cg_read_key(cgroup, "memory.stat", "pgsteal"),
		.stall_us = cg_memory_stall_us(cgroup),
		.worker_ns = cpu_time_of_cgroup(cgroup),
		.kworkers_ns = cpu_time_of_kworkers(),
	};
}

static void report(struct bench_trial *trial, const struct job *job, const char *cgroup,
		   const struct counts *was, int64_t daemon_ns)
{
	struct counts now = count(cgroup);
	double worker_s = (now.worker_ns - was->worker_ns) / 1e9;
	double kworkers_s = (now.kworkers_ns - was->kworkers_ns) / 1e9;
	double all_s = worker_s + kworkers_s + daemon_ns / 1e9;

	bench_set(trial, "completion_s", "%.6f", job->ns / 1e9);
	bench_set(trial, "stall_s", "%.6f", (now.stall_us - was->stall_us) / 1e6);
	bench_set(trial, "events_max", "%" PRId64, now.max - was->max);
	bench_set(trial, "events_high", "%" PRId64, now.high - was->high);
	bench_set(trial, "peak_bytes", "%" PRId64, cg_read_number(cgroup, "memory.peak"));
	bench_set(trial, "steal", "%" PRId64, now.steal - was->steal);
	bench_set(trial, "cpu_worker_s", "%.6f", worker_s);
	bench_set(trial, "cpu_kworkers_s", "%.6f", kworkers_s);
	bench_set(trial, "cpu_daemon_s", "%.6f", daemon_ns / 1e9);
	bench_set(trial, "cpu_all_s", "%.6f", all_s);
	bench_set(trial, "cpu_elsewhere", "%.6f", 1 - worker_s / all_s);
}

/* Run the task, and what reclaims from it. */
static int run(struct bench_trial *trial, struct job *job, const char *cgroup)
{
	struct reclaim_daemon daemon = {
		.cgroup = cgroup, .threshold = opt.threshold,
		.target = opt.threshold / 3 * 2,
		.poll_ms = opt.strategy == POLL ? opt.poll_ms : 0,
	};
	struct async_reclaim *ops = NULL;
	struct counts was;
	int ret = 0, status;
	int64_t ns = 0;

	if (opt.strategy == HIGH)
		ret = cg_write(cgroup, "memory.high", "%" PRIu64, opt.threshold);
	if (opt.strategy == BPF) {
		ops = async_reclaim_load(cgroup, opt.threshold, daemon.target,
					 opt.workload == ANON);
		ret = ops ? async_reclaim_attach(ops, cgroup) : -errno;
	}
	if (is_daemon())
		ret = reclaim_daemon_start(&daemon);
	if (ret < 0)
		return ret;

	was = count(cgroup);
	status = worker_run(cgroup, work, job, -1);
	if (status)
		return status < 0 ? status : -ECHILD;
	if (is_daemon())
		ns = reclaim_daemon_stop(&daemon);
	if (ns < 0)
		return ns;
	if (ops && !async_reclaim_wait(ops, STEP_TIMEOUT_MS))
		return -ETIMEDOUT;
	report(trial, job, cgroup, &was, ns);
	if (ops) {
		bench_set(trial, "steal_bpf", "%llu", async_reclaim_state(ops).reclaimed);
		bench_set(trial, "reclaims", "%llu", async_reclaim_state(ops).runs);
	} else if (is_daemon()) {
		bench_set(trial, "reclaims", "%u", *daemon.reclaims);
	}
	/* The trial is a process of its own: the link ends with it. */
	return 0;
}

/* The page cache is empty afterwards, so that the task is charged for all of the file. */
static int make_file(struct bench_trial *trial, struct job *job)
{
	char writer[PATH_MAX];
	int ret;

	snprintf(job->file, sizeof(job->file), "%s/file", trial->tb.dir);
	ret = testbed_add_cgroup(&trial->tb, writer, "writer");
	if (ret)
		return ret;
	ret = page_cache_fill(writer, job->file, opt.size);
	if (ret)
		return ret;
	cg_write(writer, "memory.reclaim", "%" PRIu64, opt.size);
	return 0;
}

static int reclaim_trial(struct bench_trial *trial)
{
	struct job *job = worker_share(sizeof(*job));
	char worker[PATH_MAX], swap[SWAP_PATH_MAX] = "";
	const char *why = NULL;
	int ret, err = 0;

	if (!job)
		return -errno;
	ret = testbed_add_cgroup(&trial->tb, worker, "worker");
	if (!ret && opt.workload == ANON) {
		why = swap_start(&trial->tb, swap, 2 * opt.size);
		if (why) {
			fprintf(stderr, "%s\n", why);
			return -EOPNOTSUPP;
		}
	}
	if (!ret && opt.workload == FILE_CACHE)
		ret = make_file(trial, job);
	if (!ret)
		ret = cg_write(worker, "memory.max", "%" PRIu64, opt.max);
	if (!ret)
		ret = run(trial, job, worker);
	if (*swap)
		err = swap_stop(swap);
	return ret ? ret : err;
}

const struct bench bench_reclaim = {
	.name = "reclaim",
	.help = "who reclaims from a task that uses more than it may, and who pays for it",
	.requirements = REQUIRE_PSI | REQUIRE_PAGE_CACHE | REQUIRE_TWO_CPUS,
	.missing = missing,
	.options = options,
	.columns = columns,
	.baseline = "strategy=none",
	/* ten comparisons: with fewer no rank test can show a difference */
	.default_trials = "7",
	.validate = validate,
	.trial = reclaim_trial,
};
