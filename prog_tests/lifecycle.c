// SPDX-License-Identifier: GPL-2.0
/*
 * Ops come and go while everything else does: tasks charge and reclaim, sleep in
 * a delay, cgroups are made and removed, processes die.
 *
 *   memcg_bpf.lifecycle.<pid>	memory.swap.max = 0
 *   `-- parent			what each test draws
 *
 * Each test shows that what it races with has taken place, from what the kernel
 * and the BPF programs have counted.  Each ends with nothing left: each program,
 * map and link that was made is freed, no removed cgroup lingers, and the kernel
 * has not complained (testbed_destroy() looks at its log).
 *
 * A link is detached when the last descriptor of it is closed, and a fork() makes
 * one more of each.  So workers are started before what is to be closed is
 * attached.
 */
#include "lifecycle/lifecycle_harness.h"

/* A task that charges and reclaims all the time. */
struct busy {
	char cgroup[PATH_MAX];
	char file[PATH_MAX];
	const volatile bool *stop;
	volatile unsigned int passes;
	pid_t pid;
};

/* Two of these are more than memory.max, so that each pass evicts the other's. */
#define BUSY_FILE	(12 * MiB)
#define BUSY_MAX	(16 * MiB)
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
	unsigned int then[NR_BUSY];
	int i;

	for (i = 0; i < NR_BUSY; i++)
		then[i] = busy[i].passes;
	for (i = 0; i < NR_BUSY; i++) {
		while (busy[i].passes - then[i] < passes) {
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

/* Until each of these callbacks of probe @i has been called once more. */
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
				TH_LOG("%s was not called", callback_names[callbacks[j]]);
			usleep(1000);
		}
	}
}

/*
 * Two sets of ops are attached and detached in turn, at any moment of charging and
 * reclaim, and every now and then one is destroyed as soon as it is detached:
 *
 *   parent			memory.max = 16M; ops of one, none, of the other ...
 *   |-- busy0			a task reads a file of 12 MiB, again and again
 *   `-- busy1			another one
 *
 * Each is called while it is attached, and not any more when the link is closed.
 */
TEST_F_TIMEOUT(lifecycle, attach_and_detach_under_load, 200)
{
	static const enum probe_callback race[] = { PROBE_DELAY, PROBE_BELOW_LOW };
	const unsigned int rounds = 40;
	uint64_t asked = 0, silent[2] = {};
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

		asked += calls(self, i) - silent[i];
		silent[i] = calls(self, i);
		EXPECT_EQ(silent[!i], calls(self, !i))
			TH_LOG("round %u: ops were called that are detached", round);
		if (round % 8 >= 6) {
			load(_metadata, self, i);
			silent[i] = 0;
		}
	}

	wait_for_passes(_metadata, busy, 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(silent[i], calls(self, i))
			TH_LOG("ops were called that are detached");
	}
	scanned = cg_read_key(self->parent, "memory.stat", "pgscan") - scanned;
	passes = busy[0].passes + busy[1].passes - passes;
	TH_LOG("%u times attached and detached, %" PRIu64 " calls; meanwhile %u passes, pgscan %" PRId64,
	       rounds, asked, passes, scanned);
	EXPECT_GT(scanned, 0);
	EXPECT_GT(passes, 0);

	self->shared->stop = true;
	for (i = 0; i < NR_BUSY; i++)
		finish(_metadata, "a task", busy[i].pid);
}

/* Makes and removes cgroups. */
struct churn {
	char parent[PATH_MAX];
	char home[PATH_MAX];	/* its cgroup, when it is in none of those */
	struct probe *probe;
	struct shared *shared;
};

/* Be charged in @cgroup for a while. */
static int visit(const struct churn *churn, const char *cgroup)
{
	char *map = workload_map(MiB);
	long page = sysconf(_SC_PAGESIZE);
	uint64_t at;
	int ret;

	if (!map)
		return -errno;
	ret = cg_write(cgroup, "cgroup.procs", "0");
	for (at = 0; at < MiB; at += page)
		((volatile char *)map)[at] = 1;
	munmap(map, MiB);
	return ret ?: cg_write(churn->home, "cgroup.procs", "0");
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
	if (!ret && with_ops) {
		link = probe_attach(churn->probe, cgroup, 0);
		ret = link < 0 ? link :
			bpf_ids_add_link(&churn->shared->worker_ids, link);
	}
	ret = ret ?: cg_write(cgroup, "cgroup.subtree_control", "+memory");
	ret = ret ?: cg_create(child);
	ret = ret ?: visit(churn, child);
	if (!ret && (rmdir(child) || rmdir(cgroup)))
		ret = -errno;
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
 *   |-- home			a task, when it is in no other
 *   `-- churn<n>		ops B, or what the parent has; for a moment
 *       `-- child		the same; the task touches 1 MiB here
 *
 * To attach A is possible, or there is a B below: no other outcome is.
 */
TEST_F_TIMEOUT(lifecycle, cgroups_come_and_go_under_attach_and_detach, 200)
{
	static const enum probe_callback race[] = {
		PROBE_ONLINE, PROBE_DELAY, PROBE_OFFLINE
	};
	static struct churn arg;
	const unsigned int rounds = 20;
	unsigned int round, refused = 0;
	uint64_t silent = 0, begin;
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
		EXPECT_EQ(silent, calls(self, 0))
			TH_LOG("round %u: ops were called that are detached", round);
		ret = try_attach(_metadata, self, 0, 0, self->parent,
				 BPF_F_ALLOW_OVERRIDE);
		if (ret == -EBUSY) {
			ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
				TH_LOG("round %u: something below keeps other ops",
				       round);
			refused++;
			usleep(1000);
			continue;
		}
		ASSERT_EQ(0, ret) TH_LOG("attach: %s", strerror(-ret));
		wait_for_calls(_metadata, self, 0, race, ARRAY_SIZE(race));
		detach(self, 0);
		silent = calls(self, 0);
		begin = clock_us();
		round++;
	}
	self->shared->stop = true;
	finish(_metadata, "the task that makes cgroups", pid);

	TH_LOG("%u times attached and detached, %u times refused, %" PRIu64 " calls; meanwhile %u cgroups and children, %" PRIu64 " calls of ops of their own",
	       rounds, refused, silent, self->shared->rounds, calls(self, 1));
	EXPECT_GE(self->shared->rounds, rounds / 2);
	EXPECT_GT(total(self, 1, PROBE_DELAY), 0);
	EXPECT_EQ(OWNER_NOBODY, owner_by_charge(self->probes, 2, arg.home));

	/* A page of a library, say, may have come in while the task was there. */
	expect_no_dying(_metadata, self, 4);
}

MEMCG_BPF_HARNESS_MAIN
