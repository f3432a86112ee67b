// SPDX-License-Identifier: GPL-2.0
/*
 * What a later revision of memcg_bpf_ops has that RFC v6 has not.  What they have
 * in common is tested by the other programs, on either.
 *
 * All tests have this tree:
 *
 *   memcg_bpf.later.<pid>	ops that note what they are told, and say no
 *   |-- used
 *   `-- idle
 */
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "later.skel.h"
#include "later_types.h"

#define MiB	(1024ULL * 1024)
#define SIZE	(16 * MiB)

/*
 * What a processor may have in stock for a cgroup, and what is charged for
 * other things than the pages of a file, is far below this.
 */
#define SLACK	(2 * MiB)

FIXTURE(later)
{
	struct testbed tb;
	char used[PATH_MAX];
	char idle[PATH_MAX];
	struct later *skel;
	int link;
};

FIXTURE_SETUP(later)
{
	self->link = -1;
	REQUIRE(REQUIRE_MEMCG_BPF_OPS | REQUIRE_LATER_REVISION | REQUIRE_PAGE_CACHE);
	ASSERT_EQ(0, testbed_create(&self->tb, "later"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->used, "used"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->idle, "idle"));
	self->skel = later__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = memcg_bpf_attach_path(self->skel->maps.later_ops,
					   self->tb.cgroup, 0);
	ASSERT_GE(self->link, 0)
		TH_LOG("attach: %s", strerror(-self->link));
}

FIXTURE_TEARDOWN(later)
{
	if (self->link >= 0)
		close(self->link);
	later__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

/* What BPF was told about a cgroup, which may be nothing. */
static struct later_notes notes_of(struct later *skel, const char *cgroup)
{
	struct later_notes notes = {};
	uint64_t id = cg_id(cgroup);

	bpf_map__lookup_elem(skel->maps.notes, &id, sizeof(id), &notes,
			     sizeof(notes), 0);
	return notes;
}

/* Touch SIZE, say so, and hold it until killed. */
static int touch_and_hold(void *arg)
{
	volatile bool *touched = arg;

	if (workload_touch(SIZE))
		return 1;
	*touched = true;
	for (;;)
		pause();
}

/*
 * memcg_charged is called while the memory is charged, and memcg_uncharged when
 * it is freed, for the memcg that had it and for no other.
 */
TEST_F(later, uncharge_is_told_to_the_memcg_that_was_charged)
{
	struct later_notes before, held, freed, idle, parent;
	volatile bool *touched = worker_share(sizeof(*touched));
	int ms, status;
	pid_t worker;

	ASSERT_NE(NULL, touched);
	before = notes_of(self->skel, self->used);
	EXPECT_EQ(0, before.charged);
	EXPECT_EQ(0, before.uncharged);

	worker = worker_start(self->used, 0, touch_and_hold, (void *)touched);
	ASSERT_GT(worker, 0);
	for (ms = 0; ms < STEP_TIMEOUT_MS && !*touched; ms += 10)
		usleep(10000);
	ASSERT_TRUE(*touched);
	held = notes_of(self->skel, self->used);

	ASSERT_EQ(0, kill(worker, SIGKILL));
	ASSERT_EQ(1, worker_wait(worker, STEP_TIMEOUT_MS, &status));
	freed = notes_of(self->skel, self->used);
	idle = notes_of(self->skel, self->idle);
	parent = notes_of(self->skel, self->tb.cgroup);

	TH_LOG("held: %llu charges, %llu uncharges; freed: %llu, %llu",
	       held.charged, held.uncharged, freed.charged, freed.uncharged);
	EXPECT_GT(held.charged, 0);
	EXPECT_GT(freed.uncharged, held.uncharged)
		TH_LOG("16 MiB were freed, and memcg_uncharged was not called");
	/* What is freed early is what the start of a process takes and leaves. */
	EXPECT_LT(held.uncharged, (freed.uncharged - held.uncharged) / 2)
		TH_LOG("memcg_uncharged was called for memory that is held");
	EXPECT_EQ(0, idle.charged);
	EXPECT_EQ(0, idle.uncharged);
	EXPECT_EQ(0, parent.charged);
	EXPECT_EQ(0, parent.uncharged);
}

static int write_file(void *path)
{
	return workload_write_file(path, SIZE) ? 1 : 0;
}

static void expect_arguments(struct __test_metadata *_metadata, const char *what,
			     const struct later_protection *told,
			     uint64_t threshold, uint64_t usage_before,
			     uint64_t usage_after)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	ASSERT_GT(told->calls, 0)
		TH_LOG("%s was not called", what);
	EXPECT_EQ(threshold, told->threshold * page)
		TH_LOG("%s: threshold", what);
	EXPECT_LE(told->usage * page, usage_before + SLACK)
		TH_LOG("%s: usage", what);
	EXPECT_GE(told->usage * page + SLACK, usage_after)
		TH_LOG("%s: usage", what);
}

/*
 * USED has a file in memory and is protected, a little; the parent is reclaimed
 * from, as USED's neighbour might.  As a child of the target its effective
 * protection is the whole of what it is set to.
 */
TEST_F(later, protection_is_asked_with_threshold_and_usage)
{
	static const struct {
		const char *low, *min;
		uint64_t low_bytes, min_bytes;
	} settings[] = {
		{ "8M", "4M", 8 * MiB, 4 * MiB },
		{ "3M", "2M", 3 * MiB, 2 * MiB },
	};
	char path[PATH_MAX + 8];
	struct later_notes notes;
	int64_t before, after;
	size_t i;
	int ret;

	snprintf(path, sizeof(path), "%s/file", self->tb.dir);
	ASSERT_EQ(0, worker_run(self->used, write_file, path, STEP_TIMEOUT_MS));

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		ASSERT_EQ(0, cg_write(self->used, "memory.low", "%s", settings[i].low));
		ASSERT_EQ(0, cg_write(self->used, "memory.min", "%s", settings[i].min));

		before = cg_read_number(self->used, "memory.current");
		ret = cg_write(self->tb.cgroup, "memory.reclaim", "1M");
		EXPECT_EQ(0, ret)
			TH_LOG("memory.reclaim: %s", strerror(-ret));
		after = cg_read_number(self->used, "memory.current");
		ASSERT_GT(after, 0);

		notes = notes_of(self->skel, self->used);
		expect_arguments(_metadata, "below_low", &notes.low,
				 settings[i].low_bytes, before, after);
		expect_arguments(_metadata, "below_min", &notes.min,
				 settings[i].min_bytes, before, after);
	}
}

MEMCG_BPF_HARNESS_MAIN
