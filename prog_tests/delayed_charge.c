// SPDX-License-Identifier: GPL-2.0
/*
 * Which charges a task sleeps for, and what the kernel does besides: it reclaims and counts
 * only what memory.high makes it.  prog_tests/delayed_task/delayed_task_harness.h draws the
 * tree; delayed_task.c is about the task.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "delayed_task/delayed_task_harness.h"
#include "huge_page.h"
#include "loopback.h"
#include "page_cache.h"
#include "revision.h"
#include "size.h"
#include "swap.h"

/*
 * Where the kernel also reclaims, reads or looks for huge pages, a task may be stalled
 * without a delay.  This delay is far longer than that.
 */
#define LONG_DELAY_MS	500

/* A worker that gets ready without a delay, and then charges. */
struct charge_job {
	int (*prepare)(struct charge_job *job);	/* NULL: nothing to do */
	int (*charge)(struct charge_job *job);
	volatile bool ready;
	volatile bool go;
	char *map;
	int fds[4];
	volatile bool huge;
};

static int prepare_and_charge(void *arg)
{
	struct charge_job *job = arg;

	if (job->prepare && job->prepare(job))
		return 1;
	job->ready = true;
	while (!job->go)
		usleep(1000);
	return job->charge(job);
}

static struct charge_job *charge_job_new(int (*prepare)(struct charge_job *job),
					 int (*charge)(struct charge_job *job))
{
	struct charge_job *job = worker_share(sizeof(*job));

	if (job) {
		job->prepare = prepare;
		job->charge = charge;
	}
	return job;
}

/* Start a worker in @cgroup, and wait until it is ready. */
static pid_t start_charge(struct __test_metadata *_metadata,
			  FIXTURE_DATA(delayed_task) *self, const char *cgroup,
			  struct charge_job *job)
{
	pid_t pid;

	ASSERT_NE(NULL, job);
	answer(self->high_ops, 0);
	pid = worker_start(cgroup, 0, prepare_and_charge, job);
	ASSERT_GT(pid, 0);
	wait_for(_metadata, &job->ready, pid);
	return pid;
}

/* Have the worker charge.  Return how long its cgroup is stalled until the worker ends. */
static int64_t finish_charge(struct __test_metadata *_metadata,
			     FIXTURE_DATA(delayed_task) *self, const char *cgroup,
			     struct charge_job *job, pid_t pid, unsigned int ms)
{
	int64_t before = cg_memory_stall_us(cgroup);
	int status;

	answer(self->high_ops, ms);
	job->go = true;
	ASSERT_EQ(1, worker_wait_stalled(pid, cgroup, STEP_TIMEOUT_MS, &status));
	EXPECT_EQ(0, status)
		TH_LOG("worker in %s: %s", cgroup, worker_status(status));
	return cg_memory_stall_us(cgroup) - before;
}

/*
 * HIGH's worker has slept for @nr delays, and the control's, which may have been stalled for
 * something else, for less than half of that.
 */
static void expect_slept_more(struct __test_metadata *_metadata, const char *what,
			      int64_t stall_us, int64_t control_us, uint64_t nr,
			      unsigned int ms)
{
	EXPECT_LT(control_us, (int64_t)nr * delay_stall_us(ms) / 2)
		TH_LOG("%s: stalled without ops", what);
	expect_slept(_metadata, what, stall_us, nr, ms);
}

static int charge_shared_memory(void *arg)
{
	uint64_t size = probe_batches(BATCHES);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (map == MAP_FAILED)
		return 1;
	workload_touch_map(map, size);
	return 0;
}

/* HIGH's worker touches shared memory, which has no file and is no anonymous memory. */
TEST_F_TIMEOUT(delayed_task, for_shared_memory, 120)
{
	expect_delayed(_metadata, self, "shared memory", charge_shared_memory, NULL, true);
}

