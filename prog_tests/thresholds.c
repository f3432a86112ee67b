// SPDX-License-Identifier: GPL-2.0
/*
 * below_low and below_min are told what the kernel is about to compare: the effective
 * memory.low or memory.min, and the usage, in pages.
 *
 *   memcg_bpf.thresholds.<pid>	has the ops; reclaimed from by memory.reclaim
 *   |-- child			page cache of one file
 *   `-- group
 *       |-- a			page cache of one file
 *       `-- b			page cache of one file
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "page_cache.h"
#include "revision.h"
#include "size.h"
#include "swap.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "thresholds.skel.h"
#include "thresholds_types.h"

#define SIZE	SCALED(16 * MiB)

/*
 * Far above what is charged besides the pages of the file, and what the stocks of the
 * processors hold.
 */
#define SLACK	SCALED(2 * MiB)

/* Bound of the rounding in the effective protection of siblings. */
#define ROUNDED	SCALED(64 * 1024)

FIXTURE(thresholds)
{
	struct testbed tb;
	char child[PATH_MAX];
	char group[PATH_MAX];
	char a[PATH_MAX];
	char b[PATH_MAX];
	char swap[SWAP_PATH_MAX];	/* "": none */
	struct thresholds *skel;
	int link;
};

/* Have the program record its arguments for a cgroup, and protect it at @keep bytes or less. */
static void record_arguments(struct __test_metadata *_metadata,
			     FIXTURE_DATA(thresholds) *self, const char *cgroup,
			     int64_t keep)
{
	struct thresholds_told told = { .keep = keep / sysconf(_SC_PAGESIZE) };
	uint64_t id = cg_id(cgroup);

	ASSERT_EQ(0, bpf_map__update_elem(self->skel->maps.told, &id, sizeof(id),
					  &told, sizeof(told), BPF_ANY));
}

FIXTURE_SETUP(thresholds)
{
	self->link = -1;
	REQUIRE_OPS(CAN_BELOW_LOW | CAN_BELOW_MIN | CAN_THRESHOLDS);
	REQUIRE(REQUIRE_PAGE_CACHE);
	ASSERT_EQ(0, testbed_create(&self->tb, "thresholds"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->child, "child"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->group, "group"));
	ASSERT_EQ(0, cg_enable_memory(self->group));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->a, "group/a"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->b, "group/b"));

	self->skel = thresholds__open();
	ASSERT_NE(NULL, self->skel);
	ASSERT_EQ(0, revision_load(self->skel->skeleton));
	record_arguments(_metadata, self, self->child, 0);
	record_arguments(_metadata, self, self->a, 0);
	record_arguments(_metadata, self, self->b, 0);
	self->link = memcg_bpf_attach_path(self->skel->maps.thresholds_ops,
					   self->tb.cgroup, 0);
	ASSERT_ATTACHED(self->link);
}

FIXTURE_TEARDOWN(thresholds)
{
	if (self->link >= 0)
		close(self->link);
	thresholds__destroy(self->skel);
	EXPECT_EQ(0, swap_stop(self->swap));
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

/* Give a cgroup a file's worth of clean page cache. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(thresholds) *self,
		 const char *cgroup)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", self->tb.dir,
		 strrchr(cgroup, '/') + 1);
	ASSERT_EQ(0, page_cache_fill(cgroup, path, SIZE));
}

static void reclaim(struct __test_metadata *_metadata,
		    FIXTURE_DATA(thresholds) *self, int64_t bytes)
{
	int ret = cg_write(self->tb.cgroup, "memory.reclaim", "%" PRId64, bytes);

	EXPECT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
}

static struct thresholds_told told_of(FIXTURE_DATA(thresholds) *self,
				      const char *cgroup)
{
	struct thresholds_told told = {};
	uint64_t id = cg_id(cgroup);

	bpf_map__lookup_elem(self->skel->maps.told, &id, sizeof(id), &told,
			     sizeof(told), 0);
	return told;
}

/* The last threshold that was told, in bytes. */
static int64_t threshold(struct __test_metadata *_metadata, const char *what,
			 const struct thresholds_side *side)
{
	ASSERT_GT(side->calls, 0)
		TH_LOG("%s was not called", what);
	EXPECT_EQ(0, side->differs)
		TH_LOG("%s: in %llu of %llu calls the threshold was not the memcg's effective one",
		       what, side->differs, side->calls);
	/* "max" is the largest number of pages whose bytes are a long */
	if (side->threshold >= (uint64_t)INT64_MAX / sysconf(_SC_PAGESIZE))
		return INT64_MAX;
	return side->threshold * sysconf(_SC_PAGESIZE);
}

/* What is set counts at once. */
static void expect_threshold(struct __test_metadata *_metadata, const char *what,
			     const struct thresholds_side *side, int64_t setting)
{
	EXPECT_EQ(setting, threshold(_metadata, what, side))
		TH_LOG("%s: %" PRId64 " bytes are set", what, setting);
	EXPECT_EQ(side->first, side->threshold)
		TH_LOG("%s: the first call was told another threshold", what);
}

static void set(struct __test_metadata *_metadata, const char *cgroup, const char *file,
		int64_t bytes)
{
	int ret = bytes == INT64_MAX ? cg_write(cgroup, file, "max") :
		cg_write(cgroup, file, "%" PRId64, bytes);

	ASSERT_EQ(0, ret)
		TH_LOG("%s = %" PRId64 ": %s", file, bytes, strerror(-ret));
}

/*
 * The effective protection of a child of the reclaim target is its own memory.low or
 * memory.min: no ancestor limits it.  The callbacks get that value for each setting, the
 * first time they are called.
 */
TEST_F_TIMEOUT(thresholds, of_a_child_are_what_it_is_set_to, 120)
{
	/* INT64_MAX: what the kernel makes of "max" */
	const struct {
		int64_t low, min;
	} settings[] = {
		{ SCALED(8 * MiB), SCALED(4 * MiB) },
		{ SCALED(3 * MiB), SCALED(2 * MiB) },
		{ 0, 0 },
		{ INT64_MAX, SCALED(MiB) },
	};
	struct thresholds_told told;
	size_t i;

	fill(_metadata, self, self->child);
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		set(_metadata, self->child, "memory.low", settings[i].low);
		set(_metadata, self->child, "memory.min", settings[i].min);
		record_arguments(_metadata, self, self->child, 0);
		reclaim(_metadata, self, SCALED(MiB));
		told = told_of(self, self->child);
		expect_threshold(_metadata, "below_low", &told.low, settings[i].low);
		expect_threshold(_metadata, "below_min", &told.min, settings[i].min);
	}
}

