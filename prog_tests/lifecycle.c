// SPDX-License-Identifier: GPL-2.0
/*
 * Ops are attached and detached while tasks charge and reclaim, and while cgroups are made
 * and removed.  in_use.c is about ops that are detached in the middle of a callback or delay.
 *
 *   memcg_bpf.lifecycle.<pid>	memory.swap.max = 0
 *   `-- parent			what each test draws
 *
 * Each test proves from counters of the kernel and of the BPF programs that the race took
 * place.  Each ends with a check that nothing is left: the kernel has freed every program,
 * map, link and removed cgroup, and its log has no warning (see testbed_destroy()).
 *
 * A link is detached when its last descriptor is closed, and fork() duplicates every
 * descriptor.  So a test starts its workers before it attaches.
 */
#include "lifecycle/lifecycle_harness.h"

/* A task that reads a file again and again, and so charges and reclaims. */
struct busy {
	char cgroup[PATH_MAX];
	char file[PATH_MAX];
	const volatile bool *stop;
	volatile unsigned int passes;
	pid_t pid;
};

/* Two of these are more than memory.max, so that each pass evicts the other's. */
#define BUSY_FILE	SCALED(12 * MiB)
#define BUSY_MAX	SCALED(16 * MiB)
#define NR_BUSY		2

static int be_busy(void *arg)
{
	struct busy *busy = arg;
	int ret = workload_write_file(busy->file, BUSY_FILE);

	while (!ret && !*busy->stop) {
		ret = workload_read_file(busy->file);
		busy->passes++;
	}
	if (ret)
		fprintf(stderr, "# %s: %s\n", busy->file, strerror(-ret));
	return ret ? 1 : 0;
}

static void wait_for_passes(struct __test_metadata *_metadata,
			    const struct busy *busy, unsigned int passes)
{
	uint64_t begin = clock_us();
	unsigned int before[NR_BUSY];
	int i;

	for (i = 0; i < NR_BUSY; i++)
		before[i] = busy[i].passes;
	for (i = 0; i < NR_BUSY; i++) {
		while (busy[i].passes - before[i] < passes) {
			ASSERT_FALSE(too_late(begin, STEP_TIMEOUT_MS))
				TH_LOG("%s is not read", busy[i].file);
			usleep(10000);
		}
	}
}

static struct busy *start_busy(struct __test_metadata *_metadata,
			       FIXTURE_DATA(lifecycle) *self)
{
	struct busy *busy;
	char name[32];
	int i;

	busy = worker_share(NR_BUSY * sizeof(*busy));
	ASSERT_NE(NULL, busy);
	for (i = 0; i < NR_BUSY; i++) {
		snprintf(name, sizeof(name), "parent/busy%d", i);
		ASSERT_EQ(0, testbed_add_cgroup(&self->tb, busy[i].cgroup, name));
		ASSERT_LT(snprintf(busy[i].file, PATH_MAX, "%s/busy%d",
				   self->tb.dir, i), PATH_MAX);
		busy[i].stop = &self->shared->stop;
		busy[i].pid = worker_start(busy[i].cgroup, i, be_busy, &busy[i]);
		ASSERT_GT(busy[i].pid, 0);
	}

	/* No limit while pages are dirty: they cannot be reclaimed at once. */
	wait_for_passes(_metadata, busy, 1);
	ASSERT_EQ(0, cg_write(self->parent, "memory.max", "%llu", BUSY_MAX));
	wait_for_passes(_metadata, busy, 1);
	return busy;
}

/* Wait until the kernel has called each of @callbacks of probe @i once more. */
static void wait_for_calls(struct __test_metadata *_metadata,
			   FIXTURE_DATA(lifecycle) *self, int i,
			   const enum probe_callback *callbacks, int nr)
{
	uint64_t before[PROBE_NR_CALLBACKS], begin = clock_us();
	int j;

	for (j = 0; j < nr; j++)
		before[j] = total(self, i, callbacks[j]);
	for (j = 0; j < nr; j++) {
		while (total(self, i, callbacks[j]) == before[j]) {
			ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
				TH_LOG("%s was not called", probe_callback_names[callbacks[j]]);
			usleep(1000);
		}
	}
}

