// SPDX-License-Identifier: GPL-2.0
/*
 * What does a charge cost, with ops and without?
 *
 *   memcg_bpf.overhead.<pid>	memory.max = LIMIT, for PATH=reclaim only
 *   |-- charged		ops: OPS
 *   `-- other			ops, if OPS=elsewhere
 *
 * A worker, alone on one processor, does one of these over and over:
 *
 *   anon	touch anonymous memory for the first time
 *   file	read a sparse file into page cache
 *   kmem	open pipes, whose inodes and buffers are charged in small pieces
 *   reclaim	as file, in a cgroup that is full: the only one that asks for
 *		below_low and below_min
 *
 * none_again is the same as none.  What the two differ by is what this bench
 * cannot tell from nothing, on this machine, on this day.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "overhead_ops.h"
#include "require.h"
#include "worker.h"
#include "workload.h"

enum { ANON, FILE_CACHE, KMEM, RECLAIM };

static const char * const paths[] = {
	[ANON] = "anon", [FILE_CACHE] = "file", [KMEM] = "kmem",
	[RECLAIM] = "reclaim", NULL
};

enum {
	OPS_NONE, OPS_NONE_AGAIN, OPS_ELSEWHERE, OPS_EMPTY, OPS_ONLINE,
	OPS_OFFLINE, OPS_BELOW_LOW, OPS_BELOW_MIN, OPS_DELAY, OPS_ALL
};

static const char * const ops_words[] = {
	[OPS_NONE] = "none", [OPS_NONE_AGAIN] = "none_again",
	[OPS_ELSEWHERE] = "elsewhere", [OPS_EMPTY] = "empty",
	[OPS_ONLINE] = "online", [OPS_OFFLINE] = "offline",
	[OPS_BELOW_LOW] = "below_low", [OPS_BELOW_MIN] = "below_min",
	[OPS_DELAY] = "delay", [OPS_ALL] = "all", NULL
};

static struct bench_param params_of_overhead[] = {
	{
		.name = "CHARGE", .help = "what is charged",
		.kind = BENCH_WORD, .words = paths, .factor = true,
		.text = "anon,file,kmem,reclaim",
	}, {
		.name = "OPS",
		.help = "what is attached to the cgroup charged: nothing, nothing, all to another cgroup, ops without callbacks, one callback, all",
		.kind = BENCH_WORD, .words = ops_words, .factor = true,
		.text = "none,none_again,elsewhere,empty,online,offline,below_low,below_min,delay,all",
	}, {
		.name = "REGION", .help = "memory that is charged in one go",
		.kind = BENCH_SIZE, .min = 1 << 20, .max = 1ULL << 40,
		.text = "16M",
	}, {
		.name = "REPEAT", .help = "how often a trial does so",
		.kind = BENCH_UINT, .min = 1, .max = 100000, .text = "20",
	}, {
		.name = "PIPES", .help = "pipes opened in one go, for CHARGE=kmem",
		.kind = BENCH_UINT, .min = 1, .max = 100000, .text = "500",
	}, {
		.name = "LIMIT", .help = "memory.max, for CHARGE=reclaim",
		.kind = BENCH_SIZE, .min = 4 << 20, .max = 1ULL << 40,
		.text = "8M",
	}, {
		.name = "CPU",
		.help = "which of the allowed processors to run on",
		.kind = BENCH_UINT, .max = 4095, .text = "0",
	},
	{}
};

static struct bench_param * const charge = &params_of_overhead[0];
static struct bench_param * const ops = &params_of_overhead[1];
static struct bench_param * const region = &params_of_overhead[2];
static struct bench_param * const repeat = &params_of_overhead[3];
static struct bench_param * const pipes = &params_of_overhead[4];
static struct bench_param * const limit = &params_of_overhead[5];
static struct bench_param * const cpu = &params_of_overhead[6];

static const struct bench_column columns[] = {
	{ "ns", "ns", "for each page, or for each pipe (kmem): the fastest of REPEAT",
	  RESULT_WORSE_MORE },
	{ "mean_ns", "ns", "the same, mean of REPEAT", RESULT },
	{ "instructions", NULL, "for each page or pipe, where the processor counts them",
	  RESULT_WORSE_MORE },
	{ "calls_per_1000", NULL,
	  "callbacks that ran for 1000 pages or pipes, counted in a pass that is not timed",
	  NO_RESULT },
	{}
};

/* The worker's part, in memory that it shares with the trial. */
struct job {
	char file[PATH_MAX];
	struct overhead *skel;
	int64_t best_ns, sum_ns;
	int64_t instructions;	/* of the fastest pass, or -1 */
	uint64_t callbacks;	/* of one pass */
};

