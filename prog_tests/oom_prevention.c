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
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attach.h"
#include "cgroup.h"
#include "clock.h"
#include "delay_stats.h"
#include "harness.h"
#include "revision.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "oom_prevention.skel.h"

/* What is said above, in 32ths of CG_LIMIT. */
#define SHARE(n)		(params.cg_limit / 32 * (n))
#define HIGH_PEAK		SHARE(16)
#define HIGH_HEADSTART		SHARE(12)
#define LOW_PEAK		SHARE(11)
#define RESERVE			SHARE(8)
#define MARGIN_SHARE		4	/* of RESERVE */

/*
 * memory.high of LOW: one that keeps it within what HIGH leaves, as the kernel's
 * own penalty reaches 2 s at 1.2 times of it, and one that never holds it back.
 */
#define MEMORY_HIGH_TIGHT	SHARE(6)
#define MEMORY_HIGH_LOOSE	SHARE(12)

/* MEMCG_CHARGE_BATCH: LOW charges so many pages for each delay */
#define BATCH_PAGES		64
/* The margin lasts for at least so many delays of both: a minute. */
#define MIN_DELAYS_IN_MARGIN	32

/*
 * So that HIGH works for much longer than it takes LOW to use up the room: while
 * both are at work, a machine with few processors to spare slows both down.
 */
#define HIGH_PASSES		200
#define LOW_PASSES		10
/* LOW has been held back: so many delays each. */
#define HELD_BACK		2
/* The machine is noisy: so often HIGH may try to be as fast as alone. */
#define MAX_ATTEMPTS		8

enum { HIGH, LOW1, LOW2, NR_SESSIONS };

static const char * const names[NR_SESSIONS] = { "high", "low1", "low2" };

enum strategy { NOTHING, BPF, MEMORY_HIGH };

/* One session, in memory that driver and workers share. */
struct session {
	char cgroup[PATH_MAX];
	uint64_t peak;
	int passes;		/* through the memory, at the peak */
	volatile uint64_t touched;	/* bytes, of the peak */
	volatile bool at_peak;
	volatile uint64_t work_us;	/* from start to the end of the passes */
	const volatile bool *decided;
	/* the driver's */
	pid_t pid;
	bool ended;
	int status;
};

struct contest {
	struct session sessions[NR_SESSIONS];
	volatile bool decided;
};

FIXTURE(oom_prevention)
{
	struct testbed tb;
	struct oom_prevention *skel;
	struct contest *contest;
	int links[NR_SESSIONS];
	unsigned int runs;
	/* what LOW had been through when HIGH had ended */
	uint64_t delays_then[NR_SESSIONS];
	int64_t high_events_then[NR_SESSIONS];
};

/* The CG_LIMIT of which MARGIN_SHARE is enough. */
static uint64_t smallest_limit(void)
{
	uint64_t margin = (NR_SESSIONS - 1) * BATCH_PAGES *
		sysconf(_SC_PAGESIZE) * MIN_DELAYS_IN_MARGIN;

	return margin * 32 / MARGIN_SHARE;
}

FIXTURE_SETUP(oom_prevention)
{
	uint64_t page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);
	int i;

	for (i = 0; i < NR_SESSIONS; i++)
		self->links[i] = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI | REQUIRE_TWO_CPUS);
	if (params.cg_limit < smallest_limit())
		SKIP(return, "CG_LIMIT is too small for what LOW charges while it is delayed: set it to %" PRIu64 "M or more",
		     smallest_limit() >> 20);
	if (params.cg_limit > pages * page / 2)
		SKIP(return, "CG_LIMIT is more than half of this machine's memory, which may be exhausted first: set it to %" PRIu64 "M or less",
		     (pages * page / 2) >> 20);

	ASSERT_EQ(0, testbed_create(&self->tb, "oom_prevention"));
	ASSERT_EQ(0, cg_write(self->tb.cgroup, "memory.max", "%" PRIu64,
			      params.cg_limit));
	cg_disable_swap(self->tb.cgroup);

	self->contest = worker_share(sizeof(*self->contest));
	ASSERT_NE(NULL, self->contest);

	self->skel = oom_prevention__open();
	ASSERT_NE(NULL, self->skel);
	self->skel->rodata->reserve_pages = RESERVE / page;
	self->skel->rodata->delay_ms = MAX_DELAY_MS;
	ASSERT_EQ(0, revision_fit(self->skel->obj));
	ASSERT_EQ(0, oom_prevention__load(self->skel));
}

