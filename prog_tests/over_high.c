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
 *   `-- low			ops: OVER_HIGH_MS while HIGH is busy
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
#include "contender.h"
#include "delay_stats.h"
#include "file_job.h"
#include "harness.h"
#include "metronome.h"
#include "testbed.h"
#include "trigger.h"
#include "worker.h"

#define READ_PASSES	5
/* Enough to tell the sum of the delays from a single one. */
#define MIN_DELAYS	3

enum { HIGH, LOW, NR_RIVALS };

FIXTURE(over_high)
{
	struct testbed tb;
	struct trigger *skel;
	struct contender who[NR_RIVALS];
	struct file_job *jobs[NR_RIVALS];
	int low_link;
};

FIXTURE_SETUP(over_high)
{
	const struct trigger_options options = {
		.threshold = params.threshold,
		.delay_ms = params.over_high_ms,
	};
	struct contender *high = &self->who[HIGH], *low = &self->who[LOW];

	self->low_link = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_MEMCG_EVENTS | REQUIRE_PSI | REQUIRE_PAGE_CACHE);

	ASSERT_EQ(0, testbed_create(&self->tb, "over_high"));
	ASSERT_EQ(0, cg_write(self->tb.cgroup, "memory.max", "%" PRIu64,
			      params.cg_limit));
	cg_disable_swap(self->tb.cgroup);
	high->name = "HIGH";
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, high->cgroup, "high"));
	low->name = "LOW";
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, low->cgroup, "low"));

	self->jobs[HIGH] = file_job_new(&self->tb, "high", params.file_size, 0);
	ASSERT_NE(NULL, self->jobs[HIGH]);
	self->jobs[LOW] = file_job_new(&self->tb, "low", params.file_size, READ_PASSES);
	ASSERT_NE(NULL, self->jobs[LOW]);

	self->skel = trigger_load(high->cgroup, &options);
	ASSERT_NE(NULL, self->skel) TH_LOG("trigger.bpf.c: %s", strerror(errno));
}

FIXTURE_TEARDOWN(over_high)
{
	if (self->low_link >= 0)
		close(self->low_link);
	trigger__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static void attach_low(struct __test_metadata *_metadata,
		       FIXTURE_DATA(over_high) *self)
{
	self->low_link = memcg_bpf_attach_path(self->skel->maps.low_ops,
					       self->who[LOW].cgroup, 0);
	ASSERT_GE(self->low_link, 0)
		TH_LOG("attach to LOW: %s", strerror(-self->low_link));
}

static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(over_high) *self, int i)
{
	ASSERT_EQ(0, contender_start(&self->who[i], i, file_job_run, self->jobs[i]));
}

/* Wait until HIGH or LOW has ended, with success. */
static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(over_high) *self, int i)
{
	ASSERT_EQ(0, contenders_finish(&self->who[i], 1, STEP_TIMEOUT_MS));
}

static struct delay_stats delays_of(FIXTURE_DATA(over_high) *self, int i)
{
	return delay_stats_of(self->skel->maps.delays, self->who[i].cgroup);
}

/* The kernel called the delay callback for LOW, and for no other cgroup. */
static void expect_only_low_was_asked(struct __test_metadata *_metadata,
				      FIXTURE_DATA(over_high) *self)
{
	struct bpf_map *map = self->skel->maps.delays;
	uint64_t id, low = cg_id(self->who[LOW].cgroup);
	uint64_t high = cg_id(self->who[HIGH].cgroup);
	void *prev = NULL;

	EXPECT_GT(delays_of(self, LOW).calls, 0)
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
 * A stall of less than a tenth of a delay contains no delay.  The bound is not 0, because
 * PSI counts slow page faults of an emulated machine as a stall.
 */
static void expect_no_delay(struct __test_metadata *_metadata,
			    const struct contender *c)
{
	int64_t stall_us = cg_memory_stall_us(c->cgroup);

	EXPECT_GE(stall_us, 0);
	EXPECT_LT(stall_us, params.over_high_ms * 1000LL / 10)
		TH_LOG("%s was stalled on memory for %" PRId64 " us",
		       c->name, stall_us);
}

/* memory.high and memory.max were not reached, so all delays are those of BPF. */
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
	struct delay_stats high = delays_of(self, HIGH);
	struct delay_stats low = delays_of(self, LOW);

	TH_LOG("HIGH: %u passes, %" PRIu64 " faults, stalled %" PRId64 " us, asked %llu times, delayed %llu times",
	       self->jobs[HIGH]->passes, (uint64_t)self->skel->bss->high_faults,
	       cg_memory_stall_us(self->who[HIGH].cgroup), high.calls, high.delays);
	TH_LOG("LOW:  %u passes, stalled %" PRId64 " us, asked %llu times, delayed %llu times, %llu ms in all",
	       self->jobs[LOW]->passes, cg_memory_stall_us(self->who[LOW].cgroup), low.calls,
	       low.delays, low.delay_ms_sum);
}

/*
 * While HIGH faults, each charge of LOW is delayed by what BPF returns: the stall
 * of LOW is the sum of the delays, and HIGH has none.
 *
 * HIGH reads on until LOW was delayed MIN_DELAYS times.  Then HIGH is no longer busy, and
 * LOW must run to its end.
 */
TEST_F_TIMEOUT(over_high, low_is_delayed_while_high_faults, 300)
{
	unsigned int delay_ms = delay_stall_us(params.over_high_ms) / 1000;
	struct metronome metronome = {};
	int64_t stall_us, sum_us, late_us;
	struct delay_stats stats;
	int ret;

	attach_low(_metadata, self);

	start(_metadata, self, HIGH);
	ret = contenders_wait(self->who, NR_RIVALS, self->skel->bss->busy_windows,
			      STEP_TIMEOUT_MS);
	ASSERT_EQ(0, ret)
		TH_LOG("the trigger did not find HIGH busy");

	ASSERT_EQ(0, metronome_start(&metronome, LOW, delay_ms));
	start(_metadata, self, LOW);
	ret = contenders_wait(self->who, NR_RIVALS, self->who[LOW].ended ||
			      delays_of(self, LOW).delays >= MIN_DELAYS,
			      STEP_TIMEOUT_MS);
	ASSERT_EQ(0, ret)
		TH_LOG("LOW was not delayed %d times", MIN_DELAYS);
	self->jobs[HIGH]->stop = true;
	finish(_metadata, self, HIGH);
	finish(_metadata, self, LOW);
	metronome_stop(&metronome);
	report(_metadata, self);

	expect_only_low_was_asked(_metadata, self);
	expect_no_delay(_metadata, &self->who[HIGH]);
	expect_no_pressure(_metadata, self);
	EXPECT_GE(self->jobs[HIGH]->passes, 1);
	EXPECT_EQ(READ_PASSES, self->jobs[LOW]->passes);

	stats = delays_of(self, LOW);
	EXPECT_GE(stats.delays, MIN_DELAYS)
		TH_LOG("LOW ended after %llu delays", stats.delays);
	EXPECT_EQ(stats.delays * params.over_high_ms, stats.delay_ms_sum);

	/*
	 * A sleep may be shorter than asked for by the tick in which it starts.  How much
	 * longer it is depends on the machine: the metronome sleeps as BPF asks LOW to.
	 */
	stall_us = cg_memory_stall_us(self->who[LOW].cgroup);
	sum_us = stats.delays * delay_ms * 1000LL;
	EXPECT_GE(stall_us, sum_us - sum_us / 20)
		TH_LOG("LOW was stalled for less than BPF asked for");
	late_us = metronome_stretched(&metronome, sum_us);
	EXPECT_LE(stall_us, late_us + late_us / 2)
		TH_LOG("LOW was stalled for longer than BPF asked for, which takes %" PRId64 " us here",
		       late_us);
}

/* The control: the same work, with nothing attached, is not delayed. */
TEST_F_TIMEOUT(over_high, no_delay_without_ops, 300)
{
	start(_metadata, self, HIGH);
	start(_metadata, self, LOW);
	finish(_metadata, self, LOW);
	self->jobs[HIGH]->stop = true;
	finish(_metadata, self, HIGH);
	report(_metadata, self);

	/* HIGH was busy: attached ops would have delayed LOW. */
	EXPECT_GT(self->skel->bss->busy_windows, 0);
	EXPECT_EQ(0, delays_of(self, LOW).calls);
	EXPECT_EQ(READ_PASSES, self->jobs[LOW]->passes);
	expect_no_delay(_metadata, &self->who[LOW]);
	expect_no_delay(_metadata, &self->who[HIGH]);
	expect_no_pressure(_metadata, self);
}

/* While HIGH is quiet BPF is asked, says 0, and LOW is not delayed. */
TEST_F_TIMEOUT(over_high, no_delay_while_high_is_quiet, 300)
{
	attach_low(_metadata, self);

	start(_metadata, self, LOW);
	finish(_metadata, self, LOW);
	report(_metadata, self);

	EXPECT_EQ(0, self->skel->bss->busy_windows);
	expect_only_low_was_asked(_metadata, self);
	EXPECT_EQ(0, delays_of(self, LOW).delays);
	EXPECT_EQ(READ_PASSES, self->jobs[LOW]->passes);
	expect_no_delay(_metadata, &self->who[LOW]);
	expect_no_pressure(_metadata, self);
}

MEMCG_BPF_HARNESS_MAIN
