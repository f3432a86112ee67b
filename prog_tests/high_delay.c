// SPDX-License-Identifier: GPL-2.0
/*
 * The delay callback, get_high_delay_ms or since RFC v7 memcg_charged: how long the
 * kernel delays, about which memcg it asks, and what ends the sleep.  over_high.c tests
 * it together with a trigger.
 *
 *   memcg_bpf.high_delay.<pid>	no limit
 *   `-- one child or more	ops: what each test draws
 *
 * A worker in a child touches anonymous memory, which is charged in batches of 64
 * pages, and the kernel asks about each batch.  Nothing is reclaimed, so only a delay
 * stalls a task on memory.  memory.pressure tells how long it was stalled, the probe how
 * many delays it has answered, and how long ones.
 */
#include <inttypes.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "harness.h"
#include "probe.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

/* Enough to tell the sum of the delays from a single one. */
#define MIN_DELAYS	3

/* How often a task tries to reclaim before it sleeps: once, and MAX_RECLAIM_RETRIES times more. */
#define SLEEP_TRIES	17

FIXTURE(high_delay)
{
	struct testbed tb;
	struct probe *probe;
	int link;
};

FIXTURE_SETUP(high_delay)
{
	self->link = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI);
	ASSERT_EQ(0, testbed_create(&self->tb, "high_delay"));
	self->probe = probe_load();
	ASSERT_NE(NULL, self->probe);
}

FIXTURE_TEARDOWN(high_delay)
{
	if (self->link >= 0)
		close(self->link);
	probe__destroy(self->probe);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static void attach(struct __test_metadata *_metadata,
		   FIXTURE_DATA(high_delay) *self, const char *cgroup)
{
	self->link = probe_attach(self->probe, cgroup, 0);
	ASSERT_GE(self->link, 0)
		TH_LOG("attach to %s: %s", cgroup, strerror(-self->link));
}

static void ask_for(FIXTURE_DATA(high_delay) *self, const char *cgroup,
		    unsigned int ms)
{
	probe_answer(self->probe, cgroup,
		     (struct probe_answer){ .delay_ms = ms });
}

static struct probe_stats stats_of(FIXTURE_DATA(high_delay) *self,
				   const char *cgroup)
{
	return probe_stats(self->probe, cg_id(cgroup));
}

/* A cgroup with a worker, and the delay that BPF answers for it. */
struct delayed {
	unsigned int ms;
	char cgroup[PATH_MAX];
	pid_t pid;		/* 0: the worker has ended */
};

static void start_delayed(struct __test_metadata *_metadata,
			  FIXTURE_DATA(high_delay) *self, struct delayed *d,
			  unsigned int nth_cpu, uint64_t *size)
{
	char name[32];

	snprintf(name, sizeof(name), "ms%u", d->ms);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, d->cgroup, name));
	ask_for(self, d->cgroup, d->ms);
	d->pid = worker_start(d->cgroup, nth_cpu, workload_touch_job, size);
	ASSERT_GT(d->pid, 0);
}

/*
 * After MIN_DELAYS delays answer 0, so that the worker ends soon.  Return true if it has
 * ended since the last call.
 */
static bool follow_delayed(struct __test_metadata *_metadata,
			   FIXTURE_DATA(high_delay) *self, struct delayed *d)
{
	int status;

	if (stats_of(self, d->cgroup).delays >= MIN_DELAYS)
		ask_for(self, d->cgroup, 0);
	if (!d->pid || !worker_wait_stalled(d->pid, d->cgroup, 0, &status))
		return false;
	EXPECT_EQ(0, status)
		TH_LOG("%u ms: %s", d->ms, worker_status(status));
	d->pid = 0;
	return true;
}