/* pages or pipes */
static uint64_t units(void)
{
	return bench_number(charge) == KMEM ? bench_number(pipes) :
		bench_number(region) / sysconf(_SC_PAGESIZE);
}

static int validate(void)
{
	const struct rlimit files = {
		2 * bench_number(pipes) + 64, 2 * bench_number(pipes) + 64
	};

	if (bench_number(limit) >= bench_number(region)) {
		fprintf(stderr, "LIMIT=%s: want less than REGION, which is %s\n",
			bench_text(limit), bench_text(region));
		return -EINVAL;
	}
	if (setrlimit(RLIMIT_NOFILE, &files) && errno != EPERM) {
		fprintf(stderr, "PIPES=%s: cannot have so many files open: %s\n",
			bench_text(pipes), strerror(errno));
		return -EINVAL;
	}
	return 0;
}

/* Processor events of this task from here on, or -1. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

struct clock {
	int counter;
	int64_t begin_ns;
};

static void clock_start(struct clock *clock)
{
	if (clock->counter >= 0) {
		ioctl(clock->counter, PERF_EVENT_IOC_RESET, 0);
		ioctl(clock->counter, PERF_EVENT_IOC_ENABLE, 0);
	}
	clock->begin_ns = clock_ns();
}

static void clock_stop(struct clock *clock, struct job *job)
{
	int64_t ns = clock_ns() - clock->begin_ns, n = -1;

	if (clock->counter >= 0) {
		ioctl(clock->counter, PERF_EVENT_IOC_DISABLE, 0);
		if (read(clock->counter, &n, sizeof(n)) != sizeof(n))
			n = -1;
	}
	job->sum_ns += ns;
	if (job->best_ns && ns >= job->best_ns)
		return;
	job->best_ns = ns;
	job->instructions = n;
}

static int charge_anon(struct clock *clock, struct job *job)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t size = bench_number(region), at;
	volatile char *map = workload_map(size);

	if (!map)
		return -errno;

	clock_start(clock);
	for (at = 0; at < size; at += page)
		map[at] = 1;
	clock_stop(clock, job);
	munmap((void *)map, size);
	return 0;
}

/* The file has no blocks, so no disk is read. */
static int charge_file(struct clock *clock, struct job *job)
{
	static char buf[128 * 1024];
	int fd, ret = 0;
	ssize_t n;

	fd = open(job->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, bench_number(region)))
		ret = -errno;

	clock_start(clock);
	while (!ret && (n = read(fd, buf, sizeof(buf)))) {
		if (n < 0)
			ret = -errno;
	}
	clock_stop(clock, job);

	/* and its page cache is gone */
	if (!ret && ftruncate(fd, 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int charge_kmem(struct clock *clock, struct job *job)
{
	uint64_t nr = bench_number(pipes), i, opened;
	static int fds[100000][2];
	int ret = 0;

	clock_start(clock);
	for (opened = 0; !ret && opened < nr; opened++) {
		if (pipe2(fds[opened], O_CLOEXEC))
			ret = -errno;
	}
	clock_stop(clock, job);

	for (i = 0; i < opened; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	return ret;
}

static int pass(struct clock *clock, struct job *job)
{
	switch (bench_number(charge)) {
	case ANON:
		return charge_anon(clock, job);
	case KMEM:
		return charge_kmem(clock, job);
	default:
		return charge_file(clock, job);
	}
}

static uint64_t callbacks_run(struct overhead *skel)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.run_cnt;
	}
	return sum;
}

/* One pass to warm up, in which the kernel counts the callbacks it runs. */
static int warm_up(struct clock *clock, struct job *job)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME), ret;
	uint64_t before = callbacks_run(job->skel);

	if (stats < 0)
		return stats;
	ret = pass(clock, job);
	job->callbacks = callbacks_run(job->skel) - before;
	close(stats);
	job->best_ns = 0;
	job->sum_ns = 0;
	return ret;
}

