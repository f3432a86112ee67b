// SPDX-License-Identifier: GPL-2.0
/*
 * memcg_charged and memcg_uncharged: for which memcg the kernel calls them, and with how many
 * pages.  Charged minus uncharged is compared with memory.current.
 *
 *   memcg_bpf.charges.<pid>	has the ops
 *   |-- used			made after the attach; a worker does its job here
 *   `-- idle			made after the attach; has no task
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "huge_page.h"
#include "loopback.h"
#include "revision.h"
#include "swap.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"
#include "charges/jobs.h"

#include "charges.skel.h"
#include "charges_types.h"

/* MEMCG_CHARGE_BATCH in the kernel, in pages of whatever size */
#define BATCH		64

FIXTURE(charges)
{
	struct testbed tb;
	char used[PATH_MAX];
	char idle[PATH_MAX];
	char swap[SWAP_PATH_MAX];	/* "": none */
	struct charges *skel;
	struct charges_job *job;
	int link;
};

/* Have the program add up the calls for a cgroup from now on. */
static int keep_sums(struct charges *skel, const char *cgroup)
{
	struct charges_sum none = {};
	uint64_t id = cg_id(cgroup);

	return bpf_map__update_elem(skel->maps.sums, &id, sizeof(id), &none,
				    sizeof(none), BPF_NOEXIST);
}

/* The sums for a cgroup that may be removed already. */
static struct charges_sum sums_by_id(struct charges *skel, uint64_t id)
{
	struct charges_sum sum = {};

	bpf_map__lookup_elem(skel->maps.sums, &id, sizeof(id), &sum, sizeof(sum), 0);
	return sum;
}

static struct charges_sum sums_of(struct charges *skel, const char *cgroup)
{
	return sums_by_id(skel, cg_id(cgroup));
}

FIXTURE_SETUP(charges)
{
	self->link = -1;
	REQUIRE_OPS(CAN_DELAY | CAN_CHARGED_PAGES | CAN_UNCHARGED);
	REQUIRE(REQUIRE_PAGE_CACHE);
	ASSERT_EQ(0, testbed_create(&self->tb, "charges"));
	self->job = charges_job_new(&self->tb);
	ASSERT_NE(NULL, self->job);
	self->skel = charges__open();
	ASSERT_NE(NULL, self->skel);
	ASSERT_EQ(0, revision_load(self->skel->skeleton));
	self->link = memcg_bpf_attach_path(self->skel->maps.charges_ops,
					   self->tb.cgroup, 0);
	ASSERT_ATTACHED(self->link);

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->used, "used"));
	ASSERT_EQ(0, keep_sums(self->skel, self->used));
	ASSERT_EQ(0, cg_read_number(self->used, "memory.current"))
		TH_LOG("memory was charged before the program counted");
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->idle, "idle"));
	ASSERT_EQ(0, keep_sums(self->skel, self->idle));
	ASSERT_EQ(0, keep_sums(self->skel, self->tb.cgroup));
}

