// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_try_to_free_mem_cgroup_pages(): from whom it reclaims, and what; who may not
 * call it.
 *
 *   memcg_bpf.reclaim.<pid>
 *   |-- named			a program reclaims from this one
 *   |   `-- inner		has pages, in what a test puts here
 *   `-- other			has as many
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "btf_text.h"
#include "cgroup.h"
#include "harness.h"
#include "revision.h"
#include "swap.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "reclaim.skel.h"
#include "reclaim_types.h"

#define MiB	(1024LL * 1024)
#define SIZE	(16 * MiB)
#define WANTED	(8 * MiB)

/* what else is charged and freed meanwhile is far below this */
#define SLACK	(1 * MiB)

FIXTURE(reclaim)
{
	struct testbed tb;
	char named[PATH_MAX];
	char inner[PATH_MAX];
	char other[PATH_MAX];
	char swap[PATH_MAX + 8];	/* "": none */
	struct reclaim *skel;
};

static __u32 gfp_kernel(struct __test_metadata *_metadata)
{
	static const char *const bits[] = {
		"___GFP_IO_BIT", "___GFP_FS_BIT", "___GFP_DIRECT_RECLAIM_BIT",
		"___GFP_KSWAPD_RECLAIM_BIT",
	};
	struct btf *btf = btf__load_vmlinux_btf();
	__u32 gfp = 0;
	size_t i;
	int bit;

	ASSERT_NE(NULL, btf);
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		bit = btf_enumerator(btf, bits[i]);
		ASSERT_GE(bit, 0)
			TH_LOG("BTF has no %s", bits[i]);
		gfp |= 1U << bit;
	}
	btf__free(btf);
	return gfp;
}

FIXTURE_SETUP(reclaim)
{
	struct bpf_map *map;

	REQUIRE_OPS(CAN_RECLAIM);
	REQUIRE(REQUIRE_PAGE_CACHE);
	ASSERT_EQ(0, testbed_create(&self->tb, "reclaim"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->named, "named"));
	ASSERT_EQ(0, cg_enable_memory(self->named));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->inner, "named/inner"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->other, "other"));

	self->skel = reclaim__open();
	ASSERT_NE(NULL, self->skel);
	self->skel->rodata->gfp_kernel = gfp_kernel(_metadata);
	bpf_object__for_each_map(map, self->skel->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, false);
	}
}

FIXTURE_TEARDOWN(reclaim)
{
	reclaim__destroy(self->skel);
	if (self->swap[0])
		EXPECT_EQ(0, swap_off(self->swap));
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static int write_file(void *path)
{
	return workload_write_file(path, SIZE) ? 1 : 0;
}

/* Give a cgroup a file's worth of clean page cache. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
		 const char *cgroup)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", self->tb.dir,
		 strrchr(cgroup, '/') + 1);
	ASSERT_EQ(0, worker_run(cgroup, write_file, path, STEP_TIMEOUT_MS));
}

static int touch_and_hold(void *arg)
{
	volatile bool *touched = arg;

	if (workload_touch(SIZE))
		return 1;
	*touched = true;
	while (pause() < 0)
		;
	return 0;
}

/* Start a worker in INNER that holds anonymous memory. */
static pid_t hold_anon(struct __test_metadata *_metadata,
		       FIXTURE_DATA(reclaim) *self)
{
	volatile bool *touched = worker_share(sizeof(*touched));
	pid_t worker;
	int ms;

	ASSERT_NE(NULL, touched);
	worker = worker_start(self->inner, 0, touch_and_hold, (void *)touched);
	ASSERT_GT(worker, 0);
	for (ms = 0; ms < STEP_TIMEOUT_MS && !*touched; ms += 10)
		usleep(10000);
	ASSERT_TRUE(*touched);
	return worker;
}

/* Have the program reclaim WANTED from NAMED; what the kfunc returned. */
static uint64_t run(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
		    __u32 options, int swappiness)
{
	struct reclaim_request request = {
		.cgroup_id = cg_id(self->named),
		.nr_pages = WANTED / sysconf(_SC_PAGESIZE),
		.options = options,
		.swappiness = swappiness,
	};
	/* what the program writes comes back to where its argument was */
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .ctx_in = &request,
		.ctx_size_in = sizeof(request),
	);
	int ret = bpf_prog_test_run_opts(bpf_program__fd(self->skel->progs.reclaim_now),
					 &opts);

	ASSERT_EQ(0, ret)
		TH_LOG("run the program: %s", strerror(-ret));
	ASSERT_EQ(0, opts.retval)
		TH_LOG("the program finds no memcg");
	return request.reclaimed;
}

static void load(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self)
{
	int ret = reclaim__load(self->skel);

	ASSERT_EQ(0, ret)
		TH_LOG("load: %s", strerror(-ret));
}

TEST_F_TIMEOUT(reclaim, is_from_the_memcg_named_and_below, 120)
{
	int64_t inner, other, fell;
	uint64_t reclaimed;

	load(_metadata, self);
	fill(_metadata, self, self->inner);
	fill(_metadata, self, self->other);
	inner = cg_read_number(self->inner, "memory.current");
	other = cg_read_number(self->other, "memory.current");
	reclaimed = run(_metadata, self, 0, -1) * sysconf(_SC_PAGESIZE);
	fell = inner - cg_read_number(self->inner, "memory.current");
	TH_LOG("wanted %lld bytes, reclaimed %" PRIu64 ", memory.current fell by %" PRId64,
	       WANTED, reclaimed, fell);
	EXPECT_GE(fell, WANTED / 2);
	EXPECT_GE(cg_read_number(self->other, "memory.current"), other - SLACK)
		TH_LOG("the sibling of the memcg named has lost pages");

	/* and says how much */
	EXPECT_LE((int64_t)reclaimed, fell + SLACK);
	EXPECT_GE((int64_t)reclaimed, fell - SLACK);
}

