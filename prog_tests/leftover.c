// SPDX-License-Identifier: GPL-2.0
/*
 * A closed link leaves nothing behind, whatever has happened to its cgroup.  The cgroup may
 * be removed while memory is still charged to its memcg.  The memory controller may have
 * been switched on or off.  The last descriptor may be closed in another cgroup namespace.
 *
 *   memcg_bpf.leftover.<pid>
 *   |-- parent
 *   |   |-- target		most tests attach FIRST here
 *   |   `-- other		charged, and reclaimed from when parent is
 *   `-- bystander		has empty ops
 *
 * While no cgroup in the system has ops, a kernel may skip its hooks, and the tests would
 * not notice what a link has left behind.  So the bystander has ops.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "bpf_ids.h"
#include "cgroup.h"
#include "clock.h"
#include "harness.h"
#include "owner.h"
#include "page_cache.h"
#include "probe.h"
#include "revision.h"
#include "size.h"
#include "swap.h"
#include "testbed.h"
#include "worker.h"

#define SIZE	SCALED(4 * MiB)

enum { FIRST, SECOND, NR_PROBES };

FIXTURE(leftover)
{
	struct testbed tb;
	char parent[PATH_MAX];
	char target[PATH_MAX];
	char other[PATH_MAX];
	char swap[SWAP_PATH_MAX];	/* "": none */
	struct probe *probes[NR_PROBES];
	struct bpf_ids first_ids;	/* programs, maps and links of FIRST */
	struct probe *empty;
	int bystander_link;
};

FIXTURE_SETUP(leftover)
{
	char bystander[PATH_MAX];
	int i;

	REQUIRE_OPS(CAN_ONLINE | CAN_OFFLINE | CAN_BELOW_LOW | CAN_BELOW_MIN |
		    CAN_DELAY);
	REQUIRE(REQUIRE_PAGE_CACHE);
	ASSERT_EQ(0, testbed_create(&self->tb, "leftover"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->parent, "parent"));
	ASSERT_EQ(0, cg_enable_memory(self->parent));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->target, "parent/target"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->other, "parent/other"));
	for (i = 0; i < NR_PROBES; i++) {
		self->probes[i] = probe_load();
		ASSERT_NE(NULL, self->probes[i]);
	}
	ASSERT_EQ(0, bpf_ids_add_object(&self->first_ids, self->probes[FIRST]->obj));

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, bystander, "bystander"));
	self->empty = probe_load_only(0);
	ASSERT_NE(NULL, self->empty);
	self->bystander_link = probe_attach(self->empty, bystander, 0);
	ASSERT_ATTACHED(self->bystander_link);
}

FIXTURE_TEARDOWN(leftover)
{
	int i;

	EXPECT_EQ(0, swap_stop(self->swap));
	/* A kernel that leaves ops behind may call them until their memcg is gone. */
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	for (i = 0; i < NR_PROBES; i++)
		probe__destroy(self->probes[i]);
	close(self->bystander_link);
	probe__destroy(self->empty);
}

static int attach(struct __test_metadata *_metadata,
		  FIXTURE_DATA(leftover) *self, int which, const char *cgroup)
{
	int link = probe_attach(self->probes[which], cgroup, 0);

	ASSERT_GE(link, 0)
		TH_LOG("attach to %s: %s", strrchr(cgroup, '/') + 1,
		       strerror(-link));
	return link;
}

/*
 * Make the kernel ask the ops of @charged, by a charge, and those of all cgroups below
 * @above, by reclaim.
 */
static void charge_and_reclaim(struct __test_metadata *_metadata,
			       FIXTURE_DATA(leftover) *self,
			       const char *charged, const char *above)
{
	char path[PATH_MAX + 16];
	int ret;

	snprintf(path, sizeof(path), "%s/charged", self->tb.dir);
	ASSERT_EQ(0, probe_charge(charged));
	ASSERT_EQ(0, page_cache_fill(charged, path, SIZE));
	ret = cg_write(above, "memory.reclaim", "%llu", SIZE / 4);
	ASSERT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
	ASSERT_EQ(0, unlink(path));
}

/*
 * The link of FIRST is closed: nobody below @above has its ops, or keeps others from
 * attaching there.
 */
