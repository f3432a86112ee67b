// SPDX-License-Identifier: GPL-2.0
/*
 * How long does HIGH wait for a lock that LOW has while LOW is held back?
 *
 *   memcg_bpf.inversion.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   |-- high			no ops, no limit
 *   `-- low			THROTTLE: nothing, ops that delay, or memory.high
 *
 * The kernel delays or throttles a task in a charge, where it may hold a lock that others
 * need.  LOCK says which:
 *
 *   inode	LOW writes to a file, a MiB at a time; HIGH writes one byte to it
 *   pipe	LOW writes to a pipe; HIGH reads one byte, and empties the pipe
 *   mmap	LOW touches memory; HIGH, a thread of the same process, changes the mapping
 *
 * HIGH takes the lock ROUNDS times, after LOW has been held back once.  There are two
 * controls.  THROTTLE=none: LOW works without being held back.  THROTTLE=high: LOW holds more
 * memory than its memory.high, so the kernel throttles it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "common_options.h"
#include "contender.h"
#include "delay.h"
#include "probe.h"
#include "require.h"
#include "size.h"
#include "worker.h"
#include "workload.h"

#define CHUNK		(1 * MiB)
/* Size at which LOW frees its memory and begins anew: far below the smallest CG_LIMIT. */
#define LOW_SIZE	(8 * MiB)
/* With THROTTLE=high LOW holds this much as long as it lives, twice its memory.high. */
#define LOW_HELD	(8 * MiB)
#define LOW_MEMORY_HIGH	(4 * MiB)
/* HIGH's pause between two rounds, in which LOW can take the lock. */
#define PAUSE_US	20000

enum lock { INODE, PIPE, MMAP };

static const char * const locks[] = {
	[INODE] = "inode", [PIPE] = "pipe", [MMAP] = "mmap", NULL
};

enum throttle { NONE, BPF, MEMORY_HIGH };

static const char * const throttles[] = {
	[NONE] = "none", [BPF] = "bpf", [MEMORY_HIGH] = "high", NULL
};

static struct {
	unsigned int lock;
	unsigned int throttle;
	unsigned int over_high_ms;
	uint64_t cg_limit;
	unsigned int rounds;
} opt;

static struct option_desc options[] = {
	OPT_WORD("LOCK", &opt.lock, locks, "inode,pipe,mmap", "what both need", .list = true),
	OPT_WORD("THROTTLE", &opt.throttle, throttles, "none,bpf,high",
		 "what holds LOW back", .list = true),
	OPT_OVER_HIGH_MS(&opt.over_high_ms, 1, "100,500", HELP_RIVALS_OVER_HIGH_MS,
			 .list = true),
	OPT_CG_LIMIT(&opt.cg_limit, HELP_RIVALS_CG_LIMIT),
	OPT_UINT("ROUNDS", &opt.rounds, 1, 1000, "5", "how often HIGH wants the lock"),
	OPT_END()
};

static const struct bench_column columns[] = {
	{ "wait_max_s", "s", "HIGH waited, at most", RESULT_WORSE_MORE },
	{ "wait_mean_s", "s", "HIGH waited, on average", RESULT_WORSE_MORE },
	{ "low_delays", NULL, "how often BPF asked for a delay of LOW", NO_RESULT },
	{ "low_stall_s", "s", "LOW was stalled on memory (memory.pressure)", NO_RESULT },
	{ "low_bytes", "bytes", "LOW wrote or touched meanwhile", NO_RESULT },
	{}
};

/* What HIGH, LOW and the trial share. */
struct inversion {
	int fd;			/* the file, or the pipe's end for HIGH */
	int low_fd;		/* and for LOW */
	char *map;		/* of mmap: what LOW touches */
	volatile bool ready;	/* LOW works, and may be held back */
	volatile bool go;	/* to HIGH as a thread of LOW's process: begin */
	volatile bool high_done;
	volatile int high_ret;	/* then: 0, or a negative errno */
	volatile uint64_t low_bytes;
	int64_t wait_max_ns, wait_sum_ns;
};

/* One step of LOW's work: take the lock, be charged while it is held, and release it. */
static int low_step(struct inversion *inv)
{
	static char chunk[CHUNK];
	uint64_t at = inv->low_bytes % LOW_SIZE;

	switch (opt.lock) {
	case INODE:
		if (!at && ftruncate(inv->low_fd, 0))
			return -errno;
		if (pwrite(inv->low_fd, chunk, CHUNK, at) < 0)
			return -errno;
		break;
	case PIPE:
		if (write(inv->low_fd, chunk, CHUNK) < 0)
			return -errno;
		break;
	case MMAP:
		if (!at && madvise(inv->map, LOW_SIZE, MADV_DONTNEED))
			return -errno;
		memset(inv->map + at, 1, CHUNK);
		break;
	}
	inv->low_bytes += CHUNK;
	return 0;
}

