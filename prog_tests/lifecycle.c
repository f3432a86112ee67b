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
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "bpf_ids.h"
#include "cgroup.h"
#include "clock.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#define MiB (1ULL << 20)

/* Far above what freeing takes, which waits for some RCU grace periods. */
#define FREE_TIMEOUT_MS	15000
/* Far above what it takes until something happens that goes on all the time. */
#define RACE_TIMEOUT_MS	20000

#define MAX_LINKS	64

static const char * const callback_names[] = {
	[PROBE_ONLINE] = "handle_cgroup_online",
	[PROBE_OFFLINE] = "handle_cgroup_offline",
	[PROBE_BELOW_LOW] = "below_low",
	[PROBE_BELOW_MIN] = "below_min",
	[PROBE_DELAY] = "get_high_delay_ms or memcg_charged",
};

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

/* Load probe @i afresh, of which the end is to be seen. */
static void load(struct __test_metadata *_metadata,
		 FIXTURE_DATA(lifecycle) *self, int i)
{
	probe__destroy(self->probes[i]);
	self->probes[i] = probe_load();
	ASSERT_NE(NULL, self->probes[i]);
	ASSERT_EQ(0, bpf_ids_add_object(&self->shared->ids,
					self->probes[i]->obj));
}

/* Attach probe @i by link @nr, of which the end is to be seen. */
static int try_attach(struct __test_metadata *_metadata,
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

static void attach(struct __test_metadata *_metadata,
		   FIXTURE_DATA(lifecycle) *self, int nr, int i,
		   const char *cgroup)
{
	int ret = try_attach(_metadata, self, nr, i, cgroup, 0);

	ASSERT_EQ(0, ret)
		TH_LOG("attach to %s: %s", cgroup, strerror(-ret));
}

static void detach(FIXTURE_DATA(lifecycle) *self, int nr)
{
	if (self->links[nr] >= 0)
		close(self->links[nr]);
	self->links[nr] = -1;
}

/* To attach where there are ops fails, and must leave nothing behind. */
static void expect_busy(struct __test_metadata *_metadata,
			FIXTURE_DATA(lifecycle) *self, int i, const char *cgroup)
{
	int ret = probe_attach(self->probes[i], cgroup, 0);

	EXPECT_EQ(-EBUSY, ret);
	if (ret >= 0)
		close(ret);
}

static uint64_t total(FIXTURE_DATA(lifecycle) *self, int i,
		      enum probe_callback callback)
{
	return probe_total(self->probes[i], callback);
}

static bool too_late(uint64_t begin_us, unsigned int timeout_ms)
{
	return clock_us() - begin_us >= timeout_ms * 1000ULL;
}

/* All calls of probe @i. */
static uint64_t calls(FIXTURE_DATA(lifecycle) *self, int i)
{
	uint64_t sum = 0;
	int callback;

	for (callback = 0; callback < PROBE_NR_CALLBACKS; callback++)
		sum += total(self, i, callback);
	return sum;
}

static void expect_no_dying(struct __test_metadata *_metadata,
			    FIXTURE_DATA(lifecycle) *self, int64_t max)
{
	int64_t dying = cg_wait_dying(self->tb.cgroup, max, FREE_TIMEOUT_MS);

	EXPECT_GE(dying, 0);
	EXPECT_LE(dying, max)
		TH_LOG("something keeps cgroups that were removed");
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

/* Nothing is left of what was loaded and attached. */
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

static void finish(struct __test_metadata *_metadata, const char *name, pid_t pid)
{
	int status = 0;

	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status))
		TH_LOG("%s does not end", name);
	EXPECT_EQ(0, status)
		TH_LOG("%s ended with %s", name, worker_status(status));
}

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

/* Waits, then charges so much that it is delayed for half a minute. */
static int sleeper(void *arg)
{
	struct shared *shared = arg;

	while (!shared->go)
		usleep(1000);
	return workload_touch(4 * MiB) ? 1 : 0;
}

/* Wait until the worker @pid is in a delay. */
static void wait_for_sleep(struct __test_metadata *_metadata, pid_t pid,
			   const char *cgroup, int64_t before_us)
{
	uint64_t begin = clock_us();
	int status;

	while (cg_memory_stall_us(cgroup) == before_us) {
		ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
			TH_LOG("the task does not sleep");
		ASSERT_EQ(0, worker_wait(pid, 1, &status))
			TH_LOG("the task was not delayed");
	}
}

/*
 * Wait for the end of a worker that was in a delay when its ops were detached.
 * That delay goes on, for MAX_DELAY_MS at most, and none follows.
 */
