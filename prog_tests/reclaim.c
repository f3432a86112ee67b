// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_try_to_free_mem_cgroup_pages(): from whom it reclaims, and what; who may not
 * call it.
 *
 *   memcg_bpf.reclaim.<pid>
 *   |-- named			a program reclaims from this one
 *   |   `-- inner		page cache or anonymous memory, as each test needs
 *   `-- other			page cache in the first test: the control
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "gfp.h"
#include "harness.h"
#include "page_cache.h"
#include "probe.h"
#include "revision.h"
#include "size.h"
#include "swap.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "reclaim_types.h"
#include "reclaim.skel.h"

#define SIZE	SCALED(16 * MiB)
#define WANTED	SCALED(8 * MiB)

/* Far above what else is charged and freed during a test. */
#define SLACK	SCALED(1 * MiB)

FIXTURE(reclaim)
{
	struct testbed tb;
	char named[PATH_MAX];
	char inner[PATH_MAX];
	char other[PATH_MAX];
	char swap[SWAP_PATH_MAX];	/* "": none */
	struct reclaim *skel;
};

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
	self->skel->rodata->gfp_kernel = gfp_kernel();
	ASSERT_NE(0, self->skel->rodata->gfp_kernel);
	bpf_object__for_each_map(map, self->skel->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, false);
	}
}