/* HIGH takes the lock, and releases it at once. */
static int high_step(struct inversion *inv)
{
	char byte = 0;

	switch (opt.lock) {
	case INODE:
		return pwrite(inv->fd, &byte, 1, 0) == 1 ? 0 : -errno;
	case PIPE:
		return read(inv->fd, &byte, 1) == 1 || errno == EAGAIN ? 0 : -errno;
	default:
		/* takes mmap_lock for writing, and has no effect on LOW */
		return madvise(inv->map, LOW_SIZE, MADV_DONTFORK) ||
			madvise(inv->map, LOW_SIZE, MADV_DOFORK) ? -errno : 0;
	}
}

/* LOW waits while its pipe is full: empty it. */
static void empty_pipe(const struct inversion *inv)
{
	static char chunk[CHUNK];

	while (opt.lock == PIPE && read(inv->fd, chunk, sizeof(chunk)) > 0)
		;
}

static int want_lock(void *arg)
{
	struct inversion *inv = arg;
	int64_t begin_ns, ns;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < opt.rounds; i++) {
		begin_ns = clock_ns();
		ret = high_step(inv);
		ns = clock_ns() - begin_ns;
		inv->wait_sum_ns += ns;
		if (ns > inv->wait_max_ns)
			inv->wait_max_ns = ns;
		empty_pipe(inv);
		usleep(PAUSE_US);
	}
	inv->high_ret = ret;
	inv->high_done = true;
	return 0;
}

static void *high_thread(void *arg)
{
	struct inversion *inv = arg;

	while (!inv->go)
		usleep(1000);
	want_lock(inv);
	return NULL;
}

/* LOW's process, until it is killed. */
static int be_low(void *arg)
{
	struct inversion *inv = arg;
	pthread_t thread;
	int ret = 0;

	if (opt.throttle == MEMORY_HIGH)
		ret = workload_touch(LOW_HELD);
	if (!ret && opt.lock == MMAP) {
		inv->map = workload_map(LOW_SIZE);
		ret = inv->map ? -pthread_create(&thread, NULL, high_thread, inv) : -errno;
	}
	inv->ready = true;
	while (!ret)
		ret = low_step(inv);
	fprintf(stderr, "LOW cannot go on: %s\n", strerror(-ret));
	return 1;
}

static int open_lock(struct bench_trial *trial, struct inversion *inv)
{
	char path[PATH_MAX + 8];
	int fds[2];

	if (opt.lock == INODE) {
		snprintf(path, sizeof(path), "%s/file", trial->tb.dir);
		inv->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		inv->low_fd = inv->fd;
		return inv->fd < 0 ? -errno : 0;
	}
	if (opt.lock == PIPE) {
		if (pipe2(fds, O_CLOEXEC))
			return -errno;
		inv->fd = fds[0];
		inv->low_fd = fds[1];
		/* as large as a user may have it, for LOW to be charged for a batch */
		if (fcntl(fds[0], F_SETFL, O_NONBLOCK) ||
		    fcntl(fds[1], F_SETPIPE_SZ, CHUNK) < 0)
			return -errno;
	}
	return 0;
}

enum { HIGH, LOW, NR_RIVALS };

static int hold_back(struct probe *probe, const struct contender *low)
{
	struct probe_answer delay = { .delay_ms = opt.over_high_ms };

	if (opt.throttle == BPF)
		return probe_answer(probe, low->cgroup, delay);
	if (opt.throttle == MEMORY_HIGH)
		return cg_write(low->cgroup, "memory.high", "%llu", LOW_MEMORY_HIGH);
	return 0;
}

/* LOW has been held back or, if THROTTLE is none, has gone through its memory once. */
static bool was_held(const struct inversion *inv, const struct contender *low,
		     int64_t stall_us)
{
	bool held = opt.throttle == NONE ? inv->low_bytes >= LOW_SIZE || opt.lock == PIPE :
		cg_memory_stall_us(low->cgroup) > stall_us;

	if (!held)
		empty_pipe(inv);
	return held;
}