static void expect_delayed(struct __test_metadata *_metadata,
			   FIXTURE_DATA(high_delay) *self, struct delayed *d)
{
	struct probe_stats stats = stats_of(self, d->cgroup);
	int64_t stall_us = cg_memory_stall_us(d->cgroup);
	int64_t want_us = delay_stall_us(d->ms) * stats.delays;

	TH_LOG("%u ms: asked %llu times, delayed %llu times, stalled %" PRId64 " us, want %" PRId64,
	       d->ms, stats.calls[PROBE_DELAY], stats.delays, stall_us, want_us);

	EXPECT_GE(d->ms ? stats.delays : stats.calls[PROBE_DELAY], MIN_DELAYS)
		TH_LOG("%u ms: the delay callback was not called", d->ms);
	if (!want_us) {
		EXPECT_EQ(0, stall_us)
			TH_LOG("%u ms: slept, though BPF did not ask for more than 10 ms", d->ms);
		return;
	}
	/* A sleep is never shorter than asked for, but PSI may miss some of it. */
	EXPECT_GE(stall_us, want_us - want_us / 20)
		TH_LOG("%u ms: slept for too short", d->ms);
	/*
	 * Timers are up to an eighth late by design, and a busy machine later than
	 * that.  A short sleep cannot tell that from a delay that is too long.
	 */
	if (d->ms >= 200)
		EXPECT_LE(stall_us, want_us + want_us / 2)
			TH_LOG("%u ms: slept for too long", d->ms);
}

/*
 * The sleep is what BPF asks for: none up to 10 ms, the delay above that, 2 s at
 * most.  All at once, each in a cgroup of its own:
 *
 *   memcg_bpf.high_delay.<pid>	ops, inherited by all
 *   |-- ms0			answer 0
 *   |-- ms5			answer 5
 *   ...
 *   |-- ms5000			answer 5000
 *   `-- ms4294967295		answer UINT_MAX
 *
 * The control is ms0, which does the same.  After MIN_DELAYS delays of a worker the
 * answer for it becomes 0, so that it ends.
 */
TEST_F_TIMEOUT(high_delay, sleep_is_what_bpf_asks_for, 300)
{
	static const unsigned int delays_ms[] = {
		0, 5, 10, 11, 50, 200, 1000, MAX_DELAY_MS, 5000, 65536,
		UINT_MAX
	};
	static struct delayed delayed[ARRAY_SIZE(delays_ms)];
	unsigned int left = ARRAY_SIZE(delayed), limit_ms = STEP_TIMEOUT_MS;
	unsigned int i, ms;
	uint64_t size = SCALED(4 * MiB);

	attach(_metadata, self, self->tb.cgroup);
	for (i = 0; i < ARRAY_SIZE(delayed); i++) {
		delayed[i].ms = delays_ms[i];
		start_delayed(_metadata, self, &delayed[i], i, &size);
	}

	for (ms = 0; left && ms < limit_ms; ms += 10) {
		for (i = 0; i < ARRAY_SIZE(delayed); i++) {
			if (!follow_delayed(_metadata, self, &delayed[i]))
				continue;
			left--;
			/* Longer delays are cut to this one, so they should end soon. */
			if (delayed[i].ms == MAX_DELAY_MS)
				limit_ms = 3 * ms + 5000;
		}
		usleep(10000);
	}

	for (i = 0; i < ARRAY_SIZE(delayed); i++) {
		EXPECT_EQ(0, delayed[i].pid)
			TH_LOG("%u ms: still sleeps, after three times as long as with %u ms",
			       delayed[i].ms, MAX_DELAY_MS);
		expect_delayed(_metadata, self, &delayed[i]);
	}
}

/*
 * The kernel asks about the memcg that is charged, with that memcg, and about
 * no other:
 *
 *   memcg_bpf.high_delay.<pid>
 *   `-- parent			ops, inherited by both
 *       |-- charged		a worker touches memory
 *       `-- sibling
 */
TEST_F(high_delay, asked_of_the_charged_memcg_only)
{
	char parent[PATH_MAX], charged[PATH_MAX], sibling[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, parent, "parent"));
	ASSERT_EQ(0, cg_enable_memory(parent));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, charged, "parent/charged"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, sibling, "parent/sibling"));
	attach(_metadata, self, parent);

	ASSERT_EQ(0, probe_charge(charged));

	EXPECT_GE(stats_of(self, charged).calls[PROBE_DELAY], MIN_DELAYS)
		TH_LOG("the delay callback was not called for the charged memcg");
	EXPECT_EQ(0, stats_of(self, parent).calls[PROBE_DELAY])
		TH_LOG("the delay callback was called for the parent");
	EXPECT_EQ(0, stats_of(self, sibling).calls[PROBE_DELAY])
		TH_LOG("the delay callback was called for the sibling");
	EXPECT_EQ(stats_of(self, charged).calls[PROBE_DELAY],
		  probe_total(self->probe, PROBE_DELAY))
		TH_LOG("the delay callback was called for a cgroup of another test or program");
}