FIXTURE_TEARDOWN(charges)
{
	if (self->link >= 0)
		close(self->link);
	charges__destroy(self->skel);
	EXPECT_EQ(0, swap_stop(self->swap));
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

/* Milliseconds without a change after which the counters are taken as final. */
#define QUIET_MS	3000

/*
 * The sums and memory.current are read one after the other, and the stocks of the processors
 * change in between.  So it is enough if both are equal at some time.
 */
static void expect_balance(struct __test_metadata *_metadata,
			   FIXTURE_DATA(charges) *self, const char *when)
{
	int64_t page = sysconf(_SC_PAGESIZE), told = 0, counted = -1, off = 0;
	struct charges_sum sum = {};
	int ms, quiet_ms = 0;

	for (ms = 0; ms < STEP_TIMEOUT_MS && quiet_ms < QUIET_MS && told != counted;
	     ms += 10) {
		if (ms)
			usleep(10000);
		sum = sums_of(self->skel, self->used);
		told = sum.charged.pages - sum.uncharged.pages;
		counted = cg_read_number(self->used, "memory.current") / page;
		quiet_ms = counted - told == off ? quiet_ms + 10 : 0;
		off = counted - told;
	}
	TH_LOG("%s: charged %llu pages in %llu calls, uncharged %llu in %llu; memory.current %" PRId64 " pages",
	       when, sum.charged.pages, sum.charged.calls, sum.uncharged.pages,
	       sum.uncharged.calls, counted);
	EXPECT_EQ(counted, told)
		TH_LOG("%s: charged minus uncharged is not memory.current", when);
}

/* Start the worker, and wait until it holds its memory. */
static pid_t start_job(struct __test_metadata *_metadata,
		       FIXTURE_DATA(charges) *self, int (*fn)(void *job))
{
	pid_t worker = worker_start(self->used, 0, fn, self->job);
	int ms, status;

	ASSERT_GT(worker, 0);
	for (ms = 0; ms < STEP_TIMEOUT_MS && !self->job->holds; ms += 10) {
		ASSERT_EQ(0, worker_wait(worker, 10, &status)) {
			TH_LOG("the worker %s", worker_status(status));
		}
	}
	ASSERT_TRUE(self->job->holds)
		TH_LOG("the worker does not get its memory in time");
	return worker;
}

/* Older stocks may be drained, which uncharges up to a batch on each processor. */
static void expect_left_alone(struct __test_metadata *_metadata, const char *who,
			      const struct charges_sum *before,
			      const struct charges_sum *after)
{
	uint64_t uncharged = after->uncharged.pages - before->uncharged.pages;

	EXPECT_EQ(before->charged.calls, after->charged.calls)
		TH_LOG("memcg_charged was called for the %s", who);
	EXPECT_LE(uncharged, BATCH * (uint64_t)sysconf(_SC_NPROCESSORS_ONLN))
		TH_LOG("memcg_uncharged was called for the %s", who);
}

TEST_F_TIMEOUT(charges, told_to_the_charged_memcg_only, 120)
{
	struct charges_sum parent, idle, now;
	pid_t worker;

	parent = sums_of(self->skel, self->tb.cgroup);
	idle = sums_of(self->skel, self->idle);
	worker = start_job(_metadata, self, charges_hold_anon);
	now = sums_of(self->skel, self->used);
	EXPECT_GE(now.charged.pages * sysconf(_SC_PAGESIZE), CHARGES_SIZE)
		TH_LOG("%llu pages were told to the memcg that was charged",
		       now.charged.pages);
	ASSERT_EQ(0, worker_kill(worker));

	now = sums_of(self->skel, self->tb.cgroup);
	expect_left_alone(_metadata, "parent", &parent, &now);
	now = sums_of(self->skel, self->idle);
	expect_left_alone(_metadata, "sibling", &idle, &now);
}

/*
 * The charged memcg is told although an ancestor is above its memory.high, which the kernel
 * finds out on its way up:
 *
 *   memcg_bpf.charges.<pid>	memory.high = half of the file
 *   `-- used			a worker writes the file
 */
TEST_F_TIMEOUT(charges, told_to_the_charged_memcg_below_an_excess, 120)
{
	struct charges_sum parent, now;
	pid_t worker;

	parent = sums_of(self->skel, self->tb.cgroup);
	ASSERT_EQ(0, cg_write(self->tb.cgroup, "memory.high", "%llu", CHARGES_SIZE / 2));
	worker = start_job(_metadata, self, charges_hold_file);
	ASSERT_GT(cg_read_key(self->tb.cgroup, "memory.events", "high"), 0)
		TH_LOG("memory.high of the parent was never exceeded");
	now = sums_of(self->skel, self->used);
	EXPECT_GE(now.charged.pages * sysconf(_SC_PAGESIZE), CHARGES_SIZE)
		TH_LOG("%llu pages were told to the memcg that was charged",
		       now.charged.pages);
	now = sums_of(self->skel, self->tb.cgroup);
	expect_left_alone(_metadata, "parent", &parent, &now);
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "the worker gone");
}

/* Small pages are charged in batches: what is not used at once goes to a stock. */
TEST_F_TIMEOUT(charges, pages_are_told_by_the_batch, 120)
{
	struct charges_sum sum;
	pid_t worker = start_job(_metadata, self, charges_hold_anon);

	sum = sums_of(self->skel, self->used);
	EXPECT_EQ(BATCH, sum.charged.largest);
	EXPECT_EQ(BATCH, sum.charged.smallest);
	EXPECT_EQ(BATCH * sum.charged.calls, sum.charged.pages);
	ASSERT_EQ(0, worker_kill(worker));
}