static int work(void *arg)
{
	struct job *job = arg;
	struct clock clock = { .counter = open_counter() };
	uint64_t i;
	int ret;

	ret = warm_up(&clock, job);
	for (i = 0; !ret && i < bench_number(repeat); i++)
		ret = pass(&clock, job);
	if (ret)
		fprintf(stderr, "cannot charge %s: %s\n", bench_text(charge),
			strerror(-ret));
	return ret ? 1 : 0;
}

static struct bpf_map *ops_of(struct overhead *skel)
{
	switch (bench_number(ops)) {
	case OPS_ELSEWHERE:
	case OPS_ALL:
		return skel->maps.all_ops;
	case OPS_EMPTY:
		return skel->maps.empty_ops;
	case OPS_ONLINE:
		return skel->maps.online_ops;
	case OPS_OFFLINE:
		return skel->maps.offline_ops;
	case OPS_BELOW_LOW:
		return skel->maps.below_low_ops;
	case OPS_BELOW_MIN:
		return skel->maps.below_min_ops;
	case OPS_DELAY:
		return skel->maps.delay_ops;
	default:
		return NULL;
	}
}

static void report(struct bench_trial *trial, const struct job *job)
{
	double n = units();

	bench_set(trial, "ns", "%.3f", job->best_ns / n);
	bench_set(trial, "mean_ns", "%.3f",
		  job->sum_ns / n / bench_number(repeat));
	if (job->instructions >= 0)
		bench_set(trial, "instructions", "%.3f", job->instructions / n);
	bench_set(trial, "calls_per_1000", "%.3f", job->callbacks * 1000 / n);
}

static int run_job(struct bench_trial *trial, struct job *job)
{
	char charged[PATH_MAX], other[PATH_MAX];
	struct bpf_map *map = ops_of(job->skel);
	int ret, status, link = -1;
	pid_t pid;

	ret = testbed_add_cgroup(&trial->tb, charged, "charged");
	if (!ret)
		ret = testbed_add_cgroup(&trial->tb, other, "other");
	if (!ret && bench_number(charge) == RECLAIM)
		ret = cg_write(trial->tb.cgroup, "memory.max", "%s",
			       bench_text(limit));
	if (ret)
		return ret;

	if (map) {
		link = memcg_bpf_attach_path(map, bench_number(ops) ==
					     OPS_ELSEWHERE ? other : charged, 0);
		if (link < 0) {
			fprintf(stderr, "cannot attach %s: %s\n",
				bench_text(ops), strerror(-link));
			return link;
		}
	}

	pid = worker_start(charged, bench_number(cpu), work, job);
	ret = pid < 0 ? pid : worker_wait(pid, -1, &status);
	if (ret > 0 && status)
		fprintf(stderr, "the worker ended with %s\n",
			worker_status(status));
	if (ret > 0)
		ret = status ? -ECHILD : 0;
	if (!ret)
		report(trial, job);
	if (link >= 0)
		close(link);
	return ret;
}

static int overhead_trial(struct bench_trial *trial)
{
	struct job *job;
	int ret;

	job = worker_share(sizeof(*job));
	if (!job)
		return -errno;
	if (snprintf(job->file, sizeof(job->file), "%s/file", trial->tb.dir) >=
	    (int)sizeof(job->file))
		return -ENAMETOOLONG;
	job->skel = overhead_ops_load();
	if (!job->skel)
		return -errno;

	ret = run_job(trial, job);
	overhead__destroy(job->skel);
	munmap(job, sizeof(*job));
	return ret;
}

const struct bench bench_overhead = {
	.name = "overhead",
	.help = "cost of a charge, with nothing attached, empty ops, each callback",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_PAGE_CACHE,
	.params = params_of_overhead,
	.columns = columns,
	.baseline = "ops=none",
	/* 36 comparisons: with fewer than 7 no rank test can show a difference */
	.default_trials = "8",
	.validate = validate,
	.trial = overhead_trial,
};
