// SPDX-License-Identifier: GPL-2.0
/*
 * get_high_delay_ms prevents an OOM kill: three sessions whose demand does not
 * fit, of which LOW1 and LOW2 wait until HIGH has had its turn.
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
 * No clock is in this: without anything to hold LOW1 and LOW2 back, one is killed
 * for certain.
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
#include "oom_prevention/sessions.h"

/* The OOM killer took at least one; the others ended well. */
static void expect_oom_kill(struct __test_metadata *_metadata,
			    FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i, killed = 0;

	for (i = 0; i < NR_SESSIONS; i++) {
		bool died = WIFSIGNALED(s[i].status) &&
			WTERMSIG(s[i].status) == SIGKILL;

		killed += died;
		EXPECT_EQ(died, events(&s[i], "oom_kill"))
			TH_LOG("%s %s", names[i], worker_status(s[i].status));
		if (!died) {
			EXPECT_EQ(0, s[i].status)
				TH_LOG("%s %s", names[i],
				       worker_status(s[i].status));
		}
	}
	EXPECT_GE(killed, 1)
		TH_LOG("all survived, though their demand does not fit");
}

/* Nobody was killed, and the parent was never full. */
static void expect_all_survive(struct __test_metadata *_metadata,
			       FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (!s[i].pid)
			continue;
		EXPECT_EQ(0, events(&s[i], "oom_kill"))
			TH_LOG("%s was OOM-killed", names[i]);
		EXPECT_EQ(0, s[i].status)
			TH_LOG("%s %s", names[i], worker_status(s[i].status));
		EXPECT_EQ(s[i].peak, s[i].touched);
	}
	EXPECT_EQ(0, cg_read_key(self->tb.cgroup, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_read_key(self->tb.cgroup, "memory.events", "max"))
		TH_LOG("the reserve was used up");
}

/* No delay, nor a tenth of one; an emulated machine may stall for a moment. */
static void expect_no_stall(struct __test_metadata *_metadata,
			    FIXTURE_DATA(oom_prevention) *self, int i)
{
	EXPECT_LT(cg_memory_stall_us(self->contest->sessions[i].cgroup),
		  MAX_DELAY_MS * 1000LL / 10)
		TH_LOG("%s was stalled on memory", names[i]);
}

/* What BPF asked for, and nothing else; see over_high.c for the bounds. */
static void expect_low_was_delayed(struct __test_metadata *_metadata,
				   FIXTURE_DATA(oom_prevention) *self, int i)
{
	int64_t stall_us = cg_memory_stall_us(self->contest->sessions[i].cgroup);
	struct delay_stats stats = asked(self, i);
	int64_t sum_us = stats.delay_ms * 1000;

	EXPECT_GE(stats.delays, HELD_BACK)
		TH_LOG("%s was not delayed", names[i]);
	EXPECT_EQ(stats.delays * MAX_DELAY_MS, stats.delay_ms);
	EXPECT_GE(stall_us, sum_us - sum_us / 20)
		TH_LOG("%s was stalled for less than BPF asked for", names[i]);
	EXPECT_LE(stall_us, sum_us + sum_us / 2)
		TH_LOG("%s was stalled for longer than BPF asked for", names[i]);
	EXPECT_EQ(stats.delays, self->delays_then[i])
		TH_LOG("%s was delayed when HIGH had released its memory",
		       names[i]);
}

/* The control: nothing holds LOW back, and the kernel has to kill. */
TEST_F_TIMEOUT(oom_prevention, one_is_killed_without_ops, 300)
{
	prepare(_metadata, self, NOTHING, 0);
	contend(_metadata, self, decided_if_not_held_back);
	finish(_metadata, self, "no ops");

	expect_oom_kill(_metadata, self);
}

/*
 * With the ops all three survive, and HIGH is not worse off than alone: neither
 * was it asked about, nor stalled, nor is it slower by more than a quarter.
 *
 * The last is for the clock to say, and a machine that others use, too, may be
 * slower at any time.  So HIGH runs alone and with LOW in turn, and one pair of
 * these that agrees is enough.  A single delay for each batch that HIGH charges,
 * of the shortest that are slept, would make every pair differ by far.
 */