static void detach(FIXTURE_DATA(oom_prevention) *self)
{
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (self->links[i] >= 0)
			close(self->links[i]);
		self->links[i] = -1;
	}
}

FIXTURE_TEARDOWN(oom_prevention)
{
	detach(self);
	oom_prevention__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static int live(void *arg)
{
	struct session *s = arg;
	long page = sysconf(_SC_PAGESIZE);
	uint64_t begin = clock_us(), at;
	volatile char *map;
	int pass;

	if (worker_be_killable())
		return 1;
	map = workload_map(s->peak);
	if (!map)
		return 1;

	while (s->touched < s->peak) {
		map[s->touched] = 1;
		s->touched += page;
	}
	s->at_peak = true;
	for (pass = 0; pass < s->passes; pass++) {
		for (at = 0; at < s->peak; at += page)
			map[at]++;
	}
	s->work_us = clock_us() - begin;

	while (!*s->decided)
		usleep(1000);
	return munmap((void *)map, s->peak) ? 1 : 0;
}

/* Fresh cgroups, so that their counters begin at 0. */
static void prepare(struct __test_metadata *_metadata,
		    FIXTURE_DATA(oom_prevention) *self, enum strategy strategy,
		    uint64_t memory_high)
{
	struct session *s = self->contest->sessions;
	char name[32];
	int i, fd;

	detach(self);
	memset(self->contest, 0, sizeof(*self->contest));
	self->runs++;
	for (i = 0; i < NR_SESSIONS; i++, s++) {
		s->peak = i == HIGH ? HIGH_PEAK : LOW_PEAK;
		s->passes = i == HIGH ? HIGH_PASSES : LOW_PASSES;
		s->decided = &self->contest->decided;
		snprintf(name, sizeof(name), "%s.%u", names[i], self->runs);
		ASSERT_EQ(0, testbed_add_cgroup(&self->tb, s->cgroup, name));
		if (i == HIGH)
			continue;

		if (strategy == MEMORY_HIGH) {
			ASSERT_EQ(0, cg_write(s->cgroup, "memory.high",
					      "%" PRIu64, memory_high));
		} else if (strategy == BPF) {
			fd = cg_open(s->cgroup);
			ASSERT_GE(fd, 0);
			self->links[i] = memcg_bpf_attach(self->skel->maps.low_ops,
							  fd, 0);
			close(fd);
			ASSERT_GE(self->links[i], 0)
				TH_LOG("attach to %s: %s", name,
				       strerror(-self->links[i]));
		}
	}
}

static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(oom_prevention) *self, int i)
{
	struct session *s = &self->contest->sessions[i];

	/* HIGH has a processor that it need not share with LOW. */
	s->pid = worker_start(s->cgroup, i == HIGH ? 0 : 1, live, s);
	ASSERT_GT(s->pid, 0);
}

static int64_t events(const struct session *s, const char *event)
{
	return cg_read_key(s->cgroup, "memory.events", event);
}

static struct delay_stats asked(FIXTURE_DATA(oom_prevention) *self, int i)
{
	return delay_stats_of(self->skel->maps.delays,
			      self->contest->sessions[i].cgroup);
}

/* What there is to wait for. */
typedef bool (*condition)(FIXTURE_DATA(oom_prevention) *self);

static bool all_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (s[i].pid && !s[i].ended)
			return false;
	}
	return true;
}

static bool high_ended(FIXTURE_DATA(oom_prevention) *self)
{
	return self->contest->sessions[HIGH].ended;
}

static bool high_has_headstart(FIXTURE_DATA(oom_prevention) *self)
{
	return self->contest->sessions[HIGH].touched >= HIGH_HEADSTART ||
		high_ended(self);
}

static bool all_at_peak(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return s[HIGH].at_peak && s[LOW1].at_peak && s[LOW2].at_peak;
}

static bool one_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return s[HIGH].ended || s[LOW1].ended || s[LOW2].ended;
}