static void expect_nothing_left(struct __test_metadata *_metadata,
				FIXTURE_DATA(leftover) *self,
				const char *charged, const char *above)
{
	uint64_t before = probe_calls(self->probes[FIRST]);
	int link;

	charge_and_reclaim(_metadata, self, charged, above);
	EXPECT_EQ(before, probe_calls(self->probes[FIRST]))
		TH_LOG("the link is closed, and its ops are called");

	link = probe_attach(self->probes[SECOND], above, 0);
	EXPECT_GE(link, 0)
		TH_LOG("the link is closed, and an attach to %s fails: %s",
		       strrchr(above, '/') + 1, strerror(-link));
	if (link < 0)
		return;
	before = probe_calls(self->probes[SECOND]);
	charge_and_reclaim(_metadata, self, charged, above);
	EXPECT_GT(probe_calls(self->probes[SECOND]), before)
		TH_LOG("ops that are attached are not called");
	close(link);
}

/*
 * The kernel frees all of FIRST.  A kernel that still calls FIRST at the next charge or
 * reclaim uses memory after it was freed, and crashes or warns.
 */
static void expect_nothing_needed(struct __test_metadata *_metadata,
				  FIXTURE_DATA(leftover) *self,
				  const char *charged, const char *above)
{
	probe__destroy(self->probes[FIRST]);
	self->probes[FIRST] = NULL;
	EXPECT_EQ(0, bpf_ids_wait(&self->first_ids, FREE_TIMEOUT_MS));
	charge_and_reclaim(_metadata, self, charged, above);
}

/* Since RFC v7 a link ends some time after the removal of its cgroup: wait for that. */
static void wait_until_link_ends(int link)
{
	struct pollfd hup = { .fd = link };

	if (revision_can(CAN_LINK_END))
		poll(&hup, 1, FREE_TIMEOUT_MS);
}

/* What stays charged to a cgroup after its task has ended. */
enum charge { SOCKET, SHMEM, PAGE_CACHE };

/* A task that opens a socket or shared memory, shared with the test. */
struct opener {
	enum charge charge;
	volatile int fd;	/* -1: not yet */
};

static int open_and_wait(void *arg)
{
	struct opener *opener = arg;
	int fd;

	if (opener->charge == SOCKET)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	else
		fd = memfd_create("leftover", MFD_CLOEXEC);
	if (fd < 0)
		return 1;
	if (opener->charge == SHMEM && fallocate(fd, 0, 0, SIZE))
		return 1;
	opener->fd = fd;
	/* until the test has a copy of the descriptor, and kills this */
	for (;;)
		pause();
}