/*
 * Probes 0 and 1 are attached and detached in turn, while tasks charge and reclaim.  In two
 * of eight rounds the probe is destroyed as soon as it is detached:
 *
 *   parent			memory.max = 16M; ops: probe 0, none, probe 1, none ...
 *   |-- busy0			a task reads a file of 12 MiB, again and again
 *   `-- busy1			another one
 *
 * The kernel calls each probe while it is attached, and never after its link was closed.
 */
TEST_F_TIMEOUT(lifecycle, attach_and_detach_under_load, 200)
{
	static const enum probe_callback race[] = { PROBE_DELAY, PROBE_BELOW_LOW };
	const unsigned int rounds = 40;
	uint64_t calls_sum = 0, calls_at_detach[2] = {};
	unsigned int round, passes;
	int64_t scanned;
	struct busy *busy;
	int i;

	busy = start_busy(_metadata, self);
	scanned = cg_read_key(self->parent, "memory.stat", "pgscan");
	passes = busy[0].passes + busy[1].passes;

	for (round = 0; round < rounds; round++) {
		i = round % 2;
		attach(_metadata, self, 0, i, self->parent);
		expect_busy(_metadata, self, !i, self->parent);
		wait_for_calls(_metadata, self, i, race, ARRAY_SIZE(race));
		detach(self, 0);

		calls_sum += calls(self, i) - calls_at_detach[i];
		calls_at_detach[i] = calls(self, i);
		EXPECT_EQ(calls_at_detach[!i], calls(self, !i))
			TH_LOG("round %u: ops were called that are detached", round);
		if (round % 8 >= 6) {
			load(_metadata, self, i);
			calls_at_detach[i] = 0;
		}
	}

	wait_for_passes(_metadata, busy, 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(calls_at_detach[i], calls(self, i))
			TH_LOG("ops were called that are detached");
	}
	scanned = cg_read_key(self->parent, "memory.stat", "pgscan") - scanned;
	passes = busy[0].passes + busy[1].passes - passes;
	TH_LOG("%u times attached and detached, %" PRIu64 " calls; meanwhile %u passes, pgscan %" PRId64,
	       rounds, calls_sum, passes, scanned);
	EXPECT_GT(scanned, 0);
	EXPECT_GT(passes, 0);

	self->shared->stop = true;
	for (i = 0; i < NR_BUSY; i++)
		finish(_metadata, "a task", busy[i].pid);
}

/* Argument of a worker that makes and removes cgroups. */
struct churn {
	char parent[PATH_MAX];
	char home[PATH_MAX];	/* cgroup of the worker between two rounds */
	struct probe *probe;
	struct shared *shared;
};

/* Be charged in @cgroup for a while. */
static int visit(const struct churn *churn, const char *cgroup)
{
	char *map = workload_map(SCALED(MiB));
	int ret;

	if (!map)
		return -errno;
	ret = cg_write(cgroup, "cgroup.procs", "0");
	workload_touch_map(map, SCALED(MiB));
	munmap(map, SCALED(MiB));
	if (ret)
		return ret;
	return cg_write(churn->home, "cgroup.procs", "0");
}

