// SPDX-License-Identifier: GPL-2.0
/*
 * Ops go while they are in use: tasks sleep in their delay, cgroups that they are
 * attached to are removed, the process that holds their links exits.
 *
 *   memcg_bpf.lifecycle.<pid>	memory.swap.max = 0
 *   `-- parent			what each test draws
 *
 * Each test ends with a check that nothing is left, as the tests of lifecycle.c do.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "lifecycle/lifecycle_harness.h"
#include "revision.h"

#include "slow.skel.h"

/* Wait, then charge 4 MiB: 16 batches, each of them delayed for up to 2 s. */
static int sleeper(void *arg)
{
	struct shared *shared = arg;

	while (!shared->go)
		usleep(1000);
	return workload_touch(SCALED(4 * MiB)) ? 1 : 0;
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
		TH_LOG("the task is delayed again after its ops were detached");
	if (!ret) {
		EXPECT_FALSE(too_late(begin, STEP_TIMEOUT_MS))
			TH_LOG("the task never wakes up");
		worker_kill(pid);
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
 * The close does not wait for the sleeper: when it returns, the sleeper has slept for less
 * than the whole delay.  A busy machine may be too slow to show that, so up to three
 * attempts are made.
 */
static void detach_in_delay(struct __test_metadata *_metadata,
			    FIXTURE_DATA(lifecycle) *self, bool destroy)
{
	const int64_t in_time_us = MAX_DELAY_MS * 1000LL * 9 / 10;
	struct probe_answer delay = { .delay_ms = MAX_DELAY_MS };
	int64_t stall_us = 0, before_us;
	char cgroup[PATH_MAX];
	uint64_t calls_at_detach;
	int attempt, status;
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
		ASSERT_EQ(0, worker_wait_for_stall(pid, cgroup, before_us, STEP_TIMEOUT_MS,
						   &status))
			TH_LOG("the task does not sleep");

		detach(self, 0);
		stall_us = cg_memory_stall_us(cgroup) - before_us;
		calls_at_detach = calls(self, 0);
		EXPECT_GT(total(self, 0, PROBE_DELAY), 0);
		if (destroy) {
			/* replaces the probe by a new one, whose counters are 0 */
			load(_metadata, self, 0);
			calls_at_detach = 0;
		}

		finish_sleeper(_metadata, pid, cgroup, before_us);
		EXPECT_EQ(calls_at_detach, calls(self, 0))
			TH_LOG("ops were called that are detached");
		TH_LOG("detached when the task had slept for %" PRId64 " us of %" PRId64,
		       stall_us, cg_memory_stall_us(cgroup) - before_us);
		if (stall_us < in_time_us)
			break;
	}
	EXPECT_LT(stall_us, in_time_us)
		TH_LOG("the detach took as long as the delay");
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
 * A link holds no reference to its cgroup, so the cgroups are freed.  Then cgroups of the
 * same names are made and get other ops.  They must keep these when the old links are
 * closed.
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

	/* A cgroup goes offline some time after rmdir() has returned. */
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

/* Argument of a worker that has a callback called until it is stopped. */
struct caller {
	char parent[PATH_MAX];
	struct shared *shared;
};

static int reclaim_always(void *arg)
{
	struct caller *caller = arg;

	while (!caller->shared->stop)
		cg_write(caller->parent, "memory.reclaim", "%llu", SCALED(MiB));
	return 0;
}

/* Charge, and uncharge, more than the stock of a processor holds. */
static int charge_always(void *arg)
{
	struct caller *caller = arg;
	uint64_t size = probe_batches(4);
	char *map;

	while (!caller->shared->stop) {
		map = workload_map(size);
		if (!map)
			return 1;
		workload_touch_map(map, size);
		munmap(map, size);
	}
	return 0;
}

/* Duration of a callback: far longer than the test needs to see it begin and to close. */
#define SLOW_NS		300000000ULL

static struct slow *load_slow(struct __test_metadata *_metadata,
			      FIXTURE_DATA(lifecycle) *self)
{
	struct slow *slow = slow__open();

	ASSERT_NE(NULL, slow);
	slow->rodata->take_ns = SLOW_NS;
	if (!revision_can(CAN_UNCHARGED))
		bpf_map__set_autocreate(slow->maps.slow_uncharged_ops, false);
	ASSERT_EQ(0, revision_load(slow->skeleton));
	ASSERT_EQ(0, bpf_ids_add_object(&self->shared->ids, slow->obj));
	return slow;
}

/*
 * End a link to @ops, by a close or before that by BPF_LINK_DETACH, when a callback runs, which
 * a worker in @home has the kernel call.
 */
static void end_in_callback(struct __test_metadata *_metadata,
			    FIXTURE_DATA(lifecycle) *self, struct slow *slow,
			    struct bpf_map *ops, const char *home,
			    int (*call_always)(void *caller), bool detach)
{
	static struct caller caller;
	pid_t pid, holder = 0;
	char cgroup[PATH_MAX];
	uint64_t begin;
	int round, link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, cgroup, "parent/slow"));
	if (home) {
		/* A usage of 0 is not above memory.min: nobody would ask below_low. */
		holder = workload_hold(cgroup, SCALED(MiB));
		ASSERT_GT(holder, 0);
	}
	strcpy(caller.parent, self->parent);
	caller.shared = self->shared;
	pid = worker_start(home ?: cgroup, 1, call_always, &caller);
	ASSERT_GT(pid, 0);

	for (round = 0; round < 5; round++) {
		link = memcg_bpf_attach_path(ops, cgroup, 0);
		ASSERT_GE(link, 0);
		begin = clock_us();
		while (slow->bss->begun == slow->bss->done) {
			ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
				TH_LOG("the callback of %s was not called", bpf_map__name(ops));
		}
		if (detach) {
			EXPECT_EQ(0, bpf_link_detach(link));
		} else {
			close(link);
		}
		EXPECT_EQ(slow->bss->begun, slow->bss->done)
			TH_LOG("%s, round %d: the %s has returned, and a callback has not",
			       bpf_map__name(ops), round, detach ? "BPF_LINK_DETACH" : "close");
		if (detach)
			close(link);
	}
	self->shared->stop = true;
	finish(_metadata, "the task that has the callback called", pid);
	if (holder)
		ASSERT_EQ(0, worker_kill(holder));
	slow__destroy(slow);
}