static int charge_in_one_call(void *arg)
{
	void *map = mmap(NULL, probe_batches(BATCHES), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	(void)arg;
	return map == MAP_FAILED ? 1 : 0;
}

/* HIGH's worker charges all its memory in one system call, and sleeps for each batch. */
TEST_F_TIMEOUT(delayed_task, for_each_batch_of_one_system_call, 120)
{
	expect_delayed(_metadata, self, "mmap(MAP_POPULATE)", charge_in_one_call, NULL,
		       true);
}

static int map_huge_pages(struct charge_job *job)
{
	uint64_t size = huge_page_size();
	char *map = mmap(NULL, (BATCHES + 1) * size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 1;
	job->map = map + size - (uintptr_t)map % size;
	return madvise(job->map, BATCHES * size, MADV_HUGEPAGE);
}

static int touch_huge_pages(struct charge_job *job)
{
	int i;

	for (i = 0; i < BATCHES; i++)
		((volatile char *)job->map)[i * huge_page_size()] = 1;
	job->huge = huge_page_held() >= BATCHES * huge_page_size();
	return 0;
}

/* HIGH's worker touches huge pages.  Each is charged, and asked about, as a whole. */
TEST_F_TIMEOUT(delayed_task, for_huge_pages, 120)
{
	struct charge_job *job;
	int64_t control_us, stall_us;
	pid_t pid;

	if (!huge_page_size())
		SKIP(return, "%s", HUGE_PAGE_REMEDY);
	job = charge_job_new(map_huge_pages, touch_huge_pages);
	pid = start_charge(_metadata, self, self->control, job);
	control_us = finish_charge(_metadata, self, self->control, job, pid, 0);
	if (!job->huge)
		SKIP(return, "%s", HUGE_PAGE_FEW);

	job = charge_job_new(map_huge_pages, touch_huge_pages);
	pid = start_charge(_metadata, self, self->high, job);
	stall_us = finish_charge(_metadata, self, self->high, job, pid, LONG_DELAY_MS);
	if (!job->huge)
		SKIP(return, "%s", HUGE_PAGE_FEW);
	EXPECT_GE(delays(self->high_ops, self->high), MIN_DELAYS);
	expect_slept_more(_metadata, "huge pages", stall_us, control_us,
			  delays(self->high_ops, self->high), LONG_DELAY_MS);
}

/* The kernel has 80 bytes or more for each signal that is queued, charged to its sender. */
#define SIGNAL_BYTES	64

static int queue_signals(int nr)
{
	union sigval value = {};

	while (nr--) {
		if (sigqueue(getpid(), SIGRTMIN, value))
			return 1;
	}
	return 0;
}

/* Block the signal; and queue some, so that no code or data has to be faulted in later. */
static int prepare_signals(struct charge_job *job)
{
	int nr = probe_batches(BATCHES) / SIGNAL_BYTES;
	struct rlimit limit = { .rlim_cur = 2 * nr, .rlim_max = 2 * nr };
	sigset_t set;

	(void)job;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || setrlimit(RLIMIT_SIGPENDING, &limit))
		return 1;
	return queue_signals(16);
}

static int fill_signal_queue(struct charge_job *job)
{
	(void)job;
	return queue_signals(probe_batches(BATCHES) / SIGNAL_BYTES);
}

/*
 * HIGH's worker queues signals to itself.  The kernel allocates them under a lock, where nobody
 * may sleep, and the worker does not sleep after that either.  RFC v7 asks all the same.
 */
TEST_F_TIMEOUT(delayed_task, not_for_what_is_charged_under_a_lock, 120)
{
	struct charge_job *job = charge_job_new(prepare_signals, fill_signal_queue);
	pid_t pid = start_charge(_metadata, self, self->high, job);
	uint64_t asked = calls(self->high_ops, self->high);
	int64_t stall_us;

	stall_us = finish_charge(_metadata, self, self->high, job, pid, LONG_DELAY_MS);
	asked = calls(self->high_ops, self->high) - asked;
	TH_LOG("stalled %" PRId64 " us, BPF asked %" PRIu64 " times", stall_us, asked);
	EXPECT_GE(cg_read_number(self->high, "memory.peak"), (int64_t)probe_batches(BATCHES))
		TH_LOG("signals that are queued are not charged");
	if (revision_can(CAN_CHARGED_PAGES))
		EXPECT_GE(asked, MIN_DELAYS)
			TH_LOG("memcg_charged was not called for charges that may not sleep");
	EXPECT_LT(stall_us, LONG_DELAY_MS * 1000LL / 2)
		TH_LOG("the worker slept for charges that may not sleep");
}

static int connect_sockets(struct charge_job *job)
{
	int listener = loopback_listen();
	size_t i;

	if (listener < 0)
		return 1;
	for (i = 0; i < ARRAY_SIZE(job->fds); i++) {
		job->fds[i] = loopback_connect(listener);
		if (job->fds[i] < 0 || fcntl(job->fds[i], F_SETFL, O_NONBLOCK))
			return 1;
	}
	return 0;
}

/* Nobody reads.  More than some batches would be delayed for longer than a test may take. */
static int fill_sockets(struct charge_job *job)
{
	static char chunk[64 * 1024];
	uint64_t sent;
	ssize_t n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(job->fds); i++) {
		for (sent = 0; sent < probe_batches(BATCHES); sent += n) {
			n = write(job->fds[i], chunk, sizeof(chunk));
			if (n <= 0)
				break;
		}
	}
	return 0;
}

/*
 * HIGH's worker sends to itself until the buffers of its connections are full, or have enough.
 * The connections were made before: the buffers are all that is charged.  What is received is
 * charged in an interrupt, where no task can sleep; what is sent makes the worker sleep once
 * at least.
 */