/* Make a cgroup with a child, be in the child, and remove both. */
static int churn_once(const struct churn *churn, bool with_ops)
{
	unsigned int round = churn->shared->rounds;
	char cgroup[PATH_MAX], child[PATH_MAX];
	int link = -1, ret;

	if (snprintf(cgroup, PATH_MAX, "%s/churn%u", churn->parent, round) >= PATH_MAX ||
	    snprintf(child, PATH_MAX, "%s/child", cgroup) >= PATH_MAX)
		return -ENAMETOOLONG;

	ret = cg_create(cgroup);
	if (ret)
		return ret;
	if (with_ops) {
		link = probe_attach(churn->probe, cgroup, 0);
		if (link < 0)
			return link;
		ret = bpf_ids_add_link(&churn->shared->worker_ids, link);
		if (ret)
			goto out;
	}
	ret = cg_write(cgroup, "cgroup.subtree_control", "+memory");
	if (ret)
		goto out;
	ret = cg_create(child);
	if (ret)
		goto out;
	ret = visit(churn, child);
	if (!ret && (rmdir(child) || rmdir(cgroup)))
		ret = -errno;
out:
	if (link >= 0)
		close(link);
	return ret;
}

static int churn(void *arg)
{
	struct churn *churn = arg;
	int ret = 0;

	while (!ret && !churn->shared->stop) {
		ret = churn_once(churn, churn->shared->rounds % 2);
		churn->shared->rounds++;
	}
	if (ret)
		fprintf(stderr, "# cannot make, use or remove a cgroup: %s\n",
			strerror(-ret));
	return ret ? 1 : 0;
}

/*
 * Cgroups are made, used and removed below a parent whose ops come and go.  Every
 * second one has ops of its own, whose link is closed when the cgroup is gone:
 *
 *   parent			ops A, which may be overridden, or none
 *   |-- home			the worker, between two rounds
 *   `-- churn<n>		ops B, or what the parent has; for a moment
 *       `-- child		the same; the task touches 1 MiB here
 *
 * An attach of A succeeds, or fails with EBUSY because a cgroup below has B.
 */
TEST_F_TIMEOUT(lifecycle, cgroups_come_and_go_under_attach_and_detach, 200)
{
	static const enum probe_callback race[] = {
		PROBE_ONLINE, PROBE_DELAY, PROBE_OFFLINE
	};
	static struct churn arg;
	const unsigned int rounds = 40;
	unsigned int round, refused = 0;
	uint64_t calls_at_detach = 0, begin;
	pid_t pid;
	int ret;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, arg.home, "parent/home"));
	strcpy(arg.parent, self->parent);
	arg.probe = self->probes[1];
	arg.shared = self->shared;
	pid = worker_start(arg.home, 1, churn, &arg);
	ASSERT_GT(pid, 0);

	begin = clock_us();
	for (round = 0; round < rounds;) {
		EXPECT_EQ(calls_at_detach, calls(self, 0))
			TH_LOG("round %u: ops were called that are detached", round);
		ret = try_attach(_metadata, self, 0, 0, self->parent,
				 BPF_F_ALLOW_OVERRIDE);
		if (ret == -EBUSY) {
			ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
				TH_LOG("round %u: a cgroup below keeps its ops",
				       round);
			refused++;
			usleep(1000);
			continue;
		}
		ASSERT_EQ(0, ret) TH_LOG("attach: %s", strerror(-ret));
		wait_for_calls(_metadata, self, 0, race, ARRAY_SIZE(race));
		detach(self, 0);
		calls_at_detach = calls(self, 0);
		begin = clock_us();
		round++;
	}
	self->shared->stop = true;
	finish(_metadata, "the task that makes cgroups", pid);

	TH_LOG("%u times attached and detached, %u times refused, %" PRIu64 " calls; meanwhile %u cgroups with a child, %" PRIu64 " calls of their own ops",
	       rounds, refused, calls_at_detach, self->shared->rounds, calls(self, 1));
	EXPECT_GE(self->shared->rounds, rounds / 2);
	EXPECT_GT(total(self, 1, PROBE_DELAY), 0);
	EXPECT_EQ(OWNER_NOBODY, owner_by_charge(self->probes, 2, arg.home));

	/* Page cache that was read in while the worker was there may keep some of them. */
	expect_no_dying(_metadata, self, 4);
}

MEMCG_BPF_HARNESS_MAIN