/* Start LOW, and wait until it has been held back. */
static int start_low(struct inversion *inv, struct probe *probe, struct contender *low)
{
	int64_t stall_us;
	int ret;

	ret = contender_start(low, 1, be_low, inv);
	if (ret)
		return ret;
	ret = contenders_wait(low, 1, inv->ready, STEP_TIMEOUT_MS);
	if (ret) {
		fprintf(stderr, "LOW does not begin: %s\n", strerror(-ret));
		return ret;
	}
	stall_us = cg_memory_stall_us(low->cgroup);
	ret = hold_back(probe, low);
	if (ret)
		return ret;
	return contenders_wait(low, 1, was_held(inv, low, stall_us), -1);
}

static int measure(struct inversion *inv, struct probe *probe, struct contender *who)
{
	int timeout_ms = STEP_TIMEOUT_MS + opt.rounds * 16 * MAX_DELAY_MS;
	int ret;

	ret = start_low(inv, probe, &who[LOW]);
	if (ret)
		return ret;
	inv->go = true;
	if (opt.lock != MMAP) {
		ret = contender_start(&who[HIGH], 0, want_lock, inv);
		if (ret)
			return ret;
	}
	ret = contenders_wait(who, NR_RIVALS, inv->high_done, timeout_ms);
	if (!ret)
		ret = inv->high_ret;
	if (ret)
		fprintf(stderr, "HIGH does not complete its rounds: %s\n", strerror(-ret));
	return ret;
}

static void report(struct bench_trial *trial, const struct inversion *inv,
		   struct probe *probe, const struct contender *low)
{
	bench_set(trial, "wait_max_s", "%.6f", inv->wait_max_ns / 1e9);
	bench_set(trial, "wait_mean_s", "%.6f", inv->wait_sum_ns / 1e9 / opt.rounds);
	if (probe)
		bench_set(trial, "low_delays", "%llu",
			  probe_stats(probe, cg_id(low->cgroup)).delays);
	bench_set(trial, "low_stall_s", "%.6f", cg_memory_stall_us(low->cgroup) / 1e6);
	bench_set(trial, "low_bytes", "%" PRIu64, inv->low_bytes);
}

static int attach(struct probe **probe, const struct contender *low)
{
	int link;

	*probe = probe_load();
	if (!*probe) {
		link = -errno;
		fprintf(stderr, "cannot load the probe: %s\n", strerror(-link));
		return link;
	}
	link = probe_attach(*probe, low->cgroup, 0);
	if (link < 0)
		fprintf(stderr, "cannot attach to %s: %s\n", low->cgroup, strerror(-link));
	return link < 0 ? link : 0;
}

static int inversion_trial(struct bench_trial *trial)
{
	struct inversion *inv = worker_share(sizeof(*inv));
	struct contender who[NR_RIVALS] = {
		[HIGH] = { .name = "HIGH" }, [LOW] = { .name = "LOW" },
	};
	struct probe *probe = NULL;
	int ret;

	if (!inv)
		return -errno;
	/* The trial is a process of its own: the link, the file and LOW end with it. */
	ret = testbed_add_cgroup(&trial->tb, who[HIGH].cgroup, "high");
	if (ret)
		return ret;
	ret = testbed_add_cgroup(&trial->tb, who[LOW].cgroup, "low");
	if (ret)
		return ret;
	ret = cg_write(trial->tb.cgroup, "memory.max", "%" PRIu64, opt.cg_limit);
	if (ret)
		return ret;
	cg_disable_swap(trial->tb.cgroup);
	ret = open_lock(trial, inv);
	if (ret)
		return ret;
	if (opt.throttle == BPF) {
		ret = attach(&probe, &who[LOW]);
		if (ret)
			return ret;
	}
	ret = measure(inv, probe, who);
	if (ret)
		return ret;
	report(trial, inv, probe, &who[LOW]);
	return 0;
}

/* OVER_HIGH_MS matters only with BPF: measure the others with its first value alone. */
static bool wanted(void)
{
	return opt.throttle == BPF || opt.over_high_ms == options[2].values[0].number;
}

const struct bench bench_inversion = {
	.name = "inversion",
	.help = "how long HIGH waits for a lock that LOW has while it is held back",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_PSI | REQUIRE_PAGE_CACHE |
		REQUIRE_TWO_CPUS,
	.options = options,
	.columns = columns,
	.baseline = "throttle=none",
	.default_trials = "3",
	.wanted = wanted,
	.trial = inversion_trial,
};
