// SPDX-License-Identifier: GPL-2.0
/*
 * get_high_delay_ms prevents an OOM kill: three sessions whose demand does not
 * fit.  LOW1 and LOW2 are delayed until HIGH has released its memory.
 *
 *   memcg_bpf.oom_prevention.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   |-- high			peak 16/32 of CG_LIMIT
 *   |-- low1			peak 11/32; memory.high or ops, or neither
 *   `-- low2			peak 11/32; as low1
 *
 * A session touches anonymous memory up to its peak, goes through it a number of
 * times, holds it until the contest is decided, releases it and ends.  Without
 * swap none of it can be reclaimed.  LOW1 and LOW2 start when HIGH is at 12/32.
 * The contest is decided, and the hold ends, when
 *
 *   - all three are at their peaks, which takes 38/32 and is impossible, or
 *   - one of them has died, or
 *   - LOW1 and LOW2 have been held back for long enough, each.
 *
 * The test does not depend on timing: if nothing holds LOW1 and LOW2 back, the kernel must
 * OOM-kill a session.
 *
 * The ops delay LOW by the longest sleep there is while less than 8/32 is free.
 * Why that is enough: when they begin to, HIGH has at least the 12/32 that it had
 * when LOW started, so it wants 4/32 more at most.  The other 4/32, the margin,
 * is for what LOW charges nevertheless, a batch of 64 pages for each session of
 * LOW and delay: 512 KiB every 2 s with 4 KiB pages.  At CG_LIMIT = 256M the margin
 * of 32 MiB lasts for 64 delays of both, two minutes, in which HIGH has to touch
 * 4/32 and go through its memory; at the smallest CG_LIMIT, for 32.  Another
 * session of LOW would take as much again, and the margin would have to grow with
 * it.  Why it is not too much: without HIGH, LOW1 and LOW2 need 22/32 and leave
 * 10/32, which is above the reserve by 2/32 for page tables and the like.
 */
#include <inttypes.h>
#include <sys/wait.h>

#include "harness.h"
#include "metronome.h"
#include "oom_prevention/sessions.h"
#include "worker.h"

/* Delays after which a LOW counts as held back. */
#define HELD_BACK	2
/* Retries on a noisy machine, for HIGH to be as fast as alone. */
#define MAX_ATTEMPTS	8

FIXTURE(oom_prevention)
{
	struct sessions s;
};

FIXTURE_SETUP(oom_prevention)
{
	uint64_t page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);

	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI | REQUIRE_TWO_CPUS);
	if (params.cg_limit < sessions_smallest_limit())
		SKIP(return,
		     "CG_LIMIT is too small for what LOW charges while it is delayed: set it to %" PRIu64 "M or more",
		     sessions_smallest_limit() >> 20);
	if (params.cg_limit > pages * page / 2)
		SKIP(return,
		     "CG_LIMIT is more than half of this machine's memory, which may be exhausted first: set it to %" PRIu64 "M or less",
		     (pages * page / 2) >> 20);
	ASSERT_EQ(0, sessions_create(&self->s));
}

FIXTURE_TEARDOWN(oom_prevention)
{
	EXPECT_EQ(0, sessions_destroy(&self->s));
}

static bool decided_if_not_held_back(struct sessions *s)
{
	bool all_at_peak = true;
	enum role i;

	for (i = HIGH; i < NR_SESSIONS; i++) {
		if (s->who[i].ended)
			return true;
		all_at_peak &= s->work[i].at_peak;
	}
	return all_at_peak;
}

static bool decided_or_delayed_by_bpf(struct sessions *s)
{
	return decided_if_not_held_back(s) ||
		(sessions_asked(s, LOW1).delays >= HELD_BACK &&
		 sessions_asked(s, LOW2).delays >= HELD_BACK);
}

/*
 * It has grown beyond MEMORY_HIGH_TIGHT by a 64th.  The kernel's penalty is 64 s
 * times the square of that, 16 ms for each batch by now, and is slept.
 */