/*
 * A link is closed while a processor is in a callback of its ops:
 *
 *   parent			reclaimed from, all the time
 *   |-- home			who reclaims
 *   `-- slow			ops: below_min takes 300 ms; a task holds memory
 *
 * The close returns only after the callback has.
 */
TEST_F_TIMEOUT(lifecycle, close_waits_for_a_running_callback, 200)
{
	struct slow *slow = load_slow(_metadata, self);
	char home[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	end_in_callback(_metadata, self, slow, slow->maps.slow_below_min_ops, home,
			reclaim_always, false);
}

/* The same with below_low. */
TEST_F_TIMEOUT(lifecycle, close_waits_for_a_running_below_low, 200)
{
	struct slow *slow = load_slow(_metadata, self);
	char home[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	end_in_callback(_metadata, self, slow, slow->maps.slow_below_low_ops, home,
			reclaim_always, false);
}

/* The same if BPF_LINK_DETACH ends the link, whose descriptor stays open. */
TEST_F_TIMEOUT(lifecycle, detach_waits_for_a_running_callback, 200)
{
	struct slow *slow = load_slow(_metadata, self);
	char home[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	end_in_callback(_metadata, self, slow, slow->maps.slow_below_min_ops, home,
			reclaim_always, true);
}

/*
 * The same for the callbacks of charges, which may run without a lock of the kernel's:
 *
 *   parent
 *   `-- slow			ops: the callback takes 300 ms; a task charges and uncharges
 */
TEST_F_TIMEOUT(lifecycle, close_waits_for_a_running_delay, 200)
{
	struct slow *slow = load_slow(_metadata, self);

	end_in_callback(_metadata, self, slow, slow->maps.slow_delay_ops, NULL,
			charge_always, false);
}

TEST_F_TIMEOUT(lifecycle, close_waits_for_a_running_uncharge, 200)
{
	struct slow *slow;

	REQUIRE_OPS(CAN_UNCHARGED);
	slow = load_slow(_metadata, self);
	end_in_callback(_metadata, self, slow, slow->maps.slow_uncharged_ops, NULL,
			charge_always, false);
}

/* A worker that removes one cgroup in each round. */
struct remover {
	char parent[PATH_MAX];
	struct shared *shared;		/* rounds: how many are to be removed */
	volatile unsigned int removed;
};

static int remove_cgroups(void *arg)
{
	struct remover *remover = arg;
	char cgroup[PATH_MAX];

	while (!remover->shared->stop) {
		if (remover->removed == remover->shared->rounds)
			continue;
		if (snprintf(cgroup, PATH_MAX, "%s/cgroup%u", remover->parent,
			     remover->removed) >= PATH_MAX || rmdir(cgroup))
			return 1;
		remover->removed++;
	}
	return 0;
}

/* Start a remover in the cgroup home, and put the path of that into @home. */
static struct remover *start_remover(struct __test_metadata *_metadata,
				     FIXTURE_DATA(lifecycle) *self, char *home,
				     pid_t *pid)
{
	struct remover *remover = worker_share(sizeof(*remover));

	ASSERT_NE(NULL, remover);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	strcpy(remover->parent, self->parent);
	remover->shared = self->shared;
	*pid = worker_start(home, 1, remove_cgroups, remover);
	ASSERT_GT(*pid, 0);
	return remover;
}

static void wait_for_removal(struct __test_metadata *_metadata,
			     const struct remover *remover, unsigned int round)
{
	uint64_t begin = clock_us();

	while (remover->removed <= round) {
		ASSERT_FALSE(too_late(begin, RACE_TIMEOUT_MS))
			TH_LOG("cgroup%u is not removed", round);
		usleep(1000);
	}
}

/*
 * A link is closed while its cgroup is removed, each round a bit later in the removal:
 *
 *   parent
 *   |-- home			who removes the others
 *   |-- cgroup0		ops; removed in the first round
 *   `-- cgroup1		ops; removed in the second ...
 *
 * If the removal comes first the kernel calls handle_cgroup_offline, if the close does it
 * calls nothing.  After the close has returned it never calls the ops.  The control is
 * every fourth round, in which the removal begins after the close.
 */
TEST_F_TIMEOUT(lifecycle, close_at_a_removal, 200)
{
	const unsigned int rounds = 40, step_us = 4000;
	char home[PATH_MAX], cgroup[PATH_MAX];
	unsigned int round, offline_calls = 0;
	struct remover *remover;
	uint64_t offline_before, calls_at_close;
	bool close_first;
	pid_t pid;

	remover = start_remover(_metadata, self, home, &pid);
	for (round = 0; round < rounds; round++) {
		cgroup_nr(_metadata, self, cgroup, round);
		ASSERT_EQ(0, cg_create(cgroup));
		attach(_metadata, self, 0, 0, cgroup);
		close_first = round % 4 == 0;
		offline_before = total(self, 0, PROBE_OFFLINE);
		self->shared->rounds += !close_first;
		usleep(close_first ? 0 : round * step_us);
		detach(self, 0);
		calls_at_close = calls(self, 0);
		offline_calls += total(self, 0, PROBE_OFFLINE) - offline_before;

		self->shared->rounds += close_first;
		wait_for_removal(_metadata, remover, round);
		expect_no_dying(_metadata, self, 0);
		EXPECT_EQ(calls_at_close, calls(self, 0))
			TH_LOG("round %u: called after the close", round);
	}
	self->shared->stop = true;
	finish(_metadata, "the task that removes cgroups", pid);
	TH_LOG("%u removals, handle_cgroup_offline called %u times before the close had returned",
	       rounds, offline_calls);
	EXPECT_EQ(rounds, remover->removed);
	/* The removal came first in some rounds, but never in the control. */
	EXPECT_GT(offline_calls, 0);
	EXPECT_LT(offline_calls, rounds);
}

/* Try to attach when the process has no free descriptor for the link. */
static int attach_without_fd(FIXTURE_DATA(lifecycle) *self, const char *cgroup)
{
	int fd = cg_open(cgroup), link, ret = 0;
	struct rlimit limit, none;

	if (fd < 0)
		return fd;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		ret = -errno;
	none = limit;
	none.rlim_cur = fd + 1;		/* fd was the lowest free descriptor */
	if (!ret && setrlimit(RLIMIT_NOFILE, &none))
		ret = -errno;
	if (!ret) {
		link = memcg_bpf_link(bpf_map__fd(self->probes[0]->maps.probe_ops), fd, 0);
		setrlimit(RLIMIT_NOFILE, &limit);
		ret = link < 0 ? link : 0;
		if (link >= 0)
			close(link);
	}
	close(fd);
	return ret;
}

/*
 * BPF_LINK_CREATE fails late, because no descriptor is free, while the cgroup is removed:
 *
 *   parent			no ops; in the end those of the bystander
 *   |-- home			who removes the others
 *   |-- cgroup0		removed in the first round ...
 *   `-- bystander		ops of another link
 *
 * The bystander's ops keep the kernel's hooks enabled.
 */
TEST_F_TIMEOUT(lifecycle, link_creation_fails_at_a_removal, 200)
{
	char home[PATH_MAX], cgroup[PATH_MAX];
	unsigned int round, no_fd = 0;
	const unsigned int rounds = 40;
	pid_t pid;
	int ret;

	start_remover(_metadata, self, home, &pid);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, cgroup, "parent/bystander"));
	attach(_metadata, self, 0, 1, cgroup);
	memcg_bpf_prepare(self->probes[0]->maps.probe_ops);

	for (round = 0; round < rounds; round++) {
		cgroup_nr(_metadata, self, cgroup, round);
		ASSERT_EQ(0, cg_create(cgroup));
		self->shared->rounds += round % 2;
		ret = attach_without_fd(self, cgroup);
		self->shared->rounds += !(round % 2);
		no_fd += ret == -EMFILE;
		/* The kernel may see the removal before it wants a descriptor. */
		EXPECT_TRUE(ret == -EMFILE ||
			    (round % 2 && (ret == -ENOENT || ret == -ENODEV || ret == -EBUSY)))
			TH_LOG("round %u: %s", round, ret ? strerror(-ret) : "attached");
		expect_no_dying(_metadata, self, 0);
	}
	self->shared->stop = true;
	finish(_metadata, "the task that removes cgroups", pid);
	TH_LOG("%u of %u attaches failed with EMFILE, the others saw the removal first",
	       no_fd, rounds);
	EXPECT_GE(no_fd, rounds / 2);

	EXPECT_EQ(0, calls(self, 0))
		TH_LOG("ops were called that were never attached");
	detach(self, 0);
	attach(_metadata, self, 0, 1, self->parent);
	EXPECT_EQ(1, owner_by_charge(self->probes, 2, home));
}

/* Argument of a worker that attaches ops of its own to all cgroups, until it is killed. */
struct holder {
	char parent[PATH_MAX];
	struct shared *shared;
};

static int hold_links(void *arg)
{
	struct probe_answer delay = { .delay_ms = MAX_DELAY_MS };
	struct holder *holder = arg;
	struct bpf_ids *ids = &holder->shared->worker_ids;
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
		if (snprintf(cgroup, PATH_MAX, "%s/cgroup%d", holder->parent,
			     nr) >= PATH_MAX)
			return 1;
		link = probe_attach(probe, cgroup, 0);
		ret = link < 0 ? link : bpf_ids_add_link(ids, link);
	}
	if (ret) {
		fprintf(stderr, "# cannot attach: %s\n", strerror(-ret));
		return 1;
	}

	holder->shared->go = true;
	for (;;)
		pause();
}

