// SPDX-License-Identifier: GPL-2.0
/*
 * Which programs for memcg_bpf_ops the verifier takes and refuses, and what a callback
 * reads from its memcg.
 *
 * The control of the refused programs is takes_reads: they differ from its program only in
 * what is refused.
 */
#include <errno.h>
#include <inttypes.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "revision.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"
#include "load/libbpf_log.h"

#include "facts.skel.h"
#include "verdict.skel.h"

/* Programs of progs/verdict.bpf.c. */
FIXTURE(verifier)
{
	struct verdict *skel;
};

FIXTURE_SETUP(verifier)
{
	REQUIRE_OPS(CAN_DELAY | CAN_ONLINE);
	capture_libbpf_log();
	self->skel = verdict__open();
	ASSERT_NE(NULL, self->skel);
}

FIXTURE_TEARDOWN(verifier)
{
	verdict__destroy(self->skel);
}

/* Load one map of the open object, with its programs. */
static int load_only(struct verdict *skel, const struct bpf_map *only)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, map == only);
	}
	return revision_load(skel->skeleton);
}

TEST_F(verifier, takes_reads)
{
	int ret = load_only(self->skel, self->skel->maps.sound_ops);

	EXPECT_LOADED(ret, "a program that only reads");
}

TEST_F(verifier, refuses_write_to_memcg)
{
	int ret = load_only(self->skel, self->skel->maps.write_limit_ops);

	EXPECT_REFUSED(EACCES, ret, "a write to memcg->memory.max");
}

TEST_F(verifier, refuses_atomic_write_to_memcg)
{
	int ret = load_only(self->skel, self->skel->maps.add_to_usage_ops);

	EXPECT_REFUSED(EACCES, ret, "an atomic write to memcg->memory.usage");
}

TEST_F(verifier, refuses_write_through_memcg)
{
	int ret = load_only(self->skel, self->skel->maps.write_cgroup_ops);

	EXPECT_REFUSED(EACCES, ret, "a write to memcg->css.cgroup->max_depth");
}

/* The kernel says that the callback "doesn't have 2-th argument". */
TEST_F(verifier, refuses_second_argument)
{
	int ret = load_only(self->skel, self->skel->maps.two_arguments_ops);

	EXPECT_REFUSED(EACCES, ret, "the use of a second argument");
}

TEST_F(verifier, refuses_helper_for_packets)
{
	int ret = load_only(self->skel, self->skel->maps.packet_helper_ops);

	EXPECT_REFUSED(EINVAL, ret, "a call of bpf_skb_load_bytes()");
	EXPECT_NE(NULL, strstr(libbpf_log, "skb_load_bytes#"));
}

TEST_F(verifier, refuses_helper_for_tracing)
{
	int ret = load_only(self->skel, self->skel->maps.tracing_helper_ops);

	EXPECT_REFUSED(EINVAL, ret, "a call of bpf_probe_write_user()");
	EXPECT_NE(NULL, strstr(libbpf_log, "probe_write_user#"));
}

/* This is libbpf's refusal: it does not find the member in the kernel's BTF. */
TEST_F(verifier, unknown_member_is_refused)
{
	int ret = load_only(self->skel, self->skel->maps.unknown_ops);

	EXPECT_REFUSED(ENOTSUP, ret, "ops with an unknown member");
	EXPECT_NE(NULL, strstr(libbpf_log, "no_such_callback"));
}

TEST_F(verifier, unknown_member_is_taken_if_null)
{
	int ret;

	self->skel->struct_ops.unknown_ops->no_such_callback = NULL;
	ret = load_only(self->skel, self->skel->maps.unknown_ops);
	EXPECT_LOADED(ret, "ops with an unknown member that is NULL");
}

/*
 * What a callback reads through its argument is true:
 *
 *   memcg_bpf.load.<pid>
 *   |-- read		ops; limits; a worker touches 16 MiB and reads memory.current
 *   `-- control	a worker touches as much
 */