static bool decided_if_not_held_back(FIXTURE_DATA(oom_prevention) *self)
{
	return all_at_peak(self) || one_ended(self);
}

static bool decided_or_delayed_by_bpf(FIXTURE_DATA(oom_prevention) *self)
{
	return decided_if_not_held_back(self) ||
		(asked(self, LOW1).delays >= HELD_BACK &&
		 asked(self, LOW2).delays >= HELD_BACK);
}

/*
 * It has grown beyond MEMORY_HIGH_TIGHT by a 64th.  The kernel's penalty is 64 s
 * times the square of that, 16 ms for each batch by now, and is slept.
 */
static bool throttled(const struct session *s)
{
	return events(s, "high") > 0 &&
		s->touched >= MEMORY_HIGH_TIGHT / 64 * 65;
}

static bool decided_or_throttled(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return decided_if_not_held_back(self) ||
		(throttled(&s[LOW1]) && throttled(&s[LOW2]));
}

static bool low1_throttled_or_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = &self->contest->sessions[LOW1];

	return s->ended || throttled(s);
}

/* Events that came after HIGH had ended, and again. */
static bool low_throttled_without_high(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i;

	for (i = LOW1; i <= LOW2; i++) {
		if (!s[i].ended &&
		    events(&s[i], "high") < self->high_events_then[i] + 2)
			return false;
	}
	return true;
}

static void wait_until(struct __test_metadata *_metadata,
		       FIXTURE_DATA(oom_prevention) *self, condition condition,
		       const char *what)
{
	struct session *s = self->contest->sessions;
	uint64_t begin = clock_us();
	int i;

	while (!condition(self)) {
		ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
			TH_LOG("waited in vain until %s", what);
		usleep(10000);
		for (i = 0; i < NR_SESSIONS; i++) {
			if (s[i].pid && !s[i].ended &&
			    worker_wait_stalled(s[i].pid, s[i].cgroup, 0,
						&s[i].status) > 0)
				s[i].ended = true;
		}
	}
}

/* Let them have it out, until HIGH has ended. */
static void contend(struct __test_metadata *_metadata,
		    FIXTURE_DATA(oom_prevention) *self, condition decided)
{
	int i;

	start(_metadata, self, HIGH);
	wait_until(_metadata, self, high_has_headstart, "HIGH had a head start");
	start(_metadata, self, LOW1);
	start(_metadata, self, LOW2);
	wait_until(_metadata, self, decided, "the contest was decided");
	self->contest->decided = true;

	wait_until(_metadata, self, high_ended, "HIGH ended");
	for (i = LOW1; i <= LOW2; i++) {
		self->delays_then[i] = asked(self, i).delays;
		self->high_events_then[i] =
			events(&self->contest->sessions[i], "high");
	}
}

/* One session, and nobody else. */
static void start_alone(struct __test_metadata *_metadata,
			FIXTURE_DATA(oom_prevention) *self, int i)
{
	self->contest->decided = true;
	start(_metadata, self, i);
}

static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(oom_prevention) *self, const char *title)
{
	const struct session *s = self->contest->sessions;
	struct delay_stats stats;
	int i;

	wait_until(_metadata, self, all_ended, "all ended");

	for (i = 0; i < NR_SESSIONS; i++) {
		if (!s[i].pid)
			continue;
		stats = asked(self, i);
		TH_LOG("%s: %s %s, with %" PRIu64 " of %" PRIu64 " MiB; worked %" PRIu64 " us, stalled %" PRId64 " us, %" PRId64 " high events, asked %llu times, delayed %llu times, %llu ms in all",
		       title, names[i], worker_status(s[i].status),
		       (uint64_t)s[i].touched >> 20, s[i].peak >> 20,
		       (uint64_t)s[i].work_us, cg_memory_stall_us(s[i].cgroup),
		       events(&s[i], "high"), stats.calls, stats.delays,
		       stats.delay_ms);
	}
}

static void lift_memory_high(struct __test_metadata *_metadata,
			     FIXTURE_DATA(oom_prevention) *self)
{
	int i;

	for (i = LOW1; i <= LOW2; i++) {
		ASSERT_EQ(0, cg_write(self->contest->sessions[i].cgroup,
				      "memory.high", "max"));
	}
}

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
