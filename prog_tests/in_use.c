// SPDX-License-Identifier: GPL-2.0
/*
 * Ops go while they are in use: tasks sleep in their delay, cgroups that they are
 * attached to are removed, the process that holds their links exits.
 *
 *   memcg_bpf.lifecycle.<pid>	memory.swap.max = 0
 *   `-- parent			what each test draws
 *
 * Each ends with nothing left, as those of lifecycle.c do.
 */
#include "lifecycle/lifecycle_harness.h"

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
