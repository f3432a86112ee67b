// SPDX-License-Identifier: GPL-2.0
/*
 * get_high_delay_ms: tasks of LOW are delayed while HIGH faults, and only they,
 * and only then.
 *
 * All tests run in this tree, with swap off and nothing over memory.high, so
 * that no task is ever stalled on memory but by a delay that BPF asked for:
 *
 *   memcg_bpf.over_high.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   |-- high			no ops
 *   `-- low			ops: OVER_HIGH_MS while the trigger is hot
 *
 * HIGH and LOW do the same work: write a file of FILE_SIZE, map it and read a
 * byte of each page, READ_PASSES times.  How long tasks were delayed is taken
 * from two independent places, memory.pressure of the cgroup and what the BPF
 * program returned, and not from the clock.
 */
#include <errno.h>
#include <inttypes.h>

#include "attach.h"
#include "cgroup.h"
#include "delay_stats.h"
#include "file_job.h"
#include "harness.h"
#include "testbed.h"
#include "trigger.h"
#include "worker.h"

#define READ_PASSES	5
/* Enough to tell the sum of the delays from a single one. */
#define MIN_DELAYS	3

FIXTURE(over_high)
{
	struct testbed tb;
	struct over_high *skel;
	char high[PATH_MAX];
	char low[PATH_MAX];
	struct file_job *high_job;
	struct file_job *low_job;
	int low_link;
};

FIXTURE_SETUP(over_high)
{
	self->low_link = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_MEMCG_EVENTS | REQUIRE_PSI | REQUIRE_PAGE_CACHE);

	ASSERT_EQ(0, testbed_create(&self->tb, "over_high"));
	ASSERT_EQ(0, cg_write(self->tb.cgroup, "memory.max", "%" PRIu64,
			      params.cg_limit));
	cg_disable_swap(self->tb.cgroup);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->high, "high"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->low, "low"));

	self->high_job = file_job_new(&self->tb, "high", 0);
	ASSERT_NE(NULL, self->high_job);
	self->low_job = file_job_new(&self->tb, "low", READ_PASSES);
	ASSERT_NE(NULL, self->low_job);

	self->skel = trigger_load(self->high);
	ASSERT_NE(NULL, self->skel) TH_LOG("over_high.bpf.c: %s", strerror(errno));
}