FIXTURE_TEARDOWN(reclaim)
{
	reclaim__destroy(self->skel);
	EXPECT_EQ(0, swap_stop(self->swap));
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

/* Give a cgroup a file's worth of clean page cache. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
		 const char *cgroup)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", self->tb.dir,
		 strrchr(cgroup, '/') + 1);
	ASSERT_EQ(0, page_cache_fill(cgroup, path, SIZE));
}

/* Have the program reclaim @wanted bytes from NAMED.  Return what the kfunc returned, in pages. */
static uint64_t run_for(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
			uint64_t wanted, __u32 options, int swappiness)
{
	struct reclaim_request request = {
		.cgroup_id = cg_id(self->named),
		.nr_pages = wanted / sysconf(_SC_PAGESIZE),
		.options = options,
		.swappiness = swappiness,
	};
	/* The kernel copies the context back, with what the program wrote to @reclaimed. */
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

static uint64_t run(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
		    __u32 options, int swappiness)
{
	return run_for(_metadata, self, WANTED, options, swappiness);
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
	EXPECT_GE((int64_t)reclaimed, WANTED)
		TH_LOG("there was more than is wanted, and less was taken");
	EXPECT_GE(cg_read_number(self->other, "memory.current"), other - SLACK)
		TH_LOG("the sibling of the memcg named has lost pages");

	/* The kfunc returns how much it has reclaimed. */
	EXPECT_LE((int64_t)reclaimed, fell + SLACK);
	EXPECT_GE((int64_t)reclaimed, fell - SLACK);
}

/*
 * More is wanted than there is, in one run 2^32 pages: the kfunc returns what it took, not what
 * was wanted.
 */
TEST_F_TIMEOUT(reclaim, of_more_than_there_is_returns_what_there_was, 120)
{
	const uint64_t wanted[] = { 4 * SIZE, (1ULL << 32) * sysconf(_SC_PAGESIZE) };
	int64_t inner, fell;
	uint64_t reclaimed;
	size_t i;

	load(_metadata, self);
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		fill(_metadata, self, self->inner);
		inner = cg_read_number(self->inner, "memory.current");
		reclaimed = run_for(_metadata, self, wanted[i], 0, -1) *
			    sysconf(_SC_PAGESIZE);
		fell = inner - cg_read_number(self->inner, "memory.current");
		TH_LOG("wanted %" PRIu64 " bytes, reclaimed %" PRIu64 ", memory.current fell by %" PRId64,
		       wanted[i], reclaimed, fell);
		EXPECT_GE(fell, SIZE / 4 * 3)
			TH_LOG("more was wanted than there is, and not all of it was taken");
		EXPECT_LE((int64_t)reclaimed, fell + SLACK);
		EXPECT_GE((int64_t)reclaimed, fell - SLACK);
	}
}

/* The kfunc has the memcg for as long as it runs: the cgroup is freed when it is removed. */
TEST_F_TIMEOUT(reclaim, leaves_no_reference, 120)
{
	char file[2 * PATH_MAX];

	load(_metadata, self);
	fill(_metadata, self, self->inner);
	run(_metadata, self, 0, -1);
	/* Page cache may keep the cgroup that it is charged to. */
	snprintf(file, sizeof(file), "%s/inner", self->tb.dir);
	ASSERT_EQ(0, unlink(file));
	ASSERT_EQ(0, rmdir(self->inner));
	ASSERT_EQ(0, rmdir(self->named));
	EXPECT_EQ(0, cg_wait_dying(self->tb.cgroup, 0, STEP_TIMEOUT_MS / 4))
		TH_LOG("the cgroup that the kfunc reclaimed from is removed, but not freed");
}

/*
 * Reclaim by BPF asks the ops of the cgroups below the one named, as any reclaim:
 *
 *   memcg_bpf.reclaim.<pid>
 *   `-- named
 *       |-- inner		page cache; ops whose only callback says yes, then no
 *       `-- spare		page cache; no ops
 */
static void expect_spared(struct __test_metadata *_metadata, FIXTURE_DATA(reclaim) *self,
			  enum probe_callback callback,
			  void (*reclaim)(struct __test_metadata *_metadata,
					  FIXTURE_DATA(reclaim) *self, uint64_t wanted))
{
	struct probe *probe = probe_load_only(1U << callback);
	const char *name = probe_callback_names[callback];
	int link, step, yes;
	int64_t lost;

	ASSERT_NE(NULL, probe);
	link = probe_attach(probe, self->inner, 0);
	ASSERT_GE(link, 0);
	for (yes = 1; yes >= 0; yes--) {
		ASSERT_EQ(0, probe_answer(probe, NULL,
					  (struct probe_answer){ .below_low = yes,
								 .below_min = yes }));
		lost = cg_read_key(self->inner, "memory.stat", "pgsteal");
		/* In steps: one need not look at each cgroup. */
		for (step = 0; step < 8; step++)
			reclaim(_metadata, self, WANTED / 8);
		lost = cg_read_key(self->inner, "memory.stat", "pgsteal") - lost;
		TH_LOG("%s says %s: %" PRId64 " pages taken", name, yes ? "yes" : "no",
		       lost);
		if (yes) {
			EXPECT_EQ(0, lost)
				TH_LOG("the kfunc took pages that %s protects", name);
		} else {
			EXPECT_GT(lost, 0);
		}
	}
	EXPECT_GT(probe_stats(probe, cg_id(self->inner)).calls[callback], 0);
	close(link);
	probe__destroy(probe);
}

static void fill_inner_and_spare(struct __test_metadata *_metadata,
				 FIXTURE_DATA(reclaim) *self)
{
	char spare[PATH_MAX];

	load(_metadata, self);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, spare, "named/spare"));
	fill(_metadata, self, self->inner);
	fill(_metadata, self, spare);
}

static void reclaim_by_system_call(struct __test_metadata *_metadata,
				   FIXTURE_DATA(reclaim) *self, uint64_t wanted)
{
	run_for(_metadata, self, wanted, 0, -1);
}

TEST_F_TIMEOUT(reclaim, spares_what_below_low_protects, 120)
{
	REQUIRE_OPS(CAN_BELOW_LOW);
	fill_inner_and_spare(_metadata, self);
	expect_spared(_metadata, self, PROBE_BELOW_LOW, reclaim_by_system_call);
}

TEST_F_TIMEOUT(reclaim, spares_what_below_min_protects, 120)
{
	REQUIRE_OPS(CAN_BELOW_MIN);
	fill_inner_and_spare(_metadata, self);
	expect_spared(_metadata, self, PROBE_BELOW_MIN, reclaim_by_system_call);
}

static void run_program(struct __test_metadata *_metadata, const struct bpf_program *prog,
			struct reclaim_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .ctx_in = request,
		.ctx_size_in = request ? sizeof(*request) : 0,
	);
	int ret = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	ASSERT_EQ(0, ret)
		TH_LOG("run %s: %s", bpf_program__name(prog), strerror(-ret));
	ASSERT_EQ(0, opts.retval)
		TH_LOG("%s returns %d", bpf_program__name(prog), (int)opts.retval);
}