/*
 * A process that holds many links is killed while a task sleeps in a delay of its ops:
 *
 *   parent
 *   |-- home			the process that holds the links
 *   |-- cgroup0		ops: 2000 ms; a task charges 4 MiB
 *   |-- cgroup1		ops: 2000 ms
 *   ...
 *   `-- cgroup31		ops: 2000 ms
 *
 * The kernel frees its links, programs and maps, and the cgroups can be attached to again.
 */
TEST_F_TIMEOUT(lifecycle, exit_with_many_links_open, 200)
{
	char home[PATH_MAX], cgroup[PATH_MAX];
	static struct holder holder;
	pid_t holder_pid, pid;
	uint64_t begin;
	int64_t stall_us;
	int nr, status;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, home, "parent/home"));
	for (nr = NR_CGROUPS; nr--;) {
		cgroup_nr(_metadata, self, cgroup, nr);
		ASSERT_EQ(0, cg_create(cgroup));
	}
	strcpy(holder.parent, self->parent);
	holder.shared = self->shared;
	holder_pid = worker_start(home, 1, hold_links, &holder);
	ASSERT_GT(holder_pid, 0);
	begin = clock_us();
	while (!self->shared->go) {
		ASSERT_FALSE(too_late(begin, STEP_TIMEOUT_MS));
		ASSERT_EQ(0, worker_wait(holder_pid, 10, &status));
	}
	EXPECT_EQ(NR_CGROUPS, bpf_ids_count(&self->shared->worker_ids, BPF_ID_LINK));
	expect_busy(_metadata, self, 0, cgroup);

	pid = worker_start(cgroup, 0, sleeper, self->shared);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, worker_wait_for_stall(pid, cgroup, 0, STEP_TIMEOUT_MS, &status))
		TH_LOG("the task does not sleep");
	ASSERT_EQ(0, worker_kill(holder_pid));

	EXPECT_EQ(0, bpf_ids_wait(&self->shared->worker_ids, FREE_TIMEOUT_MS))
		TH_LOG("the kernel has not freed all that the killed process held");
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