/* A page larger than a batch is charged, and reported, as a whole. */
TEST_F_TIMEOUT(charges, huge_page_is_told_whole, 120)
{
	struct charges_sum sum;
	uint64_t huge = huge_page_size();
	pid_t worker;

	if (!huge)
		SKIP(return, "%s", HUGE_PAGE_REMEDY);
	worker = start_job(_metadata, self, charges_hold_huge);
	if (!self->job->huge) {
		ASSERT_EQ(0, worker_kill(worker));
		SKIP(return, "%s", HUGE_PAGE_FEW);
	}
	sum = sums_of(self->skel, self->used);
	EXPECT_EQ(huge / sysconf(_SC_PAGESIZE), sum.charged.largest);
	ASSERT_EQ(0, worker_kill(worker));
}

/* Where a batch does not fit below memory.max, only the request is charged. */
TEST_F_TIMEOUT(charges, request_is_told_where_no_batch_fits, 120)
{
	struct charges_sum sum;
	pid_t worker;

	ASSERT_EQ(0, cg_write(self->used, "memory.max", "%llu", CHARGES_SIZE / 2));
	worker = start_job(_metadata, self, charges_hold_hole);
	sum = sums_of(self->skel, self->used);
	ASSERT_GT(cg_read_key(self->used, "memory.events", "max"), 0)
		TH_LOG("memory.max was never reached");
	EXPECT_LT(sum.charged.smallest, BATCH)
		TH_LOG("no call for less than a batch");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "at memory.max");
}

/*
 * For a memcg that had the ops since its birth, charged minus uncharged is
 * memory.current, whatever was charged: while it is held, and when it is freed.
 * At least @least bytes are charged by @fn.
 */
static void balance(struct __test_metadata *_metadata, FIXTURE_DATA(charges) *self,
		    int (*fn)(void *job), uint64_t least)
{
	struct charges_sum sum;
	pid_t worker = start_job(_metadata, self, fn);

	expect_balance(_metadata, self, "held");
	sum = sums_of(self->skel, self->used);
	EXPECT_GE(sum.charged.pages * sysconf(_SC_PAGESIZE), least);
	ASSERT_EQ(0, worker_kill(worker));
	/* Free the page cache, which outlives the worker; other jobs have no file. */
	unlink(self->job->file);
	expect_balance(_metadata, self, "freed");
	/* Not all of it: the stocks keep some. */
	sum = sums_of(self->skel, self->used);
	EXPECT_GE(sum.uncharged.pages * sysconf(_SC_PAGESIZE), least / 2);
}

TEST_F_TIMEOUT(charges, balance_of_anonymous_memory, 120)
{
	balance(_metadata, self, charges_hold_anon, CHARGES_SIZE);
}

/*
 * When a callback runs, the kernel has counted what it tells: a policy that looks at the usage
 * finds it so.  Not in each call: a stock that is drained for a charge is told before that, and
 * drains on other processors come at any time.
 */
TEST_F_TIMEOUT(charges, told_what_is_counted_already, 120)
{
	struct charges_sum sum;
	pid_t worker = start_job(_metadata, self, charges_hold_anon);

	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "freed");
	sum = sums_of(self->skel, self->used);
	TH_LOG("the counter was up to date in %llu of %llu calls of memcg_charged, %llu of %llu of memcg_uncharged",
	       sum.charged.counted, sum.charged.calls, sum.uncharged.counted,
	       sum.uncharged.calls);
	EXPECT_GE(sum.charged.counted, sum.charged.calls / 2)
		TH_LOG("memcg_charged is called before the charge is counted");
	EXPECT_GE(sum.uncharged.counted, sum.uncharged.calls / 2)
		TH_LOG("memcg_uncharged is called before the memory counter goes down");
}

TEST_F_TIMEOUT(charges, balance_of_huge_pages, 120)
{
	if (!huge_page_size())
		SKIP(return, "%s", HUGE_PAGE_REMEDY);
	balance(_metadata, self, charges_hold_huge, 2 * huge_page_size());
}

TEST_F_TIMEOUT(charges, balance_of_page_cache, 120)
{
	balance(_metadata, self, charges_hold_file, CHARGES_SIZE);
}

TEST_F_TIMEOUT(charges, balance_of_pipes, 120)
{
	balance(_metadata, self, charges_hold_pipes, CHARGES_SIZE / 4);
}