/*
 * BPF is asked when a charge finds the stock of the processor empty, which is about
 * once in 64 pages, and not for each page:
 *
 *   memcg_bpf.high_delay.<pid>
 *   `-- charged		ops; a worker touches 4096 pages
 *
 * Other charges on that processor also empty the stock, so BPF may be asked more often,
 * but not as often as for every eighth page.
 */
TEST_F(high_delay, asked_about_once_in_64_pages)
{
	const uint64_t pages = 4096, batches = pages / 64;
	uint64_t size = pages * sysconf(_SC_PAGESIZE), calls;
	char charged[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, charged, "charged"));
	attach(_metadata, self, charged);
	ASSERT_EQ(0, worker_run(charged, workload_touch_job, &size,
				STEP_TIMEOUT_MS));

	calls = stats_of(self, charged).calls[PROBE_DELAY];
	TH_LOG("%" PRIu64 " pages, asked %" PRIu64 " times", pages, calls);
	EXPECT_GE(calls, batches / 2);
	EXPECT_LE(calls, batches * 8);
}

/*
 * BPF is not asked about a cgroup without ops, and a delay in one cgroup delays no task
 * of another:
 *
 *   memcg_bpf.high_delay.<pid>
 *   |-- delayed			ops: 100 ms
 *   `-- other			no ops
 */
TEST_F(high_delay, cgroup_without_ops_is_left_alone)
{
	char delayed[PATH_MAX], other[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, delayed, "delayed"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, other, "other"));
	ask_for(self, NULL, 100);
	attach(_metadata, self, delayed);

	ASSERT_EQ(0, probe_charge(other));
	EXPECT_EQ(0, probe_total(self->probe, PROBE_DELAY))
		TH_LOG("the delay callback was called when a cgroup without ops was charged");
	EXPECT_EQ(0, cg_memory_stall_us(other));

	/* the control */
	ASSERT_EQ(0, probe_charge(delayed));
	EXPECT_GE(stats_of(self, delayed).delays, MIN_DELAYS);
	EXPECT_GT(cg_memory_stall_us(delayed), 0);
}

/* A cgroup whose memory.high is below its usage. */
struct excess {
	const char *name;
	bool without;		/* no ops */
	unsigned int ms;	/* what BPF asks for */
	char cgroup[PATH_MAX];
	int link;
	pid_t holder;
	pid_t grower;
	bool ended;
	int status;		/* of the grower */
	int64_t begin_stall_us;	/* when the grower starts */
	int64_t stall_us;	/* of the grower */
	uint64_t delays;	/* calls that returned @ms */
};

struct hold {
	uint64_t size;
	volatile bool held;
};

static int hold_memory(void *arg)
{
	struct hold *hold = arg;

	if (workload_touch(hold->size))
		return 1;
	hold->held = true;
	for (;;)
		pause();
}

static void start_excess(struct __test_metadata *_metadata,
			 FIXTURE_DATA(high_delay) *self, struct excess *e,
			 struct hold *hold)
{
	unsigned int ms;
	int status;

	e->link = -1;
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, e->cgroup, e->name));
	hold->held = false;
	e->holder = worker_start(e->cgroup, 0, hold_memory, hold);
	ASSERT_GT(e->holder, 0);
	for (ms = 0; !hold->held; ms += 10) {
		ASSERT_LT(ms, STEP_TIMEOUT_MS);
		ASSERT_EQ(0, worker_wait(e->holder, 10, &status));
	}

	ASSERT_EQ(0, cg_write(e->cgroup, "memory.high", "%" PRIu64,
			      hold->size / 11 * 10));
	if (e->without)
		return;
	ask_for(self, e->cgroup, e->ms);
	e->link = probe_attach(self->probe, e->cgroup, 0);
	ASSERT_GE(e->link, 0);
}