FIXTURE(facts)
{
	struct testbed tb;
	struct facts *skel;
	int64_t *current;	/* shared with the worker */
	int link;
};

FIXTURE_SETUP(facts)
{
	self->link = -1;
	REQUIRE_OPS(CAN_DELAY);
	ASSERT_EQ(0, testbed_create(&self->tb, "load"));
	self->current = worker_share(sizeof(*self->current));
	ASSERT_NE(NULL, self->current);
	self->skel = facts__open();
	ASSERT_NE(NULL, self->skel);
}

FIXTURE_TEARDOWN(facts)
{
	if (self->link >= 0)
		close(self->link);
	facts__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

struct touch_job {
	const char *cgroup;
	int64_t *current;
};

#define TOUCHED SCALED(16 * MiB)

static int touch_and_read_current(void *arg)
{
	struct touch_job *job = arg;

	if (workload_touch(TOUCHED))
		return 1;
	*job->current = cg_read_number(job->cgroup, "memory.current");
	return 0;
}

static void set_limits(struct __test_metadata *_metadata, const char *cgroup)
{
	ASSERT_EQ(0, cg_write(cgroup, "memory.max", "%lld", SCALED(80 * MiB)));
	ASSERT_EQ(0, cg_write(cgroup, "memory.high", "%lld", SCALED(64 * MiB)));
	ASSERT_EQ(0, cg_write(cgroup, "memory.low", "%lld", SCALED(3 * MiB)));
	ASSERT_EQ(0, cg_write(cgroup, "memory.min", "%lld", SCALED(2 * MiB)));
}

TEST_F(facts, read_from_memcg_are_true)
{
	uint64_t page = sysconf(_SC_PAGESIZE), usage, size = TOUCHED;
	char read[PATH_MAX], control[PATH_MAX];
	struct touch_job job = { .cgroup = read, .current = self->current };
	int cgroup_fd, ret;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, read, "read"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, control, "control"));
	set_limits(_metadata, read);

	self->skel->rodata->id = cg_id(read);
	capture_libbpf_log();
	ret = revision_load(self->skel->skeleton);
	EXPECT_LOADED(ret, "a program that reads");
	ASSERT_EQ(0, ret);
	cgroup_fd = cg_open(self->tb.cgroup);
	ASSERT_GE(cgroup_fd, 0);
	self->link = memcg_bpf_attach(self->skel->maps.facts_ops, cgroup_fd, 0);
	ASSERT_GE(self->link, 0);

	EXPECT_EQ(0, worker_run(control, workload_touch_job, &size, STEP_TIMEOUT_MS));
	EXPECT_EQ(0, self->skel->bss->calls)
		TH_LOG("the id of another cgroup was that of this one");
	EXPECT_EQ(0, worker_run(read, touch_and_read_current, &job, STEP_TIMEOUT_MS));
	EXPECT_GT(self->skel->bss->calls, 0)
		TH_LOG("memcg->css.cgroup->kn->id never was the id");

	EXPECT_EQ(SCALED(80 * MiB), (int64_t)(self->skel->bss->max * page));
	EXPECT_EQ(SCALED(64 * MiB), (int64_t)(self->skel->bss->high * page));
	EXPECT_EQ(SCALED(3 * MiB), (int64_t)(self->skel->bss->low * page));
	EXPECT_EQ(SCALED(2 * MiB), (int64_t)(self->skel->bss->min * page));

	/* It goes on in batches, and from stocks of the processors. */
	usage = self->skel->bss->usage * page;
	TH_LOG("memcg->memory.usage %" PRIu64 " bytes, memory.current %" PRId64,
	       usage, *self->current);
	EXPECT_GE(*self->current, (int64_t)TOUCHED);
	EXPECT_GE((int64_t)usage, *self->current - SCALED(2 * MiB));
	EXPECT_LE((int64_t)usage, *self->current + SCALED(2 * MiB));
}

MEMCG_BPF_HARNESS_MAIN