static void expect_usage(struct __test_metadata *_metadata, const char *what,
			 const struct thresholds_side *side, int64_t before,
			 int64_t after)
{
	int64_t usage = side->usage * sysconf(_SC_PAGESIZE);

	EXPECT_LE(usage, before + SLACK)
		TH_LOG("%s: usage, before the reclaim", what);
	EXPECT_GE(usage + SLACK, after)
		TH_LOG("%s: usage, after the reclaim", what);
}

TEST_F_TIMEOUT(thresholds, come_with_the_usage, 120)
{
	struct thresholds_told told;
	int64_t before, after;

	fill(_metadata, self, self->child);
	before = cg_read_number(self->child, "memory.current");
	ASSERT_GE(before, SIZE);
	reclaim(_metadata, self, SCALED(MiB));
	after = cg_read_number(self->child, "memory.current");
	ASSERT_GE(after, SIZE / 2);

	told = told_of(self, self->child);
	ASSERT_GT(told.low.calls, 0);
	ASSERT_GT(told.min.calls, 0);
	expect_usage(_metadata, "below_low", &told.low, before, after);
	expect_usage(_metadata, "below_min", &told.min, before, after);
}

/*
 * The usage is memory: what is swapped out is no part of it.
 *
 *   memcg_bpf.thresholds.<pid>
 *   `-- child			a worker's anonymous memory, half of it swapped out
 */
TEST_F_TIMEOUT(thresholds, usage_is_without_swapped_memory, 120)
{
	struct thresholds_told told;
	int64_t before, after;
	pid_t worker;
	int status;

	SKIP_IF(swap_start(&self->tb, self->swap, 4 * SIZE));
	worker = workload_hold(self->child, SIZE);
	ASSERT_GT(worker, 0);
	status = cg_write(self->child, "memory.reclaim", "%lld", SIZE / 2);
	EXPECT_TRUE(!status || status == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-status));
	ASSERT_GE(cg_read_number(self->child, "memory.swap.current"), 2 * SLACK)
		TH_LOG("the worker's memory was not swapped out");

	before = cg_read_number(self->child, "memory.current");
	reclaim(_metadata, self, SCALED(MiB));
	after = cg_read_number(self->child, "memory.current");
	told = told_of(self, self->child);
	ASSERT_GT(told.low.calls, 0);
	ASSERT_GT(told.min.calls, 0);
	expect_usage(_metadata, "below_low", &told.low, before, after);
	expect_usage(_metadata, "below_min", &told.min, before, after);
	ASSERT_EQ(0, worker_kill(worker));
}

#define NR_PIPES 128

/* Fill pipes of the caller's: they hold memory that the kernel uses, 16 pages each. */
static int fill_pipes(void *arg)
{
	int (*pipes)[2] = arg, i;

	for (i = 0; i < NR_PIPES; i++) {
		if (workload_fill(pipes[i][1]) <= 0)
			return 1;
	}
	return 0;
}