static void finish_excess(struct __test_metadata *_metadata,
			  FIXTURE_DATA(high_delay) *self, struct excess *e)
{
	EXPECT_TRUE(e->ended)
		TH_LOG("%s does not end", e->name);
	EXPECT_EQ(0, e->status)
		TH_LOG("%s: %s", e->name, worker_status(e->status));
	e->stall_us = cg_memory_stall_us(e->cgroup) - e->begin_stall_us;
	e->delays = stats_of(self, e->cgroup).delays;
	TH_LOG("%-7s stalled %" PRId64 " us, BPF asked %" PRIu64 " times for %u ms",
	       e->name, e->stall_us, e->delays, e->ms);
	EXPECT_GT(cg_read_key(e->cgroup, "memory.events", "high"), 0);
	if (e->link >= 0)
		close(e->link);
}

/*
 * Above memory.high the kernel has a penalty of its own.  A task sleeps as long as the
 * longer of that and BPF's delay, not the shorter of them, and not their sum:
 *
 *   memcg_bpf.high_delay.<pid>	memory.swap.max = 0
 *   |-- without		no ops
 *   |-- none			ops: 0
 *   |-- shorter		ops: 20 ms
 *   `-- longer			ops: 1200 ms
 *
 * In each a task holds 64 MiB, then memory.high is set to 10/11 of that, and
 * another task touches half a MiB.  An excess of a tenth costs, by the formula
 * of calculate_high_delay(), 64 s / 10^2 = 640 ms for 64 pages; with what else
 * there is in the cgroup, 700 to 850 ms.
 */
TEST_F_TIMEOUT(high_delay, longer_penalty_of_memory_high_prevails, 300)
{
	static struct excess cases[] = {
		{ .name = "without", .without = true },
		{ .name = "none" },
		{ .name = "shorter", .ms = 20 },
		{ .name = "longer", .ms = 1200 },
	};
	struct excess *without = &cases[0], *none = &cases[1], *shorter = &cases[2],
		      *longer = &cases[3];
	uint64_t more = SCALED(MiB / 2);
	struct hold *hold;
	unsigned int i, ms, left = ARRAY_SIZE(cases);

	cg_disable_swap(self->tb.cgroup);
	hold = worker_share(sizeof(*hold));
	ASSERT_NE(NULL, hold);
	hold->size = SCALED(64 * MiB);

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		start_excess(_metadata, self, &cases[i], hold);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cases[i].begin_stall_us = cg_memory_stall_us(cases[i].cgroup);
		cases[i].grower = worker_start(cases[i].cgroup, i,
					       workload_touch_job, &more);
		ASSERT_GT(cases[i].grower, 0);
	}
	for (ms = 0; left && ms < STEP_TIMEOUT_MS; ms += 100) {
		usleep(100000);
		left = 0;
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			struct excess *e = &cases[i];

			if (!e->ended)
				e->ended = worker_wait_stalled(e->grower,
							       e->cgroup, 0,
							       &e->status) > 0;
			left += !e->ended;
		}
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		finish_excess(_metadata, self, &cases[i]);

	EXPECT_GE(without->stall_us, 600 * 1000)
		TH_LOG("the kernel's own penalty did not come");
	EXPECT_GT(stats_of(self, none->cgroup).calls[PROBE_DELAY], 0);
	EXPECT_GE(none->stall_us, 600 * 1000)
		TH_LOG("an answer of 0 took the place of the kernel's penalty");
	ASSERT_GT(shorter->delays, 0);
	EXPECT_GE(shorter->stall_us / (int64_t)shorter->delays, 600 * 1000)
		TH_LOG("BPF's shorter delay took the place of the kernel's penalty");
	ASSERT_GT(longer->delays, 0);
	EXPECT_GE(longer->stall_us / (int64_t)longer->delays, 1140 * 1000)
		TH_LOG("the kernel's shorter penalty took the place of BPF's delay");
	EXPECT_LE(longer->stall_us / (int64_t)longer->delays, 1600 * 1000)
		TH_LOG("the kernel's penalty came on top of BPF's delay");
}