static void reclaim_by_work_item(struct __test_metadata *_metadata,
				 FIXTURE_DATA(reclaim) *self, uint64_t wanted)
{
	struct reclaim_request request = {
		.cgroup_id = cg_id(self->named),
		.nr_pages = wanted / sysconf(_SC_PAGESIZE),
		.swappiness = -1,
	};
	uint64_t done = self->skel->bss->later_done;
	int ms;

	run_program(_metadata, self->skel->progs.reclaim_later, &request);
	for (ms = 0; ms < STEP_TIMEOUT_MS && self->skel->bss->later_done == done; ms++)
		usleep(1000);
	ASSERT_EQ(done + 1, self->skel->bss->later_done)
		TH_LOG("the work item does not run");
}

/* Who reclaims is a kernel thread, which is in no cgroup: the use for which the kfunc was made. */
TEST_F_TIMEOUT(reclaim, by_a_work_item_spares_what_bpf_protects, 120)
{
	REQUIRE_OPS(CAN_BELOW_LOW | CAN_BELOW_MIN);
	fill_inner_and_spare(_metadata, self);
	run_program(_metadata, self->skel->progs.prepare_later, NULL);
	expect_spared(_metadata, self, PROBE_BELOW_LOW, reclaim_by_work_item);
	fill(_metadata, self, self->inner);
	expect_spared(_metadata, self, PROBE_BELOW_MIN, reclaim_by_work_item);
}

/* The counters of memory.stat by reclaimer.  A kernel may not have all of them. */
static const char * const reclaimers[] = {
	"pgsteal_direct", "pgsteal_kswapd", "pgsteal_proactive", "pgsteal_khugepaged",
};

struct stolen {
	int64_t pages[ARRAY_SIZE(reclaimers)];
};

static struct stolen stolen_from(const char *cgroup)
{
	struct stolen stolen;
	int64_t pages;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reclaimers); i++) {
		pages = cg_read_key(cgroup, "memory.stat", reclaimers[i]);
		stolen.pages[i] = pages < 0 ? 0 : pages;
	}
	return stolen;
}

/* Reclaim from NAMED; return the counter of memory.stat that has most of it, or NULL. */
static const char *counted_as(struct __test_metadata *_metadata,
			      FIXTURE_DATA(reclaim) *self, __u32 options)
{
	struct stolen before, after;
	const char *counter = NULL;
	uint64_t reclaimed;
	int64_t pages;
	size_t i;

	fill(_metadata, self, self->inner);
	before = stolen_from(self->named);
	reclaimed = run(_metadata, self, options, -1);
	after = stolen_from(self->named);
	ASSERT_GE((int64_t)reclaimed * sysconf(_SC_PAGESIZE), WANTED / 2);
	for (i = 0; i < ARRAY_SIZE(reclaimers); i++) {
		pages = after.pages[i] - before.pages[i];
		if (pages)
			TH_LOG("options 0x%x: reclaimed %" PRIu64 " pages, %s grew by %" PRId64,
			       options, reclaimed, reclaimers[i], pages);
		if (pages > (int64_t)reclaimed / 2)
			counter = reclaimers[i];
	}
	return counter;
}

/*
 * The kfunc takes pages for a caller that is not in the cgroup.  The control is that
 * memory.stat counts nothing where there is nothing to take.
 */
TEST_F_TIMEOUT(reclaim, is_counted, 120)
{
	const char *plain, *proactive;
	struct stolen none;
	size_t i;

	load(_metadata, self);
	run(_metadata, self, 0, -1);
	none = stolen_from(self->named);
	for (i = 0; i < ARRAY_SIZE(reclaimers); i++) {
		ASSERT_LE(none.pages[i] * sysconf(_SC_PAGESIZE), SLACK)
			TH_LOG("%s counts pages, though there was nothing to reclaim", reclaimers[i]);
	}
	plain = counted_as(_metadata, self, 0);
	proactive = counted_as(_metadata, self, RECLAIM_PROACTIVE);
	ANSWER("as %s, and with MEMCG_RECLAIM_PROACTIVE as %s", plain ?: "none of them",
	       proactive ?: "none of them");
}

