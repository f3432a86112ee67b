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

static struct charges_sum sums_of(struct charges *skel, const char *cgroup)
{
	struct charges_sum sum = {};
	uint64_t id = cg_id(cgroup);

	bpf_map__lookup_elem(skel->maps.sums, &id, sizeof(id), &sum, sizeof(sum), 0);
	return sum;
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

static void end_job(struct __test_metadata *_metadata, pid_t worker)
{
	int status;

	ASSERT_EQ(0, kill(worker, SIGKILL));
	ASSERT_EQ(1, worker_wait(worker, STEP_TIMEOUT_MS, &status));
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
	end_job(_metadata, worker);

	now = sums_of(self->skel, self->tb.cgroup);
	expect_left_alone(_metadata, "parent", &parent, &now);
	now = sums_of(self->skel, self->idle);
	expect_left_alone(_metadata, "sibling", &idle, &now);
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
	end_job(_metadata, worker);
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
		end_job(_metadata, worker);
		SKIP(return, "the kernel had no huge page to give: free some memory");
	}
	sum = sums_of(self->skel, self->used);
	EXPECT_EQ(huge / sysconf(_SC_PAGESIZE), sum.charged.largest);
	end_job(_metadata, worker);
}

/* Where a batch does not fit below memory.max, only the request is charged. */
TEST_F_TIMEOUT(charges, request_is_told_where_no_batch_fits, 120)
{
	struct charges_sum sum;
	pid_t worker;

	ASSERT_EQ(0, cg_write(self->used, "memory.max", "%llu", CHARGES_SIZE / 2));
	worker = start_job(_metadata, self, charges_hold_file);
	sum = sums_of(self->skel, self->used);
	ASSERT_GT(cg_read_key(self->used, "memory.events", "max"), 0)
		TH_LOG("memory.max was never reached");
	EXPECT_LT(sum.charged.smallest, BATCH)
		TH_LOG("no call for less than a batch");
	end_job(_metadata, worker);
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
	end_job(_metadata, worker);
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
	const char *missing = charges_no_sockets();

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
	end_job(_metadata, worker);
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
	end_job(_metadata, worker);
	expect_balance(_metadata, self, "the worker gone");
}

MEMCG_BPF_HARNESS_MAIN