TEST_F_TIMEOUT(oom_prevention, all_survive_with_ops, 300)
{
	const struct session *high = &self->contest->sessions[HIGH];
	uint64_t alone_us, us;
	int attempt;

	for (attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		prepare(_metadata, self, NOTHING, 0);
		start_alone(_metadata, self, HIGH);
		finish(_metadata, self, "alone");
		expect_all_survive(_metadata, self);
		alone_us = high->work_us;

		prepare(_metadata, self, BPF, 0);
		contend(_metadata, self, decided_or_delayed_by_bpf);
		finish(_metadata, self, "ops");
		expect_all_survive(_metadata, self);
		expect_low_was_delayed(_metadata, self, LOW1);
		expect_low_was_delayed(_metadata, self, LOW2);
		EXPECT_EQ(0, asked(self, HIGH).calls)
			TH_LOG("the delay callback was called for HIGH");
		EXPECT_EQ(0, delay_stats_of(self->skel->maps.delays,
					    self->tb.cgroup).calls)
			TH_LOG("the delay callback was called for the parent");
		expect_no_stall(_metadata, self, HIGH);
		us = high->work_us;

		/* Another attempt is for the clock only. */
		if (!__test_passed(_metadata) || us * 4 <= alone_us * 5)
			break;
	}
	EXPECT_LE(us * 4, alone_us * 5)
		TH_LOG("LOW made HIGH slower by more than a quarter, %d times",
		       attempt);
}

/*
 * What memory.high adds: a limit for LOW that never gets in its way does not
 * prevent the kill, and a limit that does ...
 *
 *   |-- low1			memory.high = 12/32, where the peak is 11/32
 *   `-- low2			as low1
 */
TEST_F_TIMEOUT(oom_prevention, one_is_killed_with_loose_memory_high, 300)
{
	int i;

	prepare(_metadata, self, MEMORY_HIGH, MEMORY_HIGH_LOOSE);
	contend(_metadata, self, decided_if_not_held_back);
	finish(_metadata, self, "loose memory.high");

	expect_oom_kill(_metadata, self);
	for (i = LOW1; i <= LOW2; i++) {
		EXPECT_EQ(0, events(&self->contest->sessions[i], "high"))
			TH_LOG("memory.high held %s back", names[i]);
	}
}

/*
 * ... holds LOW back as well when HIGH has ended and two thirds of the memory are
 * free.  That nobody is killed until then is memory.high's doing alone, and no
 * merit of BPF; who survived is reported.
 *
 *   |-- low1			memory.high = 6/32, where the peak is 11/32
 *   `-- low2			as low1
 */
TEST_F_TIMEOUT(oom_prevention, tight_memory_high_holds_low_back_forever, 300)
{
	const struct session *s = self->contest->sessions;
	int i;

	prepare(_metadata, self, MEMORY_HIGH, MEMORY_HIGH_TIGHT);
	contend(_metadata, self, decided_or_throttled);
	wait_until(_metadata, self, low_throttled_without_high,
		   "memory.high held LOW back without HIGH");
	for (i = LOW1; i <= LOW2; i++) {
		EXPECT_FALSE(s[i].ended && !s[i].status)
			TH_LOG("%s has reached its peak in spite of memory.high",
			       names[i]);
	}
	lift_memory_high(_metadata, self);
	finish(_metadata, self, "tight memory.high");
}

/*
 * LOW1 alone, with the memory all for itself: memory.high of the strength that
 * prevents the kill holds it back, and the ops that prevent it do not.
 *
 *   memcg_bpf.oom_prevention.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   `-- low1			peak 11/32; memory.high = 6/32, or ops
 */
TEST_F_TIMEOUT(oom_prevention, low_alone_is_not_delayed_with_ops, 300)
{
	const struct session *low = &self->contest->sessions[LOW1];

	prepare(_metadata, self, MEMORY_HIGH, MEMORY_HIGH_TIGHT);
	start_alone(_metadata, self, LOW1);
	wait_until(_metadata, self, low1_throttled_or_ended,
		   "memory.high held LOW1 back");
	EXPECT_FALSE(low->ended);
	lift_memory_high(_metadata, self);
	finish(_metadata, self, "memory.high");
	expect_all_survive(_metadata, self);
	EXPECT_GT(events(low, "high"), 0);
	EXPECT_GT(cg_memory_stall_us(low->cgroup), 0);

	prepare(_metadata, self, BPF, 0);
	start_alone(_metadata, self, LOW1);
	finish(_metadata, self, "ops");
	expect_all_survive(_metadata, self);
	EXPECT_GT(asked(self, LOW1).calls, 0);
	EXPECT_EQ(0, asked(self, LOW1).delays);
	expect_no_stall(_metadata, self, LOW1);
	EXPECT_EQ(0, events(low, "high"));
}

MEMCG_BPF_HARNESS_MAIN