static void finish_sleeper(struct __test_metadata *_metadata, pid_t pid,
			   const char *cgroup, int64_t before_us)
{
	const int64_t max_us = MAX_DELAY_MS * 1000LL / 2 * 3;
	uint64_t begin = clock_us();
	int status, ret;

	do {
		ret = worker_wait(pid, 10, &status);
		ASSERT_GE(ret, 0);
	} while (!ret && cg_memory_stall_us(cgroup) - before_us <= max_us &&
		 !too_late(begin, STEP_TIMEOUT_MS));
	EXPECT_LE(cg_memory_stall_us(cgroup) - before_us, max_us)
		TH_LOG("the task sleeps on, with its ops detached");
	if (!ret) {
		EXPECT_FALSE(too_late(begin, STEP_TIMEOUT_MS))
			TH_LOG("the task never wakes up");
		kill(pid, SIGKILL);
		worker_wait(pid, STEP_TIMEOUT_MS, &status);
		return;
	}
	EXPECT_EQ(0, status)
		TH_LOG("the task ended with %s", worker_status(status));
}

/*
 * Detach while a task sleeps in a delay, one that it inherited:
 *
 *   parent			ops: 2000 ms
 *   `-- sleeper		a task charges 4 MiB, sixteen times a batch
 *
 * The close does not wait for the sleeper: a delay that was in full before it
 * returned is one of at most 2 s, unless this machine was too slow to close in
 * time, so that it is tried a few times.
 */
static void detach_in_delay(struct __test_metadata *_metadata,
			    FIXTURE_DATA(lifecycle) *self, bool destroy)
{
	const int64_t in_time_us = MAX_DELAY_MS * 1000LL * 9 / 10;
	struct probe_answer delay = { .delay_ms = MAX_DELAY_MS };
	int64_t stall_us = 0, before_us;
	char cgroup[PATH_MAX];
	uint64_t silent;
	int attempt;
	pid_t pid;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, cgroup, "parent/sleeper"));
	for (attempt = 0; attempt < 3; attempt++) {
		ASSERT_EQ(0, probe_answer(self->probes[0], NULL, delay));
		before_us = cg_memory_stall_us(cgroup);
		self->shared->go = false;
		pid = worker_start(cgroup, 0, sleeper, self->shared);
		ASSERT_GT(pid, 0);
		attach(_metadata, self, 0, 0, self->parent);
		self->shared->go = true;
		wait_for_sleep(_metadata, pid, cgroup, before_us);

		detach(self, 0);
		stall_us = cg_memory_stall_us(cgroup) - before_us;
		silent = calls(self, 0);
		EXPECT_GT(total(self, 0, PROBE_DELAY), 0);
		if (destroy) {
			load(_metadata, self, 0);
			silent = 0;
		}

		finish_sleeper(_metadata, pid, cgroup, before_us);
		EXPECT_EQ(silent, calls(self, 0))
			TH_LOG("ops were called that are detached");
		TH_LOG("detached when the task had slept for %" PRId64 " us of %" PRId64,
		       stall_us, cg_memory_stall_us(cgroup) - before_us);
		if (stall_us < in_time_us)
			break;
	}
	EXPECT_LT(stall_us, in_time_us)
		TH_LOG("to detach takes as long as the delay");
}

TEST_F_TIMEOUT(lifecycle, detach_does_not_wait_for_a_sleeper, 200)
{
	detach_in_delay(_metadata, self, false);
}

/* The programs are gone before the task wakes up, which must not need them. */
TEST_F_TIMEOUT(lifecycle, sleeper_outlives_its_programs, 200)
{
	detach_in_delay(_metadata, self, true);
}

#define NR_CGROUPS	32

static void cgroup_nr(struct __test_metadata *_metadata,
		      FIXTURE_DATA(lifecycle) *self, char *path, int nr)
{
	ASSERT_LT(snprintf(path, PATH_MAX, "%s/cgroup%d", self->parent, nr),
		  PATH_MAX);
}

/* Make cgroups, and attach probe @i to each, by links from @first on. */
static void make_and_attach(struct __test_metadata *_metadata,
			    FIXTURE_DATA(lifecycle) *self, int first, int i)
{
	char cgroup[PATH_MAX];
	int nr;

	for (nr = 0; nr < NR_CGROUPS; nr++) {
		cgroup_nr(_metadata, self, cgroup, nr);
		ASSERT_EQ(0, cg_create(cgroup));
		attach(_metadata, self, first + nr, i, cgroup);
		expect_busy(_metadata, self, !i, cgroup);
	}
}

/*
 * Cgroups are removed while the links that attach ops to them are open:
 *
 *   parent
 *   |-- cgroup0		ops, by a link of its own
 *   ...
 *   `-- cgroup31		the same ops, by another link
 *
 * A link holds no reference, so they are not kept.  The links are closed when
 * there are others of the same names with other ops, which must not lose them.
 */