TEST_F_TIMEOUT(delayed_task, for_tcp_sockets, 120)
{
	const char *missing = loopback_missing();
	struct charge_job *job;
	int64_t control_us, stall_us;
	pid_t pid;

	SKIP_IF(missing);
	job = charge_job_new(connect_sockets, fill_sockets);
	pid = start_charge(_metadata, self, self->control, job);
	control_us = finish_charge(_metadata, self, self->control, job, pid, 0);
	job = charge_job_new(connect_sockets, fill_sockets);
	pid = start_charge(_metadata, self, self->high, job);
	stall_us = finish_charge(_metadata, self, self->high, job, pid, LONG_DELAY_MS);
	EXPECT_GE(delays(self->high_ops, self->high), 1);
	expect_slept_more(_metadata, "TCP sockets", stall_us, control_us, 1, LONG_DELAY_MS);
}

static int map_and_touch(struct charge_job *job)
{
	job->map = workload_map(probe_batches(BATCHES));
	if (!job->map)
		return 1;
	workload_touch_map(job->map, probe_batches(BATCHES));
	return 0;
}

static int read_map(struct charge_job *job)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t at;

	for (at = 0; at < probe_batches(BATCHES); at += page)
		(void)((volatile char *)job->map)[at];
	return 0;
}

/* Start a worker, and swap out what it has touched. */
static pid_t start_swapped_out(struct __test_metadata *_metadata,
			       FIXTURE_DATA(delayed_task) *self, const char *cgroup,
			       struct charge_job *job)
{
	uint64_t size = probe_batches(BATCHES);
	pid_t pid = start_charge(_metadata, self, cgroup, job);
	int ret = cg_write(cgroup, "memory.reclaim", "%" PRIu64, 2 * size);

	EXPECT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
	ASSERT_GE(cg_read_number(cgroup, "memory.swap.current"), (int64_t)size / 8 * 7)
		TH_LOG("the worker's memory was not swapped out");
	return pid;
}

/* HIGH's worker reads memory that was swapped out: it is charged as it is swapped in. */
TEST_F_TIMEOUT(delayed_task, for_memory_that_is_swapped_in, 120)
{
	char swap[SWAP_PATH_MAX] = "";
	struct charge_job *job;
	int64_t control_us, stall_us;
	pid_t pid;

	SKIP_IF(swap_start(&self->tb, swap, SCALED(16 * MiB)));
	job = charge_job_new(map_and_touch, read_map);
	pid = start_swapped_out(_metadata, self, self->control, job);
	control_us = finish_charge(_metadata, self, self->control, job, pid, 0);
	job = charge_job_new(map_and_touch, read_map);
	pid = start_swapped_out(_metadata, self, self->high, job);
	stall_us = finish_charge(_metadata, self, self->high, job, pid, LONG_DELAY_MS);
	EXPECT_GE(delays(self->high_ops, self->high), MIN_DELAYS - 1);
	expect_slept_more(_metadata, "memory swapped in", stall_us, control_us,
			  delays(self->high_ops, self->high), LONG_DELAY_MS);
	EXPECT_EQ(0, swap_stop(swap));
}

/* Give a cgroup clean page cache. */
static void fill_cache(struct __test_metadata *_metadata,
		       FIXTURE_DATA(delayed_task) *self, const char *cgroup)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", self->tb.dir, strrchr(cgroup, '/') + 1);
	ASSERT_EQ(0, page_cache_fill(cgroup, path, SCALED(8 * MiB)));
}

struct at_limit {
	int64_t stall_us;
	int64_t stolen;		/* pages, while the worker charges */
};

/*
 * Set a limit to what the cgroup uses, without the stocks of the processors.  A limit below
 * that makes the kernel drain these, which goes on for a while after the write.
 */
static void set_limit(struct __test_metadata *_metadata, const char *cgroup,
		      const char *limit)
{
	int64_t stocks = probe_batches(1) * sysconf(_SC_NPROCESSORS_ONLN), usage, before;
	int ms;

	usage = cg_read_number(cgroup, "memory.current");
	ASSERT_EQ(0, cg_write(cgroup, limit, "%" PRId64, usage - 2 * stocks));
	for (ms = 0, before = usage; ms < STEP_TIMEOUT_MS; ms += 100) {
		usleep(100000);
		usage = cg_read_number(cgroup, "memory.current");
		if (usage == before)
			break;
		before = usage;
	}
	ASSERT_EQ(0, cg_write(cgroup, limit, "%" PRId64, usage));
}