/*
 * Some of it is charged in softirq context, where no task can be delayed.  Buffers of
 * sockets have a limit in bytes, whatever the size of a page.
 */
TEST_F_TIMEOUT(charges, balance_of_sockets, 120)
{
	const char *missing = loopback_missing();

	SKIP_IF(missing);
	balance(_metadata, self, charges_hold_sockets, 2 * MiB);
}

TEST_F_TIMEOUT(charges, balance_of_fork_and_exit, 120)
{
	balance(_metadata, self, charges_fork, CHARGES_SIZE);
}

/* The stocks of several processors are filled and drained. */
TEST_F_TIMEOUT(charges, balance_of_a_task_that_migrates, 120)
{
	REQUIRE(REQUIRE_TWO_CPUS);
	balance(_metadata, self, charges_migrate, CHARGES_SIZE);
}

/* More memcgs than the kernel has stocks for on one processor. */
#define NR_OTHERS	32

/*
 * Each memcg that a task charges on a processor has a stock there, until those of others push
 * it out, which uncharges it.  All workers are on one processor:
 *
 *   memcg_bpf.charges.<pid>	has the ops
 *   |-- used			a worker holds memory; others come and go
 *   |-- other0			a worker comes and goes
 *   ...
 *   `-- other31
 *
 * A worker may leave an empty stock behind, so there are some attempts.
 */
TEST_F_TIMEOUT(charges, balance_of_stocks_that_are_pushed_out, 120)
{
	pid_t worker = start_job(_metadata, self, charges_hold_anon);
	int64_t page = sysconf(_SC_PAGESIZE), pushed_out = 0;
	static char others[NR_OTHERS][PATH_MAX];
	uint64_t size = 4 * page;
	int attempt, i;

	for (i = 0; i < NR_OTHERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "other%d", i);
		ASSERT_EQ(0, testbed_add_cgroup(&self->tb, others[i], name));
	}
	for (attempt = 0; attempt < 8 && pushed_out <= 0; attempt++) {
		size += page;
		ASSERT_EQ(0, worker_run(self->used, workload_touch_job, &size,
					STEP_TIMEOUT_MS));
		expect_balance(_metadata, self, "a stock left behind");
		pushed_out = cg_read_number(self->used, "memory.current") / page;
		for (i = 0; i < NR_OTHERS; i++) {
			ASSERT_EQ(0, worker_run(others[i], workload_touch_job, &size,
						STEP_TIMEOUT_MS));
		}
		pushed_out -= cg_read_number(self->used, "memory.current") / page;
		expect_balance(_metadata, self, "the stock pushed out");
	}
	EXPECT_GT(pushed_out, 0)
		TH_LOG("%d other memcgs were charged, and no stock was uncharged", NR_OTHERS);
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "the worker gone");
}

/* Have the worker look at its memory again, and wait until it has. */
static void look_again(struct __test_metadata *_metadata, FIXTURE_DATA(charges) *self,
		       pid_t worker)
{
	int ms, status;

	self->job->again = true;
	for (ms = 0; ms < STEP_TIMEOUT_MS && !self->job->done; ms += 10) {
		ASSERT_EQ(0, worker_wait(worker, 10, &status)) {
			TH_LOG("the worker %s", worker_status(status));
		}
	}
	ASSERT_TRUE(self->job->done);
}

/* A page that is moved changes its place, and not what is charged. */
TEST_F_TIMEOUT(charges, balance_of_pages_that_are_moved, 120)
{
	pid_t worker;

	if (access("/proc/sys/vm/compact_memory", W_OK))
		SKIP(return, "no compaction: CONFIG_COMPACTION=y");
	if (access("/proc/self/pagemap", R_OK))
		SKIP(return, "nobody tells where a page is: CONFIG_PROC_PAGE_MONITOR=y");
	worker = start_job(_metadata, self, charges_hold_moved);
	expect_balance(_metadata, self, "moved");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "freed");
	TH_LOG("%" PRIu64 " pages were moved", self->job->moved);
	if (!self->job->moved)
		SKIP(return, "the kernel has moved no page of the worker: free some memory");
}

/*
 * A charge that is refused, and so does not change memory.current, is not told:
 *
 *   memcg_bpf.charges.<pid>
 *   `-- used			memory.max: two huge pages and a half; no swap
 */