TEST_F_TIMEOUT(lifecycle, rmdir_with_links_open, 200)
{
	uint64_t ids[NR_CGROUPS];
	char cgroup[PATH_MAX];
	uint64_t begin;
	int nr;

	make_and_attach(_metadata, self, 0, 0);
	for (nr = 0; nr < NR_CGROUPS; nr++) {
		cgroup_nr(_metadata, self, cgroup, nr);
		ids[nr] = cg_id(cgroup);
		ASSERT_EQ(0, rmdir(cgroup));
	}

	/* A cgroup goes offline some time after it is gone from view. */
	begin = clock_us();
	while (total(self, 0, PROBE_OFFLINE) < NR_CGROUPS &&
	       !too_late(begin, RACE_TIMEOUT_MS))
		usleep(10000);
	expect_no_dying(_metadata, self, 0);
	for (nr = 0; nr < NR_CGROUPS; nr++) {
		EXPECT_EQ(1, probe_stats(self->probes[0], ids[nr]).calls[PROBE_OFFLINE])
			TH_LOG("cgroup%d", nr);
	}
	EXPECT_EQ(NR_CGROUPS, bpf_ids_count(&self->shared->ids, BPF_ID_LINK));

	make_and_attach(_metadata, self, NR_CGROUPS, 1);
	for (nr = 0; nr < NR_CGROUPS; nr++)
		detach(self, nr);
	for (nr = 0; nr < NR_CGROUPS; nr += NR_CGROUPS / 4) {
		cgroup_nr(_metadata, self, cgroup, nr);
		EXPECT_EQ(1, owner_by_charge(self->probes, 2, cgroup))
			TH_LOG("cgroup%d lost its ops with the link of another", nr);
	}
}

/* Attaches ops of its own to all cgroups, and waits to be killed. */
struct owner {
	char parent[PATH_MAX];
	struct shared *shared;
};

static int own(void *arg)
{
	struct probe_answer delay = { .delay_ms = MAX_DELAY_MS };
	struct owner *owner = arg;
	struct bpf_ids *ids = &owner->shared->worker_ids;
	char cgroup[PATH_MAX];
	struct probe *probe;
	int nr, link, ret;

	probe = probe_load();
	if (!probe)
		return 1;
	ret = bpf_ids_add_object(ids, probe->obj);
	if (!ret)
		ret = probe_answer(probe, NULL, delay);
	for (nr = 0; !ret && nr < NR_CGROUPS; nr++) {
		if (snprintf(cgroup, PATH_MAX, "%s/cgroup%d", owner->parent,
			     nr) >= PATH_MAX)
			return 1;
		link = probe_attach(probe, cgroup, 0);
		ret = link < 0 ? link : bpf_ids_add_link(ids, link);
	}
	if (ret) {
		fprintf(stderr, "# cannot attach: %s\n", strerror(-ret));
		return 1;
	}

	owner->shared->go = true;
	for (;;)
		pause();
}

/*
 * The owner of many links is killed while a task is in a delay that its ops have
 * asked for:
 *
 *   parent
 *   |-- home			the owner of the links
 *   |-- cgroup0		ops: 2000 ms; a task charges 4 MiB
 *   |-- cgroup1		ops: 2000 ms
 *   ...
 *   `-- cgroup31		ops: 2000 ms
 *
 * Links, programs and maps go with it, and the cgroups are free for other ops.
 */
TEST_F_TIMEOUT(lifecycle, exit_with_many_links_open, 200)
{
	char home[PATH_MAX], cgroup[PATH_MAX];
	static struct owner owner;
	pid_t owner_pid, pid;
	uint64_t begin;
	int64_t stall_us;
	int nr, status;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	for (nr = NR_CGROUPS; nr--;) {
		cgroup_nr(_metadata, self, cgroup, nr);
		ASSERT_EQ(0, cg_create(cgroup));
	}
	strcpy(owner.parent, self->parent);
	owner.shared = self->shared;
	owner_pid = worker_start(home, 1, own, &owner);
	ASSERT_GT(owner_pid, 0);
	begin = clock_us();
	while (!self->shared->go) {
		ASSERT_FALSE(too_late(begin, STEP_TIMEOUT_MS));
		ASSERT_EQ(0, worker_wait(owner_pid, 10, &status));
	}
	EXPECT_EQ(NR_CGROUPS, bpf_ids_count(&self->shared->worker_ids, BPF_ID_LINK));
	expect_busy(_metadata, self, 0, cgroup);

	pid = worker_start(cgroup, 0, sleeper, self->shared);
	ASSERT_GT(pid, 0);
	wait_for_sleep(_metadata, pid, cgroup, 0);
	ASSERT_EQ(0, kill(owner_pid, SIGKILL));
	ASSERT_EQ(1, worker_wait(owner_pid, STEP_TIMEOUT_MS, &status));

	EXPECT_EQ(0, bpf_ids_wait(&self->shared->worker_ids, FREE_TIMEOUT_MS))
		TH_LOG("not all is gone that the killed process had");
	stall_us = cg_memory_stall_us(cgroup);
	finish_sleeper(_metadata, pid, cgroup, stall_us);

	for (nr = 0; nr < NR_CGROUPS; nr++) {
		cgroup_nr(_metadata, self, cgroup, nr);
		attach(_metadata, self, nr, 0, cgroup);
		ASSERT_EQ(0, rmdir(cgroup));
	}
	expect_no_dying(_metadata, self, 4);
}

MEMCG_BPF_HARNESS_MAIN