/* There is nothing to reclaim, and that is what is returned. */
TEST_F_TIMEOUT(reclaim, of_nothing_returns_next_to_nothing, 120)
{
	uint64_t reclaimed;

	load(_metadata, self);
	reclaimed = run(_metadata, self, 0, -1) * sysconf(_SC_PAGESIZE);
	EXPECT_LE(reclaimed, (uint64_t)SLACK);
}

/* Anonymous memory goes to swap if the program allows that, and stays if not. */
TEST_F_TIMEOUT(reclaim, swaps_only_if_allowed, 120)
{
	int64_t before, after;
	pid_t worker;
	int ret;

	snprintf(self->swap, sizeof(self->swap), "%s/swap", self->tb.dir);
	ret = swap_on(self->swap, 4 * SIZE);
	if (ret) {
		self->swap[0] = '\0';
		SKIP(return, "cannot swap to a file in %.500s: %s; CONFIG_SWAP=y, and set SCRATCH_DIR to a directory on a disk, such as ext4",
		     self->tb.dir, strerror(-ret));
	}
	load(_metadata, self);
	worker = hold_anon(_metadata, self);

	before = cg_read_number(self->inner, "memory.current");
	run(_metadata, self, 0, -1);
	EXPECT_EQ(0, cg_read_number(self->inner, "memory.swap.current"))
		TH_LOG("swapped without MEMCG_RECLAIM_MAY_SWAP");
	after = cg_read_number(self->inner, "memory.current");
	EXPECT_GE(after, before - SLACK);

	run(_metadata, self, RECLAIM_MAY_SWAP | RECLAIM_PROACTIVE, 200);
	EXPECT_GT(cg_read_number(self->inner, "memory.swap.current"), 0)
		TH_LOG("nothing swapped with MEMCG_RECLAIM_MAY_SWAP");
	after = cg_read_number(self->inner, "memory.current");
	EXPECT_LT(after, before - WANTED / 2);
	ASSERT_EQ(0, kill(worker, SIGKILL));
	ASSERT_EQ(1, worker_wait(worker, STEP_TIMEOUT_MS, &ret));
}

/*
 * A swappiness that there is not is refused.  The error comes in an unsigned number,
 * which a program may well take for pages: the control is one that there is.
 */
TEST_F_TIMEOUT(reclaim, with_wrong_swappiness_is_refused, 120)
{
	int64_t before, after;
	uint64_t reclaimed;

	load(_metadata, self);
	fill(_metadata, self, self->inner);
	before = cg_read_number(self->inner, "memory.current");
	reclaimed = run(_metadata, self, RECLAIM_PROACTIVE, 202);
	after = cg_read_number(self->inner, "memory.current");
	TH_LOG("swappiness 202: returned %" PRId64, (int64_t)reclaimed);
	EXPECT_EQ(-EINVAL, (int64_t)reclaimed);
	EXPECT_GE(after, before - SLACK);

	reclaimed = run(_metadata, self, RECLAIM_PROACTIVE, 0);
	EXPECT_GT((int64_t)reclaimed, 0);
	EXPECT_LT(cg_read_number(self->inner, "memory.current"), after - WANTED / 2);
}

/* The verifier says why; the control is that all other programs are loaded. */
static void expect_refused(struct __test_metadata *_metadata,
			   FIXTURE_DATA(reclaim) *self, struct bpf_program *prog,
			   const char *what)
{
	static char log[16 * 1024];
	int ret;

	ASSERT_EQ(0, bpf_program__set_autoload(prog, true));
	ASSERT_EQ(0, bpf_program__set_log_buf(prog, log, sizeof(log)));
	libbpf_set_print(NULL);
	ret = reclaim__load(self->skel);
	EXPECT_TRUE(ret == -EACCES || ret == -EINVAL)
		TH_LOG("%s: %s", what, ret ? strerror(-ret) : "taken");
	EXPECT_NE(NULL, strstr(log, "bpf_try_to_free_mem_cgroup_pages"))
		TH_LOG("%s: refused for another reason: %s", what, log);
}

TEST_F_TIMEOUT(reclaim, by_a_program_that_may_not_sleep_is_refused, 120)
{
	bpf_map__set_autocreate(self->skel->maps.reclaim_ops, true);
	expect_refused(_metadata, self, self->skel->progs.reclaim_in_callback,
		       "a callback of memcg_bpf_ops");
}

TEST_F_TIMEOUT(reclaim, from_an_untrusted_memcg_is_refused, 120)
{
	expect_refused(_metadata, self, self->skel->progs.reclaim_untrusted,
		       "a memcg from nowhere");
}

TEST_F_TIMEOUT(reclaim, from_a_released_memcg_is_refused, 120)
{
	expect_refused(_metadata, self, self->skel->progs.reclaim_released,
		       "a memcg that was put");
}

MEMCG_BPF_HARNESS_MAIN