TEST_F_TIMEOUT(charges, balance_where_huge_pages_are_refused, 120)
{
	uint64_t huge = huge_page_size();
	pid_t worker;

	if (!huge)
		SKIP(return, "%s", HUGE_PAGE_REMEDY);
	cg_disable_swap(self->used);
	ASSERT_EQ(0, cg_write(self->used, "memory.max", "%" PRIu64, 5 * huge / 2));
	worker = start_job(_metadata, self, charges_hold_refused);
	if (!self->job->huge) {
		ASSERT_EQ(0, worker_kill(worker));
		SKIP(return, "%s", HUGE_PAGE_FEW);
	}
	EXPECT_GT(cg_read_key(self->used, "memory.events", "max"), 0)
		TH_LOG("no charge was refused");
	expect_balance(_metadata, self, "refused");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "freed");
}

/* Reclaim from USED, and expect memory.current to fall. */
static void reclaim(struct __test_metadata *_metadata, FIXTURE_DATA(charges) *self)
{
	int64_t before = cg_read_number(self->used, "memory.current"), after;
	int ret = cg_write(self->used, "memory.reclaim", "%llu", CHARGES_SIZE);

	EXPECT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
	after = cg_read_number(self->used, "memory.current");
	EXPECT_LT(after, before - (int64_t)CHARGES_SIZE / 4)
		TH_LOG("nothing was reclaimed: memory.current was %" PRId64 " and is %" PRId64,
		       before, after);
}

TEST_F_TIMEOUT(charges, balance_of_reclaimed_page_cache, 120)
{
	pid_t worker = start_job(_metadata, self, charges_hold_file);

	reclaim(_metadata, self);
	expect_balance(_metadata, self, "reclaimed");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "the worker gone");
}

TEST_F_TIMEOUT(charges, balance_of_swapped_memory, 120)
{
	pid_t worker;

	SKIP_IF(swap_start(&self->tb, self->swap, 4 * CHARGES_SIZE));
	worker = start_job(_metadata, self, charges_hold_anon);
	reclaim(_metadata, self);
	EXPECT_GT(cg_read_number(self->used, "memory.swap.current"), 0);
	expect_balance(_metadata, self, "swapped");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "the worker gone");
}

TEST_F_TIMEOUT(charges, balance_of_memory_that_is_swapped_in, 120)
{
	struct charges_sum before, now;
	pid_t worker;

	SKIP_IF(swap_start(&self->tb, self->swap, 4 * CHARGES_SIZE));
	worker = start_job(_metadata, self, charges_swap_in);
	reclaim(_metadata, self);
	EXPECT_GT(cg_read_number(self->used, "memory.swap.current"), 0);
	expect_balance(_metadata, self, "swapped out");

	before = sums_of(self->skel, self->used);
	look_again(_metadata, self, worker);
	now = sums_of(self->skel, self->used);
	EXPECT_GE((now.charged.pages - before.charged.pages) * sysconf(_SC_PAGESIZE),
		  CHARGES_SIZE / 4)
		TH_LOG("memory was swapped in, and memcg_charged was not called");
	expect_balance(_metadata, self, "swapped in");
	ASSERT_EQ(0, worker_kill(worker));
	expect_balance(_metadata, self, "the worker gone");
}

/* Remove USED, which a worker has left, and wait until it is offline. */
static struct charges_sum remove_used(struct __test_metadata *_metadata,
				      FIXTURE_DATA(charges) *self, uint64_t id)
{
	struct charges_sum sum;
	int ms;

	ASSERT_EQ(0, rmdir(self->used))
		TH_LOG("rmdir: %s", strerror(errno));
	/* It goes offline some time after rmdir() has returned. */
	for (ms = 0; ms < STEP_TIMEOUT_MS && !sums_by_id(self->skel, id).offline; ms += 10)
		usleep(10000);
	sum = sums_by_id(self->skel, id);
	ASSERT_EQ(1, sum.offline)
		TH_LOG("handle_cgroup_offline was not called, or twice");
	return sum;
}

/*
 * The cgroup is removed while sockets of a worker, which has left it, hold its memory.  When
 * they are closed, the kernel tells what it uncharges, but for what the stocks keep:
 *
 *   memcg_bpf.charges.<pid>	has the ops
 *   |-- used			removed
 *   `-- idle			the worker goes here
 */
