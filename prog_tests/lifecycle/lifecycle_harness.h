/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_LIFECYCLE_LIFECYCLE_HARNESS_H
#define __PROG_TESTS_LIFECYCLE_LIFECYCLE_HARNESS_H

/*
 * The fixture of lifecycle.c and in_use.c: two probes and their links, and a teardown that
 * fails if the kernel has not freed them.
 */

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "bpf_ids.h"
#include "cgroup.h"
#include "clock.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

/* Far above the time until the other side of a race has made one more step. */
#define RACE_TIMEOUT_MS	20000

#define MAX_LINKS	64

/* What processes of a test share. */
struct shared {
	struct bpf_ids ids;		/* of the test */
	struct bpf_ids worker_ids;	/* of a worker */
	volatile bool go;
	volatile bool stop;
	volatile unsigned int rounds;	/* of a worker */
};

FIXTURE(lifecycle)
{
	struct testbed tb;
	char parent[PATH_MAX];
	struct shared *shared;
	struct probe *probes[2];
	int links[MAX_LINKS];	/* -1: none */
};

/* Load probe @i anew.  The teardown expects the kernel to free it. */
static inline void load(struct __test_metadata *_metadata,
			FIXTURE_DATA(lifecycle) *self, int i)
{
	probe__destroy(self->probes[i]);
	self->probes[i] = probe_load();
	ASSERT_NE(NULL, self->probes[i]);
	ASSERT_EQ(0, bpf_ids_add_object(&self->shared->ids,
					self->probes[i]->obj));
}

/* Attach probe @i by link @nr.  The teardown expects the kernel to free the link. */
static inline int try_attach(struct __test_metadata *_metadata,
			     FIXTURE_DATA(lifecycle) *self, int nr, int i,
		      const char *cgroup, __u32 flags)
{
	int link = probe_attach(self->probes[i], cgroup, flags);

	if (link < 0)
		return link;
	self->links[nr] = link;
	ASSERT_EQ(0, bpf_ids_add_link(&self->shared->ids, link));
	return 0;
}

static inline void attach(struct __test_metadata *_metadata,
			  FIXTURE_DATA(lifecycle) *self, int nr, int i,
		   const char *cgroup)
{
	int ret = try_attach(_metadata, self, nr, i, cgroup, 0);

	ASSERT_EQ(0, ret)
		TH_LOG("attach to %s: %s", cgroup, strerror(-ret));
}

static inline void detach(FIXTURE_DATA(lifecycle) *self, int nr)
{
	if (self->links[nr] >= 0)
		close(self->links[nr]);
	self->links[nr] = -1;
}

/* An attach to a cgroup that has ops fails with EBUSY. */
static inline void expect_busy(struct __test_metadata *_metadata,
			       FIXTURE_DATA(lifecycle) *self, int i, const char *cgroup)
{
	int ret = probe_attach(self->probes[i], cgroup, 0);

	EXPECT_EQ(-EBUSY, ret);
	if (ret >= 0)
		close(ret);
}

static inline uint64_t total(FIXTURE_DATA(lifecycle) *self, int i,
			     enum probe_callback callback)
{
	return probe_total(self->probes[i], callback);
}

static inline bool too_late(uint64_t begin_us, unsigned int timeout_ms)
{
	return clock_us() - begin_us >= timeout_ms * 1000ULL;
}

/* All calls of probe @i. */
static inline uint64_t calls(FIXTURE_DATA(lifecycle) *self, int i)
{
	return probe_calls(self->probes[i]);
}

static inline void expect_no_dying(struct __test_metadata *_metadata,
				   FIXTURE_DATA(lifecycle) *self, int64_t max)
{
	int64_t dying = cg_wait_dying(self->tb.cgroup, max, FREE_TIMEOUT_MS);

	EXPECT_GE(dying, 0);
	EXPECT_LE(dying, max)
		TH_LOG("removed cgroups are not freed");
}

FIXTURE_SETUP(lifecycle)
{
	int i;

	for (i = 0; i < MAX_LINKS; i++)
		self->links[i] = -1;
	REQUIRE_OPS(CAN_ONLINE | CAN_OFFLINE | CAN_BELOW_LOW | CAN_BELOW_MIN |
		    CAN_DELAY);
	REQUIRE(REQUIRE_PSI | REQUIRE_PAGE_CACHE | REQUIRE_TWO_CPUS);
	ASSERT_EQ(0, testbed_create(&self->tb, "lifecycle"));
	cg_disable_swap(self->tb.cgroup);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->parent, "parent"));
	ASSERT_EQ(0, cg_enable_memory(self->parent));

	self->shared = worker_share(sizeof(*self->shared));
	ASSERT_NE(NULL, self->shared);
	for (i = 0; i < 2; i++)
		load(_metadata, self, i);
}

/* The kernel frees all that was loaded and attached. */
FIXTURE_TEARDOWN(lifecycle)
{
	unsigned int left;
	int i;

	/* After a failure there may be workers that hold links. */
	cg_write(self->tb.cgroup, "cgroup.kill", "1");
	for (i = 0; i < MAX_LINKS; i++)
		detach(self, i);
	for (i = 0; i < 2; i++)
		probe__destroy(self->probes[i]);

	left = bpf_ids_wait(&self->shared->ids, FREE_TIMEOUT_MS);
	left += bpf_ids_wait(&self->shared->worker_ids,
			     left ? 0 : FREE_TIMEOUT_MS);
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static inline void finish(struct __test_metadata *_metadata, const char *name, pid_t pid)
{
	int status = 0;

	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status))
		TH_LOG("%s does not end", name);
	EXPECT_EQ(0, status)
		TH_LOG("%s ended with %s", name, worker_status(status));
}

#endif /* __PROG_TESTS_LIFECYCLE_LIFECYCLE_HARNESS_H */