/* Have a task in @cgroup open a socket or memfd.  Return a copy of its descriptor. */
static int open_in_cgroup(struct __test_metadata *_metadata, enum charge charge,
			  const char *cgroup)
{
	struct opener *opener = worker_share(sizeof(*opener));
	uint64_t begin = clock_us();
	int pidfd, fd;
	pid_t pid;

	ASSERT_NE(NULL, opener);
	opener->charge = charge;
	opener->fd = -1;
	pid = worker_start(cgroup, 0, open_and_wait, opener);
	ASSERT_GT(pid, 0);
	while (opener->fd < 0) {
		ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
			TH_LOG("the task in %s opens nothing", cgroup);
		usleep(1000);
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	ASSERT_GE(pidfd, 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, opener->fd, 0);
	ASSERT_GE(fd, 0);
	close(pidfd);
	ASSERT_EQ(0, worker_kill(pid));
	munmap(opener, sizeof(*opener));
	return fd;
}

static void swap_out(struct __test_metadata *_metadata, const char *cgroup)
{
	uint64_t begin = clock_us();

	while (cg_read_number(cgroup, "memory.swap.current") < (int64_t)SIZE / 2) {
		ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
			TH_LOG("half of the shared memory is not swapped out in time");
		cg_write(cgroup, "memory.reclaim", "%llu", SIZE);
	}
}

/* Wait for handle_cgroup_offline.  When it is called is the subject of online_offline. */
static void wait_until_offline(struct __test_metadata *_metadata,
			       FIXTURE_DATA(leftover) *self)
{
	uint64_t begin = clock_us();

	while (!probe_total(self->probes[FIRST], PROBE_OFFLINE)) {
		ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
			TH_LOG("handle_cgroup_offline was not called");
		usleep(1000);
	}
}

/*
 * Remove the target while its link is open.  Return a descriptor, which keeps what stays
 * charged to the target.
 */
static int remove_target(struct __test_metadata *_metadata,
			 FIXTURE_DATA(leftover) *self, enum charge charge,
			 const char *path)
{
	int fd;

	if (charge == PAGE_CACHE) {
		ASSERT_EQ(0, page_cache_fill(self->target, path, SIZE));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_GE(fd, 0);
		/* the last close frees it */
		ASSERT_EQ(0, unlink(path));
	} else {
		fd = open_in_cgroup(_metadata, charge, self->target);
	}
	if (charge == SHMEM)
		swap_out(_metadata, self->target);
	ASSERT_EQ(0, rmdir(self->target))
		TH_LOG("rmdir: %s", strerror(errno));
	wait_until_offline(_metadata, self);
	return fd;
}

/*
 * The cgroup of a link is removed and then the link closed, while something stays charged
 * to the cgroup:
 *
 *   parent
 *   |-- target			FIRST; removed
 *   `-- other
 */
static void expect_nothing_left_when_removed(struct __test_metadata *_metadata,
					     FIXTURE_DATA(leftover) *self,
					     enum charge charge)
{
	char path[PATH_MAX + 16];
	int link, fd;

	snprintf(path, sizeof(path), "%s/target", self->tb.dir);
	link = attach(_metadata, self, FIRST, self->target);
	ASSERT_EQ(0, bpf_ids_add_link(&self->first_ids, link));
	fd = remove_target(_metadata, self, charge, path);
	wait_until_link_ends(link);
	close(link);

	/* Since Linux 7.x the page cache of a removed cgroup goes to its parent. */
	if (charge != PAGE_CACHE) {
		EXPECT_GT(cg_read_key(self->parent, "cgroup.stat", "nr_dying_descendants"), 0)
			TH_LOG("the memcg of the removed cgroup is gone: nothing keeps it");
	}
	expect_nothing_left(_metadata, self, self->other, self->parent);
	expect_nothing_needed(_metadata, self, self->other, self->parent);

	close(fd);
	/* Swap slots that are free may stay in a cache of the kernel, and keep the memcg. */
	EXPECT_EQ(0, swap_stop(self->swap));
	EXPECT_EQ(0, cg_wait_dying(self->parent, 0, FREE_TIMEOUT_MS))
		TH_LOG("the removed cgroup is not freed");
}

TEST_F_TIMEOUT(leftover, of_a_removed_cgroup_that_a_socket_keeps, 120)
{
	expect_nothing_left_when_removed(_metadata, self, SOCKET);
}

TEST_F_TIMEOUT(leftover, of_a_removed_cgroup_with_page_cache, 120)
{
	expect_nothing_left_when_removed(_metadata, self, PAGE_CACHE);
}

TEST_F_TIMEOUT(leftover, of_a_removed_cgroup_with_swapped_memory, 120)
{
	SKIP_IF(swap_start(&self->tb, self->swap, 4 * SIZE));
	expect_nothing_left_when_removed(_metadata, self, SHMEM);
}

/*
 * Attach FIRST to @cgroup, and check by a charge that @charged has its ops: @cgroup itself
 * or, if it has no memory controller, the ancestor whose memcg gets them.
 */
static int attach_first(struct __test_metadata *_metadata,
			FIXTURE_DATA(leftover) *self, const char *cgroup,
			const char *charged)
{
	int link = attach(_metadata, self, FIRST, cgroup);

	ASSERT_EQ(0, bpf_ids_add_link(&self->first_ids, link));
	ASSERT_EQ(FIRST, owner_by_charge(self->probes, NR_PROBES, charged));
	return link;
}

/*
 * A cgroup without the memory controller is removed before its link is closed.  The ops
 * were attached to the memcg of its parent, which stays:
 *
 *   parent
 *   `-- target			FIRST
 *       `-- without		the link names this one; removed
 */
TEST_F_TIMEOUT(leftover, of_a_removed_cgroup_without_controller, 120)
{
	char without[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "parent/target/without"));
	ASSERT_EQ(0, cg_has_word(without, "cgroup.controllers", "memory"));
	link = attach_first(_metadata, self, without, self->target);
	ASSERT_EQ(0, rmdir(without));
	wait_until_link_ends(link);
	close(link);
	expect_nothing_left(_metadata, self, self->target, self->target);
	expect_nothing_needed(_metadata, self, self->target, self->target);
}