/*
 * The usage is memory.current: all that is charged, to the cgroup or below.
 *
 *   memcg_bpf.thresholds.<pid>
 *   |-- child			full pipes
 *   `-- group			nothing of its own
 *       `-- a			page cache of one file
 */
TEST_F_TIMEOUT(thresholds, usage_is_with_all_that_is_charged, 120)
{
	const char * const cgroups[] = { self->child, self->group };
	int64_t before[ARRAY_SIZE(cgroups)], after;
	static int pipes[NR_PIPES][2];
	struct thresholds_told told;
	size_t i;

	for (i = 0; i < NR_PIPES; i++)
		ASSERT_EQ(0, pipe2(pipes[i], O_CLOEXEC));
	ASSERT_EQ(0, worker_run(self->child, fill_pipes, pipes, STEP_TIMEOUT_MS));
	fill(_metadata, self, self->a);
	record_arguments(_metadata, self, self->group, 0);
	for (i = 0; i < ARRAY_SIZE(cgroups); i++) {
		before[i] = cg_read_number(cgroups[i], "memory.current");
		ASSERT_GE(before[i], 3 * SLACK);
	}
	reclaim(_metadata, self, SCALED(MiB));

	for (i = 0; i < ARRAY_SIZE(cgroups); i++) {
		after = cg_read_number(cgroups[i], "memory.current");
		ASSERT_GE(after, 2 * SLACK);
		told = told_of(self, cgroups[i]);
		TH_LOG("%s: %" PRId64 " bytes, then %" PRId64, strrchr(cgroups[i], '/') + 1,
		       before[i], after);
		ASSERT_GT(told.low.calls, 0);
		ASSERT_GT(told.min.calls, 0);
		expect_usage(_metadata, "below_low", &told.low, before[i], after);
		expect_usage(_metadata, "below_min", &told.min, before[i], after);
	}
	for (i = 0; i < NR_PIPES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

/*
 * Two siblings claim more protection than their parent has.  The callbacks get each one's
 * share of the parent's, and not its own setting.
 *
 *   memcg_bpf.thresholds.<pid>
 *   `-- group			memory.low or memory.min 4M
 *       |-- a			8M
 *       `-- b			8M
 */
static void expect_shares(struct __test_metadata *_metadata,
			  FIXTURE_DATA(thresholds) *self, const char *file, bool low)
{
	struct thresholds_told told_a, told_b;
	int64_t a, b;

	set(_metadata, self->group, file, SCALED(4 * MiB));
	set(_metadata, self->a, file, SCALED(8 * MiB));
	set(_metadata, self->b, file, SCALED(8 * MiB));
	fill(_metadata, self, self->a);
	fill(_metadata, self, self->b);
	reclaim(_metadata, self, SCALED(MiB));

	told_a = told_of(self, self->a);
	told_b = told_of(self, self->b);
	a = threshold(_metadata, file, low ? &told_a.low : &told_a.min);
	b = threshold(_metadata, file, low ? &told_b.low : &told_b.min);
	TH_LOG("%s: a is told %" PRId64 " bytes, b %" PRId64, file, a, b);
	EXPECT_LE(a, SCALED(2 * MiB) + ROUNDED);
	EXPECT_GE(a, SCALED(2 * MiB) - ROUNDED);
	EXPECT_LE(b, SCALED(2 * MiB) + ROUNDED);
	EXPECT_GE(b, SCALED(2 * MiB) - ROUNDED);
}

TEST_F_TIMEOUT(thresholds, of_memory_low_are_shares_of_the_parents, 120)
{
	expect_shares(_metadata, self, "memory.low", true);
}

TEST_F_TIMEOUT(thresholds, of_memory_min_are_shares_of_the_parents, 120)
{
	expect_shares(_metadata, self, "memory.min", false);
}

/*
 * A program that protects a cgroup once its usage argument is down to SIZE / 2 keeps that
 * much of it.  The control, a, keeps nothing.  Reclaim is in small steps, because a step that
 * has begun with a cgroup does not ask again.
 */
TEST_F_TIMEOUT(thresholds, are_enough_to_decide_by, 120)
{
	int64_t kept, control, at;

	fill(_metadata, self, self->child);
	fill(_metadata, self, self->a);
	record_arguments(_metadata, self, self->child, SIZE / 2);
	for (at = 0; at < 3 * SIZE; at += SCALED(MiB / 2))
		reclaim(_metadata, self, SCALED(MiB / 2));
	kept = cg_read_number(self->child, "memory.current");
	control = cg_read_number(self->a, "memory.current");
	TH_LOG("of %lld bytes %" PRId64 " were kept, and %" PRId64 " without", SIZE,
	       kept, control);
	EXPECT_GE(kept, SIZE / 2 - SLACK);
	EXPECT_LE(kept, SIZE / 2 + SLACK);
	EXPECT_LE(control, SLACK);
}

MEMCG_BPF_HARNESS_MAIN