TEST_F_TIMEOUT(charges, uncharged_of_a_removed_cgroup_is_told, 120)
{
	int64_t stocks = BATCH * sysconf(_SC_NPROCESSORS_ONLN), held, left;
	const char *missing = loopback_missing();
	uint64_t id = cg_id(self->used);
	struct charges_sum sum;
	pid_t worker;
	int ms;

	SKIP_IF(missing);
	worker = start_job(_metadata, self, charges_hold_sockets);
	ASSERT_EQ(0, cg_write(self->idle, "cgroup.procs", "%d", worker));
	sum = remove_used(_metadata, self, id);
	held = sum.charged.pages - sum.uncharged.pages;
	ASSERT_GE(held, 4 * stocks)
		TH_LOG("the sockets hold too little of the cgroup");

	ASSERT_EQ(0, worker_kill(worker));
	for (ms = 0, left = held; ms < STEP_TIMEOUT_MS / 4 && left > stocks; ms += 10) {
		usleep(10000);
		sum = sums_by_id(self->skel, id);
		left = sum.charged.pages - sum.uncharged.pages;
	}
	TH_LOG("charged minus uncharged: %" PRId64 " pages, and %" PRId64 " when the sockets are closed",
	       held, left);
	EXPECT_LE(left, stocks)
		TH_LOG("the removed cgroup was uncharged, and memcg_uncharged was not called");
	EXPECT_GE(left, 0);
}

/* In the same tree: the sockets are charged to the removed cgroup, and it is told. */
TEST_F_TIMEOUT(charges, charged_to_a_removed_cgroup_is_told, 120)
{
	int64_t stocks = BATCH * sysconf(_SC_NPROCESSORS_ONLN), told;
	const char *missing = loopback_missing();
	uint64_t id = cg_id(self->used);
	struct charges_sum before, sum;
	pid_t worker;

	SKIP_IF(missing);
	worker = start_job(_metadata, self, charges_hold_sockets_by_halves);
	ASSERT_EQ(0, cg_write(self->idle, "cgroup.procs", "%d", worker));
	before = remove_used(_metadata, self, id);
	look_again(_metadata, self, worker);
	sum = sums_by_id(self->skel, id);
	told = sum.charged.pages - before.charged.pages;
	TH_LOG("charged %llu pages, and %" PRId64 " more to the removed cgroup",
	       before.charged.pages, told);
	EXPECT_GE(told, 2 * stocks)
		TH_LOG("sockets were charged to the removed cgroup, and memcg_charged was not called");
	ASSERT_EQ(0, worker_kill(worker));
}

/*
 * The cgroup is removed while page cache is charged to it, and then its file, too.  Whether the
 * kernel has given the pages to the parent or not, it tells one of the two:
 *
 *   memcg_bpf.charges.<pid>	has the ops
 *   |-- used			removed
 *   `-- idle			the worker goes here
 */
TEST_F_TIMEOUT(charges, uncharged_page_cache_of_a_removed_cgroup_is_told, 120)
{
	int64_t least = CHARGES_SIZE / sysconf(_SC_PAGESIZE) / 4 * 3, removed, parent;
	uint64_t id = cg_id(self->used);
	struct charges_sum of_used, of_parent, sum;
	pid_t worker;
	int ms;

	worker = start_job(_metadata, self, charges_hold_file);
	ASSERT_EQ(0, cg_write(self->idle, "cgroup.procs", "%d", worker));
	of_used = remove_used(_metadata, self, id);
	of_parent = sums_of(self->skel, self->tb.cgroup);
	ASSERT_EQ(0, unlink(self->job->file));
	for (ms = 0, removed = 0, parent = 0;
	     ms < STEP_TIMEOUT_MS / 4 && removed + parent < least; ms += 10) {
		usleep(10000);
		sum = sums_by_id(self->skel, id);
		removed = sum.uncharged.pages - of_used.uncharged.pages;
		sum = sums_of(self->skel, self->tb.cgroup);
		parent = sum.uncharged.pages - of_parent.uncharged.pages;
	}
	TH_LOG("uncharged %" PRId64 " pages from the removed cgroup, %" PRId64 " from its parent",
	       removed, parent);
	EXPECT_GE(removed + parent, least)
		TH_LOG("page cache of a removed cgroup was freed, and memcg_uncharged was not called");
	ASSERT_EQ(0, worker_kill(worker));
}

MEMCG_BPF_HARNESS_MAIN