/*
 * The memory controller is switched on after the attach.  The cgroup gets a memcg then,
 * which inherits the ops of its parent's:
 *
 *   parent
 *   `-- target			FIRST
 *       `-- late		the link names this one; the controller comes later
 */
TEST_F_TIMEOUT(leftover, of_a_cgroup_that_gets_the_controller, 120)
{
	char late[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, late, "parent/target/late"));
	link = attach_first(_metadata, self, late, self->target);
	ASSERT_EQ(0, cg_enable_memory(self->target));
	ASSERT_EQ(FIRST, owner_by_charge(self->probes, NR_PROBES, late));
	close(link);
	expect_nothing_left(_metadata, self, late, self->target);
	expect_nothing_needed(_metadata, self, late, self->target);
}

/*
 * The memory controller is switched off after the attach.  The memcg goes, and its ops
 * with it.  From then on charges in the cgroup go to the memcg of its parent.
 *
 *   parent
 *   `-- target			no ops
 *       `-- loses		FIRST, while it has the controller
 */
TEST_F_TIMEOUT(leftover, of_a_cgroup_that_loses_the_controller, 120)
{
	char loses[PATH_MAX];
	int link;

	ASSERT_EQ(0, cg_enable_memory(self->target));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, loses, "parent/target/loses"));
	link = attach_first(_metadata, self, loses, loses);
	ASSERT_EQ(0, cg_write(self->target, "cgroup.subtree_control", "-memory"));
	wait_until_offline(_metadata, self);
	EXPECT_EQ(OWNER_NOBODY, owner_by_charge(self->probes, NR_PROBES, loses));
	close(link);
	expect_nothing_left(_metadata, self, loses, self->target);

	ASSERT_EQ(0, cg_enable_memory(self->target));
	EXPECT_EQ(OWNER_NOBODY, owner_by_charge(self->probes, NR_PROBES, loses))
		TH_LOG("when the controller was switched on again, the ops came back");
	expect_nothing_needed(_metadata, self, loses, self->target);
}

/* A process in a cgroup namespace of its own, which has the last descriptor of a link. */
struct closer {
	int link;
	volatile bool ready;	/* it is in its namespace */
	volatile bool go;	/* it is to close the link */
};

static int close_elsewhere(void *arg)
{
	struct closer *closer = arg;

	if (unshare(CLONE_NEWCGROUP))
		return 1;
	closer->ready = true;
	while (!closer->go)
		usleep(1000);
	return close(closer->link) ? 1 : 0;
}

/*
 * The last descriptor is closed in a cgroup namespace that does not have the cgroup of the
 * link:
 *
 *   parent
 *   |-- target			FIRST
 *   `-- other			root of the namespace of the process that closes it
 */
TEST_F_TIMEOUT(leftover, of_a_link_closed_in_another_namespace, 120)
{
	struct closer *closer = worker_share(sizeof(*closer));
	int status;
	pid_t pid;

	ASSERT_NE(NULL, closer);
	closer->link = attach_first(_metadata, self, self->target, self->target);
	pid = worker_start(self->other, 0, close_elsewhere, closer);
	ASSERT_GT(pid, 0);
	while (!closer->ready && !worker_wait(pid, 1, &status))
		;
	ASSERT_TRUE(closer->ready)
		TH_LOG("no cgroup namespace: %s", worker_status(status));
	close(closer->link);
	closer->go = true;
	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status));
	EXPECT_EQ(0, status)
		TH_LOG("close: %s", worker_status(status));
	expect_nothing_left(_metadata, self, self->target, self->parent);
	expect_nothing_needed(_metadata, self, self->target, self->parent);
	munmap(closer, sizeof(*closer));
}

MEMCG_BPF_HARNESS_MAIN
