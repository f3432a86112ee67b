// SPDX-License-Identifier: GPL-2.0
/*
 * below_low and below_min are told what the kernel is about to compare: the effective
 * memory.low or memory.min, and the usage, in pages.
 *
 *   memcg_bpf.thresholds.<pid>	has the ops; reclaimed from by memory.reclaim
 *   |-- child			has a file in memory
 *   `-- group
 *       |-- a			the same
 *       `-- b			the same
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "revision.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "thresholds.skel.h"
#include "thresholds_types.h"

#define MiB	(1024LL * 1024)
#define SIZE	(16 * MiB)

/*
 * What is charged for other things than the pages of a file, and what processors may
 * have in stock, is far below this.
 */
#define SLACK	(2 * MiB)

/* what the effective protection of siblings is rounded by */
#define ROUNDED	(64 * 1024)

FIXTURE(thresholds)
{
	struct testbed tb;
	char child[PATH_MAX];
	char group[PATH_MAX];
	char a[PATH_MAX];
	char b[PATH_MAX];
	struct thresholds *skel;
	int link;
};

/* Have notes kept of what is told of a cgroup, and protect it up to @keep bytes. */
static void keep_notes(struct __test_metadata *_metadata,
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
	ASSERT_EQ(0, revision_fit(self->skel->obj));
	ASSERT_EQ(0, thresholds__load(self->skel));
	keep_notes(_metadata, self, self->child, 0);
	keep_notes(_metadata, self, self->a, 0);
	keep_notes(_metadata, self, self->b, 0);
	self->link = memcg_bpf_attach_path(self->skel->maps.thresholds_ops,
					   self->tb.cgroup, 0);
	ASSERT_GE(self->link, 0)
		TH_LOG("attach: %s", strerror(-self->link));
}

FIXTURE_TEARDOWN(thresholds)
{
	if (self->link >= 0)
		close(self->link);
	thresholds__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static int write_file(void *path)
{
	return workload_write_file(path, SIZE) ? 1 : 0;
}

/* Give a cgroup a file's worth of clean page cache. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(thresholds) *self,
		 const char *cgroup)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", self->tb.dir,
		 strrchr(cgroup, '/') + 1);
	ASSERT_EQ(0, worker_run(cgroup, write_file, path, STEP_TIMEOUT_MS));
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

/*
 * A child of the cgroup that is reclaimed from is protected by what it is set to; no
 * ancestor limits that.
 */
TEST_F_TIMEOUT(thresholds, of_a_child_are_what_it_is_set_to, 120)
{
	static const struct {
		const char *low, *min;
		int64_t low_bytes, min_bytes;
	} settings[] = {
		{ "8M", "4M", 8 * MiB, 4 * MiB },
		{ "3M", "2M", 3 * MiB, 2 * MiB },
		{ "0", "0", 0, 0 },
		{ "max", "1M", INT64_MAX, 1 * MiB },
	};
	struct thresholds_told told;
	size_t i;

	fill(_metadata, self, self->child);
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		ASSERT_EQ(0, cg_write(self->child, "memory.low", "%s", settings[i].low));
		ASSERT_EQ(0, cg_write(self->child, "memory.min", "%s", settings[i].min));
		reclaim(_metadata, self, MiB);
		told = told_of(self, self->child);
		EXPECT_EQ(settings[i].low_bytes,
			  threshold(_metadata, "below_low", &told.low))
			TH_LOG("memory.low is %s", settings[i].low);
		EXPECT_EQ(settings[i].min_bytes,
			  threshold(_metadata, "below_min", &told.min))
			TH_LOG("memory.min is %s", settings[i].min);
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
	reclaim(_metadata, self, MiB);
	after = cg_read_number(self->child, "memory.current");
	ASSERT_GE(after, SIZE / 2);

	told = told_of(self, self->child);
	ASSERT_GT(told.low.calls, 0);
	ASSERT_GT(told.min.calls, 0);
	expect_usage(_metadata, "below_low", &told.low, before, after);
	expect_usage(_metadata, "below_min", &told.min, before, after);
}

/*
 * Two siblings want more than their parent has, and share that: each is told its
 * share, and not what it is set to.
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

	ASSERT_EQ(0, cg_write(self->group, file, "4M"));
	ASSERT_EQ(0, cg_write(self->a, file, "8M"));
	ASSERT_EQ(0, cg_write(self->b, file, "8M"));
	fill(_metadata, self, self->a);
	fill(_metadata, self, self->b);
	reclaim(_metadata, self, MiB);

	told_a = told_of(self, self->a);
	told_b = told_of(self, self->b);
	a = threshold(_metadata, file, low ? &told_a.low : &told_a.min);
	b = threshold(_metadata, file, low ? &told_b.low : &told_b.min);
	TH_LOG("%s: a is told %" PRId64 " bytes, b %" PRId64, file, a, b);
	EXPECT_LE(a, 2 * MiB + ROUNDED);
	EXPECT_GE(a, 2 * MiB - ROUNDED);
	EXPECT_LE(b, 2 * MiB + ROUNDED);
	EXPECT_GE(b, 2 * MiB - ROUNDED);
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
 * A program that looks at nothing but the usage it is told keeps what it wants to
 * keep; the control keeps nothing.  Reclaim goes in small steps: once it has begun
 * with a cgroup, one step goes on to its end.
 */
TEST_F_TIMEOUT(thresholds, are_enough_to_decide_by, 120)
{
	int64_t kept, control, at;

	fill(_metadata, self, self->child);
	fill(_metadata, self, self->a);
	keep_notes(_metadata, self, self->child, SIZE / 2);
	for (at = 0; at < 3 * SIZE; at += MiB / 2)
		reclaim(_metadata, self, MiB / 2);
	kept = cg_read_number(self->child, "memory.current");
	control = cg_read_number(self->a, "memory.current");
	TH_LOG("of %lld bytes %" PRId64 " were kept, and %" PRId64 " without", SIZE,
	       kept, control);
	EXPECT_GE(kept, SIZE / 2 - SLACK);
	EXPECT_LE(kept, SIZE / 2 + SLACK);
	EXPECT_LE(control, SLACK);
}

MEMCG_BPF_HARNESS_MAIN