static bool throttled(const struct sessions *s, enum role role)
{
	return sessions_events(s, role, "high") > 0 &&
		s->work[role].touched >= MEMORY_HIGH_TIGHT / 64 * 65;
}

static bool decided_or_throttled(struct sessions *s)
{
	return decided_if_not_held_back(s) ||
		(throttled(s, LOW1) && throttled(s, LOW2));
}

static bool low1_throttled_or_ended(struct sessions *s)
{
	return s->who[LOW1].ended || throttled(s, LOW1);
}

/* Each LOW that runs had at least two high events after HIGH had ended. */
static bool low_throttled_without_high(struct sessions *s)
{
	enum role i;

	for (i = LOW1; i <= LOW2; i++) {
		if (!s->who[i].ended &&
		    sessions_events(s, i, "high") < s->events_at_high_end[i] + 2)
			return false;
	}
	return true;
}

static void finish(struct __test_metadata *_metadata, struct sessions *s,
		   const char *title)
{
	struct delay_stats stats;
	enum role i;

	ASSERT_EQ(0, contenders_finish(s->who, NR_SESSIONS, STEP_TIMEOUT_MS));

	for (i = HIGH; i < NR_SESSIONS; i++) {
		if (!s->who[i].pid)
			continue;
		stats = sessions_asked(s, i);
		TH_LOG("%s: %s %s, with %" PRIu64 " of %" PRIu64 " MiB; worked %" PRIu64 " us, stalled %" PRId64 " us, %" PRId64 " high events, asked %llu times, delayed %llu times, %llu ms in all",
		       title, s->who[i].name, worker_status(s->who[i].status),
		       (uint64_t)s->work[i].touched >> 20, s->work[i].peak >> 20,
		       (uint64_t)s->work[i].work_us,
		       cg_memory_stall_us(s->who[i].cgroup),
		       sessions_events(s, i, "high"), stats.calls, stats.delays,
		       stats.delay_ms_sum);
	}
}

/* Prepare all three sessions, and let them compete until HIGH has ended. */
static void contend(struct __test_metadata *_metadata, struct sessions *s,
		    enum strategy strategy, uint64_t memory_high,
		    sessions_condition decided)
{
	ASSERT_EQ(0, sessions_prepare(s, strategy, memory_high));
	ASSERT_EQ(0, sessions_contend(s, decided));
}

/* Start one session, without the other two. */
static void start_alone(struct __test_metadata *_metadata, struct sessions *s,
			enum role role, enum strategy strategy,
			uint64_t memory_high)
{
	ASSERT_EQ(0, sessions_prepare(s, strategy, memory_high));
	ASSERT_EQ(0, sessions_start_alone(s, role));
}

/* The OOM killer has killed at least one session; the others have succeeded. */
static void expect_oom_kill(struct __test_metadata *_metadata,
			    const struct sessions *s)
{
	int killed = 0;
	enum role i;

	for (i = HIGH; i < NR_SESSIONS; i++) {
		const struct contender *c = &s->who[i];
		bool died = WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL;

		killed += died;
		EXPECT_EQ(died, sessions_events(s, i, "oom_kill"))
			TH_LOG("%s %s", c->name, worker_status(c->status));
		if (!died) {
			EXPECT_EQ(0, c->status)
				TH_LOG("%s %s", c->name, worker_status(c->status));
		}
	}
	EXPECT_GE(killed, 1)
		TH_LOG("all survived, though their demand does not fit");
}