/* There is nothing to reclaim, so the kfunc returns 0, or a few pages of other use. */
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

	SKIP_IF(swap_start(&self->tb, self->swap, 4 * SIZE));
	load(_metadata, self);
	worker = workload_hold(self->inner, SIZE);
	ASSERT_GT(worker, 0);

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
	ASSERT_EQ(0, worker_kill(worker));
}

/*
 * Swappiness 0 swaps nothing, and counts only with MEMCG_RECLAIM_PROACTIVE: without it, the
 * cgroup's own swappiness, which is not 0, does.  There is only anonymous memory.
 */
TEST_F_TIMEOUT(reclaim, swappiness_counts_if_proactive, 120)
{
	pid_t worker;

	SKIP_IF(swap_start(&self->tb, self->swap, 4 * SIZE));
	load(_metadata, self);
	worker = workload_hold(self->inner, SIZE);
	ASSERT_GT(worker, 0);

	run(_metadata, self, RECLAIM_MAY_SWAP | RECLAIM_PROACTIVE, 0);
	EXPECT_EQ(0, cg_read_number(self->inner, "memory.swap.current"))
		TH_LOG("swapped with swappiness 0");
	run(_metadata, self, RECLAIM_MAY_SWAP, 0);
	EXPECT_GE(cg_read_number(self->inner, "memory.swap.current"), SLACK)
		TH_LOG("swappiness 0 counts without MEMCG_RECLAIM_PROACTIVE");
	ASSERT_EQ(0, worker_kill(worker));
}

/* Swappiness 201 takes anonymous memory only; below 0, the cgroup's own takes page cache. */
TEST_F_TIMEOUT(reclaim, swappiness_201_takes_no_page_cache, 120)
{
	static const int own[] = { -1, INT_MIN };
	int64_t file, swapped;
	uint64_t reclaimed;
	pid_t worker;
	size_t i;

	if (cg_write(self->inner, "memory.reclaim", "0 swappiness=max"))
		SKIP(return, "no swappiness 201 in this kernel, max in memory.reclaim: boot Linux 6.16 or newer");
	SKIP_IF(swap_start(&self->tb, self->swap, 4 * SIZE));
	load(_metadata, self);
	worker = workload_hold(self->inner, SIZE);
	ASSERT_GT(worker, 0);
	fill(_metadata, self, self->inner);

	file = cg_read_key(self->inner, "memory.stat", "file");
	reclaimed = run(_metadata, self, RECLAIM_MAY_SWAP | RECLAIM_PROACTIVE, 201);
	swapped = cg_read_number(self->inner, "memory.swap.current");
	TH_LOG("swappiness 201: returned %" PRId64 " pages, swapped %" PRId64 " bytes",
	       (int64_t)reclaimed, swapped);
	EXPECT_GT((int64_t)reclaimed, 0);
	EXPECT_GE(swapped, WANTED / 2);
	EXPECT_GE(cg_read_key(self->inner, "memory.stat", "file"), file - SLACK)
		TH_LOG("page cache taken with swappiness 201");

	for (i = 0; i < ARRAY_SIZE(own); i++) {
		fill(_metadata, self, self->inner);
		file = cg_read_key(self->inner, "memory.stat", "file");
		reclaimed = run(_metadata, self, RECLAIM_MAY_SWAP | RECLAIM_PROACTIVE,
				own[i]);
		TH_LOG("swappiness %d: returned %" PRId64 " pages", own[i],
		       (int64_t)reclaimed);
		EXPECT_GT((int64_t)reclaimed, 0);
		EXPECT_LE(cg_read_key(self->inner, "memory.stat", "file"), file - SLACK)
			TH_LOG("no page cache taken with the cgroup's own swappiness");
	}
	ASSERT_EQ(0, worker_kill(worker));
}

/*
 * An invalid swappiness is refused.  The kfunc returns the error as an unsigned number,
 * which a program may take for pages.  The control is a valid swappiness.
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

TEST_F_TIMEOUT(reclaim, from_a_memcg_that_may_be_null_is_refused, 120)
{
	expect_refused(_metadata, self, self->skel->progs.reclaim_unchecked,
		       "a memcg that was not compared with NULL");
}

MEMCG_BPF_HARNESS_MAIN
