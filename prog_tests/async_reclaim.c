// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous reclaim: memcg_charged starts a bpf_wq when the usage is high, which reclaims
 * in the background.  So a task that reads more than memory.max does not reach memory.max.
 *
 *   memcg_bpf.async_reclaim.<pid>
 *   `-- watched		memory.max = 32M, memory.swap.max = 0; a task reads a file
 *				of 64 MiB; ops: reclaim above 12 MiB, down to 8
 *
 * The control is the same without ops.  What the kfunc returned is compared with pgsteal of
 * the cgroup, which shows that BPF has reclaimed.
 *
 * The task pauses when the usage is high, so that the bpf_wq runs in time on a slow machine.
 * It pauses in the control, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "async_reclaim.h"
#include "cgroup.h"
#include "harness.h"
#include "page_cache.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"

#define SIZE	SCALED(64 * MiB)
#define MAX	SCALED(32 * MiB)
#define HIGH	SCALED(12 * MiB)
#define LOW	SCALED(8 * MiB)

/* The task pauses while memory.current is above PAUSE_ABOVE, for PAUSE_MS at most. */
#define PAUSE_ABOVE	SCALED(20 * MiB)
#define PAUSE_MS	200

/* Far above what the task itself uses, and the stocks of the processors hold. */
#define SLACK	SCALED(2 * MiB)

FIXTURE(async_reclaim)
{
	struct testbed tb;
	char watched[PATH_MAX];
	char file[PATH_MAX + 8];
	struct async_reclaim *reclaim;
	int link;
};

FIXTURE_SETUP(async_reclaim)
{
	self->link = -1;
	REQUIRE_OPS(CAN_DELAY | CAN_CHARGED_PAGES | CAN_UNCHARGED | CAN_RECLAIM);
	REQUIRE(REQUIRE_PAGE_CACHE | REQUIRE_TWO_CPUS);
	ASSERT_EQ(0, testbed_create(&self->tb, "async_reclaim"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->watched, "watched"));
	cg_disable_swap(self->watched);
	snprintf(self->file, sizeof(self->file), "%s/file", self->tb.dir);
	/* Its pages are to be charged again when it is read. */
	ASSERT_EQ(0, page_cache_fill(self->watched, self->file, SIZE));
	cg_write(self->watched, "memory.reclaim", "%lld", SIZE);
	ASSERT_LT(cg_read_number(self->watched, "memory.current"), LOW);
	ASSERT_EQ(0, cg_write(self->watched, "memory.max", "%lld", MAX));
}

FIXTURE_TEARDOWN(async_reclaim)
{
	if (self->link >= 0)
		close(self->link);
	async_reclaim_free(self->reclaim);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

struct reader {
	const char *file;
	const char *cgroup;
};

static void wait_for_room(const char *cgroup)
{
	int ms;

	for (ms = 0; ms < PAUSE_MS &&
	     cg_read_number(cgroup, "memory.current") > PAUSE_ABOVE; ms++)
		usleep(1000);
}

static int read_slowly(void *arg)
{
	const struct reader *reader = arg;
	long page = sysconf(_SC_PAGESIZE);
	const volatile char *map;
	int64_t at;
	int fd;

	fd = open(reader->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	for (at = 0; at < SIZE; at += page) {
		if (at % SCALED(MiB) == 0)
			wait_for_room(reader->cgroup);
		(void)map[at];
	}
	return 0;
}

static int64_t max_events(FIXTURE_DATA(async_reclaim) *self)
{
	return cg_read_key(self->watched, "memory.events", "max");
}

static void read_file(struct __test_metadata *_metadata,
		      FIXTURE_DATA(async_reclaim) *self)
{
	struct reader reader = { .file = self->file, .cgroup = self->watched };

	ASSERT_EQ(0, worker_run(self->watched, read_slowly, &reader, STEP_TIMEOUT_MS));
}

static void attach(struct __test_metadata *_metadata,
		   FIXTURE_DATA(async_reclaim) *self)
{
	self->reclaim = async_reclaim_load(self->watched, HIGH, LOW, false);
	ASSERT_NE(NULL, self->reclaim)
		TH_LOG("load: %s", strerror(errno));
	self->link = async_reclaim_attach(self->reclaim, self->watched);
	ASSERT_ATTACHED(self->link);
}

TEST_F_TIMEOUT(async_reclaim, keeps_a_task_from_its_limit, 200)
{
	long page = sysconf(_SC_PAGESIZE);
	struct async_reclaim_state state;
	int64_t events, stolen, current;

	read_file(_metadata, self);
	events = max_events(self);
	EXPECT_GT(events, 0)
		TH_LOG("the control fails: without ops the task does not reach memory.max, either");

	/* Empty the page cache, which has the end of the file. */
	cg_write(self->watched, "memory.reclaim", "%lld", MAX);
	ASSERT_LT(cg_read_number(self->watched, "memory.current"), LOW);
	attach(_metadata, self);
	events = max_events(self);
	stolen = cg_read_key(self->watched, "memory.stat", "pgsteal");
	read_file(_metadata, self);

	ASSERT_TRUE(async_reclaim_wait(self->reclaim, STEP_TIMEOUT_MS))
		TH_LOG("the bpf_wq does not end");
	state = async_reclaim_state(self->reclaim);
	events = max_events(self) - events;
	stolen = cg_read_key(self->watched, "memory.stat", "pgsteal") - stolen;
	current = cg_read_number(self->watched, "memory.current");
	TH_LOG("the bpf_wq was started %llu times, ran %llu times, and reclaimed %llu of %" PRId64 " pages; then memory.current is %" PRId64,
	       state.wakeups, state.runs, state.reclaimed, stolen, current);
	EXPECT_EQ(0, events)
		TH_LOG("the task reached memory.max %" PRId64 " times", events);
	EXPECT_EQ(0, state.errors);
	EXPECT_GE((int64_t)state.reclaimed, (SIZE - MAX) / page);
	EXPECT_GE((int64_t)state.reclaimed, stolen / 10 * 9)
		TH_LOG("not only the kfunc reclaimed from the cgroup");
	EXPECT_LE(current, HIGH + SLACK);
}

MEMCG_BPF_HARNESS_MAIN