/* No session was killed, and the parent never reached memory.max. */
static void expect_all_survive(struct __test_metadata *_metadata,
			       const struct sessions *s)
{
	enum role i;

	for (i = HIGH; i < NR_SESSIONS; i++) {
		const struct contender *c = &s->who[i];

		if (!c->pid)
			continue;
		EXPECT_EQ(0, sessions_events(s, i, "oom_kill"))
			TH_LOG("%s was OOM-killed", c->name);
		EXPECT_EQ(0, c->status)
			TH_LOG("%s %s", c->name, worker_status(c->status));
		EXPECT_EQ(s->work[i].peak, s->work[i].touched);
	}
	EXPECT_EQ(0, cg_read_key(s->tb.cgroup, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_read_key(s->tb.cgroup, "memory.events", "max"))
		TH_LOG("the reserve was used up");
}

/* Stalled for less than a tenth of a delay: see expect_no_delay() in over_high.c. */
static void expect_no_stall(struct __test_metadata *_metadata,
			    const struct contender *c)
{
	EXPECT_LT(cg_memory_stall_us(c->cgroup), MAX_DELAY_MS * 1000LL / 10)
		TH_LOG("%s was stalled on memory", c->name);
}

/* LOW was stalled for as long as BPF asked; over_high.c explains the bounds. */
static void expect_low_was_delayed(struct __test_metadata *_metadata,
				   const struct sessions *s, enum role role,
				   const struct metronome *metronome)
{
	const struct contender *low = &s->who[role];
	int64_t stall_us = cg_memory_stall_us(low->cgroup);
	struct delay_stats stats = sessions_asked(s, role);
	int64_t sum_us = stats.delay_ms_sum * 1000;
	int64_t late_us = metronome_stretched(metronome, sum_us);

	EXPECT_GE(stats.delays, HELD_BACK)
		TH_LOG("%s was not delayed", low->name);
	EXPECT_EQ(stats.delays * MAX_DELAY_MS, stats.delay_ms_sum);
	EXPECT_GE(stall_us, sum_us - sum_us / 20)
		TH_LOG("%s was stalled for less than BPF asked for", low->name);
	EXPECT_LE(stall_us, late_us + late_us / 2)
		TH_LOG("%s was stalled for longer than BPF asked for, which takes %" PRId64 " us here",
		       low->name, late_us);
	EXPECT_EQ(stats.delays, s->delays_at_high_end[role])
		TH_LOG("%s was delayed when HIGH had released its memory",
		       low->name);
}

/* The control: nothing holds LOW back, and the kernel OOM-kills a session. */
TEST_F_TIMEOUT(oom_prevention, one_is_killed_without_ops, 300)
{
	struct sessions *s = &self->s;

	contend(_metadata, s, NOTHING, 0, decided_if_not_held_back);
	finish(_metadata, s, "no ops");

	expect_oom_kill(_metadata, s);
}

/*
 * With the ops all three survive.  HIGH is as well off as alone: the kernel asks no ops about
 * it, it is not stalled, and it is slower by no more than a quarter.
 *
 * The last is measured by the clock, and a busy machine may be slower at any time.  So HIGH
 * runs alone and with LOW in turn, and one pair that agrees is enough.  If each batch that
 * HIGH charges were delayed, even by the shortest delay, every pair would differ by far.
 */
TEST_F_TIMEOUT(oom_prevention, all_survive_with_ops, 300)
{
	struct metronome metronome = {};
	struct sessions *s = &self->s;
	uint64_t alone_us, us;
	int attempt;

	for (attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		start_alone(_metadata, s, HIGH, NOTHING, 0);
		finish(_metadata, s, "alone");
		expect_all_survive(_metadata, s);
		alone_us = s->work[HIGH].work_us;

		/* on the processor of LOW */
		ASSERT_EQ(0, metronome_start(&metronome, 1, MAX_DELAY_MS));
		contend(_metadata, s, BPF, 0, decided_or_delayed_by_bpf);
		finish(_metadata, s, "ops");
		metronome_stop(&metronome);
		expect_all_survive(_metadata, s);
		expect_low_was_delayed(_metadata, s, LOW1, &metronome);
		expect_low_was_delayed(_metadata, s, LOW2, &metronome);
		EXPECT_EQ(0, sessions_asked(s, HIGH).calls)
			TH_LOG("the delay callback was called for HIGH");
		EXPECT_EQ(0, delay_stats_of(s->skel->maps.delays,
					    s->tb.cgroup).calls)
			TH_LOG("the delay callback was called for the parent");
		expect_no_stall(_metadata, &s->who[HIGH]);
		us = s->work[HIGH].work_us;

		/* Try again only if HIGH was too slow. */
		if (!__test_passed(_metadata) || us * 4 <= alone_us * 5)
			break;
	}
	EXPECT_LE(us * 4, alone_us * 5)
		TH_LOG("LOW made HIGH slower by more than a quarter, %d times",
		       attempt);
}

/*
 * The control of tight_memory_high_holds_low_back_forever: memory.high above the peak of LOW
 * never throttles it, and does not prevent the OOM kill.
 *
 *   |-- low1			memory.high = 12/32, where the peak is 11/32
 *   `-- low2			as low1
 */
TEST_F_TIMEOUT(oom_prevention, one_is_killed_with_loose_memory_high, 300)
{
	struct sessions *s = &self->s;
	enum role i;

	contend(_metadata, s, MEMORY_HIGH, MEMORY_HIGH_LOOSE,
		decided_if_not_held_back);
	finish(_metadata, s, "loose memory.high");

	expect_oom_kill(_metadata, s);
	for (i = LOW1; i <= LOW2; i++) {
		EXPECT_EQ(0, sessions_events(s, i, "high"))
			TH_LOG("memory.high held %s back", s->who[i].name);
	}
}

/*
 * memory.high that is low enough to prevent the OOM kill throttles LOW also when HIGH has
 * ended and two thirds of the memory are free.  There are no ops here.  The log says who
 * survived.
 *
 *   |-- low1			memory.high = 6/32, where the peak is 11/32
 *   `-- low2			as low1
 */
TEST_F_TIMEOUT(oom_prevention, tight_memory_high_holds_low_back_forever, 300)
{
	struct sessions *s = &self->s;
	enum role i;

	contend(_metadata, s, MEMORY_HIGH, MEMORY_HIGH_TIGHT, decided_or_throttled);
	ASSERT_EQ(0, sessions_wait(s, low_throttled_without_high,
				   "memory.high held LOW back without HIGH"));
	for (i = LOW1; i <= LOW2; i++) {
		EXPECT_FALSE(s->who[i].ended && !s->who[i].status)
			TH_LOG("%s has reached its peak in spite of memory.high",
			       s->who[i].name);
	}
	ASSERT_EQ(0, sessions_lift_memory_high(s));
	finish(_metadata, s, "tight memory.high");
}

/*
 * LOW1 alone: memory.high that is low enough to prevent the OOM kill throttles it, and the
 * ops that prevent the OOM kill do not delay it.
 *
 *   memcg_bpf.oom_prevention.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   `-- low1			peak 11/32; memory.high = 6/32, or ops
 */
TEST_F_TIMEOUT(oom_prevention, low_alone_is_not_delayed_with_ops, 300)
{
	struct sessions *s = &self->s;
	const struct contender *low = &s->who[LOW1];

	start_alone(_metadata, s, LOW1, MEMORY_HIGH, MEMORY_HIGH_TIGHT);
	ASSERT_EQ(0, sessions_wait(s, low1_throttled_or_ended,
				   "memory.high held LOW1 back"));
	EXPECT_FALSE(low->ended);
	ASSERT_EQ(0, sessions_lift_memory_high(s));
	finish(_metadata, s, "memory.high");
	expect_all_survive(_metadata, s);
	EXPECT_GT(sessions_events(s, LOW1, "high"), 0);
	EXPECT_GT(cg_memory_stall_us(low->cgroup), 0);

	start_alone(_metadata, s, LOW1, BPF, 0);
	finish(_metadata, s, "ops");
	expect_all_survive(_metadata, s);
	EXPECT_GT(sessions_asked(s, LOW1).calls, 0);
	EXPECT_EQ(0, sessions_asked(s, LOW1).delays);
	expect_no_stall(_metadata, low);
	EXPECT_EQ(0, sessions_events(s, LOW1, "high"));
}

MEMCG_BPF_HARNESS_MAIN