/* Fill a cgroup, set a limit, and have a worker charge some pages more. */
static struct at_limit charge_at_limit(struct __test_metadata *_metadata,
				       FIXTURE_DATA(delayed_task) *self,
				       const char *cgroup, const char *limit,
				       int (*charge)(struct charge_job *job),
				       unsigned int ms)
{
	struct charge_job *job = charge_job_new(NULL, charge);
	struct at_limit ret;
	pid_t pid;

	answer(self->high_ops, 0);
	fill_cache(_metadata, self, cgroup);
	pid = start_charge(_metadata, self, cgroup, job);
	set_limit(_metadata, cgroup, limit);
	ret.stolen = cg_read_key(cgroup, "memory.stat", "pgsteal");
	ret.stall_us = finish_charge(_metadata, self, cgroup, job, pid, ms);
	ret.stolen = cg_read_key(cgroup, "memory.stat", "pgsteal") - ret.stolen;
	return ret;
}

/* Less than half a batch, which the kernel reclaims at a time. */
#define FEW_PAGES	16

static int touch_few_pages(struct charge_job *job)
{
	(void)job;
	return workload_touch(FEW_PAGES * sysconf(_SC_PAGESIZE)) ? 1 : 0;
}

/*
 * At memory.max no batch fits, so the kernel charges single pages, and the worker sleeps for
 * each of them:
 *
 *   high	memory.max = what it uses, most of it page cache
 *   control	the same
 */
TEST_F_TIMEOUT(delayed_task, where_no_batch_fits, 120)
{
	struct at_limit control, high;

	REQUIRE(REQUIRE_PAGE_CACHE);
	control = charge_at_limit(_metadata, self, self->control, "memory.max",
				  touch_few_pages, 0);
	high = charge_at_limit(_metadata, self, self->high, "memory.max",
			       touch_few_pages, LONG_DELAY_MS);
	EXPECT_GT(cg_read_key(self->high, "memory.events", "max"), 0)
		TH_LOG("memory.max was never reached");
	EXPECT_GE(delays(self->high_ops, self->high), MIN_DELAYS)
		TH_LOG("the delay callback was not called for single pages");
	expect_slept_more(_metadata, "single pages", high.stall_us, control.stall_us,
			  delays(self->high_ops, self->high), LONG_DELAY_MS);
}

static int touch_batches(struct charge_job *job)
{
	(void)job;
	return workload_touch(probe_batches(BATCHES)) ? 1 : 0;
}

/*
 * Above memory.high the kernel reclaims page cache first, which brings the cgroup below it.
 * The worker sleeps all the same:
 *
 *   high	memory.high = what it uses, most of it page cache
 *   control	the same
 */
TEST_F_TIMEOUT(delayed_task, where_reclaim_ends_the_excess, 120)
{
	struct at_limit control, high;

	REQUIRE(REQUIRE_PAGE_CACHE);
	control = charge_at_limit(_metadata, self, self->control, "memory.high",
				  touch_batches, 0);
	high = charge_at_limit(_metadata, self, self->high, "memory.high",
			       touch_batches, LONG_DELAY_MS);
	EXPECT_GT(cg_read_key(self->high, "memory.events", "high"), 0)
		TH_LOG("memory.high was never exceeded");
	EXPECT_GT(high.stolen, 0)
		TH_LOG("nothing was reclaimed");
	EXPECT_GE(delays(self->high_ops, self->high), MIN_DELAYS);
	expect_slept_more(_metadata, "above memory.high", high.stall_us, control.stall_us,
			  delays(self->high_ops, self->high), LONG_DELAY_MS);
}

/*
 * A delay is no excess of memory.high: the worker sleeps, and keeps its page cache.  The
 * control is where_reclaim_ends_the_excess, in which both counters rise.
 *
 *   high	page cache; memory.high = max
 */
TEST_F_TIMEOUT(delayed_task, without_an_excess_of_memory_high, 120)
{
	uint64_t size = probe_batches(BATCHES);
	int64_t stall_us;

	REQUIRE(REQUIRE_PAGE_CACHE);
	answer(self->high_ops, 0);
	fill_cache(_metadata, self, self->high);
	answer(self->high_ops, DELAY_MS);
	stall_us = run(_metadata, self->high, workload_touch_job, &size);
	EXPECT_GE(delays(self->high_ops, self->high), MIN_DELAYS);
	expect_slept(_metadata, "below memory.high", stall_us,
		     delays(self->high_ops, self->high), DELAY_MS);
	EXPECT_EQ(0, cg_read_key(self->high, "memory.events", "high"))
		TH_LOG("memory.events counts a delay as an excess of memory.high");
	EXPECT_EQ(0, cg_read_key(self->high, "memory.stat", "pgscan"))
		TH_LOG("the kernel reclaimed, though no limit was reached");
}

MEMCG_BPF_HARNESS_MAIN