FIXTURE_TEARDOWN(over_high)
{
	if (self->low_link >= 0)
		close(self->low_link);
	over_high__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static void attach_low(struct __test_metadata *_metadata,
		       FIXTURE_DATA(over_high) *self)
{
	self->low_link = memcg_bpf_attach_path(self->skel->maps.low_ops,
					       self->low, 0);
	ASSERT_GE(self->low_link, 0)
		TH_LOG("attach to LOW: %s", strerror(-self->low_link));
}

static struct delay_stats delays_of(FIXTURE_DATA(over_high) *self,
				    const char *cgroup)
{
	return delay_stats_of(self->skel->maps.delays, cgroup);
}

/* Wait until @pid has ended as it should. */
static void finish_worker(struct __test_metadata *_metadata, const char *name,
			  const char *cgroup, pid_t pid)
{
	int status = 0, ret = worker_wait_stalled(pid, cgroup, STEP_TIMEOUT_MS,
						  &status);

	ASSERT_EQ(1, ret) TH_LOG("%s did not end", name);
	ASSERT_EQ(0, status)
		TH_LOG("%s ended with %s", name, worker_status(status));
}

/* The kernel asked for LOW and for nobody else. */
static void expect_only_low_was_asked(struct __test_metadata *_metadata,
				      FIXTURE_DATA(over_high) *self)
{
	struct bpf_map *map = self->skel->maps.delays;
	uint64_t id, low = cg_id(self->low), high = cg_id(self->high);
	void *prev = NULL;

	EXPECT_GT(delays_of(self, self->low).calls, 0)
		TH_LOG("the delay callback was never called for LOW");

	while (!bpf_map__get_next_key(map, prev, &id, sizeof(id))) {
		EXPECT_EQ(low, id)
			TH_LOG("the delay callback was called for cgroup id %" PRIu64 ", which is %s",
			       id, id == high ? "HIGH" :
			       id == cg_id(self->tb.cgroup) ? "the parent" :
			       "none of this test's");
		prev = &id;
	}
}

/*
 * No delay can hide in a stall of less than a tenth of one.  Nothing else stalls
 * here, but an emulated machine may take its time to reach a page fault's end.
 */
static void expect_no_delay(struct __test_metadata *_metadata, const char *name,
			    const char *cgroup)
{
	int64_t stall_us = cg_memory_stall_us(cgroup);

	EXPECT_GE(stall_us, 0);
	EXPECT_LT(stall_us, params.over_high_ms * 1000LL / 10)
		TH_LOG("%s was stalled on memory for %" PRId64 " us", name,
		       stall_us);
}

/* The delays are BPF's own: the kernel had no reason for one. */
static void expect_no_pressure(struct __test_metadata *_metadata,
			       FIXTURE_DATA(over_high) *self)
{
	EXPECT_EQ(0, cg_read_key(self->tb.cgroup, "memory.events", "high"));
	EXPECT_EQ(0, cg_read_key(self->tb.cgroup, "memory.events", "max"));
	EXPECT_EQ(0, cg_read_key(self->tb.cgroup, "memory.events", "oom_kill"));
}

static void report(struct __test_metadata *_metadata,
		   FIXTURE_DATA(over_high) *self)
{
	struct delay_stats high = delays_of(self, self->high);
	struct delay_stats low = delays_of(self, self->low);

	TH_LOG("HIGH: %u passes, %" PRIu64 " faults, stalled %" PRId64 " us, asked %llu times, delayed %llu times",
	       self->high_job->passes, (uint64_t)self->skel->bss->high_faults,
	       cg_memory_stall_us(self->high), high.calls, high.delays);
	TH_LOG("LOW:  %u passes, stalled %" PRId64 " us, asked %llu times, delayed %llu times, %llu ms in all",
	       self->low_job->passes, cg_memory_stall_us(self->low), low.calls,
	       low.delays, low.delay_ms);
}

/*
 * While HIGH faults, each charge of LOW is delayed by what BPF returns: the stall
 * of LOW is the sum of the delays, and HIGH has none.
 *
 * HIGH reads on until LOW was delayed MIN_DELAYS times.  Then the trigger cools
 * down, and LOW must run to its end.
 */
TEST_F_TIMEOUT(over_high, low_is_delayed_while_high_faults, 300)
{
	unsigned int delay_ms = params.over_high_ms < MAX_DELAY_MS ?
		params.over_high_ms : MAX_DELAY_MS;
	struct delay_stats stats;
	int64_t stall_us, sum_us;
	pid_t high, low;
	int status, ret;
	unsigned int ms;

	attach_low(_metadata, self);

	high = worker_start(self->high, 0, file_job_run, self->high_job);
	ASSERT_GT(high, 0);
	for (ms = 0; !self->skel->bss->hot_windows; ms += 10) {
		ASSERT_LT(ms, STEP_TIMEOUT_MS)
			TH_LOG("HIGH's page faults did not open the trigger");
		ASSERT_EQ(0, worker_wait(high, 10, &status))
			TH_LOG("HIGH ended early with %s", worker_status(status));
	}

	low = worker_start(self->low, 1, file_job_run, self->low_job);
	ASSERT_GT(low, 0);
	for (ms = 0; delays_of(self, self->low).delays < MIN_DELAYS; ms += 10) {
		ASSERT_LT(ms, STEP_TIMEOUT_MS)
			TH_LOG("LOW was not delayed %d times", MIN_DELAYS);
		ret = worker_wait_stalled(low, self->low, 10, &status);
		ASSERT_GE(ret, 0);
		if (ret)
			break;
	}
	self->high_job->stop = true;

	finish_worker(_metadata, "HIGH", self->high, high);
	if (!ret)
		finish_worker(_metadata, "LOW", self->low, low);
	else
		EXPECT_EQ(0, status)
			TH_LOG("LOW ended with %s", worker_status(status));
	report(_metadata, self);

	expect_only_low_was_asked(_metadata, self);
	expect_no_delay(_metadata, "HIGH", self->high);
	expect_no_pressure(_metadata, self);
	EXPECT_GE(self->high_job->passes, 1);
	EXPECT_EQ(READ_PASSES, self->low_job->passes);

	stats = delays_of(self, self->low);
	EXPECT_GE(stats.delays, MIN_DELAYS)
		TH_LOG("LOW ended after %llu delays", stats.delays);
	EXPECT_EQ(stats.delays * params.over_high_ms, stats.delay_ms);

	/*
	 * A sleep is never shorter than asked for, but for the tick in which it
	 * starts; how much longer, depends on the machine.
	 */
	stall_us = cg_memory_stall_us(self->low);
	sum_us = stats.delays * delay_ms * 1000LL;
	EXPECT_GE(stall_us, sum_us - sum_us / 20)
		TH_LOG("LOW was stalled for less than BPF asked for");
	EXPECT_LE(stall_us, sum_us + sum_us / 2)
		TH_LOG("LOW was stalled for longer than BPF asked for");
}

/* The control: the same work, with nothing attached, is not delayed. */
TEST_F_TIMEOUT(over_high, no_delay_without_ops, 300)
{
	pid_t high, low;

	high = worker_start(self->high, 0, file_job_run, self->high_job);
	ASSERT_GT(high, 0);
	low = worker_start(self->low, 1, file_job_run, self->low_job);
	ASSERT_GT(low, 0);

	finish_worker(_metadata, "LOW", self->low, low);
	self->high_job->stop = true;
	finish_worker(_metadata, "HIGH", self->high, high);
	report(_metadata, self);

	/* The trigger was hot, had there been somebody to ask it. */
	EXPECT_GT(self->skel->bss->hot_windows, 0);
	EXPECT_EQ(0, delays_of(self, self->low).calls);
	EXPECT_EQ(READ_PASSES, self->low_job->passes);
	expect_no_delay(_metadata, "LOW", self->low);
	expect_no_delay(_metadata, "HIGH", self->high);
	expect_no_pressure(_metadata, self);
}

/* While HIGH is quiet BPF is asked, says 0, and LOW is not delayed. */
TEST_F_TIMEOUT(over_high, no_delay_while_high_is_quiet, 300)
{
	pid_t low;

	attach_low(_metadata, self);

	low = worker_start(self->low, 1, file_job_run, self->low_job);
	ASSERT_GT(low, 0);
	finish_worker(_metadata, "LOW", self->low, low);
	report(_metadata, self);

	EXPECT_EQ(0, self->skel->bss->hot_windows);
	expect_only_low_was_asked(_metadata, self);
	EXPECT_EQ(0, delays_of(self, self->low).delays);
	EXPECT_EQ(READ_PASSES, self->low_job->passes);
	expect_no_delay(_metadata, "LOW", self->low);
	expect_no_pressure(_metadata, self);
}

MEMCG_BPF_HARNESS_MAIN