/*
 * Before each sleep above memory.high the task tries to reclaim, and once more sixteen times.
 * memory.events counts each try.  There is nothing to take: all memory is anonymous.
 *
 *   memcg_bpf.high_delay.<pid>	memory.swap.max = 0
 *   |-- without		no ops: the kernel's own penalty, the control
 *   `-- delayed		ops: 100 ms
 */
TEST_F_TIMEOUT(high_delay, tries_to_reclaim_before_it_sleeps, 300)
{
	static struct excess cases[] = {
		{ .name = "without", .without = true },
		{ .name = "delayed", .ms = 100 },
	};
	struct excess *without = &cases[0], *delayed = &cases[1];
	int64_t tries[ARRAY_SIZE(cases)];
	uint64_t more = SCALED(MiB / 2);
	struct hold *hold;
	size_t i;

	cg_disable_swap(self->tb.cgroup);
	hold = worker_share(sizeof(*hold));
	ASSERT_NE(NULL, hold);
	hold->size = SCALED(64 * MiB);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start_excess(_metadata, self, &cases[i], hold);
		tries[i] = cg_read_key(cases[i].cgroup, "memory.events", "high");
		cases[i].begin_stall_us = cg_memory_stall_us(cases[i].cgroup);
		cases[i].status = worker_run_stalled(cases[i].cgroup, workload_touch_job,
						     &more, STEP_TIMEOUT_MS);
		cases[i].ended = true;
		tries[i] = cg_read_key(cases[i].cgroup, "memory.events", "high") - tries[i];
		finish_excess(_metadata, self, &cases[i]);
		TH_LOG("%-7s tried to reclaim %" PRId64 " times", cases[i].name, tries[i]);
	}
	EXPECT_GE(tries[0], SLEEP_TRIES)
		TH_LOG("%s: the kernel sleeps without so many tries", without->name);
	EXPECT_GE(delayed->delays, 2);
	/* A charge that may not sleep may have asked, too. */
	EXPECT_GE(tries[1], SLEEP_TRIES * ((int64_t)delayed->delays - 1))
		TH_LOG("%s: too few tries for %" PRIu64 " sleeps", delayed->name,
		       delayed->delays);
}

/*
 * SIGKILL ends the sleep:
 *
 *   memcg_bpf.high_delay.<pid>
 *   `-- sleeper		ops: 2000 ms; its worker is killed in the delay
 *
 * A task that sleeps to the end of its delay is stalled for 2 s, one that is woken up for
 * less.  On a busy machine the signal may come too late to tell, so there are three
 * attempts.
 */
TEST_F_TIMEOUT(high_delay, sigkill_ends_the_sleep, 300)
{
	int64_t stall_us = 0, before_us;
	uint64_t size = SCALED(4 * MiB);
	char sleeper[PATH_MAX];
	int attempt, status;
	pid_t pid;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, sleeper, "sleeper"));
	ask_for(self, NULL, MAX_DELAY_MS);
	attach(_metadata, self, sleeper);

	for (attempt = 0; attempt < 3; attempt++) {
		uint64_t delays = stats_of(self, sleeper).delays;

		before_us = cg_memory_stall_us(sleeper);
		pid = worker_start(sleeper, 0, workload_touch_job, &size);
		ASSERT_GT(pid, 0);
		ASSERT_EQ(0, worker_wait_for_stall(pid, sleeper, before_us, STEP_TIMEOUT_MS,
						   &status))
			TH_LOG("the worker was asked to be delayed %" PRIu64 " times and was not stalled",
			       (uint64_t)stats_of(self, sleeper).delays - delays);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(1, worker_wait_stalled(pid, sleeper, STEP_TIMEOUT_MS,
						 &status));
		EXPECT_TRUE(WIFSIGNALED(status));

		stall_us = cg_memory_stall_us(sleeper) - before_us;
		if (stall_us < MAX_DELAY_MS * 1000LL * 9 / 10)
			break;
	}
	TH_LOG("stalled for %" PRId64 " us when killed, %d times longer before",
	       stall_us, attempt);
	EXPECT_LT(stall_us, MAX_DELAY_MS * 1000LL * 9 / 10)
		TH_LOG("the killed task slept on");
}

MEMCG_BPF_HARNESS_MAIN
